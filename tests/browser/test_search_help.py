"""The search box completes fields and values, by keyboard alone, and stays a plain box without scripts."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from walking import PHONE

pytestmark = pytest.mark.browser


def test_a_filter_is_completed_by_keyboard_alone(browse):
    page = browse()
    page.goto("/search?q=calendar")
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name="Search the evidence")
    expect(box).to_be_focused()
    page.keyboard.type("dates outc")
    expect(page.get_by_role("option")).to_have_count(1)
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_be_visible()
    page.keyboard.press("Tab")
    expect(box).to_have_value("dates outcome:")
    expect(box).to_be_focused()

    page.keyboard.type("famil")
    option = page.get_by_role("option", name=re.compile("PLAN-01"))
    expect(option).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", option.get_attribute("id"))
    page.keyboard.press("Enter")
    expect(box).to_have_value("dates outcome:PLAN-01 ")
    expect(page).to_have_url(re.compile("q=calendar$"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("outcome%3APLAN-01"))
    expect(page.get_by_label("What was understood")).to_contain_text("outcome PLAN-01")


def test_escape_closes_the_list_keeps_the_words_and_gives_the_arrows_back_to_the_hits(browse):
    page = browse()
    page.goto("/search?q=calendar")
    box = page.get_by_role("combobox", name="Search the evidence")
    box.fill("calendar ki")
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(box).to_have_value("calendar ki")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".hit-open").nth(0)).to_be_focused()


def test_enter_searches_where_nothing_was_chosen(browse):
    page = browse()
    page.goto("/search")
    box = page.get_by_role("combobox", name="Search the evidence")
    box.fill("dates outc")
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q=dates"))


def test_a_piece_is_taken_away_and_a_spelling_is_put_right(browse):
    page = browse()
    page.goto("/search?q=calender+-phone+kind%3Averbatim")
    pieces = page.get_by_label("What was understood")
    expect(pieces.get_by_role("link")).to_have_count(3)
    pieces.get_by_role("link", name="without phone").click()
    expect(page.get_by_role("searchbox").or_(page.locator("#q"))).to_have_value("calender kind:verbatim")
    page.locator(".did-you-mean").get_by_role("link").click()
    expect(page.locator("#q")).to_have_value("calendar kind:verbatim")


def test_without_scripts_the_box_is_a_plain_one(browse):
    page = browse(java_script_enabled=False)
    page.goto("/search")
    box = page.get_by_role("searchbox", name="Search the evidence")
    box.fill("dates outcome:PLAN-01")
    box.press("Enter")
    expect(page.get_by_label("What was understood")).to_contain_text("PLAN-01")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [None, PHONE])
def test_axe_finds_nothing_on_the_help_of_a_search(browse, library, scheme, width):
    page = browse(width, scheme=scheme) if width else browse(scheme=scheme)
    sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for address in (
        "/search?q=calender+-phone+OR+since%3Asoon+outcome%3APLAN-01%2CX+kind%3Averbatim",
        f"/search?like={library.evidence['feed 0']}&group=study",
    ):
        page.goto(address)
        page.locator("#q").fill("calendar outcome:")
        expect(page.get_by_role("listbox")).to_be_visible()
        found = Axe().run(page).response["violations"]
        assert [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]] == []
        assert page.evaluate(sideways) == 0
