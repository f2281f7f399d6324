"""A corpus as one HTML file that can be mailed: what was labelled by what, who stands where, and how far to trust it.

The same corpus gives the same bytes: dates are the corpus's, not the clock's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version as installed
from pathlib import Path

from annotate import shards
from annotate.corpus import CLAIMS, Corpus
from annotate.errors import CorpusError, UsageError
from annotate.records import GROUP, NARRATOR, UNKNOWN
from annotate.report.figures import png, svg
from annotate.report.material import Material, as_of, version_of
from annotate.report.page import MARK, Bullets, Fact, Numbers, Report, Section, listed, many, number, rendered, share
from annotate.report.stance import target_section
from annotate.report.trust import agreement_section, confidence_section, error_section, review_section
from annotate.summary import read_date
from annotate.tables import Cell, Table


def report(
    corpus: Corpus, out: Path, *, png_folder: Path | None = None, svg_folder: Path | None = None, text: bool = True
) -> list[Path]:
    """Write the report of a corpus to the file `out`, and its figures to the folders; the files that were written.

    Without `text` neither claims nor titles are quoted, nor five words running of an article in names and addresses.
    Raises UsageError for an `out` that is no .html, or is there and no report, and without the extra report;
    CorpusError where a file cannot be written.
    """
    _refuse_other_file(out)
    made = compose(Material(corpus, text=text))
    files = {out: rendered(made).encode()}
    for picture in made.pictures():
        if svg_folder:
            files[svg_folder / f"{picture.name}.svg"] = svg(picture.drawing).encode()
        if png_folder:
            files[png_folder / f"{picture.name}.png"] = png(picture.drawing)
    for path, content in files.items():
        try:
            _replace(path, content)
        except OSError as error:
            raise CorpusError(f"{path}: cannot be written: {error.strerror or error}") from None
    return list(files)


def _refuse_other_file(out: Path) -> None:
    if out.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{out}: a report is an HTML file; give it a name that ends in .html")
    if out.is_dir():
        raise UsageError(f"{out}: is a folder; name a file")
    if out.exists() and MARK.encode() not in out.read_bytes()[:4096]:
        raise UsageError(f"{out}: is there already and is no report, so it is left as it is")


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def compose(material: Material) -> Report:
    """The report of what was read."""
    shown = material.text and material.standoff < len(material.articles)
    sections = [
        _what(material),
        *(target_section(material, target, shown=shown) for target in material.codebook.targets),
        confidence_section(material),
        review_section(material),
        agreement_section(material),
        error_section(material),
        _limits(material, shown=shown),
    ]
    title = f"{material.codebook.id}: who stands where"
    return Report(title, _lead(material), tuple(_facts(material)), tuple(sections))


def _lead(material: Material) -> str:
    names = [target.name for target in material.codebook.targets]
    toward = f"{', '.join(names[:-1])} and {names[-1]}" if 1 < len(names) <= 4 else names[0]
    toward = f"{len(names)} targets" if len(names) > 4 else toward
    return (
        f"What the people quoted in {many(len(material.articles), 'news article')} say about {toward}: claims, who "
        "makes them, and whether they speak for it, against it, or neither."
    )


def _facts(material: Material) -> Iterator[Fact]:
    done, speakers = material.reviewed, {row.speaker for row in material.standings}
    for count, what in ((len(material.articles), "article"), (done.claims, "claim"), (len(speakers), "speaker")):
        yield Fact(*many(count, what).split(" "))
    yield Fact(share(done.stance, done.claims), "of the stances decided by a person")


def _what(material: Material) -> Section:
    meant = [[target.name, target.description or "–"] for target in material.codebook.targets]
    tables = (
        Table("The corpus", ["", ""], [*_contents(material), *_origin(material)], "", 2),
        Table("Targets", ["target", "what is meant"], meant, "", 2),
    )
    return Section("what", "What was labelled, and by what", tuple(map(Numbers, tables)))


def _contents(material: Material) -> Iterator[list[Cell]]:
    heads = list(material.heads)
    nobody = Counter(claim.speaker for claim in heads if claim.speaker in (NARRATOR, UNKNOWN))
    targets = len(material.codebook.targets)
    split = len({claim.continues for claim in material.claims if claim.continues})
    yield ["corpus", f"{material.codebook.id}, {version_of(material.corpus)}"]
    yield ["as of", as_of(material)]
    yield ["articles", "; ".join(_articles_told(material))]
    yield [
        "claims",
        number(len(heads)) + (f": each statement once for each of {targets} targets" if targets > 1 else ""),
    ]
    yield ["by a speaker", number(len(heads) - nobody.total())]
    yield ["by the narrator", number(nobody[NARRATOR])]
    yield ["by somebody unknown", number(nobody[UNKNOWN])]
    yield ["split by their cue", f"{number(split)}, each counted once"]


def _origin(material: Material) -> Iterator[list[Cell]]:
    book, people = material.codebook, listed(work.annotator for work in material.reviewed.work)
    for role in ("attribution", "stance"):
        models = material.models(role)
        told = ", ".join(f"{name} ({many(count, 'line')})" for name, count in sorted(models.items()))
        yield [f"{role} model", told or "none: people added all claims"]
    yield ["codebook", f"{book.id} {book.version}"]
    yield ["people", people or "nobody has decided anything yet"]
    claims = material.corpus.folder / CLAIMS
    yield [f"SHA-256 of {shards.pattern(claims)}", shards.sha256(claims)]
    yield ["report made with", f"annotate-stance {installed('annotate-stance')}"]


def _articles_told(material: Material) -> Iterator[str]:
    articles = material.articles.values()
    days = [str(day) for day in sorted(filter(None, (read_date(about.date) for about in articles)))]
    outlets = {about.outlet for about in articles} - {""}
    yield number(len(material.articles))
    if days:
        yield f"dated {days[0]}" + (f" to {days[-1]}" if days[-1] != days[0] else "")
    if outlets:
        yield f"from {many(len(outlets), 'outlet')}"
    if material.standoff:
        yield f"{number(material.standoff)} without their text"


ALWAYS = (
    "A stance is judged from one claim alone: irony, and what the speaker says elsewhere, are not seen.",
    "Claims that the models did not find are in no number here.",
    "Who is quoted, and with what, is the journalists' choice: these are stances as reported.",
)


def _limits(material: Material, *, shown: bool) -> Section:
    done = material.reviewed
    left = share(done.claims - done.stance, done.claims)
    unconfirmed = (
        f"{left} of the stances are a model's word that no person confirmed. How often such words are wrong is told by "
        "an audit of this corpus, above, and for other texts by the models' cards (annotate models)."
    )
    points = [unconfirmed, *ALWAYS, *_limits_of_speakers(material)]
    if len(material.codebook.targets) > 1:
        points.append("Each target is judged by itself: a claim that is not about a target is neutral on it.")
    if not shown:
        points.append("No text is quoted in this report: places and digests stand for it.")
    return Section("limits", "What these figures do not tell", (Bullets(tuple(points)),))


def _limits_of_speakers(material: Material) -> Iterator[str]:
    heads = list(material.heads)
    if nobody := sum(claim.speaker in (NARRATOR, UNKNOWN) for claim in heads):
        told = "of the claims are the narrator's or by somebody unknown, and in no table per speaker."
        yield f"{share(nobody, len(heads))} {told}"
    ids = {row.speaker for row in material.standings}
    speaking = [material.speakers[id] for id in ids if id in material.speakers]
    if groups := sum(speaker.role == GROUP for speaker in speaking):
        yield f"{number(groups)} of {many(len(speaking), 'speaker')} are groups, such as “analysts”: no single person."
    names = Counter(speaker.name for speaker in speaking if not speaker.listed and speaker.role != GROUP)
    if same := sorted(name for name, count in names.items() if count > 1):
        kept = "Speakers of one name in several articles are kept apart until the codebook lists them"
        yield f"{kept}: {listed(same[:10])}{', …' if len(same) > 10 else ''}."
