"""From home to an outcome, and a search by keyboard alone: opened in place, cited."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_from_home_to_the_outcome_that_fell_and_back_with_a_decision(browse):
    page = browse()
    page.goto("/")
    first = page.locator(".look").first
    expect(first).to_contain_text("really fell 18 points since 2025-Q2")
    first.get_by_role("link", name=re.compile("PLAN-01")).click()
    expect(page).to_have_url(re.compile("/outcomes/PLAN-01$"))
    page.go_back()
    first.locator("summary", has_text="Decide").click()
    first.get_by_label("We decided").fill("to show the calendar first")
    first.get_by_role("button", name="Keep").click()
    expect(page.get_by_role("status")).to_contain_text("Kept as decided")
    expect(page.locator(".settled")).to_contain_text("to show the calendar first")
    expect(page.locator(".look")).to_have_count(0)


def test_products_are_chosen_on_the_page(browse):
    page = browse()
    page.goto("/")
    page.get_by_text("My products: all").click()
    page.get_by_label("FamilyTrip web").check()
    page.locator(".my-products").get_by_role("button", name="Keep").click()
    expect(page.get_by_text("My products: 1")).to_be_visible()
    page.get_by_text("My products: 1").click()
    page.get_by_label("FamilyTrip web").uncheck()
    page.locator(".my-products").get_by_role("button", name="Keep").click()
    expect(page.get_by_text("My products: all")).to_be_visible()


def test_a_search_by_keyboard_alone_opens_in_place_and_cites(browse):
    page = browse(permissions=["clipboard-read", "clipboard-write"])
    page.goto("/outcomes")
    page.keyboard.press("/")
    page.wait_for_url("**/search#q")
    page.keyboard.type("could not find the calendar")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=could**")
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    hit = page.locator(".hit").first
    expect(hit.locator(".hit-open")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(hit.locator(".around")).to_be_visible()
    expect(hit.locator("[data-around]")).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowLeft")
    expect(hit.locator(".around")).to_be_hidden()
    page.keyboard.press("c")
    expect(page.get_by_role("status").last).to_contain_text("Citation copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("“")
    assert re.search(r"/evidence/\d+$", copied)
    page.keyboard.press("Shift+C")
    expect(page.get_by_role("status").last).to_contain_text("as Markdown")
    assert page.evaluate("navigator.clipboard.readText()").startswith("> ")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("copies the citation")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/studies/\d+/documents/\d+.*evidence="))


def test_without_scripts_the_same_links_lead_to_pages(browse, library):
    page = browse(java_script_enabled=False)
    page.goto("/search?q=calendar")
    page.locator("[data-around]").first.click()
    expect(page.get_by_role("heading", name="Where it stands")).to_be_visible()
    page.goto("/search?q=calendar")
    page.locator("[data-cite]").first.click()
    expect(page.get_by_role("heading", name="Markdown")).to_be_visible()
    expect(page.locator("[data-copy]").first).to_be_hidden()


def test_the_keys_of_hits_are_there_before_the_page_says_it_is_ready(browse, library):
    page = browse()
    page.goto("/search?q=calendar")
    came, ready = page.evaluate(
        """() => [performance.getEntriesByType("resource").find((one) => one.name.includes("hits.js")).responseEnd,
                  performance.getEntriesByType("navigation")[0].domContentLoadedEventStart]"""
    )
    assert came <= ready
