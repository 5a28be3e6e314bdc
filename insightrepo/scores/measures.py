"""The measures a score can be of: unit, better direction, range, and the change that is worth speaking of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

VERDICTS = ("better", "worse", "no evidence of change", "not enough data")
NOTES = ("suppressed", "indicative", "break")
NOT_ENOUGH = "not enough data"
NO_CHANGE = "no evidence of change"
SMALLEST_SHOWN = 5  # people; fewer are suppressed
SMALLEST_FIRM = 30  # people; fewer are indicative and get no verdict
LEVEL = 0.05  # of q, after Benjamini-Hochberg


@dataclass(frozen=True)
class Measure:
    """What a score is of. Values, intervals and changes are in `unit`; `smallest_change` is the least that counts."""

    name: str
    unit: str
    better: Literal["higher", "lower"]
    low: float
    high: float
    decimals: int
    smallest_change: float


MEASURES: dict[str, Measure] = {
    "satisfaction": Measure("satisfaction", "percent", "higher", 0.0, 100.0, 0, 3.0),
    "importance": Measure("importance", "percent", "higher", 0.0, 100.0, 0, 3.0),
    "opportunity": Measure("opportunity", "points of 20", "lower", 0.0, 20.0, 1, 1.0),
}


def verdict(measure: Measure, change: float, q_value: float, smallest_change: float, level: float = LEVEL) -> str:
    """better, worse or no evidence of change, from a tested change in the measure's unit and its adjusted p-value."""
    if q_value > level or abs(change) < smallest_change or change == 0:
        return NO_CHANGE
    return "better" if (change > 0) == (measure.better == "higher") else "worse"
