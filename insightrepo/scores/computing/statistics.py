"""The statistics behind scores, as pure functions over plain numbers.

Shares are 0 to 1 and opportunity is 0 to 20 here. statsmodels and scipy are imported where they are called, so that
starting the application stays fast.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

CONFIDENCE = 0.95
Z = 1.959963984540054  # normal quantile of the 95% interval


@dataclass(frozen=True)
class Estimate:
    """A value with its 95% interval and standard error, all in the value's unit."""

    value: float
    low: float
    high: float
    se: float


@dataclass(frozen=True)
class Comparison:
    """Second minus first, or first minus second as the function says, with its statistic and two-sided p-value.

    `low` and `high` are the 95% interval of the difference, `test` the name of the test, where they are told.
    """

    difference: float
    statistic: float
    p_value: float
    df: float | None = None  # degrees of freedom, where the test has them
    low: float | None = None
    high: float | None = None
    test: str = ""


def top_two_box(scale_low: int, scale_high: int, best: str = "high") -> Callable[[Any], Any]:
    """Whether an answer (or each of a numpy array of answers) is in the top box of a scale.

    The two best points of a scale with 4 to 11 points: 4 and 5 of 1-5, 6 and 7 of 1-7, 9 and 10 of 1-10 and 0-10;
    1 and 2 where the low end is best. Of 2 or 3 points only the best, else the middle would count as satisfied.

    Raises:
        ValueError: `best` is neither "high" nor "low", or the scale has fewer than 2 or more than 11 points.
    """
    points = scale_high - scale_low + 1
    if best not in ("high", "low"):
        raise ValueError(f"the best end of a scale is 'high' or 'low', not {best!r}")
    if not 2 <= points <= 11:
        raise ValueError(f"a scale has 2 to 11 points; {scale_low} to {scale_high} has {points}")
    box = 2 if points >= 4 else 1
    if best == "high":
        return lambda answer: answer > scale_high - box
    return lambda answer: answer < scale_low + box


def proportion_interval(successes: Any, n: Any) -> tuple[Any, Any]:
    """Adjusted Wald 95% interval of successes / n, clipped to 0..1; numbers or arrays of them.

    `n` may be an effective n (Kish) and `successes` fractional. Agresti & Coull 1998, as statsmodels computes it.

    Raises:
        ValueError: n is not above 0, or the successes are not within 0..n.
    """
    from statsmodels.stats.proportion import proportion_confint

    if np.any(np.asarray(n) <= 0) or np.any(np.asarray(successes) < 0) or np.any(np.asarray(successes) > n):
        raise ValueError(f"a proportion needs 0 <= successes <= n and n > 0, not {successes} of {n}")
    low, high = proportion_confint(successes, n, alpha=1 - CONFIDENCE, method="agresti_coull")
    return np.clip(low, 0.0, 1.0)[()], np.clip(high, 0.0, 1.0)[()]


def two_proportions(successes1: float, n1: float, successes2: float, n2: float) -> Comparison:
    """N-1 two-proportion test of different people, first minus second (E. Pearson 1947; Campbell 2007).

    ``z = (p1-p2) sqrt((N-1)/N) / sqrt(P(1-P)(1/n1+1/n2))`` with P the pooled share and N = n1 + n2.
    Where everybody or nobody succeeded in both, z is 0 and p is 1.
    """
    from scipy.special import ndtr

    total = n1 + n2
    difference = successes1 / n1 - successes2 / n2
    pooled = (successes1 + successes2) / total
    spread = math.sqrt(max(pooled * (1 - pooled), 0.0) * (1 / n1 + 1 / n2))
    z = 0.0 if spread == 0 else difference * math.sqrt((total - 1) / total) / spread
    return Comparison(difference, z, float(2 * ndtr(-abs(z))))


def two_proportions_interval(successes1: float, n1: float, successes2: float, n2: float) -> tuple[float, float]:
    """Agresti-Caffo 95% interval of p1 - p2 (Agresti & Caffo 2000), from statsmodels."""
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(successes1, n1, successes2, n2, method="agresti-caffo")
    return float(low), float(high)


def overlapping_proportions_interval(
    p1: float, n1: float, p2: float, n2: float, covariance: float = 0.0
) -> tuple[float, float]:
    """95% interval of p1 - p2 where some people are in both; `covariance` is that of the two shares.

    One success and one failure is added to each group, as in Agresti & Caffo 2000, which this is where nobody is in
    both. n may be effective. The difference of the shares themselves is always inside.
    """
    shrunk = [(p * n + 1) / (n + 2) for p, n in ((p1, n1), (p2, n2))]
    variance = sum(p * (1 - p) / (n + 2) for p, n in zip(shrunk, (n1, n2), strict=True)) - 2 * covariance
    half, middle = Z * math.sqrt(max(variance, 0.0)), shrunk[0] - shrunk[1]
    return max(min(middle - half, p1 - p2), -1.0), min(max(middle + half, p1 - p2), 1.0)


def difference_interval(now: tuple[float, float, float], before: tuple[float, float, float]) -> tuple[float, float]:
    """95% interval of a difference from the value and interval of each side (value, low, high), different people.

    MOVER, the method of variance estimates recovery (Zou & Donner 2008): good for skewed intervals too.
    """
    (value1, low1, high1), (value2, low2, high2) = now, before
    difference = value1 - value2
    return (
        difference - math.hypot(value1 - low1, high2 - value2),
        difference + math.hypot(high1 - value1, value2 - low2),
    )


def mean_interval(mean: float, sd: float, n: float) -> tuple[float, float]:
    """95% t interval of a mean; n may be effective. Of fewer than two values there is none: -inf to inf."""
    from scipy.stats import t

    if n < 2:
        return -math.inf, math.inf
    half = float(t.ppf((1 + CONFIDENCE) / 2, n - 1)) * sd / math.sqrt(n)
    return mean - half, mean + half


def median_interval(values: Sequence[float]) -> Estimate:
    """The median with its interval from order statistics: at least 95% by the binomial, no shape assumed.

    `se` is not known: NaN. Fewer than six values give the whole range, which holds less.
    """
    from scipy.stats import binom

    ordered = np.sort(np.asarray(values, dtype=float))
    rank = max(int(binom.ppf((1 - CONFIDENCE) / 2, len(ordered), 0.5)), 1)
    return Estimate(float(np.median(ordered)), float(ordered[rank - 1]), float(ordered[-rank]), math.nan)


def sus(answers: Sequence[int]) -> float:
    """System Usability Scale, 0 to 100, of ten answers from 1 to 5: ``2.5 (sum(odd - 1) + sum(5 - even))``.

    Raises:
        ValueError: there are not ten, or one is not from 1 to 5.
    """
    if len(answers) != 10 or any(not 1 <= answer <= 5 for answer in answers):
        raise ValueError(f"SUS needs ten answers from 1 to 5, not {list(answers)}")
    return 2.5 * (sum(answer - 1 for answer in answers[::2]) + sum(5 - answer for answer in answers[1::2]))


def two_items(first: float, second: float, points: int) -> float:
    """UMUX-Lite or UX-Lite, 0 to 100: two items of `points` points (5 or 7) rescaled and averaged,
    ``(a + b - 2) 100 / (2 (points - 1))``. Not regressed onto SUS: its authors took that back.

    Raises:
        ValueError: an answer is not from 1 to `points`.
    """
    if not (1 <= first <= points and 1 <= second <= points):
        raise ValueError(f"both answers are from 1 to {points}, not {first} and {second}")
    return (first + second - 2) * 100 / (2 * (points - 1))


def mcnemar_mid_p(improved: int, worsened: int) -> float:
    """Two-sided mid-p of McNemar's test from the two discordant counts of the same people (Fagerland et al. 2013).

    The exact binomial p (scipy) less the probability of what was seen; 1 where nobody changed.
    """
    from scipy.stats import binom, binomtest

    changed = improved + worsened
    if changed == 0:
        return 1.0
    exact = binomtest(improved, changed, 0.5).pvalue
    return float(exact - binom.pmf(improved, changed, 0.5))


def welch(first: Sequence[float], second: Sequence[float]) -> Comparison:
    """Welch's t test of two means, first minus second; for times pass their logarithms. At least 2 values each."""
    from scipy.stats import ttest_ind

    result = ttest_ind(first, second, equal_var=False)
    difference = float(np.mean(first) - np.mean(second))
    return Comparison(difference, float(result.statistic), float(result.pvalue), float(result.df))


def nps(promoters: float, detractors: float, n: float) -> Estimate:
    """Net promoter score in points (-100 to 100) from counts.

    ``p - d`` with ``Var = p + d - (p-d)^2`` and ``SE = sqrt(Var/n)``, p and d the shares of promoters and detractors.
    The interval is clipped to the range of the score.
    """
    share = (promoters - detractors) / n
    se = math.sqrt(((promoters + detractors) / n - share**2) / n)
    low, high = max(share - Z * se, -1.0), min(share + Z * se, 1.0)
    return Estimate(100 * share, 100 * low, 100 * high, 100 * se)


def nps_difference(first: Estimate, second: Estimate) -> Comparison:
    """Second minus first net promoter score of different people, in points: a normal test on the summed variances."""
    from scipy.special import ndtr

    difference = second.value - first.value
    se = math.hypot(first.se, second.se)
    z = difference / se if se else 0.0
    return Comparison(difference, z, float(2 * ndtr(-abs(z))))


def geometric_mean(times: Sequence[float]) -> Estimate:
    """Geometric mean of positive times with a t interval on the logarithms; `se` is that of the mean logarithm.

    For fewer than 25 successful attempts (Sauro & Lewis 2010); the median is the better centre above that.

    Raises:
        ValueError: fewer than two times, or one that is not above 0.
    """
    from scipy.stats import t

    if len(times) < 2 or min(times) <= 0:
        raise ValueError("a geometric mean needs two or more times above 0")
    logs = np.log(np.asarray(times, dtype=float))
    se = float(logs.std(ddof=1) / math.sqrt(len(logs)))
    half = float(t.ppf((1 + CONFIDENCE) / 2, len(logs) - 1)) * se
    middle = float(logs.mean())
    return Estimate(math.exp(middle), math.exp(middle - half), math.exp(middle + half), se)


def effective_n(weights: Sequence[float]) -> float:
    """Kish's effective sample size ``(sum w)^2 / sum w^2``. ValueError where no weight is above 0."""
    values = np.asarray(weights, dtype=float)
    squares = float((values**2).sum())
    if squares == 0:
        raise ValueError("an effective n needs a weight above 0")
    return float(values.sum() ** 2 / squares)


def design_effect(weights: Sequence[float]) -> float:
    """Kish's design effect ``n sum w^2 / (sum w)^2``: how many times the variance grew by weighting."""
    return len(weights) / effective_n(weights)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values (q) of one family, in the given order; reject where q is at most the level. scipy."""
    from scipy.stats import false_discovery_control

    return [float(q) for q in false_discovery_control(p_values, method="bh")] if len(p_values) else []
