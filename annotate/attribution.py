"""The attribution model: which words of an article name a source, which report, which are reported.

An article's tokens pass through a token classifier in overlapping windows. Each role (source, cue,
content) has its own O, B, I; the best sequence in which no I follows an O is found by Viterbi's
algorithm, words kept whole. Contents that touch are one; one that the model doubts needs a source or
cue beside it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from annotate.embedded import CLS, SEP, Embedded, folder
from annotate.layout import with_known_marks
from annotate.sentences import sentences

if TYPE_CHECKING:
    from tokenizers import Tokenizer

ROLES = ("source", "cue", "content")
WINDOW = 254
"""Tokens that the classifier sees at once, without [CLS] and [SEP]."""
STRIDE = 128
SURE = 0.7
"""Mean probability from which a content needs no support; chosen on dev."""


class Tokens(NamedTuple):
    """Token ids of a text, and each token's [start, end) in code points of it.

    A line break is a [SEP] of length 0 between the lines' tokens.
    """

    ids: list[int]
    offsets: list[tuple[int, int]]


class Part(NamedTuple):
    """A span that plays a role; `score` is the mean probability of its tokens for that role."""

    start: int
    end: int
    score: float


class Roles(NamedTuple):
    """The spans of an article by role, each in text order."""

    sources: list[Part]
    cues: list[Part]
    contents: list[Part]


class Attributor:
    """The embedded attribution model."""

    def __init__(self, model: Embedded | None = None) -> None:
        self._model = model or Embedded(folder("attribution-minilm"))
        self.name = self._model.name
        self._bias = np.array(self._model.config["outside_bias"], dtype=np.float64)

    def roles(self, text: str) -> Roles:
        """The sources, cues and contents of `text`."""
        tokens = tokenize(with_known_marks(text), self._model.tokenizer)
        if not tokens.ids:
            return Roles([], [], [])
        scores = self.scores(tokens)
        found = Roles(*(spans(text, tokens, scores[:, role], self._bias[role]) for role in range(len(ROLES))))
        bounds = sentences(text)
        found = found._replace(contents=joined(text, found.contents, bounds))
        return found._replace(contents=supported(found, bounds))

    def scores(self, tokens: Tokens) -> NDArray[np.float64]:
        """Probabilities of O, B, I: (tokens, roles, 3).

        Where windows overlap, a token's logits are weighted by its distance from the window's edge.
        """
        ids = tokens.ids
        starts = range(0, max(1, len(ids) - WINDOW + STRIDE), STRIDE)
        total = np.zeros((len(ids), len(ROLES), 3))
        weights = np.zeros((len(ids), 1, 1))
        windows = [[CLS, *ids[start : start + WINDOW], SEP] for start in starts]
        for start, rows in zip(starts, self._model.logits(windows), strict=True):
            size = min(WINDOW, len(ids) - start)
            place = np.arange(size)
            weight = (1.0 + np.minimum(place, size - 1 - place))[:, None, None]
            total[start : start + size] += weight * rows[1 : size + 1].reshape(size, len(ROLES), 3)
            weights[start : start + size] += weight
        total /= weights
        total = np.exp(total - total.max(-1, keepdims=True))
        return total / total.sum(-1, keepdims=True)  # type: ignore[no-any-return]


def tokenize(text: str, tokenizer: Tokenizer) -> Tokens:
    """The tokens of `text`, line by line."""
    ids: list[int] = []
    offsets: list[tuple[int, int]] = []
    start = 0
    for line in text.splitlines(keepends=True):
        if line.strip():
            encoded = tokenizer.encode(line, add_special_tokens=False)
            if ids:
                ids.append(SEP)
                offsets.append((start, start))
            ids += encoded.ids
            offsets += [(start + s, start + e) for s, e in encoded.offsets]
        start += len(line)
    return Tokens(ids, offsets)


def spans(text: str, tokens: Tokens, scores: NDArray[np.float64], outside_bias: float) -> list[Part]:
    """The spans of one role from its probabilities of O, B, I, (tokens, 3).

    `outside_bias` is added to the log-probability of O: below 0 it makes spans likelier.
    """
    words = _words(text, tokens)
    logs = np.log(np.maximum(scores, 1e-9))
    logs[:, 0] += outside_bias
    # A word is judged as one: its first token says whether it begins a span, all of them whether it is in one.
    of_words = np.array([[logs[w, 0].mean(), logs[w[0], 1], logs[w, 1:].max(-1).mean()] for w in words])
    inside = 1.0 - scores[:, 0]
    found: list[list[list[int]]] = []
    for word, state in zip(words, viterbi(of_words), strict=True):
        if state == 1:
            found.append([word])
        elif state == 2:
            found[-1].append(word)
    parts = []
    for group in found:
        members = [i for word in group for i in word]
        start, end = tokens.offsets[members[0]][0], tokens.offsets[members[-1]][1]
        if end > start:
            parts.append(Part(start, end, float(inside[members].mean())))
    return parts


def joined(text: str, parts: Sequence[Part], bounds: Sequence[tuple[int, int]]) -> list[Part]:
    """The contents, those as one that no more than white space parts within a sentence."""
    ends = {end for _, end in bounds}
    made: list[Part] = []
    for part in parts:
        last = made[-1] if made else None
        if last is None or text[last.end : part.start].strip() or last.end in ends:
            made.append(part)
        else:
            sizes = last.end - last.start, part.end - part.start
            score = (last.score * sizes[0] + part.score * sizes[1]) / sum(sizes)
            made[-1] = Part(last.start, part.end, score)
    return made


def supported(roles: Roles, bounds: Sequence[tuple[int, int]]) -> list[Part]:
    """The contents, but for doubtful ones that nothing else in their sentences supports.

    A content is doubtful below SURE. It is supported by a source or cue outside it, where no content is sure.
    """
    sure = [part for part in roles.contents if part.score >= SURE]
    return [part for part in roles.contents if part.score >= SURE or _is_supported(part, roles, sure, bounds)]


def _is_supported(content: Part, roles: Roles, sure: Sequence[Part], bounds: Sequence[tuple[int, int]]) -> bool:
    start, end = content.start, content.end
    first = bisect_right(bounds, start, key=lambda sentence: sentence[1])
    last = bisect_left(bounds, end, key=lambda sentence: sentence[0])
    if first >= last:
        return False
    low, high = bounds[first][0], bounds[last - 1][1]
    if any(other.start < high and low < other.end for other in sure):
        return False
    beside = (part for part in (*roles.sources, *roles.cues) if part.start < high and low < part.end)
    return any(part.start < start or end < part.end for part in beside)


def viterbi(logs: NDArray[np.float64]) -> list[int]:
    """The likeliest sequence of states 0 (O), 1 (B), 2 (I) in which 2 never follows 0; logs: (steps, 3)."""
    allowed = np.array([[0.0, 0.0, -np.inf], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    best = logs[0] + np.array([0.0, 0.0, -np.inf])
    back = np.zeros(logs.shape, dtype=np.int64)
    for step in range(1, len(logs)):
        options = best[:, None] + allowed
        back[step] = options.argmax(0)
        best = options.max(0) + logs[step]
    path = [int(best.argmax())]
    for step in range(len(logs) - 1, 0, -1):
        path.append(int(back[step, path[-1]]))
    return path[::-1]


def _words(text: str, tokens: Tokens) -> list[list[int]]:
    """Token indices of each word: tokens that touch, both alphanumeric where they do."""
    words: list[list[int]] = []
    reached = -1
    for index, (start, end) in enumerate(tokens.offsets):
        joined = start == reached and end > start and text[start].isalnum() and text[start - 1].isalnum()
        if joined and words:
            words[-1].append(index)
        else:
            words.append([index])
        reached = end
    return words
