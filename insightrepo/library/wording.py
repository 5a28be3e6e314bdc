"""Places, dates, ratings and reasons in the words that pages and the command line show."""

from __future__ import annotations

import datetime as dt

from ingest.readers.base import Locator


def place_words(locator: Locator) -> str:
    """Where something stands: ``Findings › Downloads · page 3``; empty where nothing is known."""
    heading = " › ".join(locator.heading_path)
    spots = [f"{name} {number}" for name, number in (("page", locator.page), ("slide", locator.slide)) if number]
    if locator.sheet:
        spots.append(f"sheet {locator.sheet}")
    if locator.row:
        spots.append(f"row {locator.row}")
    if locator.speaker:
        spots.append(locator.speaker)
    if locator.start_seconds is not None:
        spots.append(_clock(locator.start_seconds))
    return " · ".join(filter(None, (heading, *spots)))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def date_words(day: dt.date | None, precision: str | None) -> str | None:
    """A date no more precise than it is known: 2025-03-14, 2025-03, 2025-Q1 or 2025."""
    if day is None:
        return None
    by_precision = {
        "month": f"{day:%Y-%m}",
        "quarter": f"{day.year}-Q{(day.month + 2) // 3}",
        "year": f"{day.year}",
    }
    return by_precision.get(precision or "day", day.isoformat())


def rating_words(rating: float | None, best: float | None) -> str | None:
    """A rating with its best end: ``2 (5 is best)``."""
    if rating is None:
        return None
    return f"{rating:g}" + (f" ({best:g} is best)" if best is not None else "")


def vote_words(source: str, value: float, reason: dict, in_favour: bool) -> str:
    """x"""
    return str(reason)
