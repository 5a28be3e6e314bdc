"""Dates as people type them into a query: 2025, 2025-Q1, 2025-03, 2025-03-14, 2025-Q1..2025-Q3, "last quarter", 90d."""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange

DATE_FORMS = "2025, 2025-Q1, 2025-03, 2025-03-14, “last quarter” or 90d"
RELATIVE = ("this month", "last month", "this quarter", "last quarter", "this year", "last year", "30d", "90d", "12m")

Days = tuple[dt.date, dt.date]  # the first and the last day, both included

_DAY = re.compile(r"(\d{4})(?:-?[Qq]([1-4])|-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)
_AGO = re.compile(r"(\d{1,4})([dwmy])", re.ASCII)
_NAMED = re.compile(r"(this|last)[\s_-]*(week|month|quarter|year)")
_MONTHS = {"month": 1, "quarter": 3, "year": 12, "m": 1, "y": 12}


def first_day(value: str, today: dt.date | None = None) -> dt.date | None:
    """The first day of what `days` reads; None where it reads nothing."""
    found = days(value, today)
    return found[0] if found else None


def last_day(value: str, today: dt.date | None = None) -> dt.date | None:
    """The last day, itself included, of what `days` reads; None where it reads nothing."""
    found = days(value, today)
    return found[1] if found else None


def days(value: str, today: dt.date | None = None) -> Days | None:
    """The days that a text names: one of the forms above or two of them with ``..`` between; None where it is neither.

    ``90d`` (12w, 6m, 1y) is the single day so long before `today`; "last quarter" is the calendar's, as is "this week",
    which begins on Monday. Never fails; `today` is the machine's day unless given.
    """
    today = today or dt.date.today()
    begins, dots, ends = value.strip().lower().partition("..")
    first = _one(begins.strip(), today)
    last = _one(ends.strip(), today) if dots else first
    return (first[0], last[1]) if first and last and first[0] <= last[1] else None


def _one(text: str, today: dt.date) -> Days | None:
    try:
        return _calendar(text) or _ago(text, today) or _named(text, today)
    except (ValueError, OverflowError):  # a day before the year 1 or one that no month has
        return None


def _calendar(text: str) -> Days | None:
    match = _DAY.fullmatch(text)
    if not match:
        return None
    year, quarter, month, day = (int(part) if part else None for part in match.groups())
    if day is not None:
        return (dt.date(year, month, day),) * 2  # type: ignore[arg-type, return-value]
    first, last = (quarter * 3 - 2, quarter * 3) if quarter else (month, month) if month is not None else (1, 12)
    return dt.date(year, first, 1), _month_end(dt.date(year, last, 1))  # type: ignore[arg-type]


def _ago(text: str, today: dt.date) -> Days | None:
    match = _AGO.fullmatch(text)
    if not match:
        return None
    count, unit = int(match[1]), match[2]
    if unit in _MONTHS:
        start = _months_before(today.replace(day=1), count * _MONTHS[unit])
        day = start.replace(day=min(today.day, monthrange(start.year, start.month)[1]))
    else:
        day = today - dt.timedelta(days=count * (7 if unit == "w" else 1))
    return day, day


def _named(text: str, today: dt.date) -> Days | None:
    if text in ("today", "yesterday"):
        day = today - dt.timedelta(days=text == "yesterday")
        return day, day
    match = _NAMED.fullmatch(text)
    if not match:
        return None
    back = match[1] == "last"
    if match[2] == "week":
        monday = today - dt.timedelta(days=today.weekday() + 7 * back)
        return monday, monday + dt.timedelta(days=6)
    length = _MONTHS[match[2]]
    start = today.replace(month=(today.month - 1) // length * length + 1, day=1)
    start = _months_before(start, length * back)
    return start, _month_end(_months_before(start, 1 - length))


def _months_before(first: dt.date, count: int) -> dt.date:
    """The first of the month so many months before a first of a month."""
    at = first.year * 12 + first.month - 1 - count
    return dt.date(at // 12, at % 12 + 1, 1)


def _month_end(day: dt.date) -> dt.date:
    return day.replace(day=monthrange(day.year, day.month)[1])
