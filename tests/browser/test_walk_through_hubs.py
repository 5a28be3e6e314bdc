"""From an outcome to the words in their place, to the study, to the product; with and without scripts, on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from walking import PHONE, WIDE

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_an_outcome_leads_to_the_words_in_their_place_to_the_study_and_to_the_product(browse, scripts):
    page = browse(java_script_enabled=scripts)
    page.goto("/outcomes?sort=score&group=none")
    page.get_by_role("link", name=re.compile("^PLAN-01")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("PLAN-01")
    expect(page.get_by_role("img", name=re.compile("satisfaction by wave"))).to_be_visible()

    page.locator(".side-worse .said-links a").first.click()
    expect(page).to_have_url(re.compile(r"/documents/\d+\?evidence=\d+#evidence-"))
    expect(page.locator("mark.passage.chosen")).to_be_in_viewport()

    page.goto("/outcomes/PLAN-01")
    page.get_by_role("link", name="Diaries of twelve families").first.click()
    page.get_by_role("link", name=re.compile("^1 in Diaries")).first.click()
    expect(page.locator("mark.passage.chosen").first).to_be_visible()
    page.locator(".crumbs").get_by_role("link", name="Diaries of twelve families").click()

    page.get_by_role("link", name="FamilyTrip app").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("FamilyTrip app")
    page.get_by_role("link", name=re.compile("^T-1")).click()
    expect(page.get_by_text("Nobody has tried it yet.")).to_be_visible()


def test_a_row_of_a_table_is_a_card_on_a_phone_and_its_cells_say_what_they_are(browse):
    page = browse(PHONE)
    page.goto("/products/APP")
    cell = page.locator("td[data-label='Opportunity'], td[data-label='Satisfaction']").first
    assert cell.evaluate("e => getComputedStyle(e).display") == "block"
    assert "Satisfaction" in cell.evaluate("e => getComputedStyle(e, '::before').content")
    page.set_viewport_size(WIDE)
    assert cell.evaluate("e => getComputedStyle(e).display") == "table-cell"
