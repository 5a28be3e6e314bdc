"""Saying that a hit helped, with the mouse, by keyboard alone, and without JavaScript."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from walking import PHONE

pytestmark = pytest.mark.browser

SEARCH = "/search?q=shared+calendar"


def buttons(page, nth: int):
    form = page.locator(".judge").nth(nth)
    return form.get_by_role("button", name="Helpful", exact=True), form.get_by_role("button", name="Not helpful")


def test_a_word_is_kept_in_place_and_stands_after_a_reload(browse):
    page = browse()
    page.goto(SEARCH)
    helpful, not_helpful = buttons(page, 1)
    page.evaluate("window.here = true")
    helpful.click()
    expect(helpful).to_have_attribute("aria-pressed", "true")
    not_helpful.click()
    expect(not_helpful).to_have_attribute("aria-pressed", "true")
    expect(helpful).to_have_attribute("aria-pressed", "false")
    assert page.evaluate("window.here") is True
    page.reload()
    helpful, not_helpful = buttons(page, 1)
    expect(not_helpful).to_have_attribute("aria-pressed", "true")
    not_helpful.click()
    expect(not_helpful).to_have_attribute("aria-pressed", "false")
    page.reload()
    expect(page.locator(".judge [aria-pressed=true]")).to_have_count(0)


def test_by_keyboard_alone_the_focus_stays_on_the_button(browse):
    page = browse(PHONE)
    page.goto(SEARCH)
    helpful, not_helpful = buttons(page, 0)
    helpful.focus()
    page.keyboard.press("Enter")
    expect(helpful).to_have_attribute("aria-pressed", "true")
    expect(helpful).to_be_focused()
    page.keyboard.press("Tab")
    expect(not_helpful).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    expect(helpful).to_have_attribute("aria-pressed", "false")


def test_without_javascript_the_page_comes_back_at_the_same_hit(browse):
    page = browse(java_script_enabled=False)
    page.goto(f"{SEARCH}&kind=verbatim")
    helpful, _ = buttons(page, 4)
    hit = page.locator(".hit").nth(4).get_attribute("id")
    helpful.click()
    expect(page).to_have_url(re.compile(rf"/search\?q=shared\+calendar&kind=verbatim#{hit}$"))
    expect(page.locator(f"#{hit}")).to_be_in_viewport()
    helpful, _ = buttons(page, 4)
    expect(helpful).to_have_attribute("aria-pressed", "true")
    helpful.click()
    expect(buttons(page, 4)[0]).to_have_attribute("aria-pressed", "false")
