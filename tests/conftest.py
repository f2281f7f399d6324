"""A small codebook, an article, claims on it, and a corpus folder of them, built by hand: no model is needed."""

import json
import shutil
import socket
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from annotate import wire
from annotate.cli import main
from annotate.codebook import Codebook
from annotate.corpus import Labelled
from annotate.records import (
    NO_SPAN,
    SCHEMA_VERSION,
    Article,
    Claim,
    Prediction,
    Scores,
    Speaker,
    claim_id,
    text_digest,
)
from annotate.storage import file_sha256
from annotate.writing import writing

settings.register_profile("unhurried", deadline=None)  # machines may be busy
settings.load_profile("unhurried")

TOML = """[codebook]
id = "summit"

[[targets]]
id = "pact"
name = "the pact"

[[targets]]
id = "trade"
name = "more trade"

[[speakers]]
id = "seun-sam"
name = "Seun Sam"
aliases = ["Sam"]
role = "analyst"
"""
TEXT = (
    "Seun Sam said the pact was good. “We welcome it,” Sam said, adding that trade grows.\n"
    "Mr Ro fears the 🐘 in the room\u00a0most.\n"
)
WELCOME, FEAR = "We welcome it", "the 🐘 in the room\u00a0most."


def make_article(text: str, id: str = "") -> Article:
    return Article.of(text, id)


def make_claim(
    article: Article, start: int, end: int, target: str = "pact", speaker: str = "seun-sam", **changes: Any
) -> Claim:
    """A claim as the software writes it, sealed; `changes` are made afterwards, as by hand."""
    id, text = claim_id(article.sha256, start, end, target), article.text[start:end]
    said = Prediction(start, end, speaker, 0.97, "named", "favor", Scores(0.91, 0.07, 0.02), "a@1", "s@1", "")
    claim = Claim(
        SCHEMA_VERSION, id, article.id, start, end, text, text_digest(text), "indirect", NO_SPAN, NO_SPAN, "",
        speaker, target, "favor", "", "", said.sealed(id),
    )  # fmt: skip
    return replace(claim, **changes)


def claim_on(article: Article, text: str, **changes: Any) -> Claim:
    """The claim whose words are `text`."""
    start = article.text.index(text)
    return make_claim(article, start, start + len(text), **changes)


def labelled(article: Article, claims: Iterable[Claim], speakers: Iterable[Speaker] = ()) -> Labelled:
    return Labelled(article, list(claims), list(speakers))


RO = Speaker(SCHEMA_VERSION, "ro-1", "Mr Ro", ("Mr Ro",), "", False)


def the_summit() -> Labelled:
    """An article of three claims; the first is judged for both targets."""
    article = make_article(TEXT, "summit")
    claims = [
        claim_on(article, "the pact was good."),
        claim_on(article, "the pact was good.", target="trade"),
        claim_on(article, WELCOME),
        claim_on(article, FEAR, speaker="ro-1"),
    ]
    return labelled(article, claims, [RO])


@pytest.fixture
def codebook(tmp_path: Path) -> Codebook:
    path = tmp_path / "codebook.toml"
    path.write_text(TOML, encoding="utf-8", newline="\n")
    return Codebook.read(path)


@pytest.fixture
def corpus(tmp_path: Path, codebook: Codebook) -> Path:
    """The folder of a corpus that holds the summit."""
    folder = tmp_path / "corpus"
    with writing(folder, codebook) as writer:
        writer.add(the_summit())
    return folder


@pytest.fixture
def edit(corpus: Path) -> Callable[[str, str], None]:
    """Replace text in the corpus's claims.jsonl, once, as a person does in an editor."""

    def replace_once(old: str, new: str) -> None:
        path = corpus / "claims.jsonl"
        content = path.read_text(encoding="utf-8")
        assert old in content
        path.write_text(content.replace(old, new, 1), encoding="utf-8", newline="\n")

    return replace_once


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command in this process: exit code, output, errors."""

    def annotate(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["annotate", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return annotate


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", connect)


def claims_of(folder: Path) -> list[Claim]:
    return [claim for _, claim in wire.read(folder / "claims.jsonl", Claim) if isinstance(claim, Claim)]


def write_claims(folder: Path, claims: Iterable[Claim]) -> None:
    wire.write(folder / "claims.jsonl", claims)


def as_written(folder: Path) -> None:
    """Let the claims as they stand pass for what the software wrote last."""
    base = folder / ".annotate" / "base"
    shutil.copy(folder / "claims.jsonl", base / "claims.jsonl")
    mark = json.loads((base / "decisions.json").read_text(encoding="utf-8"))
    mark["claims"] = file_sha256(base / "claims.jsonl")
    (base / "decisions.json").write_text(json.dumps(mark), encoding="utf-8")


def files_of(folder: Path) -> dict[str, bytes]:
    """The content of every file that is not machine state, by relative path, and of the base snapshot."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and (".annotate" not in path.parts or "base" in path.parts)
    }
