"""What people change by hand is seen; what editors and data frames change in form is not taken for an edit."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import TEXT, claim_on, claims_of, files_of, labelled, make_article, the_summit, write_claims

from annotate import wire
from annotate.codebook import Codebook
from annotate.corpus import BASE
from annotate.edits import Edit, pending_edits
from annotate.errors import CorpusError, PendingEdits
from annotate.records import NO_PREDICTION, Claim, Prediction
from annotate.writing import writing

ChangeOf = Callable[[Claim], Claim]

WITH_AND_WITHOUT_BASE = pytest.mark.parametrize("base", [True, False], ids=["with base", "without base"])


def edits_of(folder: Path, base: bool = True) -> list[Edit]:
    if not base:
        shutil.rmtree(folder / ".annotate")
    return pending_edits(folder / "claims.jsonl", folder / BASE / "claims.jsonl")


def change_third(folder: Path, **changes: object) -> Claim:
    claims = claims_of(folder)
    claims[2] = replace(claims[2], **changes)  # type: ignore[arg-type]
    write_claims(folder, claims)
    return claims[2]


@WITH_AND_WITHOUT_BASE
@pytest.mark.parametrize(
    ("field", "before", "after"),
    [
        ("stance", "favor", "against"),
        ("speaker", "seun-sam", "ro-1"),
        ("note", "", "irony?"),
        ("annotator", "", "ada"),
        ("end", "47", "46"),
    ],
)
def test_a_changed_value_is_seen(corpus: Path, base: bool, field: str, before: str, after: str) -> None:
    claim = change_third(corpus, **{field: type(getattr(claims_of(corpus)[2], field))(after)})
    assert edits_of(corpus, base) == [Edit("changed", claim.id, 3, field, before, after)]


@WITH_AND_WITHOUT_BASE
def test_a_moved_span_is_seen(corpus: Path, base: bool) -> None:
    start = TEXT.index("welcome")
    change_third(corpus, start=start, end=start + 7, text="welcome")
    assert {"start", "end"} <= {edit.field for edit in edits_of(corpus, base)} <= {"start", "end", "text"}


@WITH_AND_WITHOUT_BASE
def test_changed_words_are_seen(corpus: Path, base: bool) -> None:
    change_third(corpus, text="We reject it!")
    assert [edit.field for edit in edits_of(corpus, base)] == ["text"]


@WITH_AND_WITHOUT_BASE
def test_an_added_line_is_seen(corpus: Path, base: bool) -> None:
    start = TEXT.index("trade grows")
    own = replace(
        claims_of(corpus)[0], id="", start=start, end=start + 11, text="trade grows", prediction=NO_PREDICTION
    )
    write_claims(corpus, [*claims_of(corpus), own])
    assert edits_of(corpus, base) == [Edit("added", "", 5)]


@WITH_AND_WITHOUT_BASE
def test_an_unreadable_line_may_be_an_edit(corpus: Path, base: bool) -> None:
    lines = (corpus / "claims.jsonl").read_bytes().replace(b'"stance":"favor","ann', b'"stance":"pro","ann', 1)
    (corpus / "claims.jsonl").write_bytes(lines)
    assert edits_of(corpus, base)[0] == Edit("unreadable", "", 1)


@WITH_AND_WITHOUT_BASE
def test_an_edited_prediction_is_seen(corpus: Path, base: bool, edit: Callable[[str, str], None]) -> None:
    edit('"speaker_reason":"named"', '"speaker_reason":"guess"')
    (found,) = edits_of(corpus, base)
    assert found.field in ("prediction.speaker_reason", "prediction.seal")


def test_a_deleted_line_is_seen_by_the_base_snapshot(corpus: Path) -> None:
    first, *rest = claims_of(corpus)
    write_claims(corpus, rest)
    assert edits_of(corpus) == [Edit("deleted", first.id, 0)]


def test_changes_come_in_the_order_of_lines_and_deletions_last(corpus: Path) -> None:
    one, two, three, four = claims_of(corpus)
    write_claims(corpus, [replace(four, note="x"), replace(two, id=""), replace(one, note="y")])
    found = edits_of(corpus)
    assert [(edit.kind, edit.line) for edit in found] == [
        ("changed", 1),
        ("added", 2),
        ("changed", 3),
        ("deleted", 0),
        ("deleted", 0),
    ]
    assert {edit.claim for edit in found[3:]} == {two.id, three.id}


def test_a_repeated_line_counts_as_added(corpus: Path) -> None:
    claims = claims_of(corpus)
    write_claims(corpus, [*claims, claims[0]])
    assert edits_of(corpus) == [Edit("added", claims[0].id, 5)]


def test_any_other_field_is_named_too(corpus: Path, edit: Callable[[str, str], None]) -> None:
    edit('"source":{"start":0,"end":0', '"source":{"start":0,"end":8')
    (found,) = edits_of(corpus)
    assert (found.field, found.before, found.after) == ("source.end", "0", "8")
    file = corpus / "claims.jsonl"
    assert str(found.problem) == f"{file}:1: source.end: changed by hand from '0' to '8'"


def reordered(content: str) -> str:
    return "".join(reversed(content.splitlines(keepends=True)))


def keys_reordered(content: str) -> str:
    return "".join(json.dumps(dict(reversed(json.loads(line).items()))) + "\n" for line in content.splitlines())


FORMS: dict[str, Callable[[str], str]] = {
    "lines in another order": reordered,
    "keys in another order, escapes": keys_reordered,
    "12.0 for 12": lambda text: text.replace('"start":14,', '"start":14.0,').replace('"end":0', '"end":0.0'),
    "another way to write scores": lambda text: text.replace("0.91", "0.9100").replace("0.07", "7e-2"),
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "a byte-order mark": lambda text: "\ufeff" + text,
    "a blank line at the end": lambda text: text + "\n",
    "no line end at the end": lambda text: text.removesuffix("\n"),
    "blanks between": lambda text: text.replace('":', '" : ').replace(',"', ', "'),
}


@WITH_AND_WITHOUT_BASE
@pytest.mark.parametrize("form", FORMS)
def test_form_is_no_edit(corpus: Path, base: bool, form: str) -> None:
    path = corpus / "claims.jsonl"
    text = path.read_text(encoding="utf-8")
    path.write_bytes(FORMS[form](text).encode())
    assert path.read_bytes() != text.encode()
    assert edits_of(corpus, base) == []


def test_a_score_of_1_is_1_point_0(corpus: Path, codebook: Codebook) -> None:
    article, (claim, *_), speakers, _ = the_summit()
    said: Prediction = replace(claim.prediction, speaker_score=1.0).sealed(claim.id)
    with writing(corpus, codebook) as writer:
        writer.add(labelled(article, [replace(claim, prediction=said)], speakers))
    path = corpus / "claims.jsonl"
    path.write_text(
        path.read_text(encoding="utf-8").replace('"speaker_score":1.0', '"speaker_score":1'), encoding="utf-8"
    )
    assert edits_of(corpus) == edits_of(corpus, base=False) == []


def label_again(folder: Path, codebook: Codebook) -> None:
    with writing(folder, codebook) as writer:
        writer.add(the_summit())


def test_labelling_again_without_edits_gives_the_same_bytes(corpus: Path, codebook: Codebook) -> None:
    before = files_of(corpus)
    label_again(corpus, codebook)
    assert files_of(corpus) == before


EDITS: dict[str, ChangeOf] = {
    "stance": lambda claim: replace(claim, stance="neutral"),
    "note": lambda claim: replace(claim, note="look again"),
    "own line": lambda claim: replace(claim, id="", prediction=NO_PREDICTION),
}


@WITH_AND_WITHOUT_BASE
@pytest.mark.parametrize("what", EDITS)
def test_labelling_again_refuses_while_edits_are_pending(
    corpus: Path, codebook: Codebook, base: bool, what: str
) -> None:
    write_claims(corpus, [EDITS[what](claims_of(corpus)[0]), *claims_of(corpus)[1:]])
    if not base:
        shutil.rmtree(corpus / ".annotate")
    before = files_of(corpus)
    with pytest.raises(PendingEdits, match="nothing was written") as caught:
        label_again(corpus, codebook)
    assert caught.value.problems
    assert files_of(corpus) == before


def test_labelling_again_refuses_a_damaged_log(corpus: Path, codebook: Codebook) -> None:
    (corpus / "decisions.jsonl").write_text("{}\n", encoding="utf-8")
    before = files_of(corpus)
    with pytest.raises(CorpusError, match="log of decisions is damaged"):
        label_again(corpus, codebook)
    assert files_of(corpus) == before


def test_labelling_again_refuses_to_overwrite_an_edited_codebook_but_takes_it(corpus: Path, codebook: Codebook) -> None:
    path = corpus / "codebook.toml"
    path.write_text(path.read_text(encoding="utf-8") + "# my guidance\n", encoding="utf-8", newline="\n")
    with pytest.raises(PendingEdits, match=r"codebook\.toml: changed by hand"):
        label_again(corpus, codebook)
    label_again(corpus, Codebook.read(path))
    assert path.read_text(encoding="utf-8").endswith("# my guidance\n")


@pytest.mark.parametrize("name", ["claims.jsonl", "README.md", "codebook.toml", "speakers.jsonl"])
def test_a_file_saved_while_a_command_runs_is_not_overwritten(corpus: Path, codebook: Codebook, name: str) -> None:
    path = corpus / name
    saved = path.read_bytes() + b"\n"
    with pytest.raises(CorpusError, match="changed while this command ran"), writing(corpus, codebook) as writer:  # noqa: PT012
        writer.add(the_summit())
        path.write_bytes(saved)
    assert path.read_bytes() == saved


# ---- Data frames ----


def through_pandas(path: Path, **options: object) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_json(path, lines=True, **options)
    frame.to_json(path, orient="records", lines=True, force_ascii=False)


def test_the_safe_pandas_round_trip_is_no_edit(corpus: Path, codebook: Codebook) -> None:
    hostile = ["2024-06-04", "1e5", "null", "007"]
    write_hostile(corpus, codebook, hostile)
    through_pandas(corpus / "claims.jsonl", dtype=False)
    assert edits_of(corpus) == []
    assert [claim.text for claim in claims_of(corpus)] == hostile


def test_the_plain_pandas_round_trip_is_no_edit_for_ordinary_text(corpus: Path) -> None:
    through_pandas(corpus / "claims.jsonl")
    assert edits_of(corpus) == []


@pytest.mark.parametrize("text", ["1e5", "007"])
def test_plain_read_json_turns_text_into_numbers_where_every_text_looks_like_one_so_say_dtype_false(
    corpus: Path, codebook: Codebook, text: str
) -> None:
    write_hostile(corpus, codebook, [text])
    through_pandas(corpus / "claims.jsonl")
    ((_, found),) = wire.read(corpus / "claims.jsonl", Claim)
    assert isinstance(found, list)
    assert found[0].field == "text", "the damage is reported, never read as another text"
    assert edits_of(corpus)[0].kind == "unreadable"


def write_hostile(folder: Path, codebook: Codebook, texts: list[str]) -> None:
    """A corpus of one article that is nothing but these texts, each a claim."""
    shutil.rmtree(folder)
    article = make_article("|".join(texts), "hostile")
    with writing(folder, codebook) as writer:
        writer.add(labelled(article, [claim_on(article, text) for text in texts]))
