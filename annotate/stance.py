"""The stance of a claim's speaker toward a target, as a zero-shot judgement of entailment.

The premise is the claim, its speaker named: `Ro Vannak said: …`. The hypotheses are the codebook's
for the target, in both directions. With a three-way model, of the probabilities averaged over the
wordings of a direction,

    favor   = (entailment of favor + contradiction of against) / 2
    against = (entailment of against + contradiction of favor) / 2
    neutral = (neutral of favor + neutral of against) / 2

A two-way model knows no contradiction: with f and a the entailment of favor and of against, favor
is f(1 - a), against a(1 - f) and neutral (1 - f)(1 - a), divided by their sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from annotate.codebook import Target
from annotate.entailment import Classifier, Judgement
from annotate.records import Scores


class Question(NamedTuple):
    """A claim to be judged: its text, its speaker's name ("" for narrator and unknown), the target."""

    text: str
    speaker: str
    target: Target


class Verdict(NamedTuple):
    """Scores of a question; `truncated` where the model did not see all of the claim."""

    scores: Scores
    truncated: bool


def premise(text: str, speaker: str) -> str:
    """What the model reads as premise."""
    return f"{speaker} said: {text}" if speaker else text


def judge(questions: Sequence[Question], classifier: Classifier) -> list[Verdict]:
    """A verdict per question; equal pairs are judged once."""
    asked = [_pairs(question) for question in questions]
    pairs = list(dict.fromkeys(pair for favor, against in asked for pair in (*favor, *against)))
    answers = dict(zip(pairs, classifier.judge(pairs), strict=True)) if pairs else {}
    verdicts = []
    for favor, against in asked:
        scores = combined([answers[p] for p in favor], [answers[p] for p in against], two_way=classifier.two_way)
        verdicts.append(Verdict(scores, any(answers[p].truncated for p in (*favor, *against))))
    return verdicts


def _pairs(question: Question) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(premise, hypothesis) for favor, and for against."""
    said = premise(question.text, question.speaker)
    hypotheses = question.target.hypotheses_for(question.speaker)
    return [(said, h) for h in hypotheses.favor], [(said, h) for h in hypotheses.against]


def combined(favor: Sequence[Judgement], against: Sequence[Judgement], *, two_way: bool) -> Scores:
    """Scores from the judgements of the favor and of the against hypotheses."""
    f, a = _mean(favor), _mean(against)
    if two_way:
        parts = f[0] * (1 - a[0]), (1 - f[0]) * (1 - a[0]), a[0] * (1 - f[0])
    else:
        parts = (f[0] + a[2]) / 2, (f[1] + a[1]) / 2, (a[0] + f[2]) / 2
    total = sum(parts) or 1.0
    return Scores.of(parts[0] / total, parts[1] / total, parts[2] / total)


def _mean(judgements: Sequence[Judgement]) -> tuple[float, float, float]:
    """Mean probabilities of entailment, neutral, contradiction."""
    count = len(judgements)
    return (
        sum(j.entailment for j in judgements) / count,
        sum(j.neutral for j in judgements) / count,
        sum(j.contradiction for j in judgements) / count,
    )
