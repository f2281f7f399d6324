"""`croissant.json`: the newest release described in Croissant 1.1, for dataset searches and loaders.

The record sets follow from the record types. What a person adds to the file at its top level (creator, url, citeAs,
license, …) is kept when the next release writes it anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from annotate.codebook import Codebook
from annotate.corpus import RELEASES
from annotate.diffing import many
from annotate.errors import CorpusError
from annotate.manifest import Manifest
from annotate.records import Article, Claim, Decision, Speaker
from annotate.shards import shards_of

CROISSANT = "croissant.json"

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context of Croissant 1.1, to the letter: readers compare it."""

CONFORMS_TO = ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"]

FORMATS = {".jsonl": "application/jsonlines", ".toml": "application/toml"}
TYPES = {str: "sc:Text", int: "sc:Integer", float: "sc:Float", bool: "sc:Boolean"}

RECORD_SETS: dict[str, tuple[type[Any], str]] = {
    "claims": (Claim, "One claim and one target: the span, who speaks, the stance in force, and what the models said."),
    "articles": (Article, "The frozen texts that all offsets point into."),
    "speakers": (Speaker, "Everybody who speaks, listed in the codebook or found."),
    "decisions": (Decision, "What people decided: who, when, of which field, from what to what."),
}

DESCRIPTIONS = {
    "claims/start": "First Unicode code point of the claim in the article's text.",
    "claims/end": "One past the last code point of the claim.",
    "claims/stance": "favor, neutral or against: the speaker's stance toward the target, as this claim expresses it.",
    "claims/annotator": "Who decided, names joined by +; empty where no person did, and the label is a model's.",
    "claims/prediction": "What the models said, sealed, whatever people decided since.",
    "claims/continues": "The claim that this one continues, where a sentence is split by its cue; count both as one.",
    "articles/sha256": "SHA-256 of the text as UTF-8.",
}


def croissant(manifest: Manifest, codebook: Codebook, head: dict[str, Any], old: str = "") -> str:
    """The file for this release; `head` is the card's, `old` the file as it stands, "" where there is none.

    CorpusError where `old` is no JSON object.
    """
    kept = {key: value for key, value in _loaded(old).items() if not key.startswith("@")}
    made: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": str(head.get("pretty_name") or codebook.id),
        "description": _description(manifest, codebook),
        "version": manifest.version,
        "datePublished": manifest.date,
        "inLanguage": codebook.language,
        **_license(head),
        "rai:machineAnnotationTools": sorted({name for names in manifest.models.values() for name in names}),
        **({"rai:dataAnnotationProtocol": codebook.guidance} if codebook.guidance else {}),
        "distribution": list(_distribution(manifest)),
        "recordSet": [_record_set(name, manifest, *of) for name, of in RECORD_SETS.items()],
    }
    return json.dumps({**made, **{k: v for k, v in kept.items() if k not in made}}, indent=1, ensure_ascii=False) + "\n"


def _loaded(old: str) -> dict[str, Any]:
    try:
        value = json.loads(old or "{}")
    except ValueError as error:
        raise CorpusError(f"{CROISSANT}: is not JSON: {error}; mend it, or remove it to have it made anew") from None
    if not isinstance(value, dict):
        raise CorpusError(f"{CROISSANT}: is no JSON object; mend it, or remove it to have it made anew")
    return value


def _description(manifest: Manifest, codebook: Codebook) -> str:
    targets = "; ".join(target.name for target in codebook.targets)
    counts = manifest.counts
    return (
        f"Claims from news articles, each with its speaker and the speaker's stance (favor, neutral, against) toward: "
        f"{targets}. {many(counts.claims, 'claim')} of {many(counts.articles, 'article')}, {counts.decided} decided by "
        "people."
    )


def _license(head: dict[str, Any]) -> dict[str, Any]:
    """The card's license, if it names one."""
    found = head.get("license_link") or head.get("license")
    return {"license": found} if found else {}


def _distribution(manifest: Manifest) -> Iterator[dict[str, Any]]:
    for name, facts in manifest.files.items():
        yield {
            "@type": "cr:FileObject",
            "@id": name,
            "name": name,
            "contentUrl": f"{RELEASES}/{manifest.version}/{name}",
            "contentSize": f"{facts.bytes} B",
            "encodingFormat": FORMATS[name[name.rindex(".") :]],
            "sha256": facts.sha256,
        }
    folder = Path(RELEASES, manifest.version)
    for name in (f"{name}.jsonl" for name in RECORD_SETS):
        if name not in manifest.files:
            yield {
                "@type": "cr:FileSet",
                "@id": name,
                "name": name,
                "encodingFormat": FORMATS[".jsonl"],
                "includes": [(folder / file).as_posix() for file in shards_of(name, manifest.files)],
            }


def _record_set(name: str, manifest: Manifest, kind: type[Any], description: str) -> dict[str, Any]:
    file = f"{name}.jsonl"
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": description,
        **({"key": {"@id": f"{name}/id"}} if kind is not Decision else {}),
        "field": list(_fields(kind, name, {"fileObject" if file in manifest.files else "fileSet": {"@id": file}})),
    }


def _fields(kind: type[Any], place: str, file: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    """The fields of a record class; `file` says where its lines lie, `path` leads to it from the line."""
    hints = get_type_hints(kind, include_extras=True)
    for one in fields(kind):
        name = "from" if one.name == "from_" else one.name
        hint = _bare(hints[one.name])
        id = f"{place}/{name}"
        described = {"description": DESCRIPTIONS[id]} if id in DESCRIPTIONS else {}
        made = {"@type": "cr:Field", "@id": id, "name": name, **described}
        if is_dataclass(hint) and isinstance(hint, type):
            yield made | {"subField": list(_fields(hint, id, file, (*path, name)))}
        else:
            yield made | _leaf(hint, file, (*path, name))


def _leaf(hint: Any, file: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """Type and source of a field that holds a value."""
    column, *below = path
    source: dict[str, Any] = {**file, "extract": {"column": column}}
    if below:
        source["transform"] = {"jsonPath": ".".join(below)}
    if get_origin(hint) is tuple:
        many = {"isArray": True, "arrayShape": "-1"}
        return {"dataType": TYPES[_bare(get_args(hint)[0])], **many, "source": source}
    return {"dataType": "sc:Text" if get_origin(hint) is Literal else TYPES[hint], "source": source}


def _bare(hint: Any) -> Any:
    """The type without what `Annotated` says of it."""
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    return hint
