"""Files that are replaced whole or not at all: a lock, and a transaction over several files.

A transaction writes every file beside the corpus, in `.annotate/staged/`, then writes
`.annotate/journal.json`, then moves the files into place and removes those that are no longer of it.
Before the journal is on disk the corpus is the old one; once it is, the corpus is the new one, and
whoever opens the folder next finishes the moves.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from types import TracebackType
from typing import Self

from annotate.errors import CorpusBusy, CorpusError

STATE = ".annotate"
JOURNAL = "journal.json"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; CorpusBusy at once when another process holds it."""
    from filelock import FileLock, Timeout

    state = folder / STATE
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = FileLock(state / "lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise CorpusBusy(f"{folder}: another annotate process is writing this corpus; wait until it ends") from None
    except OSError as error:
        raise CorpusError(f"{folder}: cannot be written: {error.strerror or error}") from None
    try:
        yield
    finally:
        lock.release()


def file_sha256(path: Path) -> str:
    """The hex SHA-256 of a file, "" where there is none."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Transaction:
    """Several files of one folder, replaced together.

        with Transaction(folder) as change:
            change.path("claims.jsonl").write_text(...)

    Leaving the block without an exception commits. The caller holds the lock. A file that somebody
    else changes between `expect` and the commit stops the commit with CorpusError.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._staged = folder / STATE / "staged"
        self._names: dict[str, None] = {}
        self._dropped: dict[str, None] = {}
        self._expected: dict[str, str] = {}
        self._abandoned = False

    def path(self, name: str) -> Path:
        """Where to write what shall become `name` (a relative path with forward slashes)."""
        self._names[name] = None
        self._dropped.pop(name, None)
        path = self._staged / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def drop(self, name: str) -> None:
        """Let there be no `name` any more; what was staged for it is thrown away."""
        self._dropped[name] = None
        self._names.pop(name, None)
        (self._staged / name).unlink(missing_ok=True)

    def writes(self, name: str) -> bool:
        """Whether this transaction replaces `name`."""
        return name in self._names

    def scratch(self, name: str) -> Path:
        """Where to keep something that only this transaction needs."""
        return self._staged / name

    def expect(self, name: str, sha256: str) -> None:
        """Commit only if `name` still has this content then ("" for no file)."""
        self._expected[name] = sha256

    def abandon(self) -> None:
        """Change nothing after all: what was staged is thrown away when the block ends."""
        self._abandoned = True

    def __enter__(self) -> Self:
        recover(self.folder)
        try:
            self._staged.mkdir(parents=True)
        except OSError as error:
            raise self._unwritten(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None and not self._abandoned:
                self._commit()
        except OSError as failure:
            raise self._unwritten(failure) from failure
        finally:
            if not unfinished(self.folder):
                shutil.rmtree(self._staged, ignore_errors=True)
        if isinstance(error, OSError):
            raise self._unwritten(error) from error

    def _commit(self) -> None:
        for path in (*map(self._staged.joinpath, self._names), *self._staged.rglob("*/"), self._staged):
            sync(path)
        for name, sha256 in self._expected.items():
            if file_sha256(self.folder / name) != sha256:
                raise CorpusError(
                    f"{self.folder / name}: changed while this command ran; nothing was written, run it again"
                )
        journal = self.folder / STATE / JOURNAL
        beside = journal.with_suffix(".new")
        drops = [name for name in self._dropped if (self.folder / name).exists()]
        beside.write_text(json.dumps({"moves": list(self._names), "drops": drops}), encoding="utf-8")
        sync(beside)
        sync(journal.parent)
        beside.replace(journal)
        sync(journal.parent)
        _finish(self.folder)

    def _unwritten(self, error: OSError) -> CorpusError:
        if unfinished(self.folder):
            return CorpusError(f"{self.folder}: {error}; the last files will be moved into place by the next command")
        return CorpusError(f"{self.folder}: {error}; nothing was written")


def unfinished(folder: Path) -> bool:
    """Whether an interrupted command left moves to be done: the corpus is whole again after `recover`."""
    return (folder / STATE / JOURNAL).exists()


def recover(folder: Path) -> str:
    """Finish or discard what an interrupted command left; one sentence that says which, or "".

    The caller holds the lock.
    """
    try:
        if unfinished(folder):
            _finish(folder)
            return "an interrupted command had finished its work but for the last moves: they are done now"
        if (folder / STATE / "staged").exists():
            shutil.rmtree(folder / STATE / "staged")
            return "an interrupted command was discarded: the corpus is as it was before it"
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{folder}: an interrupted command cannot be put right: {error}") from error
    return ""


def _finish(folder: Path) -> None:
    """Do what the journal says and is not done yet, then forget it."""
    journal, staged = folder / STATE / JOURNAL, folder / STATE / "staged"
    said = json.loads(journal.read_text(encoding="utf-8"))
    moves, drops = ([*map(_within, names)] for names in (said["moves"], said.get("drops", ())))
    for name in moves:
        if (staged / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (staged / name).replace(folder / name)
            sync((folder / name).parent)
    for name in drops:
        if (folder / name).exists():
            (folder / name).unlink()
            sync((folder / name).parent)
    shutil.rmtree(staged, ignore_errors=True)  # before the journal: what is staged without one counts as discarded
    journal.unlink()
    sync(journal.parent)


def _within(name: str) -> str:
    """A name of the journal, which may come with a folder from anywhere; ValueError where it leads out of it."""
    path = PurePath(name)
    if path.is_absolute() or path.drive or ".." in path.parts:
        raise ValueError(f"{JOURNAL} names {name!r}, which is not in the folder")
    return name


def sync(path: Path) -> None:
    """Push a file or folder to the disk; Windows cannot open folders, and needs it not."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
