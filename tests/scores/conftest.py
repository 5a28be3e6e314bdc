"""A small taxonomy and an empty database for the tests of scores."""

from __future__ import annotations

import pytest

from ingest.readers.base import Row, Table
from insightrepo.database import Database
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.models import Base, Outcome, Product, Segment


@pytest.fixture
def database(tmp_path):
    """Outcomes TRIP-1 to TRIP-3, segments on two dimensions, and a product tree of app > (search, booking)."""
    made = Database(f"sqlite:///{tmp_path / 'scores.db'}")
    Base.metadata.create_all(made.engine)
    with made.writing() as session:
        session.add_all([
            Outcome(code="TRIP-1", name="Find a place for everyone", job="find a place", aliases=["where to go"]),
            Outcome(code="TRIP-2", name="Agree on a date", job="agree on a date", aliases=["dates", "shared"]),
            Outcome(code="TRIP-3", name="Keep within the budget", job="keep to budget", aliases=["money", "shared"]),
            Segment(code="parents", name="Parents", dimension="household"),
            Segment(code="couples", name="Couples", dimension="household"),
            Segment(code="singles", name="Singles", dimension="household"),
            Segment(code="new", name="New customers", dimension="tenure"),
        ])
        app = Product(code="app", name="The app")
        session.add(app)
        session.flush()
        session.add_all([
            Product(code="search", name="Search", parent_id=app.id),
            Product(code="booking", name="Booking", parent_id=app.id),
        ])
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
