"""Descriptions of people and institutions: what noun they have, of how many they are, and of whom they may be.

The noun of a description, its last word before a preposition, tells whether that is of one person, of several,
or of an institution. Of whom a description is that fits somebody, is told in speakers.py.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

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
    democrat ceo cfo coo sheriff superintendent coach councilman councilwoman assemblyman assemblywoman comptroller
    treasurer undersecretary""".split()
)
"""Words that stand before a name and are no part of it, in lower case, without full stops."""
_FULLER = {"sen": "senator", "gov": "governor", "rep": "representative", "gen": "general", "prof": "professor"}
_SAME = {"gop": "republican", "republicans": "republican", "democratic": "democrat", "democrats": "democrat"}
"""Words of a role that mean the same."""
CUT = re.compile(
    r"\s(?:of(?!\sState\b)|at|from|for|in|with|who|whom|whose|which|that|on|to|by|about|near|like|including|under|"
    r"speaking|running|told|said)\b"
)
BRACKETS = re.compile(r"\s*[(\[][^)\]]*[)\]]?")
SEGMENT = re.compile(r",|;|:|\s[–—-]+\s?|[–—]")
_RELATIVE = re.compile(r"\s(?:who|whom|whose|which|that)\s.*")
ARTICLE = re.compile(r"^(?:the|a|an|this|that|these|those)\s+", re.IGNORECASE)
QUANTITY = re.compile(
    r"^(?:some|many|most|several|few|various|two|three|four|five|six|seven|eight|nine|ten|\d+|dozens of|"
    r"hundreds of|both|one|at least|all|no|any|every)\s+(?:of\s+(?:the\s+)?)?",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"\s(?:earlier|later|last|this|yesterday|today|(?:on )?(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\b.*"
)
DEFINITE = re.compile(r"(?:the|this|that)\s", re.IGNORECASE)
POSSESSIVE = re.compile(r"(?<=\w)(?:[’']s|(?<=s)[’'])$")
_RELATIONS = frozenset(
    """wife husband father mother parent brother sister daughter son friend neighbour neighbor aide lawyer attorney
    adviser advisor spokesman spokeswoman spokesperson official source insider colleague expert analyst witness
    professor author reporter writer director secretary chairman chairwoman chair commissioner ambassador envoy general
    judge justice manager inspector officer commander sergeant captain lieutenant colonel major admiral editor owner
    founder operator prosecutor investigator researcher doctor teacher driver worker resident""".split()
)
"""Nouns of people who are introduced beside others: they are nobody who was named before with another role."""
_SOFT = frozenset("republican democrat candidate candidates nominee leader activist commentator chief".split())
"""Titles that go with any office."""
_FEW = frozenset(
    """mogul billionaire millionaire tycoon businessman businesswoman celebrity star native frontrunner front-runner
    hopeful contender lawmaker incumbent challenger politician statesman""".split()
)
"""Nouns, besides titles, by which those are called whom an article has named."""
COMMON_PEOPLE = TITLES | _RELATIONS | _FEW
"""Nouns of single people that are no names where they open a heading: "Lawmaker urges haste"."""
_AGED = re.compile(r"\b\d+-year-old\b")
_FITS = {
    "candidate": {"nominee"},
    "nominee": {"candidate"},
    "lawmaker": {"senator", "representative", "congressman", "congresswoman"},
    "congressman": {"representative"},
    "congresswoman": {"representative"},
    "premier": {"minister"},
    "leader": {"president", "minister", "chairman", "speaker", "premier", "chancellor"},
}
"""Noun of a description → nouns of roles that it speaks of as well."""
_WOMAN = re.compile(r".*woman|wife|mother|sister|daughter|lady|actress|queen|princess|duchess|girl|widow")
_MAN = re.compile(r".*man|husband|father|brother|son|gentleman|actor|king|prince|duke|boy|widower")
PLURAL_PEOPLE = frozenset("people police men women children others public".split())
_PERSON_NOUN = re.compile(
    r".*(?:man|woman|person|ist|ian|aide|lawyer|source|neighbou?r|author|doctor|actor|[^p]orter|yer|teacher|worker|"
    r"player|driver|farmer|leader|adviser|advisor|ator|cher|ent|ant|ee|"
    r"investor|editor|prosecutor|mogul|billionaire|tycoon|founder|owner|star|host|pastor|priest|head|boss|captain|"
    r"veteran|native|candidate|survivor|victim|suspect|attorney|pilot|singer|writer|banker|broker|developer|trader|"
    r"maker|member|tress|\d+-year-old|soldier|student|guard|lady|nominee|frontrunner|front-runner|rival|opponent|"
    r"wife|husband|father|mother|brother|sister|daughter|son|friend|critic|expert|official|insider|narrator)$"
)
_NO_PERSON_NOUN = frozenset(
    "document statement government parliament department agreement comment grant committee".split()
)


class Description(NamedTuple):
    """What a source without a name is said to be: "two policy analysts" are "policy analysts"."""

    words: str
    noun: str
    """In lower case and full: "governor" for "Gov."."""
    number: Number
    definite: bool
    """Whether it speaks of somebody known: "the analyst", not "an analyst"."""


def without_possessive(words: str) -> str:
    """The words without the ending of an owner: "Sam’s" gives "Sam"."""
    return POSSESSIVE.sub("", words)


def describe(words: str) -> Description:
    """The description that the words of a source hold, cut where it is long."""
    plain = without_possessive(_RELATIVE.sub("", SEGMENT.split(BRACKETS.sub("", words))[0].strip())) or words
    bare = _WHEN.sub("", QUANTITY.sub("", ARTICLE.sub("", plain))) or plain
    if bare.count(" ") >= LONGEST_DESCRIPTION:
        bare = CUT.split(bare)[0]
    noun = noun_of(bare)
    return Description(bare, noun, number_of(noun, plain), bool(DEFINITE.match(words)))


def nouns(role: str) -> set[str]:
    """The nouns of a role: "banker and former mayor of Hull" has two."""
    return {noun_of(part) for segment in SEGMENT.split(role) for part in segment.split(" and ") if part.strip()}


def role_words(role: str) -> set[str]:
    """The words of a role or description in lower case, titles in full."""
    words = (word.lower().rstrip(".") for word in re.findall(r"[\w.’'-]+", ARTICLE.sub("", role)))
    return {_SAME.get(word, word) for word in (_FULLER.get(word, word) for word in words)}


def noun_of(description: str) -> str:
    """The noun of a description: the last word before a preposition, in full and lower case."""
    words = CUT.split(description)[0].split() or description.split()
    noun = without_possessive(words[-1].lower().rstrip("."))
    return _FULLER.get(noun, noun)


def number_of(noun: str, words: str) -> Number:
    """Whether a description is of one person, of many, or of a thing."""
    both = words.partition(" and ")
    if both[1] and DEFINITE.match(words) and not DEFINITE.match(both[2]):
        whole = all(number_of(noun_of(part), "") == "one" for part in (both[0], both[2]))
        return "one" if whole and re.search(r"\b(?:former|current|onetime|longtime|then|U\.S\.)", words) else "many"
    if noun in PLURAL_PEOPLE or both[1] or (noun.endswith("s") and not noun.endswith(("ss", "us", "is"))):
        return "many"
    person = noun in TITLES or (noun not in _NO_PERSON_NOUN and _PERSON_NOUN.fullmatch(noun))
    return "one" if person else "thing"


def fits(said: Description, role: set[str]) -> bool:
    """Whether a description is of somebody with the words `role`: their noun, and all words where it has an "of"."""
    wanted = role_words(said.words)
    if "former" in wanted - role or (" of " in said.words and not wanted <= role):
        return False
    return _same_noun(said.noun) in role or bool(_FITS.get(said.noun, set()) & role)


def contradicts(said: Description, role: set[str], pronoun: str) -> bool:
    """Whether a description cannot be of somebody with the words `role` and this pronoun, "" where none is known."""
    wanted = role_words(said.words)
    if "former" in wanted and "former" not in role and _same_noun(said.noun) in role:
        return True
    parties = {"republican", "democrat"}
    if (_WOMAN.fullmatch(said.noun) and pronoun == "he") or (_MAN.fullmatch(said.noun) and pronoun == "she"):
        return True
    if wanted & parties and role & parties and not wanted & role & parties:
        return True
    offices = TITLES - _SOFT
    if "former" not in wanted and (
        said.noun in offices or not (wanted & (_FEW | _SOFT) or _AGED.search(said.words) or len(wanted) > 1)
    ):
        return bool(role & offices) and not fits(said, role)
    return False


def introduces(said: Description) -> bool:
    """Whether a description brings in somebody beside those who are named: "the lawyer", "the aide to Jane Doe".

    Who has been named is called by where he is from or by his party ("the Hull native"), by what he was or how old he
    is ("the former mayor", "the 34-year-old"), or by what few are ("the senator", "the billionaire").
    """
    if "former" in role_words(said.words) or _AGED.search(said.words):
        return False
    if said.noun in _RELATIONS or CUT.search(said.words) or re.search(r"[’']s?\s", said.words):
        return True
    return not re.search(r"\b[A-Z]", said.words) and said.noun not in TITLES | _FEW


def _same_noun(noun: str) -> str:
    return _SAME.get(noun, noun)


_KINDS = {
    "newspaper": "times post journal tribune herald globe gazette telegraph guardian observer inquirer star sun news "
    "chronicle examiner dispatch",
    "agency": "agency office bureau administration commission service department authority",
    "department": "department ministry",
    "network": "news network tv television radio channel",
    "company": "inc corp co corporation company motors airlines group bank",
    "group": "institute center centre foundation association union league council alliance committee society project "
    "fund coalition group organization organisation institution",
    "committee": "committee panel",
    "court": "court",
}
"""Noun of a description → last words of the names of institutions that it may be of, besides itself."""
_KINDS |= {"paper": _KINDS["newspaper"], "panel": _KINDS["committee"], "ministry": _KINDS["department"]}
_KINDS |= {"outlet": f"{_KINDS['newspaper']} {_KINDS['network']}"}
_KINDS |= {"organization": _KINDS["group"], "organisation": _KINDS["group"], "center": "institute centre"}
_INITIALS = {"agency", "network", "group", "organization", "organisation"}


def fits_thing(said: Description, name: str) -> bool:
    """Whether "the agency" may be the institution of that name: by its last word, or as an acronym."""
    if said.noun in _INITIALS and name.isupper() and " " not in name:
        return True
    return bool({*name.casefold().split()} & {said.noun, *_KINDS.get(said.noun, "").split()})
