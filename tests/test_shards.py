"""Articles and claims in shards: every command does with them what it does with one file each."""

import contextlib
import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import TOML, files_of, labelled, make_article, make_claim
from hypothesis import given
from hypothesis import strategies as st
from scripted import TEXT, Models, label_all, relabel
from scripted import TOML as BOOK
from test_storage import Killed, fail_from

from annotate import shards, wire
from annotate.adopting import adopt, withdraw
from annotate.checking import check
from annotate.codebook import Codebook
from annotate.corpus import BASE, Corpus
from annotate.errors import PendingEdits, TooManyDeletions, UsageError
from annotate.hydrating import hydrate
from annotate.jobs import examine
from annotate.records import NO_PREDICTION, Article, Claim
from annotate.releases import check_releases, release
from annotate.removing import remove
from annotate.standoff import strip
from annotate.uniting import unite
from annotate.writing import writing

Run = Callable[..., tuple[int, str, str]]

COUNT = 3
HOSTILE = "Note 🐘\u00a0\u2028\u202e of “𝔄nnotate”"
TEXTS = {f"a{n}": f"{TEXT}{HOSTILE} {n}.\n" for n in range(8)}
"""Eight articles of four claims: shards of 3, 3 and 2."""


def reshard(folder: Path, count: int | None) -> None:
    with writing(folder, Codebook.read(folder / "codebook.toml"), count):
        pass


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Models:
    models = Models(stances={"good": "favor", "better": "against"})
    models.use(monkeypatch)
    return models


@pytest.fixture
def one(tmp_path: Path, models: Models) -> Path:
    """The corpus in one file each."""
    folder, book = tmp_path / "one" / "study", tmp_path / "codebook.toml"
    book.write_text(BOOK, encoding="utf-8", newline="\n")
    label_all(folder, book, TEXTS)
    return folder


@pytest.fixture
def many(one: Path, tmp_path: Path) -> Path:
    """The same corpus in three shards each."""
    folder = tmp_path / "many" / "study"
    shutil.copytree(one, folder)
    reshard(folder, COUNT)
    return folder


@pytest.fixture
def both(one: Path, many: Path) -> tuple[Path, Path]:
    return one, many


def part(folder: Path, number: int, name: str = "claims.jsonl", count: int = COUNT) -> Path:
    return folder / shards.shard_name(name, number, count)


def lines_of(folder: Path, name: str = "claims.jsonl") -> list[str]:
    """The lines of all files of this name, in order, times left out."""
    found = [line for file in shards.files(folder / name) for line in file.read_text(encoding="utf-8").split("\n")]
    return [re.sub(r'"time":"[^"]*"', '"time":""', line) for line in found if line]


KINDS = [f"{kind}.jsonl" for kind in ("articles", "claims", "speakers", "decisions", "removals", "anchors", "unplaced")]


def held(folder: Path) -> dict[str, Any]:
    """What a corpus holds, whatever files it is in."""
    opened = Corpus.open(folder)
    files: dict[str, Any] = {name: lines_of(folder, name) for name in KINDS}
    files |= {name: (folder / name).read_bytes() for name in ("codebook.toml",)}
    files |= {f"base {name}": lines_of(folder / BASE, name) for name in ("claims.jsonl", "speakers.jsonl")}
    for name in ("CHANGELOG.md", "DATASHEET.md", "README.md"):
        text = (folder / name).read_text(encoding="utf-8") if (folder / name).exists() else ""
        files[name] = re.sub(r"(claims|articles)-\*-of-\d{5}", r"\1", text)
    if not opened.frozen:
        files |= {version: held(folder / "releases" / version) for version in opened.releases()}
    return files


def in_step(folder: Path) -> None:
    """Claims stand in the shard of their article, snapshots beside them, and nothing of another form is left."""
    opened = Corpus.open(folder)
    where = {}
    for number, file in enumerate(shards.parts(folder / "articles.jsonl")):
        where |= {a.id: number for _, a in wire.read(file, Article) if isinstance(a, Article)}
    for number, file in enumerate(shards.parts(folder / "claims.jsonl")):
        assert {c.article for _, c in wire.read(file, Claim) if isinstance(c, Claim)} <= {
            id for id, there in where.items() if there == number
        }
        if not opened.frozen:
            assert (folder / BASE / file.name).read_bytes() == file.read_bytes()
    assert list(check(opened)) == []
    assert list(check_releases(opened)) == []


def same(one: Path, many: Path, count: int = COUNT) -> None:
    """Both hold the same, each in its form."""
    assert (Corpus.open(one).shards, Corpus.open(many).shards) == (1, count)
    assert held(one) == held(many)
    in_step(one)
    in_step(many)


def edit(folder: Path, words: str, old: str, new: str, times: int = 1) -> None:
    """Replace text on the lines that hold some words, as a person does in an editor, wherever those lines stand."""
    for file in shards.files(folder / "claims.jsonl"):
        lines = file.read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(lines):
            if words in line and old in line and times:
                lines[number], times = line.replace(old, new, 1), times - 1
        file.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    assert times == 0


def plain(said: object, folder: Path) -> list[str]:
    """Lines of what a command said, sorted; folders, shards and line numbers left out, since these differ."""
    text = str(said).replace(str(folder.parent), "")
    text = re.sub(r"-(\d{5}|\*)-of-\d{5}", "", text)
    text = re.sub(r'"line": \d+|\.jsonl:\d+|SHA-256.*|[0-9a-f]{64}|\d{4}-\d\d-\d\dT[\d:.]+Z', "", text)
    return sorted(text.splitlines())


# ---- Cutting ----


def test_articles_are_cut_into_contiguous_shards_of_about_the_same_number(many: Path) -> None:
    ids = [[a.id for _, a in wire.read(part(many, n, "articles.jsonl"), Article)] for n in range(COUNT)]  # type: ignore[union-attr]
    assert ids == [["a0", "a1", "a2"], ["a3", "a4", "a5"], ["a6", "a7"]]
    names = {file.name for file in many.iterdir() if file.name.startswith(("claims", "articles"))}
    assert names == {shards.shard_name(name, n, COUNT) for name in ("claims.jsonl", "articles.jsonl") for n in range(3)}


@pytest.mark.parametrize("count", [1, 2, 8, 20])
def test_any_number_of_shards_holds_the_same_and_can_be_changed_again(both: tuple[Path, Path], count: int) -> None:
    one, many = both
    reshard(many, count)
    same(one, many, count)
    reshard(many, None)
    assert Corpus.open(many).shards == count
    assert Corpus.open(many).codebook == Corpus.open(one).codebook
    reshard(many, 1)
    assert files_of(many) == files_of(one)


@pytest.mark.parametrize("count", [0, -1, 100_000])
def test_a_number_of_shards_that_cannot_be(tmp_path: Path, codebook: Codebook, count: int) -> None:
    with (
        pytest.raises(UsageError, match=r"--shards .*: a number from 1 to 99999"),
        writing(tmp_path / "x", codebook, count),
    ):
        pass
    assert not (tmp_path / "x").exists()


@given(sizes=st.lists(st.integers(0, 3), max_size=12), count=st.integers(2, 9), data=st.data())
def test_what_is_cut_reads_as_it_was(
    sizes: list[int], count: int, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever the numbers of articles, claims and shards; and every line is found again by its place."""
    folder = tmp_path_factory.mktemp("cut")
    articles = [make_article(data.draw(st.text(min_size=6)) + f" {n}", f"a{n}") for n in range(len(sizes))]
    claims = [
        make_claim(a, i, i + 1, note=a.text) for a, size in zip(articles, sizes, strict=True) for i in range(size)
    ]
    wire.write(folder / "articles.jsonl", articles)
    wire.write(folder / "claims.jsonl", claims)
    whole = {name: (folder / name).read_bytes() for name in ("articles.jsonl", "claims.jsonl")}
    hashes = {name: shards.sha256(folder / name) for name in whole}
    places = [line.place for line in shards.Lines(folder / "claims.jsonl")]
    where = shards.cut_articles(folder / "articles.jsonl", count)
    assert where == {f"a{n}": n * count // len(sizes) for n in range(len(sizes))}
    shards.cut_claims(folder / "claims.jsonl", count, where.get)
    for name, content in whole.items():
        assert b"".join(file.read_bytes() for file in shards.parts(folder / name)) == content
        assert len(shards.parts(folder / name)) == count
        assert shards.sha256(folder / name) == hashes[name]
    lines = shards.Lines(folder / "claims.jsonl")
    assert [line.place for line in lines] == places
    assert [claim for _, claim in shards.read(folder / "claims.jsonl", Claim)] == claims
    with lines.reader() as line_at:
        for line in sorted(lines, key=lambda line: line.raw):
            assert line_at(line.place) == line.raw
            assert lines.files[lines.part(line.place)] == line.file


def test_a_claim_that_comes_back_stands_in_the_shard_of_its_article(both: tuple[Path, Path]) -> None:
    for folder in both:
        gone = claims_in(folder)[0]
        write(folder, [claim for claim in claims_in(folder) if claim.id != gone.id])
        adopt(folder, "ana")
        withdraw(folder, "ana", [gone.id])
        in_step(folder)
    ours, theirs = map(held, both)
    assert sorted(ours.pop("claims.jsonl")) == sorted(theirs.pop("claims.jsonl"))
    ours.pop("base claims.jsonl"), theirs.pop("base claims.jsonl")
    assert ours == theirs


def test_the_same_corpus_has_the_same_shards_however_it_was_made(many: Path, tmp_path: Path) -> None:
    folder, book = tmp_path / "again" / "study", Codebook.read(many / "codebook.toml")
    whole = {a.id: [c for c in claims_in(many) if c.article == a.id] for a in Corpus.open(many).articles()}
    by_id = {article.id: article for article in Corpus.open(many).articles()}
    with writing(folder, book, COUNT) as writer:
        for id, claims in list(whole.items())[:5]:
            writer.add(labelled(by_id[id], claims))
    with writing(folder, book) as writer:
        for id, claims in list(whole.items())[5:]:
            writer.add(labelled(by_id[id], claims))
    for file in shards.files(many / "claims.jsonl") + shards.files(many / "articles.jsonl"):
        assert (folder / file.name).read_bytes() == file.read_bytes()


def claims_in(folder: Path) -> list[Claim]:
    return list(Corpus.open(folder).claims())


def write(folder: Path, claims: list[Claim]) -> None:
    """Put these claims where the corpus had each, as a person does who edits the files."""
    for file in shards.files(folder / "claims.jsonl"):
        there = {claim.id for _, claim in wire.read(file, Claim) if isinstance(claim, Claim)}
        wire.write(file, [claim for claim in claims if claim.id in there])


# ---- Commands ----


def corrected(folder: Path) -> None:
    """Ten things that people do in an editor, in several shards."""
    edit(folder, "the line is good", '"stance":"favor","annotator"', '"stance":"against","annotator"', 5)
    edit(folder, "nobody asked", '"speaker":"ann-lee"', '"speaker":"bo-hall"', 2)
    edit(folder, "the bridge is better", '"note":""', '"note":"🐘 \\u202e why"', 2)
    lines = claims_in(folder)
    last = lines[-1]
    own = replace(
        last, id="", start=0, end=7, text="Ann Lee", annotator="", prediction=NO_PREDICTION, digest="", note="own"
    )
    with shards.files(folder / "claims.jsonl")[-1].open("a", encoding="utf-8", newline="\n") as file:
        file.write(wire.dump(own) + "\n")
    gone = next(claim for claim in lines if claim.article == "a4" and "better" in claim.text)
    write_without(folder, gone.id)


def write_without(folder: Path, *ids: str) -> None:
    for file in shards.files(folder / "claims.jsonl"):
        lines = file.read_bytes().splitlines(keepends=True)
        file.write_bytes(b"".join(line for line in lines if not any(id.encode() in line for id in ids)))


def test_adopt(both: tuple[Path, Path]) -> None:
    done = []
    for folder in both:
        corrected(folder)
        done.append(str(adopt(folder, "ana")))
    assert done[0] == done[1] and "1 claim" in done[0]
    same(*both)


def test_check_names_the_shard_and_the_line_within_it(many: Path) -> None:
    lines = part(many, 2).read_text(encoding="utf-8").splitlines()
    lines[1] = lines[1].replace('"target":"the-ferry-line"', '"target":"the-bridge"')
    part(many, 2).write_text("\n".join(["", *lines, "{"]), encoding="utf-8")
    problems, edits = examine(many)
    assert {(p.file, p.line, p.field) for p in problems} == {
        (str(part(many, 2)), 3, "target"), (str(part(many, 2)), len(lines) + 2, ""),
    }  # fmt: skip
    assert edits == []


def test_hand_edits_are_told_by_shard_and_line(many: Path) -> None:
    edit(many, '"article":"a3"', '"note":""', '"note":"x"')
    gone = claims_in(many)[-1]
    write_without(many, gone.id)
    problems, edits = examine(many)
    assert problems == []
    assert [(e.file, e.line, e.field) for e in edits] == [(str(part(many, 1)), 1, "note"), (str(part(many, 2)), 0, "")]
    with pytest.raises(PendingEdits, match=r"claims-00001-of-00003\.jsonl:1: note: changed by hand"):
        release(many)


def test_problems_between_shards_name_both(many: Path) -> None:
    moved = part(many, 0).read_bytes().splitlines(keepends=True)[0]
    part(many, 2).write_bytes(part(many, 2).read_bytes() + moved)
    (problem,) = check(Corpus.open(many))
    assert (problem.file, problem.line) == (str(part(many, 2)), 9) and "stands twice" in problem.message
    claim = wire.load(moved.decode(), Claim)
    own = wire.dump(replace(claim, id="", prediction=NO_PREDICTION)) + "\n"
    part(many, 2).write_bytes(part(many, 2).read_bytes().removesuffix(moved) + own.encode())
    (problem,) = check(Corpus.open(many))
    where = {str(part(many, 0)): 1, str(part(many, 2)): 9}
    assert where.pop(problem.file) == problem.line
    assert problem.message == "overlaps the claim of {}:{}".format(*where.popitem())


def test_a_line_may_be_moved_to_another_shard_and_goes_back(both: tuple[Path, Path]) -> None:
    one, many = both
    first, *rest = part(many, 0).read_bytes().splitlines(keepends=True)
    part(many, 0).write_bytes(b"".join(rest))
    part(many, 2).write_bytes(part(many, 2).read_bytes() + first)
    assert examine(many) == ([], [])
    edit(many, "the line is good", '"stance":"favor","annotator"', '"stance":"against","annotator"', 8)
    adopt(many, "ana")
    in_step(many)
    assert len(claims_in(many)) == len(claims_in(one))


def test_deleting_a_shards_lines_is_asked_about_and_can_be_meant(both: tuple[Path, Path]) -> None:
    one, many = both
    ids = [claim.id for _, claim in wire.read(part(many, 1), Claim) if isinstance(claim, Claim)]
    part(many, 1).write_bytes(b"")
    write_without(one, *ids)
    with pytest.raises(TooManyDeletions, match=r"base.claims-\*-of-00003\.jsonl"):
        adopt(many, "ana")
    for folder in both:
        adopt(folder, "ana", deletions=len(ids))
    same(*both)
    assert part(many, 1).read_bytes() == b""


def test_edits_are_known_without_the_snapshot_too(many: Path) -> None:
    for file in shards.files(many / BASE / "claims.jsonl")[:1]:
        file.unlink()
    assert examine(many) == ([], [])
    edit(many, "the bridge is better", '"stance":"against","annotator"', '"stance":"favor","annotator"')
    assert len(examine(many)[1]) == 1
    assert adopt(many, "ana").decisions["stance"] == 1
    in_step(many)


def test_label_adds_articles_and_merges_those_that_are_there(both: tuple[Path, Path], tmp_path: Path) -> None:
    for folder in both:
        corrected(folder)
        adopt(folder, "ana")
        label_all(folder, tmp_path / "codebook.toml", {"a1": TEXTS["a1"], "b1": f"{TEXT}Later.\n"})
    same(*both)
    ids = [article.id for article in Corpus.open(both[1]).articles()]
    assert ids[-2:] == ["a1", "b1"] and ids[0] == "a0"


def test_relabel(both: tuple[Path, Path], models: Models) -> None:
    said = []
    for folder in both:
        corrected(folder)
        adopt(folder, "ana")
    models.stances["asked"] = "favor"
    for folder in both:
        dry = relabel(folder, dry_run=True)
        said += [dry.as_dict(), relabel(folder).as_dict()]
    assert said[0] == said[1] == said[2] == said[3]
    same(*both)


def test_relabel_with_other_texts(both: tuple[Path, Path], tmp_path: Path) -> None:
    new = tmp_path / "new.jsonl"
    new.write_text(json.dumps({"id": "a3", "text": "Added: " + TEXTS["a3"]}) + "\n", encoding="utf-8")
    for folder in both:
        assert relabel(folder, texts=[new]).texts == 1
    same(*both)


def test_remove_migrate_and_withdraw(both: tuple[Path, Path], run: Run) -> None:
    for folder in both:
        corrected(folder)
        adopt(folder, "ana")
        release(folder)
        assert remove(folder, "a5", "asked for").releases == ["1.0.0"]
        decided = next(claim for claim in claims_in(folder) if claim.annotator)
        assert run("withdraw", folder, "--annotator", "ana", "--claim", decided.id)[0] == 0
    same(*both)
    for folder in both:
        (folder / BASE / "speakers.jsonl").unlink()
        assert "0001-decisions" in run("migrate", folder)[1]
    same(*both)


def test_release_keeps_the_form_and_hashes_each_shard(both: tuple[Path, Path], run: Run) -> None:
    for folder in both:
        release(folder, message="first")
        corrected(folder)
        adopt(folder, "ana")
    diffs = [run("diff", f"{folder}@1.0.0", folder, "--details") for folder in both]
    assert plain(diffs[0], both[0]) == plain(diffs[1], both[1])
    for folder in both:
        release(folder, message="second")
    same(*both)
    manifests = [json.loads((f / "releases" / "2.0.0" / "manifest.json").read_text(encoding="utf-8")) for f in both]
    assert manifests[0]["counts"] == manifests[1]["counts"]
    names = [name for name in manifests[1]["files"] if name.startswith(("claims", "articles"))]
    assert len(names) == 6
    in_step(both[1] / "releases" / "1.0.0")
    frozen = part(both[1] / "releases" / "1.0.0", 1)
    frozen.write_bytes(frozen.read_bytes() + b"\n")
    (problem,) = check_releases(Corpus.open(both[1]))
    assert problem.file == str(frozen) and "changed since 1.0.0" in problem.message


def test_releases_of_another_form_stay_what_they_were(both: tuple[Path, Path], run: Run) -> None:
    one, many = both
    release(one)
    reshard(one, 2)
    corrected(one)
    adopt(one, "ana")
    in_step(one)
    release(one)
    assert Corpus.open(one / "releases" / "1.0.0").shards == 1
    assert Corpus.open(one / "releases" / "2.0.0").shards == 2
    code, said, _ = run("diff", f"{one}@1.0.0", f"{one}@2.0.0", "--json")
    assert code == 0 and json.loads(said)["articles"] == {"added": 0, "removed": 0, "changed": 0}
    assert run("diff", one, many)[0] == 0
    assert list(check_releases(Corpus.open(one))) == []


def test_strip_and_hydrate(both: tuple[Path, Path], tmp_path: Path) -> None:
    copies = tmp_path / "copies.jsonl"
    copies.write_text("".join(json.dumps({"id": k, "text": v}) + "\n" for k, v in TEXTS.items()), encoding="utf-8")
    said = []
    for folder in both:
        corrected(folder)
        adopt(folder, "ana")
        said.append(str(strip(folder, folder.parent / "bare")))
        said.append(str(hydrate(folder.parent / "bare", folder.parent / "whole", [copies])))
    assert said[:2] == said[2:]
    for name in ("bare", "whole"):
        same(*(folder.parent / name for folder in both))
    assert lines_of(both[1].parent / "whole") == lines_of(both[1])


def test_another_copy_is_merged(both: tuple[Path, Path], tmp_path: Path) -> None:
    for folder in both:
        copy = folder.parent / "copy"
        shutil.copytree(folder, copy)
        edit(copy, "the line is good", '"stance":"favor","annotator"', '"stance":"against","annotator"', 3)
        adopt(copy, "bo")
        label_all(copy, tmp_path / "codebook.toml", {"b1": f"{TEXT}Later.\n"})
        reshard(copy, 2)
        corrected(folder)
        adopt(folder, "ana")
        assert unite(folder, copy).articles == 1
    same(*both)


@pytest.mark.parametrize("form", ["brat", "label-studio", "doccano", "csv", "parquet", "webanno"])
def test_what_is_exported_is_the_same_and_comes_back(both: tuple[Path, Path], run: Run, form: str) -> None:
    out = []
    for folder in both:
        file = folder.parent / f"out.{form}"
        assert run("export", folder, file, "--format", form)[0] == 0
        files = sorted(path for path in (file.rglob("*") if file.is_dir() else [file]) if path.is_file())
        out.append([path.read_bytes() for path in files])
        code, said, errors = run("import", folder, file, "--format", form, "--annotator", "ana")
        assert code == 0, errors
        out.append(plain(said, folder))
    assert out[0] == out[2] and out[1] == out[3]
    same(*both)


COMMANDS = {
    "check": ["check", "{0}"],
    "check as JSON": ["check", "{0}", "--json"],
    "show": ["show", "{0}"],
    "show one": ["show", "{0}", "--speaker", "bo-hall", "--json"],
    "agreement": ["agreement", "{0}", "--json"],
    "evaluate": ["evaluate", "{0}", "--gold", "{0}", "--json"],
    "evaluate a release": ["evaluate", "{0}@1.0.0", "--gold", "{0}"],
    "audit": ["evaluate", "{0}", "--audit", "--json"],
    "diff": ["diff", "{0}@1.0.0", "{0}", "--json", "--details"],
    "dry release": ["release", "{0}", "--dry-run"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_say_the_same(both: tuple[Path, Path], run: Run, command: str) -> None:
    said = []
    for folder in both:
        release(folder)
        corrected(folder)
        if command not in ("check", "check as JSON", "show"):
            adopt(folder, "ana")
        else:
            edit(folder, "nobody asked", '"target":"the-ferry-line"', '"target":"another"', 2)
        code, *told = run(*(argument.format(folder) for argument in COMMANDS[command]))
        said.append((code, *(plain(text, folder) for text in told)))
    assert said[0] == said[1] and "Traceback" not in str(said)


def test_the_report(both: tuple[Path, Path], run: Run) -> None:
    pytest.importorskip("jinja2"), pytest.importorskip("matplotlib")
    pages = []
    for folder in both:
        release(folder)
        corrected(folder)
        assert run("report", folder, folder.parent / "report.html")[0] == 0
        pages.append((folder.parent / "report.html").read_text(encoding="utf-8"))
    for page in pages:
        assert shards.sha256(both[0] / "claims.jsonl") in page
        assert "changed since release 1.0.0" in page
    assert plain(pages[0], both[0]) == plain(pages[1], both[1])


def test_what_a_model_is_taught_is_the_same(both: tuple[Path, Path]) -> None:
    from annotate.teach.examples import decided

    found = []
    for folder in both:
        corrected(folder)
        adopt(folder, "ana")
        found.append(decided(Corpus.open(folder), Corpus.open(folder).log()))
    assert found[0] == found[1] and len(found[0].examples) > 3


def test_a_released_corpus_that_was_resharded_is_still_that_release(both: tuple[Path, Path]) -> None:
    from annotate.report.material import version_of

    release(both[1])
    assert version_of(Corpus.open(both[1])) == "release 1.0.0"
    reshard(both[1], 2)
    assert version_of(Corpus.open(both[1])) == "release 1.0.0"


def test_a_review_follows_every_shard(both: tuple[Path, Path]) -> None:
    from annotate.review.desk import Manner, Review

    for folder in both:
        review = Review(folder, Manner("ana"))
        try:
            loaded = review._loaded
            assert len(loaded.shown) == 32 and loaded.refresh() == set()
            edit(folder, '"article":"a7"', '"note":""', '"note":"by hand"')
            (changed,) = loaded.refresh()
            assert loaded.shown[changed].note == "by hand" and loaded.pending == 1
            file = shards.files(folder / "articles.jsonl")[-1]
            whole = file.read_bytes()
            file.write_bytes(whole + b"{")
            loaded.refresh()
            assert file.name in loaded.problem
            file.write_bytes(whole)
            loaded.refresh()
            assert loaded.problem == ""
        finally:
            review.close()


def test_repair_sets_the_torn_last_line_of_any_shard_aside(many: Path, run: Run) -> None:
    before = {path: path.read_bytes() for path in shards.files(many / "claims.jsonl")}
    torn = [part(many, 0), part(many, 2), part(many, 1, "articles.jsonl")]
    for file in torn:
        file.write_bytes(file.read_bytes() + b'{"schema_version":"v1","id":"c1')
    code, _, errors = run("check", many)
    assert code == 1 and all(file.name in errors for file in torn)
    code, _, errors = run("check", many, "--repair")
    assert code == 0 and errors.count("the torn last line is now in") == 3
    assert {path: path.read_bytes() for path in before} == before
    assert (many / ".annotate" / "torn.txt").read_bytes().count(b"\n") == 3


def test_a_corpus_from_python(many: Path, one: Path) -> None:
    assert Corpus.open(many).to_pandas().equals(Corpus.open(one).to_pandas())
    assert Corpus.open(many).speakers_to_pandas().equals(Corpus.open(one).speakers_to_pandas())


def test_line_ends_and_marks_of_editors_are_taken_in_every_shard(many: Path) -> None:
    for file in shards.files(many / "claims.jsonl"):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n").rstrip())
    assert examine(many) == ([], [])
    edit(many, "the bridge is better", '"note":""', '"note":"x"', 1)
    adopt(many, "ana")
    in_step(many)
    assert len(claims_in(many)) == 32


# ---- Mixtures ----


def mixtures() -> dict[str, tuple[Callable[[Path], object], str, str]]:
    def beside(folder: Path) -> None:
        (folder / "claims.jsonl").write_bytes(b"")

    def another(folder: Path) -> None:
        for number in range(2):
            part(folder, number, count=2).write_bytes(b"")

    def one_each(folder: Path) -> None:
        for file in shards.files(folder / "articles.jsonl"):
            with (folder / "articles.jsonl").open("ab") as whole:
                whole.write(file.read_bytes())
            file.unlink()

    return {
        "a missing shard": (lambda f: part(f, 1).unlink(), "claims-00001-of-00003.jsonl: is missing", "base"),
        "two missing shards": (lambda f: [part(f, n).unlink() for n in (1, 2)], "2 of 3 shards are missing", "base"),
        "both forms": (beside, "holds claims.jsonl, beside claims-00000-of-00003.jsonl and 2 more", "move all but one"),
        "two numbers": (another, "claims-00000-of-00002.jsonl and 1 more, beside claims-00000-of-00003", "move all"),
        "articles otherwise than claims": (one_each, "articles.jsonl in 1 and claims.jsonl in 3 files", "restore"),
        "a number too high": (lambda f: shutil.copy(part(f, 1), part(f, 3)), "counted from 0", "move it out"),
    }


@pytest.mark.parametrize("kind", mixtures())
def test_a_mixture_is_one_clear_problem_and_every_command_refuses_it(
    many: Path, run: Run, kind: str, tmp_path: Path
) -> None:
    make, told, remedy = mixtures()[kind]
    make(many)
    files = {path: path.read_bytes() for path in many.rglob("*") if path.is_file()}
    code, said, errors = run("check", many)
    assert code == 1 and f"{many}: 1 problems, 0 hand edits" in said
    assert told in errors and remedy in errors and len(errors.splitlines()) == 1
    (problem,) = json.loads(run("check", many, "--json")[1])["problems"]
    assert told.split(": ")[-1] in problem["message"] and problem["file"].startswith(str(many))
    article = tmp_path / "new.txt"
    article.write_text(TEXT, encoding="utf-8")
    for command in (
        ["show", many], ["adopt", many, "--annotator", "ana"], ["release", many], ["relabel", many],
        ["strip", many, tmp_path / "out"], ["check", many, "--repair"],
        ["export", many, tmp_path / "o", "--format", "csv"],
        ["label", article, "--codebook", many / "codebook.toml", "--corpus", many],
    ):  # fmt: skip
        code, said, errors = run(*command)
        assert code == 1 and told in errors and "Traceback" not in errors, command
    assert {path: path.read_bytes() for path in many.rglob("*") if path.is_file() and path.name != "lock"} == {
        path: content for path, content in files.items() if path.name != "lock"
    }


def test_what_is_restored_from_the_snapshot_is_whole_again(many: Path) -> None:
    part(many, 1).unlink()
    shutil.copy(many / BASE / part(many, 1).name, part(many, 1))
    assert examine(many) == ([], [])
    in_step(many)


def test_files_that_only_look_like_shards_are_left_alone(many: Path) -> None:
    others = [
        "claims-00000-of-00003 (copy).jsonl",
        "claims-0-of-3.jsonl",
        "claims-00000-of-00000.jsonl",
        "my-claims-00000-of-00003.jsonl",
        "claims.bak",
    ]
    for name in others:
        (many / name).write_bytes(b"mine")
    (many / "claims-00000-of-00009.jsonl").mkdir()
    assert examine(many) == ([], [])
    reshard(many, 2)
    assert Corpus.open(many).shards == 2
    assert all((many / name).read_bytes() == b"mine" for name in others)


def test_a_corpus_put_together_by_hand_is_taken_as_it_is(both: tuple[Path, Path]) -> None:
    one, many = both
    for name in ("articles.jsonl", "claims.jsonl"):
        content = b"".join(file.read_bytes() for file in shards.files(many / name))
        for file in shards.files(many / name):
            file.unlink()
        (many / name).write_bytes(content)
    assert examine(many) == ([], [])
    for folder in both:
        corrected(folder)
        adopt(folder, "ana")
    same(one, many, 1)
    assert not list((many / BASE).glob("*-of-*"))


# ---- Crashes ----


@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 1), (3, 2)])
def test_a_kill_at_any_step_of_a_change_of_form_leaves_the_one_or_the_other(
    one: Path, before: int, after: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    reshard(one, before)
    said = set()
    for count in range(1, 400, 2):
        folder = tmp_path_factory.mktemp("copy") / "study"
        shutil.copytree(one, folder)
        with pytest.MonkeyPatch.context() as patch:
            reached = fail_from(patch, count, Killed(), dead=True)
            with contextlib.suppress(Killed):
                reshard(folder, after)
            came_to_it = reached()
        opened = Corpus.open(folder)
        said.add((opened.recovered.rpartition(":")[0], opened.shards))
        assert opened.shards == after if "done now" in opened.recovered else opened.shards in (before, after)
        assert lines_of(folder) == lines_of(one) and lines_of(folder / BASE) == lines_of(one)
        in_step(folder)
        if not came_to_it:
            assert {shape for _, shape in said} == {before, after} and len(said) >= 3
            return
    raise AssertionError("the change never ended")


@pytest.mark.parametrize("command", ["adopt", "relabel", "release"])
def test_killed_commands_leave_the_old_or_the_new(many: Path, command: str, tmp_path: Path, run: Run) -> None:
    from test_killed import COMMANDS as KILLED
    from test_killed import run as run_and_kill

    if sys.platform == "win32":
        pytest.skip("there is no SIGKILL")
    assert command in KILLED
    if command == "adopt":
        edit(many, "the line is good", '"stance":"favor","annotator"', '"stance":"against","annotator"', 8)
    whole = tmp_path / "whole"
    shutil.copytree(many, whole)
    took = run_and_kill(command, whole, whole)
    outcomes = [lines_of(many), lines_of(whole)]
    for share in (0.5, 0.8, 0.95):
        folder = tmp_path / f"killed at {share}"
        shutil.copytree(many, folder)
        run_and_kill(command, folder, folder, share * took)
        assert Corpus.open(folder).shards == COUNT
        assert lines_of(folder) in outcomes
        assert list(check(Corpus.open(folder))) == []


# ---- Readers ----


@pytest.fixture
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None) -> Any:
    datasets = pytest.importorskip("datasets")
    cache = str(tmp_path / "cache")
    monkeypatch.setenv("HF_HOME", cache)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", cache)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    return datasets


def test_load_dataset_reads_all_shards_typed(many: Path, datasets: Any) -> None:
    part(many, 1).write_bytes(b"")
    expected = [json.loads(line) for line in lines_of(many)]
    loaded = datasets.load_dataset(str(many), split="train")
    assert loaded.features["stance"].names == ["favor", "neutral", "against"]
    labels = {key: loaded.features[key] for key in ("stance", "quotation")}
    assert [row | {key: label.int2str(row[key]) for key, label in labels.items()} for row in loaded] == expected


def test_load_dataset_reads_releases_of_either_form(one: Path, datasets: Any) -> None:
    release(one)
    reshard(one, COUNT)
    corrected(one)
    adopt(one, "ana")
    release(one)
    reshard(one, 1)
    for config in ("working", "1.0.0", "2.0.0"):
        folder = one if config == "working" else one / "releases" / config
        loaded = datasets.load_dataset(str(one), config, split="train")
        assert loaded.features["stance"].names == ["favor", "neutral", "against"]
        assert loaded["id"][:] == [json.loads(line)["id"] for line in lines_of(folder)]
    assert datasets.load_dataset(str(one), split="train")["stance"][:] == loaded["stance"][:]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_croissant_describes_shards_and_reads_them(many: Path, no_network: None) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    release(many)
    dataset = mlcroissant.Dataset(jsonld=str(many / "croissant.json"))
    issues = dataset.metadata.ctx.issues
    assert not issues.errors
    assert all("is recommended, but does not exist" in warning for warning in issues.warnings)
    for kind in ("claims", "articles"):
        ids = [row[f"{kind}/id"].decode() for row in dataset.records(kind)]
        assert ids == [json.loads(line)["id"] for line in lines_of(many, f"{kind}.jsonl")]
    found = {
        one["name"]: one for one in json.loads((many / "croissant.json").read_text(encoding="utf-8"))["distribution"]
    }
    assert found["claims-00001-of-00003.jsonl"]["sha256"] == shards.file_sha256(part(many, 1))


def test_a_new_card_names_the_files_as_they_are(many: Path, tmp_path: Path) -> None:
    with writing(tmp_path / "new", Codebook.parse(TOML), 2):
        pass
    card = (tmp_path / "new" / "README.md").read_text(encoding="utf-8")
    assert "path: claims-*-of-00002.jsonl" in card and "`text` of `articles-*-of-00002.jsonl`" in card
    assert [file.stat().st_size for file in shards.files(tmp_path / "new" / "claims.jsonl")] == [0, 0]
