"""Figures of a pack in words, the same in every section."""

from __future__ import annotations

from insightrepo.scores.wording import decimals_of


def between(low: float | None, high: float | None, decimals: int) -> str:
    """Two bounds: "12.1 to 14.0", a dash where there are none."""
    return "–" if low is None or high is None else f"{low:.{decimals}f} to {high:.{decimals}f}"


def percent(value: float | None) -> str:
    """A share as a page shows it."""
    return "–" if value is None else f"{value:.{decimals_of('satisfaction')}f}%"


def people(value: int | None) -> str:
    """A count of people."""
    return "–" if value is None else f"{value:,}"


def count(value: int, one: str, many: str | None = None) -> str:
    """A number with its word."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def more_than(shown: int, total: int) -> str:
    """How many are not shown; empty where all are."""
    return f"and {total - shown:,} more" if total > shown else ""
