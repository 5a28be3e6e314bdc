"""Instruments and waves: making and finding them."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from typing import Any

from rapidfuzz import process
from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.locales import day, days
from insightrepo.models import Instrument, Wave
from insightrepo.scores.computing.computing import WaveFrozen
from insightrepo.scores.computing.statistics import top_two_box
from insightrepo.scores.waves.issues import freeze, verify_frozen

__all__ = ["WaveDiffers", "WaveFrozen", "WaveUnknown", "freeze", "verify_frozen"]

PERIOD = re.compile(r"(?P<year>\d{4})(?:-Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2]))?", re.IGNORECASE)


class WaveUnknown(ValueError):
    """No wave has this code; the message names the closest."""


class WaveDiffers(ValueError):
    """A wave or an instrument of this name exists and is not what was asked for."""


def wave_period(code: str) -> tuple[dt.date, dt.date]:
    """First and last day, inclusive, that a wave's code speaks of: "2025-Q1", "2025-03" or "2025".

    Raises:
        ValueError: the code says no period; the caller must give the days.
    """
    match = PERIOD.fullmatch(code.strip())
    if match is None or match["year"] == "0000":
        raise ValueError(
            f"the wave {code!r} does not say when it is: call it like 2025-Q1, 2025-03 or 2025, "
            "or give its first and last day"
        )
    first_month, months = 1, 12
    if match["quarter"]:
        first_month, months = 3 * int(match["quarter"]) - 2, 3
    elif match["month"]:
        first_month, months = int(match["month"]), 1
    year, last_month = int(match["year"]), first_month + months - 1
    return dt.date(year, first_month, 1), dt.date(year, last_month, calendar.monthrange(year, last_month)[1])


def ensure_instrument(
    session: Session, name: str, scale_low: int, scale_high: int, best: str = "high", **details: Any
) -> Instrument:
    """The instrument of this name, made if there is none; `details` are its wording, channel and level.

    Raises:
        WaveDiffers: it exists with another scale or best end: that is another instrument and needs another name.
        ValueError: the scale has no top box.
    """
    top_two_box(scale_low, scale_high, best)
    known = session.scalar(select(Instrument).where(Instrument.name == name))
    if known is None:
        known = Instrument(name=name, scale_low=scale_low, scale_high=scale_high, best=best, **details)
        session.add(known)
        session.flush()
    elif (known.scale_low, known.scale_high, known.best) != (scale_low, scale_high, best):
        raise WaveDiffers(
            f"the instrument {name!r} is a scale of {scale_text(known)}, not {scale_low} to {scale_high} "
            f"with the {best} end best: another scale is another instrument, give it another name"
        )
    return known


def scale_text(instrument: Instrument) -> str:
    """The instrument's scale in words."""
    return f"{instrument.scale_low} to {instrument.scale_high} with the {instrument.best} end best"


def ensure_wave(
    session: Session,
    code: str,
    instrument: Instrument,
    first_day: dt.date | None = None,
    last_day: dt.date | None = None,
) -> Wave:
    """The wave of this code, made open if there is none; days left out follow from the code.

    Raises:
        WaveDiffers: it exists with another instrument or other days than were given.
        ValueError: it is new and neither the days nor the code say when it is, or it would end before it begins.
    """
    known = session.scalar(select(Wave).where(Wave.code == code))
    if known is not None:
        _same_wave(known, instrument, first_day, last_day)
        return known
    if first_day is None or last_day is None:
        period = wave_period(code)
        first_day, last_day = first_day or period[0], last_day or period[1]
    if "/" in code:  # it is part of addresses
        raise ValueError(f"the wave {code!r}: a code holds no slash, write for example 2025-Q3")
    if last_day < first_day:
        raise ValueError(f"the wave {code!r} would end on {day(last_day)}, before its first day {day(first_day)}")
    wave = Wave(code=code, first_day=first_day, last_day=last_day, instrument=instrument, state="open", definition={})
    session.add(wave)
    session.flush()
    return wave


def _same_wave(wave: Wave, instrument: Instrument, first_day: dt.date | None, last_day: dt.date | None) -> None:
    if wave.instrument_id != instrument.id:
        raise WaveDiffers(
            f"the wave {wave.code} is measured with {wave.instrument.name!r} ({scale_text(wave.instrument)}), "
            f"not with {instrument.name!r} ({scale_text(instrument)}): give this import a wave of its own"
        )
    if (first_day or wave.first_day, last_day or wave.last_day) != (wave.first_day, wave.last_day):
        raise WaveDiffers(f"the wave {wave.code} is from {days(wave.first_day, wave.last_day)}: leave its days out")


def find_wave(session: Session, code: str) -> Wave:
    """The wave of this code. WaveUnknown names the closest where there is none."""
    wave = session.scalar(select(Wave).where(Wave.code == code))
    if wave is None:
        closest = process.extractOne(code, session.scalars(select(Wave.code)).all(), score_cutoff=50)
        raise WaveUnknown(f"no wave is called {code!r}" + (f"; the closest is {closest[0]}" if closest else ""))
    return wave
