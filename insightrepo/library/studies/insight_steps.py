"""The steps of an insight: each with the claim as it then read, why, and the scores that stood beside it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_terms
from insightrepo.models import IN_FORCE, Evidence, InsightStep, ScoreSnapshot, Tag, Term, User
from insightrepo.scores.chips import CellWanted
from insightrepo.scores.waves.snapshots import take_snapshots
from insightrepo.taxonomy.versions import Piece, word_diff

LOOKED_AT = ("written", "edited", "confirmed")  # after these the claim is held against the scores of then


@dataclass(frozen=True)
class StepShown:
    """A step as a page shows it; `pieces` compare the claim with what it was before, where that changed."""

    kind: str
    revision: int
    text: str
    pieces: tuple[Piece, ...]
    reason: str
    by: str | None
    at: dt.datetime


def take_step(session: Session, reader: Reader, insight: Evidence, kind: str, reason: str = "") -> None:
    """Write down a step of an insight that reads as it should by now, with the scores of its outcomes beside it."""
    step = InsightStep(evidence_id=insight.id, kind=kind, revision=insight.revision, text=insight.text, reason=reason,
                       by_id=reader.user_id)  # fmt: skip
    session.add(step)
    session.flush()
    if kind in LOOKED_AT:
        take_snapshots(session, reader, step.id, _cells(session, reader, insight.id))


def note_tagged(session: Session, reader: Reader, evidence_id: int) -> None:
    """Where an insight was tagged with an outcome after it was written: the score of now stands beside it from here."""
    step_id = latest_look(session, [evidence_id]).get(evidence_id)
    if step_id is None:
        return
    known = set(session.scalars(select(ScoreSnapshot.outcome_id).where(ScoreSnapshot.step_id == step_id)))
    cells = [cell for cell in _cells(session, reader, evidence_id) if cell.outcome_id not in known]
    take_snapshots(session, reader, step_id, cells)


def _cells(session: Session, reader: Reader, evidence_id: int) -> list[CellWanted]:
    """The cells of the outcomes that an insight is tagged with, as its hit shows them: its own segment and product."""
    query = select(Term.axis, Term.id, Tag.state).join(Tag, Tag.term_id == Term.id)
    query = query.where(Tag.evidence_id == evidence_id, Tag.state.in_(IN_FORCE), Term.id.in_(visible_terms(reader)))
    found: defaultdict[str, list[int]] = defaultdict(list)
    for axis, term_id, state in session.execute(query.order_by(Term.id)):
        if axis == "outcome" or state == "accepted":
            found[axis].append(term_id)
    segment, product = (found[axis][0] if len(found[axis]) == 1 else None for axis in ("segment", "product"))
    return [CellWanted(outcome_id, segment, product) for outcome_id in found["outcome"]]


def steps_of(session: Session, evidence_id: int) -> tuple[StepShown, ...]:
    """The steps of an insight that the caller has found the reader may see, the newest first."""
    query = select(InsightStep, func.coalesce(func.nullif(User.name, ""), User.email))
    query = query.outerjoin(User, User.id == InsightStep.by_id).where(InsightStep.evidence_id == evidence_id)
    shown: list[StepShown] = []
    for step, by in session.execute(query.order_by(InsightStep.id)):
        before = shown[-1].text if shown else step.text
        pieces = word_diff(before, step.text) if before != step.text else ()
        shown.append(StepShown(step.kind, step.revision, step.text, pieces, step.reason, by, step.at))
    return tuple(reversed(shown))


def latest_look(session: Session, evidence_ids: list[int]) -> dict[int, int]:
    """By insight the step at which it was last held against the scores."""
    query = select(InsightStep.evidence_id, func.max(InsightStep.id)).where(
        InsightStep.evidence_id.in_(evidence_ids), InsightStep.kind.in_(LOOKED_AT)
    )
    return dict(session.execute(query.group_by(InsightStep.evidence_id)).tuples().all())
