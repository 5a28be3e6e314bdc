"""Tagging again: the machines vote anew on all evidence, and names in the data get votes for terms that came later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ingest.tagger import Tagger
from ingest.tagger import Vote as VoteCast
from insightrepo.batches import batches
from insightrepo.library.bulk import insert_rows
from insightrepo.library.imports.facts import FactVotes
from insightrepo.library.indexing.indexing import drain, embed
from insightrepo.library.indexing.records import live_ids, load_records
from insightrepo.library.tagging.tagging import (
    BATCH,
    MACHINES,
    WRITE_BATCH,
    Progress,
    lock,
    make_tagger,
    settle,
    vote_values,
)
from insightrepo.models import Evidence, Job, Term, Vote, utcnow
from insightrepo.workspace import Workspace

RETAG_WANTED = (Job.kind == "retag", Job.state == "running")


def retag(workspace: Workspace, progress: Progress | None = None) -> int:
    """Let every machine vote again on all live evidence; people's and imports' votes stay. Returns how much changed.

    Names in the data that a term bears by now get their votes. Interrupted, it leaves each piece of evidence either as
    it was or as it shall be, and a job that is not done, by which `check` tells; running it again finishes.
    """
    with workspace.import_lock:
        with workspace.database.writing() as session:
            request_retag(session)
        changed = _retag_all(workspace, progress)
        with workspace.database.writing() as session:
            for job in session.scalars(select(Job).where(*RETAG_WANTED)):
                job.state, job.finished_at = "done", utcnow()
    drain(workspace, wait_seconds=60)
    return changed


def request_retag(session: Session) -> None:
    """Note, with the change that calls for it, that all evidence must be tagged again; `retag` does it."""
    if session.scalar(select(Job.id).where(*RETAG_WANTED).limit(1)) is None:
        session.add(Job(kind="retag"))


def retag_is_wanted(session: Session) -> bool:
    """Whether a retag was asked for and did not come to its end."""
    return session.scalar(select(Job.id).where(*RETAG_WANTED).limit(1)) is not None


def _retag_all(workspace: Workspace, progress: Progress | None) -> int:
    tagger = make_tagger(workspace)
    with workspace.database.reading() as session:
        ids, facts = live_ids(session), FactVotes(session)
    changed, done = 0, 0
    for batch in batches(ids, BATCH):
        changed += _retag_batch(workspace, tagger, facts, batch)
        done += len(batch)
        if progress:
            progress(done, len(ids))
    return changed


def _retag_batch(workspace: Workspace, tagger: Tagger, facts: FactVotes, ids: Sequence[int]) -> int:
    with workspace.database.reading() as session:
        loaded = load_records(session, ids)
        fixed = fixed_axes(session, ids)
    vectors = embed(workspace, [(item.record.content_hash, item.embedded) for item in loaded])
    records = [item.record for item in loaded]
    cast = tagger.tag([item.text for item in records], vectors, [fixed.get(item.id, frozenset()) for item in records])
    by_id = {item.id: votes for item, votes in zip(records, cast, strict=True)}
    hashes = {item.id: item.content_hash for item in records}
    changed = 0
    for some in batches([item.id for item in records], WRITE_BATCH):
        with workspace.database.writing() as session:
            same = _still_says(session, {key: hashes[key] for key in some})
            changed += _replace_machine_votes(session, {key: by_id[key] for key in same}, facts)
    return changed


def _still_says(session: Session, hashes: Mapping[int, str]) -> list[int]:
    """Of this evidence, locked from here on, what still has the text that was tagged; the rest has newer votes."""
    lock(session, list(hashes))
    query = select(Evidence.id, Evidence.content_hash).where(Evidence.id.in_(hashes))
    return [evidence_id for evidence_id, content_hash in session.execute(query) if hashes[evidence_id] == content_hash]


def _replace_machine_votes(session: Session, cast: dict[int, list[VoteCast]], facts: FactVotes) -> int:
    rows = session.scalars(select(Vote).where(Vote.evidence_id.in_(cast), Vote.source.in_(MACHINES)))
    kept = {(row.evidence_id, row.term_id, row.source_key): row for row in rows}
    revisions = dict(
        session.execute(select(Evidence.id, Evidence.revision).where(Evidence.id.in_(cast))).tuples().all()
    )
    added = []
    for evidence_id, votes in cast.items():
        for new in votes:
            old = kept.pop((evidence_id, new.term_id, new.source_key), None)
            if old is None:
                added.append(vote_values(new, evidence_id, revisions[evidence_id]))
            else:
                old.in_favour, old.effect, old.value, old.reason = new.in_favour, new.effect, new.value, new.reason
    added += _missing_facts(session, facts, revisions)
    insert_rows(session, Vote, added)
    session.execute(delete(Vote).where(Vote.id.in_([row.id for row in kept.values()])))
    return len(settle(session, list(cast)))


def _missing_facts(session: Session, facts: FactVotes, revisions: Mapping[int, int]) -> list[dict[str, Any]]:
    """Votes of the data for terms that came after it."""
    spoken = select(Vote.evidence_id, Vote.term_id).where(Vote.evidence_id.in_(revisions), Vote.source == "import")
    there = set(session.execute(spoken).tuples())
    named = facts.of_evidence(session, list(revisions))
    missing = {(number, vote.term_id): vote for number, votes in named.items() for vote in votes}
    return [vote_values(vote, cell[0], revisions[cell[0]]) for cell, vote in missing.items() if cell not in there]


def fixed_axes(session: Session, ids: Sequence[int]) -> dict[int, frozenset[str]]:
    """The axes on which an import already spoke, by evidence: there data outranks any model."""
    query = (
        select(Vote.evidence_id, Term.axis)
        .join(Term, Term.id == Vote.term_id)
        .where(Vote.evidence_id.in_(ids), Vote.source == "import", Term.axis != "outcome")
        .distinct()
    )
    axes: defaultdict[int, set[str]] = defaultdict(set)
    for evidence_id, axis in session.execute(query):
        axes[evidence_id].add(axis)
    return {evidence_id: frozenset(found) for evidence_id, found in axes.items()}
