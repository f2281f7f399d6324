"""`croissant.json` is legal Croissant, and describes the newest release to the byte; the datasheet asks the rest."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from conftest import TEXT, as_written, claims_of, make_article, write_claims

from annotate import wire
from annotate.adopting import adopt
from annotate.card import head_of
from annotate.croissant import CONFORMS_TO, CONTEXT
from annotate.records import Claim
from annotate.releases import release

# rdflib, which mlcroissant parses with, still uses a class of its own that it deprecates.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def croissant_of(folder: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((folder / "croissant.json").read_text(encoding="utf-8"))
    return value


@pytest.fixture
def released(corpus: Path) -> Path:
    claims = claims_of(corpus)
    claims[3] = replace(claims[3], stance="against", note='a "note" 🐘\u00a0\u2028')
    write_claims(corpus, claims)
    adopt(corpus, "ana")
    release(corpus)
    return corpus


def dataset_of(folder: Path) -> Any:
    return pytest.importorskip("mlcroissant").Dataset(jsonld=str(folder / "croissant.json"))


def test_mlcroissant_finds_it_legal(released: Path, no_network: None) -> None:
    issues = dataset_of(released).metadata.ctx.issues
    assert not issues.errors
    assert all("is recommended, but does not exist" in warning for warning in issues.warnings)


def test_with_what_a_person_knows_there_is_not_even_a_warning(corpus: Path, no_network: None) -> None:
    card = corpus / "README.md"
    card.write_text(card.read_text(encoding="utf-8").replace("---\n", "---\nlicense: mit\n", 1), encoding="utf-8")
    own = {"citeAs": "@misc{us}", "url": "https://example.org/corpus", "version": "0.0.1", "@type": "x"}
    (corpus / "croissant.json").write_text(json.dumps(own), encoding="utf-8")
    release(corpus)
    found = croissant_of(corpus)
    assert (found["citeAs"], found["url"], found["license"]) == ("@misc{us}", "https://example.org/corpus", "mit")
    assert (found["version"], found["@type"]) == ("1.0.0", "sc:Dataset")
    issues = dataset_of(corpus).metadata.ctx.issues
    assert not issues.errors and not issues.warnings


def plain(value: Any) -> Any:
    """Its records as our lines have them: text for bytes, the last part of each field's id for its key."""
    if isinstance(value, dict):
        return {key.rpartition("/")[2]: plain(inner) for key, inner in value.items()}
    return value.decode() if isinstance(value, bytes) else value


def test_mlcroissant_reads_the_claims_as_they_are(released: Path, no_network: None) -> None:
    rows = [plain(row) for row in dataset_of(released).records("claims")]
    assert len(rows) == 4
    for row, claim in zip(rows, claims_of(released), strict=True):
        line = json.loads(wire.dump(claim))
        line["scores"] = line["prediction"].pop("scores")  # mlcroissant lays inner records side by side
        assert row == line


def test_mlcroissant_reads_articles_and_speakers(released: Path, no_network: None) -> None:
    dataset = dataset_of(released)
    (article,) = map(plain, dataset.records("articles"))
    assert article["text"] == TEXT
    assert article["sha256"] == make_article(TEXT).sha256
    speakers = {row["id"]: row for row in map(plain, dataset.records("speakers"))}
    assert [name.decode() for name in speakers["seun-sam"]["aliases"]] == ["Seun Sam"]
    assert speakers["seun-sam"]["listed"] is True
    (decision,) = [row for row in map(plain, dataset.records("decisions")) if row["field"] == "stance"]
    assert (decision["from"], decision["to"]) == ("favor", "against")


def test_files_are_described_to_the_byte(released: Path, no_network: None) -> None:
    path = released / "releases" / "1.0.0" / "claims.jsonl"
    distribution = {entry["name"]: entry for entry in croissant_of(released)["distribution"]}
    entry = distribution["claims.jsonl"]
    assert released / entry["contentUrl"] == path
    assert entry["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert entry["contentSize"] == f"{path.stat().st_size} B"
    assert set(distribution) == {p.name for p in path.parent.iterdir()} - {"manifest.json"}


def leaves(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for field in found:
        yield from leaves(field["subField"]) if "subField" in field else [field]


def test_every_field_of_a_line_is_described_once(released: Path) -> None:
    (claims,) = [one for one in croissant_of(released)["recordSet"] if one["name"] == "claims"]
    assert [field["name"] for field in claims["field"]] == [field.name for field in fields(Claim)]
    ids = [field["@id"] for field in leaves(claims["field"])]
    assert len(ids) == len(set(ids))
    by_id = {field["@id"]: field for field in leaves(claims["field"])}
    assert by_id["claims/start"]["dataType"] == "sc:Integer"
    assert by_id["claims/prediction/scores/favor"]["source"]["transform"] == {"jsonPath": "scores.favor"}


def test_the_context_is_the_standards(released: Path) -> None:
    pytest.importorskip("mlcroissant")
    from mlcroissant._src.core.context import Context, CroissantVersion
    from mlcroissant._src.core.rdf import make_context

    assert make_context(Context(conforms_to=CroissantVersion.V_1_1)) == CONTEXT
    assert croissant_of(released)["conformsTo"] == CONFORMS_TO


def test_it_follows_the_newest_release(released: Path) -> None:
    claims = claims_of(released)
    write_claims(released, [replace(claims[0], stance="neutral"), *claims[1:]])
    adopt(released, "ana")
    release(released)
    found = croissant_of(released)
    assert found["version"] == "1.0.1"
    assert {entry["contentUrl"].rpartition("/")[0] for entry in found["distribution"]} == {"releases/1.0.1"}


def test_the_datasheet_has_what_is_known_and_asks_the_rest(released: Path) -> None:
    text = (released / "DATASHEET.md").read_text(encoding="utf-8")
    for known in (
        "# Datasheet for summit", "- **the pact** (`pact`)", "1.0.0 holds 4 claims, from 1 article, and 2 speakers",
        "| `pact` | 2 | 0 | 1 |", "a@1", "s@1", "summit 0.1.0", "ana", "3 of 4",
        "Nothing is missing that the software knows of.", "License: TODO",
    ):  # fmt: skip
        assert known in text, known
    assert "$" not in text
    questions = [line for line in text.splitlines() if line.startswith("**")]
    assert len(questions) > 20
    assert all("?" in question for question in questions)
    for part in ("Motivation", "Composition", "Collection process", "Uses", "Distribution", "Maintenance"):
        assert f"## {part}" in text


def test_the_head_of_a_card_names_dataset_and_license(corpus: Path) -> None:
    card = corpus / "README.md"
    head = "---\nlicense: other\nlicense_link: https://example.org/l\npretty_name: The $ummit 🐘\n"
    card.write_text(card.read_text(encoding="utf-8").replace("---\n", head, 1), encoding="utf-8")
    release(corpus)
    assert head_of(card.read_text(encoding="utf-8"))["pretty_name"] == "The $ummit 🐘"
    assert croissant_of(corpus)["name"] == "The $ummit 🐘"
    assert croissant_of(corpus)["license"] == "https://example.org/l"
    assert "# Datasheet for The $ummit 🐘" in (corpus / "DATASHEET.md").read_text(encoding="utf-8")


def test_a_corpus_without_words_says_so(corpus: Path) -> None:
    wire.write(corpus / "articles.jsonl", [replace(make_article(TEXT, "summit"), text="")])
    write_claims(corpus, [replace(claim, text="") for claim in claims_of(corpus)])
    as_written(corpus)
    release(corpus)
    assert "texts are left out" in (corpus / "DATASHEET.md").read_text(encoding="utf-8")
