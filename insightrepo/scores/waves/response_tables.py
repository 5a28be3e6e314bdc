"""A small table of how many were invited to a wave, answered it and were aimed at, in all and by segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.readers.base import Table
from insightrepo.accounts.access import Reader
from insightrepo.models import ResponseCount, Segment, Wave
from insightrepo.scores.intake.columns import ColumnsUnclear
from insightrepo.scores.intake.rows import Cells, RowRefused, found_columns
from insightrepo.scores.waves.responses import set_counts
from insightrepo.taxonomy.reading import TermFinder, UnknownTerm

NAMES = {
    "segment": ("segment", "segment code", "customer segment", "persona"),
    "invited": ("invited", "invitations", "sent", "contacted"),
    "answered": ("answered", "completes", "completed", "responses", "respondents"),
    "target": ("target", "quota", "aim", "goal"),
}
COUNTS = ("invited", "answered", "target")
EVERYBODY = ("", "all", "total", "everybody")


@dataclass(frozen=True)
class Response:
    """Counts of people in a segment (None: all); None where they are not known."""

    segment: str | None = None  # its code
    invited: int | None = None
    answered: int | None = None
    target: int | None = None


def read_responses(session: Session, table: Table, columns: Mapping[str, str] | None = None) -> list[Response]:
    """The rows of a small table (segment, invited, answered, target); "all" or an empty segment is everybody.

    Raises:
        ColumnsUnclear: no column has a count.
        ValueError: a row cannot be; the message names it, the field and what to do. Such a table is taken as a whole.
    """
    found = found_columns(table.header, NAMES, columns)
    if not set(COUNTS) & found.keys():
        raise ColumnsUnclear(f"no column for invited, answered or target in the header {', '.join(table.header)}")
    cells, finder, rows = Cells(table, found), TermFinder(session, "segment"), []
    for row in table.rows:
        try:
            text = cells.text(row, "segment")
            segment = None if text.casefold() in EVERYBODY else finder.find(text).code
            counts = {name: cells.count(row, name) for name in COUNTS}
            rows.append(_possible(Response(segment, **counts)))
        except UnknownTerm as error:
            raise ValueError(f"row {row.number}, {cells.column('segment')}: {error}") from error
        except RowRefused as error:
            raise ValueError(f"row {row.number}, {error.field}: {error}") from error
        except ValueError as error:
            raise ValueError(f"row {row.number}: {error}") from error
    segments = [row.segment for row in rows]
    if len(set(segments)) < len(segments):
        raise ValueError("a segment is there twice: keep one row of it")
    return rows


def _possible(response: Response) -> Response:
    if response.invited is not None and response.answered is not None and response.answered > response.invited:
        raise ValueError(f"{response.answered} answered of {response.invited} invited cannot be: correct one of them")
    return response


def put_responses(session: Session, reader: Reader, wave: Wave, rows: Sequence[Response]) -> int:
    """Put the counts of a wave in place; needs a session for writing. How many rows were new or changed.

    What a row does not say stays as it was. The same rows twice change nothing. Raises as `responses.set_counts`.
    """
    query = select(Segment.code, ResponseCount).outerjoin(Segment, Segment.id == ResponseCount.segment_id)
    known = dict(session.execute(query.where(ResponseCount.wave_id == wave.id)).tuples().all())
    changed = 0
    for row in rows:
        stored = known.get(row.segment)
        before = {name: getattr(stored, name, None) for name in COUNTS}
        said = {name: getattr(row, name) for name in COUNTS}
        after = {name: before[name] if said[name] is None else said[name] for name in COUNTS}
        if stored is None or after != before:
            set_counts(session, reader, wave, row.segment, **after)
            changed += 1
    return changed
