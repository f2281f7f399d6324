"""The lines of TOML's values, in every codebook that the tests of codebooks read and tomllib can."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotate.toml_lines import Place, lines_of

HERE = Path(__file__).parent
SHIPPED = HERE.parent / "corpus" / "us-cambodia" / "codebook.toml"
LEGAL = [p for p in (*sorted((HERE / "codebooks").glob("*/*.toml")), SHIPPED) if not p.stem.startswith("toml-")]


def places_in(value: object, place: Place = ()) -> Iterator[Place]:
    if place:
        yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places_in(item, (*place, key))


@pytest.mark.parametrize("path", LEGAL, ids=lambda path: path.stem)
def test_every_value_has_the_line_that_names_it(path: Path) -> None:
    toml = path.read_text(encoding="utf-8")
    lines = lines_of(toml)
    assert set(lines) == set(places_in(tomllib.loads(toml)))
    for place, line in lines.items():
        if isinstance(place[-1], str):
            assert place[-1] in toml.splitlines()[line - 1]


def test_lines_of_list_items() -> None:
    lines = lines_of('a.b = [\n  "x", # ]\n  [1.5,\n  2]]\n[[c]]\n[c.d]\ne = """\n\nf = 1"""\n[[c]]\nf = 2')
    assert (lines["a", "b", 0], lines["a", "b", 1, 0], lines["a", "b", 1, 1]) == (2, 3, 4)
    assert (lines["c", 0], lines["c", 0, "d"], lines["c", 0, "d", "e"]) == (5, 6, 7)
    assert (lines["c", 1], lines["c", 1, "f"]) == (10, 11)
