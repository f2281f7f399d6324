"""An article that is taken down goes, says so, and does not come back."""

from pathlib import Path

import pytest
from conftest import claims_of, labelled, make_article, the_summit

from annotate.checking import check
from annotate.codebook import Codebook
from annotate.corpus import Corpus
from annotate.errors import CorpusError, UsageError
from annotate.removing import remove
from annotate.writing import writing


def test_an_article_goes_with_its_claims_and_its_speakers(corpus: Path, codebook: Codebook) -> None:
    with writing(corpus, codebook) as writer:
        writer.add(labelled(make_article("Nothing was said.", "quiet"), []))
    assert str(remove(corpus, "summit", "the publisher asked")) == "article summit and its 4 claims are taken down"
    opened = Corpus.open(corpus)
    assert [article.id for article in opened.articles()] == ["quiet"]
    assert claims_of(corpus) == []
    assert list(opened.speakers()) == ["seun-sam"]
    assert list(check(opened)) == []
    assert (opened.removals()["summit"].reason, opened.removals()["summit"].claims) == ("the publisher asked", 4)


@pytest.mark.parametrize("id", ["summit", "another-id"])
def test_neither_its_id_nor_its_text_comes_back(corpus: Path, codebook: Codebook, id: str) -> None:
    remove(corpus, "summit", "the publisher asked")
    again = the_summit()
    article = make_article(again.article.text, id)
    with writing(corpus, codebook) as writer:
        problem = writer.conflict(article)
        assert problem and "taken down on" in problem.message and "the publisher asked" in problem.message
        with pytest.raises(CorpusError, match="taken down"):
            writer.add(labelled(article, []))


def test_an_article_that_is_not_there_and_a_reason_that_is_none_are_wrong_use(corpus: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'summit'"):
        remove(corpus, "sumit", "why")
    with pytest.raises(UsageError, match="say why"):
        remove(corpus, "summit", "  ")


def test_a_last_line_that_an_editor_left_open_is_ended_first(corpus: Path, codebook: Codebook) -> None:
    with writing(corpus, codebook) as writer:
        writer.add(labelled(make_article("Nothing was said.", "quiet"), []))
    remove(corpus, "quiet", "a test")
    path = corpus / "removals.jsonl"
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    remove(corpus, "summit", "the publisher asked")
    assert list(Corpus.open(corpus).removals()) == ["quiet", "summit"]
    assert list(check(Corpus.open(corpus))) == []
