"""The corpora that this repository publishes are sound, and what is licensed is not among them."""

from pathlib import Path

import pytest
from conftest import claims_of

from annotate.checking import check
from annotate.corpus import Corpus
from annotate.releases import check_releases

CORPORA = Path(__file__).parents[1] / "corpus"


@pytest.mark.parametrize("name", sorted(path.name for path in CORPORA.iterdir()))
def test_every_published_corpus_is_sound(name: str) -> None:
    corpus = Corpus.open(CORPORA / name)
    assert list(check(corpus)) == []
    assert list(check_releases(corpus)) == []


def test_the_licensed_article_is_stand_off_and_wholly_decided() -> None:
    folder = CORPORA / "us-cambodia-article"
    corpus, log = Corpus.open(folder), Corpus.open(folder).log()
    assert corpus.version == "1.0.0"
    assert [(article.text, article.title) for article in corpus.articles()] == [("", "")]
    claims = claims_of(folder)
    assert len(claims) == 36
    for claim in claims:
        assert (claim.text, claim.source.text, claim.cue.text, claim.annotator) == ("", "", "", "gold")
        assert claim.end > claim.start
        assert log.decided(claim.id)
