"""The frame of every page: where it leads, to whom, and the pages about the product itself."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from insightrepo.web import navigation
from insightrepo.web.formatting import sentence
from insightrepo.web.navigation import FOOT, OWN, TOP, WORK, Place

PLACES = [
    *(place for group in TOP for place in group),
    *WORK,
    *OWN,
    *(place for _, group in FOOT for place in group),
]


def nav_of(page: str, label: str) -> dict[str, str]:
    """The links of a navigation by their text."""
    inner = re.search(rf'<nav aria-label="{label}">(.*?)</nav>', page, re.DOTALL)[1]
    return {text: url for url, text in re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', inner)}


@pytest.mark.parametrize("name", ["viewer", "contributor", "researcher", "administrator", "scoped-viewer"])
def test_every_link_of_the_frame_opens_for_who_sees_it(visit, name):
    client = visit(name)
    page = client.get("/help").text
    links = nav_of(page, "Main") | nav_of(page, "All pages")
    assert len(links) > 8
    assert {text: client.get(url, follow_redirects=True).status_code for text, url in links.items()} == dict.fromkeys(
        links, 200
    )


def test_one_place_is_current_on_each_page_of_a_room(visit):
    client = visit("researcher")
    for url, label in (("/outcomes/PLAN-01", "Outcomes"), ("/act/journey", "Where to act"), ("/waves", "Waves")):
        main = re.search(r'<nav aria-label="Main">(.*?)</nav>', client.get(url).text, re.DOTALL)[1]
        assert re.findall(r'aria-current="page">([^<]+)<', main) == [label]


def test_no_two_places_claim_the_same_room():
    rooms = [room for group in TOP for place in group for room in place.rooms]
    assert len(rooms) == len(set(rooms))


def test_what_is_for_others_or_does_not_exist_is_not_offered(app: Flask, visit, monkeypatch):
    added = (
        Place("For researchers", "outcomes.register", role="researcher"),
        Place("For who is not limited", "outcomes.matrix", role="researcher", unscoped=True),
        Place("Not made yet", "nowhere.at_all"),
    )
    monkeypatch.setattr(navigation, "WORK", added)

    def offered(name: str) -> set[str]:
        return {place.label for place in added} & set(nav_of(visit(name).get("/help").text, "Main"))

    assert offered("viewer") == set()
    assert offered("scoped-researcher") == {"For researchers"}
    assert offered("researcher") == {"For researchers", "For who is not limited"}


def test_the_style_page_has_every_verdict_and_component(visit):
    page = visit("viewer").get("/style").text
    for said in ("worse than", "better than", "no evidence of change", "not enough data", "fewer than 5 people",
                 "no score yet", "indicative", "new series", "provisional", "segments disagree"):  # fmt: skip
        assert said in page
    for component in ("hit", "quote", "chip", "tag tag-suggested", "facet", "pager", "chart", "trend spark", "panel",
                      "facts", "notice notice-danger", "is-invalid", "btn btn-primary", "warning"):  # fmt: skip
        assert re.search(rf'class="{component}["\s]|class="[^"]*\b{component}\b', page), component


def test_an_example_of_a_score_leads_to_no_wave_that_was_never_measured(visit):
    page = visit("viewer").get("/style").text
    assert "worse than 2025-Q2" in page
    assert "/why" not in page


def test_the_help_names_the_three_roles_and_every_key(visit):
    page = visit("viewer").get("/help").text
    for said in ("You decide what to build", "You do research", "You write proposals", "<kbd>/</kbd>", "<kbd>?</kbd>"):
        assert said in page


@pytest.mark.parametrize(
    ("said", "shown"),
    [("no such wave", "No such wave."), (ValueError("is X right?"), "Is X right?"), ("iPad Pro!", "IPad Pro!")],
)
def test_what_an_error_says_is_shown_as_a_sentence(said, shown):
    assert sentence(said) == shown
