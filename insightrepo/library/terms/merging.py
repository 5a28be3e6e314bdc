"""Outcomes that go on in others: merged with what people and imports said of them, split, retired for a successor."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.accounts.audit import record
from insightrepo.batches import batches
from insightrepo.library.bulk import insert_rows
from insightrepo.library.indexing.indexing import drain
from insightrepo.library.tagging.tagging import WRITE_BATCH, settle
from insightrepo.models import Outcome, Succession, Term, Vote
from insightrepo.taxonomy.life_cycle import StepRefused, changeable, decide
from insightrepo.taxonomy.succession import succeed
from insightrepo.workspace import Workspace

CARRIED = ("person", "import")  # sources whose votes hold for the successor; machines read the successor's own words


def merge(workspace: Workspace, reader: Reader, codes: Sequence[str], into: str, reason: str) -> int:
    """Merge outcomes into one: they retire with it as their successor, and it gets their tasks and the votes that
    people and imports gave them. The number of votes carried over.

    The retirements are one transaction; votes follow in short ones, each with its tags and its outbox rows.
    Interrupted, the same merge again carries the rest and nothing twice.

    Raises:
        Forbidden, UnknownTerm, StepRefused: as `life_cycle.change_status`; nothing was changed.
    """
    with workspace.import_lock:
        with workspace.database.writing() as session:
            successor = changeable(session, reader, into)
            _refuse_retired(successor)
            merged = [changeable(session, reader, code) for code in dict.fromkeys(codes)]
            for term in merged:
                _merge_one(session, reader, term, successor, reason)
            sources = [(term.id, term.code) for term in merged]
            target = successor.id
        carried = sum(_carry(workspace, term_id, code, target) for term_id, code in sources)
    drain(workspace, wait_seconds=60)
    return carried


def split(session: Session, reader: Reader, code: str, into: Sequence[str], reason: str) -> None:
    """Split an outcome: it retires with several successors. Its tags stay behind: to which of them each belongs is for
    a person or for the successors' own rules to say.

    Raises:
        Forbidden, UnknownTerm, StepRefused: as `life_cycle.change_status`, and where it is split into fewer than two.
    """
    following = [changeable(session, reader, name) for name in dict.fromkeys(into)]
    if len(following) < 2:
        raise StepRefused("a split needs two successors or more: with one, merge or retire instead")
    _retire(session, reader, changeable(session, reader, code), following, "split", reason)


def retire(
    session: Session, reader: Reader, code: str, reason: str, successor: str = "", evidence_ids: Sequence[int] = ()
) -> None:
    """Retire an outcome, with the one that stands in for it where there is one.

    Raises:
        Forbidden, UnknownTerm, StepRefused: as `life_cycle.change_status`.
    """
    following = [changeable(session, reader, successor)] if successor else []
    _retire(session, reader, changeable(session, reader, code), following, "replaced", reason, evidence_ids)


def _merge_one(session: Session, reader: Reader, term: Term, successor: Term, reason: str) -> None:
    if term.status == "retired" and _is_merged_into(session, term, successor):
        return  # interrupted before its votes were carried over
    _retire(session, reader, term, [successor], "merged", reason)
    if isinstance(term, Outcome) and isinstance(successor, Outcome):
        successor.tasks += [task for task in term.tasks if task not in successor.tasks]


def _retire(
    session: Session,
    reader: Reader,
    term: Term,
    following: Sequence[Term],
    kind: str,
    reason: str,
    evidence_ids: Sequence[int] = (),
) -> None:
    if term.status == "retired":
        raise StepRefused(f"{term.code} is retired already")
    for successor in following:
        _refuse_retired(successor)
        if successor.team_id != term.team_id:
            raise StepRefused(f"{term.code} and {successor.code} belong to different teams, or one is everybody's")
    succeed(session, term, following, kind)
    decide(session, reader, term, "retired", reason, evidence_ids)
    if following:
        codes = [successor.code for successor in following]
        record(session, reader.user_id, f"outcome.{kind}", f"outcome:{term.code}", successors=codes)


def _refuse_retired(term: Term) -> None:
    if term.status == "retired":
        raise StepRefused(f"{term.code} is retired: nothing can go on in it, choose one that is in use")


def _is_merged_into(session: Session, term: Term, successor: Term) -> bool:
    here = Succession.predecessor_id == term.id, Succession.successor_id == successor.id, Succession.kind == "merged"
    return session.scalar(select(Succession.id).where(*here)) is not None


def _carry(workspace: Workspace, term_id: int, code: str, target: int) -> int:
    """Give the target the votes of people and imports on a term, where the same source has not spoken on it itself."""
    with workspace.database.reading() as session:
        query = select(Vote.evidence_id).where(Vote.term_id == term_id, Vote.source.in_(CARRIED)).distinct()
        ids = list(session.scalars(query.order_by(Vote.evidence_id)))
    carried = 0
    for some in batches(ids, WRITE_BATCH):
        with workspace.database.writing() as session:
            carried += _carry_some(session, term_id, code, target, some)
    return carried


def _carry_some(session: Session, term_id: int, code: str, target: int, evidence_ids: Sequence[int]) -> int:
    on = select(Vote).where(Vote.evidence_id.in_(evidence_ids), Vote.source.in_(CARRIED))
    there = {(vote.evidence_id, vote.source_key) for vote in session.scalars(on.where(Vote.term_id == target))}
    rows = [
        {
            "evidence_id": vote.evidence_id, "term_id": target, "source": vote.source, "source_key": vote.source_key,
            "in_favour": vote.in_favour, "effect": vote.effect, "value": vote.value, "at": vote.at,
            "reason": {**vote.reason, "merged_from": code}, "evidence_revision": vote.evidence_revision,
        }
        for vote in session.scalars(on.where(Vote.term_id == term_id).order_by(Vote.id))
        if (vote.evidence_id, vote.source_key) not in there
    ]  # fmt: skip
    insert_rows(session, Vote, rows)
    settle(session, list(evidence_ids))
    return len(rows)
