"""From marked words to claims: pieces, their cues and sources, and where they begin and end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marking import Marked, marked

from annotate.attribution import Part, Roles
from annotate.claims import Draft, drafts
from annotate.sentences import sentences


def part(page: Marked, span: Part | None) -> str:
    return page.text[span.start : span.end] if span else ""


def linked(article: str) -> list[tuple[str, str, str]]:
    """Source, cue and claim of every draft that is not the narrator's."""
    page = marked(article)
    return [
        (part(page, d.source), part(page, d.cue), page.text[d.start : d.end]) for d in page.drafts if not d.narrated
    ]


def one(article: str) -> Draft:
    (draft,) = marked(article).drafts
    return draft


@pytest.mark.parametrize(
    ("article", "quotation"),
    [
        ("“[k:The bridge is late],” [s:Ann Lee] [c:said].", "direct"),
        ("[s:Ann Lee] [c:said] that [k:the bridge is late].", "indirect"),
        ("[s:Ann Lee] [c:said] [k:the bridge is “a very bad idea”].", "mixed"),
        ("[s:Ann Lee] [c:called] the bridge “[k:a mistake].”", "direct"),
        ("The council met on Monday.", "none"),
    ],
)
def test_how_a_claim_is_quoted(article: str, quotation: str) -> None:
    assert one(article).quotation == quotation


@pytest.mark.parametrize(
    ("article", "claims"),
    [
        ("[k:“The bridge is late,”] [s:Ann] [c:said].", ["The bridge is late"]),
        ('[k:"The bridge is late,"] [s:Ann] [c:said].', ["The bridge is late"]),
        ("[k:''The bridge is late,''] [s:Ann] [c:said].", ["The bridge is late"]),
        ("[k:``The bridge is late,''] [s:Ann] [c:said].", ["The bridge is late"]),
        ("[k:‘The bridge is late,’] [s:Ann] [c:said].", ["The bridge is late"]),
        ("[s:Ann] [c:said]: [k:“The bridge is late.”]", ["The bridge is late."]),
        ("[s:Ann] [c:said]: “[k:The bridge is late].”", ["The bridge is late."]),
        ("[s:Ann] [c:said]: ‘[k:The bridge is late]’.", ["The bridge is late"]),
        ("[s:Ann] [c:said] [k:that the bridge is late].", ["the bridge is late."]),
        ("[s:Ann] [c:said] [k:that, for now, the bridge is late].", ["for now, the bridge is late."]),
        ("[s:Ann] [c:said] [k:that that was late].", ["that was late."]),
        ("[k:“That is late,”] [s:Ann] [c:said].", ["That is late"]),
        ("“[k:that is late],” [s:Ann] [c:said].", ["that is late"]),
        ("[k:The bridge — ] [s:Ann] [c:said] — [k:is late.]", ["The bridge", "is late."]),
        ("[s:Ann] [c:asked], [k:“Will it hold?”]", ["Will it hold?"]),
        ("[s:Ann] [c:said] [k:“late” and “bad” were the words].", ["“late” and “bad” were the words."]),
        ('[s:Ann] [c:called] it [k:"late" and "bad"].', ['"late" and "bad".']),
        ("[s:Ann] [c:said] [k:it is the workers’] , not hers.", ["it is the workers’"]),
        ("[s:Ann] [c:said] [k:it fell to -5 degrees].", ["it fell to -5 degrees."]),
        ("[s:Ann] [c:gave] [k:-5 degrees] as the figure.", ["-5 degrees"]),
        ("[s:Ann]\u00a0[c:said]\u00a0[k:the\u00a0bridge is late\u00a0].", ["the\u00a0bridge is late"]),
        ("[s:Ann] [c:said] 𝒜 [k:is late].", ["is late."]),
    ],
)
def test_where_a_claim_begins_and_ends(article: str, claims: list[str]) -> None:
    assert marked(article).attributed() == claims


def test_a_sentence_split_by_its_cue_continues() -> None:
    first, second = marked("“[k:The bridge],” [s:she] [c:said], “[k:is late].”").drafts
    assert (first.continues, second.continues) == (-1, 0)
    assert first.source == second.source


def test_two_sentences_of_one_quotation_are_two_claims_of_one_speaker() -> None:
    page = marked("“[k:The bridge is late. It will hold],” [s:she] [c:said].")
    first, second = page.drafts
    assert page.claims() == ["The bridge is late.", "It will hold"]
    assert first.runs_on == 1 and second.source and second.continues == -1


def test_what_follows_the_cue_in_a_sentence_of_its_own_runs_on() -> None:
    _, second = marked("“[k:The bridge is late],” [s:she] [c:said]. “[k:It will hold].”").drafts
    assert second.runs_on == 0 and second.source is None and second.continues == -1


def test_a_new_cue_is_a_new_claim() -> None:
    assert linked("[s:Ann] [c:said] that [k:the bridge is late], [c:adding] that [k:it will hold].") == [
        ("Ann", "said", "the bridge is late"),
        ("Ann", "adding", "it will hold."),
    ]


def test_two_sources_of_one_sentence() -> None:
    assert linked("[s:Ann] [c:said] [k:it is late], while [s:Bo] [c:said] [k:it is early].") == [
        ("Ann", "said", "it is late"),
        ("Bo", "said", "it is early."),
    ]


def test_the_outermost_of_nested_attributions_wins() -> None:
    page = "[s:Ann] [c:said] that [k:[s:Bo] [c:thinks] [k:the bridge is late]]."
    assert linked(page) == [("Ann", "said", "Bo thinks the bridge is late.")]


def test_a_quotation_over_paragraphs_runs_on() -> None:
    page = marked(
        "“[k:The bridge is late],” [s:Ann Lee] [c:said].\n\n“[k:It will cost a lot.]\n\n“[k:And it will not hold.]”\n"
    )
    assert [draft.runs_on for draft in page.drafts] == [-1, 0, 1]


def test_indirect_speech_goes_on_in_the_next_sentence() -> None:
    page = marked("[s:Ann Lee] [c:said] [k:the bridge is late. Its opening is crucial for the town].")
    assert page.claims() == ["the bridge is late.", "Its opening is crucial for the town."]
    assert page.drafts[1].runs_on == 0 and page.drafts[1].quotation == "indirect"


def test_content_marked_without_a_source_goes_on_in_the_next_paragraph() -> None:
    page = marked("[s:Ann] [c:said] [k:the bridge is late].\n\n[k:Its opening, therefore, is crucial for the town].")
    assert page.drafts[1].runs_on == 0


@pytest.mark.parametrize(
    "passive", ["[k:The bridge] [c:was deemed] [k:late].", "[c:Reportedly], [k:the bridge is late]."]
)
def test_a_passive_without_agent_does_not_run_on(passive: str) -> None:
    page = marked(f"[s:Ann] [c:said] [k:the town is small]. {passive}")
    assert all(draft.runs_on == -1 for draft in page.drafts)


def test_a_quotation_that_the_model_did_not_see_is_a_claim() -> None:
    page = marked("[s:Ann] [c:said] [k:it is late]. “Nobody in this town wanted it.”\n\nThe play “Bad Bridge” opened.")
    assert page.claims() == ["it is late.", "Nobody in this town wanted it.", "The play “Bad Bridge” opened."]
    assert [draft.quotation for draft in page.drafts] == ["indirect", "direct", "none"]


def test_a_piece_is_widened_to_its_quotation() -> None:
    assert marked("“So, [k:the bridge is really late],” [s:she] [c:said].").claims() == [
        "So, the bridge is really late"
    ]


def test_headings_captions_datelines_and_bylines_are_no_claims() -> None:
    text = (
        "Town Divided over Bridge\n\nBy Jane Roe\n\nMayor Ann Lee on May 3. Photo by J. Roe / POOL\n\n"
        "OSLO, May 3 (Agency) – The council met on Monday.\n\nYes.\n\nRelated articles\n"
    )
    assert marked(text).claims() == ["The council met on Monday."]


ALPHABET = st.sampled_from(
    [*"aB1 .?!,;:-–“”‘’\"'\n\t\u00a0\u2003\u2028()", "that ", " said ", "Dr. ", "𝒜", "é", "word "]
)


@st.composite
def random_pages(draw: st.DrawFn) -> tuple[str, Roles]:
    text = "".join(draw(st.lists(st.one_of(ALPHABET, st.characters(exclude_categories=["Cs"])), max_size=120)))
    place = st.integers(0, len(text))
    spans = st.lists(st.tuples(place, place).filter(lambda span: span[0] < span[1]), max_size=6)
    parts = [sorted(Part(start, end, 1.0) for start, end in draw(spans)) for _ in range(3)] if text else [[], [], []]
    return text, Roles(*parts)


@settings(max_examples=60, deadline=None)
@given(random_pages())
def test_claims_are_in_order_apart_and_inside_one_sentence(page: tuple[str, Roles]) -> None:
    text, roles = page
    bounds = sentences(text)
    found = drafts(text, bounds, roles)
    reached = 0
    for draft in found:
        start, end = bounds[draft.sentence]
        assert max(reached, start) <= draft.start < draft.end <= end
        assert not text[draft.start].isspace() and not text[draft.end - 1].isspace()
        reached = draft.end
    for index, draft in enumerate(found):
        assert draft.runs_on != index and -1 <= draft.runs_on < len(found)
        assert draft.continues < index
        start, end = bounds[draft.sentence]
        assert all(start <= span.start < span.end <= end for span in (draft.source, draft.cue) if span)


def test_a_name_in_quotation_marks_is_no_claim() -> None:
    page = marked("The drills [c:called] [k:“Sea Shield,”] ended in [s:March].")
    assert [d.quotation for d in page.drafts] == ["none"]


def test_what_is_spoken_of_is_no_claim() -> None:
    page = marked("[k:“It is wise,”] [s:Jane Doe] [c:said] of [k:the plan to build].")
    assert [page.text[d.start : d.end] for d in page.drafts] == ["It is wise"]


def test_a_cue_within_what_is_said_does_not_cut_it() -> None:
    page = marked("[s:Jane Doe] [c:said] that [k:the town, which] [c:is called] [k:poor, has friends].")
    (claim,) = page.drafts
    assert page.text[claim.start : claim.end] == "the town, which is called poor, has friends."


def test_indirect_speech_goes_on_in_a_sentence_that_values_and_in_one_that_concludes() -> None:
    page = marked(
        "[s:Jane Doe] [c:said] that [k:the bridge was late]. Good ties to the island are crucial. It is 2 km long.\n\n"
        "[s:Jane Doe] [c:added] that [k:the ferry is old].\n\nA new bridge, therefore, can help the island."
    )
    found = page.drafts
    assert [d.quotation for d in found] == ["indirect", "indirect", "none", "indirect", "indirect"]
    assert [d.runs_on for d in found] == [-1, 0, -1, -1, 3]


def test_a_participle_has_the_word_that_opens_its_sentence_for_a_source() -> None:
    page = marked("He met the owners of the yard, [c:agreeing] that [k:the two would build a ferry].")
    (claim,) = page.drafts
    assert claim.source is not None
    assert page.text[claim.source.start : claim.source.end] == "He"


def test_a_claim_that_breaks_off_behind_a_subject_goes_on_to_its_end() -> None:
    page = marked("[s:Ann] [c:said] [k:that the port would grow, because Lin] paid for it. [s:Bo] [c:agreed].")
    assert page.attributed() == ["the port would grow, because Lin paid for it."]
    page = marked("[s:Ann] [c:told] [k:the harbour master that she and Lin] by letter.")
    assert page.attributed() == ["the harbour master that she and Lin"]


def test_parts_with_words_between_that_nobody_marked_are_two_claims() -> None:
    page = marked(
        "[s:Ann] [c:demands] [k:answers from the council], yet time and again refuses [k:to pay for the bridge]."
    )
    assert page.attributed() == ["answers from the council", "to pay for the bridge."]


def test_a_sentence_that_is_all_quotation_is_one_claim() -> None:
    found = marked("“[s:Berg] [c:told] me [k:it leaks], and I believe him.”").attributed()
    assert found == ["Berg told me it leaks, and I believe him."]


@pytest.mark.parametrize(
    ("article", "source"),
    [
        ("It is because [s:the S.E].C. [c:said] [k:it is late].", "the S.E.C."),
        ("[s:Mr.] Doe [c:said] [k:it is late].", "Mr. Doe"),
        ("Jane Doe (D-Hull[s:) and Bo Berg] [c:said] [k:it is late].", "Jane Doe (D-Hull) and Bo Berg"),
        ("It was late, so Hull [c:demanded] [k:a new bridge].", "Hull"),
        ("Berg met the council and came away [c:convinced] [k:that the bridge is late].", "Berg"),
        ("The bridge [c:was deemed] [k:late by far].", ""),
    ],
)
def test_a_source_is_mended(article: str, source: str) -> None:
    page = marked(article)
    assert part(page, page.drafts[-1].source) == source


def test_a_source_that_the_model_broke_off_goes_on_to_the_end_of_the_name() -> None:
    assert linked("Rower [s:Jane] Doe has [c:said] that [k:the bridge is late].")[0][0] == "Jane Doe"
    assert linked("[s:Doe] Monday [c:said] that [k:the bridge is late].")[0][0] == "Doe"
    assert linked("[s:Jane Doe] Refuses to [c:Disavow] [k:the Harbour Bridge].")[0][0] == "Jane Doe"


@pytest.mark.parametrize("marks", ["„{}“", "«{}»", "»{}«", "“{}”"])
def test_quotation_marks_of_other_languages(marks: str) -> None:
    quotation = marks.format("[k:The bridge is late],")
    assert linked(f"{quotation} [s:Ann Lee] [c:said].") == [("Ann Lee", "said", "The bridge is late")]
    bare = marks.format("It is late. It will cost a lot.")
    assert one("[s:Ann Lee] [c:said]: " + marks.format("[k:It is late.]")).quotation == "direct"
    assert [draft.quotation for draft in marked(bare).drafts] == ["direct", "direct"]
