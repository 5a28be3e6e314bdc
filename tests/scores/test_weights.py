"""Weights: raking and post-stratification, and what weighted scores look like."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from ingest.readers.base import Row, Table
from insightrepo.accounts.access import Reader
from insightrepo.models import Segment
from insightrepo.scores.computing.computing import compute_wave
from insightrepo.scores.computing.kinds import kinds_of
from insightrepo.scores.computing.opportunity import estimate_opportunity, needs_bootstrap
from insightrepo.scores.computing.statistics import design_effect, effective_n, proportion_interval, two_proportions
from insightrepo.scores.computing.weights import Margin, WeightsRefused, rake, rake_table
from insightrepo.scores.intake.importing import import_answers
from insightrepo.scores.reading import ScoreQuery, read_scores
from insightrepo.scores.waves.waves import find_wave

ADA = Reader(0, "ada@example.com", "administrator")  # sees all
TABLE = np.array([[7, 9], [12, 7]])
WANTED = {0: (5.0, 15.0), 1: (10.0, 10.0)}


def test_raking_a_table_to_its_margins():
    """Oracle 14."""
    fitted = rake_table(TABLE, WANTED)
    assert fitted == pytest.approx(np.array([[1.775666, 3.224334], [8.224334, 6.775666]]), abs=1e-5)


def test_what_the_weights_of_that_table_cost():
    """Oracles 15 and 23: 35 people, weights uncapped."""
    weights = np.repeat((rake_table(TABLE, WANTED) / TABLE).ravel(), TABLE.ravel())
    assert (effective_n(weights), design_effect(weights)) == pytest.approx((28.984, 1.20756), abs=1e-3)
    low, high = proportion_interval(0.6 * 28.984, 28.984)
    assert (low, high) == pytest.approx((0.4199, 0.7567), abs=1e-4)


def test_kish_of_four_weights():
    """Oracle 16."""
    assert design_effect([0, 1, 2, 3]) == pytest.approx(1.5556, abs=1e-4)


def margin(counts, populations, dimension="household"):
    names = tuple(f"s{place}" for place in range(len(counts)))
    return Margin(dimension, names, np.repeat(np.arange(len(counts)), counts), tuple(populations))


def test_post_stratification_is_population_over_sample_with_a_mean_of_one():
    weights = rake([margin((60, 40), (500, 500))])
    assert (weights.values[0], weights.values[-1]) == pytest.approx((500 / 60 / 10, 500 / 40 / 10))
    assert weights.values.mean() == pytest.approx(1)
    assert (weights.converged, weights.capped) == (True, 0)


def test_a_weight_is_capped_and_it_is_said_how_many_were():
    weights = rake([margin((90, 10), (500, 500))])  # the ten stand for half: 5 times each
    assert (weights.values.max(), weights.capped) == (3.0, 10)
    assert rake([margin((10, 90), (1, 999))]).values.min() == 0.3


@pytest.mark.parametrize(
    ("counts", "populations", "words"),
    [((60, 0), (500, 500), "s1 of the dimension 'household' has a population of 500 and nobody"),
     ((60, 40), (500, None), "s1 of the dimension 'household' has no population"),
     ((60, 40), (500, 0), "s1 of the dimension 'household' has no population")],
)  # fmt: skip
def test_an_empty_cell_is_refused_by_name(counts, populations, words):
    with pytest.raises(WeightsRefused, match=words):
        rake([margin(counts, populations)])


def test_who_is_in_no_segment_of_the_dimension_keeps_the_weight():
    plain = margin((60, 40), (500, 500))
    some = Margin("household", plain.names, np.concatenate([plain.members, [-1] * 10]), plain.populations)
    weights = rake([some])
    assert weights.unplaced == 10
    assert weights.values[:100].sum() / weights.values[100:].sum() == pytest.approx(10)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(4, 60), min_size=4, max_size=4), st.integers(20, 80), st.integers(20, 80)
)  # fmt: skip
def test_raked_margins_are_met_and_weights_stay_in_bounds(counts, first, second):
    table = np.array(counts).reshape(2, 2)
    people = np.repeat(np.arange(4), table.ravel())
    rows, columns = people // 2, people % 2
    raked = rake([
        Margin("a", ("a0", "a1"), rows, (float(first), 100.0 - first)),
        Margin("b", ("b0", "b1"), columns, (float(second), 100.0 - second)),
    ])  # fmt: skip
    assert 0.3 <= raked.values.min() <= raked.values.max() <= 3.0
    if raked.converged and not raked.capped:
        total = raked.values.sum()
        assert raked.values[rows == 0].sum() / total == pytest.approx(first / 100, abs=1e-5)
        assert raked.values[columns == 0].sum() / total == pytest.approx(second / 100, abs=1e-5)


@pytest.fixture
def weighted(database, answered):
    """A wave of 60 parents (all satisfied) and 40 couples (none), weighted half and half."""

    def bring(code="2025-Q1", parents=60, couples=40, happy=60, **options):
        with database.writing() as session:
            for segment in session.scalars(select(Segment).where(Segment.dimension == "household")):
                segment.population = {"parents": 500, "couples": 500, "singles": 0}[segment.code]
        groups = [(happy, "5", "5", "parents"), (parents - happy, "1", "5", "parents"), (couples, "1", "5", "couples")]
        answered(code, *[group for group in groups if group[0]], **options)
        with database.writing() as session:
            wave = find_wave(session, code)
            wave.settings = {"weighting": {"scheme": "post-stratification", "dimensions": ["household"]}}
            compute_wave(session, wave)
            return dict(wave.definition["weighting"])

    return bring


def read(database, **wanted):
    with database.reading() as session:
        return read_scores(session, ADA, ScoreQuery(**wanted))


def test_a_weighted_share_stands_beside_the_unweighted_one(database, weighted):
    kept = weighted()
    (row,) = read(database, segments=("all",), measures=("satisfaction",))
    weights = [5 / 6] * 60 + [5 / 4] * 40
    assert (row.value, row.unweighted_value, row.n) == (pytest.approx(50), pytest.approx(60), 100)
    assert row.n_eff == pytest.approx(effective_n(weights))
    low, high = proportion_interval(0.5 * row.n_eff, row.n_eff)
    assert (row.low, row.high) == pytest.approx((100 * low, 100 * high))
    assert (kept["scheme"], kept["n"], kept["capped"], kept["converged"]) == ("post-stratification", 100, 0, True)
    assert kept["deff"] == pytest.approx(design_effect(weights))


def test_within_a_segment_all_weigh_the_same(database, weighted):
    weighted()
    (row,) = read(database, segments=("parents",), measures=("satisfaction",))
    assert (row.value, row.n_eff, row.unweighted_value) == (pytest.approx(100), pytest.approx(60), pytest.approx(100))


def test_a_weighted_change_is_tested_on_the_effective_n(database, weighted):
    weighted("2025-Q1", happy=60)
    weighted("2025-Q2", happy=30)
    (row,) = read(database, waves=("2025-Q2",), segments=("all",), measures=("satisfaction",))
    n_eff = effective_n([5 / 6] * 60 + [5 / 4] * 40)
    assert row.change == pytest.approx(-25)
    assert row.p_value == pytest.approx(two_proportions(0.25 * n_eff, n_eff, 0.5 * n_eff, n_eff).p_value)
    assert row.change_low < -25 < row.change_high


def test_weights_that_cannot_be_made_leave_the_scores_as_they_were(database, answered):
    answered("2025-Q1", (40, "5", "", "parents"))

    def ask_for_weights():
        with database.writing() as session:
            wave = find_wave(session, "2025-Q1")
            wave.settings = {"weighting": {"scheme": "raking", "dimensions": ["household"]}}
            compute_wave(session, wave)

    with pytest.raises(WeightsRefused, match="no population"):
        ask_for_weights()
    assert [row.unweighted_value for row in read(database, segments=("all",))] == [None]


def test_weighted_opportunity_is_always_a_bootstrap_and_holds_its_value():
    people = np.array([[0.0, 1.0]] * 80 + [[1.0, 1.0]] * 60 + [[0.0, 0.0]] * 40)
    assert not needs_bootstrap(kinds_of(people))
    weights = np.where(np.arange(180) < 90, 1.5, 0.5)
    found = estimate_opportunity(people, [1, 2], weights)
    share_i = (80 * 1.5 + 10 * 1.5 + 50 * 0.5) / 180
    share_s = (10 * 1.5 + 50 * 0.5) / 180
    assert found.value == pytest.approx(10 * (2 * share_i - share_s))
    assert found.low < found.value < found.high


def test_the_same_weight_for_all_is_no_weight():
    people = np.array([[0.0, 1.0]] * 60 + [[1.0, 1.0]] * 50 + [[1.0, 0.0]] * 20)
    plain, same = estimate_opportunity(people, [1, 2]), estimate_opportunity(people, [1, 2], np.full(130, 2.0))
    assert (same.value, same.se) == pytest.approx((plain.value, plain.se), rel=0.08)


def test_an_import_into_a_weighted_wave_says_what_is_missing(database, pseudonyms, weighted):
    weighted()
    with database.writing() as session:
        for segment in session.scalars(select(Segment).where(Segment.code == "singles")):
            segment.population = 100
    late = Table(("respondent", "outcome", "satisfaction", "segment"), (Row(2, ("late", "TRIP-1", "5", "parents")),))
    with pytest.raises(WeightsRefused, match=r"singles .* nobody in the wave"):
        import_answers(database, pseudonyms, "2025-Q1", late)
