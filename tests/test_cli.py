"""The commands as a user types them, with the embedded models and no network."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from annotate import wire
from annotate.records import Article, Claim

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "corpus" / "us-cambodia"
BLOCK = """
import socket
def no(*a, **k): raise OSError("no network here")
socket.socket.connect = no
socket.getaddrinfo = no
"""


def annotate(*arguments: str | Path, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own in which no socket connects."""
    code = f"{BLOCK}import sys; sys.argv[0] = 'annotate'\nfrom annotate.__main__ import main\nmain()"
    command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, cwd=cwd, check=False)
    return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study") / "corpus"
    done = annotate("label", SAMPLE / "article.txt", "--codebook", SAMPLE / "codebook.toml", "--corpus", folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder


def claims(folder: Path) -> list[Claim]:
    return [claim for _, claim in wire.read(folder / "claims.jsonl", Claim) if isinstance(claim, Claim)]


def test_label_writes_a_corpus_whose_spans_prove_themselves(corpus: Path) -> None:
    (article,) = (a for _, a in wire.read(corpus / "articles.jsonl", Article) if isinstance(a, Article))
    assert article.text == (SAMPLE / "article.txt").read_text(encoding="utf-8")
    found = claims(corpus)
    assert len(found) > 20
    for claim in found:
        assert article.text[claim.start : claim.end] == claim.text
        for span in (claim.source, claim.cue):
            assert article.text[span.start : span.end] == span.text
    assert {"ro-vannak", "seun-sam", "hun-sen", "lloyd-austin"} <= {claim.speaker for claim in found}


def test_the_published_corpus_is_what_the_software_writes_today(corpus: Path) -> None:
    for name in ("articles.jsonl", "claims.jsonl", "speakers.jsonl"):
        assert (SAMPLE / name).read_text(encoding="utf-8") == (corpus / name).read_text(encoding="utf-8"), name


def test_the_same_article_gives_the_same_bytes(corpus: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    annotate("label", SAMPLE / "article.txt", "--codebook", SAMPLE / "codebook.toml", "--corpus", again)
    assert (again / "claims.jsonl").read_bytes() == (corpus / "claims.jsonl").read_bytes()


def test_check_finds_nothing_in_a_new_corpus(corpus: Path) -> None:
    done = annotate("check", corpus)
    assert (done.returncode, done.stdout) == (0, f"{corpus}: 0 problems, 0 hand edits\n"), done.stderr


def test_show_lists_claims_and_the_table_per_speaker(corpus: Path) -> None:
    done = annotate("show", corpus, "--speaker", "seun-sam")
    assert done.returncode == 0
    assert "over the moon" in done.stdout
    assert "claims per speaker" in done.stdout
    lines = annotate("show", corpus, "--speaker", "hun-sen", "--json").stdout.splitlines()
    assert lines
    assert {json.loads(line)["speaker"] for line in lines} == {"hun-sen"}


@pytest.mark.parametrize("option", [("--speaker", "nobody"), ("--stance", "pro"), ("--target", "x")])
def test_show_refuses_what_is_not_there(corpus: Path, option: tuple[str, str]) -> None:
    done = annotate("show", corpus, *option)
    assert done.returncode == 2
    assert option[1] in done.stderr
    assert "Traceback" not in done.stderr


def test_a_hand_edit_is_shown_by_check_and_labelling_again_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    label = ("label", SAMPLE / "article.txt", "--codebook", SAMPLE / "codebook.toml", "--corpus", folder)
    assert annotate(*label).returncode == 0
    path = folder / "claims.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    claim = json.loads(lines[3])
    claim["stance"] = "against" if claim["stance"] == "favor" else "favor"
    path.write_text("".join([*lines[:3], json.dumps(claim, ensure_ascii=False) + "\n", *lines[4:]]), encoding="utf-8")
    edited = path.read_bytes()
    checked = annotate("check", folder)
    assert checked.returncode == 0
    assert "edit:" in checked.stdout and ":4: stance: changed by hand" in checked.stdout
    again = annotate(*label)
    assert again.returncode == 1
    assert "changed by hand" in again.stderr
    assert path.read_bytes() == edited


def test_init_writes_a_codebook_that_label_takes(tmp_path: Path) -> None:
    codebook = tmp_path / "study" / "codebook.toml"
    assert annotate("init", codebook).returncode == 0
    assert annotate("init", codebook).returncode == 2, "an existing codebook is left alone"
    text = b"Mayor Ann Lee said the plan was a mistake.\n"
    done = annotate("label", "-", "--codebook", codebook, "--corpus", tmp_path / "corpus", stdin=text)
    assert done.returncode == 0, done.stderr


def test_one_bad_article_costs_no_other_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "good.txt").write_text("Ann Lee said the ferry was late.\n", encoding="utf-8")
    (folder / "empty.txt").write_text(" \n", encoding="utf-8")
    (folder / "latin.txt").write_bytes("Zo\xeb said no.".encode("latin-1"))
    done = annotate("label", folder, "--codebook", SAMPLE / "codebook.toml", "--corpus", tmp_path / "corpus")
    assert done.returncode == 1
    assert "1 articles" in done.stdout and "2 articles rejected" in done.stdout
    assert "empty.txt" in done.stderr and "latin.txt" in done.stderr


def test_no_article_at_all_leaves_no_corpus(tmp_path: Path) -> None:
    done = annotate("label", tmp_path / "none.txt", "--codebook", SAMPLE / "codebook.toml", "--corpus", tmp_path / "c")
    assert done.returncode == 1
    assert "none.txt" in done.stderr
    assert not (tmp_path / "c" / "claims.jsonl").exists()


@pytest.mark.parametrize("command", ["check", "show"])
def test_a_folder_without_a_corpus_is_one_clear_error(command: str, tmp_path: Path) -> None:
    done = annotate(command, tmp_path)
    assert done.returncode == 1
    assert "no corpus" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_codebook_in_another_language_is_refused_with_what_to_do(tmp_path: Path) -> None:
    codebook = tmp_path / "codebook.toml"
    codebook.write_text('[codebook]\nlanguage = "km"\n[[targets]]\nname = "the pact"\n', encoding="utf-8")
    done = annotate("label", SAMPLE / "article.txt", "--codebook", codebook, "--corpus", tmp_path / "c")
    assert done.returncode == 2
    assert "'km'" in done.stderr


def test_labelling_imports_neither_torch_nor_transformers(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom annotate.cli import app\n"
        f"app(['label', {str(SAMPLE / 'article.txt')!r}, '--codebook', {str(SAMPLE / 'codebook.toml')!r}, "
        f"'--corpus', {str(tmp_path / 'c')!r}], standalone_mode=False)\n"
        "assert not {'torch', 'transformers', 'datasets'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_a_file_that_cannot_be_read_is_named(corpus: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    (corpus / "decisions.jsonl").unlink()
    (corpus / "decisions.jsonl").mkdir()
    code, _, errors = run("check", corpus)
    assert code == 1
    assert errors.startswith("annotate: ") and "decisions.jsonl" in errors and "Traceback" not in errors
