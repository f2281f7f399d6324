"""Articles that are nearly the same as an earlier one: syndicated copies, with another headline or a cut.

They are reported, not dropped: which copy counts is for people to say.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from annotate.records import Article

SIMILARITY = 0.8
"""The Jaccard similarity of two articles' shingles from which on they are nearly the same."""
SHINGLE = 5
"""Words in a shingle."""

_PERMUTATIONS = 128  # the estimate is off by 0.035 (one standard deviation) at a similarity of 0.8
_BANDS = (16, 8)  # bands × rows: candidates include 95 % of pairs at 0.8, 99 % at 0.85, 0.1 % at 0.3
_TABLES = (
    "PRAGMA journal_mode = OFF",  # what is lost with the process is of no use to another
    "PRAGMA synchronous = OFF",
    "CREATE TABLE sketches (number INTEGER PRIMARY KEY, id TEXT, hashes BLOB)",
    "CREATE TABLE bands (band INTEGER, number INTEGER, PRIMARY KEY (band, number)) WITHOUT ROWID",
)
_BATCH = 4096  # shingles hashed at once: 2 MB of memory, however long the article


class NearDuplicates:
    """Remembers articles by their MinHash; the same articles in the same order give the same answers.

    An article takes some 1.5 KB of the file `path` (default: a temporary one), whatever its length, and none of the
    memory. Fewer than five words are one shingle, and an article without any word is like no other. The library takes
    a second to load, which a single article is spared.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._first: Article | None = None
        self._index: _Index | None = None

    def add(self, article: Article) -> str:
        """The id of the first earlier article that is nearly the same, "" if there is none; `article` is kept."""
        if self._index is None:
            if self._first is None:
                self._first = article
                return ""
            self._index = _Index(self._path)
            self._index.add(self._first)
        return self._index.add(article)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._index is not None:
            self._index.close()


class _Index:
    """The articles' sketches in a database, looked up by their bands."""

    def __init__(self, path: Path | None) -> None:
        from datasketch import MinHash  # type: ignore[import-untyped]

        # Seed and scheme are spelt out because the defaults of another release could change the answers.
        self._blank = MinHash(_PERMUTATIONS, seed=1, scheme="affine32")
        self._count = 0
        self._rows = sqlite3.connect(path or "")
        for statement in _TABLES:
            self._rows.execute(statement)

    def add(self, article: Article) -> str:
        """As `NearDuplicates.add`."""
        words = re.findall(r"\w+", article.text.casefold())
        if not words:
            return ""
        sketch = self._sketch(words)
        bands = list(_bands(sketch))
        first = self._first_like(sketch, bands)
        self._rows.execute("INSERT INTO sketches VALUES (?, ?, ?)", (self._count, article.id, sketch.tobytes()))
        self._rows.executemany("INSERT OR IGNORE INTO bands VALUES (?, ?)", ((band, self._count) for band in bands))
        self._count += 1
        return first

    def _first_like(self, sketch: NDArray[np.uint32], bands: list[int]) -> str:
        marks = ", ".join("?" * len(bands))
        alike = f"SELECT DISTINCT number FROM bands WHERE band IN ({marks}) ORDER BY number"  # noqa: S608 — only marks
        for (number,) in self._rows.execute(alike, bands):
            query = "SELECT id, hashes FROM sketches WHERE number = ?"
            id, hashes = self._rows.execute(query, (number,)).fetchone()
            if np.count_nonzero(sketch == np.frombuffer(hashes, sketch.dtype)) / _PERMUTATIONS >= SIMILARITY:
                return str(id)
        return ""

    def close(self) -> None:
        """Let go of the file."""
        self._rows.close()

    def _sketch(self, words: list[str]) -> NDArray[np.uint32]:
        """The MinHash of the words' shingles: (_PERMUTATIONS,)."""
        sketch = self._blank.copy()  # shares the permutations, which are larger than all else
        for batch in _batches(words):
            sketch.update_batch(batch)
        return sketch.hashvalues.astype(np.uint32)  # type: ignore[no-any-return]


def _bands(sketch: NDArray[np.uint32]) -> Iterator[int]:
    """A number for each band; two that are equal by chance cost a look, and change no answer."""
    for number, band in enumerate(sketch.reshape(_BANDS)):
        key = hashlib.blake2b(band.tobytes(), digest_size=8, salt=number.to_bytes(2)).digest()
        yield int.from_bytes(key, signed=True)


def _batches(words: list[str]) -> Iterator[list[bytes]]:
    """The shingles of the words, encoded, `_BATCH` at a time."""
    count = max(1, len(words) - SHINGLE + 1)
    for start in range(0, count, _BATCH):
        yield [" ".join(words[i : i + SHINGLE]).encode() for i in range(start, min(start + _BATCH, count))]
