"""A small taxonomy and an empty database for the tests of scores."""

from __future__ import annotations

import itertools
import shutil

import pytest
from sqlalchemy import select

from ingest.readers.base import Row, Table
from insightrepo.database import Database
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.models import (
    Base,
    Instrument,
    Membership,
    Outcome,
    Product,
    Respondent,
    Segment,
    Task,
    Term,
    Trial,
)  # fmt: skip
from insightrepo.scores.computing.computing import compute_wave
from insightrepo.scores.intake.importing import import_answers
from insightrepo.scores.waves.waves import ensure_instrument, ensure_wave

HEADER = ("respondent", "outcome", "satisfaction", "importance", "segment", "product")


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """Outcomes TRIP-1 to TRIP-3, segments on two dimensions, and a product tree of app > (search, booking)."""
    path = tmp_path_factory.mktemp("scores") / "template.db"
    made = Database(f"sqlite:///{path}")
    Base.metadata.create_all(made.engine)
    with made.writing() as session:
        session.add_all(
            [
                Outcome(code="TRIP-1", name="Find a place for everyone", job="find a place", aliases=["where to go"]),
                Outcome(code="TRIP-2", name="Agree on a date", job="agree on a date", aliases=["dates", "shared"]),
                Outcome(
                    code="TRIP-3", name="Keep within the budget", job="keep to budget", aliases=["money", "shared"]
                ),
                Segment(code="parents", name="Parents", dimension="household"),
                Segment(code="couples", name="Couples", dimension="household"),
                Segment(code="singles", name="Singles", dimension="household"),
                Segment(code="new", name="New customers", dimension="tenure"),
            ]
        )
        app = Product(code="app", name="The app")
        session.add(app)
        session.flush()
        session.add_all(
            [
                Product(code="search", name="Search", parent_id=app.id),
                Product(code="booking", name="Booking", parent_id=app.id),
            ]
        )
    made.close()
    return path


@pytest.fixture
def database(template, tmp_path):
    """The taxonomy of `template` and nothing else."""
    path = tmp_path / "scores.db"
    shutil.copy(template, path)
    made = Database(f"sqlite:///{path}")
    yield made
    made.close()


@pytest.fixture
def pseudonyms():
    return Pseudonyms(bytes(range(32)))


@pytest.fixture
def table():
    """Makes a table from a header and rows, written as words between white space; "-" is an empty cell."""

    def make(header: str, *rows: str) -> Table:
        cells = [tuple("" if cell == "-" else cell for cell in row.split()) for row in rows]
        return Table(tuple(header.split()), tuple(Row(number, values) for number, values in enumerate(cells, 2)))

    return make


@pytest.fixture
def answered(database, pseudonyms):
    """Imports people into a wave: ``answered("2025-Q1", (70, "5"), (30, "1"))``.

    Each group is (how many, satisfaction, importance, segment, product), what is left out stays empty. `who` begins
    the ids: the same in two waves is the same people.
    """

    def bring(wave, *groups, who=None, outcome="TRIP-1", **options):
        rows = []
        for count, *values in groups:
            values = [*values, "", "", "", ""][:4]
            for _ in range(count):
                number = len(rows) + 2
                rows.append(Row(number, (f"{who or wave} {number}", outcome, *values)))
        return import_answers(database, pseudonyms, wave, Table(HEADER, tuple(rows)), **options)

    return bring


@pytest.fixture
def tasks(database):
    """Tasks T-1 (search) and T-2 (booking) of the outcome TRIP-1, T-3 (booking) of none."""
    with database.writing() as session:
        products = {product.code: product for product in session.scalars(select(Product))}
        outcome = session.scalars(select(Outcome).where(Outcome.code == "TRIP-1")).one()
        for code, product in (("T-1", "search"), ("T-2", "booking"), ("T-3", "booking")):
            task = Task(code=code, name=f"Do {code}", product_id=products[product].id)
            session.add(task)
            if code != "T-3":
                outcome.tasks.append(task)


@pytest.fixture
def tried(database, tasks):
    """Stores trials and computes: ``tried("2025-Q1", "T-1", (30, {"completed": True}, "parents"), …)``."""
    known: dict[str, int] = {}
    tries = itertools.count()

    def bring(code, task, *groups, who=None, compute=True, **wave_settings):
        with database.writing() as session:
            instrument = session.scalar(select(Instrument)) or ensure_instrument(session, "Survey", 1, 5)
            wave = ensure_wave(session, code, instrument)
            wave.settings = wave_settings or wave.settings
            terms = dict(session.execute(select(Term.code, Term.id)).tuples().all())
            task_id = session.scalar(select(Task.id).where(Task.code == task))
            number = 0
            for many, values, *segments in groups:
                for _ in range(many):
                    name = f"{who or code + task} {number}"
                    number += 1
                    if name not in known:
                        person = Respondent(key=name)
                        session.add(person)
                        session.flush()
                        known[name] = person.id
                    for segment in segments:
                        key = (wave.id, known[name], terms[segment])
                        if session.get(Membership, key) is None:
                            session.add(Membership(wave_id=key[0], respondent_id=key[1], segment_id=key[2]))
                    session.add(Trial(wave_id=wave.id, identity=f"{task} {name} {next(tries)}", task_id=task_id,
                                      respondent_id=known[name], **values))  # fmt: skip
            session.flush()
            if compute:
                compute_wave(session, wave)

    return bring
