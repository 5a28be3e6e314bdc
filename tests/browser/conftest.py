"""A real Chromium on a real server with the library of tests/web/populate.py. Any error in the console fails a test."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect, sync_playwright
from werkzeug.serving import make_server

from insightrepo.web import create_app
from insightrepo.workspace import Workspace

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "web"))
from populate import Library, filled_home
from walking import QUIET, WIDE, chromium_path, sign_in

expect.set_options(timeout=20_000)  # of a machine that does other things besides


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Library]]:
    """A workspace for one file of tests, and what is in its library."""
    workspace, library = filled_home(tmp_path_factory, tmp_path_factory.mktemp("served") / "home")
    yield workspace, library
    workspace.close()


@pytest.fixture(scope="module")
def app_served(filled: tuple[Workspace, Library]) -> Flask:
    """The application as it is served, but for the limit on signing in."""
    return create_app(filled[0], RATELIMIT_ENABLED=False)


@pytest.fixture(scope="module")
def served(filled: tuple[Workspace, Library], app_served: Flask) -> Iterator[tuple[str, Library]]:
    """The address of a server that runs for one file of tests, and what is in its library."""
    library = filled[1]
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = make_server("127.0.0.1", 0, app_served, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", library
    server.shutdown()
    thread.join()


@pytest.fixture(scope="module")
def library(served: tuple[str, Library]) -> Library:
    """What is in the library, by name."""
    return served[1]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for all tests; skips where there is none."""
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium here: install it (Debian: apt-get install chromium) or set CHROMIUM to its path")
    root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*QUIET, *root])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, served: tuple[str, Library]) -> StorageState:
    """The cookies of a researcher who signed in once."""
    context = chromium.new_context(base_url=served[0])
    page = context.new_page()
    sign_in(page)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def browse(
    chromium: Browser, served: tuple[str, Library], request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """``browse(width=PHONE, scheme="dark", stranger=True, java_script_enabled=False)`` opens a blank page.

    At the end the test fails if a page wrote an error or a policy violation to the console, or asked another host.
    """
    contexts: list[BrowserContext] = []
    troubles: list[str] = []
    host = urlsplit(served[0]).netloc

    def open_page(width=WIDE, scheme="light", stranger=False, **options) -> Page:
        state = None if stranger else request.getfixturevalue("signed_in")
        context = chromium.new_context(
            base_url=served[0], viewport=width, color_scheme=scheme, storage_state=state, **options
        )
        contexts.append(context)
        context.on("request", lambda asked: _watch(asked.url, host, troubles))
        page = context.new_page()
        page.on("console", lambda m: troubles.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


def _watch(url: str, host: str, troubles: list[str]) -> None:
    parts = urlsplit(url)
    if parts.scheme in ("http", "https") and parts.netloc != host:
        troubles.append(f"asked another host: {url}")
