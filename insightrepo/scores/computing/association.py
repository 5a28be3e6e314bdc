"""How two things go together: ranks over waves, and two yes-or-no's of the same people. Association, never a cause."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from insightrepo.scores.computing.statistics import Z
from insightrepo.scores.measures import NOT_ENOUGH

FEWEST_POINTS = 5  # waves; under that a rank correlation says nothing
FEWEST_PAIRS = 30  # people who gave both
FEWEST_IN_A_GROUP = 5  # of those people on either side of either question


@dataclass(frozen=True)
class Association:
    """A correlation of -1 to 1 with its 95% interval over n points; None where `note` says why there is none."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    note: str = ""

    @property
    def excludes_none(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


@dataclass(frozen=True)
class Fourfold:
    """The same people asked and watched: how many of each kind. "Yes" is satisfied, "done" completed the task."""

    done_yes: int
    done_no: int
    failed_yes: int
    failed_no: int

    @property
    def n(self) -> int:
        """All of them."""
        return self.done_yes + self.done_no + self.failed_yes + self.failed_no

    @property
    def cells(self) -> tuple[int, int, int, int]:
        """The four counts."""
        return self.done_yes, self.done_no, self.failed_yes, self.failed_no


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> Association:
    """Spearman's rank correlation of paired points with a 95% interval.

    The interval is Fisher's z with the standard error of Bonett & Wright 2000, ``sqrt((1 + r^2/2) / (n - 3))``. Fewer
    than 5 points, or one side that never moves: not enough data.

    Raises:
        ValueError: the two are not of one length.
    """
    from scipy.stats import spearmanr

    if len(first) != len(second):
        raise ValueError(f"points come in pairs, not {len(first)} and {len(second)}")
    n = len(first)
    if n < FEWEST_POINTS:
        return Association(None, None, None, n, f"{NOT_ENOUGH}: {n} waves have both, {FEWEST_POINTS} are needed")
    if len(set(first)) == 1 or len(set(second)) == 1:
        return Association(None, None, None, n, f"{NOT_ENOUGH}: one of the two is the same in every wave")
    value = float(spearmanr(first, second).statistic)
    return Association(value, *_fisher(value, math.sqrt((1 + value**2 / 2) / (n - 3))), n)


def phi(table: Fourfold) -> Association:
    """The fourfold correlation of two yes-or-no's given by the same people, with a 95% interval by Fisher's z.

    ``phi = (ad - bc) / sqrt((a+b)(c+d)(a+c)(b+d))``, standard error of z ``1/sqrt(n - 3)``. Fewer than 30 people, or
    fewer than 5 on a side of either question: not enough data.
    """
    a, b, c, d = table.cells
    margins = (a + b, c + d, a + c, b + d)
    if table.n < FEWEST_PAIRS or min(margins) < FEWEST_IN_A_GROUP:
        return Association(None, None, None, table.n, NOT_ENOUGH)
    value = (a * d - b * c) / math.sqrt(math.prod(margins))
    return Association(value, *_fisher(value, 1 / math.sqrt(table.n - 3)), table.n)


def _fisher(value: float, se: float) -> tuple[float, float]:
    """The interval around a correlation on Fisher's scale; of exactly 1 or -1 it is that point."""
    if abs(value) >= 1:
        return value, value
    middle = math.atanh(value)
    return min(math.tanh(middle - Z * se), value), max(math.tanh(middle + Z * se), value)
