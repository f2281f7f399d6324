"""The embedded models as they ship: what they say does not depend on what else is judged."""

import json
from pathlib import Path

import numpy as np
import pytest

from annotate.attribution import (
    ROLES,
    STRIDE,
    SURE,
    WINDOW,
    Attributor,
    Part,
    Roles,
    joined,
    supported,
    tokenize,
    viterbi,
)
from annotate.embedded import CLS, SEP, Embedded, folder, load_tokenizer
from annotate.errors import ModelError
from annotate.models import EMBEDDED, EmbeddedClassifier, embedded, stance_classifier
from annotate.sentences import sentences

MODELS = Path(__file__).parents[1] / "models"


@pytest.fixture(scope="module")
def classifier() -> EmbeddedClassifier:
    return EmbeddedClassifier(Embedded(folder("stance-minilm")))


@pytest.fixture(scope="module")
def attributor() -> Attributor:
    return Attributor()


def test_all_of_models_stays_small_and_holds_no_pickle() -> None:
    files = [path for path in MODELS.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(path.stat().st_size for path in files) < 60_000_000
    assert not {path.suffix for path in files} & {".bin", ".pt", ".pth", ".pkl", ".ckpt"}


def test_every_embedded_model_has_a_card_a_log_and_a_recipe() -> None:
    for name in EMBEDDED:
        for file in ("README.md", "LOG.md", "recipe.py", "config.json", "tokenizer.json", "model.onnx"):
            assert (MODELS / name / file).is_file(), f"{name}/{file}"
    assert [entry["name"].split("@")[0] for entry in embedded()] == list(EMBEDDED)


def test_the_default_and_the_name_mean_the_embedded_model() -> None:
    assert stance_classifier().name == stance_classifier("stance-minilm").name
    assert stance_classifier().name.startswith("stance-minilm@")


def test_a_model_that_is_not_there_is_named() -> None:
    with pytest.raises(ModelError, match="no-such-model"):
        folder("no-such-model")


def test_the_tokenizer_neither_pads_nor_cuts() -> None:
    tokenizer = load_tokenizer(MODELS / "stance-minilm" / "tokenizer.json")
    assert len(tokenizer.encode("word " * 300, add_special_tokens=False).ids) == 300
    assert len(tokenizer.encode("word", add_special_tokens=False).ids) == 1


def test_a_pair_is_judged_the_same_whatever_is_judged_beside_it(classifier: EmbeddedClassifier) -> None:
    pair = ("Ann Lee said: The talks are a step in the right direction.", "Ann Lee supports the talks.")
    others = [(f"Tom Roe said: {'a longer claim ' * n}", "Tom Roe opposes the talks.") for n in range(1, 40)]
    alone = classifier.judge([pair])[0]
    beside = classifier.judge([*others, pair])[-1]
    assert np.allclose(alone[:3], beside[:3], atol=1e-5)
    assert sum(alone[:3]) == pytest.approx(1.0, abs=1e-5)


def test_a_claim_longer_than_the_model_reads_is_reported(classifier: EmbeddedClassifier) -> None:
    short, long = classifier.judge([("Yes.", "He agrees."), ("word " * 400, "He agrees.")])
    assert (short.truncated, long.truncated) == (False, True)


def test_it_tells_plain_favor_from_plain_opposition(classifier: EmbeddedClassifier) -> None:
    favor, against = classifier.judge(
        [
            (
                "Ann Lee said: I welcome the new ferry line, it will bring our islands closer.",
                "Ann Lee supports the ferry line.",
            ),
            (
                "Ann Lee said: The ferry line is a dangerous mistake and must be stopped.",
                "Ann Lee supports the ferry line.",
            ),
        ]
    )
    assert favor.entailment > 0.5
    assert against.contradiction > 0.5


def test_it_finds_source_cue_and_content(attributor: Attributor) -> None:
    text = "Mayor Ann Lee said that the ferry line would open in June."
    roles = attributor.roles(text)
    said = {name: [text[p.start : p.end] for p in parts] for name, parts in zip(ROLES, roles, strict=True)}
    assert said["source"] == ["Mayor Ann Lee"]
    assert said["cue"] == ["said"]
    assert len(said["content"]) == 1
    assert "the ferry line would open in June" in said["content"][0]


def test_an_empty_text_has_no_roles(attributor: Attributor) -> None:
    assert attributor.roles(" \n ") == ([], [], [])


def test_windows_cover_every_token_of_a_long_article(attributor: Attributor) -> None:
    tokenizer = load_tokenizer(MODELS / "attribution-minilm" / "tokenizer.json")
    for size in (1, WINDOW - 1, WINDOW, WINDOW + 1, WINDOW + STRIDE, 1000):
        scores = attributor.scores(tokenize("word " * size, tokenizer))
        assert scores.shape == (size, len(ROLES), 3)
        assert np.allclose(scores.sum(-1), 1.0)


def test_no_span_goes_on_from_outside() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        path = viterbi(np.log(rng.dirichlet(np.ones(3), size=30)))
        assert all(not (before == 0 and after == 2) for before, after in zip([0, *path], path, strict=False))


def test_offsets_point_into_the_text_as_it_is() -> None:
    tokenizer = load_tokenizer(MODELS / "attribution-minilm" / "tokenizer.json")
    text = "Zoë\u00a0said 🙂 “no”.\r\nE\u0301mile agreed."
    tokens = tokenize(text, tokenizer)
    for start, end in tokens.offsets:
        assert 0 <= start <= end <= len(text)
    assert text[slice(*tokens.offsets[0])] == "Zoë"
    assert json.loads((MODELS / "attribution-minilm" / "config.json").read_text())["languages"] == ["en"]


def test_a_text_cannot_hold_the_marks_that_part_premise_and_hypothesis() -> None:
    tokenizer = load_tokenizer(folder("stance-minilm") / "tokenizer.json")
    assert not {CLS, SEP} & set(tokenizer.encode("[CLS] we agree [SEP] we differ", add_special_tokens=False).ids)


def roles(text: str, **marked: list[tuple[str, float]]) -> Roles:
    """The words of `text`, each with a score, by role."""
    spans = ([Part(text.index(w), text.index(w) + len(w), s) for w, s in marked.get(r, [])] for r in ROLES)
    return Roles(*spans)


def test_a_doubtful_content_needs_a_source_or_cue_beside_it_and_no_sure_one() -> None:
    text = "Doe said it rains. It snows. Roe told us it melts, it drips."

    def kept(**marked: list[tuple[str, float]]) -> list[str]:
        return [text[p.start : p.end] for p in supported(roles(text, **marked), sentences(text))]

    assert kept(content=[("it rains", 0.6), ("It snows", 0.6)], cue=[("said", 0.9)]) == ["it rains"]
    assert kept(content=[("It snows", SURE)]) == ["It snows"]
    assert kept(content=[("It snows", 0.6)], source=[("It", 0.9)]) == []
    assert kept(content=[("it melts", 0.6), ("it drips", 0.9)], cue=[("told", 0.9)]) == ["it drips"]


def test_contents_that_touch_are_one_within_a_sentence() -> None:
    text = "It rains and it snows. It melts, it drips."
    parts = roles(
        text, content=[("It rains", 0.6), ("and it snows.", 0.9), ("It melts", 0.8), ("it drips", 0.8)]
    ).contents
    made = joined(text, parts, sentences(text))
    assert [text[p.start : p.end] for p in made] == ["It rains and it snows.", "It melts", "it drips"]
    assert 0.6 < made[0].score < 0.9
