"""What happened beside the measuring, and whether a score moved from before an intervention of ours to after it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from insightrepo.accounts.access import Reader, visible_products, visible_segments
from insightrepo.models import Annotation, Task, Term
from insightrepo.scores.movement import Movement
from insightrepo.scores.reading import ScoreRow

CAVEAT = "before and after without a group that it did not reach: whatever else changed in that time is in it too"


@dataclass(frozen=True)
class Happened:
    """An annotation: kind (event, intervention), its days, its text, and what it concerns (empty: everything)."""

    id: int
    kind: str
    first_day: dt.date
    last_day: dt.date
    text: str
    concerns: str
    segment: str | None
    product: str | None


@dataclass(frozen=True)
class BeforeAfter:
    """An intervention with the last wave before it and the first one after it; None: there is none.

    `during` are the waves that it falls into, `others` what else is known to have happened between the two waves.
    """

    intervention: Happened
    before: ScoreRow | None
    after: ScoreRow | None
    movement: Movement | None
    during: tuple[str, ...]
    others: tuple[Happened, ...]


def happened(session: Session, reader: Reader, outcome_id: int, task_ids: Sequence[int]) -> tuple[Happened, ...]:
    """Everything that concerns the outcome, its tasks or all of them, in time; of segments and products those that the
    reader may see.
    """
    segment, product = aliased(Term.__table__), aliased(Term.__table__)
    query = (
        select(Annotation, segment.c.code, segment.c.name, product.c.code, product.c.name, Task.name)
        .join(segment, segment.c.id == Annotation.segment_id, isouter=True)
        .join(product, product.c.id == Annotation.product_id, isouter=True)
        .join(Task, Task.id == Annotation.task_id, isouter=True)
        .where(
            or_(Annotation.outcome_id.is_(None), Annotation.outcome_id == outcome_id),
            or_(Annotation.task_id.is_(None), Annotation.task_id.in_(task_ids)),
            or_(Annotation.segment_id.is_(None), Annotation.segment_id.in_(visible_segments(reader))),
            or_(Annotation.product_id.is_(None), Annotation.product_id.in_(visible_products(reader))),
        )
        .order_by(Annotation.first_day, Annotation.id)
    )
    return tuple(
        Happened(
            note.id, note.kind, note.first_day, note.last_day or note.first_day, note.text,
            " · ".join(filter(None, (task, segment_name, product_name))), segment_code, product_code,
        )
        for note, segment_code, segment_name, product_code, product_name, task in session.execute(query)
    )  # fmt: skip


def in_days(notes: Sequence[Happened], first_day: dt.date, last_day: dt.date) -> tuple[Happened, ...]:
    """Those of the notes that touch these days."""
    return tuple(note for note in notes if note.first_day <= last_day and note.last_day >= first_day)


def before_after(
    intervention: Happened,
    notes: Sequence[Happened],
    history: Sequence[ScoreRow],
    compare: Callable[[ScoreRow, ScoreRow], Movement],
) -> BeforeAfter:
    """The last wave that ended before the intervention began against the first one that began after it was done.

    `history` is the score's of one cell, in time; `notes` is all that happened; `compare` tests two of its points.
    """
    shown = [row for row in history if row.value is not None]
    before = next((row for row in reversed(shown) if row.last_day < intervention.first_day), None)
    after = next((row for row in shown if row.first_day >= intervention.last_day), None)
    during = tuple(
        row.wave for row in shown if row not in (before, after)
        and row.first_day <= intervention.last_day and row.last_day >= intervention.first_day
    )  # fmt: skip
    others: tuple[Happened, ...] = ()
    movement = None
    if before is not None and after is not None:
        movement = compare(before, after)
        others = tuple(note for note in in_days(notes, before.first_day, after.last_day) if note != intervention)
    return BeforeAfter(intervention, before, after, movement, during, others)
