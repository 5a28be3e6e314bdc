"""Opportunity (Ulwick): how much an outcome matters and how little it is met, with its interval and its change.

A cell is an array of people, one row each: satisfaction and importance as the share (0 to 1) of the person's answers
in the top box, NaN where they gave none. Shares are 0 to 1, opportunity is 0 to 20.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from insightrepo.scores.statistics import Comparison, Estimate, Z

DRAWS = 2000  # of each bootstrap
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


def estimate_opportunity(people: np.ndarray, seed: list[int]) -> Estimate:
    """Opportunity of a cell's people (shape n x 2: satisfaction, importance) with its 95% interval.

    The normal formula far above the kink I = S; else, and where fewer than 5 people are in or out of a top box, the
    percentiles of a bootstrap over people, seeded by `seed` (non-negative ints). The interval holds the estimate.

    Raises:
        ValueError: nobody gave an importance, or nobody a satisfaction.
    """
    satisfaction, importance = people[:, 0], people[:, 1]
    n_satisfaction, n_importance = int((~np.isnan(satisfaction)).sum()), int((~np.isnan(importance)).sum())
    if not n_satisfaction or not n_importance:
        raise ValueError("opportunity needs someone who gave an importance and someone who gave a satisfaction")
    share_s, share_i = float(np.nanmean(satisfaction)), float(np.nanmean(importance))
    value = opportunity(10 * share_i, 10 * share_s)
    both = people[~np.isnan(people).any(axis=1)]
    both_top = float((both[:, 0] * both[:, 1]).mean()) if len(both) else 0.0
    gap_se = _gap_se(share_i, share_s, n_importance, n_satisfaction, both_top, len(both))
    if share_i - share_s > 2 * gap_se and not _sparse(people):
        se = opportunity_se(share_i, share_s, n_importance, n_satisfaction, both_top, len(both))
        low, high = value - Z * se, value + Z * se
    else:
        draws = _draw(people, np.random.default_rng(seed))
        se, (low, high) = float(draws.std(ddof=1)), np.percentile(draws, [2.5, 97.5])
    return Estimate(value, float(min(max(low, 0.0), value)), float(max(min(high, HIGHEST), value)), se)


def opportunity_change(now: np.ndarray, before: np.ndarray, seed: list[int]) -> Comparison:
    """Change in opportunity (now minus before) of different people: a normal test on the bootstrap's spread."""
    rng = np.random.default_rng(seed)
    spread = _draw(now, rng) - _draw(before, rng)
    return _compared(_value(now) - _value(before), spread)


def paired_opportunity_change(people: np.ndarray, seed: list[int]) -> Comparison:
    """Change in opportunity of one panel, now minus before.

    `people` is n x 4: satisfaction and importance now, satisfaction and importance before, one row a person (NaN where
    the person was not in that wave). Whole people are drawn, so what the waves share is kept.
    """
    rng = np.random.default_rng(seed)
    sums, counts = _sums(people, rng)
    shares = sums / np.maximum(counts, 1e-12)
    spread = _of(shares[:, 1], shares[:, 0]) - _of(shares[:, 3], shares[:, 2])
    return _compared(_value(people[:, :2]) - _value(people[:, 2:]), spread)


def _compared(difference: float, spread: np.ndarray) -> Comparison:
    from scipy.special import ndtr

    se = float(spread.std(ddof=1))
    z = difference / se if se else 0.0
    return Comparison(difference, z, float(2 * ndtr(-abs(z))))


def _value(people: np.ndarray) -> float:
    return opportunity(10 * float(np.nanmean(people[:, 1])), 10 * float(np.nanmean(people[:, 0])))


def _of(importance: np.ndarray, satisfaction: np.ndarray) -> np.ndarray:
    return 10 * (importance + np.maximum(importance - satisfaction, 0.0))


def _gap_se(p_i: float, p_s: float, n_i: int, n_s: int, both_top: float, n_both: int) -> float:
    covariance = (both_top - p_i * p_s) * n_both / (n_i * n_s)
    return math.sqrt(max(p_i * (1 - p_i) / n_i + p_s * (1 - p_s) / n_s - 2 * covariance, 0.0))


def _sparse(people: np.ndarray) -> bool:
    tops = np.nansum(people, axis=0)
    others = np.nansum(1 - people, axis=0)
    return bool(min(tops.min(), others.min()) < SMALL)


def _draw(people: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    sums, counts = _sums(people, rng)
    shares = sums / np.maximum(counts, 1e-12)
    return _of(shares[:, 1], shares[:, 0])


def _sums(people: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Sums and counts of each column in `DRAWS` resamples of people, drawn as a multinomial over their few kinds.

    Where a top box is nearly empty or full, one person of each of the four kinds (in, out of either box) is added to
    the kinds that are drawn from: the margins then are adjusted Wald's (x + 2) / (n + 4), and the spread is not 0.
    """
    kinds, sizes = _kinds(people)
    weights = sizes.astype(float)
    if _sparse(people):
        corners = np.array([[s, i] for s in (0.0, 1.0) for i in (0.0, 1.0)])
        kinds = np.vstack([kinds, np.tile(corners, (1, people.shape[1] // 2))])
        weights = np.concatenate([weights, np.ones(4)])
    draws = rng.multinomial(len(people), weights / weights.sum(), size=DRAWS).astype(float)
    return draws @ np.nan_to_num(kinds), draws @ (~np.isnan(kinds)).astype(float)


def _kinds(people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    marked = np.where(np.isnan(people), -1.0, people)  # NaN is not equal to itself
    kinds, sizes = np.unique(marked, axis=0, return_counts=True)
    return np.where(kinds < 0, np.nan, kinds), sizes
