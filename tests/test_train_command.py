"""A stance model from decisions: what counts as decided, what is held out, what is written, and when nothing is.

The base is a tiny network with random weights in the embedded form, so that nothing here says how well training works;
`tests/benchmarks/few_shot.py` does.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("onnx")
pytest.importorskip("sklearn")

from conftest import RO, TEXT, claim_on, claims_of, files_of, labelled, make_article, make_claim  # noqa: E402

from annotate.codebook import Codebook  # noqa: E402
from annotate.corpus import Corpus  # noqa: E402
from annotate.decisions import decide  # noqa: E402
from annotate.embedded import Embedded, folder  # noqa: E402
from annotate.exporting import export  # noqa: E402
from annotate.models import EmbeddedClassifier, stance_classifier  # noqa: E402
from annotate.nli import load_classifier  # noqa: E402
from annotate.records import STANCES, Scores, Stance  # noqa: E402
from annotate.revising import revising  # noqa: E402
from annotate.teach import tuning  # noqa: E402
from annotate.teach.examples import Example, decided  # noqa: E402
from annotate.teach.heldout import Answer, figures, others, parts, temperature  # noqa: E402
from annotate.teach.lesson import is_taught  # noqa: E402
from annotate.teach.trainable import network_of, trainable  # noqa: E402
from annotate.writing import writing  # noqa: E402

Run = Callable[..., tuple[int, str, str]]
LABELS = {0: "entailment", 1: "neutral", 2: "contradiction"}
SIDES: dict[Stance, str] = {"favor": "is a blessing", "neutral": "opens on Monday", "against": "is a mistake"}


def tiny(path: Path, *, seed: int = 3) -> Path:
    """A model of one small layer in the embedded form, with the vocabulary of the embedded ones."""
    path.mkdir()
    sizes: dict[str, Any] = dict(
        hidden_size=24, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48, vocab_size=30522, num_labels=3
    )
    torch.manual_seed(seed)
    network = transformers.BertForSequenceClassification(transformers.BertConfig(**sizes, initializer_range=0.2))
    export(network, path / "model.onnx")
    config = {"languages": ["en"], "max_tokens": 64, "id2label": LABELS, "temperature": 2.0, "heads": 2}
    (path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    shutil.copy(folder("stance-minilm") / "tokenizer.json", path)
    return path


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny(tmp_path_factory.mktemp("models") / "tiny")


def make(folder: Path, codebook: Codebook, articles: int = 6, each: int = 4, skip: int = 0) -> Path:
    """A corpus of articles with `each` claims, all of whose stances ana decided but for the last `skip`."""
    stances: dict[str, Stance] = {}
    with writing(folder, codebook) as writer:
        for number in range(articles):
            sides = [STANCES[(number + place) % 3] for place in range(each)]
            text = "\n".join(f"Seun Sam said the pact {number}{n} {SIDES[s]} 🐘." for n, s in enumerate(sides)) + "\n"
            article = make_article(text, f"a{number}")
            claims = [claim_on(article, f"the pact {number}{n} {SIDES[s]} 🐘.") for n, s in enumerate(sides)]
            stances |= {claim.id: side for claim, side in zip(claims, sides, strict=True)}
            writer.add(labelled(article, claims))
    say(folder, "ana", dict(list(stances.items())[: len(stances) - skip]))
    return folder


def say(folder: Path, who: str, stances: dict[str, Stance]) -> None:
    """Log that an annotator decided these stances."""
    with revising(folder) as revision:
        was = {claim.id: claim.stance for claim in revision.claims()}
        revision.decide(decide(who, id, "stance", was[id], to, "review", "") for id, to in stances.items())
        revision.fold(list(revision.claims()))


@pytest.fixture
def decided_corpus(tmp_path: Path, codebook: Codebook) -> Path:
    return make(tmp_path / "decided", codebook)


# ---- The weights of the embedded form ----


@pytest.mark.parametrize("model", ["stance-minilm", "tiny"])
def test_weights_read_back_give_the_same_logits(model: str, base: Path) -> None:
    path = base if model == "tiny" else folder(model)
    rows = [[101, 2023, 2003, 102, 3000, 102], [101, *range(2000, 2060), 102, 3001, 102]]
    firsts = [4, 62]
    form = trainable(str(base) if model == "tiny" else "")
    inputs = form.inputs([("This is a plain premise.", "Hypothesis."), ("word " * 90, "Another one.")])
    with torch.inference_mode():
        read = form.network(**inputs).logits.numpy()
    ids = [
        row[: int(mask.sum())].tolist() for row, mask in zip(inputs["input_ids"], inputs["attention_mask"], strict=True)
    ]
    own = [len(r) - int(t.sum()) for r, t in zip(ids, inputs["token_type_ids"], strict=True)]
    assert np.allclose(read, Embedded(path).logits(ids, own, precise=True), atol=3e-3)
    network = network_of(path)
    with torch.inference_mode():
        one = network(
            input_ids=torch.tensor([rows[0]]), token_type_ids=torch.tensor([[0] * 4 + [1] * 2])
        ).logits.numpy()
    assert np.allclose(one, Embedded(path).logits(rows[:1], firsts[:1], precise=True), atol=3e-3)


def test_a_file_of_another_form_is_refused(run: Run, base: Path, decided_corpus: Path, tmp_path: Path) -> None:
    other = shutil.copytree(base, tmp_path / "other")
    shutil.copy(folder("attribution-minilm") / "model.onnx", other)
    code, _, said = run("train", decided_corpus, tmp_path / "out", "--model", other)
    assert code == 1 and "not in the embedded form" in said
    (other / "config.json").write_text("{}", encoding="utf-8")
    code, _, said = run("train", decided_corpus, tmp_path / "out", "--model", other)
    assert code == 1 and "config.json" in said and "id2label" in said
    assert not (tmp_path / "out").exists()


# ---- What counts as decided ----


def test_what_stands_decided_counts_and_disputes_do_not(tmp_path: Path, codebook: Codebook) -> None:
    folder = make(tmp_path / "c", codebook, articles=2, skip=1)
    ids = [claim.id for claim in claims_of(folder)]
    say(folder, "bo", {ids[0]: "against"})
    found = decided(Corpus.open(folder), Corpus.open(folder).log())
    assert (len(found.examples), found.disputed, found.lost) == (6, 1, 0)
    assert ids[0] not in {example.claim for example in found.examples}
    first = found.examples[0]
    assert first.favor[0][0].startswith("Seun Sam said: the pact 01") and "supports the pact" in first.favor[0][1]
    assert not decided(Corpus.open(folder), Corpus.open(folder).log(), "trade").examples


def test_parts_are_joined_and_counted_once_and_the_narrator_is_not_named(tmp_path: Path, codebook: Codebook) -> None:
    article = make_article(TEXT, "summit")
    head = claim_on(article, "the pact was good.", speaker="narrator")
    tail = replace(claim_on(article, "We welcome it", speaker="narrator"), continues=head.id)
    with writing(tmp_path / "c", codebook) as writer:
        writer.add(labelled(article, [head, tail], [RO]))
    say(tmp_path / "c", "ana", {head.id: "favor", tail.id: "favor"})
    (example,) = decided(Corpus.open(tmp_path / "c"), Corpus.open(tmp_path / "c").log()).examples
    assert example.favor == (("the pact was good. We welcome it", "The text supports the pact."),)


def test_what_a_person_added_counts(run: Run, corpus: Path) -> None:
    lines = (corpus / "claims.jsonl").read_text(encoding="utf-8").splitlines()
    new = json.loads(lines[-1])
    start = TEXT.index("trade grows")
    new |= {"id": "", "start": start, "end": start + 11, "text": "trade grows", "digest": "", "stance": "against"}
    new |= {"prediction": {}}
    from annotate import wire
    from annotate.records import NO_PREDICTION, text_digest

    line = make_claim(
        make_article(TEXT, "summit"), start, start + 11, id="", stance="against", prediction=NO_PREDICTION
    )
    assert line.digest == text_digest("trade grows")
    (corpus / "claims.jsonl").write_text("\n".join([*lines, wire.dump(line)]) + "\n", encoding="utf-8")
    assert run("adopt", corpus, "--annotator", "ana")[0] == 0
    (example,) = decided(Corpus.open(corpus), Corpus.open(corpus).log()).examples
    assert example.stance == "against" and "trade grows" in example.favor[0][0]


# ---- What is held out ----


def example(number: int, stance: Stance, article: str, score: float = 0.9) -> Example:
    said = f"p{number}"
    return Example(f"c{number}", article, f"{article}:{number}", "pact", stance, ((said, "f"),), ((said, "a"),))


def test_articles_are_held_out_whole_where_there_are_five() -> None:
    many = [example(i, STANCES[i % 3], f"a{i % 7}") for i in range(42)]
    held = parts(many, 1)
    assert held.of == "articles" and sorted(i for part in held.held_out for i in part) == list(range(42))
    for part in held.held_out:
        inside = {many[i].article for i in part}
        assert not inside & {many[i].article for i in range(42) if i not in part}
    assert held == parts(many, 1)
    few = parts([example(i, STANCES[i % 3], f"a{i % 2}") for i in range(16)], 1)
    assert few.of == "passages" and len(few.held_out) == 5


def test_what_holds_the_words_of_a_part_is_kept_from_its_model() -> None:
    some = [example(i, STANCES[i % 3], f"a{i}") for i in range(18)]
    some.append(some[0]._replace(claim="copy", article="a99", passage="a99:0"))
    assert [one.claim for one in others(some, [0, 1])] == [f"c{i}" for i in range(2, 18)]
    assert len(others(some, [2])) == 18


def test_of_a_stance_its_own_decisions_are_counted() -> None:
    some = [example(i, "favor" if i < 5 else "against", f"a{i}") for i in range(20)]
    rows = figures(some, range(20), *[[Scores.of(0.2, 0.6, 0.2)] * 20] * 2).rows
    assert [(row.of, row.name, row.decisions) for row in rows] == [
        ("all", "", 20),
        ("stance", "favor", 5),
        ("stance", "against", 15),
    ]


def test_of_very_many_one_part_is_held_out() -> None:
    held = parts([example(i, STANCES[i % 3], f"a{i % 50}") for i in range(1200)], 1)
    assert len(held.held_out) == 1 and 180 < len(held.held_out[0]) < 300


def test_the_verdict_is_of_the_gain_and_its_interval() -> None:
    some = [example(i, STANCES[i % 3], f"a{i}") for i in range(30)]
    right = [Scores.of(*(0.8 if s == e.stance else 0.1 for s in STANCES)) for e in some]
    wrong = [Scores.of(0.2, 0.6, 0.2)] * 30
    better, same, worse = (
        figures(some, range(30), *sides).rows[0] for sides in ((wrong, right), (right, right), (right, wrong))
    )
    assert (better.verdict, same.verdict, worse.verdict) == ("better", "not better", "not better")
    assert better.gain.value == pytest.approx(1 - 1 / 6) and better.after.value == 1.0
    assert figures(some, range(30), wrong, right).ece[1].value == pytest.approx(0.2)


def test_the_temperature_softens_what_is_too_sure() -> None:
    from annotate.entailment import Judgement

    some = [example(i, "favor" if i % 2 else "against", f"a{i}") for i in range(200)]
    sure = Answer([Judgement(0.98, 0.01, 0.01, False)], [Judgement(0.01, 0.01, 0.98, False)])
    assert temperature([sure] * 200, some) > 3
    assert temperature([sure] * 2, [some[1]] * 2) == 1.0


# ---- The command ----


def test_a_model_is_made_named_on_every_line_and_says_what_it_is(
    run: Run, base: Path, decided_corpus: Path, tmp_path: Path, no_network: None
) -> None:
    out = tmp_path / "out"
    code, said, warned = run("train", decided_corpus, out, "--model", base, "--json")
    found = json.loads(said)
    assert code == 0 and sorted(path.name for path in out.iterdir()) == [
        "README.md",
        "config.json",
        "model.onnx",
        "tokenizer.json",
    ]
    assert found["decisions"] == {"pact": {"favor": 8, "neutral": 8, "against": 8}}
    assert (found["held_out"], found["parts"], found["of"], found["base"][:5]) == (24, 5, "articles", "tiny@")
    assert found["verdict"] in ("better", "perhaps better", "not better")
    assert all(warning in warned for warning in found["warnings"])
    card = (out / "README.md").read_text(encoding="utf-8")
    assert (
        found["model"] in card
        and "annotate relabel CORPUS --model FOLDER" in card
        and "| pact | 8 | 8 | 8 | 24 |" in card
    )
    assert ("NOT better" in card) == (found["verdict"] == "not better")
    assert "🐘" not in card and "blessing" not in card
    assert is_taught(str(out)) and not is_taught(str(base)) and not is_taught("")
    assert run("relabel", decided_corpus, "--model", out)[0] == 0
    names = {claim.prediction.stance_model for claim in claims_of(decided_corpus) if claim.prediction.stance_model}
    assert found["model"] in names and found["model"].startswith("out@")


def test_the_same_decisions_give_the_same_model(run: Run, base: Path, decided_corpus: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert run("train", decided_corpus, tmp_path / name / "m", "--model", base)[0] == 0
    assert files_of(tmp_path / "one" / "m")["model.onnx"] == files_of(tmp_path / "two" / "m")["model.onnx"]
    assert files_of(tmp_path / "one" / "m")["model.onnx"] != (base / "model.onnx").read_bytes()


def test_scores_of_a_trained_model_do_not_depend_on_what_is_judged_beside(
    run: Run, base: Path, decided_corpus: Path, tmp_path: Path
) -> None:
    assert run("train", decided_corpus, tmp_path / "m", "--model", base)[0] == 0
    classifier = stance_classifier(str(tmp_path / "m"))
    assert isinstance(classifier, EmbeddedClassifier)
    pair, others = ("Ann said: Yes.", "Ann supports it."), [("word " * n, "Ann supports it.") for n in range(1, 50)]
    assert np.allclose(classifier.judge([pair])[0][:3], classifier.judge([*others, pair])[-1][:3], atol=1e-5)


def test_a_model_that_transformers_saved_is_written_as_one(run: Run, decided_corpus: Path, tmp_path: Path) -> None:
    from test_nli import bert

    start = bert(tmp_path / "nli", ["CONTRADICTION", "NEUTRAL", "ENTAILMENT"])
    code, said, _ = run("train", decided_corpus, tmp_path / "m", "--model", start, "--json")
    assert code == 0 and not (tmp_path / "m" / "model.onnx").exists()
    assert load_classifier(str(tmp_path / "m")).name == json.loads(said)["model"]


def test_a_two_way_model_and_a_hub_id_are_refused(
    run: Run, decided_corpus: Path, tmp_path: Path, no_network: None
) -> None:
    from test_nli import bert

    two = bert(tmp_path / "two", ["entailment", "not_entailment"])
    code, _, said = run("train", decided_corpus, tmp_path / "m", "--model", two)
    assert code == 1 and "knows no contradiction" in said
    code, _, said = run("train", decided_corpus, tmp_path / "m", "--model", "owner/name")
    assert code == 1 and "hf download owner/name" in said
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("articles", "needed"), [(0, "0 stances are decided"), (3, "12 stances are decided (4 favor, 4 neutral")]
)
def test_too_few_decisions_are_said_with_how_many_are_needed(
    articles: int, needed: str, run: Run, corpus: Path, codebook: Codebook, tmp_path: Path
) -> None:
    folder = make(tmp_path / "c", codebook, articles) if articles else corpus
    code, _, said = run("train", folder, tmp_path / "m")
    assert code == 1 and needed in said and "16 are needed" in said and "annotate review" in said
    assert not (tmp_path / "m").exists()


def test_one_label_alone_teaches_nothing(run: Run, tmp_path: Path, codebook: Codebook) -> None:
    folder = make(tmp_path / "c", codebook)
    say(folder, "ana", {claim.id: "favor" for claim in claims_of(folder)})
    code, _, said = run("train", folder, tmp_path / "m")
    assert code == 1 and "one stance (24 favor, 0 neutral, 0 against)" in said


def test_wrong_use_is_told_before_anything_runs(run: Run, decided_corpus: Path, tmp_path: Path) -> None:
    code, _, said = run("train", decided_corpus, decided_corpus)
    assert code == 2 and "is not empty" in said
    code, _, said = run("train", decided_corpus, tmp_path / "m", "--target", "pakt")
    assert code == 2 and "did you mean 'pact'?" in said
    code, _, said = run("train", decided_corpus, tmp_path / "m", "--target", "trade")
    assert code == 1 and "0 stances are decided" in said
    code, _, said = run("train", decided_corpus, decided_corpus / "claims.jsonl" / "m")
    assert code == 2 and "nothing can be written into" in said


def test_hand_edits_are_adopted_first(run: Run, decided_corpus: Path, tmp_path: Path) -> None:
    path = decided_corpus / "claims.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace('"note":""', '"note":"hm"', 1), encoding="utf-8")
    code, _, said = run("train", decided_corpus, tmp_path / "m")
    assert code == 1 and "annotate adopt" in said


def test_a_missing_extra_is_named(
    run: Run, decided_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    code, _, said = run("train", decided_corpus, tmp_path / "m")
    assert code == 2 and "pip install 'annotate-stance[train]'" in said


@pytest.mark.parametrize("step", [1, 30, 60])
def test_an_interruption_leaves_nothing(
    step: int, run: Run, base: Path, decided_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the first part, in a later one, or while files are written."""
    loss, calls = tuning._loss, 0

    def stop(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == step:
            raise KeyboardInterrupt
        return loss(*arguments)

    monkeypatch.setattr(tuning, "_loss", stop)
    if step == 60:
        monkeypatch.setattr("annotate.teach.teaching.card", lambda _: stop_now())
    before = set(tmp_path.iterdir())
    code, _, said = run("train", decided_corpus, tmp_path / "m", "--model", base)
    assert code == 130 and "Traceback" not in said
    assert set(tmp_path.iterdir()) == before


def stop_now() -> str:
    raise KeyboardInterrupt
