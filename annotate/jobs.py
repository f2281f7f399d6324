"""What each command does, once its options are known: the stages joined, the outcome as a value."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from annotate.attribution import Attributor
from annotate.checking import check
from annotate.codebook import Codebook
from annotate.corpus import BASE, CLAIMS, SPEAKERS, Corpus
from annotate.duplicates import NearDuplicates
from annotate.edits import pending_edits
from annotate.errors import ArticleError, Problem, UsageError
from annotate.labelling import Labeller
from annotate.models import stance_classifier
from annotate.records import GROUP, STANCES, Article, Claim, Speaker
from annotate.show import chosen
from annotate.writing import writing


@dataclass(slots=True)
class Summary:
    """What a labelling run did. `problems` holds rejected articles and mere remarks; `rejected` counts the former."""

    articles: int = 0
    claims: int = 0
    speakers: set[str] = field(default_factory=set)
    rejected: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return self.rejected > 0

    def __str__(self) -> str:
        said = f"{self.articles} articles, {self.claims} claims, {len(self.speakers)} speakers"
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
            labelled = labeller.label(item, summary.problems.append)
            writer.add(labelled)
            summary.articles += 1
            summary.claims += len(labelled.claims)
            summary.speakers |= {claim.speaker for claim in labelled.claims}
            advance()
        if not summary.articles:
            raise ArticleError("no article could be labelled; nothing was written", summary.problems)
    summary.problems += namesakes(Corpus.open(folder).speakers().values(), str(folder / SPEAKERS))
    return summary


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


def examine(folder: Path) -> tuple[list[Problem], list[Problem]]:
    """Everything that is wrong with a corpus, and everything that people changed in it by hand."""
    corpus = _opened(folder)
    edits = pending_edits(folder / CLAIMS, folder / BASE / CLAIMS)
    changed = [edit.problem(str(folder / CLAIMS)) for edit in edits if edit.kind != "unreadable"]
    return list(check(corpus)), changed


def choose(folder: Path, speaker: str, stance: str, target: str) -> tuple[list[Claim], dict[str, Speaker]]:
    """The claims to show, and everybody who speaks; UsageError for a stance, speaker or target that is not there."""
    corpus = _opened(folder)
    speakers = corpus.speakers()
    if stance and stance not in STANCES:
        raise UsageError(f"--stance {stance}: one of {', '.join(STANCES)}")
    if speaker and speaker not in {*speakers, "narrator", "unknown"}:
        raise UsageError(f"--speaker {speaker}: nobody has this id; there are {', '.join(sorted(speakers))}")
    if target and target not in {t.id for t in corpus.codebook.targets}:
        raise UsageError(f"--target {target}: one of {', '.join(t.id for t in corpus.codebook.targets)}")
    return list(chosen(corpus.claims(), speaker, stance, target)), speakers


def _opened(folder: Path) -> Corpus:
    corpus = Corpus.open(folder)
    _tell(corpus)
    return corpus


def _tell(corpus: Corpus) -> None:
    """Say what became of a command that was interrupted here."""
    if corpus.recovered:
        print(f"{corpus.folder}: {corpus.recovered}", file=sys.stderr)
