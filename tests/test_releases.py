"""A release is a numbered copy that never changes, that says what changed since the last one, and that loads."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import RO, TEXT, as_written, claim_on, claims_of, files_of, labelled, make_article, write_claims
from test_corpus import interrupt_after

from annotate import releases, wire
from annotate.adopting import adopt
from annotate.checking import check
from annotate.codebook import Codebook
from annotate.corpus import Corpus
from annotate.decisions import now as decided_now
from annotate.diffing import Count
from annotate.errors import CorpusBusy, CorpusError, PendingEdits, UsageError
from annotate.jobs import examine
from annotate.manifest import Manifest
from annotate.records import Article, Claim, Removal
from annotate.releases import check_releases, next_version, release
from annotate.storage import locked
from annotate.writing import writing

FROZEN = {"articles.jsonl", "claims.jsonl", "speakers.jsonl", "codebook.toml", "decisions.jsonl", "manifest.json"}


@pytest.fixture(autouse=True)
def one_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releases, "now", lambda: "2026-11-24T10:00:00.000000Z")


def correct(folder: Path, index: int = 2, **values: Any) -> Claim:
    """Ana corrects a claim, and adopts it."""
    claims = claims_of(folder)
    claims[index] = replace(claims[index], **(values or {"stance": "against"}))
    write_claims(folder, claims)
    adopt(folder, "ana")
    return claims[index]


def grow(folder: Path, codebook: Codebook, id: str = "second") -> None:
    """One more article is labelled."""
    article = make_article(f"Mr Ro fears the 🐘 {id}.", id)
    with writing(folder, codebook) as writer:
        writer.add(labelled(article, [claim_on(article, "🐘", speaker="ro-1")], [RO]))


def predict_anew(folder: Path, codebook: Codebook) -> None:
    """Another model says something else of every claim."""
    article = make_article(TEXT, "summit")
    claims = []
    for claim in claims_of(folder):
        said = replace(claim.prediction, stance="neutral", stance_model="s@2").sealed(claim.id)
        claims.append(replace(claim, stance="neutral", prediction=said))
    with writing(folder, codebook) as writer:
        writer.add(labelled(article, claims, [RO]))


def manifest_of(folder: Path, version: str) -> Manifest:
    return Manifest.read(folder / "releases" / version / "manifest.json")


def problems(folder: Path) -> list[str]:
    return [str(p)[len(f"{folder}/") :].replace("\\", "/") for p in check_releases(Corpus.open(folder))]


# ---- What a release holds ----


def test_the_first_release_is_1_0_0_and_a_frozen_copy(corpus: Path) -> None:
    assert release(corpus, "patch", "hello").version == "1.0.0"
    folder = corpus / "releases" / "1.0.0"
    assert {path.name for path in folder.iterdir()} == FROZEN
    for name in FROZEN - {"manifest.json"}:
        assert (folder / name).read_bytes() == (corpus / name).read_bytes(), name
    assert Corpus.open(corpus).version == "1.0.0"
    assert list(check(Corpus.open(folder))) == []
    assert examine(corpus) == ([], [])


def test_the_manifest_says_what_the_release_is_made_of(corpus: Path, codebook: Codebook) -> None:
    correct(corpus)
    released = release(corpus, message=" The first.\n")
    manifest = manifest_of(corpus, "1.0.0")
    assert manifest == released.manifest
    for name, facts in manifest.files.items():
        content = (corpus / "releases" / "1.0.0" / name).read_bytes()
        expected = (hashlib.sha256(content).hexdigest(), len(content), content.count(b"\n"))
        assert (facts.sha256, facts.bytes, facts.lines) == expected
    assert set(manifest.files) == FROZEN - {"manifest.json"}
    assert (manifest.schema_version, manifest.version, manifest.date) == ("v1", "1.0.0", "2026-11-24")
    assert (manifest.message, manifest.previous.version, manifest.previous.sha256) == ("The first.", "", "")
    assert (manifest.codebook.id, manifest.codebook.sha256) == ("summit", codebook.sha256)
    assert manifest.models == {"attribution": ["a@1"], "stance": ["s@1"]}
    assert manifest.software.startswith("annotate-stance ")
    counts = manifest.counts
    assert (counts.articles, counts.claims, counts.decisions, counts.decided) == (1, 4, 1, 1)
    assert counts.annotators == {"ana": 1}
    assert counts.stances["pact"] == {"favor": 2, "neutral": 0, "against": 1}
    assert counts.speakers["pact"] == {
        "ro-1": {"favor": 1, "neutral": 0, "against": 0},
        "seun-sam": {"favor": 1, "neutral": 0, "against": 1},
    }


def test_a_split_claim_counts_once_and_the_narrator_is_no_speaker(corpus: Path) -> None:
    claims = claims_of(corpus)
    article = make_article(TEXT, "summit")
    part = claim_on(article, "trade grows", continues=claims[2].id)
    claims[3] = replace(claims[3], speaker="narrator")
    claims[3] = replace(claims[3], prediction=replace(claims[3].prediction, speaker="narrator").sealed(claims[3].id))
    write_claims(corpus, [*claims, part])
    as_written(corpus)
    release(corpus)
    counts = manifest_of(corpus, "1.0.0").counts
    assert counts.claims == 5
    assert sum(counts.stances["pact"].values()) == 3
    assert set(counts.speakers["pact"]) == {"seun-sam"}


def test_what_an_editor_did_to_the_form_is_not_in_the_release(corpus: Path) -> None:
    path = corpus / "claims.jsonl"
    written = path.read_bytes()
    path.write_bytes(b"\xef\xbb\xbf" + written.replace(b"\n", b"\r\n") + b"\r\n")
    release(corpus)
    assert (corpus / "releases" / "1.0.0" / "claims.jsonl").read_bytes() == written


def test_a_corpus_without_a_log_gets_an_empty_one(corpus: Path) -> None:
    (corpus / "decisions.jsonl").unlink()
    (corpus / ".annotate" / "base" / "decisions.json").unlink()
    release(corpus)
    assert (corpus / "releases" / "1.0.0" / "decisions.jsonl").read_bytes() == b""
    assert problems(corpus) == []


def test_what_was_taken_down_is_frozen_too(corpus: Path) -> None:
    wire.write(corpus / "removals.jsonl", [Removal("v1", decided_now(), "gone", "0" * 64, 3, "the publisher asked")])
    release(corpus)
    folder = corpus / "releases" / "1.0.0"
    assert (folder / "removals.jsonl").read_bytes() == (corpus / "removals.jsonl").read_bytes()
    assert problems(corpus) == []


# ---- Numbers ----


def test_corrections_of_people_are_a_patch(corpus: Path) -> None:
    release(corpus)
    correct(corpus)
    released = release(corpus)
    assert released.version == "1.0.1"
    assert released.diff and released.diff.count("stance") == Count(0, {"ana": 1})


def test_a_confirmation_alone_is_a_patch(corpus: Path) -> None:
    release(corpus)
    correct(corpus, annotator="ana")
    assert release(corpus).version == "1.0.1"


def test_another_article_or_another_model_is_a_minor_release(corpus: Path, codebook: Codebook) -> None:
    release(corpus)
    grow(corpus, codebook)
    assert release(corpus).version == "1.1.0"
    predict_anew(corpus, codebook)
    assert release(corpus).version == "1.2.0"


def test_a_claim_less_is_a_major_release(corpus: Path) -> None:
    release(corpus)
    write_claims(corpus, claims_of(corpus)[1:])
    adopt(corpus, "ana")
    assert release(corpus).version == "2.0.0"


@pytest.mark.parametrize(
    ("old", "new", "version"),
    [
        ('id = "summit"', 'id = "summit"\nguidance = "Mind irony."', "1.0.1"),
        ('id = "summit"', 'id = "summit"\nversion = "1.0.0"', "2.0.0"),
        ('name = "the pact"', 'name = "the pact"\ndescription = "A treaty."', "2.0.0"),
    ],
)
def test_a_codebook_that_means_something_else_is_a_major_release(
    corpus: Path, old: str, new: str, version: str
) -> None:
    release(corpus)
    path = corpus / "codebook.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8", newline="\n")
    assert release(corpus).version == version


def test_a_smaller_bump_is_taken_with_a_remark_a_larger_one_without(corpus: Path, codebook: Codebook) -> None:
    release(corpus)
    grow(corpus, codebook)
    released = release(corpus, "patch")
    assert (released.version, released.remark) == (
        "1.0.1",
        "what changed asks for a minor release; it is released as a patch one, as you said",
    )
    correct(corpus)
    released = release(corpus, "major")
    assert (released.version, released.remark) == ("2.0.0", "")


@pytest.mark.parametrize(
    ("newest", "bump", "version"),
    [("1.9.3", "minor", "1.10.0"), ("1.10.0", "patch", "1.10.1"), ("9.9.9", "major", "10.0.0")],
)
def test_the_next_version(newest: str, bump: Any, version: str) -> None:
    assert next_version(newest, bump) == version


def test_another_bump_is_wrong_use(corpus: Path) -> None:
    with pytest.raises(UsageError, match="--bump huge: one of major, minor, patch"):
        release(corpus, "huge")


def test_ten_releases_are_in_the_order_of_numbers(corpus: Path) -> None:
    release(corpus)
    for n in range(10):
        correct(corpus, note=f"note {n}")
        release(corpus, "minor")
    opened = Corpus.open(corpus)
    assert opened.releases() == [f"1.{n}.0" for n in range(11)]
    assert opened.version == "1.10.0"
    assert manifest_of(corpus, "1.10.0").previous.version == "1.9.0"
    assert problems(corpus) == []
    changelog = (corpus / "CHANGELOG.md").read_text(encoding="utf-8")
    assert changelog.index("## 1.10.0") < changelog.index("## 1.9.0") < changelog.index("## 1.1.0")
    head = yaml.safe_load((corpus / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert [config["config_name"] for config in head["configs"]][-2:] == ["1.9.0", "1.10.0"]
    assert [config["config_name"] for config in head["configs"] if config.get("default")] == ["1.10.0"]


# ---- Refusals: nothing is written ----


def refused(folder: Path, error: type[Exception], match: str) -> None:
    before = files_of(folder)
    with pytest.raises(error, match=match):
        release(folder)
    assert files_of(folder) == before
    assert not (folder / ".annotate" / "staged").exists()


def test_pending_hand_edits_are_refused(corpus: Path, edit: Callable[[str, str], None]) -> None:
    edit('"stance":"favor","annotator":""', '"stance":"against","annotator":""')
    refused(corpus, PendingEdits, "people changed 1 things here by hand")


def test_a_corpus_with_problems_is_refused(corpus: Path) -> None:
    path = corpus / "articles.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("good", "nice"), encoding="utf-8", newline="\n")
    refused(corpus, CorpusError, r"articles\.jsonl:1: sha256: is not the text's")


def test_a_codebook_that_the_claims_were_not_judged_by_is_refused(corpus: Path) -> None:
    path = corpus / "codebook.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("the pact", "the deal"), encoding="utf-8", newline="\n")
    refused(corpus, CorpusError, r"codebook\.toml: its targets or speakers were changed.*annotate relabel")


def test_a_release_equal_to_the_newest_is_refused(corpus: Path) -> None:
    release(corpus)
    refused(corpus, CorpusError, r"nothing has changed since 1\.0\.0; nothing was released")


def test_another_order_of_lines_is_no_release(corpus: Path) -> None:
    release(corpus)
    write_claims(corpus, reversed(claims_of(corpus)))
    refused(corpus, CorpusError, "nothing has changed")


def test_a_corpus_whose_releases_were_tampered_with_is_refused(corpus: Path) -> None:
    release(corpus)
    correct(corpus)
    (corpus / "releases" / "1.0.0" / "speakers.jsonl").write_bytes(b"")
    refused(corpus, CorpusError, r"1\.0\.0.speakers\.jsonl: changed since 1\.0\.0 was released")


@pytest.mark.parametrize(("name", "content"), [("CHANGELOG.md", b"M\xfcller"), ("croissant.json", b"[]")])
def test_a_file_of_the_users_that_cannot_be_read_is_refused(corpus: Path, name: str, content: bytes) -> None:
    (corpus / name).write_bytes(content)
    refused(corpus, CorpusError, name.replace(".", r"\."))


def test_a_busy_corpus_is_refused(corpus: Path) -> None:
    with locked(corpus), pytest.raises(CorpusBusy):
        release(corpus)
    assert not (corpus / "releases").exists()


def test_no_corpus_is_no_release(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no corpus"):
        release(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        "claims.jsonl", "articles.jsonl", "speakers.jsonl", "codebook.toml", "decisions.jsonl", "README.md",
        "CHANGELOG.md", "croissant.json", "DATASHEET.md", "releases/1.0.0/claims.jsonl",
    ],
)  # fmt: skip
def test_a_file_that_somebody_saves_meanwhile_stops_the_release(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whoever writes there last is not overwritten, and nothing of the release is written."""
    real = releases._describe

    def save_meanwhile(*arguments: Any, **options: Any) -> None:
        real(*arguments, **options)
        path = corpus / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((path.read_bytes() if path.exists() else b"") + b" \n")

    before = files_of(corpus)
    monkeypatch.setattr(releases, "_describe", save_meanwhile)
    with pytest.raises(CorpusError, match="changed while this command ran; nothing was written"):
        release(corpus)
    after = files_of(corpus)
    assert after.pop(name) == before.pop(name, b"") + b" \n"
    assert after == before


# ---- Crashes ----


def test_a_release_that_died_is_there_whole_or_not_at_all(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(corpus)
    correct(corpus)
    old, whole = files_of(corpus), shutil.copytree(corpus, tmp_path / "whole")
    release(whole)
    new, outcomes = files_of(whole), []
    for count in range(30):
        folder = shutil.copytree(corpus, tmp_path / f"died-{count}")
        with monkeypatch.context() as patch:
            interrupt_after(count, patch)
            try:
                release(folder)
            except KeyboardInterrupt:
                outcomes.append("died")
            else:
                outcomes.append("done")
        opened = Corpus.open(folder)
        assert ("done now" in opened.recovered) == (count > 0 and outcomes[-1] == "died")
        with locked(folder):
            releases_there = opened.releases()
        assert files_of(folder) == (old if count == 0 else new)
        assert releases_there == (["1.0.0"] if count == 0 else ["1.0.0", "1.0.1"])
        assert problems(folder) == []
    assert outcomes.count("died") > 8 and outcomes[-1] == "done"


def test_a_dry_run_writes_nothing(corpus: Path) -> None:
    before = files_of(corpus)
    assert release(corpus, dry_run=True).version == "1.0.0"
    assert files_of(corpus) == before
    assert release(corpus).version == "1.0.0"


# ---- Immutability ----


@pytest.fixture
def three(corpus: Path) -> Path:
    """A corpus of three releases."""
    release(corpus)
    correct(corpus)
    release(corpus)
    correct(corpus, 0, stance="neutral")
    release(corpus)
    assert problems(corpus) == []
    return corpus


@pytest.mark.parametrize("name", sorted(FROZEN - {"manifest.json"}))
def test_a_changed_or_missing_file_is_named(three: Path, name: str) -> None:
    path = three / "releases" / "1.0.1" / name
    path.write_bytes(path.read_bytes() + b"\n")
    remedy = "a release never changes: restore it from a copy"
    assert problems(three) == [f"releases/1.0.1/{name}: changed since 1.0.1 was released ({remedy})"]
    path.unlink()
    path.mkdir()
    assert problems(three) == [f"releases/1.0.1/{name}: is missing ({remedy})"]
    path.rmdir()
    assert any("is missing" in str(problem) for problem in examine(three)[0])


def test_a_foreign_file_is_named_and_a_hidden_one_passed_over(three: Path) -> None:
    folder = three / "releases" / "1.0.0"
    (folder / "notes").mkdir()
    (folder / "notes" / "mine.txt").write_bytes(b"")
    (folder / ".DS_Store").write_bytes(b"")
    assert problems(three) == [
        "releases/1.0.0/notes/mine.txt: is no file of release 1.0.0 (move it out of the release)"
    ]


def test_a_manifest_made_to_fit_a_changed_file_is_found_out_by_the_next_one(three: Path) -> None:
    folder = three / "releases" / "1.0.0"
    path = folder / "manifest.json"
    (folder / "speakers.jsonl").write_bytes(b"")
    value = json.loads(path.read_text(encoding="utf-8"))
    value["files"]["speakers.jsonl"]["sha256"] = hashlib.sha256(b"").hexdigest()
    path.write_text(json.dumps(value), encoding="utf-8")
    assert [line.partition(" (")[0] for line in problems(three)] == [
        "releases/1.0.0/manifest.json: changed since 1.0.1 was released"
    ]


@pytest.mark.parametrize("content", [b"", b"{}", b"null", b'{"torn', b"\xff", b'{"files": {"../../x": 1}}'])
def test_a_manifest_that_is_none_is_one_problem(three: Path, content: bytes) -> None:
    path = three / "releases" / "1.0.2" / "manifest.json"
    path.write_bytes(content)
    (problem,) = problems(three)
    assert problem.startswith("releases/1.0.2/manifest.json: ")
    assert "is no manifest" in problem
    path.unlink()
    (problem,) = problems(three)
    assert "manifest.json: is missing" in problem


def test_a_release_that_is_gone_is_missed(three: Path) -> None:
    shutil.rmtree(three / "releases" / "1.0.1")
    (problem,) = problems(three)
    assert "previous.version: follows 1.0.1, but 1.0.0 stands before it" in problem


def test_a_release_under_another_number_is_told(three: Path) -> None:
    (three / "releases" / "1.0.2").rename(three / "releases" / "1.0.3")
    (problem,) = problems(three)
    assert "releases/1.0.3/manifest.json: version: says 1.0.2" in problem


def test_a_log_that_lost_a_released_decision_is_told(three: Path) -> None:
    path = three / "decisions.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[1:]))
    assert "decisions.jsonl: does not begin with the decisions of release 1.0.2" in problems(three)[0]
    path.unlink()
    assert "decisions.jsonl: does not begin with the decisions of release 1.0.2" in problems(three)[0]


def test_a_log_that_went_on_is_well(three: Path) -> None:
    correct(three, 3)
    assert problems(three) == []


def test_an_older_release_stays_as_it_was_to_the_byte(corpus: Path, codebook: Codebook) -> None:
    release(corpus)
    before = files_of(corpus / "releases" / "1.0.0")
    correct(corpus)
    grow(corpus, codebook)
    release(corpus)
    assert files_of(corpus / "releases" / "1.0.0") == before


# ---- Changelog and card ----


def test_the_changelog_keeps_what_people_wrote(corpus: Path, codebook: Codebook) -> None:
    path = corpus / "CHANGELOG.md"
    path.write_bytes("# Ours 🐘\r\n\r\nAbout this corpus.\r\n\r\n## Plans\r\nMuch.\r\n".encode())
    release(corpus, message="First.\n# Not a heading")
    text = path.read_bytes().decode()
    assert text.startswith("# Ours 🐘\r\n\r\nAbout this corpus.\r\n\r\n## Plans\r\nMuch.\r\n")
    assert "## 1.0.0 – 2026-11-24\n\nFirst.\n\\# Not a heading\n\n- the first release\n" in text
    path.write_bytes((text + "\nMore of my own.\n").encode())
    correct(corpus)
    release(corpus, message="Second.")
    again = path.read_bytes().decode()
    assert again.index("## Plans") < again.index("## 1.0.1") < again.index("## 1.0.0") < again.index("More of my own.")
    assert "- 1 claim with another stance: 1 by ana\n" in again
    start = again.index("## 1.0.1")
    assert again[:start] + again[again.index("## 1.0.0") :] == text + "\nMore of my own.\n", "only the entry is new"


def test_the_prose_of_the_card_and_the_datasheet_are_kept(corpus: Path) -> None:
    release(corpus)
    for name in ("README.md", "DATASHEET.md"):
        path = corpus / name
        path.write_bytes(path.read_bytes() + "\nMy own words. 🐘\n".encode())
    kept = (corpus / "DATASHEET.md").read_bytes()
    correct(corpus)
    release(corpus)
    assert (corpus / "README.md").read_text(encoding="utf-8").endswith("\nMy own words. 🐘\n")
    assert (corpus / "DATASHEET.md").read_bytes() == kept


# ---- Loading ----


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None) -> Callable[..., list[dict[str, Any]]]:
    """Load a config of a corpus with the `datasets` library, offline: its rows."""
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)

    def rows(folder: Path, *config: str) -> list[dict[str, Any]]:
        loaded = datasets.load_dataset(str(folder), *config)
        assert list(loaded) == ["train"], "one split, whatever else lies in the folder"
        return list(loaded["train"])

    return rows


def test_every_release_loads_by_its_number_and_the_newest_by_default(
    corpus: Path, codebook: Codebook, load: Callable[..., list[dict[str, Any]]]
) -> None:
    assert len(load(corpus)) == 4
    release(corpus)
    grow(corpus, codebook)
    release(corpus)
    grow(corpus, codebook, "third")
    sizes = [len(load(corpus, *config)) for config in ((), ("1.1.0",), ("1.0.0",), ("working",))]
    assert sizes == [5, 5, 4, 6]
    assert {row["article"] for row in load(corpus, "1.0.0")} == {"summit"}
    assert load(corpus, "1.0.0")[0]["stance"] == 0, "a class label"


def test_a_release_folder_alone_loads_too(corpus: Path, load: Callable[..., list[dict[str, Any]]]) -> None:
    release(corpus)
    rows = load(corpus, "1.0.0")
    alone = {"data_files": str(corpus / "releases" / "1.0.0" / "claims.jsonl")}
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset("json", split="train", **alone)
    assert loaded["id"][:] == [row["id"] for row in rows]


# ---- The command ----


def test_the_command_releases_and_says_what_changed(
    corpus: Path, codebook: Codebook, run: Callable[..., tuple[int, str, str]]
) -> None:
    code, out, err = run("release", corpus, "-m", "first")
    assert (code, out, err) == (0, f"{corpus}: 1.0.0: 4 claims of 1 article, 0 decided by people\n", "")
    assert run("release", corpus)[0] == 1
    grow(corpus, codebook)
    code, out, _ = run("release", corpus, "--dry-run")
    assert out.startswith(f"{corpus}: would be 1.1.0: 5 claims") and "  1 claim added" in out
    code, out, err = run("release", corpus, "--bump", "patch", "--json")
    assert (code, json.loads(out)["version"]) == (0, "1.0.1")
    assert "asks for a minor release" in err
    assert run("release", corpus, "--bump", "x")[0] == 2
    assert run("check", corpus)[:2] == (0, f"{corpus}: 0 problems, 0 hand edits\n")


def test_a_release_is_a_corpus_of_its_own(corpus: Path) -> None:
    release(corpus)
    opened = Corpus.open(corpus / "releases" / "1.0.0")
    assert list(opened.claims()) == claims_of(corpus)
    assert [a for _, a in wire.read(opened.folder / "articles.jsonl", Article)] == [make_article(TEXT, "summit")]


def test_a_release_is_looked_at_and_never_changed(corpus: Path) -> None:
    correct(corpus)
    release(corpus)
    frozen = corpus / "releases" / "1.0.0"
    before = files_of(corpus)
    assert examine(frozen) == ([], [])
    with pytest.raises(CorpusError, match="a release never changes"):
        adopt(frozen, "ana")
    assert files_of(corpus) == before
    assert not (frozen / ".annotate").exists()
    assert list(check_releases(Corpus.open(corpus))) == []
