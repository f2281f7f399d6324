"""The benchmark of Hub models: that it runs, and that its operations are those which the pairs need."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))

import hub

from annotate.nli import load_classifier


@pytest.mark.filterwarnings("ignore")  # the pipeline's own
def test_tables() -> None:
    speed, tokenising = hub.hub(claims=2, threads=1)
    rows = {row["way"]: row for row in speed.records()}
    assert next(iter(rows)) == "pipeline, default" and {"annotate, float32", "annotate, bfloat16"} <= rows.keys()
    assert float(rows["pipeline, default"]["× the pipeline's default"]) == 1
    for name in ("float32", "bfloat16"):
        assert 0 < rows[f"annotate, {name}"]["share of the limit"] < 1.5
    assert len(tokenising.rows) == 2
    assert "joined" in tokenising.note


def test_operations_are_those_of_the_pairs_alone(tmp_path: Path) -> None:
    of: Any = load_classifier(str(hub._random_model(tmp_path / "m")))
    pairs = [(" ".join(["talks"] * n), "it helps") for n in (1, 4, 9, 20, 33)]
    lengths = [row.length for row in of.read(pairs)]
    linear = 6 * (4 * 384 * 384 + 2 * 384 * 1536)
    for_each = [2 * (n * linear + 6 * 2 * n * n * 384 + 384 * 384 + 384 * 3) for n in lengths]
    assert hub._operations(of, pairs) == pytest.approx(sum(for_each), rel=1e-3)
