"""From the words that name a source to the person or group who speaks.

The rules, in full; each gives `prediction.speaker_reason` and a score (REASONS):

- named, alias: the source holds a name or alias of the codebook, or the full name of somebody else.
- last-name: the source holds one name that ends (or, for listed people, is part of) just one fuller
  name of the codebook or the article.
- misspelt: the name differs from a known one by one letter in one word of four letters or more, all
  its other words being equal. "Hun Sen" is thus never "Hun Manet".
- pronoun: "he" and "she" are the latest source, or the person that opened a later sentence, whose pronoun,
  where it is known, agrees; "they" the latest group. "who" is the name before it.
- role: "the analyst" is the latest speaker whose role or description has that noun.
- group: a plural or described source without a name ("Analysts", "a US official") is a speaker of
  that description. joint: two names joined by "and" are one speaker.
- run-on: no source in the sentence; the speaker of the claim that it runs on from.
- none: nothing tells: `unknown`. The narrator's claims have the reason narrator.

People whom the codebook does not list get an id made of their name and the article's id: equal
names in two articles are two speakers until somebody lists them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rapidfuzz.distance import OSA

from annotate.claims import Draft
from annotate.codebook import Codebook, ListedSpeaker, slug
from annotate.records import NARRATOR, SCHEMA_VERSION, UNKNOWN, Speaker, digest

REASONS = {
    "named": 0.97,
    "alias": 0.95,
    "last-name": 0.93,
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

TITLES = frozenset(
    """mr mrs ms miss mx dr prof professor sir dame lord lady president vice-president vice prime minister premier
    chancellor secretary undersecretary foreign defence defense interior finance deputy acting former ex senate house
    senator sen representative rep congressman congresswoman governor gov mayor speaker chairman chairwoman chair chief
    director commissioner ambassador envoy general gen colonel col major maj captain capt lieutenant lt admiral adm
    sergeant sgt commander marshal judge justice attorney king queen prince princess emperor sultan emir pope bishop
    archbishop cardinal reverend rev father imam rabbi sheikh us u.s u.k uk eu un u.n state spokesman spokeswoman
    spokesperson analyst commentator republican democrat democratic leader minister's political policy"""
    .split()
)
"""Words that stand before a name and are no part of it, in lower case, without full stops."""

HE, SHE, THEY = ("he", "him", "his"), ("she", "her", "hers"), ("they", "them", "their", "both", "we", "i", "it")
PRONOUNS = {word: kind for kind, words in (("he", HE), ("she", SHE), ("they", THEY)) for word in words}
RELATIVE = frozenset(("who", "which", "that", "whom"))

_CAPITAL = r"(?:[A-Z][\w’'.-]*[\w]|[A-Z]\.?)"
_RUN = re.compile(rf"{_CAPITAL}(?:[ \u00a0]+(?:(?:de|da|di|von|van|der|al|bin|ibn|el|la|le|dos|du)[ \u00a0]+)?{_CAPITAL})*")
_CUT = re.compile(r"\s*(?:,|\(|\b(?:of|at|from|for|in|with|who|which|on|to|told|said)\b)")
_ARTICLE = re.compile(r"^(?:the|a|an|some|many|several|most|other|two|three|both|one|his|her|their|its)\s+", re.IGNORECASE)
_GENDERED = {"mr": "he", "sir": "he", "lord": "he", "mrs": "she", "ms": "she", "miss": "she", "dame": "she", "lady": "she"}


@dataclass(slots=True)
class Person:
    """Somebody who may speak, as one article knows them."""

    id: str
    name: str
    names: list[str] = field(default_factory=list)
    """Name and aliases to be found by, longest names first."""
    role: str = ""
    pronoun: str = ""
    group: bool = False
    listed: bool = False
    seen: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Resolution:
    """Who speaks: id, why, and how sure that is, 0 to 1."""

    speaker: str
    reason: str
    score: float


class Cast:
    """The people of one article: those of the codebook, and those that it finds on the way."""

    def __init__(self, codebook: Codebook, article_id: str, text: str) -> None:
        self._suffix = digest(article_id, letter="", size=6)
        self._people = [_of_codebook(listed) for listed in codebook.speakers]
        self._full_names = _full_names(text)
        self.text = text

    def speakers(self) -> list[Speaker]:
        """Everybody seen in the article, as records."""
        return [
            Speaker(SCHEMA_VERSION, p.id, p.name, tuple(dict.fromkeys([p.name, *p.seen])), p.role, p.listed)
            for p in self._people
            if p.seen
        ]

    def named_in(self, words: str) -> tuple[Person, str] | None:
        """The person whose name `words` holds, and the reason; a name that is new makes a new person."""
        names = _names(words, self._full_names)
        if len(names) > 1 and _joins(words, names):
            return self._add(" and ".join(names), group=True), "joint"
        for test in (self._by_name, self._by_last_name, self._by_misspelling):
            for name in [words, *reversed(names)] if test == self._by_name else names:
                if found := test(name):
                    found[0].seen.append(name if name != words else found[0].name)
                    return found
        if not names:
            return None
        name = _longest(names[-1], self._full_names)
        person = self._add(name)
        person.seen.append(names[-1])
        return person, "named" if name == names[-1] else "last-name"

    def described(self, words: str) -> Person:
        """The speaker of a description without a name."""
        return self._add(" ".join(_ARTICLE.sub("", words).split()), group=True)

    def listed_at(self, words: str) -> Person | None:
        """The person whose known name or last name `words` holds, without making anybody new."""
        names = _names(words, self._full_names)
        for name in [words, *names]:
            if found := self._by_name(name):
                return found[0]
        for name in names:
            if found := self._by_last_name(name):
                return found[0]
        return None

    def _by_name(self, words: str) -> tuple[Person, str] | None:
        """The person whose name, or else alias, stands in `words` furthest to the right; longer names first."""
        best: tuple[int, int, Person, str] | None = None
        for person in self._people:
            for place, name in enumerate(person.names):
                matches = list(re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", words))
                if matches and (best is None or (len(name), matches[-1].start()) > best[:2]):
                    best = len(name), matches[-1].start(), person, "alias" if place else "named"
        return best[2:] if best else None

    def _by_last_name(self, name: str) -> tuple[Person, str] | None:
        found = [p for p in self._people if not p.group and _is_part(name, p)]
        return (found[0], "last-name") if len(found) == 1 else None

    def _by_misspelling(self, name: str) -> tuple[Person, str] | None:
        found = [p for p in self._people if any(_misspelt(name, known) for known in p.names)]
        return (found[0], "misspelt") if len(found) == 1 else None

    def _add(self, name: str, *, group: bool = False) -> Person:
        person_id = f"{slug(name)[:48].rstrip('-')}-{self._suffix}"
        for person in self._people:
            if person.id == person_id:
                person.seen.append(name)
                return person
        person = Person(person_id, name, [name], group=group, role="group" if group else "", seen=[name])
        self._people.append(person)
        return person


def resolve(cast: Cast, drafts: Sequence[Draft], sentences: Sequence[tuple[int, int]]) -> list[Resolution]:
    """Who speaks in each draft, in the order given."""
    found: dict[int, Resolution] = {}
    memory = _Memory(cast, sentences)
    for index, draft in enumerate(drafts):
        if draft.narrated:
            found[index] = Resolution(NARRATOR, "narrator", REASONS["narrator"])
        elif draft.source is not None:
            found[index] = memory.who(draft)
    return [found.get(i) or _followed(i, drafts, found) for i in range(len(drafts))]


def _followed(index: int, drafts: Sequence[Draft], found: dict[int, Resolution]) -> Resolution:
    """The resolution of a draft that runs on from another, along the chain."""
    seen = {index}
    at = drafts[index].runs_on
    while at >= 0 and at not in seen and at not in found:
        seen.add(at)
        at = drafts[at].runs_on
    origin = found.get(at)
    if origin is None or origin.speaker in (NARRATOR, UNKNOWN):
        return Resolution(UNKNOWN, "none", REASONS["none"])
    return Resolution(origin.speaker, "run-on", round(origin.score * REASONS["run-on"], 4))


class _Memory:
    """Who has spoken and who has been named so far, for pronouns and roles."""

    def __init__(self, cast: Cast, sentences: Sequence[tuple[int, int]]) -> None:
        self._cast = cast
        self._sentences = sentences
        self._spoke: list[tuple[int, Person, str]] = []
        """Sentence, person, and the words of the source, in text order."""

    def who(self, draft: Draft) -> Resolution:
        source = draft.source
        assert source is not None
        words = self._cast.text[source.start : source.end].strip(" ,:;“”\"")
        person, reason = self._who(words, draft)
        if person is None:
            return Resolution(UNKNOWN, "none", REASONS["none"])
        self._spoke.append((draft.sentence, person, words))
        return Resolution(person.id, reason, round(REASONS[reason] * source.score, 4))

    def _who(self, words: str, draft: Draft) -> tuple[Person | None, str]:
        bare = words.lower()
        if bare in PRONOUNS:
            return self._pronoun(PRONOUNS[bare], draft), "pronoun"
        if bare in RELATIVE:
            return self._before(draft), "pronoun"
        if named := self._cast.named_in(words):
            return named
        if person := self._role(words):
            return person, "role"
        return self._cast.described(words), "group"

    def _pronoun(self, kind: str, draft: Draft) -> Person | None:
        """The latest person who agrees, among sources and those who opened a sentence."""
        if kind == "they":
            groups = [p for _, p, _ in reversed(self._spoke) if p.group]
            return groups[0] if groups else (self._spoke[-1][1] if self._spoke else None)
        spoke = next(((s, p) for s, p, _ in reversed(self._spoke) if _agrees(p, kind)), None)
        opened = self._opener(draft.sentence, spoke[0] if spoke else -1, kind)
        person = opened or (spoke[1] if spoke else None)
        if person and not person.pronoun:
            person.pronoun = kind
        return person

    def _opener(self, sentence: int, after: int, kind: str) -> Person | None:
        """Who opened the latest sentence before this one and after sentence `after`."""
        for number in range(sentence - 1, after, -1):
            start, end = self._sentences[number]
            text = self._cast.text[start:end]
            if match := _RUN.match(text.lstrip("“\"‘")):
                person = self._cast.listed_at(match.group())
                if person is None and " " in match.group() or match.group() in {n.split()[-1] for n in self._cast._full_names}:
                    named = self._cast.named_in(match.group())
                    person = named[0] if named else None
                if person and _agrees(person, kind):
                    return person
        return None

    def _before(self, draft: Draft) -> Person | None:
        """The name that stands last before a relative pronoun."""
        assert draft.source is not None
        start = self._sentences[draft.sentence][0]
        runs = _RUN.findall(self._cast.text[start : draft.source.start])
        named = self._cast.named_in(runs[-1]) if runs else None
        return named[0] if named else None

    def _role(self, words: str) -> Person | None:
        """The latest speaker whose role or description has the head noun of "the analyst"."""
        if not re.match(r"(?:the|this|that)\s", words, re.IGNORECASE):
            return None
        head = words.split()[-1].lower()
        for _, person, before in reversed(self._spoke):
            if not person.group and re.search(rf"\b{re.escape(head)}\b", f"{person.role} {before}".lower()):
                return person
        return None


def _of_codebook(listed: ListedSpeaker) -> Person:
    names = [listed.name, *listed.aliases]
    return Person(listed.id, listed.name, names, listed.role, listed.pronouns, listed.group, True)


def _names(words: str, full_names: Iterable[str]) -> list[str]:
    """The proper names in a source, its head first choice last: titles, roles and institutions stripped."""
    cut = _CUT.search(words)
    head = words[: cut.start()] if cut else words
    return list(_runs(head, full_names)) or list(_runs(words, full_names))[-1:]


def _runs(words: str, full_names: Iterable[str]) -> Iterator[str]:
    known = set(full_names)
    for match in _RUN.finditer(words):
        parts = match.group().replace("\u00a0", " ").split()
        while parts and parts[0].rstrip(".").lower() in TITLES:
            parts.pop(0)
        parts = [re.sub(r"[’']s$", "", part) for part in parts]
        known_tails = [parts[i:] for i in range(len(parts)) if " ".join(parts[i:]) in known and len(parts) - i > 1]
        parts = known_tails[-1] if known_tails and len(parts) > 2 else parts
        opens = match.start() == 0 and len(parts) == 1 and words[match.end() :].strip()[:1].islower()
        if parts and not opens and (len(parts) > 1 or parts[0].lower() not in _COMMON):
            yield " ".join(parts)


_COMMON = frozenset(
    """analysts experts officials critics observers residents others some many most several two three four five one
    people sources aides lawmakers supporters opponents researchers students diplomats authorities activists voters
    republicans democrats they he she we you it i a an the this that these those both no""".split()
)
"""Capitalised words that open a source without being a name."""


def _full_names(text: str) -> frozenset[str]:
    """Names of two words or more that the article writes."""
    names = set()
    for match in _RUN.finditer(text):
        parts = match.group().replace("\u00a0", " ").split()
        while parts and parts[0].rstrip(".").lower() in TITLES:
            parts.pop(0)
        if 2 <= len(parts) <= 4:
            names.add(re.sub(r"[’']s$", "", " ".join(parts)))
    return frozenset(names)


def _longest(name: str, full_names: Iterable[str]) -> str:
    """The one fuller name of the article that ends in `name`, else `name`."""
    fuller = {full for full in full_names if full.endswith(f" {name}")}
    return min(fuller, key=lambda full: (len(full), full)) if " " not in name and fuller else name


def _joins(words: str, names: Sequence[str]) -> bool:
    """Whether the names stand in a list: "A and B", "A, B and C"."""
    return bool(re.search(rf"{re.escape(names[-2])}(?:,)? and (?:[\w.]+ ){{0,4}}{re.escape(names[-1])}", words))


def _is_part(name: str, person: Person) -> bool:
    """Whether a name is the last word of the person's name; for listed people, or any word of it."""
    parts = person.name.split()
    if " " in name or len(parts) < 2:
        return False
    return name == parts[-1] or (person.listed and name in parts)


def _misspelt(name: str, known: str) -> bool:
    """One letter wrong, missing, doubled or swapped, in one word of four letters or more of a full name."""
    ours, theirs = name.split(), known.split()
    if len(ours) != len(theirs) or len(ours) < 2:
        return False
    wrong = [(a, b) for a, b in zip(ours, theirs, strict=True) if a.lower() != b.lower()]
    return len(wrong) == 1 and min(map(len, wrong[0])) >= 4 and OSA.distance(*wrong[0]) == 1


def _agrees(person: Person, kind: str) -> bool:
    return not person.group and person.pronoun in ("", kind)
