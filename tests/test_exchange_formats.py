"""What other tools are given, and that nothing but what people changed there comes back: any text, every format."""

import csv
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import RO, TOML, claim_on, claims_of, labelled, make_article, make_claim
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate.checking import check
from annotate.codebook import Codebook
from annotate.corpus import Corpus
from annotate.decisions import read_decisions
from annotate.exchange import FORMATS, brat, tables
from annotate.exchange.pages import FileNames, from_utf16, json_items, quoted, to_utf16, units
from annotate.exchanging import export_corpus, import_file
from annotate.records import Claim, Decision, Span
from annotate.writing import writing

HOSTILE = st.text(st.sampled_from("ab é🐘\u00a0\r\n\t\"'=+-@,;|\u2028\x0b\x1c\x00\\n&<"), max_size=8)
ANY_FORMAT = pytest.mark.parametrize("form", sorted(FORMATS))


def corpus_in(folder: Path, texts: list[str]) -> Path:
    """A corpus of one article, in which each text is a claim; the first is judged for both targets."""
    (folder / "codebook.toml").write_text(TOML, encoding="utf-8", newline="\n")
    article = make_article("🐘 " + " | ".join(f"Mr Ro said {text}" for text in texts), "hostile")
    claims, start = [], 0
    for text in texts:
        start = article.text.index(f"Mr Ro said {text}", start)
        source, cue = Span(start, start + 5, "Mr Ro"), Span(start + 6, start + 10, "said")
        start += 11
        targets = ("pact", "trade") if not claims else ("pact",)
        claims += [make_claim(article, start, start + len(text), of, source=source, cue=cue) for of in targets]
    with writing(folder / "corpus", Codebook.read(folder / "codebook.toml")) as writer:
        writer.add(labelled(article, claims, [RO]))
    return folder / "corpus"


@contextmanager
def exported(texts: list[str], form: str) -> Iterator[tuple[Path, Path]]:
    """A corpus of such claims, and what it was exported to."""
    with tempfile.TemporaryDirectory() as folder:
        corpus, out = corpus_in(Path(folder), texts), Path(folder) / "out"
        assert export_corpus(corpus, out, form) == len(texts) + 1
        yield corpus, out


def log_of(corpus: Path) -> list[Decision]:
    return list(read_decisions(corpus / "decisions.jsonl"))


CLAIMS = st.lists(HOSTILE.map(lambda text: f"x{text}yz"), min_size=1, max_size=4)


@ANY_FORMAT
@settings(max_examples=20, deadline=None)
@given(texts=CLAIMS)
def test_what_comes_back_unchanged_decides_nothing(form: str, texts: list[str]) -> None:
    with exported(texts, form) as (corpus, out):
        before = (corpus / "claims.jsonl").read_bytes()
        assert str(import_file(corpus, out, form, "ana")) == "the file decides nothing anew"
        assert log_of(corpus) == [] and (corpus / "claims.jsonl").read_bytes() == before


# How a person changes one claim in each tool: the field "claim" is the deletion.


def in_brat(out: Path, claim: Claim, name: str, value: str) -> None:
    path = out / "hostile.ann"
    ids = json.loads((out / "hostile.json").read_text(encoding="utf-8"))["ids"]
    (id,) = [key for key, of in ids.items() if of == claim.id]
    rows = path.read_bytes().decode().split("\n")
    if name == "claim":
        rows = [row for row in rows if f" {id} " not in f"{row} " and not row.startswith(f"{id}\t")
                and f":{id} " not in row and f" {id}\t" not in row]  # fmt: skip
    elif name == "note":
        rows.append(f"#99\tAnnotatorNotes {id}\t{brat.escaped(value)}")
    elif name == "span":
        text = (out / "hostile.txt").read_bytes().decode()
        pieces = brat.fragments(text, *map(int, value.split(":")))
        places = ";".join(f"{start} {end}" for start, end in pieces)
        words = " ".join(text[start:end] for start, end in pieces)
        rows = [f"{id}\tClaim {places}\t{words}" if row.startswith(f"{id}\t") else row for row in rows]
    else:
        head = f"{name.title()} {id} "
        rows = [row.partition("\t")[0] + f"\t{head}{value}" if f"\t{head}" in row else row for row in rows]
    path.write_bytes("\n".join(rows).encode())


def in_label_studio(out: Path, claim: Claim, name: str, value: str) -> None:
    (task,) = json.loads(out.read_text(encoding="utf-8"))
    result = task["predictions"][0]["result"]
    (region,) = [one["id"] for one in result if one.get("from_name") == "span"
                 and one["value"]["labels"] == ["claim"] and one["value"]["start"] == claim.start]  # fmt: skip
    mine = [one for one in result if one.get("id") == region]
    start, end = map(int, value.split(":")) if name == "span" else (claim.start, claim.end)
    if name == "claim":
        result = [one for one in result if region not in (one.get("id"), one.get("from_id"))]
    elif name == "span":
        for one in mine:
            one["value"] |= {"start": start, "end": end}
            if isinstance(one["value"].get("text"), str):
                one["value"]["text"] = task["data"]["text"][start:end]
    else:
        control = f"{name}-{claim.target}" if name in ("stance", "note") else name
        kind = "textarea" if name in ("speaker", "note") else "choices"
        said = {"text": [value]} if kind == "textarea" else {"choices": [value]}
        result = [one for one in result if (one.get("id"), one.get("from_name")) != (region, control)]
        result.append({"id": region, "from_name": control, "to_name": "text", "type": kind,
                       "value": {"start": start, "end": end} | said})  # fmt: skip
    task["annotations"] = [{"id": 1, "completed_by": 1, "was_cancelled": False, "result": result}]
    out.write_text(json.dumps([task]), encoding="utf-8")


def in_doccano(out: Path, claim: Claim, name: str, value: str) -> None:
    row = json.loads(out.read_text(encoding="utf-8"))
    text = row["text"]
    there = (to_utf16(text, claim.start), to_utf16(text, claim.end))
    mine = [one for one in row["entities"] if (one["start_offset"], one["end_offset"]) == there]
    if name == "claim":
        gone = [one["id"] for one in mine]
        row["entities"] = [one for one in row["entities"] if one not in mine]
        row["relations"] = [one for one in row["relations"] if one["from_id"] not in gone]
    for one in mine:
        if name == "span":
            start, end = map(int, value.split(":"))
            one |= {"start_offset": to_utf16(text, start), "end_offset": to_utf16(text, end)}
        elif name == "stance" and one["label"].startswith(claim.target):
            one["label"] = f"{claim.target}: {value}"
        elif name == "speaker" and one["label"].startswith("speaker"):
            one["label"] = f"speaker: {value}"
    out.write_text(json.dumps(row) + "\n", encoding="utf-8")


def in_csv(out: Path, claim: Claim, name: str, value: str) -> None:
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(in_rows(rows, claim, name, value, tables.safe))


def in_parquet(out: Path, claim: Claim, name: str, value: str) -> None:
    import pyarrow
    from pyarrow import parquet

    rows = parquet.read_table(out).to_pylist()
    schema = parquet.read_schema(out)
    changed = in_rows(rows, claim, name, value, lambda cell: cell)
    parquet.write_table(pyarrow.Table.from_pylist(changed, schema=schema), out)


def in_rows(
    rows: list[dict[str, Any]], claim: Claim, name: str, value: str, cell: Callable[[str], str]
) -> list[dict[str, Any]]:
    for row in rows:
        if row["id"] == claim.id and name == "span":
            start, end = map(int, value.split(":"))
            row |= {"start": start, "end": end, "text": cell(claim.text[: end - start])}
        elif row["id"] == claim.id and name != "claim":
            row[name] = cell(value)
    return [row for row in rows if name != "claim" or row["id"] != claim.id]


def in_web_annotation(out: Path, claim: Claim, name: str, value: str) -> None:
    path = out / "hostile.jsonld"
    page = json.loads(path.read_text(encoding="utf-8"))
    (item,) = [one for one in page["items"] if one["id"].endswith(claim.id)]
    purposes = {"stance": "classifying", "speaker": "identifying", "note": "commenting"}
    if name == "claim":
        page["items"].remove(item)
    elif name == "span":
        start, end = map(int, value.split(":"))
        quote, position = item["target"]["selector"]
        quote["exact"] = claim.text[: end - start]
        position |= {"start": start, "end": end}
    else:
        item["body"] = [body for body in item["body"] if body["purpose"] != purposes[name]]
        item["body"].append({"type": "TextualBody", "purpose": purposes[name], "value": value})
    path.write_text(json.dumps(page), encoding="utf-8")


CHANGES = {
    "brat": in_brat, "label-studio": in_label_studio, "doccano": in_doccano, "csv": in_csv, "parquet": in_parquet,
    "webanno": in_web_annotation,
}  # fmt: skip
BY_PLACE = ("label-studio", "doccano")
"""Tools in which the claims of all targets at one place are one region, which is deleted as a whole."""


@ANY_FORMAT
@settings(max_examples=30, deadline=None)
@given(texts=CLAIMS, data=st.data())
def test_a_change_in_the_tool_is_that_decision_and_no_other(form: str, texts: list[str], data: st.DataObject) -> None:
    with exported(texts, form) as (corpus, out):
        claims = claims_of(corpus)
        claim = data.draw(st.sampled_from(claims))
        names = ["stance", "speaker", "span", "claim", *(["note"] if form != "doccano" else [])]
        name = data.draw(st.sampled_from(names))
        value = {
            "stance": "against", "speaker": "ro-1", "span": f"{claim.start}:{claim.end - 1}", "claim": "",
            "note": data.draw(HOSTILE.filter(bool)),
        }[name]  # fmt: skip
        CHANGES[form](out, claim, name, value)
        import_file(corpus, out, form, "ana")
        shared = name in ("speaker", "span") or (name == "claim" and form in BY_PLACE)
        expected = {(one.id, name, value) for one in claims if one == claim or (shared and one.start == claim.start)}
        made = [decision for decision in log_of(corpus) if decision.from_ != decision.to]
        assert {(one.claim, one.field, one.to) for one in made} == expected
        assert {(one.annotator, one.mode) for one in log_of(corpus)} == {("ana", "import")}
        assert list(check(Corpus.open(corpus))) == []
        assert str(import_file(corpus, out, form, "ana")) == "the file decides nothing anew"


@given(text=st.text(st.characters(exclude_categories=["Cs"])), data=st.data())
def test_utf16_offsets_go_both_ways(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    there = to_utf16(text, at)
    assert there == len(text[:at].encode("utf-16-le")) // 2
    assert from_utf16(text, there) == at
    assert units(text)[-1] == len(text.encode("utf-16-le")) // 2


def test_the_middle_of_a_character_is_no_offset() -> None:
    with pytest.raises(ValueError, match="no boundary"):
        from_utf16("a🐘b", 2)
    with pytest.raises(ValueError, match="no boundary of a text of 4"):
        from_utf16("a🐘b", 5)


def test_a_quotation_tells_what_its_offsets_count() -> None:
    article = make_article("🐘 here, and there")
    assert quoted(article, 2, 6, "here") == quoted(article, 3, 7, "here") == Span(2, 6, "here")
    assert quoted(article, 2, 6, None) == Span(2, 6, "here")
    assert "the text stands at [12, 17)" in str(quoted(article, 4, 9, "there"))
    assert "lies outside the article" in str(quoted(article, 4, 99, None))
    assert "is no span" in str(quoted(article, 4, 4, None)) and "is no span" in str(quoted(article, True, 4, None))


@given(cell=st.text())
def test_no_cell_is_a_formula_and_each_comes_back(cell: str) -> None:
    assert tables.unsafe(tables.safe(cell)) == cell
    assert not tables.safe(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


@given(note=st.text())
def test_a_note_stands_on_one_line_of_brat(note: str) -> None:
    assert brat.unescaped(brat.escaped(note)) == note
    assert not set(brat.escaped(note)) & set(brat.BREAKS)


def test_brat_gets_no_line_end_within_a_span() -> None:
    with exported(["one\ntwo\tthree"], "brat") as (_, out):
        text = (out / "hostile.txt").read_bytes().decode()
        row = next(row for row in (out / "hostile.ann").read_bytes().decode().split("\n") if row.startswith("T1\t"))
        start = text.index("one")
        assert row == f"T1\tClaim {start} {start + 3};{start + 4} {start + 7};{start + 8} {start + 13}\tone two three"
        assert "Stance Arg:Claim, Value:favor|neutral|against" in (out / "annotation.conf").read_text(encoding="utf-8")


def test_doccano_counts_utf16_and_label_studio_code_points() -> None:
    with exported(["welcome"], "doccano") as (_, out):
        row = json.loads(out.read_text(encoding="utf-8"))
        entity = row["entities"][0]
        utf16 = row["text"].encode("utf-16-le")
        start, end = entity["start_offset"], entity["end_offset"]
        assert utf16[2 * start : 2 * end].decode("utf-16-le") == "welcome"
        assert entity["label"] == "pact: favor"
        types = json.loads((out.parent / "out-labels.json").read_text(encoding="utf-8"))
        assert {one["label"] for one in row["entities"]} <= {one["text"] for one in types}
    with exported(["welcome"], "label-studio") as (_, out):
        (task,) = json.loads(out.read_text(encoding="utf-8"))
        value = task["predictions"][0]["result"][0]["value"]
        assert task["data"]["text"][value["start"] : value["end"]] == value["text"] == "welcome"
        assert (task["predictions"][0]["model_version"], task["predictions"][0]["score"]) == ("s@1", 0.91)
        assert "annotations" not in task


def test_the_configuration_of_label_studio_names_every_control() -> None:
    from xml.etree import ElementTree

    with exported(["welcome"], "label-studio") as (_, out):
        tree = ElementTree.parse(out.parent / "out-config.xml")
        (task,) = json.loads(out.read_text(encoding="utf-8"))
        controls = {one.get("name") for one in tree.iter() if one.get("toName")}
        assert {one["from_name"] for one in task["predictions"][0]["result"] if "from_name" in one} <= controls


def test_the_web_annotation_says_what_the_model_asks_for() -> None:
    with exported(["welcome"], "webanno") as (_, out):
        page = json.loads((out / "hostile.jsonld").read_text(encoding="utf-8"))
        item = page["items"][0]
        assert page["@context"][0] == "http://www.w3.org/ns/anno.jsonld" and page["type"] == "AnnotationPage"
        quote, position = item["target"]["selector"]
        text = (out / item["target"]["source"]).read_text(encoding="utf-8")
        assert text[position["start"] : position["end"]] == quote["exact"] == "welcome"
        assert text.startswith(
            quote["prefix"] + quote["exact"] + quote["suffix"], position["start"] - len(quote["prefix"])
        )
        assert {body["purpose"]: body["value"] for body in item["body"]} == {
            "classifying": "favor", "identifying": "seun-sam", "tagging": "pact",
        }  # fmt: skip


def test_parquet_is_typed_and_csv_has_the_same_columns() -> None:
    from pyarrow import parquet

    with exported(["welcome"], "parquet") as (corpus, out):
        schema = parquet.read_schema(out)
        kinds = {str(schema.field(name).type) for name in ("start", "prediction.scores.favor", "text")}
        assert kinds == {"int64", "double", "string"}
        assert schema.names == [*tables.columns(), "exported"]
        assert {*tables.columns()} == {*Corpus.open(corpus).to_pandas().columns}


def test_names_of_files_are_such_as_every_system_holds() -> None:
    names = FileNames()
    ids = ["a1", "A1", "con", "NUL.txt", "x" * 300, "annotation", "dot."]
    made = [names.of(id) for id in ids]
    assert made[0] == "a1" and len({name.lower() for name in made}) == len(ids)
    assert all(len(name) <= 100 and name.lower() not in ("con", "nul.txt", "annotation") for name in made)


@given(items=st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=40000), max_size=2), max_size=4))
@settings(max_examples=20, deadline=None)
def test_a_json_array_is_read_item_by_item(items: list[dict[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.json"
        path.write_text(json.dumps(items, indent=1), encoding="utf-8")
        assert list(json_items(path)) == items


@pytest.mark.parametrize("content", ["", "{}", "[1", "[1] 2", '[{"a":', "[1,]x"])
def test_what_is_no_json_array_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r".+"):
        list(json_items(tmp_path / "a.json"))


def test_cases_of_two_articles_are_kept_apart(tmp_path: Path, codebook: Codebook) -> None:
    articles = [make_article(f"The pact is {word}.", id) for word, id in (("good", "one"), ("bad", "ONE"))]
    with writing(tmp_path / "corpus", codebook) as writer:
        for article in articles:
            writer.add(labelled(article, [claim_on(article, article.text)]))
    for form in FORMATS:
        out = tmp_path / f"out-{form}"
        assert export_corpus(tmp_path / "corpus", out, form) == 2
        assert import_file(tmp_path / "corpus", out, form, "ana").claims == 0
        shutil.rmtree(out) if out.is_dir() else out.unlink()
