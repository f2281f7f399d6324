"""One change of a corpus: the folder locked, people's edits safe, files staged beside and moved together."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from annotate import shards, wire
from annotate.card import WORKING, card
from annotate.codebook import Codebook
from annotate.corpus import (
    ARTICLES,
    BASE,
    CARD,
    CHANGELOG,
    CLAIMS,
    CODEBOOK,
    DECISIONS,
    LOG_MARK,
    RELEASES,
    REMOVALS,
    SPEAKERS,
    Corpus,
)
from annotate.decisions import Log, folded
from annotate.edits import pending_edits
from annotate.errors import CorpusError, PendingEdits, Problem
from annotate.records import Article, Claim, Decision, Removal, Speaker
from annotate.storage import Transaction, file_sha256, locked, recover
from annotate.texts import ArticleIndex

FILES = (ARTICLES, CLAIMS, SPEAKERS, CODEBOOK, CARD, DECISIONS, REMOVALS, CHANGELOG)
SNAPSHOT = (CLAIMS, SPEAKERS, CODEBOOK)
"""Files of which a copy is kept as they were written, so that a person's edits can be told."""


class Revision:
    """What a command changes in a corpus; nothing is seen of it until the block of `revising` ends well."""

    def __init__(self, corpus: Corpus, change: Transaction, log: Log) -> None:
        self.corpus, self.change, self.log = corpus, change, log
        self.shards = corpus.shards or 1
        """In how many files articles and claims are kept when the revision ends."""
        self._decided: list[Decision] = []

    @cached_property
    def texts(self) -> ArticleIndex:
        """The articles that the corpus holds."""
        return ArticleIndex(self.corpus.folder / ARTICLES)

    def articles(self) -> Iterator[Article]:
        return self._old(ARTICLES, Article)

    def claims(self) -> Iterator[Claim]:
        return self._old(CLAIMS, Claim)

    def speakers(self) -> Iterator[Speaker]:
        return self._old(SPEAKERS, Speaker)

    def _old(self, name: str, kind: type[wire.Record]) -> Iterator[wire.Record]:
        return self.corpus.read(name, kind) if shards.files(self.corpus.folder / name) else iter(())

    def decide(self, decisions: Iterable[Decision]) -> int:
        """Append decisions to the log; how many."""
        made = list(decisions)
        for decision in made:
            self.log.hear(decision)
        self.record(made)
        return len(made)

    def record(self, decisions: Iterable[Decision]) -> None:
        """Append decisions that the log has heard already."""
        self._decided += decisions

    def fold(self, claims: Iterable[Claim]) -> None:
        """Write the view: these claims with what the log has in force."""
        self.write_claims(folded(claims, self.log, self.texts.get))

    def write_claims(self, claims: Iterable[Claim]) -> None:
        wire.write(self.change.path(CLAIMS), claims)

    def write_speakers(self, speakers: Iterable[Speaker]) -> None:
        wire.write(self.change.path(SPEAKERS), speakers)

    def write_articles(self, articles: Iterable[Article]) -> None:
        wire.write(self.change.path(ARTICLES), articles)

    def write_codebook(self, codebook: Codebook) -> None:
        self.change.path(CODEBOOK).write_bytes(codebook.source.encode())

    def write_card(self, codebook: Codebook, releases: Iterable[str] | None = None) -> None:
        """The card with its head made anew; `releases` are those it lists (default: all that there are)."""
        versions = self.corpus.releases() if releases is None else list(releases)
        text = self.card(read_prose(self.corpus.folder / CARD), codebook, versions)
        self.change.path(CARD).write_text(text, encoding="utf-8", newline="\n")

    def card(self, old: str, codebook: Codebook, releases: Sequence[str] = ()) -> str:
        """The card of the corpus as it will be, with these releases: those that are there, and those to be."""
        new, folder = shards.pattern_of(CLAIMS, self.shards), self.corpus.folder / RELEASES
        there = {version: folder / version / CLAIMS for version in releases}
        claims = {name: shards.pattern(path) if shards.files(path) else new for name, path in there.items()}
        return card(old, codebook, releases, {WORKING: new} | claims)

    def close(self) -> None:
        """Stage the log with what was decided, and the snapshot of what was written."""
        self.cut()
        self._write_log()
        for name in SNAPSHOT:
            copies = shards.files(self.change.scratch(name))
            for file in copies:
                shutil.copyfile(file, self.change.path(f"{BASE}/{file.name}"))
            self._drop_other_forms(f"{BASE}/{name}")

    def cut(self, prefix: str = "") -> list[str]:
        """Cut what is staged of articles and claims in a folder into shards, if they are kept so; what it is now."""
        staged = [name for name in (ARTICLES, CLAIMS) if self.change.writes(prefix + name)]
        where: Callable[[str], int | None] = lambda article: self.texts.shard(article)  # noqa: E731, PLW0108
        for name in staged if self.shards > 1 else ():
            path = self.change.scratch(prefix + name)
            if name == ARTICLES:
                where = shards.cut_articles(path, self.shards).get
            else:
                shards.cut_claims(path, self.shards, where)
            self.change.drop(prefix + name)
        parts = [file.name for name in staged for file in shards.files(self.change.scratch(prefix + name))]
        for part in parts:
            self.change.path(prefix + part)
        for name in staged:
            self._drop_other_forms(prefix + name)
        return parts

    def _drop_other_forms(self, name: str) -> None:
        """Of a file that is staged, in one piece or in shards, let nothing else be left."""
        staged = {file.name for file in shards.files(self.change.scratch(name))}
        prefix = name[: name.rindex("/") + 1] if "/" in name else ""
        for file in shards.files(self.corpus.folder / name) if staged else ():
            if file.name not in staged:
                self.change.drop(prefix + file.name)

    def _write_log(self) -> None:
        old = self.corpus.folder / DECISIONS
        if self._decided:
            append(old, self.change.path(DECISIONS), self._decided)
        elif not old.exists():
            self.change.path(DECISIONS).touch()
        if view := shards.sha256(self.change.scratch(CLAIMS)):
            written = self.change.path(DECISIONS) if self.change.writes(DECISIONS) else old
            mark = {"bytes": written.stat().st_size, "sha256": file_sha256(written), "claims": view}
            self.change.path(LOG_MARK).write_text(json.dumps(mark), encoding="utf-8")


@contextmanager
def revising(folder: str | Path, *, adopting: bool = False) -> Iterator[Revision]:
    """Change the corpus in `folder`; nothing changes unless the block ends well.

    Raises PendingEdits where people changed something that is not yet in the log (unless `adopting` it),
    CorpusBusy where another process writes, CorpusError where there is no corpus or somebody else changes
    it meanwhile.
    """
    folder = Path(folder)
    Corpus.open(folder)  # before the lock, which would make a folder where there is none
    with exclusively(folder) as corpus:
        seen, log = hashes(corpus), corpus.log()
        if not adopting:
            refuse_edits(corpus, log, f"annotate adopt {folder} --annotator NAME makes them decisions first")
            seen = _catch_up(corpus, log, seen)
        with staged(corpus, seen) as change:
            revision = Revision(corpus, change, log)
            yield revision
            revision.close()


@contextmanager
def exclusively(folder: Path) -> Iterator[Corpus]:
    """The corpus, or the empty folder of one to be, locked and put right after a crash; CorpusError for a release."""
    if Corpus(folder).frozen:
        raise CorpusError(f"{folder}: a release never changes; change its corpus, and release that anew")
    with locked(folder):
        yield Corpus(folder, recover(folder))


def hashes(corpus: Corpus) -> Mapping[str, str]:
    """What each file of the corpus holds now, to be taken before the first is read."""
    held = [file.name for name in (ARTICLES, CLAIMS) for file in shards.files(corpus.folder / name)]
    return {name: file_sha256(corpus.folder / name) for name in dict.fromkeys([*FILES, *held])}


@contextmanager
def staged(corpus: Corpus, seen: Mapping[str, str] | None = None) -> Iterator[Transaction]:
    """A transaction that fails where anybody else changes a file of the corpus before it ends.

    `seen` is what the files held when the first of them was read (default: what they hold now).
    """
    seen = hashes(corpus) if seen is None else seen
    with Transaction(corpus.folder) as change:
        for name, sha256 in seen.items():
            change.expect(name, sha256)
        yield change


def refuse_edits(corpus: Corpus, log: Log, remedy: str) -> None:
    """PendingEdits where `claims.jsonl` holds what a rewrite would lose."""
    file, base = corpus.folder / CLAIMS, base_claims(corpus)
    if not shards.files(file):
        return
    same = shards.sha256(file) == shards.sha256(base)
    edits = [] if same else pending_edits(file, base, log, ArticleIndex(corpus.folder / ARTICLES).get)
    if any(edit.kind == "unreadable" for edit in edits):
        remedy = f"annotate check {corpus.folder} says what is wrong with the lines that cannot be read"
    if edits:
        raise PendingEdits(
            f"{corpus.folder}: people changed {len(edits)} things here by hand, and this would lose them; nothing was "
            f"written. {remedy}",
            [edit.problem for edit in edits],
        )


class Mark(NamedTuple):
    """What was noted when the view was written: bytes of the log that it shows, their sha256, and the view's own."""

    bytes: int = 0
    sha256: str = ""
    claims: str = ""


def log_mark(corpus: Corpus) -> Mark:
    """What was noted when the view was written; zero and "" where nothing tells."""
    try:
        mark = json.loads((corpus.folder / LOG_MARK).read_text(encoding="utf-8"))
        return Mark(int(mark["bytes"]), str(mark["sha256"]), str(mark.get("claims", "")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Mark()


def base_claims(corpus: Corpus) -> Path:
    """The snapshot of the view as it was written; a path at which nothing is, where that is not what stands there."""
    base, written = corpus.folder / BASE / CLAIMS, log_mark(corpus).claims
    try:
        return base if written in ("", shards.sha256(base)) else base.with_name("none")
    except CorpusError:  # some of its shards are missing
        return base.with_name("none")


def remarks(corpus: Corpus, log: Log) -> Iterator[Problem]:
    """What cannot be told where the snapshot of the view is missing, and what the newest release tells of it."""
    if corpus.frozen or shards.files(base_claims(corpus)):
        return
    file = str(corpus.folder / shards.pattern(corpus.folder / CLAIMS))
    message = f"its snapshot in {BASE} is missing, or not what was written: lines deleted by hand since cannot be told"
    yield Problem(file, message)
    yield from (Problem(file, *said) for said in _missing(corpus, log))


def _missing(corpus: Corpus, log: Log) -> Iterator[tuple[str, str]]:
    """Each claim of the newest release that is not here, though its article is, and whose deletion nobody logged."""
    version = corpus.version
    released = corpus.folder / RELEASES / version / CLAIMS
    if not version or not shards.files(released):
        return
    there = {claim.id for _, claim in shards.read(corpus.folder / CLAIMS, Claim) if isinstance(claim, Claim)}
    down = corpus.removals()
    for _, claim in shards.read(released, Claim):
        if not isinstance(claim, Claim) or claim.id in there or claim.article in down or log.is_gone(claim.id):
            continue
        remedy = "relabelling may have dropped it; if a person deleted it, restore the line, delete it again and adopt"
        yield f"claim {claim.id} of release {version} is not here, and no deletion of it is logged", remedy


def check_log(corpus: Corpus) -> Iterator[Problem]:
    """The log must still begin with what it held when the software last wrote the view."""
    size, sha256, _ = log_mark(corpus)
    path = corpus.folder / DECISIONS
    if not sha256:
        return
    content = path.open("rb") if path.exists() else None
    held = hashlib.sha256(content.read(size)).hexdigest() if content else ""
    if content:
        content.close()
    if held != sha256:
        message = "decisions that were logged are changed or missing" if content else "is missing"
        yield Problem(str(path), message, "the log is only ever appended to: restore it from a copy")


def up_to_date(corpus: Corpus) -> str:
    """Fold into the view what was logged since it was written; what was done, or why not, "" for nothing to do."""
    if corpus.frozen or not _is_behind(corpus):
        return ""
    try:
        with revising(corpus.folder) as revision:
            revision.change.abandon()
    except PendingEdits:
        return f"{DECISIONS} holds decisions that {CLAIMS} does not show yet; annotate adopt folds them in"
    except CorpusError as error:
        return f"{DECISIONS} holds decisions that {CLAIMS} does not show yet: {error}"
    return f"{CLAIMS} shows now what was logged since it was written"


def _is_behind(corpus: Corpus) -> bool:
    """Whether the log holds decisions that the view may not show, such as after a crash or from another copy."""
    path = corpus.folder / DECISIONS
    return path.exists() and path.stat().st_size > 0 and log_mark(corpus).sha256 != file_sha256(path)


def _catch_up(corpus: Corpus, log: Log, seen: Mapping[str, str]) -> Mapping[str, str]:
    """Fold decisions into the view that were logged but are not shown yet; what the files hold then."""
    if not _is_behind(corpus):
        return seen
    if problems := list(check_log(corpus)):
        raise CorpusError(f"{corpus.folder}: nothing was written", problems)
    with staged(corpus, seen) as change:
        revision = Revision(corpus, change, log)
        revision.fold(revision.claims())
        revision.close()
    return hashes(corpus)


def read_prose(readme: Path) -> str:
    """The card as it stands, "" where there is none."""
    try:
        return readme.read_text(encoding="utf-8") if readme.exists() else ""
    except UnicodeDecodeError:
        raise CorpusError(f"{readme}: not UTF-8; save it as UTF-8") from None


def append(old: Path, new: Path, records: Iterable[Decision | Removal | Speaker]) -> None:
    """Write to `new` what `old` holds, if there is such a file, and the records after it."""
    if old.exists():
        shutil.copyfile(old, new)
        _end_line(new)
    with new.open("a", encoding="utf-8", newline="\n") as file:
        file.writelines(wire.dump(record) + "\n" for record in records)


def _end_line(path: Path) -> None:
    """A last line that an editor left open is ended, so that the next one begins anew."""
    with path.open("rb+") as file:
        if file.seek(0, 2) and file.seek(-1, 2) >= 0 and file.read(1) != b"\n":
            file.write(b"\n")
