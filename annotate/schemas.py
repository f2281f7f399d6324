"""The JSON Schemas of the corpus files, generated from the record types.

python -m annotate.schemas schemas/
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from annotate import wire
from annotate.records import SCHEMA_VERSION


def generated() -> dict[str, str]:
    """File name → content of every schema."""
    return {
        f"{name}.{SCHEMA_VERSION}.json": json.dumps(wire.schema(kind), indent=2, ensure_ascii=False) + "\n"
        for name, kind in wire.KINDS.items()
    }


if __name__ == "__main__":
    for name, content in generated().items():
        (Path(sys.argv[1]) / name).write_text(content, encoding="utf-8", newline="\n")
