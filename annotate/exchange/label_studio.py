"""Label Studio: a JSON array of tasks, one an article, and the labelling configuration beside it.

A claim is a region with the label "claim", with a stance for each target, a speaker, a note and the kind of quotation;
its source and cue are regions that it points to by relations. What the models said stands in `predictions`; where
people decided anything of an article, what the corpus shows stands in `annotations`. Import reads the task's one
annotation that a person made: what differs from the export is a decision, and what was left as it was is confirmed,
unless the annotation is our own and came back as it went. Text areas hold ids of speakers, which import checks.

Offsets are code points, as the editor of Label Studio counts them (`[...text].length`, seen in 1.23.2).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from annotate.errors import Problem
from annotate.exchange.pages import (
    NO_BOUNDS,
    Line,
    Page,
    View,
    bounds_of,
    json_items,
    lines_of,
    matched,
    places_of,
    quoted,
    sealed,
    unsealed,
)
from annotate.records import NO_PREDICTION, QUOTATIONS, STANCES, Article, Claim, DecidedField

KINDS = ("claim", "source", "cue")
STANCE, NOTE = "stance-", "note-"
"""What the controls of a target are called; its id follows."""

Json = dict[str, Any]


def export(out: Path, view: View) -> int:
    """Write the tasks, and the configuration beside them; how many claims."""
    count, separator = 0, "[\n"
    out.with_name(f"{out.stem}-config.xml").write_text(_config(view), encoding="utf-8", newline="\n")
    with out.open("w", encoding="utf-8", newline="\n") as file:
        for article, claims in view:
            file.write(separator + json.dumps(_task(article, claims), ensure_ascii=False))
            count, separator = count + len(claims), ",\n"
        file.write("\n]\n" if separator != "[\n" else "[]\n")
    return count


def _config(view: View) -> str:
    """The labelling configuration (XML) that the tasks are shown by."""
    claim = 'toName="text" perRegion="true" whenTagName="span" whenLabelValue="claim"'
    lines = ['<View>', '  <Labels name="span" toName="text">']  # fmt: skip
    lines += [f'    <Label value="{kind}"/>' for kind in KINDS]
    lines += ["  </Labels>", '  <Text name="text" value="$text" granularity="word"/>', "  <Relations>"]
    lines += [f'    <Relation value="{kind}"/>' for kind in KINDS[1:]]
    lines += ["  </Relations>"]
    for target in view.codebook.targets:
        name = quoteattr(re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", target.name))
        lines += [f'  <Header value={name} size="5"/>']
        lines += _choices(f"{STANCE}{target.id}", claim, STANCES)
        lines += [f'  <TextArea name="{NOTE}{target.id}" {claim} maxSubmissions="1" editable="true" rows="1"/>']
    lines += [f'  <TextArea name="speaker" {claim} maxSubmissions="1" editable="true" rows="1"/>']
    lines += [*_choices("quotation", claim, QUOTATIONS), "</View>"]
    return "\n".join(lines) + "\n"


def _choices(name: str, when: str, values: tuple[str, ...]) -> list[str]:
    choices = [f'    <Choice value="{value}"/>' for value in values]
    return [f'  <Choices name="{name}" {when} choice="single" showInline="true">', *choices, "  </Choices>"]


def _task(article: Article, claims: list[Claim]) -> Json:
    said = [_as_predicted(claim, article) for claim in claims if claim.prediction != NO_PREDICTION]
    data = {name: getattr(article, name) for name in ("text", "title", "outlet", "author", "date", "url")}
    task: Json = {"data": data | {"article": article.id, "exported": sealed(article, claims)}}
    if said:
        sure = [getattr(claim.prediction.scores, claim.stance) for claim in said]
        version = said[0].prediction.stance_model
        task["predictions"] = [{"model_version": version, "score": min(sure), "result": _result(article, said)}]
    if _annotated(claims):
        task["annotations"] = [{"result": _result(article, claims)}]
    return task


def _annotated(claims: list[Claim] | list[Line]) -> bool:
    """Whether people decided anything of an article, so that it is exported as an annotation."""
    return any(claim.annotator for claim in claims)


def _as_predicted(claim: Claim, article: Article) -> Claim:
    said = claim.prediction
    stance, text = said.stance or claim.stance, article.text[said.start : said.end]
    return replace(claim, start=said.start, end=said.end, text=text, speaker=said.speaker, stance=stance, note="")


def _result(article: Article, claims: list[Claim]) -> list[Json]:
    """The regions of claims, sources and cues, what is said of each claim, and the relations between them."""
    result: list[Json] = []
    drawn: set[str] = set()
    for span, lines in places_of(lines_of(claims)).items():
        id, values = lines[0].id, lines[0].values
        result.append(_region(article, id, "claim", span))
        result += [_say(article, id, f"{STANCE}{line.target}", span, line.values["stance"]) for line in lines]
        result += [_say(article, id, f"{NOTE}{line.target}", span, line.values["note"]) for line in lines]
        result += [_say(article, id, name, span, values[name]) for name in ("speaker", "quotation")]
        for kind, bounds in (("source", values["source"]), ("cue", values["cue"])):
            if bounds != NO_BOUNDS:
                other = f"{kind}:{bounds}"
                result += [] if other in drawn else [_region(article, other, kind, bounds)]
                drawn.add(other)
                relation = {"from_id": id, "to_id": other, "type": "relation", "direction": "right", "labels": [kind]}
                result.append(relation)
    return [one for one in result if one]


def _region(article: Article, id: str, kind: str, span: str) -> Json:
    start, end = bounds_of(span)
    value = {"start": start, "end": end, "text": article.text[start:end], "labels": [kind]}
    return {"id": id, "from_name": "span", "to_name": "text", "type": "labels", "value": value}


def _say(article: Article, id: str, name: str, span: str, value: str) -> Json:
    """What is said of a region; nothing where there is nothing to say."""
    if not value:
        return {}
    start, end = bounds_of(span)
    textarea = name == "speaker" or name.startswith(NOTE)
    body: Json = {"start": start, "end": end}
    body |= {"text": [value]} if textarea else {"text": article.text[start:end], "choices": [value]}
    return {
        "id": id, "from_name": name, "to_name": "text", "type": "textarea" if textarea else "choices", "value": body,
    }  # fmt: skip


def read(path: Path, view: View) -> Iterator[Page | Problem]:
    """What the tasks of an export of Label Studio say ("JSON", not "JSON-MIN")."""
    number = 0
    try:
        for number, task in enumerate(json_items(path), 1):
            yield from _page(task, view, str(path), number)
    except (ValueError, RecursionError) as error:
        remedy = "in Label Studio: Export, format JSON"
        yield Problem(str(path), f"not a JSON array of tasks: {error}", remedy, number + 1)


def _page(task: Any, view: View, file: str, number: int) -> Iterator[Page | Problem]:
    data = task.get("data") if isinstance(task, dict) else None
    held = unsealed(data.get("exported") if isinstance(data, dict) else None, view, file, number)
    if isinstance(held, Problem):
        yield held
        return
    article, exported = held
    found: list[list[Line]] = []
    for annotation in task.get("annotations") or []:
        if isinstance(annotation, dict) and not annotation.get("was_cancelled"):
            read = _Annotation(article, view, file, number)
            lines = read.lines(annotation.get("result") or [])
            yield from read.problems
            found += [matched(lines, exported)]
    ours = _annotated(exported)
    changed = [lines for lines in found if not ours or not _same(lines, exported)]
    if len(changed) > 1:
        remedy = "one import brings back one person's: delete or skip the others in Label Studio before you export"
        yield Problem(file, f"{len(changed)} people annotated this task", remedy, number, "annotations")
    elif changed:
        yield Page(file, number, article.id, exported, [replace(line, confirmed=not ours) for line in changed[0]])


def _same(lines: list[Line], exported: list[Line]) -> bool:
    return {line.id: line.values for line in lines} == {line.id: line.values for line in exported}


@dataclass(slots=True)
class _Annotation:
    """One person's annotation of a task."""

    article: Article
    view: View
    file: str
    number: int
    problems: list[Problem] = field(default_factory=list)
    _kinds: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Region → its label and span."""
    _said: dict[str, dict[str, str]] = field(default_factory=dict)
    """Region → control → value."""
    _relations: list[tuple[str, str]] = field(default_factory=list)

    def lines(self, result: list[Any]) -> list[Line]:
        for at, one in enumerate(result):
            try:
                self._hear(one)
            except (KeyError, TypeError, AttributeError):
                self._tell("is not what Label Studio writes", "export as JSON", f"result.{at}")
        return [line for id, (kind, span) in self._kinds.items() if kind == "claim" for line in self._lines(id, span)]

    def _hear(self, one: Any) -> None:
        if one["type"] == "relation":
            self._relations.append((str(one["from_id"]), str(one["to_id"])))
        elif one["from_name"] == "span":
            self._draw(str(one["id"]), one["value"])
        else:
            values = one["value"].get("choices") or one["value"].get("text")
            name, given = one["from_name"], [values] if isinstance(values, str) else list(values or [])
            if len(given) > 1:
                self._tell(f"{len(given)} values", "one is enough", name)
            elif given:
                self._said.setdefault(str(one["id"]), {})[name] = str(given[0])

    def _draw(self, id: str, value: Json) -> None:
        labels, quote = value.get("labels") or [], value.get("text")
        if len(labels) != 1 or labels[0] not in KINDS:
            self._tell(f"a region is labelled {', '.join(map(str, labels)) or 'nothing'}", f"one of {', '.join(KINDS)}")
            return
        span = quoted(self.article, value.get("start"), value.get("end"), quote if isinstance(quote, str) else None)
        if isinstance(span, str):
            self._tell(span, "draw the region again", "value.start")
        else:
            self._kinds[id] = (labels[0], f"{span.start}:{span.end}")

    def _lines(self, id: str, span: str) -> Iterator[Line]:
        said = dict(self._said.get(id, {}))
        shared = {**self._pointed(id, span), "span": span, "speaker": said.pop("speaker", "")}
        if quotation := said.pop("quotation", ""):
            shared["quotation"] = quotation
        stances = {name.removeprefix(STANCE): said.pop(name) for name in [*said] if name.startswith(STANCE)}
        notes = {name.removeprefix(NOTE): said.pop(name) for name in [*said] if name.startswith(NOTE)}
        if not stances:
            self._tell(f"the claim at [{span}) has no stance", "choose one, or delete the region", "stance")
        for name in said:
            self._tell(f"{name!r} is no control of ours", "leave it out of the labelling configuration", "from_name")
        for target in notes.keys() - stances.keys():
            self._tell(
                f"the claim at [{span}) has a note for {target}, and no stance", "choose one", f"{STANCE}{target}"
            )
        for target, stance in stances.items():
            yield Line(id, target, {**shared, "stance": stance, "note": notes.get(target, "")}, self.number)

    def _pointed(self, id: str, span: str) -> dict[DecidedField, str]:
        """The source and cue that the claim's relations lead to, whichever way they were drawn."""
        found: dict[DecidedField, str] = {"source": NO_BOUNDS, "cue": NO_BOUNDS}
        others = [b if a == id else a for a, b in self._relations if id in (a, b)]
        for kind, bounds in (self._kinds.get(other, ("", "")) for other in dict.fromkeys(others)):
            name: DecidedField = "cue" if kind == "cue" else "source"
            if kind not in KINDS[1:]:
                self._tell(f"the claim at [{span}) is related to what is no source or cue", "delete the relation")
            elif found[name] not in (NO_BOUNDS, bounds):
                self._tell(f"the claim at [{span}) has two of these", "delete one relation", name)
            else:
                found[name] = bounds
        return found

    def _tell(self, message: str, remedy: str, name: str = "") -> None:
        self.problems.append(Problem(self.file, message, remedy, self.number, name))
