"""Where to act, walked in Chromium: charts beside their lists, filters in the address, by phone, in dark, on paper."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlalchemy import select
from walking import PHONE

from insightrepo.models import Outcome, Score, Wave

pytestmark = pytest.mark.browser
TABS = ("landscape", "portfolio", "journey", "coverage", "disagreements", "targets")
DRAWN = "html[data-charts=drawn]"


@pytest.fixture(scope="module", autouse=True)
def importance(filled):
    """Importance beside every satisfaction, so that outcomes have a place on the landscape."""
    with filled[0].database.writing() as session:
        for score in session.scalars(select(Score).where(Score.measure == "satisfaction", Score.value.is_not(None))):
            cell = {name: getattr(score, name) for name in ("wave_id", "outcome_id", "segment_id", "product_id", "n")}
            session.add(Score(**cell, measure="importance", value=84.0, low=80.0, high=88.0))


@pytest.fixture(scope="module")
def many(filled, importance):
    """A dozen outcomes more that have a place on the landscape, of little opportunity."""
    with filled[0].database.writing() as session:
        wave = session.scalars(select(Wave).order_by(Wave.first_day.desc())).first()
        for number in range(12):
            outcome = Outcome(
                code=f"MORE-{number}", name=f"Do more of {number}", job=f"do more of {number}", aliases=[]
            )
            session.add(outcome)
            session.flush()
            for measure, value in (("satisfaction", 80.0), ("importance", 30.0), ("opportunity", 3.0)):
                session.add(Score(wave_id=wave.id, outcome_id=outcome.id, measure=measure, value=value, low=value - 1,
                                  high=value + 1, n=100))  # fmt: skip


@pytest.mark.parametrize(("width", "scheme"), [(None, "light"), (None, "dark"), (PHONE, "light")])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(browse, width, scheme):
    page = browse(**({"width": width} if width else {}), scheme=scheme)
    for name in TABS:
        page.goto(f"/act/{name}")
        if name in ("landscape", "portfolio", "coverage"):
            expect(page.locator(DRAWN)).to_be_attached()
        found = Axe().run(page).response["violations"]
        assert [f"{name}: {rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]] == []
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_phone_shows_the_largest_opportunities_and_the_rest_at_a_click(browse, many, scripts):
    page = browse(width=PHONE, java_script_enabled=scripts)
    page.goto("/act/landscape")
    rows = page.locator(".landscape tbody tr")
    total = rows.count()
    assert total > 10
    expect(rows.locator("visible=true")).to_have_count(10)
    page.get_by_role("link", name=f"The other {total - 10} outcomes").click()
    expect(rows.locator("visible=true")).to_have_count(total)
    expect(rows.nth(10)).to_be_in_viewport()
    expect(page.get_by_role("link", name=re.compile("^The other"))).to_be_hidden()
    wide = browse()
    wide.goto("/act/landscape")
    expect(wide.locator(".landscape tbody tr").locator("visible=true")).to_have_count(total)
    expect(wide.get_by_role("link", name=re.compile("^The other"))).to_be_hidden()


def test_the_usability_kit_is_chosen_with_boxes_whose_words_can_be_read_on_a_phone(browse):
    page = browse(width=PHONE)
    page.goto("/usability-kit")
    box = page.get_by_role("checkbox", name=re.compile("^PLAN-01"))
    label = page.locator(".box-list label").first
    assert label.evaluate("node => node.scrollWidth - node.clientWidth") == 0
    box.check()
    page.get_by_role("button", name="Make the script").click()
    expect(page.get_by_role("heading", name=re.compile("^Usability test"))).to_be_visible()
    expect(page.get_by_role("checkbox", name=re.compile("^PLAN-01"))).to_be_checked()


def test_the_filters_stand_in_the_address_and_stay_from_tab_to_tab(browse):
    page = browse()
    page.goto("/")
    page.get_by_role("link", name="Where to act").click()
    page.get_by_label("Segment").select_option("Parents of toddlers")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(r"segment=[^&]+"))
    page.get_by_role("navigation", name="Where to act").get_by_role("link", name="Journey").click()
    expect(page).to_have_url(re.compile(r"/act/journey\?.*segment=[^&]+"))
    expect(page.get_by_label("Segment")).to_have_value(re.compile("."))


def test_the_landscape_draws_what_its_list_says(browse):
    page = browse()
    page.goto("/act/landscape")
    expect(page.locator("#landscape .scatterlayer .point")).to_have_count(page.locator("tbody tr").count())
    expect(page.get_by_role("row", name=re.compile("PLAN-01"))).to_contain_text("12.4 of 20")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="SVG").click()
    assert waiting.value.suggested_filename == "landscape.svg"


def test_the_portfolio_sorts_without_scripts(browse):
    page = browse(java_script_enabled=False)
    page.goto("/act/portfolio?show=satisfaction")
    page.locator(".heat thead a").nth(1).click()
    expect(page).to_have_url(re.compile(r"sort="))
    expect(page.locator(".heat tbody tr").first).to_contain_text("PLAN-01")


def test_a_researcher_sets_a_target_and_says_what_came_of_it(browse):
    page = browse()
    page.goto("/act/targets")
    for label, value in (("What is counted", "improvements"), ("How many", "12"), ("First day", "2025-01-01"),
                         ("Last day", "2025-03-31")):  # fmt: skip
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Set the target").click()
    expect(page.get_by_role("status")).to_contain_text("The target is set.")
    page.get_by_label("Reached of improvements").fill("19")
    page.get_by_role("button", name="Save").click()
    row = page.get_by_role("row", name=re.compile("improvements"))
    expect(row).to_contain_text("19 of 12 targeted (158%), 58% over")


def test_on_paper_the_controls_are_gone_and_the_list_stays(browse):
    page = browse()
    page.goto("/act/landscape")
    expect(page.locator(DRAWN)).to_be_attached()
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="PNG")).to_be_hidden()
    expect(page.get_by_role("button", name="Show")).to_be_hidden()
    expect(page.get_by_role("row", name=re.compile("PLAN-01"))).to_be_visible()
