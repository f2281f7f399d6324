"""The stance of a claim's speaker toward a target, as a zero-shot judgement of entailment.

The premise is the claim, its speaker named: `Ro Vannak said: …`. The hypotheses are the codebook's
for the target, in both directions. With a three-way model, of the probabilities averaged over the
wordings of a direction,

    favor   = (entailment of favor + contradiction of against) / 2
    against = (entailment of against + contradiction of favor) / 2
    neutral = (neutral of favor + neutral of against) / 2

One direction mostly decides as well as two. A classifier that knows this (`Classifier.shortcut`) is first
asked the favor hypotheses. Where the likeliest of their three mean probabilities is large enough, these are
the scores (entailment is favor, contradiction against); elsewhere both directions are averaged as above. Where
the two largest scores are then close, the claim is judged again, by both directions and as precisely as it can.

A two-way model knows no contradiction: with f and a the entailment of favor and of against, favor
is f(1 - a), against a(1 - f) and neutral (1 - f)(1 - a), divided by their sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from annotate.codebook import Target
from annotate.entailment import Classifier, Judgement, Shortcut
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
    found = _shortly(asked, classifier.shortcut) if classifier.shortcut else {}
    answers = _Answers(classifier.judge, classifier.two_way)
    answers.ask(pair for number, sides in enumerate(asked) if number not in found for side in sides for pair in side)
    return [found[n] if n in found else answers.verdict(*sides) for n, sides in enumerate(asked)]


_Pairs = list[tuple[str, str]]
"""Of premise and hypothesis."""


def _shortly(asked: Sequence[tuple[_Pairs, _Pairs]], way: Shortcut) -> dict[int, Verdict]:
    """The verdicts that a shortcut reaches, by the question's number."""
    answers = _Answers(way.judge, two_way=False)
    if way.sure < 1:
        answers.ask(pair for favor, _ in asked for pair in favor)
        asked = [(favor, [] if answers.likeliest(favor) >= way.sure else against) for favor, against in asked]
    answers.ask(pair for sides in asked for side in sides for pair in side)
    verdicts = enumerate(answers.verdict(*sides) for sides in asked)
    return {number: verdict for number, verdict in verdicts if _lead(verdict.scores) >= way.close}


def _lead(scores: Scores) -> float:
    """How far the largest score is before the next."""
    _, second, first = sorted((scores.favor, scores.neutral, scores.against))
    return first - second


class _Answers:
    """What was said of pairs."""

    def __init__(self, judge: Callable[[_Pairs], list[Judgement]], two_way: bool) -> None:
        self._judge, self._two_way = judge, two_way
        self._known: dict[tuple[str, str], Judgement] = {}

    def ask(self, pairs: Iterable[tuple[str, str]]) -> None:
        new = [pair for pair in dict.fromkeys(pairs) if pair not in self._known]
        if new:
            self._known |= zip(new, self._judge(new), strict=True)

    def likeliest(self, pairs: _Pairs) -> float:
        """The largest of the mean probabilities."""
        return max(_mean([self._known[pair] for pair in pairs]))

    def verdict(self, favor: _Pairs, against: _Pairs) -> Verdict:
        of_favor, of_against = ([self._known[pair] for pair in pairs] for pairs in (favor, against))
        scores = combined(of_favor, of_against, two_way=self._two_way)
        return Verdict(scores, any(judgement.truncated for judgement in (*of_favor, *of_against)))


def _pairs(question: Question) -> tuple[_Pairs, _Pairs]:
    """(premise, hypothesis) for favor, and for against."""
    said = premise(question.text, question.speaker)
    hypotheses = question.target.hypotheses_for(question.speaker)
    return [(said, h) for h in hypotheses.favor], [(said, h) for h in hypotheses.against]


def combined(favor: Sequence[Judgement], against: Sequence[Judgement], *, two_way: bool) -> Scores:
    """Scores from the judgements of the favor and of the against hypotheses, or of the favor hypotheses alone."""
    f = _mean(favor)
    a = _mean(against) if against else f[::-1]
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
