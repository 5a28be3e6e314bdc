"""Keeps the indexes at the state of the database: drains the outbox, rebuilds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from math import inf

import numpy as np
from filelock import FileLock
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from indexes.embedder import embed_cached
from indexes.parts import IndexBusy, IndexParts
from insightrepo.batches import batches
from insightrepo.library.bulk import insert_rows
from insightrepo.library.records import live_ids, load_records
from insightrepo.models import Outbox
from insightrepo.workspace import Workspace

BATCH = 5_000  # pieces of evidence a commit of the indexes; each commit costs some 50 ms, however little it changes

Progress = Callable[[int, int], None]  # done, of how many


def enqueue(session: Session, evidence_ids: Iterable[int]) -> None:
    """Note, in the transaction of the change itself, that these index entries must be renewed."""
    insert_rows(session, Outbox, [{"evidence_id": evidence_id} for evidence_id in evidence_ids])


def drain(workspace: Workspace, wait_seconds: float = 0, work_seconds: float = inf) -> int:
    """Bring the indexes up to the outbox; returns how many rows were applied.

    Whoever holds the writer's lock drains; if another process holds it for longer than `wait_seconds`, that one does
    the work and 0 is returned. After `work_seconds` the rest is left to whoever drains next.
    """
    try:
        with workspace.indexes.writer_lock(timeout=wait_seconds):
            return _drain_all(workspace, time.monotonic() + work_seconds)
    except IndexBusy:
        return 0


def _drain_all(workspace: Workspace, deadline: float) -> int:
    applied = 0
    while time.monotonic() < deadline and (rows := _next_rows(workspace)):
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
    with FileLock(workspace.home / "rebuild.lock"):  # another rebuild would sweep this one's folder away
        fresh = IndexParts.begin_rebuild(workspace.index_folder, **workspace.index_stamp)
        count = _fill(workspace, fresh, progress)
    workspace.__dict__.pop("indexes", None)
    drain(workspace, wait_seconds=60)
    return count


def _fill(workspace: Workspace, fresh: IndexParts, progress: Progress | None) -> int:
    """Put all live evidence into fresh indexes and swap them in; returns how much there is."""
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
    return len(ids)
