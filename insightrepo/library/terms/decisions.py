"""What was decided about an outcome: a dated note, by whom, with its state and a reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Forbidden, Reader, visible_terms
from insightrepo.accounts.audit import record
from insightrepo.library.imports.safe_names import workspace_redactor
from insightrepo.library.reading import NotVisible
from insightrepo.locales import grouped
from insightrepo.models import DECISION_STATES, Decision, Outcome, User
from insightrepo.workspace import Workspace

LONGEST = 500  # characters of a note and of a reason


class DecisionRefused(ValueError):
    """The note cannot be kept as it is; the message names the field and what to do."""


@dataclass(frozen=True)
class DecisionShown:
    """A note as pages show it. `may_change`: whether the reader may say what became of it."""

    id: int
    outcome: str
    text: str
    state: str
    reason: str
    day: dt.date
    by: str
    may_change: bool


def decide(
    workspace: Workspace, reader: Reader, code: str, text: str, state: str = "decided", reason: str = "",
    day: dt.date | None = None,
) -> int:  # fmt: skip
    """Keep a note on an outcome, dated today unless another day is given; its id. Personal data is redacted.

    Raises:
        NotVisible: there is no such outcome for the reader.
        Forbidden: the reader is a viewer.
        DecisionRefused: the note is empty or too long, dropped without a reason, or the state is none.
    """
    reader.require("contributor")
    text, reason = _clean(workspace, text, state, reason)
    with workspace.database.writing() as session:
        seen = Outcome.id.in_(visible_terms(reader))
        outcome_id = session.scalar(select(Outcome.id).where(func.lower(Outcome.code) == code.lower(), seen))
        if outcome_id is None:
            raise NotVisible(f"outcome {code}")
        row = Decision(outcome_id=outcome_id, text=text, state=state, reason=reason, day=day or dt.date.today(),
                       created_by_id=reader.user_id)  # fmt: skip
        session.add(row)
        session.flush()
        record(session, reader.user_id, "decision.write", f"decision:{row.id}", outcome=code, state=state)
        return row.id


def settle(workspace: Workspace, reader: Reader, decision_id: int, state: str, reason: str = "") -> str:
    """Say what became of a note; the code of its outcome. The day becomes today.

    Raises:
        NotVisible: there is none that the reader may see.
        Forbidden: it is another's, and the reader is no researcher.
        DecisionRefused: the state is none, or it is dropped without a reason.
    """
    with workspace.database.writing() as session:
        row = session.get(Decision, decision_id)
        if row is None or not reader.sees_term(row.outcome):
            raise NotVisible(f"decision {decision_id}")
        if not _may_change(reader, row):
            raise Forbidden("only who wrote a decision and researchers may say what became of it")
        _, kept = _clean(workspace, row.text, state, reason)
        row.state, row.reason, row.day = state, kept or row.reason, dt.date.today()
        record(session, reader.user_id, "decision.settle", f"decision:{row.id}", state=state)
        return row.outcome.code


def decisions_of(session: Session, reader: Reader, codes: Collection[str]) -> dict[str, tuple[DecisionShown, ...]]:
    """The notes on these outcomes by code, the latest first; those on outcomes the reader may not see are left out."""
    rows = session.execute(
        select(Decision, Outcome.code, User.name, User.email)
        .join(Outcome, Outcome.id == Decision.outcome_id)
        .outerjoin(User, User.id == Decision.created_by_id)
        .where(Outcome.code.in_(codes), Outcome.id.in_(visible_terms(reader)))
        .order_by(Decision.day.desc(), Decision.id.desc())
    )
    found: dict[str, tuple[DecisionShown, ...]] = {}
    for row, code, name, email in rows:
        shown = DecisionShown(row.id, code, row.text, row.state, row.reason, row.day, name or email or "a former user",
                              _may_change(reader, row))  # fmt: skip
        found[code] = (*found.get(code, ()), shown)
    return found


def _may_change(reader: Reader, row: Decision) -> bool:
    mine = row.created_by_id == reader.user_id and reader.at_least("contributor")
    return mine or reader.at_least("researcher")


def _clean(workspace: Workspace, text: str, state: str, reason: str) -> tuple[str, str]:
    redactor = workspace_redactor(workspace)
    text, reason = (" ".join(redactor.redact(part).text.split()) for part in (text, reason))
    if state not in DECISION_STATES:
        raise DecisionRefused(f"state: is {', '.join(DECISION_STATES[:-1])} or {DECISION_STATES[-1]}, not {state!r}")
    if not text:
        raise DecisionRefused("decision: write what was decided, or what is to be")
    for name, part in (("decision", text), ("reason", reason)):
        if len(part) > LONGEST:
            raise DecisionRefused(f"{name}: has {grouped(len(part))} characters, use at most {grouped(LONGEST)}")
    if state == "dropped" and not reason:
        raise DecisionRefused("reason: say why it is dropped, so that nobody has to ask again")
    return text, reason
