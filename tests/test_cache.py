"""The cache of attribution: asked once, the same to the last bit, bounded, and never believed where it is damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.attribution import Part, Roles
from annotate.engine.cache import Remembering

SCORES = st.floats(0, 1)
PARTS = st.lists(st.builds(Part, st.integers(0, 10**6), st.integers(0, 10**6), SCORES), max_size=4)


class Told:
    """A model that says what it is told."""

    def __init__(self, roles: Roles, name: str = "told@1") -> None:
        self.said, self.name, self.asked = roles, name, 0

    def roles(self, text: str) -> Roles:
        self.asked += 1
        return self.said


ROLES = Roles([Part(0, 3, 0.1 + 0.2)], [Part(4, 8, 1 / 3)], [])


@given(one=PARTS, two=PARTS, three=PARTS, text=st.text())
def test_it_says_what_the_model_said(
    one: list[Part], two: list[Part], three: list[Part], text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = Told(Roles(one, two, three))
    cached = Remembering(model, tmp_path_factory.mktemp("cache"))
    assert cached.roles(text) == cached.roles(text) == model.said
    assert model.asked == 1 and cached.name == model.name


def test_another_text_or_model_is_asked(tmp_path: Path) -> None:
    one, other = Told(ROLES), Told(ROLES, "told@2")
    Remembering(one, tmp_path).roles("a")
    Remembering(one, tmp_path).roles("b")
    Remembering(other, tmp_path).roles("a")
    assert (one.asked, other.asked) == (2, 1)


@pytest.mark.parametrize("damage", ["", "torn", "flipped", "shape"])
def test_damage_is_a_miss_and_is_mended(damage: str, tmp_path: Path) -> None:
    model = Told(ROLES)
    cached = Remembering(model, tmp_path)
    cached.roles("text")
    [path] = tmp_path.rglob("*.json")
    content = path.read_bytes()
    spoilt = {"": b"", "torn": content[:-5], "flipped": content.replace(b"3", b"4"), "shape": b"[]"}
    path.write_bytes(spoilt[damage])
    assert cached.roles("text") == ROLES and model.asked == 2
    assert cached.roles("text") == ROLES and model.asked == 2


def test_it_may_be_deleted_while_it_is_in_use(tmp_path: Path) -> None:
    model = Told(ROLES)
    cached = Remembering(model, tmp_path / "cache")
    cached.roles("text")
    shutil.rmtree(tmp_path / "cache")
    assert cached.roles("text") == ROLES and model.asked == 2


def test_where_nothing_can_be_written_the_model_is_asked(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    model = Told(ROLES)
    cached = Remembering(model, tmp_path / "file")
    assert [cached.roles("text"), cached.roles("text")] == [ROLES, ROLES] and model.asked == 2


def test_it_stays_within_its_bounds(tmp_path: Path) -> None:
    model = Told(ROLES)
    cached = Remembering(model, tmp_path, shelf=2)
    for number in range(1500):
        cached.roles(f"text {number}")
    assert all(len(list(shelf.iterdir())) <= 2 for shelf in tmp_path.iterdir())
    asked = model.asked
    cached.roles("text 1499")
    assert model.asked == asked  # the newest is kept
