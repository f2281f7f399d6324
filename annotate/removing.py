"""An article is taken down: explicitly, for a reason that is kept, and for good."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from annotate import shards, wire
from annotate.corpus import ANCHORS, ARTICLES, RELEASES, REMOVALS
from annotate.decisions import now
from annotate.errors import UsageError, did_you_mean
from annotate.records import SCHEMA_VERSION, Anchor, Article, Removal
from annotate.revising import Revision, append, revising


class Removed(NamedTuple):
    """What was taken down, and the releases that hold it still: they are frozen."""

    removal: Removal
    releases: list[str]

    def __str__(self) -> str:
        said = f"article {self.removal.article} and its {self.removal.claims} claims are taken down"
        return said + (f"; releases that still hold it: {', '.join(self.releases)}" if self.releases else "")


def remove(folder: Path, article: str, reason: str) -> Removed:
    """Take an article and its claims out of the corpus; neither its id nor its text comes back, later releases lack it.

    Decisions on its claims stay in the log, which holds no text. Raises UsageError where there is no such article
    or no reason.
    """
    if not reason.strip():
        raise UsageError("--reason: say why, for those who will look for the article")
    with revising(folder) as revision:
        found = {known.id: known.sha256 for known in revision.articles()}
        if article not in found:
            remedy = did_you_mean(article, found)
            raise UsageError(f"--article {article}: the corpus has no such article" + (f"; {remedy}" if remedy else ""))
        count = sum(claim.article == article for claim in revision.claims())
        removal = Removal(SCHEMA_VERSION, now(), article, found[article], count, reason.strip())
        _write_without(revision, article)
        append(folder / REMOVALS, revision.change.path(REMOVALS), [removal])
        holders = [version for version in revision.corpus.releases() if _holds(folder, version, article)]
        return Removed(removal, holders)


def _write_without(revision: Revision, article: str) -> None:
    """Everything but the article, its claims, and who speaks there only and is not listed."""
    kept = {claim.speaker for claim in revision.claims() if claim.article != article}
    revision.write_articles(known for known in revision.articles() if known.id != article)
    revision.write_claims(claim for claim in revision.claims() if claim.article != article)
    revision.write_speakers(who for who in revision.speakers() if who.listed or who.id in kept)
    if (revision.corpus.folder / ANCHORS).exists():
        anchors = revision.corpus.read(ANCHORS, Anchor)
        wire.write(revision.change.path(ANCHORS), (one for one in anchors if one.article != article))


def _holds(folder: Path, version: str, article: str) -> bool:
    lines = shards.read(folder / RELEASES / version / ARTICLES, Article)
    return any(isinstance(known, Article) and known.id == article for _, known in lines)
