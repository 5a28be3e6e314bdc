"""Metrics: from ratings and points to scores, each unit of analysis for itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sqlalchemy import select

from insightrepo.accounts.access import Reader
from insightrepo.models import Membership, Metric, MetricPoint, Outcome, Rating, Respondent, Term, Wave
from insightrepo.scores.computing.computing import compute_wave
from insightrepo.scores.computing.metric_scores import UnitsMixed, refuse_mixed
from insightrepo.scores.computing.statistics import nps, nps_difference, proportion_interval, sus, two_items
from insightrepo.scores.reading import ScoreQuery, read_scores
from insightrepo.scores.waves.waves import ensure_instrument, ensure_wave

ADA = Reader(0, "ada@example.com", "administrator")  # sees all


def metric(code, kind, unit="percent", of="user", **more):
    return Metric(code=code, name=code, kind=kind, nature="opinion", unit=unit, unit_of_analysis=of, **more)


@pytest.fixture
def measure(database):
    """Makes a metric and gives a wave its ratings (value, segment, product) or points, and computes."""

    def go(code, made, ratings=(), points=(), outcome=None):
        with database.writing() as session:
            wave = ensure_wave(session, code, ensure_instrument(session, "Survey", 1, 5))
            known = session.scalar(select(Metric).where(Metric.code == made.code))
            if known is None:
                session.add(made)
                session.flush()
                known = made
            terms = dict(session.execute(select(Term.code, Term.id)).tuples().all())
            for number, (value, *cell) in enumerate(ratings):
                segment, product = [*cell, None, None][:2]
                person = Respondent(key=f"{code} {known.code} {number}")
                session.add(person)
                session.flush()
                if segment:
                    session.add(Membership(wave_id=wave.id, respondent_id=person.id, segment_id=terms[segment]))
                session.add(Rating(wave_id=wave.id, identity=f"{known.code} {number}", metric_id=known.id, value=value,
                                   respondent_id=person.id, product_id=terms.get(product),
                                   outcome_id=terms.get(outcome)))  # fmt: skip
            for number, point in enumerate(points):
                named = {f"{axis}_id": terms[point.pop(axis)] for axis in ("segment", "product") if axis in point}
                session.add(MetricPoint(wave_id=wave.id, identity=f"{known.code} p{number}", metric_id=known.id,
                                        **named, **point))  # fmt: skip
            session.flush()
            compute_wave(session, wave)

    return go


@pytest.fixture
def read(database):
    def get(**wanted):
        with database.reading() as session:
            return {(row.segment, row.product): row for row in read_scores(session, ADA, ScoreQuery(**wanted))}

    return get


def test_nps_is_promoters_less_detractors(measure, read):
    """Oracle 4: p = 1/2, d = 1/6, n = 324."""
    measure("2025-Q1", metric("NPS", "nps", "points"), [(9,)] * 162 + [(7,)] * 108 + [(0,)] * 54)
    row = read()[None, None]
    assert (row.value, row.n) == (pytest.approx(100 / 3), 324)
    assert row.high - row.value == pytest.approx(1.96 * 4.1409, abs=0.001)


def test_two_net_promoter_scores_are_compared(measure, read):
    """Oracle 5: 50/20 against 45/25, 400 people each."""
    for code, promoters, detractors in (("2025-Q1", 200, 80), ("2025-Q2", 180, 100)):
        rest = 400 - promoters - detractors
        measure(code, metric("NPS", "nps", "points"), [(10,)] * promoters + [(8,)] * rest + [(3,)] * detractors)
    row = read(waves=("2025-Q2",))[None, None]
    assert (row.change, row.p_value) == pytest.approx((-10, 0.0759), abs=1e-4)
    assert row.p_value == pytest.approx(nps_difference(nps(200, 80, 400), nps(180, 100, 400)).p_value)
    assert (row.verdict, row.change_low < -10 < row.change_high) == ("no evidence of change", True)


def test_csat_is_the_top_two_box(measure, read):
    measure("2025-Q1", metric("CSAT", "csat", scale_low=1, scale_high=5), [(5,)] * 30 + [(4,)] * 20 + [(3,)] * 50)
    low, high = proportion_interval(50, 100)
    row = read()[None, None]
    assert (row.value, row.low, row.high) == pytest.approx((50, 100 * low, 100 * high))


def test_ces_is_a_mean_or_a_top_box_as_its_unit_says(measure, read):
    ratings = [(7,)] * 20 + [(4,)] * 20
    measure("2025-Q1", metric("CES", "ces", "points of 7", scale_low=1, scale_high=7), ratings)
    measure("2025-Q1", metric("CES-TOP", "ces", scale_low=1, scale_high=7), ratings)
    assert read(measures=("CES",))[None, None].value == 5.5
    assert read(measures=("CES-TOP",))[None, None].value == 50


@pytest.mark.parametrize("kind", ["sus", "umux_lite", "ux_lite", "mean"])
def test_the_others_are_means_with_a_t_interval(measure, read, kind):
    values = [60.0, 70.0, 80.0, 90.0] * 5
    measure("2025-Q1", metric("M", kind, "points"), [(value,) for value in values])
    row = read()[None, None]
    half = 2.09302 * np.std(values, ddof=1) / math.sqrt(20)
    assert (row.value, row.low, row.high) == pytest.approx((75, 75 - half, 75 + half), abs=0.001)


def test_sus_of_ten_answers():
    """Oracle 18."""
    assert [sus(a) for a in ([3] * 10, [5, 1] * 5, [1, 5] * 5, [4, 2] * 5)] == [50, 100, 0, 75]
    with pytest.raises(ValueError, match="ten answers"):
        sus([3] * 9)


def test_umux_lite_and_ux_lite_of_two_answers():
    """Oracle 19."""
    assert (two_items(6, 5, 7), two_items(4, 5, 5)) == (75.0, 87.5)
    with pytest.raises(ValueError, match="from 1 to 5"):
        two_items(6, 5, 5)


def test_a_rating_counts_in_its_segment_and_its_product_and_all_above(measure, read):
    ratings = [(5, "parents", "search")] * 20 + [(1, "couples", "booking")] * 20
    measure("2025-Q1", metric("CSAT", "csat", scale_low=1, scale_high=5), ratings)
    found = {cell: row.value for cell, row in read().items()}
    assert found[None, None] == found[None, "app"] == 50
    assert (found["parents", None], found[None, "booking"], found["parents", "search"]) == (100, 0, 100)


def test_a_rating_of_an_outcome_is_its_own_and_not_the_wholes(measure, read):
    measure("2025-Q1", metric("CSAT", "csat"), [(5,)] * 20, outcome="TRIP-1")
    assert read(outcomes=("none",)) == {}
    assert read(outcomes=("TRIP-1",))[None, None].n == 20


def test_a_rate_has_its_denominator_as_n(measure, read):
    point = {"numerator": 120.0, "denominator": 400.0, "value": 30.0}
    measure("2025-Q1", metric("RATE", "rate", of="account"), points=[point])
    low, high = proportion_interval(120, 400)
    row = read()[None, None]
    assert (row.value, row.n, row.low, row.high) == pytest.approx((30, 400, 100 * low, 100 * high))


def test_a_point_without_n_or_spread_is_no_number(measure, read):
    measure("2025-Q1", metric("A", "mean", "points"), points=[{"value": 7.5}])
    measure("2025-Q1", metric("B", "mean", "points"), points=[{"value": 7.5, "n": 80}])
    found = {code: read(measures=(code,))[None, None] for code in "AB"}
    assert [(row.value, row.n, row.note) for row in found.values()] == [(None, None, "no n"), (None, 80, "no interval")]


def test_points_of_a_cell_add_up(measure, read):
    points = [{"numerator": 10.0, "denominator": 100.0, "value": 10.0},
              {"numerator": 80.0, "denominator": 300.0, "value": 26.7}]  # fmt: skip
    measure("2025-Q1", metric("RATE", "rate", of="account"), points=points)
    assert (read()[None, None].value, read()[None, None].n) == (pytest.approx(22.5), 400)


def test_two_units_of_analysis_are_never_added_up(measure, read):
    point = {"numerator": 10.0, "denominator": 100.0, "value": 10.0}
    measure("2025-Q1", metric("RATE", "rate", of="account"), [(1,)] * 50, [point])
    row = read()[None, None]
    assert (row.value, row.n, row.note, row.verdict) == (None, None, "units mixed", "not enough data")
    with pytest.raises(UnitsMixed, match=r"RATE is counted by account \(version 1\) and user \(version 1\)"):
        refuse_mixed(metric("RATE", "rate"), [("user", 1), ("account", 1)])


def test_two_versions_of_a_metric_are_never_added_up_or_compared(database, measure, read):
    point = {"numerator": 10.0, "denominator": 100.0, "value": 10.0}
    measure("2025-Q1", metric("RATE", "rate", of="account"), points=[dict(point)])
    with database.writing() as session:
        session.scalars(select(Metric)).one().version = 2
    measure("2025-Q2", metric("RATE", "rate", of="account"), points=[dict(point, metric_version=2)])
    row = read(waves=("2025-Q2",))[None, None]
    assert (row.previous_wave, row.note, row.definition_version) == (None, "break", 2)


def test_the_smallest_change_is_the_metrics_own(database, measure, read):
    for code, happy in (("2025-Q1", 500), ("2025-Q2", 560)):
        made = metric("CSAT", "csat", smallest_change=10.0)
        measure(code, made, [(5,)] * happy + [(1,)] * (1000 - happy))
    row = read(waves=("2025-Q2",))[None, None]
    assert (row.q_value < 0.05, row.verdict) == (True, "no evidence of change")
    with database.reading() as session:
        wave = session.scalars(select(Wave).where(Wave.code == "2025-Q2")).one()
        assert wave.definition["smallest_change"]["CSAT"] == 10.0


def test_small_cells_of_metrics_are_hidden_with_what_would_give_them_away(measure, read):
    ratings = [(9, "parents")] * 3 + [(2, "couples")] * 20 + [(9, "singles")] * 40
    measure("2025-Q1", metric("NPS", "nps", "points"), ratings)
    found = read()
    assert [found[code, None].note for code in ("parents", "couples", "singles")] == ["suppressed", "suppressed", None]
    assert (found["parents", None].n, found["parents", None].value) == (None, None)


def test_a_products_point_does_not_follow_from_the_wholes(measure, read):
    points = [{"numerator": 20.0, "denominator": 42.0, "value": 47.6},
              {"numerator": 19.0, "denominator": 40.0, "value": 47.5, "product": "search"}]  # fmt: skip
    measure("2025-Q1", metric("RATE", "rate", of="account"), points=points)
    assert sum(row.note == "suppressed" for row in read().values()) == 1


def test_a_metric_may_be_the_lead_measure_of_an_outcome(database, measure):
    from insightrepo.scores.chips import CellWanted, chips

    measure("2025-Q1", metric("CSAT", "csat"), [(5,)] * 40, outcome="TRIP-1")
    with database.writing() as session:
        outcome = session.scalars(select(Outcome).where(Outcome.code == "TRIP-1")).one()
        outcome.lead_measure = "CSAT"
        wanted = CellWanted(outcome.id)
        session.flush()
        chip = chips(session, ADA, [wanted])[wanted]
    assert (chip.measure, chip.value, chip.unit, chip.n) == ("CSAT", 100, "percent", 40)
