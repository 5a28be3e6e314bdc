"""The steps of a term's status, each with its grounds: written here, read as a timeline within the reader's scope."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from insightrepo.accounts.access import Reader, studies_in_use, visible_segments
from insightrepo.models import Evidence, Score, Segment, StatusChange, Term, User, Validation, Wave

COPIED = ("satisfaction", "importance", "opportunity")  # the measures of an outcome that a step takes along
WIDTH = 120  # characters of a piece of evidence in a timeline


@dataclass(frozen=True)
class ScoreCopied:
    """A score as it stood at a step; `segment` is a code, None for everybody. A suppressed one has no value."""

    measure: str
    segment: str | None
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    note: str | None


@dataclass(frozen=True)
class Step:
    """A step of a term's status. `came_from` is empty where the term was made; the same as `to`: left as it was.

    `evidence` are (id, beginning of its text) of what the reader may see; `hidden_evidence` counts the rest.
    """

    came_from: str
    to: str
    reason: str
    by: str | None
    at: dt.datetime
    evidence: tuple[tuple[int, str], ...]
    hidden_evidence: int
    wave: str | None
    provisional: bool
    definition_version: int | None
    scores: tuple[ScoreCopied, ...]
    validation: tuple[int, str] | None

    @property
    def words(self) -> str:
        """What happened, in words."""
        if not self.came_from:
            return f"made as {self.to}"
        return f"stays {self.to}" if self.came_from == self.to else f"{self.came_from} → {self.to}"


def note_status(
    session: Session,
    term: Term,
    came_from: str,
    reason: str,
    user_id: int | None,
    evidence: Sequence[Evidence] = (),
    validation: Validation | None = None,
) -> StatusChange:
    """Write the step that a term just took to the status it has now, with its scores as they stand: of the validation
    study's wave, else of the current one.
    """
    change = StatusChange(
        term_id=term.id,
        from_status=came_from,
        to_status=term.status,
        reason=reason,
        scores=scores_now(session, term, validation.wave if validation else None) if came_from else {},
        validation_id=validation.id if validation else None,
        decided_by_id=user_id,
        evidence=list(evidence),
    )
    session.add(change)
    return change


def scores_now(session: Session, term: Term, wave: Wave | None = None) -> dict[str, Any]:
    """The scores of an outcome in a wave, for everybody and by segment; empty: it has none.

    Without a wave it is the current one: the latest frozen wave with a score of it, else the latest open one.
    """
    if term.axis != "outcome":
        return {}
    waves = select(Wave).join(Score, Score.wave_id == Wave.id).where(Score.outcome_id == term.id)
    order = (Wave.state == "frozen").desc(), Wave.last_day.desc(), Wave.id.desc()
    wave = wave or session.scalar(waves.order_by(*order).limit(1))
    if wave is None:
        return {}
    query = select(Score, Segment.code).outerjoin(Segment, Segment.id == Score.segment_id)
    rows = session.execute(
        query.where(
            Score.wave_id == wave.id,
            Score.outcome_id == term.id,
            Score.product_id.is_(None),
            Score.measure.in_(COPIED),
        ).order_by(Score.segment_id.is_not(None), Segment.code, Score.measure)
    )
    cells = [
        {
            "measure": score.measure, "segment": code, "value": score.value, "low": score.low, "high": score.high,
            "n": score.n, "note": score.note,
        }
        for score, code in rows
    ]  # fmt: skip
    return {
        "wave": wave.code,
        "issue": wave.issue,
        "provisional": wave.state != "frozen",
        "definition_version": term.version,
        "cells": cells,
    }


def timeline(session: Session, reader: Reader, term_id: int) -> tuple[Step, ...]:
    """The steps of a term, the newest first. Evidence that the reader may not see is counted, not named; scores of
    segments outside the reader's scopes are left out.
    """
    query = (
        select(StatusChange, func.coalesce(func.nullif(User.name, ""), User.email), Validation.name)
        .outerjoin(User, User.id == StatusChange.decided_by_id)
        .outerjoin(Validation, Validation.id == StatusChange.validation_id)
        .where(StatusChange.term_id == term_id)
        .options(selectinload(StatusChange.evidence))
        .order_by(StatusChange.decided_at.desc(), StatusChange.id.desc())
    )
    rows = session.execute(query).all()
    grounds = {evidence.id for change, _, _ in rows for evidence in change.evidence}
    seen = seen_evidence(session, reader, grounds)
    segments = set(session.scalars(select(Segment.code).where(Segment.id.in_(visible_segments(reader)))))
    return tuple(_step(change, by, name, seen, segments) for change, by, name in rows)


def seen_evidence(session: Session, reader: Reader, ids: Iterable[int]) -> dict[int, Evidence]:
    """Of these pieces of evidence those that stand, alone and by their study, and that the reader may see, by id."""
    query = select(Evidence).where(
        Evidence.id.in_(list(ids)), Evidence.withdrawn.is_(False), Evidence.study_id.in_(studies_in_use(reader))
    )
    return {row.id: row for row in session.scalars(query)}


def _step(
    change: StatusChange, by: str | None, name: str | None, seen: dict[int, Evidence], segments: set[str]
) -> Step:
    shown = [row for row in change.evidence if row.id in seen]
    copied = change.scores or {}
    cells = [cell for cell in copied.get("cells", ()) if cell["segment"] is None or cell["segment"] in segments]
    return Step(
        came_from=change.from_status,
        to=change.to_status,
        reason=change.reason,
        by=by,
        at=change.decided_at,
        evidence=tuple((row.id, _beginning(row.text)) for row in shown),
        hidden_evidence=len(change.evidence) - len(shown),
        wave=copied.get("wave"),
        provisional=bool(copied.get("provisional")),
        definition_version=copied.get("definition_version"),
        scores=tuple(ScoreCopied(**cell) for cell in cells),
        validation=(change.validation_id, name) if change.validation_id and name else None,
    )


def _beginning(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= WIDTH else f"{words[:WIDTH].rsplit(' ', 1)[0]} …"
