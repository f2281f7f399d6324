"""What a line looks like, what is read leniently and what is refused, and that nothing is lost on the way."""

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest
from conftest import RO, claim_on, make_article, make_claim, the_summit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotate import wire
from annotate.errors import Problem
from annotate.records import Article, Claim, Prediction, Scores, Span, claim_id

ARTICLE, CLAIMS, *_ = the_summit()
LINE = wire.dump(CLAIMS[0])


def problem(line: str) -> str:
    """The only problem of a line of claims.jsonl."""
    found = wire.parse(line.encode() + b"\n", Claim, 1, "claims.jsonl")
    assert isinstance(found, list) and len(found) == 1, found
    return str(found[0])


def test_a_claim_line_has_every_key_in_the_order_of_the_contract() -> None:
    assert (
        list(json.loads(LINE))
        == (
            "schema_version id article start end text digest quotation source cue continues speaker target stance "
            "annotator note prediction"
        ).split()
    )
    assert (
        list(json.loads(LINE)["prediction"])
        == ("start end speaker speaker_score speaker_reason stance scores attribution_model stance_model seal").split()
    )


def test_scores_have_a_decimal_point() -> None:
    said = replace(CLAIMS[0].prediction, speaker_score=1.0, scores=Scores(1.0, 0.0, 0.0))
    line = wire.dump(replace(CLAIMS[0], prediction=said))
    assert '"speaker_score":1.0' in line
    assert '"scores":{"favor":1.0,"neutral":0.0,"against":0.0}' in line


def test_text_stands_as_it_is_but_for_what_looks_like_a_line_end() -> None:
    claim = replace(CLAIMS[0], note="ខ្មែរ 🐘 \u200f\u2028 \u2029 \x85 \n \x00")
    line = wire.dump(claim)
    assert "ខ្មែរ 🐘 \u200f" in line
    assert line.splitlines() == [line]
    assert wire.load(line, Claim) == claim


@pytest.mark.parametrize(
    "line",
    [
        json.dumps(dict(reversed(json.loads(LINE).items()))),
        json.dumps(json.loads(LINE), ensure_ascii=True, indent=None),
        LINE.replace('"start":14', '"start":14.0').replace('"end":32', '"end": 3.2e1'),
    ],
    ids=["keys in another order", "escaped", "whole numbers with a decimal point"],
)
def test_another_way_of_writing_a_line_is_the_same_claim(line: str) -> None:
    assert line != LINE
    assert wire.load(line, Claim) == CLAIMS[0]


def test_a_score_of_1_is_a_score_of_1_point_0() -> None:
    said = replace(CLAIMS[0].prediction, scores=Scores(1.0, 0.0, 0.0)).sealed(CLAIMS[0].id)
    line = wire.dump(replace(CLAIMS[0], prediction=said))
    read = wire.load(line.replace("1.0", "1").replace("0.0,", "0,").replace("0.0}", "-0.0}"), Claim)
    assert read.prediction.seal_for(read.id) == read.prediction.seal
    assert wire.dump(read) == line


def test_line_ends_blank_lines_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    path = tmp_path / "claims.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + LINE.encode() + b"\r\n\r\n  \n" + wire.dump(CLAIMS[2]).encode())
    assert list(wire.read(path, Claim)) == [(1, CLAIMS[0]), (4, CLAIMS[2])]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"stance":"favor","ann', '"stance":"favour","ann', "stance: 'favour' is not allowed (did you mean 'favor'?)"),
        ('"stance":"favor","ann', '"stance":"FAVOR","ann', "stance: 'FAVOR' is not allowed (did you mean 'favor'?)"),
        (
            '"stance":"favor","ann',
            '"stance":"pro","ann',
            "stance: 'pro' is not allowed (one of favor, neutral, against)",
        ),
        (
            '"stance":"favor","sc',
            '"stance":1,"sc',
            "prediction.stance: 1 is not allowed (one of favor, neutral, against)",
        ),
        ('"note":""', '"note":null', 'note: null is not a string (put it in quotation marks; an absent one is "")'),
        ('"note":""', '"note":NaN', 'note: NaN is not a string (put it in quotation marks; an absent one is "")'),
        ('"note":"",', "", "note: the key is missing (every key stands on every line)"),
        ('"note":""', '"note":"","mine":1', "mine: no such key (remove it, or keep it in a file of your own)"),
        ('"note":""', '"note":"","note":"x"', "note: the key stands twice on the line (keep one)"),
        ('"note":""', '"note":"\\ud83d"', "holds half of a surrogate pair, which UTF-8 cannot say (remove it)"),
        ('"favor":0.91', '"favor":NaN', "prediction.scores.favor: NaN is not a number from 0 to 1 (restore it)"),
        ('"favor":0.91', '"favor":1e999', "prediction.scores.favor: Infinity is not a number from 0 to 1 (restore it)"),
        ('"favor":0.91', '"favor":1.5', "prediction.scores.favor: 1.5 is not a number from 0 to 1 (restore it)"),
        ('"favor":0.91', '"favor":"0.91"', "prediction.scores.favor: '0.91' is not a number from 0 to 1 (restore it)"),
        ('"start":14', '"start":14.5', "start: 14.5 is not a whole number (write it without quotation marks)"),
        ('"start":14', '"start":-1', "start: -1 is not in range (nothing is less than 0)"),
        ('"start":14', '"start":true', "start: true is not a whole number (write it without quotation marks)"),
        ('"speaker":"seun-sam","t', '"speaker":"Seun Sam","t', "speaker: 'Seun Sam' is not an id"),
        (
            '"cue":{"start":0,"end":0,"text":""}',
            '"cue":""',
            "cue: '' is not a JSON object (an absent span is {\"start\":0",
        ),
        ('"v1"', '"v2"', "schema_version: schema v2, this software writes v1 (install a newer annotate-stance)"),
        ('"v1"', '"v0"', "schema_version: schema v0, this software writes v1 (annotate migrate)"),
        ('"v1"', '"v²"', "schema_version: 'v²' is not allowed"),
        ('"v1"', "1", "schema_version: 1 is not allowed (did you mean 'v1'?)"),
    ],
)
def test_a_mistake_is_one_problem_with_line_field_and_remedy(old: str, new: str, said: str) -> None:
    assert old in LINE
    assert problem(LINE.replace(old, new, 1)).startswith(f"claims.jsonl:1: {said}")


@pytest.mark.parametrize("line", ["[1]", "12", '"text"', "null"])
def test_a_line_is_an_object(line: str) -> None:
    assert problem(line) == "claims.jsonl:1: not a JSON object (one JSON object a line)"


@pytest.mark.parametrize("line", ["{", "hello", "{'a': 1}", "[" * 100_000, "9" * 5000, LINE + LINE])
def test_a_line_is_json(line: str) -> None:
    assert problem(line).startswith("claims.jsonl:1: not JSON: ")


def test_every_mistake_of_a_line_is_told_at_once() -> None:
    line = LINE.replace('"note":""', '"note":0').replace('"start":14', '"start":"14"', 1)
    with pytest.raises(wire.BadLines) as caught:
        wire.load(line, Claim)
    assert [bad.field for bad in caught.value.bad] == ["start", "note"]


@pytest.mark.parametrize("cut", [1, 60, len(LINE.encode()) - 1])
def test_a_torn_last_line_is_called_so(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "claims.jsonl"
    path.write_bytes(LINE.encode() + b"\n" + LINE.encode()[:cut])
    said = "the last line is torn: a write was cut short"
    assert list(wire.read(path, Claim)) == [
        (1, CLAIMS[0]),
        (2, [Problem("claims.jsonl", said, "annotate check --repair sets it aside", 2)]),
    ]


def test_a_line_torn_within_a_character_is_called_so() -> None:
    found = wire.parse('{"note":"🐘'.encode()[:-2], Claim, 9, "claims.jsonl")
    assert isinstance(found, list)
    assert "torn" in found[0].message


def test_a_wrong_last_line_without_a_line_end_is_not_called_torn() -> None:
    found = wire.parse(LINE.replace('"favor","ann', '"favour","ann').encode(), Claim, 1, "claims.jsonl")
    assert isinstance(found, list)
    assert [p.field for p in found] == ["stance"]


def test_what_is_not_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "claims.jsonl"
    path.write_bytes(LINE.encode() + b"\n" + LINE.replace('"note":""', '"note":"é"').encode("latin-1") + b"\n")
    (_, first), (_, second) = wire.read(path, Claim)
    assert first == CLAIMS[0]
    assert isinstance(second, list)
    assert str(second[0]).startswith("claims.jsonl:2: not UTF-8 at byte ")


def test_articles_and_speakers_go_through_files_too(tmp_path: Path) -> None:
    assert wire.write(tmp_path / "articles.jsonl", [ARTICLE]) == 1
    assert list(wire.read(tmp_path / "articles.jsonl", Article)) == [(1, ARTICLE)]
    assert wire.load(wire.dump(RO), type(RO)) == RO


@pytest.mark.parametrize("kind", wire.KINDS.values())
def test_the_schema_knows_every_key_and_no_other(kind: type) -> None:
    schema = wire.schema(kind)
    assert schema["required"] == list(schema["properties"]) == [field.name.rstrip("_") for field in fields(kind)]
    assert schema["additionalProperties"] is False


HARD = st.sampled_from(
    ["\r\n", "\u00a0", "\u200b", "\u200d", "e\u0301", "🐘", "👩‍🚀", "\u2028", "\x00", "\x1f", '"', "\\", "\ufeff"]
)
TEXTS = st.lists(st.one_of(st.text(st.characters(exclude_categories=["Cs"])), HARD), max_size=12).map("".join)


@st.composite
def articles_and_claims(draw: st.DrawFn) -> tuple[Article, list[Claim]]:
    article = make_article(draw(TEXTS.filter(bool)))
    place = st.integers(0, len(article.text))
    pairs = draw(st.lists(st.tuples(place, place).map(sorted).filter(lambda span: span[0] < span[1]), max_size=4))
    start, end = sorted((draw(place), draw(place)))
    source = Span(start, end, article.text[start:end])
    return article, [make_claim(article, *span, source=source, note=draw(TEXTS)) for span in pairs]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(articles_and_claims())
def test_what_is_written_is_read_with_true_spans_ids_and_seals(
    tmp_path: Path, made: tuple[Article, list[Claim]]
) -> None:
    article, claims = made
    wire.write(tmp_path / "articles.jsonl", [article])
    wire.write(tmp_path / "claims.jsonl", claims)
    ((_, read),) = wire.read(tmp_path / "articles.jsonl", Article)
    assert read == article
    assert isinstance(read, Article)
    found = [claim for _, claim in wire.read(tmp_path / "claims.jsonl", Claim)]
    assert found == claims
    for claim in claims:
        assert read.text[claim.start : claim.end] == claim.text
        assert read.text[claim.source.start : claim.source.end] == claim.source.text
        assert claim.id == claim_id(read.sha256, claim.start, claim.end, claim.target)
        assert claim.prediction.seal == claim.prediction.seal_for(claim.id)


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(lambda x: sum(x) > 0.01))
def test_rounded_scores_sum_to_one_and_keep_their_seal(weights: list[float]) -> None:
    scores = Scores.of(*(weight / sum(weights) for weight in weights))
    assert abs(scores.favor + scores.neutral + scores.against - 1) < 1e-9
    said = Prediction(0, 9, "sam", 0.5, "named", scores.stance, scores, "a", "s", "").sealed("c1")
    claim = replace(claim_on(ARTICLE, "good"), id="c1", prediction=said)
    read = wire.load(wire.dump(claim), Claim)
    assert read.prediction.seal_for("c1") == said.seal
