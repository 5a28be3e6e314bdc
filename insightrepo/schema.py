"""Brings a database to the schema of this version, by Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

if TYPE_CHECKING:  # slow to import: only who migrates waits for it
    from alembic.config import Config

REVISION = "0004"  # the newest of migrations/versions
UPGRADE = "stop the server, then run 'insightrepo upgrade'"


class SchemaMismatch(Exception):
    """The database has not this version's schema; the message says which it has and what to run."""


class UpgradeRefused(SchemaMismatch):
    """An upgrade was not begun; the message says why and what to do."""


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run the migrations up to `revision` that the database has not had; one that is up to date is left as it is."""
    from alembic import command

    with engine.execution_options(writes=True).begin() as connection:
        command.upgrade(_config(connection), revision)


def revision(engine: Engine) -> str | None:
    """The revision of the schema that the database has; None: it has none of our tables."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = list(connection.scalars(text("SELECT version_num FROM alembic_version")))
    return found[0] if len(found) == 1 else None


def is_current(engine: Engine) -> bool:
    """Whether the database has this version's schema."""
    return revision(engine) == REVISION


def require_current(engine: Engine) -> None:
    """Do nothing where the database has this version's schema.

    Raises:
        SchemaMismatch: it has none, an older or a newer one.
    """
    found = revision(engine)
    if found is None:
        raise SchemaMismatch("the database has not been made yet: run 'insightrepo init'")
    if found > REVISION:
        raise SchemaMismatch(
            f"a newer version of InsightRepo made this database (schema {found}, this version has {REVISION}): "
            "install that version, or restore a backup"
        )
    if found != REVISION:
        raise SchemaMismatch(f"the database has schema {found} of an older version, this needs {REVISION}: {UPGRADE}")


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
