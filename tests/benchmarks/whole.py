"""The whole command: end to end, as work grows, memory, workers, cache, resume and start-up.

    python tests/benchmarks/whole.py --data DIR [--articles 1000] [--only end,growth,…] [--full] [--json FILE]

DIR holds attribution/dev.jsonl.gz and train.jsonl.gz: articles of 700 words are made of their paragraphs in a
temporary folder, and deleted with it. Ratios are of figures of one run. Peak memory is the sum over all processes of
a command, each at its own peak, so rather too high; only Linux tells it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from metrics import Table, report

from annotate.articles import read_articles
from annotate.cast import Cast
from annotate.claims import drafts
from annotate.codebook import Codebook
from annotate.duplicates import NearDuplicates
from annotate.embedded import compute_threads
from annotate.engine.parts import decoded, encoded, interrupted
from annotate.engine.work import SIZE, Batch, Task
from annotate.labelling import Attributed, Recipe
from annotate.records import Article
from annotate.sentences import sentences
from annotate.speakers import resolve

TOML = (
    '[[targets]]\nname = "the bill"\n[[targets]]\nname = "the president"\n[[speakers]]\nname = "Barack Obama"\n'
    '[[speakers]]\nname = "Hillary Clinton"\naliases = ["Clinton"]\n'
)
WORDS = 700
SAMPLE = 8
"""Articles that the plain script labels; its time is scaled to all."""
KILLS = 20


class Options(NamedTuple):
    """Where the data are, how many articles, whether the long measurements are made, and a folder for all files."""

    data: Path
    articles: int
    full: bool
    folder: Path

    def source(self, count: int) -> Path:
        """A file of so many articles."""
        path = self.folder / f"articles-{count}.jsonl"
        if not path.exists():
            with path.open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(row) + "\n" for row in recombined(self.data, count))
        return path

    @property
    def codebook(self) -> Path:
        """The codebook: one target."""
        path = self.folder / "codebook.toml"
        path.write_text(TOML.replace('[[targets]]\nname = "the president"\n', ""), encoding="utf-8")
        return path


def recombined(data: Path, count: int) -> Iterator[dict[str, str]]:
    """Articles of about 700 words, each of paragraphs drawn from all."""
    paragraphs: list[str] = []
    for path in sorted((data / "attribution").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            texts = [json.loads(line)["text"] for line in lines]
        paragraphs += [part for text in texts for part in text.split("\n") if len(part.split()) > 8]
    rng = random.Random(1)
    for number in range(count):
        chosen: list[str] = []
        while sum(len(part.split()) for part in chosen) < WORDS:
            chosen.append(rng.choice(paragraphs))
        yield {"id": f"a{number}", "text": "\n\n".join(chosen) + "\n"}


class Measured(NamedTuple):
    """Seconds, peak MB of the main process and of all its workers, and what the command said last."""

    seconds: float
    main: float
    workers: float
    said: str


def label(options: Options, source: Path, corpus: Path, *more: str) -> Measured:
    """Label a file into a corpus by the command, in a process of its own."""
    return measured("label", str(source), "--codebook", str(options.codebook), "--corpus", str(corpus), *more)


def measured(*command: str) -> Measured:
    """Run a command, and look at its processes as it goes."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "annotate", *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    peaks: dict[int, float] = {}
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, peaks, done))
    watcher.start()
    said = process.communicate()[0].decode().strip()
    seconds = time.perf_counter() - began
    done.set()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"annotate {' '.join(command)}: exit code {process.returncode}")
    main = peaks.pop(process.pid, 0.0)
    return Measured(seconds, main, sum(peaks.values()), said)


def _watch(pid: int, peaks: dict[int, float], done: threading.Event) -> None:
    """Note the peak resident MB of a process and of each that it started, ten times a second."""
    while not done.wait(0.1):
        for one in (pid, *_children(pid)):
            peaks[one] = max(peaks.get(one, 0.0), _resident(one))


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _resident(pid: int) -> float:
    """The resident MB of a process; 0 where nothing tells, or where it is still the one that it is made from."""
    try:
        if Path(f"/proc/{pid}/cmdline").read_bytes() == Path("/proc/self/cmdline").read_bytes():
            return 0.0
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


# ---- Sections ----


def end(options: Options) -> list[Table]:
    """All articles by the command, against the plain script; then the share of each stage."""
    source = options.source(options.articles)
    ours = label(options, source, options.folder / "end", "--no-cache", "--workers", "0")
    plain, taken = plain_script(options, source)
    scaled = plain * options.articles / taken
    rows = [
        ["annotate label", options.articles, ours.seconds, ours.seconds / options.articles * 1000, 1.0],
        ["plain script", options.articles, scaled, plain / taken * 1000, scaled / ours.seconds],
    ]
    note = (
        f"The plain script splits sentences and asks the transformers zero-shot pipeline for each, with the same "
        f"weights: measured on {taken} articles and scaled. It finds no speakers. The command: {ours.said}."
    )
    return [
        table("End to end", ["way", "articles", "seconds", "ms an article", "× ours"], rows, note),
        *shares(options),
    ]


def plain_script(options: Options, source: Path) -> tuple[float, int]:
    """Seconds of the sentence splitter and the pipeline, and on how many articles."""
    from transformers import PreTrainedTokenizerFast, pipeline

    from annotate.embedded import folder
    from annotate.teach.trainable import network_of

    path = folder("stance-minilm")
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(path / "tokenizer.json"), pad_token="[PAD]", sep_token="[SEP]", cls_token="[CLS]"
    )
    network = network_of(path)
    network.config.label2id = {label: number for number, label in enumerate(("entailment", "neutral", "contradiction"))}
    judge = pipeline("zero-shot-classification", model=network, tokenizer=tokenizer, device="cpu")
    labels = ["supports the bill", "opposes the bill", "is neutral about the bill"]
    texts = _texts(source, min(SAMPLE, options.articles))
    began = time.perf_counter()
    for text in texts:
        for start, stop in sentences(text):
            judge(text[start:stop], labels, hypothesis_template="The text {}.")
    return time.perf_counter() - began, len(texts)


def shares(options: Options) -> list[Table]:
    """What each stage takes of an article, one after another in one process with one thread."""
    compute_threads(1)
    source, count = options.source(options.articles), min(100, options.articles)
    labeller = Recipe(Codebook.read(options.codebook)).labeller()
    clock = Clock()
    labeller.label(Article.of("Jane Doe said it was late."))
    near = NearDuplicates()
    for article in clock.each("read", read_articles([source])):
        if not isinstance(article, Article) or clock.counts["read"] > count:
            break
        bounds = clock("split into sentences", sentences, article.text)
        roles = clock("attribution model", labeller.attributor.roles, article.text)
        found = clock("claims", drafts, article.text, bounds, roles)
        cast = clock("speakers", Cast, labeller.codebook, article.id, article.text)
        who = clock("speakers", resolve, cast, found, bounds)
        done = clock("stance", labeller.judge, Attributed(article, found, who, cast.speakers()))
        clock("near-duplicates", near.add, article)
        content = clock("write the part", encoded, Batch(0, (Task(article),)), [done])
        clock("read the part", decoded, content)
    total = sum(clock.seconds.values())
    rows = [[name, s / count * 1000, f"{s / total:.0%}"] for name, s in clock.seconds.items()]
    return [table("Share of each stage", ["stage", "ms an article", "share"], rows, f"{count} articles, one thread.")]


class Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.counts: dict[str, int] = {}

    def __call__(self, stage: str, function: Any, *arguments: Any) -> Any:
        """Call a function on the clock."""
        began = time.perf_counter()
        try:
            return function(*arguments)
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - began
            self.counts[stage] = self.counts.get(stage, 0) + 1

    def each(self, stage: str, items: Iterator[Any]) -> Iterator[Any]:
        """Iterate on the clock."""
        while (item := self(stage, next, items, None)) is not None:
            yield item


def growth(options: Options) -> list[Table]:
    """Time and peak memory for 10² … 10⁵ claims (10⁴ without --full)."""
    rows = []
    for claims in (100, 1000, 10_000, 100_000)[: 4 if options.full else 3]:
        count = max(2, round(claims / 32))
        for workers in ("1", "2"):
            folder = options.folder / f"growth-{claims}-{workers}"
            found = label(options, options.source(count), folder, "--no-cache", "--workers", workers)
            written = sum(1 for _ in (folder / "claims.jsonl").open("rb"))
            each = found.seconds / written * 1000
            rows.append([written, count, workers, found.seconds, each, found.main, found.workers])
            shutil.rmtree(folder)
    head = ["claims", "articles", "workers", "seconds", "ms a claim", "peak MB, main", "peak MB, workers"]
    return [table("Cost as work grows", head, rows)]


def memory(options: Options) -> list[Table]:
    """Peak memory of 100 and of 10,000 articles (1,000 without --full), attribution from the cache at the second."""
    rows = []
    for count in (100, 10_000 if options.full else 1000):
        for workers in ("1", "2"):
            folder = options.folder / f"memory-{count}-{workers}"
            found = label(options, options.source(count), folder, "--workers", workers)
            rows.append([count, workers, found.main, found.workers, found.main + found.workers, found.seconds])
            shutil.rmtree(folder)
    head = ["articles", "workers", "peak MB, main", "peak MB, workers", "together", "seconds"]
    return [table("Memory", head, rows)]


def workers(options: Options) -> list[Table]:
    """One worker on one core against two on two, on the same articles; in both orders, the better of each."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    count, cores = min(200, options.articles), sorted(os.sched_getaffinity(0))
    best: dict[int, float] = {}
    for number, how in enumerate((1, 2, 2, 1)):
        os.sched_setaffinity(0, cores[:how])  # whatever is started from here on may use these
        found = label(
            options, options.source(count), options.folder / f"w{number}", "--no-cache", "--workers", str(how)
        )
        best[how] = min(best.get(how, found.seconds), found.seconds)
    os.sched_setaffinity(0, cores)
    rows = [[how, count, seconds, best[1] / seconds] for how, seconds in best.items()]
    return [table("Workers", ["workers, and cores", "articles", "seconds", "× one"], rows)]


def cache(options: Options) -> list[Table]:
    """A cold run, then relabelling by a codebook with another target: attribution comes from the cache."""
    count, folder = min(200, options.articles), options.folder / "cache"
    other = options.folder / "other.toml"
    other.write_text(options.codebook.read_text(encoding="utf-8").replace("the bill", "the plan"), encoding="utf-8")
    cold = label(options, options.source(count), folder)
    again = measured("relabel", str(folder), "--codebook", str(other), "--dry-run")
    without = measured("relabel", str(folder), "--codebook", str(other), "--dry-run", "--no-cache")
    size = sum(path.stat().st_size for path in (folder / ".annotate" / "cache").rglob("*.json"))
    rows = [
        ["label, cache empty", cold.seconds, without.seconds / cold.seconds],
        ["relabel for another target, cached", again.seconds, without.seconds / again.seconds],
        ["relabel for another target, --no-cache", without.seconds, 1.0],
    ]
    return [table("Cache", ["run", "seconds", "× no cache"], rows, f"{count} articles; {size / count:.0f} bytes each.")]


def resume(options: Options) -> list[Table]:
    """Kill -9 at random moments, go on, compare every byte."""
    count = 64
    source, whole = options.source(count), options.folder / "whole"
    took = label(options, source, whole, "--no-cache").seconds
    rng, redone, same = random.Random(1), [], 0
    for number in range(KILLS if options.full else 3):
        folder, workers = options.folder / f"resume-{number}", str(1 + number % 2)
        line = ["label", str(source), "--codebook", str(options.codebook), "--corpus", str(folder), "--no-cache"]
        process = subprocess.Popen(
            [sys.executable, "-m", "annotate", *line, "--workers", workers], stdout=subprocess.DEVNULL
        )
        time.sleep(rng.uniform(0, took))
        seen = _finished(folder)
        process.send_signal(signal.SIGKILL)
        process.wait()
        time.sleep(3)  # a worker ends the batch in its hands
        redone.append(max(0, seen - _finished(folder)))
        measured(*line, "--workers", workers)
        same += all(_bytes(folder, name) == _bytes(whole, name) for name in ("claims.jsonl", "articles.jsonl"))
        shutil.rmtree(folder)
    rows = [[len(redone), same, max(redone), SIZE]]
    head = ["kills", "byte-identical", "finished articles lost, most", "articles in a batch"]
    return [table("Resume", head, rows)]


def _finished(folder: Path) -> int:
    return sum(run.articles for run in interrupted(folder))


def _bytes(folder: Path, name: str) -> bytes:
    return (folder / name).read_bytes()


def start(options: Options) -> list[Table]:
    """The whole process: --help, and label on one article of 900 words; the median of seven."""
    text = " ".join(_texts(options.source(2), 2)).split()[:900]
    article = options.folder / "one.txt"
    article.write_text(" ".join(text) + "\n", encoding="utf-8")
    times: dict[str, list[float]] = {"--help": [], "label, one article of 900 words": []}
    for number in range(7):
        times["--help"].append(measured("--help").seconds)
        found = label(options, article, options.folder / f"start-{number}")
        times["label, one article of 900 words"].append(found.seconds)
    rows = [[name, statistics.median(some), min(some)] for name, some in times.items()]
    return [table("Start-up", ["command", "seconds, median", "seconds, best"], rows)]


def table(title: str, head: list[str], rows: list[list[Any]], note: str = "") -> Table:
    """A table whose numbers are written out, as the report would take them for shares."""
    return Table(title, head, [[f"{cell:.3g}" if isinstance(cell, float) else cell for cell in r] for r in rows], note)


def _texts(source: Path, count: int) -> list[str]:
    with source.open(encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line, _ in zip(lines, range(count), strict=False)]


SECTIONS = {
    "start": start,
    "end": end,
    "growth": growth,
    "memory": memory,
    "workers": workers,
    "cache": cache,
    "resume": resume,
}


def tables(data: Path, articles: int = 1000, *, full: bool = False, only: str = "") -> Iterator[Table]:
    """The tables of the sections that are asked for (default: all), as they come."""
    with tempfile.TemporaryDirectory() as temporary:
        options = Options(data, articles, full, Path(temporary))
        for name in filter(None, only.split(",")) if only else SECTIONS:
            yield from SECTIONS[name](options)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds attribution/")
    parser.add_argument("--articles", type=int, default=1000)
    parser.add_argument("--only", default="", help=", ".join(SECTIONS))
    parser.add_argument("--full", action="store_true", help="10⁵ claims, 10,000 articles, 20 kills")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if unknown := set(filter(None, arguments.only.split(","))) - SECTIONS.keys():
        parser.error(f"--only: no {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n", flush=True)
    report(tables(arguments.data, arguments.articles, full=arguments.full, only=arguments.only), arguments.json)


if __name__ == "__main__":
    main()
