"""Rank correlation over waves and the fourfold correlation of the same people."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insightrepo.scores.computing.association import Fourfold, phi, rank_correlation


def test_ranks_that_agree_but_for_one_swap():
    # d = 0 0 0 1 1: rho = 1 - 6 * 2 / (5 * 24)
    found = rank_correlation([61, 64, 66, 70, 72], [5, 6, 7, 9, 8])
    assert found.value == pytest.approx(0.9)
    se = math.sqrt((1 + 0.9**2 / 2) / 2)
    assert found.low == pytest.approx(math.tanh(math.atanh(0.9) - 1.959963984540054 * se))
    assert found.n == 5
    assert not found.excludes_none  # five points are few


def test_four_waves_are_not_enough():
    found = rank_correlation([1, 2, 3, 4], [1, 2, 3, 4])
    assert (found.value, found.low, found.n) == (None, None, 4)
    assert "not enough data" in found.note


def test_a_metric_that_never_moves_goes_with_nothing():
    assert rank_correlation([1, 2, 3, 4, 5], [7, 7, 7, 7, 7]).value is None


def test_points_come_in_pairs():
    with pytest.raises(ValueError, match="pairs"):
        rank_correlation([1, 2], [1])


def test_phi_by_hand():
    # of 40 who completed 30 were satisfied, of 40 who failed 10: (30*30 - 10*10) / sqrt(40*40*40*40)
    found = phi(Fourfold(30, 10, 10, 30))
    assert found.value == pytest.approx(0.5)
    assert found.low == pytest.approx(math.tanh(math.atanh(0.5) - 1.959963984540054 / math.sqrt(77)))
    assert found.excludes_none


def test_few_people_or_a_side_with_nearly_nobody_give_no_phi():
    assert phi(Fourfold(10, 5, 5, 9)).value is None
    assert phi(Fourfold(60, 30, 2, 2)).value is None


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=5, max_size=30))
def test_a_correlation_lies_within_its_interval_whichever_way_round(points):
    first, second = zip(*points, strict=True)
    found = rank_correlation(first, second)
    if found.value is not None:
        assert -1 <= found.low <= found.value <= found.high <= 1
        assert rank_correlation(second, first).value == pytest.approx(found.value)
