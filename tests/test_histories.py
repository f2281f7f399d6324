"""Whatever happens to a corpus, in whatever order, no decision is lost, every file is sound, and ids are stable.

A state machine draws histories: articles labelled, texts changed, lines edited by hand, edits adopted and withdrawn,
other models, releases, copies merged, articles taken down, and crashes in between.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import claims_of, write_claims
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from scripted import TEXT, TOML, Models, label, relabel

from annotate import jobs, storage
from annotate.adopting import adopt, withdraw
from annotate.checking import check
from annotate.corpus import Corpus
from annotate.decisions import read_decisions
from annotate.edits import pending_edits
from annotate.errors import CorpusError, UsageError
from annotate.migrating import migrate
from annotate.records import NO_PREDICTION, NO_SPAN, STANCES, Claim, Decision
from annotate.releases import check_releases, release
from annotate.removing import remove
from annotate.texts import ArticleIndex
from annotate.uniting import unite

SPLIT = "“The sea is wide,” Bo Hall said, “and the boats are cold.”\n"
TEXTS = {name: f"{TEXT}Bo Hall said {name} is dull.\n{SPLIT}" for name in ("east", "west", "north")}
CONTENTS = (
    "the line is good|the bridge is better|nobody asked|(?:east|west|north) is dull|The sea is wide|and the boats.+",
    "line is good|the bridge is better|nobody asked|The sea is wide|the boats are cold",
    "the line is good|bridge|(?:east|west|north) is dull|and the boats are cold",
)
WORDS = (
    ("", ""),
    ("the line is good", "the line is very good"),
    ("Bo Hall said the bridge is better.", ""),
    ("Ann Lee said nobody", "Ann Lee thinks nobody"),
    ("The sea is wide", "The whole sea is wide"),
    ("“The sea is wide,” Bo Hall said, “and", "Bo Hall said “and"),
)
"""What is edited in a text, and what it becomes."""
ANNOTATORS = st.sampled_from(["ana", "ben"])


class Crash(BaseException):
    """The process dies."""


@contextmanager
def dying(moves: int) -> Iterator[None]:
    """Let the process die after so many files were moved into place."""
    left = iter(range(moves))
    real = Path.replace

    def replace_some(self: Path, target: Path) -> Path:
        if next(left, None) is None:
            raise Crash
        return real(self, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage.Path, "replace", replace_some)
        yield


class History(RuleBasedStateMachine):
    """One corpus, and everything that was ever acknowledged about it."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.folder, self.book = self.root / "corpus", self.root / "codebook.toml"
        self.copy = self.root / "copy"
        self.book.write_text(TOML, encoding="utf-8")
        self.models = Models(CONTENTS[0])
        self.patch = pytest.MonkeyPatch()
        self.models.use(self.patch)
        self.acknowledged: list[Decision] = []
        self.ids: dict[str, tuple[str, int, int, str]] = {}
        self.edited = False

    def teardown(self) -> None:
        self.patch.undo()
        shutil.rmtree(self.root)

    @initialize()
    def begin(self) -> None:
        label(self.folder, self.book, TEXTS["east"], "east")

    def log(self) -> list[Decision]:
        return list(read_decisions(self.folder / "decisions.jsonl"))

    def acknowledge(self) -> None:
        self.acknowledged = self.log()

    @precondition(lambda self: not self.edited)
    @rule(name=st.sampled_from(sorted(TEXTS)))
    def label_an_article(self, name: str) -> None:
        try:
            label(self.folder, self.book, TEXTS[name], name)
        except jobs.ArticleError as error:
            assert name in Corpus.open(self.folder).removals() or "another text under this id" in str(error), error
        self.acknowledge()

    @precondition(lambda self: not self.edited)
    @rule(contents=st.sampled_from(CONTENTS), good=st.sampled_from(STANCES), better=st.sampled_from(STANCES))
    def relabel_by_other_models(self, contents: str, good: str, better: str) -> None:
        self.models.contents, self.models.stances = contents, {"good": good, "better": better}  # type: ignore[dict-item]
        relabel(self.folder)
        assert self.log()[: len(self.acknowledged)] == self.acknowledged
        self.acknowledge()

    @precondition(lambda self: not self.edited)
    @rule(
        name=st.sampled_from(sorted(TEXTS)),
        front=st.sampled_from(["", "🐘 News\u00a0today\r\n\r\n", "Bo Hall said nobody asked.\n"]),
        words=st.sampled_from(WORDS),
    )
    def change_a_text(self, name: str, front: str, words: tuple[str, str]) -> None:
        if name not in {article.id for article in Corpus.open(self.folder).articles()}:
            return
        path, before = self.root / f"{name}.txt", files(self.folder)
        path.write_text(front + TEXTS[name].replace(*words), encoding="utf-8", newline="")
        try:
            relabel(self.folder, texts=[path])
            texts = {article.id: article.text for article in Corpus.open(self.folder).articles()}
            assert texts[name] == path.read_bytes().decode()
        except CorpusError as error:
            assert "have no place in the new text" in str(error), error
            assert files(self.folder) == before
        assert self.log()[: len(self.acknowledged)] == self.acknowledged
        self.acknowledge()

    @rule(data=st.data(), stance=st.sampled_from(STANCES))
    def edit_a_stance(self, data: st.DataObject, stance: str) -> None:
        self._edit(data, stance=stance)

    @rule(data=st.data(), speaker=st.sampled_from(["ann-lee", "bo-hall", "narrator"]))
    def edit_a_speaker(self, data: st.DataObject, speaker: str) -> None:
        self._edit(data, speaker=speaker)

    @rule(data=st.data(), note=st.text(st.characters(exclude_categories=["Cs"]), max_size=9))
    def edit_a_note(self, data: st.DataObject, note: str) -> None:
        self._edit(data, note=note)

    @rule(data=st.data())
    def shorten_a_span(self, data: st.DataObject) -> None:
        claims = claims_of(self.folder)
        if claims:
            claim = data.draw(st.sampled_from(claims))
            if claim.end - claim.start > 4:
                self._write(claims, claim, replace(claim, end=claim.end - 2, text=claim.text[:-2]))

    @rule(data=st.data())
    def delete_a_first_part(self, data: st.DataObject) -> None:
        claims = claims_of(self.folder)
        heads = {claim.continues for claim in claims} & {claim.id for claim in claims}
        if heads:
            head = data.draw(st.sampled_from(sorted(heads)))
            self._write(claims, next(claim for claim in claims if claim.id == head), None)

    @rule(data=st.data())
    def delete_a_line(self, data: st.DataObject) -> None:
        claims = claims_of(self.folder)
        if claims:
            self._write(claims, data.draw(st.sampled_from(claims)), None)

    @rule(word=st.sampled_from(["long meeting", "harbour hall", "nobody"]))
    def add_a_claim(self, word: str) -> None:
        claims = claims_of(self.folder)
        for article in Corpus.open(self.folder).articles():
            start = article.text.index(word)
            end = start + len(word)
            if not any(c.article == article.id and c.start < end and start < c.end for c in claims) and claims:
                own = replace(
                    claims[0], id="", article=article.id, start=start, end=end, text=word, digest="", continues="",
                    source=NO_SPAN, cue=NO_SPAN, annotator="", note="", prediction=NO_PREDICTION,
                )  # fmt: skip
                write_claims(self.folder, [*claims, own])
                self.edited = True
                return

    def _edit(self, data: st.DataObject, **changes: object) -> None:
        claims = claims_of(self.folder)
        if claims:
            claim = data.draw(st.sampled_from(claims))
            self._write(claims, claim, replace(claim, **changes))  # type: ignore[arg-type]

    def _write(self, claims: list[Claim], old: Claim, new: Claim | None) -> None:
        write_claims(self.folder, [line for c in claims if (line := new if c is old else c)])
        self.edited = True

    @rule(annotator=ANNOTATORS, adjudicate=st.booleans())
    def adopt_the_edits(self, annotator: str, adjudicate: bool) -> None:
        self.settle(annotator, adjudicate)

    def settle(self, annotator: str, adjudicate: bool = False) -> None:
        """Hand edits are adopted, or taken back where they are none that can be."""
        before = files(self.folder)
        try:
            adopt(self.folder, annotator, adjudicate=adjudicate, deletions=self._deleted())
        except CorpusError as error:
            assert error.problems, error  # siblings told apart, and the like: named, and nothing is written
            assert files(self.folder) == before
            write_claims(self.folder, list(self._base()))
        self.edited = False
        assert self.log()[: len(self.acknowledged)] == self.acknowledged
        self.acknowledge()

    def _base(self) -> list[Claim]:
        return claims_of(self.folder / ".annotate" / "base")

    def _deleted(self) -> int:
        return len({c.id for c in self._base()} - {c.id for c in claims_of(self.folder)})

    @rule(data=st.data(), annotator=ANNOTATORS)
    def withdraw_a_decision(self, data: st.DataObject, annotator: str) -> None:
        self.settle(annotator)
        mine = sorted({d.claim for d in self.acknowledged if d.annotator == annotator})
        if mine:
            claim = data.draw(st.sampled_from(mine))
            try:
                withdraw(self.folder, annotator, [claim])
            except UsageError as error:
                assert "has decided nothing" in str(error)
            self.acknowledge()

    @precondition(lambda self: not self.edited)
    @rule()
    def release_it(self) -> None:
        try:
            release(self.folder, "", "a release")
        except CorpusError as error:
            assert "nothing has changed" in str(error) or "the same" in str(error), error

    @precondition(lambda self: not self.edited)
    @rule(name=st.sampled_from(["north", "west"]))
    def take_an_article_down(self, name: str) -> None:
        if name in {article.id for article in Corpus.open(self.folder).articles()}:
            remove(self.folder, name, "it was asked for")

    @rule(
        data=st.data(),
        stance=st.sampled_from([*STANCES, ""]),
        annotator=st.sampled_from(["ana", "cleo"]),
        anew=st.booleans(),
    )
    def somebody_edits_a_copy(self, data: st.DataObject, stance: str, annotator: str, anew: bool) -> None:
        if not self.copy.exists() or anew:
            self.settle(annotator)
            shutil.rmtree(self.copy, ignore_errors=True)
            shutil.copytree(self.folder, self.copy)
        claims = claims_of(self.copy)
        if claims:
            claim = data.draw(st.sampled_from(claims))
            new = [replace(claim, stance=stance)] if stance else []  # type: ignore[arg-type]
            write_claims(self.copy, [line for c in claims for line in (new if c is claim else [c])])
            adopt(self.copy, annotator)

    @precondition(lambda self: self.copy.exists())
    @rule(annotator=ANNOTATORS)
    def import_the_copy(self, annotator: str) -> None:
        self.settle(annotator)
        before, theirs = files(self.folder), list(read_decisions(self.copy / "decisions.jsonl"))
        ours = Counter(self.log())
        try:
            unite(self.folder, self.copy)
        except CorpusError as error:
            assert "have different texts" in str(error) or "which overlap" in str(error), error
            assert files(self.folder) == before
            return
        assert Counter(self.log()) == ours | Counter(theirs)
        assert self.log()[: len(self.acknowledged)] == self.acknowledged
        self.acknowledge()

    @precondition(lambda self: not self.edited)
    @rule()
    def migrate_it(self) -> None:
        assert migrate(self.folder) == []

    @precondition(lambda self: not self.edited)
    @rule()
    def lose_the_machine_state(self) -> None:
        shutil.rmtree(self.folder / ".annotate")
        assert self._pending() == []
        migrate(self.folder)

    @precondition(lambda self: not self.edited)
    @rule(moves=st.integers(0, 9), good=st.sampled_from(STANCES))
    def crash_while_relabelling(self, moves: int, good: str) -> None:
        self.models.stances = {"good": good}  # type: ignore[dict-item]
        try:
            with dying(moves):
                relabel(self.folder)
        except Crash:
            Corpus.open(self.folder)

    @precondition(lambda self: not self.edited)
    @rule(moves=st.integers(0, 12), name=st.sampled_from(sorted(TEXTS)))
    def crash_while_labelling(self, moves: int, name: str) -> None:
        try:
            with dying(moves):
                label(self.folder, self.book, TEXTS[name], name)
        except Crash:
            Corpus.open(self.folder)
        except jobs.ArticleError:
            return
        self.acknowledge()

    @precondition(lambda self: not self.edited)
    @rule(moves=st.integers(0, 16))
    def crash_while_releasing(self, moves: int) -> None:
        before = Corpus.open(self.folder).releases()
        try:
            with dying(moves):
                release(self.folder)
        except Crash:
            after = Corpus.open(self.folder).releases()
            assert after[: len(before)] == before and len(after) <= len(before) + 1
        except CorpusError as error:
            assert "nothing has changed" in str(error), error

    @rule(moves=st.integers(0, 9), annotator=ANNOTATORS)
    def crash_while_adopting(self, moves: int, annotator: str) -> None:
        try:
            with dying(moves):
                adopt(self.folder, annotator, deletions=self._deleted())
        except Crash:
            Corpus.open(self.folder)
        except CorpusError as error:
            assert error.problems
            return
        self.edited = bool(self._pending())
        self.acknowledge()

    def _pending(self) -> list[object]:
        base = self.folder / ".annotate" / "base" / "claims.jsonl"
        texts = ArticleIndex(self.folder / "articles.jsonl")
        return list(pending_edits(self.folder / "claims.jsonl", base, Corpus.open(self.folder).log(), texts.get))

    @invariant()
    def no_decision_is_lost(self) -> None:
        if (self.folder / "decisions.jsonl").exists():
            assert self.log()[: len(self.acknowledged)] == self.acknowledged

    @invariant()
    def every_file_is_sound(self) -> None:
        if self.folder.exists() and not self.edited:
            opened = Corpus.open(self.folder)
            assert list(check(opened)) == []
            assert list(check_releases(opened)) == []
            assert self._pending() == []

    @invariant()
    def ids_are_stable(self) -> None:
        if not self.folder.exists() or self.edited:
            return
        for claim in claims_of(self.folder):
            if claim.prediction != NO_PREDICTION:
                assert claim.prediction.seal == claim.prediction.seal_for(claim.id)
            assert self.ids.setdefault(claim.id, (claim.article, 0, 0, claim.target))[::3] == (
                claim.article,
                claim.target,
            )

    @invariant()
    def the_view_follows_the_log(self) -> None:
        if not self.folder.exists() or self.edited:
            return
        log = Corpus.open(self.folder).log()
        for claim in claims_of(self.folder):
            assert not log.is_gone(claim.id)
            if force := log.in_force(claim.id, "stance"):
                assert claim.stance == force.value
            if force := log.in_force(claim.id, "speaker"):
                assert claim.speaker == force.value


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file() and path.suffix == ".jsonl"
    }


def histories(count: int, steps: int) -> None:
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        History,
        settings=settings(max_examples=count, stateful_step_count=steps, deadline=None, suppress_health_check=checks),
    )


def test_a_few_histories() -> None:
    histories(12, 15)


@pytest.mark.full
def test_many_histories() -> None:
    histories(300, 40)
