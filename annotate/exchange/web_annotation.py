"""W3C Web Annotation: a folder with NAME.txt and NAME.jsonld (an AnnotationPage) for each article.

An annotation is a claim and target: its bodies are the stance (classifying), the speaker (identifying), what is judged
(tagging) and the note (commenting); its target is the article, with a quotation and a position that must agree. The
model says that a TextPositionSelector counts code points, and that text is not normalised for it. Quotation, source and
cue stand in terms of our own (`annotate:…`). Whoever sets `creator` to their own name confirms the stance.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from annotate.errors import Problem
from annotate.exchange.pages import (
    NO_BOUNDS,
    FileNames,
    Line,
    Page,
    View,
    bounds_of,
    lines_of,
    matched,
    quoted,
    sealed,
    unsealed,
    write_text,
)
from annotate.records import Article, Claim, DecidedField

CONTEXT = ["http://www.w3.org/ns/anno.jsonld", {"annotate": "urn:annotate:"}]
CLAIM = "urn:annotate:claim:"
AROUND = 32
"""Code points of context on each side of a quotation."""

BODIES: dict[str, DecidedField] = {"classifying": "stance", "identifying": "speaker", "commenting": "note"}
"""The purpose of a body → the field that it says."""

Json = dict[str, Any]


def export(out: Path, view: View) -> int:
    """Write the folder; how many claims."""
    out.mkdir(parents=True)
    names, count = FileNames(), 0
    for article, claims in view:
        name = names.of(article.id)
        page = {
            "@context": CONTEXT,
            "id": f"urn:annotate:article:{article.id}",
            "type": "AnnotationPage",
            "annotate:exported": sealed(article, claims),
            "items": [
                _annotation(article, claim, line, f"{name}.txt")
                for claim, line in zip(claims, lines_of(claims), strict=True)
            ],
        }
        write_text(out / f"{name}.txt", article.text)
        write_text(out / f"{name}.jsonld", json.dumps(page, ensure_ascii=False, indent=1) + "\n")
        count += len(claims)
    return count


def _annotation(article: Article, claim: Claim, line: Line, source: str) -> Json:
    bodies = [(purpose, line.values[name]) for purpose, name in BODIES.items()]
    bodies = [*bodies, ("tagging", line.target)]
    made: Json = {"id": CLAIM + line.id, "type": "Annotation", "motivation": "classifying"}
    if line.annotator:
        made["creator"] = line.annotator
    if claim.prediction.stance_model:
        made["generator"] = {"type": "Software", "name": claim.prediction.stance_model}
    made["body"] = [{"type": "TextualBody", "purpose": purpose, "value": value} for purpose, value in bodies if value]
    made["target"] = {"source": source, "selector": _selectors(article, line.values["span"])}
    made["annotate:quotation"] = line.values["quotation"]
    if claim.prediction.stance:
        made["annotate:predicted"] = claim.prediction.stance
    for name in ("source", "cue"):
        if line.values[name] != NO_BOUNDS:
            made[f"annotate:{name}"] = _selectors(article, line.values[name])
    return made


def _selectors(article: Article, span: str) -> list[Json]:
    start, end = bounds_of(span)
    text = article.text
    quote = {
        "type": "TextQuoteSelector",
        "exact": text[start:end],
        "prefix": text[max(0, start - AROUND) : start],
        "suffix": text[end : end + AROUND],
    }
    return [quote, {"type": "TextPositionSelector", "start": start, "end": end}]


def read(path: Path, view: View) -> Iterator[Page | Problem]:
    """What the pages of a folder say, or one page."""
    files = sorted(path.glob("*.jsonld")) if path.is_dir() else [path]
    if not files:
        yield Problem(str(path), "no .jsonld in it", "name the folder that annotate export wrote")
    for file in files:
        yield from _page(file, view)


def _page(file: Path, view: View) -> Iterator[Page | Problem]:
    try:
        page = json.loads(file.read_text(encoding="utf-8-sig"))
        items, seal = page["items"], page["annotate:exported"]
        assert isinstance(items, list)
    except (ValueError, KeyError, TypeError, RecursionError, AssertionError):
        yield Problem(str(file), "no AnnotationPage of ours", "import what annotate export wrote, changed elsewhere")
        return
    held = unsealed(seal, view, str(file), 0)
    if isinstance(held, Problem):
        yield held
        return
    article, exported = held
    said: list[Line] = []
    for number, item in enumerate(items, 1):
        try:
            line = _line(item, article, str(file), number)
        except (KeyError, TypeError, AttributeError):
            line = Problem(str(file), f"item {number} is not an annotation", "restore it", number, "items")
        if isinstance(line, Problem):
            yield line
        else:
            said.append(line)
    yield Page(str(file), 0, article.id, exported, matched(said, exported))


def _line(item: Json, article: Article, file: str, number: int) -> Line | Problem:
    """What an annotation says; `number` is its place in the page, from 1."""
    said: dict[str, str] = {}
    bodies = item.get("body") or []
    for body in bodies if isinstance(bodies, list) else [bodies]:
        purpose, value = body.get("purpose"), body["value"]
        if purpose not in (*BODIES, "tagging") or not isinstance(value, str):
            remedy = f"one of {', '.join(BODIES)}, tagging"
            return Problem(file, f"a body of purpose {purpose!r}", remedy, number, "body.purpose")
        if said.setdefault(purpose, value) != value:
            return Problem(file, f"two bodies of purpose {purpose!r}", "keep one", number, "body.purpose")
    for purpose in ("classifying", "tagging"):
        if not said.get(purpose):
            return Problem(file, f"no body of purpose {purpose!r}", "it names the stance or target", number, "body")
    values: dict[DecidedField, str] = {name: said.get(purpose, "") for purpose, name in BODIES.items()}
    if quotation := item.get("annotate:quotation"):
        values["quotation"] = str(quotation)
    selectors: dict[DecidedField, Any] = {"span": item["target"]["selector"]}
    selectors |= {"source": item.get("annotate:source"), "cue": item.get("annotate:cue")}
    for name, selector in selectors.items():
        span = _span(selector, article) if selector else NO_BOUNDS
        if not span[0].isdigit():
            return Problem(file, span, "correct the selectors", number, "target.selector" if name == "span" else name)
        values[name] = span
    creator = item.get("creator", "")
    creator = creator.get("name", creator.get("id", "")) if isinstance(creator, dict) else creator
    return Line(str(item.get("id", "")).removeprefix(CLAIM), said["tagging"], values, number, str(creator))


def _span(selectors: Any, article: Article) -> str:
    """The span as the log writes it, or what is wrong with it."""
    found = {one["type"]: one for one in (selectors if isinstance(selectors, list) else [selectors])}
    position, quote = found["TextPositionSelector"], found.get("TextQuoteSelector", {}).get("exact")
    span = quoted(article, position["start"], position["end"], quote)
    return f"the selectors do not agree: {span}" if isinstance(span, str) else f"{span.start}:{span.end}"
