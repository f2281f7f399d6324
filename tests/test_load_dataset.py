"""A corpus loads with the `datasets` library, by its card and by inference, with no network."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import RO, claims_of, labelled, make_article, make_claim

from annotate import wire
from annotate.codebook import Codebook
from annotate.records import Article, Claim, Speaker
from annotate.writing import writing

datasets = pytest.importorskip("datasets")

HOSTILE = [
    "2024-06-04", "2024-06-04T10:00:00Z", "1e5", "007", "null", "NaN", "true", '{"a":1}', "[]", "\u2028", "\x85", "🐘",
    "👩‍🚀", "\u200fשלום", "=1+1", '{"dtype":"string"}', "stance: class_label", "\ufeff", "e\u0301", "\u00a0",
    "\\u0041", '"',
    *map(chr, range(0x20)),
]  # fmt: skip


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None) -> None:
    cache = str(tmp_path / "cache")
    for name in ("HF_HOME", "HF_DATASETS_CACHE"):
        monkeypatch.setenv(name, cache)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", cache)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


def rows_of(folder: Path, kind: str = "claims") -> list[dict[str, Any]]:
    """The lines as plain values; by their own reader, so that this stays true of any JSON reader."""
    return [json.loads(line) for line in (folder / f"{kind}.jsonl").read_bytes().split(b"\n") if line]


def named(dataset: Any) -> list[dict[str, Any]]:
    """Rows with labels in words."""
    classes = {k: f for k, f in dataset.features.items() if isinstance(f, datasets.ClassLabel)}
    return [row | {k: feature.int2str(row[k]) for k, feature in classes.items()} for row in dataset]


def hostile(folder: Path, codebook: Codebook, texts: list[str]) -> Path:
    """A corpus of one article that is nothing but these texts, each a claim with itself as its note."""
    article, start, claims = make_article("|".join(texts), "hostile"), 0, []
    for text in texts:
        claims.append(make_claim(article, start, start + len(text), note=text))
        start += len(text) + 1
    with writing(folder, codebook) as writer:
        writer.add(labelled(article, claims))
    return folder


def infer(path: Path) -> Any:
    return datasets.load_dataset("json", data_files=str(path), split="train")


def test_the_card_types_the_claims(corpus: Path) -> None:
    loaded = datasets.load_dataset(str(corpus))
    assert list(loaded) == ["train"]
    assert datasets.get_dataset_config_names(str(corpus)) == ["working"]
    assert loaded["train"].features["stance"].names == ["favor", "neutral", "against"]
    assert loaded["train"].features["quotation"].names == ["direct", "indirect", "mixed", "none"]
    assert loaded["train"].features["start"].dtype == "int64"
    assert loaded["train"].features["prediction"]["scores"]["favor"].dtype == "float64"
    assert named(loaded["train"]) == rows_of(corpus)


def test_the_config_is_called_working(corpus: Path) -> None:
    assert len(datasets.load_dataset(str(corpus), "working", split="train")) == len(claims_of(corpus))


def test_hostile_text_loads_by_the_card(tmp_path: Path, codebook: Codebook) -> None:
    folder = hostile(tmp_path / "corpus", codebook, HOSTILE)
    loaded = datasets.load_dataset(str(folder), split="train")
    assert named(loaded) == rows_of(folder)
    assert loaded["text"][:] == HOSTILE


@pytest.mark.parametrize("text", ["1e5", "007", "null", "true", '{"a":1}', "\u2028"])
def test_text_that_all_looks_like_something_else_loads_by_the_card(
    tmp_path: Path, codebook: Codebook, text: str
) -> None:
    folder = hostile(tmp_path / "corpus", codebook, [text])
    assert datasets.load_dataset(str(folder), split="train")["text"][:] == [text]


def test_a_column_of_nothing_but_dates_is_read_as_times_by_the_arrow_reader_whatever_the_card_says(
    tmp_path: Path, codebook: Codebook
) -> None:
    folder = hostile(tmp_path / "corpus", codebook, ["2024-06-04"])
    assert datasets.load_dataset(str(folder), split="train")["text"][:] == ["2024-06-04 00:00:00"]
    assert claims_of(folder)[0].text == "2024-06-04"


def test_an_edited_corpus_loads_as_edited(corpus: Path, edit: Any) -> None:
    edit('"stance":"favor","annotator":""', '"stance":"against","annotator":"ada"')
    loaded = datasets.load_dataset(str(corpus), split="train")
    assert named(loaded)[0]["stance"] == "against"


def test_inference_gives_the_same_values_with_labels_as_strings(corpus: Path) -> None:
    loaded = infer(corpus / "claims.jsonl")
    assert list(loaded) == rows_of(corpus)
    assert loaded.features["stance"].dtype == loaded.features["id"].dtype == "string"


def test_hostile_text_loads_by_inference(tmp_path: Path, codebook: Codebook) -> None:
    folder = hostile(tmp_path / "corpus", codebook, HOSTILE)
    assert list(infer(folder / "claims.jsonl")) == rows_of(folder)


def test_articles_and_speakers_load_by_inference(corpus: Path) -> None:
    for kind in ("articles", "speakers"):
        assert list(infer(corpus / f"{kind}.jsonl")) == rows_of(corpus, kind)


def test_what_datasets_writes_back_is_read_as_the_same_claims(corpus: Path, tmp_path: Path) -> None:
    infer(corpus / "claims.jsonl").to_json(tmp_path / "back.jsonl")
    assert [claim for _, claim in wire.read(tmp_path / "back.jsonl", Claim)] == claims_of(corpus)
    infer(corpus / "speakers.jsonl").to_json(tmp_path / "speakers.jsonl")
    assert [speaker for _, speaker in wire.read(tmp_path / "speakers.jsonl", Speaker)][1] == RO


def test_inference_reads_the_dates_of_articles_as_times_so_say_features_or_read_them_with_annotate(
    tmp_path: Path,
) -> None:
    wire.write(
        tmp_path / "articles.jsonl", [Article.of("One.", date="2024-06-04"), Article.of("Two.", date="2024-06-05")]
    )
    loaded = infer(tmp_path / "articles.jsonl")
    assert loaded.features["date"].dtype == "timestamp[s]"
    assert [row["date"].isoformat() for row in loaded] == ["2024-06-04T00:00:00", "2024-06-05T00:00:00"]
