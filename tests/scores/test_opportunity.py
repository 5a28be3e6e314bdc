"""Opportunity, its interval near and far from the kink, and its change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insightrepo.scores.computing.kinds import kinds_of
from insightrepo.scores.computing.opportunity import (
    band,
    draw,
    estimate_opportunity,
    landscape,
    opportunity,
    opportunity_change,
    opportunity_parts,
    opportunity_se,
    paired_opportunity_change,
)
from insightrepo.scores.computing.statistics import top_two_box

SEED = [7]


def people(both: int, satisfied: int, important: int, neither: int) -> np.ndarray:
    """Counts of the four kinds as rows of (satisfaction, importance)."""
    kinds = [(1.0, 1.0)] * both + [(1.0, 0.0)] * satisfied + [(0.0, 1.0)] * important + [(0.0, 0.0)] * neither
    return np.array(kinds)


@pytest.mark.parametrize(("importance", "satisfaction", "expected"), [(9, 3, 15), (9, 9, 9), (8, 4, 12)])
def test_opportunity_of_importance_and_satisfaction(importance, satisfaction, expected):
    assert opportunity(importance, satisfaction) == expected


def test_opportunity_takes_top_boxes_and_not_means():
    top = top_two_box(1, 5, "high")
    importance, satisfaction = np.array([5, 5, 4, 4, 3, 5, 4, 2, 5, 4]), np.array([2, 3, 4, 1, 3, 2, 5, 3, 2, 4])
    cell = np.column_stack([top(satisfaction), top(importance)]).astype(float)
    assert cell.mean(axis=0).tolist() == pytest.approx([0.3, 0.8])
    assert estimate_opportunity(cell, SEED).value == pytest.approx(13.0)


def test_standard_error_of_independent_and_of_paired_answers():
    assert opportunity_se(0.8, 0.3, 180, 180) == pytest.approx(0.6872, abs=5e-5)
    assert opportunity_se(0.8, 0.3, 180, 180, both_top=0.2, n_both=180) == pytest.approx(0.7491, abs=5e-5)


def test_interval_of_independent_answers():
    blank = float("nan")
    satisfaction = np.array([(1.0, blank)] * 54 + [(0.0, blank)] * 126)
    importance = np.array([(blank, 1.0)] * 144 + [(blank, 0.0)] * 36)
    estimate = estimate_opportunity(np.vstack([satisfaction, importance]), SEED)
    assert (estimate.low, estimate.high) == pytest.approx((11.653, 14.347), abs=5e-4)


def test_interval_of_paired_answers():
    estimate = estimate_opportunity(people(36, 18, 108, 18), SEED)
    assert estimate.value == pytest.approx(13.0)
    assert estimate.se == pytest.approx(0.7491, abs=5e-5)


def test_bootstrap_near_the_kink_is_the_same_each_time():
    cell = people(60, 30, 33, 20)
    assert estimate_opportunity(cell, SEED) == estimate_opportunity(cell, SEED)


def test_bootstrap_near_the_kink_leans_to_the_side_where_opportunity_can_grow():
    estimate = estimate_opportunity(people(60, 40, 40, 20), SEED)  # I = S: only I above S adds
    assert estimate.high - estimate.value > estimate.value - estimate.low


def test_everybody_agreeing_does_not_make_the_interval_vanish():
    estimate = estimate_opportunity(people(0, 0, 8, 0), SEED)
    assert estimate.value == 20
    assert estimate.low < 18
    assert estimate.high == 20


def test_opportunity_without_importance_is_refused():
    with pytest.raises(ValueError, match="importance"):
        estimate_opportunity(np.array([[1.0, float("nan")]]), SEED)


@settings(max_examples=60, deadline=None)
@given(st.tuples(*[st.integers(0, 60)] * 4).filter(lambda counts: sum(counts) >= 5))
def test_an_opportunity_lies_within_its_interval(counts):
    estimate = estimate_opportunity(people(*counts), SEED)
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 20
    assert estimate.high > estimate.low


def test_a_large_change_in_opportunity_is_seen_and_its_sign_is_now_minus_before():
    low, high = people(150, 20, 20, 10), people(40, 10, 130, 20)
    result = opportunity_change(high, low, SEED)
    assert result.difference > 5
    assert result.p_value < 1e-6


def test_no_change_in_opportunity_has_a_large_p_value():
    cell = people(40, 10, 130, 20)
    result = opportunity_change(cell, cell, SEED)
    assert (result.difference, result.p_value) == (0, 1)


def test_bootstrap_of_the_difference_agrees_with_the_formula_far_from_the_kink():
    now, before = people(36, 18, 108, 18), people(46, 26, 98, 10)
    result = opportunity_change(now, before, SEED)
    se = np.hypot(estimate_opportunity(now, SEED).se, estimate_opportunity(before, SEED).se)
    assert result.difference / result.statistic == pytest.approx(se, rel=0.06)


def test_the_same_people_show_a_change_more_clearly_than_different_people():
    before = people(40, 10, 130, 20)
    now = before.copy()
    now[40:52, 0] = 0.0  # ten of the satisfied and two more are so no longer
    now[0:12, 0] = 0.0
    paired = paired_opportunity_change(np.column_stack([now, before]), SEED)
    apart = opportunity_change(now, before, SEED)
    assert paired.difference == pytest.approx(apart.difference)
    assert paired.p_value < apart.p_value


@pytest.mark.parametrize(
    ("value", "name"),
    [(15.1, "major"), (15, "solid"), (12, "solid"), (11.9, "worth a look"), (10, "worth a look"),
     (9.9, "low opportunity"),
     (11.96, "solid"), (9.96, "worth a look"), (15.04, "solid")],
)  # fmt: skip
def test_bands(value, name):
    assert band(value) == name


@pytest.mark.parametrize(
    ("importance", "satisfaction", "name"),
    [(9, 3, "under-served"), (5, 8, "over-served"), (8, 8, "table stakes"), (10, 10, "table stakes"),
     (4, 3, "appropriately served")],
)  # fmt: skip
def test_landscape(importance, satisfaction, name):
    assert landscape(importance, satisfaction) == name


def test_drawing_kinds_spreads_as_drawing_people_one_by_one_does():
    rng = np.random.default_rng(3)
    cell = people(60, 40, 45, 20)
    weights = np.where(np.arange(len(cell)) % 3, 1.4, 0.4)
    one_by_one = []
    for _ in range(2000):
        who = rng.integers(0, len(cell), len(cell))
        shares = (cell[who] * weights[who, None]).sum(axis=0) / weights[who].sum()
        one_by_one.append(opportunity(10 * shares[1], 10 * shares[0]))
    drawn = draw(kinds_of(cell, weights), SEED)
    assert (drawn.mean(), drawn.std()) == pytest.approx((np.mean(one_by_one), np.std(one_by_one)), rel=0.05)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from([0.0, 1.0, float("nan")])] * 2), min_size=1, max_size=40))
def test_people_counted_by_kind_are_the_same_people(rows):
    cell = np.array(rows)
    kinds = kinds_of(cell)
    assert kinds.people == len(cell)
    assert kinds.given.tolist() == (~np.isnan(cell)).sum(axis=0).tolist()
    assert kinds.tops.tolist() == np.nansum(cell, axis=0).tolist()
    both = ~np.isnan(cell).any(axis=1)
    assert kinds.both == (both.sum(), pytest.approx(cell[both].prod(axis=1).mean() if both.any() else 0.0))


@given(st.tuples(*[st.floats(0, 10)] * 4))
def test_what_importance_and_satisfaction_make_of_a_change_adds_up_to_it(shares):
    before, after = shares[:2], shares[2:]
    parts = opportunity_parts(before, after)
    assert sum(parts) == pytest.approx(opportunity(*after) - opportunity(*before), abs=1e-9)
    if before[0] == after[0]:
        assert parts[0] == pytest.approx(0)
    if before[1] == after[1]:
        assert parts[1] == pytest.approx(0)


def test_above_the_kink_importance_counts_twice_and_satisfaction_once():
    assert opportunity_parts((8, 4), (9, 3)) == pytest.approx((2, 1))
