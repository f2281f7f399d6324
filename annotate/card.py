"""The dataset card of a corpus: its head is generated, its prose is the user's and is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from importlib.metadata import version
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import yaml

from annotate.codebook import Codebook
from annotate.errors import CorpusError
from annotate.records import SCHEMA_VERSION, Claim

FENCE = "---\n"


CLAIMS = "claims.jsonl"
WORKING = "working"
"""The config that is the corpus as it stands."""


def card(
    old: str,
    codebook: Codebook,
    releases: Sequence[str] = (),
    claims: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The card with its head made anew; `old` is the card as it stands, "" where there is none.

    `releases` are versions, oldest first: each is a config of its own, and the last one the default. `claims` tells
    what the files of a config's claims are called (default: claims.jsonl), with a * where they are many.
    """
    head, prose = _split(old)
    head = {"language": [codebook.language], **head}
    names = [WORKING, *releases]
    files = {name: claims.get(name, CLAIMS) for name in names}
    head["configs"] = [_config(name, files[name], default=name == names[-1]) for name in names]
    head["annotate"] = {"schema": SCHEMA_VERSION, "software": version("annotate-stance")}
    head["dataset_info"] = [{"config_name": name, "features": features(Claim)} for name in names]
    shown = yaml.safe_dump(head, sort_keys=False, allow_unicode=True, width=100)
    return f"{FENCE}{shown}{FENCE}{prose or _prose(codebook, files[WORKING])}"


def head_of(card: str) -> dict[str, Any]:
    """What the head of a card says, empty where it has none."""
    return _split(card)[0]


def _config(name: str, claims: str, *, default: bool) -> dict[str, Any]:
    path = claims if name == WORKING else f"releases/{name}/{claims}"
    data_files = [{"split": "train", "path": path}]
    return {"config_name": name, **({"default": True} if default else {}), "data_files": data_files}


def features(kind: type[Any]) -> list[dict[str, Any]]:
    """The `datasets` features of a record class, as a card spells them."""
    hints = get_type_hints(kind, include_extras=True)
    return [{"name": field.name, **_feature(hints[field.name])} for field in fields(kind)]


def _feature(hint: Any) -> dict[str, Any]:
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) is Literal:
        names = get_args(hint)
        if len(names) == 1 or "" in names:
            return {"dtype": "string"}
        return {"dtype": {"class_label": {"names": {str(i): name for i, name in enumerate(names)}}}}
    if is_dataclass(hint) and isinstance(hint, type):
        return {"struct": features(hint)}
    return {"dtype": {str: "string", int: "int64", float: "float64", bool: "bool"}[hint]}


def _split(text: str) -> tuple[dict[str, Any], str]:
    """The head of a card as a mapping, and the prose after it."""
    text = text.removeprefix("\ufeff")
    if not text.startswith(FENCE):
        return {}, text
    found = re.match(r"---\n(.*?)^---[ \t]*(?:\n|\Z)", text, re.DOTALL | re.MULTILINE)
    if not found:
        raise CorpusError("README.md: its head has no second line ---; add it")
    try:
        head = yaml.safe_load(found[1]) or {}
    except (yaml.YAMLError, ValueError) as error:
        raise CorpusError(f"README.md: the head between the --- lines is not YAML: {error}") from None
    if not isinstance(head, dict):
        raise CorpusError("README.md: the head between the --- lines is not a YAML mapping; mend or remove it")
    return head, text[found.end() :]


def _prose(codebook: Codebook, claims: str) -> str:
    targets = "\n".join(f"- **{t.name}** (`{t.id}`): {t.description or t.name}" for t in codebook.targets)
    return f"""
# {codebook.id}

Claims from news articles, each with its speaker and the speaker's stance (favor, neutral, against) toward

{targets}

One line of `{claims}` is one claim and one target. `stance` and `speaker` are the labels in force; `prediction`
keeps what the models said, sealed; `annotator` names the person who decided, and is empty where none did. Offsets
are Unicode code points into `text` of `{claims.replace("claims", "articles")}`. The codebook is `codebook.toml`.

```python
from datasets import load_dataset

claims = load_dataset("PATH_OF_THIS_FOLDER", split="train")
```

Labels that no person has decided are a model's, and wrong at the rate that the model's card states.
"""
