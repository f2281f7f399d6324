"""The main job: an article in, its claims with speakers and stances out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from annotate.attribution import Attributor
from annotate.cast import Cast
from annotate.claims import Draft, drafts
from annotate.codebook import Codebook, Target
from annotate.corpus import Labelled
from annotate.engine.cache import FindsRoles, Remembering
from annotate.entailment import Classifier
from annotate.errors import Problem, UsageError
from annotate.merging import NOTHING_DECIDED, Decided
from annotate.models import stance_classifier
from annotate.records import (
    NO_SPAN,
    SCHEMA_VERSION,
    Article,
    Claim,
    Prediction,
    Span,
    Speaker,
    claim_id,
    text_digest,
)
from annotate.sentences import sentences
from annotate.speakers import Resolution, resolve
from annotate.stance import Question, Verdict, judge

LANGUAGES = ("en",)
"""Languages that the embedded attribution model knows."""


class Attributed(NamedTuple):
    """An article's claims with their speakers, before their stance is judged; it can be pickled."""

    article: Article
    drafts: list[Draft]
    resolutions: list[Resolution]
    """Who speaks, for each draft."""
    speakers: list[Speaker]
    """Everybody who speaks in the article."""


@dataclass(frozen=True, slots=True)
class Labeller:
    """The two models and the codebook that articles are labelled by."""

    codebook: Codebook
    attributor: FindsRoles
    classifier: Classifier

    def __post_init__(self) -> None:
        if self.codebook.language not in LANGUAGES:
            raise UsageError(
                f"the codebook's language is {self.codebook.language!r}, and the embedded models know "
                f"{', '.join(LANGUAGES)} only; translate the articles, or annotate them by hand"
            )

    def label(self, article: Article, decided: Decided = NOTHING_DECIDED) -> Labelled:
        """The article's claims in text order, one for each target, and a problem for each that was cut short.

        A stance is judged as that of the speaker whom people decided, where they did.
        """
        return self.judge(self.attribute(article), decided)

    def attribute(self, article: Article) -> Attributed:
        """The article's claims and who speaks in each."""
        bounds = sentences(article.text)
        found = drafts(article.text, bounds, self.attributor.roles(article.text))
        cast = Cast(self.codebook, article.id, article.text)
        speakers = resolve(cast, found, bounds)
        return Attributed(article, found, speakers, cast.speakers())

    def judge(self, attributed: Attributed, decided: Decided = NOTHING_DECIDED) -> Labelled:
        """The stances of an article's claims toward every target."""
        article, found, resolutions, speakers = attributed
        names = dict(decided.names) | {speaker.id: speaker.name for speaker in speakers}
        heads = [found[draft.continues] if draft.continues >= 0 else draft for draft in found]
        judged = [decided.speaker(head.start, head.end) for head in heads]
        called = [names.get(id or who.speaker, "") for id, who in zip(judged, resolutions, strict=True)]
        claims: list[Claim] = []
        problems: list[Problem] = []
        for target in self.codebook.targets:
            verdicts = self._judged(article, found, called, target)
            claims += self._claims(article, found, resolutions, target, verdicts)
            problems += _cut_short(article, found, verdicts)
        claims.sort(key=lambda claim: (claim.start, claim.end))
        return Labelled(article, claims, speakers, tuple(problems))

    def _judged(self, article: Article, found: Sequence[Draft], names: list[str], target: Target) -> list[Verdict]:
        """A verdict per draft, by its speaker's name; the parts of a claim that its cue splits are judged as one."""
        joined = [article.text[draft.start : draft.end] for draft in found]
        for index, draft in enumerate(found):
            if draft.continues >= 0:
                joined[draft.continues] += f" {joined[index]}"
        texts = [joined[draft.continues if draft.continues >= 0 else index] for index, draft in enumerate(found)]
        questions = [Question(text, name, target) for text, name in zip(texts, names, strict=True)]
        return judge(questions, self.classifier)

    def _claims(
        self,
        article: Article,
        found: Sequence[Draft],
        speakers: Sequence[Resolution],
        target: Target,
        verdicts: Sequence[Verdict],
    ) -> Iterator[Claim]:
        ids = [claim_id(article.sha256, draft.start, draft.end, target.id) for draft in found]
        for index, (draft, who, verdict) in enumerate(zip(found, speakers, verdicts, strict=True)):
            text = article.text[draft.start : draft.end]
            stance = verdict.scores.stance
            prediction = Prediction(
                start=draft.start,
                end=draft.end,
                speaker=who.speaker,
                speaker_score=round(min(1.0, who.score), 4),
                speaker_reason=who.reason,
                stance=stance,
                scores=verdict.scores,
                attribution_model=self.attributor.name,
                stance_model=self.classifier.name,
                seal="",
            )
            yield Claim(
                schema_version=SCHEMA_VERSION,
                id=ids[index],
                article=article.id,
                start=draft.start,
                end=draft.end,
                text=text,
                digest=text_digest(text),
                quotation=draft.quotation,
                source=_span(article, draft.source),
                cue=_span(article, draft.cue),
                continues=ids[draft.continues] if draft.continues >= 0 else "",
                speaker=who.speaker,
                target=target.id,
                stance=stance,
                annotator="",
                note="",
                prediction=prediction.sealed(ids[index]),
            )


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a labeller is made from: small, and it can be pickled, so that every process makes its own.

    `model` is a Hub id or local folder of an NLI model, "" the embedded one; `cache` a folder in which attribution
    is kept from one run to the next; `precision` how a model that is not embedded computes.
    """

    codebook: Codebook
    model: str = ""
    cache: Path | None = None
    precision: str = "auto"

    def labeller(self) -> Labeller:
        """The models; each loads when it is first used."""
        attributor = Attributor()
        finds = Remembering(attributor, self.cache) if self.cache else attributor
        return Labeller(self.codebook, finds, stance_classifier(self.model, self.precision))


def label(articles: Iterable[Article], codebook: Codebook, model: str = "") -> Iterator[Claim]:
    """The claims of articles; `model` is a Hub id or local folder of an NLI model, "" the embedded one."""
    labeller = Recipe(codebook, model).labeller()
    for article in articles:
        yield from labeller.label(article).claims


def _cut_short(article: Article, found: Sequence[Draft], verdicts: Sequence[Verdict]) -> Iterator[Problem]:
    for draft, verdict in zip(found, verdicts, strict=True):
        if verdict.truncated:
            message = f"the claim at [{draft.start}, {draft.end}) is longer than the stance model reads"
            yield Problem(article.id, message, "its stance was judged on the beginning", field="text")


def _span(article: Article, part: tuple[int, int, float] | None) -> Span:
    return Span(part[0], part[1], article.text[part[0] : part[1]]) if part else NO_SPAN
