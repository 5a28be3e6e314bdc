"""Opportunity (Ulwick): how much an outcome matters and how little it is met, with its interval and its change.

A cell is an array of people, one row each: satisfaction and importance as the share (0 to 1) of the person's answers
in the top box, NaN where they gave none. Shares are 0 to 1, opportunity is 0 to 20.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from insightrepo.scores.statistics import Comparison, Estimate, Z

DRAWS = 1000  # of each bootstrap
SMALL = 5  # fewer people than this in or out of a top box: the normal formula does not hold
HIGHEST = 20.0
BANDS = ((15.0, "major"), (12.0, "solid"), (10.0, "worth a look"))  # configurable by convention, printed with scores
LOWEST_BAND = "served or unimportant"
HIGH = 7.0  # from here importance and satisfaction (0 to 10) both count as high: table stakes


def opportunity(importance: float, satisfaction: float) -> float:
    """``I + max(I - S, 0)``, 0 to 20, of importance and satisfaction as ten times their top-box shares."""
    return importance + max(importance - satisfaction, 0.0)


def band(value: float, bands: Sequence[tuple[float, str]] = BANDS) -> str:
    """The name of an opportunity: above 15 major, 12 to 15 solid, 10 to 12 worth a look, else served or unimportant.

    `bands` are others than these: (from, name), falling; the first begins above its floor, the others on it.
    """
    if value > bands[0][0]:
        return bands[0][1]
    return next((name for floor, name in bands[1:] if value >= floor), LOWEST_BAND)


def landscape(importance: float, satisfaction: float) -> str:
    """Where an outcome stands, from I and S on 0 to 10.

    Under-served (opportunity of 10 or more, and I above S), over-served (S above I), table stakes (both at least 7),
    appropriately served.
    """
    if importance > satisfaction and opportunity(importance, satisfaction) >= BANDS[-1][0]:
        return "under-served"
    if satisfaction > importance:
        return "over-served"
    return "table stakes" if min(importance, satisfaction) >= HIGH else "appropriately served"


def opportunity_se(
    importance: float,
    satisfaction: float,
    n_importance: float,
    n_satisfaction: float,
    both_top: float = 0.0,
    n_both: float = 0.0,
) -> float:
    """Standard error of ``10 (2 pI - pS)``, opportunity where I > S, from shares of 0 to 1.

    ``100 (4 pI(1-pI)/nI + pS(1-pS)/nS - 4 cov nB/(nI nS))`` under the root, ``cov = p11 - pI pS``: independent people
    where nobody gave both (n_both 0), METHODS' paired formula where all did (n_both = nI = nS). `both_top` is p11, the
    share of those who gave both that is in both top boxes.
    """
    covariance = (both_top - importance * satisfaction) * n_both / (n_importance * n_satisfaction)
    variance = (
        4 * importance * (1 - importance) / n_importance
        + satisfaction * (1 - satisfaction) / n_satisfaction
        - 4 * covariance
    )
    return 10 * math.sqrt(max(variance, 0.0))


def estimate_opportunity(people: np.ndarray, seed: list[int], weights: np.ndarray | None = None) -> Estimate:
    """Opportunity of a cell's people (shape n x 2: satisfaction, importance) with its 95% interval.

    The normal formula far above the kink I = S; else, with weights, and where fewer than 5 people are in or out of a
    top box, the percentiles of a bootstrap over people, seeded by `seed` (non-negative ints). The interval holds the
    estimate.

    Raises:
        ValueError: nobody gave an importance, or nobody a satisfaction.
    """
    if needs_bootstrap(people, weights):
        return from_draws(people, weights, draw(people, weights, seed))
    value, share_s, share_i, gap = _facts(people)
    se = opportunity_se(share_i, share_s, gap.n_i, gap.n_s, gap.both_top, gap.n_both)
    return Estimate(value, max(value - Z * se, 0.0), min(value + Z * se, HIGHEST), se)


@dataclass(frozen=True)
class _Gap:
    n_i: int
    n_s: int
    both_top: float
    n_both: int


def _facts(people: np.ndarray) -> tuple[float, float, float, _Gap]:
    satisfaction, importance = people[:, 0], people[:, 1]
    some_s, some_i = ~np.isnan(satisfaction), ~np.isnan(importance)
    if not some_s.any() or not some_i.any():
        raise ValueError("opportunity needs someone who gave an importance and someone who gave a satisfaction")
    share_s, share_i = float(satisfaction[some_s].mean()), float(importance[some_i].mean())
    both = some_s & some_i
    both_top = float((satisfaction[both] * importance[both]).mean()) if both.any() else 0.0
    gap = _Gap(int(some_i.sum()), int(some_s.sum()), both_top, int(both.sum()))
    return opportunity(10 * share_i, 10 * share_s), share_s, share_i, gap


def needs_bootstrap(people: np.ndarray, weights: np.ndarray | None = None) -> bool:
    """Whether the interval of the cell's opportunity is a bootstrap's: weighted, near the kink, or a box near empty."""
    if weights is not None:
        return True
    _, share_s, share_i, gap = _facts(people)
    gap_se = _gap_se(share_i, share_s, gap.n_i, gap.n_s, gap.both_top, gap.n_both)
    return share_i - share_s <= 2 * gap_se or _sparse(people)


def from_draws(people: np.ndarray, weights: np.ndarray | None, draws: np.ndarray) -> Estimate:
    """Opportunity of people with the percentile interval of their bootstrap; the estimate is inside."""
    value = _value(people, weights)
    low, high = _middle(draws)
    return Estimate(
        value, float(min(max(low, 0.0), value)), float(max(min(high, HIGHEST), value)), float(draws.std(ddof=1))
    )


def draw(people: np.ndarray, weights: np.ndarray | None, seed: Sequence[int]) -> np.ndarray:
    """`DRAWS` opportunities of resampled people (n x 2), the same for the same seed."""
    sums, counts = _sums(people, None if weights is None else np.column_stack([weights] * 2), seed)
    shares = sums / np.maximum(counts, 1e-12)
    return _of(shares[:, 1], shares[:, 0])


def opportunity_change(now: np.ndarray, before: np.ndarray, seed: list[int]) -> Comparison:
    """Change in opportunity (now minus before) of different people: a normal test on the bootstrap's spread."""
    spread = draw(now, None, [*seed, 1]) - draw(before, None, [*seed, 2])
    return change_from_draws(_value(now) - _value(before), spread)


def paired_opportunity_change(people: np.ndarray, seed: list[int], weights: np.ndarray | None = None) -> Comparison:
    """Change in opportunity of one panel, now minus before.

    `people` is n x 4: satisfaction and importance now, satisfaction and importance before, one row a person (NaN where
    the person was not in that wave); `weights` likewise, n x 2: now, before. Whole people are drawn, so what the waves
    share is kept.
    """
    spread_weights = None if weights is None else np.repeat(weights, 2, axis=1)
    sums, counts = _sums(people, spread_weights, seed)
    shares = sums / np.maximum(counts, 1e-12)
    spread = _of(shares[:, 1], shares[:, 0]) - _of(shares[:, 3], shares[:, 2])
    now, before = (None, None) if weights is None else (weights[:, 0], weights[:, 1])
    return change_from_draws(_value(people[:, :2], now) - _value(people[:, 2:], before), spread)


def change_from_draws(difference: float, spread: np.ndarray) -> Comparison:
    """The test and interval of a difference from its bootstrap: normal on the spread, percentiles around it."""
    from scipy.special import ndtr

    se = float(spread.std(ddof=1))
    z = difference / se if se else 0.0
    low, high = _middle(spread)
    return Comparison(
        difference, z, float(2 * ndtr(-abs(z))), low=float(min(low, difference)), high=float(max(high, difference)),
        test="bootstrap of the difference",
    )  # fmt: skip


def _middle(draws: np.ndarray) -> tuple[float, float]:
    """The middle 95% of draws: their 2.5th and 97.5th percentiles, as numpy's but without its overhead."""
    ordered = np.sort(draws)
    places = np.array([0.025, 0.975]) * (len(ordered) - 1)
    below = places.astype(int)
    low, high = ordered[below] + (places - below) * (ordered[below + 1] - ordered[below])
    return float(low), float(high)


def _value(people: np.ndarray, weights: np.ndarray | None = None) -> float:
    some = ~np.isnan(people)
    each = some.astype(float) if weights is None else some * weights[:, None]
    shares = (np.nan_to_num(people) * each).sum(axis=0) / each.sum(axis=0)
    return opportunity(10 * float(shares[1]), 10 * float(shares[0]))


def _of(importance: np.ndarray, satisfaction: np.ndarray) -> np.ndarray:
    return 10 * (importance + np.maximum(importance - satisfaction, 0.0))


def _gap_se(p_i: float, p_s: float, n_i: int, n_s: int, both_top: float, n_both: int) -> float:
    covariance = (both_top - p_i * p_s) * n_both / (n_i * n_s)
    return math.sqrt(max(p_i * (1 - p_i) / n_i + p_s * (1 - p_s) / n_s - 2 * covariance, 0.0))


def _sparse(people: np.ndarray) -> bool:
    some = ~np.isnan(people)
    tops = np.where(some, people, 0.0).sum(axis=0)
    return bool(min(tops.min(), (some.sum(axis=0) - tops).min()) < SMALL)


def _sums(people: np.ndarray, weights: np.ndarray | None, seed: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Weighted sums and counts of each column in `DRAWS` resamples of people, drawn as a multinomial over their few
    kinds (values and weights).

    Where a top box is nearly empty or full, one person of each of the four kinds (in, out of either box) is added to
    the kinds that are drawn from: the margins then are adjusted Wald's (x + 2) / (n + 4), and the spread is not 0.
    """
    values, each, sizes = _kinds(people, weights)
    chances = sizes.astype(float)
    if _sparse(people):
        corners = np.array([[s, i] for s in (0.0, 1.0) for i in (0.0, 1.0)])
        corners = np.tile(corners, (1, people.shape[1] // 2))
        values = np.vstack([values, corners])
        each = np.vstack([each, np.ones_like(corners)])
        chances = np.concatenate([chances, np.ones(4)])
    draws = (
        np.random.default_rng(list(seed)).multinomial(len(people), chances / chances.sum(), size=DRAWS).astype(float)
    )
    some = ~np.isnan(values)
    both = draws @ np.hstack([np.where(some, values, 0.0) * each, some * each])
    return both[:, : people.shape[1]], both[:, people.shape[1] :]


def _kinds(people: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The different rows, with their weights and how many people are of each."""
    marked = np.where(np.isnan(people), -1.0, people)  # NaN is not equal to itself
    if weights is None and (marked == np.round(marked)).all():  # a number for each kind: much faster than rows
        width = people.shape[1]
        codes = (marked + 1) @ 3.0 ** np.arange(width)
        counts = np.bincount(codes.astype(np.int64), minlength=3**width)
        found = np.flatnonzero(counts)
        values = np.column_stack([found // 3**place % 3 - 1.0 for place in range(width)])
        return np.where(values < 0, np.nan, values), np.ones_like(values), counts[found]
    each = np.ones_like(marked) if weights is None else np.nan_to_num(weights)
    kinds, sizes = np.unique(np.hstack([marked, each]), axis=0, return_counts=True)
    values, each = np.hsplit(kinds, 2)
    return np.where(values < 0, np.nan, values), each, sizes
