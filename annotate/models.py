"""Which model judges stance: the embedded one, one of its form in a folder, or any other that the user names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from annotate.embedded import CLS, SEP, Embedded, folder
from annotate.entailment import Classifier, Judgement, label_map
from annotate.errors import ModelError
from annotate.storage import file_sha256

EMBEDDED = ("attribution-minilm", "stance-minilm")
BATCH_TOKENS = 2048
"""Padded tokens that run together."""


def stance_classifier(model: str = "") -> Classifier:
    """The embedded classifier for "" or its name, else the folder or Hub model that `model` names."""
    if model in ("", "stance-minilm"):
        return EmbeddedClassifier(Embedded(folder("stance-minilm")))
    if path := embedded_form(model):
        return from_folder(path)
    from annotate.nli import load_classifier

    return load_classifier(model)


def embedded_form(model: str) -> Path | None:
    """The folder that `model` names where it holds a model in the embedded form, as `annotate train` writes it."""
    path = (Path(model).expanduser() if model.startswith("~/") else Path(model)).resolve()
    return path if model and (path / "model.onnx").is_file() and not (path / "model.safetensors").exists() else None


def from_folder(path: Path) -> EmbeddedClassifier:
    """The classifier in a folder, called FOLDER@REVISION by the hash of its weights; ModelError for a damaged one."""
    try:
        classifier = EmbeddedClassifier(Embedded(path), revision(path))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else error
        raise ModelError(f"{path}: its config.json is not that of a model in the embedded form: {why}") from None
    if not (path / "tokenizer.json").is_file():
        raise ModelError(f"{path}: has no tokenizer.json; a model in the embedded form needs it beside model.onnx")
    return classifier


def revision(path: Path) -> str:
    """What the model in a folder is called on the lines that it judges."""
    return f"{path.name}@{file_sha256(path / 'model.onnx')[:12]}"


class Rows(NamedTuple):
    """Pairs as the model reads them: ids with special tokens, tokens of the premise's part, whether it was cut."""

    ids: list[list[int]]
    firsts: list[int]
    cut: list[bool]


class EmbeddedClassifier:
    """The embedded stance model as a classifier of entailment."""

    two_way = False

    def __init__(self, model: Embedded, name: str = "") -> None:
        self._model = model
        self.name = name or model.name
        self.labels = label_map({int(k): v for k, v in model.config["id2label"].items()}, self.name)
        self._limit = int(model.config["max_tokens"])
        self._temperature = float(model.config["temperature"])

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        """A judgement per (premise, hypothesis), in the order given; each text is tokenised once."""
        rows, firsts, cut = self.rows(pairs)
        probabilities = np.zeros((len(rows), 3))
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        for batch in _batches(order, [len(row) for row in rows]):
            logits = self._model.logits([rows[i] for i in batch], [firsts[i] for i in batch]) / self._temperature
            powers = np.exp(logits - logits.max(-1, keepdims=True))
            probabilities[batch] = powers / powers.sum(-1, keepdims=True)
        columns = probabilities[:, list(self.labels)].tolist()
        return [Judgement(e, n, c, truncated) for (e, n, c), truncated in zip(columns, cut, strict=True)]

    def rows(self, pairs: Sequence[tuple[str, str]]) -> Rows:
        """The pairs as rows of token ids; where a pair is too long, its premise loses the end."""
        ids = self._tokenised({text for pair in pairs for text in pair})
        rows = Rows([], [], [])
        for premise, hypothesis in pairs:
            room = self._limit - 3 - len(ids[hypothesis])
            first = [CLS, *ids[premise][: max(0, room)], SEP]
            rows.ids.append([*first, *ids[hypothesis], SEP])
            rows.firsts.append(len(first))
            rows.cut.append(len(ids[premise]) > room)
        return rows

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
