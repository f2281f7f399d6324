"""From the words that name a source to the person or group who speaks.

The rules, in full; each gives `prediction.speaker_reason` and a score (REASONS).

What a source says. Of a source, the part before its first comma and preposition counts. Where that part
ends in a proper name, that is who speaks, and the words before it are the role ("policy analyst Jane
Doe", "Mr. Doe", "Ann's aide Jane Doe", "Jane Doe, a banker"); a name also speaks that follows a role as
an apposition ("the club's chair, Jane Doe") or follows an institution without a comma ("analyst at the
Institute of Harbours Jane Doe", where "Jane Doe" is written elsewhere). Otherwise nobody is named, and
the source is a description ("Jane Doe's aide", "a spokesman for Jane Doe"). A capitalised word that
opens a sentence is no name if it is plural or also written in lower case.

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
from typing import Literal, NamedTuple

from rapidfuzz.distance import OSA

from annotate.claims import Draft
from annotate.codebook import Codebook, ListedSpeaker, slug
from annotate.layout import dateline, in_title_case
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

LONGEST_DESCRIPTION = 8
"""Words; a longer one is cut before its first preposition."""

Number = Literal["one", "many", "thing"]
"""A person, several people, or an institution, a report and the like."""

TITLES = frozenset(
    """mr mrs ms miss mx dr prof professor sir dame lord lady president premier minister chancellor secretary state
    senator sen sens senators representative rep reps congressman congresswoman governor gov mayor speaker chairman
    chairwoman chair director commissioner ambassador envoy general gen colonel col major maj captain capt lieutenant lt
    admiral adm sergeant sgt commander marshal judge justice attorney king queen prince princess emperor sultan pope
    bishop archbishop cardinal rev reverend father imam rabbi sheikh spokesman spokeswoman spokesperson leader chief
    analyst commentator economist activist candidate candidates nominee manager inspector officer reporter republican
    democrat""".split()
)
"""Words that stand before a name and are no part of it, in lower case, without full stops."""

INSTITUTIONS = frozenset(
    """academy administration agency alliance army assembly association authority bank board bureau campaign center
    centre college commission committee company congress corp corporation council county court department federation
    force foundation fund government group house inc institute journal league ministry nations navy network news office
    organisation organization parliament party police post press project senate service services society
    times tribune union
    university""".split()
)
"""Words that end the name of something that is not a person."""

PRONOUNS = {
    word: kind
    for kind, listed in {
        "he": "he him his",
        "she": "she her hers",
        "they": "they them their both all each",
        "it": "it its",
        "i": "i we me us my our",
        "who": "who which that whom",
    }.items()
    for word in listed.split()
}

_TITLED = {"mr": "he", "sir": "he", "lord": "he", "king": "he", "prince": "he", "spokesman": "he", "chairman": "he"}
_TITLED |= {"mrs": "she", "ms": "she", "miss": "she", "dame": "she", "lady": "she", "queen": "she", "princess": "she"}
_TITLED |= {"congressman": "he", "congresswoman": "she", "spokeswoman": "she", "chairwoman": "she"}
_FULLER = {"sen": "senator", "gov": "governor", "rep": "representative", "gen": "general", "prof": "professor"}
_OPENERS = frozenset(
    """the a an and but or so yet if when while as after before since because although though once in on at by for from
    to with of under over among during despite meanwhile however then now also still this that these those it its he
    she they his her their we our i my you your there here what who how why where both one two three four five some
    many most several other another no not even only according""".split()
)
"""Words that are capitalised since they open a sentence, and are no part of a name that follows."""

_UPPER = r"[^\W\d_a-zß-öø-ÿ]"
_CAPITAL = rf"(?:(?:{_UPPER}\.){{2,}}(?!\w)|{_UPPER}[\w’'.&-]*\w|{_UPPER}\.?)"
_PARTICLE = r"(?:(?:de|da|di|von|van|der|den|al|bin|ibn|el|la|le|dos|du)[ \u00a0]+){0,2}"
_RUN = re.compile(rf"\b{_CAPITAL}(?:[ \u00a0]+{_PARTICLE}{_CAPITAL})*")
_OF_INSTITUTION = re.compile(rf"\s(?:of|for|on)\s(?:the\s)?{_RUN.pattern}")
_CUT = re.compile(
    r"\s(?:of(?!\sState\b)|at|from|for|in|with|who|whom|whose|which|that|on|to|by|about|near|like|including|under|"
    r"speaking|running|told|said)\b"
)
_BRACKETS = re.compile(r"\s*[(\[][^)\]]*[)\]]?")
_SEGMENT = re.compile(r",|;|:|\s[–—-]+\s?|[–—]")
_RELATIVE = re.compile(r"\s(?:who|whom|whose|which|that)\s.*")
_ARTICLE = re.compile(r"^(?:the|a|an|this|that|these|those)\s+", re.IGNORECASE)
_QUANTITY = re.compile(
    r"^(?:some|many|most|several|few|various|two|three|four|five|six|seven|eight|nine|ten|\d+|dozens of|"
    r"hundreds of|both|one|at least|all|no|any|every)\s+(?:of\s+(?:the\s+)?)?",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"\s(?:earlier|later|last|this|yesterday|today|(?:on )?(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\b.*"
)
_WEEKDAY = re.compile(r"(?:mon|tues|wednes|thurs|fri|satur|sun)day")
_DEFINITE = re.compile(r"(?:the|this|that)\s", re.IGNORECASE)
_POSSESSIVE = re.compile(r"(?<=\w)(?:[’']s|(?<=s)[’'])$")
_PREPOSED = re.compile(r"\b(?:in|of|at|from|for|to|with|by|on|about|against|than|near|and)\s(?:the\s)?$", re.IGNORECASE)
_PLURAL_PEOPLE = frozenset("people police men women children others public".split())
_PERSON_NOUN = re.compile(
    r".*(?:man|woman|person|ist|ian|aide|lawyer|source|neighbou?r|author|doctor|actor|[^p]orter|yer|teacher|worker|player|driver|farmer|leader|adviser|advisor|"
    r"ator|cher|ent|ant|ee|"
    r"wife|husband|father|mother|brother|sister|daughter|son|friend|critic|expert|official|insider|narrator)$"
)
_NO_PERSON_NOUN = frozenset(
    "document statement government parliament department agreement comment grant committee".split()
)
_GROUP_NAME = re.compile(r".{3,}(?:ans|ats|ists|ese)$")


class Written(NamedTuple):
    """A name as a text writes it."""

    name: str
    number: Number
    role: str = ""
    pronoun: str = ""
    """What a title tells: "he", "she" or ""."""


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
        own = _key(self.name)
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
                self._index.setdefault(_key(name), (person, "alias" if place else "named"))

    def speakers(self) -> list[Speaker]:
        """Everybody who speaks in the article, as records."""
        return [
            Speaker(SCHEMA_VERSION, p.id, p.name, tuple(dict.fromkeys([p.name, *p.seen])), p.role, p.listed)
            for p in self._people
            if p.seen
        ]

    def exactly(self, words: str) -> tuple[Person, str] | None:
        """Whoever has these very words for a name or alias."""
        return self._index.get(_key(words))

    def known(self, written: Written, spoke: Sequence[Person] = ()) -> tuple[Person, str] | None:
        """The person of a name, and the reason; `spoke` has who spoke before, the latest last."""
        key = _key(written.name)
        if found := self._index.get(key):
            return found
        if found := self._shortened(key, written, spoke):
            return found
        if written.number == "thing" or self.names.ends_one(key):
            return None
        near = {p.id: p for name, (p, _) in self._index.items() if p.number == "one" and _misspelt(key, name)}
        return (next(iter(near.values())), "misspelt") if len(near) == 1 else None

    def _shortened(self, key: str, written: Written, spoke: Sequence[Person]) -> tuple[Person, str] | None:
        """The person of whose name the written one is the end, or lacks the middle."""
        for name, (person, _) in self._index.items():
            if _same_but_middle(key, name) and person.number == "one":
                return person, "alias"
        kind = "thing" if written.number == "thing" else "one"
        people = list({p.id: p for p, _ in self._index.values() if p.number == kind and p.ends_in(key)}.values())
        fuller = [n for n in self.names.ending_in(key) if (n.number == "thing") == (kind == "thing")]
        unmet = [n for n in fuller if _key(n.name) not in self._index]
        if written.pronoun:
            people = [p for p in people if p.pronoun in ("", written.pronoun)]
        if len(people) + len(unmet) > 1:
            latest = next((p for p in reversed(spoke) if p in people), None)
            at_end = [p for p in people if _key(p.name).endswith(f" {key}")]
            first = min([*(p.name for p in at_end), *(n.name for n in unmet)], key=self.text.find, default="")
            return (latest or self.person(Written(first, written.number)), "ambiguous") if latest or first else None
        if people or unmet:
            return (people[0] if people else self.person(unmet[0])), "last-name"
        return None

    def person(self, written: Written) -> Person:
        """The person of that very name, made where there is none."""
        if found := self._index.get(_key(written.name)):
            return found[0]
        person = self._made(written)
        self._index[_key(written.name)] = person, "named"
        return person

    def described(self, written: Written) -> Person:
        """The speaker of a description, which nobody is found by who is named."""
        key = _key(written.name)
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
        if found := self._cast.exactly(_POSSESSIVE.sub("", words)):
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
        plain = _POSSESSIVE.sub("", _RELATIVE.sub("", _SEGMENT.split(_BRACKETS.sub("", words))[0].strip())) or words
        bare = _WHEN.sub("", _QUANTITY.sub("", _ARTICLE.sub("", plain))) or plain
        if bare.count(" ") >= LONGEST_DESCRIPTION:
            bare = _CUT.split(bare)[0]
        head = _head(bare)
        number = _number(head, plain)
        if number != "many" and _DEFINITE.match(words) and (person := self._with_role(head, bare)):
            return person, "role"
        person = self._cast.described(Written(bare, number, bare))
        return self._seen(person, bare) or person, "group"

    def _with_role(self, head: str, bare: str) -> Person | None:
        """The latest speaker whose role has this noun and these words, else the only one with this noun."""
        wanted = _role_words(bare)
        having = [p for _, p in self._spoke if p.number == "one" and p.role and head in _heads(p.role)]
        having = [p for p in having if ("former" in wanted) == ("former" in _role_words(p.role))]
        exact = [p for p in having if wanted <= _role_words(p.role)]
        if exact:
            return exact[-1]
        named = [p for p in having if _key(p.name) != _key(p.role)]
        return named[-1] if len({p.id for p in named}) == 1 else None

    def _seen(self, person: Person | None, words: str = "") -> Person | None:
        if person:
            person.seen.append(_POSSESSIVE.sub("", words) if words else person.name)
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
            if not _ARTICLE.sub("", f"{before.strip()} ").strip():
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
            if written.number != "one" or _PREPOSED.search(before):
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


# ---- What a text writes ----


class Names:
    """The proper names of an article, and how it writes them."""

    def __init__(self, text: str, listed: Sequence[str] = ()) -> None:
        self.full: dict[str, Written] = {}
        """Names of two words or more by their lower-case form."""
        self._ends: dict[str, list[str]] = {}
        self._alone: set[str] = set()
        """Capitalised words that stand alone and do not open a sentence."""
        self._opening: set[str] = set()
        self._pronouns: dict[str, str] = {}
        self._lower = set(re.findall(r"\b[a-z]{3,}\b", text))
        for name in listed:
            self._note("", Written(name, "one"))
        for line in text.splitlines():
            if not in_title_case(line):
                for before, written in self.runs(line):
                    self._note(before, written)
        for key in [key for key in self.full if self.tail(key)]:
            self._ends[key.split()[-1]].remove(key)
            del self.full[key]

    def tail(self, name: str) -> str:
        """The person's name that a longer run of capitals ends in: "Rival Jane Doe" in "Jane Doe"; else ""."""
        words = name.split()
        tails = (" ".join(words[start:]) for start in range(1, len(words) - 1))
        return next((tail for tail in tails if (full := self.full.get(_key(tail))) and full.number == "one"), "")

    def _note(self, before: str, written: Written) -> None:
        key = _key(written.name)
        if written.pronoun:
            self._pronouns[key] = written.pronoun
        if " " not in key:
            inside = before.rstrip()[-1:].isalnum() or written.role
            (self._alone if inside else self._opening).add(key)
        elif key.count(" ") < (6 if written.number == "thing" else 4):
            if key not in self.full:
                self._ends.setdefault(key.split()[-1], []).append(key)
            if key not in self.full or written.number == "thing":
                self.full[key] = written._replace(role="")

    def ends_one(self, word: str) -> bool:
        """Whether a word is the last of a fuller name."""
        return word in self._ends

    def ending_in(self, name: str) -> list[Written]:
        """The fuller names that end in `name`, which is in lower case."""
        return [self.full[key] for key in self._ends.get(name.split()[-1], ()) if key.endswith(f" {name}")]

    def personal(self, name: str) -> bool:
        """Whether the text treats a full name as a person's: its last word stands alone, or has a title."""
        key = _key(name)
        written = self.full.get(key)
        last = key.split()[-1]
        if _WEEKDAY.fullmatch(last):
            return False
        return bool(written and written.number == "one" and (last in self._alone | self._opening or self.pronoun(name)))

    def pronoun(self, name: str) -> str:
        """What titles in the text tell of a person: "he", "she" or ""."""
        key = _key(name)
        last = key.split()[-1] if key else ""
        known = self._pronouns.get(key, "")
        return known or (self._pronouns.get(last, "") if len(self._ends.get(last, ())) < 2 else "")

    def read(self, words: str, *, opens: bool = False) -> list[Written]:
        """The names that a source speaks by; several are joint. `opens`: the source opens its sentence."""
        plain = _BRACKETS.sub("", words)
        if joint := self._joint(plain, opens=opens):
            return joint
        if _QUANTITY.match(plain) or " and " in _CUT.split(_SEGMENT.split(plain)[0])[0]:
            return []
        segments = [segment.strip() for segment in _SEGMENT.split(plain)]
        found = self._head_name(segments[0], opens=opens) or self._behind_institution(segments[0])
        if found and len(segments) > 1 and not found.role and segments[1][:1].islower():
            found = found._replace(role=_ARTICLE.sub("", segments[1]))
        if found is None and len(segments) > 1 and self._is_name(segments[1]):
            found = self._head_name(segments[1])
            found = found and found._replace(role=_ARTICLE.sub("", segments[0]))
        return [found] if found else []

    def _joint(self, plain: str, *, opens: bool) -> list[Written]:
        """The names of "A and B" or "A, B and C", each with its role before it; else nothing."""
        head, _, last = plain.rpartition(" and ")
        if not head:
            return []
        parts = [part.strip() for part in [*re.split(r",| and ", head), last] if part.strip()]
        last = _CUT.split(_SEGMENT.split(last)[0])[0]
        names = [self._head_name(part, opens=opens and not place) for place, part in enumerate([*parts[:-1], last])]
        named = [name for name in names if name]
        whole = all(not _CUT.search(part) for part in parts[:-1])
        within = named and named[-1].number == "thing" and " " in last.strip() and not _DEFINITE.match(last.strip())
        return named if len(named) == len(names) and whole and not within else []

    def _is_name(self, segment: str) -> bool:
        """Whether an apposition is a person's name and no more."""
        match = _RUN.fullmatch(segment)
        return bool(match) and " " in segment and segment.split()[-1].lower() not in INSTITUTIONS

    def _head_name(self, segment: str, *, opens: bool = False) -> Written | None:
        """The name at the end of the part before a preposition, "of …" of an institution included."""
        cut = _CUT.search(segment)
        core = _POSSESSIVE.sub("", segment[: cut.start()] if cut else segment)
        core = re.sub(r"\s(?:all|both|himself|herself|themselves|jointly)$", "", core)
        runs = list(self.runs(core))
        if not runs or not core.endswith(runs[-1][1].name.split()[-1]):
            return None
        before, written = runs[-1]
        if opens and not before and " " not in written.name and not written.role and not self._stands(written.name):
            return None
        if written.number == "one" and (tail := self.tail(written.name)):
            written = written._replace(name=tail, role=f"{written.role} {written.name[: -len(tail)]}".strip())
        if written.name.isupper() and _key(written.name) in self._ends and written.number == "thing":
            written = written._replace(number="one")
        if written.number == "thing" and cut and (more := _OF_INSTITUTION.match(segment, cut.start())):
            written = written._replace(name=written.name + more.group())
        if written.role:
            before = re.sub(rf"\b{re.escape(written.role.split()[0])}\.\s$", "", before)
        role = f"{_ARTICLE.sub('', before)}{written.role}".strip(' ‘’“”"')
        return written._replace(role="" if written.number != "one" else role)

    def _behind_institution(self, segment: str) -> Written | None:
        """The known name at the end of a role that has no comma before it."""
        run = next(reversed(list(_RUN.finditer(segment))), None)
        if run is None or run.end() != len(segment) or segment[: run.start()].strip() == "":
            return None
        words = run.group().replace("\u00a0", " ").split()
        for start in range(1, len(words) - 1):
            name = " ".join(words[start:])
            if words[start - 1].rstrip(".").lower() not in TITLES and _key(name) in self.full:
                return Written(name, "one", segment[: -len(name)].strip())
        return None

    def _stands(self, word: str) -> bool:
        """Whether a capitalised word that opens a sentence is a name all the same."""
        key = _key(word)
        if key in self._alone or key in self._ends or word.isupper():
            return not _GROUP_NAME.match(key) or key in self._ends
        return (
            key not in self._lower and not (key.endswith("s") and not key.endswith("ss")) and key not in _PLURAL_PEOPLE
        )

    def runs(self, text: str) -> Iterator[tuple[str, Written]]:
        """The names of a text, each after the text before it; owners and mere titles are none."""
        for match in _RUN.finditer(text):
            words = match.group().replace("\u00a0", " ").split()
            for start in reversed([n + 1 for n, word in enumerate(words) if _POSSESSIVE.search(word)]):
                words = words[start:]
                break
            if not words:
                continue
            the = words[0].lower() == "the" or bool(
                re.search(r"\b[Tt]he\s$", text[max(0, match.start() - 5) : match.start()])
            )
            while len(words) > 1 and words[0].lower() in _OPENERS:
                words = words[1:]
            if len(words) == 1 and words[0].lower() in _OPENERS:
                continue
            titles, name = self._untitled(words, the=the)
            dotted = re.search(r"\b(\w+)\.\s$", text[max(0, match.start() - 8) : match.start()])
            if dotted and dotted[1].lower() in TITLES:
                titles = [dotted[1], *titles]
            elif len(name) == 1 and name[0].rstrip(".").lower() in TITLES and not titles:
                name = []
            pronoun = next((_TITLED[t.lower()] for t in titles if t.lower() in _TITLED), "")
            before = text[: match.start()]
            if not name:
                continue
            yield before, Written(" ".join(name), _number_of_name(name, titles, the=the), " ".join(titles), pronoun)

    def _untitled(self, words: list[str], *, the: bool) -> tuple[list[str], list[str]]:
        """Titles and name; after "the", or before an institution's last word, there are no titles."""
        if the or words[-1].lower() in INSTITUTIONS:
            return [], words
        last = max((n for n, word in enumerate(words[:-1]) if word.rstrip(".").lower() in TITLES), default=-1)
        return words[: last + 1], words[last + 1 :]


def _number_of_name(name: Sequence[str], titles: Sequence[str], *, the: bool) -> Number:
    if titles:
        return "one"
    if len(name) == 1 and _GROUP_NAME.match(name[0]):
        return "many"
    acronym = len(name) == 1 and name[0].isupper() and len(name[0]) > 1
    return "thing" if the or acronym or name[-1].lower().rstrip(".") in INSTITUTIONS else "one"


def _of_codebook(listed: ListedSpeaker) -> Person:
    return Person(listed.id, listed.name, listed.role, listed.pronouns, "many" if listed.group else "one", True)


def _key(name: str) -> str:
    """A name as it is compared: lower case, curly apostrophes straight, without "the"."""
    return _ARTICLE.sub("", " ".join(name.replace("’", "'").split())).casefold()


def _same_but_middle(one: str, other: str) -> bool:
    """Whether two names differ in that one has middle names: "Jane Q. Doe", "Jane Doe"."""
    ours, theirs = one.split(), other.split()
    if min(len(ours), len(theirs)) != 2 or len(ours) == len(theirs):
        return False
    return ours[0] == theirs[0] and ours[-1] == theirs[-1]


def _misspelt(one: str, other: str) -> bool:
    """One letter wrong, missing, doubled or swapped, in one word of four letters or more."""
    ours, theirs = one.split(), other.split()
    if len(ours) == 1 and len(theirs) > 1:
        theirs = theirs[-1:]
    if len(ours) != len(theirs):
        return False
    wrong = [(a, b) for a, b in zip(ours, theirs, strict=True) if a != b]
    if len(wrong) != 1 or min(map(len, wrong[0])) < (6 if len(ours) == 1 else 4):
        return False
    a, b = wrong[0]
    return OSA.distance(a, b, score_cutoff=1) == 1 and not _by_gender(a, b)


def _by_gender(one: str, other: str) -> bool:
    """Whether two names differ by a last a, e or o: Paul, Paula; Mario, Maria."""
    short, long = sorted((one, other), key=len)
    stem = short if len(short) < len(long) else short[:-1]
    return long[:-1] == stem and bool({one[-1], other[-1]} & set("aeo")) and not {one[-1], other[-1]} <= set("mn")


def _head(description: str) -> str:
    """The noun of a description: the last word before a preposition, in full and lower case."""
    words = _CUT.split(description)[0].split() or description.split()
    noun = _POSSESSIVE.sub("", words[-1].lower().rstrip("."))
    return _FULLER.get(noun, noun)


def _heads(role: str) -> set[str]:
    """The nouns of a role: "banker and former mayor of Hull" has two."""
    return {_head(part) for segment in _SEGMENT.split(role) for part in segment.split(" and ") if part.strip()}


def _role_words(role: str) -> set[str]:
    words = (word.lower().rstrip(".") for word in re.findall(r"[\w.’'-]+", _ARTICLE.sub("", role)))
    return {_FULLER.get(word, word) for word in words}


def _number(head: str, words: str) -> Number:
    """Whether a description is of one person, of many, or of a thing."""
    if head in _PLURAL_PEOPLE or " and " in words or (head.endswith("s") and not head.endswith(("ss", "us", "is"))):
        return "many"
    person = head in TITLES or (head not in _NO_PERSON_NOUN and _PERSON_NOUN.fullmatch(head))
    return "one" if person else "thing"
