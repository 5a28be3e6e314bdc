"""Values of measures in words, the same on every page, in every sentence and file."""

from __future__ import annotations

from insightrepo import locales
from insightrepo.locales import decimal, percent
from insightrepo.scores.measures import MEASURES


def measure_name(measure: str) -> str:
    """What a measure is called wherever it is read: "success" is task success, every other as it is written."""
    return "task success" if measure == "success" else measure


def decimals_of(measure: str) -> int:
    """How many decimals a value of the measure is shown with; a metric's has one."""
    return MEASURES[measure].decimals if measure in MEASURES else 1


def number(value: float, measure: str, unit: str) -> str:
    """A value of a measure with its unit: 62%, 12.4 of 20."""
    if unit == "percent":
        return percent(value, decimals_of(measure))
    text = decimal(value, decimals_of(measure))
    return f"{text} {unit.removeprefix('points ')}".strip()


def change(value: float, measure: str, unit: str) -> str:
    """How far a measure moved, without its direction: 8 points."""
    text = decimal(abs(value), decimals_of(measure))
    if unit == "percent" or unit.startswith("points"):
        return f"{text} point{'' if text == '1' else 's'}"
    return f"{text} {unit}".strip()


def points(value: float, decimals: int = 0) -> str:
    """A signed number of points: −18, +0.4; zero has no sign."""
    return locales.signed(value, decimals)
