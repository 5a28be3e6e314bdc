"""Copies of a workspace: the database alone before an upgrade, or everything that cannot be made again in one file.

The indexes and the exported model are left out: they are made from the rest. The workspace's key is left out too, and
kept apart: without it nobody who finds a backup can read an original or match a respondent. Of the settings those
with a password are left out, and with them which database was in use: a restore never works on that.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sqlite3
import tarfile
import zlib
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from dotenv.parser import parse_stream

from config import PREFIX, Settings
from insightrepo.workspace import Workspace

DATABASE = "insightrepo.db"
FOLDERS = ("originals", "reports")
SETTINGS = "settings.env"
KEPT_APART = {f"{PREFIX}{name}" for name in ("HOME", "DATABASE_URL", "SECRET_KEY")}
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
            for name in FOLDERS:
                _add_folder(tar, workspace.home, name)
            if (workspace.home / SETTINGS).exists():
                kept = Path(folder) / SETTINGS
                kept.write_text(_without_secrets(workspace.home / SETTINGS))
                tar.add(kept, SETTINGS)
            originals = sum(member.isfile() and member.name.startswith("originals/") for member in tar.getmembers())
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)
    return Backup(target.stat().st_size, originals, copied)


def _add_folder(tar: tarfile.TarFile, home: Path, name: str) -> None:
    """Add a folder's files; one that is being written, or goes meanwhile, is not missed: the server works on."""
    for path in sorted((home / name).rglob("*")):
        if path.name.startswith(".aside-") or path.is_dir():
            continue
        with suppress(FileNotFoundError):
            tar.add(path, str(path.relative_to(home)), recursive=False)


def _without_secrets(settings: Path) -> str:
    """The settings that may go into a backup: ours, less those that hold a password or name the database in use."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} - KEPT_APART
    with settings.open(encoding="utf-8") as file:
        lines = [line.original.string.strip() for line in parse_stream(file) if (line.key or "").upper() in known]
    return "".join(f"{line}\n" for line in lines)


def restore(home: Path, source: Path, key: Path, database_url: str = "") -> Backup:
    """Put a backup and its key into an empty folder; the schema and the indexes are still to be brought up to date.

    `database_url` is the setting in force: a backup with a database is restored only where it is empty.

    Raises:
        BackupError: the folder holds a workspace, the file is no backup, the key is none, or the database is elsewhere.
    """
    if (home / "workspace.key").exists() or (home / DATABASE).exists():
        raise BackupError(f"{home} holds a workspace already: restore into an empty folder")
    words = key.read_text().strip()
    if len(words) != 64 or set(words) - set("0123456789abcdef"):
        raise BackupError(f"{key} is no key of a workspace: it has one line of 64 signs, 0 to 9 and a to f")
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=home, prefix=".restore-") as folder:
        names = _extract(source, Path(folder))
        _require_one_database(DATABASE in names, database_url)
        _move(Path(folder), home)
    _create_private(home / "workspace.key")
    (home / "workspace.key").write_text(words)
    originals = sum(name.startswith("originals/") for name in names)
    return Backup(source.stat().st_size, originals, DATABASE in names)


def _extract(source: Path, folder: Path) -> list[str]:
    """Unpack what is ours; the names of its files."""
    try:
        with tarfile.open(source) as tar:
            members = [member for member in tar.getmembers() if _is_ours(member)]
            tar.extractall(folder, members, filter="data")
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise BackupError(f"{source} cannot be read as a backup: {error}") from error
    names = [member.name for member in members if member.isfile()]
    if not names:
        raise BackupError(f"{source} is no backup of a workspace")
    if SETTINGS in names:  # an earlier version put all of it in
        (folder / SETTINGS).write_text(_without_secrets(folder / SETTINGS))
    return names


def _require_one_database(has_database: bool, database_url: str) -> None:
    """A restore works on the database that came back, never on one that somebody else works with."""
    if has_database and database_url:
        raise BackupError(f"the backup holds its database: unset {PREFIX}DATABASE_URL, which names another")
    if not has_database and not database_url:
        raise BackupError(
            f"the backup holds no database: restore it with pg_restore and name that copy in {PREFIX}DATABASE_URL"
        )


def _move(folder: Path, home: Path) -> None:
    """Move everything, the database last: without it the folder holds no workspace and may be restored into again."""
    shutil.copytree(folder, home, dirs_exist_ok=True, copy_function=os.replace, ignore=shutil.ignore_patterns(DATABASE))
    if (folder / DATABASE).exists():
        (folder / DATABASE).replace(home / DATABASE)


def _is_ours(member: tarfile.TarInfo) -> bool:
    return member.name in (DATABASE, SETTINGS) or member.name.partition("/")[0] in FOLDERS


def _create_private(path: Path) -> None:
    """An empty file that only its owner reads: what is in a workspace is nobody else's."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
