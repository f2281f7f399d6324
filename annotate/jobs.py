"""What each command does, once its options are known: the stages joined, the outcome as a value."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol, get_args

from annotate.adopting import Rules
from annotate.checking import check, refuse_problems
from annotate.codebook import Codebook
from annotate.corpus import ARTICLES, CLAIMS, SPEAKERS, Corpus
from annotate.decisions import Log
from annotate.diffing import opened
from annotate.duplicates import NearDuplicates
from annotate.edits import differences, edits_of
from annotate.engine.parts import interrupted
from annotate.engine.running import ALONE, Means, Run
from annotate.engine.work import Task
from annotate.errors import ArticleError, CorpusError, Problem, UsageError
from annotate.merging import Change, Kind
from annotate.records import GROUP, STANCES, Article, Claim, Speaker
from annotate.releases import check_releases
from annotate.retexting import Retexting
from annotate.revising import Revision, base_claims, check_log, remarks, revising, up_to_date
from annotate.shards import files
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

    def reject(self, problem: Problem) -> None:
        """An article is not labelled."""
        self.rejected += 1
        self.problems.append(problem)

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


class Advance(Protocol):
    """Whatever is told how far a run is."""

    def __call__(self, problems: int, /) -> None:
        """One more article is done; so many problems were found so far."""


def label_into(
    folder: Path,
    articles: Iterable[Article | Problem],
    codebook: Codebook,
    model: str = "",
    means: Means = ALONE,
    advance: Advance = lambda _: None,
    *,
    precision: str = "auto",
    shards: int | None = None,
) -> Summary:
    """Label articles into the corpus in `folder`; ArticleError, and no corpus, where none could be labelled.

    Articles and claims are kept in `shards` files each, None: as they are, or in one.
    A run that is interrupted goes on where it stopped when it is called again with the same codebook and model.
    """
    summary = Summary()
    with writing(folder, codebook, shards) as writer:
        _tell(writer.corpus)
        run = _begun(folder, codebook, model, means, precision)
        answers = run.answers(_to_label(articles, writer))
        with NearDuplicates(writer.scratch("sketches")) as copies, closing(answers):
            for item, labelled in answers:
                if problem := item if isinstance(item, Problem) else writer.conflict(item):
                    summary.reject(problem)
                elif labelled and isinstance(item, Article):
                    if original := copies.add(item):
                        said = f"nearly the same text as {original}; both were labelled"
                        summary.problems.append(Problem(item.id, said))
                    summary.problems += labelled.problems
                    summary.count(writer.add(labelled))
                    advance(len(summary.problems))
        if not summary.articles:
            raise ArticleError("no article could be labelled; nothing was written", summary.problems)
        summary.changes = writer.changes
    run.over()
    summary.problems += namesakes(Corpus.open(folder).read(SPEAKERS, Speaker), str(folder / SPEAKERS))
    return summary


def _to_label(articles: Iterable[Article | Problem], writer: Writer) -> Iterator[tuple[Article | Problem, Task | None]]:
    """Each article with what a worker needs; none for what is rejected before it is labelled."""
    for item in articles:
        problem = item if isinstance(item, Problem) else writer.conflict(item)
        if problem or isinstance(item, Problem):
            yield problem or item, None
        else:
            yield item, Task(item, writer.decided(writer.claims_of(item.id)))


def _begun(folder: Path, codebook: Codebook, model: str, means: Means, precision: str) -> Run:
    run = Run(folder, codebook, model, means, precision)
    for remark in run.remarks:
        print(f"{folder}: {remark}", file=sys.stderr)
    return run


def relabel(
    folder: Path,
    model: str = "",
    codebook: Path | None = None,
    texts: Sequence[str | Path] = (),
    *,
    dry_run: bool = False,
    means: Means = ALONE,
    advance: Advance = lambda _: None,
    precision: str = "auto",
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
        run = _begun(folder, book, model, means, precision)
        with closing(run.answers(_to_relabel(revision, writer, retexting))) as answers:
            for carried, labelled in answers:
                assert labelled is not None
                summary.problems += labelled.problems
                writer.changes += carried.changes
                summary.count(writer.replace(labelled, carried.claims))
                advance(len(summary.problems))
        writer.close()
        summary.hear(retexting)
        summary.changes = writer.changes
        file = str(folder / SPEAKERS)
        summary.problems += [*namesakes(writer.speakers(), file), *unlisted(revision, book, file)]
        if dry_run:
            revision.change.abandon()
    run.given_up() if dry_run else run.over()
    return summary


def held(folder: Path) -> int:
    """How many articles a corpus holds, 0 where there is none: for a progress bar."""
    there = files(folder / ARTICLES)
    return sum(line.strip() != b"" for path in there for line in path.open("rb"))


class _Carried(NamedTuple):
    """What the corpus holds of an article that is labelled again, by its text of now, and what is to be said of it."""

    claims: list[Claim]
    changes: list[Change]


def _to_relabel(revision: Revision, writer: Writer, retexting: Retexting) -> Iterator[tuple[_Carried, Task]]:
    for there in revision.articles():
        _refuse_textless(revision.corpus.folder, there)
        article, said = retexting.text(there), len(writer.changes)
        old = retexting.claims(there, article)
        carried = _Carried(old, writer.changes[said:])  # articles are read ahead, and changes told in their order
        del writer.changes[said:]
        yield carried, Task(article, writer.decided(old))


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
    ids: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    for speaker in speakers:
        if not speaker.listed and speaker.role != GROUP:
            counts[speaker.name] += 1
            some = ids.setdefault(speaker.name, [])
            some += [speaker.id] if len(some) < 3 else []
    remedy = "if they are one person, list the name in the codebook"
    return [
        Problem(file, f"{counts[name]} speakers are called {name!r}: {', '.join(some)}", remedy)
        for name, some in ids.items()
        if len(some) > 1
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
    try:
        corpus = _opened(folder)
    except CorpusError as error:
        if not error.problems:  # no corpus at all; else its files do not fit together
            raise
        yield from ((False, problem) for problem in error.problems)
        return
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
                yield True, edit.problem


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
    for run in interrupted(folder):
        print(f"{folder}: {run}", file=sys.stderr)
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
