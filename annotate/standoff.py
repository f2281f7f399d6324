"""Stand-off publication: a corpus without the text of its articles, for labels on news that others own.

- Texts and titles of articles, texts of claims, sources and cues are ""; offsets, hashes, digests and labels stay.
- No run of five words of any article, or of its title, stands anywhere in what is written. What software made of
  the articles (names, aliases and roles of found speakers, ids, addresses) and people's notes are shortened, made
  anew or blanked where they hold one; where a person's own file does (the codebook, the prose of the card and of the
  changelog), nothing is written, and the place is named. What was written is then read once more, file by file.
- `anchors.jsonl` keeps a digest of the words of each span, so that `hydrate` finds it in another copy. As any digest
  it tells whoever guesses the words that the guess is right; words so few that they are soon guessed (a name, "said")
  were no secret.
- The log of decisions is a new log of the new folder: every decision stands in it, notes blanked and ids replaced as
  everywhere. Releases stay behind, since they hold text: `annotate release OUT` makes a first one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from annotate import wire
from annotate.anchoring import Bounds, anchor
from annotate.corpus import (
    ANCHORS,
    ARTICLES,
    BASE,
    CARD,
    CHANGELOG,
    CLAIMS,
    CODEBOOK,
    DECISIONS,
    REMOVALS,
    SPEAKERS,
    Corpus,
)
from annotate.decisions import GONE, Log, folded, read_decisions, remembered, spans_of
from annotate.errors import CorpusError, Problem
from annotate.founding import founding, source, write_prose
from annotate.quoting import Runs, shortened
from annotate.records import NO_PREDICTION, Anchor, Article, Claim, Decision, Removal, Speaker, digest
from annotate.revising import Revision
from annotate.texts import ArticleIndex

QUOTES = "holds five words running of an article"


@dataclass(slots=True)
class Stripped:
    """What a stand-off corpus holds, and what was blanked or made anew in it beside the texts."""

    articles: int = 0
    claims: int = 0
    changed: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        also = ", ".join(f"{count} {what}" for what, count in sorted(self.changed.items()))
        said = f"{self.articles} articles, {self.claims} claims, without text"
        return said + (f"; held words of an article and were blanked or made anew: {also}" if also else "")


def strip(folder: Path, out: Path) -> Stripped:
    """Write the corpus without its text into `out`, a new or empty folder.

    Raises CorpusError, with nothing written, where it has problems or a person's file holds words of an article.
    """
    with source(folder) as (corpus, log):
        runs = Runs(_texts(corpus))
        _refuse_prose(corpus, runs)
        veil = Veil(runs, {speaker.id for speaker in corpus.codebook.speakers})
        with founding(out, corpus.shards) as revision:
            claims = _write(corpus, log, veil, revision)
            revision.close()
            _prove(revision, runs)
    return Stripped(veil.articles, claims, veil.changed)


def _texts(corpus: Corpus) -> Iterator[str]:
    """Everything that must not be told; CorpusError where it is not there to compare with."""
    for article in corpus.articles():
        if article.length and not article.text:
            problem = Problem(article.id, "has no text here, so that nothing can prove that none of it is told")
            raise CorpusError(f"{corpus.folder}: is stand-off already; annotate hydrate puts texts back", [problem])
        yield article.text
        yield article.title


def _refuse_prose(corpus: Corpus, runs: Runs) -> None:
    problems = [
        Problem(str(corpus.folder / name), f"{QUOTES}: “{run}”", "say it in other words", line)
        for name in (CODEBOOK, CARD, CHANGELOG)
        if (corpus.folder / name).exists()
        for line, run in runs.in_file(corpus.folder / name)
    ]
    if problems:
        raise CorpusError(f"{corpus.folder}: {len(problems)} places quote an article; nothing was written", problems)


def _write(corpus: Corpus, log: Log, veil: Veil, revision: Revision) -> int:
    """Stage every file; the number of claims."""
    change, old = revision.change, corpus.folder
    revision.write_articles(map(veil.article, corpus.articles()))
    revision.write_speakers(map(veil.speaker, corpus.read(SPEAKERS, Speaker)))
    wire.write(change.path(DECISIONS), map(veil.decision, read_decisions(old / DECISIONS)))
    if (old / REMOVALS).exists():
        wire.write(change.path(REMOVALS), map(veil.removal, corpus.read(REMOVALS, Removal)))
    shown = ArticleIndex(change.path(ARTICLES)).get
    stripped = map(veil.claim, corpus.claims())
    count = wire.write(change.path(CLAIMS), folded(stripped, Log.read(change.path(DECISIONS)), shown))
    wire.write(change.path(ANCHORS), _anchors(corpus, log, veil))
    write_prose(corpus, revision)
    return count


def _prove(revision: Revision, runs: Runs) -> None:
    """CorpusError where any file that is about to be published holds a run after all."""
    staged = revision.change.scratch(".")
    copied = {path for path in (staged / BASE).glob("*") if (staged / path.name).exists()}
    files = [path for path in sorted(staged.rglob("*")) if path.is_file() and path not in copied]
    problems = [
        Problem(path.relative_to(staged).as_posix(), f"would hold five words running of an article: “{run}”", "", line)
        for path in files
        for line, run in runs.in_file(path)
    ]
    if problems:
        raise CorpusError(f"{revision.corpus.folder}: words of an article would be told; nothing was written", problems)


def _anchors(corpus: Corpus, log: Log, veil: Veil) -> Iterator[Anchor]:
    """A digest of every span that claims or people's decisions speak of, article by article."""
    texts = ArticleIndex(corpus.folder / ARTICLES)

    def digests(id: str, spans: Iterator[Bounds], known: set[Bounds]) -> Iterator[Anchor]:
        article = texts.get(id)
        for start, end in spans:
            if article and (start, end) not in known and end <= article.length:
                known.add((start, end))
                yield anchor(veil.article_id(id), start, end, article.text[start:end])

    last, known = "", set[Bounds]()
    for claim in corpus.claims():
        if claim.article != last:
            last, known = claim.article, set()
        yield from digests(last, spans_of(claim), known)
        yield from digests(last, log.places(claim.id), known)
    for claim_id, line in log.lines():
        if log.is_gone(claim_id):
            yield from digests(line.article, log.places(claim_id), set())


class Veil:
    """Records without the articles' words."""

    def __init__(self, runs: Runs, listed: set[str]) -> None:
        self._runs, self._listed = runs, listed
        self._ids: dict[str, str] = {}
        self.articles = 0
        self.changed: Counter[str] = Counter()

    def article(self, article: Article) -> Article:
        self.articles += 1
        return replace(
            article,
            id=self.article_id(article.id),
            title="",
            outlet=self._blanked("metadata of articles", article.outlet),
            author=self._blanked("metadata of articles", article.author),
            date=self._blanked("metadata of articles", article.date),
            language=self._blanked("metadata of articles", article.language),
            url=self._address(article.url),
            text="",
        )

    def speaker(self, speaker: Speaker) -> Speaker:
        name, role = self._name(speaker.name), self._blanked("roles", speaker.role)
        quiet = [alias for alias in speaker.aliases if not self._tells(alias)]
        if dropped := len(speaker.aliases) - len(quiet):
            self.changed["aliases"] += dropped
        aliases = tuple(quiet) if name in quiet else (name, *quiet)
        shown = replace(speaker, id=self.person(speaker.id), name=name, aliases=aliases, role=role)
        # Aliases may quote the article one after the other.
        return replace(shown, aliases=(name,)) if self._tells(wire.dump(shown)) else shown

    def _name(self, name: str) -> str:
        if not self._tells(name):
            return name
        self.changed["names"] += 1
        return "" if self._tells(shortened(name)) else shortened(name)

    def claim(self, claim: Claim) -> Claim:
        said = claim.prediction
        predicted = self.person(said.speaker)
        if said != NO_PREDICTION and predicted != said.speaker:
            said = replace(said, speaker=predicted).sealed(claim.id)
        return replace(
            claim,
            article=self.article_id(claim.article),
            text="",
            source=replace(claim.source, text=""),
            cue=replace(claim.cue, text=""),
            speaker=self.person(claim.speaker),
            note=self._blanked("notes", claim.note),
            prediction=said,
        )

    def decision(self, decision: Decision) -> Decision:
        def shown(value: str) -> str:
            match decision.field:
                case "note":
                    return self._blanked("notes in the log", value)
                case "speaker":
                    return self.person(value)
                case "claim" if value != GONE:
                    line = wire.load(value, Claim)
                    veiled = self.claim(line)
                    return value if veiled == line else remembered(veiled)
                case _:
                    return value

        return replace(decision, from_=shown(decision.from_), to=shown(decision.to))

    def removal(self, removal: Removal) -> Removal:
        reason = self._blanked("reasons", removal.reason)
        return replace(removal, article=self.article_id(removal.article), reason=reason)

    def article_id(self, id: str) -> str:
        return self._named("ids of articles", id, "a")

    def person(self, id: str) -> str:
        return id if id in self._listed else self._named("ids of speakers", id, "s")

    def _named(self, what: str, id: str, letter: str) -> str:
        """The id, or one made from its digest where it holds words of an article."""
        if id not in self._ids:
            told = self._tells(id)
            self.changed.update([what] if told else [])
            self._ids[id] = digest(id, letter=letter, size=12) if told else id
        return self._ids[id]

    def _address(self, url: str) -> str:
        """The address, or its scheme and host where the rest tells the headline."""
        if not self._tells(url):
            return url
        self.changed["addresses"] += 1
        try:
            parts = urlsplit(url)
            host = f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""
        except ValueError:
            host = ""
        return "" if self._tells(host) else host

    def _blanked(self, what: str, text: str) -> str:
        if not self._tells(text):
            return text
        self.changed[what] += 1
        return ""

    def _tells(self, text: str) -> bool:
        return bool(text) and bool(self._runs.first(text))
