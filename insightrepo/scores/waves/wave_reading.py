"""Waves as their pages show them: the calendar with what is missing, and everything about one wave."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased, selectinload

from insightrepo.accounts.access import Reader
from insightrepo.memory import remembered
from insightrepo.models import QuarantinedRow, Score, User, Wave, WaveIssue
from insightrepo.scores.waves.annotations import AnnotationShown, annotations_between
from insightrepo.scores.waves.cadence import IRREGULAR, Measured, Series, measured, missing_between, series
from insightrepo.scores.waves.definitions import definition_for
from insightrepo.scores.waves.exclusions import ExclusionShown, exclusions_of
from insightrepo.scores.waves.issues import Verified, issues_of, number_shown, replaced, verify
from insightrepo.scores.waves.responses import Contacts, Rate, Stratum, composition, compositions, contacts, falling
from insightrepo.scores.waves.waves import find_wave, scale_text, wave_period


@dataclass(frozen=True)
class WaveLine:
    """A wave in the calendar. `n`: people, None where fewer than five; `correcting`: why it is open again.

    `break_before`: measured with another instrument than the wave before it in the series, never compared with it.
    `falling`: words on a response rate that fell.
    """

    code: str
    name: str
    first_day: dt.date
    last_day: dt.date
    state: str
    issue: int
    correcting: str
    instrument_id: int
    instrument: str
    scale: str
    n: int | None
    rate: Rate | None
    segment_rates: tuple[tuple[str, Rate | None], ...]
    falling: tuple[str, ...]
    contacts: Contacts | None
    break_before: bool


@dataclass(frozen=True)
class CalendarRow:
    """A wave, or a period that has none: then `line` is None and `due` says whether it follows the last wave."""

    code: str
    line: WaveLine | None
    due: bool = False


@dataclass(frozen=True)
class CalendarSeries:
    """The waves of one cadence and the periods between and after them, the latest first."""

    cadence: str
    rows: tuple[CalendarRow, ...]
    missing: tuple[str, ...]
    due: tuple[str, ...]


@dataclass(frozen=True)
class IssueLine:
    """A frozen issue in a wave's list."""

    number: int
    reason: str
    sha256: str
    frozen_at: dt.datetime
    frozen_by: str | None
    verified: Verified


@dataclass(frozen=True)
class ComparedWith:
    """An earlier wave that verdicts rest on; `missing`: the periods of the series without a wave between them."""

    code: str
    missing: tuple[str, ...]


@dataclass(frozen=True)
class WaveReading:
    """Everything about one wave, within the reader's scopes."""

    wave: Wave
    scale: str
    definition: Mapping[str, Any]
    number: int
    strata: tuple[Stratum, ...]
    contacts: Contacts | None
    exclusions: tuple[ExclusionShown, ...]
    annotations: tuple[AnnotationShown, ...]
    issues: tuple[IssueLine, ...]
    compared_with: tuple[ComparedWith, ...]
    replaced: tuple[tuple[str, int, int], ...]
    quarantined: int
    scores: int

    @property
    def frozen(self) -> bool:
        """Whether nothing of it may be changed."""
        return self.wave.state == "frozen"

    @property
    def latest(self) -> IssueLine | None:
        """The last issue."""
        return self.issues[-1] if self.issues else None


def calendar(session: Session, reader: Reader, today: dt.date) -> list[CalendarSeries]:
    """All waves by cadence with the missing ones of a regular cadence named, the latest first."""
    query = select(Wave).options(selectinload(Wave.instrument)).order_by(Wave.first_day, Wave.id)
    waves = list(session.scalars(query))
    by_code = {wave.code: wave for wave in waves}
    strata = compositions(session, reader, waves)
    found = []
    for one in series(measured(session), today):
        some = [by_code[wave.code] for wave in one.waves]
        lines = _lines(some, strata, contacts(session, some))
        found.append(CalendarSeries(one.cadence, _rows(one, lines), one.missing, one.due))
    return found


def _lines(
    waves: Sequence[Wave], strata: Mapping[int, Sequence[Stratum]], seen: Mapping[int, Contacts]
) -> list[WaveLine]:
    lines: list[WaveLine] = []
    rates: dict[str, list[Rate | None]] = {}
    for place, wave in enumerate(waves):
        by_name = {stratum.name: stratum.rate for stratum in strata[wave.id]}
        words = []
        for name, rate in by_name.items():
            rates.setdefault(name, []).append(rate)
            if rate is not None and (said := falling(rates[name])):
                words.append(f"{name}: {said}" if name != "Everybody" else said)
        whole = strata[wave.id][0]
        lines.append(WaveLine(
            wave.code, wave.name, wave.first_day, wave.last_day, wave.state, number_shown(wave), wave.correction,
            wave.instrument_id, wave.instrument.name, scale_text(wave.instrument), whole.n, whole.rate,
            tuple((name, rate) for name, rate in by_name.items() if name != "Everybody" and rate is not None),
            tuple(words), seen.get(wave.id),
            break_before=place > 0 and wave.instrument_id != waves[place - 1].instrument_id,
        ))  # fmt: skip
    return lines


def _rows(one: Series, lines: Sequence[WaveLine]) -> tuple[CalendarRow, ...]:
    placed = [((line.first_day, line.code), CalendarRow(line.code, line)) for line in lines]
    for codes, due in ((one.missing, False), (one.due, True)):
        placed += [((wave_period(code)[0], code), CalendarRow(code, None, due)) for code in codes]
    return tuple(row for _, row in sorted(placed, key=lambda pair: pair[0], reverse=True))


def read_wave(session: Session, reader: Reader, code: str) -> WaveReading:
    """Everything about the wave of this code. WaveUnknown where there is none."""
    wave = find_wave(session, code)
    everything = measured(session)
    return WaveReading(
        wave=wave, scale=scale_text(wave.instrument), definition=definition_for(reader, wave.definition),
        number=number_shown(wave),
        strata=tuple(composition(session, reader, wave)), contacts=_contacts(session, wave, everything),
        exclusions=tuple(exclusions_of(session, reader, wave)),
        annotations=tuple(annotations_between(session, reader, wave.first_day, wave.last_day)),
        issues=_issues(session, wave), compared_with=_compared(session, wave, everything),
        replaced=tuple(replaced(session, wave)),
        quarantined=_count(session, QuarantinedRow.wave_id == wave.id, QuarantinedRow.state == "waiting"),
        scores=_count(session, Score.wave_id == wave.id),
    )  # fmt: skip


def _count(session: Session, *conditions: Any) -> int:
    return session.scalar(select(func.count()).where(*conditions)) or 0


def _contacts(session: Session, wave: Wave, everything: Sequence[Measured]) -> Contacts | None:
    for one in series(everything, dt.date.min):
        codes = [each.code for each in one.waves]
        if one.cadence != IRREGULAR and wave.code in codes:
            recent = codes[: codes.index(wave.code) + 1][-3:]
            waves = session.scalars(select(Wave).where(Wave.code.in_(recent)).order_by(Wave.first_day, Wave.id)).all()
            return contacts(session, waves)[wave.id]
    return None


def _issues(session: Session, wave: Wave) -> tuple[IssueLine, ...]:
    # Whoever tampers with an issue commits, and nothing is remembered across a commit.
    verified = remembered(session, ("issues verified", wave.id), lambda: tuple(verify(session, [wave])))
    checked = {found.number: found for found in verified}
    kept = issues_of(session, wave)
    people = _people(session, kept)
    return tuple(
        IssueLine(issue.number, issue.reason, issue.sha256, issue.frozen_at, people.get(issue.frozen_by_id),
                  checked[issue.number])
        for issue in kept
    )  # fmt: skip


def _people(session: Session, issues: Sequence[WaveIssue]) -> dict[int | None, str]:
    ids = {issue.frozen_by_id for issue in issues if issue.frozen_by_id}
    return {user.id: user.name or user.email for user in session.scalars(select(User).where(User.id.in_(ids)))}


def _compared(session: Session, wave: Wave, everything: Sequence[Measured]) -> tuple[ComparedWith, ...]:
    earlier = aliased(Wave)
    query = (
        select(earlier.code, earlier.first_day)
        .join(Score, Score.previous_wave_id == earlier.id)
        .where(Score.wave_id == wave.id)
        .distinct()
        .order_by(earlier.first_day)
    )
    codes = [code for code, _ in session.execute(query)]
    return tuple(ComparedWith(code, missing_between(everything, code, wave.code)) for code in codes)
