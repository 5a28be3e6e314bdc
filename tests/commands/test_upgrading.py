"""`upgrade` brings an older workspace to this version and keeps what was; `backup` and `restore` go round."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result
from command_line import assert_one_line, invoke

from config import Settings
from insightrepo.database import Database
from insightrepo.schema import REVISION, SchemaMismatch, revision, upgrade
from insightrepo.web import create_app, serving
from insightrepo.workspace import Workspace

OLDER = [f"{number:04d}" for number in range(1, int(REVISION))]
ROWS = (
    "INSERT INTO user_account (id, email, name, password_hash, role, active, created_at)"
    " VALUES (1, 'ada@example.com', 'Ada', 'x', 'administrator', 1, '2025-01-01 00:00:00')",
    "INSERT INTO study (id, key, title, method, stage, sensitivity, sharing_terms, state, state_reason, created_at)"
    " VALUES (1, 's', 'Interviews', 'interview', 'live', 'internal', '', 'published', '', '2025-01-01 00:00:00')",
    "INSERT INTO evidence (id, study_id, identity, kind, text, context, content_hash, revision, channel, withdrawn,"
    " created_at) VALUES (1, 1, 'i', 'passage', 'The stops were boring.', '', 'h', 1, '', 0, '2025-01-01 00:00:00')",
    "INSERT INTO outbox (evidence_id, at) VALUES (1, '2025-01-01 00:00:00')",
)


def schema_of(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]


def older_home(home: Path, version: str) -> Path:
    """A workspace as an earlier version left it, with one piece of evidence that waits to be indexed."""
    workspace = Workspace(Settings(home=home, embedding_model="hashing"))
    workspace.make_master_key()
    upgrade(workspace.database.engine, version)
    workspace.close()
    with closing(sqlite3.connect(home / "insightrepo.db")) as connection:
        for statement in ROWS:
            connection.execute(statement)
        connection.commit()
    return home


@pytest.mark.parametrize("version", OLDER)
def test_an_older_workspace_is_copied_upgraded_and_searched(tmp_path: Path, version: str) -> None:
    home = older_home(tmp_path / "home", version)
    assert_one_line(invoke(home, "search", "boring"), f"schema {version}", "run 'insightrepo upgrade'")
    done = invoke(home, "upgrade")
    assert done.exit_code == 0, done.output
    assert f"schema {version} → {REVISION}" in done.stdout
    (copy,) = (home / "backups").iterdir()
    assert str(copy) in done.stdout
    assert (schema_of(copy), schema_of(home / "insightrepo.db")) == (version, REVISION)
    assert copy.stat().st_mode & 0o077 == 0
    assert "The stops were boring." in invoke(home, "search", "boring").stdout
    assert invoke(home, "check").exit_code == 0


def test_a_second_upgrade_changes_nothing_and_says_so(home: Path) -> None:
    before = (home / "insightrepo.db").read_bytes()
    done = invoke(home, "upgrade")
    assert done.exit_code == 0
    assert f"database: schema {REVISION}, as this version needs it" in done.stdout
    assert "indexes: as this version needs them" in done.stdout
    assert (home / "insightrepo.db").read_bytes() == before
    assert not (home / "backups").exists()


def test_an_upgrade_makes_indexes_anew_that_were_made_otherwise(run: Callable[..., Result]) -> None:
    done = run("upgrade", LANGUAGE="none")
    assert "indexed 4 pieces of evidence anew" in done.stdout


def test_what_a_newer_version_made_is_left_alone(home: Path) -> None:
    with closing(sqlite3.connect(home / "insightrepo.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    for arguments in (["upgrade"], ["search", "x"], ["init"]):
        assert_one_line(invoke(home, *arguments), "newer version of InsightRepo", "install that version")
    assert schema_of(home / "insightrepo.db") == "9999"


def test_a_database_elsewhere_is_changed_only_when_somebody_says_that_it_is_backed_up(
    tmp_path: Path, database_url: str
) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("expected: SQLite is copied by the command itself")
    invoke(tmp_path / "home", "init", DATABASE_URL=f"sqlite:///{tmp_path / 'none.db'}")
    database = Database(database_url)
    upgrade(database.engine, "0001")
    refused = invoke(tmp_path / "home", "upgrade", DATABASE_URL=database_url)
    assert_one_line(refused, "pg_dump", "--backed-up")
    assert revision(database.engine) == "0001"
    done = invoke(tmp_path / "home", "upgrade", "--backed-up", DATABASE_URL=database_url)
    assert done.exit_code == 0, done.output
    assert revision(database.engine) == REVISION
    database.close()


def test_a_server_refuses_a_workspace_of_an_older_version_and_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = older_home(tmp_path / "home", OLDER[-1])
    monkeypatch.setenv("INSIGHTREPO_HOME", str(home))
    monkeypatch.setenv("INSIGHTREPO_EMBEDDING_MODEL", "hashing")
    with pytest.raises(SchemaMismatch, match="run 'insightrepo upgrade'"):
        serving.ready_workspace()
    assert_one_line(invoke(home, "serve"), "run 'insightrepo upgrade'")


def test_a_server_whose_database_was_changed_under_it_says_so_on_every_page(home: Path) -> None:
    workspace = Workspace(Settings(home=home, embedding_model="hashing"))
    client = create_app(workspace).test_client()
    assert client.get("/healthz").status_code == 200
    with workspace.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.exec_driver_sql("ALTER TABLE user_account RENAME COLUMN name TO called")
    with client.session_transaction() as cookie:
        cookie["_user_id"] = "1:x"
    answer = client.get("/studies")
    assert answer.status_code == 503
    assert "A newer version of InsightRepo made this database" in answer.text
    assert client.get("/healthz").status_code == 503
    workspace.close()


def test_a_backup_is_restored_into_an_empty_folder_with_its_key(home: Path, tmp_path: Path) -> None:
    file, key = tmp_path / "backup.tar.gz", tmp_path / "workspace.key"
    (home / "settings.env").write_text("INSIGHTREPO_LANGUAGE=none\n")
    assert invoke(home, "upgrade").exit_code == 0
    made = invoke(home, "backup", str(file))
    assert made.exit_code == 0, made.output
    assert "1 originals" in made.stdout
    assert "workspace.key" in made.stdout
    assert file.stat().st_mode & 0o077 == 0
    shutil.move(home / "workspace.key", key)
    shutil.rmtree(home)
    done = invoke(tmp_path / "new", "restore", str(file), "--key", str(key))
    assert done.exit_code == 0, done.output
    assert "indexed 4 pieces of evidence anew" in done.stdout
    assert "database, indexes and originals agree" in done.stdout
    assert "The stops were boring for our kids." in invoke(tmp_path / "new", "search", "boring").stdout


def test_a_backup_is_not_written_over_and_not_restored_over_anything(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    assert invoke(home, "backup", str(file)).exit_code == 0
    before = file.read_bytes()
    assert_one_line(invoke(home, "backup", str(file)), "is there already")
    assert file.read_bytes() == before
    restored = invoke(home, "restore", str(file), "--key", str(home / "workspace.key"))
    assert_one_line(restored, "holds a workspace already")


@pytest.mark.parametrize(("spoiled", "said"), [("file", "cannot be read as a backup"), ("key", "is no key")])
def test_a_spoiled_backup_or_key_says_so(home: Path, tmp_path: Path, spoiled: str, said: str) -> None:
    file, key = tmp_path / "backup.tar.gz", tmp_path / "workspace.key"
    assert invoke(home, "backup", str(file)).exit_code == 0
    shutil.copy(home / "workspace.key", key)
    if spoiled == "file":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    else:
        key.write_text("open sesame")
    assert_one_line(invoke(tmp_path / "new", "restore", str(file), "--key", str(key)), said)


def test_a_key_of_another_workspace_is_noticed(home: Path, tmp_path: Path) -> None:
    file, key = tmp_path / "backup.tar.gz", tmp_path / "workspace.key"
    assert invoke(home, "backup", str(file)).exit_code == 0
    key.write_text("0" * 64)
    done = invoke(tmp_path / "new", "restore", str(file), "--key", str(key))
    assert done.exit_code == 1
    assert "belongs to another workspace key" in done.output
