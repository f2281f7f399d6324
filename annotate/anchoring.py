"""Where spans of one text stand in another text of the same article: by its words, or by digests of them.

Two texts are compared by their words: case-folded, quotation marks, dashes, white space and other punctuation left
aside, so that straightened quotes or collapsed spaces count for nothing. `reanchor` has both texts and aligns them;
`place` has one text, and of the other one only digests of spans. A span is placed where it is clearly the same and
there is no second such place, and the order of spans is kept; what is not so is None, never a guess.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from annotate.records import SCHEMA_VERSION, Anchor, digest

Bounds = tuple[int, int]
Placed = dict[Bounds, Bounds | None]

LONG = 4
"""Words that are seldom the same by chance; a shorter span is placed only by what stands around it."""
NEAR = 40
"""Code points that a short span may stand off from where it is expected."""
CONTEXT = 32
"""Code points on either side that tell equal words apart."""
SAME = 85.0
"""The least likeness, of 100, of a span that was edited."""

_JOINT = "\u00ad\u200b-\u200d\u2060\ufeff"
"""What may stand in a word and is not seen."""
_WORD = re.compile(rf"\w[\w{_JOINT}\u0300-\u036f]*")
_UNSEEN = re.compile(f"[{_JOINT}]")

NEGATIONS = frozenset("no not never nor neither none nobody nothing without cannot t".split())
"""An edit that brings or takes one of these makes another claim of it ("t" is that of "don't")."""


class Words(NamedTuple):
    """The words of a text: where each begins and ends, in code points, and what it is compared by."""

    starts: list[int]
    ends: list[int]
    keys: list[str]


def words_of(text: str) -> Words:
    """The words of a text."""
    starts, ends, keys = [], [], []
    for found in _WORD.finditer(text):
        starts.append(found.start())
        ends.append(found.end())
        keys.append(_key(found[0]))
    return Words(starts, ends, keys)


def _key(word: str) -> str:
    return word.lower() if word.isascii() else _UNSEEN.sub("", unicodedata.normalize("NFKC", word)).casefold()


def anchor(article: str, start: int, end: int, text: str) -> Anchor:
    """What is kept of the span whose words are `text`."""
    starts, ends, keys = words_of(text)
    lead, trail = (_marks(text[: starts[0]]), _marks(text[ends[-1] :])) if keys else (0, 0)
    return Anchor(SCHEMA_VERSION, article, start, end, len(keys), digest(*keys, letter="w"), lead, trail)


def _marks(text: str) -> int:
    """How many marks of punctuation; "…" counts as the three dots that others write for it, white space not at all."""
    return len("".join(unicodedata.normalize("NFKC", text).split()))


def _bounds(text: str, start: int, end: int, lead: int, trail: int) -> Bounds:
    """The span of the words at [start, end) with that many marks of punctuation before and after, where they are."""
    while lead > 0 and start > 0 and _is_mark(text[start - 1]):
        start -= 1
        lead -= _marks(text[start])
    while trail > 0 and end < len(text) and _is_mark(text[end]):
        trail -= _marks(text[end])
        end += 1
    return start, end


def _is_mark(character: str) -> bool:
    return not character.isspace() and not _WORD.match(character)


# ---- By digests ----


class Wanted:
    """Digests of spans to look for in texts, by their number of words."""

    def __init__(self, anchors: Iterable[Anchor]) -> None:
        self._digests: dict[int, set[bytes]] = defaultdict(set)
        for one in anchors:
            if one.words:
                self._digests[one.words].add(bytes.fromhex(one.digest[1:]))

    def find(self, words: Words) -> dict[str, list[int]]:
        """Each digest that is there, and the words that it begins at."""
        joined, places = bytearray(), [0]
        for key in words.keys:
            joined += key.encode() + b"\x1f"
            places.append(len(joined))
        line, found = bytes(joined), defaultdict(list)
        for count, wanted in self._digests.items():
            for at, (start, end) in enumerate(zip(places, places[count:], strict=False)):
                if (short := hashlib.sha256(line[start : end - 1]).digest()[:10]) in wanted:
                    found[f"w{short.hex()}"].append(at)
        return found


def place(anchors: Collection[Anchor], text: str) -> Placed:
    """Where the spans stand in the text, None where that is not clear."""
    words = words_of(text)
    return _Placing(words, Wanted(anchors).find(words)).place(anchors, text)


class _Seen(NamedTuple):
    """Words that anchors stand for: where they began and ended in their own text, how many, and their digest."""

    start: int
    end: int
    length: int
    digest: str


class _Placing:
    """Digests that are alone on both sides say how far the text has moved; the others are looked for thereby."""

    def __init__(self, words: Words, found: Mapping[str, list[int]]) -> None:
        self._words, self._found = words, found
        self._old: list[int] = []
        self._new: list[int] = []

    def place(self, anchors: Collection[Anchor], text: str) -> Placed:
        seen = {one: _seen(one) for one in anchors}
        settled = self._settle(sorted(set(seen.values())))
        placed: Placed = {}
        for one, words in seen.items():
            at = settled.get(words)
            if at is None:
                placed[one.start, one.end] = None
            else:
                start, end = self._words.starts[at], self._words.ends[at + one.words - 1]
                placed[one.start, one.end] = _bounds(text, start, end, one.lead, one.trail)
        return placed

    def _settle(self, seen: list[_Seen]) -> dict[_Seen, int]:
        times = Counter(one.digest for one in seen)
        sure = [
            (one, self._found[one.digest][0])
            for one in seen
            if one.length >= LONG and times[one.digest] == 1 and len(self._found.get(one.digest, ())) == 1
        ]
        settled = dict(_in_order(sure))
        points = sorted(point for one, at in settled.items() for point in self._points(one, at))
        self._old, self._new = [old for old, _ in points], [new for _, new in points]
        near = [(one, at) for one in seen if one not in settled and (at := self._nearest(one)) is not None]
        claimed = Counter((one.digest, at) for one, at in near)
        near = [(one, at) for one, at in near if claimed[one.digest, at] == 1]
        return dict(_in_order(sorted([*settled.items(), *near])))

    def _points(self, one: _Seen, at: int) -> Iterator[Bounds]:
        yield one.start, self._words.starts[at]
        yield one.end, self._words.ends[at + one.length - 1]

    def _nearest(self, one: _Seen) -> int | None:
        """The only place that the words can be meant by, among those where they stand."""
        if not self._old:
            return None
        before, behind = bisect_right(self._old, one.start) - 1, bisect_left(self._old, one.end)
        first = self._new[before] if before >= 0 else 0
        last = self._new[behind] if behind < len(self._new) else self._words.ends[-1]
        expected = [one.start + self._new[i] - self._old[i] for i in (before, behind) if 0 <= i < len(self._old)]
        away = sorted(
            (min(abs(self._words.starts[at] - there) for there in expected), at)
            for at in self._found.get(one.digest, ())
            if first <= self._words.starts[at] and self._words.ends[at + one.length - 1] <= last
        )
        if not away or (one.length < LONG and away[0][0] > NEAR):
            return None
        alone = len(away) == 1 or away[1][0] > 2 * away[0][0] + 3
        return away[0][1] if alone else None


def _seen(one: Anchor) -> _Seen:
    return _Seen(one.start + one.lead, one.end - one.trail, one.words, one.digest)


def _in_order(pairs: Sequence[tuple[_Seen, int]]) -> list[tuple[_Seen, int]]:
    """The most of these pairs, sorted by their first parts, that are in the order of their second parts too."""
    return [pairs[i] for i in _rising([at for _, at in pairs])]


def _rising(numbers: Sequence[int]) -> list[int]:
    """The indices of a longest subsequence that never falls."""
    tails: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for index, number in enumerate(numbers):
        at = bisect_right(tails, number)
        before.append(last[at - 1] if at else -1)
        tails[at : at + 1] = [number]
        last[at : at + 1] = [index]
    found, index = [], last[-1] if last else -1
    while index >= 0:
        found.append(index)
        index = before[index]
    return found[::-1]


# ---- By both texts ----


def reanchor(old_text: str, new_text: str, spans: Iterable[Bounds]) -> Placed:
    """Where spans of the old text stand in the new one, None where that is not clear.

    An absent span, (0, 0), stays absent.
    """
    wanted = sorted(set(spans))
    if old_text == new_text:
        return {span: span for span in wanted}
    moving = _Moving(old_text, new_text)
    placed: Placed = {span: moving.place(*span) for span in wanted if span != (0, 0)}
    return {span: span for span in wanted if span == (0, 0)} | _consistent(placed)


def _consistent(placed: Placed) -> Placed:
    """The same without spans that are out of order, or that overlap now and did not before."""
    pairs = [(old, new) for old, new in placed.items() if new]
    kept = [pairs[i] for i in _rising([new[0] for _, new in pairs])]
    clashing = set(_clashing(kept))
    good = dict(kept)
    return {old: None if old in clashing else good.get(old) for old in placed}


def _clashing(pairs: Iterable[tuple[Bounds, Bounds]]) -> Iterator[Bounds]:
    """Old spans that another one ended before, and whose new ones overlap; the pairs are sorted by both."""
    open_: list[tuple[int, int, Bounds]] = []
    reach: tuple[int, Bounds] = (0, (0, 0))
    for old, new in pairs:
        while open_ and open_[0][0] <= old[0]:
            _, end, ended = heapq.heappop(open_)
            reach = max(reach, (end, ended))
        if reach[0] > new[0]:
            yield from (old, reach[1])
        heapq.heappush(open_, (old[1], new[1], old))


class _Moving:
    """Two texts, aligned word by word."""

    def __init__(self, old: str, new: str) -> None:
        self._old_text, self._new_text = old, new
        self._old, self._new = words_of(old), words_of(new)
        self._image = align(self._old.keys, self._new.keys)
        slide(self._old.keys, self._image, len(self._new.keys), _breaks(old, self._old))
        back = _inverse(self._image, len(self._new.keys))
        slide(self._new.keys, back, len(self._old.keys), _breaks(new, self._new))
        self._image = _inverse(back, len(self._old.keys))
        self._back = _inverse(self._image, len(self._new.keys))
        self._free = set(range(len(self._new.keys))) - set(self._image)

    def place(self, start: int, end: int) -> Bounds | None:
        """Where the span stands in the new text."""
        first, last = bisect_right(self._old.ends, start), bisect_left(self._old.starts, end)
        if first >= last:
            return self._marks_between(first, start, end)
        low, high = self._gap(first, last)
        found = self._equal(first, last, low, high)
        if not found or not self._is_literal(start, end, first, found[0]):
            literal = self._literal(start, end, first, last)
            if literal and last - first <= LONG:
                return None  # too few words to follow, and too many to be taken for those of another place
            found = literal or found or self._elsewhere(first, last)
        if found:
            return self._exact(start, end, first, last, found[0])
        found = None if self._left_over(first, last) else self._edited(first, last, low, high)
        return self._with_marks(start, end, first, last, found) if found else None

    def _gap(self, first: int, last: int) -> Bounds:
        """The words of the new text between those that stood before the span and those that stood behind it."""
        low = next((self._image[i] + 1 for i in range(first - 1, -1, -1) if self._image[i] >= 0), 0)
        behind = range(last, len(self._image))
        return low, next((self._image[i] for i in behind if self._image[i] >= 0), len(self._new.keys))

    def _equal(self, first: int, last: int, low: int, high: int) -> Bounds | None:
        """The same words between the same neighbours."""
        count = last - first
        at = self._image[first]
        if at >= 0 and self._image[first:last] == list(range(at, at + count)):
            there = [at]
        else:
            there = self._occurrences(self._old.keys[first:last], range(low, high - count + 1))
        there = [at for at in there if count >= LONG or self._supported(first, last, at)]
        if len(there) > 1:
            there = self._by_context(first, last, there)
        return (there[0], there[0] + count) if there else None

    def _elsewhere(self, first: int, last: int) -> Bounds | None:
        """The same words, many, wherever they stand: once in both texts, or once where the new one is new."""
        count, keys = last - first, self._old.keys[first:last]
        if count <= LONG:
            return None
        there = self._occurrences(keys, range(len(self._new.keys) - count + 1))
        if len(there) == 1 and self._old_occurs_once(keys):
            return there[0], there[0] + count
        there = [at for at in there if all(i in self._free for i in range(at, at + count))]
        return (there[0], there[0] + count) if len(there) == 1 else None

    def _literal(self, start: int, end: int, first: int, last: int) -> Bounds | None:
        """The same words with the same capitals and marks, wherever they stand, where they do so once in both texts."""
        count, keys = last - first, self._old.keys[first:last]
        if count < LONG or not self._old_occurs_once(keys):
            return None
        there = self._occurrences(keys, range(len(self._new.keys) - count + 1))
        literal = [at for at in there if self._is_literal(start, end, first, at)]
        return (literal[0], literal[0] + count) if len(literal) == 1 else None

    def _is_literal(self, start: int, end: int, first: int, at: int) -> bool:
        begin = self._new.starts[at] - (self._old.starts[first] - start)
        return begin >= 0 and self._new_text.startswith(self._old_text[start:end], begin)

    def _left_over(self, first: int, last: int) -> bool:
        """Whether the same words stand somewhere that is no other place's of the old text: an edit is not told then."""
        count, keys = last - first, self._old.keys[first:last]
        there = self._occurrences(keys, range(len(self._new.keys) - count + 1))
        return any(not self._is_image(keys, at) for at in there)

    def _is_image(self, keys: list[str], at: int) -> bool:
        """Whether the words at `at` of the new text are aligned, all of them, with the same words of the old one."""
        begin, count = self._back[at], len(keys)
        return begin >= 0 and self._image[begin : begin + count] == list(range(at, at + count))

    def _old_occurs_once(self, keys: list[str]) -> bool:
        old, count = self._old.keys, len(keys)
        return sum(old[at] == keys[0] and old[at : at + count] == keys for at in range(len(old) - count + 1)) == 1

    def _occurrences(self, keys: list[str], places: Iterable[int]) -> list[int]:
        new, count, head = self._new.keys, len(keys), keys[0]
        return [at for at in places if new[at] == head and new[at : at + count] == keys]

    def _supported(self, first: int, last: int, at: int) -> bool:
        """Whether the words around are the same: two of them, or all that there are."""
        before = range(first - 1, max(-1, first - 6), -1)
        after = range(last, min(len(self._image), last + 5))
        end = at + last - first
        same = sum(self._image[i] == at - (first - i) for i in before)
        same += sum(self._image[i] == end + i - last for i in after)
        return same >= min(2, len(before) + len(after))

    def _by_context(self, first: int, last: int, there: list[int]) -> list[int]:
        """The place whose surroundings are clearly the most like the old ones."""
        likeness = _likeness()
        before, after = _around(self._old_text, self._old.starts[first], self._old.ends[last - 1])

        def score(at: int) -> float:
            left, right = _around(self._new_text, self._new.starts[at], self._new.ends[at + last - first - 1])
            return likeness(before, left) + likeness(after, right)

        scores = sorted(((score(at), at) for at in there), reverse=True)
        return [scores[0][1]] if scores[0][0] >= scores[1][0] + 20 else []

    def _edited(self, first: int, last: int, low: int, high: int) -> Bounds | None:
        """Nearly the same words between the same neighbours."""
        count = last - first
        if count < LONG or high - low < LONG:
            return None
        keys, likeness = self._old.keys[first:last], _likeness()
        wide = max(1, count // 4)
        beside = (first == 0 or self._image[first - 1] >= 0) and (last == len(self._image) or self._image[last] >= 0)
        if not (beside and abs(high - low - count) <= wide):
            found = self._likest(keys, low, high)
            if not found:
                return None
            low, high = found
        words = self._new.keys[low:high]
        alike = likeness(" ".join(keys), " ".join(words)) >= SAME
        return (low, high) if alike and _negations(keys) == _negations(words) else None

    def _likest(self, keys: list[str], low: int, high: int) -> Bounds | None:
        """The words of the gap that are most like these; None where others are nearly as like."""
        from rapidfuzz.fuzz import partial_ratio

        found = _stretch(keys, self._new.keys, low, high)
        if not found:
            return None
        sought = " ".join(keys)
        for rest in (self._new.keys[low : found[0]], self._new.keys[found[1] : high]):
            if len(rest) >= len(keys) // 2 and partial_ratio(sought, " ".join(rest)) >= SAME - 10:
                return None
        return found

    def _exact(self, start: int, end: int, first: int, last: int, at: int) -> Bounds | None:
        """The span of equal words, to the code point where the text is the same."""
        begin = self._new.starts[at] - (self._old.starts[first] - start)
        finish = self._new.ends[at + last - first - 1] + (end - self._old.ends[last - 1])
        if begin >= 0 and self._new_text[begin:finish] == self._old_text[start:end]:
            return begin, finish
        return self._with_marks(start, end, first, last, (at, at + last - first))

    def _with_marks(self, start: int, end: int, first: int, last: int, found: Bounds) -> Bounds | None:
        if start > self._old.starts[first] or end < self._old.ends[last - 1]:
            return None  # it cuts a word, and the text is not the same
        lead = _marks(self._old_text[start : self._old.starts[first]])
        trail = _marks(self._old_text[self._old.ends[last - 1] : end])
        begin, finish = self._new.starts[found[0]], self._new.ends[found[1] - 1]
        return _bounds(self._new_text, begin, finish, lead, trail)

    def _marks_between(self, behind: int, start: int, end: int) -> Bounds | None:
        """A span without words: where it stands between the same two words."""
        before, quote = behind - 1, self._old_text[start:end]
        left = self._image[before] if before >= 0 else -1
        right = self._image[behind] if behind < len(self._image) else len(self._new.keys)
        if right != left + 1 or (before >= 0 and left < 0) or not quote.strip():
            return None
        begin = self._new.ends[left] if left >= 0 else 0
        finish = self._new.starts[right] if right < len(self._new.keys) else len(self._new_text)
        at = self._new_text.find(quote, begin, finish)
        alone = at >= 0 and self._new_text.find(quote, at + 1, finish) < 0
        return (at, at + len(quote)) if alone else None


def _likeness() -> Callable[[str, str], float]:
    from rapidfuzz.fuzz import ratio

    return ratio


def _around(text: str, start: int, end: int) -> tuple[str, str]:
    """The context on either side, as it is compared."""
    before, after = text[max(0, start - CONTEXT) : start], text[end : end + CONTEXT]
    return " ".join(words_of(before).keys), " ".join(words_of(after).keys)


def _negations(keys: Iterable[str]) -> Counter[str]:
    return Counter(key for key in keys if key in NEGATIONS)


def _stretch(sought: list[str], keys: list[str], low: int, high: int) -> Bounds | None:
    """The whole words of keys[low:high] that are most like those sought."""
    from rapidfuzz.fuzz import partial_ratio_alignment

    found = partial_ratio_alignment(" ".join(sought), " ".join(keys[low:high]), score_cutoff=SAME - 10)
    if found is None:
        return None
    inside, at = [], 0
    for index in range(low, high):
        middle = at + len(keys[index]) / 2
        if found.dest_start <= middle <= found.dest_end:
            inside.append(index)
        at += len(keys[index]) + 1
    return (inside[0], inside[-1] + 1) if inside else None


def align(old: Sequence[str], new: Sequence[str]) -> list[int]:
    """For every word of the old text its index in the new one, -1 where it has none; indices only rise.

    Words that stand once on both sides between what is aligned already are aligned first (patience diff), then
    what is equal beside them.
    """
    image = [-1] * len(old)
    gaps = [(0, len(old), 0, len(new))]
    while gaps:
        a, b, c, d = _trimmed(old, new, image, gaps.pop())
        if a == b or c == d:
            continue
        pairs = _alone(old, new, (a, b, c, d))
        for i, j in pairs:
            image[i] = j
        edges = [(a - 1, c - 1), *pairs, (b, d)] if pairs else []
        gaps += [(i + 1, k, j + 1, m) for (i, j), (k, m) in itertools.pairwise(edges)]
    return image


Gap = tuple[int, int, int, int]


def _trimmed(old: Sequence[str], new: Sequence[str], image: list[int], gap: Gap) -> Gap:
    """Align what is equal at both ends of old[a:b] and new[c:d]; what is left between."""
    a, b, c, d = gap
    while a < b and c < d and old[a] == new[c]:
        image[a] = c
        a, c = a + 1, c + 1
    while a < b and c < d and old[b - 1] == new[d - 1]:
        b, d = b - 1, d - 1
        image[b] = d
    return a, b, c, d


def _alone(old: Sequence[str], new: Sequence[str], gap: Gap) -> list[tuple[int, int]]:
    """Words that stand once on both sides of the gap, as many as are in the same order."""
    a, b, c, d = gap
    ours, theirs = Counter(old[a:b]), Counter(new[c:d])
    places = {new[j]: j for j in range(c, d) if theirs[new[j]] == 1}
    pairs = [(i, places[old[i]]) for i in range(a, b) if ours[old[i]] == 1 and old[i] in places]
    return [pairs[k] for k in _rising([j for _, j in pairs])]


def _inverse(image: Sequence[int], length: int) -> list[int]:
    back = [-1] * length
    for i, j in enumerate(image):
        if j >= 0:
            back[j] = i
    return back


def slide(ours: Sequence[str], image: list[int], theirs: int, breaks: Sequence[int]) -> None:
    """Move each run of words that the other text lacks to where a sentence begins, as far as equal words let it.

    Of "Sam said no. Sam said yes." and "Sam said yes." the first sentence is what went, not "no. Sam said".
    """
    i = 0
    while i < len(ours):
        j = i
        while j < len(ours) and image[j] < 0:
            j += 1
        left, right = image[i - 1] if i else -1, image[j] if j < len(ours) else theirs
        if j > i and right == left + 1:
            j = _slid(ours, image, (i, j), breaks)
        i = max(j, i + 1)


def _slid(ours: Sequence[str], image: list[int], run: Bounds, breaks: Sequence[int]) -> int:
    """Move one run; where the words that it may cover end."""
    i, j = run
    back = forth = 0
    while i > back and image[i - 1 - back] >= 0 and ours[i - 1 - back] == ours[j - 1 - back]:
        back += 1
    while j + forth < len(ours) and image[j + forth] >= 0 and ours[i + forth] == ours[j + forth]:
        forth += 1
    best = max(range(-back, forth + 1), key=lambda by: (breaks[i + by] + breaks[j + by], -abs(by)))
    kept = [index for index in image[i - back : j + forth] if index >= 0]
    image[i - back : j + forth] = [*kept[: back + best], *[-1] * (j - i), *kept[back + best :]]
    return j + forth


def _breaks(text: str, words: Words) -> list[int]:
    """How much of a break is before each word, and at the end: 3 a line's, 2 a sentence's, 1 a comma's, 0 none."""
    between = (text[end:start] for end, start in zip([0, *words.ends], words.starts, strict=False))
    return [3, *[_break(marks) for marks in between][1:], 3]


def _break(marks: str) -> int:
    if "\n" in marks or "\r" in marks:
        return 3
    return 2 if re.search(r"[.!?]", marks) else int(bool(marks.strip()))
