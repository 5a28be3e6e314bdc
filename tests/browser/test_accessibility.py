"""axe finds nothing on any page, in light and in dark, wide and on a phone."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from walking import PHONE, WIDE, pages_of

pytestmark = pytest.mark.browser
NAMES = (
    "home",
    "questions",
    "start",
    "levels",
    "side by side",
    "cite",
    "around",
    "search",
    "filter",
    "nothing",
    "studies",
    "study",
    "document",
    "rows",
    "evidence",
    "outcomes",
    "outcome",
    "review",
    "waves",
    "wave",
    "new wave",
    "questionnaire",
    "instrument",
    "glossary",
    "kit",
    "hostile",
)


def violations(page) -> list[str]:
    """What axe finds, one line a node."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(browse, library, name, scheme):
    page = browse(scheme=scheme)
    page.goto(pages_of(library)[name])
    for details in page.locator("details.why").all()[:2]:
        details.locator("summary").click()
    assert violations(page) == []


@pytest.mark.parametrize("name", ["home", "levels", "search", "document", "outcome", "review", "waves", "wave", "kit"])
def test_axe_finds_nothing_on_a_phone(browse, library, name):
    page = browse(PHONE, scheme="dark")
    page.goto(pages_of(library)[name])
    for summary in page.locator("details.facets > summary").all():
        summary.click()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_before_signing_in(browse, scheme):
    page = browse(WIDE, scheme=scheme, stranger=True)
    page.goto("/sign-in")
    assert violations(page) == []
