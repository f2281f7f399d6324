"""Ways to say a claim otherwise whose label is certain, to multiply training claims; for training only.

Each operator takes an example and gives another, or None where its label would not be certain: better no example than a
wrong one. `tests/test_operators.py` proves the labels on cases written by hand.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Example(NamedTuple):
    """A claim, who makes it ("" for the article itself), the name of a target, and the stance toward it."""

    text: str
    speaker: str
    target: str
    stance: str


class Country(NamedTuple):
    """The words that name a country; none of them is a common word of English."""

    name: str
    adjective: str
    capital: str


COUNTRIES = [
    Country("Australia", "Australian", "Canberra"),
    Country("Belgium", "Belgian", "Brussels"),
    Country("Brazil", "Brazilian", "Brasília"),
    Country("Egypt", "Egyptian", "Cairo"),
    Country("Ghana", "Ghanaian", "Accra"),
    Country("Hungary", "Hungarian", "Budapest"),
    Country("India", "Indian", "Delhi"),
    Country("Italy", "Italian", "Rome"),
    Country("Kenya", "Kenyan", "Nairobi"),
    Country("Malaysia", "Malaysian", "Kuala Lumpur"),
    Country("Mongolia", "Mongolian", "Ulaanbaatar"),
    Country("Nigeria", "Nigerian", "Abuja"),
    Country("Norway", "Norwegian", "Oslo"),
    Country("Pakistan", "Pakistani", "Islamabad"),
    Country("Russia", "Russian", "Moscow"),
    Country("Serbia", "Serbian", "Belgrade"),
    Country("South Korea", "South Korean", "Seoul"),
    Country("Ukraine", "Ukrainian", "Kyiv"),
    Country("Uruguay", "Uruguayan", "Montevideo"),
    Country("Vietnam", "Vietnamese", "Hanoi"),
]


def moved(example: Example, old: Country, new: Country) -> Example | None:
    """Another country in text, speaker and target alike: the stance stays.

    None where `old` is not there, `new` is already, or a form of `old` would be left.
    """
    before = " ".join(example[:3])
    if any(_names(word, before) for word in new) or not any(_names(word, before) for word in old):
        return None
    words = dict(zip(old, new, strict=True))
    # The longest first: "South Korean" holds "South Korea".
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in sorted(words, key=len, reverse=True)))
    text, speaker, target = (_articled(pattern.sub(lambda found: words[found[0]], part)) for part in example[:3])
    # As in "Egyptians", or in "Indiana", which is not of India.
    if any(word.casefold() in f"{text} {speaker} {target}".casefold() for word in old):
        return None
    return Example(text, speaker, target, example.stance)


def _names(word: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _articled(text: str) -> str:
    """The text with "a" and "an" as its adjectives of countries need them."""
    adjectives = "|".join(country.adjective for country in COUNTRIES)

    def article(found: re.Match[str]) -> str:
        an = found[2][0] in "AEIO"  # "Ukrainian" and "Uruguayan" begin like "you"
        return f"{found[1]}{'n' if an else ''} {found[2]}"

    return re.sub(rf"\b([Aa])n? ({adjectives})\b", article, text)


def spoken_by(example: Example, speaker: str) -> Example | None:
    """The same claim by somebody else: the stance stays. None where nobody is named, or the text names the speaker."""
    if not example.speaker or any(_names(word, example.text) for word in example.speaker.split()):
        return None
    return example._replace(speaker=speaker)


def quoted_by(example: Example, reporter: str) -> Example | None:
    """The claim reported by another, who takes no side by it. None for claims that nobody makes or that quote."""
    if not example.speaker or re.search(r"[“”\"]", example.text):
        return None
    return Example(f"{example.speaker} said: “{example.text}”", reporter, example.target, "neutral")


FULL = {
    "do not": "don't", "does not": "doesn't", "did not": "didn't", "is not": "isn't", "are not": "aren't",
    "was not": "wasn't", "were not": "weren't", "will not": "won't", "would not": "wouldn't",
    "should not": "shouldn't", "cannot": "can't", "could not": "couldn't", "have not": "haven't", "has not": "hasn't",
    "I am": "I'm", "we are": "we're", "we will": "we'll", "it is": "it's",
}  # fmt: skip
"""Full forms and their contractions; of "not only" there is none."""
_PRONOUNS = "I|you|he|she|it|we|they|this|that|the|there"
"""What follows a contraction in a question ("Isn't it time?"), which has no such full form."""


def contracted(example: Example) -> Example | None:
    """Contractions for full forms ("don't" for "do not"): the stance stays. None where there is nothing to contract."""
    return _reworded(example, FULL, r"(?! only\b)(?=\s+\w)")


def expanded(example: Example) -> Example | None:
    """Full forms for contractions: the stance stays. None where there are none; "it's" may be "it has", and is left."""
    short = {contraction: full for full, contraction in FULL.items() if contraction != "it's"}
    return _reworded(example._replace(text=example.text.replace("’", "'")), short, rf"(?! ({_PRONOUNS})\b)")


def _reworded(example: Example, words: dict[str, str], after: str) -> Example | None:
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, words))})\b{after}", re.IGNORECASE)
    lowered = {word.casefold(): other for word, other in words.items()}

    def other(found: re.Match[str]) -> str:
        said = lowered[found[1].casefold()]
        return said[0].upper() + said[1:] if found[1][0].isupper() else said

    text = pattern.sub(other, example.text)
    return None if text == example.text else example._replace(text=text)


SUPPORT = "support|welcome|back|favour|favor|endorse|approve of|applaud"
_SUPPORTS = re.compile(rf"(I|We)( do not| don't|) ({SUPPORT}) ([^,.;:?!—]+\.?)")
_MORE = re.compile(r"\b(but|although|though|because|unless|if|until|without|and|or|only|yet|however|not|no)\b")


def negated(example: Example) -> Example | None:
    """Support denied ("We do not support it" for "We support it"), or the reverse: the stance is turned around.

    None for all but one plain clause of one sentence: what is added to it may carry the stance, and "I do not oppose
    it" is no support.
    """
    found = _SUPPORTS.fullmatch(example.text)
    if not found or _MORE.search(found[4]):
        return None
    who, negation, verb, what = found.groups()
    if example.stance != ("against" if negation else "favor"):
        return None
    if negation:
        return example._replace(text=f"{who} {verb} {what}", stance="favor")
    return example._replace(text=f"{who} do not {verb} {what}", stance="against")


_SHIFTED = {
    "we": "they", "our": "their", "ours": "theirs", "us": "them", "ourselves": "themselves",
    "will": "would", "can": "could", "may": "might", "shall": "should",
}  # fmt: skip
_NOT_SHIFTED = re.compile(
    r"[“”\"?!;…]|[.]\s|\b(I|me|my|mine|you|your|let us|let's|\w+'(ll|re|ve|m)|won't|can't|they|them|their)\b"
    r"|\b(a|an|free|good|no|of|our|own|political|the) (will|can)\b"  # nouns
)
_LOWERED = ("We ", "Our ", "The ", "A ", "An ", "This ", "It ", "There ", "These ", "No ")


def indirect(example: Example) -> Example | None:
    """A direct quotation as indirect speech ("We will sign it" as "they would sign it"): the stance stays.

    None for several sentences, for text with the first person singular, the second, or a third that might be mistaken,
    and for text that begins with a word that may be a name.
    """
    text = example.text.replace("’", "'")
    if not example.speaker or _NOT_SHIFTED.search(text) or not text.startswith(_LOWERED):
        return None
    text = text[0].lower() + text[1:]
    shifted = re.sub(rf"\b({'|'.join(_SHIFTED)})\b", lambda found: _SHIFTED[found[1]], text)
    return None if shifted == text else example._replace(text=shifted.removesuffix("."))


_COMMON = {
    "a", "an", "and", "between", "by", "for", "from", "in", "its", "joint", "more", "new", "of", "on", "the", "to",
    "with",
}  # fmt: skip


def other_target(example: Example, target: str) -> Example | None:
    """The same text judged for a target that it does not speak of: neutral.

    None where target and text, or the two targets, share a word (of five letters, the beginning of one), and where the
    text does not itself name its own target: then it may speak of anything.
    """
    own, other, said = (_content(words) for words in (example.target, target, example.text))
    if not own & said or other & (own | said):
        return None
    return example._replace(target=target, stance="neutral")


def _content(words: str) -> set[str]:
    return {word[:5] for word in re.findall(r"\w+", words.casefold()) if len(word) > 2 and word not in _COMMON}


def with_aside(example: Example, aside: str) -> Example | None:
    """The claim and a remark at its end that values nothing: the stance stays. None without a full stop at the end."""
    if not re.fullmatch(r"[^?!…]+\w\.", example.text):
        return None
    return example._replace(text=f"{example.text[:-1]}, {aside}.")
