"""`DATASHEET.md`: the questions of *Datasheets for Datasets*, answered as far as the software can."""

from __future__ import annotations

from importlib import resources
from string import Template
from typing import Any

from annotate.codebook import Codebook
from annotate.diffing import many
from annotate.manifest import Manifest
from annotate.records import STANCES

DATASHEET = "DATASHEET.md"

STANDOFF = "The articles' texts are left out: offsets and hashes stand for them."


def datasheet(manifest: Manifest, codebook: Codebook, head: dict[str, Any], *, standoff: bool) -> str:
    """A stub for the first release; `head` is the card's. `standoff` where the texts are left out."""
    counts = manifest.counts
    return Template(_template()).substitute(
        name=head.get("pretty_name") or codebook.id,
        version=manifest.version,
        targets="\n".join(f"- **{t.name}** (`{t.id}`): {t.description or t.name}" for t in codebook.targets),
        claims=many(counts.claims, "claim"),
        articles=many(counts.articles, "article"),
        speaking=many(counts.speaking, "speaker"),
        counts=_table(manifest),
        standoff=STANDOFF if standoff else "Nothing is missing that the software knows of.",
        undecided=f"{counts.claims - counts.decided} of {counts.claims}",
        software=manifest.software,
        attribution=_listed(manifest.models["attribution"]),
        stance=_listed(manifest.models["stance"]),
        codebook=f"{codebook.id} {codebook.version}",
        annotators=_listed(list(counts.annotators)),
        license=head.get("license") or "TODO",
    )


def _table(manifest: Manifest) -> str:
    """Claims per target and stance."""
    rows = [
        f"| `{target}` | {' | '.join(str(row[s]) for s in STANCES)} |"
        for target, row in manifest.counts.stances.items()
    ]
    return "\n".join([f"| target | {' | '.join(STANCES)} |", "|---" * (len(STANCES) + 1) + "|", *rows])


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"


def _template() -> str:
    return resources.files("annotate").joinpath("datasheet.md").read_text(encoding="utf-8")
