"""The schema of a database: brought up to date, and known without Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

import insightrepo
from insightrepo.database import Database
from insightrepo.schema import REVISION, is_current, upgrade


def test_the_revision_that_is_asked_for_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(insightrepo.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_a_database_is_current_once_it_is_upgraded_and_until_another_version_changes_it(database_url: str) -> None:
    database = Database(database_url)
    assert not is_current(database.engine)
    upgrade(database.engine)
    upgrade(database.engine)
    assert is_current(database.engine)
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert not is_current(database.engine)
    database.close()
