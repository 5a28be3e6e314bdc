"""An outcome measured by opinion alone or by behaviour alone is said to be; both together are not."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from insightrepo.accounts.access import Reader
from insightrepo.models import Metric, Outcome, Product, Score, Task
from insightrepo.scores.acting.natures import natures, one_sided
from insightrepo.scores.waves.waves import find_wave

ADA = Reader(0, "ada@example.com", "administrator")


@pytest.fixture
def task(database):
    """A task of search that serves TRIP-1, and a way to give it a score."""
    with database.writing() as session:
        product = session.scalars(select(Product).filter_by(code="search")).one()
        made = Task(code="T-1", name="Find a place", product_id=product.id)
        session.add(made)
        made.outcomes = [session.scalars(select(Outcome).filter_by(code="TRIP-1")).one()]
        session.flush()
        return made.id


def score(database, **values):
    with database.writing() as session:
        wave = find_wave(session, "2025-Q1")
        session.add(Score(wave_id=wave.id, **{"value": 70.0, "low": 60.0, "high": 80.0, "n": 40, **values}))


def found(database, reader=ADA):
    with database.reading() as session:
        outcome = session.scalars(select(Outcome.id).where(Outcome.code == "TRIP-1")).one()
        return natures(session, reader, outcome)


def test_answers_alone_are_opinion(database, answered):
    answered("2025-Q1", (40, "5", "5"))
    assert found(database) == {"behaviour": (), "opinion": ("importance", "opportunity", "satisfaction")}
    assert one_sided(found(database)).startswith("Only opinion is measured here")


def test_success_and_time_of_a_task_are_behaviour_and_its_ease_is_not(database, answered, task):
    answered("2025-Q1", (40, "5"))
    score(database, task_id=task, measure="ease", value=5.5)
    assert "ease" in found(database)["opinion"]
    score(database, task_id=task, measure="success")
    assert found(database)["behaviour"] == ("success",)
    assert one_sided(found(database)) is None


def test_a_metric_is_what_the_catalogue_says(database, answered):
    answered("2025-Q1", (40, "5"))
    with database.writing() as session:
        kind = {"kind": "rate", "nature": "behaviour", "unit": "percent", "unit_of_analysis": "user"}
        session.add(Metric(code="return-rate", name="Return rate", **kind))
        outcome = session.scalars(select(Outcome.id).where(Outcome.code == "TRIP-1")).one()
    score(database, outcome_id=outcome, measure="return-rate")
    assert found(database)["behaviour"] == ("return-rate",)


def test_what_is_suppressed_or_outside_the_scopes_does_not_count(database, answered, task):
    answered("2025-Q1", (40, "5"))
    score(database, task_id=task, measure="success")
    sam = Reader(1, "sam@example.com", "viewer", products=frozenset({0}))
    assert found(database, sam)["behaviour"] == ()
    score(database, task_id=task, measure="time", value=None, low=None, high=None, n=None, note="suppressed")
    assert found(database)["behaviour"] == ("success",)


def test_behaviour_alone_is_said_and_nothing_at_all_is_not():
    assert one_sided({"behaviour": ("success",), "opinion": ()}).startswith("Only behaviour is measured here")
    assert one_sided({"behaviour": (), "opinion": ()}) is None
