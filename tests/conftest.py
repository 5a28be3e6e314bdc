"""What every test shares: a workspace in a temporary folder, on SQLite and on a private PostgreSQL."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from postgres import BINARIES, PrivatePostgres

from config import Settings
from insightrepo.accounts.access import Reader, reader_for
from insightrepo.accounts.users import add_user
from insightrepo.schema import upgrade
from insightrepo.workspace import Workspace

EXPECTED_SKIP = "expected: "  # a reason that begins so is allowed to skip in CI
PASSWORD = "a long enough password"

_unexpected_skips: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """In CI a test that skips for a reason nobody named is a failure."""
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not re.sub(r"^Skipped: ", "", reason).startswith(EXPECTED_SKIP):
            _unexpected_skips.append(f"{report.nodeid}: {reason}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _unexpected_skips:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _unexpected_skips:
        terminalreporter.write_line(f"UNEXPECTED SKIP {line}", red=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PrivatePostgres]:
    """A PostgreSQL server of our own, started once; skips where its binaries are not."""
    if BINARIES is None:
        pytest.skip("no PostgreSQL binaries here (Debian: apt-get install postgresql)")
    with PrivatePostgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    server: PrivatePostgres = request.getfixturevalue("postgres")
    with server.database() as url:
        yield url


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Settings of a workspace with the model that needs no download and costs no time."""
    return Settings(home=tmp_path / "home", database_url=database_url, embedding_model="hashing")


@pytest.fixture
def workspace(settings: Settings) -> Iterator[Workspace]:
    """An empty workspace with the administrator ada@example.com."""
    made = Workspace(settings)
    made.make_master_key()
    upgrade(made.database.engine)
    with made.database.writing() as session:
        add_user(session, "ada@example.com", "administrator", PASSWORD)
    yield made
    made.close()


@pytest.fixture
def make_reader(workspace: Workspace) -> Callable[..., Reader]:
    """Adds a user and gives the reader: ``make_reader("viewer", scopes=("product:app",), teams=("Maps",))``."""
    count = SimpleNamespace(value=0)

    def make(role: str, scopes: tuple[str, ...] = (), teams: tuple[str, ...] = (), email: str = "") -> Reader:
        count.value += 1
        with workspace.database.writing() as session:
            address = email or f"{role}{count.value}@example.com"
            return reader_for(session, add_user(session, address, role, PASSWORD, scopes=scopes, teams=teams))

    return make


@pytest.fixture
def ada(workspace: Workspace) -> Reader:
    """The administrator as a reader."""
    from insightrepo.accounts.users import acting_reader

    with workspace.database.reading() as session:
        return acting_reader(session, None)
