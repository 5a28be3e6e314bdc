"""The slow work on an index, done aside so that commits stay small: keyword segments merged, vectors sketched.

All of it happens without the writer's lock, on files that never change; then the result is committed in one short step.
Killed anywhere it leaves the index as it was, and what it had begun is swept by the next commit.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from filelock import FileLock, Timeout
from pyroaring import BitMap

from indexes import manifest as manifests
from indexes import state as states
from indexes.base import Record
from indexes.bitmaps import Bitmaps
from indexes.engines import KeywordPart
from indexes.parts import MERGING, UPKEEP_LOCK, IndexParts, State
from indexes.vector import FaissIndex

log = logging.getLogger(__name__)

VERIFIED = "verified"  # its mtime is when every byte was last read
VERIFY_SECONDS = 24 * 3600.0
CATCH_UP = 200  # records that may be applied under the writer's lock; more are applied before it is taken
ROUNDS = 5

Recorded = Callable[[Sequence[int]], Sequence[Record]]


@runtime_checkable
class Mergeable(Protocol):
    """A keyword engine that leaves merging to us: its commits only ever add small segments."""

    def merge_wanted(self) -> bool:
        """Whether its segments have become many."""

    def merge(self) -> None:
        """Merge them, in a commit of its own."""


@runtime_checkable
class Sketched(Protocol):
    """Vectors whose segments are searched by a sketch, once one was built."""

    def without_sketch(self) -> Sequence[str]:
        """The segments that are large enough for a sketch and have none."""

    def build_sketch(self, name: str) -> None:
        """Build it beside the segment; the file takes its name at the end. Takes minutes at a million."""

    def with_sketch(self, name: str) -> FaissIndex:
        """The same state with this sketch in use and among its `names`."""


def is_wanted(parts: IndexParts) -> bool:
    """Whether there is slow work to do: segments to merge, a sketch to build."""
    state = parts.state
    sketches = isinstance(state.vectors, Sketched) and state.vectors.without_sketch()
    return bool(sketches) or (isinstance(state.keyword, Mergeable) and state.keyword.merge_wanted())


def maintain(parts: IndexParts, recorded: Recorded) -> list[str]:
    """Do the slow work there is, and once a day read every byte; gives what was done, a phrase each.

    `recorded` gives the records of these ids as they are now; ids that are no more are left out. Empty where another
    process is at it already. Damage that is found is for `parts.damage` to tell.
    """
    lock = FileLock(parts.folder / UPKEEP_LOCK)
    try:
        with lock.acquire(timeout=0):
            shutil.rmtree(parts.folder / MERGING, ignore_errors=True)  # of one that was killed
            parts.refresh()
            return [done for work in (_merge, _build_sketches, _verify) for done in work(parts, recorded)]
    except Timeout:
        return []


def _merge(parts: IndexParts, recorded: Recorded) -> Iterator[str]:
    state, started = parts.state, time.monotonic()
    if parts.damage or not isinstance(state.keyword, Mergeable) or not state.keyword.merge_wanted():
        return
    folder = parts.folder / MERGING / "keyword"
    try:
        merged = states.linked_keyword(state, folder, parts.language)
        merged.merge()  # type: ignore[attr-defined]
        before = len(state.manifest.parts["keyword"].files)
        done = _committed(parts, state, merged, recorded)
    finally:
        shutil.rmtree(parts.folder / MERGING, ignore_errors=True)
    if done:
        after = len(parts.state.manifest.parts["keyword"].files)
        yield f"merged {before} keyword files into {after} in {time.monotonic() - started:.1f} s"


def _committed(parts: IndexParts, begun: State, merged: KeywordPart, recorded: Recorded) -> bool:
    """Bring what was merged up to the commits made meanwhile and commit it; False: the index was rebuilt meanwhile."""
    known = begun.bitmaps
    for _ in range(ROUNDS):
        parts.refresh()
        now = parts.state.bitmaps
        if len(changed := _changed(known, now)) <= CATCH_UP:
            break
        _apply(merged, changed, recorded)
        known = now
    stamps = [stamp for part in begun.manifest.parts.values() for stamp in part.files]
    names = [path.name for path in states.keyword_files(merged)]
    hashed = manifests.stamp_files(merged.folder, names, stamps)  # the slow part of a commit, done before it
    with _committing(parts, begun.home) as before:
        if before is None:
            return False
        _apply(merged, _changed(known, before.bitmaps), recorded)
        generation = before.manifest.generation + 1
        keyword = states.moved_keyword(before, merged, generation, parts.language)
        after = replace(before, keyword=keyword, manifest=replace(before.manifest, generation=generation))
        parts.take_over(states.commit(after, before, hashed))
    return True


@contextmanager
def _committing(parts: IndexParts, home: Path) -> Iterator[State | None]:
    """The state to go on from, under the writer's lock; None: it is another generation, or damaged."""
    with parts.writer_lock():
        yield None if parts.damage or parts.state.home != home else parts.state


def _changed(old: Bitmaps, new: Bitmaps) -> BitMap:
    """The ids whose words are not what they were, or that came or went."""
    ids = old.live | new.live
    differs = old.column("text", ids) != new.column("text", ids)
    return BitMap(np.asarray(ids.to_array(), dtype=np.int64)[differs])


def _apply(merged: KeywordPart, ids: BitMap, recorded: Recorded) -> None:
    if ids:
        records = recorded(list(ids))
        merged.apply(ids - BitMap(record.id for record in records), records)


def _build_sketches(parts: IndexParts, _recorded: Recorded) -> Iterator[str]:
    home, vectors = parts.state.home, parts.state.vectors
    if parts.damage or not isinstance(vectors, Sketched):
        return
    for name in vectors.without_sketch():
        started = time.monotonic()
        vectors.build_sketch(name)
        with _committing(parts, home) as before:
            if (
                before is None
                or not isinstance(before.vectors, Sketched)
                or name not in before.vectors.without_sketch()
            ):
                continue  # the segment was merged away meanwhile
            manifest = replace(before.manifest, generation=before.manifest.generation + 1)
            after = replace(before, vectors=before.vectors.with_sketch(name), manifest=manifest)
            parts.take_over(states.commit(after, before))
        yield f"built the sketch of {name} in {time.monotonic() - started:.1f} s"


def _verify(parts: IndexParts, _recorded: Recorded) -> Iterator[str]:
    path = parts.folder / VERIFIED
    if path.exists() and time.time() - path.stat().st_mtime < VERIFY_SECONDS:
        return
    for problem in parts.verify():
        log.error("%s", problem)
    path.touch()
    yield "read every byte" + (": damage was found" if parts.damage else "")
