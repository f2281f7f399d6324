"""What a run has finished, batch by batch, on disk: so that an interrupted run goes on where it stopped.

    CORPUS/.annotate/unfinished/RUN/b….8.part     a batch, called by its tasks and how many they are
    CORPUS/.annotate/unfinished/RUN/run.json      which command goes on

RUN is a digest of all that the labels depend on beside the article: codebook, models, software. A part is written
whole or not at all, carries the hash of what it holds, and is never believed without it. The articles' texts are
not in it: who reads it has them at hand.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path
from typing import Any, NamedTuple

from annotate import wire
from annotate.corpus import Labelled
from annotate.engine.work import Batch, Task
from annotate.errors import Problem
from annotate.labelling import Labeller
from annotate.records import SCHEMA_VERSION, Claim, Speaker, digest
from annotate.storage import STATE, sync

UNFINISHED = f"{STATE}/unfinished"
RUN = "run.json"
_SUFFIX = ".part"
_DAMAGE = (OSError, ValueError, KeyError, TypeError)
"""What reading a part that is not as it was written may raise."""


class Found(NamedTuple):
    """What the models said of one article: all of `Labelled` but the article itself."""

    claims: list[Claim]
    speakers: list[Speaker]
    problems: tuple[Problem, ...]

    def of(self, task: Task) -> Labelled:
        """The same with its article."""
        return Labelled(task.article, *self)


def encoded(batch: Batch, done: Sequence[Labelled]) -> bytes:
    """The part that keeps a batch: equal batches give equal bytes."""
    body = b"".join(_block(task, item) for task, item in zip(batch.tasks, done, strict=True))
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def decoded(content: bytes) -> dict[str, Found]:
    """What a part holds, by its tasks' keys; ValueError where it is damaged."""
    return {
        head["key"]: Found(
            [_record(line, Claim) for line in lines[: head["claims"]]],
            [_record(line, Speaker) for line in lines[head["claims"] :]],
            tuple(Problem(*problem) for problem in head["problems"]),
        )
        for head, lines in _blocks(content)
    }


def _block(task: Task, item: Labelled) -> bytes:
    """One article's lines: a head that counts them, its claims, its speakers."""
    head = {"key": task.key, "claims": len(item.claims), "speakers": len(item.speakers)}
    lines = [json.dumps(head | {"problems": [astuple(problem) for problem in item.problems]})]
    lines += map(wire.dump, item.claims)
    lines += map(wire.dump, item.speakers)
    return "".join(f"{line}\n" for line in lines).encode()


def _blocks(content: bytes) -> Iterator[tuple[dict[str, Any], list[bytes]]]:
    """The head of each article and its lines; ValueError where the content is not what was written."""
    sha256, _, body = content.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != sha256:
        raise ValueError("the part is damaged")
    lines, place = body.split(b"\n"), 0
    while place < len(lines) - 1:
        head = json.loads(lines[place])
        end = place + 1 + head["claims"] + head["speakers"]
        yield head, lines[place + 1 : end]
        place = end


def _record(line: bytes, kind: type[wire.Record]) -> wire.Record:
    record = wire.parse(line, kind, 1, "")
    if isinstance(record, list):
        raise ValueError(str(record[0]))
    return record


class Parts:
    """The parts of one run in their folder. Several processes may write to it at once; one reads."""

    def __init__(self, folder: Path, command: str = "") -> None:
        self.folder = folder
        self._command = command
        self._earlier: dict[bytes, str] = {}
        """Tasks of an earlier run, and the part that each is in."""
        self._open: tuple[str, dict[str, Found]] = "", {}
        """The part that was read last: its neighbours are mostly wanted next."""

    def begin(self) -> None:
        """Make the folder, and note which command goes on with the run; before the first part is written."""
        self.folder.mkdir(parents=True, exist_ok=True)
        beside = self.folder / f"{RUN}.new"
        beside.write_text(json.dumps({"command": self._command}), encoding="utf-8")
        beside.replace(self.folder / RUN)

    def write(self, batch: Batch, done: Sequence[Labelled]) -> None:
        """Keep a finished batch, so that it outlives a kill and a power cut; OSError where the disk says no."""
        path = self.folder / f"{batch.key}.{len(batch.tasks)}{_SUFFIX}"
        beside = path.with_suffix(f".{os.getpid()}.new")
        try:
            beside.write_bytes(encoded(batch, done))
            sync(beside)
            beside.replace(path)
            sync(self.folder)
        finally:
            beside.unlink(missing_ok=True)

    def read(self, batch: Batch) -> list[Labelled] | None:
        """What was written of a batch; None where its part is missing or damaged."""
        there = self._part(f"{batch.key}.{len(batch.tasks)}{_SUFFIX}")
        return [there[task.key].of(task) for task in batch.tasks] if there else None

    def recall(self) -> int:
        """Look through what an earlier run left; how many articles it finished. Damaged parts are thrown away."""
        for path in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            try:
                heads = [head for head, _ in _blocks(path.read_bytes())] if path.suffix == _SUFFIX else []
            except _DAMAGE:
                heads = []
            self._earlier |= {bytes.fromhex(head["key"][1:]): path.name for head in heads}
            if not heads and path.name != RUN:
                path.unlink(missing_ok=True)
        return len(self._earlier)

    def __contains__(self, task: Task) -> bool:
        """Whether an earlier run finished a task."""
        return bool(self._earlier) and bytes.fromhex(task.key[1:]) in self._earlier

    def earlier(self, task: Task) -> Labelled | None:
        """What an earlier run made of a task, None where it did not finish it."""
        name = self._earlier.get(bytes.fromhex(task.key[1:]), "")
        there = self._part(name) if name else {}
        return there[task.key].of(task) if task.key in there else None

    def _part(self, name: str) -> dict[str, Found]:
        """What a part holds, nothing where it is missing or damaged."""
        if self._open[0] != name:
            try:
                self._open = name, decoded((self.folder / name).read_bytes())
            except _DAMAGE:
                return {}
        return self._open[1]


def run_key(labeller: Labeller) -> str:
    """A digest of all that labels depend on beside the article and people's decisions."""
    from importlib.metadata import version

    models = labeller.attributor.name, labeller.classifier.name
    return digest(labeller.codebook.sha256, *models, version("annotate-stance"), SCHEMA_VERSION, letter="r")


def parts_of(corpus: Path, labeller: Labeller, command: str = "") -> Parts:
    """The parts of the run that labels so; `command` is what goes on with it once it was interrupted."""
    return Parts(corpus / UNFINISHED / run_key(labeller), command)


def over(corpus: Path, key: str = "") -> None:
    """Forget every unfinished run of a corpus, or that of `key` alone."""
    shutil.rmtree(corpus / UNFINISHED / key, ignore_errors=True)
    with suppress(OSError):  # there is none, or others are left
        (corpus / UNFINISHED).rmdir()


class Interrupted(NamedTuple):
    """A run that stopped before its end: how many articles it finished, and the command that goes on."""

    key: str
    articles: int
    command: str

    def __str__(self) -> str:
        goes_on = f"this goes on with it: {self.command}" if self.command else "the same command goes on with it"
        return f"an interrupted run has labelled {self.articles} articles that are not in the corpus yet; {goes_on}"


def interrupted(corpus: Path) -> list[Interrupted]:
    """The runs that stopped before their end in a corpus, or in the folder of one to be."""
    folder = corpus / UNFINISHED
    runs = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    found = [Interrupted(run.name, sum(map(_count, run.glob(f"*{_SUFFIX}"))), _command(run)) for run in runs]
    return [run for run in found if run.articles]


def _count(part: Path) -> int:
    count = part.stem.rpartition(".")[2]
    return int(count) if count.isdecimal() else 0


def _command(run: Path) -> str:
    try:
        said = json.loads((run / RUN).read_text(encoding="utf-8"))["command"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return str(said)
