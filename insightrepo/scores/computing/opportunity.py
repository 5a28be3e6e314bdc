"""Opportunity (Ulwick): how much an outcome matters and how little it is met, with its interval and its change.

A cell is an array of people, one row each: satisfaction and importance as the share (0 to 1) of the person's answers
in the top box, NaN where they gave none; or the same people counted by kind (`kinds`). Shares are 0 to 1, opportunity
is 0 to 20.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from insightrepo.scores.computing.kinds import Kinds, kinds_of
from insightrepo.scores.computing.statistics import Comparison, Estimate, Z

DRAWS = 1000  # of each bootstrap
HIGHEST = 20.0
BANDS = ((15.0, "major"), (12.0, "solid"), (10.0, "worth a look"))  # configurable by convention, printed with scores
LOWEST_BAND = "low opportunity"
HIGH = 7.0  # from here importance and satisfaction (0 to 10) both count as high: table stakes


def opportunity(importance: float, satisfaction: float) -> float:
    """``I + max(I - S, 0)``, 0 to 20, of importance and satisfaction as ten times their top-box shares."""
    return importance + max(importance - satisfaction, 0.0)


def opportunity_parts(before: tuple[float, float], after: tuple[float, float]) -> tuple[float, float]:
    """How much of a change of opportunity its importance makes, and how much its satisfaction; both add up to it.

    `before` and `after` are (importance, satisfaction) on 0 to 10. Each part is the change that it makes alone, as the
    mean of both orders in which the two may have changed (Shapley 1953): neither is put first.
    """
    (i_then, s_then), (i_now, s_now) = before, after
    start, end = opportunity(i_then, s_then), opportunity(i_now, s_now)
    by_importance, by_satisfaction = opportunity(i_now, s_then), opportunity(i_then, s_now)
    importance = (by_importance - start + end - by_satisfaction) / 2
    return importance, (by_satisfaction - start + end - by_importance) / 2


def band(value: float, bands: Sequence[tuple[float, str]] = BANDS) -> str:
    """The name of an opportunity: above 15 major, 12 to 15 solid, 10 to 12 worth a look, else low opportunity;
    cut on the value as it is printed, with one decimal.

    `bands` are others than these: (from, name), falling; the first begins above its floor, the others on it.
    """
    value = round(value, 1)
    if value > bands[0][0]:
        return bands[0][1]
    return next((name for floor, name in bands[1:] if value >= floor), LOWEST_BAND)


def landscape(importance: float, satisfaction: float) -> str:
    """Where an outcome stands, from I and S on 0 to 10.

    Under-served (opportunity of 10 or more, and I above S), over-served (S above I), table stakes (both at least 7),
    appropriately served.
    """
    if importance > satisfaction and round(opportunity(importance, satisfaction), 1) >= BANDS[-1][0]:
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


def estimate_opportunity(people: np.ndarray | Kinds, seed: list[int], weights: np.ndarray | None = None) -> Estimate:
    """Opportunity of a cell's people (shape n x 2: satisfaction, importance) with its 95% interval.

    The normal formula far above the kink I = S; else, with weights, and where fewer than 5 people are in or out of a
    top box, the percentiles of a bootstrap over people, seeded by `seed` (non-negative ints). The interval holds the
    estimate. `weights` are one a person; kinds have their own.

    Raises:
        ValueError: nobody gave an importance, or nobody a satisfaction.
    """
    kinds = people if isinstance(people, Kinds) else kinds_of(people, weights)
    if needs_bootstrap(kinds):
        return from_draws(kinds, draw(kinds, seed))
    value, (share_s, share_i), (n_s, n_i) = value_of(kinds), kinds.shares, kinds.given
    n_both, both_top = kinds.both
    se = opportunity_se(share_i, share_s, n_i, n_s, both_top, n_both)
    return Estimate(value, max(value - Z * se, 0.0), min(value + Z * se, HIGHEST), se)


def needs_bootstrap(kinds: Kinds) -> bool:
    """Whether the interval of the cell's opportunity is a bootstrap's: weighted, near the kink, or a box near empty.

    Raises:
        ValueError: nobody gave an importance, or nobody a satisfaction.
    """
    if not kinds.given.all():
        raise ValueError("opportunity needs someone who gave an importance and someone who gave a satisfaction")
    if kinds.weighted:
        return True
    (share_s, share_i), (n_s, n_i), (n_both, both_top) = kinds.shares, kinds.given, kinds.both
    gap_se = _gap_se(share_i, share_s, n_i, n_s, both_top, n_both)
    return bool(share_i - share_s <= 2 * gap_se or kinds.sparse)


def from_draws(kinds: Kinds, draws: np.ndarray) -> Estimate:
    """Opportunity of people with the percentile interval of their bootstrap; the estimate is inside."""
    value = value_of(kinds)
    low, high = _middle(draws)
    return Estimate(value, min(max(low, 0.0), value), max(min(high, HIGHEST), value), _sd(draws))


def draw(kinds: Kinds, seed: Sequence[int]) -> np.ndarray:
    """`DRAWS` opportunities of resampled people (two columns), the same for the same seed."""
    shares = _shares(kinds, seed)
    return _of(shares[:, 1], shares[:, 0])


def opportunity_change(now: np.ndarray, before: np.ndarray, seed: list[int]) -> Comparison:
    """Change in opportunity (now minus before) of different people: a normal test on the bootstrap's spread."""
    first, second = kinds_of(now), kinds_of(before)
    spread = draw(first, [*seed, 1]) - draw(second, [*seed, 2])
    return change_from_draws(value_of(first) - value_of(second), spread)


def paired_opportunity_change(people: np.ndarray, seed: list[int], weights: np.ndarray | None = None) -> Comparison:
    """Change in opportunity of one panel, now minus before.

    `people` is n x 4: satisfaction and importance now, satisfaction and importance before, one row a person (NaN where
    the person was not in that wave); `weights` likewise, n x 2: now, before. Whole people are drawn, so what the waves
    share is kept.
    """
    kinds = kinds_of(people, None if weights is None else np.repeat(weights, 2, axis=1))
    shares = _shares(kinds, seed)
    spread = _of(shares[:, 1], shares[:, 0]) - _of(shares[:, 3], shares[:, 2])
    found = kinds.shares
    difference = opportunity(10 * found[1], 10 * found[0]) - opportunity(10 * found[3], 10 * found[2])
    return change_from_draws(float(difference), spread)


def change_from_draws(difference: float, spread: np.ndarray) -> Comparison:
    """The test and interval of a difference from its bootstrap: normal on the spread, percentiles around it."""
    from scipy.special import ndtr

    se = _sd(spread)
    z = difference / se if se else 0.0
    low, high = _middle(spread)
    return Comparison(
        difference, z, float(2 * ndtr(-abs(z))), low=min(low, difference), high=max(high, difference),
        test="bootstrap of the difference",
    )  # fmt: skip


def value_of(kinds: Kinds) -> float:
    """The opportunity of a cell's people, weighted where they are."""
    satisfaction, importance = kinds.shares[:2]
    return opportunity(10 * float(importance), 10 * float(satisfaction))


def _middle(draws: np.ndarray) -> tuple[float, float]:
    """The middle 95% of draws: their 2.5th and 97.5th percentiles, as numpy's but without its overhead."""
    ordered = np.sort(draws)
    found = []
    for place in (0.025 * (len(ordered) - 1), 0.975 * (len(ordered) - 1)):
        below = int(place)
        found.append(float(ordered[below] + (place - below) * (ordered[below + 1] - ordered[below])))
    return found[0], found[1]


def _sd(draws: np.ndarray) -> float:
    """The sample standard deviation, as numpy's but without its overhead."""
    off = draws - draws.sum() / len(draws)
    return math.sqrt(float(off @ off) / (len(draws) - 1))


def _of(importance: np.ndarray, satisfaction: np.ndarray) -> np.ndarray:
    return 10 * (importance + np.maximum(importance - satisfaction, 0.0))


def _gap_se(p_i: float, p_s: float, n_i: int, n_s: int, both_top: float, n_both: int) -> float:
    covariance = (both_top - p_i * p_s) * n_both / (n_i * n_s)
    return math.sqrt(max(p_i * (1 - p_i) / n_i + p_s * (1 - p_s) / n_s - 2 * covariance, 0.0))


def _shares(kinds: Kinds, seed: Sequence[int]) -> np.ndarray:
    """The shares (weighted) of each column in `DRAWS` resamples of people, drawn as a multinomial over their kinds:
    the same as drawing the people one by one.

    Where a top box is nearly empty or full, one person of each of the four kinds (in, out of either box) is added to
    the kinds that are drawn from: the margins then are adjusted Wald's (x + 2) / (n + 4), and the spread is not 0.
    """
    filled, some, each, chances = kinds.filled, kinds.some, kinds.each, kinds.sizes
    if kinds.sparse:
        corners = np.tile(_CORNERS, (1, filled.shape[1] // 2))
        filled, some = np.vstack([filled, corners]), np.vstack([some, np.ones_like(corners, dtype=bool)])
        each, chances = np.vstack([each, np.ones_like(corners)]), np.concatenate([chances, np.ones(4)])
    rng = np.random.default_rng(list(seed))
    draws = rng.multinomial(kinds.people, chances / chances.sum(), size=DRAWS).astype(float)
    if not kinds.weighted and some.all():  # everybody gave everything: as many in each draw
        return draws @ (filled / kinds.people)
    width = filled.shape[1]
    both = draws @ np.hstack([filled * each, some * each])
    return both[:, :width] / np.maximum(both[:, width:], 1e-12)


_CORNERS = np.array([[s, i] for s in (0.0, 1.0) for i in (0.0, 1.0)])
