"""A small register on SQLite with people of several kinds, for the tests of editing and the life cycle."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, reader_for
from insightrepo.accounts.users import add_user
from insightrepo.database import Database
from insightrepo.models import Base, Evidence, Outcome, Product, Segment, Study, Task, Team, User

PASSWORD = "a long enough password"
PEOPLE = {  # name: role, scopes, teams
    "rita": ("researcher", (), ()),
    "ada": ("administrator", (), ()),
    "vera": ("viewer", (), ()),
    "sam": ("researcher", ("product:web",), ("South",)),  # a regional team's researcher
    "nora": ("researcher", (), ("North",)),
}


@pytest.fixture(scope="session")
def register_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Outcomes A-1 (candidate), A-2 (active), S-1 (South's own, candidate), two segments, two products, one task."""
    path = tmp_path_factory.mktemp("register") / "template.db"
    made = Database(f"sqlite:///{path}")
    Base.metadata.create_all(made.engine)
    with made.writing() as session:
        app, web = Product(code="app", name="App"), Product(code="web", name="Website")
        toddlers = Segment(code="toddlers", name="Parents of toddlers", dimension="children")
        teens = Segment(code="teens", name="Parents of teenagers", dimension="children")
        session.add_all([app, web, toddlers, teens])
        session.flush()
        for name, (role, scopes, teams) in PEOPLE.items():
            add_user(session, f"{name}@example.com", role, PASSWORD, scopes=scopes, teams=teams)
        south = session.scalars(select(Team).where(Team.name == "South")).one()
        session.add_all(
            [
                _outcome("A-1", "Agree on dates", "in less time", "candidate"),
                _outcome("A-2", "Keep within the budget", "with fewer surprises", "active"),
                _outcome("S-1", "Find a beach", "with ease", "candidate", team_id=south.id),
            ]
        )
        session.add(Task(code="T-1", name="Propose three weeks", product=app))
        study = Study(
            key="s", title="Interviews with families", method="interviews", participants_n=12, state="published"
        )
        closed = Study(key="d", title="A draft of nobody's", method="diary", state="draft")
        session.add_all([study, closed])
        session.flush()
        for number, owner in enumerate((study, study, closed)):
            words = f"We never agree on dates ({number})."
            session.add(
                Evidence(
                    study_id=owner.id, identity=f"e{number}", kind="verbatim", text=words, content_hash=f"h{number}"
                )
            )
    made.close()
    return path


@pytest.fixture
def register(register_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A register of the test's own: see `register_template`."""
    path = tmp_path / "register.db"
    shutil.copy(register_template, path)
    made = Database(f"sqlite:///{path}")
    yield made
    made.close()


@pytest.fixture
def person(register: Database) -> Callable[[str], Reader]:
    """``person("rita")`` is that person as a reader."""

    def of(name: str) -> Reader:
        with register.reading() as session:
            return reader_for(session, session.scalars(select(User).where(User.email == f"{name}@example.com")).one())

    return of


@pytest.fixture
def writing(register: Database) -> Callable[[], AbstractContextManager[Session]]:
    """A session that commits."""
    return register.writing


def _outcome(code: str, job: str, success: str, status: str, **more: object) -> Outcome:
    return Outcome(
        code=code, name=f"{job}, {success}", job=job, success_measure=success, status=status, aliases=[], **more
    )
