"""A sample of people's values as tasks and metrics have them: its value with an interval, and the test of a change.

Kinds: "share" (0 to 1, shown in percent), "mean", "time" (seconds, geometric mean or median), "nps" (-1, 0, 1 shown in
points). A person counts once, by the mean of what they gave.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from insightrepo.scores.computing.statistics import (
    Comparison,
    Estimate,
    Z,
    difference_interval,
    effective_n,
    mcnemar_mid_p,
    mean_interval,
    median_interval,
    overlapping_proportions_interval,
    proportion_interval,
    two_proportions,
)  # fmt: skip

PANEL_SHARE = 0.5  # of both waves' people who must be in both for the waves to be one panel
SMALL_TIMES = 25  # fewer successful people: the geometric mean, else the median (Sauro & Lewis 2010)


@dataclass(frozen=True)
class Sample:
    """People's values of one cell, or what an aggregated source says of them (then without ids and values).

    `mean` and `sd` are of the values, of "time" of their natural logarithms; `n_eff` is n where nothing is weighted.
    `answers` were given, `excluded` more left out. `plain` is the same sample unweighted where this one is weighted.
    """

    kind: str
    n: int
    n_eff: float
    mean: float
    sd: float | None
    answers: int
    excluded: int = 0
    ids: np.ndarray | None = None
    values: np.ndarray | None = None
    plain: Sample | None = None
    censored: int = 0  # of times: tries that failed, whose time to success nobody knows

    @property
    def detail(self) -> dict[str, Any]:
        """What the explanation of the figure says beside its value."""
        if self.kind == "share":
            top = (self.plain or self).mean * self.n
            return {"top": round(top, 6), "method": "adjusted Wald interval of a share"}
        if self.kind == "time":
            centre = (
                "median with an interval of order statistics" if self._median else "geometric mean, t on logarithms"
            )
            return {"method": centre, "mean_log": self.mean, "sd_log": self.sd, "censored": self.censored}
        if self.kind == "nps":
            return {"method": "promoters less detractors, normal interval", "sd": self.sd}
        return {"method": "mean, t interval", "sd": self.sd}

    @property
    def _median(self) -> bool:
        return self.n >= SMALL_TIMES and self.values is not None and self.plain is None

    def estimate(self) -> Estimate:
        """The value and its 95% interval as shown: percent, points, seconds or the scale's points."""
        if self.kind == "time" and self._median:
            assert self.values is not None
            found = median_interval(np.exp(self.values))  # type: ignore[arg-type]
            return found
        return self._centre()

    def _centre(self) -> Estimate:
        """As `estimate`, but of times always the geometric mean."""
        if self.kind == "share":
            low, high = proportion_interval(min(self.mean, 1.0) * self.n_eff, self.n_eff)
            return Estimate(100 * self.mean, 100 * low, 100 * high, math.nan)
        if self.sd is None:
            return Estimate(self.mean, -math.inf, math.inf, math.nan)
        if self.kind == "nps":
            se = self.sd / math.sqrt(self.n_eff)
            low, high = max(self.mean - Z * se, -1.0), min(self.mean + Z * se, 1.0)
            return Estimate(100 * self.mean, 100 * low, 100 * high, 100 * se)
        low, high = mean_interval(self.mean, self.sd, self.n_eff)
        if self.kind == "time":
            return Estimate(math.exp(self.mean), math.exp(low), math.exp(min(high, 700.0)), math.nan)
        return Estimate(self.mean, low, high, self.sd / math.sqrt(self.n_eff))

    def compared(self, before: Sample) -> Comparison:
        """The change now minus before in the unit shown: shares by the N-1 test or, of a panel, McNemar's mid-p; means
        by Welch's test, of times on the log scale; a net promoter score by a normal test.

        Medians of times that moved against their logarithms are no evidence of either: p is 1.
        """
        if self.kind == "share":
            return _shares_compared(self, before)
        now, then = self.estimate(), before.estimate()
        low, high = difference_interval((now.value, now.low, now.high), (then.value, then.low, then.high))
        result = _nps_test(self, before) if self.kind == "nps" else _welch_test(self, before)
        difference = now.value - then.value
        against = difference * result.statistic < 0
        return replace(result, difference=difference, low=low, high=high, p_value=1.0 if against else result.p_value)


def sample(
    kind: str, respondents: np.ndarray, values: np.ndarray, weights: np.ndarray | None = None, excluded: int = 0
) -> Sample | None:
    """The people behind rows of (respondent, value), each once by their mean; None where no row has a value.

    Of "time" the values are seconds. `weights` are per row, the same for all rows of a person.
    """
    some = ~np.isnan(values)
    if not some.any():
        return None
    ids, places = np.unique(respondents[some].astype(np.int64), return_inverse=True)
    given = np.log(values[some]) if kind == "time" else values[some]
    means = np.bincount(places, given) / np.bincount(places)
    plain = _sample(kind, ids, means, None, int(some.sum()), excluded)
    if weights is None:
        return plain
    of_person = np.bincount(places, weights[some]) / np.bincount(places)
    return replace(_sample(kind, ids, means, of_person, int(some.sum()), excluded), plain=plain)


def _sample(
    kind: str, ids: np.ndarray, values: np.ndarray, weights: np.ndarray | None, answers: int, excluded: int
) -> Sample:
    each = np.ones(len(values)) if weights is None else weights
    mean = float((each * values).sum() / each.sum())
    n_eff = effective_n(each)  # type: ignore[arg-type]
    spread = float((each * (values - mean) ** 2).sum() / each.sum())
    if kind != "nps":  # the variance of a net promoter score is p + d - (p - d)^2, not one of a sample
        spread = spread * n_eff / (n_eff - 1) if n_eff > 1 else 0.0
    return Sample(kind, len(ids), n_eff, mean, math.sqrt(max(spread, 0.0)), answers, excluded, ids, values)


def summed(kind: str, n: int, mean: float, sd: float | None) -> Sample:
    """A sample that came aggregated: share of 0 to 1, mean, mean logarithm of seconds, or net promoters of -1 to 1."""
    if kind == "nps" and sd is None:
        sd = math.sqrt(max(1 - mean**2, 0.0))  # the most it can be
    return Sample(kind, n, float(n), mean, sd, n)


def pooled(samples: Sequence[Sample]) -> Sample:
    """Samples of different people of one kind as one: means by n, variances within and between."""
    if len(samples) == 1:
        return samples[0]
    n = sum(one.n for one in samples)
    n_eff = sum(one.n_eff for one in samples)
    mean = sum(one.mean * one.n_eff for one in samples) / n_eff
    sd = None
    if all(one.sd is not None for one in samples):
        squares = sum(
            (one.sd or 0.0) ** 2 * max(one.n_eff - 1, 0) + one.n_eff * (one.mean - mean) ** 2 for one in samples
        )
        sd = math.sqrt(squares / max(n_eff - 1, 1))
    answers, excluded = sum(one.answers for one in samples), sum(one.excluded for one in samples)
    censored = sum(one.censored for one in samples)
    return Sample(samples[0].kind, n, n_eff, mean, sd, answers, excluded, censored=censored)


def is_panel(now: np.ndarray, before: np.ndarray) -> bool:
    """Whether at least half of the people (ids, each once) of each wave are in both."""
    if not len(now) or not len(before) or now[0] > before[-1] or before[0] > now[-1]:  # ids ascend
        return False
    shared = len(np.intersect1d(now, before, assume_unique=True))
    return shared >= PANEL_SHARE * max(len(now), len(before), 1)


def _shares_compared(now: Sample, before: Sample) -> Comparison:
    difference = 100 * (now.mean - before.mean)
    if now.ids is not None and before.ids is not None and now.plain is None and is_panel(now.ids, before.ids):
        assert now.values is not None
        assert before.values is not None
        _, here, there = np.intersect1d(now.ids, before.ids, assume_unique=True, return_indices=True)
        first, second = now.values[here], before.values[there]
        p_value = panel_p_value(first, second, difference)
        covariance = covariance_of(first, second) * len(first) / (now.n * before.n)
        low, high = overlapping_proportions_interval(now.mean, now.n, before.mean, before.n, covariance)
        test = "McNemar's mid-p over those in both waves"
        return Comparison(difference, 0.0, p_value, low=100 * low, high=100 * high, test=test)
    result = two_proportions(now.mean * now.n_eff, now.n_eff, before.mean * before.n_eff, before.n_eff)
    low, high = overlapping_proportions_interval(now.mean, now.n_eff, before.mean, before.n_eff)
    return replace(result, difference=difference, low=100 * low, high=100 * high, test="N-1 two-proportion test")


def panel_p_value(now: np.ndarray, before: np.ndarray, difference: float) -> float:
    """McNemar's mid-p of the same people's values; 1 where they moved against the waves' difference."""
    moved = np.sign(now - before)
    improved, worsened = int((moved > 0).sum()), int((moved < 0).sum())
    return mcnemar_mid_p(improved, worsened) if difference * (improved - worsened) > 0 else 1.0


def covariance_of(first: np.ndarray, second: np.ndarray) -> float:
    """The covariance of the same people's two values; 0 of nobody."""
    return float(((first - first.mean()) * (second - second.mean())).mean()) if len(first) else 0.0


def _welch_test(now: Sample, before: Sample) -> Comparison:
    from scipy.stats import ttest_ind_from_stats

    if not now.sd and not before.sd:  # nobody differs from anybody in either wave
        return Comparison(0.0, 0.0, 1.0 if now.mean == before.mean else 0.0, test="Welch's t test")
    result = ttest_ind_from_stats(
        now.mean, now.sd, now.n_eff, before.mean, before.sd, before.n_eff, equal_var=False
    )  # fmt: skip
    test = "Welch's t test" + (" of the logarithms" if now.kind == "time" else "")
    return Comparison(0.0, float(result.statistic), float(result.pvalue), test=test)


def _nps_test(now: Sample, before: Sample) -> Comparison:
    from scipy.special import ndtr

    se = math.hypot((now.sd or 0.0) / math.sqrt(now.n_eff), (before.sd or 0.0) / math.sqrt(before.n_eff))
    z = (now.mean - before.mean) / se if se else 0.0
    return Comparison(0.0, z, float(2 * ndtr(-abs(z))), test="normal test of two net promoter scores")
