"""A tag that a person gives stands in the facets of the very next page, of whoever looks."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

SEARCH = "/search?kind=passage"
CODE = "PACK-01"


def counted(page: Page) -> int:
    """How many hits the facets count under the outcome; none where it is not among them."""
    page.goto(SEARCH)
    entry = page.locator(f'.facet a[href*="outcome={CODE}"]')
    return int(re.findall(r"\d+", entry.first.inner_text())[-1]) if entry.count() else 0


def test_a_new_tag_is_in_the_facets_of_the_next_page_for_everybody(browse, library):
    mine, other = browse(), browse()
    before = counted(other)
    mine.goto(f"/evidence/{library.evidence['published 0']}")
    mine.get_by_label("Add an outcome by its code or name").fill(CODE)
    mine.get_by_role("button", name="Add", exact=True).click()
    expect(mine.get_by_text(f"You accepted {CODE}.")).to_be_visible()
    assert counted(other) == before + 1
    mine.get_by_role("button", name=f"Reject {CODE}").click()
    expect(mine.get_by_text(f"You rejected {CODE}.")).to_be_visible()
    assert counted(other) == before
