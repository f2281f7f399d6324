"""What a release says of itself: `manifest.json`, with a hash of every file and the counts."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from annotate.diffing import Book
from annotate.errors import CorpusError, Problem
from annotate.records import NARRATOR, STANCES, UNKNOWN, Article, Claim, Speaker

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file's hash, size in bytes, and number of line ends."""

    sha256: str
    bytes: int
    lines: int

    @classmethod
    def of(cls, path: Path) -> FileFacts:
        """The facts of a file, read in pieces."""
        digest, size, lines = hashlib.sha256(), 0, 0
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                lines += chunk.count(b"\n")
        return cls(digest.hexdigest(), size, lines)


@dataclass(frozen=True, slots=True)
class Previous:
    """The release before, and the SHA-256 of its manifest; both "" for the first one."""

    version: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a release holds.

    `claims` counts lines, one a claim and target; `stances` (by target) and `speakers` (by target and speaker) count
    a claim that its cue splits once, and `speakers` leaves the narrator and unknown speakers out. `decided` are
    claims with a person's word on them, `annotators` the number of them by who it was.
    """

    articles: int
    claims: int
    speaking: int
    decisions: int
    decided: int
    annotators: dict[str, int]
    stances: dict[str, dict[str, int]]
    speakers: dict[str, dict[str, dict[str, int]]]


@dataclass(frozen=True, slots=True)
class Manifest:
    """One release: what it is, what it is made of, what it holds."""

    schema_version: str
    version: str
    date: str
    message: str
    previous: Previous
    software: str
    codebook: Book
    models: dict[str, list[str]]
    counts: Counts
    files: dict[str, FileFacts] = field(default_factory=dict)

    def dump(self) -> str:
        """The manifest as the file holds it."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """The manifest in `path`; CorpusError where there is none, or it is no manifest."""
        try:
            return _adapter().validate_json(path.read_bytes())
        except FileNotFoundError:
            problem = Problem(str(path), "is missing", "restore it from a copy: a release never changes")
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            problem = Problem(str(path), f"is no manifest: {first['msg']}", "restore it from a copy", 0, place)
        raise CorpusError(f"{path.parent}: no release", [problem])


def _adapter() -> TypeAdapter[Manifest]:
    return TypeAdapter(Manifest)


class Tallies:
    """Counts records while they stream by."""

    def __init__(self) -> None:
        self._articles = self._speaking = self._claims = self._decided = 0
        self._annotators: Counter[str] = Counter()
        self._models: dict[str, set[str]] = {"attribution": set(), "stance": set()}
        self._stances: Counter[tuple[str, str]] = Counter()
        self._speakers: Counter[tuple[str, str, str]] = Counter()
        self.wordless = 0
        """Articles whose text is left out."""

    def articles(self, articles: Iterable[Article]) -> Iterator[Article]:
        """The same articles, each counted as it passes."""
        for article in articles:
            self._articles += 1
            self.wordless += bool(article.length and not article.text)
            yield article

    def speakers(self, speakers: Iterable[Speaker]) -> Iterator[Speaker]:
        """The same speakers, each counted as it passes."""
        for speaker in speakers:
            self._speaking += 1
            yield speaker

    def claims(self, claims: Iterable[Claim]) -> Iterator[Claim]:
        """The same claims, each counted as it passes."""
        for claim in claims:
            self._count(claim)
            yield claim

    def _count(self, claim: Claim) -> None:
        self._claims += 1
        self._decided += bool(claim.annotator)
        self._annotators.update(filter(None, claim.annotator.split("+")))
        self._models["attribution"].add(claim.prediction.attribution_model)
        self._models["stance"].add(claim.prediction.stance_model)
        if not claim.continues:
            self._stances[claim.target, claim.stance] += 1
            if claim.speaker not in (NARRATOR, UNKNOWN):
                self._speakers[claim.target, claim.speaker, claim.stance] += 1

    @property
    def models(self) -> dict[str, list[str]]:
        """The names of the models that predicted, by what they are for."""
        return {role: sorted(names - {""}) for role, names in self._models.items()}

    def counts(self, decisions: int) -> Counts:
        """What was counted."""
        stances: dict[str, dict[str, int]] = {}
        for target in sorted({target for target, _ in self._stances}):
            stances[target] = {stance: self._stances[target, stance] for stance in STANCES}
        speakers: dict[str, dict[str, dict[str, int]]] = {}
        for target, speaker in sorted({key[:2] for key in self._speakers}):
            row: dict[str, int] = {stance: self._speakers[target, speaker, stance] for stance in STANCES}
            speakers.setdefault(target, {})[speaker] = row
        annotators = dict(sorted(self._annotators.items()))
        return Counts(
            self._articles, self._claims, self._speaking, decisions, self._decided, annotators, stances, speakers
        )
