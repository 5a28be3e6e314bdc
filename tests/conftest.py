"""What every test shares: a workspace in a temporary folder, on SQLite and on a private PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from argon2 import PasswordHasher
from command_line import invoke
from once import made_once
from postgres import BINARIES, PrivatePostgres
from skips import pytest_collectreport, pytest_runtest_logreport, pytest_sessionfinish, pytest_terminal_summary

from config import Settings
from indexes.embedder import prepare
from insightrepo.accounts import users
from insightrepo.accounts.access import Reader, reader_for
from insightrepo.accounts.users import add_user
from insightrepo.database import Database
from insightrepo.schema import upgrade
from insightrepo.workspace import Workspace

__all__ = ["pytest_collectreport", "pytest_runtest_logreport", "pytest_sessionfinish", "pytest_terminal_summary"]
PASSWORD = "a long enough password"


@pytest.fixture(scope="session", autouse=True)
def strong_hasher() -> Iterator[PasswordHasher]:
    """The product's hasher of passwords; in tests another stands in its place that costs no tenth of a second."""
    strong = users._hasher
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(users, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield strong


@pytest.fixture(scope="session")
def postgres() -> Iterator[PrivatePostgres]:
    """A PostgreSQL server of our own, started once in each process; skips where its binaries are not."""
    if BINARIES is None:
        pytest.skip("no PostgreSQL binaries here (Debian: apt-get install postgresql)")
    with PrivatePostgres() as server:
        yield server


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with the schema and the administrator; to be copied."""
    made = made_once(tmp_path_factory, "migrated", lambda folder: _migrate(f"sqlite:///{folder / 'test.db'}"))
    return made / "test.db"


@pytest.fixture(scope="session")
def migrated_postgres(postgres: PrivatePostgres) -> Iterator[str]:
    """The name of the same on PostgreSQL."""
    with postgres.database("migrated") as url:
        _migrate(url)
        yield "migrated"


@pytest.fixture(scope="session")
def exported_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packaged embedding model, exported once in a run after an export that was killed; only read."""

    def make(folder: Path) -> None:
        (folder / ".export-killed").mkdir()
        prepare("", folder, threads=1)

    return made_once(tmp_path_factory, "models", make)


@pytest.fixture(scope="session")
def demo_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which `demo` ran, made once in a run and with the hashing model; to be copied, not to be opened."""

    def make(folder: Path) -> None:
        result = invoke(folder / "home", "demo")
        assert result.exit_code == 0, result.output

    return made_once(tmp_path_factory, "demo", make) / "home"


def _migrate(url: str) -> None:
    made = Database(url)
    upgrade(made.engine)
    with made.writing() as session:
        add_user(session, "ada@example.com", "administrator", PASSWORD)
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, of each kind in turn; of a migrated one where the test takes `workspace`."""
    migrated = "workspace" in request.fixturenames
    if request.param == "sqlite":
        if migrated:
            shutil.copy(request.getfixturevalue("migrated"), tmp_path / "test.db")
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    server: PrivatePostgres = request.getfixturevalue("postgres")
    with server.database(template=request.getfixturevalue("migrated_postgres") if migrated else "") as url:
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
