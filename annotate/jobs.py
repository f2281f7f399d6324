"""What each command does, once its options are known: the stages joined, the outcome as a value."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from annotate.adopting import Rules
from annotate.attribution import Attributor
from annotate.checking import check, refuse_problems
from annotate.codebook import Codebook
from annotate.corpus import ARTICLES, CLAIMS, SPEAKERS, Corpus
from annotate.decisions import Log
from annotate.diffing import opened
from annotate.duplicates import NearDuplicates
from annotate.edits import differences, edits_of
from annotate.errors import ArticleError, CorpusError, Problem, UsageError
from annotate.labelling import Labeller
from annotate.merging import Change, Kind
from annotate.models import stance_classifier
from annotate.records import GROUP, STANCES, Article, Claim, Speaker
from annotate.releases import check_releases
from annotate.retexting import Retexting
from annotate.revising import Revision, base_claims, check_log, remarks, revising, up_to_date
from annotate.show import chosen
from annotate.texts import ArticleIndex
from annotate.writing import Writer, writing


@dataclass(slots=True)
class Summary:
    """What a labelling run did. `problems` holds rejected articles and mere remarks; `rejected` counts the former."""

    articles: int = 0
    claims: int = 0
    speakers: set[str] = field(default_factory=set)
    rejected: int = 0
    problems: list[Problem] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    """What became of the claims that the corpus held of these articles."""
    texts: int = 0
    """Articles that got another text."""
    spans: int = 0
    """Spans that were placed anew in it."""

    @property
    def failed(self) -> bool:
        return self.rejected > 0

    def count(self, claims: list[Claim]) -> None:
        """One more article was labelled, and has these claims now."""
        self.articles += 1
        self.claims += len(claims)
        self.speakers |= {claim.speaker for claim in claims}

    def hear(self, retexting: Retexting) -> None:
        """Articles got other texts, and some that were given for them did not fit."""
        self.texts, self.spans = len(retexting.changed), retexting.spans
        self.rejected += len(retexting.problems)
        self.problems = [*retexting.problems, *self.problems]

    def as_dict(self) -> dict[str, Any]:
        """Counts, those of every kind of change too, and the changes."""
        kinds = Counter(change.kind for change in self.changes)
        counts = {"articles": self.articles, "claims": self.claims, "speakers": len(self.speakers)}
        counts |= {"rejected": self.rejected, "texts": self.texts, "spans": self.spans}
        counts |= {kind: kinds[kind] for kind in get_args(Kind)}
        return {"summary": counts, "changes": [change._asdict() for change in self.changes]}

    def __str__(self) -> str:
        said = f"{self.articles} articles, {self.claims} claims, {len(self.speakers)} speakers"
        said += f", {self.texts} with another text ({self.spans} spans re-anchored)" if self.texts else ""
        kinds = Counter(change.kind for change in self.changes)
        said += "".join(f", {count} {kind}" for kind, count in sorted(kinds.items()))
        return said + (f"; {self.rejected} articles rejected" if self.rejected else "")


def label_into(
    folder: Path,
    articles: Iterable[Article | Problem],
    codebook: Codebook,
    model: str = "",
    advance: Callable[[], None] = lambda: None,
) -> Summary:
    """Label articles into the corpus in `folder`; ArticleError, and no corpus, where none could be labelled."""
    labeller = Labeller(codebook, Attributor(), stance_classifier(model))
    summary = Summary()
    copies = NearDuplicates()
    with writing(folder, codebook) as writer:
        _tell(writer.corpus)
        for item in articles:
            problem = item if isinstance(item, Problem) else writer.conflict(item)
            if problem or not isinstance(item, Article):
                summary.rejected += 1
                summary.problems += [problem] if problem else []
                continue
            if original := copies.add(item):
                summary.problems.append(Problem(item.id, f"nearly the same text as {original}; both were labelled"))
            decided = writer.decided(writer.claims_of(item.id))
            summary.count(writer.add(labeller.label(item, summary.problems.append, decided, writer.names)))
            advance()
        if not summary.articles:
            raise ArticleError("no article could be labelled; nothing was written", summary.problems)
        summary.changes = writer.changes
    summary.problems += namesakes(Corpus.open(folder).speakers().values(), str(folder / SPEAKERS))
    return summary


def relabel(
    folder: Path,
    model: str = "",
    codebook: Path | None = None,
    texts: Sequence[str | Path] = (),
    *,
    dry_run: bool = False,
    advance: Callable[[], None] = lambda: None,
) -> Summary:
    """Label every article of a corpus again, by another model or codebook; what people decided stays.

    `texts` (whatever `read_articles` reads) are new texts of its articles, told by their ids: claims and decisions
    are carried over into them. With `dry_run` nothing is written, and the summary says what would change.
    """
    summary = Summary()
    with revising(folder) as revision:
        refuse_problems(revision.corpus, "nothing was written", by_another_codebook=True)
        book = Codebook.read(codebook) if codebook else revision.corpus.codebook
        refuse_lost_targets(revision, book)
        writer = Writer(revision, book)
        retexting = Retexting(revision, writer, texts, book.language)
        labeller = Labeller(book, Attributor(), stance_classifier(model))
        for there in revision.articles():
            _refuse_textless(folder, there)
            article = retexting.text(there)
            old = retexting.claims(there, article)
            labelled = labeller.label(article, summary.problems.append, writer.decided(old), writer.names)
            summary.count(writer.replace(labelled, old))
            advance()
        writer.close()
        summary.hear(retexting)
        summary.changes = writer.changes
        file = str(folder / SPEAKERS)
        summary.problems += [*namesakes(writer.speakers(), file), *unlisted(revision, book, file)]
        if dry_run:
            revision.change.abandon()
    return summary


def _refuse_textless(folder: Path, article: Article) -> None:
    if article.length and not article.text:
        raise ArticleError(
            f"{folder}: article {article.id} has no text here; annotate hydrate {folder} OUT --articles PATH"
        )


def refuse_lost_targets(revision: Revision, codebook: Codebook) -> None:
    """CorpusError where people decided about a target that the codebook no longer has."""
    targets = {target.id for target in codebook.targets}
    lost = Counter(
        claim.target for claim in revision.claims() if claim.target not in targets and revision.log.decided(claim.id)
    )
    if lost:
        problems = [
            Problem(
                target, f"people decided {count} claims about it", "keep it in the codebook, or delete those claims"
            )
            for target, count in lost.items()
        ]
        raise CorpusError(f"{revision.corpus.folder}: the codebook lacks a target; nothing was written", problems)


def namesakes(speakers: Iterable[Speaker], file: str) -> list[Problem]:
    """A remark for every name that found speakers of two articles share: people decide whether they are one."""
    ids: dict[str, list[str]] = defaultdict(list)
    for speaker in speakers:
        if not speaker.listed and speaker.role != GROUP:
            ids[speaker.name].append(speaker.id)
    remedy = "if they are one person, list the name in the codebook"
    return [
        Problem(file, f"{len(same)} speakers are called {name!r}: {', '.join(same[:3])}", remedy)
        for name, same in ids.items()
        if len(same) > 1
    ]


def unlisted(revision: Revision, codebook: Codebook, file: str) -> Iterator[Problem]:
    """A remark for everybody whom the codebook listed and no longer does, and whom people decided to speak."""
    ids = {speaker.id for speaker in codebook.speakers}
    gone = {speaker.id: speaker for speaker in revision.speakers() if speaker.listed and speaker.id not in ids}
    decided = Counter(
        force.value
        for claim in (revision.claims() if gone else ())
        if (force := revision.log.in_force(claim.id, "speaker")) and force.value in gone
    )
    for id, count in decided.items():
        known = {gone[id].name, *gone[id].aliases}
        now = [speaker.id for speaker in codebook.speakers if known & {speaker.name, *speaker.aliases}]
        new = f"write {now[0]!r}" if now else "write the new id"
        remedy = f"if the codebook calls them otherwise now, {new} as the speaker of those claims, and adopt that"
        yield Problem(file, f"{id!r} is not in the codebook any more, and people decided {count} claims so", remedy)


def examine(folder: Path) -> tuple[list[Problem], list[Problem]]:
    """Everything that is wrong with a corpus, and everything that people changed in it by hand."""
    found: tuple[list[Problem], list[Problem]] = [], []
    for is_edit, problem in findings(folder):
        found[is_edit].append(problem)
    return found


def findings(folder: Path) -> Iterator[tuple[bool, Problem]]:
    """The same one by one, in constant memory however many they are: whether it is a hand edit, and what it is.

    Edits come in the order of their lines, deletions last.
    """
    corpus = _opened(folder)
    for some in (check(corpus), check_log(corpus), check_releases(corpus)):
        yield from ((False, problem) for problem in some)
    try:
        log = corpus.log()
    except CorpusError:  # `check` has told of every bad line
        log = Log()
    rules, file = Rules(corpus), folder / CLAIMS
    for one in differences(file, base_claims(corpus), log, ArticleIndex(folder / ARTICLES).get):
        yield from ((False, problem) for problem in rules.broken(one))
        for edit in edits_of(one):
            if edit.kind != "unreadable" and edit.legal:
                yield True, edit.problem(str(file))


def choose(folder: Path, speaker: str, stance: str, target: str) -> tuple[list[Claim], dict[str, Speaker], Log]:
    """The claims to show, everybody who speaks, and what was decided.

    UsageError for a stance, speaker or target that is not there.
    """
    corpus = _opened(folder)
    speakers = corpus.speakers()
    if stance and stance not in STANCES:
        raise UsageError(f"--stance {stance}: one of {', '.join(STANCES)}")
    if speaker and speaker not in {*speakers, "narrator", "unknown"}:
        raise UsageError(f"--speaker {speaker}: nobody has this id; there are {', '.join(sorted(speakers))}")
    if target and target not in {t.id for t in corpus.codebook.targets}:
        raise UsageError(f"--target {target}: one of {', '.join(t.id for t in corpus.codebook.targets)}")
    return list(chosen(corpus.claims(), speaker, stance, target)), speakers, corpus.log()


def current(name: str) -> Corpus:
    """The corpus that a command line names, a folder or `CORPUS@1.0.0`, with what was logged folded into its view."""
    return _caught_up(opened(name))


def _opened(folder: Path) -> Corpus:
    return _caught_up(Corpus.open(folder))


def _caught_up(corpus: Corpus) -> Corpus:
    _tell(corpus)
    for remark in _remarks(corpus):  # before the view is caught up, and a snapshot made of it as it stands
        print(remark, file=sys.stderr)
    if done := up_to_date(corpus):
        print(f"{corpus.folder}: {done}", file=sys.stderr)
    return corpus


def _remarks(corpus: Corpus) -> Iterator[Problem]:
    try:
        yield from remarks(corpus, corpus.log())
    except CorpusError:
        return  # `check` tells of every bad line


def _tell(corpus: Corpus) -> None:
    """Say what became of a command that was interrupted here."""
    if corpus.recovered:
        print(f"{corpus.folder}: {corpus.recovered}", file=sys.stderr)
