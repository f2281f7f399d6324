"""Everything that can go wrong, under one base class.

AnnotateError
├── UsageError            the command or call itself is wrong (exit code 2)
│   └── NotThere          nothing has this id
├── CodebookError         the codebook has mistakes
├── ArticleError          no article could be read
├── EngineError           a worker ended in the middle of its work
├── ModelError            a model cannot be loaded, or its labels cannot be known
└── CorpusError           the corpus folder is not as it should be
    ├── PendingEdits      people changed something that this command would overwrite
    ├── TooManyDeletions  more claims are gone than a person deletes without saying so
    ├── CorpusBusy        another process is writing the corpus
    └── Conflict          somebody decided on what stands otherwise by now
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where it is, and what to do about it.

    `line` counts from 1, 0 where there is none; `field` is a dotted path such as `prediction.seal`.
    """

    file: str
    message: str
    remedy: str = ""
    line: int = 0
    field: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        what = f"{self.field}: {self.message}" if self.field else self.message
        return f"{place}: {what}" + (f" ({self.remedy})" if self.remedy else "")


class AnnotateError(Exception):
    """The base of all errors of this package; `problems` lists what is wrong, one by one."""

    def __init__(self, message: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *map(str, self.problems)])


class UsageError(AnnotateError):
    """The command or call itself is wrong."""


class NotThere(UsageError):
    """Nothing has this id."""


class CodebookError(AnnotateError):
    """The codebook has mistakes."""


class ArticleError(AnnotateError):
    """No article could be read."""


class EngineError(AnnotateError):
    """A worker ended in the middle of its work."""


class ModelError(AnnotateError):
    """A model cannot be loaded, or its labels cannot be known."""


class CorpusError(AnnotateError):
    """The corpus folder is not as it should be."""


class PendingEdits(CorpusError):
    """People changed something that this command would overwrite."""


class TooManyDeletions(CorpusError):
    """More claims are gone than a person deletes without saying so."""


class CorpusBusy(CorpusError):
    """Another process is writing the corpus."""


class Conflict(CorpusError):
    """Somebody decided on what stands otherwise by now."""


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """A remedy that names the choice most like `word`, "" where none is."""
    close = difflib.get_close_matches(word, list(choices), 1, 0.6)
    return f"did you mean {close[0]!r}?" if close else ""
