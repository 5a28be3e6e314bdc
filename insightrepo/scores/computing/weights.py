"""Weights that bring a sample to the sizes of its segments in the population: post-stratification and raking.

Pure functions over numpy arrays. A person's weight is 1 on average; only the proportions of weights matter anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from insightrepo.locales import decimal
from insightrepo.scores.computing.statistics import design_effect, effective_n

DEVIATION = 1e-6  # of a margin from its target, as a share of the target, at which raking stops
ROUNDS = 50
LOWEST, HIGHEST = 0.3, 3.0  # of a weight


class WeightsRefused(ValueError):
    """The answers cannot be weighted as the wave's settings say; the message names the segment and what to do."""


@dataclass(frozen=True)
class Margin:
    """One dimension: each person's category (an index into `names`, -1: in none) and the population of each."""

    dimension: str
    names: tuple[str, ...]
    members: np.ndarray
    populations: tuple[float | None, ...]


@dataclass(frozen=True)
class Weights:
    """A weight per person, and what is to be said with them.

    `deviation`: the largest of a margin from its target, as a share of it, before weights were capped; `capped` is how
    many people's weights were cut to 0.3 or 3, `unplaced` how many are in no category of a dimension (they keep the
    weight 1 there).
    """

    values: np.ndarray
    rounds: int
    deviation: float
    capped: int
    unplaced: int

    @property
    def converged(self) -> bool:
        """Whether the margins were met within `DEVIATION`."""
        return self.deviation < DEVIATION

    @property
    def n_eff(self) -> float:
        """Kish's effective sample size of all people."""
        return effective_n(self.values)  # type: ignore[arg-type]

    @property
    def deff(self) -> float:
        """Kish's design effect of all people."""
        return design_effect(self.values)  # type: ignore[arg-type]


def rake(margins: Sequence[Margin]) -> Weights:
    """Iterative proportional fitting of people's weights to the populations of one or more dimensions (Deming & Stephan
    1940). With one dimension it is post-stratification: ``w_h = N_h / n_h``, scaled to a mean of 1.

    Stops where every margin is within 1e-6 of its target, at the latest after 50 rounds; then weights are cut to 0.3
    and 3.

    Raises:
        WeightsRefused: a category has no population or nobody in the sample.
    """
    for margin in margins:
        _refuse_empty(margin)
    weights = np.ones(len(margins[0].members))
    deviation, rounds = np.inf, 0
    while deviation >= DEVIATION and rounds < ROUNDS:
        rounds += 1
        for margin in margins:
            placed = margin.members >= 0
            weights[placed] *= _factors(margin, weights)[margin.members[placed]]
        deviation = max(float(np.abs(_factors(margin, weights) - 1).max()) for margin in margins)
    weights /= weights.mean()
    cut = np.clip(weights, LOWEST, HIGHEST)
    unplaced = np.any([margin.members < 0 for margin in margins], axis=0)
    return Weights(cut, rounds, deviation, int((cut != weights).sum()), int(unplaced.sum()))


def _factors(margin: Margin, weights: np.ndarray) -> np.ndarray:
    """By what the weights of each category must grow to have its share of all who are in one."""
    placed = margin.members >= 0
    sums = np.bincount(margin.members[placed], weights[placed], minlength=len(margin.names))
    wanted = np.array(margin.populations, dtype=float)
    inside = wanted > 0
    factors = np.ones(len(wanted))
    factors[inside] = (wanted[inside] / wanted.sum()) / (sums[inside] / sums.sum())
    return factors


def _refuse_empty(margin: Margin) -> None:
    counts = np.bincount(margin.members[margin.members >= 0], minlength=len(margin.names))
    for name, population, count in zip(margin.names, margin.populations, counts, strict=True):
        what = f"the segment {name} of the dimension {margin.dimension!r}"
        if population is None or (population <= 0 < count):
            raise WeightsRefused(f"{what} has no population: set its size, or weight by other dimensions")
        if count == 0 < population:
            raise WeightsRefused(
                f"{what} has a population of {decimal(population, 0)} and nobody in the wave: nothing can be weighted "
                "to stand for it; bring its answers, or take the dimension out of the weighting"
            )


def rake_table(table: np.ndarray, margins: Mapping[int, Sequence[float]]) -> np.ndarray:
    """A table of counts fitted to the sums wanted along its axes, ``{axis: sums}``; the table itself, not weights."""
    table = np.asarray(table, dtype=float)
    places = np.array(list(np.ndindex(*table.shape)))
    people = np.repeat(np.arange(len(places)), table.ravel().astype(int))
    raked = rake([
        Margin(f"axis {axis}", tuple(map(str, range(len(sums)))), places[people, axis], tuple(map(float, sums)))
        for axis, sums in margins.items()
    ])  # fmt: skip
    fitted = np.bincount(people, raked.values, minlength=len(places)).reshape(table.shape)
    return fitted * (sum(next(iter(margins.values()))) / fitted.sum())


def weighted_share(values: np.ndarray, weights: np.ndarray | None) -> tuple[float, float]:
    """Mean of values without gaps, weighted where weights are given, and the effective n it rests on (Kish)."""
    if weights is None:
        return float(values.mean()), float(len(values))
    return float((values * weights).sum() / weights.sum()), effective_n(weights)  # type: ignore[arg-type]
