"""The embedded runtime: the same bits whatever is computed beside, and the labels of float32."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate import embedded
from annotate.attribution import Attributor
from annotate.codebook import Target
from annotate.embedded import CLS, SEP, Embedded, compute_threads, folder
from annotate.entailment import Shortcut
from annotate.models import EmbeddedClassifier, from_folder
from annotate.records import Scores
from annotate.stance import Question, judge

STANCE = folder("stance-minilm")
DATA = Path(__file__).parents[1] / "models" / "stance-minilm" / "data"
HOSTILE = [
    "",
    " \n\t ",
    "\u00a0\u202ethgir ot tfel\u202c",
    "🐘" * 40,
    "𝒕𝒉𝒆 talks e\u0301 [SEP] [CLS] ##s",
    "a\x00b \ufeff \u2028 İ ﬁ",
    "word " * 400,
    "They are right. " * 9,
]
CLAIMS = [*HOSTILE, *(f"Ann Lee said: {'we agree and disagree ' * n}" for n in range(1, 9))]
PAIRS = [(claim, hypothesis) for claim in CLAIMS for hypothesis in ("Ann Lee supports the talks.", "It rains 🐘.")]


@pytest.fixture(scope="module")
def classifier() -> EmbeddedClassifier:
    return EmbeddedClassifier(Embedded(STANCE, threads=2))


@pytest.fixture(scope="module")
def shortcut(classifier: EmbeddedClassifier) -> Shortcut:
    assert classifier.shortcut is not None
    return classifier.shortcut


@pytest.fixture(scope="module")
def alone(classifier: EmbeddedClassifier, shortcut: Shortcut) -> dict[str, dict[tuple[str, str], Any]]:
    """What is said of each pair that is judged by itself."""
    return {name: {pair: say([pair])[0] for pair in PAIRS} for name, say in _ways(classifier, shortcut).items()}


def _ways(classifier: EmbeddedClassifier, shortcut: Shortcut) -> dict[str, Any]:
    return {"precise": classifier.judge, "quick": shortcut.judge}


@settings(max_examples=25, deadline=None)
@given(chosen=st.lists(st.sampled_from(PAIRS), min_size=1, max_size=20), way=st.sampled_from(["precise", "quick"]))
def test_any_pairs_in_any_order_have_the_same_bits(
    chosen: list[tuple[str, str]], way: str, classifier: EmbeddedClassifier, shortcut: Shortcut, alone: Any
) -> None:
    assert _ways(classifier, shortcut)[way](chosen) == [alone[way][pair] for pair in chosen]


def test_probabilities_of_hostile_texts_sum_to_one(alone: Any) -> None:
    for said in (*alone["precise"].values(), *alone["quick"].values()):
        assert all(0 <= p <= 1 for p in said[:3])
        assert sum(said[:3]) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("precise", [False, True])
def test_any_number_of_threads_gives_the_same_bits(precise: bool) -> None:
    rows = [[CLS, *range(2000, 2000 + n), SEP, 3000 + n, SEP] for n in (5, 90, 1, 40, 40, 17, 200)]
    firsts = [len(row) - 2 for row in rows]
    one, *others = ([*Embedded(STANCE, threads=n).logits(rows, firsts, precise=precise)] for n in (1, 2, 5))
    for other in others:
        assert np.array_equal(one, other)


def test_an_article_has_the_same_roles_by_any_number_of_threads() -> None:
    text = "\n".join(f"Ann Lee said on day {n} that the ferry line would open, Bo Hall reported." for n in range(60))
    one, two = (Attributor(Embedded(folder("attribution-minilm"), threads=n)).roles(text) for n in (1, 2))
    assert one == two
    assert len(one.contents) > 30


def test_a_model_made_later_takes_the_threads_that_the_process_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_threads", 0)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert Embedded(STANCE).threads == 3
    compute_threads(1)
    assert Embedded(STANCE).threads == 1
    assert Embedded(STANCE, threads=2).threads == 2


@pytest.mark.parametrize("asked", ["", "0", "-1", "many", "1.5"])
def test_an_environment_that_names_no_number_means_all_cores(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    there = embedded._asked_threads()
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert there == embedded._asked_threads() >= 1


def test_nothing_is_loaded_before_something_is_judged() -> None:
    classifier = EmbeddedClassifier(Embedded(STANCE))
    assert classifier.name.startswith("stance-minilm@")
    assert "_session" not in vars(classifier._model) and "tokenizer" not in vars(classifier._model)


def test_judging_imports_neither_torch_nor_onnx() -> None:
    code = (
        "import sys; from annotate.models import stance_classifier; from annotate.attribution import Attributor; "
        "c = stance_classifier(); c.judge([('a', 'b')]); c.shortcut.judge([('a', 'b')]); "
        "Attributor().roles('A said b.'); "
        "print(sorted({'torch', 'transformers', 'onnx', 'scipy', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ---- Processors whose products of 8 bits overflow ----


def test_with_care_for_overflow_the_bits_are_the_same() -> None:
    rows, firsts = [[CLS, *range(2000, 2060), SEP, 3000, SEP]], [62]
    plain, careful = Embedded(STANCE, threads=1), Embedded(STANCE, threads=1)
    vars(careful)["_session"] = careful._loaded(careful=True)
    for precise in (False, True):
        assert np.array_equal(*(model.logits(rows, firsts, precise=precise) for model in (plain, careful)))


@pytest.mark.parametrize("exact", [True, False])
def test_care_is_taken_where_the_check_fails(exact: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[bool] = []

    def load(self: Embedded, *, careful: bool) -> Any:
        loaded.append(careful)
        session = whole(self, careful=careful)
        return Overflowing(session) if not exact and not careful else session

    whole = Embedded._loaded
    monkeypatch.setattr(Embedded, "_loaded", load)
    Embedded(STANCE, threads=1).logits([[CLS, 2000, SEP]])
    assert loaded == ([False] if exact else [False, True])


class Overflowing:
    """A session on a processor whose products overflow."""

    def __init__(self, session: Any) -> None:
        self.get_outputs = session.get_outputs

    def run(self, names: list[str], _: Any) -> list[Any]:
        assert names == ["exact"]
        return [np.array([[False]])]


# ---- Labels of float32 ----


def _lines(name: str) -> list[dict[str, Any]]:
    text = (DATA / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


def _questions(split: str, every: int) -> list[Question]:
    targets = {row["id"]: row for row in _lines("targets")}
    there = [
        Question(claim["text"], claim["speaker"], Target(target, targets[target]["name"]))
        for claim in _lines("claims")
        for target in claim["stances"]
        if targets[target]["split"] == split
    ]
    return there[::every]


@pytest.mark.parametrize(("split", "every"), [("news", 3), ("dev", 6)])
def test_labels_are_those_of_float32(split: str, every: int, classifier: EmbeddedClassifier) -> None:
    """A sample of our own held-out claims; `tests/benchmarks` has all of them: 99.6 %."""
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from annotate.teach.trainable import EmbeddedForm

    questions = _questions(split, every)
    assert len(questions) > 150
    reference = EmbeddedForm(STANCE, "float32").classifier()
    assert reference.shortcut is None or reference.shortcut.close == 0
    wanted = [verdict.scores for verdict in judge(questions, Without(reference))]
    found = [verdict.scores for verdict in judge(questions, classifier)]
    precise = [verdict.scores for verdict in judge(questions, Without(classifier))]
    same = [one.stance == other.stance for one, other in zip(found, wanted, strict=True)]
    assert np.mean(same) >= 0.98
    assert np.abs(_numbers(precise) - _numbers(wanted)).max() < 0.003


def _numbers(scores: list[Scores]) -> Any:
    return np.array([(one.favor, one.neutral, one.against) for one in scores])


class Without:
    """A classifier that offers no shortcut."""

    shortcut = None

    def __init__(self, inner: Any) -> None:
        self.name, self.two_way, self.judge = inner.name, inner.two_way, inner.judge


def test_quick_probabilities_are_near_the_precise_ones(classifier: EmbeddedClassifier, shortcut: Shortcut) -> None:
    pairs = [(q.text, f"{q.speaker or 'The text'} supports {q.target.name}.") for q in _questions("news", 5)]
    exact, quick = (np.array([j[:3] for j in say(pairs)]) for say in (classifier.judge, shortcut.judge))
    assert 0 < np.abs(exact - quick).mean() < 0.008
    assert np.abs(exact - quick).max() < 0.2


# ---- The older form ----


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `annotate train` once wrote it: traced by torch, int8 scaled back to float32, padded and masked."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    transformers = pytest.importorskip("transformers")
    path = tmp_path_factory.mktemp("older")
    sizes = dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48, num_labels=3)
    torch.manual_seed(7)
    config = transformers.BertConfig(**sizes, vocab_size=30522, initializer_range=0.3, attn_implementation="eager")
    _write_older(transformers.BertForSequenceClassification(config).eval(), path / "model.onnx")
    shutil.copy(STANCE / "tokenizer.json", path)
    labels = {0: "entailment", 1: "neutral", 2: "contradiction"}
    told = {"languages": ["en"], "max_tokens": 64, "id2label": labels, "temperature": 1.5, "heads": 2}
    (path / "config.json").write_text(json.dumps(told), encoding="utf-8")
    return path


def _write_older(network: Any, path: Path) -> None:
    import warnings

    import onnx
    import torch
    from onnx import helper, numpy_helper

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = network

        def forward(self, ids: Any, mask: Any, types: Any) -> Any:
            return self.model(input_ids=ids, attention_mask=mask, token_type_ids=types).logits

    names = ["input_ids", "attention_mask", "token_type_ids"]
    options: dict[str, Any] = dict(input_names=names, output_names=["logits"], opset_version=17, dynamo=False)
    options["dynamic_axes"] = {name: {0: "batch", 1: "length"} for name in names}
    example = torch.ones(2, 8, dtype=torch.long)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(Logits().eval(), (example, example, example * 0), str(path), **options)
    model = onnx.load(str(path))
    kept, nodes, added = [], [], []
    for weight in model.graph.initializer:
        value = numpy_helper.to_array(weight)
        if weight.name.startswith("onnx::MatMul") and value.ndim == 2:
            scale = (np.abs(value).max(0) / 127).astype(np.float32)
            parts = {
                "int8": np.rint(value / scale).astype(np.int8),
                "scale": scale,
                "zero": np.zeros(len(scale), np.int8),
            }
            added += [numpy_helper.from_array(part, f"{weight.name}.{name}") for name, part in parts.items()]
            nodes.append(
                helper.make_node("DequantizeLinear", [f"{weight.name}.{n}" for n in parts], [weight.name], axis=1)
            )
        else:
            kept.append(weight)
    assert len(nodes) == 12
    nodes += model.graph.node
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend([*kept, *added])
    model.graph.node.extend(nodes)
    onnx.save(model, str(path))


def test_a_folder_of_the_older_form_still_judges(older: Path) -> None:
    classifier = from_folder(older)
    assert classifier.shortcut is None
    said = classifier.judge(PAIRS)
    shuffled = random.Random(1).sample(PAIRS, len(PAIRS))
    assert dict(zip(shuffled, classifier.judge(shuffled), strict=True)) == dict(zip(PAIRS, said, strict=True))
    assert {pair[0] for pair, j in zip(PAIRS, said, strict=True) if j.truncated} >= {"word " * 400}
    assert not said[0].truncated
    assert len({j[:3] for j in said}) > 10


def test_weights_of_the_older_form_are_read_back_and_written_in_the_new_one(older: Path, tmp_path: Path) -> None:
    from annotate.teach.trainable import trainable

    form = trainable(str(older))
    pairs = PAIRS[6:20]
    wanted = from_folder(older).judge(pairs)
    assert np.allclose([j[:3] for j in form.classifier().judge(pairs)], [j[:3] for j in wanted], atol=1e-5)
    form.write(tmp_path, 1.0)
    again = from_folder(tmp_path)
    assert again.shortcut is not None and again.shortcut.sure == 1.0
    assert np.allclose(
        [j[:3] for j in again.judge(pairs)], [j[:3] for j in wanted], atol=5e-3
    )  # embeddings too are int8 now


def test_what_is_no_bert_is_not_written(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("onnx")
    from annotate.exporting import export

    sizes = dict(hidden_size=24, num_hidden_layers=1, num_attention_heads=2, intermediate_size=48, vocab_size=99)
    other = transformers.RobertaForSequenceClassification(transformers.RobertaConfig(**sizes))
    with pytest.raises(TypeError, match="roberta"):
        export(other, tmp_path / "model.onnx")
