"""A stand-off corpus tells nothing of its articles' text, and gives it back to whoever has them."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import FEAR, RO, TEXT, TOML, claim_on, claims_of, files_of, labelled, make_article, write_claims
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate import wire
from annotate.adopting import adopt, withdraw
from annotate.codebook import Codebook
from annotate.corpus import Corpus
from annotate.decisions import Log, decide, read_decisions
from annotate.errors import ArticleError, CorpusError, PendingEdits, UsageError
from annotate.hydrating import hydrate
from annotate.jobs import examine
from annotate.quoting import Runs, shortened
from annotate.records import NO_PREDICTION, NO_SPAN, SCHEMA_VERSION, Anchor, Article, Claim, Span, Speaker, text_digest
from annotate.removing import remove
from annotate.standoff import strip
from annotate.writing import writing

SENTENCES = (
    "Ministers met in the old harbour town on Monday to talk about ferries.",
    "Seun Sam said the pact was the best thing that could happen to the islands.",
    "“We have waited for this since my father’s day,” Sam added\u00a0later.",
    "A spokesman for the fishermen’s union warned that no boat would leave the harbour.",
    "Mr Ro asked who would pay for the 🐘 that nobody in the room wanted to name.",
    "Trade between the two coasts grew by a third in the last ten years…",
    "“It is late,” he said, “and we should have begun long ago.”",
    "Rain is expected on Friday, and the talks will go on in the town hall.",
)
"""No sentence is the beginning or end of another; words are repeated on purpose."""


def runs_of(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(item)


def told(folder: Path, *texts: str) -> set[tuple[str, ...]]:
    """Every run of five words of the texts that stands in any file of the folder, read here by other means."""
    secret = set().union(*map(runs_of, texts))
    found = set()
    for path in folder.rglob("*"):
        content = path.read_text(encoding="utf-8") if path.is_file() else ""
        found |= secret & runs_of(content)
        if path.suffix == ".jsonl":
            for line in content.split("\n")[:-1]:
                found |= secret & set().union(*map(runs_of, strings(json.loads(line))))
    return found


def clean(folder: Path) -> None:
    """Neither problems nor hand edits, as written and as published, without machine state."""
    assert examine(folder) == ([], [])
    with tempfile.TemporaryDirectory() as scratch:
        published = Path(scratch) / "published"
        shutil.copytree(folder, published, ignore=shutil.ignore_patterns(".annotate"))
        assert examine(published) == ([], [])


def in_another_form(text: str) -> str:
    return re.sub(r"\s+", " ", text.translate(str.maketrans("“”’", '""\'')).replace("…", "..."))


def whole_sentence(article: Article, sentence: str, **changes: Any) -> Claim:
    """A claim on a sentence, its source and cue the first two words of it."""
    claim = claim_on(article, sentence, **changes)
    first, second = [found.span() for found in re.finditer(r"\w+", sentence)][:2]
    source, cue = (Span(claim.start + start, claim.start + end, sentence[start:end]) for start, end in (first, second))
    return replace(claim, source=source, cue=cue)


def build(folder: Path, codebook: Codebook, texts: dict[str, list[str]]) -> Path:
    """A corpus of articles of these sentences, each a claim for both targets."""
    with writing(folder, codebook) as writer:
        for id, sentences in texts.items():
            article = replace(
                make_article("\r\n".join(sentences), id), title=sentences[0], url=f"https://news.test/{id}"
            )
            claims = [
                whole_sentence(article, sentence, target=target)
                for sentence in sentences
                for target in ("pact", "trade")
            ]
            writer.add(labelled(article, claims))
    return folder


@pytest.fixture
def coast(tmp_path: Path, codebook: Codebook) -> Path:
    return build(tmp_path / "coast", codebook, {"coast": list(SENTENCES)})


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    folder = tmp_path / "copies"
    folder.mkdir()
    return folder


def save(folder: Path, text: str, name: str = "copy.txt") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


# ---- Strip ----


def test_what_is_stripped_holds_no_text_and_all_labels(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert str(strip(corpus, out)) == "1 articles, 4 claims, without text"
    clean(out)
    assert told(out, TEXT) == set()
    for old, new in zip(claims_of(corpus), claims_of(out), strict=True):
        source, cue = replace(old.source, text=""), replace(old.cue, text="")
        assert new == replace(old, text="", source=source, cue=cue)
    (article,) = Corpus.open(out).articles()
    assert (article.text, article.title, article.length) == ("", "", len(TEXT))


@settings(deadline=None, max_examples=12)
@given(st.lists(st.permutations(SENTENCES).map(lambda s: s[:6]), min_size=1, max_size=3, unique_by=tuple))
def test_nothing_is_told_and_the_same_texts_give_the_same_bytes(articles: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "codebook.toml").write_text(TOML, encoding="utf-8")
        corpus = build(
            folder / "corpus", Codebook.read(folder / "codebook.toml"), {f"a{i}": s for i, s in enumerate(articles)}
        )
        strip(corpus, folder / "out")
        clean(folder / "out")
        assert told(folder / "out", *map(" ".join, articles)) == set()
        done = hydrate(folder / "out", folder / "whole", [corpus / "articles.jsonl"])
        assert (done.exact, done.failed) == (len(articles), False)
        assert files_of(folder / "whole") == files_of(corpus)


def test_a_stand_off_corpus_loads_with_datasets(coast: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    strip(coast, tmp_path / "out")
    rows = datasets.load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    assert rows["id"][:] == [claim.id for claim in claims_of(coast)]
    assert set(rows["text"][:]) == {""}


def test_what_software_made_of_the_article_is_shortened_or_made_anew(tmp_path: Path, codebook: Codebook) -> None:
    name = "A spokesman for the fishermen’s union"
    id = "a-spokesman-for-the-fishermen-s-union-1a2b3c"
    role = "who warned that no boat would leave the harbour"
    text = " ".join(SENTENCES)
    article = replace(
        make_article(text, "ministers-met-in-the-old-harbour-town"),
        url="https://news.test/2024/ministers-met-in-the-old-harbour-town.html",
        author="Seun Sam said the pact was",
    )
    claim = whole_sentence(article, SENTENCES[3], speaker=id)
    speaker = Speaker(SCHEMA_VERSION, id, name, (name, "the union", "no boat would leave the harbour"), role, False)
    folder, out = tmp_path / "corpus", tmp_path / "out"
    with writing(folder, codebook) as writer:
        writer.add(labelled(article, [claim], [speaker]))
    write_claims(folder, [replace(claim, note="see: “Trade between the two coasts grew”", stance="against")])
    adopt(folder, "ana")
    strip(folder, out)
    clean(out)
    assert told(out, text) == set()
    (stripped,), (shown,) = claims_of(out), Corpus.open(out).articles()
    assert (stripped.note, stripped.stance, stripped.annotator) == ("", "against", "ana")
    assert (shown.url, shown.author) == ("https://news.test", "")
    assert stripped.article == shown.id != article.id
    assert stripped.prediction.speaker == stripped.speaker != id
    made = Corpus.open(out).speakers()[stripped.speaker]
    assert (made.name, made.aliases) == ("A spokesman for the …", ("A spokesman for the …", "the union"))
    assert [(d.field, d.to) for d in read_decisions(out / "decisions.jsonl")] == [("stance", "against"), ("note", "")]


def test_a_speaker_s_new_id_stands_in_every_decision(tmp_path: Path, codebook: Codebook) -> None:
    id = "a-spokesman-for-the-fishermen-s-union-1a2b3c"
    article = make_article(" ".join(SENTENCES), "coast")
    claims = [whole_sentence(article, SENTENCES[3], speaker=id), whole_sentence(article, SENTENCES[4])]
    speaker = Speaker(SCHEMA_VERSION, id, "A spokesman", ("A spokesman",), "", False)
    folder, out = tmp_path / "corpus", tmp_path / "out"
    with writing(folder, codebook) as writer:
        writer.add(labelled(article, claims, [speaker, RO]))
    write_claims(folder, [replace(claims[1], speaker=id)])  # the first one is deleted
    adopt(folder, "ana")
    strip(folder, out)
    clean(out)
    assert told(out, article.text) == set()
    withdraw(out, "ana", [claims[0].id])
    clean(out)
    assert {claim.speaker for claim in claims_of(out)} == {claims_of(out)[0].speaker} != {id}


@pytest.mark.parametrize("name", ["codebook.toml", "README.md", "CHANGELOG.md"])
def test_a_person_s_own_words_are_not_changed_but_named(coast: Path, tmp_path: Path, name: str) -> None:
    path = coast / name
    before = path.read_text(encoding="utf-8") if path.exists() else "# Changes\n"
    path.write_text(before + "\n# Ministers-met in the\n# OLD harbour.\n", encoding="utf-8")
    line = before.count("\n") + 2
    with pytest.raises(CorpusError, match=rf"{name}:{line}: .*“ministers met in the old”"):
        strip(coast, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_words_are_read_as_they_are_meant_not_as_they_are_escaped(coast: Path, tmp_path: Path) -> None:
    path = coast / "codebook.toml"
    toml = path.read_text(encoding="utf-8").replace(
        'id = "summit"', 'id = "summit"\nguidance = "no\\nboat\\twould leave the"'
    )
    path.write_text(toml, encoding="utf-8")
    with pytest.raises(CorpusError, match="“no boat would leave the”"):
        strip(coast, tmp_path / "out")


def test_what_would_be_told_all_the_same_stops_it(tmp_path: Path, codebook: Codebook) -> None:
    article = make_article(" ".join([*SENTENCES, "ana-says-that-all-is well."]), "coast")
    folder, claim = tmp_path / "corpus", whole_sentence(article, SENTENCES[4])
    with writing(folder, codebook) as writer:
        writer.add(labelled(article, [claim]))
    write_claims(folder, [replace(claim, stance="neutral")])
    adopt(folder, "ana-says-that-all-is")
    with pytest.raises(CorpusError, match=r"claims\.jsonl:1: .*“ana says that all is”"):
        strip(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_releases_and_files_of_one_s_own_stay_behind(coast: Path, tmp_path: Path) -> None:
    (coast / "releases" / "1.0.0").mkdir(parents=True)
    shutil.copy(coast / "claims.jsonl", coast / "releases" / "1.0.0" / "claims.jsonl")
    save(coast, SENTENCES[0], "article.txt")
    strip(coast, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        ".annotate", "README.md", "anchors.jsonl", "articles.jsonl", "claims.jsonl", "codebook.toml",
        "decisions.jsonl", "speakers.jsonl",
    }  # fmt: skip
    assert "1.0.0" not in (tmp_path / "out" / "README.md").read_text(encoding="utf-8").partition("dataset_info")[0]


def test_a_folder_that_holds_something_is_refused(coast: Path, copies: Path) -> None:
    save(copies, "mine")
    with pytest.raises(UsageError, match="is not empty"):
        strip(coast, copies)
    with pytest.raises(UsageError, match="is not empty"):
        strip(coast, coast)
    assert [path.name for path in copies.iterdir()] == ["copy.txt"]


def test_hand_edits_are_adopted_first(corpus: Path, edit: Any, tmp_path: Path) -> None:
    edit('"stance":"favor","ann', '"stance":"against","ann')
    with pytest.raises(PendingEdits, match="annotate adopt"):
        strip(corpus, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_has_no_text_cannot_be_stripped_again(corpus: Path, tmp_path: Path) -> None:
    strip(corpus, tmp_path / "out")
    with pytest.raises(CorpusError, match="stand-off already"):
        strip(tmp_path / "out", tmp_path / "again")


def test_an_article_that_is_taken_down_takes_its_anchors_along(tmp_path: Path, codebook: Codebook) -> None:
    texts = {"north": list(SENTENCES[:4]), "south": list(SENTENCES[4:])}
    strip(build(tmp_path / "corpus", codebook, texts), tmp_path / "out")
    remove(tmp_path / "out", "north", "asked for")
    clean(tmp_path / "out")
    anchors = [one for _, one in wire.read(tmp_path / "out" / "anchors.jsonl", Anchor)]
    assert anchors and {one.article for one in anchors if isinstance(one, Anchor)} == {"south"}


def test_a_broken_anchor_is_named(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    strip(corpus, out)
    path = out / "anchors.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace('"end":32', '"end":320', 1), encoding="utf-8")
    ((problem,), _) = examine(out)
    assert (Path(problem.file).name, problem.line, problem.field) == ("anchors.jsonl", 1, "end")


# ---- Runs of words ----


@given(st.text(max_size=60), st.text(max_size=60))
def test_runs_are_those_that_a_plain_reading_finds(one: str, other: str) -> None:
    assert bool(Runs([one]).first(other)) >= bool(runs_of(one) & runs_of(other))


@given(
    st.lists(st.sampled_from("a b c d e f".split()), max_size=30),
    st.lists(st.sampled_from("a b c d e f".split()), max_size=30),
)
def test_runs_of_few_words_too(one: list[str], other: list[str]) -> None:
    assert bool(Runs([" ".join(one)]).first("-".join(other))) == bool(runs_of(" ".join(one)) & runs_of(" ".join(other)))


def test_runs_go_on_over_lines_and_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path, "x\none two,\nthree\n\nfour five six\ny one two three four y\n")
    for chunk in (1, 8, 1 << 20):
        monkeypatch.setattr("annotate.quoting.CHUNK", chunk)
        assert list(Runs(["One, two three four FIVE."]).in_file(path)) == [(2, "one two three four five")]


def test_a_name_is_cut_short_of_a_run() -> None:
    assert shortened("one two three four five six") == "one two three four …"
    assert shortened("one two, three-four") == "one two, three-four"


# ---- Hydrate ----


def test_another_copy_gives_the_same_claims_in_their_places(coast: Path, tmp_path: Path, copies: Path) -> None:
    strip(coast, tmp_path / "out")
    text = in_another_form("A line of the site’s own, said nobody. " + " ".join(SENTENCES))
    done = hydrate(tmp_path / "out", tmp_path / "whole", [save(copies, text)])
    assert (done.moved, done.failed, done.problems) == (1, False, [])
    clean(tmp_path / "whole")
    for old, new in zip(claims_of(coast), claims_of(tmp_path / "whole"), strict=True):
        assert (new.id, new.stance, new.text) == (old.id, old.stance, in_another_form(old.text))
        assert (new.source.text, new.cue.text) == (old.source.text, old.cue.text)
        assert (new.prediction.start, new.prediction.end) == (new.start, new.end)
        assert new.source.start == new.start + in_another_form(old.text).index(old.source.text)
    assert not (tmp_path / "whole" / "anchors.jsonl").exists()
    assert not (tmp_path / "whole" / "unplaced.jsonl").exists()


@settings(deadline=None, max_examples=12)
@given(st.permutations(SENTENCES), st.integers(0, 7), st.integers(0, 8))
def test_what_a_copy_lacks_is_named_and_the_rest_is_right(sentences: list[str], gone: int, added: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "codebook.toml").write_text(TOML, encoding="utf-8")
        corpus = build(folder / "corpus", Codebook.read(folder / "codebook.toml"), {"coast": sentences})
        strip(corpus, folder / "out")
        kept = [sentence for i, sentence in enumerate(sentences) if i != gone]
        text = in_another_form(" ".join([*kept[:added], "Mr Ro said: this is new here.", *kept[added:]]))
        done = hydrate(folder / "out", folder / "whole", [save(folder, text)])
        lost = [claim.id for claim in claims_of(corpus) if claim.text == sentences[gone]]
        assert done.unplaced == lost
        assert [problem.line for problem in done.problems] == [1, 2]
        clean(folder / "whole")
        assert [claim.text for claim in claims_of(folder / "whole")] == [
            in_another_form(claim.text) for claim in claims_of(corpus) if claim.id not in lost
        ]
        unplaced = [claim for _, claim in wire.read(folder / "whole" / "unplaced.jsonl", Claim)]
        assert unplaced == [claim for claim in claims_of(folder / "out") if claim.id in lost]


def test_each_article_gets_its_own_copy_and_what_has_none_stays(
    tmp_path: Path, codebook: Codebook, copies: Path
) -> None:
    texts = {"north": list(SENTENCES[:3]), "south": list(SENTENCES[3:6]), "west": list(SENTENCES[6:])}
    corpus = build(tmp_path / "corpus", codebook, texts)
    strip(corpus, tmp_path / "out")
    save(copies, in_another_form(" ".join(texts["south"])), "1.txt")
    save(copies, "\r\n".join(texts["north"]), "2.txt")
    save(copies, "Something else altogether, and no word of it is in the corpus.", "3.txt")
    done = hydrate(tmp_path / "out", tmp_path / "whole", [copies])
    assert (done.exact, done.moved, done.missing, done.unplaced) == (1, 1, ["west"], [])
    assert "no copy of https://news.test/west" in str(done.problems[0])
    clean(tmp_path / "whole")
    by_article = {article.id: article.text for article in Corpus.open(tmp_path / "whole").articles()}
    assert by_article["north"] == "\r\n".join(texts["north"]) and by_article["west"] == ""
    save(copies, "\r\n".join(texts["west"]), "4.txt")
    assert not hydrate(tmp_path / "whole", tmp_path / "all", [copies / "4.txt"]).failed
    clean(tmp_path / "all")
    assert all(article.text for article in Corpus.open(tmp_path / "all").articles())


def test_a_copy_that_holds_less_than_half_is_none(coast: Path, tmp_path: Path, copies: Path) -> None:
    strip(coast, tmp_path / "out")
    done = hydrate(tmp_path / "out", tmp_path / "whole", [save(copies, " ".join(SENTENCES[:3]))])
    assert done.missing == ["coast"]
    assert claims_of(tmp_path / "whole") == claims_of(tmp_path / "out")
    clean(tmp_path / "whole")


def test_copies_that_cannot_be_read_are_named(coast: Path, tmp_path: Path, copies: Path) -> None:
    strip(coast, tmp_path / "out")
    with pytest.raises(ArticleError, match="the text is empty"):
        hydrate(tmp_path / "out", tmp_path / "whole", [save(copies, "")])
    assert not (tmp_path / "whole").exists()


def change(folder: Path, index: int, **changes: object) -> Claim:
    claims = claims_of(folder)
    claims[index] = replace(claims[index], **changes)  # type: ignore[arg-type]
    write_claims(folder, claims)
    return claims[index]


def test_what_people_decided_of_spans_is_said_again_of_the_copy(coast: Path, tmp_path: Path, copies: Path) -> None:
    start = claims_of(coast)[2].start
    change(coast, 2, start=start + 14, text=SENTENCES[1][14:], source=Span(start + 5, start + 8, "Sam"))
    adopt(coast, "ana")
    change(coast, 2, start=start + 18, text=SENTENCES[1][18:])
    change(coast, 3, start=start + 18, text=SENTENCES[1][18:])
    adopt(coast, "ben")
    moved = change(coast, 4, cue=NO_SPAN, stance="against")
    adopt(coast, "ana", adjudicate=True)
    out, whole = tmp_path / "out", tmp_path / "whole"
    strip(coast, out)
    clean(out)
    text = in_another_form("One more. " + " ".join(SENTENCES))
    assert not hydrate(out, whole, [save(copies, text)]).failed
    clean(whole)
    log = Corpus.open(whole).log()
    for name, said in (("span", {"ana": SENTENCES[1][14:], "ben": SENTENCES[1][18:]}), ("source", {"ana": "Sam"})):
        now = log.said(moved.id if name == "cue" else claims_of(coast)[2].id, name)  # type: ignore[arg-type]
        assert {who: text[slice(*map(int, value.split(":")))] for who, value in now.items()} == said
    assert {dispute.field for dispute in log.disputes()} == {"span"}
    by_id = {claim.id: claim for claim in claims_of(whole)}
    assert [by_id[claim.id].annotator for claim in claims_of(coast)] == [c.annotator for c in claims_of(coast)]
    assert (by_id[moved.id].cue, by_id[moved.id].stance) == (NO_SPAN, "against")
    decisions = list(read_decisions(whole / "decisions.jsonl"))
    assert decisions[: len(list(read_decisions(out / "decisions.jsonl")))] == list(
        read_decisions(out / "decisions.jsonl")
    )
    assert {decision.mode for decision in decisions} == {"edit", "adjudicate", "reanchor"}
    withdraw(whole, "ben", [claims_of(coast)[2].id, claims_of(coast)[3].id])
    assert by_id[claims_of(coast)[2].id].text != SENTENCES[1][14:]
    assert {c.text for c in claims_of(whole) if c.id == claims_of(coast)[2].id} == {SENTENCES[1][14:]}
    withdraw(whole, "ana", [claims_of(coast)[2].id])
    (back,) = (c for c in claims_of(whole) if c.id == claims_of(coast)[2].id)
    assert (back.text, back.source.text) == (SENTENCES[1], "Seun")
    clean(whole)


def test_added_and_deleted_claims_move_along(coast: Path, tmp_path: Path, copies: Path) -> None:
    claims = claims_of(coast)
    own = "the old harbour town"
    start = "\r\n".join(SENTENCES).index(own)
    first = replace(claims[0], start=start + len(own) + 1, text=SENTENCES[0][38:], source=NO_SPAN, cue=NO_SPAN)
    first = replace(first, start=claims[0].end - len(first.text))
    added = replace(
        claims[0], id="", start=start, end=start + len(own), text=own, digest=text_digest(own), source=NO_SPAN,
        cue=NO_SPAN, prediction=NO_PREDICTION,
    )  # fmt: skip
    sibling = replace(first, id=claims[1].id, target="trade", prediction=claims[1].prediction)
    write_claims(coast, [first, sibling, *claims[4:], added])  # the second sentence's two are deleted
    adopt(coast, "ana")
    out, whole = tmp_path / "out", tmp_path / "whole"
    strip(coast, out)
    text = in_another_form("One more. " + " ".join(SENTENCES))
    assert not hydrate(out, whole, [save(copies, text)]).failed
    clean(whole)
    assert claims_of(whole)[-1].text == own
    withdraw(whole, "ana", [claims[2].id, claims[3].id])
    assert {c.text for c in claims_of(whole) if c.id in (claims[2].id, claims[3].id)} == {SENTENCES[1]}
    clean(whole)
    # Where the copy lacks both, the deleted ones are forgotten, and the added one is named and stays away.
    text = in_another_form(" ".join(SENTENCES[2:]))
    done = hydrate(out, tmp_path / "less", [save(copies, text, "less.txt")])
    assert len(done.unplaced) == 3
    clean(tmp_path / "less")
    change(tmp_path / "less", 0, stance="against")
    adopt(tmp_path / "less", "ben")
    assert own not in {claim.text for claim in claims_of(tmp_path / "less")}
    clean(tmp_path / "less")


def test_a_transcription_changes_neither_who_ruled_nor_who_spoke() -> None:
    log = Log(
        [
            decide("ana", "c1", "span", "0:5", "0:9", "edit", "", "2024-01-01T00:00:00.000000Z"),
            decide("cleo", "c1", "span", "0:9", "1:9", "adjudicate", "", "2024-01-02T00:00:00.000000Z"),
            decide("ben", "c1", "span", "0:9", "2:9", "edit", "", "2024-01-03T00:00:00.000000Z"),
            decide("dan", "c1", "cue", "3:5", "3:6", "edit", "", "2024-01-03T00:00:00.000000Z"),
            decide("dan", "c1", "cue", "3:6", "", "withdraw", "", "2024-01-04T00:00:00.000000Z"),
        ]
    )
    said = list(log.transcribed("c1", lambda _, value: ":".join(str(int(n) + 10) for n in value.split(":")), "1.0.0"))
    for decision in [*said, replace(said[0], annotator="eve")]:
        log.hear(decision)
    assert log.said("c1", "span") == {"ana": "10:19", "cleo": "11:19", "ben": "12:19"}
    assert log.in_force("c1", "span") == ("11:19", ("cleo",))
    assert (log.said("c1", "cue"), [d.annotator for d in said if d.field == "cue"]) == ({}, ["annotate"])
    assert set(log.places("c1")) == {(10, 15), (10, 19), (11, 19), (12, 19), (13, 15)}


# ---- People's work on a stand-off corpus ----


def test_labels_are_corrected_without_the_text_and_spans_are_not(coast: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    strip(coast, out)
    change(out, 2, stance="against", note="irony", speaker="narrator")
    change(out, 3, speaker="narrator")
    adopt(out, "ana")
    clean(out)
    assert (claims_of(out)[2].stance, claims_of(out)[2].annotator) == ("against", "ana")
    before = files_of(out)
    moved = change(out, 4, start=claims_of(out)[4].start + 1)
    with pytest.raises(CorpusError, match=r"a span was set by hand.*annotate hydrate"):
        adopt(out, "ana")
    assert [problem.line for problem in examine(out)[0]] == [5]
    change(out, 4, start=moved.start - 1)
    assert files_of(out) == before
    write_claims(out, [*claims_of(out), replace(moved, id="", prediction=NO_PREDICTION)])
    with pytest.raises(CorpusError, match="annotate hydrate"):
        adopt(out, "ana")


def test_a_decided_span_is_not_withdrawn_without_the_text(corpus: Path, tmp_path: Path) -> None:
    start = TEXT.index(FEAR[4:])
    claim = change(corpus, 3, start=start, text=FEAR[4:], stance="against")
    adopt(corpus, "ana")
    out = tmp_path / "out"
    strip(corpus, out)
    with pytest.raises(CorpusError, match="annotate hydrate"):
        withdraw(out, "ana", [claim.id])
    withdraw(out, "ana", [claim.id], "stance")
    clean(out)


# ---- The commands ----


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "annotate", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, encoding="utf-8")


def test_the_commands_say_what_they_did(coast: Path, tmp_path: Path, copies: Path) -> None:
    done = run("strip", coast, tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    save(copies, "\r\n".join(SENTENCES), "a.txt")
    done = run("hydrate", tmp_path / "out", tmp_path / "whole", "--articles", copies / "a.txt")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "whole" / "claims.jsonl").read_bytes() == (coast / "claims.jsonl").read_bytes()
    less, other = save(copies, " ".join(SENTENCES[1:]), "b.txt"), save(copies, "Nothing of it.", "c.txt")
    done = run("hydrate", tmp_path / "out", tmp_path / "less", "--articles", other, less, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["unplaced"] == [claim.id for claim in claims_of(coast)[:2]]
    assert "unplaced.jsonl:1" in done.stderr
    done = run("hydrate", tmp_path / "out", tmp_path / "less", "--articles", less)
    assert done.returncode == 2 and "is not empty" in done.stderr
