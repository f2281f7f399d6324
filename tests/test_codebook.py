"""Codebooks. A file dropped in codebooks/valid or codebooks/invalid becomes a test.

Invalid files begin with a comment line per problem, `# expect: FIELD: part of the message or remedy`, the field
empty where a problem has none; no other problem may be found.
"""

from __future__ import annotations

import hashlib
import pickle
import re
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate.codebook import Codebook, Hypotheses, ListedSpeaker, Target, slug, template
from annotate.errors import CodebookError, Problem

HERE = Path(__file__).parent
VALID = sorted((HERE / "codebooks" / "valid").glob("*.toml"))
INVALID = sorted((HERE / "codebooks" / "invalid").glob("*.toml"))
SHIPPED = HERE.parent / "corpus" / "us-cambodia" / "codebook.toml"
LEGAL_ID = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")


def name_of(path: Path) -> str:
    return path.stem


def problems_of(path: Path) -> list[Problem]:
    with pytest.raises(CodebookError) as caught:
        Codebook.read(path)
    return list(caught.value.problems)


# ---- Files ----


@pytest.mark.parametrize("path", [*VALID, SHIPPED], ids=name_of)
def test_valid_files_are_read_and_kept_byte_for_byte(path: Path) -> None:
    codebook = Codebook.read(path)
    assert codebook.source.encode() == path.read_bytes()
    assert codebook.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    ids = [codebook.id, *(target.id for target in codebook.targets), *(speaker.id for speaker in codebook.speakers)]
    assert all(map(LEGAL_ID.fullmatch, ids))
    assert pickle.loads(pickle.dumps(codebook)) == codebook


@pytest.mark.parametrize("path", INVALID, ids=name_of)
def test_invalid_files_have_the_problems_that_they_name(path: Path) -> None:
    expected = re.findall(r"^# expect: (.*?): (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    problems = problems_of(path)
    for field, fragment in expected:
        assert [p for p in problems if p.field == field and fragment in str(p)], (field, fragment, problems)
    assert len(problems) == len(expected) > 0, problems


@pytest.mark.parametrize("path", INVALID, ids=name_of)
def test_every_problem_has_a_place_and_a_remedy(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    for problem in problems_of(path):
        assert problem.file == str(path)
        assert problem.remedy
        assert problem.line or problem.message == "there is no target"
        assert not lines[problem.line - 1].startswith("#")


# ---- Reading ----


def test_a_missing_file_is_named_with_the_command_that_writes_one(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path / "none.toml")
    assert problem.message == "no such file"
    assert "annotate init" in problem.remedy


def test_a_folder_is_refused_and_the_codebook_in_it_offered(tmp_path: Path) -> None:
    (tmp_path / "codebook.toml").touch()
    (problem,) = problems_of(tmp_path)
    assert problem.message == "is a folder"
    assert str(tmp_path / "codebook.toml") in problem.remedy


def test_other_encodings_are_refused_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes('[[targets]]\nname = "Côte"\n'.encode("latin-1"))
    (problem,) = problems_of(path)
    assert (problem.message, problem.line) == ("is not UTF-8", 2)


def test_a_byte_order_mark_and_windows_line_ends_are_accepted_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "windows.toml"
    content = b'\xef\xbb\xbf[[targets]]\r\nname = "the ferry"\r\n'
    path.write_bytes(content)
    assert Codebook.read(path).source.encode() == content
    path.write_bytes(content + b"nane = 1\r\n")
    assert [problem.line for problem in problems_of(path)] == [3]


@pytest.mark.parametrize("toml", ["a = " + "[" * 9999, "a = " + "9" * 9999, '[[targets]]\nname = "\ud800"', "\0"])
def test_hostile_texts_are_refused_as_codebooks(toml: str) -> None:
    with pytest.raises(CodebookError):
        Codebook.parse(toml)


def test_the_error_lists_the_problems_by_line() -> None:
    with pytest.raises(CodebookError) as caught:
        Codebook.parse('[[targets]]\nname = ""\n[review]\nmin_confidence = 2\n', "my.toml")
    assert str(caught.value).splitlines() == [
        "the codebook my.toml has 2 mistakes",
        "my.toml:2: targets[0].name: is empty (write something between the quotation marks, or leave the key out)",
        "my.toml:4: review.min_confidence: 2 is not from 0 to 1 (write a number from 0 to 1, such as 0.6)",
    ]


# ---- Values ----


def test_the_smallest_codebook_has_every_default() -> None:
    toml = '[[targets]]\nname = "US\N{EN DASH}Cambodia rapprochement"\n'
    target = Target("us-cambodia-rapprochement", "US\N{EN DASH}Cambodia rapprochement")
    expected = Codebook("us-cambodia-rapprochement", "0.1.0", "en", "", (target,), (), 0.6, toml)
    assert Codebook.parse(toml) == expected
    assert target.hypotheses == Hypotheses(("{speaker} supports {target}.",), ("{speaker} opposes {target}.",))


def test_hypotheses_name_the_speaker_or_the_text() -> None:
    target = Target(
        "ferry", "the ferry", hypotheses=Hypotheses(("{speaker} likes {target}.",), ("So says {speaker}.",))
    )
    assert target.hypotheses_for("Mara Quill") == Hypotheses(("Mara Quill likes the ferry.",), ("So says Mara Quill.",))
    assert target.hypotheses_for("") == Hypotheses(("The text likes the ferry.",), ("So says the text.",))
    assert target.hypotheses_for("de Gaulle").favor == ("De Gaulle likes the ferry.",)


@settings(deadline=None)
@given(st.text(min_size=1), st.text(min_size=1))
def test_names_are_never_templates(speaker: str, target: str) -> None:
    hypotheses = Hypotheses(("It is {speaker}: {target} {{speaker}}",))
    filled = Target("t", target, hypotheses=hypotheses).hypotheses_for(speaker)
    assert filled.favor == (f"It is {speaker}: {target} {{speaker}}",)


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("US\N{EN DASH}Cambodia rapprochement", "us-cambodia-rapprochement"),
        ("Hun Sen", "hun-sen"),
        ("  Côte d\N{RIGHT SINGLE QUOTATION MARK}Ivoire!", "cote-d-ivoire"),
        ("U.S. \N{EM DASH} 1st", "u-s-1st"),
        ("9/11", "x-9-11"),
        ("Straße", "strasse"),
        ("Łódź_x", "odz-x"),
    ],
)
def test_slugs(name: str, id: str) -> None:
    assert slug(name) == id


@settings(deadline=None)
@given(st.text())
def test_a_slug_is_a_legal_id_and_its_own_slug(name: str) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", slug(name))
    assert slug(slug(name)) == slug(name)


def test_names_without_ascii_letters_have_slugs_of_their_own() -> None:
    assert slug("Київ") != slug("Львів")


@settings(deadline=None)
@given(st.text())
def test_any_text_is_a_codebook_or_a_codebook_error(text: str) -> None:
    for toml in (text, f'[[targets]]\nname = "{text}"', f"[[targets]]\nname = 'x'\nhypotheses.favor = ['{text}']"):
        try:
            target = Codebook.parse(toml).targets[0]
        except CodebookError:
            continue
        assert target.hypotheses_for("x")


# ---- The template, and the codebook that we publish ----


def test_the_template_is_legal_and_sets_and_explains_every_key() -> None:
    codebook = Codebook.parse(template())
    assert codebook.targets[0].hypotheses != Hypotheses()
    lines = template().splitlines()
    keys = [field.name for table in (Target, Hypotheses, ListedSpeaker) for field in fields(table)]
    for key in {*keys, "version", "language", "guidance", "min_confidence"} - {"hypotheses", "against"}:
        first = next(n for n, line in enumerate(lines) if line.startswith(f"{key} = "))
        assert lines[first - 1].startswith("#") or lines[first - 2].startswith("#"), key


def test_the_shipped_codebook_lists_the_people_of_the_article() -> None:
    codebook = Codebook.read(SHIPPED)
    assert [target.id for target in codebook.targets] == ["us-cambodia-rapprochement"]
    assert {speaker.name for speaker in codebook.speakers} == {
        "Ro Vannak", "Seun Sam", "Hun Sen", "Hun Manet", "Lloyd Austin", "Tea Seiha",
    }  # fmt: skip
    assert all(speaker.role and speaker.pronouns and speaker.id == slug(speaker.name) for speaker in codebook.speakers)
