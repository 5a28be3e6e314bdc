"""A workspace that is made once and copied: four people, one of each role, on SQLite."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filled_library import SCOPED, fill_library
from homes import PEOPLE, Library, open_home, reader_of
from once import made_once

from insightrepo.accounts.access import Reader
from insightrepo.accounts.users import add_user
from insightrepo.schema import upgrade
from insightrepo.workspace import Workspace


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An initialised home with ada, rita, carl and vera; to be copied, not to be used."""
    return made_once(tmp_path_factory, "home-of-four", _make_home) / "home"


def _make_home(folder: Path) -> None:
    made = open_home(folder / "home")
    made.make_master_key()
    upgrade(made.database.engine)
    with made.database.writing() as session:
        for name, role in PEOPLE.items():
            add_user(session, f"{name}@example.com", role, "a long enough password")
    made.close()


@pytest.fixture
def home(made_home: Path, tmp_path: Path) -> Path:
    """A copy of the initialised home."""
    shutil.copytree(made_home, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def fresh(home: Path) -> Iterator[Workspace]:
    """An empty workspace on SQLite with ada, rita, carl and vera."""
    made = open_home(home)
    yield made
    made.close()


@pytest.fixture
def person(fresh: Workspace) -> Callable[[str], Reader]:
    """``person("carl")`` is the contributor as a reader."""
    return lambda name: reader_of(fresh, name)


@pytest.fixture(scope="session")
def library(made_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Studies of every state and sensitivity, a feed with labels and facts, two frozen waves; six readers."""

    def fill(folder: Path) -> None:
        shutil.copytree(made_home, folder / "home")
        made = open_home(folder / "home")
        fill_library(made, folder)
        made.close()

    home = tmp_path_factory.mktemp("library") / "home"
    shutil.copytree(made_once(tmp_path_factory, "filled-library", fill) / "home", home)
    made = open_home(home)
    yield Library(made, {name: reader_of(made, name) for name in (*PEOPLE, *SCOPED)})
    made.close()
