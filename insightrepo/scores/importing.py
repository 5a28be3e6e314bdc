"""Brings the answers of a survey file into a wave: every row is stored, already here, outside, skipped or refused."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest.dates import Moment, guess_day_first, parse_moment
from ingest.readers.base import Row, Table
from insightrepo.database import Database
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.models import Answer, Respondent, Segment, Wave
from insightrepo.scores.columns import AnswerColumns, resolved
from insightrepo.scores.computing import lock_wave, recompute, refuse_if_frozen, stale_waves
from insightrepo.scores.memberships import (
    Belonging,
    SegmentFinder,
    SegmentRefused,
    contradiction,
    known_memberships,
    noted,
    store_memberships,
)  # fmt: skip
from insightrepo.scores.waves import ensure_instrument, ensure_wave, wave_period
from insightrepo.taxonomy.reading import TermFinder, UnknownTerm
from insightrepo.upsert import upsert

CHUNK = 1000  # answers of one transaction
DONT_KNOW = frozenset({
    "don't know", "don’t know", "dont know", "dont_know", "do not know", "dk", "d/k", "n/a", "na", "not applicable",
    "not sure", "unsure", "no answer", "no_answer", "did not answer", "prefer not to say", "refused",
})  # fmt: skip
NOT_ASKED = frozenset({"", "not asked", "not_asked"})
CONTENT = ("satisfaction", "satisfaction_missing", "importance", "importance_missing", "answered_on")


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
    """What became of a file. `read`, `outside` and `skipped` count rows; the others answers (a row may hold several).

    `outside`: dated outside the wave. `skipped`: the outcome cell is empty. `already_here`: the same answer was stored
    before. `scores`: how many were computed at the end, None where nothing changed.
    """

    wave: str
    columns: AnswerColumns
    read: int = 0
    stored: int = 0
    already_here: int = 0
    outside: int = 0
    skipped: int = 0
    refused: list[Refused] = field(default_factory=list)
    scores: int | None = None

    def refuse(self, row: int, name: str, cause: str) -> None:
        """Add a refusal; a row is refused once for one cause, however many answers it holds."""
        refusal = Refused(row, name, cause)
        if not self.refused or self.refused[-1] != refusal:
            self.refused.append(refusal)


@dataclass(frozen=True)
class _Prepared:
    """An answer before its respondent has an id; `content` holds `CONTENT`'s values."""

    row: int
    identity: str
    respondent: str
    outcome_id: int
    outcome: str  # its code
    product_id: int | None
    segments: tuple[Belonging, ...]
    content: tuple[int | str | dt.date | None, ...]


class _CellRefused(ValueError):
    def __init__(self, name: str, cause: str) -> None:
        super().__init__(cause)
        self.field = name


def import_answers(
    database: Database,
    pseudonyms: Pseudonyms,
    wave_code: str,
    table: Table,
    *,
    columns: AnswerColumns | None = None,
    scale: Scale | None = None,
    instrument: str | None = None,
    first_day: dt.date | None = None,
    last_day: dt.date | None = None,
    timezone: str = "UTC",
    dont_know: Iterable[str] = (),
) -> ImportReport:
    """Store the table's answers in a wave (made if new) and compute its scores. The same file twice changes nothing.

    Args:
        columns: which column is what; what is left out is guessed from the header.
        scale: of satisfaction and importance; default the wave's, for a new wave 1 to 5 with 5 best.
        instrument: its name; default the wave's, for a new wave one named after the scale.
        first_day, last_day: of a new wave whose code does not say them.
        timezone: the workspace's, an IANA name, for moments with an offset.
        dont_know: further texts that mean "was asked, gave no answer".

    Raises:
        ColumnsUnclear: a column is missing or not in the file.
        WaveFrozen: the wave is frozen; what was stored before somebody froze it meanwhile is in its scores.
        WaveDiffers: the wave has another scale, instrument or other days.
        ValueError: the wave's days are not known, or the scale has no top box.
    """
    with database.reading() as session:
        dimensions = session.scalars(select(Segment.dimension).distinct()).all()
    found = resolved(table.header, columns, dimensions)
    report = ImportReport(wave_code, found, read=len(table.rows))
    wave = _ensured(database, wave_code, scale, instrument, first_day, last_day)
    with database.reading() as session:
        reader = _Reader(session, pseudonyms, wave, table, found, timezone, dont_know)
    answers = reader.answers(report)
    while chunk := list(islice(answers, CHUNK)):
        with database.writing() as session:
            _store(session, wave.id, chunk, report)
    _compute(database, wave.id, report)
    report.refused.sort(key=lambda refused: refused.row)
    return report


def _ensured(database: Database, code: str, *asked: Any) -> Wave:
    try:
        with database.writing() as session:
            return _wave(session, code, *asked)
    except IntegrityError:  # another import has made wave or instrument at this very moment: now they are here
        with database.writing() as session:
            return _wave(session, code, *asked)


def _wave(
    session: Session,
    code: str,
    scale: Scale | None,
    name: str | None,
    first_day: dt.date | None,
    last_day: dt.date | None,
) -> Wave:
    known = session.scalar(select(Wave).where(Wave.code == code))
    if known is not None:
        refuse_if_frozen(known)
        scale = scale or Scale(known.instrument.scale_low, known.instrument.scale_high, known.instrument.best)
        name = name or known.instrument.name
    scale = scale or Scale()
    measured_with = ensure_instrument(session, name or f"Survey, {scale}", scale.low, scale.high, scale.best)
    return ensure_wave(session, code, measured_with, first_day, last_day)


class _Reader:
    """Turns rows into prepared answers; knows the taxonomy, the scale and the wave's days."""

    def __init__(
        self,
        session: Session,
        pseudonyms: Pseudonyms,
        wave: Wave,
        table: Table,
        columns: AnswerColumns,
        timezone: str,
        dont_know: Iterable[str],
    ) -> None:
        self._rows, self._columns, self._pseudonyms, self._wave = table.rows, columns, pseudonyms, wave
        self._place = {name: number for number, name in reversed(list(enumerate(table.header)))}
        self._finders = {axis: TermFinder(session, axis) for axis in ("outcome", "product")}
        self._segments = SegmentFinder(session)
        self._scale = (wave.instrument.scale_low, wave.instrument.scale_high)
        self._dont_know = DONT_KNOW | {text.strip().casefold() for text in dont_know}
        self._timezone = timezone
        self._day_first = guess_day_first(self._cell(row, "date") for row in table.rows)

    def answers(self, report: ImportReport) -> Iterator[_Prepared]:
        """The answers of all rows, counting in the report what is not an answer."""
        for row in self._rows:
            labels = [part.strip() for part in self._cell(row, "outcome").split(self._columns.separator)]
            labels = [label for label in labels if label]
            if not labels:
                report.skipped += 1
                continue
            try:
                day = self._day(row)
                if day is not None and not self._wave.first_day <= day <= self._wave.last_day:
                    report.outside += 1
                    continue
                respondent, product = self._respondent(row), self._term(row, "product")
                segments = self._segments.find({name: self._value(row, name) for name in self._columns.of_segments})
                content = self._content(row, day)
            except (_CellRefused, SegmentRefused) as refusal:
                report.refused.append(Refused(row.number, refusal.field, str(refusal)))
                continue
            for outcome, code in self._outcomes(row, labels, report).items():
                identity = hashlib.sha256(f"{respondent}|{outcome}|{product or ''}".encode()).hexdigest()
                yield _Prepared(row.number, identity, respondent, outcome, code, product, segments, content)

    def _cell(self, row: Row, name: str) -> str:
        return self._value(row, getattr(self._columns, name))

    def _value(self, row: Row, column: str | None) -> str:
        place = self._place[column] if column is not None else len(row.values)
        return row.values[place].strip() if place < len(row.values) else ""

    def _respondent(self, row: Row) -> str:
        if source := self._cell(row, "respondent"):
            return self._pseudonyms.key(source)
        if number := self._cell(row, "row"):
            return self._pseudonyms.key(f"{self._wave.code} row {number}")
        raise _CellRefused(self._columns.respondent or "respondent", "is empty: everyone who answered needs an id")

    def _outcomes(self, row: Row, labels: Sequence[str], report: ImportReport) -> dict[int, str]:
        """Id and code of each outcome that the labels name; the same one named twice is one."""
        found: dict[int, str] = {}
        for label in labels:
            try:
                term = self._finders["outcome"].find(label)
                found[term.id] = term.code
            except UnknownTerm as error:
                report.refused.append(Refused(row.number, self._columns.outcome or "outcome", str(error)))
        return found

    def _term(self, row: Row, axis: str) -> int | None:
        text = self._cell(row, axis)
        try:
            return self._finders[axis].find(text).id if text else None
        except UnknownTerm as error:
            raise _CellRefused(getattr(self._columns, axis), str(error)) from error

    def _day(self, row: Row) -> dt.date | None:
        """The first day of what the cell says; the day before the wave where a longer period only overlaps it."""
        text = self._cell(row, "date")
        if not text:
            return None
        try:
            moment = parse_moment(text, self._timezone, self._day_first)
        except ValueError as error:
            raise _CellRefused(self._columns.date or "date", str(error)) from error
        inside = self._wave.first_day <= moment.day and _last_day(moment) <= self._wave.last_day
        return moment.day if inside else self._wave.first_day - dt.timedelta(days=1)

    def _content(self, row: Row, day: dt.date | None) -> tuple[int | str | dt.date | None, ...]:
        return (*self._rating(row, "satisfaction"), *self._rating(row, "importance"), day)

    def _rating(self, row: Row, name: str) -> tuple[int | None, str | None]:
        """The answer, or None with the reason why there is none."""
        text = self._cell(row, name)
        if text.casefold() in NOT_ASKED:
            return None, "not_asked"
        if text.casefold() in self._dont_know:
            return None, "dont_know"
        column, (low, high) = getattr(self._columns, name), self._scale
        try:
            number = float(text)
        except ValueError:
            raise _CellRefused(column, f"{text[:60]!r} is not a number from {low} to {high}") from None
        if number not in range(low, high + 1):
            raise _CellRefused(column, f"{text[:60]!r} is not a point of the scale from {low} to {high}")
        return int(number), None


def _last_day(moment: Moment) -> dt.date:
    """The last day of the day, month, quarter or year that a date speaks of."""
    year, month = moment.day.year, moment.day.month
    codes = {"month": f"{year}-{month:02}", "quarter": f"{year}-Q{(month + 2) // 3}", "year": f"{year}"}
    return wave_period(codes[moment.precision])[1] if moment.precision in codes else moment.day


def _store(session: Session, wave_id: int, chunk: list[_Prepared], report: ImportReport) -> None:
    lock_wave(session, wave_id)  # of two imports the second sees what the first has stored
    columns = [getattr(Answer, name) for name in CONTENT]
    query = select(Answer.identity, *columns).where(
        Answer.wave_id == wave_id, Answer.identity.in_({answer.identity for answer in chunk})
    )
    known = {identity: tuple(content) for identity, *content in session.execute(query)}
    before = known_memberships(session, wave_id, {answer.respondent for answer in chunk})
    members = dict(before)
    new: list[_Prepared] = []
    for answer in chunk:
        if (refusal := contradiction(members, answer.respondent, answer.segments)) is not None:
            report.refuse(answer.row, *refusal)
            continue
        if answer.identity not in known:
            known[answer.identity] = answer.content
            new.append(answer)
        elif known[answer.identity] == answer.content:
            report.already_here += 1
        else:
            name = report.columns.respondent or report.columns.row or "respondent"
            report.refuse(answer.row, name, _second(answer, known[answer.identity]))
            continue
        members.update(noted(answer.respondent, answer.segments))
    people = {key for key, dimension in members if (key, dimension) not in before}
    ids = _respondent_ids(session, {answer.respondent for answer in new} | people)
    if new:
        session.connection().execute(insert(Answer), [_row(answer, wave_id, ids[answer.respondent]) for answer in new])
    store_memberships(session, wave_id, members, before, ids)
    report.stored += len(new)


def _second(answer: _Prepared, known: tuple[object, ...]) -> str:
    differing = next(name for name, a, b in zip(CONTENT, answer.content, known, strict=True) if a != b)
    what = differing.removesuffix("_id").removesuffix("_missing").replace("answered_on", "date")
    return f"this respondent's answer to {answer.outcome} is already here with another {what}; the first one stays"


def _row(answer: _Prepared, wave_id: int, respondent_id: int) -> dict[str, object]:
    return {
        "wave_id": wave_id, "identity": answer.identity, "respondent_id": respondent_id,
        "outcome_id": answer.outcome_id, "product_id": answer.product_id,
        **dict(zip(CONTENT, answer.content, strict=True)),
    }  # fmt: skip


def _respondent_ids(session: Session, keys: set[str]) -> dict[str, int]:
    query = select(Respondent.key, Respondent.id).where(Respondent.key.in_(keys))
    known = dict(session.execute(query).tuples().all())
    missing = sorted(keys - known.keys())
    if missing:  # an import into another wave may bring the same people just now
        statement = upsert(session, Respondent).values([{"key": key} for key in missing])
        session.execute(statement.on_conflict_do_nothing())
        known = dict(session.execute(query).tuples().all())
    return known


def _compute(database: Database, wave_id: int, report: ImportReport) -> None:
    """Compute the scores of this wave and of the later ones compared with it where they are older than the answers."""
    with database.reading() as session:
        stale = stale_waves(session, session.get_one(Wave, wave_id))
    for other in stale:
        count = recompute(database, other)
        if other == wave_id:
            report.scores = count
