"""Refused rows are kept, redacted, until they are repaired and sent again, or dropped with a reason."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ingest.readers.base import Row, Table
from insightrepo.accounts.access import Reader
from insightrepo.accounts.audit import record
from insightrepo.database import Database
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.models import QuarantinedRow, Wave
from insightrepo.scores.computing.computing import lock_wave, refuse_if_frozen

KINDS = ("answers", "trials", "metrics")
ID = "quarantine"  # the column of a downloaded file that says which row a repaired one was
ABOUT = ("file", "row", "field", "cause")
CHUNK = 500
LONGEST = 400  # characters of a file's name
ROWS_ARE = "the refused rows of a wave are"
STARTS_A_FORMULA = ("=", "+", "@", "\t", "\r")


class NotQuarantined(LookupError):
    """No such row waits in this wave."""


@dataclass(frozen=True)
class Keeping:
    """How an import keeps what it refuses: the file's safe name, the redaction of a text, and who imports."""

    file: str
    redact: Callable[[str], str]
    user_id: int | None = None


@dataclass
class Lines:
    """What became of the rows of a file: those `refused` with field and cause, and those `taken` (stored, or here
    already). A row may be in both: one of the things that it holds was refused.
    """

    refused: list[tuple[Row, str, str]] = field(default_factory=list)
    taken: list[Row] = field(default_factory=list)

    def good(self) -> list[Row]:
        """The rows of which all was taken, each once."""
        bad = {id(row) for row, _, _ in self.refused}
        return list({id(row): row for row in self.taken if id(row) not in bad}.values())


@dataclass(frozen=True)
class Fields:
    """How a row is read again: the column of each field, who the row is of, and values that no column has."""

    header: Sequence[str]
    columns: Mapping[str, str]
    key: Callable[[Row], str | None]
    also: Mapping[str, str] = field(default_factory=dict)
    is_wide: bool = False  # several rows stand in one place of the file, each of another outcome
    shown: Callable[[Row, str, str], str] = lambda _row, _name, text: text

    def values(self, row: Row) -> dict[str, str]:
        """The row's cells by field, as they stand in the file."""
        places = {name: self.header.index(column) for name, column in self.columns.items()}
        cells = {name: row.values[place] if place < len(row.values) else "" for name, place in places.items()}
        cells = {_written(name): self.shown(row, name, text.strip()) for name, text in cells.items()}
        return {**self.also, **cells}

    def number(self, row: Row) -> int | None:
        """The quarantined row that this one repairs."""
        if ID not in self.header:
            return None
        text = row.values[self.header.index(ID)].strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _written(name: str) -> str:
    """What a field is called in a file, so that it is known again: "segment (household)" is "household"."""
    for word in ("segment (", "metric "):
        if name.startswith(word):
            return name[len(word) :].removesuffix(")")
    return name


def settle(
    database: Database,
    pseudonyms: Pseudonyms,
    wave_id: int,
    kind: str,
    lines: Lines,
    fields: Fields,
    keeping: Keeping,
) -> int:
    """Keep the refused rows of an import, and note which rows of earlier ones it repaired; the number kept.

    A row is known by its content: refused twice, it is here once. It is repaired when a row that carries its number,
    or the same row of a file of this name and the same person, is stored.
    """
    _repaired(database, pseudonyms, wave_id, kind, lines.good(), fields, keeping)
    kept = list(_kept(pseudonyms, lines, fields, keeping))
    for start in range(0, len(kept), CHUNK):
        with database.writing() as session:
            lock_wave(session, wave_id)
            _keep(session, wave_id, kind, kept[start : start + CHUNK])
    return len(kept)


def _kept(pseudonyms: Pseudonyms, lines: Lines, fields: Fields, keeping: Keeping) -> Iterable[dict[str, Any]]:
    together: dict[int, tuple[Row, list[tuple[str, str]]]] = {}
    for row, name, cause in lines.refused:
        together.setdefault(id(row), (row, []))[1].append((name, cause))
    for row, causes in together.values():
        values, key = fields.values(row), fields.key(row)
        values.pop("row", None)
        if "respondent" in fields.columns or "row" in fields.columns:
            values = {
                "respondent": pseudonyms.token(key) if key else "",
                **{n: v for n, v in values.items() if n != "respondent"},
            }
        identity = pseudonyms.keyed_hash(json.dumps(sorted((n, v) for n, v in values.items() if v)))
        redacted = [text if name == "respondent" else keeping.redact(text) for name, text in values.items()]
        said = "; ".join(dict.fromkeys(cause for _, cause in causes))
        yield {
            "number": fields.number(row), "identity": identity, "file": keeping.file[:LONGEST], "row": row.number,
            "field": causes[0][0][:200], "cause": keeping.redact(said), "header": list(values), "values": redacted,
        }  # fmt: skip


def _keep(session: Session, wave_id: int, kind: str, kept: Sequence[dict[str, Any]]) -> None:
    """Add what is new; a row that was sent again and refused again says so in its own place."""
    numbers = [one["number"] for one in kept if one["number"]]
    by_number = {row.id: row for row in _rows(session, wave_id, kind, QuarantinedRow.id.in_(numbers))}
    identities = [one["identity"] for one in kept]
    here = {row.identity for row in _rows(session, wave_id, kind, QuarantinedRow.identity.in_(identities))}
    for one in kept:
        values = {name: value for name, value in one.items() if name != "number"}
        if (known := by_number.get(one["number"] or 0)) is not None:
            if known.state == "waiting":
                for name in ("field", "cause", "header", "values"):
                    setattr(known, name, values[name])
        elif one["identity"] not in here:
            here.add(one["identity"])
            session.add(QuarantinedRow(wave_id=wave_id, kind=kind, **values))


def _rows(session: Session, wave_id: int, kind: str, *conditions: Any) -> list[QuarantinedRow]:
    query = select(QuarantinedRow).where(QuarantinedRow.wave_id == wave_id, QuarantinedRow.kind == kind, *conditions)
    return list(session.scalars(query.order_by(QuarantinedRow.id)))


def _repaired(
    database: Database,
    pseudonyms: Pseudonyms,
    wave_id: int,
    kind: str,
    good: Sequence[Row],
    fields: Fields,
    keeping: Keeping,
) -> None:
    with database.reading() as session:
        waiting = _rows(session, wave_id, kind, QuarantinedRow.state == "waiting")
    if not waiting:
        return
    carried = {fields.number(row) for row in good}
    in_place: dict[int, list[Row]] = defaultdict(list)
    for row in good if ID not in fields.header else ():
        in_place[row.number].append(row)

    def is_done(one: QuarantinedRow) -> bool:
        rows = in_place[one.row] if one.file == keeping.file[:LONGEST] else []
        return one.id in carried or any(_is_same(one, row, fields, pseudonyms) for row in rows)

    done = [one.id for one in waiting if is_done(one)]
    for start in range(0, len(done), CHUNK):
        with database.writing() as session:
            lock_wave(session, wave_id)
            for row in _rows(session, wave_id, kind, QuarantinedRow.id.in_(done[start : start + CHUNK])):
                row.state, row.settled_by_id = "repaired", keeping.user_id


def _is_same(waiting: QuarantinedRow, row: Row, fields: Fields, pseudonyms: Pseudonyms) -> bool:
    """Whether a row in the same place of a file of the same name is the same person's, and of the same outcome."""
    before, now = dict(zip(waiting.header, waiting.values, strict=True)), fields.values(row)
    key = fields.key(row)
    is_of_them = not before.get("respondent") or before["respondent"] == (key and pseudonyms.token(key))
    return is_of_them and (not fields.is_wide or before.get("outcome") == now.get("outcome"))


@dataclass(frozen=True)
class Waiting:
    """A row that waits, as it is shown and repaired."""

    id: int
    kind: str
    file: str
    row: int
    field: str
    cause: str
    values: Mapping[str, str]

    @property
    def is_of_a_person(self) -> bool:
        """Whether it is a respondent's row, rather than a figure."""
        return "respondent" in self.values


def waiting_rows(session: Session, reader: Reader, wave: Wave, kind: str | None = None) -> list[Waiting]:
    """The rows that wait in a wave, in the order in which they came.

    Raises:
        Forbidden: the reader is no researcher, or limited to products or segments: the rows are people's of all.
    """
    reader.require_global(ROWS_ARE)
    query = select(QuarantinedRow).where(QuarantinedRow.wave_id == wave.id, QuarantinedRow.state == "waiting")
    if kind:
        query = query.where(QuarantinedRow.kind == kind)
    return [_waiting(row) for row in session.scalars(query.order_by(QuarantinedRow.id))]


def waiting_row(session: Session, reader: Reader, wave: Wave, number: int) -> Waiting:
    """One row that waits in a wave. Raises NotQuarantined, and Forbidden as `waiting_rows`."""
    reader.require_global(ROWS_ARE)
    row = session.get(QuarantinedRow, number)
    if row is None or row.wave_id != wave.id or row.state != "waiting":
        raise NotQuarantined(f"no row {number} waits in the wave {wave.code}: it was repaired or dropped")
    return _waiting(row)


def _waiting(row: QuarantinedRow) -> Waiting:
    values = dict(zip(row.header, row.values, strict=True))
    return Waiting(row.id, row.kind, row.file, row.row, row.field, row.cause, values)


def counts(session: Session, wave: Wave) -> dict[str, int]:
    """How many rows wait in the wave, by kind; a kind with none is left out."""
    query = (
        select(QuarantinedRow.kind, func.count())
        .where(QuarantinedRow.wave_id == wave.id, QuarantinedRow.state == "waiting")
        .group_by(QuarantinedRow.kind)
    )
    return dict(sorted(session.execute(query).tuples()))


def as_csv(rows: Sequence[Waiting]) -> str:
    """Rows as a file to repair and to send again: what they are known by, where they stood, why, and their values."""
    header = list(dict.fromkeys(name for row in rows for name in row.values))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((ID, *ABOUT, *header))
    for row in rows:
        about = (row.file, row.row, row.field, row.cause)
        writer.writerow([row.id, *map(_safe, about), *(_safe(row.values.get(name, "")) for name in header)])
    return text.getvalue()


def _safe(cell: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = str(cell)
    is_minus = text.startswith("-") and not text[1:].replace(".", "", 1).replace(",", "", 1).isdigit()
    return f"'{text}" if text.startswith(STARTS_A_FORMULA) or is_minus else text


def as_table(row: Waiting, repaired: Mapping[str, str]) -> Table:
    """A row with repaired values as the importers take it."""
    values = {**row.values, **{name: text for name, text in repaired.items() if name in row.values}}
    return Table((ID, *values), (Row(row.row, (str(row.id), *(text.strip() for text in values.values()))),))


def drop(session: Session, reader: Reader, wave: Wave, numbers: Collection[int], reason: str) -> int:
    """Drop rows that wait, with a reason (redacted by the caller); needs a session for writing. How many were.

    Raises:
        Forbidden: as `waiting_rows`.
        WaveFrozen: the wave is frozen.
        ValueError: there is no reason.
        NotQuarantined: one of them does not wait.
    """
    reader.require_global(ROWS_ARE)
    refuse_if_frozen(wave)
    if not reason.strip():
        raise ValueError("say why the row is dropped")
    for number in dict.fromkeys(numbers):
        waiting_row(session, reader, wave, number)
        row = session.get_one(QuarantinedRow, number)
        row.state, row.reason, row.settled_by_id = "dropped", reason.strip(), reader.user_id
        record(session, reader.user_id, "quarantine.drop", f"quarantined_row:{number}", reason=reason.strip())
    return len(set(numbers))
