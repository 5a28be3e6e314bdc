"""Keeps the indexes at the state of the database: drains the outbox, rebuilds, compares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from pyroaring import BitMap
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from indexes.base import Record
from indexes.bitmaps import Bitmaps, text_print
from indexes.embedder import embed_cached
from indexes.parts import IndexBusy, IndexDamaged, IndexMismatch, IndexParts
from insightrepo.batches import batches
from insightrepo.library.bulk import insert_rows
from insightrepo.library.originals import OriginalMissing
from insightrepo.library.records import live_ids, load_records
from insightrepo.models import Document, Outbox
from insightrepo.workspace import Workspace

BATCH = 5_000  # pieces of evidence a commit of the indexes; each commit costs some 50 ms, however little it changes
REINDEX = "run 'insightrepo reindex'"
SHOWN = 5  # ids named in a problem

Progress = Callable[[int, int], None]  # done, of how many


def enqueue(session: Session, evidence_ids: Iterable[int]) -> None:
    """Note, in the transaction of the change itself, that these index entries must be renewed."""
    insert_rows(session, Outbox, [{"evidence_id": evidence_id} for evidence_id in evidence_ids])


def drain(workspace: Workspace, wait_seconds: float = 0) -> int:
    """Bring the indexes up to the outbox; returns how many rows were applied.

    Whoever holds the writer's lock drains; if another process holds it for longer than `wait_seconds`, that one
    does the work and 0 is returned.
    """
    try:
        with workspace.indexes.writer_lock(timeout=wait_seconds):
            return _drain_all(workspace)
    except IndexBusy:
        return 0


def _drain_all(workspace: Workspace) -> int:
    applied = 0
    while rows := _next_rows(workspace):
        ids = sorted(set(rows.values()))
        _apply(workspace, workspace.indexes, ids, position=max(rows))
        with workspace.database.writing() as session:
            session.execute(delete(Outbox).where(Outbox.id.in_(rows)))
        applied += len(rows)
    return applied


def _next_rows(workspace: Workspace) -> dict[int, int]:
    # Rows are taken by id and deleted by id: on PostgreSQL a smaller id may commit later than a larger one.
    with workspace.database.reading() as session:
        rows = session.execute(select(Outbox.id, Outbox.evidence_id).order_by(Outbox.id).limit(BATCH))
        return {row.id: row.evidence_id for row in rows}


def _apply(workspace: Workspace, parts: IndexParts, ids: Sequence[int], position: int) -> None:
    with workspace.database.reading() as session:
        loaded = load_records(session, ids)
    vectors = embed(workspace, [(item.record.content_hash, item.embedded) for item in loaded])
    records = [item.record for item in loaded]
    by_id = {} if vectors is None else {record.id: row for record, row in zip(records, vectors, strict=True)}
    parts.apply(set(ids) - {record.id for record in records}, records, by_id, position)


def embed(workspace: Workspace, items: Sequence[tuple[str, str]]) -> np.ndarray | None:
    """Vectors of (content hash, text) pairs, float32 of shape (n, dimension), kept ones where there are.

    None where meaning search is off.
    """
    if workspace.embedder is None or workspace.vectors is None:
        return None
    return embed_cached(workspace.embedder, workspace.vectors, items)


def rebuild(workspace: Workspace, progress: Progress | None = None) -> int:
    """Build the indexes anew beside the old ones and swap them in; returns how many pieces of evidence they hold.

    What changes meanwhile waits in the outbox and is applied after the swap. Nothing is embedded that has a vector.
    """
    fresh = IndexParts.begin_rebuild(workspace.index_folder, **workspace.index_stamp)
    with fresh.writer_lock():
        with workspace.database.reading() as session:
            position = session.scalar(select(func.max(Outbox.id))) or 0
            ids = live_ids(session)
        done = 0
        for batch in batches(ids, BATCH):
            _apply(workspace, fresh, batch, position)
            done += len(batch)
            if progress:
                progress(done, len(ids))
        fresh.swap()
    workspace.__dict__.pop("indexes", None)
    drain(workspace, wait_seconds=60)
    return len(ids)


def check(workspace: Workspace) -> list[str]:
    """Compare the database with the indexes and the originals with their hashes; returns what differs, in words."""
    problems: list[str] = []
    try:
        problems.extend(_check_indexes(workspace))
    except (IndexDamaged, IndexMismatch) as error:
        problems.append(str(error))
    problems.extend(_check_originals(workspace))
    return problems


def _check_indexes(workspace: Workspace) -> Iterable[str]:
    parts = workspace.indexes
    parts.refresh()
    yield from parts.verify()
    with workspace.database.reading() as session:
        waiting = session.scalar(select(func.count()).select_from(Outbox)) or 0
        expected = BitMap(live_ids(session))
    if waiting:
        yield f"{waiting} changes wait in the outbox: run 'insightrepo reindex', or let a writer drain it"
    for name, held in parts.ids().items():
        if missing := expected - held:
            yield f"the {name} index lacks {len(missing)} pieces of evidence ({_some(missing)}): {REINDEX}"
        if extra := held - expected:
            yield f"the {name} index holds {len(extra)} that are not in the database ({_some(extra)}): {REINDEX}"
    yield from _check_keys(workspace, parts)


def _check_keys(workspace: Workspace, parts: IndexParts) -> Iterable[str]:
    """Whether every bitmap says what the database says, and every entry is made of the words of today."""
    expected: dict[str, BitMap] = {}
    stale = BitMap()
    with workspace.database.reading() as session:
        for batch in batches(live_ids(session), BATCH):
            records = [item.record for item in load_records(session, batch)]
            stale |= _stale(parts.bitmaps, records)
            for record in records:
                for key in record.keys:
                    expected.setdefault(key, BitMap()).add(record.id)
    if stale:
        yield f"{len(stale)} entries ({_some(stale)}) are of other words, people or days: {REINDEX}"
    for key in sorted(expected.keys() | set(parts.bitmaps.keys())):
        if differing := expected.get(key, BitMap()) ^ parts.bitmaps.get(key):
            yield f"the bitmap {key} differs in {len(differing)} ({_some(differing)}): {REINDEX}"


def _stale(bitmaps: Bitmaps, records: Sequence[Record]) -> BitMap:
    """The ids of the records that the indexes hold with another text, respondent, study or day."""
    here = [record for record in records if record.id in bitmaps.live]
    ids = [record.id for record in here]
    wanted = {name: [getattr(record, name) for record in here] for name in ("study", "respondent", "day")}
    wanted["text"] = [text_print(record) for record in here]
    found = BitMap()
    for name, values in wanted.items():
        differs = bitmaps.column(name, ids) != np.asarray(values, dtype=np.int64)
        found |= BitMap(np.asarray(ids)[differs])
    return found


def _check_originals(workspace: Workspace) -> Iterable[str]:
    # By number only: whoever checks may see the names of none of these documents.
    with workspace.database.reading() as session:
        documents = session.execute(select(Document.id, Document.sha256, Document.complete)).all()
    for document_id, sha256, complete in documents:
        try:
            workspace.originals.read(sha256)
        except OriginalMissing as error:
            yield f"document {document_id}: {error}"
        if not complete:
            yield f"document {document_id} was not stored to its end: run the same import again"


def _some(ids: BitMap) -> str:
    named = ", ".join(str(value) for value in ids[:SHOWN])
    return named + (", …" if len(ids) > SHOWN else "")
