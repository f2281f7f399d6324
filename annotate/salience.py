"""Who is meant by a pronoun or a description: whoever the text has just been about.

The rules are told in full in speakers.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from annotate.cast import Cast, Person
from annotate.claims import Draft
from annotate.descriptions import (
    Description,
    contradicts,
    describe,
    fits,
    fits_thing,
    introduces,
    noun_of,
    nouns,
    number_of,
    role_words,
)
from annotate.layout import dateline
from annotate.names import Written, name_key, preposed, stands_first

NEAR = 2
"""Sentences before a pronoun in which also those may be meant who neither speak nor are the subject."""

WHOLE = 300
"""Sentences before a description in which somebody who fits it is looked for."""
NEAR_THING = 6
"""Sentences before "the agency" in which the institution is looked for."""
LONGEST_ROLE = 6
"""Words of a role that opens a sentence before a name."""
FAR = 30
"""Sentences before "the president" in which the president is looked for."""

_ANTECEDENT = re.compile(
    r"\b((?:an?|the|some|many|several|most|two|three|four|five|\d+)\s(?:[\w’'-]+\s){0,4}?[\w’'-]+)"
    r"(?:\s(?:in|at|from|of|on)\s(?:the\s)?[A-Z][\w’'-]*(?:\s[A-Z][\w’'-]*)*)?\s*[,—–-]*\s*$"
)

_TITLED = re.compile(
    r"\b[Tt]he (?:president|senator|governor|mayor|congressman|congresswoman|prime minister|premier|chancellor|nominee|"
    r"king|queen|businessman|businesswoman|billionaire)\b"
)
_OPENING = re.compile(r"(?:He|She)\b")
_DESCRIBED = re.compile(r",\s(?:(?:now|then|once|formerly)\s)?(?:an?|the)\s[^,;:]+")


class Mention(NamedTuple):
    """A name in a sentence: where it begins in the text, and whether it is the owner of what follows."""

    start: int
    before: str
    written: Written
    owner: bool


class Salience:
    """Who has spoken and who has been named so far."""

    def __init__(self, cast: Cast, drafts: Sequence[Draft], sentences: Sequence[tuple[int, int]]) -> None:
        self._cast = cast
        self._sentences = sentences
        self._narrated = {draft.sentence for draft in drafts if draft.narrated}
        self._quoted: dict[int, list[tuple[int, int]]] = {}
        for draft in drafts:
            if draft.quotation == "direct":
                self._quoted.setdefault(draft.sentence, []).append((draft.start, draft.end))
        self._mentions: dict[int, list[Mention]] = {}
        self.spoke: list[tuple[Draft, Person]] = []

    def pronoun(self, kind: str, draft: Draft) -> Person | None:
        """Who is meant by a pronoun that is the source of a draft."""
        assert draft.source is not None
        if kind == "who":
            return self._before(draft)
        if kind == "i":
            return next((p for d, p in reversed(self.spoke) if d.paragraph == draft.paragraph), None)
        if kind == "it" and (institution := self._institution(draft)):
            return institution
        if kind in ("they", "it"):
            return self._they(kind)
        people = [(n, p) for n, p, _ in self._people(draft.sentence, draft.source.start) if p.called(kind)]
        person = people[0][1] if people else None
        if person and not person.usual_pronoun:
            # Of whom no pronoun is known gives way to the subject of the sentence, if that one's pronoun agrees.
            subject = self.subject(people[0][0], draft.source.start)
            person = subject if subject and subject.usual_pronoun == kind else person
        if person and not person.pronoun:
            person.pronoun = kind
        return person

    def person_before(self, draft: Draft) -> Person | None:
        """The likeliest person, of whom no pronoun tells anything."""
        assert draft.source is not None
        return next((p for _, p, _ in self._people(draft.sentence, draft.source.start) if p.number == "one"), None)

    def with_role(self, said: Description) -> Person | None:
        """The latest speaker whose role has this noun and these words, else the only one with this noun."""
        wanted = role_words(said.words)
        having = [p for _, p in self.spoke if p.number == "one" and p.role and said.noun in nouns(p.role)]
        having = [p for p in having if ("former" in wanted) == ("former" in role_words(p.role))]
        exact = [p for p in having if wanted <= role_words(p.role)]
        if exact:
            return exact[-1]
        named = [p for p in having if name_key(p.name) != name_key(p.role)]
        return named[-1] if len({p.id for p in named}) == 1 else None

    def described(self, said: Description, draft: Draft) -> tuple[Person, str] | None:
        """Whom a definite description is of: of those named before who fits it, else whom the text is about."""
        assert draft.source is not None
        behind = self._opening_pronoun(draft.sentence + 1)
        people = [p for p in self._people(draft.sentence, draft.source.start, WHOLE) if p[1].number == "one"]
        people = [p for p in people if not behind or p[1].called(behind)]
        words = {p.id: self._words(p) for _, p, _ in people}
        fitting = [p for _, p, _ in people if fits(said, words[p.id])]
        wanted = role_words(said.words)
        if full := next((p for p in fitting if wanted <= words[p.id]), None):
            return full, "role"
        near = [p for number, p, _ in people if number >= draft.sentence - NEAR]
        if person := next((p for p in fitting if p in near), None):
            return person, "description"
        if person := next((p for p in self._soon(draft.sentence) if fits(said, self._words(p))), None):
            return person, "description"
        if introduces(said):
            return None
        main = [p for number, p, first in people if first and number >= draft.sentence - NEAR]
        person = next((p for p in main if not contradicts(said, words[p.id], p.usual_pronoun)), None)
        return (person, "description") if person else None

    def _opening_pronoun(self, sentence: int) -> str:
        """The pronoun that opens a sentence: he, she or nothing."""
        more = sentence < len(self._sentences)
        match = _OPENING.match(self._cast.text, self._sentences[sentence][0]) if more else None
        return match.group().lower() if match else ""

    def _words(self, person: Person) -> set[str]:
        """What a person is called, in words."""
        return self._cast.names.said_of(person.name) | role_words(person.role)

    def beside(self, draft: Draft) -> Person | None:
        """Whose apposition a source is: the name before it and a comma."""
        assert draft.source is not None
        start = self._sentences[draft.sentence][0]
        before = self._cast.text[start : draft.source.start].rstrip()
        if not before.endswith((",", "(", "—", "–")):
            return None
        mention = next(reversed(self._named(draft.sentence, draft.source.start)), None)
        if mention is None or mention.owner or not before.rstrip(" ,(—–").endswith(mention.written.name.split()[-1]):
            return None
        return self._person(mention)

    def _soon(self, sentence: int) -> Iterator[Person]:
        """Who is named in the sentences right behind, as in "The mayor said so. Mayor Jane Doe is …"."""
        for number in range(sentence + 1, min(sentence + 1 + NEAR, len(self._sentences))):
            yield from self._others(number, None)

    def subject(self, sentence: int, end: int | None = None) -> Person | None:
        """The first person named in a sentence, before the offset `end`, not after a preposition or as an owner."""
        for mention in self._named(sentence, end):
            if not mention.owner and not preposed(mention.before) and (person := self._person(mention)):
                return person
        return None

    def _institution(self, draft: Draft) -> Person | None:
        """The institution or country that opens the sentence of "The US …, which it sees as …"."""
        assert draft.source is not None
        start = self._sentences[draft.sentence][0]
        for before, written in self._cast.names.runs(self._cast.text[start : draft.source.start]):
            if stands_first(before):
                return self.named(written)[0] if written.number == "thing" else None
        return None

    def _they(self, kind: str) -> Person | None:
        latest = [person for _, person in reversed(self.spoke)]
        groups = [person for person in latest if person.pronoun == "they" or person.number == "many"]
        things = [person for person in latest if person.number == "thing"]
        if kind == "it":
            return next(iter(things + groups), None)
        return next(iter(groups + things + [person for person in latest if not person.usual_pronoun]), None)

    def _people(self, sentence: int, end: int, reach: int = NEAR) -> Iterator[tuple[int, Person, bool]]:
        """Whoever may be meant at an offset of a sentence, the likeliest first.

        Each with a sentence and whether he speaks in it or is its subject.
        """
        spoke = list(reversed(self.spoke))
        for number in range(sentence, -1, -1):
            own = number == sentence
            if (own or number in self._narrated) and (person := self.subject(number, end if own else None)):
                yield number, person, True
            while spoke and spoke[0][0].sentence >= number:
                yield number, spoke.pop(0)[1], True
            if number >= sentence - reach:
                yield from ((number, person, False) for person in self._others(number, end if own else None))

    def _others(self, sentence: int, end: int | None) -> Iterator[Person]:
        """Everybody else who is named in a sentence, outside quotations: who opens it as an owner first."""
        for mention in sorted(self._named(sentence, end), key=lambda m: not (m.owner and stands_first(m.before))):
            if person := self._person(mention):
                yield person
        if person := self._titled(sentence, end):
            yield person

    def _titled(self, sentence: int, end: int | None) -> Person | None:
        """Whom "the president" is, or another title in a sentence: of those named before him who fits it."""
        start, stop = self._sentences[sentence]
        match = _TITLED.search(self._cast.text, start, stop if end is None else end)
        if match is None or self._is_quoted(sentence, match.start()):
            return None
        said = describe(match.group())
        for number in range(sentence, max(-1, sentence - FAR), -1):
            for mention in reversed(self._named(number, match.start())):
                if (person := self._person(mention)) and fits(said, self._words(person)):
                    return person
        return None

    def _person(self, mention: Mention) -> Person | None:
        """The person of a mention; none for what may be a place or the like."""
        written = mention.written
        found = self._cast.known(written)
        if found:
            known = found[0].listed or found[0].seen or written.role or self._cast.names.personal(found[0].name)
            return found[0] if known else None
        return self._cast.person(written) if written.role or self._cast.names.personal(written.name) else None

    def _named(self, sentence: int, end: int | None = None) -> list[Mention]:
        """The persons' names of a sentence before `end`, outside quotations."""
        if sentence not in self._mentions:
            start, stop = self._sentences[sentence]
            text = self._cast.text[start:stop]
            self._mentions[sentence] = [
                Mention(start + at, text[:at], written, owner)
                for at, written, owner in self._cast.names.mentions(text)
                if written.number == "one" and not self._is_quoted(sentence, start + at)
            ]
        return [mention for mention in self._mentions[sentence] if end is None or mention.start < end]

    def _is_quoted(self, sentence: int, at: int) -> bool:
        return any(start <= at < end for start, end in self._quoted.get(sentence, ()))

    def _before(self, draft: Draft) -> Person | None:
        """The name that stands last before a relative pronoun; for "which", right before it.

        Of "Jane Doe, an aide at the Harbour Bank who" it is the person who is described.
        """
        assert draft.source is not None
        start = self._sentences[draft.sentence][0]
        text = self._cast.text[start : draft.source.start].replace("\u00a0", " ")
        which = self._cast.text[draft.source.start : draft.source.end] == "which"
        people = self._named(draft.sentence, draft.source.start)
        if people and not which and not people[-1].owner and (person := self._person(people[-1])):
            between = text[len(people[-1].before) :].partition(people[-1].written.name)[2].strip(" (-–—").rstrip(",")
            if not between or _DESCRIBED.fullmatch(between):
                return person
        runs = list(self._cast.names.runs(text))
        if not runs or re.search(r"\b(?:in|of|at|from|near|on)\s(?:the\s)?$", runs[-1][0]):
            return None
        before, written = runs[-1]
        between = text[len(before) :].partition(written.name)[2].strip()
        apart = which and any(letter.isalnum() for letter in between)
        return self.named(written)[0] if between[:1] in ("", ",", "(", "-", "–", "—") and not apart else None

    def antecedent(self, draft: Draft) -> str:
        """The description right before "who", with an article or a number ("a teacher", "two aides"); else ""."""
        assert draft.source is not None
        start = self._sentences[draft.sentence][0]
        match = _ANTECEDENT.search(self._cast.text[start : draft.source.start])
        return match[1] if match else ""

    def thing(self, said: Description, draft: Draft) -> Person | None:
        """The institution named last that "the agency" or "the newspaper" may be."""
        assert draft.source is not None
        first = max(0, draft.sentence - NEAR_THING)
        text = self._cast.text[self._sentences[first][0] : draft.source.start]
        for _, written, _ in reversed(list(self._cast.names.mentions(text))):
            if written.number == "thing" and fits_thing(said, written.name):
                return self.named(written)[0]
        return None

    def same_noun(self, said: Description, draft: Draft) -> Person | None:
        """Whom "the survey" or "the voters" are, a mere noun: the only group of that noun, or the latest near."""
        if said.number == "one" or role_words(said.words) != {said.noun}:
            return None
        groups = [(d.sentence, p) for d, p in reversed(self.spoke) if p.number == said.number]
        groups = [(number, p) for number, p in groups if noun_of(p.name) == said.noun]
        near = groups and groups[0][0] >= draft.sentence - NEAR_THING
        return groups[0][1] if near or len({p.id for _, p in groups}) == 1 else None

    def named_next(self, said: Description, draft: Draft) -> Person | None:
        """Who is described first and named then: "Hull's mayor says so. Jane Doe says that she …".

        That is who opens the sentence behind, by a full name that the article has not had before; or the sentence
        behind that, where the description fits him.
        """
        for number in range(draft.sentence + 1, min(draft.sentence + 1 + NEAR, len(self._sentences))):
            for mention in self._named(number):
                new = " " in mention.written.name and self._cast.text.find(mention.written.name) >= mention.start
                person = self._person(mention) if new and not mention.owner and _introduced(mention.before) else None
                if person and (number == draft.sentence + 1 or fits(said, self._words(person))):
                    return person
        return None

    def named(self, written: Written) -> tuple[Person, str]:
        """The person of a name, made where there is none yet, and the reason."""
        spoke = [person for _, person in self.spoke]
        return self._cast.known(written, spoke) or (self._cast.person(written), "named")


def _introduced(before: str) -> bool:
    """Whether a name opens its sentence, behind a role at most: "The Hull bank's director Jane Doe"."""
    before = before[dateline(before) :].strip()
    if stands_first(before):
        return True
    return "," not in before and before.count(" ") < LONGEST_ROLE and number_of(noun_of(before), "") == "one"
