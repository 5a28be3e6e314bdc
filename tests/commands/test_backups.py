"""What is in a backup, and what a restore never touches."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import pytest
from command_line import assert_one_line, invoke

from config import Settings
from insightrepo import backups
from insightrepo.workspace import Workspace

LIVE = "postgresql+pg8000://ann:hush@db/insights"
SETTINGS = f"""# INSIGHTREPO_DATABASE_URL={LIVE}
PASSWORD=hush
insightrepo_database_url="{LIVE}"
INSIGHTREPO_LANGUAGE=none
export INSIGHTREPO_SECRET_KEY='hush
hush'
"""


def entries(file: Path) -> dict[str, str]:
    """The text files in a backup, by name."""
    with tarfile.open(file) as tar:
        return {one.name: tar.extractfile(one).read().decode("utf-8", "replace") for one in tar if one.isfile()}  # type: ignore[union-attr]


def back_up(home: Path, file: Path) -> backups.Backup:
    workspace = Workspace(Settings(home=home, database_url=f"sqlite:///{home / 'insightrepo.db'}"))
    try:
        return backups.back_up(workspace, file)
    finally:
        workspace.close()


def test_a_backup_holds_no_password_and_not_which_database_was_in_use(home: Path, tmp_path: Path) -> None:
    (home / "settings.env").write_text(SETTINGS)
    back_up(home, tmp_path / "backup.tar.gz")
    assert entries(tmp_path / "backup.tar.gz")["settings.env"] == "INSIGHTREPO_LANGUAGE=none\n"


def test_a_restore_takes_no_database_from_a_backup_of_an_earlier_version(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        tar.add(home / "insightrepo.db", "insightrepo.db")
        header = tarfile.TarInfo("settings.env")
        header.size = len(SETTINGS)
        tar.addfile(header, io.BytesIO(SETTINGS.encode()))
    backups.restore(tmp_path / "new", file, home / "workspace.key")
    assert (tmp_path / "new" / "settings.env").read_text() == "INSIGHTREPO_LANGUAGE=none\n"


def test_a_restore_refuses_another_database_than_the_one_in_the_backup(home: Path, tmp_path: Path) -> None:
    file, key = tmp_path / "backup.tar.gz", str(home / "workspace.key")
    back_up(home, file)
    refused = invoke(tmp_path / "new", "restore", str(file), "--key", key, DATABASE_URL=f"sqlite:///{tmp_path}/live.db")
    assert_one_line(refused, "unset INSIGHTREPO_DATABASE_URL")
    assert not (tmp_path / "live.db").exists()
    assert not list((tmp_path / "new").iterdir())


def test_a_backup_is_made_while_originals_are_written_and_removed(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "originals" / "gone").write_text("x")
    (home / "originals" / ".aside-1").write_text("x")
    add = tarfile.TarFile.add

    def add_late(tar: tarfile.TarFile, name: Path, *args: str, **options: bool) -> None:
        (home / "originals" / "gone").unlink(missing_ok=True)  # after the folder was listed
        add(tar, name, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(backups.tarfile.TarFile, "add", add_late)
    assert back_up(home, tmp_path / "backup.tar.gz").originals == 1
    assert not any(name.endswith(("gone", ".aside-1")) for name in entries(tmp_path / "backup.tar.gz"))


def test_a_broken_backup_leaves_nothing_and_the_good_one_is_restored_after_it(home: Path, tmp_path: Path) -> None:
    file, broken, new = tmp_path / "backup.tar.gz", tmp_path / "broken.tar.gz", tmp_path / "new"
    back_up(home, file)
    packed = bytearray(file.read_bytes())
    packed[len(packed) // 2 :] = b"\xff" * (len(packed) - len(packed) // 2)
    broken.write_bytes(packed)
    key = shutil.copy(home / "workspace.key", tmp_path / "workspace.key")
    with pytest.raises(backups.BackupError, match="cannot be read as a backup"):
        backups.restore(new, broken, key)
    assert not list(new.iterdir())
    assert backups.restore(new, file, key).has_database
