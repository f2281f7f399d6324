"""`CHANGELOG.md` of a corpus: an entry for each release, the newest first; whatever else stands in it is the user's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from annotate.diffing import Diff, many
from annotate.manifest import Manifest

_ENTRY = re.compile(r"^## \d+\.\d+\.\d+(?=\s|$)", re.MULTILINE)
"""The heading of an entry."""

END = "<!-- above: generated; below: yours, and kept -->"


def with_entry(old: str, manifest: Manifest, changed: Diff | None) -> str:
    """The changelog with an entry for this release above the first one; everything that stands in `old` stays."""
    entry = "\n".join(_entry(manifest, changed))
    first = _ENTRY.search(old)
    if first:
        return f"{old[: first.start()]}{entry}\n{old[first.start() :]}"
    head = old.rstrip("\n") or f"# Changelog of {manifest.codebook.id}"
    return f"{head}\n\n{entry}"


def _entry(manifest: Manifest, changed: Diff | None) -> Iterator[str]:
    yield f"## {manifest.version} – {manifest.date}"
    yield ""
    if manifest.message:
        yield from (_plain(line) for line in manifest.message.splitlines())
        yield ""
    yield from (f"- {sentence}" for sentence in (changed.sentences() if changed else ["the first release"]))
    counts = manifest.counts
    people = "".join(f", {number} by {who}" for who, number in counts.annotators.items())
    held = f"{many(counts.claims, 'claim')} of {many(counts.articles, 'article')}"
    yield f"- holds {held}; {counts.decided} decided by people{people}"
    for target, row in counts.stances.items():
        yield f"- `{target}`: {', '.join(f'{number} {stance}' for stance, number in row.items())}"
    yield ""
    yield END
    yield ""


def _plain(line: str) -> str:
    """A line of a message that cannot be taken for a heading."""
    return f"\\{line}" if line.startswith("#") else line
