"""A corpus in memory, as its log and people's hand edits have it, kept up to date while others write to it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from annotate.adopting import Place, place
from annotate.codebook import Codebook
from annotate.comparison import Difference
from annotate.corpus import ARTICLES, BASE, CLAIMS, CODEBOOK, DECISIONS, SPEAKERS, Corpus
from annotate.decisions import Log, value_of, with_value
from annotate.edits import NOWHERE
from annotate.errors import AnnotateError, CorpusBusy, CorpusError, Problem
from annotate.records import NARRATOR, SCHEMA_VERSION, UNKNOWN, Article, Claim, DecidedField, Decision, Speaker
from annotate.review.following import ClaimsFile, LogFile, Stamp
from annotate.review.undoing import FIELDS
from annotate.revising import append, log_mark
from annotate.storage import Transaction, locked, recover, unfinished
from annotate.texts import ArticleIndex

Taken = TypeVar("Taken")

PATIENCE, FIRST_PATIENCE = 3.0, 15.0
"""Seconds to wait for another process that writes the corpus: in between, and at the start."""

NOBODY = tuple(Speaker(SCHEMA_VERSION, id, id, (id,), "", True) for id in (NARRATOR, UNKNOWN))
"""Who speaks where no person does."""


class Loaded:
    """Everything that a review needs of a corpus; `refresh` takes in what changed on the disk."""

    def __init__(self, corpus: Corpus, hear: Callable[[list[Decision], bool], None]) -> None:
        """Read the corpus; `hear` is told every decision, with True all of them again where the log was replaced.

        Raises CorpusError with all that is wrong.
        """
        self.corpus, self._hear = corpus, hear
        folder = self.folder = corpus.folder
        if self.corpus.frozen:
            raise CorpusError(f"{folder}: a release never changes; review its corpus, and release that anew")
        self.articles: dict[str, Article] = {}
        """Every article without its text."""
        self.speakers: dict[str, Speaker] = {}
        self.lines: dict[str, Claim] = {}
        """The claims as the file has them."""
        self.shown: dict[str, Claim] = {}
        """The claims as the log and people's hand edits have them, those that are gone left out."""
        self.edits: dict[str, dict[DecidedField, tuple[str, str]]] = {}
        """Hand edits that nobody decided on since: the field's value before, and the edited one."""
        self.pending = 0
        """Claims that people changed by hand and that `annotate adopt` must take in before the view can be folded."""
        self.generation = 0
        """Raised when articles or claims come or go, or the models say otherwise of them."""
        self.log, self.logfile = Log(), LogFile(folder / DECISIONS)
        self._claims = ClaimsFile(self.corpus)
        self._wholes: dict[str, tuple[str, ...]] = {}
        self._stamps: dict[str, tuple[Stamp, ...]] = {}
        self._problems: dict[str, str] = {}
        self._ready = False
        with self.alone():
            self._ready = True

    @property
    def problem(self) -> str:
        """What keeps a change on the disk from being taken in, "" where nothing does."""
        return next(iter(self._problems.values()), "")

    @property
    def version(self) -> str:
        """The newest release, "" before the first."""
        return self.corpus.version

    @property
    def folded(self) -> bool:
        """Whether the view shows all that is logged."""
        return self.logfile.size == 0 or log_mark(self.corpus).sha256 == self.logfile.sha256

    @property
    def folding_loses(self) -> bool:
        """Whether the view cannot be folded now without losing what people wrote."""
        return self.pending > 0 or bool(self._problems)

    @contextmanager
    def alone(self) -> Iterator[set[str]]:
        """Hold the corpus's lock, everything up to date; the ids of claims that changed.

        CorpusBusy where somebody else holds it for long, CorpusError where the log is damaged.
        """
        with ExitStack() as held:
            patience = PATIENCE if self._ready else FIRST_PATIENCE
            _patiently(lambda: held.enter_context(locked(self.folder)), patience)
            recover(self.folder)
            changed = self.refresh(locked=True)
            if problem := self._problems.get(DECISIONS):
                raise CorpusError(f"{self.folder}: nothing was written: {problem}")
            yield changed

    def refresh(self, *, locked: bool = False) -> set[str]:
        """Take in what changed on the disk; the ids of claims that are otherwise now."""
        if not locked and unfinished(self.folder):
            return set()
        if moved := self._moved(ARTICLES, CODEBOOK):
            self._try(ARTICLES, self._read_articles)
        if self._moved(SPEAKERS):
            self._try(SPEAKERS, self._read_speakers)
        changed = self._try(DECISIONS, lambda: self._read_log(locked=locked)) or set()
        if self._claims.changed() or moved:  # claims of an article that was not there yet are read again
            changed |= self._try(CLAIMS, self._read_claims) or set()
        return changed

    def _moved(self, *names: str) -> bool:
        """Whether any of these files is another one than when this was asked last."""
        stamps = {name: Stamp.all_of(self.folder / name) for name in names}
        moved = any(self._stamps.get(name) != stamp for name, stamp in stamps.items())
        self._stamps |= stamps
        return moved

    def _try(self, name: str, read: Callable[[], set[str] | None]) -> set[str] | None:
        """What `read` returns; where it fails, all stays as it was read before, and `problem` says why.

        The first time the error is raised.
        """
        try:
            found = read()
        except AnnotateError as error:
            if not self._ready:
                raise
            self._problems[name] = str(error.problems[0] if error.problems else error)
        except OSError as error:  # which may pass: on Windows another program can hold a file for a moment
            self._stamps.pop(name, None)
            if name == CLAIMS:
                self._claims.again()
            self._problems[name] = f"{self.folder / name}: {error.strerror or error}"
        else:
            self._problems.pop(name, None)
            return found
        return None

    def _read_articles(self) -> None:
        self.corpus = Corpus(self.folder)  # whose codebook is read anew
        self.codebook: Codebook = self.corpus.codebook
        self.texts = ArticleIndex(self.folder / ARTICLES)
        if self.texts.problems:
            raise CorpusError(str(self.folder), self.texts.problems)
        self.articles = {article.id: replace(article, text="") for article in self.corpus.articles()}
        self.generation += 1

    def _read_speakers(self) -> None:
        seen, named = self.corpus.speakers(), self.codebook.speakers
        listed = {who.id: Speaker(SCHEMA_VERSION, who.id, who.name, (), who.role, True) for who in named}
        aliases = {who.id: (who.name, *who.aliases) for who in named}
        everybody = {who.id: who for who in NOBODY} | seen | listed
        for id, who in everybody.items():
            known = (*aliases.get(id, ()), *(seen[id].aliases if id in seen else who.aliases))
            everybody[id] = replace(who, aliases=tuple(dict.fromkeys(known)))
        self.speakers = everybody

    def _read_log(self, *, locked: bool) -> set[str]:
        news = self.logfile.news(locked=locked)
        if news is None:  # it was replaced by another one: all is told again
            logfile = LogFile(self.folder / DECISIONS)
            news = logfile.news(locked=locked) or []
            self.logfile, self.log = logfile, Log()
            return self.take(news, anew=True)
        return self.take(news)

    def take(self, decisions: list[Decision], *, anew: bool = False) -> set[str]:
        """Hear decisions that are in the log; the ids of claims that are otherwise now."""
        for decision in decisions:
            self.log.hear(decision)
        answered = [self.edits.get(decision.claim, {}).pop(decision.field, None) for decision in decisions]
        if any(answered):  # an edit that was decided to be right is none any more
            self._count_pending()
        self._hear(decisions, anew)
        changed = self.lines.keys() if anew else {decision.claim for decision in decisions}
        self._show(changed)
        return set(changed)

    def _count_pending(self) -> None:
        """Count the hand edits again; later, where the file cannot be read now: what was decided is logged already."""
        try:
            self.pending = len(self._claims.edits(self.log, self.texts.get))
        except (AnnotateError, OSError):
            self._claims.again()

    def _read_claims(self) -> set[str]:
        claims = self._claims.read()
        strangers = [claim for claim in claims if claim.article not in self.articles]
        if strangers:
            problem = Problem(strangers[0].id, f"no article has the id {strangers[0].article!r}", "annotate check")
            raise CorpusError(str(self.folder), [problem])
        found = self._claims.edits(self.log, self.texts.get)
        before, self.lines = self.lines, {claim.id: claim for claim in claims}
        if list(map(_found, before.values())) != list(map(_found, claims)):
            self.generation += 1
            self._wholes = _wholes(self.lines)
        self.pending = len(found)
        self.edits = {one.new.id: edited for one in found if one.new and (edited := _edited(one))}
        return self._show(before.keys() | self.lines.keys())

    def _show(self, ids: Iterable[str]) -> set[str]:
        """Show these claims as they are now; the ids of those that were shown otherwise."""
        changed = set()
        for id in ids:
            line = self.lines.get(id)
            now = self._as_it_is(line) if line else None
            before = self.shown.get(id)
            if now is before or now == before:
                continue
            changed.add(id)
            self.generation += (now is None) != (before is None)
            if now:
                self.shown[id] = now
            else:
                del self.shown[id]
        return changed

    def _as_it_is(self, line: Claim) -> Claim | None:
        claim = self.log.apply(line, self.texts.get)
        for name, (_, edited) in self.edits.get(line.id, {}).items():
            claim = with_value(claim, name, edited, NOWHERE) if claim else None
        return claim

    def logged(self, id: str, name: DecidedField) -> str:
        """The value of a field as the log has it, whatever was edited by hand since."""
        if edit := self.edits.get(id, {}).get(name):
            return edit[0]
        return value_of(self.shown[id], name)

    def whole(self, id: str) -> list[str]:
        """The claim, its later or earlier parts, and all of those for the other targets; itself first."""
        return [id, *(one for one in self._wholes[id] if one != id and one in self.shown)]

    def reach(self, id: str, name: DecidedField) -> list[str]:
        """The claims that a decision on a field holds for: itself first."""
        if name == "note":
            return [id]
        target = self.shown[id].target
        return [one for one in self.whole(id) if name == "speaker" or self.shown[one].target == target]

    def head(self, id: str) -> str:
        """The first part of a claim that its cue splits; else the claim itself."""
        head = self.shown[id].continues
        return head if head in self.shown else id

    def enlist(self, who: Speaker) -> None:
        """Write somebody new into `speakers.jsonl`. The caller holds the lock."""
        path = self.folder / SPEAKERS
        with Transaction(self.folder) as change:
            append(path, change.path(SPEAKERS), [who])
            append(path, change.path(f"{BASE}/{SPEAKERS}"), [who])
        self.speakers[who.id] = who
        self._stamps[SPEAKERS] = Stamp.all_of(path)


def opened(folder: Path) -> Corpus:
    """The corpus in `folder`, which a process that outlived its server may still be writing."""
    return _patiently(lambda: Corpus.open(folder), FIRST_PATIENCE)


def _patiently(take: Callable[[], Taken], patience: float) -> Taken:
    """What `take` returns once the corpus is not busy any more; CorpusBusy after so many seconds."""
    until = time.monotonic() + patience
    while True:
        try:
            return take()
        except CorpusBusy:
            if time.monotonic() > until:
                raise
        time.sleep(0.02)


def _edited(one: Difference) -> dict[DecidedField, tuple[str, str]]:
    """The fields of a claim that a person changed by hand: their values before and after."""
    if one.old is None or one.new is None:
        return {}
    values = {name: (value_of(one.old, name), value_of(one.new, name)) for name in FIELDS}
    return {name: (old, new) for name, (old, new) in values.items() if old != new}


def _found(claim: Claim) -> tuple[object, ...]:
    """What the order of claims, and what belongs together, depend on."""
    return claim.id, claim.start, claim.end, claim.continues, claim.prediction


def _wholes(lines: dict[str, Claim]) -> dict[str, tuple[str, ...]]:
    """Claim → all claims at its place and at those of its other parts."""
    found: dict[Place, list[str]] = defaultdict(list)
    for claim in lines.values():
        found[_home(claim, lines)].append(claim.id)
    return {id: ids for ids in map(tuple, found.values()) for id in ids}


def _home(claim: Claim, lines: dict[str, Claim]) -> Place:
    return place(lines.get(claim.continues, claim))
