"""Who is quicker than the server: of two keys or clicks the last one stands, whatever arrives when."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = pytest.mark.browser


def hold_first(page: Page, address: str | re.Pattern[str]) -> list[Route]:
    """The first request to the address waits, in the list that is given back; those after it pass."""
    held: list[Route] = []

    def pass_on(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route(address, pass_on)
    return held


def let_go(page: Page, held: list[Route], address: str | re.Pattern[str]) -> None:
    with page.expect_response(address):
        held[0].continue_()


def after_request(page: Page, address: str | re.Pattern[str], act: Callable[[], None]) -> None:
    with page.expect_request(address):
        act()


AROUND = re.compile(r"/around\?part=1$")
JUDGE = re.compile(r"/judgement")
COMPLETIONS = re.compile(r"/search/complete\?")


def test_surroundings_that_arrive_after_the_hit_was_closed_stay_closed(browse):
    page = browse()
    page.goto("/search?q=calendar")
    hit = page.locator(".hit").first
    link, around = hit.locator("[data-around]"), hit.locator(".around")
    hit.locator(".hit-open").focus()
    held = hold_first(page, AROUND)
    after_request(page, AROUND, lambda: page.keyboard.press("ArrowRight"))
    page.keyboard.press("ArrowLeft")
    let_go(page, held, AROUND)
    expect(around).to_have_count(1)
    expect(around).to_be_hidden()
    expect(link).to_have_attribute("aria-expanded", "false")
    expect(hit).not_to_have_class(re.compile("told-around"))
    page.keyboard.press("ArrowRight")
    expect(around).to_be_visible()
    expect(link).to_have_attribute("aria-expanded", "true")


def test_a_hit_that_was_closed_and_opened_while_it_was_fetched_is_open_once(browse):
    page = browse()
    page.goto("/search?q=calendar")
    hit = page.locator(".hit").first
    link, around = hit.locator("[data-around]"), hit.locator(".around")
    held = hold_first(page, AROUND)
    after_request(page, AROUND, link.click)
    link.click()
    link.click()
    let_go(page, held, AROUND)
    expect(around).to_be_visible()
    expect(link).to_have_attribute("aria-expanded", "true")
    expect(around).to_have_count(1)


def test_surroundings_that_cannot_be_had_lead_nowhere_once_the_hit_is_closed(browse):
    page = browse()
    page.goto("/search?q=calendar")
    link = page.locator("[data-around]").first
    held = hold_first(page, AROUND)
    after_request(page, AROUND, link.click)
    link.click()
    left: list[str] = []
    page.on("request", lambda asked: left.append(asked.url) if asked.is_navigation_request() else None)
    with page.expect_response(AROUND):
        held[0].fulfill(status=300)  # no words to show; unlike an error it is no trouble in the console
    page.locator("[data-around]").nth(1).click()
    expect(page.locator(".around")).to_be_visible()
    assert left == []


def test_of_two_words_on_a_hit_the_last_one_stands(browse):
    page = browse()
    page.goto("/search?q=shared+calendar")
    form = page.locator(".judge").nth(2)
    helpful, not_helpful = form.get_by_role("button", name="Helpful", exact=True), form.locator("button").nth(1)
    held = hold_first(page, JUDGE)
    after_request(page, JUDGE, helpful.click)
    not_helpful.click()
    let_go(page, held, JUDGE)
    expect(not_helpful).to_have_attribute("aria-pressed", "true")
    expect(helpful).to_have_attribute("aria-pressed", "false")
    page.reload()
    expect(not_helpful).to_have_attribute("aria-pressed", "true")
    not_helpful.click()
    expect(not_helpful).to_have_attribute("aria-pressed", "false")


def test_enter_takes_the_completion_that_an_arrow_just_before_asked_for(browse):
    page = browse()
    page.goto("/search?q=calendar")
    box = page.get_by_role("combobox", name="Search the evidence")
    box.fill("calendar ki")
    expect(page.get_by_role("option")).to_have_count(1)
    held = hold_first(page, COMPLETIONS)
    page.keyboard.type("n")
    after_request(page, COMPLETIONS, lambda: page.keyboard.press("ArrowDown"))
    page.keyboard.press("Enter")
    let_go(page, held, COMPLETIONS)
    expect(box).to_have_value("calendar kind:")
    expect(page).to_have_url(re.compile("q=calendar$"))
