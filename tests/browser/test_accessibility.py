"""Every page, walked once: axe finds nothing in light, in dark and on a phone, and nothing goes off to the side."""

from __future__ import annotations

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from made_pages import pages_of_one
from playwright.sync_api import Page, expect
from walking import NOT_WALKED, PHONE, WIDE, endpoints_of, pages_of, pages_without_arguments, sign_in

pytestmark = pytest.mark.browser
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
OPEN = "document.querySelectorAll('details.facets, details.why').forEach(some => { some.open = true; })"
VIOLATIONS = """async ([rules, within]) => {
    const options = {resultTypes: ["violations"], ...(rules.length ? {runOnly: rules} : {})};
    const found = await axe.run(within ? {include: [[within]]} : document, options);
    return found.violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 160)}`));
}"""
COLOURS = ["color-contrast"]  # all that a colour scheme changes; the frame, the same on all pages, is looked at once
NARROW = ["target-size", "scrollable-region-focusable"]  # and what a screen's width may
DRAWN = "!document.querySelector('figure.chart') || document.documentElement.dataset.charts === 'drawn'"
AXE = Axe().axe_script


def violations(page: Page) -> list[str]:
    """What axe finds in a page as it is."""
    page.evaluate(AXE)
    return page.evaluate(VIOLATIONS, [[], ""])


def troubles(page: Page, url: str) -> dict[str, Any]:
    """What is wrong with a page, by the screen it is seen on."""
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")  # no colour on its way to another
    answer = page.goto(url)
    page.wait_for_function(DRAWN)
    page.evaluate(AXE)
    page.evaluate(OPEN)
    found: dict[str, Any] = {"status": answer.status if answer and answer.status != 200 else 0}
    found["light"] = page.evaluate(VIOLATIONS, [[], ""])
    page.emulate_media(color_scheme="dark")
    found["dark"] = page.evaluate(VIOLATIONS, [COLOURS, "main"])
    page.set_viewport_size(PHONE)
    found["phone"] = page.evaluate(VIOLATIONS, [NARROW, "main"])
    found["off to the side on a phone"] = page.evaluate(SIDEWAYS)
    return {screen: what for screen, what in found.items() if what}


@pytest.fixture(scope="module")
def of_one(filled):
    """The pages of things that the library does not have, by endpoint."""
    return pages_of_one(*filled)


@pytest.fixture(scope="module")
def addresses(library, app_served, of_one):
    """All pages that are walked."""
    single = [address for endpoint, address in of_one.items() if endpoint not in NOT_WALKED]
    return list(dict.fromkeys([*pages_without_arguments(app_served), *pages_of(library).values(), *single]))


def test_every_page_is_walked_or_it_is_said_why_not(app_served, addresses):
    pages = {rule.endpoint for rule in app_served.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert pages - endpoints_of(app_served, addresses) == set(NOT_WALKED)


def test_axe_finds_nothing_on_any_page_and_no_page_is_wider_than_a_phone(browse, addresses):
    """As an administrator, who sees every page there is; the console and other hosts are watched by `browse`."""
    page = browse(stranger=True)
    sign_in(page, "administrator@example.org")
    found = {url: wrong for url in addresses if (wrong := troubles(page, url))}
    assert found == {}, "\n".join(f"{url} {wrong}" for url, wrong in found.items())


def test_axe_finds_nothing_before_signing_in_nor_in_the_open_menus(browse, of_one):
    page = browse(stranger=True)
    for url in ("/sign-in", of_one["auth.welcome"]):
        assert troubles(page, url) == {}
    sign_in(page)
    page.goto("/help")
    page.evaluate(AXE)
    page.locator(".user > summary").click()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size(WIDE)
        assert page.evaluate(VIOLATIONS, [[], ""]) == []
        page.set_viewport_size(PHONE)
        page.locator(".menu > summary").click()
        expect(page.locator(".menu").get_by_role("link", name="Studies")).to_be_visible()
        assert page.evaluate(VIOLATIONS, [[*COLOURS, *NARROW], ""]) == []


def test_menus_open_and_close_by_keyboard_and_keys_lead_to_search_and_help(browse):
    page = browse(width=PHONE)
    page.goto("/waves")
    menu = page.locator(".menu")
    menu.locator("summary").press("Enter")
    expect(menu.get_by_role("link", name="Studies")).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu.get_by_role("link", name="Studies")).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()
    page.keyboard.press("?")
    page.wait_for_url("**/help#keys")  # and its scripts, which hear the next key
    page.keyboard.press("/")
    expect(page).to_have_url(re.compile("/search"))
    expect(page.get_by_label("Search the evidence")).to_be_focused()


def test_on_a_wide_page_every_place_is_one_click_away_without_scripts(browse):
    page = browse(java_script_enabled=False)
    page.goto("/waves")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Studies").click()
    expect(page.get_by_role("navigation", name="Main").locator("[aria-current]")).to_have_text("Studies")
