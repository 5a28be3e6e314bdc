"""What was read of the database is remembered until anybody commits anything to it, and not a moment longer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from insightrepo.database import Database
from insightrepo.locales import decimal, speaking
from insightrepo.memory import remembered
from insightrepo.models import Base, Team

MORE = "from insightrepo.database import Database; from insightrepo.models import Team; import sys\n"
MORE += "with Database(sys.argv[1]).writing() as session: session.add(Team(name='elsewhere'))"


@pytest.fixture
def database(database_url: str):
    database = Database(database_url)
    Base.metadata.drop_all(database.engine)
    Base.metadata.create_all(database.engine)
    yield database
    database.close()


class Teams:
    """Counts the teams, and how often it was asked to."""

    def __init__(self) -> None:
        self.read = 0

    def count(self, session: Session) -> int:
        def load() -> int:
            self.read += 1
            return session.scalar(select(func.count()).select_from(Team)) or 0

        return remembered(session, "teams", load)


def test_it_is_read_once_while_nothing_is_committed(database: Database) -> None:
    teams = Teams()
    for _ in range(3):
        with database.reading() as session:
            assert teams.count(session) == 0
    assert teams.read == 1


def test_a_commit_of_this_process_holds_at_once(database: Database) -> None:
    teams = Teams()
    for number in range(3):  # one connection serves all, and SQLite tells no connection of its own commits
        with database.reading() as session:
            assert teams.count(session) == number
        with database.writing() as session:
            session.add(Team(name=f"team {number}"))
    with database.reading() as session:
        assert teams.count(session) == 3


def test_a_commit_of_another_process_holds_at_once(database: Database, database_url: str) -> None:
    teams = Teams()
    with database.reading() as session:
        assert teams.count(session) == 0
    subprocess.run([sys.executable, "-c", MORE, database_url], check=True)
    with database.reading() as session:
        assert teams.count(session) == 1


def test_who_writes_sees_the_own_change_and_leaves_nothing_behind(database: Database) -> None:
    teams = Teams()
    with database.reading() as session:
        assert teams.count(session) == 0
    writing = database.writing()
    session = writing.__enter__()
    session.add(Team(name="never there"))
    session.flush()
    assert teams.count(session) == 1
    session.rollback()
    writing.__exit__(None, None, None)
    with database.reading() as session:
        assert teams.count(session) == 0


def test_a_reading_transaction_of_sqlite_goes_on_seeing_one_state(tmp_path: Path) -> None:
    database, teams = Database(f"sqlite:///{tmp_path / 'one.db'}"), Teams()
    Base.metadata.create_all(database.engine)
    with database.reading() as before:
        assert teams.count(before) == 0
        with database.writing() as session:
            session.add(Team(name="later"))
        assert teams.count(before) == 0
    with database.reading() as after:
        assert teams.count(after) == 1
    database.close()


def test_words_of_one_locale_are_not_remembered_for_another(database: Database) -> None:
    said = []
    for locale in ("iso", "de", "iso", "de"):
        with speaking(locale), database.reading() as session:
            said.append(remembered(session, "words", lambda: decimal(12.4, 1)))
    assert said == ["12.4", "12,4", "12.4", "12,4"]
