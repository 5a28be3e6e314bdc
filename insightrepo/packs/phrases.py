"""Figures of a pack in words, the same in every section."""

from __future__ import annotations

from insightrepo import locales
from insightrepo.locales import day, decimal, grouped
from insightrepo.scores.wording import decimals_of


def between(low: float | None, high: float | None, decimals: int) -> str:
    """Two bounds: "12.1 to 14.0", a dash where there are none."""
    return "–" if low is None or high is None else f"{decimal(low, decimals)} to {decimal(high, decimals)}"


def percent(value: float | None) -> str:
    """A share as a page shows it."""
    return locales.percent(value, decimals_of("satisfaction"))


def people(value: int | None) -> str:
    """A count of people."""
    return grouped(value)


def count(value: int, one: str, many: str | None = None) -> str:
    """A number with its word."""
    return f"{grouped(value)} {one if value == 1 else many or one + 's'}"


def more_than(shown: int, total: int) -> str:
    """How many are not shown; empty where all are."""
    return f"and {grouped(total - shown)} more" if total > shown else ""


def kept_days(text: str) -> str:
    """A day, a month or two days with "to" between them, as a pack keeps them, by the locale in force."""
    return " to ".join(day(part) for part in text.split(" to "))
