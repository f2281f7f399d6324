"""Pairs of a premise and a hypothesis as the token ids that a model reads, by whatever tokenizer it brings.

A fast tokenizer (of the library tokenizers) encodes the texts of a pair apart and frames them: special tokens before,
between and after. Each text is therefore encoded once, however many pairs it is in, and pairs are joined from ids.
That joining is the tokenizer's own encoding is not taken on trust: `reader` compares both on probe pairs, cut and
uncut, and has the tokenizer encode every pair itself where they differ, or where it is no fast one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Pair = tuple[str, str]
Features = dict[str, list[int]]
"""A model's inputs for one pair: token ids, mask and, for some models, segments, each (tokens,)."""


class Row(NamedTuple):
    """The inputs of one pair; `cut` where its premise was shortened to the limit."""

    features: Features
    cut: bool

    @property
    def length(self) -> int:
        return len(self.features["input_ids"])


Reader = Callable[[Sequence[Pair]], list[Row]]
"""Pairs in, a row for each out; only the premise is ever cut. NoRoom where a hypothesis leaves none for it."""


class NoRoom(ValueError):
    """A hypothesis so long that no premise fits beside it."""

    def __init__(self, hypothesis: str) -> None:
        super().__init__(f"this hypothesis leaves no room for what it is about: {hypothesis[:80]!r}…")


def padded(features: Sequence[Features], tokenizer: Any) -> dict[str, NDArray[np.int64]]:
    """Rows that run together, as arrays of (rows, longest), filled up as `tokenizer` says: where, and with what."""
    import numpy as np

    fill = {"input_ids": tokenizer.pad_token_id, "token_type_ids": tokenizer.pad_token_type_id}
    longest = max(len(row["input_ids"]) for row in features)
    return {
        key: np.array(
            [_filled(row[key], longest, fill.get(key, 0), tokenizer.padding_side) for row in features], np.int64
        )
        for key in features[0]
    }


def _filled(values: list[int], length: int, fill: int, side: str) -> list[int]:
    missing = [fill] * (length - len(values))
    return missing + values if side == "left" else values + missing


def reader(tokenizer: Any, limit: int) -> Reader:
    """How `tokenizer`, of transformers, reads pairs of at most `limit` tokens, special tokens included."""
    alone = Alone(tokenizer, limit)
    frame = _frame(alone)
    if frame is None:
        return alone
    joined = Joined(tokenizer, limit, frame)
    probes = list(_probes(tokenizer, limit))
    try:
        return joined if joined(probes) == alone(probes) else alone
    except NoRoom:  # a limit so small that the probes do not fit
        return alone


class Alone:
    """Every pair is encoded by the tokenizer itself."""

    def __init__(self, tokenizer: Any, limit: int) -> None:
        self._tokenizer, self._limit = tokenizer, limit
        self._words = _Words(tokenizer)

    def __call__(self, pairs: Sequence[Pair]) -> list[Row]:
        whole = self.encoded(pairs)
        long = [index for index, ids in enumerate(whole["input_ids"]) if len(ids) > self._limit]
        rows = [Row({key: values[i] for key, values in whole.items()}, cut=False) for i in range(len(pairs))]
        if long:
            shortened = self._shortened([pairs[index] for index in long])
            for number, index in enumerate(long):
                rows[index] = Row({key: values[number] for key, values in shortened.items()}, cut=True)
        return rows

    def _shortened(self, pairs: Sequence[Pair]) -> dict[str, list[list[int]]]:
        hypotheses = list(dict.fromkeys(hypothesis for _, hypothesis in pairs))
        bare = self.encoded([("", hypothesis) for hypothesis in hypotheses])["input_ids"]
        for hypothesis, ids in zip(hypotheses, bare, strict=True):
            if len(ids) >= self._limit:
                raise NoRoom(hypothesis)
        shortened: dict[str, list[list[int]]] = self.encoded(pairs, truncation="only_first", max_length=self._limit)
        return shortened

    def encoded(self, pairs: Sequence[Pair], **options: Any) -> Any:
        """What the tokenizer makes of pairs: lists by feature, and the encodings of a fast one."""
        if not pairs:
            return {"input_ids": []}
        premises, hypotheses = map(list, zip(*pairs, strict=True))
        encoded = self._tokenizer(
            premises, hypotheses, **{"truncation": False, **options}, split_special_tokens=True, verbose=False
        )
        for ids, encoding in zip(encoded["input_ids"], encoded.encodings or (), strict=False):
            ids[:] = self._words.within(ids, encoding.sequence_ids)
        return encoded


class _Words:
    """What keeps special tokens out of texts: an article that quotes "</s>" or "[SEP]" holds words, and no end of it.

    `split_special_tokens` sees to that, but for the unigrams of XLM-R, T5 and DeBERTa, to which special tokens are
    pieces like any other: there they become the unknown word.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._unknown = tokenizer.unk_token_id
        self._special = set() if self._unknown is None else {*tokenizer.all_special_ids} - {self._unknown}

    def of(self, ids: list[int]) -> list[int]:
        """The ids of a text, without special tokens."""
        if self._special.isdisjoint(ids):
            return ids
        return [self._unknown if number in self._special else number for number in ids]

    def within(self, ids: list[int], whose: Sequence[int | None]) -> list[int]:
        """The ids of a pair, its texts without special tokens; `whose` is None for those that are the tokenizer's."""
        return [number if text is None else self.of([number])[0] for number, text in zip(ids, whose, strict=True)]


@dataclass(frozen=True, slots=True)
class Frame:
    """What a tokenizer puts around two texts: the ids before the premise, between, and after the hypothesis.

    `segments` has a number for each of these five parts, in order, or none where the model takes none.
    """

    before: list[int]
    between: list[int]
    after: list[int]
    segments: tuple[int, ...]
    mask: bool

    @property
    def tokens(self) -> int:
        """Special tokens of a pair."""
        return len(self.before) + len(self.between) + len(self.after)


class Joined:
    """Every distinct text is encoded once, and pairs are joined from ids as the frame says."""

    def __init__(self, tokenizer: Any, limit: int, frame: Frame) -> None:
        self._backend = tokenizer.backend_tokenizer
        self._from_left = tokenizer.truncation_side == "left"
        self._limit, self._frame = limit, frame
        self._words = _Words(tokenizer)

    def __call__(self, pairs: Sequence[Pair]) -> list[Row]:
        ids = self._ids({text: None for pair in pairs for text in pair})
        return [self._row(ids[premise], ids[hypothesis], hypothesis) for premise, hypothesis in pairs]

    def _ids(self, texts: Iterable[str]) -> dict[str, list[int]]:
        distinct = list(texts)
        # The file may ask for either, and what else uses the tokenizer may have changed the third.
        self._backend.no_padding()
        self._backend.no_truncation()
        self._backend.encode_special_tokens = True
        encodings = self._backend.encode_batch_fast(distinct, add_special_tokens=False)
        return {text: self._words.of(encoding.ids) for text, encoding in zip(distinct, encodings, strict=True)}

    def _row(self, first: list[int], second: list[int], hypothesis: str) -> Row:
        frame = self._frame
        room = self._limit - frame.tokens - len(second)
        if cut := len(first) > room:
            if room <= 0:
                raise NoRoom(hypothesis)
            first = first[-room:] if self._from_left else first[:room]
        ids = [*frame.before, *first, *frame.between, *second, *frame.after]
        features = {"input_ids": ids}
        if frame.segments:
            counts = len(frame.before), len(first), len(frame.between), len(second), len(frame.after)
            features["token_type_ids"] = [
                v for value, n in zip(frame.segments, counts, strict=True) for v in [value] * n
            ]
        if frame.mask:
            features["attention_mask"] = [1] * len(ids)
        return Row(features, cut)


def _frame(alone: Alone) -> Frame | None:
    """The frame that a fast tokenizer puts around a pair; None for any other, or where it shows no clear one."""
    encoded = alone.encoded([("It rains.", "It pours.")])
    encodings = getattr(encoded, "encodings", None)
    if not encodings or not encoded.keys() <= {"input_ids", "token_type_ids", "attention_mask"}:
        return None
    whose = encodings[0].sequence_ids
    if 0 not in whose or 1 not in whose:
        return None
    bounds = [0, whose.index(0), _end(whose, 0), whose.index(1), _end(whose, 1), len(whose)]
    if bounds != sorted(bounds):
        return None
    ids, types = encoded["input_ids"][0], encoded.get("token_type_ids")
    parts = [slice(*bounds[i : i + 2]) for i in range(5)]
    segments = tuple(next(iter(types[0][part]), 0) for part in parts) if types else ()
    return Frame(ids[parts[0]], ids[parts[2]], ids[parts[4]], segments, "attention_mask" in encoded)


def _end(whose: Sequence[int | None], number: int) -> int:
    return len(whose) - list(reversed(whose)).index(number)


def _probes(tokenizer: Any, limit: int) -> Iterable[Pair]:
    """Pairs that tell whether joining is the tokenizer's own encoding: odd spaces and signs, special tokens, length."""
    special = list(tokenizer.all_special_tokens)[:8]  # T5 has a hundred
    texts = ["It rains.", "", " ", " a  b ", "A\nb\tc.", "\u00a0no-break\u00a0", "🐘 𝒕𝒉𝒆 room", "e\u0301\u200f x\u202e"]
    texts += [*special, f"a {' '.join(special)}b"]
    yield from product(texts, ("It pours.", " b", "", "🐘\u00a0", f"x{''.join(special)} y"))
    long = "It rains and pours. " * (limit // 2 + 1)
    yield from ((long, ""), (long, "It pours."), (long + " ", " 🐘"))
