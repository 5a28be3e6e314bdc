"""A small taxonomy and an empty database for the tests of scores."""

from __future__ import annotations

import shutil

import pytest

from ingest.readers.base import Row, Table
from insightrepo.database import Database
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.models import Base, Outcome, Product, Segment
from insightrepo.scores.importing import import_answers

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
