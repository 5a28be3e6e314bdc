"""Compares what is stored twice: database with indexes, originals with their hashes, frozen waves with theirs.

Of the indexes everything is compared: every byte with its checksum, every id, key and day, every vector.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from pyroaring import BitMap
from sqlalchemy import func, select

from indexes.base import Record
from indexes.bitmaps import Bitmaps, text_print
from indexes.parts import IndexDamaged, IndexMismatch, IndexParts
from insightrepo.batches import batches
from insightrepo.library.indexing.indexing import BATCH
from insightrepo.library.indexing.records import live_ids, load_records
from insightrepo.library.originals import OriginalMissing
from insightrepo.library.tagging.retagging import retag_is_wanted
from insightrepo.models import Document, Evidence, Outbox, Wave
from insightrepo.scores.waves.waves import verify_frozen
from insightrepo.workspace import Workspace

REINDEX = "run 'insightrepo reindex'"
SAME = 0.999  # the cosine of a vector with itself, after whatever rounding the index does
SHOWN = 5  # ids named in a problem


def check(workspace: Workspace) -> list[str]:
    """Compare the database with indexes, originals and hashes of frozen waves; returns what differs, in words."""
    problems: list[str] = []
    try:
        problems.extend(_check_indexes(workspace))
    except (IndexDamaged, IndexMismatch) as error:
        problems.append(str(error))
    problems.extend(_check_originals(workspace))
    problems.extend(_check_promises(workspace))
    return problems


def _check_promises(workspace: Workspace) -> Iterable[str]:
    """Whether frozen scores are what was frozen, and tagging that was begun came to its end."""
    with workspace.database.reading() as session:
        for wave in session.scalars(select(Wave).where(Wave.state == "frozen").order_by(Wave.first_day)):
            if not verify_frozen(session, wave):
                yield f"the frozen wave {wave.code} is not what was frozen: its definition or scores were changed"
        if retag_is_wanted(session):
            yield "evidence waits to be tagged again: run 'insightrepo retag'"


def _check_indexes(workspace: Workspace) -> Iterable[str]:
    parts = workspace.indexes
    parts.refresh()
    yield from parts.verify()
    with workspace.database.reading() as session:
        waiting = session.scalar(select(func.count()).select_from(Outbox)) or 0
        expected = BitMap(live_ids(session))
    if waiting:
        yield f"{waiting} changes wait in the outbox: run 'insightrepo maintain'"
    for name, held in parts.ids().items():
        if missing := expected - held:
            yield f"the {name} index lacks {len(missing)} pieces of evidence ({_some(missing)}): {REINDEX}"
        if extra := held - expected:
            yield f"the {name} index holds {len(extra)} that are not in the database ({_some(extra)}): {REINDEX}"
    yield from _check_keys(workspace, parts)
    yield from _check_vectors(workspace, parts)


def _check_vectors(workspace: Workspace, parts: IndexParts) -> Iterable[str]:
    """Whether each vector is the one that is kept for the words of the evidence."""
    if parts.vectors is None or workspace.vectors is None:
        return
    wrong = BitMap()
    for batch in batches(list(parts.vectors.ids()), BATCH):
        with workspace.database.reading() as session:
            query = select(Evidence.id, Evidence.content_hash).where(Evidence.id.in_(batch))
            hashes = dict(session.execute(query).tuples().all())
        kept = workspace.vectors.get(hashes.values())
        ids = [number for number in batch if hashes.get(number) in kept]
        if ids:
            cosines = np.einsum("ij,ij->i", parts.vectors.vectors(ids), np.array([kept[hashes[n]] for n in ids]))
            wrong |= BitMap(np.asarray(ids)[~(cosines > SAME)])
    if wrong:
        yield f"the vectors of {len(wrong)} ({_some(wrong)}) are not those of their words: {REINDEX}"


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
