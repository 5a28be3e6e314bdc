"""The pages by locale: what a person reads follows it, what a machine reads does not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import planted_story
import pytest
from flask.testing import FlaskClient
from lxml import html
from lxml.html import HtmlElement
from populate import PASSWORD, filled_home
from sqlalchemy import select

from config import Settings
from insightrepo.accounts.users import add_user
from insightrepo.locales import in_force
from insightrepo.models import Job, User, utcnow
from insightrepo.schema import upgrade
from insightrepo.web import create_app
from insightrepo.web.auth import fingerprint
from insightrepo.workspace import Workspace

EACH = 2  # pages of one kind that are walked over
ISO_DATE = re.compile(r"(?<![\w/-])\d{4}-\d\d(-\d\d)?(?![\w-])")
ENGLISH = re.compile(
    r"(?<![\d.,\w])(?:[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|\d+\.(?:\d{1,2}|\d{4,})|0\.\d{3})(?![\d.,]*\d)(?!\w)"
)
# What is not written by locale: scripts and fields of forms; codes, hashes, definitions as they are kept; what
# customers said and citations of it.
NOT_OURS = "//script | //style | //textarea | //input | //select | //code | //pre | //blockquote | //meter | //progress"
NOT_OURS += "".join(
    f" | //*[contains(@class, '{name}')]" for name in ("code", "hash", "definition", "quote", "cite-rich")
)
PROSE = (  # what is typed as it stands, and what the glossary says of its own limits
    "2025-03-14, 2025-03 or 2025-Q1", "Like 2025-Q3, 2025-09 or 2025", "Real needs 0.05 or below",
    "Real needs q of 0.05 or below",
)  # fmt: skip
NOT_WALKED = ("/style", "/admin/settings", "/admin/audit")  # samples; settings and audit records as they are written


@pytest.fixture(scope="module", params=["library", "story"])
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with the library of populate.py or with the planted story, and an administrator."""
    folder = tmp_path_factory.mktemp("locale") / "home"
    if request.param == "library":
        made, _ = filled_home(tmp_path_factory, folder)
    else:
        made = Workspace(Settings(home=folder, embedding_model="hashing"))
        made.make_master_key()
        upgrade(made.database.engine)
    with made.database.writing() as session:
        if request.param == "story":
            planted_story.tell(session)
        add_user(session, "liv@example.org", "administrator", PASSWORD)
        for kind, report in (("check", {"problems": []}), ("reindex", {"indexed": 1079})):
            session.add(Job(kind=kind, state="done", report=report, finished_at=utcnow()))
    made.close()
    return made


def signed_in(home: Workspace, locale: str) -> FlaskClient:
    workspace = Workspace(home.settings.model_copy(update={"locale": locale}))
    client = create_app(workspace, RATELIMIT_ENABLED=False).test_client()
    with workspace.database.reading() as session:
        user = session.scalars(select(User).where(User.email == "liv@example.org")).one()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = f"{user.id}:{fingerprint(user)}"
    return client


@pytest.fixture(scope="module")
def german(home: Workspace) -> FlaskClient:
    return signed_in(home, "de")


@pytest.fixture(scope="module")
def plain(home: Workspace) -> FlaskClient:
    return signed_in(home, "iso")


def walk(client: FlaskClient) -> Iterator[tuple[str, str]]:
    """Addresses and pages, from the first page on, a few of each kind."""
    waiting, known, kinds = ["/", "/glossary", "/admin"], {"/"}, Counter[str]()
    while waiting:
        address = waiting.pop(0)
        kind = re.sub(r"\d+", "#", re.sub(r"/[A-Z][\w-]*", "/CODE", address.partition("?")[0]))
        kinds[kind] += 1
        if kinds[kind] > EACH or kind in NOT_WALKED:
            continue
        response = client.get(address)
        assert response.status_code < 500, address
        if response.status_code != 200 or response.mimetype != "text/html":
            continue
        yield address, response.text
        links = (link.partition("#")[0] for link in html.fromstring(response.text).xpath("//a/@href"))
        new = [link for link in dict.fromkeys(links) if link.startswith("/") and link not in known]
        known.update(new)
        waiting += new


def visible(page: str) -> list[str]:
    """The texts of a page that a person reads, and those that are read aloud."""
    document: HtmlElement = html.fromstring(page)
    for element in document.xpath(NOT_OURS):
        element.drop_tree()
    return [" ".join(text.split()) for text in document.xpath("//body//text() | //@aria-label | //@title")]


def foreign(page: str) -> list[str]:
    """What of a page is written as in English or in ISO."""
    return [
        text for text in visible(page)
        if (ISO_DATE.search(text) or ENGLISH.search(text)) and not any(one in text for one in PROSE)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "is_foreign"),
    [
        ("2025-06-30", True), ("on 2025-06.", True), ("n 1,079", True), ("12.4 of 20", True), ("p 0.031", True),
        ("30.06.2025", False), ("n 1.079", False), ("12,4 of 20", False), ("p 0,031", False), ("2025-Q2", False),
        ("62 %", False), ("evidence 12, 14", False), ("version 0.1.0", False),
    ],
)  # fmt: skip
def test_the_scanner_tells_english_and_iso_from_german(text: str, is_foreign: bool) -> None:
    assert bool(foreign(f"<body><p>{text}</p></body>")) is is_foreign
    assert not foreign(f'<body><p>x</p><input value="{text}"><code>{text}</code></body>')


def test_no_page_in_german_shows_an_english_number_or_an_iso_date(german: FlaskClient) -> None:
    pages = dict(walk(german))
    assert len(pages) > 25
    assert {address: found for address, page in pages.items() if (found := foreign(page))} == {}


def test_pages_without_a_locale_read_as_before_and_do_have_such_numbers(plain: FlaskClient) -> None:
    assert sum(bool(foreign(page)) for _, page in walk(plain)) > 10


def test_files_and_json_are_the_same_in_every_locale(german: FlaskClient, plain: FlaskClient) -> None:
    json = {"Accept": "application/json"}
    files = {
        "/scores.csv": {},
        "/act/landscape.csv": {},
        "/search/complete?q=outcome:&at=8": json,
        "/evidence/1/cite": json,
    }
    for address, headers in files.items():
        here, there = (client.get(address, headers=headers) for client in (plain, german))
        assert here.status_code == 200
        assert here.data == there.data


def test_two_workspaces_in_one_process_keep_their_locales(german: FlaskClient, plain: FlaskClient) -> None:
    first, other, again = (client.get("/waves").text for client in (german, plain, german))
    assert "01.07.2025" in first
    assert "2025-07-01" in other
    assert "01.07.2025" in again
    assert in_force() == "iso"


def test_scripts_and_charts_are_told_the_locale(german: FlaskClient, plain: FlaskClient) -> None:
    assert '<html lang="en" data-locale="de" data-separators=",.">' in german.get("/help").text
    assert '<html lang="en" data-locale="" data-separators=".,">' in plain.get("/help").text
