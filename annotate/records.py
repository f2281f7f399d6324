"""The values that the stages hand to one another, and that the corpus keeps: one class per line kind.

Field order is the order of keys on the line. Offsets are Unicode code points, half-open, into
`Article.text`. An absent string is "", an absent span the empty span at 0; nothing is ever null.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, Strict

SCHEMA_VERSION: Literal["v1"] = "v1"

Text = Annotated[str, Strict()]
Offset = Annotated[int, Strict(), Field(ge=0)]
Probability = Annotated[float, Strict(), Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Id = Annotated[str, Strict(), Field(pattern=r"^[A-Za-z][A-Za-z0-9._-]*$")]
OptionalId = Annotated[str, Strict(), Field(pattern=r"^([A-Za-z][A-Za-z0-9._-]*)?$")]

Time = Annotated[str, Strict(), Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")]
Annotator = Annotated[str, Strict(), Field(pattern=r"^[A-Za-z][A-Za-z0-9._-]*$")]

Stance = Literal["favor", "neutral", "against"]
Quotation = Literal["direct", "indirect", "mixed", "none"]
Mode = Literal["edit", "review", "blind", "audit", "adjudicate", "import", "withdraw", "reanchor"]
DecidedField = Literal["claim", "stance", "speaker", "span", "source", "cue", "quotation", "note"]
STANCES: tuple[Stance, ...] = ("favor", "neutral", "against")
QUOTATIONS: tuple[Quotation, ...] = ("direct", "indirect", "mixed", "none")

CLOSED = ConfigDict(extra="forbid")
"""No key may stand on a line that its class does not have."""

NARRATOR = "narrator"
"""The speaker of what the article itself states."""
UNKNOWN = "unknown"
"""The speaker of a quotation that nothing tells the speaker of."""
GROUP = "group"
"""The role of a found speaker that is no single named person: "Analysts", "A and B"."""


def digest(*parts: str, letter: str, size: int = 20) -> str:
    """`letter` and `size` hex digits of the SHA-256 of the parts, joined by the unit separator."""
    return letter + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:size]


@dataclass(frozen=True, slots=True)
class Article:
    """One frozen plain text; `sha256` is of its UTF-8, `length` counts code points."""

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    schema_version: Literal["v1"]
    id: Id
    title: Text
    outlet: Text
    author: Text
    date: Text
    url: Text
    language: Text
    sha256: Text
    length: Offset
    text: Text

    @classmethod
    def of(
        cls,
        text: str,
        id: str = "",
        *,
        title: str = "",
        outlet: str = "",
        author: str = "",
        date: str = "",
        url: str = "",
        language: str = "en",
    ) -> Article:
        """An article of `text`, with an id made from the text where none is given."""
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        return cls(
            SCHEMA_VERSION, id or f"a{sha256[:12]}", title, outlet, author, date, url, language, sha256, len(text), text
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the article, `article.text[start:end] == text`."""

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    start: Offset
    end: Offset
    text: Text


NO_SPAN = Span(0, 0, "")


@dataclass(frozen=True, slots=True)
class Scores:
    """A probability per stance; they sum to 1, or are all 0 where no model has judged."""

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    favor: Probability
    neutral: Probability
    against: Probability

    @classmethod
    def of(cls, favor: float, neutral: float, against: float) -> Scores:
        """Scores rounded to four decimals so that they still sum to 1: the largest takes the rest."""
        rounded = [round(x, 4) for x in (favor, neutral, against)]
        largest = rounded.index(max(rounded))
        rounded[largest] = round(1.0 - (sum(rounded) - rounded[largest]), 4)
        return cls(*rounded)

    @property
    def stance(self) -> Stance:
        """The stance of the highest score; the earlier of STANCES on a tie."""
        return max(STANCES, key=lambda stance: getattr(self, stance))


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the models said of a claim. `seal` is a digest of it and the claim's id."""

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    start: Offset
    end: Offset
    speaker: OptionalId
    speaker_score: Probability
    speaker_reason: Text
    stance: Literal["favor", "neutral", "against", ""]
    scores: Scores
    attribution_model: Text
    stance_model: Text
    seal: Text

    def sealed(self, claim_id: str) -> Prediction:
        """This prediction with its seal for the claim `claim_id`."""
        return replace(self, seal=self.seal_for(claim_id))

    def seal_for(self, claim_id: str) -> str:
        """The seal that this prediction must carry, whatever way its numbers were written."""
        content = asdict(self)
        del content["seal"]
        return digest(claim_id, json.dumps(content, sort_keys=True), letter="s")


NO_PREDICTION = Prediction(0, 0, "", 0.0, "", "", Scores(0.0, 0.0, 0.0), "", "", "")
"""What stands on the line of a claim that a person added."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim and one target: a line of `claims.jsonl`."""

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    schema_version: Literal["v1"]
    id: OptionalId
    article: Id
    start: Offset
    end: Offset
    text: Text
    digest: Text
    quotation: Quotation
    source: Span
    cue: Span
    continues: OptionalId
    speaker: Id
    target: Id
    stance: Stance
    annotator: Text
    note: Text
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class Speaker:
    """Somebody who speaks: a line of `speakers.jsonl`. `aliases` holds at least the name."""

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    schema_version: Literal["v1"]
    id: Id
    name: Text
    aliases: tuple[Text, ...]
    role: Text
    listed: bool

    def seen_as(self, other: Speaker) -> Speaker:
        """This speaker with the aliases of both, and the other's role where this one has none."""
        aliases = tuple(dict.fromkeys([*self.aliases, *other.aliases]))
        return replace(self, aliases=aliases, role=self.role or other.role)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said of one field of one claim: a line of `decisions.jsonl`, which is only ever appended to.

    `from_` ("from" on the line) and `to` are strings: a stance, a speaker's id, a note, a quotation, a span as
    "start:end". The field "claim" is the line as a whole, without its texts, and "" where there is no such line:
    a deletion is to "", an addition from "". `time` is UTC, ISO 8601 with microseconds. A decision of mode
    "withdraw" takes back what this annotator said of the field; one of mode "reanchor" is the software's
    transcription into a text that changed: "from" is what stood there before anybody decided, "to" what this
    annotator said, both by the offsets of the new text. Of that mode is also what keeps the line of a claim's later
    part when its first part is deleted, so that it can continue that again; it says nothing of the claim.
    """

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    schema_version: Literal["v1"]
    time: Time
    annotator: Annotator
    claim: Id
    field: DecidedField
    from_: Annotated[Text, Field(alias="from")]
    to: Text
    mode: Mode
    corpus_version: Text


@dataclass(frozen=True, slots=True)
class Removal:
    """An article that was taken down: a line of `removals.jsonl`. `sha256` keeps its text from coming back."""

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    schema_version: Literal["v1"]
    time: Time
    article: Id
    sha256: Text
    claims: Offset
    reason: Text


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a stand-off corpus keeps of a span to find it in another copy: a line of `anchors.jsonl`.

    `words` counts the words at [start, end) of the article, `digest` is of them, case-folded and without
    punctuation and white space; `lead` and `trail` count the marks of punctuation before the first and after the
    last word.
    """

    __pydantic_config__: ClassVar[ConfigDict] = CLOSED

    schema_version: Literal["v1"]
    article: Id
    start: Offset
    end: Offset
    words: Offset
    digest: Annotated[str, Strict(), Field(pattern=r"^w[0-9a-f]{20}$")]
    lead: Offset
    trail: Offset


def claim_id(article_sha256: str, start: int, end: int, target: str) -> str:
    """The id of the claim that was first found at [start, end) of the article."""
    return digest(article_sha256, str(start), str(end), target, letter="c")


def text_digest(text: str) -> str:
    """The digest that stands for a claim's text."""
    return digest(text, letter="d")
