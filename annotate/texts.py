"""The articles of a corpus by id, their texts read when they are asked for."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from annotate import wire
from annotate.errors import Problem, did_you_mean
from annotate.records import Article
from annotate.shards import Lines

TEXTS_AT_HAND = 64
"""How many articles' texts are kept in memory while the claims stream by."""


class ArticleIndex:
    """Articles by id, read from the disk when asked for, the last few kept."""

    def __init__(self, path: Path) -> None:
        self._lines = Lines(path)
        self._places: dict[str, int] = {}
        self._texts: OrderedDict[str, Article] = OrderedDict()
        self.problems = list(self._scan())

    def _scan(self) -> Iterator[Problem]:
        for file, number, place, raw in self._lines:
            name = str(file)
            article = wire.parse(raw, Article, number, name)
            if isinstance(article, list):
                yield from article
            elif article.id in self._places:
                yield Problem(name, f"{article.id!r} stands twice", "keep one", number, "id")
            else:
                self._places[article.id] = place
                for field, message, remedy in check_article(article):
                    yield Problem(name, message, remedy, number, field)

    def get(self, article_id: str) -> Article | None:
        if article_id in self._texts:
            self._texts.move_to_end(article_id)
        elif article_id in self._places:
            with self._lines.reader() as line_at:
                line = line_at(self._places[article_id]).decode().removeprefix(wire.BOM)
            self._texts[article_id] = wire.load(line, Article)
            if len(self._texts) > TEXTS_AT_HAND:
                self._texts.popitem(last=False)
        return self._texts.get(article_id)

    def shard(self, article_id: str) -> int | None:
        """In which shard the article stands, None for an article that is not there."""
        return self._lines.part(self._places[article_id]) if article_id in self._places else None

    def nearest(self, article_id: str) -> str:
        return did_you_mean(article_id, self._places) or "an id of articles.jsonl, or delete the line"


def check_article(article: Article) -> Iterator[tuple[str, str, str]]:
    """Field, message and remedy of what is wrong with one article; a stand-off article has no text."""
    if not article.text and article.length:
        return
    if len(article.text) != article.length:
        yield (
            "length",
            f"{article.length}, but the text has {len(article.text)} code points",
            "the text must stay as it was read",
        )
    elif hashlib.sha256(article.text.encode()).hexdigest() != article.sha256:
        yield "sha256", "is not the text's", "the text must stay as it was read: restore it"
