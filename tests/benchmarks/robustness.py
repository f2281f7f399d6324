"""Robustness: what must not change a label does not, and what must change it does.

The model must answer every question with finite scores that sum to 1. A check passes if the label is the one wanted,
see `altering.py`; whether labels depend on whose country it is, is measured against the commonest over all countries.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import metrics
import speaking
from altering import ANY, SAME, TESTS, Check, cases, checks, claims
from bench import Run, Timed, attributor, classifier, verdicts
from metrics import Table

from annotate.attribution import Attributor
from annotate.codebook import Target
from annotate.entailment import Classifier
from annotate.records import STANCES, Scores
from annotate.stance import Question, Verdict

COUNTRY = "another country"
TEXTLESS = ("unaltered", "nothing said", "10,000 characters")
"""Tests in which nothing is made of a claim's own text."""
MARKS, NAMES = "attribution: marks and spaces", "attribution: another name"


class Outcome(NamedTuple):
    """What a model said to a check, None where it failed, and its label (scores) of the claim unaltered."""

    check: Check
    before: Scores | None
    verdict: Verdict | None
    passed: bool


# ---- Asking ----


def outcomes(asked: Sequence[Check], model: Classifier) -> list[Outcome]:
    """What becomes of each check."""
    every = claims()
    numbers = list(dict.fromkeys(check.claim for check in asked))
    unaltered = dict(zip(numbers, answers([every[n].asked() for n in numbers], model), strict=True))
    found = []
    for check, verdict in zip(asked, answers([check.question for check in asked], model), strict=True):
        before = unaltered[check.claim]
        scores = before and before.scores
        found.append(Outcome(check, scores, verdict, _passed(check.wanted, scores, verdict)))
    return found


def countries(model: Classifier, every: int = 1) -> list[list[Outcome]]:
    """Per template (or every second, and so on), the outcome for each country.

    What they are compared with is the first that has the commonest label.
    """
    names = cases()["countries"]["names"]
    found = []
    for number, template in list(enumerate(cases()["countries"]["templates"]))[::every]:
        filled = [{key: value.format(country=name) for key, value in template.items()} for name in names]
        questions = [Question(f["text"], f["speaker"], Target("target", f["target"])) for f in filled]
        said = answers(questions, model)
        stances = Counter(verdict.scores.stance for verdict in said if verdict)
        common = next((v.scores for v in said if v and v.scores.stance == stances.most_common(1)[0][0]), None)
        asked = [Check(COUNTRY, number, question, SAME) for question in questions]
        found.append([Outcome(c, common, v, _passed(SAME, common, v)) for c, v in zip(asked, said, strict=True)])
    return found


def answers(questions: Sequence[Question], model: Classifier) -> list[Verdict | None]:
    """A verdict per question; None where the model fails on it, which the others do not suffer from."""
    try:
        return list(verdicts(questions, model))
    except Exception:  # noqa: BLE001 - whatever a foreign model raises is a failed check
        if len(questions) == 1:
            return [None]
        return [answer for question in questions for answer in answers([question], model)]


def _passed(wanted: str, before: Scores | None, verdict: Verdict | None) -> bool:
    if verdict is None or not sound(verdict.scores):
        return False
    if wanted == SAME:
        return before is not None and verdict.scores.stance == before.stance
    return wanted in (ANY, verdict.scores.stance)


def sound(scores: Scores) -> bool:
    """Whether the scores are finite, from 0 to 1, and sum to 1."""
    values = (scores.favor, scores.neutral, scores.against)
    return all(0 <= value <= 1 for value in values) and math.isclose(sum(values), 1, abs_tol=1e-6)


# ---- Who said it, whatever marks and spaces are used ----

TYPED: dict[str, Callable[[str], str]] = {
    "straight marks": lambda text: text.translate(str.maketrans("“”‘’", "\"\"''")),
    "low marks": lambda text: text.translate(str.maketrans("“”", "„“")),
    "guillemets": lambda text: text.translate(str.maketrans("“”", "«»")),
    "no-break spaces": lambda text: text.replace(" ", "\u00a0"),
}
"""Ways to type a text that leave every character in its place."""


def passages(attributor: Attributor) -> dict[str, list[tuple[int, bool]]]:
    """Per test, which passage, and whether its speaker is the one named, or all spans and speakers are as printed."""
    names = cases()["passages"]["names"]
    found: dict[str, list[tuple[int, bool]]] = {MARKS: [], NAMES: []}
    for number, template in enumerate(cases()["passages"]["texts"]):
        for name in names[number % 2 :: 2]:
            said = _heard(template.replace("{name}", name), attributor)
            found[NAMES].append((number, {who for *_, who in said} == {name}))
        printed = template.replace("{name}", names[number])
        said = _heard(printed, attributor)
        found[MARKS] += [(number, _heard(typed(printed), attributor) == said) for typed in TYPED.values()]
    return found


def _heard(text: str, attributor: Attributor) -> list[tuple[int, int, str]]:
    """Span and speaker of the claims that somebody makes."""
    said = speaking.spoken(text, attributor)
    return [(*claim.span, " ".join(claim.names[0].split())) for claim in said if not claim.narrated]


# ---- Tables ----


def robustness(run: Run) -> list[Table]:
    """The share of checks that pass, per test; how far labels depend on whose country it is."""
    timed = Timed(classifier(run.model))
    numbers = [row["number"] for row in metrics.sample([{"number": n} for n in range(len(claims()))], run.limit)]
    per_country = countries(timed)
    every = [*outcomes(checks(numbers), timed), *(outcome for group in per_country for outcome in group)]
    table = Table("Robustness", HEAD, [_row(test, every) for test in (*TESTS, COUNTRY)], NOTE)
    table.rows.extend(_passage_row(test, results) for test, results in passages(attributor(run)).items())
    return [table, *country_tables(per_country), timed.table(len(every))]


HEAD = ["test", "wanted", "passed", "n", "claims", "passed where the claim was right", "mean change", "cut"]
NOTE = (
    "Wanted is a stated label, that of the claim unaltered (same), or any answer. Intervals by resampling claims. "
    "Change is half the sum of the differences of the scores to those of the claim unaltered. Cut are questions of "
    "which the model did not read all. A question that raises an error, or has scores that do not sum to 1, fails."
)


def passed(test: str, every: Sequence[Outcome]) -> metrics.Figure:
    """The share of the checks of a test that pass."""
    return _share([(o.check.claim, o.passed) for o in every if o.check.test == test])


def _share(results: Sequence[tuple[int, bool]]) -> metrics.Figure:
    by_claim: dict[int, list[bool]] = {}
    for claim, right in results:
        by_claim.setdefault(claim, []).append(right)
    return metrics.share([(sum(group), len(group)) for group in by_claim.values()])


def _row(test: str, every: Sequence[Outcome]) -> list[Any]:
    mine = [outcome for outcome in every if outcome.check.test == test]
    if not mine:
        return [test, None, None, 0, 0, None, None, 0]
    kinds = {o.check.wanted for o in mine}
    wanted = kinds.pop() if len(kinds) == 1 else "stated"
    known = [o for o in mine if o.before and o.before.stance == _label(o.check)]
    right = sum(o.passed for o in known) / len(known) if known and test not in TEXTLESS else None
    changes = [_change(o.before, o.verdict.scores) for o in mine if o.before and o.verdict]
    cut = sum(o.verdict.truncated for o in mine if o.verdict)
    numbers = len({o.check.claim for o in mine})
    change = sum(changes) / len(changes) if changes and wanted == SAME else None
    return [test, wanted, passed(test, mine), len(mine), numbers, right, change, cut]


def _label(check: Check) -> str:
    """The label of what a check was made from."""
    templates = cases()["countries"]["templates"]
    return str(templates[check.claim]["label"]) if check.test == COUNTRY else claims()[check.claim].label


def _change(one: Scores, other: Scores) -> float:
    return sum(abs(getattr(one, stance) - getattr(other, stance)) for stance in STANCES) / 2


def _passage_row(test: str, results: Sequence[tuple[int, bool]]) -> list[Any]:
    wanted = {MARKS: "same", NAMES: "the name"}[test]
    return [test, wanted, _share(results), len(results), len({number for number, _ in results}), None, None, None]


def country_tables(groups: Sequence[Sequence[Outcome]]) -> list[Table]:
    """How far apart countries are, and all their mean scores."""
    names = cases()["countries"]["names"]
    means = []
    for place, name in enumerate(names):
        scores = [group[place].verdict.scores for group in groups if group[place].verdict]
        means.append([name, *(sum(getattr(s, stance) for s in scores) / max(1, len(scores)) for stance in STANCES)])
    changed = sum(not outcome.passed for group in groups for outcome in group) / (len(groups) * len(names))
    rows = [_spread(stance, [(row[at], row[0]) for row in means]) for at, stance in enumerate(STANCES, 1)]
    note = (
        f"Mean scores of {len(groups)} claims in which nothing but the country differs, for {len(names)} countries. "
        f"{100 * changed:.1f} % of the labels differ from the commonest of their claim."
    )
    head = ["mean score", "largest difference", "highest", "highest for", "lowest", "lowest for"]
    by_favor = sorted(means, key=lambda row: -row[1])
    return [Table("Whose country", head, rows, note), Table("Mean scores by country", ["country", *STANCES], by_favor)]


def _spread(stance: str, means: Sequence[tuple[float, str]]) -> list[Any]:
    (most, highest), (least, lowest) = max(means), min(means)
    return [stance, most - least, most, highest, least, lowest]
