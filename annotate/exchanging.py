"""A corpus written for another tool, and what people decided there brought back.

An import compares what the file says with what was exported into it: every difference is a decision of mode "import"
by the named annotator, and nothing else is. It is all or nothing: one bad line, and nothing is imported. Importing the
same file again decides nothing anew.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from annotate import wire
from annotate.adopting import Adopted, Batch, adopted, clashes, legal_annotator, partings, refuse_many
from annotate.checking import check, check_claim, refuse_problems
from annotate.comparison import Difference
from annotate.corpus import Corpus
from annotate.decisions import value_of, with_value
from annotate.errors import CorpusError, Problem, UsageError, did_you_mean
from annotate.exchange import FORMATS, Format
from annotate.exchange.pages import Line, Page, View, bounds_of
from annotate.records import (
    NARRATOR,
    NO_PREDICTION,
    NO_SPAN,
    QUOTATIONS,
    SCHEMA_VERSION,
    STANCES,
    Article,
    Claim,
    DecidedField,
    Mode,
    claim_id,
)
from annotate.revising import Revision, revising, up_to_date
from annotate.uniting import United, unite

COPY = "corpus"
"""What another copy of the corpus is called among the formats."""

TEXTLESS = ("csv", "parquet")
"""Formats that make sense without the articles' texts."""


def export_corpus(folder: Path, out: Path, form: str) -> int:
    """Write the corpus to `out`, which must not be there yet, for another tool; how many claims.

    Raises UsageError where `out` is there, CorpusError where it cannot be written, or the corpus has problems, or no
    texts and the format needs them.
    """
    corpus = Corpus.open(folder)
    if out.exists():
        raise UsageError(f"{out}: is there already, and is left as it is")
    up_to_date(corpus)
    if problems := list(check(corpus)):
        raise CorpusError(f"{folder}: {len(problems)} problems; nothing was exported", problems)
    if form not in TEXTLESS and any(article.length and not article.text for article in corpus.articles()):
        raise CorpusError(f"{folder}: a stand-off corpus holds no texts to show; first: annotate hydrate")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".annotate-", dir=out.parent) as beside:
            count = _format(form).export(Path(beside) / out.name, View(corpus))
            written = sorted(Path(beside).iterdir())
            for path in written:
                if (out.parent / path.name).exists():
                    raise UsageError(f"{out.parent / path.name}: is there already, and is left as it is")
            for path in written:
                path.rename(out.parent / path.name)
    except OSError as error:
        raise CorpusError(f"{out}: cannot be written: {error.strerror or error}") from None
    return count


def _format(name: str) -> Format:
    if name not in FORMATS:
        raise UsageError(f"--format {name}: one of {', '.join(FORMATS)}, and for an import {COPY}")
    return FORMATS[name]


def import_file(
    folder: Path, file: Path, form: str, annotator: str, *, adjudicate: bool = False, deletions: int = 0
) -> Adopted:
    """Log as decisions of `annotator` what people changed in a file that was exported, and write the view anew.

    Raises CorpusError with every problem before anything is imported, PendingEdits where hand edits are not adopted
    yet, TooManyDeletions where claims are gone and their number is not `deletions`.
    """
    legal_annotator(annotator)
    read = _format(form).read
    if not file.exists():
        raise UsageError(f"{file}: no such file or folder")
    with revising(folder) as revision:
        refuse_problems(revision.corpus, "nothing was imported")
        returned = _Returned(revision, annotator, "adjudicate" if adjudicate else "import")
        try:
            for page in read(file, returned.view):
                returned.hear(page)
        except OSError as error:
            raise UsageError(f"{file}: cannot be read: {error.strerror or error}") from None
        refuse(file, returned.problems)
        gone = returned.batch.gone
        refuse_many(gone, deletions, f"{file}: {len(gone)} claims are gone; nothing was imported", "export them again")
        decisions = returned.batch.decisions()
        refuse(file, returned.batch.problems)
        if not decisions:
            revision.change.abandon()
            return Adopted(nothing="the file decides nothing anew")
        revision.decide([*decisions, *partings(revision, decisions)])
        revision.fold(revision.claims())
        refuse(file, list(returned.clashes()))
        return adopted(revision, decisions)


def import_any(
    folder: Path, file: Path, form: str, annotator: str, *, adjudicate: bool = False, deletions: int = 0
) -> Adopted | United:
    """Import another tool's file, or, where `form` is "corpus", another copy of the corpus.

    Raises UsageError for options that the other of the two has.
    """
    if form != COPY:
        if not annotator:
            raise UsageError("--annotator NAME: whose decisions are these?")
        return import_file(folder, file, form, annotator, adjudicate=adjudicate, deletions=deletions)
    if annotator or adjudicate or deletions:
        raise UsageError(f"--format {COPY} takes the other copy's log as it is; leave --annotator and the like out")
    return unite(folder, file)


def refuse(file: Path, problems: list[Problem]) -> None:
    """CorpusError where there are problems."""
    if problems:
        raise CorpusError(f"{file}: {len(problems)} problems; nothing was imported", problems)


class _Returned:
    """What a file brings back, page by page."""

    def __init__(self, revision: Revision, annotator: str, mode: Mode) -> None:
        self.view = View(revision.corpus)
        self.batch = Batch(revision, annotator, mode)
        self.problems: list[Problem] = []
        self._revision, self._annotator, self._rules = revision, annotator, mode == "adjudicate"
        self._speakers, self._targets = set(self.view.speakers), self.view.targets
        self._at_hand: tuple[str, dict[str, Claim]] = ("", {})
        self._touched: dict[str, dict[str, Problem]] = {}
        """Article → claims whose place is new, and where the file says so."""
        self._met: set[str] = set()
        """Claims of the corpus that stand in the file under no id, but at their place."""

    def hear(self, page: Page | Problem) -> None:
        if isinstance(page, Problem):
            self.problems.append(page)
            return
        article = self.view.articles.get(page.article)
        assert article is not None  # the reader looked
        base, there = {line.id: line for line in page.exported}, self._claims_of(page.article)
        for line in page.said:
            old = base.get(line.id)
            if old is None:
                self._add(page, line, article, there)
            elif line.id in there:
                self._compare(page, line, old, there[line.id], article)
            elif any(old.values[name] != value for name, value in line.values.items()):
                remedy = "leave it as it was, or: annotate withdraw, where a person deleted it"
                self._tell(page, line, "id", f"{line.id!r} was changed, and the corpus no longer has it", remedy)
        for id in base.keys() - {line.id for line in page.said}:
            if page.whole and id in there and id not in self._met:
                self._touched.setdefault(page.article, {})
                self.batch.hear(page.file, Difference(0, there[id], None))

    def _claims_of(self, article: str) -> dict[str, Claim]:
        if self._at_hand[0] != article:
            self._at_hand = (article, {claim.id: claim for claim in self.view.claims_of(article)})
        return self._at_hand[1]

    def _compare(self, page: Page, line: Line, old: Line, claim: Claim, article: Article) -> None:
        """Decide what differs from what was exported, or is confirmed."""
        changed = {name: value for name, value in line.values.items() if value != old.values[name]}
        confirmed = line.confirmed or self._signed(page, line, old.annotator)
        changed = {name: value for name, value in changed.items() if not self._known(claim.id, name, value)}
        if changed and self._legal(page, line, changed) and self._seen(page, line, changed, article):
            new = claim
            for name, value in changed.items():
                new = with_value(new, name, value, lambda _: article)
            if self._sound(page, line, new, article):
                self.batch.hear(page.file, Difference(line.line, claim, new), list(changed))
            if "span" in changed:
                self._touch(page, line, claim.id)
        stance = line.values["stance"]
        if confirmed and stance == old.values["stance"] and not self._known(claim.id, "stance", stance):
            self.batch.confirm(page.file, line.line, with_value(claim, "stance", stance, lambda _: article))

    def _known(self, claim: str, name: DecidedField, value: str) -> bool:
        """Whether the annotator said so before, and a ruling would change nothing."""
        log = self._revision.log
        said = log.said(claim, name).get(self._annotator)
        added = log.said(claim, "claim").get(self._annotator)
        if said is None and added and name != "note":
            said = value_of(wire.load(added, Claim), name)
        force = log.in_force(claim, name)
        return said == value and (not self._rules or force is None or force.value == value)

    def _signed(self, page: Page, line: Line, before: str) -> bool:
        """Whether the annotator wrote their name on the line, where the format has room for it."""
        if line.annotator in ("", before):
            return False
        if line.annotator not in (self._annotator, f"{before}+{self._annotator}"):
            message = f"{line.annotator!r}, but it is {self._annotator!r} who decides here"
            remedy = "write your own name to confirm the label, or leave the field as it was"
            self._tell(page, line, "annotator", message, remedy)
        return True

    def _add(self, page: Page, line: Line, article: Article, there: dict[str, Claim]) -> None:
        """A claim that the file has and the export did not; it may be in the corpus meanwhile."""
        self._signed(page, line, "")
        values: dict[DecidedField, str] = {"quotation": "none" if line.values["speaker"] == NARRATOR else "indirect"}
        values |= line.values
        if not (self._legal(page, line, values) and self._seen(page, line, values, article)):
            return
        start, end = bounds_of(values["span"])
        id = claim_id(article.sha256, start, end, line.target)
        if id in self._touched.get(article.id, {}):
            self._tell(page, line, "span", f"another claim stands at [{start}, {end}) too", "keep one")
        elif id in there:
            self._meet(page, replace(line, id=id), there[id], article)
        else:
            new = _added(article, line.target, values)
            if self._sound(page, line, new, article):
                self.batch.hear(page.file, Difference(line.line, None, new))
            self._touch(page, line, id)

    def _meet(self, page: Page, line: Line, claim: Claim, article: Article) -> None:
        """The claim is in the corpus already: what the file says of it otherwise is decided."""
        if line.values["span"] != value_of(claim, "span"):
            message = f"the claim that stood here was moved to [{claim.start}, {claim.end})"
            self._tell(page, line, "span", message, "move it instead of adding one")
            return
        self._met.add(claim.id)
        values = {name: value_of(claim, name) for name in line.values}
        self._compare(page, line, Line(claim.id, claim.target, values, 0, claim.annotator), claim, article)

    def _legal(self, page: Page, line: Line, values: dict[DecidedField, str]) -> bool:
        """Whether the values are such as a person may decide; tells what is wrong."""
        legal: dict[DecidedField, Collection[str]]
        legal = {"stance": STANCES, "quotation": QUOTATIONS, "speaker": self._speakers}
        found: list[tuple[str, str, Collection[str]]] = [("target", line.target, self._targets)]
        found += [(name, values[name], of) for name, of in legal.items() if name in values]
        found = [(name, value, of) for name, value, of in found if value not in of]
        for name, value, of in found:
            remedy = did_you_mean(value, of) or (f"one of {', '.join(of)}" if len(of) < 9 else "")
            remedy = remedy or "add a line for this speaker to speakers.jsonl first"
            self._tell(page, line, name, f"{value!r} is not allowed" if value else "is missing", remedy)
        if not values.get("note", "").isascii() and not _encodable(values["note"]):
            self._tell(page, line, "note", "holds half of a surrogate pair, which UTF-8 cannot say", "remove it")
            return False
        return not found

    def _seen(self, page: Page, line: Line, values: Iterable[DecidedField], article: Article) -> bool:
        """Whether the text is there that proves a span."""
        unseen = {"span", "source", "cue"} & {*values} and article.length > len(article.text)
        if unseen:
            remedy = f"first: annotate hydrate {self.view.folder} OUT --articles PATH, and import into OUT"
            self._tell(page, line, "span", "a span was set, and the article's text is not here to prove it", remedy)
        return not unseen

    def _sound(self, page: Page, line: Line, claim: Claim, article: Article) -> bool:
        wrong = list(check_claim(claim, article))
        for name, message, remedy in wrong:
            self._tell(page, line, name, message, remedy)
        return not wrong

    def _touch(self, page: Page, line: Line, claim: str) -> None:
        where = Problem(page.file, "", "claims never overlap: move or delete one", line.line, "span")
        self._touched.setdefault(page.article, {})[claim] = where

    def _tell(self, page: Page, line: Line, name: str, message: str, remedy: str) -> None:
        self.problems.append(Problem(page.file, message, remedy, line.line, name))

    def clashes(self) -> Iterator[Problem]:
        """Claims of the new view that overlap, in the articles that were touched."""
        for one, other in clashes(self._revision, self._touched):
            places = self._touched[one.article]
            where = places.get(one.id) or places.get(other.id) or Problem(one.article, "")
            yield replace(where, message=f"{one.text[:40]!r} overlaps {other.text[:40]!r}")


def _added(article: Article, target: str, values: dict[DecidedField, str]) -> Claim:
    """The line of a claim that a person added, before it has an id."""
    claim = Claim(
        SCHEMA_VERSION, "", article.id, 0, 0, "", "", "none", NO_SPAN, NO_SPAN, "", NARRATOR, target, "neutral", "", "",
        NO_PREDICTION,
    )  # fmt: skip
    for name, value in values.items():
        claim = with_value(claim, name, value, lambda _: article)
    return claim


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
