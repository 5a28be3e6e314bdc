"""Open waves know when what their scores rest on was changed somewhere else; frozen ones stay as they are."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import object_session

from insightrepo.models import Outcome, Product, Respondent, Score, Segment, Task, Trial
from insightrepo.scores.computing.applying import recompute_stale
from insightrepo.scores.computing.computing import recompute_all, stale_waves
from insightrepo.scores.waves.issues import freeze, verify
from insightrepo.scores.waves.waves import find_wave


@pytest.fixture
def measured(database, answered):
    """Q1 and Q2: answers of search and booking, and 40 tries at two tasks of search, one of which serves TRIP-1."""
    with database.writing() as session:
        search = session.scalars(select(Product.id).where(Product.code == "search")).one()
        trip = session.scalars(select(Outcome).where(Outcome.code == "TRIP-1")).one()
        session.add(Task(code="T-1", name="Find", product_id=search, outcomes=[trip]))
        session.add(Task(code="T-2", name="Sort", product_id=search))
    for code in ("2025-Q1", "2025-Q2"):
        answered(code, (40, "5", "", "parents", "search"), (20, "1", "", "couples", "booking"))
        with database.writing() as session:
            wave = find_wave(session, code)
            people = [Respondent(key=f"{code} {number}") for number in range(40)]
            session.add_all(people)
            session.flush()
            for task in session.scalars(select(Task)):
                session.add_all(
                    Trial(wave_id=wave.id, identity=f"{task.code} {person.id}", task_id=task.id,
                          respondent_id=person.id, completed=(place % 2 == 0) or task.code == "T-2")
                    for place, person in enumerate(people)
                )  # fmt: skip
            number = wave.id
        recompute_all(database, [number])
    assert stale(database) == []
    return database


def stale(database):
    with database.reading() as session:
        return stale_waves(session)


def value(database, wave, outcome=None, product=None, measure="success"):
    with database.reading() as session:
        query = select(Score.value).where(Score.wave_id == find_wave(session, wave).id, Score.measure == measure,
                                          Score.segment_id.is_(None), Score.task_id.is_(None))  # fmt: skip
        for column, model, code in ((Score.outcome_id, Outcome, outcome), (Score.product_id, Product, product)):
            wanted = select(model.id).where(model.code == code).scalar_subquery()
            query = query.where(column.is_(None) if code is None else column == wanted)
        return session.scalars(query).one_or_none()


def change(database, how):
    with database.writing() as session:
        how(*(session.scalars(select(model).where(model.code == code)).one() for model, code in (
            (Outcome, "TRIP-1"), (Task, "T-1"), (Task, "T-2"), (Product, "booking"), (Product, "search"),
            (Segment, "new"),
        )))  # fmt: skip


def test_an_outcome_that_another_task_serves_has_another_index(measured):
    change(measured, lambda trip, _one, two, *_: trip.tasks.append(two))
    assert len(stale(measured)) == 2
    assert value(measured, "2025-Q1", "TRIP-1") == 50
    assert recompute_stale(measured) == (("2025-Q1", "2025-Q2"), ())
    assert value(measured, "2025-Q1", "TRIP-1") == 75
    assert stale(measured) == []


@pytest.mark.parametrize(
    "how",
    [
        lambda _trip, one, _two, booking, *_: setattr(one, "product_id", booking.id),
        lambda _trip, _one, _two, booking, search, *_: setattr(booking, "parent_id", search.id),
        lambda *terms: setattr(terms[-1], "dimension", "household"),
    ],
    ids=["a task's product", "a product's parent", "a segment's dimension"],
)
def test_what_decides_in_which_cells_people_count_makes_waves_stale(measured, how):
    change(measured, how)
    assert len(stale(measured)) == 2


def test_another_wording_makes_those_waves_stale_that_asked_it_or_tried_its_tasks(measured):
    def reword(code):
        with measured.writing() as session:
            session.scalars(select(Outcome).where(Outcome.code == code)).one().version += 1
        return len(stale(measured))

    assert reword("TRIP-2") == 0
    change(measured, lambda *terms: terms[2].outcomes.extend(outcomes_of(terms[0], "TRIP-3")))
    assert recompute_stale(measured)[0] == ("2025-Q1", "2025-Q2")
    assert reword("TRIP-3") == 2
    assert recompute_stale(measured)[0] == ("2025-Q1", "2025-Q2")
    assert reword("TRIP-1") == 2


def outcomes_of(row, code):
    return object_session(row).scalars(select(Outcome).where(Outcome.code == code)).all()


def test_a_product_that_moved_takes_its_answers_along(measured):
    assert value(measured, "2025-Q1", "TRIP-1", "search", "satisfaction") == 100
    change(measured, lambda _trip, _one, _two, booking, search, *_: setattr(booking, "parent_id", search.id))
    recompute_stale(measured)
    assert value(measured, "2025-Q1", "TRIP-1", "search", "satisfaction") == pytest.approx(200 / 3)


def test_another_name_makes_no_wave_stale(measured):
    change(measured, lambda _trip, one, *_: setattr(one, "name", "Find it"))
    assert stale(measured) == []


def test_a_frozen_wave_keeps_its_figures_and_stays_verified(measured):
    with measured.writing() as session:
        freeze(session, find_wave(session, "2025-Q1"), None)
    change(measured, lambda trip, _one, two, *_: trip.tasks.append(two))
    assert recompute_stale(measured)[0] == ("2025-Q2",)
    assert value(measured, "2025-Q1", "TRIP-1") == 50
    with measured.reading() as session:
        assert [issue.holds for issue in verify(session)] == [True]
