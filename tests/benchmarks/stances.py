"""The stance stage: claims and pairs a second by several ways, against the pipeline, plain torch and the processor.

    python tests/benchmarks/stances.py [--claims 200] [--threads N] [--json FILE]

All ways judge the same claims of our own held-out ones by the same weights: the embedded model's, read back into
torch. They take turns, and the best turn of each counts, so that ratios are of one run. The pipeline asks for three
labels, so three pairs a claim; the others for favor and against; `annotate` as many as it needs. The limit is the
rate of the best of some large products of matrices in the same numbers by as many threads, measured in between.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import metrics
import numpy as np
from held_out import SPLITS, rows_of
from metrics import Row, Table

from annotate.codebook import Target
from annotate.embedded import Embedded, folder
from annotate.entailment import Classifier, Judgement, Shortcut
from annotate.models import EmbeddedClassifier
from annotate.records import STANCES
from annotate.stance import Question, judge, premise

TURNS = 3
BUDGET = 1024
"""Padded tokens of a batch in plain torch and in the float32 graph."""
SIZES = (8, 32)
"""Batch sizes of the pipeline beside its default."""
LABELS = ("The speaker supports {}.", "The speaker opposes {}.", "The speaker neither supports nor opposes {}.")
NAMES = ("entailment", "neutral", "contradiction")
KINDS = ("float32", "int8")
Pair = tuple[str, str]


class Way(NamedTuple):
    """A way to judge all claims, the pairs that it judges of each, and its operations in a kind of numbers."""

    name: str
    pairs: float
    run: Callable[[], object]
    operations: float = 0.0
    kind: str = "float32"


class Counted:
    """A classifier that notes the pairs that it judges quickly and precisely; otherwise the one within."""

    def __init__(self, inner: EmbeddedClassifier) -> None:
        self.inner, self.name, self.two_way = inner, inner.name, inner.two_way
        self.quick: list[Pair] = []
        self.precise: list[Pair] = []

    @property
    def shortcut(self) -> Shortcut | None:
        """The one of the classifier within, noted."""
        way = self.inner.shortcut
        return way and way._replace(judge=lambda pairs: self._noted(self.quick, way.judge, pairs))

    def judge(self, pairs: Sequence[Pair]) -> list[Judgement]:
        """What the classifier within says."""
        return self._noted(self.precise, self.inner.judge, pairs)

    def _noted(self, where: list[Pair], said: Callable[..., list[Judgement]], pairs: Sequence[Pair]) -> list[Judgement]:
        where += pairs
        return said(pairs)


def pairs(claims: int = 200, threads: int = 0) -> Iterator[Table]:
    """The tables, as they come; `threads` 0: a thread for each core that this process may use."""
    threads = threads or cores()
    classifier = EmbeddedClassifier(Embedded(folder("stance-minilm"), threads))
    with tempfile.TemporaryDirectory() as scratch:
        reference = Reference(classifier, Path(scratch), threads)
        yield _speed(classifier, reference, claims, threads)
        yield from _agreement(classifier, reference)


# ---- Speed ----


def _speed(classifier: EmbeddedClassifier, reference: Reference, claims: int, threads: int) -> Table:
    rows = _sampled(claims)
    questions, counted = [_question(row) for row in rows], Counted(classifier)
    judge(questions, counted)
    both = list(dict.fromkeys(pair for question in questions for pair in _both(question)))
    ways = [*reference.pipelines(rows), *_ours(classifier, reference, questions, counted, both)]
    seconds, limits = best(ways, threads)
    first = seconds["pipeline, default"], min(taken for name, taken in seconds.items() if name.startswith("pipeline"))
    lines = []
    for way in ways:
        taken, rate = seconds[way.name], way.operations / seconds[way.name] / 1e9
        figures = f"{way.pairs * len(rows) / taken:,.0f}", f"{len(rows) / taken:,.1f}", f"{way.pairs:.2f}"
        work = (f"{rate:,.0f} {way.kind}", f"{100 * rate / limits[way.kind]:.0f} %") if rate else ("", "")
        lines.append([way.name, *figures, *(f"{one / taken:.1f}" for one in first), *work])
    head = [
        "way",
        "pairs/s",
        "claims/s",
        "pairs a claim",
        "× pipeline",
        "× its best",
        "10⁹ operations/s",
        "of the limit",
    ]
    tokens = np.mean([len(row) for row in classifier.rows(both).ids])
    note = f"{machine(threads)}. {len(rows)} claims, {tokens:.1f} tokens a pair. Of our pairs, {len(counted.quick)} "
    note += (
        f"are judged quickly, {len(counted.precise)} precisely. Operations are those of the products with weights, for "
    )
    note += "real tokens; a precise product is of two. Limits, in 10⁹ operations/s: "
    note += ", ".join(f"{kind} {limit:,.0f}" for kind, limit in limits.items()) + "."
    return Table("The stance stage", head, lines, note)


def _ours(
    classifier: EmbeddedClassifier,
    reference: Reference,
    questions: list[Question],
    counted: Counted,
    both: list[Pair],
) -> list[Way]:
    share, whole = len(both) / len(questions), operations(classifier, both, whole=True)
    precise = 2 * operations(classifier, both)
    needed = operations(classifier, counted.quick) + 2 * operations(classifier, counted.precise)
    asked = (len(counted.quick) + len(counted.precise)) / len(questions)
    return [
        Way("torch, sorted by length", share, lambda: reference.torch(both), whole),
        Way("ONNX Runtime, float32, sorted by length", share, lambda: reference.onnx(both), whole),
        Way("annotate, both directions, precise", share, lambda: classifier.judge(both), precise, "int8"),
        Way("annotate, as it is", asked, lambda: judge(questions, classifier), needed, "int8"),
    ]


def operations(classifier: EmbeddedClassifier, pairs: Sequence[Pair], *, whole: bool = False) -> float:
    """Multiplications and additions of the products with the encoder's weights; `whole` has all of the last layer.

    Attention's own products, a twentieth at these lengths, are left out.
    """
    width, inner, layers = 384, 1536, 6
    layer = 2 * (4 * width**2 + 2 * width * inner)
    keys = 2 * 2 * width**2
    lengths = np.array([len(row) for row in classifier.rows(pairs).ids] or [0])
    last = layer * lengths if whole else keys * lengths + (layer - keys) * (lengths > 0)
    return float((layer * (layers - 1) * lengths + last).sum())


def best(ways: Iterable[Way], threads: int) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds of each way's best turn after one to warm up, and the limits in 10⁹ operations a second, by kind."""
    seconds: dict[str, float] = {}
    limits = {kind: Limit(kind, threads) for kind in KINDS}
    rates = dict.fromkeys(KINDS, 0.0)
    for turn in range(TURNS + 1):
        for way in ways:
            began = time.perf_counter()
            way.run()
            if turn:
                seconds[way.name] = min(seconds.get(way.name, np.inf), time.perf_counter() - began)
        rates = {kind: max(rate, limits[kind]()) for kind, rate in rates.items()}
    return seconds, rates


class Limit:
    """The rate of ONNX Runtime's product of large matrices in a kind of numbers."""

    SHAPES = ((1024, 384, 1536), (512, 1536, 384), (2048, 384, 1536), (1024, 1024, 1024))

    def __init__(self, kind: str, threads: int) -> None:
        self._made = {shape: (_product(kind, shape, threads), _left(kind, shape)) for shape in self.SHAPES}

    def __call__(self) -> float:
        """10⁹ operations a second: the best shape, and the best of some runs of it."""
        return max(self._rate(shape) for shape in self.SHAPES)

    def _rate(self, shape: tuple[int, int, int]) -> float:
        session, left = self._made[shape]
        taken = np.inf
        for _ in range(12):
            began = time.perf_counter()
            session.run(None, {"left": left})
            taken = min(taken, time.perf_counter() - began)
        return 2 * float(np.prod(shape)) / taken / 1e9


def _left(kind: str, shape: tuple[int, int, int]) -> np.ndarray:
    rng = np.random.default_rng(1)
    if kind == "int8":
        return rng.integers(0, 255, shape[:2]).astype(np.uint8)
    return rng.normal(size=shape[:2]).astype(np.float32)


def _product(kind: str, shape: tuple[int, int, int], threads: int) -> Any:
    """A session of one product of an input `left` and a constant."""
    from onnx import TensorProto, helper, numpy_helper

    weight, whole = np.random.default_rng(2).integers(-127, 127, shape[1:]), kind == "int8"
    kinds = (TensorProto.UINT8, TensorProto.INT32) if whole else (TensorProto.FLOAT, TensorProto.FLOAT)
    constants = [numpy_helper.from_array(weight.astype(np.int8 if whole else np.float32), "weight")]
    constants += [numpy_helper.from_array(np.array(128, dtype=np.uint8), "zero")] * whole
    node = ("MatMulInteger", ["left", "weight", "zero"]) if whole else ("MatMul", ["left", "weight"])
    taken = helper.make_tensor_value_info("left", kinds[0], shape[:2])
    given = helper.make_tensor_value_info("out", kinds[1], None)
    graph = helper.make_graph([helper.make_node(*node, ["out"])], "limit", [taken], [given], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return _session(model.SerializeToString(), threads)


def _session(model: Any, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class Reference:
    """The same weights in float32: transformers' model, its pipeline, and the graph that torch traces of it."""

    def __init__(self, classifier: EmbeddedClassifier, scratch: Path, threads: int) -> None:
        import torch

        from annotate.teach.trainable import network_of

        torch.set_num_threads(threads)
        self._path, self._classifier = folder("stance-minilm"), classifier
        self.network = network_of(self._path)
        self._onnx = _session(_traced(self.network, scratch / "traced.onnx"), threads)

    def pipelines(self, rows: Sequence[Row]) -> list[Way]:
        """The zero-shot pipeline, called once for each target with its claims, by itself and in batches."""
        from transformers import PreTrainedTokenizerFast, pipeline

        special = dict(pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]")
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_file=str(self._path / "tokenizer.json"), model_max_length=512, **special
        )
        self.network.config.id2label = dict(enumerate(NAMES))
        self.network.config.label2id = {name: number for number, name in enumerate(NAMES)}
        pipe: Any = pipeline("zero-shot-classification", model=self.network, tokenizer=tokenizer, device="cpu")
        by_target: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            by_target[row["wordings"]["name"]].append(premise(row["text"], row["speaker"]))

        def run(**options: Any) -> None:
            for target, texts in by_target.items():
                labels = [label.format(target) for label in LABELS]
                pipe(texts, labels, hypothesis_template="{}", **options)

        batched = [Way(f"pipeline, batches of {n}", len(LABELS), lambda size=n: run(batch_size=size)) for n in SIZES]
        return [Way("pipeline, default", len(LABELS), run), *batched]

    def torch(self, pairs: Sequence[Pair]) -> np.ndarray:
        """Logits, (pairs, 3)."""
        import torch

        def run(inputs: dict[str, Any]) -> np.ndarray:
            with torch.inference_mode():
                return np.asarray(self.network(**inputs).logits.numpy())

        return self._batched(pairs, run)

    def onnx(self, pairs: Sequence[Pair]) -> np.ndarray:
        """Logits, (pairs, 3)."""
        return self._batched(
            pairs, lambda inputs: self._onnx.run(None, {name: value.numpy() for name, value in inputs.items()})[0]
        )

    def _batched(self, pairs: Sequence[Pair], run: Callable[[dict[str, Any]], np.ndarray]) -> np.ndarray:
        from annotate.teach.trainable import padded

        rows = self._classifier.rows(pairs)
        logits = np.zeros((len(pairs), 3))
        batches: list[list[int]] = []
        for index in sorted(range(len(pairs)), key=lambda i: len(rows.ids[i])):
            if not batches or len(rows.ids[index]) * (len(batches[-1]) + 1) > BUDGET:
                batches.append([])
            batches[-1].append(index)
        for batch in batches:
            logits[batch] = run(padded([rows.ids[i] for i in batch], [rows.firsts[i] for i in batch]))
        return logits


def _traced(network: Any, path: Path) -> Path:
    """The whole network in float32, as torch traces it."""
    import torch

    names = ["input_ids", "attention_mask", "token_type_ids"]
    example = torch.ones(2, 16, dtype=torch.long)
    options: dict[str, Any] = dict(input_names=names, output_names=["logits"], opset_version=17, dynamo=False)
    options["dynamic_axes"] = {name: {0: "batch", 1: "length"} for name in names}
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(network, (example, example, torch.zeros_like(example)), str(path), **options)
    return path


# ---- Labels ----


class Asking:
    """A classifier by given judgements of pairs, and a shortcut by others."""

    name, two_way = "asking", False

    def __init__(self, precise: dict[Pair, Judgement], quick: dict[Pair, Judgement], sure: float, close: float) -> None:
        self._precise = precise
        self.asked = 0
        self.shortcut = Shortcut(lambda pairs: self._said(quick, pairs), sure, close)

    def judge(self, pairs: Sequence[Pair]) -> list[Judgement]:
        """A judgement per pair."""
        return self._said(self._precise, pairs)

    def _said(self, known: dict[Pair, Judgement], pairs: Sequence[Pair]) -> list[Judgement]:
        self.asked += len(pairs)
        return [known[pair] for pair in pairs]


def _agreement(classifier: EmbeddedClassifier, reference: Reference) -> Iterator[Table]:
    """How often labels are those of float32 asked both directions, and what each part of the shortcut costs."""
    way = classifier.shortcut
    assert way is not None
    labels, directions = [], []
    for split, name in SPLITS.items():
        rows = rows_of(split, 0)
        questions, gold = [_question(row) for row in rows], [row["stance"] for row in rows]
        asked = list(dict.fromkeys(pair for question in questions for pair in _both(question)))
        exact = dict(zip(asked, _judgements(reference.torch(asked), classifier), strict=True))
        precise = dict(zip(asked, classifier.judge(asked), strict=True))
        quick = dict(zip(asked, way.judge(asked), strict=True))
        wanted = _labels(questions, Asking(exact, exact, 1.0, 0.0))
        for trial, asking in _trials(exact, precise, quick, way).items():
            found = _labels(questions, asking)
            same = metrics.wilson(sum(map(str.__eq__, found, wanted)), len(wanted))
            figures = metrics.classified(gold, found, STANCES)
            labels.append([name, trial, f"{asking.asked / len(rows):.2f}", same, figures.macro_f1])
        directions += _directions(name, questions, gold, exact)
    head = ["claims", "way", "pairs a claim", "equal to float32", "macro-F1"]
    note = f"Float32 is torch with both directions. As it is: sure from {way.sure}, close up to {way.close}."
    yield Table("Labels equal to the float32 reference", head, labels, note)
    yield Table("What the second hypothesis buys", ["claims", "asked", "n", "macro-F1"], directions, "In float32.")


Known = dict[Pair, Judgement]


def _trials(exact: Known, precise: Known, quick: Known, way: Shortcut) -> dict[str, Asking]:
    return {
        "both directions, precise": Asking(precise, precise, 1.0, 0.0),
        "both directions, quick": Asking(precise, quick, 1.0, 0.0),
        "both directions, quick, close calls again": Asking(precise, quick, 1.0, way.close),
        "one direction where sure, float32": Asking(exact, exact, way.sure, 0.0),
        "as it is": Asking(precise, quick, way.sure, way.close),
        **{f"as it is, but sure from {s}": Asking(precise, quick, s, way.close) for s in (0.5, 0.6, 0.7, 0.8)},
    }


def _directions(name: str, questions: list[Question], gold: list[str], exact: Known) -> list[list[Any]]:
    """Macro-F1 where both directions are asked, or either alone."""
    said = np.array([[exact[pair][:3] for pair in _both(question)] for question in questions])
    favor, against = said[:, 0], said[:, 1, ::-1]
    scores = {"favor and against": favor + against, "favor alone": favor, "against alone": against}
    return [
        [name, what, len(gold), metrics.classified(gold, [STANCES[i] for i in s.argmax(1)], STANCES).macro_f1]
        for what, s in scores.items()
    ]


def _judgements(logits: np.ndarray, classifier: EmbeddedClassifier) -> list[Judgement]:
    powers = np.exp((logits - logits.max(1, keepdims=True)) / classifier.temperature)
    shares = (powers / powers.sum(1, keepdims=True))[:, list(classifier.labels)]
    return [Judgement(*row, truncated=False) for row in shares.tolist()]


def _labels(questions: list[Question], classifier: Classifier) -> list[str]:
    return [verdict.scores.stance for verdict in judge(questions, classifier)]


def _sampled(claims: int) -> list[Row]:
    """Held-out claims, of ordinary articles and hard ones by halves, evenly over each."""
    chosen: list[Row] = []
    for split in SPLITS:
        rows = rows_of(split, 0)
        places = np.linspace(0, len(rows) - 1, min(len(rows), -(-claims // len(SPLITS)))).astype(int)
        chosen += [rows[place] for place in dict.fromkeys(places.tolist())]
    return chosen[:claims]


def _question(row: Row) -> Question:
    return Question(row["text"], row["speaker"], Target(row["wordings"]["id"], row["wordings"]["name"]))


def _both(question: Question) -> list[Pair]:
    """The pair of favor, then that of against."""
    hypotheses = question.target.hypotheses_for(question.speaker)
    said = premise(question.text, question.speaker)
    return [(said, hypotheses.favor[0]), (said, hypotheses.against[0])]


def machine(threads: int) -> str:
    """What this was measured on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    processor = named[0] if named else platform.processor() or platform.machine()
    return f"{processor}, {os.cpu_count()} cores, {threads} thread{'s' * (threads > 1)}"


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", type=int, default=200, help="that speed is measured on; labels are of all")
    parser.add_argument("--threads", type=int, default=0, help="default: all cores")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    metrics.report(pairs(arguments.claims, arguments.threads), arguments.json)


if __name__ == "__main__":
    main()
