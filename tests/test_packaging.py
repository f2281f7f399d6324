"""The package as a whole: what it exports, what imports what, and how soon its command answers."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import annotate

PACKAGE = Path(annotate.__file__).parent


def name_of(path: Path) -> str:
    """The module's dotted name within the package; that of a subpackage is its folder's."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[1:] and parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for pattern in ("*.py", "*/*.py") for path in PACKAGE.glob(pattern)}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}

HOMES = {
    "datasketch": {"duplicates"},
    "fsspec": {"urls"},
    "huggingface_hub": {"nli"},
    "jinja2": {"report.page"},
    "krippendorff": {"measure.agreement"},
    "markdown_it": {"articles"},
    "matplotlib": {"report.figures"},
    "nupunkt": {"sentences"},
    "onnx": {"exporting", "teach.trainable"},
    "onnxruntime": {"embedded"},
    "ray": {"engine.on_ray"},
    "rich": {"cli", "show", "tables"},
    "scipy": {"summary"},
    "sklearn": {"teach.heldout", "teach.teaching"},
    "starlette": {"review.server"},
    "statsmodels": {"measure.agreement", "measure.intervals"},
    "torch": {"exporting", "nli", "teach.trainable", "training", "teach.tuning"},
    "trafilatura": {"articles"},
    "transformers": {"exporting", "nli", "teach.trainable", "training"},
    "typer": {"cli"},
    "uvicorn": {"review.server"},
}
"""Foreign library → the only modules that know its names."""

HEAVY = {
    "datasets", "jinja2", "krippendorff", "matplotlib", "onnxruntime", "pandas", "pyarrow", "ray", "scipy", "sklearn",
    "starlette", "statsmodels", "torch", "trafilatura", "transformers", "uvicorn",
}  # fmt: skip
"""Libraries that are imported inside the function that needs them."""

TRAINING_ONLY = {"exporting", "teach.trainable", "training", "teach.tuning"}
"""Modules that nothing imports unless a model is trained."""


def imports(node: ast.AST, *, lazy: bool) -> Iterator[str]:
    """Dotted names that the code below `node` imports; with `lazy`, also inside functions and for types only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"line {child.lineno}: a relative import"
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif lazy or not (isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) or _for_types(child)):
            yield from imports(child, lazy=lazy)


def _for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def own(name: str) -> set[str]:
    """The modules of the package that the module `name` imports when it is imported."""
    parts = (found.split(".")[1:] for found in imports(TREES[name], lazy=False) if found.startswith("annotate."))
    nearest = (next((home for home in (".".join(part[:2]), part[0]) if home in FILES), "") for part in parts)
    return set(nearest) - {""}


def libraries(name: str, *, lazy: bool) -> set[str]:
    return {found.partition(".")[0] for found in imports(TREES[name], lazy=lazy)}


def test_all_is_complete_and_sorted() -> None:
    public = {found.rpartition(".")[2] for found in imports(TREES["__init__"], lazy=True)}
    public = {name for name in public if not name.startswith("_")} - {"TYPE_CHECKING", "import_module"}
    assert set(annotate.__all__) == public
    assert annotate.__all__ == sorted(annotate.__all__)
    for name in annotate.__all__:
        assert getattr(annotate, name).__name__ == name


def test_imports_go_one_way() -> None:
    order = list(TopologicalSorter({name: own(name) for name in FILES}).static_order())  # raises CycleError
    assert set(order) == set(FILES)


def test_a_subpackage_is_looked_at_too() -> None:
    assert "exchange.brat" in own("exchange") and "exchange.pages" in own("exchange.brat")


@pytest.mark.parametrize("name", sorted(FILES))
def test_foreign_names_stay_at_home(name: str) -> None:
    assert [library for library in sorted(libraries(name, lazy=True) & set(HOMES)) if name not in HOMES[library]] == []


@pytest.mark.parametrize("name", sorted(set(FILES) - TRAINING_ONLY))
def test_heavy_imports_wait(name: str) -> None:
    assert libraries(name, lazy=False) & HEAVY == set()
    assert own(name) & TRAINING_ONLY == set()


def test_no_module_is_called_utils() -> None:
    assert {"common", "helpers", "misc", "util", "utils"} & {name.rpartition(".")[2] for name in FILES} == set()


HELP = [sys.executable, "-m", "annotate", "--help"]


@pytest.mark.skipif(sys.platform == "win32", reason="a child's processor time")
def test_help_answers_at_once() -> None:
    def seconds() -> float:
        """Processor time, which other work on the machine does not lengthen as it does the wall clock's."""
        before = os.times()
        subprocess.run(HELP, check=True, capture_output=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert min(seconds() for _ in range(5)) < 0.3


def test_help_imports_nothing_heavy() -> None:
    environment = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    run = subprocess.run(HELP, check=True, capture_output=True, text=True, encoding="utf-8", env=environment)
    imported = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
    assert "annotate.cli" in imported
    assert imported & (HEAVY | {"numpy", "pydantic", "yaml"}) == set()
