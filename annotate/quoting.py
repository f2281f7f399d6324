r"""Runs of five words that a text has in common with articles: what is published without their text must hold none.

A word is what `\w+` finds in the case-folded text, so that white space, punctuation and the hyphens of an id part
words alike. Runs are kept as 64-bit hashes: eight bytes a word of the articles.
"""

from __future__ import annotations

import itertools
import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml

RUN = 5
"""Words."""

CHUNK = 1 << 20
"""Code points of a file that are looked through at once."""

_WORD = re.compile(r"\w+")
_FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 1], np.uint64)


class Runs:
    """Every run of five words of some texts."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._hashes = np.concatenate([np.zeros(0, np.uint64), *(_hashes(_words(text)) for text in texts)])
        self._hashes.sort()  # in place: there may be millions

    def first(self, text: str) -> str:
        """The first run that the text has in common with them, "" where there is none; "_" parts words here, too."""
        for reading in (text, text.replace("_", " ")) if "_" in text else (text,):
            words = _words(reading)
            for at in self._places(words):
                return " ".join(words[at : at + RUN])
        return ""

    def in_file(self, path: Path) -> Iterator[tuple[int, str]]:
        """Line and run for everything that the file has in common with them, as it is written and as it is read.

        What is read of JSON lines, TOML and the YAML head of a card is looked at where it is written with escapes.
        A file that is not UTF-8 is read as far as it is.
        """
        yield from self._as_written(path)
        yield from ((line, run) for line, text in _read(path) if (run := self.first(text)))

    def _as_written(self, path: Path) -> Iterator[tuple[int, str]]:
        carried, line = "", 1
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            while lines := file.readlines(CHUNK):
                text = carried + "".join(lines)
                for place, run in self._in_text(text):
                    yield line + text.count("\n", 0, place), run
                carried = _tail(text)
                line += text.count("\n") - carried.count("\n")

    def _in_text(self, text: str) -> Iterator[tuple[int, str]]:
        """Where the text's words stand that are such runs, one for each stretch of them."""
        words = _words(text)
        places = self._places(words)
        if not places:
            return
        starts = [found.start() for found in _WORD.finditer(text)]
        sure = len(starts) == len(words)  # else folding parted a word, and the place is not worth the trouble
        for before, at in itertools.pairwise([-RUN, *places]):
            if at >= before + RUN:
                yield starts[at] if sure else 0, " ".join(words[at : at + RUN])

    def _places(self, words: list[str]) -> list[int]:
        """Indices of the words that begin a run."""
        if len(words) < RUN or not len(self._hashes):
            return []
        hashes = _hashes(words)
        known = np.searchsorted(self._hashes, hashes)
        there: np.ndarray = self._hashes[np.minimum(known, len(self._hashes) - 1)] == hashes
        return [int(at) for at in np.flatnonzero(there)] if there.any() else []


def shortened(text: str) -> str:
    """As many of the text's first words as are no run."""
    found = list(_WORD.finditer(text))
    return text if len(found) < RUN else f"{text[: found[RUN - 2].end()]} …"


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _hashes(words: list[str]) -> np.ndarray:
    """A hash of every run, in order."""
    if len(words) < RUN:
        return np.zeros(0, np.uint64)
    values = np.fromiter(map(hash, words), np.int64, len(words)).view(np.uint64)
    parts = (values[i : len(words) - RUN + 1 + i] * _FACTORS[i] for i in range(RUN))
    return sum(parts, np.zeros(len(words) - RUN + 1, np.uint64))


def _tail(text: str) -> str:
    """The last words of a text, with which a run that goes on in the next one begins."""
    end = len(text)
    for _ in range(RUN - 1):
        found = re.search(r"\w+\W*\Z", text[max(0, end - 10_000) : end])
        if not found:
            break
        end = max(0, end - 10_000) + found.start()
    return text[end:]


def _read(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every string that stands in the file otherwise than it is read."""
    if path.suffix == ".jsonl":
        with path.open("rb") as lines:
            for number, raw in enumerate(lines, 1):
                if b"\\" in raw:
                    yield from ((number, text) for text in _strings(json.loads(raw)))
    elif path.suffix == ".toml":
        yield from ((1, text) for text in _strings(tomllib.loads(path.read_text(encoding="utf-8-sig"))))
    elif path.suffix == ".md":
        content = path.read_text(encoding="utf-8-sig")
        if content.startswith("---\n"):
            yield from ((1, text) for text in _strings(next(yaml.safe_load_all(content), None)))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _strings(key)
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
