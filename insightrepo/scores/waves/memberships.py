"""Which segments the respondents of a wave are in: at most one on each dimension, as the data says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from insightrepo.models import Membership, Respondent, Segment
from insightrepo.taxonomy.reading import TermFinder, UnknownTerm


class Belonging(NamedTuple):
    """A segment that a row names, and the field in which it does."""

    segment_id: int
    code: str
    dimension: str
    field: str


class SegmentFinder:
    """Finds the segments that the cells of a row name; made once for many rows."""

    def __init__(self, session: Session) -> None:
        self._finder = TermFinder(session, "segment")

    def find(self, cells: Mapping[str, str]) -> tuple[Belonging, ...]:
        """The segments named in cells by field; empty cells name none.

        Raises:
            SegmentRefused: no segment is called so, or two of one dimension are named.
        """
        found: dict[str, Belonging] = {}
        for name, text in cells.items():
            if not text:
                continue
            try:
                segment = self._finder.find(text)
            except UnknownTerm as error:
                raise SegmentRefused(name, str(error)) from error
            dimension = getattr(segment, "dimension", "")
            first = found.setdefault(dimension, Belonging(segment.id, segment.code, dimension, name))
            if first.segment_id != segment.id:
                raise SegmentRefused(name, f"{segment.code} and {first.code} are both of {dimension}: only one can be")
        return tuple(found.values())


class SegmentRefused(ValueError):
    """A cell names no segment, or one that cannot be; `field` is its field."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(cause)
        self.field = name


Known = dict[tuple[str, str], tuple[int, str]]


def known_memberships(session: Session, wave_id: int | None, keys: Iterable[str]) -> Known:
    """(segment id, its code) by (respondent's key, dimension), of these respondents in the wave."""
    query = (
        select(Respondent.key, Segment.dimension, Segment.id, Segment.code)
        .join(Membership, Membership.respondent_id == Respondent.id)
        .join(Segment, Segment.id == Membership.segment_id)
        .where(Membership.wave_id == wave_id, Respondent.key.in_(list(keys)))
    )
    return {(key, dimension): (number, code) for key, dimension, number, code in session.execute(query)}


def contradiction(known: Known, key: str, segments: Iterable[Belonging]) -> tuple[str, str] | None:
    """(field, cause) where a respondent is already in another segment of a dimension; None where all is well."""
    for one in segments:
        number, code = known.get((key, one.dimension), (one.segment_id, one.code))
        if number != one.segment_id:
            return one.field, f"this respondent is already in {code} ({one.dimension}), not in {one.code}"
    return None


def noted(key: str, segments: Iterable[Belonging]) -> Known:
    """These segments of a respondent as `known_memberships` gives them."""
    return {(key, one.dimension): (one.segment_id, one.code) for one in segments}


def store_memberships(session: Session, wave_id: int, found: Known, before: Known, ids: Mapping[str, int]) -> None:
    """Write what `found` holds beyond `before`."""
    rows = [
        {"wave_id": wave_id, "respondent_id": ids[key], "segment_id": number}
        for (key, dimension), (number, _) in found.items()
        if (key, dimension) not in before
    ]
    if rows:
        session.connection().execute(insert(Membership), rows)
