"""Which model judges stance: the embedded one, one of its form in a folder, or any other that the user names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from annotate.embedded import CLS, SEP, Embedded, folder
from annotate.entailment import Classifier, Judgement, Shortcut, label_map
from annotate.errors import ModelError, UsageError
from annotate.storage import file_sha256

EMBEDDED = ("attribution-minilm", "stance-minilm")
_OURS = ("", "stance-minilm")
"""What names the embedded stance model."""
CLOSE = 0.06
"""Scores that the embedded model gives quickly decide where the two largest are further apart than this.

Rounding to 8 bits moves a probability by 0.004 on average, by 0.04 in one of a hundred.
"""


def stance_classifier(model: str = "", precision: str = "auto") -> Classifier:
    """The embedded classifier for "" or its name, else the folder or Hub model that `model` names.

    `precision`, one of `annotate.nli.PRECISIONS`, is a matter of the latter: UsageError for any other.
    """
    ours, path = model in _OURS, embedded_form(model)
    if precision != "auto":
        _check_precision(precision, "the embedded model" if ours else f"{path}, of its form," if path else "")
    if ours:
        return EmbeddedClassifier(Embedded(folder("stance-minilm")))
    if path:
        return from_folder(path)
    from annotate.nli import load_classifier

    return load_classifier(model, precision=precision)


def _check_precision(precision: str, fixed: str) -> None:
    from annotate.nli import check_precision

    check_precision(precision)
    if fixed:
        raise UsageError(
            f"--precision {precision}: {fixed} computes in the one way that it was made for; leave the option out, "
            "or name another model with --model"
        )


def runs_embedded(model: str) -> bool:
    """Whether the embedded runtime judges by the model of this name, and not torch."""
    return model in _OURS or embedded_form(model) is not None


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
        self.temperature = float(model.config["temperature"])

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        """A judgement per (premise, hypothesis), in the order given; each text is tokenised once."""
        return self._judged(pairs, precise=True)

    @property
    def shortcut(self) -> Shortcut | None:
        """Judgements by rounded logits, and a sure direction alone, as far as model and configuration allow."""
        sure, rounds = float(self._model.config.get("sure", 1.0)), self._model.rounds
        return Shortcut(self._quickly, sure, CLOSE if rounds else 0.0) if rounds or sure < 1 else None

    def _quickly(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        return self._judged(pairs, precise=False)

    def _judged(self, pairs: Sequence[tuple[str, str]], *, precise: bool) -> list[Judgement]:
        rows = self.rows(pairs)
        columns = self._probabilities(rows, precise=precise)[:, list(self.labels)].tolist()
        return [Judgement(e, n, c, truncated) for (e, n, c), truncated in zip(columns, rows.cut, strict=True)]

    def _probabilities(self, rows: Rows, *, precise: bool) -> NDArray[np.float64]:
        """A probability per label: (rows, 3)."""
        logits = self._model.logits(rows.ids, rows.firsts, precise=precise)
        raised = np.array(logits, dtype=np.float64).reshape(-1, 3) / self.temperature
        powers = np.exp(raised - raised.max(-1, keepdims=True))
        shares: NDArray[np.float64] = powers / powers.sum(-1, keepdims=True)
        return shares

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


def embedded() -> list[dict[str, str]]:
    """Name, task and folder of the embedded models."""
    tasks = {"attribution-minilm": "who says what: source, cue, content", "stance-minilm": "stance, by entailment"}
    return [{"name": Embedded(folder(n)).name, "task": tasks[n], "folder": str(folder(n))} for n in EMBEDDED]
