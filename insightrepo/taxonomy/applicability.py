"""To which segments an outcome applies: the one rule, who reads it, and the matrix that people edit.

An outcome lists segments of a dimension or none of it. None: it applies to the whole dimension. So an outcome that
lists only parents of toddlers does not apply to parents of teenagers, and says nothing of new and old customers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from insightrepo.accounts.access import Reader, visible_terms
from insightrepo.accounts.audit import record
from insightrepo.models import Outcome, Segment, Term, Wave, utcnow
from insightrepo.models.taxonomy import outcome_segment

Excluded = dict[int, frozenset[int]]  # by outcome id: the ids of the segments to which it does not apply


@dataclass(frozen=True)
class MatrixRow:
    """An outcome with the codes of the segments to which it applies; `may_change`: by this reader."""

    code: str
    name: str
    category: str
    applies: frozenset[str]
    may_change: bool


@dataclass(frozen=True)
class Matrix:
    """Outcomes x segments as a reader sees them. `dimensions` are (dimension, ((code, name), …))."""

    dimensions: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    rows: tuple[MatrixRow, ...]

    @property
    def segments(self) -> tuple[str, ...]:
        """The codes of all columns, in order."""
        return tuple(code for _, members in self.dimensions for code, _ in members)


class NobodyLeft(ValueError):
    """An outcome would apply to nobody on a dimension; the message names both."""


def not_applicable(session: Session) -> Excluded:
    """The segments to which each outcome does not apply, as the register stands; an outcome for all is not in it."""
    dimensions = dict(session.execute(select(Segment.id, Segment.dimension)).tuples().all())
    members: defaultdict[str, set[int]] = defaultdict(set)
    for segment_id, dimension in dimensions.items():
        members[dimension].add(segment_id)
    listed: defaultdict[int, set[int]] = defaultdict(set)
    for outcome_id, segment_id in session.execute(select(outcome_segment.c.outcome_id, outcome_segment.c.segment_id)):
        listed[outcome_id].add(segment_id)
    return {
        outcome_id: frozenset(set().union(*(members[dimensions[one]] for one in segments)) - segments)
        for outcome_id, segments in listed.items()
    }


def not_applicable_in(session: Session, wave: Wave) -> Excluded:
    """As `not_applicable`, as it holds for a wave: a frozen one keeps what it was frozen with.

    Answers of people in these segments are left out of the outcome's scores; people whose segment on the dimension is
    not known stay in: nothing says that it does not apply to them.
    """
    if wave.state != "frozen":
        return not_applicable(session)
    kept: Mapping[str, Iterable[str]] = (wave.definition or {}).get("not_applicable", {})
    ids = {(axis, code): number for number, axis, code in session.execute(select(Term.id, Term.axis, Term.code))}
    return {
        ids["outcome", outcome]: frozenset(ids["segment", code] for code in codes if ("segment", code) in ids)
        for outcome, codes in kept.items()
        if ("outcome", outcome) in ids
    }


def as_definition(session: Session, excluded: Excluded) -> dict[str, list[str]]:
    """What a wave's definition says of it: the codes of the segments left out, by the outcome's code."""
    codes = dict(session.execute(select(Term.id, Term.code)).tuples().all())
    return {
        codes[outcome]: sorted(codes[segment] for segment in segments)
        for outcome, segments in sorted(excluded.items())
        if segments
    }


def applicability(session: Session, reader: Reader) -> Matrix:
    """The matrix of outcomes in use and segments that the reader may see."""
    seen = visible_terms(reader)
    segments = session.scalars(
        select(Segment).where(Segment.id.in_(seen), Segment.status != "retired").order_by(Segment.dimension, Segment.id)
    ).all()
    dimensions: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for segment in segments:
        dimensions[segment.dimension].append((segment.code, segment.name))
    outcomes = session.scalars(
        select(Outcome)
        .where(Outcome.id.in_(seen), Outcome.status != "retired")
        .order_by(Outcome.category, Outcome.code)
    )
    excluded = not_applicable(session)
    return Matrix(
        dimensions=tuple((name, tuple(members)) for name, members in dimensions.items()),
        rows=tuple(
            MatrixRow(
                code=outcome.code,
                name=outcome.name,
                category=outcome.category,
                applies=frozenset(s.code for s in segments if s.id not in excluded.get(outcome.id, ())),
                may_change=reader.may_change_term(outcome),
            )
            for outcome in outcomes
        ),
    )


def set_applicability(session: Session, reader: Reader, wanted: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Set to which segments (codes) outcomes (by code) apply; the codes of those that changed. Segments that the reader
    may not see stay as they are.

    Raises:
        Forbidden: one of them is not the reader's to change.
        NobodyLeft: one of them would apply to nobody on a dimension.
    """
    seen = visible_terms(reader)
    segments = session.scalars(select(Segment).where(Segment.id.in_(seen), Segment.status != "retired")).all()
    known = {segment.id for segment in segments}
    by_dimension: defaultdict[str, list[Segment]] = defaultdict(list)
    for segment in segments:
        by_dimension[segment.dimension].append(segment)
    rows = session.scalars(
        select(Outcome)
        .where(Outcome.id.in_(seen), Outcome.code.in_(wanted), Outcome.status != "retired")
        .options(selectinload(Outcome.segments))
    )
    hidden = select(Segment.dimension).where(Segment.id.not_in(known), Segment.status != "retired")
    restricted = set(session.scalars(hidden))
    changed = []
    for outcome in rows:
        reader.require_change(outcome)
        ticked = set(wanted[outcome.code])
        listed = [
            segment
            for members in by_dimension.values()
            for segment in _listed(outcome, members, ticked, members[0].dimension in restricted)
        ]
        listed += [segment for segment in outcome.segments if segment.id not in known]
        if {segment.id for segment in listed} != {segment.id for segment in outcome.segments}:
            outcome.segments, outcome.updated_at = listed, utcnow()
            changed.append(outcome.code)
    if changed:
        session.flush()
        record(session, reader.user_id, "outcome.applicability", "taxonomy", outcomes=sorted(changed))
    return tuple(sorted(changed))


def _listed(outcome: Outcome, members: list[Segment], ticked: set[str], is_partly_seen: bool) -> list[Segment]:
    """What is kept of a dimension: nothing where all of it is ticked, unless it has segments that the reader may not
    see and the outcome names some of those seen: then ticking all that is seen says nothing of the others.
    """
    found = [segment for segment in members if segment.code in ticked]
    if not found:
        raise NobodyLeft(f"{outcome.code} would apply to nobody by {members[0].dimension}: tick one, or retire it")
    is_named = any(segment in outcome.segments for segment in members)
    return [] if len(found) == len(members) and not (is_partly_seen and is_named) else found
