"""Keeps the indexes at the state of the database: drains the outbox, rebuilds, heals, looks after what is slow."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from math import inf

import numpy as np
from filelock import FileLock, Timeout
from pyroaring import BitMap
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from indexes import upkeep
from indexes.base import Record
from indexes.embedder import embed_cached
from indexes.parts import IndexBusy, IndexDamaged, IndexFull, IndexParts, State
from insightrepo.batches import batches
from insightrepo.library.bulk import insert_rows
from insightrepo.library.indexing.background import ask_for_maintenance
from insightrepo.library.indexing.records import live_ids, load_records
from insightrepo.models import Outbox, utcnow
from insightrepo.workspace import Workspace

log = logging.getLogger(__name__)

BATCH = 5_000  # pieces of evidence a commit of the indexes; each commit costs some 50 ms, however little it changes
OVERDUE_SECONDS = 2.0  # a change that has waited longer was left behind: its process was killed, or the disk was full
SWAP_SECONDS = 600.0  # a rebuild waits for a long drain rather than throw its work away
REBUILD_LOCK = "rebuild.lock"
LOOK_SECONDS = 0.5  # how often a process that searches looks for such changes

Progress = Callable[[int, int], None]  # done, of how many


def enqueue(session: Session, evidence_ids: Iterable[int]) -> None:
    """Note, in the transaction of the change itself, that these index entries must be renewed."""
    insert_rows(session, Outbox, [{"evidence_id": evidence_id} for evidence_id in evidence_ids])


def follow(workspace: Workspace) -> State:
    """The state to search: the newest that is loaded within `workspace.patience`.

    Whoever searches also notices: damage, and changes left behind, start `insightrepo maintain` in the background.

    Raises:
        IndexMismatch: the index was made by another version, analyzer or model.
        IndexDamaged: nothing good is left of it; it is being rebuilt.
    """
    try:
        state = workspace.indexes.follow(workspace.patience)
    except IndexDamaged:
        ask_for_maintenance(workspace)
        raise
    if workspace.indexes.damage or _left_behind(workspace):
        ask_for_maintenance(workspace)
    return state


def notes(workspace: Workspace) -> tuple[str, ...]:
    """What whoever reads a result should know of the index; empty where it is whole and up to date."""
    note = workspace.indexes.note
    if not note and workspace.left_behind:
        note = "changes wait to be indexed: results may miss the newest ones"
    return (note,) if note else ()


def _left_behind(workspace: Workspace) -> bool:
    """Whether changes wait that nobody is at; looked for now and then."""
    if time.monotonic() - workspace.looked_at < LOOK_SECONDS:
        return workspace.left_behind
    workspace.looked_at = time.monotonic()
    with workspace.database.reading() as session:
        at = session.scalar(select(Outbox.at).order_by(Outbox.id).limit(1))
    late = at is not None and utcnow() - at > dt.timedelta(seconds=OVERDUE_SECONDS)
    workspace.left_behind = late and not workspace.indexes.is_being_written()
    return workspace.left_behind


def drain(workspace: Workspace, wait_seconds: float = 0, work_seconds: float = inf) -> int:
    """Bring the indexes up to the outbox; returns how many rows were applied.

    Whoever holds the writer's lock drains; if another process holds it for longer than `wait_seconds`, that one does
    the work: it looks again after it gave the lock back. What is left after `work_seconds` is done in the background.
    Saving never depends on the index: a full disk and damage are logged, the rows wait, and damage is healed in the
    background.

    Raises:
        IndexMismatch: the index was made by another version, analyzer or model.
    """
    deadline, applied = time.monotonic() + work_seconds, 0
    try:
        while True:
            with workspace.indexes.writer_lock(timeout=wait_seconds):
                applied += _drain_all(workspace, deadline)
            if not _rows_wait(workspace):  # who came while the lock was held found it taken and went away
                break
            if time.monotonic() >= deadline:
                ask_for_maintenance(workspace)
                return applied
    except IndexBusy:
        return applied
    except IndexFull as error:
        log.error("%s", error)
        return applied
    except IndexDamaged as error:
        log.error("%s; it is being rebuilt", error.what)
        ask_for_maintenance(workspace)
        return applied
    if upkeep.is_wanted(workspace.indexes):
        ask_for_maintenance(workspace)
    return applied


def _rows_wait(workspace: Workspace) -> bool:
    with workspace.database.reading() as session:
        return session.scalar(select(Outbox.id).limit(1)) is not None


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

    The old ones go on serving and following changes meanwhile. Nothing is embedded that has a vector.

    Raises:
        IndexFull: there is no room on the disk; the old indexes stay.
    """
    with FileLock(workspace.home / REBUILD_LOCK):  # another rebuild would sweep this one's folder away
        count = _rebuild(workspace, progress)
    drain(workspace, wait_seconds=60)
    return count


def heal(workspace: Workspace, progress: Progress | None = None) -> bool:
    """Rebuild the indexes if they are damaged and nobody else is at it; whether it was done.

    Raises:
        IndexMismatch: they are of another version, analyzer or model, which is not for us to decide.
    """
    try:
        with FileLock(workspace.home / REBUILD_LOCK).acquire(timeout=0):
            if not _is_damaged(workspace):
                return False
            _rebuild(workspace, progress)
    except Timeout:
        return False
    return True


def _is_damaged(workspace: Workspace) -> bool:
    try:
        workspace.indexes.refresh()
        return bool(workspace.indexes.damage)
    except IndexDamaged:
        return True


def maintain(workspace: Workspace, progress: Progress | None = None) -> list[str]:
    """All that may be wanting: heal, drain, merge, build sketches, read every byte once a day. Gives what was done.

    Raises:
        IndexMismatch, IndexFull: as `rebuild`.
    """
    done = ["rebuilt the damaged index"] if heal(workspace, progress) else []
    if rows := drain(workspace, wait_seconds=5):
        done.append(f"applied {rows} changes")
    if _is_damaged(workspace):
        return [*done, "another process rebuilds the damaged index"]
    done += upkeep.maintain(workspace.indexes, lambda ids: _records(workspace, ids))
    if heal(workspace, progress):  # what reading every byte found
        done.append("rebuilt the damaged index")
    return done


def _records(workspace: Workspace, ids: Sequence[int]) -> list[Record]:
    with workspace.database.reading() as session:
        return [item.record for some in batches(ids, BATCH) for item in load_records(session, some)]


def _rebuild(workspace: Workspace, progress: Progress | None) -> int:
    fresh = IndexParts.begin_rebuild(workspace.index_folder, **workspace.index_stamp)
    with workspace.database.reading() as session:
        position = session.scalar(select(func.max(Outbox.id))) or 0
        ids = live_ids(session)
    done = 0
    for batch in batches(ids, BATCH):
        _apply(workspace, fresh, batch, position)
        done += len(batch)
        if progress:
            progress(done, len(ids))
    with fresh.writer_lock(timeout=SWAP_SECONDS):
        _catch_up(workspace, fresh, position)
        fresh.swap()
    workspace.__dict__.pop("indexes", None)
    return len(ids)


def _catch_up(workspace: Workspace, fresh: IndexParts, position: int) -> None:
    """Bring fresh indexes up to what was committed to the old ones meanwhile; what still waits is drained later."""
    changed = fresh.differing_from_current()
    if changed is None:  # the old ones cannot be read; who has them open may have written all the same
        with workspace.database.reading() as session:
            changed = fresh.bitmaps.live | BitMap(live_ids(session))
    for batch in batches(list(changed), BATCH):
        _apply(workspace, fresh, batch, position)
