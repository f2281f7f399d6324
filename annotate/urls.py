"""Files elsewhere: what a URL names, read through fsspec. No socket is opened unless the user names a URL."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # two letters at least: C:// is a drive
_WEB = ("http", "https")


def is_url(item: str) -> bool:
    """Whether this is a URL, such as s3://bucket/news/*.jsonl.gz, and no path."""
    return _URL.match(item) is not None


def shown(url: str) -> str:
    """The URL as it may be printed: without the password or the signature that it may hold."""
    bare = re.sub(r"(?<=://)[^/@]*@", "", url)
    return bare.partition("?")[0] if url.startswith(_WEB) else bare


def named(url: str) -> PurePosixPath:
    """The path in a URL, whose suffix tells the format."""
    return PurePosixPath(urlsplit(url).path if url.startswith(_WEB) else _URL.sub("", url))


def files(url: str) -> list[tuple[str, PurePosixPath]]:
    """The files of a URL, in order, each with its path below the folder that was named, or below its own.

    A URL names a file, a folder, or by `*`, `?` and `[` several; on the web it names a file. Whatever the store
    raises is raised.
    """
    import fsspec  # type: ignore[import-untyped]

    if url.startswith(_WEB):
        return [(url, PurePosixPath(named(url).name))]
    store, path = fsspec.core.url_to_fs(url)
    if any(character in path for character in "*?["):
        return [place for match in sorted(store.glob(path)) for place in _below(store, match)]
    return _below(store, path)


def _below(store: Any, path: str) -> list[tuple[str, PurePosixPath]]:
    """The files below a folder, or the file."""
    folder = store.isdir(path)
    start = PurePosixPath(path) if folder else PurePosixPath(path).parent
    found = sorted(store.find(path)) if folder else [path]
    return [(store.unstrip_protocol(file), PurePosixPath(file).relative_to(start)) for file in found]


@contextmanager
def opened(url: str) -> Iterator[io.BufferedReader]:
    """The bytes of a file as they come."""
    import fsspec

    with fsspec.open(url, "rb") as raw, io.BufferedReader(raw, 1 << 20) as file:
        yield file
