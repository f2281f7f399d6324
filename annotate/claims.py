"""From the words that the attribution model marked to claims: one per attribution and sentence.

The rules, in full:

1. What the model marks as content is cut at sentence boundaries; each part is a piece. Parts of one
   sentence are one piece where no more than a word stands between them, or a cue that neither a comma nor a
   conjunction introduces: it is nested ("he said that it is often called X"). No pieces are: a single "it", "which"
   or the like, a name ("drills called “Sea Shield”"), and what is spoken of ("“A,” he said of B"). A piece that the
   model broke off behind the subject of a subordinate clause ("…, because Lin") goes on to the end of its sentence
   where nothing else is marked there.
2. A quotation in which the model saw no content is a piece too, where it has at least five words or
   is all that its sentence says. Where a piece and a quotation overlap for the most part, the piece
   is widened to the quotation. A sentence that is all quotation is one claim, whatever is attributed in it.
3. A piece belongs to the nearest cue of its sentence that is not inside a piece, other pieces in
   between counting as distance; the source is the one nearest to that cue, before the piece where
   the cue has none of its own ("…, adding that B"). Where the model saw no source, a participle behind a comma
   ("He met them, agreeing that B") has the pronoun or name that opens the sentence; so has an active cue, but a
   pronoun or name right before the cue comes first. A source that the model broke off is mended: "S.E.C.", "Mr. Doe",
   "Jane" before "Doe", the name before a bracket that it begins with.
4. Pieces on both sides of one cue are one claim in two parts: the later one `continues` the first.
5. A piece with no source in its sentence runs on: from the part of the same content or quotation
   that has one, else from the piece before it in the paragraph, else, for a quotation, from the piece
   after it in the paragraph, else from the last piece of the paragraph before. What is not all quotation and has a
   cue of its own, or any with a passive cue ("was deemed"), runs on only within its content or quotation. What is
   not quoted and has no cue either runs on only as the whole sentence; where it runs on from nothing, it is
   the narrator's.
   Indirect speech goes on, too, in a sentence that the model did not mark, right behind an indirect claim: where it
   has a modal or evaluating word and stands in the same paragraph ("…, he said. That is crucial."), or
   draws a conclusion ("Closer ties, therefore, …").
   Before that, the words that name its speaker in another sentence are looked for: the label of a transcript's turn
   (transcripts.py: there every sentence is one claim); a name behind a dash that the quotation is signed with ("“A.” —
   Jane Doe"); a name and verb right behind the quotation ("“A?” Doe demanded.", "“A” Doe said, …"); for what opens
   a line whose line before ends in a colon ("Doe continued:"), the last source there, or the words that open its last
   sentence.
6. Headings, captions and datelines are no claims. A sentence with no piece is the narrator's claim, if it
   has at least three words.
7. A span loses its enclosing quotation marks, a leading "that" that is not quoted, and outer commas, colons
   and dashes; where it ends its sentence it keeps the full stop, also inside the closing mark.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from annotate.attribution import Part, Roles
from annotate.layout import Layout, Stretch, in_title_case, layout, with_known_marks, words
from annotate.names import OPENERS
from annotate.records import Quotation
from annotate.transcripts import Turn, turns

SHORTEST_QUOTATION = 5
"""Words of a quotation within a longer sentence that count as a claim although the model saw none."""
SHORTEST_NARRATION = 3

_LEAD = re.compile(r"(?:[\s,;:–—―]|-(?=[\s-])|--)+")
_THAT = re.compile(r"that(?=[\s,])")
_TAIL = re.compile(r"[\s,;:–—―-]+$")
_MARK = re.compile(r"``|''|[“”„«»\"]|(?<!\w)[‘'](?=\S)|[’'](?!\w)")
_CLOSES = {"“": "”", "„": "“”", "«": "»", "‘": "’", "'": "'", '"': '"', "``": "''", "''": "''"}
_REST = re.compile(r"[.!?…]*[\s”»’'\")\]]*")
_IDLE = re.compile(r"\bthat\b|\W+")
_IDLE_WORD = re.compile(
    r"\b(?:that|this|these|those|it|its|so|the|a|an|which|who|what|as|them|him|her|his)\b", re.IGNORECASE
)
_INTRODUCES = re.compile(r"(?:[,;:”\"–—]|\b(?:and|but|or|while|then|also))\s*$")
_NAMES = re.compile(r"(?:called|named|dubbed|titled|nicknamed|known as|entitled)\s*$", re.IGNORECASE)
_NAME = re.compile(r"\s*[“\"‘](?:the |a )?(?:[A-Z][\w’-]*(?:,? (?:of |and |the )*|(?=\W)))+,?[”\"’]")
_OPENING = re.compile(r"(?:He|She|They|We|It|(?:[A-Z][\w’'.-]*[ \u00a0]?)+)\b")
_FULL_NAME = r"(?:[A-Z][\w’'.-]*[ \u00a0]){0,3}[A-Z][\w’'-]*\w"
_REPORTS = r"(?:said|says|asked|asks|told|wrote|writes|added|adds|continued|replied|explained|argued)"
_BEHIND = re.compile(
    rf"[.?!,…]*[”\"’']{{1,2}}\s+(?:(?P<doer>[Hh]e|[Ss]he|[Tt]hey|{_FULL_NAME})"
    rf"\s(?:{_REPORTS}\b|[a-z]+(?:ed|s)(?:\s[\w’'-]+){{0,3}}\.(?=\s|$))|{_REPORTS}\s(?P<inverted>{_FULL_NAME}))"
)
"""A name and a verb right behind a quotation: known verbs, or any that nearly ends the sentence."""
_BESIDE = re.compile(
    r"\b(he|she|they|(?:[A-Z][\w’'-]*[ \u00a0]){0,3}[A-Z][\w’'-]*\w)"
    r"\s(?:(?:also|even|once|then|later|has|had|have|will|would|is|was|are|were)\s){0,2}$"
)
"""A name or pronoun right before a cue."""
_SIGNED = re.compile(
    r"[”\"]\s*(?:[–—―]|-{1,2})\s*((?:[A-Z][\w’'-]*\.?[ \u00a0]){1,4}[A-Z][\w’'-]*\w)(?=,|\.?\s*(?:\n|$)|\s\()"
)
_TITLE = re.compile(r"(?:the\s)?(?:Mr|Mrs|Ms|Dr|Sen|Rep|Gov|Gen|Prof)\.?$", re.IGNORECASE)
_NAME_BEHIND = re.compile(r"\.?\s[A-Z][\w-]*(?:[ \u00a0][A-Z][\w-]*){0,2}\b")
_IN_NAME = re.compile(r"\b[A-Z][a-z]+$")
_REST_OF_NAME = re.compile(
    r"[ \u00a0](?!(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|I)\b)[A-Z][a-z][\w-]*(?=[ ,.])(?![ \u00a0][A-Z])"
)
_BESIDE_NOUN = re.compile(r"\b(?:the|a|an|of|for|his|her|their|its|that|which|who|it)\s$")
_DOTTED = re.compile(r"\.(?:[A-Z]\.)+")
_BROKEN_OPEN = re.compile(r"[^(\[]*[)\]]")
_NAMES_BEFORE = re.compile(r"(?:[A-Z][\w’'-]*\.?[ \u00a0])*[A-Z][\w’'-]*\s[(\[][^)\]]*$")
_PARTICIPLE = re.compile(r",\s*(?:also\s+|then\s+)?\w+ing\b")
_EVALUATES = re.compile(
    r"\b(?:should|must|ought|can|could|would|may|might|needs?|has to|have to|crucial|important|necessary|vital|"
    r"essential|key|beneficial|harmful|dangerous|wise|unwise|good|bad|better|worse|best|worst|right|wrong)\b"
)
_CONCLUDES = re.compile(r"\b(?:therefore|thus|hence|consequently|accordingly|moreover|furthermore)\b", re.IGNORECASE)
_BROKEN_OFF = re.compile(
    r"\b(?:as|because|since|that|which|while|if|when|although|though|where|whether|before|after|until)\s+"
    r"(?:(?:the|my|his|her|its|our|their)\s+)?(?:he|she|it|they|we|you|I|[A-Z][\w’'.-]*(?:[ \u00a0][A-Z][\w’'.-]*)*)$"
)
_PASSIVE = re.compile(r"\b(?:is|are|was|were|be|been|being)\b|\b(?:reportedly|allegedly|supposedly)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Draft:
    """A claim whose speaker is not yet known. Indices point into the list of drafts; -1 for none."""

    sentence: int
    paragraph: int
    start: int
    end: int
    quotation: Quotation
    source: Part | None = None
    cue: Part | None = None
    content: int = -1
    """Index of the content that the model marked, shared by its sentences."""
    runs_on: int = -1
    continues: int = -1
    score: float = 1.0
    named: Part | None = None
    """The words that name the speaker in another sentence, where this one has no source."""

    @property
    def narrated(self) -> bool:
        return self.quotation == "none"

    @property
    def told(self) -> Part | None:
        """The words that name the speaker, wherever they stand."""
        return self.source or self.named


def drafts(text: str, sentences: Sequence[tuple[int, int]], roles: Roles) -> list[Draft]:
    """The claims of an article in text order, with source and cue of their sentence."""
    text = with_known_marks(text)
    page = layout(text)
    found: list[Draft] = []
    near = _by_sentence(text, sentences, roles)
    transcript = turns(text, page.prose)
    for number, bounds in enumerate(sentences):
        paragraph = page.paragraph(bounds[1] - 1)
        if paragraph < 0:
            continue
        sentence = Stretch(max(bounds[0], page.prose[paragraph].start), bounds[1])
        if turn := transcript.get(paragraph):
            found += _of_turn(text, number, paragraph, sentence, turn)
        else:
            found += _of_sentence(text, number, paragraph, sentence, near[number], page, len(found))
    return _run_on(text, [_introduced(text, draft, sentences, near, page) for draft in found], page)


def _of_turn(text: str, number: int, paragraph: int, sentence: Stretch, turn: Turn) -> list[Draft]:
    """The one claim of a sentence in a transcript."""
    span = trimmed(text, Stretch(max(sentence.start, turn.speech.start), sentence.end), sentence)
    if words(text[span.start : span.end]) == 0:
        return []
    label = Part(*turn.label, 1.0)
    own = sentence.start <= label.start < sentence.end
    draft = Draft(number, paragraph, span.start, span.end, "direct")
    return [replace(draft, source=label) if own else replace(draft, named=label)]


@dataclass(frozen=True, slots=True)
class _Near:
    """What of the parts stands in one sentence; contents with their index in the article."""

    sources: list[Part] = field(default_factory=list)
    cues: list[Part] = field(default_factory=list)
    contents: list[tuple[int, Part]] = field(default_factory=list)


def _by_sentence(text: str, sentences: Sequence[tuple[int, int]], roles: Roles) -> list[_Near]:
    near = [_Near() for _ in sentences]
    ends = [end for _, end in sentences]

    def touched(part: Part) -> Iterator[tuple[_Near, Part]]:
        at = bisect_right(ends, part.start)
        while at < len(near) and sentences[at][0] < part.end:
            start, end = max(part.start, sentences[at][0]), min(part.end, ends[at])
            inside = text[start:end]
            start += len(inside) - len(inside.lstrip())
            if inside.strip():
                yield near[at], Part(start, start + len(inside.strip()), part.score)
            at += 1

    for part in roles.sources:
        for one, inside in touched(part):
            one.sources.append(inside)
    for part in roles.cues:
        for one, inside in touched(part):
            one.cues.append(inside)
    for index, part in enumerate(roles.contents):
        for one, inside in touched(part):
            one.contents.append((index, inside))
    return near


def _of_sentence(
    text: str, number: int, paragraph: int, sentence: Stretch, near: _Near, page: Layout, before: int
) -> list[Draft]:
    """The drafts of one sentence; `before` counts the drafts of the sentences before it."""
    quoted = [q for q in page.quoted if _common(q, sentence)]
    quotations = [s for q in quoted if (s := _common(q, sentence)) and words(text[s.start : s.end])]
    if filling := next((q for q in quotations if _fills(text, q, sentence)), None):
        near = _Near(contents=[(index, Part(*filling, part.score)) for index, part in near.contents[:1]])
    pieces = _pieces(text, sentence, near, quotations)
    marks = [p for p in (*near.sources, *near.cues) if _common(p, sentence)]
    free = [p for p in marks if not any(_within(p, piece) for piece, _, _ in pieces)]
    sources = [p for p in near.sources if p in free]
    cues = [p for p in near.cues if p in free]
    made: list[Draft] = []
    for piece, content, score in pieces:
        span = trimmed(text, piece, sentence)
        if span.start >= span.end:
            continue
        others = [other for other, _, _ in pieces if other != piece]
        cue = _nearest(text, piece, cues, others)
        source = _source(text, piece, cue, sources, others)
        source = _whole(text, source, sentence) if source else _opening(text, sentence, cue)
        quotation = _quotation(text, span, quoted)
        draft = Draft(number, paragraph, span.start, span.end, quotation, source, cue, content, score=score)
        made.append(_joined(draft, made, before))
    if made or words(text[sentence.start : sentence.end]) < SHORTEST_NARRATION:
        return made
    span = trimmed(text, sentence, sentence)
    return [Draft(number, paragraph, span.start, span.end, "none")] if span.start < span.end else []


def _fills(text: str, quotation: Stretch, sentence: Stretch) -> bool:
    """Whether a sentence is all quotation."""
    return not words(text[sentence.start : quotation.start]) and not words(text[quotation.end : sentence.end])


def _pieces(
    text: str, sentence: Stretch, near: _Near, quotations: Sequence[Stretch]
) -> list[tuple[Stretch, int, float]]:
    """The pieces of a sentence in order: span, index of the content (-1 for a bare quotation), score."""
    marks = [*near.sources, *near.cues]
    pieces: list[tuple[Stretch, int, float]] = []
    for index, content in near.contents:
        piece = _common(content, sentence)
        if piece and _says(text, piece, near, quotations):
            pieces.append((_widened(piece, quotations, marks), index, content.score))
    whole = words(text[sentence.start : sentence.end])
    for quotation in quotations:
        size = words(text[quotation.start : quotation.end])
        if (size >= SHORTEST_QUOTATION or size == whole) and not any(_common(quotation, p) for p, _, _ in pieces):
            pieces.append((quotation, -1, 0.5))
    merged: list[tuple[Stretch, int, float]] = []
    for span, of_content, score in sorted(pieces):
        if merged and _close(text, merged[-1][0], span, near) and not _parted(text, merged[-1][0], span, near):
            last, first_content, first_score = merged[-1]
            merged[-1] = (Stretch(last.start, max(last.end, span.end)), first_content, max(first_score, score))
        else:
            merged.append((span, of_content, score))
    if merged:
        last, of_content, score = merged[-1]
        merged[-1] = (_completed(text, sentence, last, near), of_content, score)
    return [piece for piece in merged if _goes_on(text, sentence, piece[0], near, quotations)]


def _says(text: str, piece: Stretch, near: _Near, quotations: Sequence[Stretch]) -> bool:
    """Whether a part of the content says something: no lone pronoun, no name, nothing that is spoken of."""
    size = words(text[piece.start : piece.end])
    naming = [cue for cue in near.cues if _NAMES.search(text, cue.start, cue.end) and _NAME.match(text, cue.end)]
    quoted = any(_common(piece, quotation) for quotation in quotations)
    if size == 0 or (size == 1 and not quoted and (naming or _IDLE_WORD.search(text, piece.start, piece.end))):
        return False
    before = [cue for cue in near.cues if cue.end <= piece.start and not text[cue.end : piece.start].strip(' of“"‘')]
    named = any(cue in naming for cue in before)
    spoken_of = any(re.search(r"\bof\s*$", text[cue.start : piece.start]) for cue in before)
    return not named and not (spoken_of and any(part.end <= before[0].start for _, part in near.contents))


def _goes_on(text: str, sentence: Stretch, piece: Stretch, near: _Near, quotations: Sequence[Stretch]) -> bool:
    """Whether a piece may stand: attributed in its sentence, quoted, or all that the sentence says."""
    if any(_common(piece, quotation) for quotation in quotations):
        return True
    if any(not _within(mark, piece) for mark in (*near.sources, *near.cues)):
        return True
    return trimmed(text, piece, sentence) == trimmed(text, sentence, sentence)


def _widened(piece: Stretch, quotations: Sequence[Stretch], marks: Sequence[Part]) -> Stretch:
    """The piece and the rest of any quotation that it mostly covers, but for words that attribute."""
    for quotation in quotations:
        common = _common(piece, quotation)
        if common and 2 * (common.end - common.start) >= quotation.end - quotation.start:
            wider = Stretch(min(piece.start, quotation.start), max(piece.end, quotation.end))
            if not any(_common(mark, wider) and not _common(mark, piece) for mark in marks):
                piece = wider
    return piece


def _completed(text: str, sentence: Stretch, piece: Stretch, near: _Near) -> Stretch:
    """The last piece, on to the end of its sentence where the model broke it off behind a subject."""
    marked = any(part.end > piece.end for part in (*near.sources, *near.cues))
    broken_off = text[piece.end : piece.end + 1].isspace() and _BROKEN_OFF.search(text[piece.start : piece.end])
    return Stretch(piece.start, sentence.end) if broken_off and not marked else piece


def _close(text: str, left: Stretch, right: Stretch, near: _Near) -> bool:
    """Whether no more than a word stands between two pieces, or a cue."""
    gap = Stretch(left.end, right.start)
    return words(text[gap.start : gap.end]) <= 1 or any(_within(cue, gap) for cue in near.cues)


def _parted(text: str, left: Stretch, right: Stretch, near: _Near) -> bool:
    """Whether an attribution stands between two pieces: a source, or a cue that is not nested in what is said."""
    gap = Stretch(left.end, right.start)
    if any(_within(source, gap) for source in near.sources):
        return True
    cues = [cue for cue in near.cues if _within(cue, gap)]
    return any(not near.sources or _INTRODUCES.search(text[left.end - 1 : cue.start]) for cue in cues)


def _opening(text: str, sentence: Stretch, cue: Part | None) -> Part | None:
    """The pronoun or name that opens a sentence, for a participle behind a comma that has no source."""
    if cue is None:
        return None
    if match := _BESIDE.search(text[sentence.start : cue.start]):
        return Part(sentence.start + match.start(1), sentence.start + match.end(1), cue.score)
    before = text[sentence.start : cue.end]
    match = _OPENING.match(text, sentence.start, sentence.end)
    if match and match.end() <= cue.start and _subject(match) and _active(text, cue):
        return Part(match.start(), match.start() + len(match.group().rstrip()), cue.score / 2)
    if match is None or not _PARTICIPLE.search(before, max(0, cue.start - sentence.start - 12)):
        return None
    end = match.start() + len(match.group().rstrip())
    return Part(match.start(), end, cue.score) if end <= cue.start else None


def _subject(opening: re.Match[str]) -> bool:
    """Whether the capitalised words that open a sentence are its subject, as far as they tell."""
    last = opening.group().split()[-1].lower()
    behind = opening.string[opening.end() : opening.end() + 2].lstrip()
    return (last in ("he", "she", "they") or last not in OPENERS) and behind[:1].islower()


def _active(text: str, cue: Part) -> bool:
    """Whether a cue is a verb whose doer may be the subject of the sentence."""
    around = text[max(0, cue.start - 12) : cue.end]
    return not _PASSIVE.search(around) and not _BESIDE_NOUN.search(text[max(0, cue.start - 12) : cue.start])


def _whole(text: str, source: Part, sentence: Stretch) -> Part:
    """The source, and what the model broke off: the rest of "S.E.C.", names before a bracket that it begins with."""
    start, end, score = source
    if (rest := _DOTTED.match(text, end, sentence.end)) and text[end - 1].isupper():
        end = rest.end()
    if _TITLE.match(text[start:end]) and (rest := _NAME_BEHIND.match(text, end, sentence.end)):
        end = start + len(text[start : rest.end()].rstrip())
    if rest := _REST_OF_NAME.match(text, end, sentence.end):
        broken_off = _IN_NAME.search(text, start, end) and not in_title_case(text[sentence.start : sentence.end])
        end = rest.end() if broken_off else end
    if _BROKEN_OPEN.match(text, start, end) and (names := _NAMES_BEFORE.search(text[sentence.start : start])):
        start = sentence.start + names.start()
    return Part(start, end, score)


def _nearest(text: str, piece: Stretch, candidates: Iterable[Part], others: Sequence[Stretch]) -> Part | None:
    """The candidate at the least distance, of two as near the one before the piece."""
    return min(candidates, key=lambda c: (_distance(text, c, piece, others), c.start), default=None)


def _distance(text: str, part: Part, piece: Stretch, others: Sequence[Stretch]) -> int:
    """Letters between, "that" aside, and a hundred for every other piece between."""
    low, high = min(part.end, piece.end), max(part.start, piece.start)
    between = sum(1 for other in others if low <= other.start and other.end <= high)
    return len(_IDLE.sub("", text[low:high])) + 100 * between


def _source(
    text: str, piece: Stretch, cue: Part | None, sources: Sequence[Part], others: Sequence[Stretch]
) -> Part | None:
    if cue is None:
        return _nearest(text, piece, sources, others)
    return min(
        sources,
        key=lambda s: (_distance(text, s, Stretch(cue.start, cue.end), [piece, *others]), s.start),
        default=None,
    )


def _joined(draft: Draft, made: Sequence[Draft], before: int) -> Draft:
    """The draft as the continuation of the one on the other side of its cue, if there is one."""
    for index, first in enumerate(made):
        split = draft.cue is not None and first.cue == draft.cue and first.end <= draft.cue.start < draft.start
        if split and first.continues < 0:
            return replace(draft, continues=before + index)
    return draft


def _run_on(text: str, found: list[Draft], page: Layout) -> list[Draft]:
    """The drafts, each without a source linked to the one that it runs on from."""
    linked = list(found)
    for index, draft in enumerate(found):
        if draft.narrated and index and _continued(text, linked[index - 1], draft):
            linked[index] = replace(draft, quotation="indirect", runs_on=index - 1, score=0.5)
        elif not draft.narrated and draft.told is None:
            origin = _origin(text, index, found, page)
            idle = origin < 0 and draft.cue is None and draft.quotation == "indirect"
            linked[index] = replace(draft, runs_on=origin, quotation="none" if idle else draft.quotation)
    return linked


def _introduced(
    text: str, draft: Draft, sentences: Sequence[tuple[int, int]], near: Sequence[_Near], page: Layout
) -> Draft:
    """The draft with the words that name its speaker right behind it, or in the line before, which ends in a colon."""
    if (draft.quotation != "direct" and (draft.content < 0 or draft.cue)) or draft.told:
        return draft
    line = page.prose[draft.paragraph]
    opens = not words(text[line.start : draft.start])
    if signed := _signed(text, draft, page):
        return replace(draft, named=signed)
    if match := _BEHIND.match(text, draft.end, line.end):
        name = Part(*match.span("doer" if match["doer"] else "inverted"), draft.score)
        return replace(draft, source=name) if name.end <= sentences[draft.sentence][1] else replace(draft, named=name)
    if not opens or not draft.paragraph or not text[: page.prose[draft.paragraph - 1].end].rstrip().endswith(":"):
        return draft
    before = page.prose[draft.paragraph - 1]
    number = next((n for n in range(draft.sentence - 1, -1, -1) if sentences[n][0] < before.end), 0)
    if near[number].sources:
        return replace(draft, named=near[number].sources[-1])
    match = _OPENING.match(text, *sentences[number])
    match = match if match and _subject(match) else None
    opening = Part(match.start(), match.start() + len(match.group().rstrip()), 0.5) if match else None
    return replace(draft, named=opening)


def _signed(text: str, draft: Draft, page: Layout) -> Part | None:
    """The name behind a dash that a quotation is signed with: "“The bridge is late.” — Jane Doe"."""
    quotation = next((q for q in page.quoted if q.start <= draft.start < q.end), None)
    match = _SIGNED.match(text, quotation.end) if quotation else None
    return Part(*match.span(1), 0.9) if match else None


def _continued(text: str, before: Draft, draft: Draft) -> bool:
    """Whether the indirect speech of the claim before goes on in a narrator's sentence."""
    if before.quotation not in ("indirect", "mixed") or before.sentence != draft.sentence - 1:
        return False
    sentence = text[draft.start : draft.end]
    if _CONCLUDES.search(sentence) and draft.paragraph - before.paragraph <= 1:
        return True
    return draft.paragraph == before.paragraph and bool(_EVALUATES.search(sentence))


def _origin(text: str, index: int, found: Sequence[Draft], page: Layout) -> int:
    """Which draft names the speaker of one that has no source; -1 where none does."""
    draft = found[index]
    for other, candidate in enumerate(found):
        if candidate.told and candidate.content == draft.content >= 0:
            return other
    quotation = next((q for q in page.quoted if _common(q, Stretch(draft.start, draft.end))), None)
    for other, candidate in enumerate(found):
        if quotation and candidate.told and _common(quotation, Stretch(candidate.start, candidate.end)):
            return other
    if draft.cue and (draft.quotation != "direct" or _PASSIVE.search(text[draft.cue.start : draft.cue.end])):
        return -1
    earlier = [i for i in range(index - 1, -1, -1) if not found[i].narrated]
    if earlier and found[earlier[0]].paragraph == draft.paragraph:
        return earlier[0]
    if draft.quotation == "direct":
        for other in range(index + 1, len(found)):
            if found[other].paragraph == draft.paragraph and found[other].told:
                return other
    before = [i for i in earlier if found[i].paragraph == draft.paragraph - 1]
    return before[0] if before else -1


def _quotation(text: str, span: Stretch, quoted: Sequence[Stretch]) -> Quotation:
    """How much of the span stands in quotation marks: all of it, none, or some."""
    inside = sum(words(text[s.start : s.end]) for q in quoted if (s := _common(q, span)))
    if inside == 0:
        return "indirect"
    return "direct" if inside >= words(text[span.start : span.end]) else "mixed"


def trimmed(text: str, piece: Stretch, sentence: Stretch) -> Stretch:
    """The piece without enclosing quotation marks, a leading "that" and outer punctuation."""
    start, end = _stripped(text, piece)
    if (that := _THAT.match(text, start, end)) and not _MARK.fullmatch(text[max(0, start - 1) : start]):
        start, end = _stripped(text, Stretch(that.end(), end))
    rest = _REST.match(text, end, sentence.end)
    if rest and rest.end() == sentence.end and start < end:
        stop = re.match(r"[.!?…]+", text[end : sentence.end])
        end += stop.end() if stop else 0
    while start < end < sentence.end and _open_mark(text[start:end], text[end]):
        end += 1
    return Stretch(start, end)


def _open_mark(inside: str, mark: str) -> bool:
    """Whether a mark closes a quotation that was opened inside."""
    marks = [found.group() for found in _MARK.finditer(inside)]
    partner = _partners(marks)
    return any(n not in partner and mark in _CLOSES.get(opened, "") for n, opened in enumerate(marks))


def _stripped(text: str, span: Stretch) -> Stretch:
    """The span without outer white space, commas, colons, dashes and enclosing quotation marks."""
    while True:
        start, end = span
        if match := _LEAD.match(text, start, end):
            start = match.end()
        if match := _TAIL.search(text[start:end]):
            end = start + match.start()
        start, end = _unquoted(text, start, end)
        if (start, end) == span:
            return span
        span = Stretch(start, end)


def _unquoted(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without a quotation mark at either end whose partner is at the other end, or outside."""
    if text[start : start + 1].isalnum() and text[end - 1 : end].isalnum():
        return start, end
    marks = list(_MARK.finditer(text, start, end))
    partner = _partners([mark.group() for mark in marks])
    last = len(marks) - 1
    if marks and marks[0].start() == start and partner.get(0, last) == last:
        start = marks[0].end()
    if marks and marks[-1].end() == end and marks[-1].start() >= start and partner.get(last, 0) == 0:
        paired = last in partner or not _apostrophe(text, marks[-1].start())
        end = marks[-1].start() if paired else end
    return start, end


def _partners(marks: Sequence[str]) -> dict[int, int]:
    """Which quotation marks belong together, by index, both ways."""
    partner: dict[int, int] = {}
    opened: list[int] = []
    for index, mark in enumerate(marks):
        if opened and mark in _CLOSES[marks[opened[-1]]]:
            partner[index] = opened.pop()
            partner[partner[index]] = index
        elif mark in _CLOSES:
            opened.append(index)
    return partner


def _apostrophe(text: str, place: int) -> bool:
    """Whether a mark without a partner in its span is an apostrophe, as in "the states’ leaders"."""
    before = text[max(0, place - 200) : place]
    opened = re.search(r"(?<!\w)[‘'](?!.*[‘])", before)
    return text[place] in "’'" and text[place : place + 2] != "''" and before[-1:].isalnum() and not opened


def _common(one: Stretch | Part, other: Stretch | Part) -> Stretch | None:
    start, end = max(one[0], other[0]), min(one[1], other[1])
    return Stretch(start, end) if start < end else None


def _within(part: Part, piece: Stretch) -> bool:
    return piece.start <= part.start and part.end <= piece.end
