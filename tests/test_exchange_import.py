"""What a file brings back: decisions, confirmations, nothing twice; and what is wrong with it, one error each."""

import csv
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import FEAR, RO, TEXT, WELCOME, claim_on, claims_of, files_of, labelled, make_article, write_claims

from annotate.__main__ import main
from annotate.adopting import adopt, withdraw
from annotate.checking import check
from annotate.codebook import Codebook
from annotate.corpus import Corpus
from annotate.decisions import read_decisions
from annotate.errors import CorpusError, PendingEdits, TooManyDeletions, UsageError
from annotate.exchanging import export_corpus, import_any, import_file
from annotate.records import Span
from annotate.standoff import strip
from annotate.writing import writing

RECORDED = Path(__file__).parent / "exchange" / "label-studio-export.json"
HARBOUR = (
    "🐘 The harbour plan divides the town. “We welcome it,” Seun Sam said, adding that trade grows.\n"
    "Mr Ro fears the 🐘 in the room\u00a0most.\nThe council will vote on Monday.\n"
)


def decided(folder: Path) -> list[tuple[str, str, str, str]]:
    return [(d.annotator, d.field, d.from_, d.to) for d in read_decisions(folder / "decisions.jsonl")]


@pytest.fixture
def harbour(tmp_path: Path, codebook: Codebook) -> Path:
    """The corpus that the recorded tasks were exported from."""
    article = make_article(HARBOUR, "harbour")
    s, c = HARBOUR.index("Seun Sam"), HARBOUR.index("said")
    source, cue = Span(s, s + 8, "Seun Sam"), Span(c, c + 4, "said")
    claims = [
        claim_on(article, WELCOME, quotation="direct", source=source, cue=cue),
        claim_on(article, WELCOME, target="trade", quotation="direct", source=source, cue=cue),
        claim_on(article, "trade grows", source=source),
        claim_on(article, f"fears {FEAR}", speaker="ro-1"),
        claim_on(article, "The council will vote on Monday.", speaker="narrator", quotation="none"),
    ]
    with writing(tmp_path / "harbour", codebook) as writer:
        writer.add(labelled(article, claims, [RO]))
    return tmp_path / "harbour"


def test_what_a_real_label_studio_exported_is_understood(harbour: Path) -> None:
    """Recorded from Label Studio 1.23.2: a stance changed, a span shortened, a claim deleted, one added."""
    welcome, _, _, fears, council = claims_of(harbour)
    assert str(import_file(harbour, RECORDED, "label-studio", "ana")) == (
        "8 decisions on 6 claims (4 stance, 1 span, 2 claim, 1 note)"
    )
    after = {claim.text: claim for claim in claims_of(harbour)}
    assert after[WELCOME].stance == "favor" and after[WELCOME].target == "trade"
    assert next(claim for claim in claims_of(harbour) if claim.id == welcome.id).stance == "against"
    assert after[fears.text[:-1]].id == fears.id and after[fears.text[:-1]].stance == "favor"
    added = after["The harbour plan divides the town."]
    assert (added.stance, added.speaker, added.note, added.annotator) == ("neutral", "narrator", "=missed 🐘", "ana")
    assert council.id not in {claim.id for claim in claims_of(harbour)}
    assert list(check(Corpus.open(harbour))) == []
    before = files_of(harbour)
    assert import_file(harbour, RECORDED, "label-studio", "ana").claims == 0
    assert files_of(harbour) == before


def test_a_second_annotator_who_says_the_same_agrees(harbour: Path) -> None:
    import_file(harbour, RECORDED, "label-studio", "ana")
    import_file(harbour, RECORDED, "label-studio", "ben")
    assert claims_of(harbour)[0].annotator == "ana+ben"
    assert list(Corpus.open(harbour).log().disputes()) == []


def tasks_of(path: Path) -> list[Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def export_to(corpus: Path, out: Path, form: str) -> Path:
    export_corpus(corpus, out, form)
    return out


def stances(made: list[Any]) -> set[str]:
    return {one["value"]["choices"][0] for one in made[0]["result"] if one.get("from_name") == "stance-pact"}


def test_what_people_decided_goes_out_as_an_annotation_and_comes_back_as_nothing(harbour: Path, tmp_path: Path) -> None:
    import_file(harbour, RECORDED, "label-studio", "ana")
    out = export_to(harbour, tmp_path / "tasks.json", "label-studio")
    (task,) = tasks_of(out)
    assert len(task["annotations"]) == 1 and len(task["predictions"]) == 1
    assert stances(task["annotations"]) == {"against", "favor", "neutral"}
    assert stances(task["predictions"]) == {"favor"}
    assert import_file(harbour, out, "label-studio", "ben").claims == 0


def test_a_skipped_task_says_nothing(harbour: Path, tmp_path: Path) -> None:
    (task,) = tasks_of(RECORDED)
    task["annotations"][0]["was_cancelled"] = True
    (tmp_path / "a.json").write_text(json.dumps([task]), encoding="utf-8")
    assert import_file(harbour, tmp_path / "a.json", "label-studio", "ana").claims == 0


def test_offsets_in_utf16_are_told_by_their_quotations(harbour: Path, tmp_path: Path) -> None:
    """As older versions of Label Studio wrote them."""
    (task,) = tasks_of(RECORDED)
    for one in task["annotations"][0]["result"]:
        for edge in ("start", "end"):
            if edge in one.get("value", {}):
                one["value"][edge] = len(HARBOUR[: one["value"][edge]].encode("utf-16-le")) // 2
    (tmp_path / "a.json").write_text(json.dumps([task]), encoding="utf-8")
    import_file(harbour, tmp_path / "a.json", "label-studio", "ana")
    assert [d for d in decided(harbour) if d[1] == "span"] == [("ana", "span", "100:129", "100:128")]


Spoil = Callable[[Any], None]


def spoilt(name: str, value: object, control: str = "stance-pact") -> Spoil:
    def spoil(task: Any) -> None:
        for one in task["annotations"][0]["result"]:
            if one.get("from_name") == control:
                one["value"][name] = value
                return

    return spoil


def drop(control: str) -> Spoil:
    def spoil(task: Any) -> None:
        result = task["annotations"][0]["result"]
        result.remove(next(one for one in result if one.get("from_name") == control))

    return spoil


def put(key: str, value: object) -> Spoil:
    return lambda task: task["data"].update({key: value})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoilt("choices", ["favour"]), r"json:1: stance: 'favour' is not allowed \(did you mean 'favor'\?\)"),
        (spoilt("text", ["seun-sma"], "speaker"), "speaker: 'seun-sma' is not allowed .did you mean 'seun-sam'"),
        (spoilt("text", [], "speaker"), "speaker: is missing"),
        (spoilt("start", 9000, "span"), r"value\.start: .*is no span"),
        (spoilt("end", 9000, "span"), r"value\.start: .*lies outside the article"),
        (spoilt("text", "other words", "span"), r"value\.start: the article has"),
        (spoilt("labels", ["Claim"], "span"), "a region is labelled Claim"),
        (drop("speaker"), "speaker: is missing"),
        (put("exported", "{}"), "exported: does not say what was exported"),
        (put("exported", '{"article":"other","sha256":"","claims":[]}'), "no article has the id 'other'"),
        (put("exported", '{"article":"harbour","sha256":"","claims":[]}'), "the text of 'harbour' has changed"),
        (lambda task: task["annotations"].append(task["annotations"][0]), "annotations: 2 people annotated this task"),
        (lambda task: task["annotations"][0].update(result=[{}]), "is not what Label Studio writes"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_imported(
    harbour: Path, tmp_path: Path, spoil: Spoil, message: str
) -> None:
    (task,) = tasks_of(RECORDED)
    spoil(task)
    (tmp_path / "a.json").write_text(json.dumps([task]), encoding="utf-8")
    before = files_of(harbour)
    with pytest.raises(CorpusError, match=message):
        import_file(harbour, tmp_path / "a.json", "label-studio", "ana")
    assert files_of(harbour) == before


@pytest.mark.parametrize("form", ["brat", "label-studio", "doccano", "csv", "parquet", "webanno"])
def test_a_file_of_another_format_is_an_error(corpus: Path, tmp_path: Path, form: str) -> None:
    path = tmp_path / "other"
    path.write_bytes(b"\x00\xff not what it should be\n")
    before = files_of(corpus)
    with pytest.raises(CorpusError, match="problems; nothing was imported"):
        import_file(corpus, path, form, "ana")
    assert files_of(corpus) == before


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: list[dict[str, str]], delimiter: str = ",") -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def table(corpus: Path, tmp_path: Path) -> Path:
    return export_to(corpus, tmp_path / "claims.csv", "csv")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stance": "favour"}, r"csv:2: stance: 'favour' is not allowed \(did you mean 'favor'"),
        ({"start": "15"}, r"csv:2: start: the article has .*change start, end and text together"),
        ({"end": "999999"}, "lies outside the article"),
        ({"start": "x"}, "is no span"),
        ({"article": "other"}, "exported: is another claim's row"),
        ({"exported": ""}, "exported: no longer says what was exported"),
        ({"exported": "{"}, "exported: does not say what was exported"),
        ({"id": "", "exported": "", "article": "smmit"}, "did you mean 'summit'"),
        ({"id": "", "exported": "", "target": "pcat"}, "target: 'pcat' is not allowed .did you mean 'pact'"),
        ({"annotator": "bob"}, "annotator: 'bob', but it is 'ana' who decides here"),
        ({"source.start": "3", "source.end": "4", "source.text": "zz"}, r"source\.start: the article has"),
    ],
)
def test_an_illegal_row_is_named(corpus: Path, table: Path, changes: dict[str, str], message: str) -> None:
    rows = rows_of(table)
    rows[0] |= changes
    write_rows(table, rows)
    with pytest.raises(CorpusError, match=message):
        import_file(corpus, table, "csv", "ana")
    assert decided(corpus) == []


def test_a_row_twice_and_a_column_gone_are_named(corpus: Path, table: Path) -> None:
    rows = rows_of(table)
    write_rows(table, [*rows, rows[0]])
    with pytest.raises(CorpusError, match=r"csv:6: id: .* stands twice"):
        import_file(corpus, table, "csv", "ana")
    for row in rows:
        del row["stance"]
    write_rows(table, rows)
    with pytest.raises(CorpusError, match="no column stance"):
        import_file(corpus, table, "csv", "ana")


def test_a_spreadsheet_in_another_country_writes_semicolons_and_reorders(corpus: Path, table: Path) -> None:
    rows = rows_of(table)
    for row in rows:
        row |= {"start": f"{row['start']}.0", "my own": "x"}
    rows[3]["stance"] = "against"
    write_rows(table, rows[::-1], ";")
    import_file(corpus, table, "csv", "ana")
    assert decided(corpus) == [("ana", "stance", "favor", "against")]


def test_ones_name_confirms_in_a_table(corpus: Path, table: Path) -> None:
    rows = rows_of(table)
    rows[2]["annotator"] = "ana"
    write_rows(table, rows)
    import_file(corpus, table, "csv", "ana")
    assert decided(corpus) == [("ana", "stance", "favor", "favor")]
    assert import_file(corpus, table, "csv", "ana").claims == 0


def own_row(rows: list[dict[str, str]], text: str, **changes: str) -> dict[str, str]:
    start = TEXT.index(text)
    return (
        rows[0] | {"id": "", "exported": "", "start": str(start), "end": str(start + len(text)), "text": text} | changes
    )


def test_an_added_row_is_a_claim_and_is_added_once(corpus: Path, table: Path) -> None:
    rows = rows_of(table)
    write_rows(table, [*rows, own_row(rows, "trade grows", stance="neutral", note="'=1+1")])
    import_file(corpus, table, "csv", "ana")
    added = claims_of(corpus)[-1]
    assert (added.text, added.stance, added.note, added.annotator) == ("trade grows", "neutral", "=1+1", "ana")
    assert list(check(Corpus.open(corpus))) == []
    assert import_file(corpus, table, "csv", "ana").claims == 0
    withdraw(corpus, "ana", [added.id])
    assert added.id not in {claim.id for claim in claims_of(corpus)}


def test_a_row_of_ones_own_in_place_of_a_claim_corrects_it(corpus: Path, table: Path) -> None:
    rows = rows_of(table)
    write_rows(table, [*rows[:3], rows[3] | {"id": "", "exported": "", "stance": "against"}])
    import_file(corpus, table, "csv", "ana")
    assert decided(corpus) == [("ana", "stance", "favor", "against")]
    assert len(claims_of(corpus)) == 4


def test_empty_rows_say_nothing(corpus: Path, table: Path) -> None:
    rows = rows_of(table)
    write_rows(table, [*rows, dict.fromkeys(rows[0], "")])
    assert import_file(corpus, table, "csv", "ana").claims == 0


def test_a_claim_that_overlaps_another_is_named(corpus: Path, table: Path) -> None:
    rows = rows_of(table)
    write_rows(table, [*rows, own_row(rows, "welcome it")])
    before = files_of(corpus)
    with pytest.raises(CorpusError, match=r"csv:6: span: .*overlaps.*claims never overlap"):
        import_file(corpus, table, "csv", "ana")
    assert files_of(corpus) == before


def test_many_deletions_are_asked_about(corpus: Path, tmp_path: Path) -> None:
    out = export_to(corpus, tmp_path / "out", "brat")
    (out / "summit.ann").write_text("", encoding="utf-8")
    before = files_of(corpus)
    with pytest.raises(TooManyDeletions, match=r"4 claims are gone; nothing was imported.*--deletions 4"):
        import_file(corpus, out, "brat", "ana")
    assert files_of(corpus) == before
    import_file(corpus, out, "brat", "ana", deletions=4)
    assert claims_of(corpus) == []


def test_a_file_without_any_row_of_an_article_deletes_nothing(corpus: Path, table: Path) -> None:
    table.write_text(table.read_text(encoding="utf-8").split("\n")[0] + "\n", encoding="utf-8")
    assert import_file(corpus, table, "csv", "ana").claims == 0


def test_hand_edits_are_adopted_first(corpus: Path, table: Path) -> None:
    claims = claims_of(corpus)
    write_claims(corpus, [replace(claims[0], stance="against"), *claims[1:]])
    with pytest.raises(PendingEdits, match="annotate adopt"):
        import_file(corpus, table, "csv", "ana")


def change_row(table: Path, index: int, **changes: str) -> None:
    rows = rows_of(table)
    rows[index] |= changes
    write_rows(table, rows)


def test_what_the_corpus_came_to_meanwhile_is_no_decision(corpus: Path, table: Path) -> None:
    """Ana's adopted edit is not in ben's table, which was exported before: he has not said anything against it."""
    claims = claims_of(corpus)
    write_claims(corpus, [*claims[:2], replace(claims[2], stance="against"), claims[3]])
    adopt(corpus, "ana")
    change_row(table, 3, stance="neutral")
    import_file(corpus, table, "csv", "ben")
    assert [claim.stance for claim in claims_of(corpus)] == ["favor", "favor", "against", "neutral"]
    change_row(table, 2, stance="against")
    import_file(corpus, table, "csv", "ben")  # the same as ana's, and said by ben all the same
    assert claims_of(corpus)[2].annotator == "ana+ben"


def test_annotators_who_differ_are_ruled_over(corpus: Path, table: Path) -> None:
    for annotator, stance in (("ana", "against"), ("ben", "neutral")):
        change_row(table, 2, stance=stance)
        done = import_file(corpus, table, "csv", annotator)
    assert len(done.disputes) == 1 and claims_of(corpus)[2].stance == "favor"
    import_file(corpus, table, "csv", "cleo", adjudicate=True)
    assert (claims_of(corpus)[2].stance, claims_of(corpus)[2].annotator) == ("neutral", "cleo")
    assert import_file(corpus, table, "csv", "cleo", adjudicate=True).claims == 0


def test_a_changed_claim_that_is_gone_meanwhile_is_named(corpus: Path, table: Path) -> None:
    claims = claims_of(corpus)
    write_claims(corpus, [*claims[:2], claims[3]])
    adopt(corpus, "ana")
    change_row(table, 2, stance="against")
    with pytest.raises(CorpusError, match="the corpus no longer has it"):
        import_file(corpus, table, "csv", "ben")


def test_a_split_claim_has_one_stance_whichever_part_says_it(tmp_path: Path, codebook: Codebook) -> None:
    article = make_article(TEXT, "summit")
    head = claim_on(article, WELCOME)
    tail = claim_on(article, "trade grows", continues=head.id)
    with writing(tmp_path / "split", codebook) as writer:
        writer.add(labelled(article, [head, tail]))
    out = export_to(tmp_path / "split", tmp_path / "t.json", "label-studio")
    (task,) = tasks_of(out)
    result = task["predictions"][0]["result"]
    for one in result:
        if one["id"] == tail.id and one["from_name"] == "stance-pact":
            one["value"]["choices"] = ["against"]
    task["annotations"] = [{"result": result}]
    out.write_text(json.dumps([task]), encoding="utf-8")
    import_file(tmp_path / "split", out, "label-studio", "ana")
    assert [claim.stance for claim in claims_of(tmp_path / "split")] == ["against", "against"]
    task["annotations"] = [{"result": [one for one in result if one["id"] != head.id]}]
    out.write_text(json.dumps([task]), encoding="utf-8")
    import_file(tmp_path / "split", out, "label-studio", "ana")
    assert [(claim.id, claim.continues) for claim in claims_of(tmp_path / "split")] == [(tail.id, "")]
    withdraw(tmp_path / "split", "ana", [head.id])
    assert {claim.id: claim.continues for claim in claims_of(tmp_path / "split")} == {tail.id: head.id, head.id: ""}


def test_doccano_tells_labels_that_cannot_be(corpus: Path, tmp_path: Path) -> None:
    out = export_to(corpus, tmp_path / "d.jsonl", "doccano")
    row = json.loads(out.read_text(encoding="utf-8"))
    row["entities"][0]["label"] = "pact: favour"
    row["entities"].append({"id": 90, "start_offset": 0, "end_offset": 3, "label": "speaker: seun-sam"})
    row["entities"].append({"id": 91, "start_offset": 0, "end_offset": 99999, "label": "cue"})
    row["relations"].append({"from_id": 90, "to_id": 91, "type": "cue"})
    out.write_text(json.dumps(row), encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        import_file(corpus, out, "doccano", "ana")
    told = str(caught.value)
    assert "'pact: favour' is no label of ours (did you mean 'pact: favor'?)" in told
    assert "has a speaker and no stance" in told and "99999 is no boundary" in told
    assert "not between a claim and its source" in told


def test_doccano_confirms_where_it_says_who_approved(corpus: Path, tmp_path: Path) -> None:
    out = export_to(corpus, tmp_path / "d.jsonl", "doccano")
    row = json.loads(out.read_text(encoding="utf-8")) | {"annotation_approver": "a@example.org"}
    out.write_text(json.dumps(row), encoding="utf-8")
    import_file(corpus, out, "doccano", "ana")
    assert decided(corpus) == [("ana", "stance", "favor", "favor")] * 4


def test_brat_tells_rows_that_are_not_ours(corpus: Path, tmp_path: Path) -> None:
    out = export_to(corpus, tmp_path / "out", "brat")
    with (out / "summit.ann").open("a", encoding="utf-8") as file:
        file.write("E1\tAttack:T1\nT90\tPerson 0 4\tSeun\nT91\tClaim 0 4;9 12\tSeun sai\nA90\tStance T1 against\n")
        file.write("T92\tClaim 0 8\tSeun Sam\n")
    with pytest.raises(CorpusError) as caught:
        import_file(corpus, out, "brat", "ana")
    told = str(caught.value)
    for what in ("no annotation of ours", "'Person' is no type", "leaves words out", "two values", "T92 has no Stance"):
        assert what in told


def test_a_web_annotation_whose_selectors_differ_is_named(corpus: Path, tmp_path: Path) -> None:
    out = export_to(corpus, tmp_path / "out", "webanno")
    page = json.loads((out / "summit.jsonld").read_text(encoding="utf-8"))
    page["items"][0]["target"]["selector"][1]["start"] += 1
    (out / "summit.jsonld").write_text(json.dumps(page), encoding="utf-8")
    with pytest.raises(CorpusError, match=r"jsonld:1: target\.selector: the selectors do not agree"):
        import_file(corpus, out / "summit.jsonld", "webanno", "ana")


def test_of_a_corpus_without_texts_labels_come_back_and_spans_do_not(corpus: Path, tmp_path: Path) -> None:
    strip(corpus, tmp_path / "bare")
    with pytest.raises(CorpusError, match="a stand-off corpus holds no texts to show"):
        export_corpus(tmp_path / "bare", tmp_path / "out", "brat")
    table = export_to(tmp_path / "bare", tmp_path / "bare.csv", "csv")
    assert import_file(tmp_path / "bare", table, "csv", "ana").claims == 0
    change_row(table, 2, stance="against")
    import_file(tmp_path / "bare", table, "csv", "ana")
    assert claims_of(tmp_path / "bare")[2].stance == "against"
    change_row(table, 3, start=str(TEXT.index(FEAR) + 1))
    with pytest.raises(CorpusError, match=r"csv:5: span: .*not here to prove it .first: annotate hydrate"):
        import_file(tmp_path / "bare", table, "csv", "ana")


def test_an_export_shows_what_was_logged_elsewhere(corpus: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    shutil.copytree(corpus, theirs)
    write_claims(theirs, [replace(claim, note="seen") for claim in claims_of(theirs)])
    adopt(theirs, "ben")
    shutil.copy(theirs / "decisions.jsonl", corpus / "decisions.jsonl")
    assert {row["note"] for row in rows_of(export_to(corpus, tmp_path / "claims.csv", "csv"))} == {"seen"}


def test_an_export_replaces_nothing(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "tasks-config.xml").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"tasks-config\.xml: is there already"):
        export_corpus(corpus, tmp_path / "tasks.json", "label-studio")
    assert not (tmp_path / "tasks.json").exists()
    with pytest.raises(UsageError, match="is there already"):
        export_corpus(corpus, tmp_path / "tasks-config.xml", "csv")
    assert (tmp_path / "tasks-config.xml").read_text(encoding="utf-8") == "mine"


def test_wrong_use_is_told(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--format bart: one of brat"):
        export_corpus(corpus, tmp_path / "x", "bart")
    with pytest.raises(UsageError, match="no such file"):
        import_file(corpus, tmp_path / "x", "csv", "ana")
    with pytest.raises(UsageError, match="whose decisions"):
        import_any(corpus, tmp_path, "csv", "")
    with pytest.raises(UsageError, match="leave --annotator"):
        import_any(corpus, tmp_path, "corpus", "ana")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["annotate", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_the_commands(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table, copy = tmp_path / "t.csv", tmp_path / "copy"
    shutil.copytree(corpus, copy)
    assert run(monkeypatch, "export", corpus, table, "--format", "csv") == 0
    assert capsys.readouterr().out == f"{table}: 4 claims for csv\n"
    assert run(monkeypatch, "export", corpus, table, "--format", "csv") == 2
    change_row(table, 2, stance="against")
    assert run(monkeypatch, "import", corpus, table, "--format", "csv") == 2
    assert run(monkeypatch, "import", corpus, table, "--format", "csv", "--annotator", "ana") == 0
    assert "1 decisions on 1 claims (1 stance)" in capsys.readouterr().out
    change_row(table, 2, stance="favour")
    assert run(monkeypatch, "import", corpus, table, "--format", "csv", "--annotator", "ana") == 1
    assert "t.csv:4: stance: 'favour' is not allowed" in capsys.readouterr().err
    change_row(table, 2, stance="neutral")
    assert run(monkeypatch, "import", copy, table, "--format", "csv", "--annotator", "ben") == 0
    assert run(monkeypatch, "import", corpus, copy, "--format", "corpus") == 0
    told = capsys.readouterr()
    assert "1 decisions, 0 articles, 0 claims taken over; decided by ben; 1 fields are disputed" in told.out
    assert "stance is disputed: ana says 'against', ben says 'neutral'" in told.err


def test_a_target_that_cannot_be_written_is_a_failure_not_wrong_use(
    corpus: Path, tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    code, _, err = run("export", corpus, tmp_path / "file" / "out.csv", "--format", "csv")
    assert code == 1 and "cannot be written" in err
    assert run("export", corpus, tmp_path / "file", "--format", "csv")[0] == 2, "it is there already"
