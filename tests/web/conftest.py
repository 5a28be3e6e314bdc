"""A filled library for each file of tests of pages; a client signed in as whoever is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from populate import Library, filled_home

from insightrepo.models import User
from insightrepo.web import create_app
from insightrepo.web.auth import fingerprint
from insightrepo.workspace import Workspace


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace with the library of populate.py, a copy for each file: tests may add to it, none may take away."""
    made, library = filled_home(tmp_path_factory, tmp_path_factory.mktemp("library") / "home")
    made.filled_with = library  # type: ignore[attr-defined]
    yield made
    made.close()


@pytest.fixture(scope="module")
def library(filled: Workspace) -> Library:
    """What is in the workspace, by name."""
    return filled.filled_with  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def app(filled: Workspace) -> Flask:
    """The application as it is served, but for the limit on signing in."""
    return create_app(filled, RATELIMIT_ENABLED=False)


@pytest.fixture
def visit(app: Flask, filled: Workspace, library: Library) -> Callable[[str | None], FlaskClient]:
    """``visit("viewer")`` is a client signed in as that user; ``visit(None)`` is a stranger's."""

    def client_of(name: str | None) -> FlaskClient:
        client = app.test_client()
        if name:
            with filled.database.reading() as session:
                user = session.get(User, library.users[name])
            with client.session_transaction() as cookie:
                cookie["_user_id"] = f"{user.id}:{fingerprint(user)}"
        return client

    return client_of


@pytest.fixture
def token() -> Callable[[FlaskClient, str], str]:
    """The form token that a page gives to a client."""

    def of(client: FlaskClient, url: str = "/studies") -> str:
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(url).text)
        assert found, f"no form on {url}"
        return found[1]

    return of
