"""The months and quarters that packs review, and the day on which the next one is made."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from insightrepo.models import PACK_KINDS
from insightrepo.scores.waves.waves import PERIOD, wave_period

MONTHS = {"monthly": 1, "quarterly": 3}  # of a period, by kind
LATEST_DAY = 28  # of a month that a schedule may name: every month has it


class PeriodWrong(ValueError):
    """What was given names no month or quarter; the message says how to write one."""


@dataclass(frozen=True)
class Period:
    """A month ("2025-09") or a quarter ("2025-Q3") with its first and last day, inclusive."""

    kind: str
    code: str
    first_day: dt.date
    last_day: dt.date


def read_period(kind: str, text: str) -> Period:
    """The month or quarter that the text names.

    Raises:
        PeriodWrong: the kind is unknown, or the text names no period of this kind.
    """
    if kind not in PACK_KINDS:
        raise PeriodWrong(f"kind: a pack is {' or '.join(PACK_KINDS)}, not {kind!r}")
    match = PERIOD.fullmatch(text.strip())
    wanted = "month" if kind == "monthly" else "quarter"
    if match is None or not match[wanted] or match["year"] == "0000":
        example = "2025-09" if kind == "monthly" else "2025-Q3"
        raise PeriodWrong(f"period: a {kind} pack is of a {wanted}, written like {example}, not {text.strip()!r}")
    return Period(kind, text.strip().upper(), *wave_period(text))


def period_over(kind: str, day: dt.date) -> Period:
    """The last month or quarter that was over before the day."""
    first = _month_index(day) // MONTHS[kind] * MONTHS[kind] - MONTHS[kind]
    return read_period(kind, _code(kind, first))


def period_with(kind: str, day: dt.date) -> Period:
    """The month or quarter that the day is in."""
    return read_period(kind, _code(kind, _month_index(day) // MONTHS[kind] * MONTHS[kind]))


def next_making(kind: str, day_of_month: int, day: dt.date) -> dt.date:
    """The first day from `day` on, on which a pack of this kind is made: a day of the month after the period.

    Raises:
        PeriodWrong: the kind is unknown, or the day of the month is not 1 to 28.
    """
    if kind not in PACK_KINDS:
        raise PeriodWrong(f"kind: a pack is {' or '.join(PACK_KINDS)}, not {kind!r}")
    if not 1 <= day_of_month <= LATEST_DAY:
        raise PeriodWrong(f"day: a day of the month from 1 to {LATEST_DAY}, which every month has, not {day_of_month}")
    index = _month_index(day)
    while index % MONTHS[kind] or _date(index, day_of_month) < day:
        index += 1
    return _date(index, day_of_month)


def _month_index(day: dt.date) -> int:
    return 12 * day.year + day.month - 1


def _date(index: int, day_of_month: int) -> dt.date:
    return dt.date(index // 12, index % 12 + 1, day_of_month)


def _code(kind: str, index: int) -> str:
    year, month = divmod(index, 12)
    return f"{year:04}-Q{month // 3 + 1}" if kind == "quarterly" else f"{year:04}-{month + 1:02}"
