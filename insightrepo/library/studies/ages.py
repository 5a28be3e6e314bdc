"""How old research is: the last day that a date stands for, and from when on it is looked at again. Pure."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange

STALE_DAYS = 730  # older than this, it is looked at before it is relied on
DAYS_OF_YEAR = 365.25


def last_day(day: dt.date, precision: str | None) -> dt.date:
    """The last day of the month, quarter or year that a date stands for."""
    month = {"month": day.month, "quarter": (day.month + 2) // 3 * 3, "year": 12}.get(precision or "day")
    return day.replace(month=month, day=monthrange(day.year, month)[1]) if month else day


def age_in_days(day: dt.date | None, precision: str | None, today: dt.date) -> int | None:
    """Days since the last day that a date stands for, below 0 where it is to come; None where there is no date."""
    return (today - last_day(day, precision)).days if day else None


def is_stale(age_days: int | None) -> bool:
    """Whether something of this age is old; what has no age is not."""
    return age_days is not None and age_days > STALE_DAYS
