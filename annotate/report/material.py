"""What a report is made of: a corpus, read once, and what it says of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from annotate import shards
from annotate.corpus import ARTICLES, CLAIMS, CODEBOOK, DECISIONS, MANIFEST, RELEASES, SPEAKERS, Corpus
from annotate.decisions import Log, read_decisions
from annotate.edits import pending_edits
from annotate.manifest import Manifest
from annotate.quoting import Runs
from annotate.records import Article, Claim, Decision, Speaker
from annotate.report.reviewed import Reviewed, reviewed
from annotate.revising import base_claims
from annotate.standoff import Veil
from annotate.summary import Counted, Standing, counted, standings
from annotate.texts import ArticleIndex


class About(NamedTuple):
    """What is kept of an article."""

    title: str
    outlet: str
    date: str
    url: str
    language: str
    has_text: bool


class Material:
    """A corpus, read once; without `text` no name, role, id or address holds five words running of an article."""

    def __init__(self, corpus: Corpus, *, text: bool = True) -> None:
        self.corpus, self.codebook, self.text = corpus, corpus.codebook, text
        self._veil = None if text else _veil(corpus)
        claims, speakers = corpus.claims(), iter(corpus.speakers().values())
        if veil := self._veil:
            claims, speakers = map(veil.claim, claims), map(veil.speaker, speakers)
        self.speakers: dict[str, Speaker] = {speaker.id: speaker for speaker in speakers}
        self.decisions: list[Decision] = list(read_decisions(corpus.folder / DECISIONS))
        self.log = Log(self.decisions)
        self.claims: list[Claim] = list(claims)
        self.articles = dict(_about(article, self._veil) for article in corpus.articles())
        self.counted: list[Counted] = list(counted(self.claims, self.log))
        self.standings: list[Standing] = standings(self.counted, self.speakers)
        self.reviewed: Reviewed = reviewed(self.claims, self.log, self.decisions)

    def told(self, name: str) -> str:
        """An id, or another name, as the report may hold it."""
        return self._veil.person(name) if self._veil else name

    @property
    def heads(self) -> Iterator[Claim]:
        """Claims, of those that a cue splits the first part."""
        return (claim for claim in self.claims if not claim.continues)

    def models(self, role: str) -> Counter[str]:
        """How many claims each model judged; `role` is attribution or stance."""
        return Counter(filter(None, (getattr(claim.prediction, f"{role}_model") for claim in self.claims)))

    def hand_edits(self) -> int:
        """How much of what is shown was edited by hand and not adopted yet."""
        folder = self.corpus.folder
        file, base = folder / CLAIMS, base_claims(self.corpus)
        if self.corpus.frozen or not shards.files(base) or shards.sha256(file) == shards.sha256(base):
            return 0
        return len(pending_edits(file, base, self.log, ArticleIndex(folder / ARTICLES).get))

    @property
    def standoff(self) -> int:
        """Articles whose text is left out."""
        return sum(not about.has_text for about in self.articles.values())


def _veil(corpus: Corpus) -> Veil:
    words = Runs(words for article in corpus.articles() for words in (article.text, article.title))
    return Veil(words, {speaker.id for speaker in corpus.codebook.speakers})


def _about(article: Article, veil: Veil | None) -> tuple[str, About]:
    """The article's id, and what is kept of it."""
    has_text = bool(article.text) or not article.length
    article = veil.article(article) if veil else article
    return article.id, About(article.title, article.outlet, article.date, article.url, article.language, has_text)


def version_of(corpus: Corpus) -> str:
    """Which release this is, or what it has become since."""
    if corpus.frozen:
        return f"release {Manifest.read(corpus.folder / MANIFEST).version}"
    if not corpus.version:
        return "a working copy, not released yet"
    released = corpus.folder / RELEASES / corpus.version
    names = (ARTICLES, CLAIMS, SPEAKERS, CODEBOOK)
    same = all(shards.sha256(released / name) == shards.sha256(corpus.folder / name) for name in names)
    return f"release {corpus.version}" if same else f"a working copy, changed since release {corpus.version}"


def as_of(material: Material) -> str:
    """The day of the last thing that happened to the corpus and has a date."""
    corpus = material.corpus
    manifest = corpus.folder / MANIFEST if corpus.frozen else corpus.folder / RELEASES / corpus.version / MANIFEST
    days = [decision.time[:10] for decision in material.decisions]
    if corpus.frozen or corpus.version:
        days.append(Manifest.read(manifest).date)
    return max(days, default="not dated: nothing was decided or released yet")
