"""What is guessed of the files of an import before it runs: of each table its columns, first cells and what they hold.

Everything here is redacted and may be kept in a job: columns are known by their places, never by their headers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ingest.column_guess import guess_mapping, looks_like_verbatims
from ingest.names import names_in_table
from ingest.readers import read_file, reader_for
from ingest.readers.base import SourceFile, Table, Unreadable
from ingest.redact import Redactor
from ingest.verbatims import Mapping as ColumnMapping
from ingest.verbatims import MappingError
from insightrepo.library.imports.column_choice import ROLES, TableChoice

SAMPLES = 3  # cells of a column that are shown
SHOWN = 90  # characters of a cell that are shown
MOST_COLUMNS = 200
MOST_TABLES = 30  # of a file that are shown; what comes after them is guessed when it is read

Preview = dict[str, Any]


def preview(file: SourceFile, redactor: Redactor, max_bytes: int, dimensions: Sequence[str] = ()) -> Preview:
    """What a file is: ``{"tables": […]}``, ``{"kind": "transcript"}``, ``{}`` for a report, or ``{"cause": why not}``.

    `cause` says why it cannot be read. A column that is called as one of `dimensions` is guessed to hold segments.
    """
    try:
        kind = reader_for(file).KIND
        if kind != "table":
            return {"kind": kind} if kind == "transcript" else {}
        tables = read_file(file, max_bytes).tables
    except Unreadable as error:
        return {"cause": redactor.redact(str(error).removeprefix(f"{file.name}: ")).text}
    knowing = redactor.with_names(frozenset().union(*(names_in_table(table) for table in tables)))
    return {"tables": [_table(table, knowing, dimensions) for table in tables[:MOST_TABLES]]}


def _table(table: Table, redactor: Redactor, dimensions: Sequence[str]) -> Preview:
    header = table.header[:MOST_COLUMNS]
    choice, notes = _guess(table, dimensions)
    return {
        "sheet": redactor.redact(table.sheet or "").text,
        "rows": len(table.rows),
        "columns": [redactor.redact(name).text for name in header],
        "samples": [[redactor.redact(cell, name).text[:SHOWN] for cell in _cells(table, place)]
                    for place, name in enumerate(header)],
        "guess": as_json(choice),
        "notes": [redactor.redact(note).text for note in notes],
    }  # fmt: skip


def _cells(table: Table, place: int) -> list[str]:
    """The first cells of a column that hold something."""
    cells = (row.values[place] for row in table.rows if place < len(row.values))
    found = []
    for cell in cells:
        if cell.strip():
            found.append(cell)
        if len(found) == SAMPLES:
            break
    return found


def _guess(table: Table, dimensions: Sequence[str]) -> tuple[TableChoice, tuple[str, ...]]:
    try:
        mapping, notes = guess_mapping(table, dimensions)
    except MappingError as error:
        return TableChoice(False, ("",) * len(table.header)), (str(error).partition("; say which")[0],)
    return choice_of(table, mapping, looks_like_verbatims(table)), notes


def choice_of(table: Table, mapping: ColumnMapping, verbatims: bool) -> TableChoice:
    """A mapping by names of columns as one by their places."""
    by_column = {column: role for role, columns in mapping.columns().items() for column in columns}
    roles = tuple(by_column.pop(name, "") for name in table.header)  # the first of two columns of one name
    best = mapping.rating_best if mapping.rating_best in ("high", "low") else "high"
    return TableChoice(verbatims, roles, best, mapping.scale)  # type: ignore[arg-type]


def as_json(choice: TableChoice) -> dict[str, Any]:
    """A choice as a job keeps it."""
    return {"verbatims": choice.verbatims, "roles": list(choice.roles), "rating_best": choice.rating_best,
            "scale": list(choice.scale) if choice.scale else None}  # fmt: skip


def from_json(kept: Mapping[str, Any]) -> TableChoice:
    """The inverse of `as_json`; a role that is none is as if not chosen."""
    roles: Sequence[str] = kept["roles"]
    scale = kept["scale"]
    return TableChoice(
        bool(kept["verbatims"]),
        tuple(role if role in ROLES else "" for role in roles),
        "low" if kept["rating_best"] == "low" else "high",
        (float(scale[0]), float(scale[1])) if scale else None,
    )
