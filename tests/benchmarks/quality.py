"""Measure the models: attribution, speakers, NLI, stance on public sets and on targets of our own, calibration,
robustness.

    python tests/benchmarks/quality.py --data DATA [--model HUB_OR_FOLDER] [--only attribution,own]
    python tests/benchmarks/quality.py --only robustness
    python tests/benchmarks/quality.py --data DATA --cards

DATA has any of attribution/, nli/ and stance/, each with dev.jsonl.gz; stance/train.jsonl.gz, if there, is
for the baselines alone. Without it, what needs it is skipped. Figures are percentages with 95 % intervals: 1000
seeded bootstrap resamples, of articles for attribution, of claims for robustness, of rows elsewhere; of mere shares
of rows, Wilson's score intervals. Needs scikit-learn.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import cards
import metrics
from attributing import attribution
from bench import Run, attributor, classifier
from held_out import calibrated, own, plain
from metrics import Table
from public import nli, stance
from robustness import robustness
from speaking import speakers

SECTIONS: dict[str, Callable[[Run], list[Table]]] = {
    "attribution": attribution,
    "speakers": speakers,
    "nli": nli,
    "stance": stance,
    "own": own,
    "calibration": calibrated,
    "plain": plain,
    "robustness": robustness,
}
NEEDS = {"attribution": "attribution", "speakers": "attribution", "nli": "nli", "stance": "stance"}
"""The folder of DATA that a section needs."""


def options() -> argparse.ArgumentParser:
    """What the command line takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of data; without it, only what needs none is measured")
    parser.add_argument("--model", default="", help="stance model: Hub id, folder, or folder with model.onnx")
    parser.add_argument("--attribution-model", type=Path, help="folder with model.onnx, in place of the embedded one")
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, separated by commas (default: all)")
    parser.add_argument(
        "--limit", type=int, default=0, help="most articles, rows or claims, for stance of each data set"
    )
    parser.add_argument("--seed", type=int, default=metrics.SEED, help="of samples and resamples (default: 1)")
    parser.add_argument("--json", type=Path, help="also write the figures here, shares between 0 and 1")
    parser.add_argument(
        "--cards",
        type=Path,
        nargs="?",
        const=cards.MODELS,
        help="also write the tables into the cards of the models in this folder (default: models/)",
    )
    return parser


def measured(run: Run, sections: list[str]) -> dict[str, list[Table]]:
    """The tables of each section, printed as they come; a section without its data is skipped, and named."""
    report = {}
    for section in sections:
        needed = run.data / NEEDS[section] / "dev.jsonl.gz" if section in NEEDS else None
        if needed and not needed.is_file():
            print(f"{section}: skipped, there is no {needed}", file=sys.stderr)
            continue
        report[section] = SECTIONS[section](run)
        print(f"## {section}", *(t.markdown() for t in report[section]), sep="\n\n", end="\n\n", flush=True)
    return report


def as_json(report: dict[str, list[Table]], run: Run) -> str:
    """The figures, and what they were measured on."""
    told: dict[str, object] = {"stance_model": classifier(run.model).name, "attribution_model": attributor(run).name}
    told |= {"seed": metrics.SEED, "limit": run.limit}
    tables = {
        section: {table.title: {"rows": table.records(), "note": table.note} for table in found}
        for section, found in report.items()
    }
    return json.dumps({"run": told, **tables}, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Print the tables."""
    parser = options()
    arguments = parser.parse_args()
    chosen = set(arguments.only.split(","))
    if unknown := chosen - SECTIONS.keys():
        parser.error(f"--only: no {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    if arguments.cards and (arguments.model or arguments.attribution_model or arguments.limit):
        parser.error(
            "--cards: the cards tell of the embedded models; leave out --model, --attribution-model and --limit"
        )
    metrics.seed(arguments.seed)
    run = Run(arguments.data or Path("DATA"), arguments.model, arguments.attribution_model, arguments.limit)
    report = measured(run, [section for section in SECTIONS if section in chosen])
    if arguments.json:
        arguments.json.write_text(as_json(report, run), encoding="utf-8")
    if arguments.cards:
        for path in cards.rewrite(arguments.cards, report):
            print(f"{path}: tables rewritten; read whether its prose still holds", file=sys.stderr)


if __name__ == "__main__":
    main()
