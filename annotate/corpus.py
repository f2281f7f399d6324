"""A corpus folder: read it, and write what the models said into it without losing what people said."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from annotate import wire
from annotate.card import card
from annotate.codebook import Codebook
from annotate.edits import pending_edits
from annotate.errors import CorpusError, PendingEdits, Problem
from annotate.records import SCHEMA_VERSION, Article, Claim, Speaker
from annotate.storage import STATE, Transaction, file_sha256, locked, recover, unfinished

ARTICLES, CLAIMS, SPEAKERS = "articles.jsonl", "claims.jsonl", "speakers.jsonl"
CODEBOOK, CARD, DECISIONS = "codebook.toml", "README.md", "decisions.jsonl"
BASE = f"{STATE}/base"
"""What the software last wrote, so that a person's edits can be told from it."""


class Labelled(NamedTuple):
    """One article, its claims in text order, and who speaks in them (listed people need not be)."""

    article: Article
    claims: list[Claim]
    speakers: list[Speaker]


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
        missing = [name for name in (ARTICLES, CLAIMS, SPEAKERS, CODEBOOK) if not (folder / name).is_file()]
        if missing:
            what = "no such folder" if not folder.exists() else f"no corpus: {', '.join(missing)} missing"
            raise CorpusError(f"{folder}: {what}; annotate label INPUT --codebook FILE --corpus {folder}")
        return cls(folder, recovered)

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

    def read(self, name: str, kind: type[wire.Record]) -> Iterator[wire.Record]:
        """The records of a file; CorpusError lists every bad line, before the first is passed over."""
        problems: list[Problem] = []
        for _, record in wire.read(self.folder / name, kind, str(self.folder / name)):
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


class Writer:
    """Adds labelled articles to a corpus; all of them become visible at once when it closes."""

    def __init__(self, corpus: Corpus, codebook: Codebook, change: Transaction) -> None:
        self.corpus, self.codebook, self._change = corpus, codebook, change
        self._new_articles = change.scratch("new-articles.jsonl")
        self._new_claims = change.scratch("new-claims.jsonl")
        self.known = self._known()
        self._added: dict[str, str] = {}
        self._speakers = {s.id: _listed(s) for s in codebook.speakers}

    def _known(self) -> dict[str, str]:
        """Article id → sha256 of the text that the corpus holds under it."""
        if not (self.corpus.folder / ARTICLES).exists():
            return {}
        return {article.id: article.sha256 for article in self.corpus.articles()}

    def conflict(self, article: Article) -> Problem | None:
        """Why this article cannot be added, if it cannot."""
        there = self._added.get(article.id) or self.known.get(article.id, article.sha256)
        if there == article.sha256:
            return None
        return Problem(
            article.id,
            "the corpus holds another text under this id",
            "give the new text an id of its own, or label it into a new corpus",
        )

    def add(self, item: Labelled) -> None:
        """Write one labelled article, in place of what the corpus held of it; what was added already is passed over.

        Raises CorpusError where `conflict` finds one.
        """
        if conflict := self.conflict(item.article):
            raise CorpusError(f"{self.corpus.folder}: nothing was written", [conflict])
        if item.article.id in self._added:
            return
        self._added[item.article.id] = item.article.sha256
        _append(self._new_articles, [item.article])
        _append(self._new_claims, item.claims)
        for speaker in item.speakers:
            self._speakers[speaker.id] = _merged(self._speakers.get(speaker.id), speaker)

    def close(self) -> None:
        """Put the corpus together from what stays and what is new."""
        self._refuse_mixed_codebooks()
        kept = self.known.keys() - self._added.keys()
        self._join(ARTICLES, (a for a in self._old(ARTICLES, Article) if a.id in kept), self._new_articles)
        self._join(CLAIMS, (c for c in self._old(CLAIMS, Claim) if c.article in kept), self._new_claims)
        self._keep_speakers(kept)
        wire.write(self._change.path(SPEAKERS), self._speakers.values())
        self._change.path(CODEBOOK).write_bytes(self.codebook.source.encode())
        text = card(_prose(self.corpus.folder / CARD), self.codebook)
        self._change.path(CARD).write_text(text, encoding="utf-8", newline="\n")
        for name in (CLAIMS, CODEBOOK):
            shutil.copyfile(self._change.path(name), self._change.path(f"{BASE}/{name}"))

    def _old(self, name: str, kind: type[wire.Record]) -> Iterator[wire.Record]:
        exists = (self.corpus.folder / name).exists()
        return self.corpus.read(name, kind) if exists else iter(())

    def _join(self, name: str, kept: Iterable[Article] | Iterable[Claim], new: Path) -> None:
        path = self._change.path(name)
        wire.write(path, kept)
        if new.exists():
            with path.open("ab") as file, new.open("rb") as more:
                shutil.copyfileobj(more, file)

    def _keep_speakers(self, kept: set[str]) -> None:
        """Everybody who speaks in the articles that stay, with the aliases that were seen there."""
        ids = {c.speaker for c in self._old(CLAIMS, Claim) if c.article in kept} if kept else set()
        for speaker in self._old(SPEAKERS, Speaker):
            if speaker.id in ids:
                self._speakers[speaker.id] = _merged(self._speakers.get(speaker.id), speaker)

    def _refuse_mixed_codebooks(self) -> None:
        base, others = _codebook_written(self.corpus.folder), self.known.keys() - self._added.keys()
        if others and base not in ("", self.codebook.sha256):
            raise CorpusError(
                f"{self.corpus.folder}: {len(others)} of its articles were labelled by another codebook; "
                "label all of them again in one run, or use a new folder"
            )


@contextmanager
def writing(folder: str | Path, codebook: Codebook) -> Iterator[Writer]:
    """Write into the corpus in `folder`, made if there is none; nothing changes unless the block ends well.

    Raises PendingEdits where people changed something that is not yet safe from a rewrite, CorpusBusy
    where another process writes.
    """
    folder = Path(folder)
    _refuse_foreign(folder)
    with locked(folder):
        corpus = Corpus(folder, recover(folder))
        seen = {name: file_sha256(folder / name) for name in (ARTICLES, CLAIMS, SPEAKERS, CODEBOOK, CARD, DECISIONS)}
        _refuse_edits(folder, codebook)
        with Transaction(folder) as change:
            for name, sha256 in seen.items():
                change.expect(name, sha256)
            writer = Writer(corpus, codebook, change)
            yield writer
            writer.close()


def _refuse_foreign(folder: Path) -> None:
    """A folder that holds other things, and no codebook, is somebody's and not a corpus to be."""
    if folder.is_file():
        raise CorpusError(f"{folder}: a file, not a folder")
    if not folder.exists() or unfinished(folder) or any((folder / name).exists() for name in (CLAIMS, CODEBOOK)):
        return
    others = [p.name for p in folder.iterdir() if p.name not in (CARD, STATE) and not p.name.startswith(".")]
    if others:
        raise CorpusError(
            f"{folder}: holds other files ({', '.join(sorted(others)[:3])}) and no corpus; choose an empty folder"
        )


def _refuse_edits(folder: Path, codebook: Codebook) -> None:
    edits: list[Problem] = []
    if (folder / CLAIMS).exists():
        edits += [edit.problem(str(folder / CLAIMS)) for edit in pending_edits(folder / CLAIMS, folder / BASE / CLAIMS)]
    decisions = folder / DECISIONS
    if decisions.exists() and decisions.stat().st_size:
        edits.append(Problem(str(decisions), "people's decisions are logged for this corpus"))
    if file_sha256(folder / CODEBOOK) not in ("", codebook.sha256, _codebook_written(folder)):
        edits.append(Problem(str(folder / CODEBOOK), "changed by hand", f"--codebook {folder / CODEBOOK} labels by it"))
    if edits:
        raise PendingEdits(
            f"{folder}: people changed {len(edits)} things here, and labelling again would lose them; nothing was "
            "written. Label into a new folder, or move the changed file away first",
            edits,
        )


def _codebook_written(folder: Path) -> str:
    """The hash of the codebook that the software last wrote here, "" where there is none."""
    return file_sha256(folder / BASE / CODEBOOK) or (
        file_sha256(folder / CODEBOOK) if (folder / CLAIMS).exists() else ""
    )


def _prose(readme: Path) -> str:
    try:
        return readme.read_text(encoding="utf-8") if readme.exists() else ""
    except UnicodeDecodeError:
        raise CorpusError(f"{readme}: not UTF-8; save it as UTF-8") from None


def _append(path: Path, records: Iterable[Article] | Iterable[Claim]) -> None:
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.writelines(wire.dump(record) + "\n" for record in records)


def _listed(speaker: Any) -> Speaker:
    return Speaker(SCHEMA_VERSION, speaker.id, speaker.name, (speaker.name,), speaker.role, True)


def _merged(old: Speaker | None, new: Speaker) -> Speaker:
    """The same speaker with the aliases of both."""
    if old is None:
        return new
    aliases = tuple(dict.fromkeys([*old.aliases, *new.aliases]))
    return Speaker(SCHEMA_VERSION, old.id, old.name, aliases, old.role or new.role, old.listed)
