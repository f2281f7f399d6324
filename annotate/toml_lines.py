"""On which line of a TOML text each of its values begins: tomllib gives the values, and no lines."""

from __future__ import annotations

import re
import tomllib

Place = tuple[str | int, ...]
"""Where a value stands in a text, from the outside in: `("targets", 1, "hypotheses", "favor", 0)`."""

_TOKENS = re.compile(
    r'''(?P<skip>[ \t\r]+|\#[^\n]*)
    | """(?:\\.|[^\\])*?"""(?:"{0,2}) | \'\'\'.*?\'\'\'(?:'{0,2}) | "(?:\\.|[^"\\])*" | '[^']*'
    | [^\s\[\]{},=.\#"']+ | \n | [\[\]{},=.]''',
    re.VERBOSE | re.DOTALL,
)


def lines_of(toml: str) -> dict[Place, int]:
    """The line, from 1, on which each table, key and list item begins; an item of a list of tables is a place, too.

    The text is one that tomllib reads, without a byte order mark; of another, nothing is promised.
    """
    return _Locator(toml).read()


class _Locator:
    """Goes through the tokens once, and notes the line of every place that it comes to."""

    def __init__(self, toml: str) -> None:
        self._tokens: list[tuple[str, int]] = []
        self._at = 0
        self._lines: dict[Place, int] = {}
        self._counts: dict[Place, int] = {}
        line = 1
        for found in _TOKENS.finditer(toml):
            if not found["skip"]:
                self._tokens.append((found[0], line))
            line += found[0].count("\n")
        self._tokens.append(("\n", line))

    def read(self) -> dict[Place, int]:
        table: Place = ()
        while self._at < len(self._tokens):
            if self._next == "[":
                table = self._table()
            elif not self._take("\n"):
                self._assignment(table)
        return self._lines

    @property
    def _next(self) -> str:
        return self._tokens[self._at][0]

    def _take(self, *wanted: str) -> bool:
        if self._next not in wanted:
            return False
        self._at += 1
        return True

    def _mark(self, place: Place, line: int) -> None:
        """The line stands for the place, and for all around it that began there."""
        for size in range(1, len(place) + 1):
            self._lines.setdefault(place[:size], line)

    def _table(self) -> Place:
        line = self._tokens[self._at][1]
        self._take("[")
        listed = self._take("[")
        *outer, name = self._key("]")
        place: Place = ()
        for part in outer:
            place = (*place, part)
            place = (*place, self._counts[place] - 1) if place in self._counts else place
        place = (*place, name)
        if listed:
            self._counts[place] = self._counts.get(place, 0) + 1
            place = (*place, self._counts[place] - 1)
        self._mark(place, line)
        while self._take("]"):
            pass
        return place

    def _key(self, end: str) -> list[str]:
        parts = []
        while self._next != end:
            if not self._take("."):
                quoted = self._next[0] in "\"'"
                parts.append(tomllib.loads(f"key = {self._next}")["key"] if quoted else self._next)
                self._at += 1
        return parts

    def _assignment(self, table: Place) -> None:
        line = self._tokens[self._at][1]
        place = (*table, *self._key("="))
        self._take("=")
        self._mark(place, line)
        self._value(place)

    def _value(self, place: Place) -> None:
        self._mark(place, self._tokens[self._at][1])
        if self._take("["):
            item = 0
            while not self._take("]"):
                if not self._take("\n", ","):
                    self._value((*place, item))
                    item += 1
        elif self._take("{"):
            while not self._take("}"):
                if not self._take("\n", ","):
                    self._assignment(place)
        else:
            while self._next not in {",", "]", "}", "\n"}:
                self._at += 1
