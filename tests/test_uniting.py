"""Two people's copies become one: nothing decided is lost, and it does not matter which is merged into which."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import (
    RO,
    TEXT,
    TOML,
    as_written,
    claim_on,
    claims_of,
    files_of,
    labelled,
    make_article,
    the_summit,
    write_claims,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate import wire
from annotate.adopting import adopt, withdraw
from annotate.checking import check
from annotate.codebook import Codebook
from annotate.corpus import Corpus
from annotate.decisions import GONE, Log, decide, read_decisions
from annotate.errors import CorpusError, PendingEdits, UsageError
from annotate.hydrating import hydrate
from annotate.records import NO_PREDICTION, Anchor, Claim, Decision, Mode
from annotate.removing import remove
from annotate.standoff import strip
from annotate.uniting import unite
from annotate.writing import writing


def log_of(folder: Path) -> list[Decision]:
    return list(read_decisions(folder / "decisions.jsonl"))


def edit(folder: Path, index: int, annotator: str, *, adjudicate: bool = False, **changes: object) -> None:
    claims = claims_of(folder)
    claims[index] = replace(claims[index], **changes)  # type: ignore[arg-type]
    write_claims(folder, claims)
    adopt(folder, annotator, adjudicate=adjudicate)


def delete(folder: Path, index: int, annotator: str) -> None:
    claims = claims_of(folder)
    del claims[index]
    write_claims(folder, claims)
    adopt(folder, annotator)


def add(folder: Path, annotator: str, text: str, **changes: object) -> None:
    start = TEXT.index(text)
    own = replace(
        claims_of(folder)[0], id="", start=start, end=start + len(text), text=text, digest="", prediction=NO_PREDICTION,
        **changes,  # type: ignore[arg-type]
    )  # fmt: skip
    write_claims(folder, [*claims_of(folder), own])
    adopt(folder, annotator)


@pytest.fixture
def copy(corpus: Path, tmp_path: Path) -> Path:
    shutil.copytree(corpus, tmp_path / "copy")
    return tmp_path / "copy"


def view(folder: Path) -> dict[str, Claim]:
    return {claim.id: claim for claim in claims_of(folder)}


def both_ways(one: Path, other: Path) -> Path:
    """Merge each into a copy of the other; the same view and the same decisions come of it, and no more of a second."""
    there, back = one.with_name("there"), one.with_name("back")
    shutil.copytree(one, there)
    shutil.copytree(other, back)
    unite(there, other)
    unite(back, one)
    assert view(there) == view(back)
    assert sorted(map(str, log_of(there))) == sorted(map(str, log_of(back)))
    assert set(map(str, log_of(there))) == set(map(str, [*log_of(one), *log_of(other)]))
    for merged, own, added in ((there, one, other), (back, other, one)):
        assert (merged / "decisions.jsonl").read_bytes().startswith((own / "decisions.jsonl").read_bytes())
        assert list(check(Corpus.open(merged))) == []
        before = files_of(merged)
        assert str(unite(merged, added)) == "the other copy adds nothing"
        assert files_of(merged) == before
    return there


def test_what_both_decided_is_kept_under_their_names(corpus: Path, copy: Path) -> None:
    edit(corpus, 2, "ana", stance="against")
    edit(copy, 3, "ben", stance="neutral", note="irony")
    delete(copy, 0, "ben")
    merged = both_ways(corpus, copy)
    assert [(c.stance, c.annotator) for c in claims_of(merged)] == [
        ("favor", ""), ("against", "ana"), ("neutral", "ben"),
    ]  # fmt: skip


def test_what_they_differ_on_is_disputed(corpus: Path, copy: Path) -> None:
    edit(corpus, 2, "ana", stance="against")
    edit(copy, 2, "ben", stance="neutral")
    done = unite(corpus, copy)
    assert [dispute.said for dispute in done.disputes] == [{"ana": "against", "ben": "neutral"}]
    assert (done.decisions, done.annotators, claims_of(corpus)[2].stance) == (1, ("ben",), "favor")


def test_ones_later_word_counts_though_it_stands_earlier_in_the_log(corpus: Path, copy: Path) -> None:
    edit(copy, 2, "ana", stance="neutral")
    edit(corpus, 2, "ana", stance="against")
    edit(copy, 3, "cleo", adjudicate=True, stance="neutral")
    edit(corpus, 3, "dora", adjudicate=True, stance="against")
    merged = both_ways(corpus, copy)
    assert [(c.stance, c.annotator) for c in claims_of(merged)][2:] == [("against", "ana"), ("against", "dora")]


def test_a_withdrawal_counts_in_both(corpus: Path, copy: Path) -> None:
    edit(corpus, 2, "ana", stance="against")
    unite(copy, corpus)
    withdraw(copy, "ana", [claims_of(copy)[2].id])
    assert claims_of(both_ways(corpus, copy))[2].stance == "favor"


def test_added_claims_and_new_articles_are_taken_over(corpus: Path, copy: Path, codebook: Codebook) -> None:
    add(corpus, "ana", "trade grows", stance="neutral")
    add(copy, "ben", "trade grows", stance="neutral")
    add(copy, "ben", "adding", note="a cue, I know")
    article = make_article("Mr Ro said the pact was bad.", "second")
    with writing(copy, codebook) as writer:
        writer.add(labelled(article, [claim_on(article, "the pact was bad.", speaker="ro-1")], [RO]))
    done = unite(corpus, copy)
    assert (done.articles, done.claims) == (1, 2)
    assert {article.id for article in Corpus.open(corpus).articles()} == {"summit", "second"}
    assert view(corpus).keys() == view(copy).keys()
    assert list(check(Corpus.open(corpus))) == []


def test_a_claim_that_nobody_decided_gives_way(corpus: Path, copy: Path) -> None:
    claims = claims_of(corpus)
    longer = claim_on(make_article(TEXT, "summit"), "“We welcome it,”")
    write_claims(copy, [*claims[:2], longer, claims[3]])
    as_written(copy)
    both = unite(corpus, copy)
    assert both.claims == 0 and claims_of(corpus) == claims
    edit(copy, 2, "ben", stance="against")
    unite(corpus, copy)
    assert longer.id in view(corpus) and claims[2].id not in view(corpus)
    assert list(check(Corpus.open(corpus))) == []


def test_people_who_decided_on_overlapping_claims_must_agree(corpus: Path, copy: Path) -> None:
    add(corpus, "ana", "trade grows")
    add(copy, "ben", "that trade grows")
    before = files_of(corpus)
    with pytest.raises(CorpusError, match=r"people decided on .* which overlap \(agree first"):
        unite(corpus, copy)
    assert files_of(corpus) == before


def test_an_article_that_was_taken_down_stays_down(corpus: Path, copy: Path) -> None:
    remove(corpus, "summit", "the publisher asked")
    edit(copy, 2, "ben", stance="against")
    done = unite(corpus, copy)
    assert (done.articles, claims_of(corpus), len(log_of(corpus))) == (0, [], 1)
    (remark,) = unite(copy, corpus).remarks
    assert remark.startswith("summit was taken down there (the publisher asked) and stays here; annotate remove")


def test_what_is_no_copy_is_refused_with_reasons(corpus: Path, copy: Path, tmp_path: Path, codebook: Codebook) -> None:
    with writing(tmp_path / "other", codebook) as writer:
        for text, id in ((TEXT + "More.", "summit"), (TEXT, "renamed")):
            article = make_article(text, id)
            writer.add(labelled(article, [claim_on(article, "the pact was good.")]))
    before = files_of(corpus)
    with pytest.raises(CorpusError) as caught:
        unite(corpus, tmp_path / "other")
    assert "summit: sha256: the two have different texts under this id" in str(caught.value)
    assert "renamed: id: its text is called 'summit' here" in str(caught.value)
    for folder in (copy, copy / ".annotate" / "base"):
        book = folder / "codebook.toml"
        book.write_text(book.read_text(encoding="utf-8").replace('"summit"', '"fair"'), encoding="utf-8", newline="\n")
    with pytest.raises(CorpusError, match=r"codebook\.id: another codebook: 'fair', not 'summit'"):
        unite(corpus, copy)
    assert files_of(corpus) == before


def test_hand_edits_in_either_are_adopted_first(corpus: Path, copy: Path) -> None:
    claims = claims_of(copy)
    write_claims(copy, [replace(claims[0], stance="against"), *claims[1:]])
    for one, other in ((corpus, copy), (copy, corpus)):
        with pytest.raises(PendingEdits):
            unite(one, other)
    with pytest.raises(UsageError, match="is the corpus itself"):
        unite(corpus, corpus)


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(("ana", "ben")), st.integers(0, 9), st.sampled_from(("against", "neutral", "")), st.booleans()
    ),
    max_size=3,
)


@settings(max_examples=8, deadline=None)
@given(ours=DEEDS, theirs=DEEDS)
def test_whatever_two_people_do_the_order_of_the_merge_counts_for_nothing(
    ours: list[tuple[str, int, str, bool]], theirs: list[tuple[str, int, str, bool]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        one, other = Path(name) / "one", Path(name) / "other"
        (Path(name) / "codebook.toml").write_text(TOML, encoding="utf-8", newline="\n")
        with writing(one, Codebook.read(Path(name) / "codebook.toml")) as writer:
            writer.add(the_summit())
        shutil.copytree(one, other)
        for folder, deeds in ((one, ours), (other, theirs)):
            for who, number, stance, rules in deeds:
                at = number % len(claims_of(folder))
                if stance:
                    edit(folder, at, who, adjudicate=rules, stance=stance)
                elif len(claims_of(folder)) > 1:
                    delete(folder, at, who)
        both_ways(one, other)


MODES: tuple[Mode, ...] = ("edit", "import", "adjudicate", "withdraw")
WORDS = st.tuples(
    st.sampled_from(("ana", "ben", "cleo")), st.sampled_from(("favor", "against")), st.sampled_from(MODES)
)


@settings(max_examples=300)
@given(words=st.lists(WORDS, max_size=8), data=st.data())
def test_the_order_of_lines_counts_for_nothing(words: list[tuple[str, str, Mode]], data: st.DataObject) -> None:
    made = [
        decide(who, "c1", "stance", f"before {at}", value if mode != "withdraw" else GONE, mode, "",
               f"2026-01-01T00:00:0{at}.000000Z")
        for at, (who, value, mode) in enumerate(words)
    ]  # fmt: skip
    forwards, mixed = Log(made), Log(data.draw(st.permutations(made)))
    assert mixed.in_force("c1", "stance") == forwards.in_force("c1", "stance")
    assert mixed.said("c1", "stance") == forwards.said("c1", "stance")
    assert mixed.decided("c1") == forwards.decided("c1")


def test_a_decision_counts_after_those_of_a_clock_that_was_ahead(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, edit: Callable[[str, str], None]
) -> None:
    monkeypatch.setattr("annotate.decisions.now", lambda: "2999-01-01T00:00:00.000000Z")
    edit('"stance":"favor","ann', '"stance":"against","ann')
    adopt(corpus, "ana")
    monkeypatch.undo()
    edit('"stance":"against","ann', '"stance":"neutral","ann')
    adopt(corpus, "ana")
    assert claims_of(corpus)[0].stance == "neutral"


def test_a_claim_that_both_added_and_judge_otherwise_is_told_apart(corpus: Path, copy: Path) -> None:
    add(corpus, "ana", "trade grows", stance="neutral")
    add(copy, "ben", "trade grows", stance="against")
    united = both_ways(corpus, copy)
    (dispute,) = Corpus.open(united).log().disputes()
    assert str(dispute).endswith("ana says keep, stance 'neutral', ben says keep, stance 'against'")
    edit(united, -1, "cleo", adjudicate=True, stance="against")
    assert not list(Corpus.open(united).log().disputes())
    assert claims_of(united)[-1].stance == "against"


def test_of_two_who_rule_the_later_counts_even_where_a_clock_was_ahead(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotate.decisions.now", lambda: "2999-01-01T00:00:00.000000Z")
    edit(corpus, 2, "ben", adjudicate=True, stance="against")
    edit(corpus, 2, "ana", adjudicate=True, stance="neutral")
    assert (claims_of(corpus)[2].stance, claims_of(corpus)[2].annotator) == ("neutral", "ana")
    withdraw(corpus, "ana", [claims_of(corpus)[2].id])
    edit(corpus, 2, "ana", adjudicate=True, stance="favor")
    assert (claims_of(corpus)[2].stance, claims_of(corpus)[2].annotator) == ("favor", "ana")


def test_words_stay_where_the_text_is(corpus: Path, copy: Path, tmp_path: Path) -> None:
    strip(copy, tmp_path / "bare")
    add(corpus, "ana", "trade grows")
    strip(corpus, tmp_path / "full-bare")
    unite(tmp_path / "bare", corpus)
    assert {claim.text for claim in claims_of(tmp_path / "bare")} == {""}
    unite(copy, tmp_path / "full-bare")
    assert claims_of(copy)[-1].text == "trade grows"
    assert view(copy) == view(corpus)


def second_article(folder: Path, codebook: Codebook) -> None:
    article = make_article("Mr Ro said the pact was bad.", "second")
    with writing(folder, codebook) as writer:
        writer.add(labelled(article, [claim_on(article, "the pact was bad.", speaker="ro-1")], [RO]))


def test_a_new_article_with_its_text_stays_out_of_a_corpus_without_text(
    corpus: Path, copy: Path, tmp_path: Path, codebook: Codebook
) -> None:
    strip(corpus, tmp_path / "bare")
    second_article(copy, codebook)
    before = files_of(tmp_path / "bare")
    with pytest.raises(CorpusError, match=r"second: text: is new here and has its text, .* annotate strip"):
        unite(tmp_path / "bare", copy)
    assert files_of(tmp_path / "bare") == before
    strip(copy, tmp_path / "more")
    assert unite(tmp_path / "bare", tmp_path / "more").articles == 1


def test_anchors_come_with_the_claims(corpus: Path, copy: Path, tmp_path: Path, codebook: Codebook) -> None:
    strip(corpus, tmp_path / "bare")
    second_article(copy, codebook)
    add(copy, "ben", "trade grows")
    strip(copy, tmp_path / "more")
    unite(tmp_path / "bare", tmp_path / "more")
    whole, there = (
        {one for _, one in wire.read(tmp_path / name / "anchors.jsonl", Anchor) if isinstance(one, Anchor)}
        for name in ("bare", "more")
    )
    assert whole == there and {one.article for one in whole} == {"summit", "second"}
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "summit.txt").write_text(TEXT.replace("Mr Ro", "Later,  Mr Ro"), encoding="utf-8", newline="\n")
    (texts / "second.txt").write_text("Today Mr Ro said the pact was bad.", encoding="utf-8", newline="\n")
    done = hydrate(tmp_path / "bare", tmp_path / "hydrated", [texts])
    assert (done.moved, done.missing, done.unplaced) == (2, [], [])
    assert {"trade grows", "the pact was bad."} <= {claim.text for claim in claims_of(tmp_path / "hydrated")}


def test_no_anchors_where_every_text_is(corpus: Path, copy: Path, tmp_path: Path) -> None:
    edit(copy, 2, "ben", stance="against")
    strip(copy, tmp_path / "bare")
    assert unite(corpus, tmp_path / "bare").decisions == 1
    assert not (corpus / "anchors.jsonl").exists()
