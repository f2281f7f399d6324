"""Models that do as the test says: an attributor that finds given words, a classifier of one opinion."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from annotate import jobs, labelling
from annotate.attribution import Part, Roles
from annotate.entailment import Judgement
from annotate.jobs import Summary, label_into, relabel
from annotate.records import Article, Stance

TOML = """
[[targets]]
name = "the ferry line"

[[speakers]]
name = "Ann Lee"

[[speakers]]
name = "Bo Hall"
"""
TEXT = (
    "Ann Lee said at the long meeting in the harbour hall that the line is good. Bo Hall said the bridge is better.\n\n"
    "Ann Lee said nobody asked.\n"
)


@dataclass
class Models:
    """What the two models say: the contents that are found, and the stance of each that holds some words."""

    contents: str = "the line is good|the bridge is better|nobody asked"
    stances: dict[str, Stance] = field(default_factory=dict)
    name: str = "scripted@1"
    two_way: bool = False
    shortcut: None = None
    premises: set[str] = field(default_factory=set)

    def roles(self, text: str) -> Roles:
        patterns = "Ann Lee|Bo Hall", "said", self.contents
        return Roles(*([Part(m.start(), m.end(), 0.9) for m in re.finditer(p, text)] for p in patterns))

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        self.premises |= {premise for premise, _ in pairs}
        return [self._one(premise, "supports" in hypothesis) for premise, hypothesis in pairs]

    def _one(self, premise: str, favor: bool) -> Judgement:
        stance = next((stance for words, stance in self.stances.items() if words in premise), "neutral")
        if stance == "neutral":
            return Judgement(0.0, 1.0, 0.0, False)
        return Judgement(1.0, 0.0, 0.0, False) if (stance == "favor") == favor else Judgement(0.0, 0.0, 1.0, False)

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let every job label with these models."""
        monkeypatch.setattr(labelling, "Attributor", lambda: self)
        monkeypatch.setattr(labelling, "stance_classifier", lambda *_: self)


def label(folder: Path, codebook: Path, text: str = TEXT, id: str = "harbour") -> Summary:
    return label_into(folder, [Article.of(text, id)], jobs.Codebook.read(codebook))


def label_all(folder: Path, codebook: Path, texts: dict[str, str]) -> Summary:
    return label_into(folder, [Article.of(text, id) for id, text in texts.items()], jobs.Codebook.read(codebook))


__all__ = ["TEXT", "TOML", "Models", "label", "label_all", "relabel"]
