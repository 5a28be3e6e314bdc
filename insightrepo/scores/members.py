"""The segments of respondents in a wave: read from a row's columns, one on each dimension, and stored once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.models import Membership, Respondent, Segment, Term
from insightrepo.taxonomy.reading import TermFinder, UnknownTerm
from insightrepo.upsert import upsert


class Membered(NamedTuple):
    """A segment that a row gives its respondent, and the column that says so."""

    segment_id: int
    code: str
    dimension: str
    column: str


class CellRefused(ValueError):
    """A cell of a row makes no sense: `field` is its column, the message the cause."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(cause)
        self.field = name


class SegmentReader:
    """Reads segments from a row's columns. A column that is called as a dimension holds that dimension's only."""

    def __init__(self, session: Session, columns: Iterable[str]) -> None:
        rows = session.execute(select(Segment.id, Segment.dimension)).tuples().all()
        self._dimensions = dict(rows)
        names = {name.casefold(): name for name in self._dimensions.values()}
        self._finders = {column: self._finder(session, names.get(column.casefold())) for column in columns}

    @staticmethod
    def _finder(session: Session, dimension: str | None) -> TermFinder:
        if dimension is None:
            return TermFinder(session, "segment")
        return TermFinder(session, "segment", Term.id.in_(select(Segment.id).where(Segment.dimension == dimension)))

    def read(self, cells: Mapping[str, str]) -> tuple[Membered, ...]:
        """The segments that the cells (text by column) name; an empty cell names none.

        Raises:
            CellRefused: a segment is not known, or two of one dimension are named.
        """
        found: dict[str, Membered] = {}
        for column, text in cells.items():
            if not text:
                continue
            try:
                term = self._finders[column].find(text)
            except UnknownTerm as error:
                raise CellRefused(column, str(error)) from error
            one = Membered(term.id, term.code, self._dimensions[term.id], column)
            other = found.setdefault(one.dimension, one)
            if other.segment_id != one.segment_id:
                raise CellRefused(column, _two(one.code, other.code, one.dimension))
        return tuple(found.values())


class Members:
    """The memberships of some respondents (by key) in a wave, as stored and as they are added to."""

    def __init__(self, session: Session, wave_id: int, respondents: Collection[str]) -> None:
        self._session, self._wave_id = session, wave_id
        query = (
            select(Respondent.key, Segment.dimension, Segment.id, Segment.code)
            .join(Membership, Membership.respondent_id == Respondent.id)
            .join(Segment, Segment.id == Membership.segment_id)
            .where(Membership.wave_id == wave_id, Respondent.key.in_(respondents))
        )
        self._known = {(key, dimension): (segment, code) for key, dimension, segment, code in session.execute(query)}
        self._new: dict[tuple[str, int], None] = {}

    def refusal(self, respondent: str, segments: Iterable[Membered]) -> tuple[str, str] | None:
        """Column and cause where a segment is another than the respondent has on its dimension in this wave."""
        for one in segments:
            known = self._known.get((respondent, one.dimension))
            if known is not None and known[0] != one.segment_id:
                return one.column, _two(one.code, known[1], one.dimension)
        return None

    def add(self, respondent: str, segments: Iterable[Membered]) -> None:
        """Remember segments that were not refused."""
        for one in segments:
            if (respondent, one.dimension) not in self._known:
                self._known[respondent, one.dimension] = (one.segment_id, one.code)
                self._new[respondent, one.segment_id] = None

    @property
    def new_people(self) -> set[str]:
        """Whose memberships are to be stored, by key."""
        return {respondent for respondent, _ in self._new}

    def store(self, ids: Mapping[str, int]) -> None:
        """Store what was added; `ids` are the respondents' by key."""
        rows: list[dict[str, Any]] = [
            {"wave_id": self._wave_id, "respondent_id": ids[respondent], "segment_id": segment}
            for respondent, segment in self._new
        ]
        if rows:
            statement = upsert(self._session, Membership).on_conflict_do_nothing()
            self._session.connection().execute(statement, rows)
        self._new.clear()


def _two(code: str, known: str, dimension: str) -> str:
    return (
        f"this respondent is {known} on the dimension {dimension!r} in this wave and cannot be {code} too: "
        "correct the row or the one before it"
    )
