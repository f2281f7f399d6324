"""What a classifier of entailment says of a premise and a hypothesis, and how its labels are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from annotate.errors import ModelError


class Judgement(NamedTuple):
    """Probabilities for one premise and hypothesis; `truncated` where the model did not see all of the premise."""

    entailment: float
    neutral: float
    contradiction: float
    truncated: bool


class Shortcut(NamedTuple):
    """A way to decide most stances with less work, and how to tell which it does not."""

    judge: Callable[[Sequence[tuple[str, str]]], list[Judgement]]
    """As a classifier's, perhaps less precise."""
    sure: float
    """The probability from which the likeliest label of one direction's hypotheses is enough; 1: it never is."""
    close: float
    """How close the two largest scores may be; closer ones are judged again by the classifier."""


class Classifier(Protocol):
    """Whatever judges pairs of a premise and a hypothesis."""

    @property
    def name(self) -> str:
        """What `prediction.stance_model` records: NAME@REVISION."""

    @property
    def two_way(self) -> bool:
        """True where `neutral` carries all that is not entailment, and `contradiction` is 0."""

    @property
    def shortcut(self) -> Shortcut | None:
        """How most stances can be decided with less work; None where there is no such way."""

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        """A judgement per (premise, hypothesis), in the order given."""


class LabelMap(NamedTuple):
    """Each label's index in a model's output.

    A two-way model has no contradiction (-1), and its "not entailment" is `neutral`.
    """

    entailment: int
    neutral: int
    contradiction: int

    @property
    def two_way(self) -> bool:
        """True without a contradiction."""
        return self.contradiction < 0


_ENTAILMENT = r"entail(ment|ments|ed|s)?"
_SPELLINGS = {
    "entailment": re.compile(_ENTAILMENT),
    "neutral": re.compile(r"neutral"),
    "contradiction": re.compile(r"contradict(ion|ions|ed|s|ory)?"),
    "not entailment": re.compile(rf"(not?|non) ?{_ENTAILMENT}"),
}


def label_map(id2label: Mapping[int, str], model: str) -> LabelMap:
    """The label map that `id2label`, of the config of `model`, spells out.

    Raises ModelError for every map that is not plainly three-way (entailment, neutral, contradiction) or
    two-way (entailment, not entailment): labels swapped by a guess would turn every stance around.
    """
    at = {_meaning(label): index for index, label in id2label.items()}
    if sorted(id2label) == list(range(len(at))):
        if at.keys() == {"entailment", "neutral", "contradiction"}:
            return LabelMap(at["entailment"], at["neutral"], at["contradiction"])
        if at.keys() == {"entailment", "not entailment"}:
            return LabelMap(at["entailment"], at["not entailment"], -1)
    found = ", ".join(f"{index}: {label}" for index, label in sorted(id2label.items())) or "none"
    raise ModelError(
        f"{model}: cannot tell what its labels mean ({found}); needed are entailment, neutral and contradiction, or "
        "entailment and not_entailment. Choose an NLI model, or, where you know the meaning for certain, "
        "write it into id2label in the config.json of a local copy"
    )


def _meaning(label: str) -> str:
    """The label that this is a spelling of, "" for none."""
    words = re.sub(r"[^a-z0-9]+", " ", str(label).lower()).strip()
    return next((meaning for meaning, spelling in _SPELLINGS.items() if spelling.fullmatch(words)), "")
