"""From the words that name a source to the person or group who speaks.

What the words say is told in names.py and descriptions.py. Who that is, these rules tell in full; each gives
`prediction.speaker_reason` and a score (REASONS).

- named, alias: the name or alias of somebody known, upper and lower case, "the" and middle names aside;
  or a name that is new.
- last-name: the end of just one fuller name of the codebook or the article, "Jr." and "III" aside, or any word of just
  one listed name; else the given name of just one person. A name that is written after "the" is an institution's, and
  shortens only such.
- ambiguous: the end of several fuller names: whoever spoke last of them, else who is named first.
- misspelt: one letter is wrong, missing, doubled or swapped, in one word of four letters or more, all other
  words being equal (six letters where there is no other word); it is not a last a, e or o, which tells
  Paul from Paula. "Hun Sen" is thus never "Hun Manet".
- pronoun: "he" and "she" are the likeliest person before them whose pronoun agrees. Likeliest, sentence by
  sentence backwards: the first person named in the pronoun's own or a narrator's sentence, not behind a preposition
  or as an owner; who spoke in it, the latest first; in the two sentences before, too, whoever else is named outside
  quotations, who opens the sentence as an owner ("Doe's plan") first, and last "the president" and other titles, which
  are whoever was named before them with that title. The pronoun of a person is that of the codebook, a title, or an
  earlier "he" or "she" that was found to be him; else what his given name hints at (gender.py).
  "they" is the latest group, else institution, else person of whom no pronoun is known; "it" the institution
  that opens the sentence, else the latest; "I" and "we" are who spoke last in the paragraph where they stand in
  quotation marks, else the narrator; "you" is nobody. A person of whom no pronoun is known gives way to the subject of
  the same sentence, if that one's agrees. "who" is the name before
  it, behind a description too ("Jane Doe, an aide at the bank, who"), else what is described before it ("a teacher
  who"); "which" is the name right before it. "A" in a transcript is the likeliest person before it.
- role: "the analyst" is the latest speaker with that noun in the role (of a "former" one only if
  both say so); with further words ("the policy analyst"), who has them too, else the only name. Else it is the
  latest person whom the article calls so with all those words, in a title or apposition anywhere.
- description: a definite description that is of nobody by its words ("the Hull native"). It is, in this order: of the
  persons named in the two sentences before, who is called by its noun; who is so in the two sentences behind; the
  latest of those who speak in, or are the first name of, the sentences before, unless something contradicts: party,
  sex, another office, "former" where he is so now, a sentence behind that begins with the other pronoun. Never so:
  who is introduced beside others ("the lawyer", "the director", "the aide to Doe"; descriptions.py lists
  the nouns), and
  what has neither a capital, an age nor a title ("the swimmer"). "the agency", "the newspaper" and the like are the
  latest institution, within six sentences, whose name ends so; else a mere noun ("the poll") is the only group that was
  described by it, or the latest within six sentences. A person without a name whom no rule above knows ("Hull's mayor
  says") is who opens the next sentence with a full name that is new; a role may stand before it.
- group: a source without a name ("Analysts", "a US official", "the ministry") speaks as what it is
  described to be, article and quantity aside; but what stands behind a name and a comma ("Jane Doe, the mayor, said",
  where the model marked "the mayor") is that name (last-name). joint: names joined by "and" are one speaker.
- run-on: no source in the sentence: whoever is named for it in another sentence (claims.py: in a transcript, behind a
  quotation, in a line that ends in a colon), else the speaker of the claim that it runs on from; for a quotation
  that runs on from none, the first name before its colon or in the narrator's sentence before it.
- none: nothing tells: `unknown`; so does "Q" in a transcript. The narrator's claims have the reason narrator.

People whom the codebook does not list get an id made of their name and the article's id: equal
names in two articles are two speakers until somebody lists them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from annotate.cast import Cast, Person
from annotate.claims import Draft
from annotate.descriptions import describe, without_possessive
from annotate.layout import dateline, layout
from annotate.names import PRONOUNS, Written
from annotate.records import NARRATOR, UNKNOWN
from annotate.salience import Salience
from annotate.transcripts import answers, asks

REASONS = {
    "named": 0.97,
    "alias": 0.95,
    "last-name": 0.93,
    "ambiguous": 0.6,
    "misspelt": 0.9,
    "role": 0.7,
    "description": 0.6,
    "joint": 0.9,
    "group": 0.9,
    "pronoun": 0.8,
    "run-on": 0.85,
    "none": 0.3,
    "narrator": 0.9,
}
"""Reason → score of a speaker found so, before the model's certainty of the source is multiplied in."""
_CUT_OFF = re.compile(r"\s(?:on|in|at|has|have|had|also)$")
"""A word that no source ends in: the model read on."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """Who speaks: id, why, and how sure that is, 0 to 1."""

    speaker: str
    reason: str
    score: float


def resolve(cast: Cast, drafts: Sequence[Draft], sentences: Sequence[tuple[int, int]]) -> list[Resolution]:
    """Who speaks in each draft, in the order given."""
    memory = _Memory(cast, drafts, sentences)
    found: dict[int, Resolution] = {}
    for index, draft in enumerate(drafts):
        if draft.narrated:
            found[index] = Resolution(NARRATOR, "narrator", REASONS["narrator"])
        elif draft.source is not None or draft.named is not None:
            found[index] = memory.who(draft)
    return [found.get(index) or _followed(index, drafts, found, memory) for index in range(len(drafts))]


def _followed(index: int, drafts: Sequence[Draft], found: dict[int, Resolution], memory: _Memory) -> Resolution:
    """The resolution of a draft that runs on from another, along the chain."""
    last, passed = index, {index}
    while (at := drafts[last].runs_on) >= 0 and at not in passed:
        if at in found and not drafts[at].narrated:
            return _run_on(found[at].speaker, found[at].score)
        passed.add(at)
        last = at
    person = memory.introduced(last)
    return _run_on(person.id, REASONS["ambiguous"]) if person else _nobody()


def _run_on(speaker: str, score: float) -> Resolution:
    return _nobody() if speaker == UNKNOWN else Resolution(speaker, "run-on", round(score * REASONS["run-on"], 4))


def _nobody() -> Resolution:
    return Resolution(UNKNOWN, "none", REASONS["none"])


class _Memory:
    """Who has spoken and who has been named so far, for pronouns and roles."""

    def __init__(self, cast: Cast, drafts: Sequence[Draft], sentences: Sequence[tuple[int, int]]) -> None:
        self._cast = cast
        self._drafts = drafts
        self._sentences = sentences
        self._quoted = layout(cast.text).quoted
        self._salience = Salience(cast, drafts, sentences)

    def who(self, draft: Draft) -> Resolution:
        """Who speaks in a draft that has a source, or is named in another sentence."""
        where = draft
        if draft.source is None and draft.named is not None:
            where = replace(draft, source=draft.named, sentence=self._sentence(draft.named.start))
        assert where.source is not None
        words = " ".join(self._cast.text[where.source.start : where.source.end].strip(' \u00a0,;:–—"“”‘').split())
        if PRONOUNS.get(words.lower()) == "i" and words != "US" and not self._is_quoted(where.source.start):
            return Resolution(NARRATOR, "narrator", REASONS["narrator"])
        words = _CUT_OFF.sub("", words.rstrip("’'"))
        person, reason = self._who(words, where) if words else (None, "none")
        if person is None:
            return _nobody()
        self._salience.spoke.append((draft, person))
        score = round(REASONS[reason] * where.source.score, 4)
        return Resolution(person.id, reason, score) if draft.source else _run_on(person.id, score)

    def _is_quoted(self, at: int) -> bool:
        """Whether an offset stands in quotation marks."""
        return any(start <= at < end for start, end in self._quoted)

    def _sentence(self, at: int) -> int:
        """The sentence that holds an offset, or the next."""
        return bisect_right(self._sentences, at, key=lambda bounds: bounds[1])

    def introduced(self, index: int) -> Person | None:
        """Who is named before the colon of a quotation, or in the narrator's sentence before it."""
        draft = self._drafts[index]
        start = self._sentences[draft.sentence][0]
        before = self._cast.text[start : draft.start].rstrip(" \u00a0\"“‘'`")
        person = None
        if draft.quotation == "direct" and before.endswith(":"):
            person = self._salience.subject(draft.sentence, draft.start)
        elif draft.quotation == "direct" and not before and index:
            last = self._drafts[index - 1]
            if last.narrated and last.paragraph == draft.paragraph and last.sentence == draft.sentence - 1:
                person = self._salience.subject(last.sentence)
        return self._seen(person)

    def _who(self, words: str, draft: Draft) -> tuple[Person | None, str]:
        assert draft.source is not None
        label = words if self._cast.text[draft.source.end : draft.source.end + 1] == ":" else ""
        if asks(label) or PRONOUNS.get(words.lower()) == "you":
            return None, "none"
        if answers(label):
            return self._seen(self._salience.person_before(draft)), "pronoun"
        if kind := PRONOUNS.get("" if words == "US" else words.lower()):
            if person := self._salience.pronoun(kind, draft):
                return self._seen(person), "pronoun"
            antecedent = self._salience.antecedent(draft) if kind == "who" else ""
            return self._described(antecedent, draft) if antecedent else (None, "pronoun")
        if found := self._cast.exactly(without_possessive(words)):
            return self._seen(found[0], words), found[1]
        words, acronym = self._cast.names.spelled_out(words) or words, words
        start = self._sentences[draft.sentence][0]
        start += dateline(self._cast.text[start : draft.source.start])
        opens = start >= draft.source.start - 2
        said = self._cast.names.read(words, opens=opens)
        if label.isupper() and len(said) == 1:
            said = [said[0]._replace(number="one")]
        if len(said) > 1:
            return self._seen(self._cast.joint([self._salience.named(one)[0] for one in said])), "joint"
        if said and said[0].number != "many":
            person, reason = self._salience.named(said[0])
            if said[0].role and not person.role and person.number == "one":
                person.role = said[0].role
            return self._seen(person, said[0].name if acronym == words else acronym), reason
        return self._described(words, draft)

    def _described(self, words: str, draft: Draft) -> tuple[Person | None, str]:
        """The speaker of a description: somebody with that role, else one of that description."""
        said = describe(words)
        if said.number != "many" and (person := self._salience.beside(draft)):
            return self._seen(person), "last-name"
        if said.number != "many" and said.definite and (person := self._salience.with_role(said)):
            return person, "role"
        if said.number == "one" and said.definite and (found := self._salience.described(said, draft)):
            return self._seen(found[0]), found[1]
        if said.number == "thing" and said.definite and (person := self._salience.thing(said, draft)):
            return self._seen(person), "description"
        if said.definite and (latest := self._salience.same_noun(said, draft)):
            return self._seen(latest), "description"
        if said.number == "one" and (person := self._salience.named_next(said, draft)):
            person.role = person.role or said.words
            return self._seen(person), "description"
        person = self._cast.described(Written(said.words, said.number, said.words))
        return self._seen(person, said.words) or person, "group"

    def _seen(self, person: Person | None, words: str = "") -> Person | None:
        if person:
            person.seen.append(without_possessive(words) if words else person.name)
        return person
