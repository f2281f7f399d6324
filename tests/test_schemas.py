"""The schemas in the repository are those of the types, are legal, and admit what the software writes."""

import hashlib
import json
from pathlib import Path

import jsonschema
import pytest

from annotate import wire
from annotate.schemas import generated

SCHEMAS = Path(__file__).parents[1] / "schemas"
SAMPLE = Path(__file__).parents[1] / "corpus" / "us-cambodia"


def test_the_schemas_in_the_repository_are_generated_from_the_types() -> None:
    there = {path.name: path.read_text(encoding="utf-8") for path in SCHEMAS.glob("*.json")}
    assert there == generated(), "run: python -m annotate.schemas schemas"


@pytest.mark.parametrize("kind", wire.KINDS)
def test_the_published_corpus_fits_its_schema(kind: str) -> None:
    schema = json.loads((SCHEMAS / f"{kind}.v1.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    path = SAMPLE / f"{kind}.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    assert lines or kind in ("decisions", "removals", "anchors")
    for line in lines:
        validator.validate(json.loads(line))


def test_a_line_with_a_missing_a_null_or_a_foreign_key_does_not_fit() -> None:
    validator = jsonschema.Draft202012Validator(json.loads((SCHEMAS / "claims.v1.json").read_text(encoding="utf-8")))
    claim = json.loads((SAMPLE / "claims.jsonl").read_text(encoding="utf-8").splitlines()[0])
    for wrong in (
        {key: value for key, value in claim.items() if key != "note"},
        claim | {"note": None},
        claim | {"foreign": ""},
        claim | {"stance": "favour"},
        claim | {"prediction": claim["prediction"] | {"extra": 1}},
    ):
        assert not validator.is_valid(wrong)


def test_a_released_schema_never_changes() -> None:
    """A change of meaning needs a new major version, with a file and a line of its own."""
    frozen = dict(line.split()[::-1] for line in (SCHEMAS / "SHA256SUMS").read_text(encoding="utf-8").splitlines())
    assert frozen.keys() == {path.name for path in SCHEMAS.glob("*.json")}
    for name, sha256 in frozen.items():
        content = (SCHEMAS / name).read_text(encoding="utf-8").encode()
        assert hashlib.sha256(content).hexdigest() == sha256, name
