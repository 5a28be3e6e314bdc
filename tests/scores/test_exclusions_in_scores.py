"""What an exclusion leaves out is counted, and changes of a cell come with an interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from insightrepo.accounts.access import Reader
from insightrepo.models import Exclusion, Respondent, Term, Wave
from insightrepo.scores.computing.computing import compute_wave, stale_waves
from insightrepo.scores.computing.statistics import overlapping_proportions_interval, two_proportions_interval
from insightrepo.scores.reading import ScoreQuery, read_scores

ADA = Reader(0, "ada@example.com", "administrator")  # sees all


@pytest.fixture
def leave_out(database):
    """Adds an exclusion of terms by code to the only wave and computes."""

    def go(reason="speeders", respondents=0, **codes):
        with database.writing() as session:
            wave = session.scalars(select(Wave)).one()
            ids = dict(session.execute(select(Term.code, Term.id)).tuples().all())
            named = {f"{axis}_id": ids[code] for axis, code in codes.items()}
            people = session.scalars(select(Respondent.id).order_by(Respondent.id).limit(respondents)).all()
            for respondent in people or [None]:
                session.add(Exclusion(wave_id=wave.id, reason=reason, respondent_id=respondent, **named))
            session.flush()
            assert stale_waves(session, wave) == [wave.id]
            compute_wave(session, wave)

    return go


@pytest.fixture
def read(database):
    def get(**wanted):
        with database.reading() as session:
            return {(row.segment, row.product): row for row in read_scores(session, ADA, ScoreQuery(**wanted))}

    return get


def test_excluded_people_are_not_in_n_and_are_counted(answered, leave_out, read):
    answered("2025-Q1", (40, "5"), (20, "1"))
    leave_out(respondents=10)
    row = read()[None, None]
    assert (row.n, row.answers, row.excluded) == (50, 50, 10)


def test_a_segment_that_is_left_out_has_no_scores_and_is_counted_in_the_whole(answered, leave_out, read):
    answered("2025-Q1", (40, "5", "", "parents"), (20, "1", "", "couples"))
    leave_out(segment="couples")
    found = read()
    assert set(found) == {(None, None), ("parents", None)}
    assert (found[None, None].n, found[None, None].excluded) == (40, 20)
    assert found["parents", None].excluded is None


def test_an_exclusion_takes_only_what_all_of_it_matches(answered, leave_out, read):
    answered("2025-Q1", (40, "5", "", "parents", "search"), (20, "1", "", "parents", "booking"))
    leave_out(segment="parents", product="booking")
    assert (read()[None, None].n, read()["parents", "app"].excluded) == (40, 20)


def test_a_product_that_is_left_out_takes_those_below_it(answered, leave_out, read):
    answered("2025-Q1", (40, "5", "", "", "search"), (20, "1"))
    leave_out(product="app")
    assert (read()[None, None].n, read()[None, None].excluded) == (20, 40)


def test_an_outcome_that_is_left_out_leaves_the_others(database, answered, leave_out):
    answered("2025-Q1", (20, "5"))
    answered("2025-Q1", (20, "5"), outcome="TRIP-2", who="others")
    leave_out(outcome="TRIP-1")
    with database.reading() as session:
        assert [row.outcome for row in read_scores(session, ADA, ScoreQuery())] == ["TRIP-2"]


def test_a_change_of_different_people_has_the_interval_of_agresti_and_caffo(answered, read):
    answered("2025-Q1", (80, "5"), (120, "1"))
    answered("2025-Q2", (120, "5"), (80, "1"))
    row = read(waves=("2025-Q2",))[None, None]
    low, high = two_proportions_interval(120, 200, 80, 200)
    assert (row.change_low, row.change_high) == pytest.approx((100 * low, 100 * high))


def test_the_change_of_a_panel_is_known_better(answered, read):
    groups = (60, "5"), (60, "1")
    answered("2025-Q1", *groups, who="panel")
    answered("2025-Q2", (60, "5"), (12, "5"), (48, "1"), who="panel")
    row = read(waves=("2025-Q2",))[None, None]
    apart = two_proportions_interval(72, 120, 60, 120)
    assert row.change == pytest.approx(10)
    assert row.change_high - row.change_low < 0.7 * 100 * (apart[1] - apart[0])
    assert row.change_low > 0


def test_a_change_of_opportunity_has_the_percentiles_of_its_bootstrap(answered, read):
    answered("2025-Q1", (160, "5", "5"), (40, "1", "5"))
    answered("2025-Q2", (40, "5", "5"), (160, "1", "5"))
    row = read(waves=("2025-Q2",), measures=("opportunity",))[None, None]
    se = 10 * np.sqrt(2 * 0.2 * 0.8 / 200)  # importance is full: only satisfaction moves it
    assert row.change == pytest.approx(6)
    assert (row.change_low, row.change_high) == pytest.approx((6 - 1.96 * se, 6 + 1.96 * se), abs=0.3)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(60, 200), st.integers(60, 200), st.floats(0, 0.001))
def test_the_interval_of_a_change_holds_the_change(x1, x2, n1, n2, covariance):
    low, high = overlapping_proportions_interval(x1 / n1, n1, x2 / n2, n2, covariance)
    assert -1 <= low <= x1 / n1 - x2 / n2 <= high <= 1
