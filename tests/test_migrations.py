"""The migrations give exactly the tables that the code knows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, select
from sqlalchemy.exc import DBAPIError

from insightrepo.database import Database
from insightrepo.models import Base, Evidence, Product, Study, Term
from insightrepo.schema import is_current, upgrade


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database, of each kind in turn."""
    made = Database(database_url)
    yield made
    made.close()


def differences(engine: Engine) -> list:
    with engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata)


def test_an_empty_database_is_not_current_and_a_migrated_one_has_exactly_the_tables_of_the_code(
    database: Database,
) -> None:
    assert not is_current(database.engine)
    assert differences(database.engine)
    upgrade(database.engine)
    assert is_current(database.engine)
    assert differences(database.engine) == []
    assert set(inspect(database.engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}


def test_unique_and_foreign_keys_are_those_of_the_code(database: Database) -> None:
    upgrade(database.engine)
    inspector = inspect(database.engine)
    for table in Base.metadata.sorted_tables:
        foreign = {
            (tuple(key["constrained_columns"]), key["referred_table"], key["options"].get("ondelete"))
            for key in inspector.get_foreign_keys(table.name)
        }
        assert foreign == {
            (tuple(key.column_keys), key.referred_table.name, key.ondelete) for key in table.foreign_key_constraints
        }
        assert inspector.get_pk_constraint(table.name)["constrained_columns"] == [c.name for c in table.primary_key]


def test_migrating_again_keeps_everything(database: Database) -> None:
    upgrade(database.engine)
    with database.writing() as session:
        session.add(Product(code="app", name="The app"))
    upgrade(database.engine)
    with database.reading() as session:
        assert session.scalar(select(Term.code)) == "app"
    assert differences(database.engine) == []


def test_an_id_is_never_used_again(database: Database) -> None:
    upgrade(database.engine)
    ids = []
    for _ in range(3):
        with database.writing() as session:
            study = Study(key="k", title="Study")
            session.add(study)
            session.flush()
            row = Evidence(study_id=study.id, identity="x", kind="passage", text="words", content_hash="h")
            session.add(row)
            session.flush()
            ids.append((study.id, row.id))
            session.delete(row)
            session.flush()
            session.delete(study)
    assert len({study_id for study_id, _ in ids}) == len({row_id for _, row_id in ids}) == 3


def test_foreign_keys_are_kept(database: Database) -> None:
    upgrade(database.engine)
    with pytest.raises(DBAPIError, match=r"(?i)foreign key"), database.writing() as session:
        session.add(Evidence(study_id=77, identity="x", kind="passage", text="words", content_hash="h"))
