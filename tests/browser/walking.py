"""What the walks through the pages share: screens, the way to Chromium, signing in, the list of pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Flask
from playwright.sync_api import Page
from populate import PASSWORD, Library

WIDE = {"width": 1400, "height": 900}
PHONE = {"width": 390, "height": 844}
QUIET = ("--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-default-apps", "--no-first-run", "--disable-dev-shm-usage")  # fmt: skip


def chromium_path() -> str | None:
    """Where Chromium is: the variable CHROMIUM, else on the path."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def sign_in(page: Page, email: str = "researcher@example.org") -> None:
    """Sign in on the form."""
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")


NOT_WALKED = {  # no page, or why it is not walked
    "act.home": "leads on to the landscape",
    "act.sheet": "a file",
    "admin.audit_csv": "a file",
    "auth.sign_in": "walked before signing in",
    "auth.welcome": "walked before signing in",
    "bootstrap.static": "a file",
    "charts.plotly": "a script",
    "downloads.scores": "a file",
    "glossary.kit_markdown": "a file",
    "glossary.kit_results": "a file",
    "glossary.kit_word": "a file",
    "health.healthz": "JSON",
    "importing.progress": "JSON",
    "importing.refused": "a file",
    "measuring.download": "a file",
    "packs.export": "a file",
    "search.completions": "JSON",
    "static": "a file",
    "studies.original": "a file",
    "validations.export": "a file",
    "waves.answers_file": "a file",
    "waves.questionnaire_csv": "a file",
}


def pages_without_arguments(app: Flask) -> list[str]:
    """The addresses of all pages that stand at one address: a new one is walked as soon as it is there."""
    return sorted(
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments and rule.endpoint not in NOT_WALKED
    )


def endpoints_of(app: Flask, addresses: Iterable[str]) -> set[str]:
    """Which pages stand at these addresses."""
    adapter = app.url_map.bind("localhost")
    return {adapter.match(urlsplit(address).path)[0] for address in addresses}


def pages_of(library: Library) -> dict[str, str]:
    """The address of each page by its name."""
    study, document = library.studies["published"], library.documents["published"]
    feed = library.documents["feed"]
    return {
        "home": "/",
        "questions": "/questions",
        "why": "/outcomes/PLAN-01/why",
        "product": "/products/APP",
        "task": "/tasks/T-1",
        "segment": "/segments/TODDLER",
        "search": "/search?q=calendar",
        "start": "/search",
        "levels": "/search?q=calendar&group=level",
        "side by side": "/search/table?q=calendar",
        "cite": f"/evidence/{library.evidence['published 0']}/cite",
        "around": f"/evidence/{library.evidence['published 1']}/around",
        "filter": "/search?kind=verbatim&outcome=PLAN-01",
        "nothing": "/search?q=%22no+such+words%22&kind=verbatim",
        "studies": "/studies",
        "study": f"/studies/{study}",
        "document": f"/studies/{study}/documents/{document}?evidence={library.evidence['published 1']}",
        "rows": f"/studies/{library.studies['feed']}/documents/{feed}",
        "evidence": f"/evidence/{library.evidence['published 0']}",
        "outcomes": "/outcomes",
        "outcome": "/outcomes/PLAN-01",
        "review": "/outcomes/review",
        "editor": "/outcomes/PLAN-01/edit",
        "status": "/outcomes/PLAN-01/status",
        "versions": "/outcomes/PLAN-01/versions",
        "succession": "/outcomes/PLAN-02/succession",
        "chart in a frame": "/embed/landscape",
        "facts of a study": f"/studies/{study}/edit",
        "applicability": "/outcomes/applicability",
        "explain": "/scores/1/explain",
        "waves": "/waves",
        "wave": "/waves/2025-Q3",
        "new wave": "/waves/new",
        "questionnaire": "/waves/2025-Q3/questionnaire",
        "instrument": "/instruments/1",
        "glossary": "/glossary",
        "kit": "/usability-kit?outcome=PLAN-01",
        "hostile": f"/studies/{library.studies['hostile']}/documents/{library.documents['hostile']}",
    }
