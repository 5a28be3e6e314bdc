"""Brings a database to the schema of this version, by Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

if TYPE_CHECKING:  # slow to import: only who migrates waits for it
    from alembic.config import Config

REVISION = "0003"  # the newest of migrations/versions


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run the migrations up to `revision` that the database has not had; one that is up to date is left as it is."""
    from alembic import command

    with engine.execution_options(writes=True).begin() as connection:
        command.upgrade(_config(connection), revision)


def is_current(engine: Engine) -> bool:
    """Whether the database has this version's schema."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        return list(connection.scalars(text("SELECT version_num FROM alembic_version"))) == [REVISION]


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
