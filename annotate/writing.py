"""What the models say of articles, written into a corpus beside what people said."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from annotate import shards as sharding
from annotate import wire
from annotate.checking import refuse_problems
from annotate.codebook import Codebook
from annotate.corpus import ARTICLES, BASE, CARD, CLAIMS, CODEBOOK, REMOVALS, Labelled
from annotate.errors import CorpusError, PendingEdits, Problem
from annotate.merging import Change, Decided, apart, merge
from annotate.records import SCHEMA_VERSION, Article, Claim, Speaker
from annotate.revising import Revision, exclusively, hashes, refuse_edits, staged
from annotate.shards import Lines
from annotate.storage import STATE, file_sha256, unfinished


class Writer:
    """Adds labelled articles to a corpus; all of them become visible at once when it closes.

    An article that the corpus holds already is merged with what people decided of it.
    """

    def __init__(self, revision: Revision, codebook: Codebook) -> None:
        self.corpus, self.codebook, self._revision = revision.corpus, codebook, revision
        self._new_articles = revision.change.scratch("new-articles.jsonl")
        self._new_claims = revision.change.scratch("new-claims.jsonl")
        self.known = {article.id: article.sha256 for article in revision.articles()}
        self._holders = {sha256: id for id, sha256 in self.known.items()}
        removals = self.corpus.removals()
        self._down = removals | {removal.sha256: removal for removal in removals.values()}
        self._added: dict[str, str] = {}
        self._speakers = {s.id: _listed(s) for s in codebook.speakers}
        self.names = {speaker.id: speaker.name for speaker in (*revision.speakers(), *self._speakers.values())}
        """What everybody is called who speaks in the corpus."""
        self._spoke: set[str] = set()
        """Who spoke in the articles that were labelled again."""
        self._speak: set[str] = set()
        """Who speaks in the corpus as it will be."""
        self._ids: set[str] = set()
        """The ids of the claims that the corpus holds."""
        self._lines = Lines(self.corpus.folder / CLAIMS)
        self._places = self._places_of_claims()
        self._gone = self._deleted()
        self.changes: list[Change] = []

    def _places_of_claims(self) -> dict[str, list[int]]:
        """Where each article's lines begin in the claims."""
        places: dict[str, list[int]] = defaultdict(list)
        for file, number, place, raw in self._lines if self.known else ():
            claim = wire.parse(raw, Claim, number, str(file))
            if isinstance(claim, list):
                raise CorpusError(f"{self.corpus.folder}: annotate check {self.corpus.folder}", claim)
            places[claim.article].append(place)
            self._ids.add(claim.id)
        return places

    def _deleted(self) -> dict[str, list[Claim]]:
        """What people deleted, by article."""
        deleted: dict[str, list[Claim]] = defaultdict(list)
        for claim_id, claim in self._revision.log.lines():
            if self._revision.log.is_gone(claim_id):
                deleted[claim.article].append(replace(claim, id=claim_id))
        return deleted

    def claims_of(self, article_id: str) -> list[Claim]:
        """The claims that the corpus holds of an article."""
        if article_id not in self._places:
            return []
        with self._lines.reader() as line_at:
            lines = [line_at(place).decode().removeprefix(wire.BOM) for place in self._places[article_id]]
        return [wire.load(line, Claim) for line in lines]

    def scratch(self, name: str) -> Path:
        """Where to keep something that only this change needs."""
        return self._revision.change.scratch(name)

    def deleted(self, article_id: str) -> list[Claim]:
        """The claims of an article that people deleted, as the log remembers them."""
        return self._gone.get(article_id, [])

    def carry(self, article_id: str, old: Iterable[Claim], deleted: list[Claim]) -> None:
        """An article gets another text: these were its claims, and these are the deleted ones by that text."""
        self._gone[article_id] = deleted
        self._spoke |= {claim.speaker for claim in old}

    def decided(self, claims: Iterable[Claim]) -> Decided:
        """What people decided about the speakers of these claims."""
        log = self._revision.log
        spans = [
            (claim.start, claim.end, force.value)
            for claim in claims
            if (force := log.in_force(claim.id, "speaker")) is not None
        ]
        who = sorted({id for _, _, id in spans} & self.names.keys())
        return Decided(tuple(spans), tuple((id, self.names[id]) for id in who))

    def conflict(self, article: Article) -> Problem | None:
        """Why this article cannot be added, if it cannot."""
        if down := self.taken_down(article):
            return down
        there = self._added.get(article.id) or self.known.get(article.id, article.sha256)
        if there == article.sha256:
            return self.copy_of_another(article)
        return Problem(
            article.id,
            "the corpus holds another text under this id",
            f"give the new text an id of its own, or: annotate relabel {self.corpus.folder} --articles FILE",
        )

    def copy_of_another(self, article: Article) -> Problem | None:
        """Why this article is not taken, if the corpus holds its text under another id."""
        holder = self._holders.get(article.sha256, article.id)
        if holder == article.id:
            return None
        return Problem(
            article.id, f"the text is that of article {holder}, which the corpus holds", "keep one of the two"
        )

    def taken_down(self, article: Article) -> Problem | None:
        """Why this article stays out, if it was taken down."""
        down = self._down.get(article.id) or self._down.get(article.sha256)
        if down is None:
            return None
        why = f"was taken down on {down.time[:10]}: {down.reason}"
        return Problem(article.id, why, f"its line in {REMOVALS} keeps it out")

    def add(self, item: Labelled) -> list[Claim]:
        """Write one labelled article, merged with what the corpus holds of it; what was added already is passed over.

        The claims that it has now.

        Raises CorpusError where `conflict` finds one.
        """
        if conflict := self.conflict(item.article):
            raise CorpusError(f"{self.corpus.folder}: nothing was written", [conflict])
        if item.article.id in self._added:
            return []
        return self.replace(item, self.claims_of(item.article.id))

    def replace(self, item: Labelled, old: list[Claim]) -> list[Claim]:
        """Write one labelled article in place of what the corpus holds of it, `old` being its claims, by this text."""
        claims = apart(item.claims, self._ids)
        if item.article.id in self.known:
            merged = merge(old, claims, self.deleted(item.article.id), self._revision.log, item.article)
            self._revision.record(merged.echoes)
            self.changes += merged.changes
            claims = merged.claims
        self._added[item.article.id] = item.article.sha256
        self._holders[item.article.sha256] = item.article.id
        _append(self._new_articles, [item.article])
        _append(self._new_claims, claims)
        for speaker in item.speakers:
            self._speakers[speaker.id] = self._speakers.get(speaker.id, speaker).seen_as(speaker)
        self._spoke |= {claim.speaker for claim in old}
        self._speak |= {claim.speaker for claim in claims}
        return claims

    def speakers(self) -> Iterator[Speaker]:
        """Everybody who speaks in the corpus as it was written."""
        return iter(self._speakers.values())

    def close(self) -> None:
        """Put the corpus together from what stays and what is new."""
        self._refuse_mixed_codebooks()
        kept = self.known.keys() - self._added.keys()
        self._join(ARTICLES, (a for a in self._revision.articles() if a.id in kept), self._new_articles)
        self._join(CLAIMS, (c for c in self._revision.claims() if c.article in kept), self._new_claims)
        self._speak |= {c.speaker for c in self._revision.claims() if c.article in kept} if kept else set()
        self._keep_speakers()
        self._revision.write_speakers(self._speakers.values())
        self._revision.write_codebook(self.codebook)
        self._revision.write_card(self.codebook)

    def _join(self, name: str, kept: Iterable[Article] | Iterable[Claim], new: Path) -> None:
        path = self._revision.change.path(name)
        wire.write(path, kept)
        if new.exists():
            with path.open("ab") as file, new.open("rb") as more:
                shutil.copyfileobj(more, file)

    def _keep_speakers(self) -> None:
        """Everybody stays whom the corpus has, but for those who spoke in articles labelled again and no longer do.

        What a person wrote of somebody who is not listed stays; of those who are, the codebook tells.
        """
        for there in self._revision.speakers():
            new = self._speakers.get(there.id)
            if new is None and (there.listed or there.id in self._spoke) and there.id not in self._speak:
                continue
            aliases = tuple(dict.fromkeys([*(new.aliases if new else ()), *there.aliases]))
            kept = new if new and new.listed else replace(there, listed=False)
            self._speakers[there.id] = replace(kept, aliases=aliases)

    def _refuse_mixed_codebooks(self) -> None:
        base, others = _codebook_written(self.corpus.folder), self.known.keys() - self._added.keys()
        if others and base not in ("", self.codebook.sha256):
            raise CorpusError(
                f"{self.corpus.folder}: {len(others)} of its articles were labelled by another codebook; "
                f"first: annotate relabel {self.corpus.folder} --codebook FILE"
            )


@contextmanager
def writing(folder: str | Path, codebook: Codebook, shards: int | None = None) -> Iterator[Writer]:
    """Write into the corpus in `folder`, made if there is none; nothing changes unless the block ends well.

    Articles and claims are kept in `shards` files each; None leaves a corpus as it is, and a new one in one.

    Raises UsageError for a number of shards that cannot be, PendingEdits where people changed something that is not
    yet safe from a rewrite, CorpusBusy where another process writes.
    """
    folder = Path(folder)
    sharding.legal_count(1 if shards is None else shards)
    _refuse_foreign(folder)
    with exclusively(folder) as corpus:
        seen, log = hashes(corpus), corpus.log()
        refuse_edits(corpus, log, f"annotate adopt {folder} --annotator NAME makes them decisions first")
        _refuse_edited_codebook(folder, codebook)
        if sharding.files(folder / CLAIMS):
            refuse_problems(corpus, "nothing was written", by_another_codebook=True)
        with staged(corpus, seen) as change:
            revision = Revision(corpus, change, log)
            revision.shards = shards or revision.shards
            writer = Writer(revision, codebook)
            yield writer
            writer.close()
            revision.close()


def _refuse_foreign(folder: Path) -> None:
    """A folder that holds other things, and no codebook, is somebody's and not a corpus to be."""
    if folder.is_file():
        raise CorpusError(f"{folder}: a file, not a folder")
    if not folder.exists() or unfinished(folder) or any(sharding.files(folder / name) for name in (CLAIMS, CODEBOOK)):
        return
    others = [p.name for p in folder.iterdir() if p.name not in (CARD, STATE) and not p.name.startswith(".")]
    if others:
        raise CorpusError(
            f"{folder}: holds other files ({', '.join(sorted(others)[:3])}) and no corpus; choose an empty folder"
        )


def _refuse_edited_codebook(folder: Path, codebook: Codebook) -> None:
    if file_sha256(folder / CODEBOOK) not in ("", codebook.sha256, _codebook_written(folder)):
        file = folder / CODEBOOK
        raise PendingEdits(
            f"{folder}: its codebook was changed by hand, and this would lose that; nothing was written",
            [Problem(str(file), "changed by hand", f"--codebook {file} labels by it")],
        )


def _codebook_written(folder: Path) -> str:
    """The hash of the codebook that the software last wrote here, "" where there is none."""
    return file_sha256(folder / BASE / CODEBOOK) or (
        file_sha256(folder / CODEBOOK) if sharding.files(folder / CLAIMS) else ""
    )


def _append(path: Path, records: Iterable[Article] | Iterable[Claim]) -> None:
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.writelines(wire.dump(record) + "\n" for record in records)


def _listed(speaker: Any) -> Speaker:
    return Speaker(SCHEMA_VERSION, speaker.id, speaker.name, (speaker.name,), speaker.role, True)
