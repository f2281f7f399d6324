"""A corpus folder, read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from annotate import shards, wire
from annotate.codebook import Codebook
from annotate.decisions import Log
from annotate.errors import CorpusError, Problem
from annotate.records import SCHEMA_VERSION, Article, Claim, Removal, Speaker
from annotate.storage import STATE, locked, recover, unfinished

ARTICLES, CLAIMS, SPEAKERS = "articles.jsonl", "claims.jsonl", "speakers.jsonl"
CODEBOOK, CARD, DECISIONS, CHANGELOG = "codebook.toml", "README.md", "decisions.jsonl", "CHANGELOG.md"
REMOVALS = "removals.jsonl"
RELEASES, MANIFEST = "releases", "manifest.json"
ANCHORS, UNPLACED = "anchors.jsonl", "unplaced.jsonl"
BASE = f"{STATE}/base"
"""What the software last wrote, so that a person's edits can be told from it."""
LOG_MARK = f"{BASE}/decisions.json"
"""How much of the log the view shows, its size and hash when the view was written, and the hash of the view."""

_WRITTEN_BY = re.compile(r"^annotate:\n  schema: v(?P<schema>\d+)\n  software: (?P<software>\S+)$", re.MULTILINE)
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


class Labelled(NamedTuple):
    """One article, its claims in text order, and who speaks in them (listed people need not be)."""

    article: Article
    claims: list[Claim]
    speakers: list[Speaker]
    problems: tuple[Problem, ...] = ()
    """Remarks on the article, such as claims that were judged on their beginning."""


class Corpus:
    """A folder that holds articles, claims, speakers and the codebook they were judged by."""

    def __init__(self, folder: Path, recovered: str = "") -> None:
        self.folder = folder
        self.recovered = recovered
        """What was done about a command that an earlier crash interrupted, "" where there was none."""

    @classmethod
    def open(cls, folder: str | Path) -> Corpus:
        """The corpus in `folder`; CorpusError where there is none."""
        folder, recovered = Path(folder), ""
        if unfinished(folder):
            with locked(folder):
                recovered = recover(folder)
        missing = [name for name in (ARTICLES, CLAIMS, SPEAKERS, CODEBOOK) if not shards.files(folder / name)]
        if missing:
            what = "no such folder" if not folder.exists() else f"no corpus: {', '.join(missing)} missing"
            raise CorpusError(f"{folder}: {what}; annotate label INPUT --codebook FILE --corpus {folder}")
        refuse_newer(folder)
        corpus = cls(folder, recovered)
        _ = corpus.shards  # CorpusError where they do not fit together
        return corpus

    @property
    def frozen(self) -> bool:
        """Whether this is a release in its corpus, which never changes."""
        return self.folder.resolve().parent.name == RELEASES and (self.folder / MANIFEST).exists()

    @property
    def shards(self) -> int:
        """How many files articles and claims are kept in, each; 0 where there are none. CorpusError for a mixture."""
        return shards.shape(self.folder / ARTICLES, self.folder / CLAIMS)

    @cached_property
    def codebook(self) -> Codebook:
        return Codebook.read(self.folder / CODEBOOK)

    def articles(self) -> Iterator[Article]:
        return self.read(ARTICLES, Article)

    def claims(self) -> Iterator[Claim]:
        return self.read(CLAIMS, Claim)

    def speakers(self) -> dict[str, Speaker]:
        """Everybody who speaks, by id."""
        return {speaker.id: speaker for speaker in self.read(SPEAKERS, Speaker)}

    def log(self) -> Log:
        """Everything that people decided."""
        return Log.read(self.folder / DECISIONS)

    def removals(self) -> dict[str, Removal]:
        """What was taken down, by article id."""
        there = (self.folder / REMOVALS).exists()
        return {removal.article: removal for removal in (self.read(REMOVALS, Removal) if there else ())}

    def releases(self) -> list[str]:
        """The versions that were released, oldest first."""
        folder = self.folder / RELEASES
        names = [path.name for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
        return sorted(filter(_VERSION.fullmatch, names), key=version_key)

    @property
    def version(self) -> str:
        """The newest release, "" before the first."""
        return (self.releases() or [""])[-1]

    def read(self, name: str, kind: type[wire.Record]) -> Iterator[wire.Record]:
        """The records of a file; CorpusError lists every bad line, before the first is passed over."""
        problems: list[Problem] = []
        for _, record in shards.read(self.folder / name, kind):
            if isinstance(record, list):
                problems += record
            elif not problems:
                yield record
        if problems:
            raise CorpusError(f"{self.folder}: {len(problems)} problems; annotate check {self.folder}", problems)

    def to_pandas(self) -> Any:
        """The claims as a pandas data frame, nested keys as columns such as `prediction.stance`."""
        import pandas

        return pandas.json_normalize([json.loads(wire.dump(claim)) for claim in self.claims()])

    def speakers_to_pandas(self) -> Any:
        """Every speaker's stance on every target as a pandas data frame, as `annotate.summary` says: a row for each.

        Columns: target, speaker, name, role, claims, favor, neutral, against and their shares, mean_score with its 95 %
        interval low and high, label (a stance, or "mixed"), decided, articles.
        """
        from annotate.summary import counted, standings, to_pandas

        return to_pandas(standings(counted(self.claims(), self.log()), self.speakers()))


def refuse_newer(folder: Path) -> None:
    """CorpusError where the corpus says that a newer schema than ours is its own."""
    path = folder / CARD
    head = path.read_bytes()[:20_000].decode("utf-8", "replace") if path.exists() else ""
    found = _WRITTEN_BY.search(head)
    if found and int(found["schema"]) > int(SCHEMA_VERSION[1:]):
        wanted = found["software"]
        raise CorpusError(
            f"{folder}: written by annotate-stance {wanted} with schema v{found['schema']}, and this software knows "
            f"{SCHEMA_VERSION}; pip install 'annotate-stance>={wanted}'"
        )


def version_key(version: str) -> tuple[int, ...]:
    """What versions are ordered by: "1.10.0" comes after "1.9.0"."""
    return tuple(map(int, version.split(".")))
