"""Focus outcomes: the short list of outcomes that a team works on first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Forbidden, Reader, visible_terms
from insightrepo.accounts.audit import record
from insightrepo.models import FocusOutcome, Outcome, Team
from insightrepo.scores.chips import CellWanted, Chip, chips

MOST = 7  # beyond, a list is not short: said, not refused


class FocusWrong(ValueError):
    """A team or an outcome that is not known; the message names it and what to do."""


@dataclass(frozen=True)
class TeamFocus:
    """A team's focus outcomes in their order: (code, name, current score). `advice` is empty where there is none."""

    team_id: int
    team: str
    outcomes: tuple[tuple[str, str, Chip | None], ...]
    advice: str
    may_set: bool


def read_focus(session: Session, reader: Reader) -> tuple[TeamFocus, ...]:
    """Every team with the focus outcomes that the reader may see, by name."""
    rows = session.execute(
        select(FocusOutcome.team_id, Outcome.id, Outcome.code, Outcome.name)
        .join(Outcome, Outcome.id == FocusOutcome.outcome_id)
        .where(Outcome.id.in_(visible_terms(reader)))
        .order_by(FocusOutcome.team_id, FocusOutcome.place)
    ).all()
    scores = chips(session, reader, [CellWanted(row.id) for row in rows])
    found = []
    for team in session.scalars(select(Team).order_by(Team.name)):
        own = tuple((row.code, row.name, scores[CellWanted(row.id)]) for row in rows if row.team_id == team.id)
        found.append(TeamFocus(team.id, team.name, own, _advice(len(own)), may_set(reader, team.id)))
    return tuple(found)


def may_set(reader: Reader, team_id: int) -> bool:
    """Whether the reader sets a team's focus: researchers without limits, and a team's own researchers."""
    return reader.at_least("researcher") and (reader.may_change_global or team_id in reader.teams)


def set_focus(session: Session, reader: Reader, team: str, codes: Sequence[str]) -> TeamFocus:
    """Put these outcomes (codes, whatever the case, in their order) in place of a team's focus. What the reader may not
    see stays behind them. The list before goes to the audit log.

    Raises:
        Forbidden: the reader is no researcher, or limited and not of the team.
        FocusWrong: the team or an outcome is not known, retired, or named twice.
    """
    reader.require("researcher")
    found = session.scalar(select(Team).where(func.lower(Team.name) == team.strip().lower()))
    if found is None:
        known = ", ".join(session.scalars(select(Team.name).order_by(Team.name))) or "none yet"
        raise FocusWrong(f"team: there is no {team.strip()!r}; there are {known}")
    if not may_set(reader, found.id):
        raise Forbidden(f"{reader.email} is limited to a part of the workspace and not of the team {found.name}")
    wanted = _outcomes(session, reader, codes)
    rows = session.scalars(
        select(FocusOutcome).where(FocusOutcome.team_id == found.id).order_by(FocusOutcome.place)
    ).all()
    seen = set(session.scalars(visible_terms(reader)))
    before, kept = [row.outcome.code for row in rows], [row.outcome_id for row in rows if row.outcome_id not in seen]
    session.execute(delete(FocusOutcome).where(FocusOutcome.team_id == found.id))
    ids = [*(outcome.id for outcome in wanted), *kept]
    session.add_all(
        FocusOutcome(team_id=found.id, outcome_id=number, place=place, set_by_id=reader.user_id)
        for place, number in enumerate(ids, 1)
    )
    session.flush()
    record(session, reader.user_id, "focus.set", f"team:{found.id}",
           before=before, after=[outcome.code for outcome in wanted])  # fmt: skip
    return next(one for one in read_focus(session, reader) if one.team_id == found.id)


def _outcomes(session: Session, reader: Reader, codes: Sequence[str]) -> list[Outcome]:
    query = select(Outcome).where(Outcome.id.in_(visible_terms(reader)), Outcome.status != "retired")
    known = {outcome.code.lower(): outcome for outcome in session.scalars(query)}
    found: list[Outcome] = []
    for code in filter(None, (code.strip() for code in codes)):
        outcome = known.get(code.lower())
        if outcome is None:
            raise FocusWrong(f"outcomes: {code!r} is no outcome in use; write codes like {next(iter(known), 'FT-01')}")
        if outcome in found:
            raise FocusWrong(f"outcomes: {outcome.code} is named twice")
        found.append(outcome)
    return found


def _advice(count: int) -> str:
    return f"{count} outcomes are no focus: {MOST} at most is a list that a team can hold" if count > MOST else ""
