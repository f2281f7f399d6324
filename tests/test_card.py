"""The card's head is made anew, and everything else in it is the user's."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import TOML

from annotate.card import card, features
from annotate.codebook import Codebook
from annotate.errors import CorpusError
from annotate.records import STANCES, Article, Claim


def head_of(text: str) -> dict[str, Any]:
    _, head, _ = text.split("---\n", 2)
    found: dict[str, Any] = yaml.safe_load(head)
    return found


def prose_of(text: str) -> str:
    return text.split("---\n", 2)[2]


def test_a_new_card_has_a_head_and_prose(codebook: Codebook) -> None:
    made = card("", codebook)
    assert head_of(made)["configs"] == [
        {"config_name": "working", "default": True, "data_files": [{"split": "train", "path": "claims.jsonl"}]}
    ]
    assert head_of(made)["language"] == ["en"]
    assert "- **more trade** (`trade`)" in prose_of(made)


def test_a_card_made_again_is_the_same(codebook: Codebook) -> None:
    assert card(card("", codebook), codebook) == card("", codebook)


def test_prose_is_kept_to_the_letter(codebook: Codebook) -> None:
    prose = "\n# Mine\n\n---\nA rule above, --- within, 🐘 and\ttabs.  \n---\n"
    old = card("", codebook).replace(prose_of(card("", codebook)), prose)
    assert card(old, codebook).endswith(f"---\n{prose}")


def test_prose_without_a_head_gets_one(codebook: Codebook) -> None:
    assert prose_of(card("# Mine\n", codebook)) == "# Mine\n"


@pytest.mark.parametrize(
    "old", ["---\n---\n# Mine\n", "---\n# only a comment\n---\n# Mine\n", "\ufeff---\n---  \n# Mine\n"]
)
def test_an_empty_head_is_filled(codebook: Codebook, old: str) -> None:
    made = card(old, codebook)
    assert prose_of(made) == "# Mine\n"
    assert made.count("configs:") == 1


def test_a_head_at_the_end_of_the_file_is_read(codebook: Codebook) -> None:
    assert head_of(card("---\nlicense: mit\n---", codebook))["license"] == "mit"


def test_foreign_keys_are_kept_and_ours_replaced(codebook: Codebook) -> None:
    mine = {
        "license": "cc-by-4.0",
        "language": ["en", "km"],
        "tags": ["ខ្មែរ", "yes", "2024-06-04"],
        "pretty_name": "A: B",
    }
    old = f"---\n{yaml.safe_dump(mine | {'configs': [1], 'dataset_info': 2}, allow_unicode=True)}---\n# Mine\n"
    head = head_of(card(old, codebook))
    assert {key: head[key] for key in mine} == mine
    assert head["configs"][0]["config_name"] == "working"
    assert head["dataset_info"][0]["features"] == features(Claim)


@pytest.mark.parametrize(
    "head", ["license: [mit", "- a\n- b", "just words", "a: b: c", "\tlicense: mit", "when: 2024-13-45"]
)
def test_a_broken_head_is_refused(codebook: Codebook, head: str) -> None:
    with pytest.raises(CorpusError, match=r"README\.md: the head between the --- lines"):
        card(f"---\n{head}\n---\n# Mine\n", codebook)


def test_a_head_without_an_end_is_refused(codebook: Codebook) -> None:
    with pytest.raises(CorpusError, match=r"README\.md: its head has no second line ---"):
        card("---\nlicense: mit\n# Mine\n", codebook)


def test_labels_are_classes_and_offsets_whole_numbers() -> None:
    by_name = {feature["name"]: feature for feature in features(Claim)}
    assert by_name["stance"]["dtype"] == {"class_label": {"names": dict(zip("012", STANCES, strict=True))}}
    assert by_name["start"]["dtype"] == "int64"
    assert by_name["source"]["struct"][2] == {"name": "text", "dtype": "string"}
    assert [f["name"] for f in features(Article)][:2] == ["schema_version", "id"]


def test_the_language_is_the_codebooks(tmp_path: Path) -> None:
    path = tmp_path / "km.toml"
    path.write_text(TOML.replace('id = "summit"', 'id = "summit"\nlanguage = "km"', 1), encoding="utf-8")
    assert head_of(card("", Codebook.read(path)))["language"] == ["km"]
