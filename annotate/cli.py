"""The command line: options to builders, results to the terminal. No other module knows typer."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from annotate.errors import AnnotateError, Problem, UsageError

if TYPE_CHECKING:
    from annotate.adopting import Adopted
    from annotate.engine.running import Means
    from annotate.tables import Measured

app = typer.Typer(
    help="From news articles to a corpus of claims, speakers and stances.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

CorpusFolder = Annotated[Path, typer.Argument(metavar="CORPUS", help="A corpus folder.", show_default=False)]
AnnotatorName = Annotated[str, typer.Option("--annotator", help="Whose decisions these are.", show_default=False)]
FORMATS = "brat, label-studio, doccano, csv, parquet, webanno"
WIDE = 140
"""Columns of tables that go to a file or pipe."""
Workers = Annotated[int, typer.Option(help="Processes that label; 0: one for each core.", show_default=False)]
CacheFolder = Annotated[Path | None, typer.Option("--cache", help="Keep attribution here, not in the corpus.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Keep no attribution for the next time.")]
Precision = Annotated[str, typer.Option(help="auto, float32 or bfloat16, with --model: the numbers it computes in.")]
EngineName = Annotated[str, typer.Option(help="local; or ray: the cluster of RAY_ADDRESS, or this machine.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


def main() -> None:
    """Run the command; every error of ours is a message, and exit code 2 means wrong use."""
    try:
        app()
    except AnnotateError as error:
        print(f"annotate: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except OSError as error:  # a file that may not be read, a disk that fails: not ours, and no traceback's worth
        print(f"annotate: {error.filename or 'the output'}: {error.strerror or error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print(
            "annotate: interrupted; nothing that was there before has changed",
            file=sys.stderr,
        )
        sys.exit(130)


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """From news articles to a corpus of claims, speakers and stances."""
    if show:
        from importlib.metadata import version as installed

        print(installed("annotate-stance"))
        raise typer.Exit


@app.command()
def init(codebook: Annotated[Path, typer.Argument(metavar="CODEBOOK.toml", show_default=False)]) -> None:
    """Write a commented codebook to fill in.

    Example: annotate init my-study/codebook.toml
    """
    from annotate.codebook import template

    try:
        codebook.parent.mkdir(parents=True, exist_ok=True)
        with codebook.open("x", encoding="utf-8", newline="\n") as file:
            file.write(template())
    except FileExistsError:
        raise UsageError(f"{codebook}: is there already, and is left as it is") from None
    except OSError as error:
        raise UsageError(f"{codebook}: cannot be written: {error.strerror}") from None
    print(f"{codebook}: fill it in, then: annotate label ARTICLE --codebook {codebook} --corpus FOLDER")


@app.command()
def label(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT...", help=".txt .md .html .jsonl(.gz) .csv .parquet, a folder, s3:// …, or -."),
    ],
    codebook: Annotated[Path, typer.Option(help="The codebook, a TOML file.", show_default=False)],
    corpus: Annotated[Path, typer.Option(help="The corpus folder, made if there is none.", show_default=False)],
    model: Annotated[str, typer.Option(help="A Hub id or local folder of an NLI model.")] = "",
    text_column: Annotated[str, typer.Option(help="The column that holds the text.")] = "text",
    id_column: Annotated[str, typer.Option(help="The column that holds the article's id.")] = "id",
    max_length: Annotated[int, typer.Option(help="Code points of the longest article that is read.")] = 1_000_000,
    workers: Workers = 0,
    cache: CacheFolder = None,
    no_cache: NoCache = False,
    precision: Precision = "auto",
    engine: EngineName = "local",
    shards: Annotated[int | None, typer.Option(help="Files that claims are kept in.", show_default=False)] = None,
) -> None:
    """Label articles: claims, speakers and stances, written into a corpus.

    A run that is interrupted goes on where it stopped when the same command is given again.

    Example: annotate label article.txt --codebook my-study/codebook.toml --corpus my-study/corpus
    """
    from annotate.articles import Columns, counted, read_articles
    from annotate.codebook import Codebook
    from annotate.jobs import label_into

    book = Codebook.read(codebook)
    columns = Columns(text=text_column, id=id_column)
    articles = read_articles(inputs, columns, language=book.language, max_length=max_length)
    means = _means(engine, workers, cache, no_cache)
    with _progress(lambda: counted(inputs)) as advance:
        summary = label_into(corpus, articles, book, model, means, advance, precision=precision, shards=shards)
    _report(summary.problems)
    print(f"{corpus}: {summary}")
    if summary.failed:
        raise typer.Exit(1)


@app.command()
def check(
    corpus: CorpusFolder,
    mend: Annotated[bool, typer.Option("--repair", help="Set a torn last line aside first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Every problem of a corpus, and what people changed in it by hand.

    Example: annotate check my-study/corpus
    """
    from annotate.jobs import examine, findings
    from annotate.repair import repair

    if mend:
        _report(repair(corpus))
    if as_json:
        problems, edits = map(_as_dicts, examine(corpus))
        print(json.dumps({"problems": problems, "edits": edits}, ensure_ascii=False, indent=1))
        raise typer.Exit(int(bool(problems)))
    counts = [0, 0]
    for is_edit, found in findings(corpus):
        counts[is_edit] += 1
        print(f"edit: {found}" if is_edit else found, file=sys.stdout if is_edit else sys.stderr)
    print(f"{corpus}: {counts[0]} problems, {counts[1]} hand edits")
    raise typer.Exit(int(counts[0] > 0))


@app.command()
def show(
    corpus: CorpusFolder,
    speaker: Annotated[str, typer.Option(help="Only this speaker's claims, by id.")] = "",
    stance: Annotated[str, typer.Option(help="Only this stance: favor, neutral or against.")] = "",
    target: Annotated[str, typer.Option(help="Only this target, by id.")] = "",
    as_json: AsJson = False,
) -> None:
    """The claims, with speaker, stance and scores, and the table per speaker.

    Example: annotate show my-study/corpus --speaker seun-sam
    """
    from annotate import wire
    from annotate.jobs import choose

    claims, speakers, log = choose(corpus, speaker, stance, target)
    if as_json:
        for claim in claims:
            print(wire.dump(claim))
        return
    from rich.console import Console

    from annotate.show import show as print_claims

    print_claims(claims, speakers, Console(highlight=False), log)


@app.command()
def adopt(
    corpus: CorpusFolder,
    annotator: AnnotatorName,
    adjudicate: Annotated[bool, typer.Option("--adjudicate", help="Rule where annotators differ.")] = False,
    deletions: Annotated[int, typer.Option(help="The number of deleted lines, where they are many.")] = 0,
) -> None:
    """Hand edits of claims.jsonl become decisions, logged under the annotator's name.

    Example: annotate adopt my-study/corpus --annotator ana
    """
    from annotate.adopting import adopt as adopt_edits

    done = adopt_edits(corpus, annotator, adjudicate=adjudicate, deletions=deletions)
    for remark in done.remarks:
        print(remark, file=sys.stderr)
    print(f"{corpus}: {_disputed(done)}")


@app.command()
def withdraw(
    corpus: CorpusFolder,
    annotator: AnnotatorName,
    claim: Annotated[list[str], typer.Option(help="A claim's id; may be given several times.", show_default=False)],
    field: Annotated[str, typer.Option(help="Only this field: stance, speaker, span, note, claim …")] = "",
) -> None:
    """Take back what an annotator decided; the log keeps the decision and its withdrawal.

    Example: annotate withdraw my-study/corpus --annotator ana --claim c95c85095051cf8f9a2af
    """
    from annotate.adopting import withdraw as take_back

    print(f"{corpus}: withdrawn: {_disputed(take_back(corpus, annotator, claim, field))}")


@app.command()
def review(
    corpus: CorpusFolder,
    annotator: Annotated[str, typer.Option(help="Whose decisions these are (default: your name here).")] = "",
    port: Annotated[int | None, typer.Option(help="The port of the page's address.", show_default=False)] = None,
    blind: Annotated[bool, typer.Option("--blind", help="Hide labels of claims you have not decided.")] = False,
    adjudicate: Annotated[bool, typer.Option("--adjudicate", help="Rule where annotators differ.")] = False,
    audit: Annotated[int, typer.Option(help="Claims of the random sample that is shown without labels.")] = 50,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address, and open nothing.")] = False,
) -> None:
    """Correct a corpus in your browser; the page is served by this machine, for this machine only.

    Example: annotate review my-study/corpus --annotator ana
    """
    from annotate.review.desk import Manner, Review, whoever
    from annotate.review.server import serve

    desk = Review(corpus, Manner(annotator or whoever(), blind, adjudicate, audit))
    for remark in desk.remarks:
        print(f"{corpus}: {remark}", file=sys.stderr)
    serve(desk, port, browser=not no_browser, say=lambda said: print(said, flush=True))


@app.command()
def relabel(
    corpus: CorpusFolder,
    model: Annotated[str, typer.Option(help="A Hub id or local folder of an NLI model.")] = "",
    codebook: Annotated[Path | None, typer.Option(help="Another codebook (default: the corpus's own).")] = None,
    articles: Annotated[list[str] | None, typer.Option(help="New texts: files or folders, as label reads.")] = None,
    more: Annotated[list[str] | None, typer.Argument(metavar="[PATH]...", help="More new texts.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and write nothing.")] = False,
    workers: Workers = 0,
    cache: CacheFolder = None,
    no_cache: NoCache = False,
    precision: Precision = "auto",
    engine: EngineName = "local",
    as_json: AsJson = False,
) -> None:
    """Label all articles again, with --articles in texts that changed; what people decided stays.

    The report says where the models differ from people.

    Example: annotate relabel my-study/corpus --model my-models/nli --dry-run
    """
    from annotate.jobs import held
    from annotate.jobs import relabel as label_again

    texts, means = [*(articles or ()), *(more or ())], _means(engine, workers, cache, no_cache)
    with _progress(lambda: held(corpus)) as advance:
        summary = label_again(
            corpus, model, codebook, texts, dry_run=dry_run, means=means, advance=advance, precision=precision
        )
    _report(summary.problems)
    if as_json:
        print(json.dumps(summary.as_dict(), ensure_ascii=False, indent=1))
    else:
        print(*summary.changes, f"{corpus}: {'would be: ' if dry_run else ''}{summary}", sep="\n")
    if summary.failed:
        raise typer.Exit(1)


@app.command()
def remove(
    corpus: CorpusFolder,
    article: Annotated[str, typer.Option(help="The article's id.", show_default=False)],
    reason: Annotated[str, typer.Option(help="Why; it is kept.", show_default=False)],
) -> None:
    """Take an article down, with its claims; it stays out of later releases.

    Example: annotate remove my-study/corpus --article a1 --reason "the publisher asked for it"
    """
    from annotate.removing import remove as take_down

    print(f"{corpus}: {take_down(corpus, article, reason)}")


@app.command()
def migrate(corpus: CorpusFolder) -> None:
    """Bring a corpus that an earlier version wrote to today's form.

    Example: annotate migrate my-study/corpus
    """
    from annotate.migrating import migrate as bring_up_to_date

    steps = bring_up_to_date(corpus)
    print(f"{corpus}: {', '.join(steps)}" if steps else f"{corpus}: is in today's form")


@app.command()
def release(
    corpus: CorpusFolder,
    bump: Annotated[str, typer.Option(help="major, minor or patch; left out, the difference decides.")] = "",
    message: Annotated[str, typer.Option("--message", "-m", help="What to say of it in the changelog.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would be, and write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Freeze the corpus as its next numbered release, with manifest, changelog, Croissant and card.

    Example: annotate release my-study/corpus --bump minor -m "two more articles"
    """
    from annotate.releases import release as freeze

    released = freeze(corpus, bump, message, dry_run=dry_run)
    if released.remark:
        print(f"annotate: {released.remark}", file=sys.stderr)
    print(released.manifest.dump().strip() if as_json else f"{corpus}: {'would be ' if dry_run else ''}{released}")


@app.command()
def strip(
    corpus: CorpusFolder,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new or empty folder.", show_default=False)],
) -> None:
    """Write a copy of a corpus without the text of its articles, to publish labels on news that others own.

    Example: annotate strip my-study/corpus my-study/stand-off
    """
    from annotate.standoff import strip as without_text

    print(f"{out}: {without_text(corpus, out)}")


@app.command()
def hydrate(
    corpus: CorpusFolder,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new or empty folder.", show_default=False)],
    articles: Annotated[list[str], typer.Option(help="Copies: files or folders, as label reads.", show_default=False)],
    more: Annotated[list[str] | None, typer.Argument(metavar="[PATH]...", help="More copies.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put the texts back into a corpus without text, from your own copies of its articles.

    Example: annotate hydrate my-study/stand-off my-study/whole --articles my-copies
    """
    from annotate.hydrating import hydrate as with_text

    done = with_text(corpus, out, [*articles, *(more or ())])
    _report(done.problems)
    print(json.dumps(done.as_dict(), ensure_ascii=False, indent=1) if as_json else f"{out}: {done}")
    if done.failed:
        raise typer.Exit(1)


@app.command()
def diff(
    old: Annotated[str, typer.Argument(metavar="A", help="A corpus, CORPUS@1.0.0, or a release's folder.")],
    new: Annotated[str, typer.Argument(metavar="B", help="What to compare it with, named likewise.")],
    details: Annotated[bool, typer.Option("--details", help="List every change of every claim, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """What differs between two corpora, releases or working copies: counts, and by whom labels were changed.

    Example: annotate diff my-study/corpus@1.0.0 my-study/corpus
    """
    from annotate.diffing import changes, opened
    from annotate.diffing import diff as compare

    before, after = opened(old), opened(new)
    found = compare(before, after, old, new)
    listed = changes(before, after) if details else iter(())
    if as_json:
        value = found.as_dict() | ({"changes": [change.as_dict() for change in listed]} if details else {})
        print(json.dumps(value, ensure_ascii=False, indent=1))
        return
    print(found)
    for change in listed:
        print(change)


@app.command()
def agreement(
    corpus: Annotated[str, typer.Argument(metavar="CORPUS", help="A corpus, or CORPUS@1.0.0.")],
    as_json: AsJson = False,
) -> None:
    """How far annotators agree: Krippendorff's α, Cohen's and Fleiss' κ, and where they differ.

    Example: annotate agreement my-study/corpus
    """
    from annotate.jobs import current
    from annotate.measure.agreement import agreement as compare

    _tell(compare(current(corpus)), as_json)


@app.command()
def evaluate(
    corpus: Annotated[str, typer.Argument(metavar="CORPUS", help="A corpus, or CORPUS@1.0.0.")],
    gold: Annotated[str, typer.Option(help="Another corpus over the same articles, that is right.")] = "",
    audit: Annotated[bool, typer.Option("--audit", help="Estimate the error rate from the audit instead.")] = False,
    labels: Annotated[str, typer.Option(help="What is compared: predictions, or the view.")] = "predictions",
    as_json: AsJson = False,
) -> None:
    """How good the labels are: against a gold corpus, or for the whole corpus by its audit.

    Example: annotate evaluate my-study/corpus --gold my-study/gold
    """
    from annotate.jobs import current
    from annotate.measure.estimating import audit as estimate
    from annotate.measure.evaluating import evaluate as compare

    if audit == bool(gold):
        raise UsageError("evaluate takes either --gold GOLD or --audit")
    ours = current(corpus)
    _tell(estimate(ours) if audit else compare(ours, current(gold), labels), as_json)


@app.command()
def train(
    corpus: Annotated[str, typer.Argument(metavar="CORPUS", help="A corpus, or CORPUS@1.0.0.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new or empty folder.", show_default=False)],
    model: Annotated[str, typer.Option(help="What to begin from: a local folder of a three-way NLI model.")] = "",
    target: Annotated[str, typer.Option(help="Only decisions on this target, by id.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a stance model from your own decisions, and measure it on decisions held out.

    Example: annotate train my-study/corpus my-study/stance
    """
    from annotate.teach.teaching import teach

    with _share_done("training") as advance:
        lesson = teach(corpus, out, model, target, advance)
    for warning in lesson.warnings:
        print(f"annotate: {warning}", file=sys.stderr)
    _tell(lesson, as_json)


@app.command()
def export(
    corpus: CorpusFolder,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="What to write; not there yet.", show_default=False)],
    form: Annotated[str, typer.Option("--format", help=FORMATS, show_default=False)],
) -> None:
    """Write the corpus for another tool, in which people can correct it.

    Example: annotate export my-study/corpus tasks.json --format label-studio
    """
    from annotate.exchanging import export_corpus

    print(f"{out}: {export_corpus(corpus, out, form)} claims for {form}")


@app.command("import")
def import_(
    corpus: CorpusFolder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What the other tool wrote.", show_default=False)],
    form: Annotated[str, typer.Option("--format", help=f"{FORMATS}, or corpus: another copy.", show_default=False)],
    annotator: Annotated[str, typer.Option(help="Whose decisions these are; not for a corpus.")] = "",
    adjudicate: Annotated[bool, typer.Option("--adjudicate", help="Rule where annotators differ.")] = False,
    deletions: Annotated[int, typer.Option(help="The number of deleted claims, where they are many.")] = 0,
) -> None:
    """Bring back what people decided in another tool, or in another copy of the corpus.

    Example: annotate import my-study/corpus project-1.json --format label-studio --annotator ana
    """
    from annotate.exchanging import import_any

    done = import_any(corpus, file, form, annotator, adjudicate=adjudicate, deletions=deletions)
    for line in (*done.disputes, *done.remarks):
        print(line, file=sys.stderr)
    print(f"{corpus}: {done}")


@app.command()
def report(
    corpus: Annotated[str, typer.Argument(metavar="CORPUS", help="A corpus, or CORPUS@1.0.0.")],
    out: Annotated[Path, typer.Argument(metavar="OUT.html", help="The file to write.", show_default=False)],
    png: Annotated[Path | None, typer.Option(help="A folder for each figure as PNG, 300 dpi.")] = None,
    svg: Annotated[Path | None, typer.Option(help="A folder for each figure as SVG.")] = None,
    no_text: Annotated[bool, typer.Option("--no-text", help="Quote no word of the articles.")] = False,
) -> None:
    """Write a report to mail: who stands where, the claims that show it, and how far to trust the labels.

    It is one HTML file that fetches nothing. For each target it quotes up to four claims of each of twenty speakers,
    and titles of articles; of a licensed text that may be too much to pass on: give --no-text. A corpus without text
    (annotate strip) is told by places and digests.

    Example: annotate report my-study/corpus report.html --svg figures
    """
    from annotate.jobs import current
    from annotate.report import report as write

    files = write(current(corpus), out, png_folder=png, svg_folder=svg, text=not no_text)
    print(*files, sep="\n")


@app.command()
def models(as_json: AsJson = False) -> None:
    """The embedded models, and how any other NLI model is named.

    Example: annotate models
    """
    from annotate.models import embedded

    found = embedded()
    if as_json:
        print(json.dumps(found, indent=1))
        return
    for entry in found:
        print(f"{entry['name']:<28} {entry['task']}\n{'':<28} {entry['folder']}")
    print("\nAny sequence-classification NLI model of the Hub or a local folder judges stance with --model; its labels")
    print("must be entailment, neutral, contradiction, or entailment, not_entailment, as its config names them.")


def _disputed(adopted: Adopted) -> Adopted:
    """What was adopted, after its disputes are told."""
    for dispute in adopted.disputes:
        print(dispute, file=sys.stderr)
    return adopted


def _tell(found: Measured, as_json: bool) -> None:
    """Figures as JSON, or as tables; those of a terminal's width, or of enough for a file."""
    if as_json:
        print(json.dumps(found.as_dict(), ensure_ascii=False, indent=1))
        return
    from rich.console import Console

    from annotate.tables import print_tables

    print_tables(found.tables(), Console(highlight=False, width=None if sys.stdout.isatty() else WIDE))


def _report(problems: list[Problem]) -> None:
    for problem in problems:
        print(problem, file=sys.stderr)


def _as_dicts(problems: list[Problem]) -> list[dict[str, object]]:
    from dataclasses import asdict

    return [asdict(problem) for problem in problems]


def _means(engine: str, workers: int, cache: Path | None, no_cache: bool) -> Means:
    """With what to label; the command as it was given goes on with it once it was interrupted."""
    from annotate.engine.running import Means

    if cache and no_cache:
        raise UsageError("--cache DIR and --no-cache exclude each other")
    return Means(engine, workers, cache or not no_cache, shlex.join(["annotate", *sys.argv[1:]]))


@contextmanager
def _progress(total: Callable[[], int]) -> Iterator[Callable[[int], None]]:
    """Tell of a run over articles as it goes, and what becomes of it where Ctrl-C ends it."""
    try:
        with _bar(total) if sys.stderr.isatty() else nullcontext(lambda _: None) as advance:
            yield advance
    except KeyboardInterrupt:
        print("annotate: interrupted; nothing was written, and the same command goes on from here", file=sys.stderr)
        raise typer.Exit(130) from None


@contextmanager
def _bar(total: Callable[[], int]) -> Iterator[Callable[[int], None]]:
    """A bar of articles with rate, time left and problems; a total of 0 is unknown."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    counts = (TextColumn("articles"), MofNCompleteColumn(), BarColumn(), TextColumn("{task.fields[rate]}"))
    times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[problems]}"))
    with Progress(*counts, *times, console=Console(stderr=True), transient=True, speed_estimate_period=60) as progress:
        task = progress.add_task("articles", total=total() or None, rate="", problems="")

        def advance(problems: int) -> None:
            speed = progress.tasks[0].speed
            said = f"{problems} problems" if problems else ""
            progress.update(task, advance=1, rate=f"{speed:.1f} a second" if speed else "", problems=said)

        yield advance


@contextmanager
def _share_done(what: str) -> Iterator[Callable[[float], None]]:
    """A bar of the share of work that is done, on a terminal; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=1.0)
        yield lambda share: progress.update(task, completed=share)
