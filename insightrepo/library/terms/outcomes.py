"""Outcomes as their pages show them: statement, scores by wave, segment and product, within the reader's scopes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_terms
from insightrepo.library.reading import NotVisible
from insightrepo.library.studies.insight_states import outdated_by_outcome
from insightrepo.models import Outcome, Term
from insightrepo.scores.acting.disagreements import cautioned
from insightrepo.scores.acting.natures import natures, one_sided
from insightrepo.scores.chips import CellWanted, Chip, Point, cells, chips, history
from insightrepo.scores.measures import MEASURES
from insightrepo.scores.waves.waves import find_wave
from insightrepo.taxonomy.reading import OutcomeDetail, outcome_detail


@dataclass(frozen=True)
class OutcomeLine:
    """What an outcome is, with its current score for everyone."""

    code: str
    name: str
    category: str
    journey_stage: str
    status: str
    chip: Chip | None
    look_again: int = 0  # insights on it whose score really moved since


@dataclass(frozen=True)
class WavePoint:
    """A wave's score of an outcome, with the opportunity of the same wave where importance was asked."""

    point: Point
    opportunity: float | None


@dataclass(frozen=True)
class CellShown:
    """A row of a table of scores: whose they are, the lead measure's cell as `chips.show` gives it, opportunity."""

    name: str
    code: str
    score: dict[str, Any]
    opportunity: float | None


@dataclass(frozen=True)
class OutcomeReading:
    """An outcome with its scores."""

    line: OutcomeLine
    job: str
    success_measure: str
    measure: str
    unit: str
    version: int
    aliases: tuple[str, ...]
    owner: str | None
    segments: tuple[str, ...]
    waves: tuple[WavePoint, ...]
    by_segment: tuple[CellShown, ...]
    by_product: tuple[CellShown, ...]
    cautions: tuple[str, ...]  # sentences: segments disagree, only opinion or only behaviour is measured


def read_outcome(session: Session, reader: Reader, code: str) -> OutcomeReading:
    """An outcome by its code, whatever the case.

    Raises:
        NotVisible: there is none that the reader may see.
    """
    seen = Outcome.id.in_(visible_terms(reader))
    found = session.scalar(select(Outcome.id).where(func.lower(Outcome.code) == code.lower(), seen))
    detail = outcome_detail(session, found) if found else None
    if detail is None:
        raise NotVisible(f"outcome {code}")
    wanted = CellWanted(detail.outcome.id)
    chip = cautioned(session, reader, chips(session, reader, [wanted]))[wanted]
    rows = cells(session, reader, detail.outcome.id, find_wave(session, chip.wave).id) if chip else []
    return _reading(session, reader, detail, chip, rows)


def _reading(
    session: Session, reader: Reader, detail: OutcomeDetail, chip: Chip | None, rows: Sequence[dict[str, Any]]
) -> OutcomeReading:
    outcome, measure = detail.outcome, detail.outcome.lead_measure
    return OutcomeReading(
        line=replace(_line(outcome, chip), look_again=outdated_by_outcome(session, reader).get(outcome.code, 0)),
        job=outcome.job,
        success_measure=outcome.success_measure,
        measure=measure,
        unit=MEASURES[measure].unit if measure in MEASURES else (chip.unit if chip else ""),
        version=outcome.version,
        aliases=tuple(outcome.aliases),
        owner=(detail.owner.name or detail.owner.email) if detail.owner else None,
        segments=tuple(segment.name for segment in detail.segments if reader.sees_term(segment)),
        waves=_waves(session, reader, outcome.id, measure),
        by_segment=_cells(session, "segment", measure, [row for row in rows if row["product"] is None]),
        by_product=_cells(session, "product", measure, [row for row in rows if row["segment"] is None]),
        cautions=tuple(filter(None, (
            chip.disagreement if chip else None, one_sided(natures(session, reader, outcome.id)),
        ))),
    )  # fmt: skip


def _line(outcome: Outcome, chip: Chip | None) -> OutcomeLine:
    return OutcomeLine(outcome.code, outcome.name, outcome.category, outcome.journey_stage, outcome.status, chip)


def _waves(session: Session, reader: Reader, outcome_id: int, measure: str) -> tuple[WavePoint, ...]:
    beside = {point.wave: point.value for point in history(session, reader, outcome_id, measure="opportunity")}
    points = history(session, reader, outcome_id, measure=measure)
    return tuple(WavePoint(point, beside.get(point.wave)) for point in points)


def _cells(session: Session, axis: str, measure: str, rows: Sequence[dict[str, Any]]) -> tuple[CellShown, ...]:
    """The rows of one axis, the worst first; a row of the whole is left out."""
    here = [row for row in rows if row[axis] is not None]
    codes = {row[axis] for row in here}
    names = dict(
        session.execute(select(Term.code, Term.name).where(Term.axis == axis, Term.code.in_(codes))).tuples().all()
    )
    beside = {row[axis]: row["value"] for row in here if row["measure"] == "opportunity"}
    shown = [
        CellShown(names[row[axis]], row[axis], row, beside.get(row[axis])) for row in here if row["measure"] == measure
    ]
    return tuple(sorted(shown, key=_badness))


def _badness(cell: CellShown) -> tuple[bool, float, bool, float, str]:
    """The order from the worst on: by largest opportunity, else by the lead measure; what is unknown at the end."""
    value = cell.score["value"]
    lower = MEASURES[cell.score["measure"]].better == "lower"
    return (cell.opportunity is None, -(cell.opportunity or 0.0), value is None,
            -(value or 0.0) if lower else value or 0.0, cell.name)  # fmt: skip
