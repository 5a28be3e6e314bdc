"""What the imports of trials and metrics share: columns, cells, days, and rows that are stored once."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from rapidfuzz import process
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from ingest.dates import Moment, guess_day_first, parse_moment
from ingest.names import plain_header
from ingest.readers.base import Row, Table
from insightrepo.database import Database
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.models import Base, Instrument, Wave
from insightrepo.scores.columns import ColumnsUnclear
from insightrepo.scores.computing import lock_wave, recompute, refuse_if_frozen, stale_waves
from insightrepo.scores.importing import DONT_KNOW, NOT_ASKED, Refused, Scale, _respondent_ids
from insightrepo.scores.memberships import (
    Belonging,
    Known,
    SegmentFinder,
    SegmentRefused,
    contradiction,
    known_memberships,
    noted,
    store_memberships,
)
from insightrepo.scores.waves import ensure_instrument, ensure_wave, wave_period

CHUNK = 1000  # rows of one transaction
NO_VALUE = DONT_KNOW | NOT_ASKED | {"-", "–", "none", "nan"}
NUMBER = re.compile(r"[-+]?(?:\d+(?:[.,]\d+)?|[.,]\d+)(?:e[-+]?\d+)?", re.I)
THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
YES = frozenset({"1", "1.0", "yes", "y", "true", "t", "x", "✓", "completed", "complete", "success", "successful",
                 "pass", "passed", "done", "solved"})  # fmt: skip
NO = frozenset({"0", "0.0", "no", "n", "false", "f", "failed", "fail", "failure", "not completed", "incomplete",
                "gave up", "abandoned", "unsuccessful"})  # fmt: skip


class RowRefused(ValueError):
    """A row cannot be taken: the field, and why in words."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(cause)
        self.field = name


@dataclass
class IntakeReport:
    """What became of a file. `read` and `outside` (dated outside the wave) and `skipped` (nothing was measured) count
    rows; `stored` and `already_here` what the rows held: a row may hold several things.

    `columns` says which column was taken for which field; `scores` how many were computed, None where nothing changed.
    """

    wave: str
    kind: str
    columns: dict[str, str]
    notes: list[str] = field(default_factory=list)
    read: int = 0
    stored: int = 0
    already_here: int = 0
    outside: int = 0
    skipped: int = 0
    refused: list[Refused] = field(default_factory=list)
    scores: int | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class WaveFacts:
    """A wave as an import needs it; `id` None: a dry run, and the wave is not made yet."""

    id: int | None
    code: str
    first_day: dt.date
    last_day: dt.date


@dataclass(frozen=True)
class Prepared:
    """Something to be stored, before its respondent has an id. `content` is what may differ from what is there."""

    model: type[Base]
    row: int
    identity: str
    about: str  # "this respondent's try at FT-1"
    fixed: Mapping[str, Any]
    content: Mapping[str, Any]
    respondent: str | None = None  # the key
    segments: tuple[Belonging, ...] = ()


def identity_of(*parts: object) -> str:
    """What tells one thing of a wave from another, 64 hex digits."""
    return hashlib.sha256("|".join("" if part is None else str(part) for part in parts).encode()).hexdigest()


def found_columns(
    header: Sequence[str], names: Mapping[str, Sequence[str]], given: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The column of each field: as given, else the first of `names` that the header has, whatever the spelling.

    Raises:
        ColumnsUnclear: a given field is unknown, or its column is not in the header.
    """
    spelled = {plain_header(column): column for column in reversed(header)}
    columns: dict[str, str] = {}
    for name, column in (given or {}).items():
        if column not in header and plain_header(column) not in spelled:
            near = process.extractOne(column, header, score_cutoff=50)
            hint = f"; the closest is {near[0]!r}" if near else ""
            raise ColumnsUnclear(f"{name}: the file has no column {column!r}{hint}; it has {', '.join(header)}")
        columns[name] = column if column in header else spelled[plain_header(column)]
    for name, likely in names.items():
        free = {spelling: column for spelling, column in spelled.items() if column not in columns.values()}
        if name not in columns and (found := next((free[called] for called in likely if called in free), None)):
            columns[name] = found
    return columns


def load_columns(text: str, file: str, known: Iterable[str]) -> dict[str, str]:
    """A mapping file: YAML with a line ``field: column`` each.

    Raises:
        ColumnsUnclear: not such a file, or a field that is not known.
    """
    try:
        values = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError) as error:
        raise ColumnsUnclear(f"{file}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise ColumnsUnclear(f"{file}: write one field a line, as in 'task: Task name'")
    fields = tuple(known)
    for name in values:
        if name not in fields:
            near = process.extractOne(str(name), fields, score_cutoff=60)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ColumnsUnclear(f"{file}: {name!r} is not a field{hint} (known are {', '.join(fields)})")
    return {str(name): str(column) for name, column in values.items() if column is not None}


class Cells:
    """Reads cells of a table by field, as text, numbers, days and answers; what is wrong raises `RowRefused`."""

    def __init__(self, table: Table, columns: Mapping[str, str], timezone: str = "UTC") -> None:
        self._columns, self._timezone = columns, timezone
        self._place = {name: number for number, name in reversed(list(enumerate(table.header)))}
        dates = (self.text(row, name) for row in table.rows for name in ("date", "started", "ended"))
        self._day_first = guess_day_first(dates)

    def column(self, name: str) -> str:
        """What the file calls a field."""
        return self._columns.get(name, name)

    def text(self, row: Row, name: str) -> str:
        """The cell of a field, "" where the file does not have it."""
        place = self._place[self._columns[name]] if name in self._columns else len(row.values)
        return row.values[place].strip() if place < len(row.values) else ""

    def given(self, row: Row, name: str) -> str:
        """The cell, "" where it says that there is no answer."""
        text = self.text(row, name)
        return "" if text.casefold() in NO_VALUE else text

    def refuse(self, name: str, cause: str) -> RowRefused:
        """The refusal of a cell of this field."""
        return RowRefused(self.column(name), cause)

    def number(self, row: Row, name: str, low: float | None = None, high: float | None = None) -> float | None:
        """A number within the bounds, both inclusive; None where there is none."""
        text = self.given(row, name)
        if not text:
            return None
        if THOUSANDS.fullmatch(text):
            text = text.replace(",", "")
        if not NUMBER.fullmatch(text):
            raise self.refuse(name, f"{text[:60]!r} is not a number: write it in figures")
        value = float(text.replace(",", "."))
        if (low is not None and value < low) or (high is not None and value > high) or value in (float("inf"),):
            raise self.refuse(name, f"{text[:60]!r} is not {_bounds(low, high)}: correct it")
        return value

    def count(self, row: Row, name: str, low: int = 0) -> int | None:
        """A whole number of at least `low`; None where there is none."""
        value = self.number(row, name, low)
        if value is not None and not value.is_integer():
            raise self.refuse(name, f"{value:g} is not a whole number: it counts people or tries")
        return None if value is None else int(value)

    def point(self, row: Row, name: str, low: int, high: int) -> int | None:
        """A point of a scale; None where there was no answer."""
        value = self.number(row, name)
        if value is None:
            return None
        if value not in range(low, high + 1):
            raise self.refuse(name, f"{self.text(row, name)[:60]!r} is not a point of the scale from {low} to {high}")
        return int(value)

    def yes(self, row: Row, name: str) -> bool | None:
        """Yes or no; None where it was not measured."""
        text = self.given(row, name).casefold()
        if not text:
            return None
        if text in YES or text in NO:
            return text in YES
        raise self.refuse(name, f"{text[:60]!r} is neither yes nor no: write yes or no, 1 or 0")

    def moment(self, row: Row, name: str) -> Moment | None:
        """A day or a moment; None where there is none."""
        text = self.given(row, name)
        try:
            return parse_moment(text, self._timezone, self._day_first) if text else None
        except ValueError as error:
            raise self.refuse(name, str(error)) from error

    def day(self, row: Row, wave: WaveFacts) -> tuple[dt.date | None, bool]:
        """(the day a row is of, whether it lies outside the wave); refuses what ended before it started."""
        started, ended = self.moment(row, "started"), self.moment(row, "ended")
        if started and ended and (ended.day < started.day or (ended.at and started.at and ended.at < started.at)):
            said = f"it ended ({self.text(row, 'ended')}) before it started ({self.text(row, 'started')})"
            raise self.refuse("ended", f"{said}: correct one of them")
        found = self.moment(row, "date") or ended or started
        if found is None:
            return None, False
        last = last_day(found)
        return found.day, not (wave.first_day <= found.day and last <= wave.last_day)


def respondent_key(cells: Cells, row: Row, pseudonyms: Pseudonyms, wave: WaveFacts) -> str:
    """The key of who a row is of; a row's id stands in where the respondent is empty, within its wave only."""
    if source := cells.text(row, "respondent"):
        return pseudonyms.key(source)
    if number := cells.text(row, "row"):
        return pseudonyms.key(f"{wave.code} row {number}")
    raise cells.refuse("respondent", "is empty: everyone who took part needs an id")


def segments_in(cells: Cells, row: Row, fields: Iterable[str], finder: SegmentFinder) -> tuple[Belonging, ...]:
    """The segments that a row names in these fields."""
    try:
        return finder.find({name: cells.given(row, name) for name in fields})
    except SegmentRefused as error:
        raise cells.refuse(error.field, str(error)) from error


def refresh_scores(database: Database, wave: WaveFacts, report: IntakeReport) -> None:
    """Compute the wave's scores, and those of later waves that rest on them, where something was stored."""
    if report.dry_run or wave.id is None:
        return
    with database.reading() as session:
        stale = stale_waves(session, session.get_one(Wave, wave.id))
    if report.stored and wave.id not in stale:
        stale.insert(0, wave.id)
    for other in stale:
        count = recompute(database, other)
        if other == wave.id:
            report.scores = count


def last_day(moment: Moment) -> dt.date:
    """The last day of the day, month, quarter or year that a date speaks of."""
    year, month = moment.day.year, moment.day.month
    codes = {"month": f"{year}-{month:02}", "quarter": f"{year}-Q{(month + 2) // 3}", "year": f"{year}"}
    return wave_period(codes[moment.precision])[1] if moment.precision in codes else moment.day


def _bounds(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"between {low:g} and {high:g}"
    return f"{low:g} or more" if low is not None else f"at most {high:g}"


def ensured_wave(database: Database, code: str, dry_run: bool) -> WaveFacts:
    """The open wave of this code; a new one is measured with the instrument of the latest wave. A dry run makes none.

    Raises:
        WaveFrozen: it is frozen.
        ValueError: it is new and its code does not say when it is.
    """
    with database.writing() as session:
        made = session.begin_nested()
        wave = session.scalar(select(Wave).where(Wave.code == code))
        if wave is None:
            wave_period(code)
            wave = ensure_wave(session, code, _latest_instrument(session))
            facts = WaveFacts(None if dry_run else wave.id, wave.code, wave.first_day, wave.last_day)
        else:
            refuse_if_frozen(wave)
            facts = WaveFacts(wave.id, wave.code, wave.first_day, wave.last_day)
        if dry_run:
            made.rollback()
    return facts


def _latest_instrument(session: Session) -> Instrument:
    latest = session.scalar(select(Wave).order_by(Wave.first_day.desc(), Wave.id.desc()).limit(1))
    if latest is not None:
        return latest.instrument
    usual = Scale()
    return ensure_instrument(session, f"Survey, {usual}", usual.low, usual.high, usual.best)


def store_all(database: Database, wave: WaveFacts, prepared: Iterator[Prepared], report: IntakeReport) -> None:
    """Store what is new, in transactions of `CHUNK`, and count; what is here with other values is refused.

    In a dry run nothing is written and the counts are the same.
    """
    sorting = _Sorting(report)
    while chunk := list(islice(prepared, CHUNK)):
        if report.dry_run:
            with database.reading() as session:
                sorting.new(session, wave, chunk)
            continue
        with database.writing() as session:
            lock_wave(session, wave.id or 0)  # of two imports the second sees what the first has stored
            before = known_memberships(session, wave.id, {one.respondent for one in chunk if one.respondent})
            sorting.memberships = dict(before)
            new = sorting.new(session, wave, chunk)
            ids = _respondent_ids(session, {one.respondent for one in new if one.respondent})
            _insert(session, wave, new, ids)
            keys = {one.respondent for one in chunk}
            found = {pair: segment for pair, segment in sorting.memberships.items() if pair[0] in keys}
            store_memberships(session, wave.id or 0, found, before, _respondent_ids(session, {key for key, _ in found}))


def _insert(session: Session, wave: WaveFacts, new: Sequence[Prepared], ids: Mapping[str, int]) -> None:
    by_model: dict[type[Base], list[dict[str, Any]]] = defaultdict(list)
    for one in new:
        who = {"respondent_id": ids[one.respondent]} if one.respondent else {}
        by_model[one.model].append({"wave_id": wave.id, "identity": one.identity, **one.fixed, **one.content, **who})
    for model, rows in by_model.items():
        session.connection().execute(insert(model), rows)


class _Sorting:
    """Sorts what is prepared into new, already here and refused; remembers what it saw, for a dry run."""

    def __init__(self, report: IntakeReport) -> None:
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
                report.refused.append(Refused(one.row, report.columns.get(wrong[0], wrong[0]), wrong[1]))
                continue
            if key in self._seen:
                report.already_here += 1
            else:
                self._seen[key] = one.content
                new.append(one)
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
        what = "date" if differing in ("tried_on", "rated_on") else differing
        return what, f"{one.about} is already here with another {what}; the first one stays"


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
