"""Who follows whom: what became of a retired outcome, and what an outcome grew out of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from insightrepo.accounts.access import Reader, visible_terms
from insightrepo.models import Outcome, Score, Succession, Term
from insightrepo.taxonomy.life_cycle import StepRefused

WORDS = {"merged": "was merged into", "split": "was split into", "replaced": "was replaced by"}


@dataclass(frozen=True)
class Relative:
    """An outcome before or after another, and how: merged, split or replaced."""

    id: int
    code: str
    name: str
    status: str
    kind: str


def successors(session: Session, reader: Reader, term_id: int) -> tuple[Relative, ...]:
    """What an outcome goes on in, those of them that the reader may see."""
    return _relatives(session, reader, Succession.successor_id, Succession.predecessor_id == term_id)


def predecessors(session: Session, reader: Reader, term_id: int) -> tuple[Relative, ...]:
    """What an outcome grew out of, those of them that the reader may see."""
    return _relatives(session, reader, Succession.predecessor_id, Succession.successor_id == term_id)


def can_follow(session: Session, reader: Reader, outcome: Outcome) -> tuple[tuple[str, str], ...]:
    """The outcomes in use that another can go on in, of the same team, or of all: (code, name)."""
    query = select(Outcome.code, Outcome.name).where(
        Outcome.id.in_(visible_terms(reader)), Outcome.id != outcome.id, Outcome.status != "retired",
        Outcome.team_id.is_not_distinct_from(outcome.team_id),
    )  # fmt: skip
    return tuple((row.code, row.name) for row in session.execute(query.order_by(Outcome.code)))


def retired_words(session: Session, reader: Reader, term: Term) -> str:
    """That a term is retired and what to take instead, as one sentence."""
    following = ", ".join(f"{found.code} ({found.name})" for found in successors(session, reader, term.id))
    return f"{term.code} is retired" + (f": take {following}" if following else " and no other stands in for it")


def measured(session: Session, term_id: int) -> bool:
    """Whether an outcome has a wave of its own: until then its predecessors' scores stand side by side (METHODS 4)."""
    return session.scalar(select(Score.id).where(Score.outcome_id == term_id).limit(1)) is not None


def succeed(session: Session, predecessor: Term, following: Sequence[Term], kind: str) -> None:
    """Note that a term goes on in others; noting it again changes nothing.

    Raises:
        StepRefused: a term would follow itself, directly or through others.
    """
    for successor in following:
        if successor.id == predecessor.id or predecessor.id in _all_after(session, successor.id):
            raise StepRefused(f"{predecessor.code} would follow itself: choose another successor than {successor.code}")
        here = Succession.predecessor_id == predecessor.id, Succession.successor_id == successor.id
        if session.scalar(select(Succession.id).where(*here)) is None:
            session.add(Succession(predecessor_id=predecessor.id, successor_id=successor.id, kind=kind))
            session.flush()


def standing_in(session: Session) -> dict[int, int | None]:
    """What each retired term is taken for where data names it: its one successor in use, else None."""
    retired = set(session.scalars(select(Term.id).where(Term.status == "retired")))
    after: dict[int, list[int]] = {}
    for before, following in session.execute(select(Succession.predecessor_id, Succession.successor_id)):
        after.setdefault(before, []).append(following)

    def follow(term_id: int) -> int | None:
        found: int | None = term_id
        while found in retired:
            following = after.get(found, [])
            found = following[0] if len(following) == 1 else None
        return found

    return {term_id: follow(term_id) for term_id in retired}


def _all_after(session: Session, term_id: int) -> set[int]:
    found: set[int] = set()
    waiting = [term_id]
    while waiting:
        query = select(Succession.successor_id).where(Succession.predecessor_id.in_(waiting))
        waiting = [number for number in session.scalars(query) if number not in found]
        found.update(waiting)
    return found


def _relatives(session: Session, reader: Reader, column, condition) -> tuple[Relative, ...]:
    other = aliased(Term, flat=True)
    query = (
        select(other.id, other.code, other.name, other.status, Succession.kind)
        .join(Succession, column == other.id)
        .where(condition, other.id.in_(visible_terms(reader)))
        .order_by(other.code)
    )
    return tuple(Relative(*row) for row in session.execute(query))
