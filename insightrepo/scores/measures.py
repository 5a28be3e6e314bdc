"""The measures a score can be of: unit, better direction, range, and the change that is worth speaking of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from insightrepo.models import Metric

VERDICTS = ("better", "worse", "no evidence of change", "not enough data")
NOTES = ("suppressed", "indicative", "break")
ASKED = ("satisfaction", "importance", "opportunity")  # what people answer, with the instrument and wording of a wave
NOT_ENOUGH = "not enough data"
NO_CHANGE = "no evidence of change"
SMALLEST_SHOWN = 5  # people; fewer are suppressed
SMALLEST_FIRM = 30  # people; fewer are indicative and get no verdict
LEVEL = 0.05  # of q, after Benjamini-Hochberg over one family
LEVEL_OF_ALL = 0.03  # of q over all tests of two waves: what keeps false arrows under 5% of all (bench/false_arrows.py)


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
    "success": Measure("success", "percent", "higher", 0.0, 100.0, 0, 3.0),  # of a task, or an outcome's task index
    "time": Measure("time", "seconds", "lower", 0.0, math.inf, 0, 0.0),
    "ease": Measure("ease", "points of 7", "higher", 1.0, 7.0, 1, 0.3),
    "difficulty": Measure("difficulty", "points of 7", "lower", 1.0, 7.0, 1, 0.3),
    "confidence": Measure("confidence", "points of 7", "higher", 1.0, 7.0, 1, 0.3),
    "usefulness": Measure("usefulness", "points of 7", "higher", 1.0, 7.0, 1, 0.3),
}
METRIC_RANGES: dict[str, tuple[float, float]] = {  # of the values of a metric's scores, by kind
    "csat": (0.0, 100.0), "nps": (-100.0, 100.0), "sus": (0.0, 100.0), "umux_lite": (0.0, 100.0),
    "ux_lite": (0.0, 100.0), "rate": (0.0, 100.0),
}  # fmt: skip
METRIC_SMALLEST = 3.0  # points of a metric of 0 to 100 that sets none


def metric_measure(metric: Metric) -> Measure:
    """A metric of the catalogue as the measure of its scores; its smallest change of interest is 0 where none is set
    and its range is its own.
    """
    low, high = METRIC_RANGES.get(metric.kind, (-math.inf, math.inf))
    if metric.kind == "ces" and metric.scale_low is not None and metric.scale_high is not None:
        low, high = float(metric.scale_low), float(metric.scale_high)
    smallest = metric.smallest_change
    if smallest is None:
        smallest = METRIC_SMALLEST if metric.kind in METRIC_RANGES else 0.0
    better: Literal["higher", "lower"] = "lower" if metric.better == "lower" else "higher"
    return Measure(metric.code, metric.unit, better, low, high, 1, smallest)


def verdict(measure: Measure, change: float, q_value: float, smallest_change: float, level: float = LEVEL) -> str:
    """better, worse or no evidence of change, from a tested change in the measure's unit and its adjusted p-value."""
    if q_value > level or abs(change) < smallest_change or change == 0:
        return NO_CHANGE
    return "better" if (change > 0) == (measure.better == "higher") else "worse"
