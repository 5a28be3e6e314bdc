"""A page of results where it is not looked at on a wide screen: on a phone, on paper, by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from walking import PHONE, WIDE

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [PHONE, WIDE], ids=["phone", "wide"])
def test_a_filter_is_one_line_of_box_label_and_count_at_any_width(browse, width):
    page = browse(width=width)
    page.goto("/search?q=calendar&kind=verbatim")
    if width is PHONE:
        page.locator(".facets > summary").click()
    for value in page.locator(".facet-value:has(.count):visible").all():
        box, label, count = (value.locator(part).bounding_box() for part in (".box", ".label", ".count"))
        assert box["width"] > 10
        assert box["height"] > 10
        assert box["x"] + box["width"] < label["x"]
        assert label["x"] + label["width"] < count["x"]
        assert label["y"] - 4 < count["y"] < label["y"] + label["height"]


def test_a_printed_search_says_what_was_asked_and_has_no_buttons(browse):
    page = browse()
    page.goto("/search?q=calendar&kind=verbatim&segment=TEENS&mode=keyword")
    expect(page.locator(".asked-on-paper")).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator(".asked-on-paper")).to_have_text(
        "Searched for “calendar”, by words · Segment: Parents of teenagers · Kind: verbatim"
    )
    on_paper = page.locator("body").inner_text()
    for dead in ("explain", "In place", "Cite", "Permalink", "Similar", "Helpful", "Why this", "Take all away", "×"):
        assert dead not in on_paper
    assert "evidence " in on_paper  # by its number it is found again


def test_the_keyboard_skips_to_the_hits_and_to_the_filters(browse):
    page = browse(width=PHONE)
    page.goto("/search?q=calendar")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the hits")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the filters")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(".facet-value").first).to_be_focused()
    page.goto("/search?q=calendar")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("Boolean(document.activeElement.closest('#hits'))")
