"""From the words that name a source to the names and descriptions that stand in them.

The rules, in full; who it is that speaks by a name or description is told in speakers.py.

What a source says. Of a source, the part before its first comma and preposition counts. Where that part
ends in a proper name, that is who speaks, and the words before it are the role ("policy analyst Jane
Doe", "Mr. Doe", "Ann's aide Jane Doe", "Jane Doe, a banker"); a name also speaks that follows a role as
an apposition ("the club's chair, Jane Doe") or follows an institution without a comma ("analyst at the
Institute of Harbours Jane Doe", where "Jane Doe" is written elsewhere). Otherwise nobody is named, and
the source is a description ("Jane Doe's aide", "a spokesman for Jane Doe"). A capitalised word that
opens a sentence is no name if it is plural or also written in lower case.

The noun of a description, its last word before a preposition, tells whether that is of one person, of several,
or of an institution.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from rapidfuzz.distance import OSA

from annotate.layout import in_title_case

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
    r".*(?:man|woman|person|ist|ian|aide|lawyer|source|neighbou?r|author|doctor|actor|[^p]orter|yer|teacher|worker|"
    r"player|driver|farmer|leader|adviser|advisor|ator|cher|ent|ant|ee|"
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


class Description(NamedTuple):
    """What a source without a name is said to be: "two policy analysts" are "policy analysts"."""

    words: str
    noun: str
    """In lower case and full: "governor" for "Gov."."""
    number: Number
    definite: bool
    """Whether it speaks of somebody known: "the analyst", not "an analyst"."""


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
        return next((tail for tail in tails if (full := self.full.get(name_key(tail))) and full.number == "one"), "")

    def _note(self, before: str, written: Written) -> None:
        key = name_key(written.name)
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
        key = name_key(name)
        written = self.full.get(key)
        last = key.split()[-1]
        if _WEEKDAY.fullmatch(last):
            return False
        return bool(written and written.number == "one" and (last in self._alone | self._opening or self.pronoun(name)))

    def pronoun(self, name: str) -> str:
        """What titles in the text tell of a person: "he", "she" or ""."""
        key = name_key(name)
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
        core = without_possessive(segment[: cut.start()] if cut else segment)
        core = re.sub(r"\s(?:all|both|himself|herself|themselves|jointly)$", "", core)
        runs = list(self.runs(core))
        if not runs or not core.endswith(runs[-1][1].name.split()[-1]):
            return None
        before, written = runs[-1]
        if opens and not before and " " not in written.name and not written.role and not self._stands(written.name):
            return None
        if written.number == "one" and (tail := self.tail(written.name)):
            written = written._replace(name=tail, role=f"{written.role} {written.name[: -len(tail)]}".strip())
        if written.name.isupper() and name_key(written.name) in self._ends and written.number == "thing":
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
            if words[start - 1].rstrip(".").lower() not in TITLES and name_key(name) in self.full:
                return Written(name, "one", segment[: -len(name)].strip())
        return None

    def _stands(self, word: str) -> bool:
        """Whether a capitalised word that opens a sentence is a name all the same."""
        key = name_key(word)
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


def without_possessive(words: str) -> str:
    """The words without the ending of an owner: "Sam’s" gives "Sam"."""
    return _POSSESSIVE.sub("", words)


def stands_first(before: str) -> bool:
    """Whether a name opens its text: no more than an article stands before it."""
    return not _ARTICLE.sub("", f"{before.strip()} ").strip()


def preposed(before: str) -> bool:
    """Whether a preposition, "than" or "and" stands right before a name."""
    return bool(_PREPOSED.search(before))


# ---- Names compared ----


def name_key(name: str) -> str:
    """A name as it is compared: lower case, curly apostrophes straight, without "the"."""
    return _ARTICLE.sub("", " ".join(name.replace("’", "'").split())).casefold()


def same_but_middle(one: str, other: str) -> bool:
    """Whether two names differ in that one has middle names: "Jane Q. Doe", "Jane Doe"."""
    ours, theirs = one.split(), other.split()
    if min(len(ours), len(theirs)) != 2 or len(ours) == len(theirs):
        return False
    return ours[0] == theirs[0] and ours[-1] == theirs[-1]


def misspelt(one: str, other: str) -> bool:
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


# ---- Descriptions ----


def describe(words: str) -> Description:
    """The description that the words of a source hold, cut where it is long."""
    plain = without_possessive(_RELATIVE.sub("", _SEGMENT.split(_BRACKETS.sub("", words))[0].strip())) or words
    bare = _WHEN.sub("", _QUANTITY.sub("", _ARTICLE.sub("", plain))) or plain
    if bare.count(" ") >= LONGEST_DESCRIPTION:
        bare = _CUT.split(bare)[0]
    noun = _noun(bare)
    return Description(bare, noun, _number(noun, plain), bool(_DEFINITE.match(words)))


def nouns(role: str) -> set[str]:
    """The nouns of a role: "banker and former mayor of Hull" has two."""
    return {_noun(part) for segment in _SEGMENT.split(role) for part in segment.split(" and ") if part.strip()}


def role_words(role: str) -> set[str]:
    """The words of a role or description in lower case, titles in full."""
    words = (word.lower().rstrip(".") for word in re.findall(r"[\w.’'-]+", _ARTICLE.sub("", role)))
    return {_FULLER.get(word, word) for word in words}


def _noun(description: str) -> str:
    """The noun of a description: the last word before a preposition, in full and lower case."""
    words = _CUT.split(description)[0].split() or description.split()
    noun = without_possessive(words[-1].lower().rstrip("."))
    return _FULLER.get(noun, noun)


def _number(noun: str, words: str) -> Number:
    """Whether a description is of one person, of many, or of a thing."""
    if noun in _PLURAL_PEOPLE or " and " in words or (noun.endswith("s") and not noun.endswith(("ss", "us", "is"))):
        return "many"
    person = noun in TITLES or (noun not in _NO_PERSON_NOUN and _PERSON_NOUN.fullmatch(noun))
    return "one" if person else "thing"
