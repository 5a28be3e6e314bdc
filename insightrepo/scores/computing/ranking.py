"""How sure a ranking is: the interval of each rank, by a bootstrap over respondents within their strata."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DRAWS = 1000
CHUNK = 100  # draws at once: a chunk of 20,000 people takes 16 MB
TAILS = (2.5, 97.5)  # percent


@dataclass(frozen=True)
class Ranks:
    """Each item's rank (1 is first, ties share the better one; 0: nobody answered) with its 95% interval."""

    rank: np.ndarray
    low: np.ndarray
    high: np.ndarray


def rank_items(
    tops: np.ndarray, measure: str, weights: np.ndarray, strata: np.ndarray, seed: int, draws: int = DRAWS
) -> Ranks:
    """Rank items by importance or opportunity, the highest first, with percentile intervals of the ranks.

    `tops` is people x items x 2, satisfaction and importance in the top box (0 to 1, NaN: not given); `weights` and
    `strata` are one a person. Whole people are drawn with replacement, as many from each stratum as answered, so items
    that people answer alike move together. Draws in which an item has no answer do not count for it.

    Source: the bootstrap of ranks, Goldstein & Spiegelhalter 1996 (their caution holds: ranks are far less sure than
    the values behind them).
    """
    filled, given = np.nan_to_num(tops), (~np.isnan(tops)).astype(float)
    rank = _ranks(_values(weights[None, :], filled, given, measure))[0]
    rng = np.random.default_rng(seed)
    drawn = np.vstack(
        [_ranks(_values(_resample(rng, strata, count) * weights, filled, given, measure)) for count in _chunks(draws)]
    )
    answered = ~np.isnan(rank)
    low, high = np.zeros(len(rank)), np.zeros(len(rank))
    if answered.any():
        low[answered] = np.nanpercentile(drawn[:, answered], TAILS[0], axis=0, method="lower")
        high[answered] = np.nanpercentile(drawn[:, answered], TAILS[1], axis=0, method="higher")
    whole = np.nan_to_num(rank)
    return Ranks(whole.astype(int), np.minimum(low, whole).astype(int), np.maximum(high, whole).astype(int))


def _values(weights: np.ndarray, filled: np.ndarray, given: np.ndarray, measure: str) -> np.ndarray:
    """Draws x items: importance as a share, or opportunity on 0 to 20; NaN where nobody gave it."""
    importance = _shares(weights, filled[:, :, 1], given[:, :, 1])
    if measure == "importance":
        return importance
    satisfaction = _shares(weights, filled[:, :, 0], given[:, :, 0])
    return 10 * (importance + np.maximum(importance - satisfaction, 0.0))


def _shares(weights: np.ndarray, filled: np.ndarray, given: np.ndarray) -> np.ndarray:
    sums = weights @ given
    return np.where(sums > 0, (weights @ filled) / np.where(sums > 0, sums, 1.0), np.nan)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks of each row, the highest value first; NaN stays NaN. Rounded, so that equal shares tie."""
    from scipy.stats import rankdata  # slow to import

    return rankdata(-np.round(values, 9), method="min", axis=1, nan_policy="omit")


def _resample(rng: np.random.Generator, strata: np.ndarray, draws: int) -> np.ndarray:
    counts = np.zeros((draws, len(strata)))
    for stratum in np.unique(strata):
        places = np.flatnonzero(strata == stratum)
        counts[:, places] = rng.multinomial(len(places), np.full(len(places), 1 / len(places)), size=draws)
    return counts


def _chunks(draws: int) -> list[int]:
    return [min(CHUNK, draws - start) for start in range(0, draws, CHUNK)]
