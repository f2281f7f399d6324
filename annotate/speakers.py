"""From the words that name a source to the person or group who speaks.

What the words say is told in names.py. Who that is, these rules tell in full; each gives
`prediction.speaker_reason` and a score (REASONS).

- named, alias: the name or alias of somebody known, upper and lower case, "the" and middle names aside;
  or a name that is new.
- last-name: the end of just one fuller name of the codebook or the article, or any word of just one
  listed name. A name that is written after "the" is an institution's, and shortens only such.
- ambiguous: the end of several fuller names: whoever spoke last of them, else who is named first.
- misspelt: one letter is wrong, missing, doubled or swapped, in one word of four letters or more, all other
  words being equal (six letters where there is no other word); it is not a last a, e or o, which tells
  Paul from Paula. "Hun Sen" is thus never "Hun Manet".
- pronoun: "he" and "she" are the latest of those who spoke and those who are the first name of the
  sentence or of a narrator's sentence before, whose pronoun, where the codebook, a title or an earlier
  pronoun tells it, agrees. "they" is the latest group, else institution, else person; "it" the institution that
  opens the sentence, else the latest; "I" and "we" who spoke last in the paragraph. "who" is the name before it.
- role: "the analyst" is the latest speaker with that noun in the role (of a "former" one only if
  both say so); with further words ("the policy analyst"), who has them too, else the only name.
- group: a source without a name ("Analysts", "a US official", "the ministry") speaks as what it is
  described to be, article and quantity aside. joint: names joined by "and" are one speaker.
- run-on: no source in the sentence: the speaker of the claim that it runs on from; for a quotation
  that runs on from none, the first name before its colon or in the narrator's sentence before it.
- none: nothing tells: `unknown`. The narrator's claims have the reason narrator.

People whom the codebook does not list get an id made of their name and the article's id: equal
names in two articles are two speakers until somebody lists them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from annotate.claims import Draft
from annotate.codebook import Codebook, ListedSpeaker, slug
from annotate.layout import dateline
from annotate.names import (
    PRONOUNS,
    Description,
    Names,
    Number,
    Written,
    describe,
    misspelt,
    name_key,
    nouns,
    preposed,
    role_words,
    same_but_middle,
    stands_first,
    without_possessive,
)
from annotate.records import GROUP, NARRATOR, SCHEMA_VERSION, UNKNOWN, Speaker, digest

REASONS = {
    "named": 0.97,
    "alias": 0.95,
    "last-name": 0.93,
    "ambiguous": 0.6,
    "misspelt": 0.9,
    "role": 0.7,
    "joint": 0.9,
    "group": 0.9,
    "pronoun": 0.8,
    "run-on": 0.85,
    "none": 0.3,
    "narrator": 0.9,
}
"""Reason → score of a speaker found so, before the model's certainty of the source is multiplied in."""


@dataclass(slots=True)
class Person:
    """Somebody who may speak, as one article knows them."""

    id: str
    name: str
    role: str = ""
    pronoun: str = ""
    number: Number = "one"
    listed: bool = False
    seen: list[str] = field(default_factory=list)

    def ends_in(self, name: str) -> bool:
        """Whether a name, in lower case, is the end of this one's, or one word of a listed one's."""
        own = name_key(self.name)
        return own.endswith(f" {name}") or (self.listed and name in own.split())


@dataclass(frozen=True, slots=True)
class Resolution:
    """Who speaks: id, why, and how sure that is, 0 to 1."""

    speaker: str
    reason: str
    score: float


class Cast:
    """The people of one article: those of the codebook, and those that it finds on the way."""

    def __init__(self, codebook: Codebook, article_id: str, text: str) -> None:
        self.text = text
        self.names = Names(text, [listed.name for listed in codebook.speakers if not listed.group])
        self._suffix = digest(article_id, letter="", size=6)
        self._people = [_of_codebook(listed) for listed in codebook.speakers]
        self._described: dict[str, Person] = {}
        self._index: dict[str, tuple[Person, str]] = {}
        """Each name and alias in lower case, with its person and the reason that it gives."""
        for listed, person in zip(codebook.speakers, self._people, strict=True):
            for place, name in enumerate((listed.name, *listed.aliases)):
                self._index.setdefault(name_key(name), (person, "alias" if place else "named"))

    def speakers(self) -> list[Speaker]:
        """Everybody who speaks in the article, as records."""
        return [
            Speaker(SCHEMA_VERSION, p.id, p.name, tuple(dict.fromkeys([p.name, *p.seen])), p.role, p.listed)
            for p in self._people
            if p.seen
        ]

    def exactly(self, words: str) -> tuple[Person, str] | None:
        """Whoever has these very words for a name or alias."""
        return self._index.get(name_key(words))

    def known(self, written: Written, spoke: Sequence[Person] = ()) -> tuple[Person, str] | None:
        """The person of a name, and the reason; `spoke` has who spoke before, the latest last."""
        key = name_key(written.name)
        if found := self._index.get(key):
            return found
        if found := self._shortened(key, written, spoke):
            return found
        if written.number == "thing" or self.names.ends_one(key):
            return None
        near = {p.id: p for name, (p, _) in self._index.items() if p.number == "one" and misspelt(key, name)}
        return (next(iter(near.values())), "misspelt") if len(near) == 1 else None

    def _shortened(self, key: str, written: Written, spoke: Sequence[Person]) -> tuple[Person, str] | None:
        """The person of whose name the written one is the end, or lacks the middle."""
        for name, (person, _) in self._index.items():
            if same_but_middle(key, name) and person.number == "one":
                return person, "alias"
        kind = "thing" if written.number == "thing" else "one"
        people = list({p.id: p for p, _ in self._index.values() if p.number == kind and p.ends_in(key)}.values())
        fuller = [n for n in self.names.ending_in(key) if (n.number == "thing") == (kind == "thing")]
        unmet = [n for n in fuller if name_key(n.name) not in self._index]
        if written.pronoun:
            people = [p for p in people if p.pronoun in ("", written.pronoun)]
        if len(people) + len(unmet) > 1:
            latest = next((p for p in reversed(spoke) if p in people), None)
            at_end = [p for p in people if name_key(p.name).endswith(f" {key}")]
            first = min([*(p.name for p in at_end), *(n.name for n in unmet)], key=self.text.find, default="")
            return (latest or self.person(Written(first, written.number)), "ambiguous") if latest or first else None
        if people or unmet:
            return (people[0] if people else self.person(unmet[0])), "last-name"
        return None

    def person(self, written: Written) -> Person:
        """The person of that very name, made where there is none."""
        if found := self._index.get(name_key(written.name)):
            return found[0]
        person = self._made(written)
        self._index[name_key(written.name)] = person, "named"
        return person

    def described(self, written: Written) -> Person:
        """The speaker of a description, which nobody is found by who is named."""
        key = name_key(written.name)
        if key not in self._described:
            self._described[key] = self._made(written)
        return self._described[key]

    def _made(self, written: Written) -> Person:
        base = f"{slug(written.name)[:48].rstrip('-')}-{self._suffix}"
        taken = {p.id for p in self._people}
        person_id = next(i for n in range(1, len(taken) + 2) if (i := base if n == 1 else f"{base}-{n}") not in taken)
        pronoun = written.pronoun or self.names.pronoun(written.name)
        role = written.role if written.number == "one" else GROUP
        person = Person(person_id, written.name, role, pronoun, written.number)
        self._people.append(person)
        return person

    def joint(self, people: Sequence[Person]) -> Person:
        """The one speaker that several are, whatever their order."""
        names = [p.name for p in self._people if p in people]
        return self.person(Written(f"{', '.join(names[:-1])} and {names[-1]}", "many"))


def resolve(cast: Cast, drafts: Sequence[Draft], sentences: Sequence[tuple[int, int]]) -> list[Resolution]:
    """Who speaks in each draft, in the order given."""
    memory = _Memory(cast, drafts, sentences)
    found: dict[int, Resolution] = {}
    for index, draft in enumerate(drafts):
        if draft.narrated:
            found[index] = Resolution(NARRATOR, "narrator", REASONS["narrator"])
        elif draft.source is not None:
            found[index] = memory.who(draft)
    return [found.get(index) or _followed(index, drafts, found, memory) for index in range(len(drafts))]


def _followed(index: int, drafts: Sequence[Draft], found: dict[int, Resolution], memory: _Memory) -> Resolution:
    """The resolution of a draft that runs on from another, along the chain."""
    chain = [index]
    while (at := drafts[chain[-1]].runs_on) >= 0 and at not in chain:
        if at in found and found[at].speaker != NARRATOR:
            return _run_on(found[at].speaker, found[at].score)
        chain.append(at)
    person = memory.introduced(chain[-1])
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
        self._narrated = {draft.sentence for draft in drafts if draft.narrated}
        self._spoke: list[tuple[Draft, Person]] = []

    def who(self, draft: Draft) -> Resolution:
        """Who speaks in a draft that has a source."""
        assert draft.source is not None
        words = " ".join(self._cast.text[draft.source.start : draft.source.end].strip(' \u00a0,;:–—"“”‘').split())
        person, reason = self._who(words, draft) if words else (None, "none")
        if person is None:
            return _nobody()
        self._spoke.append((draft, person))
        return Resolution(person.id, reason, round(REASONS[reason] * draft.source.score, 4))

    def introduced(self, index: int) -> Person | None:
        """Who is named before the colon of a quotation, or in the narrator's sentence before it."""
        draft = self._drafts[index]
        start = self._sentences[draft.sentence][0]
        before = self._cast.text[start : draft.start].rstrip(" \u00a0\"“‘'`")
        person = None
        if draft.quotation == "direct" and before.endswith(":"):
            person = self._subject(draft.sentence, draft.start)
        elif draft.quotation == "direct" and not before and index:
            last = self._drafts[index - 1]
            if last.narrated and last.paragraph == draft.paragraph and last.sentence == draft.sentence - 1:
                person = self._subject(last.sentence)
        return self._seen(person)

    def _who(self, words: str, draft: Draft) -> tuple[Person | None, str]:
        if kind := PRONOUNS.get(words.lower()):
            return self._seen(self._pronoun(kind, draft)), "pronoun"
        if found := self._cast.exactly(without_possessive(words)):
            return self._seen(found[0], words), found[1]
        assert draft.source is not None
        start = self._sentences[draft.sentence][0]
        start += dateline(self._cast.text[start : draft.source.start])
        opens = start >= draft.source.start - 2
        said = self._cast.names.read(words, opens=opens)
        if len(said) > 1:
            return self._seen(self._cast.joint([self._named(one)[0] for one in said])), "joint"
        if said and said[0].number != "many":
            person, reason = self._named(said[0])
            if said[0].role and not person.role and person.number == "one":
                person.role = said[0].role
            return self._seen(person, said[0].name), reason
        return self._described(words)

    def _named(self, written: Written) -> tuple[Person, str]:
        spoke = [person for _, person in self._spoke]
        return self._cast.known(written, spoke) or (self._cast.person(written), "named")

    def _described(self, words: str) -> tuple[Person, str]:
        """The speaker of a description: somebody with that role, else one of that description."""
        said = describe(words)
        if said.number != "many" and said.definite and (person := self._with_role(said)):
            return person, "role"
        person = self._cast.described(Written(said.words, said.number, said.words))
        return self._seen(person, said.words) or person, "group"

    def _with_role(self, said: Description) -> Person | None:
        """The latest speaker whose role has this noun and these words, else the only one with this noun."""
        wanted = role_words(said.words)
        having = [p for _, p in self._spoke if p.number == "one" and p.role and said.noun in nouns(p.role)]
        having = [p for p in having if ("former" in wanted) == ("former" in role_words(p.role))]
        exact = [p for p in having if wanted <= role_words(p.role)]
        if exact:
            return exact[-1]
        named = [p for p in having if name_key(p.name) != name_key(p.role)]
        return named[-1] if len({p.id for p in named}) == 1 else None

    def _seen(self, person: Person | None, words: str = "") -> Person | None:
        if person:
            person.seen.append(without_possessive(words) if words else person.name)
        return person

    # ---- Pronouns ----

    def _pronoun(self, kind: str, draft: Draft) -> Person | None:
        assert draft.source is not None
        if kind == "who":
            return self._before(draft)
        if kind == "i":
            return next((p for d, p in reversed(self._spoke) if d.paragraph == draft.paragraph), None)
        if kind == "it" and (institution := self._institution(draft)):
            return institution
        if kind in ("they", "it"):
            return self._they(kind)
        person = next((p for p in self._mentioned(draft) if p.number == "one" and p.pronoun in ("", kind)), None)
        if person and not person.pronoun:
            person.pronoun = kind
        return person

    def _institution(self, draft: Draft) -> Person | None:
        """The institution or country that opens the sentence of "The US …, which it sees as …"."""
        assert draft.source is not None
        start = self._sentences[draft.sentence][0]
        for before, written in self._cast.names.runs(self._cast.text[start : draft.source.start]):
            if stands_first(before):
                return self._named(written)[0] if written.number == "thing" else None
        return None

    def _they(self, kind: str) -> Person | None:
        latest = [person for _, person in reversed(self._spoke)]
        groups = [person for person in latest if person.pronoun == "they" or person.number == "many"]
        things = [person for person in latest if person.number == "thing"]
        if kind == "it":
            return next(iter(things + groups), None)
        return next(iter(groups + things + [person for person in latest if not person.pronoun]), None)

    def _mentioned(self, draft: Draft) -> Iterator[Person]:
        """Who spoke or was the first name of a sentence, from here backwards."""
        assert draft.source is not None
        spoke = list(reversed(self._spoke))
        if person := self._subject(draft.sentence, draft.source.start):
            yield person
        for number in range(draft.sentence, -1, -1):
            while spoke and spoke[0][0].sentence >= number:
                yield spoke.pop(0)[1]
            if number < draft.sentence and number in self._narrated and (person := self._subject(number)):
                yield person

    def _subject(self, sentence: int, end: int | None = None) -> Person | None:
        """The first person named in a sentence, not after a preposition or as an owner."""
        start, stop = self._sentences[sentence]
        text = self._cast.text[start : stop if end is None else end]
        for before, written in self._cast.names.runs(text):
            if written.number != "one" or preposed(before):
                continue
            found = self._cast.known(written)
            if found and (found[0].listed or found[0].seen or self._cast.names.personal(found[0].name)):
                return found[0]
            if found is None and self._cast.names.personal(written.name):
                return self._cast.person(written)
        return None

    def _before(self, draft: Draft) -> Person | None:
        """The name that stands last before a relative pronoun."""
        assert draft.source is not None
        start = self._sentences[draft.sentence][0]
        text = self._cast.text[start : draft.source.start]
        runs = list(self._cast.names.runs(text))
        if not runs or re.search(r"\b(?:in|of|at|from|near|on)\s(?:the\s)?$", runs[-1][0]):
            return None
        before, written = runs[-1]
        between = text[len(before) :].replace("\u00a0", " ").partition(written.name)[2].strip()
        return self._named(written)[0] if between[:1] in ("", ",", "(") else None


def _of_codebook(listed: ListedSpeaker) -> Person:
    return Person(listed.id, listed.name, listed.role, listed.pronouns, "many" if listed.group else "one", True)
