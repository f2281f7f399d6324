"""Two people's copies of one corpus become one, and nothing that either of them decided is lost.

- The log gets the other's decisions that it lacks, in the order of their times; ours stays what it begins with. Names
  stay as they are. What counts as an annotator's last word is told by its time, so that it does not matter which copy
  is merged into which.
- Articles and claims that only the other copy has are taken over, with their predictions. Where both have a claim, our
  prediction stays.
- Claims never overlap. Of two that do, the one that nobody decided gives way; where nobody decided either, ours stays;
  where people decided both, they must agree first.
- An article that was taken down here stays down; one that was taken down there stays here, and is named.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from annotate import wire
from annotate.checking import refuse_problems
from annotate.corpus import ANCHORS, ARTICLES, CODEBOOK, DECISIONS, Corpus
from annotate.decisions import Dispute, filled, folded, read_decisions
from annotate.errors import CorpusError, Problem, UsageError
from annotate.records import Anchor, Article, Claim, Decision
from annotate.revising import Revision, refuse_edits, revising
from annotate.texts import ArticleIndex


@dataclass(slots=True)
class United:
    """What another copy added."""

    decisions: int = 0
    annotators: tuple[str, ...] = ()
    articles: int = 0
    claims: int = 0
    disputes: list[Dispute] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        if not (self.decisions or self.articles or self.claims):
            return "the other copy adds nothing"
        said = f"{self.decisions} decisions, {self.articles} articles, {self.claims} claims taken over"
        said += f"; decided by {', '.join(self.annotators)}" if self.annotators else ""
        return said + (f"; {len(self.disputes)} fields are disputed" if self.disputes else "")


def unite(folder: Path, other: Path) -> United:
    """Merge another copy of the corpus into the one in `folder`; the other is only read.

    Raises CorpusError, with every reason, where they are no copies of one corpus, PendingEdits where either has hand
    edits that are not adopted.
    """
    theirs = Corpus.open(other)
    if folder.resolve() == other.resolve():
        raise UsageError(f"{other}: is the corpus itself")
    refuse_edits(theirs, theirs.log(), f"annotate adopt {other} --annotator NAME makes them decisions first")
    with revising(folder) as revision:
        ours = revision.corpus
        refuse_problems(ours, "nothing was imported")
        refuse_problems(theirs, "nothing was imported", _strangers(revision, theirs))
        return _Union(revision, theirs).made()


def _strangers(revision: Revision, theirs: Corpus) -> Iterator[Problem]:
    """Why these are no copies of one corpus, if they are none."""
    ours, book = revision.corpus, str(theirs.folder / CODEBOOK)
    if ours.codebook.id != theirs.codebook.id:
        message = f"another codebook: {theirs.codebook.id!r}, not {ours.codebook.id!r}"
        yield Problem(book, message, "only copies of one corpus can be merged", field="codebook.id")
        return
    lacking = {target.id for target in theirs.codebook.targets} - {target.id for target in ours.codebook.targets}
    for target in sorted(lacking):
        remedy = f"first: annotate relabel {ours.folder} --codebook {theirs.folder / CODEBOOK}"
        yield Problem(book, f"{target!r} is no target of our codebook", remedy, field="targets")
    texts = {article.id: article.sha256 for article in revision.articles()}
    ids = {sha256: id for id, sha256 in texts.items()}
    textless = _is_standoff(revision)
    for article in theirs.articles():
        if textless and article.text and article.id not in texts:
            remedy = f"first: annotate strip {theirs.folder} OUT, and import OUT"
            yield Problem(article.id, "is new here and has its text, and this corpus holds none", remedy, field="text")
        if texts.get(article.id, article.sha256) != article.sha256:
            remedy = "give one of them an id of its own"
            yield Problem(article.id, "the two have different texts under this id", remedy, field="sha256")
        elif ids.get(article.sha256, article.id) != article.id:
            remedy = "give both the same id"
            yield Problem(article.id, f"its text is called {ids[article.sha256]!r} here", remedy, field="id")


def _is_standoff(revision: Revision) -> bool:
    """Whether the corpus holds articles, and the text of none of them."""
    has_text = {bool(article.text) for article in revision.articles() if article.length}
    return has_text == {False}


class _Union:
    """One merge: our revision, and the copy that is merged into it."""

    def __init__(self, revision: Revision, theirs: Corpus) -> None:
        self._revision, self._theirs = revision, theirs
        self._texts = ArticleIndex(theirs.folder / ARTICLES)
        self._united = United()

    def made(self) -> United:
        self._hear()
        articles = self._new_articles()
        known = {claim.id for claim in self._revision.claims()}
        kept = articles | {article.id for article in self._revision.articles()}
        losers = self._losers(known, kept)
        taken = {c.id for c in self._theirs.claims() if c.id not in known and c.article in kept} - losers
        self._united.claims = sum(1 for claim in self._view(taken, losers) if claim.id in taken)
        if not (self._united.decisions or articles or self._united.claims or losers & known):
            self._revision.change.abandon()
            return self._united
        self._predictions()
        self._revision.write_claims(self._linked(taken, losers))
        self._write_speakers()
        if articles:
            new = (article for article in self._theirs.articles() if article.id in articles)
            self._revision.write_articles(itertools.chain(self._revision.articles(), new))
        self._write_anchors(articles)
        return self._united

    def _write_anchors(self, articles: set[str]) -> None:
        """Our anchors, and theirs for articles that have no text here: their claims are found by them, too."""
        new = (article for article in self._theirs.articles() if article.id in articles)
        held = itertools.chain(self._revision.articles(), new)
        bare = {article.id for article in held if article.length > len(article.text)}
        if not bare or not (self._theirs.folder / ANCHORS).exists():
            return
        known: dict[str, set[tuple[int, int]]] = defaultdict(set)

        def anchors() -> Iterator[Anchor]:
            there = (self._revision.corpus.folder / ANCHORS).exists()
            for one in self._revision.corpus.read(ANCHORS, Anchor) if there else ():
                known[one.article].add((one.start, one.end))
                yield one
            for one in self._theirs.read(ANCHORS, Anchor):
                if one.article in bare and (one.start, one.end) not in known[one.article]:
                    yield one

        wire.write(self._revision.change.path(ANCHORS), anchors())

    def _hear(self) -> None:
        """Their decisions that our log lacks."""
        there = Counter(map(_mark, read_decisions(self._revision.corpus.folder / DECISIONS)))
        new: list[Decision] = []
        for decision in self._theirs_decided():
            if there[mark := _mark(decision)]:
                there[mark] -= 1
            else:
                new.append(decision)
        new.sort(key=lambda decision: decision.time)
        self._united.decisions = self._revision.decide(new)
        self._united.annotators = tuple(sorted({decision.annotator for decision in new}))
        touched = {decision.claim for decision in new}
        self._united.disputes = [one for one in self._revision.log.disputes() if one.claim in touched]

    def _theirs_decided(self) -> Iterator[Decision]:
        return read_decisions(self._theirs.folder / DECISIONS)

    def _new_articles(self) -> set[str]:
        """Articles that only they have, and that were not taken down here."""
        known = {article.id for article in self._revision.articles()}
        removals = self._revision.corpus.removals()
        down = {*removals, *(removal.sha256 for removal in removals.values())}
        new = {a.id for a in self._theirs.articles() if a.id not in known and not {a.id, a.sha256} & down}
        self._united.articles = len(new)
        for removal in self._theirs.removals().values():
            if removal.article in known:
                self._united.remarks.append(
                    f"{removal.article} was taken down there ({removal.reason}) and stays here; annotate remove "
                    f"{self._revision.corpus.folder} --article {removal.article} --reason … takes it down"
                )
        return new

    def _article(self, id: str) -> Article | None:
        return self._revision.texts.get(id) or self._texts.get(id)

    def _view(self, taken: set[str], losers: set[str]) -> Iterator[Claim]:
        """Our claims, those that are taken over, and those that the log adds or restores."""
        ours = (claim for claim in self._revision.claims() if claim.id not in losers)
        new = (self._worded(claim) for claim in self._theirs.claims() if claim.id in taken)
        down = {*self._revision.corpus.removals()}
        for claim in folded(itertools.chain(ours, new), self._revision.log, self._article):
            if claim.article not in down:
                yield claim

    def _worded(self, claim: Claim) -> Claim:
        """Their claim with its words where our copy has the article's text, and without where ours is stand-off."""
        article = self._article(claim.article)
        return filled(claim, article) if article else claim

    def _linked(self, taken: set[str], losers: set[str]) -> Iterator[Claim]:
        """The view; a claim continues none that is not in it."""
        there = {claim.id for claim in self._view(taken, losers)}
        for claim in self._view(taken, losers):
            yield claim if claim.continues in there or not claim.continues else replace(claim, continues="")

    def _losers(self, known: set[str], kept: set[str]) -> set[str]:
        """Claims that give way to one that they overlap; CorpusError where people decided both."""
        taken = {claim.id for claim in self._theirs.claims() if claim.id not in known and claim.article in kept}
        spans: dict[tuple[str, str], list[tuple[int, int, str]]] = defaultdict(list)
        for claim in self._view(taken, set()):
            spans[claim.article, claim.target].append((claim.start, claim.end, claim.id))
        losers: set[str] = set()
        problems: list[Problem] = []
        for (article, _), held in spans.items():
            for one, other in _overlapping(held, losers):
                decided = [id for id in (one, other) if self._revision.log.decided(id)]
                if len(decided) == 2:
                    remedy = "agree first: one of them deletes or moves its claim, and adopts that"
                    problems.append(Problem(article, f"people decided on {one} and {other}, which overlap", remedy))
                loses = [id for id in (one, other) if id not in decided and (decided or id in taken)]
                losers.update(loses[:1])
        if problems:
            raise CorpusError(f"{self._theirs.folder}: nothing was imported", problems)
        return losers

    def _predictions(self) -> None:
        """Say how many claims the models judged otherwise there."""
        ours = {claim.id: claim.prediction.seal for claim in self._revision.claims()}
        theirs = ((claim.id, claim.prediction.seal) for claim in self._theirs.claims())
        other = sum(ours.get(id, seal) != seal for id, seal in theirs)
        if other:
            self._united.remarks.append(f"{other} claims have another prediction there; ours stay")

    def _write_speakers(self) -> None:
        """Everybody of both copies, with the aliases that either saw."""
        speakers = {speaker.id: speaker for speaker in self._revision.speakers()}
        for speaker in self._theirs.speakers().values():
            speakers[speaker.id] = speakers.get(speaker.id, speaker).seen_as(speaker)
        self._revision.write_speakers(speakers.values())


def _overlapping(spans: list[tuple[int, int, str]], losers: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Ids of claims that overlap, in text order; those that lost meanwhile no longer count."""
    spans.sort()
    last: tuple[int, int, str] | None = None
    for span in spans:
        if last and span[0] < last[1]:
            yield last[2], span[2]
        if last is None or last[2] in losers or (span[2] not in losers and span[1] >= last[1]):
            last = span


def _mark(decision: Decision) -> bytes:
    return hashlib.blake2b(wire.dump(decision).encode(), digest_size=16).digest()
