"""Ranks with their intervals: hand-worked orders, ties, and how sure one can be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insightrepo.scores.computing.ranking import rank_items


def people(*shares: float, n: int = 100) -> np.ndarray:
    """n people by items: importance in the top box for the first share of them; satisfaction for nobody."""
    tops = np.zeros((n, len(shares), 2))
    for item, share in enumerate(shares):
        tops[: round(share * n), item, 1] = 1
    return tops


def ranked(tops: np.ndarray, measure: str = "importance", weights=None, strata=None):
    n = len(tops)
    weights = np.ones(n) if weights is None else weights
    return rank_items(tops, measure, weights, np.zeros(n, int) if strata is None else strata, 7)


def test_the_most_important_is_first_and_equals_share_the_better_place():
    ranks = ranked(people(0.4, 0.9, 0.4, 0.1))
    assert ranks.rank.tolist() == [2, 1, 2, 4]


def test_items_far_apart_have_sure_ranks_and_near_ones_do_not():
    rng = np.random.default_rng(1)
    tops = np.zeros((400, 3, 2))
    tops[:, :, 1] = rng.random((400, 3)) < np.array([0.9, 0.41, 0.40])
    ranks = ranked(tops)
    assert (ranks.low[0], ranks.high[0]) == (1, 1)
    assert (ranks.low[1], ranks.high[1]) == (2, 3)


def test_weights_decide_where_a_heavy_group_thinks_otherwise():
    tops = np.zeros((100, 2, 2))
    tops[:60, 0, 1] = 1
    tops[60:, 1, 1] = 1
    assert ranked(tops).rank.tolist() == [1, 2]
    heavy = np.where(np.arange(100) < 60, 1.0, 3.0)
    assert ranked(tops, weights=heavy).rank.tolist() == [2, 1]


def test_people_are_drawn_within_their_strata():
    tops = np.zeros((100, 2, 2))
    tops[:51, 0, 1] = 1  # one stratum thinks this, the other that: drawn within, the split never moves
    tops[51:, 1, 1] = 1
    strata = (np.arange(100) >= 51).astype(int)
    within, across = ranked(tops, strata=strata), ranked(tops)
    assert (within.low[0], within.high[0]) == (1, 1)
    assert across.high[0] == 2


def test_an_item_that_nobody_rated_has_no_rank():
    tops = people(0.5, 0.6)
    tops[:, 1] = np.nan
    ranks = ranked(tops)
    assert (ranks.rank.tolist(), ranks.low.tolist(), ranks.high.tolist()) == ([1, 0], [1, 0], [1, 0])


def test_opportunity_counts_what_is_important_and_not_met():
    tops = people(0.8, 0.7)
    tops[:80, 0, 0] = 1  # the first is met: opportunity 8; the second not at all: 14
    assert ranked(tops, "opportunity").rank.tolist() == [2, 1]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(2, 6), st.sampled_from(["importance", "opportunity"]))
def test_an_interval_holds_its_rank_and_stays_among_the_items(seed, n, items, measure):
    rng = np.random.default_rng(seed)
    tops = (rng.random((n, items, 2)) < 0.5).astype(float)
    tops[rng.random((n, items, 2)) < 0.2] = np.nan
    ranks = rank_items(tops, measure, rng.uniform(0.3, 3, n), rng.integers(0, 2, n), seed, draws=50)
    some = ranks.rank > 0
    assert (ranks.low[some] <= ranks.rank[some]).all()
    assert (ranks.rank[some] <= ranks.high[some]).all()
    assert ((ranks.low[some] >= 1) & (ranks.high[some] <= items)).all()


def test_the_same_seed_gives_the_same_intervals():
    tops = people(0.5, 0.45, 0.55)
    first, second = ranked(tops), ranked(tops)
    assert first.high.tolist() == pytest.approx(second.high.tolist())
