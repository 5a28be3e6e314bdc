"""From an arrow to why: walked in Chromium on the planted story, looked at by axe, on a phone and on paper."""

from __future__ import annotations

import datetime as dt
import logging
import re
import threading

import planted_story
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from populate import PASSWORD
from walking import PHONE, WIDE, sign_in
from werkzeug.serving import make_server

from config import Settings
from insightrepo.accounts.users import add_user
from insightrepo.schema import upgrade
from insightrepo.web import create_app
from insightrepo.workspace import Workspace

pytestmark = pytest.mark.browser
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A server of the planted story, with an intervention in it."""
    workspace = Workspace(Settings(home=tmp_path_factory.mktemp("why"), embedding_model="hashing"))
    workspace.make_master_key()
    upgrade(workspace.database.engine)
    with workspace.database.writing() as session:
        planted_story.tell(session)
        planted_story.annotate(session, "intervention", dt.date(2025, 7, 1), "The new planner")
        add_user(session, "researcher@example.org", "researcher", PASSWORD)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = make_server("127.0.0.1", 0, create_app(workspace, RATELIMIT_ENABLED=False), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    workspace.close()


@pytest.fixture(scope="module")
def cookies(chromium, address):
    context = chromium.new_context(base_url=address)
    sign_in(context.new_page())
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def opened(chromium, address, cookies):
    """``opened("/changes", width=PHONE)`` is the page; an error in the console fails the test."""
    contexts, troubles = [], []

    def open_page(path, width=WIDE, **options):
        context = chromium.new_context(base_url=address, viewport=width, storage_state=cookies, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: troubles.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


def test_an_arrow_in_the_list_of_outcomes_leads_to_score_task_and_words(opened):
    page = opened("/outcomes")
    page.get_by_title("Why did it move?").click()
    expect(page.locator(".why-sentence")).to_contain_text("fell 18 points between 2025-Q2 and 2025-Q3")
    expect(page.locator(".task-moving h3")).to_contain_text("Add a stop on the route")
    expect(page.locator(".said mark").first).to_contain_text("plus button")
    page.get_by_text("Other waves, a segment, a product").click()
    page.get_by_label("Segment").select_option(label="Families with teenagers")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".why-sentence")).to_contain_text("There is no evidence")
    of_score = page.get_by_role("region", name="1 · Score")
    expect(of_score.locator(".verdict.same")).to_have_text("no evidence of change")
    expect(page.locator(".goes-with", has_text="goes with it")).to_have_count(0)


def test_what_changed_leads_to_why(opened):
    page = opened("/changes")
    expect(page.get_by_role("navigation", name="Main").get_by_role("link", name="What changed")).to_have_attribute(
        "aria-current", "page"
    )
    page.get_by_role("link", name=re.compile("Find enriching stops")).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Why did it move?")


@pytest.mark.parametrize("path", ["/changes", "/outcomes/STOP/why", "/outcomes/STOP"])
@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide", "phone"])
def test_axe_finds_nothing_and_nothing_runs_off_the_side(opened, path, width, scheme):
    page = opened(path, width, color_scheme=scheme)
    found = Axe().run(page).response["violations"]
    assert [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]] == []
    assert page.evaluate(SIDEWAYS) == 0


@pytest.mark.parametrize("path", ["/outcomes/STOP", "/outcomes/STOP/why"])
def test_figures_by_segment_are_read_on_a_phone_without_moving_a_table_sideways(opened, path):
    page = opened(path, PHONE)
    tables = page.locator(".table-scroll:has(> .flowing)")
    expect(tables.first).to_be_visible()
    assert set(tables.evaluate_all("all => all.map(one => one.scrollWidth - one.clientWidth)")) == {0}
    cell = page.locator("td[data-label=n]").first
    assert '"n ' in cell.evaluate("e => getComputedStyle(e, '::before').content")
    page.set_viewport_size(WIDE)
    expect(cell).to_have_css("display", "table-cell")


def test_without_scripts_it_reads_and_prints_on_two_pages(opened):
    page = opened("/outcomes/STOP/why", java_script_enabled=False)
    expect(page.locator(".why-sentence")).to_contain_text("goes with it (task success 84% → 61%)")
    printed = page.pdf(format="A4", margin=dict.fromkeys(("top", "bottom", "left", "right"), "12mm"))
    assert len(re.findall(rb"/Type\s*/Page[^s]", printed)) <= 2
