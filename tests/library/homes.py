"""Workspaces of the tests, opened, and their people as readers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from config import Settings
from insightrepo.accounts.access import Reader
from insightrepo.accounts.users import acting_reader
from insightrepo.workspace import Workspace

PEOPLE = {"ada": "administrator", "rita": "researcher", "carl": "contributor", "vera": "viewer"}


def open_home(home: Path, **settings: object) -> Workspace:
    """The workspace in a folder, with the model that needs no download."""
    return Workspace(Settings(**{"home": home, "database_url": "", "embedding_model": "hashing", **settings}))


def reader_of(workspace: Workspace, name: str) -> Reader:
    """One of the four as a reader."""
    with workspace.database.reading() as session:
        return acting_reader(session, f"{name}@example.com")


@dataclass(frozen=True)
class Library:
    """A filled workspace that tests only read, and its readers by name."""

    workspace: Workspace
    readers: dict[str, Reader]
