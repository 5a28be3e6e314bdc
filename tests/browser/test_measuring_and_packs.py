"""Answers brought into a wave, a pack made of the quarter, an insight changed, outcomes merged: walked in Chromium."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import select
from walking import PHONE

from insightrepo.accounts.access import reader_for
from insightrepo.library.studies.insights import write_insight
from insightrepo.models import Instrument, User, Wave

pytestmark = pytest.mark.browser
ANSWERS = "respondent,PLAN-01.sat,PLAN-01.imp\nr1,5,4\nr2,9,1\nr3,2,5\n"


@pytest.fixture(scope="module", autouse=True)
def open_wave(filled):
    """An empty wave to bring answers into, and an insight."""
    workspace, library = filled
    with workspace.database.writing() as session:
        session.add(Wave(code="2025-Q4", first_day=dt.date(2025, 10, 1), last_day=dt.date(2025, 12, 31),
                         instrument_id=session.scalars(select(Instrument.id)).first()))  # fmt: skip
        reader = reader_for(session, session.get_one(User, library.users["researcher"]))
    library.evidence["insight"] = write_insight(
        workspace, reader, library.studies["published"], "Families find the shared calendar at once",
        outcomes=["PLAN-01"], contradicts=[library.evidence["published 0"]],
    )  # fmt: skip


def sound(page: Page) -> None:
    """axe finds nothing and nothing is wider than the screen."""
    found = Axe().run(page).response["violations"]
    assert [f"{page.url}: {rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]] == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


@pytest.mark.parametrize(("width", "scheme"), [(None, "light"), (None, "dark"), (PHONE, "light")])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(browse, library, width, scheme):
    page = browse(**({"width": width} if width else {}), scheme=scheme)
    insight = library.evidence["insight"]
    for url in ("/waves/2025-Q4/import", "/packs", "/validations", f"/evidence/{insight}", f"/evidence/{insight}/edit",
                "/insights/look-again", "/outcomes/PLAN-02/succession", "/glossary",
                "/changes?wave=2025-Q3"):  # fmt: skip
        page.goto(url)
        sound(page)


def test_an_empty_wave_says_that_it_is_empty_takes_a_file_and_keeps_the_refused_row(browse):
    page = browse()
    page.goto("/waves/2025-Q4")
    expect(page.locator("main")).to_contain_text("Nothing is in it yet")
    page.get_by_role("link", name=re.compile("^Import answers")).click()
    page.locator("input[type=file]").set_input_files(
        {"name": "answers.csv", "mimeType": "text/csv", "buffer": ANSWERS.encode()}
    )
    page.get_by_role("button", name="Look at its columns").click()
    page.get_by_role("button", name="Try it (dry run)").click()
    expect(page.get_by_role("heading", name="What would become of it")).to_be_visible()
    sound(page)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="What became of it")).to_be_visible()
    page.goto("/waves/2025-Q4/quarantine")
    expect(page.locator("main")).to_contain_text("9")
    sound(page)


def test_a_pack_is_made_read_by_phone_in_dark_and_printed(browse):
    page = browse()
    page.goto("/packs?wave=2025-Q3")
    page.get_by_role("button", name="Make the pack").click()
    expect(page.get_by_role("heading", name="What really changed")).to_be_visible()
    expect(page.locator("#commentary-title")).to_be_visible()
    sound(page)
    page.emulate_media(media="print")
    expect(page.locator("#commentary-title")).to_be_hidden()  # nobody wrote one: paper does not say so
    small = browse(width=PHONE, scheme="dark")
    small.goto(page.url)
    sound(small)


def test_the_wave_on_what_changed_is_wholly_seen_on_a_phone(browse):
    page = browse(width=PHONE)
    page.goto("/changes")
    box = page.locator("select[name=to]")
    assert box.evaluate("node => node.scrollWidth - node.clientWidth") <= 0
    assert box.bounding_box()["width"] > 250
