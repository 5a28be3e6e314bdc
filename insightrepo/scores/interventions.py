"""Whether a score moved from before an intervention of ours to after it, and what else happened in that time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.scores.computing.movement import Movement
from insightrepo.scores.reading import ScoreRow
from insightrepo.scores.waves.annotations import AnnotationShown, annotations_between


@dataclass(frozen=True)
class BeforeAfter:
    """An intervention with the last wave before it and the first one after it; None: there is none.

    `during` are the waves that it falls into, `others` what else is known to have happened between the two waves.
    """

    intervention: AnnotationShown
    before: ScoreRow | None
    after: ScoreRow | None
    movement: Movement | None
    during: tuple[str, ...]
    others: tuple[AnnotationShown, ...]


def happened(
    session: Session,
    reader: Reader,
    outcome: str,
    tasks: Collection[str],
    segment: str | None = None,
    product: str | None = None,
) -> tuple[AnnotationShown, ...]:
    """Everything that concerns an outcome, its tasks (all codes) or all of them, in time; with a segment or a product
    chosen, not what concerns another.
    """
    notes = annotations_between(session, reader, outcome=outcome, segment=segment, product=product)
    return tuple(note for note in notes if note.task is None or note.task in tasks)


def in_days(notes: Sequence[AnnotationShown], first_day: dt.date, last_day: dt.date) -> tuple[AnnotationShown, ...]:
    """Those of the notes that touch these days."""
    return tuple(note for note in notes if note.first_day <= last_day and _end(note) >= first_day)


def _end(note: AnnotationShown) -> dt.date:
    return note.last_day or note.first_day


def before_after(
    intervention: AnnotationShown,
    notes: Sequence[AnnotationShown],
    history: Sequence[ScoreRow],
    compare: Callable[[ScoreRow, ScoreRow], Movement],
) -> BeforeAfter:
    """The last wave that ended before the intervention began against the first one that began when it was done.

    `history` is the score's of one cell, in time; `notes` is all that happened; `compare` tests two of its points.
    """
    shown, end = [row for row in history if row.value is not None], _end(intervention)
    before = next((row for row in reversed(shown) if row.last_day < intervention.first_day), None)
    after = next((row for row in shown if row.first_day >= end), None)
    during = tuple(
        row.wave for row in shown
        if row not in (before, after) and row.first_day <= end and row.last_day >= intervention.first_day
    )  # fmt: skip
    others: tuple[AnnotationShown, ...] = ()
    movement = None
    if before is not None and after is not None:
        movement = compare(before, after)
        others = tuple(note for note in in_days(notes, before.first_day, after.last_day) if note != intervention)
    return BeforeAfter(intervention, before, after, movement, during, others)
