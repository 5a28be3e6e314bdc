"""Votes and the tags they decide, in the database: machines vote again, people accept and reject, heads are trained."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.orm import Session

from indexes.embedder import Embedder
from ingest.tagger import Tagger, decide
from ingest.tagger import Vote as VoteCast
from insightrepo.accounts.access import Reader, visible_studies, visible_terms
from insightrepo.accounts.audit import record
from insightrepo.batches import batches
from insightrepo.library.bulk import insert_rows
from insightrepo.library.indexing.indexing import drain, enqueue
from insightrepo.library.studies.insight_steps import note_tagged
from insightrepo.library.tagging.training import with_heads
from insightrepo.models import Evidence, Tag, Term, Vote
from insightrepo.taxonomy.reading import UnknownTerm, find_term, profiles
from insightrepo.taxonomy.succession import retired_words
from insightrepo.workspace import Workspace

MACHINES = ("rule", "words", "head")
BATCH = 500
MOST_KEPT = 20_000  # vectors of words, about 20 MB
WRITE_BATCH = 100  # pieces of evidence a transaction, to stay under 50 ms

Progress = Callable[[int, int], None]
Cell = tuple[int, int]  # evidence id, term id
TAGS = Tag.__table__


class NotThere(Exception):
    """The evidence does not exist or the reader may not see it."""


def make_tagger(workspace: Workspace) -> Tagger:
    """A tagger over the terms, rules and active heads of the workspace."""
    embedder = workspace.embedder
    with workspace.database.reading() as session:
        found = profiles(session)
        if embedder:
            found = with_heads(workspace, session, found)
    return Tagger(found, _remembering(workspace, embedder) if embedder else None, embedder.key if embedder else "")


def _remembering(workspace: Workspace, embedder: Embedder) -> Callable[[Sequence[str]], np.ndarray]:
    """`embed_documents` that embeds each text once in a process: terms have the same words at every import."""
    kept = workspace.term_vectors

    def embed(texts: Sequence[str]) -> np.ndarray:
        if len(kept) > MOST_KEPT:
            kept.clear()
        mine = {text: kept.get(text) for text in texts}  # another thread may clear what is kept at any moment
        new = [text for text, vector in mine.items() if vector is None]
        if new:
            made = dict(zip(new, embedder.embed_documents(new), strict=True))
            mine.update(made)
            kept.update(made)
        return np.stack([mine[text] for text in texts])

    return embed


def vote_values(cast: VoteCast, evidence_id: int, revision: int) -> dict[str, Any]:
    """A vote on this revision of a piece of evidence as the row that keeps it."""
    return {
        "evidence_id": evidence_id,
        "term_id": cast.term_id,
        "source": cast.source,
        "source_key": cast.source_key,
        "in_favour": cast.in_favour,
        "effect": cast.effect,
        "value": float(cast.value),
        "reason": cast.reason,
        "evidence_revision": revision,
    }


def settle(session: Session, evidence_ids: Sequence[int]) -> set[int]:
    """Decide the tags of this evidence from its votes; gives the ids whose tags changed and puts them in the outbox."""
    if not evidence_ids:
        return set()
    lock(session, evidence_ids)
    columns = (Vote.term_id, Vote.source, Vote.source_key, Vote.in_favour, Vote.effect, Vote.value)
    spoken = select(Vote.evidence_id, *columns).where(Vote.evidence_id.in_(evidence_ids)).order_by(Vote.at, Vote.id)
    votes: defaultdict[Cell, list[VoteCast]] = defaultdict(list)
    for evidence_id, term_id, *rest in session.execute(spoken):
        votes[(evidence_id, term_id)].append(VoteCast(term_id, *rest, reason={}))
    query = select(Tag.evidence_id, Tag.term_id, Tag.state, Tag.origin).where(Tag.evidence_id.in_(evidence_ids))
    tags = {(row.evidence_id, row.term_id): (row.state, row.origin) for row in session.execute(query)}
    return _decide_tags(session, votes, tags)


def lock(session: Session, evidence_ids: Sequence[int]) -> None:
    """Let nobody else decide on this evidence until the transaction ends; on SQLite there is one writer anyway."""
    session.execute(select(Evidence.id).where(Evidence.id.in_(evidence_ids)).order_by(Evidence.id).with_for_update())


def settle_new(session: Session, cast: Mapping[int, Sequence[VoteCast]]) -> set[int]:
    """As `settle`, for evidence that was just stored and has these votes and no others: nothing is read again."""
    votes: defaultdict[Cell, list[VoteCast]] = defaultdict(list)
    for evidence_id, spoken in cast.items():
        for vote in spoken:
            votes[(evidence_id, vote.term_id)].append(vote)
    return _decide_tags(session, votes, {})


def _decide_tags(
    session: Session, votes: Mapping[Cell, Sequence[VoteCast]], tags: Mapping[Cell, tuple[str, str]]
) -> set[int]:
    """Bring tags (state and origin by evidence and term) to what votes decide; gives the evidence that changed."""
    policies = dict(session.execute(select(Term.id, Term.policy)).tuples().all())
    decided: dict[Cell, tuple[str, str] | None] = {}
    for cell in sorted(votes.keys() | tags.keys()):
        decision = decide(votes.get(cell, ()), policies[cell[1]])
        wanted = (decision.state, decision.origin) if decision else None
        if wanted != tags.get(cell):
            decided[cell] = wanted
    _store_tags(session, {cell: tag for cell, tag in decided.items() if tag}, tags.keys())
    gone = [cell for cell, tag in decided.items() if tag is None]
    if gone:
        session.execute(delete(TAGS).where(tuple_(TAGS.c.evidence_id, TAGS.c.term_id).in_(gone)))
    changed = {evidence_id for evidence_id, _ in decided}
    enqueue(session, sorted(changed))
    return changed


def _store_tags(session: Session, decided: Mapping[Cell, tuple[str, str]], there: Collection[Cell]) -> None:
    rows = [
        {"evidence_id": evidence_id, "term_id": term_id, "state": state, "origin": origin}
        for (evidence_id, term_id), (state, origin) in decided.items()
    ]
    insert_rows(session, Tag, [row for row in rows if (row["evidence_id"], row["term_id"]) not in there])
    if renewed := [row for row in rows if (row["evidence_id"], row["term_id"]) in there]:
        session.execute(update(Tag), renewed)


def vote(workspace: Workspace, reader: Reader, evidence_id: int, axis: str, code: str, in_favour: bool) -> None:
    """A person accepts or rejects a tag; it stays until that person says otherwise.

    Raises:
        Forbidden: the reader is not a researcher.
        NotThere: no such evidence for this reader.
        UnknownTerm: no such term for this reader, or it is retired and would be accepted.
    """
    reader.require("researcher")
    with workspace.database.writing() as session:
        query = select(Evidence).where(Evidence.id == evidence_id, Evidence.study_id.in_(visible_studies(reader)))
        evidence = session.scalar(query.with_for_update(of=Evidence))
        if evidence is None:
            raise NotThere(f"there is no evidence {evidence_id}")
        term = find_term(session, axis, code, Term.id.in_(visible_terms(reader)))
        if in_favour and term.status == "retired":
            raise UnknownTerm(retired_words(session, reader, term))
        key = f"person:{reader.user_id}"
        mine = (Vote.evidence_id == evidence_id, Vote.term_id == term.id, Vote.source_key == key)
        session.execute(delete(Vote).where(*mine))
        effect = "force" if in_favour else "veto"
        cast = VoteCast(term.id, "person", key, in_favour, effect, 1.0, {"by": reader.email})
        session.add(Vote(**vote_values(cast, evidence.id, evidence.revision)))
        session.flush()
        settle(session, [evidence_id])
        if evidence.kind == "insight":
            note_tagged(session, reader, evidence_id)
        record(session, reader.user_id, "tag.vote", f"evidence:{evidence_id}", term=term.code, in_favour=in_favour)
    drain(workspace, work_seconds=2)  # somebody waits for the page


def remove_votes(session: Session, source_keys: Iterable[str]) -> set[int]:
    """Take away all votes of these sources and nothing else; returns the evidence to settle."""
    keys = list(source_keys)
    touched: set[int] = set()
    for some in batches(keys, BATCH):
        touched.update(session.scalars(select(Vote.evidence_id).where(Vote.source_key.in_(some))))
        session.execute(delete(Vote).where(Vote.source_key.in_(some)))
    return touched
