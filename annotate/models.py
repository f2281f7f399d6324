"""Which model judges stance: the embedded one, or any that the user names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from annotate.embedded import CLS, SEP, Embedded, folder
from annotate.entailment import Classifier, Judgement, label_map

EMBEDDED = ("attribution-minilm", "stance-minilm")
BATCH_TOKENS = 2048
"""Padded tokens that run together."""


def stance_classifier(model: str = "") -> Classifier:
    """The embedded classifier for "" or its name, else the Hub or local model that `model` names."""
    if model in ("", "stance-minilm"):
        return EmbeddedClassifier(Embedded(folder("stance-minilm")))
    from annotate.nli import load_classifier

    return load_classifier(model)


class EmbeddedClassifier:
    """The embedded stance model as a classifier of entailment."""

    two_way = False

    def __init__(self, model: Embedded) -> None:
        self._model = model
        self.name = model.name
        self._labels = label_map({int(k): v for k, v in model.config["id2label"].items()}, model.name)
        self._limit = int(model.config["max_tokens"])
        self._temperature = float(model.config["temperature"])

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        """A judgement per (premise, hypothesis), in the order given; each text is tokenised once."""
        ids = self._tokenised({text for pair in pairs for text in pair})
        rows, firsts, cut = [], [], []
        for premise, hypothesis in pairs:
            room = self._limit - 3 - len(ids[hypothesis])
            first = [CLS, *ids[premise][: max(0, room)], SEP]
            rows.append([*first, *ids[hypothesis], SEP])
            firsts.append(len(first))
            cut.append(len(ids[premise]) > room)
        probabilities = np.zeros((len(rows), 3))
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        for batch in _batches(order, [len(row) for row in rows]):
            logits = self._model.logits([rows[i] for i in batch], [firsts[i] for i in batch]) / self._temperature
            powers = np.exp(logits - logits.max(-1, keepdims=True))
            probabilities[batch] = powers / powers.sum(-1, keepdims=True)
        columns = probabilities[:, list(self._labels)].tolist()
        return [Judgement(e, n, c, truncated) for (e, n, c), truncated in zip(columns, cut, strict=True)]

    def _tokenised(self, texts: set[str]) -> dict[str, list[int]]:
        distinct = sorted(texts)
        encoded = self._model.tokenizer.encode_batch_fast(distinct, add_special_tokens=False)
        return {text: encoding.ids for text, encoding in zip(distinct, encoded, strict=True)}


def _batches(order: Sequence[int], lengths: Sequence[int]) -> list[list[int]]:
    """Indices in the order given (shortest first), cut where a batch would pass BATCH_TOKENS."""
    batches: list[list[int]] = []
    for index in order:
        if not batches or lengths[index] * (len(batches[-1]) + 1) > BATCH_TOKENS:
            batches.append([])
        batches[-1].append(index)
    return batches


def embedded() -> list[dict[str, str]]:
    """Name, task and folder of the embedded models."""
    tasks = {"attribution-minilm": "who says what: source, cue, content", "stance-minilm": "stance, by entailment"}
    return [{"name": Embedded(folder(n)).name, "task": tasks[n], "folder": str(folder(n))} for n in EMBEDDED]
