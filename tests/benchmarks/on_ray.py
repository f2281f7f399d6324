"""Ray on this machine against the local engine, what the caller does alone, and what an archive would cost.

    python tests/benchmarks/on_ray.py --data DIR [--articles 160] [--json FILE] [--archive 100000000] [--price 0.04]

DIR is what whole.py takes. The rate of an engine is that of the articles it adds between a short run and a long one, so
that its start is not in it.
"""

from __future__ import annotations

import argparse
import math
import os
import pickle
import platform
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from metrics import Table, report
from whole import Clock, Options, label, table

from annotate.articles import read_articles
from annotate.codebook import Codebook
from annotate.duplicates import NearDuplicates
from annotate.engine.parts import decoded, encoded
from annotate.engine.work import SIZE, Batch, Task, labelled
from annotate.labelling import Recipe
from annotate.records import Article
from annotate.writing import writing

WORKERS = 1, 2
PRICE = 0.04
"""What an hour of a core costs, in whatever currency, unless the user says otherwise."""


def rates(options: Options) -> tuple[Table, float]:
    """Each engine with one worker and with two, and the articles per second and core of Ray."""
    short, long = max(SIZE, options.articles // 4), options.articles
    rows, by_way = [], {}
    for workers in WORKERS:
        for engine in ("local", "ray"):
            seconds = [_seconds(options, engine, workers, count) for count in (short, long)]
            rate = (long - short) / max(1e-9, seconds[1] - seconds[0])
            by_way[engine, workers] = rate
            start = max(0.0, seconds[0] - short / rate)
            rows.append([engine, workers, *seconds, start, rate, rate / workers, rate / by_way["local", workers]])
    ways = [f"{engine}-{workers}" for engine, workers in by_way]
    same = all(_same(options, ways[0], way) for way in ways[1:])
    times = f"s, {short} articles", f"s, {long} articles", "start, s"
    head = ["engine", "workers", *times, "articles/s", "/s a worker", "× local"]
    note = f"Corpora byte-identical: {'yes' if same else 'NO'}. A worker of Ray is one core; the caller has no other."
    return table("Ray against the local engine", head, rows, note), by_way["ray", WORKERS[-1]] / WORKERS[-1]


def _seconds(options: Options, engine: str, workers: int, count: int) -> float:
    folder = options.folder / f"{engine}-{workers}"
    shutil.rmtree(folder, ignore_errors=True)
    how = "--engine", engine, "--workers", str(workers), "--no-cache"
    return label(options, options.source(count), folder, *how).seconds


def _same(options: Options, one: str, other: str) -> bool:
    names = "articles.jsonl", "claims.jsonl", "speakers.jsonl"
    return all((options.folder / one / n).read_bytes() == (options.folder / other / n).read_bytes() for n in names)


def alone(options: Options) -> tuple[Table, float]:
    """What the caller does of every article whatever the cluster's size, and the articles per second that makes."""
    os.environ["OMP_NUM_THREADS"] = "1"
    count = min(options.articles, 6 * SIZE) // SIZE * SIZE
    book, clock, near = Codebook.read(options.codebook), Clock(), NearDuplicates()
    labeller = Recipe(book).labeller()
    near.add(Article.of("One that is like no other."))
    near.add(Article.of("And another, as the library loads with the second."))
    items = [item for item in clock.each("read", read_articles([options.source(count)])) if isinstance(item, Article)]
    with writing(options.folder / "alone", book) as writer:
        for start in range(0, count, SIZE):
            tasks = tuple(Task(article) for article in items[start : start + SIZE])
            batch = Batch(start // SIZE, tasks)
            clock("hand a batch over", pickle.dumps, batch)
            part = encoded(batch, labelled(batch, labeller))
            found = clock("read what came back", decoded, part)
            for task in tasks:
                clock("near-duplicates", near.add, task.article)
                clock("write", writer.add, found[task.key].of(task))
    total = sum(clock.seconds.values())
    rows = [[name, seconds / count * 1000, f"{seconds / total:.0%}"] for name, seconds in clock.seconds.items()]
    rows.append(["together", total / count * 1000, f"{count / total:.0f} articles/s"])
    head = ["what the caller does alone", "ms an article", "share"]
    return table("The caller", head, rows, f"{count} articles, one thread."), count / total


def cost(per_core: float, per_caller: float, archive: int, price: float) -> Table:
    """Hours and money for an archive, by the number of cores; corpora share it where one caller cannot keep up."""
    rows = []
    for cores in (100, 1000, 10_000):
        callers = math.ceil(cores * per_core / per_caller)
        hours = archive / (cores * per_core) / 3600
        rows.append([cores, callers, hours, hours / 24, cores + callers, hours * (cores + callers) * price])
    head = ["cores that label", "corpora side by side", "hours", "days", "cores in all", f"cost, {price} a core-hour"]
    note = (
        f"{archive:,} articles of 700 words at r = {per_core:.2f} articles/s a core and d = {per_caller:.0f} "
        f"articles/s a caller: N / r / 3600 = {archive / per_core / 3600:,.0f} core-hours; a caller keeps up with "
        "d / r cores."
    )
    return Table("An archive", head, [[f"{c:,.0f}" if isinstance(c, float) else c for c in row] for row in rows], note)


def tables(data: Path, articles: int = 160, archive: int = 100_000_000, price: float = PRICE) -> Iterator[Table]:
    """The tables, as they come."""
    with tempfile.TemporaryDirectory() as temporary:
        options = Options(data, articles, full=False, folder=Path(temporary))
        caller, per_caller = alone(options)
        yield caller
        engines, per_core = rates(options)
        yield engines
        yield cost(per_core, per_caller, archive, price)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds attribution/")
    parser.add_argument("--articles", type=int, default=160)
    parser.add_argument("--archive", type=int, default=100_000_000, help="articles of the archive")
    parser.add_argument("--price", type=float, default=PRICE, help="what an hour of a core costs")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n", flush=True)
    report(tables(arguments.data, arguments.articles, arguments.archive, arguments.price), arguments.json)


if __name__ == "__main__":
    main()
