"""The few kinds of people that a cell is made of, counted: what they gave, and their weight.

Thousands of people are a handful of kinds (in or out of either top box, or not asked), and whatever opportunity needs
follows from how many are of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

SMALL = 5  # fewer people than this in or out of a top box: the box is nearly empty or full


@dataclass(frozen=True)
class Kinds:
    """Different rows of (satisfaction, importance[, the same before]), 0 to 1 and NaN where nothing was given.

    `values` and `each` (the weights) are k x columns, `sizes` how many people are of each kind; `weighted` says whether
    weights were given at all.
    """

    values: np.ndarray
    each: np.ndarray
    sizes: np.ndarray
    weighted: bool = False

    @cached_property
    def people(self) -> int:
        """How many people there are."""
        return int(self.sizes.sum())

    @cached_property
    def some(self) -> np.ndarray:
        """Where a kind gave something."""
        return ~np.isnan(self.values)

    @cached_property
    def filled(self) -> np.ndarray:
        """The values, 0 where nothing was given."""
        return np.where(self.some, self.values, 0.0)

    @cached_property
    def given(self) -> np.ndarray:
        """How many people gave each column's value."""
        return self.sizes @ self.some

    @cached_property
    def tops(self) -> np.ndarray:
        """The sum of each column's values, not weighted."""
        return self.sizes @ self.filled

    @cached_property
    def shares(self) -> np.ndarray:
        """Each column's mean, weighted where there are weights; NaN where nobody gave one."""
        weights = self.each * self.sizes[:, None]
        sums, totals = (self.filled * weights).sum(axis=0), (self.some * weights).sum(axis=0)
        return np.where(totals > 0, sums / np.where(totals > 0, totals, 1.0), np.nan)

    @cached_property
    def sparse(self) -> bool:
        """Whether fewer than 5 people are in, or out of, one of the top boxes."""
        return bool(min(self.tops.min(), (self.given - self.tops).min()) < SMALL)

    @cached_property
    def both(self) -> tuple[int, float]:
        """How many gave the first two columns, and the mean of the product of what they gave (0 of nobody)."""
        both = self.some[:, 0] & self.some[:, 1]
        n = int(self.sizes[both].sum())
        return n, float((self.sizes * self.filled[:, 0] * self.filled[:, 1]).sum() / n) if n else 0.0


def kinds_of(people: np.ndarray, weights: np.ndarray | None = None) -> Kinds:
    """People, a row each, as kinds; `weights` have the same shape, or one a person."""
    marked = np.where(np.isnan(people), -1.0, people)  # NaN is not equal to itself
    width = people.shape[1]
    if weights is None and (marked == np.round(marked)).all():  # a number for each kind: much faster than rows
        codes = ((marked + 1) @ 3.0 ** np.arange(width)).astype(np.int64)
        return from_counts(np.bincount(codes, minlength=3**width))
    if weights is None:
        each = np.ones_like(marked)
    else:
        each = np.nan_to_num(weights if weights.ndim == 2 else np.repeat(weights[:, None], width, axis=1))
    kinds, sizes = np.unique(np.hstack([marked, each]), axis=0, return_counts=True)
    values, each = np.hsplit(kinds, 2)
    return Kinds(np.where(values < 0, np.nan, values), each, sizes.astype(float), weights is not None)


def from_counts(counts: Sequence[int] | np.ndarray) -> Kinds:
    """Kinds without weights, from how many are of each code: the digits to the base of 3, the first column's last, are
    0 where nothing was given, 1 out of and 2 in the top box. Of two columns, or of four.
    """
    sizes = np.asarray(counts)
    found = np.flatnonzero(sizes)
    values = _DIGITS[len(sizes)][found]
    return Kinds(values, np.ones_like(values), sizes[found].astype(float))


def _digits(width: int) -> np.ndarray:
    codes = np.arange(3**width)
    digits = np.column_stack([codes // 3**place % 3 - 1.0 for place in range(width)])
    return np.where(digits < 0, np.nan, digits)


_DIGITS = {3**width: _digits(width) for width in (2, 4)}  # one wave, or two
