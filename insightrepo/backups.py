"""Copies of a workspace: the database alone before an upgrade, or everything that cannot be made again in one file.

The indexes and the exported model are left out: they are made from the rest. The workspace's key is left out too, and
kept apart: without it nobody who finds a backup can read an original or match a respondent.
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from insightrepo.workspace import Workspace

DATABASE = "insightrepo.db"
FOLDERS = ("originals", "reports")
SETTINGS = "settings.env"
Say = Callable[[str], None]


class BackupError(Exception):
    """A backup cannot be made or restored; the message says why and what to do."""


@dataclass(frozen=True)
class Backup:
    """What a backup holds: its size in bytes, how many originals, and whether the database is in it."""

    size: int
    originals: int
    has_database: bool


def copy_database(workspace: Workspace, target: Path) -> bool:
    """Copy the SQLite database as it is at one moment, while others read and write; False where it is another kind."""
    source = workspace.database.engine.url
    if source.get_backend_name() != "sqlite":
        return False
    _create_private(target)
    with closing(sqlite3.connect(str(source.database))) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
    return True


def keep_database(workspace: Workspace, label: str) -> Path | None:
    """Copy the database into the workspace's `backups`; None where it is not SQLite's."""
    folder = workspace.home / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"insightrepo-{label}-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}.db"
    return path if copy_database(workspace, path) else None


def back_up(workspace: Workspace, target: Path) -> Backup:
    """Write one file with the database, the originals, the reports and the settings; the server may go on meanwhile.

    The database is copied first: an original that comes after it is one more than is asked for.

    Raises:
        BackupError: there is a file already.
    """
    if target.exists():
        raise BackupError(f"{target} is there already: name another file")
    partial = target.with_name(target.name + ".part")
    partial.unlink(missing_ok=True)
    _create_private(partial)
    try:
        with TemporaryDirectory(dir=workspace.home) as folder, tarfile.open(partial, "w:gz", compresslevel=6) as tar:
            copied = copy_database(workspace, Path(folder) / DATABASE)
            if copied:
                tar.add(Path(folder) / DATABASE, DATABASE)
            for name in (*FOLDERS, SETTINGS):
                if (workspace.home / name).exists():
                    tar.add(workspace.home / name, name)
            originals = sum(member.isfile() and member.name.startswith("originals/") for member in tar.getmembers())
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)
    return Backup(target.stat().st_size, originals, copied)


def restore(home: Path, source: Path, key: Path) -> Backup:
    """Put a backup and its key into an empty folder; the schema and the indexes are still to be brought up to date.

    Raises:
        BackupError: the folder holds a workspace, the file is no backup, or the key is none.
    """
    if (home / "workspace.key").exists() or (home / DATABASE).exists():
        raise BackupError(f"{home} holds a workspace already: restore into an empty folder")
    words = key.read_text().strip()
    if len(words) != 64 or set(words) - set("0123456789abcdef"):
        raise BackupError(f"{key} is no key of a workspace: it has one line of 64 signs, 0 to 9 and a to f")
    home.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(source) as tar:
            members = [member for member in tar.getmembers() if _is_ours(member)]
            tar.extractall(home, members, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BackupError(f"{source} cannot be read as a backup: {error}") from error
    names = [member.name for member in members if member.isfile()]
    if not names:
        raise BackupError(f"{source} is no backup of a workspace")
    _create_private(home / "workspace.key")
    (home / "workspace.key").write_text(words)
    originals = sum(name.startswith("originals/") for name in names)
    return Backup(source.stat().st_size, originals, DATABASE in names)


def _is_ours(member: tarfile.TarInfo) -> bool:
    return member.name in (DATABASE, SETTINGS) or member.name.partition("/")[0] in FOLDERS


def _create_private(path: Path) -> None:
    """An empty file that only its owner reads: what is in a workspace is nobody else's."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
