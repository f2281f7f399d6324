"""An article in, claims out: the stages joined, with models that the test scripts."""

import re
from collections.abc import Sequence

import pytest

from annotate.attribution import Part, Roles
from annotate.codebook import Codebook
from annotate.entailment import Judgement
from annotate.errors import UsageError
from annotate.labelling import Labeller
from annotate.records import Article

CODEBOOK = """
[[targets]]
name = "the ferry line"
[[targets]]
name = "the bridge"
[[speakers]]
name = "Ann Lee"
"""


class Marked:
    """An attribution model that finds the words it is told to."""

    name = "marked@1"

    def __init__(self, sources: str, cues: str, contents: str) -> None:
        self.patterns = sources, cues, contents

    def roles(self, text: str) -> Roles:
        parts = ([Part(m.start(), m.end(), 0.9) for m in re.finditer(p, text)] for p in self.patterns)
        return Roles(*parts)


class ForWhoeverNamesIt:
    """A stance model: favor where the premise holds the hypothesis' last word, else neutral."""

    name, two_way, shortcut = "naming@1", False, None

    def __init__(self) -> None:
        self.premises: set[str] = set()

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        self.premises |= {premise for premise, _ in pairs}
        return [self._one(premise, hypothesis) for premise, hypothesis in pairs]

    def _one(self, premise: str, hypothesis: str) -> Judgement:
        if hypothesis.split()[-1].rstrip(".") not in premise:
            return Judgement(0.0, 1.0, 0.0, len(premise) > 200)
        return Judgement(1.0, 0.0, 0.0, False) if "supports" in hypothesis else Judgement(0.0, 0.0, 1.0, False)


TEXT = "“The line is good,” Ann Lee said, “and the bridge too.”\n\nThe council met on Monday.\n"


def labelled(text: str) -> tuple[list[tuple[str, str, str, str]], ForWhoeverNamesIt]:
    attributor = Marked("Ann Lee", "said", "The line is good|and the bridge too")
    model = ForWhoeverNamesIt()
    labeller = Labeller(Codebook.parse(CODEBOOK), attributor, model)  # type: ignore[arg-type]
    claims = labeller.label(Article.of(text, "a1")).claims
    return [(c.text, c.speaker, c.target, c.stance) for c in claims], model


def test_a_line_per_claim_and_target_in_text_order() -> None:
    rows, _ = labelled(TEXT)
    assert [row[:3] for row in rows] == [
        ("The line is good", "ann-lee", "the-ferry-line"),
        ("The line is good", "ann-lee", "the-bridge"),
        ("and the bridge too.", "ann-lee", "the-ferry-line"),
        ("and the bridge too.", "ann-lee", "the-bridge"),
        ("The council met on Monday.", "narrator", "the-ferry-line"),
        ("The council met on Monday.", "narrator", "the-bridge"),
    ]


def test_a_sentence_split_by_its_cue_is_judged_as_one() -> None:
    rows, model = labelled(TEXT)
    assert {stance for text, _, target, stance in rows if target == "the-bridge" and "council" not in text} == {"favor"}
    assert "Ann Lee said: The line is good and the bridge too." in model.premises
    assert "The council met on Monday." in model.premises


def test_the_later_piece_continues_the_first_of_the_same_target() -> None:
    attributor = Marked("Ann Lee", "said", "The line is good|and the bridge too")
    labeller = Labeller(Codebook.parse(CODEBOOK), attributor, ForWhoeverNamesIt())  # type: ignore[arg-type]
    claims = labeller.label(Article.of(TEXT, "a1")).claims
    by_id = {claim.id: claim for claim in claims}
    continuing = [claim for claim in claims if claim.continues]
    assert len(continuing) == 2
    for claim in continuing:
        assert by_id[claim.continues].target == claim.target
        assert by_id[claim.continues].text == "The line is good"
    assert all(claim.prediction.seal == claim.prediction.seal_for(claim.id) for claim in claims)


def test_a_truncated_claim_is_reported() -> None:
    labeller = Labeller(Codebook.parse(CODEBOOK), Marked("$^", "$^", "$^"), ForWhoeverNamesIt())  # type: ignore[arg-type]
    told = labeller.label(Article.of("The council " + "really " * 40 + "met.", "a1")).problems
    assert "longer than the stance model reads" in str(told[0]) and len(told) == 2


def test_an_unknown_language_is_refused_with_what_to_do_instead() -> None:
    book = Codebook.parse('[codebook]\nlanguage = "fr"\n[[targets]]\nname = "x"\n')
    with pytest.raises(UsageError, match="translate the articles"):
        Labeller(book, Marked("a", "b", "c"), ForWhoeverNamesIt())  # type: ignore[arg-type]
