"""The review page in a real browser, against the real server: keys, the log on disk, conflicts, hostile text, access.

Debian's chromium is driven; where none is found these tests are skipped, and fail with ANNOTATE_BROWSER=required.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import RO, claim_on, labelled, make_article, the_summit
from conftest import TOML as SUMMIT
from playwright.sync_api import Browser, Page, Response, expect, sync_playwright

from annotate import wire
from annotate.codebook import Codebook
from annotate.decisions import decide
from annotate.records import SCHEMA_VERSION, Claim, Decision, Scores, Speaker
from annotate.standoff import strip
from annotate.writing import writing

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
REQUIRED = os.environ.get("ANNOTATE_BROWSER") == "required"
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PATIENCE = 20  # seconds for a server to start or stop, on a busy machine

pytestmark = pytest.mark.skipif(
    not CHROMIUM and not REQUIRED, reason="no chromium is installed: apt-get install chromium"
)

TOML = """[codebook]
id = "harbour"
guidance = "Judge the words alone."

[[targets]]
name = "the ferry line"

[[speakers]]
name = "Ann Lee"
aliases = ["Lee"]

[[speakers]]
name = "Bo Hall"
"""
LINE = "{who} said that {what} number {n} is {how}."
HOW = ("good", "bad", "long", "cheap", "slow")
FOUND = Speaker(SCHEMA_VERSION, "uma-oe-1", "Uma Öztürk", ("Uma Öztürk",), "", False)


# ---- A corpus, its server, and a browser's page ----


def build(folder: Path, claims: int = 40, articles: int = 2, title: str = "The harbour meets") -> Path:
    """A corpus of so many claims; the lower a claim's number, the less certain it is."""
    book = folder.parent / f"{folder.name}.toml"
    book.write_text(TOML, encoding="utf-8", newline="\n")
    codebook = Codebook.read(book)
    with writing(folder, codebook) as writer:
        for number in range(articles):
            share = range(number, claims, articles)
            facts = [(n, ("Ann Lee", "Bo Hall")[n % 2], f"the 🐘 ferry {n}") for n in share]
            said = [f"{who} said that {what} is {HOW[n % 5]}." for n, who, what in facts]
            text = (
                "\n\n".join([f"Note {number}", *(" ".join(said[at : at + 3]) for at in range(0, len(said), 3))]) + "\n"
            )
            article = replace(make_article(text, f"note-{number}"), title=f"{title} {number}")
            writer.add(labelled(article, [made(article, what, who, n) for n, who, what in facts], [FOUND]))
    return folder


def made(article: Any, what: str, who: str, number: int) -> Claim:
    start = article.text.index(f"{what} is ")
    end = article.text.index(".", start) + 1
    speaker, sure = who.lower().replace(" ", "-"), min(0.95, 0.4 + number / 1000)
    claim = claim_on(article, article.text[start:end], target="the-ferry-line", speaker=speaker)
    rest = (1 - sure) / 2
    said = replace(claim.prediction, scores=Scores.of(sure, rest, rest), speaker_score=0.9)
    return replace(claim, prediction=said.sealed(claim.id))


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Server:
    """`annotate review` of a folder, on a port that stays the same over restarts."""

    folder: Path
    options: tuple[str, ...] = ("--annotator", "ana", "--audit", "0")
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """The address that it prints."""
        command = [
            sys.executable,
            "-m",
            "annotate",
            "review",
            str(self.folder),
            "--no-browser",
            "--port",
            str(self.port),
        ]
        self.process = subprocess.Popen([*command, *self.options], stdout=subprocess.PIPE, text=True, encoding="utf-8")
        assert self.process.stdout
        address = self.process.stdout.readline().strip()
        assert address.startswith(f"http://127.0.0.1:{self.port}/#"), address
        return address

    def stop(self, *, kill: bool = False) -> None:
        if self.process:
            (self.process.kill if kill else self.process.terminate)()
            self.process.communicate(timeout=PATIENCE)
            self.process = None

    @property
    def decisions(self) -> list[Decision]:
        log = self.folder / "decisions.jsonl"
        return [decision for _, decision in wire.read(log, Decision) if isinstance(decision, Decision)]


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[tuple[Server, str]]:
    server = Server(folder, options) if options else Server(folder)
    try:
        yield server, server.start()
    finally:
        server.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    assert CHROMIUM, "ANNOTATE_BROWSER=required, and no chromium is installed: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


Open = Callable[..., Page]


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Open]:
    """Open an address in a window of its own; at the end, no script has failed and no policy was broken."""
    contexts, wrong = [], []

    def page_of(address: str, *, beside: Page | None = None, wait: str = "#full:not([hidden])", **window: Any) -> Page:
        context = (
            beside.context if beside else chromium.new_context(**{"viewport": {"width": 1280, "height": 860}, **window})
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(1000 * PATIENCE)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if "Content Security" in message.text else None)
        page.goto(address)
        page.wait_for_selector(wait)
        return page

    yield page_of
    for context in contexts:
        with suppress(Exception):
            context.close()
    assert wrong == []


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return build(tmp_path / "corpus")


def shown(page: Page) -> str:
    """The id of the claim that is shown and marked in the article."""
    claim = str(page.wait_for_selector("#claim[data-claim]").get_attribute("data-claim"))
    expect(page.locator(f"#article [data-claim={claim}]").first).to_have_attribute("aria-current", "true")
    return claim


def press(page: Page, key: str, decided: int) -> str:
    """Press a key, and wait until so many claims are acknowledged; the claim that was shown."""
    claim = shown(page)
    page.keyboard.press(key)
    expect(page.locator("#counts b")).to_have_text(str(decided), timeout=1000 * PATIENCE)
    expect(page.locator("#saved")).to_contain_text("All saved")
    return claim


def acknowledged(page: Page, said: list[tuple[str, str]]) -> None:
    """Collect (claim, stance) of every decision, and ("undo", "") of every undo, that the server acknowledges."""

    def hear(response: Response) -> None:
        if response.status == 200 and response.request.method == "POST":
            body = response.request.post_data_json
            said.append((body["claim"], body["to"]) if "claim" in body else ("undo", ""))

    page.on("response", hear)


# ---- Deciding ----


def test_thirty_claims_by_keyboard_alone_survive_undo_reload_and_a_killed_server(corpus: Path, opened: Open) -> None:
    with serving(corpus) as (server, address):
        page = opened(address)
        said: list[tuple[str, str]] = []
        acknowledged(page, said)
        keys = ["1", "2", "3", "f", "n", "a", "Enter"]
        stances = {
            "1": "favor",
            "2": "neutral",
            "3": "against",
            "f": "favor",
            "n": "neutral",
            "a": "against",
            "Enter": "favor",
        }
        stand: dict[str, str] = {}
        for n in range(12):
            stand[press(page, keys[n % 7], n + 1)] = stances[keys[n % 7]]
        for n in range(5):
            page.keyboard.press("u")
            expect(page.locator("#counts b")).to_have_text(str(11 - n))
            del stand[shown(page)]
        assert len(server.decisions) == 17
        page.reload()
        page.wait_for_selector("#full:not([hidden])")
        expect(page.locator("#counts b")).to_have_text("7")
        for n in range(7, 20):
            stand[press(page, keys[n % 7], n + 1)] = stances[keys[n % 7]]

        server.stop(kill=True)
        for n, key in enumerate("32", 1):
            stand[shown(page)] = stances[key]
            page.keyboard.press(key)
            expect(page.locator("#saved")).to_contain_text(f"{n} decision")
        expect(page.locator("#notices")).to_contain_text("not saved yet")
        assert len(server.decisions) == 30  # 12, 5 undone, 13
        page.goto(server.start())  # the page stays as it is, and takes the new address
        expect(page.locator("#counts b")).to_have_text("22", timeout=1000 * PATIENCE)
        expect(page.locator("#saved")).to_contain_text("All saved")
        for n in range(22, 30):
            stand[press(page, keys[n % 7], n + 1)] = stances[keys[n % 7]]

        log = server.decisions
        assert len(stand) == 30
        assert len(log) == len(said) == 30 + 2 * 5  # every acknowledged one is there, and none twice
        words = {(d.claim, d.to) for d in log if d.mode == "review"}
        assert words >= {one for one in said if one[0] != "undo"} and words >= set(stand.items())
    on_disk = {c.id: c.stance for _, c in wire.read(corpus / "claims.jsonl", Claim) if isinstance(c, Claim)}
    assert {id: on_disk[id] for id in stand} == stand  # the view is folded at the end


def test_a_decision_that_was_logged_but_not_acknowledged_counts_once(corpus: Path, opened: Open) -> None:
    with serving(corpus) as (server, address):
        page = opened(address)

        def lose(route: Any) -> None:
            route.fetch()
            route.abort()

        page.route("**/api/decisions", lose, times=1)
        press(page, "3", 1)
        assert [d.to for d in server.decisions] == ["against"]


def test_what_is_not_saved_outlives_a_reload(corpus: Path, opened: Open) -> None:
    with serving(corpus) as (server, address):
        page = opened(address)
        page.on("dialog", lambda dialog: dialog.accept())
        page.route("**/api/decisions", lambda route: route.abort())
        claim = shown(page)
        page.keyboard.press("3")
        expect(page.locator("#saved")).to_contain_text("1 decision not saved")
        page.unroute("**/api/decisions")
        page.reload()
        expect(page.locator("#counts b")).to_have_text("1")
        assert [(d.claim, d.to) for d in server.decisions] == [(claim, "against")]


def test_undo_goes_all_the_way_back_over_a_restart(corpus: Path, opened: Open) -> None:
    with serving(corpus) as (server, address):
        page = opened(address)
        first = press(page, "3", 1)
        press(page, "3", 2)
        server.stop()
        page.goto(server.start())
        expect(page.locator("#saved")).to_contain_text("All saved")
        page.keyboard.press("u")
        expect(page.locator("#counts b")).to_have_text("1")
        page.keyboard.press("u")
        expect(page.locator("#counts b")).to_have_text("0")
        assert shown(page) == first
        expect(page.locator("#undo")).to_be_disabled()
        page.keyboard.press("u")
        expect(page.locator("#live")).to_have_text("There is nothing to undo.")
        assert len(server.decisions) == 4


def unsaved(server: Server, address: str, opened: Open) -> Page:
    """A page with one decision that the server did not live to see."""
    page = opened(address)
    shown(page)
    server.stop(kill=True)
    page.keyboard.press("3")
    expect(page.locator("#saved")).to_contain_text("1 decision not saved")
    return page


def test_the_new_address_opened_in_another_tab_saves_what_waits_in_this_one(corpus: Path, opened: Open) -> None:
    with serving(corpus) as (server, address):
        page = unsaved(server, address, opened)
        restarted = server.start()
        expect(page.locator(".notice.trouble")).to_contain_text("under a new address")
        opened(restarted, beside=page)
        expect(page.locator("#saved")).to_contain_text("All saved", timeout=1000 * PATIENCE)
        assert [d.to for d in server.decisions] == ["against"]


def test_nobody_decides_in_the_name_of_another(corpus: Path, opened: Open) -> None:
    with serving(corpus) as (server, address):
        page = unsaved(server, address, opened)
        server.options = ("--annotator", "bo", "--audit", "0")
        page.goto(server.start())
        expect(page.locator(".notice.trouble")).to_contain_text("another annotator", timeout=1000 * PATIENCE)
        page.wait_for_timeout(2500)
        expect(page.locator("#saved")).to_contain_text("1 decision not saved")
        assert server.decisions == []


def test_keys_may_come_faster_than_answers(corpus: Path, opened: Open) -> None:
    with serving(corpus) as (server, address):
        page = opened(address)
        shown(page)
        page.wait_for_load_state("networkidle")
        for key in "123321":
            page.keyboard.press(key)
        expect(page.locator("#counts b")).to_have_text("6")
        assert [d.to for d in server.decisions] == ["favor", "neutral", "against", "against", "neutral", "favor"]


# ---- Others ----


def a_conflict(address: str, opened: Open) -> tuple[Page, str]:
    """Two tabs at the same claim; the first decides favor, the second, which has not heard of it, against."""
    one = opened(address)
    other = opened(address, beside=one)
    other.route("**/api/changes*", lambda route: route.abort())
    claim = shown(other)
    assert shown(one) == claim
    press(one, "1", 1)
    other.keyboard.press("3")
    expect(other.locator("#conflict-dialog")).to_be_visible()
    return other, claim


def test_two_tabs_conflict_and_the_person_chooses(corpus: Path, opened: Open) -> None:
    with serving(corpus) as (server, address):
        page, claim = a_conflict(address, opened)
        expect(page.locator("#conflict-mine")).to_contain_text("against")
        expect(page.locator("#conflict-theirs")).to_contain_text("favor")
        assert [d.to for d in server.decisions] == ["favor"]
        page.keyboard.press("3")  # no key reaches what lies behind the dialog
        page.keyboard.press("Escape")  # and it is not to be waved away
        expect(page.locator("#conflict-dialog")).to_be_visible()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")
        expect(page.locator("#saved")).to_contain_text("All saved")
        assert [(d.claim, d.from_, d.to) for d in server.decisions] == [
            (claim, "favor", "favor"),
            (claim, "favor", "against"),
        ]


def test_what_is_there_can_be_left(corpus: Path, opened: Open) -> None:
    with serving(corpus) as (server, address):
        page, claim = a_conflict(address, opened)
        page.keyboard.press("Enter")
        expect(page.locator("#saved")).to_contain_text("All saved")
        page.keyboard.press("k")
        assert shown(page) == claim
        expect(page.locator("#labels [aria-pressed=true]")).to_contain_text("favor")
        assert [d.to for d in server.decisions] == ["favor"]


def test_a_hand_edit_under_the_running_server_appears(corpus: Path, opened: Open) -> None:
    with serving(corpus) as (server, address):
        page = opened(address)
        claim = shown(page)
        path = corpus / "claims.jsonl"
        lines = path.read_text(encoding="utf-8").split("\n")
        edited = [
            x.replace('"stance":"favor","annotator"', '"stance":"against","annotator"') if claim in x else x
            for x in lines
        ]
        path.write_text("\n".join(edited), encoding="utf-8", newline="\n")
        expect(page.locator(".notice.change")).to_contain_text("stance from F · favor to A · against")
        expect(page.locator(".notice.pending")).to_contain_text("annotate adopt")
        expect(page.locator(f"#article [data-claim={claim}]").first).to_have_class(re.compile("against"))
        expect(page.locator("#sentence .said")).to_have_class(re.compile("against"))
        press(page, "2", 1)
        assert [(d.claim, d.to) for d in server.decisions] == [(claim, "neutral")]
        page.keyboard.press("k")
        expect(page.locator("#labels [aria-pressed=true]")).to_contain_text("neutral")


def test_what_another_annotator_decides_appears(corpus: Path, opened: Open) -> None:
    with serving(corpus) as (_, address), serving(corpus, "--annotator", "bo", "--audit", "0") as (_, bos):
        page, bo = opened(address), opened(bos)
        assert shown(page) == shown(bo)
        press(bo, "3", 1)
        expect(page.locator(".notice.change")).to_contain_text("stance from F · favor to A · against")
        expect(page.locator("#labels .against .words")).to_have_text("bo")


def test_claims_that_are_deleted_under_the_page_are_passed_over(corpus: Path, opened: Open) -> None:
    with serving(corpus) as (_, address):
        page = opened(address)
        page.keyboard.press("j")
        second = shown(page)
        page.keyboard.press("k")
        shown(page)
        path = corpus / "claims.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(line for line in lines if second not in line), encoding="utf-8", newline="\n")
        expect(page.locator(".notice.pending")).to_contain_text("1 edit made by hand")
        page.keyboard.press("j")
        expect(page.locator("#place")).to_contain_text("Claim 2 of")
        assert shown(page) != second


# ---- Keys, filters, orders ----


def test_a_speaker_is_chosen_by_typing(corpus: Path, opened: Open) -> None:
    with serving(corpus) as (server, address):
        page = opened(address)
        claim = shown(page)
        page.keyboard.press("s")
        box = page.get_by_role("combobox", name="Name")
        expect(box).to_be_focused()
        page.keyboard.type("oztu")
        expect(page.locator("#speaker-list [aria-selected=true]")).to_contain_text("Uma Öztürk")
        assert box.get_attribute("aria-activedescendant") == "speaker-list-0"
        page.keyboard.press("Enter")
        expect(page.locator("#speaker-name")).to_have_text("Uma Öztürk")
        expect(page.locator("#hypotheses")).to_contain_text("Uma Öztürk supports the ferry line.")
        expect(page.locator(f"#article [data-claim={claim}] .who")).to_have_text("Uma Öztürk")
        page.keyboard.press("s")
        page.keyboard.type("Nia Fox")
        page.keyboard.press("Enter")
        expect(page.locator("#speaker-name")).to_have_text("Nia Fox")
        assert [(d.claim, d.field, d.to[:7]) for d in server.decisions] == [
            (claim, "speaker", "uma-oe-"),
            (claim, "speaker", "nia-fox"),
        ]
        assert shown(page) == claim


def test_no_key_decides_while_somebody_types(corpus: Path, opened: Open) -> None:
    with serving(corpus) as (server, address):
        page = opened(address)
        claim = shown(page)
        page.keyboard.press("m")
        page.keyboard.type("as fun, juxtaposed: 123?/")
        assert shown(page) == claim
        page.keyboard.press("Escape")
        expect(page.locator("#note")).to_have_value("")
        page.keyboard.press("m")
        page.keyboard.type("fun")
        page.keyboard.press("Enter")
        expect(page.locator("#saved")).to_contain_text("All saved")
        expect(page.locator("#claim")).to_be_focused()
        for dialog, key in (("speaker", "s"), ("filter", "/"), ("help", "?")):
            page.keyboard.press(key)
            expect(page.locator(f"#{dialog}-dialog")).to_be_visible()
            page.keyboard.type("a1")
            page.keyboard.press("Escape")
            if dialog == "filter":  # the first Escape was for the list of names
                page.keyboard.press("Escape")
            expect(page.locator(f"#{dialog}-dialog")).to_be_hidden()
        page.keyboard.press("Control+a")
        assert [(d.claim, d.field, d.to) for d in server.decisions] == [(claim, "note", "fun")]
        page.keyboard.press("?")
        page.get_by_label("Single keys work").uncheck()
        page.keyboard.press("Escape")
        page.keyboard.press("1")
        assert shown(page) == claim and len(server.decisions) == 1


def test_skipped_claims_come_again_at_the_end(tmp_path: Path, opened: Open) -> None:
    with serving(build(tmp_path / "corpus", 4, 1)) as (_, address):
        page = opened(address)
        first = shown(page)
        page.keyboard.press("x")
        expect(page.locator(f"#article [data-claim={first}]").first).not_to_have_attribute("aria-current", "true")
        for n in range(3):
            assert press(page, "2", n + 1) != first
        assert shown(page) == first
        page.keyboard.press("2")
        expect(page.locator("#empty")).to_contain_text("All claims are decided")
        page.get_by_role("button", name="Show all claims").click()
        expect(page.locator("#place")).to_contain_text("Claim 1 of 4")


def test_filters_and_orders(corpus: Path, opened: Open) -> None:
    with serving(corpus) as (_, address):
        page = opened(address)
        expect(page.locator("#place")).to_contain_text("Claim 1 of 40")
        page.keyboard.press("/")
        page.keyboard.type("bo ha")
        page.keyboard.press("Enter")
        expect(page.locator("#filter-speaker")).to_have_value("Bo Hall")
        page.get_by_label("Decided by you").select_option("all")
        page.get_by_role("button", name="Show these").click()
        expect(page.locator("#place")).to_contain_text("Claim 1 of 20")
        expect(page.locator("#speaker-name")).to_have_text("Bo Hall")
        page.get_by_role("button", name="Without the filter Speaker: Bo Hall").click()
        expect(page.locator("#place")).to_contain_text("of 40")
        page.keyboard.press("o")
        expect(page.locator("#order-name")).to_have_text("Reading order")
        expect(page.locator("#place")).to_contain_text("Claim 21 of 40")  # the same claim, in its new place
        page.keyboard.press("j")
        expect(page.locator("#place")).to_contain_text("Claim 22 of 40")
        page.reload()
        expect(page.locator("#order-name")).to_have_text("Reading order")
        expect(page.locator("#place")).to_contain_text("Claim 22 of 40")


def test_nothing_is_missed_where_pages_of_the_queue_move(tmp_path: Path, opened: Open) -> None:
    folder = build(tmp_path / "corpus", 130, 3)
    with serving(folder) as (server, address):
        page = opened(address)
        for n in range(130):
            page.keyboard.press("1")
            expect(page.locator("#counts b")).to_have_text(str(n + 1))
        expect(page.locator("#empty")).to_contain_text("All claims are decided")
        assert len({d.claim for d in server.decisions}) == len(server.decisions) == 130


# ---- Blind, and ruling ----


def test_audit_claims_are_marked_and_shown_blind(tmp_path: Path, opened: Open) -> None:
    with serving(build(tmp_path / "corpus", 6, 1), "--annotator", "ana", "--audit", "6") as (server, address):
        page = opened(address)
        claim = shown(page)
        expect(page.locator("#badges .audit")).to_contain_text("Audit · blind")
        expect(page.locator("#confirm")).to_be_hidden()
        assert "%" not in page.inner_text("#labels") and "model" not in page.inner_text("#labels")
        expect(page.locator(f"#article [data-claim={claim}]").first).to_have_class(re.compile("hidden-stance"))
        page.keyboard.press("Enter")
        expect(page.locator("#live")).to_contain_text("Shown blind: choose a label.")
        assert server.decisions == []
        press(page, "3", 1)
        assert [d.mode for d in server.decisions] == ["audit"]
        expect(page.locator("#counts")).to_contain_text("audit 1 of 6")
        page.keyboard.press("k")
        expect(page.locator("#labels .favor .words")).to_have_text("model")


def disputed(folder: Path) -> list[str]:
    """Let ana and bo differ on three claims."""
    claims = [c.id for _, c in wire.read(folder / "claims.jsonl", Claim) if isinstance(c, Claim)][:3]
    said = [
        decide(who, id, "stance", "favor", to, "review", "")
        for id in claims
        for who, to in (("ana", "favor"), ("bo", "against"))
    ]
    wire.write(folder / "decisions.jsonl", said)
    return claims


def test_whoever_rules_sees_who_says_what(corpus: Path, opened: Open) -> None:
    claims = disputed(corpus)
    with serving(corpus, "--annotator", "cy", "--adjudicate") as (server, address):
        page = opened(address)
        expect(page.locator("#place")).to_contain_text("Claim 1 of 3")
        expect(page.locator("#labels .favor .words")).to_have_text(re.compile("model.*ana"))
        expect(page.locator("#labels .against .words")).to_have_text("bo")
        ruled = {press(page, "3", n + 1) for n in range(2)} | {shown(page)}
        page.keyboard.press("3")
        expect(page.locator("#empty")).to_contain_text("Nothing left here")
        assert ruled == set(claims)
        assert {(d.mode, d.to) for d in server.decisions if d.annotator == "cy"} == {("adjudicate", "against")}


def test_each_target_is_asked_of_the_same_words(tmp_path: Path, opened: Open) -> None:
    folder = tmp_path / "corpus"
    (tmp_path / "summit.toml").write_text(SUMMIT, encoding="utf-8")
    with writing(folder, Codebook.read(tmp_path / "summit.toml")) as writer:
        writer.add(the_summit())
    with serving(folder) as (server, address):
        page = opened(address)
        names = {"the pact", "more trade"}
        while not page.locator("#siblings button").count():
            page.keyboard.press("j")
        (other,) = names - {page.inner_text("#target")}
        page.get_by_role("button", name=f"{other}, favor").click()
        expect(page.locator("#target")).to_have_text(other)
        claim = press(page, "3", 1)
        assert [(d.claim, d.to) for d in server.decisions] == [(claim, "against")]


# ---- Text that does nothing ----

SCRIPT = "<script>window.hit=1</script>"
IMAGE = "<img src=x onerror=window.hit=2>"
TURNED = "the \u202eyrref\u202c line & <b onclick=window.hit=3>bold</b> {SCRIPT} {IMAGE} is good."


def test_scripts_handlers_and_direction_overrides_do_nothing(tmp_path: Path, opened: Open) -> None:
    folder, text = tmp_path / "corpus", TURNED.format(SCRIPT=SCRIPT, IMAGE=IMAGE)
    (tmp_path / "codebook.toml").write_text(TOML, encoding="utf-8")
    article = make_article(f"{SCRIPT}{IMAGE}\n\nUma said that {text} It closes.\n", "note")
    article = replace(article, title=f"\u202e{IMAGE}", outlet=SCRIPT, url="javascript:window.hit=4")
    speaker = replace(RO, id="uma-1", name=f"Uma \u202e{IMAGE}", aliases=(f"Uma \u202e{IMAGE}",))
    claim = claim_on(article, text, target="the-ferry-line", speaker="uma-1")
    with writing(folder, Codebook.read(tmp_path / "codebook.toml")) as writer:
        writer.add(labelled(article, [claim], [speaker]))
    with serving(folder) as (_, address):
        page = opened(address)
        for key in ("s", "Escape", "m", *IMAGE, "Enter"):
            page.keyboard.press(key)
        expect(page.locator("#saved")).to_contain_text("All saved")
        for words in (SCRIPT, IMAGE, "onclick=window.hit=3", "LRO" if "\u202d" in text else "RLO"):
            expect(page.locator("#article-body .claim").first).to_contain_text(words)
            expect(page.locator("#sentence")).to_contain_text(words)
        page.locator("#article-body .claim").first.click()
        assert page.evaluate("window.hit") is None
        assert page.locator("main img, main script, main b[onclick], main a").count() == 0
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", page.evaluate("document.documentElement.textContent"))
        assert "\u202e" not in page.title()
        ferry = page.evaluate(
            """() => {
                const node = [...document.querySelectorAll("#sentence .said")].flatMap((one) => [...one.childNodes])
                  .find((one) => one.data?.includes("yrref"));
                const range = document.createRange();
                const left = (at) => {
                  range.setStart(node, at);
                  range.setEnd(node, at + 1);
                  return range.getBoundingClientRect().left;
                };
                return [left(0), left(1)];
            }"""
        )
        assert ferry[0] < ferry[1]  # it reads as it is written


def test_the_address_keeps_no_token_and_nothing_is_shown_without_one(corpus: Path, opened: Open) -> None:
    with serving(corpus) as (_, address):
        page = opened(address)
        assert page.url == address.partition("#")[0]
        assert address.partition("#")[2] not in page.content()
        for wrong in ("", "#not-the-token"):
            stranger = opened(address.partition("#")[0] + wrong, wait="#empty:not([hidden])")
            expect(stranger.locator("#empty")).to_contain_text("annotate review")
            assert "ferry" not in stranger.inner_text("body")


def test_a_corpus_without_text_can_be_reviewed(corpus: Path, tmp_path: Path, opened: Open) -> None:
    strip(corpus, tmp_path / "standoff")
    with serving(tmp_path / "standoff") as (server, address):
        page = opened(address)
        expect(page.locator("#article-body")).to_contain_text("This corpus holds no text")
        expect(page.locator("#sentence")).to_contain_text(re.compile(r"Characters \d+–\d+"))
        press(page, "1", 1)
        assert len(server.decisions) == 1


# ---- Access, and size ----

WINDOWS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {
        "viewport": {"width": 360, "height": 740},
        "is_mobile": True,
        "has_touch": True,
        "reduced_motion": "reduce",
    },
    "dark phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark", "forced_colors": "none"},
    "forced colours": {"forced_colors": "active"},
}


def grave(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("window", WINDOWS)
def test_axe_finds_nothing_grave(window: str, corpus: Path, opened: Open) -> None:
    disputed(corpus)
    with serving(corpus, "--annotator", "cy", "--audit", "6") as (_, address):
        page = opened(address, **WINDOWS[window])
        assert grave(page) == []
        for n in range(4):  # the fourth is of the audit sample
            press(page, "123"[n % 3], n + 1)
            assert grave(page) == []
        for key in ("s", "/", "?"):
            page.keyboard.press(key)
            assert grave(page) == []
            page.keyboard.press("Escape")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_screen_reader_finds_its_way(corpus: Path, opened: Open) -> None:
    with serving(corpus) as (_, address):
        page = opened(address)
        for role in ("banner", "main", "contentinfo"):
            expect(page.get_by_role(role)).to_have_count(1)
        expect(page.get_by_role("progressbar", name="Claims that you have decided")).to_be_visible()
        page.keyboard.press("j")
        expect(page.get_by_role("status")).to_have_text(
            re.compile(r"Claim 2 of 40\. Bo Hall: the 🐘 ferry 1 is bad\. Label: favor\.")
        )
        page.get_by_role("button", name="against").first.focus()
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Enter")  # on a button, Enter is the button's
        expect(page.locator("#counts b")).to_have_text("1")
        expect(page.locator("#claim")).to_be_focused()  # so that the next Enter is not this button again


def test_conflicts_are_accessible(corpus: Path, opened: Open) -> None:
    with serving(corpus) as (_, address):
        page, _ = a_conflict(address, opened)
        assert grave(page) == []
        expect(page.get_by_role("dialog", name="This claim has changed meanwhile")).to_be_visible()


def test_a_large_corpus_is_never_all_in_the_page(tmp_path: Path, opened: Open) -> None:
    with serving(build(tmp_path / "corpus", 3000, 1)) as (_, address):
        page = opened(address)
        assert page.evaluate("document.querySelectorAll('*').length") < 3000
        for n in range(3):
            press(page, "2", n + 1)
        page.keyboard.press("o")
        expect(page.locator("#place")).to_contain_text("of 2,997")


def test_the_first_claim_of_fifty_thousand_is_there_within_a_second(tmp_path: Path, opened: Open) -> None:
    with serving(build(tmp_path / "corpus", 50_000, 1000)) as (_, address):
        opened(address)
        page = opened(address)
        painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        began = time.perf_counter()
        page.reload()
        page.wait_for_selector("#article [aria-current]")
        whole = time.perf_counter() - began
        print(f"first paint after {painted:.0f} ms, the first claim in its article after {1000 * whole:.0f} ms")
        assert painted < 1000
        assert whole < 2
