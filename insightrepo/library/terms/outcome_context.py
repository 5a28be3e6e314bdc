"""What stands around an outcome's scores on its page: people, grounding, steps, what came before and after."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_terms
from insightrepo.library.reading import NotVisible
from insightrepo.library.terms.grounding import Grounding, grounding
from insightrepo.models import Instrument, Outcome, Score, Segment, Team, User, Wave
from insightrepo.scores.chips import CellWanted, Chip, chips
from insightrepo.taxonomy.applicability import not_applicable
from insightrepo.taxonomy.history import Step, timeline
from insightrepo.taxonomy.life_cycle import STEPS
from insightrepo.taxonomy.succession import Relative, measured, predecessors, successors


@dataclass(frozen=True)
class Wording:
    """How an instrument asked: its name, question, scale in words."""

    name: str
    satisfaction: str
    importance: str
    scale: str


@dataclass(frozen=True)
class OutcomeContext:
    """Everything around the scores. `before` are predecessors with their scores, shown until the outcome has a wave of
    its own; `next_steps` are statuses it can take, none for those who may not change it.
    """

    id: int
    steward: str | None
    team: str | None
    grounding: Grounding
    steps: tuple[Step, ...]
    next_steps: tuple[str, ...]
    successors: tuple[Relative, ...]
    predecessors: tuple[Relative, ...]
    before: tuple[tuple[Relative, Chip | None], ...]
    wordings: tuple[Wording, ...]
    not_for: tuple[tuple[str, str], ...]  # (code, name) of the segments that it does not apply to
    may_change: bool


def read_context(session: Session, reader: Reader, code: str) -> OutcomeContext:
    """What stands around an outcome, by its code, whatever the case.

    Raises:
        NotVisible: there is none that the reader may see.
    """
    seen = Outcome.id.in_(visible_terms(reader))
    outcome = session.scalar(select(Outcome).where(func.lower(Outcome.code) == code.lower(), seen))
    if outcome is None:
        raise NotVisible(f"outcome {code}")
    steward = session.get(User, outcome.steward_id) if outcome.steward_id else None
    may_change = reader.may_change_term(outcome)
    older = predecessors(session, reader, outcome.id)
    return OutcomeContext(
        id=outcome.id,
        steward=(steward.name or steward.email) if steward else None,
        team=session.scalar(select(Team.name).where(Team.id == outcome.team_id)) if outcome.team_id else None,
        grounding=grounding(session, reader, outcome.id),
        steps=timeline(session, reader, outcome.id),
        next_steps=STEPS[outcome.status] if may_change else (),
        successors=successors(session, reader, outcome.id),
        predecessors=older,
        before=() if measured(session, outcome.id) else _scored(session, reader, older),
        wordings=_wordings(session, outcome.id),
        not_for=_not_for(session, reader, outcome.id),
        may_change=may_change,
    )


def _scored(session: Session, reader: Reader, found: tuple[Relative, ...]) -> tuple[tuple[Relative, Chip | None], ...]:
    scores = chips(session, reader, [CellWanted(relative.id) for relative in found])
    return tuple((relative, scores.get(CellWanted(relative.id))) for relative in found)


def _not_for(session: Session, reader: Reader, outcome_id: int) -> tuple[tuple[str, str], ...]:
    """The segments in use that an outcome does not apply to, those that the reader may see."""
    query = select(Segment.code, Segment.name).where(
        Segment.id.in_(not_applicable(session).get(outcome_id, ())),
        Segment.id.in_(visible_terms(reader)),
        Segment.status != "retired",
    )
    return tuple(session.execute(query.order_by(Segment.dimension, Segment.id)).tuples().all())


def _wordings(session: Session, outcome_id: int) -> tuple[Wording, ...]:
    """The instruments that measured an outcome, the newest first."""
    query = (
        select(Instrument)
        .join(Wave, Wave.instrument_id == Instrument.id)
        .join(Score, Score.wave_id == Wave.id)
        .where(Score.outcome_id == outcome_id)
        .group_by(Instrument.id)
        .order_by(func.max(Wave.last_day).desc())
    )
    return tuple(Wording(i.name, i.wording, i.importance_wording, _scale(i)) for i in session.scalars(query))


def _scale(instrument: Instrument) -> str:
    low = f" ({instrument.low_label})" if instrument.low_label else ""
    high = f" ({instrument.high_label})" if instrument.high_label else ""
    return f"{instrument.scale_low}{low} to {instrument.scale_high}{high}, {instrument.best} is best"
