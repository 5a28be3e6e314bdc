"""What moved since an insight was written, however many scores stood beside the insights."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from insightrepo.accounts.access import Reader
from insightrepo.library.bulk import insert_rows
from insightrepo.models import Evidence, InsightStep, Outcome, Product, ScoreSnapshot, Segment, Study
from insightrepo.scores.waves.snapshots import moved_since
from insightrepo.scores.waves.waves import find_wave, freeze

ADA = Reader(0, "ada@example.com", "administrator")  # sees all
CELLS = (  # segment, product, satisfied of 200 in Q1 and in Q2
    ("parents", "search", 140, 60),
    ("couples", "booking", 100, 100),
)


@pytest.fixture
def step(database, answered):
    """A step of an insight beside 2,502 scores of Q1, of which Q2 has two: one fell, and the total with it."""
    for code, place in (("2025-Q1", 2), ("2025-Q2", 3)):
        answered(code, *(
            group
            for segment, product, *satisfied in CELLS
            for group in ((satisfied[place - 2], "5", "", segment, product),
                          (200 - satisfied[place - 2], "1", "", segment, product))
        ))  # fmt: skip
        with database.writing() as session:
            freeze(session, find_wave(session, code), None)
    with database.writing() as session:
        study = Study(key="s", title="S")
        evidence = Evidence(study=study, identity="i", kind="insight", text="It works", content_hash="0" * 64)
        session.add_all([study, evidence])
        session.flush()
        found = InsightStep(evidence_id=evidence.id, kind="written", revision=1, text="It works")
        session.add(found)
        session.flush()
        ids = {
            one.code: one.id for model in (Outcome, Segment, Product) for one in session.scalars(select(model)).all()
        }
        of = {"step_id": found.id, "wave_id": find_wave(session, "2025-Q1").id, "issue": 1, "outcome_id": ids["TRIP-1"]}
        cells = [(None, None, 60.0), *((ids[segment], ids[product], n / 2) for segment, product, n, _ in CELLS)]
        rows = [
            {**of, "segment_id": segment, "product_id": product, "measure": "satisfaction", "value": value}
            for segment, product, value in cells
        ]
        others = [
            {**of, "segment_id": None, "product_id": None, "measure": f"M-{number}", "value": 1.0}
            for number in range(2_499)
        ]
        insert_rows(session, ScoreSnapshot, [*others, *rows])
        return found.id


def test_what_moved_is_found_among_thousands_of_cells(database, step):
    with database.reading() as session:
        moved = moved_since(session, ADA, [step])[step]
    assert {(one.segment, one.product, one.before, one.after, one.verdict) for one in moved} == {
        (None, None, 60.0, 40.0, "worse"), ("Parents", "Search", 70.0, 30.0, "worse"),
    }  # fmt: skip
