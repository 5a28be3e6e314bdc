"""The editor of outcomes in a browser: advice comes while one types and goes when the wording is better."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from walking import PHONE

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def no_maintenance(monkeypatch):
    """Saving asks for maintenance; here no process is started."""
    monkeypatch.setattr("insightrepo.web.outcome_editing.ask_for_maintenance", lambda _workspace: False)


def test_warnings_and_neighbours_follow_what_is_typed(browse):
    page = browse()
    page.goto("/outcomes/new")
    page.locator("#job").fill("Agree on dates and book a hotel")
    advice = page.locator("#job-advice")
    expect(advice).to_contain_text("one may go well and the other not")
    page.locator("#job").fill("agree on dates that suit the whole family")
    expect(page.locator("[data-neighbours] a").first).to_contain_text("PLAN-01")
    expect(advice).not_to_contain_text("one may go well")


def test_without_script_the_button_says_the_same(browse):
    page = browse(width=PHONE, scheme="dark", java_script_enabled=False)
    page.goto("/outcomes/new")
    page.locator("#code").fill("KEY-0")
    page.locator("#job").fill("Agree on dates and book a hotel")
    page.get_by_role("button", name="Check the statement").click()
    expect(page.locator("#job-advice")).to_contain_text("one may go well and the other not")
    expect(page.locator("#code")).to_have_value("KEY-0")


def test_an_outcome_is_made_with_the_keyboard_alone(browse):
    page = browse()
    page.goto("/outcomes/new")
    page.locator("#code").focus()
    for words in ("KEY-1", "Pack for rain", "with fewer wet socks"):
        page.keyboard.type(words)
        page.keyboard.press("Tab")
    page.get_by_role("button", name="Make it a candidate").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("KEY-1 Pack for rain, with fewer wet socks")
