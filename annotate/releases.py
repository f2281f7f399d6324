"""Numbered copies of a corpus that never change, so that they can be cited.

MAJOR: claims or articles are gone, or labels or ids mean something else; MINOR: claims are added, or what the models
say is another; PATCH: people corrected labels, or spans were re-anchored. Each manifest holds the hash of every file
and of the manifest before it.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import Literal, get_args

from annotate import wire
from annotate.card import head_of
from annotate.changelog import with_entry
from annotate.checking import refuse_problems
from annotate.codebook import Codebook
from annotate.corpus import (
    ARTICLES,
    BASE,
    CARD,
    CHANGELOG,
    CLAIMS,
    CODEBOOK,
    DECISIONS,
    MANIFEST,
    RELEASES,
    REMOVALS,
    SPEAKERS,
    Corpus,
    version_key,
)
from annotate.croissant import CROISSANT, croissant
from annotate.datasheet import DATASHEET, datasheet
from annotate.decisions import now
from annotate.diffing import KINDS, Book, Diff, diff, many
from annotate.errors import CodebookError, CorpusError, Problem, UsageError
from annotate.manifest import Counts, FileFacts, Manifest, Previous, Tallies
from annotate.records import SCHEMA_VERSION
from annotate.revising import Revision, read_prose, revising
from annotate.storage import file_sha256

Bump = Literal["patch", "minor", "major"]
BUMPS: tuple[Bump, ...] = get_args(Bump)
"""From the smallest to the largest."""

FIRST = "1.0.0"


@dataclass(frozen=True, slots=True)
class Released:
    """A release that was made, or would be: its manifest, and what it changed (None for the first)."""

    manifest: Manifest
    diff: Diff | None
    remark: str = ""

    @property
    def version(self) -> str:
        return self.manifest.version

    def __str__(self) -> str:
        counts = self.manifest.counts
        held = f"{many(counts.claims, 'claim')} of {many(counts.articles, 'article')}"
        said = f"{self.version}: {held}, {counts.decided} decided by people"
        return "\n".join([said, *(f"  {sentence}" for sentence in (self.diff.sentences() if self.diff else ()))])


def release(folder: Path, bump: str = "", message: str = "", *, dry_run: bool = False) -> Released:
    """Freeze the corpus as it stands as its next release; with `dry_run`, say only what it would be.

    `bump` is one of BUMPS, "" for what the difference from the newest release proposes. Raises PendingEdits where hand
    edits are not adopted, CorpusError where the corpus has problems or nothing changed, UsageError for another bump.
    """
    if bump and bump not in BUMPS:
        raise UsageError(f"--bump {bump}: one of {', '.join(reversed(BUMPS))}")
    with revising(folder) as revision:
        more = [*check_releases(revision.corpus), *_check_judged(revision.corpus)]
        refuse_problems(revision.corpus, "nothing was released", more)
        newest = revision.corpus.version
        changed = _difference(revision.corpus, newest) if newest else None
        version = next_version(newest, bump or proposed(changed)) if changed else FIRST
        tallies = Tallies()
        manifest = _freeze(revision, version, message.strip(), tallies)
        _describe(revision, manifest, changed, standoff=tallies.wordless > 0)
        if dry_run:
            revision.change.abandon()
        return Released(manifest, changed, _remark(bump, changed))


def proposed(changed: Diff) -> Bump:
    """The smallest bump that says what changed."""
    if changed.count("removed").total or changed.articles.removed or changed.count("identity").total:
        return "major"
    if changed.codebook.breaks:
        return "major"
    relabelled = any(changed.count(kind).software for kind in KINDS.values())
    if changed.count("added").total or changed.articles.added or relabelled or changed.count("prediction").total:
        return "minor"
    return "patch"


def next_version(newest: str, bump: Bump) -> str:
    """The version after `newest`: "1.9.3" and "minor" give "1.10.0"."""
    major, minor, patch = version_key(newest)
    if bump == "major":
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if bump == "minor" else f"{major}.{minor}.{patch + 1}"


def check_releases(corpus: Corpus) -> Iterator[Problem]:
    """Whatever of the releases is not as it was released: files, manifests, and the log that goes on from them."""
    previous = Previous()
    newest: Manifest | None = None
    for version in corpus.releases():
        folder = corpus.folder / RELEASES / version
        try:
            newest = Manifest.read(folder / MANIFEST)
        except CorpusError as error:
            newest = None
            yield from error.problems
        else:
            yield from _check_files(folder, newest)
            yield from _check_chain(corpus.folder, folder, newest, previous)
        previous = Previous(version, file_sha256(folder / MANIFEST))
    if newest:
        yield from _check_begins(corpus.folder / DECISIONS, newest)


_IMMUTABLE = "a release never changes: restore it from a copy"


def _check_files(folder: Path, manifest: Manifest) -> Iterator[Problem]:
    """Files that are missing, changed, or not of this release; hidden files are the system's, and passed over."""
    for name, facts in manifest.files.items():
        found = file_sha256(folder / name) if (folder / name).is_file() else ""
        if found != facts.sha256:
            what = f"changed since {manifest.version} was released" if found else "is missing"
            yield Problem(str(folder / name), what, _IMMUTABLE)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in (*manifest.files, MANIFEST) and "/." not in f"/{name}":
            yield Problem(str(path), f"is no file of release {manifest.version}", "move it out of the release")


def _check_chain(corpus: Path, folder: Path, manifest: Manifest, previous: Previous) -> Iterator[Problem]:
    """The manifest must be of this folder, and know the one before it as it is."""
    if manifest.version != folder.name:
        yield Problem(str(folder / MANIFEST), f"says {manifest.version}", _IMMUTABLE, 0, "version")
    if manifest.previous.version != previous.version:
        missing = manifest.previous.version or "none"
        message = f"follows {missing}, but {previous.version or 'nothing'} stands before it"
        yield Problem(str(folder / MANIFEST), message, "restore the release that is missing", 0, "previous.version")
    elif manifest.previous.sha256 != previous.sha256:
        before = corpus / RELEASES / previous.version / MANIFEST
        yield Problem(str(before), f"changed since {manifest.version} was released", _IMMUTABLE)


def _check_begins(log: Path, manifest: Manifest) -> Iterator[Problem]:
    """The log must begin with what the newest release holds of it."""
    facts = manifest.files.get(DECISIONS, FileFacts("", 0, 0))
    held = b""
    if log.exists():
        with log.open("rb") as file:
            held = file.read(facts.bytes)
    if hashlib.sha256(held).hexdigest() != facts.sha256:
        message = f"does not begin with the decisions of release {manifest.version}"
        yield Problem(str(log), message, "the log is only ever appended to: restore it from a copy")


def _check_judged(corpus: Corpus) -> Iterator[Problem]:
    """The codebook must be the one that the claims were judged by, but for its words to people and its version."""
    base, file = corpus.folder / BASE / CODEBOOK, corpus.folder / CODEBOOK
    if not base.exists() or file_sha256(base) == file_sha256(file):
        return
    try:
        same = _judged_by(Codebook.read(base)) == _judged_by(corpus.codebook)
    except CodebookError:
        return  # `check` says so
    if not same:
        remedy = f"annotate relabel {corpus.folder} --codebook {file}"
        yield Problem(str(file), "its targets or speakers were changed, and the claims not labelled by them", remedy)


def _judged_by(codebook: Codebook) -> object:
    return [(t.id, t.name, t.hypotheses) for t in codebook.targets], codebook.speakers, codebook.language


def _difference(corpus: Corpus, newest: str) -> Diff:
    changed = diff(Corpus.open(corpus.folder / RELEASES / newest), corpus, newest, "now")
    if changed.empty:
        raise CorpusError(f"{corpus.folder}: nothing has changed since {newest}; nothing was released")
    return changed


def _remark(bump: str, changed: Diff | None) -> str:
    """What is to be said of a bump that says less than what changed, "" of any other."""
    if not (bump and changed):
        return ""
    wanted = proposed(changed)
    if BUMPS.index(bump) >= BUMPS.index(wanted):
        return ""
    return f"what changed asks for a {wanted} release; it is released as a {bump} one, as you said"


def _freeze(revision: Revision, version: str, message: str, tallies: Tallies) -> Manifest:
    """Stage the release's files; its manifest."""
    folder = revision.corpus.folder
    wire.write(_new(revision, version, ARTICLES), tallies.articles(revision.articles()))
    wire.write(_new(revision, version, CLAIMS), tallies.claims(revision.claims()))
    wire.write(_new(revision, version, SPEAKERS), tallies.speakers(revision.speakers()))
    copied = [CODEBOOK, DECISIONS] + ([REMOVALS] if (folder / REMOVALS).exists() else [])
    for name in copied:
        path = _new(revision, version, name)
        if (folder / name).exists():
            shutil.copyfile(folder / name, path)
        else:
            path.touch()
    names = [*revision.cut(f"{RELEASES}/{version}/"), SPEAKERS, *copied]
    facts = {name: FileFacts.of(_new(revision, version, name)) for name in names}
    counts = tallies.counts(revision.log.count)
    manifest = _manifest(revision.corpus, version, message, tallies.models, counts, facts)
    _write(_new(revision, version, MANIFEST), manifest.dump())
    return manifest


def _new(revision: Revision, version: str, name: str) -> Path:
    """Where to write a file of the release, which must not be there yet."""
    revision.change.expect(f"{RELEASES}/{version}/{name}", "")
    return revision.change.path(f"{RELEASES}/{version}/{name}")


def _manifest(
    corpus: Corpus,
    version: str,
    message: str,
    models: dict[str, list[str]],
    counts: Counts,
    files: dict[str, FileFacts],
) -> Manifest:
    newest, book = corpus.version, corpus.codebook
    before = file_sha256(corpus.folder / RELEASES / newest / MANIFEST) if newest else ""
    return Manifest(
        SCHEMA_VERSION,
        version,
        now()[:10],
        message,
        Previous(newest, before),
        f"annotate-stance {installed('annotate-stance')}",
        Book(book.id, book.version, book.sha256),
        models,
        counts,
        files,
    )


def _describe(revision: Revision, manifest: Manifest, changed: Diff | None, *, standoff: bool) -> None:
    """Stage what stands at the corpus's top level: card, changelog, Croissant, and a datasheet where there is none."""
    folder, change, codebook = revision.corpus.folder, revision.change, revision.corpus.codebook
    revision.write_card(codebook, [*revision.corpus.releases(), manifest.version])
    _write(change.path(CHANGELOG), with_entry(_text(folder / CHANGELOG), manifest, changed))
    head = head_of(read_prose(folder / CARD))
    change.expect(CROISSANT, file_sha256(folder / CROISSANT))
    _write(change.path(CROISSANT), croissant(manifest, codebook, head, _text(folder / CROISSANT)))
    if not (folder / DATASHEET).exists():
        change.expect(DATASHEET, "")
        _write(change.path(DATASHEET), datasheet(manifest, codebook, head, standoff=standoff))


def _text(path: Path) -> str:
    """The file to the letter, "" where there is none."""
    try:
        return path.read_bytes().decode() if path.exists() else ""
    except UnicodeDecodeError:
        raise CorpusError(f"{path}: not UTF-8; save it as UTF-8") from None


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode())
