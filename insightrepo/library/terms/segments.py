"""Segments: the dimensions with their people, and one with its outcomes and where it disagrees with the rest."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_terms
from insightrepo.library.terms.coverage import Evidence
from insightrepo.library.terms.term_pages import Said, TermHead, find_row, head_of, said_of
from insightrepo.models import Segment
from insightrepo.scores.acting.cell_outcomes import CellOutcome, cell_outcomes, sort_outcomes
from insightrepo.scores.acting.choosing import OutcomeShown, outcomes_in_use
from insightrepo.scores.acting.disagreements import read_disagreements
from insightrepo.scores.acting.gaps import Gap, clearly_apart
from insightrepo.workspace import Workspace


@dataclass(frozen=True)
class SegmentLine:
    """A segment in the list. `within`: whether its scores are the reader's to see; `disagrees`: on how many outcomes
    its gap goes the other way than everybody's, None where that is not the reader's to know.
    """

    id: int
    code: str
    name: str
    dimension: str
    definition: str
    population: int | None
    status: str
    within: bool
    disagrees: int | None
    pieces: int
    people: int
    studies: int


@dataclass(frozen=True)
class Against:
    """An outcome on which a segment goes the other way than everybody: both gaps, in the wave that is current."""

    outcome: OutcomeShown
    wave: str
    pooled: Gap
    own: Gap
    sentence: str


@dataclass(frozen=True)
class Apart:
    """An outcome whose score in a segment and everybody's have intervals that do not touch, in the same wave."""

    own: CellOutcome
    everybody: CellOutcome

    @property
    def difference(self) -> float:
        """The segment's value less everybody's, in the measure's unit."""
        return (self.own.score.value or 0.0) - (self.everybody.score.value or 0.0)  # type: ignore[union-attr]


@dataclass(frozen=True)
class SegmentReading:
    """A segment with everything its page shows; `within` as in `SegmentLine`: else only its definition is here."""

    head: TermHead
    within: bool
    dimension: str
    definition: str
    population: int | None
    of_dimension: tuple[tuple[str, str, int | None], ...]  # the others: code, name, population
    against: tuple[Against, ...]
    apart: tuple[Apart, ...]
    outcomes: tuple[CellOutcome, ...]
    not_for: tuple[OutcomeShown, ...]
    said: Said


def list_segments(workspace: Workspace, session: Session, reader: Reader) -> list[SegmentLine]:
    """The segments in use that the reader may see, by dimension, in the taxonomy's order."""
    query = select(Segment).where(Segment.id.in_(visible_terms(reader)), Segment.status != "retired")
    rows = session.scalars(query.order_by(Segment.dimension, Segment.id)).all()
    evidence = Evidence(workspace, session, reader, ())
    opposite = _opposites(session, reader, outcomes_in_use(session, reader))
    return [
        SegmentLine(
            row.id, row.code, row.name, row.dimension, row.definition, row.population, row.status,
            within := reader.sees_cell(row.id, None),
            sum(1 for _, one in opposite if one.segment == row.code) if within else None,
            *evidence.counts_of([row.id]),
        )
        for row in rows
    ]  # fmt: skip


def read_segment(
    workspace: Workspace, session: Session, reader: Reader, code: str, sort: str = "opportunity"
) -> SegmentReading:
    """A segment by its code, whatever the case; its outcomes sorted as `cell_outcomes.SORTS` has it.

    Raises:
        NotVisible: there is none that the reader may see.
    """
    row = find_row(session, reader, Segment, code)
    within = reader.sees_cell(row.id, None)
    known = outcomes_in_use(session, reader)
    mine = [one for one in known if row.id in one.segments.get(row.dimension, {row.id})]
    own = cell_outcomes(session, reader, mine, segment=row.code) if within else []
    everybody = cell_outcomes(session, reader, mine) if within else []
    others = select(Segment.code, Segment.name, Segment.population).where(
        Segment.dimension == row.dimension, Segment.id != row.id, Segment.id.in_(visible_terms(reader)),
        Segment.status != "retired",
    )  # fmt: skip
    return SegmentReading(
        head=head_of(session, row),
        within=within,
        dimension=row.dimension,
        definition=row.definition,
        population=row.population,
        of_dimension=tuple(session.execute(others.order_by(Segment.id)).tuples().all()),
        against=_against(session, reader, mine, row.code) if within else (),
        apart=_apart(own, everybody),
        outcomes=tuple(sort_outcomes((one for one in own if one.asked), sort)),
        not_for=tuple(one for one in known if one not in mine),
        said=said_of(workspace, session, reader, row, [row.id]),
    )


def _opposites(session: Session, reader: Reader, outcomes: tuple[OutcomeShown, ...] | list[OutcomeShown]):
    found = read_disagreements(session, reader, [one.id for one in outcomes])
    return [(one, opposite) for one in found.values() for opposite in one.opposite]


def _against(session: Session, reader: Reader, outcomes: list[OutcomeShown], code: str) -> tuple[Against, ...]:
    by_code = {one.code: one for one in outcomes}
    shown = [
        Against(by_code[found.outcome], found.wave, found.pooled, opposite.gap, found.sentence)
        for found, opposite in _opposites(session, reader, outcomes)
        if opposite.segment == code and found.pooled is not None
    ]
    return tuple(sorted(shown, key=lambda one: -abs(one.own.value - one.pooled.value)))


def _apart(own: list[CellOutcome], everybody: list[CellOutcome]) -> tuple[Apart, ...]:
    """The farthest first. Intervals that do not touch are a stricter test than one of the difference."""
    pairs = [Apart(mine, whole) for mine, whole in zip(own, everybody, strict=True) if _do_not_touch(mine, whole)]
    return tuple(sorted(pairs, key=lambda one: -abs(one.difference)))


def _do_not_touch(mine: CellOutcome, whole: CellOutcome) -> bool:
    a, b = mine.score, whole.score
    return a is not None and b is not None and a.wave == b.wave and clearly_apart(a, b) != 0
