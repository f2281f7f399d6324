"""doccano: JSON Lines for a project of sequence labelling with relations and overlapping spans, an article a line.

Import it there as "JSONL(Relation)"; the span types stand beside, in `…-labels.json`. A claim is a span that carries
two kinds of labels: its stance ("favor", or "TARGET: favor" where the codebook has several targets) and its speaker
("speaker: ID"). Its source and cue are spans that relations lead to. doccano knows no attributes, so quotation and
note stay behind; and its spans have no ids of ours, so import finds a claim by its span, moved by no more than half.

doccano's export does not say what a person looked at, so that what was left as it was is no decision; the older one
does, in `annotation_approver`, and then it is. Offsets are UTF-16 code units, as its editor counts them; a project that
counts grapheme clusters instead is not understood.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from annotate.errors import Problem, did_you_mean
from annotate.exchange.pages import (
    NO_BOUNDS,
    Line,
    Page,
    View,
    bounds_of,
    from_utf16,
    lines_of,
    matched,
    places_of,
    sealed,
    units,
    unsealed,
)
from annotate.records import STANCES, Article, Claim, DecidedField

SPEAKER = "speaker: "
COLOURS = {"favor": "#2e7d32", "neutral": "#757575", "against": "#c62828", "source": "#1565c0", "cue": "#6a1b9a"}

Json = dict[str, Any]
Fields = dict[DecidedField, str]


def export(out: Path, view: View) -> int:
    """Write a line for each article, and the span types beside; how many claims."""
    count, labels = 0, _labels(view)
    types = [*labels, "source", "cue", *(SPEAKER + who for who in view.speakers)]
    shown = [
        {"text": text, "suffixKey": None, "backgroundColor": COLOURS.get(text.split(": ")[-1], "#8d6e63"),
         "textColor": "#ffffff"}
        for text in types
    ]  # fmt: skip
    beside = out.with_name(f"{out.stem}-labels.json")
    beside.write_text(json.dumps(shown, ensure_ascii=False, indent=1), encoding="utf-8", newline="\n")
    names = {stance: label for label, stance in labels.items()}
    with out.open("w", encoding="utf-8", newline="\n") as file:
        for article, claims in view:
            file.write(json.dumps(_row(article, claims, names), ensure_ascii=True) + "\n")
            count += len(claims)
    return count


def _labels(view: View) -> dict[str, tuple[str, str]]:
    """What a stance toward a target is called → the target and stance."""
    several = len(view.targets) > 1
    return {
        f"{target}: {stance}" if several else stance: (target, stance) for target in view.targets for stance in STANCES
    }


def _row(article: Article, claims: list[Claim], names: dict[tuple[str, str], str]) -> Json:
    entities: list[Json] = []
    relations: list[Json] = []
    table, drawn = units(article.text), {}

    def draw(span: str, label: str) -> int:
        start, end = bounds_of(span)
        id = len(entities)
        entities.append({"id": id, "start_offset": table[start], "end_offset": table[end], "label": label})
        return id

    for span, lines in places_of(lines_of(claims)).items():
        head, *_ = [draw(span, names[line.target, line.values["stance"]]) for line in lines]
        draw(span, SPEAKER + lines[0].values["speaker"])
        for kind, bounds in (("source", lines[0].values["source"]), ("cue", lines[0].values["cue"])):
            if bounds != NO_BOUNDS:
                if (kind, bounds) not in drawn:
                    drawn[kind, bounds] = draw(bounds, kind)
                relations.append({"id": len(relations), "from_id": head, "to_id": drawn[kind, bounds], "type": kind})
    about = {"article": article.id, "title": article.title, "exported": sealed(article, claims)}
    return {"text": article.text, "entities": entities, "relations": relations} | about


def read(path: Path, view: View) -> Iterator[Page | Problem]:
    """What the lines of an export of doccano say ("JSONL(Relation)")."""
    labels = _labels(view)
    with path.open("rb") as lines:
        for number, raw in enumerate(lines, 1):
            if raw.strip():
                yield from _page(raw, labels, view, str(path), number)


def _page(
    raw: bytes, labels: dict[str, tuple[str, str]], view: View, file: str, number: int
) -> Iterator[Page | Problem]:
    try:
        row = json.loads(raw.decode("utf-8-sig"))
        entities, relations = row["entities"], row.get("relations") or []
        seal = row.get("exported", (row.get("meta") or {}).get("exported"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        yield Problem(file, "no JSON object with entities", "in doccano: export as JSONL with relations", number)
        return
    held = unsealed(seal, view, file, number)
    if isinstance(held, Problem):
        yield held
        return
    article, exported = held
    if row.get("text") != article.text:
        yield Problem(file, "the text is not the article's", "it must come back as it was exported", number, "text")
        return
    row_reader = _Row(article, labels, file, number)
    said = row_reader.lines(entities, relations, confirmed=bool(row.get("annotation_approver")))
    yield from row_reader.problems
    yield Page(file, number, article.id, [_partial(line) for line in exported], matched(said, exported))


def _partial(line: Line) -> Line:
    values: Fields = {name: value for name, value in line.values.items() if name not in ("quotation", "note")}
    return Line(line.id, line.target, values, line.line, line.annotator)


class _Row:
    """One article's spans and relations."""

    def __init__(self, article: Article, labels: dict[str, tuple[str, str]], file: str, number: int) -> None:
        self._article, self._labels, self._file, self._number = article, labels, file, number
        self._table = units(article.text)
        self.problems: list[Problem] = []

    def lines(self, entities: Any, relations: Any, *, confirmed: bool) -> list[Line]:
        stances: dict[str, dict[str, str]] = defaultdict(dict)
        speakers: dict[str, str] = {}
        drawn: dict[Any, tuple[str, str]] = {}
        for entity in entities:
            span, label = self._span(entity), entity.get("label") if isinstance(entity, dict) else None
            if not span or not isinstance(label, str):
                continue
            drawn[entity.get("id")] = (label, span)
            if label.startswith(SPEAKER):
                self._once(speakers, span, label.removeprefix(SPEAKER), "speakers")
            elif label in self._labels:
                self._once(stances[span], *self._labels[label], f"stances at [{span})")
            elif label not in ("source", "cue"):
                remedy = did_you_mean(label, self._labels) or f"one of {', '.join(self._labels)}"
                self._tell(f"{label!r} is no label of ours", remedy, "entities.label")
        pointed = self._pointed(relations, drawn, stances)
        for span in speakers.keys() - stances.keys():
            self._tell(f"the span [{span}) has a speaker and no stance", "give it one, or delete it", "entities")
        found: list[Line] = []
        for span, of in stances.items():
            shared: Fields = {**pointed[span], "span": span, "speaker": speakers.get(span, "")}
            found += [
                Line("", target, {**shared, "stance": stance}, self._number, confirmed=confirmed)
                for target, stance in of.items()
            ]
        return found

    def _span(self, entity: Any) -> str:
        try:
            start, end = (from_utf16(self._article.text, entity[name], self._table)
                          for name in ("start_offset", "end_offset"))  # fmt: skip
        except (KeyError, TypeError):
            self._tell("an entity without whole-number offsets", "export as JSONL with relations", "entities")
        except ValueError as error:
            remedy = "delete the span and draw it again; the project must not count grapheme clusters"
            self._tell(str(error), remedy, "entities.start_offset")
        else:
            if start < end:
                return f"{start}:{end}"
            self._tell(f"[{start}, {end}) is no span", "delete it", "entities.end_offset")
        return ""

    def _once(self, values: dict[str, str], key: str, value: str, what: str) -> None:
        if values.setdefault(key, value) != value:
            self._tell(f"two {what} for {key}: {values[key]} and {value}", "delete one", "entities.label")

    def _pointed(
        self, relations: Any, drawn: dict[Any, tuple[str, str]], claims: dict[str, dict[str, str]]
    ) -> dict[str, Fields]:
        """Claim span → the source and cue that its relations lead to, whichever way they were drawn."""
        found: dict[str, Fields] = defaultdict(lambda: {"source": NO_BOUNDS, "cue": NO_BOUNDS})
        for relation in relations:
            ends = [drawn.get(relation.get(name)) if isinstance(relation, dict) else None
                    for name in ("from_id", "to_id")]  # fmt: skip
            claim = [end for end in ends if end and end[0] not in ("source", "cue")]
            other = [end for end in ends if end and end[0] in ("source", "cue")]
            if len(claim) != 1 or len(other) != 1 or claim[0][1] not in claims:
                self._tell("a relation that is not between a claim and its source or cue", "delete it", "relations")
                continue
            name: DecidedField = "cue" if other[0][0] == "cue" else "source"
            of = found[claim[0][1]]
            if of[name] not in (NO_BOUNDS, other[0][1]):
                self._tell(f"the claim at [{claim[0][1]}) has two of these", "delete one relation", f"relations.{name}")
            of[name] = other[0][1]
        return found

    def _tell(self, message: str, remedy: str, name: str) -> None:
        self.problems.append(Problem(self._file, message, remedy, self._number, name))
