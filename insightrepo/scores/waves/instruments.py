"""Instruments: what was asked, on which scale, how and when. An edit adds a version; another scale is another one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.accounts.audit import record
from insightrepo.models import DefinitionVersion, Instrument, User, Wave
from insightrepo.scores.waves.issues import instrument_content, require_reason
from insightrepo.taxonomy.versions import add_version, last_version

KIND = "instrument"  # of its definition versions
EDITABLE = ("name", "wording", "importance_wording", "low_label", "high_label", "channel", "timing", "level")
LEVELS = ("relationship", "interaction")


class InstrumentUnknown(ValueError):
    """There is no such instrument."""


class InstrumentWrong(ValueError):
    """A change that would make it another instrument, or a name that is taken."""


@dataclass(frozen=True)
class InstrumentVersion:
    """How it stood after a change; `changed` names the fields and gives the words before and after."""

    version: int
    note: str
    by: str | None
    at: dt.datetime
    changed: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class InstrumentReading:
    """An instrument with the waves that used it, in time, and its versions, the latest first."""

    instrument: Instrument
    version: int
    waves: tuple[Wave, ...]
    versions: tuple[InstrumentVersion, ...]


def list_instruments(session: Session) -> list[tuple[Instrument, int]]:
    """All instruments by name, each with the number of its waves."""
    query = (
        select(Instrument, func.count(Wave.id))
        .join(Wave, Wave.instrument_id == Instrument.id, isouter=True)
        .group_by(Instrument.id)
        .order_by(Instrument.name)
    )
    return list(session.execute(query).tuples())


def read_instrument(session: Session, instrument_id: int) -> InstrumentReading:
    """The instrument of this id. InstrumentUnknown where there is none."""
    instrument = session.get(Instrument, instrument_id)
    if instrument is None:
        raise InstrumentUnknown(f"there is no instrument {instrument_id}")
    waves = session.scalars(
        select(Wave).where(Wave.instrument_id == instrument_id).order_by(Wave.first_day, Wave.id)
    ).all()
    rows = session.execute(
        select(DefinitionVersion, User)
        .join(User, User.id == DefinitionVersion.changed_by_id, isouter=True)
        .where(DefinitionVersion.kind == KIND, DefinitionVersion.object_id == instrument_id)
        .order_by(DefinitionVersion.version)
    ).all()
    versions, before = [], rows[0][0].content if rows else {}
    for row, user in rows[1:]:
        versions.append(InstrumentVersion(row.version, row.note, (user.name or user.email) if user else None,
                                          row.changed_at, _changed(before, row.content)))  # fmt: skip
        before = row.content
    return InstrumentReading(instrument, max(len(rows), 1), tuple(waves), tuple(reversed(versions)))


def _changed(before: dict[str, Any], after: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    return tuple((name, str(before.get(name) or ""), str(value or ""))
                 for name, value in after.items() if value != before.get(name))  # fmt: skip


def edit_instrument(
    session: Session, reader: Reader, instrument: Instrument, note: str, **changes: str | None
) -> Instrument:
    """Change the words around an instrument (`EDITABLE`); it becomes its next version. Frozen issues keep the old one.

    A question that asks something else, another scale or another best end is another instrument: make a wave with
    a new one, so that the series breaks where people can see it.

    Raises:
        Forbidden: the reader is no researcher, or limited to a part of the workspace.
        InstrumentWrong: a field that may not change, a name that another one has, or nothing changed.
        ReasonMissing: the note says nothing.
    """
    reader.require_change_global()
    fixed = sorted(set(changes) - set(EDITABLE))
    if fixed:
        raise InstrumentWrong(f"{', '.join(fixed)}: another scale is another instrument; make a wave with a new one")
    text = require_reason(note)
    before = instrument_content(instrument)
    new = {name: (value or "").strip() or (None if name == "level" else "") for name, value in changes.items()}
    _check(session, instrument, new)
    if all(before[name] == value for name, value in new.items()):
        raise InstrumentWrong("nothing was changed")
    last = last_version(session, KIND, instrument.id)
    if last == 0:
        last = 1
        add_version(session, KIND, instrument.id, last, before, "as it was first used")
    for name, value in new.items():
        setattr(instrument, name, value)
    session.flush()
    add_version(session, KIND, instrument.id, last + 1, instrument_content(instrument), text, reader.user_id)
    record(session, reader.user_id, "instrument.edit", f"instrument:{instrument.id}", note=text, fields=sorted(new))
    return instrument


def _check(session: Session, instrument: Instrument, new: dict[str, str | None]) -> None:
    if "name" in new:
        other = select(Instrument.id).where(Instrument.name == new["name"], Instrument.id != instrument.id)
        if not new["name"]:
            raise InstrumentWrong("an instrument needs a name")
        if session.scalar(other):
            raise InstrumentWrong(f"another instrument is called {new['name']!r} already")
    if new.get("level") not in (None, *LEVELS):
        raise InstrumentWrong(f"level: {new['level']!r} is neither {' nor '.join(LEVELS)}")
