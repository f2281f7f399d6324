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
    from concurrent.futures import ThreadPoolExecutor

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
    """One embedded model: tokenizer, configuration and an ONNX session, each loaded when first used.

    `threads` rows are computed side by side, 0: as many as this process may use cores. Each row is computed by
    itself, on one thread, without padding: its logits are the same bits whatever is computed beside it, by however
    many threads. (Rows share weights in the processor's cache; together in one array they were no faster.)
    """

    def __init__(self, path: Path, threads: int = 0) -> None:
        self.path = path
        self.config: dict[str, Any] = json.loads((path / "config.json").read_text(encoding="utf-8"))
        self.threads = threads or _threads or _asked_threads()

    @property
    def name(self) -> str:
        """What stands on the lines that the model predicted, such as `stance-minilm@1.0.0`."""
        return f"{self.path.name}@{self.config['version']}"

    @cached_property
    def tokenizer(self) -> Tokenizer:
        return load_tokenizer(self.path / "tokenizer.json")

    @property
    def rounds(self) -> bool:
        """True where logits are rounded unless asked for precisely: not where the file is of an older form."""
        return "precise" in self._inputs

    @cached_property
    def _session(self) -> Any:
        session = self._loaded(careful=False)
        if "exact" in {value.name for value in session.get_outputs()}:
            values = {"input_ids": [[CLS]], "token_type_ids": [[0]], "precise": True}
            if not session.run(["exact"], {name: np.array(value) for name, value in values.items()})[0]:
                return self._loaded(careful=True)
        return session

    def _loaded(self, *, careful: bool) -> Any:
        """A session; `careful` where products of 8 bits overflow else (x86 without VNNI): slower, and as exact."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # In the older form, weights are stored as int8 and computed with as float32: folded when the model loads.
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        options.add_free_dimension_override_by_name("rows", 1)
        options.add_session_config_entry("session.x64quantprecision", "1" if careful else "0")
        return onnxruntime.InferenceSession(
            self.path / "model.onnx",
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=["SkipLayerNormFusion"],  # the fused node is many times slower than its parts
        )

    @cached_property
    def _inputs(self) -> frozenset[str]:
        return frozenset(value.name for value in self._session.get_inputs())

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(self.threads, thread_name_prefix=self.path.name)

    def logits(
        self, rows: Sequence[Sequence[int]], firsts: Sequence[int] = (), *, precise: bool = False
    ) -> list[Logits]:
        """The model's output for each row of token ids, special tokens included.

        `firsts` counts the tokens of each row that belong to its first segment (default: all). `precise` computes
        what equals float32 for every purpose of a classifier; otherwise probabilities may be off by some hundredths,
        if the model `rounds`.
        """
        work = [(row, firsts[number] if firsts else len(row), precise) for number, row in enumerate(rows)]
        if self.threads == 1 or len(work) == 1:
            return [self._row(*one) for one in work]
        self._session  # noqa: B018 - loaded before threads ask for it
        order = sorted(range(len(work)), key=lambda i: -len(work[i][0]))
        found = dict(zip(order, self._pool.map(lambda i: self._row(*work[i]), order), strict=True))
        return [found[number] for number in range(len(work))]

    def _row(self, row: Sequence[int], first: int, precise: bool) -> Logits:
        ids = np.array([row], dtype=np.int64)
        types = np.zeros_like(ids)
        types[0, first:] = 1
        values = {"input_ids": ids, "token_type_ids": types}
        if self.rounds:
            values["precise"] = np.array(precise)
        else:
            values["attention_mask"] = np.ones_like(ids)
        logits: Logits = self._session.run(["logits"], values)[0][0]
        return logits


_threads = 0


def compute_threads(count: int) -> None:
    """How many threads the models made from now on compute with, where their maker does not say; 0: all cores."""
    global _threads  # noqa: PLW0603 - a worker process says it once, before it makes any model
    _threads = count


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


def cores() -> int:
    """The cores that this process may use, which in a container are fewer than the machine's."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _asked_threads() -> int:
    """What the environment asks of every library that computes, else a thread for each core."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdecimal() and int(asked) else cores()
