"""Whether a cell changed between two waves: the test of each measure, and its control over a family of tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from insightrepo.scores.cells import COLUMNS, CellKey, People
from insightrepo.scores.measures import MEASURES, verdict
from insightrepo.scores.opportunity import opportunity_change, paired_opportunity_change
from insightrepo.scores.statistics import Comparison, benjamini_hochberg, mcnemar_mid_p, two_proportions

PANEL_SHARE = 0.5  # of both waves' people who must have answered both for the waves to be one panel


@dataclass
class Pair:
    """One cell in two waves, to be tested; `score` is the row that gets the verdict, `seed` that of the bootstrap."""

    measure: str
    key: CellKey
    previous_wave_id: int
    now: People
    before: People
    score: dict[str, Any]
    seed: list[int] = field(default_factory=list)


def judge(pairs: Iterable[Pair], smallest_changes: Mapping[str, float], level: float) -> None:
    """Test every pair and write change, p, q and verdict into its score.

    A family is one measure and one pair of waves over all outcome x segment cells; cells of a product are another.
    """
    families: dict[tuple[str, int, bool], list[tuple[Pair, Comparison]]] = defaultdict(list)
    for pair in pairs:
        family = (pair.measure, pair.previous_wave_id, pair.key.product is not None)
        families[family].append((pair, compared(pair)))
    for (name, _, _), tested in families.items():
        q_values = benjamini_hochberg([result.p_value for _, result in tested])
        for (pair, result), q_value in zip(tested, q_values, strict=True):
            word = verdict(MEASURES[name], result.difference, q_value, smallest_changes[name], level)
            pair.score.update(change=result.difference, p_value=result.p_value, q_value=q_value, verdict=word)


def compared(pair: Pair) -> Comparison:
    """The change now minus before in the measure's unit, with its two-sided p-value.

    Percentages of different people by the N-1 two-proportion test, of a panel by McNemar's mid-p over those who
    answered both; opportunity by a bootstrap of the difference, of whole people for a panel.
    """
    if pair.measure == "opportunity":
        return _opportunity(pair)
    column = COLUMNS[pair.measure]
    now, before = pair.now.having(column), pair.before.having(column)
    if is_panel(now, before):
        return _panel(now, before, column)
    result = two_proportions(now.tops[:, column].sum(), len(now.ids), before.tops[:, column].sum(), len(before.ids))
    return Comparison(100 * result.difference, result.statistic, result.p_value)


def is_panel(now: People, before: People) -> bool:
    """Whether at least half of the people of each wave answered both."""
    shared = len(np.intersect1d(now.ids, before.ids, assume_unique=True))
    return shared >= PANEL_SHARE * max(len(now.ids), len(before.ids), 1)


def _panel(now: People, before: People, column: int) -> Comparison:
    """McNemar's mid-p over those in both waves; p is 1 where they moved against the waves' difference."""
    _, here, there = np.intersect1d(now.ids, before.ids, assume_unique=True, return_indices=True)
    moved = np.sign(now.tops[here, column] - before.tops[there, column])
    improved, worsened = int((moved > 0).sum()), int((moved < 0).sum())
    difference = 100 * float(now.tops[:, column].mean() - before.tops[:, column].mean())
    agrees = difference * (improved - worsened) > 0
    return Comparison(difference, improved - worsened, mcnemar_mid_p(improved, worsened) if agrees else 1.0)


def _opportunity(pair: Pair) -> Comparison:
    if not is_panel(pair.now, pair.before):
        return opportunity_change(pair.now.tops, pair.before.tops, pair.seed)
    ids = np.union1d(pair.now.ids, pair.before.ids)
    joined = np.full((len(ids), 4), np.nan)
    joined[np.searchsorted(ids, pair.now.ids), :2] = pair.now.tops
    joined[np.searchsorted(ids, pair.before.ids), 2:] = pair.before.tops
    return paired_opportunity_change(joined, pair.seed)
