"""The embedded models: where they lie, and how they run (ONNX Runtime and tokenizers, nothing more)."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annotate.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

CLS, SEP = 101, 102
"""Ids of [CLS] and [SEP] in the vocabulary that both embedded models share."""

Logits = NDArray[np.float32]


def folder(name: str) -> Path:
    """The folder of an embedded model: within the installed package, or beside it in a checkout."""
    here = Path(__file__).parent
    for models in (here / "models", here.parent / "models"):
        if (models / name / "model.onnx").is_file():
            return models / name
    raise ModelError(f"the embedded model {name} is not there; reinstall annotate-stance")


class Embedded:
    """One embedded model: tokenizer, configuration and an ONNX session, each loaded when first used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config: dict[str, Any] = json.loads((path / "config.json").read_text(encoding="utf-8"))

    @property
    def name(self) -> str:
        """What stands on the lines that the model predicted, such as `stance-minilm@1.0.0`."""
        return f"{self.path.name}@{self.config['version']}"

    @cached_property
    def tokenizer(self) -> Tokenizer:
        return load_tokenizer(self.path / "tokenizer.json")

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = _cores()
        options.log_severity_level = 3
        # The weights are stored as int8 and computed with as float32: folded once, when the model loads.
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        return onnxruntime.InferenceSession(self.path / "model.onnx", options, providers=["CPUExecutionProvider"])

    def logits(self, rows: Sequence[Sequence[int]], firsts: Sequence[int] = ()) -> Logits:
        """The model's output for rows of token ids, special tokens included, padded to the longest.

        `firsts` counts the tokens of each row that belong to its first segment (default: all).
        """
        output: Logits = self._session.run(["logits"], padded(rows, firsts))[0]
        return output


def padded(rows: Sequence[Sequence[int]], firsts: Sequence[int] = ()) -> dict[str, NDArray[np.int64]]:
    """The inputs of an embedded model by name, each (rows, longest); `firsts` as for `Embedded.logits`."""
    longest = max(map(len, rows))
    ids = np.zeros((len(rows), longest), dtype=np.int64)
    mask, types = np.zeros_like(ids), np.zeros_like(ids)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = row
        mask[number, : len(row)] = 1
        if firsts:
            types[number, firsts[number] : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}


def load_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of `path`, with the padding and truncation that its file asks for switched off.

    "[SEP]" in a text is words like any other, so that no text can pass for the end of its part.
    """
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.encode_special_tokens = True
    return tokenizer


def _cores() -> int:
    """The cores that this process may use, which in a container are fewer than the machine's."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
