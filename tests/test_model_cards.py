"""The bench as a whole, with models that answer at once, and the cards of the models, whose tables it writes."""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))

import bench
import cards
import held_out
import metrics
import public
import quality
import robustness
import speaking
from metrics import Table

from annotate.entailment import Judgement

CARD = """# A model

Prose with 12.3 % in it.

<!-- quality: own / Held-out targets -->
| old | table |
|---|---|
| 1 | 2 |
<!-- /quality -->

More prose.

<!-- quality: nli / NLI -->
<!-- /quality -->
"""
OWN = {"own": [Table("Another", ["a"], [[1]]), Table("Held-out targets", ["a", "b"], [[1, 0.5]], "A note.")]}
REAL = sorted(cards.MODELS.glob("*/README.md"))


def test_a_table_is_written_between_its_markers_and_the_rest_is_left_alone() -> None:
    filled = cards.filled(CARD, OWN)
    table = "\n\nA note.\n\n| a | b |\n| --- | --- |\n| 1 | 50.0 |\n\n"
    old = "\n| old | table |\n|---|---|\n| 1 | 2 |\n"
    assert filled == CARD.replace(old, table)
    assert cards.filled(filled, OWN) == filled
    assert cards.filled(CARD, {}) == CARD


def test_a_title_that_was_not_measured_is_named() -> None:
    with pytest.raises(ValueError, match="no table own / Held-out targets; there are Another"):
        cards.filled(CARD, {"own": OWN["own"][:1]})


@pytest.mark.parametrize(
    "card",
    [
        CARD.replace("<!-- /quality -->", "", 1),
        CARD + "<!-- /quality -->\n",
        CARD + "<!-- quality: nli -->\n<!-- /quality -->\n",
        CARD.replace("<!-- quality: nli", "<!--quality: nli"),
    ],
)
def test_a_marker_without_its_partner_is_refused_before_anything_is_replaced(card: str) -> None:
    with pytest.raises(ValueError, match="a marker has no partner"):
        cards.filled(card, OWN)


@pytest.mark.parametrize("path", REAL, ids=[path.parent.name for path in REAL])
def test_the_cards_have_places_for_the_tables_of_their_model(path: Path) -> None:
    sections = {section for section, _ in cards.places(path.read_text(encoding="utf-8"))}
    attribution = {"attribution", "speakers"}
    wanted = attribution if "attribution" in path.parent.name else quality.SECTIONS.keys() - attribution
    assert sections == wanted


class Neutral:
    """A classifier that thinks nothing follows."""

    name, two_way, shortcut = "neutral@1", False, None

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        return [Judgement(0.1, 0.8, 0.1, False) for _ in pairs]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of data of a few rows, and a stance model that answers at once."""
    text = "Mayor Ann Lee said that the ferry line would open in June."
    attribution = {"source": [[0, 13]], "cue": [[14, 18]], "content": [[24, 57]]}
    stances = [("favor", "It helps."), ("neutral", "It is Monday."), ("against", "It harms.")]
    rows: dict[str, list[dict[str, Any]]] = {
        "attribution": [{"text": text, "attributions": [attribution]}],
        "nli": [{"premise": "It rains.", "hypothesis": "It pours.", "label": "neutral"}] * 2,
        "stance": [
            {"dataset": "one", "text": text, "target": "the line", "holder": "", "label": label}
            for label, text in stances
        ],
    }
    for name, lines in rows.items():
        (tmp_path / name).mkdir()
        with gzip.open(tmp_path / name / "dev.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
    resolved = {"sha256": speaking.sha256(text), "attributions": [{"kind": "person", "name": [[6, 13]]}]}
    monkeypatch.setattr(speaking, "gold", lambda: {resolved["sha256"]: resolved})
    for module in (held_out, public, robustness, quality):
        monkeypatch.setattr(module, "classifier", lambda _: Neutral())
    monkeypatch.setattr(held_out, "remembered", lambda _: bench.Remembered(bench.Timed(Neutral())))
    monkeypatch.setattr(metrics, "RESAMPLES", 20)
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["quality.py", *map(str, arguments)])
    quality.main()


def test_one_command_measures_all_and_writes_the_cards(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in REAL:
        (data / "models" / path.parent.name).mkdir(parents=True)
        shutil.copy(path, data / "models" / path.parent.name)
    run(monkeypatch, "--data", data, "--json", data / "figures.json", "--cards", data / "models")
    printed = capsys.readouterr()
    figures = json.loads((data / "figures.json").read_text(encoding="utf-8"))
    assert list(figures) == ["run", *quality.SECTIONS]
    assert figures["run"]["stance_model"] == "neutral@1" and figures["run"]["seed"] == 1
    assert "skipped" not in printed.err and printed.err.count("tables rewritten") == len(REAL)
    for path in REAL:
        old = path.read_text(encoding="utf-8")
        new = (data / "models" / path.parent.name / "README.md").read_text(encoding="utf-8")
        assert cards.places(new) == cards.places(old)
        assert cards.PLACE.sub("", new) == cards.PLACE.sub("", old)
        assert all(table["table"].count("\n| --- |") == 1 for table in cards.PLACE.finditer(new))
    assert "| all | 100.0" in printed.out  # the speaker of the one claim


def test_a_section_without_its_data_is_skipped_and_named(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(data / "nli")
    run(monkeypatch, "--data", data, "--only", "nli,plain")
    printed = capsys.readouterr()
    assert "nli: skipped, there is no" in printed.err
    assert "## plain" in printed.out and "## nli" not in printed.out


@pytest.mark.parametrize(
    "wrong", [["--only", "nil"], ["--cards", "--limit", "5"], ["--cards", "--model", "x"], ["--seed", "one"]]
)
def test_wrong_use_ends_with_two(
    wrong: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(monkeypatch, *wrong)
    assert capsys.readouterr().err.startswith("usage:")


def test_a_pair_that_is_remembered_is_not_judged_again() -> None:
    timed = bench.Timed(Neutral())
    remembered = bench.Remembered(timed)
    asked = [("a", "b"), ("a", "b"), ("c", "d")]
    assert remembered.judge(asked) == remembered.judge(asked)
    assert timed.pairs == 2
