"""Time and peak memory of the corpus commands over many claims.

    python tests/benchmarks/large.py [--claims 200000] [--shards 16] [--only check,adopt,…]

Builds a corpus of invented articles in a temporary folder, edits one claim in a hundred by hand, and runs each
command in a process of its own. Not on Windows, where a child's peak memory cannot be asked for.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

from annotate import wire
from annotate.codebook import Codebook
from annotate.corpus import Labelled
from annotate.records import (
    NO_SPAN,
    SCHEMA_VERSION,
    STANCES,
    Article,
    Claim,
    Prediction,
    Scores,
    claim_id,
    text_digest,
)
from annotate.shards import files
from annotate.writing import writing

TOML = '[[targets]]\nname = "the harbour"\n[[speakers]]\nname = "Ann Lee"\n[[speakers]]\nname = "Bo Hall"\n'
WORDS = "harbour ferry bridge council budget winter crane island storm market signal ledger morning quarrel".split()
CLAIMS_AN_ARTICLE = 40


def articles(number: int) -> Iterator[Labelled]:
    """Articles of 40 sentences, each sentence a claim."""
    rng = random.Random(1)
    for nth in range(number):
        sentences = [f"{' '.join(rng.choices(WORDS, k=18)).capitalize()}." for _ in range(CLAIMS_AN_ARTICLE)]
        article = Article.of(" ".join(sentences), f"a{nth}")
        claims, place = [], 0
        for sentence in sentences:
            claims.append(_claim(article, place, place + len(sentence), rng))
            place += len(sentence) + 1
        yield Labelled(article, claims, [])


def _claim(article: Article, start: int, end: int, rng: random.Random) -> Claim:
    id, text, stance = claim_id(article.sha256, start, end, "the-harbour"), article.text[start:end], rng.choice(STANCES)
    speaker = rng.choice(["ann-lee", "bo-hall", "narrator"])
    scores = Scores(*(0.8 if s == stance else 0.1 for s in STANCES))
    said = Prediction(start, end, speaker, 0.9, "named", stance, scores, "a@1", "s@1", "").sealed(id)
    return Claim(
        SCHEMA_VERSION, id, article.id, start, end, text, text_digest(text), "indirect", NO_SPAN, NO_SPAN, "",
        speaker, "the-harbour", stance, "", "", said,
    )  # fmt: skip


def edit(folder: Path, every: int) -> int:
    """Change the stance of every n-th claim, as by hand; how many."""
    changed, numbers = 0, count()

    def lines(path: Path) -> Iterator[Claim]:
        nonlocal changed
        for _, claim in wire.read(path, Claim):
            assert isinstance(claim, Claim)
            edited = next(numbers) % every == 0
            changed += edited
            stance = "favor" if claim.stance == "against" else "against"
            yield replace(claim, stance=stance) if edited else claim

    for path in files(folder / "claims.jsonl"):
        wire.write(path.with_suffix(".new"), lines(path))
        path.with_suffix(".new").replace(path)
    return changed


def measured(*command: str) -> dict[str, object]:
    """Seconds and peak MB of one command in a process of its own."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "annotate", *command], stdout=subprocess.PIPE)
    assert process.stdout
    said = process.stdout.read().decode().strip().splitlines()
    _, status, usage = os.wait4(process.pid, 0)
    peak = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    seconds = time.perf_counter() - began
    last = said[-1][-100:] if said else ""
    return {
        "seconds": round(seconds, 1),
        "peak MB": round(peak),
        "exit": os.waitstatus_to_exitcode(status),
        "said": last,
    }


def main() -> None:
    """Print a line a command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", type=int, default=200_000)
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--only", default="check,release,adopt,diff,release again,check again")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder, book = Path(temporary) / "corpus", Path(temporary) / "codebook.toml"
        book.write_text(TOML, encoding="utf-8")
        began = time.perf_counter()
        with writing(folder, Codebook.read(book), arguments.shards) as writer:
            for item in articles(arguments.claims // CLAIMS_AN_ARTICLE):
                writer.add(item)
        took, peak = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        print(f"{arguments.claims} claims in {arguments.shards} shards, made in {took:.1f} s, this process {peak} MB")
        commands = {
            "check": ["check", str(folder)],
            "release": ["release", str(folder), "-m", "first"],
            "adopt": ["adopt", str(folder), "--annotator", "ana"],
            "diff": ["diff", f"{folder}@1.0.0", str(folder)],
            "release again": ["release", str(folder), "-m", "second"],
            "check again": ["check", str(folder)],
        }
        for name in arguments.only.split(","):
            if name == "adopt":
                edit(folder, 100)
            print(json.dumps({"command": name, **measured(*commands[name])}), flush=True)


if __name__ == "__main__":
    main()
