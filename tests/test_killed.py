"""A command that is killed at any moment leaves the old corpus or the new one, and whoever comes next says which.

`pytest -m full tests/test_killed.py` kills each command a hundred times.
"""

import os
import random
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import claims_of, write_claims
from scripted import TEXT, TOML, Models, label_all

from annotate import wire
from annotate.checking import check
from annotate.corpus import Corpus
from annotate.records import Decision

HERE = Path(__file__).parent
ARTICLES = 40
COMMANDS = {
    "label": ["label", "{new}", "--codebook", "{folder}/codebook.toml", "--corpus", "{folder}"],
    "adopt": ["adopt", "{folder}", "--annotator", "ana"],
    "relabel": ["relabel", "{folder}"],
    "release": ["release", "{folder}", "-m", "for good"],
}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")


class State(NamedTuple):
    """What a command changes: the view, how long the log is, the releases, and the files of the newest one."""

    claims: bytes
    decisions: int
    releases: tuple[str, ...]
    frozen: tuple[str, ...]


def state(folder: Path) -> State:
    opened = Corpus.open(folder)
    log = folder / "decisions.jsonl"
    decisions = [d for _, d in wire.read(log, Decision)] if log.exists() else []
    assert all(isinstance(d, Decision) for d in decisions)
    newest = folder / "releases" / (opened.version or "none")
    frozen = tuple(sorted(path.name for path in newest.glob("*")))
    return State((folder / "claims.jsonl").read_bytes(), len(decisions), tuple(opened.releases()), frozen)


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus before each command, under the command's name."""
    root = tmp_path_factory.mktemp("killed")
    (root / "codebook.toml").write_text(TOML, encoding="utf-8")
    (root / "new.txt").write_text(TEXT * 30, encoding="utf-8")
    with pytest.MonkeyPatch.context() as monkeypatch:
        Models().use(monkeypatch)
        label_all(root / "release", root / "codebook.toml", {f"a{n}": f"{TEXT}Note {n}.\n" for n in range(ARTICLES)})
    for name in ("label", "adopt", "relabel"):
        shutil.copytree(root / "release", root / name)
    write_claims(root / "adopt", [replace(c, stance="against") for c in claims_of(root / "adopt")])
    return root


def run(command: str, folder: Path, new: Path, after: float | None = None) -> float:
    """Run a command, and kill it so many seconds after it began to work; how long it worked."""
    arguments = [part.format(folder=folder, new=new) for part in COMMANDS[command]]
    program = [sys.executable, str(HERE / "killed.py"), "against", *arguments]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=HERE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        began = time.perf_counter()
        if after is not None:
            time.sleep(after)
            process.kill()
        _, said = process.communicate()
        assert after is not None or process.returncode == 0, said.decode()
        return time.perf_counter() - began


def kill_often(command: str, times: int, studies: Path, tmp_path: Path) -> None:
    before = state(studies / command)
    whole = tmp_path / "whole"
    shutil.copytree(studies / command, whole)
    took = run(command, whole, studies / "new.txt")
    after = state(whole)
    assert before != after
    rng = random.Random(f"{command} {times}")
    for number in range(times):
        folder = tmp_path / str(number)
        shutil.copytree(studies / command, folder)
        run(command, folder, studies / "new.txt", rng.uniform(0, 1.1 * took))
        said = Corpus.open(folder).recovered
        now = state(folder)
        assert now in (before, after)
        assert not said or now == after  # what is finished on opening was committed
        assert list(check(Corpus.open(folder))) == []
        if now == before:
            run(command, folder, studies / "new.txt")
            assert state(folder) == after
        shutil.rmtree(folder)


@pytest.mark.parametrize("command", COMMANDS)
def test_killed_three_times(command: str, studies: Path, tmp_path: Path) -> None:
    kill_often(command, 3, studies, tmp_path)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_full_disk_leaves_the_old_corpus(command: str, share: float, studies: Path, tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    shutil.copytree(studies / command, folder)
    before = state(folder)
    largest = int(share * (folder / "claims.jsonl").stat().st_size)
    arguments = [part.format(folder=folder, new=studies / "new.txt") for part in COMMANDS[command]]
    program = [sys.executable, str(HERE / "killed.py"), "against", *arguments]
    environment = {**os.environ, "LARGEST_FILE": str(largest)}
    done = subprocess.run(program, capture_output=True, text=True, cwd=HERE, env=environment, check=False)
    assert done.returncode == 1
    assert "nothing was written" in done.stderr and "Traceback" not in done.stderr
    assert state(folder) == before
    run(command, folder, studies / "new.txt")
    assert list(check(Corpus.open(folder))) == []


@pytest.mark.full
@pytest.mark.parametrize("command", COMMANDS)
def test_killed_a_hundred_times(command: str, studies: Path, tmp_path: Path) -> None:
    kill_often(command, 100, studies, tmp_path)
