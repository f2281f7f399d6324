"""From the words that name a source to the names and descriptions that stand in them.

The rules, in full; who it is that speaks by a name or description is told in speakers.py,
what a description is in descriptions.py.

What a source says. Of a source, the part before its first comma and preposition counts. Where that part ends in a
proper name, that is who speaks, and the words before it are the role ("policy analyst Jane Doe", "Mr. Doe", "Ann's aide
Jane Doe", "Jane Doe, a banker", "the actress and activist Jane Doe"); a name also speaks that follows a role as an
apposition ("the club's chair, Jane Doe") or follows an institution without a comma ("analyst at the Institute of
Harbours Jane Doe", where "Jane Doe" is written elsewhere). A document speaks for whoever owns it or is its author
("Jane Doe's letter", "a study by the Harbour Bank"). Otherwise nobody is named, and the source is a description ("Jane
Doe's aide", "a spokesman for Jane Doe"). A capitalised word that opens a sentence is no name if it is plural, a noun of
people or documents, or also written in lower case. "the Hull Republican" is a description. An acronym of three letters
or more stands for the one name with those initials. In a run of capitalised words a title, or else a given name, begins
the name ("Harbour Bank CEO Jane Doe"); what stands before it is the role.

What a person is called: the words of titles before and right before his name, of an apposition or "is a …" right
behind it, of a party in brackets there, anywhere in the article.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from rapidfuzz.distance import OSA

from annotate.descriptions import (
    ARTICLE,
    BRACKETS,
    COMMON_PEOPLE,
    CUT,
    DEFINITE,
    PLURAL_PEOPLE,
    POSSESSIVE,
    QUANTITY,
    SEGMENT,
    TITLES,
    Number,
    noun_of,
    number_of,
    role_words,
    without_possessive,
)
from annotate.gender import usual_pronoun
from annotate.layout import in_title_case

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
        "you": "you your",
    }.items()
    for word in listed.split()
}

_TITLED = {"mr": "he", "sir": "he", "lord": "he", "king": "he", "prince": "he", "spokesman": "he", "chairman": "he"}
_TITLED |= {"mrs": "she", "ms": "she", "miss": "she", "dame": "she", "lady": "she", "queen": "she", "princess": "she"}
_TITLED |= {"congressman": "he", "congresswoman": "she", "spokeswoman": "she", "chairwoman": "she"}
OPENERS = frozenset(
    """the a an and but or so yet if when while as after before since because although though once in on at by for from
    to with of under over among during despite meanwhile however then now also still this that these those it
    its he she they his her their we our i my you your there here what who how why where both one two three four
    five some many most several other another no not even only according instead perhaps maybe indeed yes well
    just like unlike given earlier later recently today yesterday tomorrow again finally first second next last
    thus hence moreover furthermore nevertheless nonetheless otherwise overall similarly likewise elsewhere each
    every any such asked citing speaking referring throughout without within whereas whether say former
    following often about let none nothing nobody no-one everybody everyone everything anybody anyone anything somebody
    someone something neither either nor""".split()
)
"""Words that are capitalised since they open a sentence, and are no part of a name that follows."""

_UPPER = r"[^\W\d_a-zß-öø-ÿ]"
_CAPITAL = rf"(?:(?:{_UPPER}\.){{2,}}(?!\w)|{_UPPER}[\w’'.&-]*\w|{_UPPER}\.?)"
_PARTICLE = r"(?:(?:de|da|di|von|van|der|den|al|bin|ibn|el|la|le|dos|du)[ \u00a0]+){0,2}"
_RUN = re.compile(rf"\b{_CAPITAL}(?:[ \u00a0]+{_PARTICLE}{_CAPITAL})*")
_OF_INSTITUTION = re.compile(rf"\s(?:of|for|on)\s(?:the\s)?{_RUN.pattern}")
_ACRONYM = re.compile(r"(?:\w\.)+\w?")
_DOCUMENT = (
    r"(?:analysis|report|study|statement|letter|poll|survey|memo|article|essay|book|column|commentary|editorial|post|"
    r"blog|tweet|filing|complaint|email|e-mail|op-ed|tweets|remarks|comments|speech|testimony|lawsuit|petition)"
)
_BY = re.compile(
    rf"(?:[\w-]+\s){{0,4}}{_DOCUMENT}\s(?:(?:released|published|issued|written|written up|signed)\s)?by\s(.+)"
)
_OWN = re.compile(rf"(.+?)(?:[’']s|(?<=s)[’'])\s(?:(?!campaign\b)[a-z-]+\s){{0,2}}{_DOCUMENT}\b")
_APPOSITION = re.compile(
    r"(?:,|\s(?:is|was))\s(?:the|a|an)\s((?:(?:[A-Z]\.)+|[\w’'-]+)(?:\s(?:(?:[A-Z]\.)+|[\w’'-]+)){0,7})"
)
_VERB = re.compile(
    r"(?!(?:retired|elected|appointed|acting|leading|incoming|outgoing|ruling|sitting)$)[a-z]+(?:ed|ing)|"
    r"is|are|was|were|has|had|have|will|would|can|could|may|might|does|did|says|told|tells|asks|made|met|saw|gave|than"
)
_PARTY = re.compile(r"\s\(([DR])-([A-Z][a-z]+)")
_WEEKDAY = re.compile(r"(?:mon|tues|wednes|thurs|fri|satur|sun)day")
_ON_A_DAY = re.compile(r"\s(?:on\s)?(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b(?!\s[A-Z]).*")
_COMMA_JUNIOR = re.compile(r",(?=\s(?:Jr|Sr)\b)")
_DOTTED_JUNIOR = re.compile(r"(\s(?:jr|sr))\.$")
_JUNIOR = re.compile(r"\s(?:jr|sr|ii|iii|iv)\.?$")
_LONG_FORM = re.compile(rf"{_CAPITAL}(?:\s(?:(?:of|for|and|the|on|in)\s){{0,2}}{_CAPITAL})+")
_PREPOSED = re.compile(r"\b(?:in|of|at|from|for|to|with|by|on|about|against|than|near|and)\s(?:the\s)?$", re.IGNORECASE)
_OFFICES = TITLES - set("state reporter economist commentator analyst activist inspector justice leader father".split())
"""Titles that end no name of a paper or ministry: "the Hull Republican" is a person, "The Economist" is not."""
_GROUP_NAME = re.compile(r".{3,}(?:ans|ats|ists|ese|ics|nos)$")


class Written(NamedTuple):
    """A name as a text writes it."""

    name: str
    number: Number
    role: str = ""
    pronoun: str = ""
    """What a title tells: "he", "she" or ""."""


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
        self._said: dict[str, set[str]] = {}
        """What the text calls whom: words of titles and appositions by the key of the name beside them."""
        self._lower = set(re.findall(r"\b[a-z]{3,}\b", text))
        self._long_forms = [ARTICLE.sub("", form) for form in _LONG_FORM.findall(text)]
        for name in listed:
            self._note("", Written(name, "one"))
        for line in text.splitlines():
            if not in_title_case(line):
                for start, written, owner in self.mentions(line):
                    if not owner:
                        self._note(line[:start], written)
                    if written.number == "one":
                        self._describe(line, start, written, owner=owner)
        for key in [key for key in self.full if self.tail(key)]:
            self._ends[without_junior(key).split()[-1]].remove(key)
            del self.full[key]

    def tail(self, name: str) -> str:
        """The person's name that a longer run of capitals ends in: "Rival Jane Doe" in "Jane Doe"; else ""."""
        words = name.split()
        if usual_pronoun(name):
            return ""
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
                self._ends.setdefault(without_junior(key).split()[-1], []).append(key)
            if key not in self.full or written.number == "thing":
                self.full[key] = written._replace(role="")

    def _describe(self, line: str, start: int, written: Written, *, owner: bool) -> None:
        """Note what a line calls a person right before and behind the name."""
        at = line.find(written.name.split()[0], start)
        words = {*role_words(written.role), *_words_before(line[:at])}
        end = line.find(written.name.split()[-1], at) + len(written.name.split()[-1])
        if not owner and (behind := _APPOSITION.match(line, end)):
            words |= role_words(behind[1])
        if party := _PARTY.match(line, end):
            words |= {"republican" if party[1] == "R" else "democrat", party[2].lower()}
        if words:
            self._said.setdefault(name_key(written.name), set()).update(words)

    def said_of(self, name: str) -> set[str]:
        """The words in which the text describes a person."""
        key = name_key(name)
        last = key.split()[-1]
        of_last = self._said.get(last, set()) if len(self._ends.get(last, ())) < 2 else set()
        return self._said.get(key, set()) | of_last

    def ends_one(self, word: str) -> bool:
        """Whether a word is the last of a fuller name."""
        return word in self._ends

    def ending_in(self, name: str) -> list[Written]:
        """The fuller names that end in `name`, which is in lower case; of father and son the father."""
        keys = self._ends.get(without_junior(name).split()[-1], ())
        ending = [key for key in keys if key.endswith(f" {name}")]
        juniors = [key for key in keys if without_junior(key).endswith(f" {name}")]
        return [self.full[key] for key in ending or juniors]

    def beginning_with(self, name: str) -> list[Written]:
        """The persons' full names that begin with a given name, which is in lower case."""
        full = [self.full[key] for key in self.full if key.startswith(f"{name} ")]
        return [written for written in full if written.number == "one" and usual_pronoun(written.name)]

    def spelled_out(self, acronym: str) -> str:
        """The one name in the text that an acronym of three letters or more stands for, else ""."""
        letters = ARTICLE.sub("", acronym).replace(".", "")
        if not (letters.isupper() and letters.isalpha() and len(letters) > 2):
            return ""
        forms = {form.casefold(): form for form in self._long_forms if _initials(form) == letters}
        return next(iter(forms.values())) if len(forms) == 1 else ""

    def personal(self, name: str) -> bool:
        """Whether a full name is a person's: its last word stands alone, or a title or given name begins it."""
        key = name_key(name)
        written = self.full.get(key)
        last = key.split()[-1]
        if _WEEKDAY.fullmatch(last):
            return False
        if not written or written.number != "one":
            return False
        return last in self._alone or last in self._opening or bool(self.pronoun(name) or usual_pronoun(written.name))

    def pronoun(self, name: str) -> str:
        """What titles in the text tell of a person: "he", "she" or ""."""
        key = name_key(name)
        last = key.split()[-1] if key else ""
        known = self._pronouns.get(key, "")
        return known or (self._pronouns.get(last, "") if len(self._ends.get(last, ())) < 2 else "")

    def read(self, words: str, *, opens: bool = False) -> list[Written]:
        """The names that a source speaks by; several are joint. `opens`: the source opens its sentence."""
        plain = _COMMA_JUNIOR.sub("", _ON_A_DAY.sub("", BRACKETS.sub("", words)))
        if joint := self._joint(plain, opens=opens):
            return joint
        if found := self._of_two_roles(plain):
            return [found]
        segments = [segment.strip() for segment in SEGMENT.split(plain)]
        one = plain[:4].lower() == "one " and len(segments) > 1 and self._is_name(segments[1])
        if (QUANTITY.match(plain) and not one) or " and " in CUT.split(segments[0])[0]:
            return []
        if found := self._author(segments[0]):
            return [found]
        found = self._head_name(segments[0], opens=opens) or self._behind_institution(segments[0])
        if found and len(segments) > 1 and not found.role and segments[1][:1].islower():
            found = found._replace(role=ARTICLE.sub("", segments[1]))
        if found is None and len(segments) > 1 and self._is_name(segments[1]):
            found = self._head_name(segments[1])
            found = found and found._replace(role=ARTICLE.sub("", segments[0]))
        return [found] if found else []

    def _author(self, segment: str) -> Written | None:
        """Whose document a source is: "Jane Doe's letter", "a study by Jane Doe"."""
        if by := _BY.match(segment):
            return self._head_name(by[1])
        if own := _OWN.match(segment):
            return self._head_name(own[1])
        return None

    def _of_two_roles(self, plain: str) -> Written | None:
        """The name behind two roles of one person: "the actress and activist Jane Doe"."""
        head, _, last = SEGMENT.split(plain)[0].rpartition(" and ")
        if not head or list(self.mentions(head)) or ARTICLE.match(last) or number_of(noun_of(head), head) != "one":
            return None
        found = self._head_name(last)
        return found._replace(role=ARTICLE.sub("", f"{head} and {found.role}")) if found and found.role else None

    def _joint(self, plain: str, *, opens: bool) -> list[Written]:
        """The names of "A and B" or "A, B and C", each with its role before it; else nothing."""
        head, _, last = plain.rpartition(" and ")
        if not head:
            return []
        parts = [part.strip() for part in [*re.split(r",| and ", head), last] if part.strip()]
        last = CUT.split(SEGMENT.split(last)[0])[0]
        names = [self._head_name(part, opens=opens and not place) for place, part in enumerate([*parts[:-1], last])]
        named = [name for name in names if name]
        whole = all(not CUT.search(part) for part in parts[:-1])
        within = named and named[-1].number == "thing" and " " in last.strip() and not DEFINITE.match(last.strip())
        return named if len(named) == len(names) and whole and not within else []

    def _is_name(self, segment: str) -> bool:
        """Whether an apposition is a person's name and no more."""
        bare = re.sub(r"\b(\w+)\.(?=\s)", lambda m: m[1] if m[1].lower() in TITLES else m[0], segment)
        return bool(_RUN.fullmatch(bare)) and " " in segment and segment.split()[-1].lower() not in INSTITUTIONS

    def _head_name(self, segment: str, *, opens: bool = False) -> Written | None:
        """The name at the end of the part before a preposition, "of …" of an institution included."""
        cut = CUT.search(segment)
        core = segment[: cut.start()] if cut else segment
        if cut and POSSESSIVE.search(core) and segment[cut.start() :].strip():
            return None
        core = without_possessive(core)
        core = re.sub(r"\s(?:all|both|himself|herself|themselves|jointly)$", "", core)
        runs = list(self.runs(core))
        if not runs or not core.rstrip(".").endswith(runs[-1][1].name.split()[-1].rstrip(".")):
            return None
        before, written = runs[-1]
        alone = opens and not before and " " not in written.name and not written.role
        if alone and not self._stands(written.name, bare=not ARTICLE.match(core)):
            return None
        if written.number == "one" and (tail := self.tail(written.name)):
            written = written._replace(name=tail, role=f"{written.role} {written.name[: -len(tail)]}".strip())
        if written.number == "thing" and DEFINITE.match(core) and written.name.split()[-1].lower() in _OFFICES:
            return None
        if written.name.isupper() and name_key(written.name) in self._ends and written.number == "thing":
            written = written._replace(number="one")
        if written.number == "thing" and cut and (more := _OF_INSTITUTION.match(segment, cut.start())):
            written = written._replace(name=written.name + more.group())
        if written.role:
            before = re.sub(rf"\b{re.escape(written.role.split()[0])}\.\s$", "", before)
        role = f"{ARTICLE.sub('', before)}{written.role}".strip(' ‘’“”"')
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

    def _stands(self, word: str, *, bare: bool) -> bool:
        """Whether a capitalised word that opens a sentence is a name all the same; `bare` of an article."""
        key = name_key(word)
        if key in self._alone or key in self._ends or word.isupper():
            return not _GROUP_NAME.match(key) or key in self._ends
        if bare and (key in COMMON_PEOPLE or re.fullmatch(_DOCUMENT, key)):
            return False
        return (
            key not in self._lower and not (key.endswith("s") and not key.endswith("ss")) and key not in PLURAL_PEOPLE
        )

    def runs(self, text: str) -> Iterator[tuple[str, Written]]:
        """The names of a text, each after the text before it; owners and mere titles are none."""
        for start, written, owner in self.mentions(text):
            if not owner:
                yield text[:start], written

    def mentions(self, text: str) -> Iterator[tuple[int, Written, bool]]:
        """The names of a text, owners included: where each begins, what it is, and whether it owns what follows."""
        for match in _RUN.finditer(text):
            words = match.group().replace("\u00a0", " ").split()
            owners = [place + 1 for place, word in enumerate(words) if POSSESSIVE.search(word)]
            parts = [words[first:last] for first, last in pairwise([0, *owners, len(words)])]
            for place, part in enumerate(parts):
                owner = place < len(owners)
                if owner:
                    part[-1] = without_possessive(part[-1])
                if place == len(owners) and part and part[-1] in ("Jr", "Sr") and text.startswith(".", match.end()):
                    part[-1] += "."
                if part and (written := self._mentioned(part, text, match.start(), dotted=not place)):
                    yield match.start(), written, owner

    def _mentioned(self, words: list[str], text: str, start: int, *, dotted: bool) -> Written | None:
        """The name that capitalised words are; none where they only open a sentence or are a mere title.

        A title that ends in a full stop stands before `start`; `dotted` where it may be of these words.
        """
        the = words[0].lower() == "the" or bool(re.search(r"\b[Tt]he\s$", text[max(0, start - 5) : start]))
        former = words[0] == "Former"
        while len(words) > 1 and words[0].lower() in OPENERS:
            words = words[1:]
        if len(words) == 1 and words[0].lower() in OPENERS:
            return None
        while len(words) > 1 and _WEEKDAY.fullmatch(words[-1].lower()):
            words = words[:-1]
        titles, name = self._untitled(words, the=the)
        abbreviated = re.search(r"\b(\w+)\.\s$", text[max(0, start - 8) : start]) if dotted else None
        if abbreviated and abbreviated[1].lower() in TITLES:
            titles = [abbreviated[1], *titles]
        elif len(name) == 1 and name[0].rstrip(".").lower() in TITLES and not titles:
            name = []
        if not name:
            return None
        titles = ["Former", *titles] if former and titles else titles
        pronoun = next((_TITLED[t.lower()] for t in titles if t.lower() in _TITLED), "")
        return Written(" ".join(name), _number_of_name(name, titles, the=the), " ".join(titles), pronoun)

    def _untitled(self, words: list[str], *, the: bool) -> tuple[list[str], list[str]]:
        """Titles and name, which a given name may begin; after "the" and in institutions' names are no titles."""
        if the or words[-1].lower() in INSTITUTIONS:
            return [], words
        last = max((n for n, word in enumerate(words[:-1]) if word.rstrip(".").lower() in TITLES), default=-1)
        if last < 0 and not usual_pronoun(" ".join(words)):
            last = next((n - 1 for n in range(1, len(words) - 1) if usual_pronoun(" ".join(words[n:]))), -1)
        return words[: last + 1], words[last + 1 :]


def _number_of_name(name: Sequence[str], titles: Sequence[str], *, the: bool) -> Number:
    if titles:
        return "one"
    if len(name) == 1 and _GROUP_NAME.match(name[0]):
        return "many"
    acronym = len(name) == 1 and name[0].isupper() and len(name[0]) > 1
    return "thing" if the or acronym or name[-1].lower().rstrip(".") in INSTITUTIONS else "one"


def stands_first(before: str) -> bool:
    """Whether a name opens its text: no more than an article stands before it."""
    return not ARTICLE.sub("", f"{before.strip()} ").strip()


def preposed(before: str) -> bool:
    """Whether a preposition, "than" or "and" stands right before a name."""
    return bool(_PREPOSED.search(before))


def _words_before(before: str) -> set[str]:
    """The words of a role that stand right before a name, or before the comma there: "the mayor, Jane Doe"."""
    before = before.rstrip().removesuffix(",")
    found: list[str] = []
    for word in reversed(before.split()[-5:]):
        bare = word.rstrip(".").lower()
        if not word[-1].isalnum() and not (word.endswith(".") and bare in TITLES and len(bare) < 5):
            break
        if bare in OPENERS or CUT.match(f" {bare}") or _VERB.fullmatch(word):
            break
        found.append(bare)
    return role_words(" ".join(found))


# ---- Names compared ----


def name_key(name: str) -> str:
    """A name as it is compared: lower case, curly apostrophes straight, without "the" and the dots of "U.N."."""
    key = ARTICLE.sub("", " ".join(name.replace("’", "'").split())).casefold()
    return key.replace(".", "") if _ACRONYM.fullmatch(key) else _DOTTED_JUNIOR.sub(r"\1", key)


def without_junior(key: str) -> str:
    """A name in lower case without "Jr", "III" and the like: the end that shorter names have in common with it."""
    return _JUNIOR.sub("", key)


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split() if word[0].isupper())


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
