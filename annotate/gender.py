"""The pronoun that a given name hints at, from the list in given_names.txt."""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib import resources

_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae"})
"""Letters that Unicode does not take for another with an accent."""


def usual_pronoun(name: str) -> str:
    """The pronoun, he or she, of those who usually bear the first word of a full name; else "".

    A hint for finding who "she" is. It is never written into a record.
    """
    first, _, more = name.partition(" ")
    if not more:
        return ""
    letters = unicodedata.normalize("NFD", first.casefold().translate(_LETTERS))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _names().get(plain) or _names().get(plain.partition("-")[0], "")


@cache
def _names() -> dict[str, str]:
    """Given name → "he" or "she"."""
    found: dict[str, str] = {}
    pronoun = ""
    for line in resources.files("annotate").joinpath("given_names.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            pronoun = line.strip("[]")
        elif not line.startswith("#"):
            found.update(dict.fromkeys(line.split(), pronoun))
    return found
