"""What changed between two waves: what is listed first, and what is too small to matter."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from insightrepo.accounts.access import Reader
from insightrepo.models import Outcome, Product, Score, Task
from insightrepo.scores.changes import what_changed
from insightrepo.scores.waves.waves import ensure_wave, find_wave

READER = Reader(1, "ada@example.com", "administrator")


@pytest.fixture
def scored(database, answered):
    """Puts scores of two waves in place of the computed ones: (code of outcome or task, change, q, verdict) each."""
    for wave in ("2025-Q1", "2025-Q2"):
        answered(wave, (5, "5"))

    def put(*cells):
        with database.writing() as session:
            session.query(Score).delete()
            before, after = (find_wave(session, code) for code in ("2025-Q1", "2025-Q2"))
            product = session.scalars(select(Product).where(Product.code == "app")).one()
            for code, change, q_value, verdict in cells:
                outcome = session.scalar(select(Outcome).where(Outcome.code == code))
                task = None if outcome else Task(code=code, name=code, product_id=product.id)
                measure = "satisfaction" if outcome else "success"
                for wave, value in ((before, 50.0), (after, 50.0 + change)):
                    session.add(
                        Score(
                            wave_id=wave.id, outcome=outcome, task=task, measure=measure, value=value, n=100,
                            low=value - 5, high=value + 5, verdict=verdict if wave is after else "not enough data",
                            change=change if wave is after else None, q_value=q_value if wave is after else None,
                            p_value=q_value / 5 if wave is after else None,
                            previous_wave_id=before.id if wave is after else None,
                        )
                    )  # fmt: skip
        with database.reading() as session:
            return what_changed(session, READER)

    return put


def codes(cells):
    return [cell.subject.code for cell in cells]


def test_outcomes_stand_before_tasks_and_what_got_worse_before_what_got_better(scored):
    found = scored(
        ("T-1", -40.0, 0.001, "worse"),
        ("TRIP-1", 30.0, 0.001, "better"),
        ("TRIP-2", -10.0, 0.001, "worse"),
        ("TRIP-3", -20.0, 0.001, "worse"),
    )
    assert codes(found.real) == ["TRIP-3", "TRIP-2", "TRIP-1", "T-1"]


def test_a_large_change_that_is_not_sure_enough_is_no_evidence_and_not_too_small(scored):
    found = scored(
        ("TRIP-1", 37.0, 0.02, "no evidence of change"),  # beside too many other tests
        ("TRIP-2", 1.0, 0.02, "no evidence of change"),
        ("TRIP-3", 1.0, 0.4, "no evidence of change"),
    )
    assert codes(found.small) == ["TRIP-2"]
    assert codes(found.unsure) == ["TRIP-1"]
    assert (found.too_small, found.no_evidence) == (1, 2)


def test_an_open_wave_is_not_what_the_page_begins_with_once_a_frozen_one_is_compared(scored, database):
    scored(("TRIP-1", -20.0, 0.001, "worse"))
    with database.writing() as session:
        frozen = find_wave(session, "2025-Q2")
        frozen.state = "frozen"
        later = ensure_wave(session, "2025-Q3", frozen.instrument)
        outcome = session.scalars(select(Outcome).where(Outcome.code == "TRIP-1")).one()
        session.add(
            Score(
                wave_id=later.id, outcome=outcome, measure="satisfaction", value=30.0, n=4, previous_wave_id=frozen.id
            )
        )
    with database.reading() as session:
        assert what_changed(session, READER).step.after == "2025-Q2"
        assert what_changed(session, READER, after="2025-Q3").step.provisional
