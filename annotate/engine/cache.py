"""What the attribution model said of a text, kept on disk: another target, codebook or stance model need not ask again.

    FOLDER/3f/a2….json     the sha256 of the rest of the file on its first line, then the roles

A file is called by a digest of the text, the model and the software. Any of them, or the folder, may be deleted at
any moment, and whatever is not as it was written counts as absent. Several processes and corpora may share a folder.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Protocol

from annotate.attribution import Part, Roles
from annotate.records import digest

FOLDER = "cache"
SHELF = 256
"""Files in each of the 256 folders at most: 65,536 articles, some 300 MB. The oldest quarter makes room."""


class FindsRoles(Protocol):
    """Whatever tells who says what in a text."""

    @property
    def name(self) -> str:
        """What `prediction.attribution_model` records: NAME@REVISION."""

    def roles(self, text: str) -> Roles:
        """The sources, cues and contents of `text`."""


class Remembering:
    """An attribution model that is asked once for each text."""

    def __init__(self, inner: FindsRoles, folder: Path, shelf: int = SHELF) -> None:
        self._inner, self._folder, self._shelf = inner, folder, shelf
        self.name = inner.name

    @cached_property
    def _software(self) -> str:
        from importlib.metadata import version

        return version("annotate-stance")

    def roles(self, text: str) -> Roles:
        """As the model within."""
        key = digest(text, self.name, self._software, letter="", size=40)
        path = self._folder / key[:2] / f"{key[2:]}.json"
        if (known := _read(path)) is not None:
            return known
        roles = self._inner.roles(text)
        with suppress(OSError):  # a cache that cannot be written is none
            self._keep(path, roles)
        return roles

    def _keep(self, path: Path, roles: Roles) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._make_room(path.parent)
        body = json.dumps(roles).encode()
        beside = path.with_suffix(f".{os.getpid()}.new")
        try:
            beside.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)

    def _make_room(self, shelf: Path) -> None:
        """Drop the files that were wanted longest ago, where there are too many."""
        files = list(shelf.iterdir())
        if len(files) < self._shelf:
            return
        oldest = sorted(files, key=lambda file: file.stat().st_mtime_ns)
        for file in oldest[: max(1, len(oldest) // 4)]:
            file.unlink(missing_ok=True)


def _read(path: Path) -> Roles | None:
    try:
        sha256, _, body = path.read_bytes().partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != sha256:
            return None
        os.utime(path)
        return Roles(*([Part(*part) for part in parts] for parts in json.loads(body)))
    except (OSError, ValueError, TypeError):
        return None
