"""The report: one file that is whole, inert, accessible and the same each time, and says what the corpus says."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from conftest import FEAR, as_written, claim_on, claims_of, labelled, make_article, make_claim, write_claims

from annotate import wire
from annotate.adopting import adopt
from annotate.codebook import Codebook
from annotate.corpus import Corpus
from annotate.decisions import decide
from annotate.quoting import Runs
from annotate.records import SCHEMA_VERSION, Article, Claim, Mode, Speaker, digest
from annotate.releases import release
from annotate.report import compose, report
from annotate.report.figures import DARK, label
from annotate.report.material import Material
from annotate.report.page import Numbers, Report, rendered
from annotate.report.stance import SPEAKERS_DRAWN, SPEAKERS_LISTED
from annotate.revising import revising
from annotate.standoff import strip
from annotate.writing import writing

EVIL = '"><img src=x onerror=alert(1)></title><script>alert(2)</script>\u202egnp.$x^2$ {{ 7*7 }}'
Run = Callable[..., tuple[int, str, str]]
VOID = {"meta", "img", "link", "br", "hr", "input", "base"}
ALLOWED = set(
    "html head meta title style body header h1 h2 h3 h4 p ul ol li strong span nav a main section figure figcaption "
    "img div table caption thead tbody tr th td bdi blockquote details summary footer".split()
)


class Reading(HTMLParser):
    """The page as a browser takes it: elements with their attributes, and the text of each kind."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text: dict[str, list[str]] = {}
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.text.setdefault(self.open[-1], []).append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def words(self) -> str:
        return "\n".join(text for tag, texts in self.text.items() if tag != "style" for text in texts)


def page_of(folder: Path, **options: Any) -> str:
    return rendered(compose(Material(Corpus.open(folder), **options)))


def tables_of(made: Report, section: str) -> dict[str, Any]:
    blocks = next(one.blocks for one in made.sections if one.id == section)
    return {block.table.title: block.table for block in blocks if isinstance(block, Numbers)}


def log(folder: Path, words: Iterable[tuple[str, Claim, str, Mode]]) -> None:
    with revising(folder) as revision:
        revision.decide(
            decide(who, claim.id, "stance", claim.stance, to, mode, "", revision.log.now())
            for who, claim, to, mode in words
        )
        revision.fold(revision.claims())


def evil_corpus(folder: Path, codebook: Codebook) -> Path:
    """A corpus in which everything that comes from outside is hostile."""
    text = f"Somebody said {EVIL}.\n"
    article = replace(
        Article.of(text, "evil", title=EVIL.replace("\u202e", "\u2066"), outlet=EVIL, date="2024-01-01"),
        url="javascript:alert(3)",
        language='en" onload="alert(4)',
    )
    claims = [
        claim_on(article, EVIL, speaker="evil-1", stance="favor"),
        make_claim(article, 0, 8, speaker="khmer-1"),
        make_claim(article, 9, 13, speaker="empty-1"),
    ]
    people = [
        Speaker(SCHEMA_VERSION, "evil-1", EVIL, (EVIL,), EVIL, False),
        Speaker(SCHEMA_VERSION, "khmer-1", "ហ៊ុន សែន", ("ហ៊ុន សែន",), "", False),
        Speaker(SCHEMA_VERSION, "empty-1", "A\u00a0🐘 " + "long " * 20, ("A",), "", False),
    ]
    with writing(folder, codebook) as writer:
        writer.add(labelled(article, claims, people))
    return folder


# ---- One file ----


def test_the_command_writes_the_report_and_its_figures(
    corpus: Path, tmp_path: Path, run: Run, no_network: None
) -> None:
    out, png, svg = tmp_path / "mail" / "report.html", tmp_path / "png", tmp_path / "svg"
    code, said, err = run("report", corpus, out, "--png", png, "--svg", svg)
    assert (code, err) == (0, "")
    names = ["stance-pact", "score-pact", "stance-trade", "score-trade", "confidence"]
    written = [out, *(path for name in names for path in (svg / f"{name}.svg", png / f"{name}.png"))]
    assert said.splitlines() == list(map(str, written))
    assert all((png / f"{name}.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n") for name in names)
    for name in names:
        tree = ElementTree.fromstring((svg / f"{name}.svg").read_text(encoding="utf-8"))
        kinds = {element.tag.rpartition("}")[2] for element in tree.iter()}
        assert "path" in kinds and not kinds & {"text", "script", "image"}
    assert sorted(path.name for path in tmp_path.rglob("*.new")) == []


def test_the_same_corpus_gives_the_same_bytes(corpus: Path, tmp_path: Path) -> None:
    log(corpus, [("ana", claims_of(corpus)[0], "against", "review"), ("ben", claims_of(corpus)[0], "favor", "blind")])
    pages = []
    for seed, place in (("1", "here"), ("2", "there")):
        folder = shutil.copytree(corpus, tmp_path / place / "corpus")
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-W", "error", "-m", "annotate", "report", folder, tmp_path / place / "r.html"]
        command += ["--png", tmp_path / place]
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
        pages.append([(tmp_path / place / name).read_bytes() for name in ("r.html", "stance-pact.png")])
    assert pages[0] == pages[1]
    assert str(tmp_path).encode() not in pages[0][0]


def test_the_file_is_whole_and_allows_nothing_from_outside(corpus: Path) -> None:
    read = Reading(page_of(corpus))
    assert {tag for tag, _ in read.elements} <= ALLOWED
    (style,) = read.text["style"]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = (meta["content"] for meta in read.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in style and "@import" not in style
    attributes = {name for _, one in read.elements for name in one}
    assert not {name for name in attributes if name.startswith("on")} | (attributes & {"style", "srcset", "action"})
    assert all(image["src"].startswith("data:image/svg+xml;base64,") for image in read.all("img"))
    assert all(link["href"].startswith("#") for link in read.all("a"))


def test_every_part_can_be_read_by_a_machine_that_reads_aloud(corpus: Path) -> None:
    read = Reading(page_of(corpus))
    assert read.all("html") == [{"lang": "en"}]
    assert all(len(image["alt"]) > 40 for image in read.all("img"))
    assert len(read.all("caption")) == len(read.all("table")) == 5
    assert {head["scope"] for head in read.all("th")} == {"col", "row"}
    levels = [int(tag[1]) for tag, _ in read.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = [one["id"] for _, one in read.elements if "id" in one]
    assert len(ids) == len(set(ids)) and {link["href"][1:] for link in read.all("a")} == set(ids)
    assert {one["aria-labelledby"] for one in read.all("section")} == set(ids)


def test_figures_follow_the_readers_dark_screen_only_in_the_report(corpus: Path, tmp_path: Path) -> None:
    report(Corpus.open(corpus), tmp_path / "r.html", svg_folder=tmp_path)
    alone = (tmp_path / "confidence.svg").read_text(encoding="utf-8")
    image = Reading((tmp_path / "r.html").read_text(encoding="utf-8")).all("img")[-1]
    shown = base64.b64decode(image["src"].partition(",")[2]).decode()
    assert "var(" not in alone and "prefers-color-scheme" not in alone
    assert "@media screen and (prefers-color-scheme:dark)" in shown
    assert not any(f": {ink}" in shown for ink in DARK)
    ElementTree.fromstring(shown)


# ---- Hostile text ----


def test_hostile_text_is_shown_and_does_nothing(tmp_path: Path, codebook: Codebook) -> None:
    page = page_of(evil_corpus(tmp_path / "evil", codebook))
    read = Reading(page)
    assert {tag for tag, _ in read.elements} <= ALLOWED
    assert len(read.all("img")) == len(re.findall("<img ", page)) and "onerror" not in {
        n for _, a in read.elements for n in a
    }
    assert EVIL.replace("\u202e", "\ufffd") in read.words
    assert "javascript:" not in page and "\u202e" not in page and "\u2066" not in page
    assert [quote for quote in read.all("blockquote") if "lang" in quote] == []
    assert "49" not in read.words.split() and "{{ 7*7 }}" in read.words


def test_names_that_the_font_lacks_are_told_by_id() -> None:
    assert label("ហ៊ុន សែន", "hun-sen") == "hun-sen"
    assert label("Ana 🐘 Lee", "ana") == "Ana □ Lee"
    assert label("Cost is $5 and $6", "x") == "Cost is $5 and $6"
    assert label("", "nobody") == "nobody"
    assert label("x" * 60, "x") == "x" * 33 + "…"
    assert label("Ro\u202e", "ro") == "Ro\ufffd"


def test_a_link_leads_to_the_web_only(tmp_path: Path, codebook: Codebook) -> None:
    with writing(tmp_path / "c", codebook) as writer:
        for number, url in enumerate(["https://news.test/a", "file:///etc/passwd", "//news.test", "data:text/html,x"]):
            article = Article.of(f"The pact was good number {number}.", f"a{number}", url=url)
            writer.add(labelled(article, [make_claim(article, 0, 17 + number)]))
    read = Reading(page_of(tmp_path / "c"))
    (link,) = (link for link in read.all("a") if not link["href"].startswith("#"))
    assert link == {"href": "https://news.test/a", "rel": "noreferrer noopener"}


# ---- What it says ----


def test_the_tables_say_what_the_corpus_says(corpus: Path) -> None:
    log(corpus, [("ana", claims_of(corpus)[0], "against", "review")])
    made = compose(Material(Corpus.open(corpus)))
    table = tables_of(made, "target-pact")["Stance on the pact per speaker"]
    assert [list(map(str, row)) for row in table.rows] == [
        ["Seun Sam", "2", "1 (50\u00a0%)", "0 (0\u00a0%)", "1 (50\u00a0%)", "−0.05 [−1.00, +1.00]", "mixed", "1", "1"],
        ["Mr Ro", "1", "1 (100\u00a0%)", "0 (0\u00a0%)", "0 (0\u00a0%)", "+0.89 [−1.00, +1.00]", "favor", "0", "1"],
    ]
    rows = {row[0]: row[1] for row in tables_of(made, "what")["The corpus"].rows}
    assert rows["claims"] == "4: each statement once for each of 2 targets"
    assert rows["stance model"] == "s@1 (4 lines)" and rows["people"] == "ana"
    assert rows["codebook"] == "summit 0.0.0" or rows["codebook"].startswith("summit ")
    confidence = tables_of(made, "confidence")["Claims by the models' confidence"]
    assert [row for row in confidence.rows if row[3]] == [["0.90–0.95", 3, 1, 4]]
    changed = {row[0]: row[1] for row in tables_of(made, "review")["What people changed"].rows}
    assert (changed["stance confirmed"], changed["stance changed"]) == (0, 1)


def test_the_claims_shown_have_their_place(corpus: Path) -> None:
    words = Reading(page_of(corpus)).words
    assert FEAR in words
    article = next(Corpus.open(corpus).articles())
    start = article.text.index(FEAR)
    assert f"summit, paragraph 2, characters {start}–{start + len(FEAR)}" in words
    assert "the model is 91\u00a0% sure" in words


def test_the_date_and_the_version_are_the_corpuss(corpus: Path) -> None:
    def told() -> tuple[str, str]:
        rows = {row[0]: row[1] for row in tables_of(compose(Material(Corpus.open(corpus))), "what")["The corpus"].rows}
        return rows["corpus"], rows["as of"]

    assert told() == ("summit, a working copy, not released yet", "not dated: nothing was decided or released yet")
    day = release(corpus).manifest.date
    assert told() == ("summit, release 1.0.0", day)
    log(corpus, [("ana", claims_of(corpus)[0], "against", "review")])
    assert told()[0] == "summit, a working copy, changed since release 1.0.0"
    frozen = compose(Material(Corpus.open(corpus / "releases" / "1.0.0")))
    assert tables_of(frozen, "what")["The corpus"].rows[0][1] == "summit, release 1.0.0"


def test_a_release_can_be_named(corpus: Path, tmp_path: Path, run: Run) -> None:
    release(corpus)
    assert run("report", f"{corpus}@1.0.0", tmp_path / "r.html")[0] == 0
    assert "summit, release 1.0.0" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_hand_edits_are_shown_and_said(corpus: Path, edit: Callable[[str, str], None]) -> None:
    edit('"stance":"favor","annotator":""', '"stance":"against","annotator":""')
    words = Reading(page_of(corpus)).words
    assert "but shown here: 1 hand edit of claims.jsonl." in words
    assert "edited by hand, not adopted yet" in words


def test_a_hand_edit_is_nobodys_decision_though_somebody_decided_before(
    corpus: Path, edit: Callable[[str, str], None]
) -> None:
    log(corpus, [("ana", claims_of(corpus)[0], "favor", "review")])
    edit('"stance":"favor","annotator":"ana"', '"stance":"against","annotator":"ana"')
    words = Reading(page_of(corpus)).words
    assert "edited by hand, not adopted yet" in words and "decided by ana" not in words


def test_a_claim_in_two_parts_is_one_claim_of_whoever_decided_or_deleted_it(corpus: Path) -> None:
    claims = claims_of(corpus)
    write_claims(corpus, [*claims[:3], replace(claims[3], continues=claims[2].id)])
    as_written(corpus)
    log(corpus, [("ana", claim, "against", "review") for claim in claims[2:]])
    assert [work.claims for work in Material(Corpus.open(corpus)).reviewed.work] == [1]
    write_claims(corpus, claims_of(corpus)[:2])
    adopt(corpus, "ana", deletions=2)
    assert Material(Corpus.open(corpus)).reviewed.deleted == 1


def test_a_date_is_told_no_finer_than_it_is(tmp_path: Path, codebook: Codebook) -> None:
    with writing(tmp_path / "c", codebook) as writer:
        for place, date in enumerate(("2024", "2025-03")):
            article = replace(make_article(f"The pact was good, {place}."), date=date)
            writer.add(labelled(article, [make_claim(article, 0, 18)]))
    assert "dated 2024 to 2025-03" in Reading(page_of(tmp_path / "c")).words


def test_one_annotator_agrees_with_nobody(corpus: Path) -> None:
    assert "Nobody has decided anything, and to measure agreement takes two" in Reading(page_of(corpus)).words
    log(corpus, [("ana", claims_of(corpus)[0], "against", "review")])
    assert "Only ana has decided anything, and to measure agreement takes two" in Reading(page_of(corpus)).words
    log(corpus, [("ben", claims_of(corpus)[1], "against", "review")])
    assert "ana, ben judged no claim in common" in Reading(page_of(corpus)).words


def test_agreement_and_the_estimated_error_are_told_where_there_are_any(corpus: Path) -> None:
    claims = claims_of(corpus)
    log(corpus, [("ana", claim, "against", "audit") for claim in claims])
    log(corpus, [("ben", claim, "favor" if claim is claims[0] else "against", "blind") for claim in claims])
    made = compose(Material(Corpus.open(corpus)))
    (pairs,) = (table for title, table in tables_of(made, "agreement").items() if title == "Pairs: stance")
    assert pairs.rows[0][:5] == ["ana / ben", 4, 4, 4, 0.75]
    assert "Disagreements" not in tables_of(made, "agreement")
    words = Reading(rendered(made)).words
    assert "1 disagreement in all" in words
    assert "4 claims, chosen at random, were judged without sight of the models' labels." in words
    assert "an estimated 100\u00a0%" in words


def test_stance_over_time_is_drawn_where_dates_allow(tmp_path: Path, codebook: Codebook) -> None:
    dates = ["2024-01-10", "2024-03-01", "in spring", "2024-03-20"]
    with writing(tmp_path / "c", codebook) as writer:
        for number, day in enumerate(dates):
            article = Article.of(f"The pact was good number {number}.", f"a{number}", date=day)
            writer.add(labelled(article, [make_claim(article, 0, 17)]))
    made = compose(Material(Corpus.open(tmp_path / "c")))
    assert "time-pact" in [picture.name for picture in made.pictures()]
    table = tables_of(made, "target-pact")["Stance on the pact per week"]
    assert len(table.rows) == 11 and sum(row[1] for row in table.rows) == 3
    assert table.note == "Left out for want of a date that can be read: 1 claim."


def test_many_speakers_are_cut_in_figures_and_tables_and_this_is_said(tmp_path: Path, codebook: Codebook) -> None:
    article = make_article("word " * 300)
    claims = [make_claim(article, 5 * n, 5 * n + 4, speaker=f"x-{n:03}") for n in range(230)]
    people = [Speaker(SCHEMA_VERSION, f"x-{n:03}", f"Person {n}", ("Person",), "", False) for n in range(230)]
    with writing(tmp_path / "c", codebook) as writer:
        writer.add(labelled(article, claims, people))
    made = compose(Material(Corpus.open(tmp_path / "c")))
    table = tables_of(made, "target-pact")["Stance on the pact per speaker"]
    assert len(table.rows) == SPEAKERS_LISTED
    assert "30 more speakers with 30 claims between them are left out" in table.note
    page = Reading(rendered(made))
    assert f"Drawn are the {SPEAKERS_DRAWN} of 230 speakers with most claims." in page.words
    assert len(page.all("details")) == 1 and len(page.all("blockquote")) == SPEAKERS_DRAWN


def test_a_corpus_of_nobodys_claims_has_a_report(tmp_path: Path, codebook: Codebook) -> None:
    article = make_article("The pact was good.")
    with writing(tmp_path / "c", codebook) as writer:
        writer.add(labelled(article, [make_claim(article, 0, 18, speaker="narrator")]))
    words = Reading(page_of(tmp_path / "c")).words
    assert "No speaker makes a claim about it." in words
    assert "100\u00a0% of the claims are the narrator's or by somebody unknown" in words


def test_an_article_without_claims_has_a_report(tmp_path: Path, codebook: Codebook) -> None:
    with writing(tmp_path / "c", codebook) as writer:
        writer.add(labelled(make_article("Nothing."), []))
    words = Reading(page_of(tmp_path / "c")).words
    assert "There is no claim that a model judged." in words


# ---- Text that is not to be passed on ----


def five_words(texts: Iterable[str]) -> set[str]:
    runs = (text.split() for text in texts)
    return {" ".join(words[at : at + 3]) for words in runs for at in range(len(words) - 2)}


def test_without_text_no_word_of_an_article_is_quoted(corpus: Path, tmp_path: Path, run: Run) -> None:
    articles = list(Corpus.open(corpus).articles())
    assert run("report", corpus, tmp_path / "r.html", "--no-text")[0] == 0
    read = Reading((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert not [run for run in five_words(article.text for article in articles) if run in read.words]
    assert read.all("blockquote") == [] and "paragraph 2" not in read.words
    assert all(claim.digest in read.words for claim in claims_of(corpus))
    assert "No text is quoted in this report" in read.words


def test_without_text_titles_are_left_out_too(tmp_path: Path, codebook: Codebook) -> None:
    article = Article.of("The pact was good.", "a1", title="A title of its own")
    with writing(tmp_path / "c", codebook) as writer:
        writer.add(labelled(article, [make_claim(article, 0, 18)]))
    assert "A title of its own" in page_of(tmp_path / "c")
    assert "A title of its own" not in page_of(tmp_path / "c", text=False)


def test_without_text_names_roles_ids_and_addresses_tell_none_either(tmp_path: Path, codebook: Codebook) -> None:
    said = "A retired senior official of the old ministry said the pact was good."
    slug = "-".join(said.lower().strip(".").split())
    article = replace(Article.of(said, f"{slug}.txt"), url=f"https://example.org/{slug}")
    claim = claim_on(article, "the pact was good.", speaker=slug)
    who = Speaker(SCHEMA_VERSION, slug, said[:44], (said[:44],), said[2:44], False)
    with writing(tmp_path / "c", codebook) as writer:
        writer.add(labelled(article, [claim], [who]))
    for annotator in ("ana", "ben"):
        log(tmp_path / "c", [(annotator, claim, "favor", "audit")])
    page = page_of(tmp_path / "c", text=False)
    assert Runs([said]).first(page) == "" and Runs([said]).first(page_of(tmp_path / "c")) != ""
    assert "A retired senior official …" in page and "https://example.org" in page
    assert digest(slug, letter="s", size=12) in page and digest(f"{slug}.txt", letter="a", size=12) in page


def test_a_corpus_without_text_is_told_by_places_and_digests(corpus: Path, tmp_path: Path) -> None:
    strip(corpus, tmp_path / "bare")
    read = Reading(page_of(tmp_path / "bare"))
    assert all(claim.digest in read.words for claim in claims_of(tmp_path / "bare"))
    assert "characters 14–32" in read.words
    assert "Their text is left out" in read.words and read.all("blockquote") == []


# ---- Wrong use ----


def test_another_file_is_never_replaced(corpus: Path, tmp_path: Path, run: Run) -> None:
    theirs = tmp_path / "page.html"
    theirs.write_text("<p>mine</p>", encoding="utf-8")
    code, _, err = run("report", corpus, theirs)
    assert code == 2 and "is there already and is no report" in err
    assert theirs.read_text(encoding="utf-8") == "<p>mine</p>"
    code, _, err = run("report", corpus, corpus / "claims.jsonl")
    assert code == 2 and "ends in .html" in err
    (tmp_path / "folder.html").mkdir()
    assert run("report", corpus, tmp_path / "folder.html")[0] == 2


def test_an_older_report_is_replaced(corpus: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "r.htm"
    assert run("report", corpus, out, "--no-text")[0] == 0
    before = out.read_bytes()
    assert run("report", corpus, out)[0] == 0
    assert out.read_bytes() != before


def test_a_file_that_cannot_be_written_leaves_nothing_beside_it(corpus: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "f" / "confidence.svg").mkdir(parents=True)
    code, _, err = run("report", corpus, tmp_path / "r.html", "--svg", tmp_path / "f")
    assert code == 1 and "cannot be written" in err
    assert list((tmp_path / "f").glob(".*")) == []


def test_a_file_that_cannot_be_written_is_named(corpus: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "blocked").write_text("a file", encoding="utf-8")
    code, _, err = run("report", corpus, tmp_path / "blocked" / "r.html")
    assert code == 1 and "cannot be written" in err and "Traceback" not in err


@pytest.mark.parametrize("library", ["matplotlib", "jinja2"])
def test_a_missing_extra_says_what_to_install(
    library: str,
    corpus: Path,
    tmp_path: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    code, _, err = run("report", corpus, tmp_path / "r.html")
    assert code == 2 and "pip install 'annotate-stance[report]'" in err
    assert not (tmp_path / "r.html").exists()


def test_a_damaged_corpus_has_no_report(
    corpus: Path, tmp_path: Path, run: Run, edit: Callable[[str, str], None]
) -> None:
    edit('"stance":"favor","annotator":""', '"stance":"pro","annotator":""')
    code, _, err = run("report", corpus, tmp_path / "r.html")
    assert code == 1 and "annotate check" in err and not (tmp_path / "r.html").exists()


# ---- In a browser, and at size ----


def test_a_browser_shows_it_without_a_request_or_a_complaint(tmp_path: Path, codebook: Codebook) -> None:
    from test_review_page import CHROMIUM, FLAGS, REQUIRED

    if not CHROMIUM and not REQUIRED:
        pytest.skip("no chromium is installed")
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    out = tmp_path / "r.html"
    report(Corpus.open(evil_corpus(tmp_path / "evil", codebook)), out)
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for scheme, width in (("light", 1280), ("dark", 390)):
            page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
            page.on("console", lambda message: said.append(message.text))
            page.on("dialog", lambda dialog: said.append(dialog.message))
            page.on("request", lambda request: said.append(request.url))
            page.goto(out.as_uri())
            assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
            assert page.evaluate("document.documentElement.scrollWidth") == width
            page.close()
            seen = browser.new_context(color_scheme=scheme, bypass_csp=True, viewport={"width": width, "height": 900})
            page = seen.new_page()
            page.goto(out.as_uri())
            assert Axe().run(page).response["violations"] == []
        browser.close()
    assert [url for url in said if not url.startswith("data:")] == [out.as_uri()] * 2


MEASURED = """
import resource, sys, time
from pathlib import Path
from annotate.jobs import current
from annotate.report import report

start = time.perf_counter()
report(current(sys.argv[1]), Path(sys.argv[2]))
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@pytest.mark.full
@pytest.mark.skipif(sys.platform == "win32", reason="no resource module there")
def test_fifty_thousand_claims_take_half_a_minute_and_600_mb(corpus: Path, tmp_path: Path) -> None:
    article = Article.of("The pact was good, and so on. " * 400, "long", date="2024-05-01")
    articles = [replace(article, id=f"long-{n:04}", date=f"20{10 + n % 15}-0{1 + n % 9}-01") for n in range(1000)]
    wire.write(corpus / "articles.jsonl", [*Corpus.open(corpus).articles(), *articles])
    claims = (
        replace(made, id=f"c{one.id}-{n}", prediction=made.prediction.sealed(f"c{one.id}-{n}"))
        for one in articles
        for n in range(50)
        for made in [make_claim(one, 30 * n, 30 * n + 17, speaker="seun-sam" if n % 2 else "ro-1")]
    )
    write_claims(corpus, [*claims_of(corpus), *claims])
    as_written(corpus)
    command = [sys.executable, "-c", MEASURED, corpus, tmp_path / "r.html"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, megabytes = map(float, done.stdout.split())
    assert seconds < 30 and megabytes < 600
