"""Whether a cell changed between two waves: the test of each measure, and its control over a family of tests."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from insightrepo.scores.computing.cells import COLUMNS, CellKey, People
from insightrepo.scores.computing.opportunity import change_from_draws, draw, paired_opportunity_change, value_of
from insightrepo.scores.computing.samples import covariance_of, is_panel, panel_p_value
from insightrepo.scores.computing.statistics import (
    Comparison,
    benjamini_hochberg,
    overlapping_proportions_interval,
    two_proportions,
)  # fmt: skip
from insightrepo.scores.measures import LEVEL_OF_ALL, MEASURES, Measure, verdict


class Comparable(Protocol):
    """What knows how to test itself against the same cell of an earlier wave."""

    def compared(self, before: Any) -> Comparison:
        """The change now minus before in the measure's unit."""
        ...


@dataclass
class Pair:
    """One cell in two waves, to be tested; `score` is the row that gets the verdict.

    `seed` and `seed_before` are those of the bootstraps of the cell in either wave.
    """

    measure: str
    key: CellKey
    previous_wave_id: int
    now: People | Comparable
    before: People | Comparable
    score: dict[str, Any]
    seed: list[int] = field(default_factory=list)
    seed_before: list[int] = field(default_factory=lambda: [1])


def judge(
    pairs: Iterable[Pair],
    smallest_changes: Mapping[str, float],
    level: float,
    measures: Mapping[str, Measure] = MEASURES,
) -> None:
    """Test every pair and write change, interval, p, q and verdict into its score.

    A family is one measure and one pair of waves over all outcome x segment cells; cells of products and those of
    tasks are others. Families where nothing moved would still bring their false arrows, and one chance shows in several
    measures: so a change counts only if it is significant at `LEVEL_OF_ALL` over all tests of the two waves as well
    (those of products apart).
    """
    families: dict[tuple[str, int, bool, bool], list[tuple[Pair, Comparison]]] = defaultdict(list)
    for pair in pairs:
        kind = (pair.key.product is not None, pair.key.task is not None)
        families[pair.measure, pair.previous_wave_id, *kind].append((pair, compared(pair)))
    of_all = _over_all(families)
    for (name, *_), tested in families.items():
        q_values = benjamini_hochberg([result.p_value for _, result in tested])
        for (pair, result), q_value in zip(tested, q_values, strict=True):
            q_all, tests = of_all[id(pair)]
            strict = q_value if q_all <= LEVEL_OF_ALL else 1.0
            word = verdict(measures[name], result.difference, strict, smallest_changes[name], level)
            pair.score.update(
                change=result.difference, change_low=result.low, change_high=result.high, p_value=result.p_value,
                q_value=q_value, verdict=word,
            )  # fmt: skip
            told = {"test": result.test, "family": len(tested), "q_all": q_all, "tests_all": tests}
            pair.score["detail"] = {**pair.score.get("detail", {}), **told}


Families = Mapping[tuple[str, int, bool, bool], list[tuple[Pair, Comparison]]]


def _over_all(families: Families) -> dict[int, tuple[float, int]]:
    """By pair (its id()): q over all tests of the two waves, and how many they are."""
    groups: dict[tuple[int, bool], list[tuple[Pair, Comparison]]] = defaultdict(list)
    for (_, wave_id, of_product, _), tested in families.items():
        groups[wave_id, of_product] += tested
    found = {}
    for tested in groups.values():
        q_values = benjamini_hochberg([result.p_value for _, result in tested])
        found.update({id(pair): (q, len(tested)) for (pair, _), q in zip(tested, q_values, strict=True)})
    return found


def compared(pair: Pair) -> Comparison:
    """The change now minus before in the measure's unit, with its two-sided p-value and 95% interval.

    Percentages of different people by the N-1 two-proportion test (on the effective n where weighted), of a panel by
    McNemar's mid-p over those who answered both; opportunity by a bootstrap of the difference, of whole people for a
    panel. A weighted panel's share by a normal test with the covariance of those in both.
    """
    if not isinstance(pair.now, People) or not isinstance(pair.before, People):
        return pair.now.compared(pair.before)  # type: ignore[union-attr]
    if pair.measure == "opportunity":
        return _opportunity(pair, pair.now, pair.before)
    return _share(pair.now, pair.before, COLUMNS[pair.measure])


def _share(now_all: People, before_all: People, column: int) -> Comparison:
    now, before = now_all.having(column), before_all.having(column)
    (p1, n1), (p2, n2) = now.share(column), before.share(column)
    panel = is_panel(now.ids, before.ids)
    covariance = _covariance(now, before, column) if panel else 0.0
    low, high = overlapping_proportions_interval(p1, n1, p2, n2, covariance)
    if not panel:
        result = replace(two_proportions(p1 * n1, n1, p2 * n2, n2), test="N-1 two-proportion test")
    elif now.weights is None and before.weights is None:
        _, here, there = np.intersect1d(now.ids, before.ids, assume_unique=True, return_indices=True)
        p_value = panel_p_value(now.tops[here, column], before.tops[there, column], p1 - p2)
        result = Comparison(0.0, 0.0, p_value, test="McNemar's mid-p over those in both waves")
    else:
        result = _weighted_panel(p1, n1, p2, n2, covariance)
    return replace(result, difference=100 * (p1 - p2), low=100 * low, high=100 * high)


def _weighted_panel(p1: float, n1: float, p2: float, n2: float, covariance: float) -> Comparison:
    from scipy.special import ndtr

    variance = p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2 - 2 * covariance
    z = (p1 - p2) / math.sqrt(variance) if variance > 0 else 0.0
    return Comparison(0.0, z, float(2 * ndtr(-abs(z))), test="normal test of the weighted difference in a panel")


def _covariance(now: People, before: People, column: int) -> float:
    """Of the two waves' shares, from the people who are in both."""
    _, here, there = np.intersect1d(now.ids, before.ids, assume_unique=True, return_indices=True)
    first = np.ones(len(now.ids)) if now.weights is None else now.weights
    second = np.ones(len(before.ids)) if before.weights is None else before.weights
    overlap = float((first[here] * second[there]).sum() / (first.sum() * second.sum()))
    return overlap * covariance_of(now.tops[here, column], before.tops[there, column])


def _opportunity(pair: Pair, now: People, before: People) -> Comparison:
    if not is_panel(now.ids, before.ids):
        spread = drawn(now, pair.seed) - drawn(before, pair.seed_before)
        return change_from_draws(value_of(now.kinds) - value_of(before.kinds), spread)
    ids = np.union1d(now.ids, before.ids)
    joined, weights = np.full((len(ids), 4), np.nan), np.zeros((len(ids), 2))
    for place, people in enumerate((now, before)):
        rows = np.searchsorted(ids, people.ids)
        joined[rows, 2 * place : 2 * place + 2] = people.tops
        weights[rows, place] = 1.0 if people.weights is None else people.weights
    unweighted = now.weights is None and before.weights is None
    return paired_opportunity_change(joined, pair.seed, None if unweighted else weights)


def drawn(people: People, seed: list[int]) -> np.ndarray:
    """The bootstrapped opportunities of a cell, made once for its interval, its change and the next wave's change."""
    if tuple(seed) not in people.drawn:
        people.drawn[tuple(seed)] = draw(people.kinds, seed)
    return people.drawn[tuple(seed)]
