"""Trained heads: learnt from what people and imports accepted, kept by version, handed to the tagger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.classifier import Head as TrainedHead
from ingest.classifier import train
from ingest.tagger import TermProfile
from insightrepo.models import Evidence, Head, Place, Tag, Term
from insightrepo.workspace import Workspace

EXAMPLES = 200  # labelled examples a term that reasons may name as nearest


def with_heads(workspace: Workspace, session: Session, found: Sequence[TermProfile]) -> list[TermProfile]:
    """The profiles with their active heads and their accepted examples."""
    assert workspace.embedder
    query = select(Head).where(Head.active, Head.model == workspace.embedder.key).order_by(Head.id)
    heads = {head.term_id: head for head in session.scalars(query)}
    examples = _examples(workspace, session, {profile.id for profile in found})
    return [_learned(profile, heads.get(profile.id), examples.get(profile.id, ())) for profile in found]


def _learned(profile: TermProfile, head: Head | None, examples: tuple) -> TermProfile:
    if head is None:
        return replace(profile, examples=examples)
    return replace(profile, head=TrainedHead.from_dict(head.parameters), head_id=head.id, examples=examples)


def _examples(workspace: Workspace, session: Session, term_ids: set[int]) -> dict[int, tuple]:
    """Accepted evidence with its vector, by term."""
    assert workspace.vectors
    query = (
        select(Tag.term_id, Tag.evidence_id, Evidence.content_hash)
        .join(Evidence, Evidence.id == Tag.evidence_id)
        .where(Tag.term_id.in_(term_ids), Tag.state == "accepted", Evidence.withdrawn.is_(False))
        .order_by(Tag.evidence_id.desc())
    )
    chosen: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    for term_id, evidence_id, content_hash in session.execute(query):
        if len(chosen[term_id]) < EXAMPLES:
            chosen[term_id].append((evidence_id, content_hash))
    vectors = workspace.vectors.get({key for rows in chosen.values() for _, key in rows})
    return {
        term_id: tuple((evidence_id, vectors[key]) for evidence_id, key in rows if key in vectors)
        for term_id, rows in chosen.items()
    }


def train_heads(workspace: Workspace) -> dict[str, int]:
    """Train a head for each outcome with enough accepted examples; earlier versions are switched off, not deleted.

    Returns the number of examples by outcome code. Call `retag` afterwards to let the new heads vote.
    """
    if workspace.embedder is None or workspace.vectors is None:
        return {}
    with workspace.database.reading() as session:
        evidence, labels, groups, terms = _training_set(session)
    vectors = workspace.vectors.get(set(evidence.values()))
    ids = [evidence_id for evidence_id, key in evidence.items() if key in vectors]
    if not ids:
        return {}
    matrix = np.array([[labels.get((i, term), 0.0) for term in terms] for i in ids])
    heads = train(np.stack([vectors[evidence[i]] for i in ids]), matrix, np.array([groups[i] for i in ids]))
    return _store_heads(workspace, terms, heads)


def _training_set(session: Session):
    """Evidence that people or imports spoke on: content hashes, 1/0 by (evidence, term), document groups, terms.

    A label that nobody gave counts as a no: whoever labels a piece of evidence names all outcomes it speaks to.
    """
    query = (
        select(Tag.evidence_id, Tag.term_id, Tag.state, Evidence.content_hash, Place.document_id, Evidence.kind)
        .join(Evidence, Evidence.id == Tag.evidence_id)
        .join(Place, Place.evidence_id == Evidence.id)
        .join(Term, Term.id == Tag.term_id)
        .where(Tag.origin.in_(("person", "import")), Term.axis == "outcome", Evidence.withdrawn.is_(False))
        .order_by(Tag.evidence_id, Tag.term_id)
    )
    evidence, labels, groups = {}, {}, {}
    for evidence_id, term_id, state, content_hash, document_id, kind in session.execute(query):
        evidence[evidence_id] = content_hash
        labels[(evidence_id, term_id)] = 1.0 if state == "accepted" else 0.0
        # Passages of one report share wording; the rows of a data file are people of their own.
        groups[evidence_id] = -evidence_id if kind == "verbatim" else document_id
    return evidence, labels, groups, sorted({term_id for _, term_id in labels})


def _store_heads(workspace: Workspace, terms: Sequence[int], heads: dict) -> dict[str, int]:
    assert workspace.embedder
    with workspace.database.writing() as session:
        codes = dict(session.execute(select(Term.id, Term.code).where(Term.id.in_(terms))).tuples().all())
        trained = {terms[column]: head for column, head in heads.items() if head is not None}
        for old in session.scalars(select(Head).where(Head.active)):
            old.active = False
        for term_id, head in trained.items():
            session.add(Head(term_id=term_id, model=workspace.embedder.key, parameters=head.as_dict()))
    return {codes[term_id]: head.examples for term_id, head in trained.items()}
