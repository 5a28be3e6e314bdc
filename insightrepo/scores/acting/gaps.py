"""The gap of a cell: importance minus satisfaction, in percentage points, with an interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from insightrepo.scores.reading import ScoreRow

Scored = ScoreRow | Row[Any]  # with value, low, high, n and note


@dataclass(frozen=True)
class Gap:
    """I - S in percentage points (-100 to 100). `n` is the smaller of the two; `note` as of a score.

    The interval goes from the lowest importance less the highest satisfaction to the reverse: it is at least as wide
    as a 95% interval however the two answers of one person hang together, and excludes 0 exactly where the intervals
    of importance and satisfaction do not touch.
    """

    value: float
    low: float
    high: float
    n: int | None
    note: str | None

    @property
    def sign(self) -> int:
        """1: surely less satisfied than it is important, -1: surely more, 0: cannot be told."""
        return 1 if self.low > 0 else -1 if self.high < 0 else 0


def clearly_apart(one: Scored | None, other: Scored | None) -> int:
    """Whether two scores have 95% intervals that do not touch: 1 the first is above, -1 below, 0 it cannot be told.

    That is stricter than a test of their difference.
    """
    if one is None or other is None or one.value is None or other.value is None:
        return 0
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return 0
    return 1 if one.low > other.high else -1 if one.high < other.low else 0


def gap(importance: Scored | None, satisfaction: Scored | None) -> Gap | None:
    """The gap of two scores of one cell and wave; None where either is missing, suppressed or without an interval."""
    if importance is None or satisfaction is None:
        return None
    i, s = (row.value for row in (importance, satisfaction))
    edges = (importance.low, importance.high, satisfaction.low, satisfaction.high)
    if i is None or s is None or None in edges:
        return None
    i_low, i_high, s_low, s_high = edges
    counts = [row.n for row in (importance, satisfaction) if row.n is not None]
    notes = {importance.note, satisfaction.note}
    note = "indicative" if "indicative" in notes else None
    return Gap(i - s, i_low - s_high, i_high - s_low, min(counts, default=None), note)  # type: ignore[operator]
