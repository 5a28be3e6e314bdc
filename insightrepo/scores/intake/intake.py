"""What the imports of answers, trials and metrics share: the wave, the report, and rows that are stored once."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest.readers.base import Row, Table
from insightrepo.database import Database
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.models import Base, Instrument, Respondent, Wave
from insightrepo.scores.computing.computing import lock_wave, recompute_all, refuse_if_frozen, stale_waves
from insightrepo.scores.intake.quarantine import Fields, Keeping, Lines, settle
from insightrepo.scores.intake.rows import Cells, RowRefused, WaveFacts, respondent_key
from insightrepo.scores.intake.wide import Item
from insightrepo.scores.waves.memberships import (
    Belonging,
    Known,
    contradiction,
    known_memberships,
    noted,
    store_memberships,
)
from insightrepo.scores.waves.waves import ensure_instrument, ensure_wave
from insightrepo.upsert import upsert

CHUNK = 1000  # things of one transaction


@dataclass(frozen=True)
class Scale:
    """Lowest and highest point of the answers and which end is best, "high" or "low"."""

    low: int = 1
    high: int = 5
    best: str = "high"

    def __str__(self) -> str:
        return f"{self.low} to {self.high}, {self.best} end best"


@dataclass(frozen=True)
class Refused:
    """What was not taken: the row's number in the file, the field, and the cause in words.

    `cause` repeats the cell's value (cut at 60 characters): redact it before it is written or shown.
    """

    row: int
    field: str
    cause: str


@dataclass
class ImportReport:
    """What became of a file. `read` and `outside` (dated outside the wave) and `skipped` (nothing was measured) count
    rows; `stored` and `already_here` what the rows held: a row may hold several things.

    `columns` says which column was taken for which field; `scores` how many were computed, None where nothing changed.
    """

    wave: str
    kind: str
    columns: dict[str, str]
    notes: list[str] = field(default_factory=list)
    items: tuple[Item, ...] = ()  # of a wide table of answers: which column asks what
    read: int = 0
    stored: int = 0
    already_here: int = 0
    outside: int = 0
    skipped: int = 0
    refused: list[Refused] = field(default_factory=list)
    scores: int | None = None
    dry_run: bool = False
    kept: int = 0  # refused rows that are in quarantine now
    lines: Lines = field(default_factory=Lines, repr=False, compare=False)

    def refuse(self, row: Row, name: str, cause: str) -> None:
        """Add a refusal; `name` is the column. A row is refused once for one cause, however many things it holds."""
        refusal = Refused(row.number, name, cause)
        if not self.refused or self.refused[-1] != refusal:
            self.refused.append(refusal)
        self.lines.refused.append((row, name, cause))


@dataclass(frozen=True)
class Prepared:
    """Something to be stored, before its respondent has an id. `content` is what may differ from what is there."""

    model: type[Base]
    row: Row
    identity: str
    about: str  # "this respondent's try at FT-1"
    fixed: Mapping[str, Any]
    content: Mapping[str, Any]
    respondent: str | None = None  # the key
    segments: tuple[Belonging, ...] = ()
    blamed: str | None = None  # the column that is named where another value is here; None: that of the value


def identity_of(*parts: object) -> str:
    """What tells one thing of a wave from another, 64 hex digits."""
    return hashlib.sha256("|".join("" if part is None else str(part) for part in parts).encode()).hexdigest()


def kept_fields(
    table: Table,
    cells: Cells,
    report: ImportReport,
    pseudonyms: Pseudonyms,
    wave: WaveFacts,
    also: Mapping[str, str],
    is_wide: bool = False,
) -> Fields:
    """How the refused rows of this file are read again."""

    def key(row: Row) -> str | None:
        try:
            return respondent_key(cells, row, pseudonyms, wave)
        except RowRefused:
            return None

    return Fields(table.header, report.columns, key, also, is_wide, cells.as_written)


def refresh_scores(database: Database, wave: WaveFacts, report: ImportReport) -> None:
    """Compute the wave's scores, and those of later waves that rest on them, where something was stored."""
    if report.dry_run or wave.id is None:
        return
    with database.reading() as session:
        stale = stale_waves(session, session.get_one(Wave, wave.id))
    if report.stored and wave.id not in stale:
        stale.insert(0, wave.id)
    report.scores = recompute_all(database, stale).get(wave.id)


def finish(
    database: Database,
    pseudonyms: Pseudonyms,
    wave: WaveFacts,
    report: ImportReport,
    fields: Fields,
    keeping: Keeping | None,
    compute: bool = True,
) -> None:
    """What comes after storing: refused rows go into quarantine (where `keeping` says how), scores are computed (unless
    the caller does so once more has come in)."""
    if keeping is not None and wave.id is not None and not report.dry_run:
        report.kept = settle(database, pseudonyms, wave.id, report.kind, report.lines, fields, keeping)
    if compute:
        refresh_scores(database, wave, report)
    report.refused.sort(key=lambda refused: refused.row)


@dataclass(frozen=True)
class WaveWanted:
    """A wave as an import asks for it; what is None is as the wave has it, or usual for a new one."""

    code: str
    scale: Scale | None = None
    instrument: str | None = None
    first_day: dt.date | None = None
    last_day: dt.date | None = None


def ensured_wave(database: Database, wanted: WaveWanted, dry_run: bool, *, answers: bool = False) -> WaveFacts:
    """The open wave of this code, made if there is none; in a dry run it is not kept.

    A new wave of answers is measured on the scale wanted (1 to 5 unless given), one of trials or metrics with the
    instrument of the latest wave.

    Raises:
        WaveFrozen: it is frozen.
        WaveDiffers: it has another scale, instrument or other days.
        ValueError: it is new and nothing says when it is, or the scale has no top box.
    """
    try:
        return _ensured(database, wanted, dry_run, answers)
    except IntegrityError:  # another import has made wave or instrument at this very moment: now they are here
        return _ensured(database, wanted, dry_run, answers)


def _ensured(database: Database, wanted: WaveWanted, dry_run: bool, answers: bool) -> WaveFacts:
    with database.writing() as session:
        made = session.begin_nested()
        known = session.scalar(select(Wave).where(Wave.code == wanted.code))
        if known is not None:
            refuse_if_frozen(known)
        measured_with = _instrument(session, known, wanted, answers)
        wave = ensure_wave(session, wanted.code, measured_with, wanted.first_day, wanted.last_day)
        scale = (measured_with.scale_low, measured_with.scale_high)
        ends = dict(zip((measured_with.low_label.casefold(), measured_with.high_label.casefold()), scale, strict=True))
        number = None if dry_run and known is None else wave.id
        facts = WaveFacts(number, wave.code, wave.first_day, wave.last_day, scale, ends)
        if dry_run:
            made.rollback()
    return facts


def _instrument(session: Session, known: Wave | None, wanted: WaveWanted, answers: bool) -> Instrument:
    latest = select(Wave).order_by(Wave.first_day.desc(), Wave.id.desc()).limit(1)
    like = known if answers else known or session.scalar(latest)
    scale, name = wanted.scale, wanted.instrument
    if like is not None:
        used = like.instrument
        scale, name = scale or Scale(used.scale_low, used.scale_high, used.best), name or used.name
    scale = scale or Scale()
    return ensure_instrument(session, name or f"Survey, {scale}", scale.low, scale.high, scale.best)


def prepared_rows(
    rows: Iterable[Row],
    cells: Cells,
    wave: WaveFacts,
    report: ImportReport,
    read: Callable[[Row, dt.date | None], Sequence[Prepared]],
) -> Iterator[Prepared]:
    """What `read` finds in each row, given its day; counts in the report what lies outside of the wave, was refused
    (`read` raises RowRefused) or holds nothing.
    """
    for row in rows:
        try:
            day, outside = cells.day(row, wave)
            if outside:
                report.outside += 1
                continue
            found = read(row, day)
        except RowRefused as refusal:
            report.refuse(row, refusal.field, str(refusal))
            continue
        report.skipped += not found
        yield from found


def store_all(
    database: Database, wave: WaveFacts, prepared: Iterator[Prepared], report: ImportReport, size: int = CHUNK
) -> None:
    """Store what is new, in transactions of `size` things, and count; what is here with other values is refused.

    In a dry run nothing is written and the counts are the same.
    """
    sorting = _Sorting(report)
    while chunk := list(islice(prepared, size)):
        if report.dry_run:
            with database.reading() as session:
                sorting.new(session, wave, chunk)
            continue
        with database.writing() as session:
            lock_wave(session, wave.id or 0)  # of two imports the second sees what the first has stored
            before = known_memberships(session, wave.id, {one.respondent for one in chunk if one.respondent})
            sorting.memberships = dict(before)
            new = sorting.new(session, wave, chunk)
            ids = respondent_ids(session, {one.respondent for one in new if one.respondent})
            _insert(session, wave, new, ids)
            keys = {one.respondent for one in chunk}
            found = {pair: segment for pair, segment in sorting.memberships.items() if pair[0] in keys}
            store_memberships(session, wave.id or 0, found, before, respondent_ids(session, {key for key, _ in found}))


def _insert(session: Session, wave: WaveFacts, new: Sequence[Prepared], ids: Mapping[str, int]) -> None:
    by_model: dict[type[Base], list[dict[str, Any]]] = defaultdict(list)
    for one in new:
        who = {"respondent_id": ids[one.respondent]} if one.respondent else {}
        by_model[one.model].append({"wave_id": wave.id, "identity": one.identity, **one.fixed, **one.content, **who})
    for model, rows in by_model.items():
        session.connection().execute(insert(model), rows)


class _Sorting:
    """Sorts what is prepared into new, already here and refused; remembers what it saw, for a dry run."""

    def __init__(self, report: ImportReport) -> None:
        self._report = report
        self._seen: dict[tuple[str, str], Mapping[str, Any]] = {}
        self.memberships: Known = {}

    def new(self, session: Session, wave: WaveFacts, chunk: Sequence[Prepared]) -> list[Prepared]:
        """What of a chunk is new; the rest is counted as already here, or refused."""
        report = self._report
        for model in {one.model for one in chunk}:
            self._seen |= _known(session, wave, model, [one for one in chunk if one.model is model])
        if report.dry_run:
            self.memberships |= known_memberships(session, wave.id, {one.respondent or "" for one in chunk})
        new = []
        for one in chunk:
            key = (one.model.__tablename__, one.identity)
            if wrong := self._wrong(one, key):
                report.refuse(one.row, report.columns.get(wrong[0], wrong[0]), wrong[1])
                continue
            if key in self._seen:
                report.already_here += 1
            else:
                self._seen[key] = one.content
                new.append(one)
            report.lines.taken.append(one.row)
            self.memberships |= noted(one.respondent or "", one.segments)
        report.stored += len(new)
        return new

    def _wrong(self, one: Prepared, key: tuple[str, str]) -> tuple[str, str] | None:
        """(field, cause) where something contradicts what is here."""
        if wrong := contradiction(self.memberships, one.respondent or "", one.segments):
            return wrong
        known = self._seen.get(key, one.content)
        differing = next((name for name, value in one.content.items() if known.get(name) != value), None)
        if differing is None:
            return None
        what = "date" if differing.endswith("_on") else differing.removesuffix("_missing")
        return one.blamed or what, f"{one.about} is already here with another {what}; the first one stays"


def respondent_ids(session: Session, keys: Iterable[str]) -> dict[str, int]:
    """The id of each respondent's key, made where there is none."""
    wanted = set(keys)
    query = select(Respondent.key, Respondent.id).where(Respondent.key.in_(wanted))
    known = dict(session.execute(query).tuples().all())
    missing = sorted(wanted - known.keys())
    if missing:  # an import into another wave may bring the same people just now
        statement = upsert(session, Respondent).values([{"key": key} for key in missing])
        session.execute(statement.on_conflict_do_nothing())
        known = dict(session.execute(query).tuples().all())
    return known


def _known(
    session: Session, wave: WaveFacts, model: Any, chunk: Sequence[Prepared]
) -> dict[tuple[str, str], Mapping[str, Any]]:
    names = list(dict.fromkeys(name for one in chunk for name in one.content))
    query = select(model.identity, *(getattr(model, name) for name in names)).where(
        model.wave_id == wave.id, model.identity.in_({one.identity for one in chunk})
    )
    return {
        (model.__tablename__, identity): dict(zip(names, values, strict=True))
        for identity, *values in session.execute(query)
    }
