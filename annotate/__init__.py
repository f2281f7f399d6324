"""From news articles to a corpus of claims, speakers and stances.

import annotate

codebook = annotate.Codebook.read("codebook.toml")
article = annotate.Article.of("Jane Doe said the drills were a mistake.")
for claim in annotate.label([article], codebook):
    print(claim.speaker, claim.stance, claim.text)

corpus = annotate.Corpus.open("corpus/us-cambodia")
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from annotate.articles import read_articles
    from annotate.codebook import Codebook
    from annotate.corpus import Corpus
    from annotate.errors import AnnotateError, Problem
    from annotate.labelling import label
    from annotate.records import Article, Claim, Prediction, Scores, Span, Speaker

_HOMES = {
    "AnnotateError": "errors",
    "Article": "records",
    "Claim": "records",
    "Codebook": "codebook",
    "Corpus": "corpus",
    "Prediction": "records",
    "Problem": "errors",
    "Scores": "records",
    "Span": "records",
    "Speaker": "records",
    "label": "labelling",
    "read_articles": "articles",
}
"""Public name → module. Names are fetched when used, so that `annotate --help` imports next to nothing."""

__all__ = [
    "AnnotateError",
    "Article",
    "Claim",
    "Codebook",
    "Corpus",
    "Prediction",
    "Problem",
    "Scores",
    "Span",
    "Speaker",
    "label",
    "read_articles",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
