"""A corpus made from another one: read while nobody changes it, written whole into an empty folder or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from annotate.checking import refuse_problems
from annotate.corpus import CARD, CHANGELOG, Corpus
from annotate.decisions import Log
from annotate.errors import CorpusError, UsageError
from annotate.revising import Revision, exclusively, hashes, read_prose, refuse_edits, staged
from annotate.storage import STATE


@contextmanager
def source(folder: Path) -> Iterator[tuple[Corpus, Log]]:
    """The corpus to be read, and its log.

    Raises CorpusError where it has problems or somebody changes it meanwhile, PendingEdits where hand edits are not
    adopted.
    """
    corpus = Corpus.open(folder)
    seen = hashes(corpus)
    refuse_problems(corpus, "nothing was written")
    log = corpus.log()
    refuse_edits(corpus, log, f"annotate adopt {folder} --annotator NAME makes them decisions first")
    yield corpus, log
    if changed := [name for name, sha256 in hashes(corpus).items() if seen.get(name, "") != sha256]:
        raise CorpusError(f"{folder / changed[0]}: changed while this command ran; nothing was written, run it again")


@contextmanager
def founding(folder: Path, shards: int = 1) -> Iterator[Revision]:
    """What is written into `folder`, which must be new or empty; the caller closes the revision.

    Articles and claims are kept in so many files each. Raises UsageError where the folder holds anything; one that was
    not there before is not there after a failure.
    """
    if folder.is_file() or (folder.is_dir() and any(path.name != STATE for path in folder.iterdir())):
        raise UsageError(f"{folder}: is not empty; choose a new folder")
    made = not folder.exists()
    try:
        with exclusively(folder) as corpus:
            if any(path.name != STATE for path in folder.iterdir()):
                raise UsageError(f"{folder}: an interrupted command has just finished its work here; see to it first")
            with staged(corpus) as change:
                revision = Revision(corpus, change, Log())
                revision.shards = shards
                yield revision
    except BaseException:
        if made and folder.is_dir() and all(path.name == STATE for path in folder.iterdir()):
            shutil.rmtree(folder, ignore_errors=True)
        raise


def write_prose(corpus: Corpus, revision: Revision) -> None:
    """The codebook, the card without the releases, which stay where they are, and the changelog."""
    revision.write_codebook(corpus.codebook)
    prose = read_prose(corpus.folder / CARD)
    revision.change.path(CARD).write_text(revision.card(prose, corpus.codebook), encoding="utf-8", newline="\n")
    if (corpus.folder / CHANGELOG).exists():
        shutil.copyfile(corpus.folder / CHANGELOG, revision.change.path(CHANGELOG))
