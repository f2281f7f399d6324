"""Label maps are read or refused, never guessed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from annotate.entailment import LabelMap, label_map
from annotate.errors import ModelError


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["entailment", "neutral", "contradiction"], LabelMap(0, 1, 2)),
        (["CONTRADICTION", "NEUTRAL", "ENTAILMENT"], LabelMap(2, 1, 0)),
        (["contradiction", "entailment", "neutral"], LabelMap(1, 2, 0)),
        (["Neutral", "Contradict", "Entail"], LabelMap(2, 0, 1)),
        ([" entails ", "contradicts", "neutral"], LabelMap(0, 2, 1)),
        (["entailment", "not_entailment"], LabelMap(0, 1, -1)),
        (["not-entailment", "entailment"], LabelMap(1, 0, -1)),
        (["NON ENTAILMENT", "ENTAILMENT"], LabelMap(1, 0, -1)),
        (["entailment", "no_entailment"], LabelMap(0, 1, -1)),
        (["entailment", "nonentailment"], LabelMap(0, 1, -1)),
    ],
)
def test_usual_maps_are_read(labels: list[str], expected: LabelMap) -> None:
    found = label_map(dict(enumerate(labels)), "some/model")
    assert found == expected
    assert found.two_way == (len(labels) == 2)


@pytest.mark.parametrize(
    "labels",
    [
        {},
        {0: "entailment"},
        {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"},
        {0: "LABEL_0", 1: "LABEL_1"},
        {0: "negative", 1: "neutral", 2: "positive"},
        {0: "entailment", 1: "neutral"},
        {0: "entailment", 1: "contradiction"},
        {0: "neutral", 1: "contradiction"},
        {0: "entailment", 1: "entails", 2: "neutral"},
        {0: "entailment", 1: "Entailment"},
        {0: "entailment", 1: "neutral", 2: "contradiction", 3: "neutral"},
        {0: "entailment", 1: "neutral", 2: "contradiction", 3: "other"},
        {0: "entailment", 1: "neutral", 2: "not_entailment"},
        {1: "entailment", 2: "neutral", 3: "contradiction"},
        {0: "e", 1: "n", 2: "c"},
        {0: "not neutral", 1: "neutral", 2: "entailment"},
        {0: "", 1: "entailment"},
    ],
)
def test_any_other_map_is_refused(labels: dict[int, str]) -> None:
    with pytest.raises(ModelError) as error:
        label_map(labels, "some/model")
    message = str(error.value)
    assert "some/model" in message
    assert all(f"{index}: {label}" in message for index, label in labels.items())
    assert "entailment and not_entailment" in message


def test_neither_module_imports_anything_heavy() -> None:
    code = (
        "import sys, annotate.entailment, annotate.nli;"
        "print({'torch', 'transformers', 'huggingface_hub', 'tokenizers', 'numpy'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
