"""Research of three formats is brought in in the browser, with progress, published, and found by others."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from test_accessibility import violations
from walking import PHONE, sign_in

pytestmark = pytest.mark.browser

FILES = (
    ("reviews.csv", "text/csv", "id,comment,stars\n1,The ferry timetable was nowhere to be found,1\n"
     "2,We missed the ferry because it showed the winter times,2\n3,The boat ride was lovely,5\n"),
    ("findings.md", "text/markdown", "# Ferries\n\n## Timetable\n\nFamilies looked for it in four places.\n"),
    ("talk.vtt", "text/vtt", "WEBVTT\n\n00:00:01.000 --> 00:00:05.000\n"
     "<v Participant>I asked a sailor for the timetable of the ferry.\n"),
)  # fmt: skip


def test_three_formats_come_in_with_progress_are_published_and_found(browse):
    page = browse(stranger=True)
    sign_in(page, "administrator@example.org")
    page.goto("/studies")
    page.get_by_role("link", name="Bring research in").click()
    page.get_by_label("Files or a ZIP archive").set_input_files(
        [{"name": name, "mimeType": kind, "buffer": text.encode()} for name, kind, text in FILES]
    )
    page.get_by_label("Title").fill("Ferries in summer")
    page.get_by_role("button", name="Look at what is in them").click()
    expect(page.get_by_label("comment")).to_have_value("text")
    expect(page.get_by_text("talk.vtt")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    address = page.url
    page.goto("/studies")  # the page is closed, the import goes on
    page.goto(address)
    expect(page.get_by_role("heading", name="What it did")).to_be_visible(timeout=90_000)
    assert violations(page) == []
    expect(page.locator(".tally")).to_contain_text(re.compile(r"5\s*stored"))

    reader = browse()
    reader.goto("/search?q=ferry+timetable")
    expect(reader.locator(".hit")).to_have_count(0)
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("The study is published")).to_be_visible()
    reader.goto("/search?q=ferry+timetable")
    expect(reader.locator(".hit").first).to_contain_text("Ferries in summer")


def test_first_cells_of_a_column_are_read_in_words_on_a_phone(browse):
    page = browse(PHONE, stranger=True)
    sign_in(page, "administrator@example.org")
    page.goto("/import")
    name, kind, text = FILES[0]
    page.get_by_label("Files or a ZIP archive").set_input_files(
        [{"name": name, "mimeType": kind, "buffer": text.encode()}]
    )
    page.get_by_label("Title").fill("On a phone")
    page.get_by_role("button", name="Look at what is in them").click()
    box = page.locator(".mapping .cells").first.bounding_box()
    assert box["width"] >= 150
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Forget the files").click()


def test_without_javascript_the_page_of_an_import_reloads_itself(browse, filled):
    from insightrepo.models import Job, User

    workspace, library = filled
    with workspace.database.writing() as session:
        user = session.get_one(User, library.users["researcher"])
        job = Job(
            kind="upload",
            state="cancelling",
            user_id=user.id,
            arguments={"paths": ["a.md"], "files": [], "options": {}},
        )
        session.add(job)
        session.flush()
        number = job.id
    page = browse(java_script_enabled=False)
    page.goto(f"/import/{number}")
    expect(page.get_by_text("interrupted", exact=True)).to_be_visible()
    with workspace.database.writing() as session:
        session.get_one(Job, number).state = "waiting"
    page.goto(f"/import/{number}")
    expect(page.locator("noscript meta[http-equiv=refresh]")).to_have_count(1)


def test_axe_finds_nothing_on_the_pages_of_administration_and_the_inbox(browse):
    page = browse(stranger=True)
    sign_in(page, "administrator@example.org")
    for url in ("/admin", "/admin/people", "/admin/people/1", "/admin/jobs", "/admin/adoption", "/admin/audit",
                "/admin/settings", "/inbox", "/import", "/studies/1/edit"):  # fmt: skip
        page.goto(url)
        assert violations(page) == [], url
