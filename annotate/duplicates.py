"""Articles that are nearly the same as an earlier one: syndicated copies, with another headline or a cut.

They are reported, not dropped: which copy counts is for people to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from annotate.records import Article

if TYPE_CHECKING:
    from datasketch import MinHash  # type: ignore[import-untyped]

SIMILARITY = 0.8
"""The Jaccard similarity of two articles' shingles from which on they are nearly the same."""
SHINGLE = 5
"""Words in a shingle."""

_PERMUTATIONS = 128  # the estimate is off by 0.035 (one standard deviation) at a similarity of 0.8
_BANDS = (16, 8)  # bands × rows: candidates include 95 % of pairs at 0.8, 99 % at 0.85, 0.1 % at 0.3
_BATCH = 4096  # shingles hashed at once: 2 MB of memory, however long the article


class NearDuplicates:
    """Remembers articles by their MinHash; the same articles in the same order give the same answers.

    An article takes some 7 KB, whatever its length. Fewer than five words are one shingle, and an article
    without any word is like no other. The library takes a second to load, which a single article is spared.
    """

    def __init__(self) -> None:
        self._first: Article | None = None
        self._index: _Index | None = None

    def add(self, article: Article) -> str:
        """The id of the first earlier article that is nearly the same, "" if there is none; `article` is kept."""
        if self._first is None:
            self._first = article
            return ""
        if self._index is None:
            self._index = _Index()
            self._index.add(self._first)
        return self._index.add(article)


class _Index:
    """The articles' sketches, looked up by their bands."""

    def __init__(self) -> None:
        from datasketch import MinHash, MinHashLSH

        # Seed and scheme are spelt out because the defaults of another release could change the answers.
        self._blank = MinHash(_PERMUTATIONS, seed=1, scheme="affine32")
        self._index = MinHashLSH(SIMILARITY, _PERMUTATIONS, params=_BANDS)
        self._earlier: list[tuple[str, MinHash]] = []

    def add(self, article: Article) -> str:
        """As `NearDuplicates.add`."""
        words = re.findall(r"\w+", article.text.casefold())
        if not words:
            return ""
        sketch = self._sketch(words)
        alike = (self._earlier[n] for n in sorted(self._index.query(sketch)))
        first = next((id for id, other in alike if sketch.jaccard(other) >= SIMILARITY), "")
        self._index.insert(len(self._earlier), sketch)
        self._earlier.append((article.id, sketch))
        return first

    def _sketch(self, words: list[str]) -> MinHash:
        from datasketch import LeanMinHash

        sketch = self._blank.copy()  # shares the permutations, which are larger than all else
        for batch in _batches(words):
            sketch.update_batch(batch)
        return LeanMinHash(sketch)


def _batches(words: list[str]) -> Iterator[list[bytes]]:
    """The shingles of the words, encoded, `_BATCH` at a time."""
    count = max(1, len(words) - SHINGLE + 1)
    for start in range(0, count, _BATCH):
        yield [" ".join(words[i : i + SHINGLE]).encode() for i in range(start, min(start + _BATCH, count))]
