"""Linter's warnings that a person accepts with a reason: quiet until the text that they speak of changes."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from insightrepo.accounts.audit import record
from insightrepo.models import AcceptedWarning, Term, User
from insightrepo.taxonomy.life_cycle import StepRefused
from insightrepo.taxonomy.linter import LintWarning

REASON_LENGTH = 500  # characters


@dataclass(frozen=True)
class Accepted:
    """Why a warning was accepted, and by whom."""

    code: str
    field: str
    wording: str
    reason: str
    by: str | None


def fingerprint(warning: LintWarning) -> str:
    """What a warning speaks of, hashed: another text of the field, or other words in it, is another warning."""
    return hashlib.sha256(f"{warning.start}:{warning.end}:{warning.text}".encode()).hexdigest()


def accepted_warnings(session: Session, term_ids: Iterable[int]) -> dict[int, tuple[Accepted, ...]]:
    """What was accepted, by term."""
    query = select(AcceptedWarning, func.coalesce(func.nullif(User.name, ""), User.email))
    query = query.outerjoin(User, User.id == AcceptedWarning.accepted_by_id)
    found: defaultdict[int, list[Accepted]] = defaultdict(list)
    for row, by in session.execute(query.where(AcceptedWarning.term_id.in_(list(term_ids)))):
        found[row.term_id].append(Accepted(row.code, row.field, row.wording, row.reason, by))
    return {term_id: tuple(rows) for term_id, rows in found.items()}


def parted(
    warnings: Sequence[LintWarning], accepted: Sequence[Accepted]
) -> tuple[tuple[LintWarning, ...], tuple[tuple[LintWarning, Accepted], ...]]:
    """The warnings that still speak, and those that are quiet, each with its acceptance."""
    known = {(row.code, row.field, row.wording): row for row in accepted}
    found = [(warning, known.get((warning.code, warning.field, fingerprint(warning)))) for warning in warnings]
    return (
        tuple(warning for warning, row in found if row is None),
        tuple((warning, row) for warning, row in found if row is not None),
    )


def accept_warning(session: Session, term: Term, warning: LintWarning, reason: str, user_id: int) -> None:
    """Accept a warning on a term's wording as it stands; a reason given before is replaced.

    Raises:
        StepRefused: the reason is missing or too long.
    """
    words = reason.strip()
    if not words or len(words) > REASON_LENGTH:
        raise StepRefused(f"say in 1 to {REASON_LENGTH} characters why the warning is fine here")
    take_back(session, term, warning)
    session.add(
        AcceptedWarning(
            term_id=term.id,
            code=warning.code,
            field=warning.field,
            wording=fingerprint(warning),
            reason=words,
            accepted_by_id=user_id,
        )
    )
    record(session, user_id, "warning.accept", f"{term.axis}:{term.code}", warning=warning.code, field=warning.field)


def take_back(session: Session, term: Term, warning: LintWarning) -> None:
    """Let a warning speak again."""
    session.execute(
        delete(AcceptedWarning).where(
            AcceptedWarning.term_id == term.id,
            AcceptedWarning.code == warning.code,
            AcceptedWarning.field == warning.field,
            AcceptedWarning.wording == fingerprint(warning),
        )
    )
