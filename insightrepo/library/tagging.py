"""Votes and the tags they decide, in the database: machines vote again, people accept and reject, heads are trained."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.orm import Session

from ingest.classifier import Head as TrainedHead
from ingest.classifier import train
from ingest.tagger import Tagger, TermProfile, decide
from ingest.tagger import Vote as VoteCast
from insightrepo.accounts.access import Reader, visible_studies, visible_terms
from insightrepo.accounts.audit import record
from insightrepo.batches import batches
from insightrepo.library.bulk import insert_rows
from insightrepo.library.indexing import drain, embed, enqueue
from insightrepo.library.records import live_ids, load_records
from insightrepo.models import Evidence, Head, Place, Tag, Term, Vote
from insightrepo.taxonomy.reading import find_term, profiles
from insightrepo.workspace import Workspace

MACHINES = ("rule", "words", "head")
BATCH = 500
WRITE_BATCH = 100  # pieces of evidence a transaction, to stay under 50 ms
EXAMPLES = 200  # labelled examples a term that reasons may name as nearest

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
            found = _with_heads(workspace, session, found)
    return Tagger(found, embedder.embed_documents if embedder else None, embedder.key if embedder else "")


def _with_heads(workspace: Workspace, session: Session, found: Sequence[TermProfile]) -> list[TermProfile]:
    assert workspace.embedder and workspace.vectors
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
    columns = (Vote.term_id, Vote.source, Vote.source_key, Vote.in_favour, Vote.effect, Vote.value)
    spoken = select(Vote.evidence_id, *columns).where(Vote.evidence_id.in_(evidence_ids)).order_by(Vote.at, Vote.id)
    votes: defaultdict[Cell, list[VoteCast]] = defaultdict(list)
    for evidence_id, term_id, *rest in session.execute(spoken):
        votes[(evidence_id, term_id)].append(VoteCast(term_id, *rest, reason={}))
    query = select(Tag.evidence_id, Tag.term_id, Tag.state, Tag.origin).where(Tag.evidence_id.in_(evidence_ids))
    tags = {(row.evidence_id, row.term_id): (row.state, row.origin) for row in session.execute(query)}
    return _decide_tags(session, votes, tags)


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
        UnknownTerm: no such term for this reader.
    """
    reader.require("researcher")
    with workspace.database.writing() as session:
        query = select(Evidence).where(Evidence.id == evidence_id, Evidence.study_id.in_(visible_studies(reader)))
        evidence = session.scalar(query)
        if evidence is None:
            raise NotThere(f"there is no evidence {evidence_id}")
        term = find_term(session, axis, code, Term.id.in_(visible_terms(reader)))
        key = f"person:{reader.user_id}"
        mine = (Vote.evidence_id == evidence_id, Vote.term_id == term.id, Vote.source_key == key)
        session.execute(delete(Vote).where(*mine))
        effect = "force" if in_favour else "veto"
        cast = VoteCast(term.id, "person", key, in_favour, effect, 1.0, {"by": reader.email})
        session.add(Vote(**vote_values(cast, evidence.id, evidence.revision)))
        session.flush()
        settle(session, [evidence_id])
        record(session, reader.user_id, "tag.vote", f"evidence:{evidence_id}", term=term.code, in_favour=in_favour)
    drain(workspace)


def remove_votes(session: Session, source_keys: Iterable[str]) -> set[int]:
    """Take away all votes of these sources and nothing else; returns the evidence to settle."""
    keys = list(source_keys)
    touched: set[int] = set()
    for some in batches(keys, BATCH):
        touched.update(session.scalars(select(Vote.evidence_id).where(Vote.source_key.in_(some))))
        session.execute(delete(Vote).where(Vote.source_key.in_(some)))
    return touched


def retag(workspace: Workspace, progress: Progress | None = None) -> int:
    """Let every machine vote again on all live evidence; people's and imports' votes stay. Returns how much changed.

    Interrupted, it leaves each piece of evidence either as it was or as it shall be; running it again finishes.
    """
    tagger = make_tagger(workspace)
    with workspace.database.reading() as session:
        ids = live_ids(session)
    changed, done = 0, 0
    for batch in batches(ids, BATCH):
        changed += _retag_batch(workspace, tagger, batch)
        done += len(batch)
        if progress:
            progress(done, len(ids))
    drain(workspace, wait_seconds=60)
    return changed


def _retag_batch(workspace: Workspace, tagger: Tagger, ids: Sequence[int]) -> int:
    with workspace.database.reading() as session:
        loaded = load_records(session, ids)
        fixed = fixed_axes(session, ids)
    vectors = embed(workspace, [(item.record.content_hash, item.embedded) for item in loaded])
    records = [item.record for item in loaded]
    cast = tagger.tag([item.text for item in records], vectors, [fixed.get(item.id, frozenset()) for item in records])
    by_id = {item.id: votes for item, votes in zip(records, cast, strict=True)}
    changed = 0
    for some in batches([item.id for item in records], WRITE_BATCH):
        with workspace.database.writing() as session:
            changed += _replace_machine_votes(session, {key: by_id[key] for key in some})
    return changed


def _replace_machine_votes(session: Session, cast: dict[int, list[VoteCast]]) -> int:
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
    insert_rows(session, Vote, added)
    session.execute(delete(Vote).where(Vote.id.in_([row.id for row in kept.values()])))
    return len(settle(session, list(cast)))


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
