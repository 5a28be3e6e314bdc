"""The statistics against worked numbers of METHODS.md, section 8."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insightrepo.scores.computing.statistics import (
    benjamini_hochberg,
    design_effect,
    effective_n,
    geometric_mean,
    mcnemar_mid_p,
    nps,
    nps_difference,
    proportion_interval,
    top_two_box,
    two_proportions,
    two_proportions_interval,
    welch,
)


@pytest.mark.parametrize(
    ("low", "high", "best", "expected"),
    [
        (1, 5, "high", [4, 5]), (1, 5, "low", [1, 2]), (1, 7, "high", [6, 7]), (1, 10, "high", [9, 10]),
        (0, 10, "high", [9, 10]), (1, 4, "low", [1, 2]), (1, 3, "high", [3]), (0, 1, "high", [1]),
    ],
)  # fmt: skip
def test_the_top_box_of_a_scale(low, high, best, expected):
    in_top = top_two_box(low, high, best)
    assert [point for point in range(low, high + 1) if in_top(point)] == expected


def test_the_top_box_of_an_array_is_an_array():
    assert top_two_box(1, 5, "high")(np.array([3, 4, 5])).tolist() == [False, True, True]


@pytest.mark.parametrize(("low", "high", "best"), [(1, 1, "high"), (0, 100, "high"), (1, 5, "top"), (5, 1, "low")])
def test_a_scale_without_a_top_box_is_refused(low, high, best):
    with pytest.raises(ValueError, match="scale"):
        top_two_box(low, high, best)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (4, 5, 0.3596, 0.9797), (7, 10, 0.3923, 0.8967), (3, 10, 0.1033, 0.6077), (9, 10, 0.5740, 1.0),
        (7, 8, 0.5078, 0.9989), (0.6 * 28.984, 28.984, 0.4199, 0.7567),
    ],
)  # fmt: skip
def test_adjusted_wald_intervals_also_with_an_effective_n(successes, n, low, high):
    assert proportion_interval(successes, n) == pytest.approx((low, high), abs=6e-5)


def test_adjusted_wald_intervals_of_arrays():
    low, high = proportion_interval(np.array([4.0, 7.0]), np.array([5.0, 10.0]))
    assert low == pytest.approx([0.3596, 0.3923], abs=6e-5)
    assert high == pytest.approx([0.9797, 0.8967], abs=6e-5)


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_an_impossible_proportion_is_refused(successes, n):
    with pytest.raises(ValueError, match="proportion"):
        proportion_interval(successes, n)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.floats(0, 1).map(lambda share: share * n), st.just(n))))
def test_a_proportion_lies_within_its_interval(case):
    successes, n = case
    low, high = proportion_interval(successes, n)
    assert 0 <= low <= successes / n + 1e-12
    assert successes / n - 1e-12 <= high <= 1


def test_geometric_mean_of_times():
    estimate = geometric_mean([55, 65, 75, 62, 45, 135])
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((68.241, 46.005, 101.225), abs=1e-3)


@pytest.mark.parametrize("times", [[5.0], [5.0, 0.0]])
def test_a_geometric_mean_needs_two_times_above_zero(times):
    with pytest.raises(ValueError, match="two or more times"):
        geometric_mean(times)


def test_nps_from_half_promoters_and_a_sixth_detractors():
    estimate = nps(162, 54, 324)
    assert estimate.value == pytest.approx(100 / 3)
    assert estimate.se == pytest.approx(4.1409, abs=1e-4)
    assert (estimate.se / 100) ** 2 * 324 == pytest.approx(5 / 9)


def test_nps_stays_within_its_range():
    assert nps(10, 0, 10).high == 100


def test_two_nps_compared():
    result = nps_difference(nps(200, 80, 400), nps(180, 100, 400))
    assert (result.difference, result.statistic, result.p_value) == pytest.approx((-10, -1.775, 0.0759), abs=5e-4)


@pytest.mark.parametrize(("case", "z", "p"), [((11, 12, 5, 10), 2.1348, 0.03278), ((8, 793, 15, 736), -1.6515, 0.0986)])
def test_n_minus_one_two_proportion_test(case, z, p):
    result = two_proportions(*case)
    assert result.statistic == pytest.approx(z, abs=6e-5)
    assert result.p_value == pytest.approx(p, abs=6e-5)


def test_two_proportions_that_are_both_whole_do_not_differ():
    assert two_proportions(10, 10, 7, 7).p_value == 1


def test_agresti_caffo_interval():
    assert two_proportions_interval(11, 12, 5, 10) == pytest.approx((0.0201, 0.6942), abs=6e-5)


def test_mcnemar_mid_p():
    assert mcnemar_mid_p(1, 7) == mcnemar_mid_p(7, 1) == pytest.approx(0.0391, abs=5e-5)
    assert mcnemar_mid_p(0, 0) == 1


def test_welch():
    first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2.0]
    second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    result = welch(first, second)
    assert (result.statistic, result.df, result.p_value) == pytest.approx((-1.8608, 17.776, 0.07939), abs=5e-4)


def test_kish_from_the_weights_of_a_raked_table():
    counts = np.array([[7, 9], [12, 7]])
    raked = np.array([[1.775666, 3.224334], [8.224334, 6.775666]])
    weights = np.repeat((raked / counts).ravel(), counts.ravel())
    assert effective_n(weights) == pytest.approx(28.984, abs=5e-4)
    assert design_effect(weights) == pytest.approx(1.20756, abs=5e-6)


def test_kish_design_effect_of_four_weights():
    assert design_effect([0, 1, 2, 3]) == pytest.approx(1.5556, abs=5e-5)


def test_weights_of_nothing_have_no_effective_n():
    with pytest.raises(ValueError, match="weight above 0"):
        effective_n([0, 0])


@given(st.lists(st.floats(0.3, 3), min_size=1, max_size=50))
def test_an_effective_n_is_at_most_n(weights):
    assert 1 - 1e-9 <= effective_n(weights) <= len(weights) + 1e-9


def test_benjamini_hochberg():
    p_values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
                0.6528, 0.7590, 1]  # fmt: skip
    q_values = benjamini_hochberg(p_values)
    assert sum(q <= 0.05 for q in q_values) == 4
    assert q_values[3:5] == pytest.approx([0.0356, 0.0603], abs=5e-5)
    assert sum(p * len(p_values) <= 0.05 for p in p_values) == 3  # what Bonferroni would leave


def test_a_family_of_none_has_no_adjusted_values():
    assert benjamini_hochberg([]) == []
