"""How fast labelling is: the stance stage, the whole command, models of the Hub, Ray; each figure in one run.

    python tests/benchmarks/speed.py --data DIR [--only stances,start] [--full] [--json FILE]

DIR is as for `whole.py`. The sections stances, hub and ray, and those of `whole.py`, can be run by themselves, with
more options, by their own files. Ratios are of one run, within a table; the machine may change between tables.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import onnxruntime
import stances
import whole
from metrics import Table

Section = Callable[[argparse.Namespace], Iterator[Table]]


def _stances(asked: argparse.Namespace) -> Iterator[Table]:
    yield from stances.pairs(asked.claims, asked.threads)


def _whole(name: str, asked: argparse.Namespace) -> Iterator[Table]:
    yield from whole.tables(asked.data, asked.articles, full=asked.full, only=name)


def _hub(asked: argparse.Namespace) -> Iterator[Table]:
    import hub

    yield from hub.hub(threads=asked.threads)


def _ray(asked: argparse.Namespace) -> Iterator[Table]:
    import on_ray

    yield from on_ray.tables(asked.data, min(asked.articles, 160))


SECTIONS: dict[str, Section] = {
    "stances": _stances,
    **{name: partial(_whole, name) for name in whole.SECTIONS},
    "hub": _hub,
    "ray": _ray,
}
NEEDS_NO_DATA = {"stances", "hub"}


def options() -> argparse.ArgumentParser:
    """What the command line takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder that holds attribution/; without it, what needs none")
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, separated by commas (default: all)")
    parser.add_argument("--claims", type=int, default=200, help="whose stances are judged for speed")
    parser.add_argument("--articles", type=int, default=1000, help="that are labelled end to end")
    parser.add_argument("--threads", type=int, default=0, help="that judge stances; 0: one for each core")
    parser.add_argument("--full", action="store_true", help="also what takes hours: 10⁵ claims, 10,000 articles")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    return parser


def measured(asked: argparse.Namespace) -> dict[str, list[Table]]:
    """The tables of each section that is asked for, printed as they come; what lacks its data or extra is named."""
    found: dict[str, list[Table]] = {}
    for name in (section for section in SECTIONS if section in asked.only.split(",")):
        if asked.data is None and name not in NEEDS_NO_DATA:
            print(f"{name}: skipped, it needs --data", file=sys.stderr)
            continue
        print(f"## {name}", end="\n\n", flush=True)
        found[name] = []
        try:
            for table in SECTIONS[name](asked):
                found[name].append(table)
                print(table.markdown(), end="\n\n", flush=True)
        except ImportError as error:
            print(f"{name}: skipped, {error}", file=sys.stderr)
    return found


def about(asked: argparse.Namespace) -> dict[str, Any]:
    """The machine, and what computes on it."""
    versions = {"Python": platform.python_version(), "ONNX Runtime": onnxruntime.__version__}
    return {"machine": stances.machine(asked.threads or stances.cores()), **versions}


def main() -> None:
    """Print the tables."""
    parser = options()
    asked = parser.parse_args()
    if unknown := set(asked.only.split(",")) - SECTIONS.keys():
        parser.error(f"--only: no {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    told = about(asked)
    print(", ".join(f"{key} {value}" for key, value in told.items()), end="\n\n", flush=True)
    tables = measured(asked)
    if asked.json:
        rows = {name: {t.title: {"rows": t.records(), "note": t.note} for t in of} for name, of in tables.items()}
        asked.json.write_text(json.dumps({"run": told, **rows}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
