"""candidate → validated → active → retired: which steps there are, and taking one with its grounds."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_terms
from insightrepo.accounts.audit import record
from insightrepo.locales import grouped
from insightrepo.models import Outcome, Term, Validation
from insightrepo.taxonomy.history import note_status, seen_evidence
from insightrepo.taxonomy.reading import find_term

STEPS: dict[str, tuple[str, ...]] = {
    "candidate": ("validated", "retired"),
    "validated": ("active", "candidate", "retired"),
    "active": ("validated", "retired"),
    "retired": ("candidate",),  # taken up again it begins anew
}
REASON_LENGTH = 2000  # characters


class StepRefused(ValueError):
    """The step cannot be taken; the message says why and what can be done."""


def change_status(
    session: Session,
    reader: Reader,
    code: str,
    status: str,
    reason: str,
    evidence_ids: Sequence[int] = (),
) -> Term:
    """Take an outcome to another status; the step is kept with reason, evidence, who, when and its scores.

    Raises:
        Forbidden: the outcome is not the reader's to change.
        UnknownTerm: there is none that the reader may see.
        StepRefused: there is no such step, the reason is missing, or some evidence is not there for the reader.
    """
    term = changeable(session, reader, code)
    before = term.status
    if status not in STEPS[before]:
        known = ", ".join(STEPS[before])
        raise StepRefused(f"{term.code} is {before}: from there it can become {known}, not {status}")
    return decide(session, reader, term, status, reason, evidence_ids)


def decide(
    session: Session,
    reader: Reader,
    term: Term,
    status: str,
    reason: str,
    evidence_ids: Sequence[int] = (),
    validation: Validation | None = None,
) -> Term:
    """Set the status, the same as before included, and keep the step; the caller has checked that it is allowed.

    Raises:
        StepRefused: the reason is missing or too long, or some evidence is not there for the reader.
    """
    words = reason.strip()
    if not words:
        raise StepRefused("say why: a step without its reason means nothing to those who come later")
    if len(words) > REASON_LENGTH:
        raise StepRefused(f"the reason has {grouped(len(words))} characters: use at most {grouped(REASON_LENGTH)}")
    seen = seen_evidence(session, reader, evidence_ids)
    if missing := [str(number) for number in evidence_ids if number not in seen]:
        raise StepRefused(f"there is no evidence {', '.join(missing)}: check the number on the evidence's page")
    before, term.status = term.status, status
    session.flush()
    note_status(session, term, before, words, reader.user_id, list(seen.values()), validation)
    record(session, reader.user_id, "term.status", f"{term.axis}:{term.code}", came_from=before, to=status)
    return term


def changeable(session: Session, reader: Reader, code: str) -> Outcome:
    """The outcome of this code, name or alias, locked for this transaction, if it is the reader's to change.

    Raises:
        Forbidden: it is not.
        UnknownTerm: there is none that the reader may see.
    """
    reader.require("researcher")
    term = find_term(session, "outcome", code, Term.id.in_(visible_terms(reader)))
    locked = session.scalars(
        select(Outcome)
        .where(Outcome.id == term.id)
        .with_for_update(of=Outcome.__table__)
        .execution_options(populate_existing=True)
    ).one()
    reader.require_change(locked)
    return locked
