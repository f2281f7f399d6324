"""Several files are replaced together or not at all, whatever happens in between."""

import contextlib
import errno
import multiprocessing
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from annotate.errors import CorpusBusy, CorpusError
from annotate.storage import STATE, Transaction, file_sha256, locked, recover, unfinished

OLD = {"claims.jsonl": "old claims\n", "README.md": "old card\n", "old.jsonl": "goes\n", "older.jsonl": "goes too\n"}
NEW = {"claims.jsonl": "new claims\n", "README.md": "new card\n", f"{STATE}/base/claims.jsonl": "new claims\n"}
NAMES = (*NEW, "old.jsonl", "older.jsonl")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in OLD.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def state(folder: Path) -> dict[str, str]:
    return {name: (folder / name).read_text(encoding="utf-8") for name in NAMES if (folder / name).exists()}


def replace_all(folder: Path) -> None:
    with locked(folder):
        recover(folder)
        with Transaction(folder) as change:
            for name, text in NEW.items():
                change.path(name).write_text(text, encoding="utf-8")
            change.drop("old.jsonl")
            change.path("older.jsonl").write_text("not wanted after all", encoding="utf-8")
            change.drop("older.jsonl")
            change.drop("was never there")
            change.scratch("notes").write_text("needed while writing", encoding="utf-8")


STEPS: list[tuple[Any, str]] = [
    (os, "fsync"), (Path, "replace"), (Path, "unlink"), (Path, "mkdir"), (Path, "write_text"), (shutil, "rmtree"),
]  # fmt: skip


def fail_from(patch: pytest.MonkeyPatch, count: int, error: BaseException, *, dead: bool) -> Callable[[], bool]:
    """Let the count-th step raise, and where the process is `dead` then, all that follow; whether it came to that."""
    taken = 0

    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **options: Any) -> Any:
            nonlocal taken
            taken += 1
            if taken == count or (dead and taken > count):
                raise error
            return real(*args, **options)

        return step

    for owner, name in STEPS if dead else STEPS[:-1]:  # a disk may be full, and things still be removed
        patch.setattr(owner, name, failing(getattr(owner, name)))
    return lambda: taken >= count


class Killed(BaseException):
    """The process is gone: no clean-up of ours runs any more."""


def outcomes(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, make: Callable[[], BaseException], dead: bool
) -> set[str]:
    """The words of `recover`, after a failure at every step in turn; old or new is asserted each time."""
    words = set()
    for count in range(1, 200):
        copy = tmp_path_factory.mktemp("copy") / "corpus"
        shutil.copytree(folder, copy)
        with pytest.MonkeyPatch.context() as patch:
            reached = fail_from(patch, count, make(), dead=dead)
            with contextlib.suppress(Killed, CorpusError):
                replace_all(copy)
            came_to_it = reached()
        with locked(copy):
            said = recover(copy)
            assert recover(copy) == ""
        words.add(said)
        assert state(copy) in (OLD, NEW), f"step {count}"
        if "as it was" in said:
            assert state(copy) == OLD, f"step {count}"
        if "done now" in said:
            assert state(copy) == NEW, f"step {count}"
        assert not (copy / STATE / "staged").exists()
        if not came_to_it:
            assert state(copy) == NEW
            return words
    raise AssertionError("the transaction never ended")


def test_a_kill_at_any_step_leaves_the_old_or_the_new(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    words = outcomes(folder, tmp_path_factory, Killed, dead=True)
    assert len(words) == 3, "nothing to say, discarded, finished"


def test_a_full_disk_at_any_step_leaves_the_old_or_the_new(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outcomes(folder, tmp_path_factory, lambda: OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), dead=False)


def test_a_real_kill_in_the_middle_of_the_moves_is_finished_by_the_next_command(folder: Path) -> None:
    code = (
        "import os, sys, pathlib; sys.path[:0] = sys.argv[2:]\n"
        "import test_storage\n"
        "real, count = pathlib.Path.replace, iter(range(9))\n"
        "def replace(*a): return real(*a) if next(count) < 2 else os._exit(9)\n"
        "pathlib.Path.replace = replace\n"
        "test_storage.replace_all(pathlib.Path(sys.argv[1]))\n"
    )
    here = Path(__file__).parent
    done = subprocess.run([sys.executable, "-c", code, folder, here, here.parent], check=False, capture_output=True)
    assert done.returncode == 9, done.stderr.decode()
    assert state(folder) == OLD | {"claims.jsonl": "new claims\n"}
    assert unfinished(folder)
    with locked(folder):
        assert "done now" in recover(folder)
    assert state(folder) == NEW


def test_what_is_staged_is_on_the_disk_before_the_journal_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    real_open, real_replace = os.open, Path.replace

    def opened(path: Any, flags: int, *rest: Any, **options: Any) -> int:
        if isinstance(path, Path):
            events.append(path.relative_to(folder).as_posix())
        return real_open(path, flags, *rest, **options)

    def replaced(self: Path, target: Path) -> Path:
        events.append(f"→ {target.relative_to(folder).as_posix()}")
        return real_replace(self, target)

    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(Path, "replace", replaced)
    replace_all(folder)
    before = events[: events.index(f"→ {STATE}/journal.json")]
    staged = f"{STATE}/staged"
    assert {f"{staged}/{name}" for name in NEW} <= set(before)
    assert {staged, f"{staged}/{STATE}", f"{staged}/{STATE}/base", STATE} <= set(before), "folders, too"


def test_an_exception_in_the_block_changes_nothing_and_comes_through(folder: Path) -> None:
    with pytest.raises(ZeroDivisionError), Transaction(folder) as change:  # noqa: PT012
        change.path("claims.jsonl").write_text("half", encoding="utf-8")
        _ = 1 / 0
    assert state(folder) == OLD
    assert not (folder / STATE / "staged").exists()


def test_a_full_disk_in_the_block_is_a_corpus_error(folder: Path) -> None:
    def full() -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(CorpusError, match=r"No space left on device; nothing was written"), Transaction(folder):
        full()
    assert state(folder) == OLD


def test_a_failure_while_moving_says_that_the_next_command_will_finish(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.replace

    def held_open(self: Path, target: Path) -> Path:
        if target.name == "README.md":
            raise PermissionError(errno.EACCES, "used by another process")
        return real(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", held_open)
        with pytest.raises(CorpusError, match="will be moved into place by the next command"):
            replace_all(folder)
    with locked(folder):
        recover(folder)
    assert state(folder) == NEW


def test_a_file_that_changed_meanwhile_stops_the_commit(folder: Path) -> None:
    claims = folder / "claims.jsonl"
    with (  # noqa: PT012
        pytest.raises(CorpusError, match="changed while this command ran; nothing was written"),
        Transaction(folder) as change,
    ):
        change.expect("claims.jsonl", file_sha256(claims))
        change.path("claims.jsonl").write_text("new\n", encoding="utf-8")
        claims.write_text("an editor saved this\n", encoding="utf-8")
    assert claims.read_text(encoding="utf-8") == "an editor saved this\n"


def test_a_file_that_appeared_meanwhile_stops_the_commit(folder: Path) -> None:
    with pytest.raises(CorpusError, match="changed while"), Transaction(folder) as change:  # noqa: PT012
        change.expect("decisions.jsonl", "")
        (folder / "decisions.jsonl").write_text("a decision\n", encoding="utf-8")


def hold(folder: Path, held: Any, done: Any) -> None:
    with locked(folder):
        held.set()
        done.wait(60)


def test_of_two_processes_the_second_is_told_that_the_first_is_writing(folder: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    other = context.Process(target=hold, args=(folder, held, done))
    other.start()
    try:
        assert held.wait(60)
        with pytest.raises(CorpusBusy, match="another annotate process"), locked(folder):
            pass
    finally:
        done.set()
        other.join(60)
    with locked(folder):
        pass


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_cannot_be_locked(folder: Path) -> None:
    folder.chmod(0o500)
    try:
        with pytest.raises(CorpusError, match="cannot be written"), locked(folder):
            pass
    finally:
        folder.chmod(0o700)


def test_a_read_only_disk_cannot_be_locked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def mkdir(*_: Any, **__: Any) -> NoReturn:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with pytest.raises(CorpusError, match="cannot be written: Read-only file system"), locked(folder):
        pass
    assert state(folder) == OLD


@pytest.mark.parametrize(
    "journal",
    [
        "torn", "[]", '{"moves": ["../outside.txt"]}', '{"moves": ["/outside.txt"]}',
        '{"moves": ["outside.txt"], "drops": ["../README.md"]}',
    ],
)  # fmt: skip
def test_a_journal_that_leads_out_of_the_folder_or_nowhere_is_an_error(folder: Path, journal: str) -> None:
    corpus = folder / "corpus"
    (corpus / STATE / "staged").mkdir(parents=True)
    (corpus / STATE / "outside.txt").write_text("from a folder that somebody sent", encoding="utf-8")
    (corpus / STATE / "journal.json").write_text(journal, encoding="utf-8")
    with pytest.raises(CorpusError, match="cannot be put right"):
        recover(corpus)
    assert not (folder / "outside.txt").exists() and not (corpus / "outside.txt").exists()
    assert state(folder) == OLD
