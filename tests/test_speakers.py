"""Who speaks: names, their forms, pronouns, roles, groups, and what runs on."""

from __future__ import annotations

import pytest
from marking import said

LISTED = """
[[speakers]]
id = "seun-sam"
name = "Seun Sam"
aliases = ["the tall analyst"]
role = "policy analyst, Harbour Academy"
pronouns = "he"
[[speakers]]
name = "Hun Sen"
pronouns = "he"
[[speakers]]
name = "Hun Manet"
pronouns = "he"
[[speakers]]
name = "Ann Lee"
pronouns = "she"
[[speakers]]
id = "navy"
name = "The Harbour Navy"
group = true
"""


def who(source: str, before: str = "", speakers: str = LISTED) -> tuple[str, str]:
    """Name and reason of a source in "SOURCE said it is late.", after the article `before`."""
    found = said(f"{before}[s:{source}] [c:said] [k:the bridge is late].", speakers)
    return found.names[-1], found.reasons[-1]


@pytest.mark.parametrize(
    ("source", "name", "reason"),
    [
        ("Seun Sam", "Seun Sam", "named"),
        ("SEUN SAM", "Seun Sam", "named"),
        ("The tall analyst", "Seun Sam", "alias"),
        ("Mr. Sam", "Seun Sam", "last-name"),
        ("Sam", "Seun Sam", "last-name"),
        ("Sam’s", "Seun Sam", "last-name"),
        ("Policy analyst Seun Sam", "Seun Sam", "named"),
        ("Policy analyst at the Harbour Academy of Oslo Seun Sam", "Seun Sam", "named"),
        ("Seun Sam, a policy analyst,", "Seun Sam", "named"),
        ("Prime Minister\u00a0Hun Manet", "Hun Manet", "named"),
        ("Seum Sam", "Seun Sam", "misspelt"),
        ("Suen Sam", "Seun Sam", "misspelt"),
        ("Senate President Hun Sen", "Hun Sen", "named"),
        ("Manet", "Hun Manet", "last-name"),
        ("Hun Senn", "Hun Senn", "named"),
        ("the Harbour Navy", "The Harbour Navy", "named"),
        ("Anne Lee", "Anne Lee", "named"),
    ],
)
def test_listed_people_are_found_by_their_names(source: str, name: str, reason: str) -> None:
    assert who(source) == (name, reason)


def test_a_family_name_that_two_share_is_neither() -> None:
    assert who("Hun")[0] not in {"Hun Sen", "Hun Manet"}


INTRO = "[s:Jane Doe, a banker from Hull,] [c:said] [k:the town is small].\n\n"


@pytest.mark.parametrize(
    ("source", "name", "reason"),
    [
        ("Doe", "Jane Doe", "last-name"),
        ("Mrs. Doe", "Jane Doe", "last-name"),
        ("Jane Q. Doe", "Jane Doe", "alias"),
        ("Rival Jane Doe", "Jane Doe", "named"),
        ("The banker", "Jane Doe", "role"),
        ("The former banker", "former banker", "group"),
        ("Doe’s aide", "Doe’s aide", "group"),
        ("A spokeswoman for Jane Doe", "spokeswoman for Jane Doe", "group"),
        ("Doe's lawyer Bo Berg", "Bo Berg", "named"),
        ("The bank’s chair, Bo Berg,", "Bo Berg", "named"),
        ("John Doe", "John Doe", "named"),
        ("Jame Doe", "Jane Doe", "misspelt"),
        ("Foreign Secretary Bo Berg (C)", "Bo Berg", "named"),
        ("Secretary of State Bo Berg", "Bo Berg", "named"),
        ("Bo de Berg", "Bo de Berg", "named"),
        ("Élodie Ångström", "Élodie Ångström", "named"),
        ("Mr. King", "King", "named"),
        ("Analysts", "Analysts", "group"),
        ("Two officials", "officials", "group"),
        ("A US defense official", "US defense official", "group"),
        ("The ministry", "ministry", "group"),
        ("The Daily Post", "Daily Post", "named"),
        ("The Justice Department", "Justice Department", "named"),
        ("The Association of Harbour Towns", "Association of Harbour Towns", "named"),
        ("Officials at the Justice Department", "Officials at the Justice Department", "group"),
        ("Doe and Bo Berg", "Jane Doe and Bo Berg", "joint"),
        ("Bo Berg, Cy Dahl and Jane Doe", "Jane Doe, Bo Berg and Cy Dahl", "joint"),
        ("The Ferry and Bridge Council", "Ferry and Bridge Council", "group"),
        ("G.K. Berg (C)", "G.K. Berg", "named"),
        ("Bo Berg, head of research and trade at Acme,", "Bo Berg", "named"),
        ("Doe and other bankers", "Doe and other bankers", "group"),
    ],
)
def test_people_who_are_not_listed(source: str, name: str, reason: str) -> None:
    assert who(source, INTRO) == (name, reason)


def test_a_joint_statement_has_one_speaker_in_either_order() -> None:
    found = said("[s:Bo Berg and Cy Dahl] [c:said] [k:it is small]. [s:Dahl and Berg] [c:said] [k:it was so].")
    assert found.resolutions[0].speaker == found.resolutions[1].speaker


def test_an_unlisted_speakers_id_is_of_name_and_article() -> None:
    page = "[s:Jane Doe] [c:said] [k:it is late]."
    ids = {said(page, article_id=article).resolutions[0].speaker for article in ("a1", "a2", "a1")}
    assert len(ids) == 2 and all(id.startswith("jane-doe-") for id in ids)


def test_only_who_speaks_is_in_the_records() -> None:
    found = said(
        "Ann Lee met Bo Berg. [s:Jane Doe, a banker,] [c:said] [k:it is late]. [s:Doe] [c:agreed] [k:it is late].",
        LISTED,
    )
    (record,) = found.cast.speakers()
    assert (record.name, record.role, record.aliases, record.listed) == (
        "Jane Doe",
        "banker",
        ("Jane Doe", "Doe"),
        False,
    )


def test_two_of_one_last_name_are_told_by_who_spoke_last() -> None:
    page = "[s:Jane Doe] [c:said] [k:it is late]. [s:Bo Doe] [c:said] [k:it is big]. [s:Doe] [c:said] [k:it is done]."
    found = said(page)
    assert (found.names[-1], found.reasons[-1]) == ("Bo Doe", "ambiguous")


def test_a_title_tells_which_of_one_last_name() -> None:
    page = "[s:Jane Doe, a lady,] [c:said] [k:it is late]. [s:She] [c:said] [k:it works]. "
    page += "[s:Mr. Bo Doe] [c:said] [k:it is big]. "
    assert said(f"{page}[s:Mrs. Doe] [c:said] [k:it is done].").names[-1] == "Jane Doe"


@pytest.mark.parametrize(
    ("before", "pronoun", "name"),
    [
        ("[s:Seun Sam] [c:said] [k:it is small]. ", "He", "Seun Sam"),
        ("[s:Seun Sam] [c:said] [k:it works]. [s:Ann Lee] [c:said] [k:it fails]. ", "he", "Seun Sam"),
        ("[s:Seun Sam] [c:said] [k:it works]. [s:Ann Lee] [c:said] [k:it fails]. ", "she", "Ann Lee"),
        ("[s:Seun Sam] [c:said] [k:it is small]. Hun Manet met the council. ", "He", "Hun Manet"),
        ("[s:Seun Sam] [c:said] [k:it is small]. Ann Lee met the council. ", "He", "Seun Sam"),
        ("[s:Seun Sam] [c:said] [k:it is small]. In London, nothing moved. ", "He", "Seun Sam"),
        ("[s:Seun Sam] [c:said] [k:it is small]. Bo Berg came. Berg sat down. ", "He", "Bo Berg"),
        ("[s:Seun Sam] [c:said] [k:it works]. [s:Analysts] [c:said] [k:it fails]. ", "They", "Analysts"),
        ("[s:Analysts] [c:said] [k:it works]. [s:Seun Sam] [c:said] [k:it fails]. ", "they", "Analysts"),
        ("[s:The ministry] [c:said] [k:it works]. [s:Seun Sam] [c:said] [k:it fails]. ", "It", "ministry"),
        ("[s:The ministry] [c:said] [k:it is small]. ", "He", "unknown"),
        ("[s:Mrs. Bly] [c:said] [k:it works]. [s:Mr. Roe] [c:said] [k:it fails]. ", "she", "Bly"),
        ("", "He", "unknown"),
        ("[s:Ann Lee] [c:said] [k:it is small]. ", "I", "narrator"),
        ("[s:Ann Lee] [c:said] [k:it is small]. ", "You", "unknown"),
        ("Mr. Roe rose when [s:Quill] [c:asked] [k:him about it]. ", "He", "Roe"),
    ],
)
def test_pronouns(before: str, pronoun: str, name: str) -> None:
    assert who(pronoun, before)[0] == name


def test_who_is_the_name_before_it() -> None:
    assert said("They met Bo Berg, [s:who] [c:said] [k:it is late].").names == ["Bo Berg"]
    assert said("They met Bo Berg, a banker [s:who] [c:said] [k:it is late].").names == ["Bo Berg"]
    assert said("Bo Berg met people [s:who] [c:said] [k:it is late].").names == ["unknown"]


def test_the_analyst_is_the_latest_with_that_role() -> None:
    page = "[s:Seun Sam] [c:said] [k:it works]. [s:Political analyst Bo Berg] [c:said] [k:it fails].\n\n"
    assert who("The analyst", page) == ("Bo Berg", "role")
    assert who("The policy analyst", page) == ("Seun Sam", "role")
    assert who("The analysts", page)[1] == "group"


def test_a_chain_runs_on_to_its_source() -> None:
    found = said(
        "“[k:It is late],” [s:Ann Lee] [c:said].\n\n“[k:It will cost a lot.]\n\n“[k:And it will not hold.]”\n", LISTED
    )
    assert found.names == ["Ann Lee"] * 3
    assert found.reasons == ["named", "run-on", "run-on"]
    assert found.resolutions[2].score <= found.resolutions[0].score


def test_both_parts_of_a_split_sentence_have_one_speaker() -> None:
    assert said("“[k:The bridge],” [s:Ann Lee] [c:said], “[k:is late].”").names == ["Ann Lee"] * 2


def test_whoever_is_named_before_a_quotation_speaks_it() -> None:
    assert said("Ann Lee was blunt: “[k:The bridge is really very late].”", LISTED).names == ["Ann Lee"]
    assert said("Ann Lee was blunt. “[k:The bridge is really very late].”", LISTED).names == ["Ann Lee"]


@pytest.mark.parametrize(
    "article",
    [
        "[k:The bridge] [c:was deemed] [k:late].",
        "[s:Ann] [c:said] [k:it is small]. [c:Reportedly], [k:the bridge is late].",
        "“[k:Nobody tells who says this].”",
    ],
)
def test_nothing_tells(article: str) -> None:
    found = said(article)
    assert (found.names[-1], found.reasons[-1]) == ("unknown", "none")


def test_the_narrator() -> None:
    found = said("The council met on Monday. [s:Ann] [c:said] [k:it is small].")
    assert found.names == ["Ann"]


def test_scores_are_those_of_the_reason_and_the_source() -> None:
    assert said("[s:Ann Lee] [c:said] [k:it is small].").resolutions[0].score == 0.97


def test_a_group_behind_a_dateline_is_a_group() -> None:
    found = said(
        "PORT ELLEN – [s:Analysts] [c:say] [k:the bridge is late]. [s:They] [c:add] that [k:it leaks].", LISTED
    )
    assert found.names == ["Analysts", "Analysts"]
    assert found.reasons == ["group", "pronoun"]


# ---- Whoever the text is about ----


@pytest.mark.parametrize(
    ("before", "pronoun", "name"),
    [
        ("[s:John Roe] [c:said] [k:it works]. [s:Ms. Bly] [c:said] [k:it fails]. ", "He", "John Roe"),
        ("[s:Jane Doe] [c:said] [k:it works]. [s:John Roe] [c:said] [k:it fails]. ", "She", "Jane Doe"),
        ("[s:Jane Doe] [c:told] John Roe [k:it works]. ", "He", "John Roe"),
        ("[s:John Roe] [c:said] [k:it works]. Mr. Lund's plan is to wait. ", "He", "Lund"),
        ("[s:John Roe] [c:said] [k:it works]. The council met with Ms. Bly on Monday. ", "She", "Bly"),
        ("[s:Jane Doe] [c:said] [k:it works]. “[k:Ann Lee is here],” [s:John Roe] [c:said]. ", "She", "Jane Doe"),
        ("President Lund met Bo Berg. [s:Mr. Berg] [c:said] [k:it works]. The president smiled. ", "He", "Lund"),
    ],
)
def test_he_and_she_are_whoever_the_text_is_about(before: str, pronoun: str, name: str) -> None:
    assert who(pronoun, before, "")[0] == name


def test_a_codebook_knows_better_than_a_given_name() -> None:
    listed = '[[speakers]]\nname = "Jane Doe"\npronouns = "he"\n'
    before = "[s:Jane Doe] [c:said] [k:it works]. "
    assert who("He", before, listed)[0] == "Jane Doe"
    assert who("She", before, listed)[0] == "unknown"


def test_a_title_knows_better_than_a_given_name() -> None:
    assert who("He", "[s:Mr. Jane Doe] [c:said] [k:it works]. ", "")[0] == "Jane Doe"


def test_a_hint_is_in_no_record() -> None:
    found = said("[s:Jane Doe] [c:said] [k:it works]. [s:She] [c:said] [k:it leaks].")
    assert [(s.name, s.role, s.aliases) for s in found.cast.speakers()] == [("Jane Doe", "", ("Jane Doe",))]


MAYOR = "Harbour Mayor Jane Doe, a Democrat, met Gov. John Roe, a Republican. [s:Doe] [c:said] [k:it is late].\n\n"


@pytest.mark.parametrize(
    ("source", "name", "reason"),
    [
        ("The mayor", "Jane Doe", "role"),
        ("The Harbour mayor", "Jane Doe", "role"),
        ("The Hull native", "Jane Doe", "description"),
        ("The Democrat", "Jane Doe", "role"),
        ("The 44-year-old", "Jane Doe", "description"),
        ("The billionaire", "Jane Doe", "description"),
        ("The governor", "John Roe", "role"),
        ("The Republican", "John Roe", "role"),
        ("The Hull businessman", "Hull businessman", "group"),
        ("The Hull senator", "Hull senator", "group"),
        ("The former mayor", "former mayor", "group"),
        ("The lawyer", "lawyer", "group"),
        ("The lawyer for Doe", "lawyer for Doe", "group"),
        ("The Hull director", "Hull director", "group"),
        ("The swimmer", "swimmer", "group"),
        ("A Hull native", "Hull native", "group"),
        ("His aides", "His aides", "group"),
    ],
)
def test_a_definite_description_is_of_whoever_fits_it(source: str, name: str, reason: str) -> None:
    assert who(source, MAYOR, "") == (name, reason)


def test_a_sentence_behind_tells_of_whom_a_description_is() -> None:
    page = "[s:Jane Doe] [c:met] John Roe [k:at noon]. [s:The Hull native] [c:said] [k:it is late]. He smiled."
    assert said(page).names[-1] != "Jane Doe"


def test_who_is_named_right_behind_may_be_described_before() -> None:
    page = "[s:The Hull mayor] [c:says] [k:it is late].\n\nBut Mayor Jane Doe isn't worried."
    assert (said(page).names, said(page).reasons) == (["Jane Doe"], ["description"])


def test_a_description_behind_a_name_and_a_comma_is_of_that_name() -> None:
    assert said("Jane Doe, [s:the mayor of Hull], [c:said] [k:it is late].").names == ["Jane Doe"]
    assert said("Jane Doe, [s:a swimmer], [c:said] [k:it is late].").names == ["Jane Doe"]


@pytest.mark.parametrize(
    ("before", "source", "name"),
    [
        (
            "[k:The bridge is late], [c:according to] [s:the Harbour Survey Office]. ",
            "The agency",
            "Harbour Survey Office",
        ),
        ("The Daily Post was first to report it. ", "The newspaper", "Daily Post"),
        ("Nobody at HNN was there. ", "The network", "HNN"),
        ("The Daily Post was first to report it. ", "The agency", "agency"),
    ],
)
def test_the_agency_is_the_institution_named_before(before: str, source: str, name: str) -> None:
    assert who(source, before, "")[0] == name


@pytest.mark.parametrize(
    ("article", "name"),
    [
        ("They met Jane Doe, an aide at the Harbour Bank [s:who] [c:said] [k:it is late].", "Jane Doe"),
        ("They spoke of Jane Doe, [s:who] [c:said] [k:it is late].", "Jane Doe"),
        ("It was a day for Jane Doe — [s:who] [c:said] [k:it is late] — to smile.", "Jane Doe"),
        ("Bo Berg met a teacher [s:who] [c:said] [k:it is late].", "teacher"),
        ("Hull, in a study [s:which] [c:says] [k:it is late], came last.", "study"),
    ],
)
def test_a_relative_pronoun_is_who_is_described(article: str, name: str) -> None:
    assert said(article).names == [name]


def test_us_is_a_country_and_no_pronoun() -> None:
    assert said("[s:Jane Doe] [c:said] [k:it is late]. [s:US] [c:says] [k:it is not].").names[-1] == "US"


def test_middle_names_are_no_second_person() -> None:
    page = "Jane Q. Doe is here. [s:Jane Doe] [c:said] [k:it is late]. [s:Doe] [c:said] [k:it leaks]."
    found = said(page + " [s:Jane Q. Doe] [c:said] [k:it holds].")
    assert len({resolution.speaker for resolution in found.resolutions}) == 1


# ---- Named in another sentence ----


@pytest.mark.parametrize(
    "article",
    [
        "Ann Lee, their mayor, met Bo Berg.\n\nBerg continued:\n\n“The bridge is very late.\n\n“It will cost a lot.”",
        "Ann Lee, their mayor, met Bo Berg.\n\nThen [s:Berg] [c:wrote]:\n\n“The bridge is late. It will cost a lot.”",
        "Ann Lee sat down.\n\n“The bridge is late. It will cost a lot.” — Bo Berg",
        "Ann Lee sat down.\n\n“The bridge is late. Will it not cost a lot?” Bo Berg demanded.",
        "Ann Lee sat down.\n\n“The bridge is late. It will cost a lot” Bo Berg said, and left.",
        "Ann Lee sat down.\n\n“The bridge is late. Will it not cost a lot?” asked Bo Berg of nobody.",
    ],
)
def test_a_quotation_belongs_to_whoever_is_named_beside_it(article: str) -> None:
    found = said(article)
    assert set(found.names) == {"Bo Berg"}
    assert len(found.names) == 2


def test_a_quotation_within_a_quotation_is_of_whoever_quotes() -> None:
    found = said("“[k:It is late. [s:Berg] [c:told] me [k:it leaks].]” [s:Jane Doe] [c:said].")
    assert set(found.names) == {"Jane Doe"}


def test_the_author_of_an_article_is_its_narrator_but_who_is_quoted_is_not() -> None:
    assert said("“[k:It is late],” [s:I] [c:said]. “[k:It leaks.]”").names == ["narrator"] * 2
    assert (
        said("[s:Ann Lee] [c:said]: “[k:It works.] [s:I] [c:hope] [k:it will hold for years.]”").names
        == ["Ann Lee"] * 2
    )


@pytest.mark.parametrize(
    ("before", "source", "name"),
    [
        ("Hillary Quist came. ", "Hillary", "Hillary Quist"),
        ("Hillary Quist met Hillary Roe. ", "Hillary", "Hillary"),
        ("Quarry Quist came. ", "Quarry", "Quarry"),
        ("Paul Quist Jr. came. ", "Quist", "Paul Quist Jr."),
        ("Paul Quist met Paul Quist Jr. there. ", "Quist", "Paul Quist"),
        ("Paul Quist met Paul Quist Jr. there. ", "Paul Quist Jr.", "Paul Quist Jr."),
        ("Paul Quist IV came. ", "Mr. Quist", "Paul Quist IV"),
        ("The Harbour and Shipping Board met. ", "the HSB", "Harbour and Shipping Board"),
        ("The Harbour Shipping Board met the Hull Sailing Board. ", "HSB", "HSB"),
        ("Jane Doe (D-Hull) rose. ", "the Hull Democrat", "Jane Doe"),
        ("Jane Doe (D-Hull) rose. ", "the Hull Democrat on", "Jane Doe"),
        ("Jane Doe rose. ", "The Hull Economist", "Hull Economist"),
        ("It rained. ", "One young hopeful, Jane Doe,", "Jane Doe"),
        ("It rained. ", "A letter filed Thursday", "letter filed"),
        ("It rained. ", "None of them", "None of them"),
        ("Jane Doe rose. ", "Doe’", "Jane Doe"),
        ("It rained. ", "Lawmaker", "Lawmaker"),
        ("The Hull Evening News came out. ", "the newspaper", "Hull Evening News"),
    ],
)
def test_forms_of_names(before: str, source: str, name: str) -> None:
    assert who(source, before, "")[0] == name


def test_who_is_described_first_is_named_in_the_sentence_behind() -> None:
    described = "[s:Hull’s tax commissioner] [c:says] [k:nothing leaked]. "
    assert said(f"{described}Jane Doe looked.").names == ["Jane Doe"]
    assert said(f"{described}Hull commissioner Jane Doe looked.").names == ["Jane Doe"]
    assert said("[s:Lawmaker] [c:urges] [k:haste].\n\nRep. Jane Doe spoke.").names == ["Jane Doe"]
    for behind in (
        "It rained. Jane Doe looked.",
        "In Hull, Jane Doe looked.",
        "Jane Doe’s aide looked.",
        "Doe looked.",
    ):
        assert said(described + behind).names == ["Hull’s tax commissioner"]
    assert said(f"Jane Doe came. {described}Jane Doe looked.").names == ["Hull’s tax commissioner"]


def test_a_bare_noun_is_the_group_that_was_described_by_it() -> None:
    poll = "[s:A new poll of sailors] [c:says] [k:it is late]. "
    assert said(f"{poll}[s:The poll] [c:found] [k:it leaks].").names == ["new poll of sailors"] * 2
    assert said(f"{poll}[s:The old poll] [c:found] [k:it leaks].").names[1] == "old poll"
    assert said(f"{poll}[s:A poll] [c:found] [k:it leaks].").names[1] == "poll"
    far = "[s:A second poll] [c:says] [k:it holds]. " + "It rained. " * 9
    assert said(f"{poll}{far}[s:The poll] [c:found] [k:it leaks].").names[2] == "poll"


def test_a_line_that_names_nobody_before_its_colon_names_no_speaker() -> None:
    assert said("Here they are, at last:\n\n“The bridge is very late.”").names == ["unknown"]
