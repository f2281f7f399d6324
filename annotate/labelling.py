"""The main job: an article in, its claims with speakers and stances out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from annotate.attribution import Attributor
from annotate.cast import Cast
from annotate.claims import Draft, drafts
from annotate.codebook import Codebook, Target
from annotate.corpus import Labelled
from annotate.entailment import Classifier
from annotate.errors import Problem, UsageError
from annotate.records import (
    NO_SPAN,
    SCHEMA_VERSION,
    Article,
    Claim,
    Prediction,
    Span,
    claim_id,
    text_digest,
)
from annotate.sentences import sentences
from annotate.speakers import Resolution, resolve
from annotate.stance import Question, Verdict, judge

LANGUAGES = ("en",)
"""Languages that the embedded attribution model knows."""


@dataclass(frozen=True, slots=True)
class Labeller:
    """The two models and the codebook that articles are labelled by."""

    codebook: Codebook
    attributor: Attributor
    classifier: Classifier

    def __post_init__(self) -> None:
        if self.codebook.language not in LANGUAGES:
            raise UsageError(
                f"the codebook's language is {self.codebook.language!r}, and the embedded models know "
                f"{', '.join(LANGUAGES)} only; translate the articles, or annotate them by hand"
            )

    def label(
        self,
        article: Article,
        report: Callable[[Problem], None] = lambda _: None,
        decided: Callable[[int, int], str] = lambda _start, _end: "",
        known: Mapping[str, str] = MappingProxyType({}),
    ) -> Labelled:
        """The article's claims in text order, one for each target; `report` hears of claims cut short.

        `decided` says which speaker people decided for a span, "" where nobody did: the stance is then judged
        as that speaker's, whose name is in `known` by id where the article does not tell it.
        """
        bounds = sentences(article.text)
        found = drafts(article.text, bounds, self.attributor.roles(article.text))
        cast = Cast(self.codebook, article.id, article.text)
        speakers = resolve(cast, found, bounds)
        names = dict(known) | {speaker.id: speaker.name for speaker in cast.speakers()}
        claims: list[Claim] = []
        heads = [found[draft.continues] if draft.continues >= 0 else draft for draft in found]
        judged = [decided(head.start, head.end) or who.speaker for head, who in zip(heads, speakers, strict=True)]
        for target in self.codebook.targets:
            verdicts = self._judged(article, found, [names.get(id, "") for id in judged], target)
            claims += self._claims(article, found, speakers, target, verdicts)
            for draft, verdict in zip(found, verdicts, strict=True):
                if verdict.truncated:
                    message = f"the claim at [{draft.start}, {draft.end}) is longer than the stance model reads"
                    report(Problem(article.id, message, "its stance was judged on the beginning", field="text"))
        claims.sort(key=lambda claim: (claim.start, claim.end))
        return Labelled(article, claims, cast.speakers())

    def _judged(self, article: Article, found: list[Draft], names: list[str], target: Target) -> list[Verdict]:
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
        found: list[Draft],
        speakers: list[Resolution],
        target: Target,
        verdicts: list[Verdict],
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


def label(articles: Iterable[Article], codebook: Codebook, model: str = "") -> Iterator[Claim]:
    """The claims of articles; `model` is a Hub id or local folder of an NLI model, "" the embedded one."""
    from annotate.models import stance_classifier

    labeller = Labeller(codebook, Attributor(), stance_classifier(model))
    for article in articles:
        yield from labeller.label(article).claims


def _span(article: Article, part: tuple[int, int, float] | None) -> Span:
    return Span(part[0], part[1], article.text[part[0] : part[1]]) if part else NO_SPAN
