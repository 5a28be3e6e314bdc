"""Making a wave and choosing how its scores are computed; what is chosen for an open wave is computed again at once."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.accounts.audit import record
from insightrepo.database import Database
from insightrepo.models import Instrument, Metric, Segment, Wave
from insightrepo.scores.computing.computing import lock_wave, recompute_all, stale_waves
from insightrepo.scores.computing.crowd import read_crowd
from insightrepo.scores.measures import MEASURES
from insightrepo.scores.waves.instruments import LEVELS
from insightrepo.scores.waves.settings import SettingsWrong, WaveSettings, stored
from insightrepo.scores.waves.waves import WaveDiffers, ensure_instrument, ensure_wave, scale_text

WORDS = ("wording", "importance_wording", "low_label", "high_label", "channel", "timing", "level")


@dataclass(frozen=True)
class InstrumentWanted:
    """What a new wave is measured with. `name` None: the latest wave's instrument, else one named after the scale.

    A scale is "LOW-HIGH". What is None is the known instrument's, of a new one 1-5 with the high end best.
    """

    name: str | None = None
    scale: str | None = None
    best: str | None = None
    wording: str | None = None
    importance_wording: str | None = None
    low_label: str | None = None
    high_label: str | None = None
    channel: str | None = None
    timing: str | None = None
    level: str | None = None

    @property
    def words(self) -> dict[str, str]:
        """What was said of its wording, labels, channel, timing and level."""
        return {name: value for name, value in asdict(self).items() if name in WORDS and value}


def create_wave(
    session: Session,
    reader: Reader,
    code: str,
    wanted: InstrumentWanted | None = None,
    first_day: dt.date | None = None,
    last_day: dt.date | None = None,
    name: str = "",
) -> Wave:
    """Make an open wave. Days left out follow from a code like 2025-Q3, 2025-09 or 2025.

    Raises:
        Forbidden: the reader is no researcher, or limited to a part of the workspace.
        WaveDiffers: there is a wave of this code, or the instrument is known with another scale or other words.
        ValueError: the code is empty or holds a slash, the days are not known or in the wrong order, the scale has no
            top box.
    """
    reader.require_change_global()
    code = code.strip()
    if not code or "/" in code or len(code) > 80:
        raise ValueError(f"the wave's code {code[:80]!r}: 1 to 80 characters without a slash, for example 2025-Q3")
    if session.scalar(select(Wave.id).where(Wave.code == code)):
        raise WaveDiffers(f"there is a wave {code} already")
    wave = ensure_wave(session, code, _instrument(session, wanted or InstrumentWanted()), first_day, last_day)
    wave.name = name.strip()
    record(session, reader.user_id, "wave.create", f"wave:{wave.id}", code=code, instrument=wave.instrument_id)
    session.flush()
    return wave


def _instrument(session: Session, wanted: InstrumentWanted) -> Instrument:
    known = _known(session, wanted)
    if known is not None and (wanted.scale or wanted.best):
        low, high = parse_scale(wanted.scale) if wanted.scale else (known.scale_low, known.scale_high)
        known = ensure_instrument(session, known.name, low, high, wanted.best or known.best)
    if known is not None:
        differing = [name for name, value in wanted.words.items() if value != (getattr(known, name) or "")]
        if differing:
            raise WaveDiffers(
                f"the instrument {known.name!r} ({scale_text(known)}) has another {' and '.join(differing)}: what is "
                "asked otherwise is another instrument, give it another name; correct a slip on the instrument's page"
            )
        return known
    if wanted.level and wanted.level not in LEVELS:
        raise ValueError(f"the level {wanted.level!r} is neither {' nor '.join(LEVELS)}")
    low, high = parse_scale(wanted.scale or "1-5")
    best = wanted.best or "high"
    return ensure_instrument(session, wanted.name or f"Survey, {low} to {high}, {best} end best", low, high, best,
                             **wanted.words)  # fmt: skip


def _known(session: Session, wanted: InstrumentWanted) -> Instrument | None:
    if wanted.name:
        return session.scalar(select(Instrument).where(Instrument.name == wanted.name.strip()))
    if wanted.scale or wanted.best or wanted.words:
        return None
    query = select(Instrument).join(Wave, Wave.instrument_id == Instrument.id).order_by(Wave.first_day.desc())
    return session.scalars(query).first()


def parse_scale(text: str) -> tuple[int, int]:
    """Lowest and highest answer of "1-5". ValueError where it is not written so."""
    low, _, high = text.strip().partition("-")
    if not (low.isascii() and low.isdigit() and high.isascii() and high.isdigit() and int(low) < int(high)):
        raise ValueError(f"the scale {text!r}: write the lowest and the highest answer like 1-5")
    return int(low), int(high)


def change_settings(session: Session, reader: Reader, wave: Wave, settings: WaveSettings) -> Wave:
    """Choose weighting, smallest changes of interest and bands of an open wave; `refresh` computes with them.

    Raises:
        Forbidden: the reader is no researcher, or limited to a part of the workspace.
        WaveFrozen: it is frozen.
        SettingsWrong: a dimension or a measure is not known, or a population that weighting needs is missing.
        WeightsRefused: a segment to weight by has nobody in the wave.
    """
    reader.require_change_global()
    wave = lock_wave(session, wave.id)
    _check(session, settings)
    before, wave.settings = wave.settings or {}, stored(settings)
    changed: dict[str, Any] = {"before": before, "after": wave.settings}
    record(session, reader.user_id, "wave.settings", f"wave:{wave.id}", code=wave.code, **changed)
    session.flush()
    read_crowd(session, wave)  # weights that cannot be made are refused now, not when the scores are computed
    return wave


def _check(session: Session, settings: WaveSettings) -> None:
    dimensions = dimensions_of(session)
    for name in settings.weighting.dimensions:
        if name not in dimensions:
            raise SettingsWrong(f"weighting: no segment is on a dimension {name!r}; there are "
                                f"{', '.join(dimensions) or 'none'}")  # fmt: skip
        lacking = [segment.code for segment in dimensions[name] if segment.population is None]
        if lacking:
            raise SettingsWrong(
                f"weighting: {', '.join(lacking)} of {name} have no population; give it in the taxonomy"
            )
    known = {*MEASURES, *session.scalars(select(Metric.code))}
    unknown = sorted(set(settings.smallest_change) - known)
    if unknown:
        raise SettingsWrong(
            f"smallest change: {', '.join(unknown)} is no measure; there are {', '.join(sorted(known))}"
        )


def dimensions_of(session: Session) -> dict[str, list[Segment]]:
    """The segments in use, by dimension."""
    found: dict[str, list[Segment]] = {}
    query = select(Segment).where(Segment.status != "retired").order_by(Segment.dimension, Segment.id)
    for segment in session.scalars(query):
        found.setdefault(segment.dimension, []).append(segment)
    return found


def refresh(database: Database, wave_id: int) -> None:
    """Compute an open wave and the later open ones again that are older than what went into them."""
    with database.reading() as session:
        stale = stale_waves(session, session.get_one(Wave, wave_id))
    recompute_all(database, stale)
