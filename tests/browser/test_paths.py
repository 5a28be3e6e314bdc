"""The ways through the pages, walked in Chromium."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from walking import PHONE, sign_in

pytestmark = pytest.mark.browser


def test_a_reader_signs_in_searches_narrows_and_opens_a_hit_in_its_place(browse):
    page = browse(stranger=True)
    sign_in(page)
    page.get_by_label("Search the evidence").fill("could not find the shared calendar")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("hits")
    expect(page.locator(".hit mark").first).to_be_visible()

    page.get_by_role("link", name=re.compile(r"^passage \d")).click()
    page.wait_for_url("**kind=passage**")  # whole: all its hits are looked at
    expect(page.get_by_label("Filters in force")).to_contain_text("passage")
    kinds = page.locator(".hit .kind").all_inner_texts()
    assert {kind.lower() for kind in kinds} == {"passage"}

    page.locator(".hit-open", has_text="Diaries of twelve families").first.click()
    chosen = page.locator("mark.chosen").first
    expect(chosen).to_be_in_viewport()
    expect(chosen).to_contain_text("Parents could not find the shared calendar")
    expect(page.locator(".beside.chosen")).to_contain_text("PLAN-01")


def test_a_facet_goes_away_by_the_same_link_and_by_its_chip(browse):
    page = browse()
    page.goto("/search?q=calendar")
    link = page.get_by_role("link", name=re.compile("verbatim"))
    link.first.click()
    expect(page).to_have_url(re.compile("kind=verbatim"))
    page.get_by_role("link", name=re.compile("Take away: verbatim")).click()
    expect(page).not_to_have_url(re.compile("kind="))
    page.get_by_role("link", name=re.compile("verbatim")).first.click()
    page.get_by_label("Filters in force").get_by_role("link").first.click()
    expect(page).not_to_have_url(re.compile("kind="))


def test_an_outcome_opens_from_the_results_with_its_scores_and_evidence(browse):
    page = browse()
    page.goto("/search?q=calendar")
    spoken_to = page.get_by_role("complementary", name="Outcomes these results speak to")
    spoken_to.get_by_role("link", name=re.compile("PLAN-01 Minimize")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("agree on dates")
    expect(page.locator(".headline")).to_contain_text("18 points worse than 2025-Q2")
    expect(page.get_by_role("img", name=re.compile("satisfaction by wave: 2025-Q1 71%"))).to_be_visible()
    expect(page.get_by_role("region", name="Table by segment")).to_contain_text("Parents of toddlers")
    expect(page.get_by_role("region", name="What people say")).to_contain_text("The calendar is impossible to find")


def test_everything_can_be_reached_by_keyboard_alone(browse):
    page = browse()
    page.goto("/studies")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()

    page.goto("/search")
    page.locator("main").focus()
    page.keyboard.press("/")
    expect(page.get_by_label("Search the evidence")).to_be_focused()
    page.keyboard.type("calendar / plan")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=calendar**")  # and its scripts, which hear the next keys
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".hit-open").nth(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".hit-open").nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_label("Search the evidence")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("mark.chosen").first).to_be_in_viewport()


def test_a_row_of_a_data_file_is_found_on_its_page(browse, library):
    page = browse()
    study, document, evidence = library.studies["feed"], library.documents["feed"], library.evidence["feed 55"]
    page.goto(f"/studies/{study}/documents/{document}?evidence={evidence}#evidence-{evidence}")
    expect(page.locator("mark.chosen")).to_be_in_viewport()
    expect(page.locator("caption")).to_have_text("60 rows, page 2 of 2")
    page.get_by_role("link", name="Previous").click()
    expect(page.locator("caption")).to_have_text("60 rows, page 1 of 2")


def test_a_researcher_says_what_a_tag_is_and_it_stays(browse, library):
    page = browse()
    page.goto(f"/evidence/{library.evidence['feed 4']}")
    page.get_by_label("Add an outcome by its code or name").fill("PACK-01")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("status")).to_contain_text("You accepted PACK-01")
    page.get_by_role("button", name="Reject PACK-01").click()
    expect(page.locator(".tag-rejected")).to_contain_text("rejected by a person")
    page.reload()
    expect(page.locator(".tag-rejected")).to_contain_text("PACK-01")


def test_a_search_without_results_says_what_to_relax(browse):
    page = browse()
    page.goto("/search?q=%22no+such+words+anywhere%22&kind=verbatim&year=1999")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing found")
    page.get_by_role("link", name="Search without any filter").click()
    expect(page).not_to_have_url(re.compile("kind="))


def test_on_a_phone_the_filters_are_folded_and_on_a_wide_page_they_are_open(browse):
    narrow, wide = browse(PHONE), browse()
    for page in (narrow, wide):
        page.goto("/search?q=calendar")
    facet = "#facet-kind"
    expect(narrow.locator(facet)).to_be_hidden()
    narrow.get_by_text("Filters", exact=True).first.click()
    expect(narrow.locator(facet)).to_be_visible()
    expect(wide.locator(facet)).to_be_visible()


def test_without_scripts_the_same_pages_work(browse):
    page = browse(scheme="dark", java_script_enabled=False)
    page.goto("/search?q=calendar")
    page.locator(".facet-value", has_text="passage").click()
    expect(page).to_have_url(re.compile("kind=passage"))
    page.locator(".hit-open").first.click()
    expect(page.locator("mark.chosen").first).to_be_in_viewport()


@pytest.mark.parametrize("scripts", [True, False])
def test_the_page_follows_the_scheme_of_the_system(browse, scripts):
    if not scripts:  # without scripts nothing can be asked of the page but its picture
        light, dark = (browse(scheme=scheme, java_script_enabled=False) for scheme in ("light", "dark"))
        for page in (light, dark):
            page.goto("/outcomes")
        assert light.screenshot() != dark.screenshot()
        return
    shades = {}
    for scheme in ("light", "dark"):
        page = browse(scheme=scheme)
        page.goto("/outcomes")
        shades[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert page.evaluate("document.documentElement.dataset.bsTheme") == scheme
    assert shades == {"light": "rgb(251, 250, 247)", "dark": "rgb(20, 25, 27)"}


def test_on_paper_only_what_is_to_be_read_remains(browse):
    page = browse(scheme="dark")
    page.goto("/search?q=calendar")
    page.emulate_media(media="print")
    expect(page.locator(".facets")).to_be_hidden()
    expect(page.locator(".top")).to_be_hidden()
    expect(page.locator(".quote").first).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(251, 250, 247)"
