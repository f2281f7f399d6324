"""Every invariant of a corpus: one clear problem where it is broken, none where it holds.

A file dropped in `lines/valid/` or `lines/invalid/` becomes a test: named `KIND-WHAT.jsonl`, it takes the
place of the file KIND.jsonl of the corpus that conftest.py makes (claims are dropped with their articles or
speakers). `check` must find nothing, or the problems that `KIND-WHAT.expect` lists, one a line.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import FEAR, TEXT, WELCOME, claim_on, claims_of, make_article, make_claim, the_summit, write_claims

from annotate import jobs, texts, wire
from annotate.checking import check
from annotate.codebook import Codebook
from annotate.comparison import Difference
from annotate.corpus import Corpus, Labelled
from annotate.errors import CorpusError
from annotate.jobs import findings
from annotate.records import NO_PREDICTION, Article, Claim, Scores, Span
from annotate.writing import writing

LINES = Path(__file__).parent / "lines"

Edit = Callable[[str, str], None]


def problems(folder: Path) -> list[str]:
    """What `check` says, the folder's name left out."""
    return [str(problem).replace(f"{folder}/", "") for problem in check(Corpus.open(folder))]


def change(folder: Path, line: int, **changes: object) -> None:
    claims = claims_of(folder)
    claims[line - 1] = replace(claims[line - 1], **changes)  # type: ignore[arg-type]
    write_claims(folder, claims)


def put(lines: Path, folder: Path) -> None:
    kind = lines.name.split("-")[0]
    assert kind in wire.KINDS, f"{lines.name} should begin with articles-, claims- or speakers-"
    shutil.copyfile(lines, folder / f"{kind}.jsonl")
    if kind != "claims":
        (folder / "claims.jsonl").write_bytes(b"")


@pytest.mark.parametrize("lines", sorted((LINES / "valid").glob("*.jsonl")), ids=lambda path: path.stem)
def test_valid_lines(lines: Path, corpus: Path) -> None:
    put(lines, corpus)
    assert problems(corpus) == []


@pytest.mark.parametrize("lines", sorted((LINES / "invalid").glob("*.jsonl")), ids=lambda path: path.stem)
def test_invalid_lines(lines: Path, corpus: Path) -> None:
    put(lines, corpus)
    assert problems(corpus) == lines.with_suffix(".expect").read_text(encoding="utf-8").splitlines()


DECIDED = (
    '{"schema_version":"v1","time":"2026-01-01T00:00:00.000000Z","annotator":"ana","claim":"c1","field":"note",'
    '"from":"","to":"hm","mode":"edit","corpus_version":""}\n'
)
REMOVED = (
    '{"schema_version":"v1","time":"2026-01-01T00:00:00.000000Z","article":"a1","sha256":"","claims":3,"reason":"x"}\n'
)


@pytest.mark.parametrize(
    ("name", "lines", "said"),
    [
        ("decisions.jsonl", DECIDED + "\n" + DECIDED, []),
        ("decisions.jsonl", DECIDED + '{"annotator":\n' + DECIDED, ["decisions.jsonl:2: not JSON"]),
        (
            "decisions.jsonl",
            DECIDED.replace("ana", "a na") + DECIDED.replace("edit", "edits"),
            [
                "decisions.jsonl:1: annotator: 'a na' is not an id",
                "decisions.jsonl:2: mode: 'edits' is not allowed (did you mean 'edit'?)",
            ],
        ),
        (
            "decisions.jsonl",
            DECIDED.replace("note", "span"),
            ["decisions.jsonl:1: from: '' is no span", ":1: to: 'hm'"],
        ),
        ("decisions.jsonl", DECIDED.replace("note", "claim"), ["decisions.jsonl:1: to: 'hm' is no claim"]),
        ("decisions.jsonl", DECIDED.replace("note", "stance").replace('""', '"favor"', 1), ["to: 'hm' is no stance"]),
        ("decisions.jsonl", DECIDED + DECIDED[:40], ["decisions.jsonl:2: the last line is torn"]),
        ("removals.jsonl", REMOVED * 2, []),
        (
            "removals.jsonl",
            REMOVED + REMOVED.replace("3", '"3"'),
            ["removals.jsonl:2: claims: '3' is not a whole number"],
        ),
        (
            "removals.jsonl",
            REMOVED + "x\n" + REMOVED[:20],
            ["removals.jsonl:2: not JSON", "removals.jsonl:3: the last"],
        ),
    ],
)
def test_lines_of_the_log_and_of_removals(corpus: Path, name: str, lines: str, said: list[str]) -> None:
    (corpus / name).write_text(lines, encoding="utf-8", newline="\n")
    found = problems(corpus)
    assert len(found) == len(said)
    assert all(part in line for part, line in zip(said, found, strict=True)), found
    if said and name == "decisions.jsonl":
        with pytest.raises(CorpusError, match="the log of decisions is damaged"):
            Corpus.open(corpus).log()


def test_findings_come_one_by_one_and_edits_by_line(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claims = claims_of(corpus)
    own = replace(claims[1], id="", start=0, end=8, text="Seun Sam", digest="", prediction=NO_PREDICTION)
    write_claims(corpus, [replace(claims[3], note="b"), own, replace(claims[0], stance="against"), claims[2]])
    (corpus / "decisions.jsonl").write_text("{\n", encoding="utf-8")
    found = [(is_edit, problem.line) for is_edit, problem in findings(corpus)]
    assert [line for is_edit, line in found if is_edit] == [1, 2, 3, 0]
    assert [line for is_edit, line in found if not is_edit].count(1) == 1, "a bad line of the log is told once"
    told: list[Difference] = []
    real = jobs.edits_of
    monkeypatch.setattr(jobs, "edits_of", lambda one: told.append(one) or real(one))
    stream = findings(corpus)
    next(problem for is_edit, problem in stream if is_edit)
    assert len(told) == 1, "the next is not looked for before it is asked for"


def test_check_prints_problems_and_edits_apart(corpus: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    change(corpus, 2, stance="against")
    change(corpus, 3, speaker="nobody")
    file = corpus / "claims.jsonl"
    assert run("check", corpus) == (
        1,
        (
            f"edit: {file}:2: stance: changed by hand from 'favor' to 'against'\n"
            f"edit: {file}:3: speaker: changed by hand from 'seun-sam' to 'nobody'\n"
            f"{corpus}: 1 problems, 2 hand edits\n"
        ),
        f"{file}:3: speaker: 'nobody' is in no line of speakers.jsonl (add a line for this speaker there)\n",
    )
    code, out, err = run("check", corpus, "--json")
    value = json.loads(out)
    assert (code, err, len(value["problems"]), len(value["edits"])) == (1, "", 1, 2)


def test_a_corpus_that_the_software_wrote_has_no_problems(corpus: Path) -> None:
    assert problems(corpus) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"text": "We reject it"},
            "text: the article has 'We welcome it' at [34, 47) (copy the text from the article)",
        ),
        ({"start": 33, "end": 46}, "text: the article has '“We welcome i' at [33, 46) (the text stands at [34, 47))"),
        (
            {"start": 500, "end": 513},
            "end: [500, 513) is no span of an article of length 121 (the text stands at [34, 47))",
        ),
        (
            {"start": 47, "end": 34},
            "end: [47, 34) is no span of an article of length 121 (the text stands at [34, 47))",
        ),
        ({"end": 34, "text": ""}, "end: the claim is empty (delete the line, or give start and end)"),
        ({"cue": Span(55, 59, "said")}, "cue.text: the article has 'aid,' at [55, 59) (the text stands at [54, 58))"),
        ({"digest": "d0"}, "digest: is not the text's digest (only the software writes it: "),
        ({"article": "sumit"}, "article: no article has the id 'sumit' (did you mean 'summit'?)"),
        ({"article": "x"}, "article: no article has the id 'x' (an id of articles.jsonl, or delete the line)"),
        ({"speaker": "seun-san"}, "speaker: 'seun-san' is in no line of speakers.jsonl (did you mean 'seun-sam'?)"),
        ({"speaker": "new"}, "speaker: 'new' is in no line of speakers.jsonl (add a line for this speaker there)"),
        ({"target": "pcat"}, "target: 'pcat' is no target of the codebook (did you mean 'pact'?)"),
        ({"target": "x"}, "target: 'x' is no target of the codebook (one of pact, trade)"),
        ({"continues": "c0"}, "continues: no claim has the id 'c0' (restore that line, or delete this one too)"),
    ],
)
def test_one_mistake_is_one_problem(corpus: Path, changes: dict[str, object], said: str) -> None:
    change(corpus, 3, **changes)
    (found,) = problems(corpus)
    assert found.startswith(f"claims.jsonl:3: {said}")


def test_the_nearest_place_of_a_repeated_text_is_named(corpus: Path) -> None:
    first, second = TEXT.index("Sam"), TEXT.index("Sam said,")
    for place in (first, second):
        change(corpus, 3, start=place + 1, end=place + 4, text="Sam")
        assert f"(the text stands at [{place}, {place + 3}))" in problems(corpus)[0]


def test_a_repeated_line_is_one_problem(corpus: Path) -> None:
    claims = claims_of(corpus)
    write_claims(corpus, [*claims, claims[2]])
    (found,) = problems(corpus)
    assert found == f"claims.jsonl:5: id: '{claims[2].id}' stands twice (keep one; a claim of your own has the id \"\")"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"favor":0.91', '"favor":0.5'),
        ('"speaker_reason":"named"', '"speaker_reason":"guess"'),
        ('"stance":"favor","scores"', '"stance":"against","scores"'),
        ('"seal":"s', '"seal":"t'),
    ],
)
def test_an_edited_prediction_is_one_problem(corpus: Path, edit: Edit, old: str, new: str) -> None:
    edit(old, new)
    (found,) = problems(corpus)
    assert found.startswith("claims.jsonl:1: prediction.seal: the prediction was edited (restore it; ")


def test_sealed_scores_that_do_not_sum_to_one_are_a_problem(corpus: Path) -> None:
    claim = claims_of(corpus)[0]
    said = replace(claim.prediction, scores=Scores(0.5, 0.1, 0.1)).sealed(claim.id)
    change(corpus, 1, prediction=said)
    assert problems(corpus) == ["claims.jsonl:1: prediction.scores: sum to 0.7, not 1 (restore them)"]


def test_what_people_may_change_is_no_problem(corpus: Path) -> None:
    change(corpus, 1, stance="against", speaker="unknown", note="🐘", annotator="ada")
    change(corpus, 4, start=TEXT.index("the room"), text="the room\u00a0most.")
    assert problems(corpus) == []


def own(folder: Path, text: str, **changes: object) -> Claim:
    """A claim as a person adds it: no id, no digest, no prediction."""
    start = TEXT.index(text)
    claim = replace(claims_of(folder)[0], id="", start=start, end=start + len(text), text=text, digest="")
    return replace(claim, prediction=NO_PREDICTION, **changes)  # type: ignore[arg-type]


def test_lines_that_people_add_are_fine(corpus: Path) -> None:
    write_claims(corpus, [own(corpus, "trade grows"), *claims_of(corpus), own(corpus, "Seun Sam")])
    assert problems(corpus) == []


def test_a_line_that_people_add_has_no_prediction(corpus: Path) -> None:
    write_claims(corpus, [*claims_of(corpus), own(corpus, "trade grows")])
    change(corpus, 5, prediction=claims_of(corpus)[0].prediction)
    (found,) = problems(corpus)
    assert found.startswith("claims.jsonl:5: prediction: the models did not say this of a claim that a person added")


def test_claims_of_one_target_may_not_overlap(corpus: Path) -> None:
    claims = claims_of(corpus)
    write_claims(
        corpus, [*claims, own(corpus, "welcome"), own(corpus, "welcome it"), own(corpus, "We", target="trade")]
    )
    assert problems(corpus) == [
        "claims.jsonl:5: start: overlaps the claim of line 3 (claims never overlap: move or delete one)",
        "claims.jsonl:6: start: overlaps the claim of line 3 (claims never overlap: move or delete one)",
    ]


def test_an_overlap_with_a_long_claim_is_seen_past_a_short_one(corpus: Path) -> None:
    long = own(corpus, "Sam said the pact was good. “We welcome it,” Sam")
    write_claims(corpus, [long, own(corpus, "the pact"), own(corpus, "welcome it")])
    assert [line.split(": ")[0] for line in problems(corpus)] == ["claims.jsonl:2", "claims.jsonl:3"]


def test_neighbours_do_not_overlap(corpus: Path) -> None:
    write_claims(corpus, [own(corpus, "We "), own(corpus, "welcome "), own(corpus, "it")])
    assert problems(corpus) == []


def strip(folder: Path, *, articles: bool = True) -> None:
    """Blank the corpus's text, as a stand-off corpus has it."""
    none = Span(34, 47, "")
    write_claims(folder, [replace(claim, text="", source=none) for claim in claims_of(folder)])
    if articles:
        wire.write(folder / "articles.jsonl", [replace(the_summit().article, text="")])


@pytest.mark.parametrize("articles", [True, False])
def test_a_stand_off_corpus_has_no_problems(corpus: Path, articles: bool) -> None:
    strip(corpus, articles=articles)
    assert problems(corpus) == []


def test_a_claim_without_text_is_checked_by_its_digest_where_the_article_is_there(corpus: Path) -> None:
    strip(corpus, articles=False)
    change(corpus, 3, digest="d0")
    (found,) = problems(corpus)
    assert found.startswith("claims.jsonl:3: text: the article has 'We welcome it' at [34, 47)")


def test_a_span_outside_a_stand_off_article_is_a_problem(corpus: Path) -> None:
    strip(corpus)
    change(corpus, 3, end=999)
    assert problems(corpus)[0].startswith("claims.jsonl:3: end: [34, 999) is no span of an article of length 121")


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"text": TEXT + "!"}, "length"), ({"text": TEXT.replace("pact", "fact")}, "sha256"), ({"sha256": "0"}, "sha256")],
)
def test_an_article_whose_text_changed_is_told(corpus: Path, changes: dict[str, str], field: str) -> None:
    wire.write(corpus / "articles.jsonl", [replace(the_summit().article, **changes)])  # type: ignore[arg-type]
    assert problems(corpus)[0].startswith(f"articles.jsonl:1: {field}: ")


def test_repeated_articles_and_speakers_are_told(corpus: Path) -> None:
    for name in ("articles.jsonl", "speakers.jsonl"):
        path = corpus / name
        path.write_bytes(path.read_bytes() + path.read_bytes().splitlines(keepends=True)[0])
    assert problems(corpus) == [
        "articles.jsonl:2: id: 'summit' stands twice (keep one)",
        "speakers.jsonl:3: id: 'seun-sam' stands twice (keep one)",
    ]


def test_a_broken_codebook_is_told_and_the_rest_is_checked(corpus: Path) -> None:
    (corpus / "codebook.toml").write_text("[codebook", encoding="utf-8")
    change(corpus, 3, text="We reject it")
    first, second = problems(corpus)
    assert first.startswith("codebook.toml:1")
    assert second.startswith("claims.jsonl:3: text")


def test_not_utf_8_and_torn_lines_are_told(corpus: Path) -> None:
    path = corpus / "claims.jsonl"
    path.write_bytes(
        path.read_bytes().replace(WELCOME.encode(), b"We w\xe9lcome it") + b'{"schema_version":"v1","id":"c'
    )
    assert [line.split(" (")[0] for line in problems(corpus)] == [
        "claims.jsonl:3: not UTF-8 at byte 103 of the line",
        "claims.jsonl:5: the last line is torn: a write was cut short",
    ]


@pytest.mark.parametrize("name", ["articles.jsonl", "claims.jsonl", "speakers.jsonl"])
def test_crlf_blank_lines_and_a_byte_order_mark_are_no_problem(corpus: Path, name: str) -> None:
    path = corpus / name
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n\r\n"))
    assert problems(corpus) == []


def test_many_articles_are_found_again_after_they_left_memory(tmp_path: Path, codebook: Codebook) -> None:
    contents = [f"Article {n} is 🐘 good.\r\n" for n in range(texts.TEXTS_AT_HAND * 2)]
    articles: list[Article] = [make_article(text) for text in contents]
    with writing(tmp_path / "corpus", codebook) as writer:
        for article in articles:
            writer.add(Labelled(article, [make_claim(article, 0, 7), claim_on(article, "good")], []))
    claims = claims_of(tmp_path / "corpus")
    write_claims(tmp_path / "corpus", claims[::2] + claims[1::2])
    assert problems(tmp_path / "corpus") == []


def test_the_elephant_is_counted_as_one(corpus: Path) -> None:
    claim = claims_of(corpus)[3]
    assert claim.text == FEAR
    assert claim.end - claim.start == len(FEAR)
