"""The calendar of waves: how regularly was measured, and which waves of a regular series are missing."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.models import Wave
from insightrepo.scores.waves.waves import PERIOD, wave_period

MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}  # of a period, by cadence
FEWEST = 2  # waves that make a series
IRREGULAR = "irregular"
SPACING = (("monthly", 26, 35), ("quarterly", 80, 102), ("yearly", 340, 390))  # days between first days


@dataclass(frozen=True)
class Measured:
    """A wave as the calendar needs it; `instrument` tells series apart that no code names."""

    code: str
    first_day: dt.date
    last_day: dt.date
    instrument: int


@dataclass(frozen=True)
class Series:
    """The waves of one cadence, in time. Periods that have none are named as a wave of theirs would be.

    `missing` lie between the first and the last wave; `due` are over since the last one.
    """

    cadence: str
    waves: tuple[Measured, ...]
    missing: tuple[str, ...]
    due: tuple[str, ...]


def measured(session: Session) -> list[Measured]:
    """All waves, in time."""
    query = select(Wave.code, Wave.first_day, Wave.last_day, Wave.instrument_id).order_by(Wave.first_day, Wave.id)
    return [Measured(*row) for row in session.execute(query).tuples()]


def series(waves: Iterable[Measured], today: dt.date) -> list[Series]:
    """The waves by cadence, the most frequent cadence first.

    A code that says a month, a quarter or a year says the cadence; waves of other names are regular where those of
    their instrument follow each other by months, quarters or years, and "irregular" else.
    """
    by_cadence: dict[str, list[Measured]] = defaultdict(list)
    unnamed: dict[int, list[Measured]] = defaultdict(list)
    for wave in sorted(waves, key=lambda wave: (wave.first_day, wave.code)):
        cadence = _named(wave.code)
        (by_cadence[cadence] if cadence else unnamed[wave.instrument]).append(wave)
    for some in unnamed.values():
        by_cadence[_spaced(some)] += some
    return [_series(name, by_cadence[name], today) for name in (*MONTHS, IRREGULAR) if name in by_cadence]


def missing_between(waves: Iterable[Measured], earlier: str, later: str) -> tuple[str, ...]:
    """The periods without a wave between two waves of a series; empty where they follow each other."""
    for one in series(waves, dt.date.min):
        days = {wave.code: wave.first_day for wave in one.waves}
        if earlier in days and later in days and one.cadence != IRREGULAR:
            low, high = (_index(next(w for w in one.waves if w.code == code), one.cadence) for code in (earlier, later))
            between = {_code(index, one.cadence) for index in range(low + 1, high)}
            return tuple(code for code in one.missing if code in between)
    return ()


def _named(code: str) -> str | None:
    match = PERIOD.fullmatch(code.strip())
    if match is None or match["year"] == "0000":
        return None
    return "quarterly" if match["quarter"] else "monthly" if match["month"] else "yearly"


def _spaced(waves: Sequence[Measured]) -> str:
    gaps = [(b.first_day - a.first_day).days for a, b in pairwise(waves)]
    usual = statistics.median(gaps) if len(gaps) > 1 else 0
    return next((cadence for cadence, low, high in SPACING if low <= usual <= high), IRREGULAR)


def _series(cadence: str, waves: Sequence[Measured], today: dt.date) -> Series:
    some = tuple(sorted(waves, key=lambda wave: (wave.first_day, wave.code)))
    if cadence == IRREGULAR or len(some) < FEWEST:
        return Series(cadence, some, (), ())
    covered = {_index(wave, cadence) for wave in some}
    missing = [index for index in range(min(covered), max(covered)) if index not in covered]
    return Series(cadence, some, tuple(_code(index, cadence) for index in missing), _due(max(covered), cadence, today))


def _due(last: int, cadence: str, today: dt.date) -> tuple[str, ...]:
    """The periods after the last wave that are over."""
    found = []
    while wave_period(_code(last + 1, cadence))[1] < today:
        last += 1
        found.append(_code(last, cadence))
    return tuple(found)


def _index(wave: Measured, cadence: str) -> int:
    """The number of the period that the wave is of: the one its code says, else the one its middle day is in."""
    middle = wave.first_day + (wave.last_day - wave.first_day) / 2
    day = wave_period(wave.code)[0] if _named(wave.code) else middle
    return (12 * day.year + day.month - 1) // MONTHS[cadence]


def _code(index: int, cadence: str) -> str:
    year, period = divmod(index, 12 // MONTHS[cadence])
    return {"yearly": f"{year}", "quarterly": f"{year}-Q{period + 1}", "monthly": f"{year}-{period + 1:02}"}[cadence]
