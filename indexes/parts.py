"""The index of a workspace as one thing: opened, changed, followed, rebuilt aside and swapped in.

``current.json`` names the generation folder in use (indexes/pointer.py; indexes/state.py says what is in the folder).
``writer.lock`` is held by whoever writes, ``upkeep.lock`` by whoever merges (indexes/upkeep.py).
"""

from __future__ import annotations

import errno
import logging
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock, Thread

import numpy as np
from filelock import FileLock, Timeout
from pyroaring import BitMap

from indexes import manifest as manifests
from indexes import pointer
from indexes import state as states
from indexes.analyzer import Analyzer
from indexes.base import Record
from indexes.bitmaps import Bitmaps
from indexes.engines import Engine, KeywordPart, Language
from indexes.manifest import Manifest
from indexes.state import REPAIR, IndexDamaged, State
from indexes.vector import FaissIndex

__all__ = ["IndexBusy", "IndexDamaged", "IndexFull", "IndexMismatch", "IndexParts", "State"]

log = logging.getLogger(__name__)

UPKEEP_LOCK, MERGING = "upkeep.lock", "merging"
LOCK_SECONDS = 30.0
DAMAGED_NOTE = "the index is being rebuilt: results may miss the newest changes"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_ATTEMPTS = 50  # to read a state that a writer keeps replacing meanwhile

Identity = tuple[tuple[int, int, int] | None, ...]


class IndexMismatch(Exception):
    """The index was made by another version, analyzer or model; the message says which and what to run."""


class IndexBusy(Exception):
    """Another process is writing the index and did not finish in time."""


class IndexFull(OSError):
    """There was no room on the disk for a commit; nothing was lost, the message says where and what to do."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"the disk with {folder} is full: nothing is lost, but what changed is not found yet; make room, then run "
            "'insightrepo maintain'"
        )


class IndexParts:
    """The index in a folder. Reading is thread-safe; who writes holds `writer_lock`. Get it from `open`."""

    def __init__(
        self, folder: Path, *, embedder_key: str | None, dimension: int | None, language: Language, engine: Engine
    ) -> None:
        """Nothing is read yet. `embedder_key` and `dimension` None: without meaning search."""
        self.folder = Path(folder)
        self._wanted = Manifest(Analyzer(language).stamp, embedder_key or "", dimension or 0, engine)
        self.language: Language = language
        self._lock = FileLock(self.folder / "writer.lock")
        self._reading = RLock()
        self._aside: str | None = None  # the generation folder of a rebuild that is not swapped in yet
        self._beside: tuple[str, int] | None = None  # the last commit of the current index when that rebuild began
        self._state: State | None = None
        self._seen: Identity = ()
        self._loader: Thread | None = None
        self.damage = ""

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        embedder_key: str | None,
        dimension: int | None,
        language: Language = "en",
        engine: Engine = "whoosh",
    ) -> IndexParts:
        """The current index of this folder, made empty where there is none. Nothing is ever wiped.

        An index with vectors may be opened without a model (`embedder_key` None): its vectors then wait, and records
        whose words change meanwhile lose theirs. Of a damaged index the last good state is opened; `damage` then says
        what is wrong.

        Raises:
            IndexMismatch: it was made by another version, analyzer, language or model.
            IndexDamaged: a file is missing or changed, and nothing good is left.
        """
        parts = cls(folder, embedder_key=embedder_key, dimension=dimension, language=language, engine=engine)
        if not pointer.exists(parts.folder):
            parts._create()
        parts._take(None)
        return parts

    @property
    def state(self) -> State:
        """The parts as they were at the last `open`, `refresh` or `apply`."""
        if self._state is None:
            raise RuntimeError("use IndexParts.open or IndexParts.begin_rebuild")
        return self._state

    @property
    def note(self) -> str:
        """What whoever reads a result should know; empty where the index is whole."""
        return DAMAGED_NOTE if self.damage else ""

    @property
    def keyword(self) -> KeywordPart:
        """The keyword part of `state`."""
        return self.state.keyword

    @property
    def vectors(self) -> FaissIndex | None:
        """The vectors of `state`; None: made without a model."""
        return self.state.vectors

    @property
    def bitmaps(self) -> Bitmaps:
        """The bitmaps of `state`."""
        return self.state.bitmaps

    @property
    def position(self) -> int:
        """The outbox id up to which everything is applied."""
        return self.state.manifest.position

    def ids(self) -> dict[str, BitMap]:
        """The ids that each part holds."""
        state = self.state
        found = {"keyword": state.keyword.ids(), "bitmaps": state.bitmaps.live.copy()}
        return found | ({} if state.vectors is None else {"vectors": state.vectors.ids()})

    def refresh(self) -> bool:
        """Take up what was committed or swapped in since; whether there was anything. Two file stats if not.

        Searches under way keep the `state` they took. Where what was committed is damaged, `state` is the last good one
        and `damage` says what is wrong.

        Raises:
            IndexMismatch: as in `open`; the state stays what it was.
        """
        with self._reading:
            if self._identity(self.state.home) == self._seen:
                return False
            self._take(self.state)
            return True

    def follow(self, patience: float) -> State:
        """The newest state that can be had within so many seconds; what takes longer is loaded by a thread meanwhile.

        For servers, whose readers never wait. Raises as `refresh` does, for what was found while loading before.
        """
        if self._identity(self.state.home) != self._seen:
            loader = self._loader
            if loader is None or not loader.is_alive():
                loader = self._loader = Thread(target=self._load, name="index loader", daemon=True)
                loader.start()
            loader.join(patience)
        return self.state

    def _load(self) -> None:
        try:
            self.refresh()
        except (IndexDamaged, IndexMismatch) as error:
            log.error("the index stays as it was: %s", error)

    def verify(self) -> list[str]:
        """Everything that is wrong with the files, every byte read, and where the parts disagree; empty: nothing.

        What is found wrong is marked, so that no process goes on trusting it.
        """
        problems: list[str] = []
        for _ in range(_ATTEMPTS):
            home = self.state.home
            seen = self._identity(home)
            problems = manifests.verify(home)
            if seen == self._identity(home):
                break
            try:
                self.refresh()  # a writer replaced files while we read them
            except IndexMismatch as error:
                return [str(error)]
        if problems:
            self._distrust()
        known = [f"{self.damage}: {REPAIR}"] if self.damage and not problems else []
        return known + [f"{problem}: {REPAIR}" for problem in problems] + states.disagreements(self.state)

    def _distrust(self) -> None:
        with suppress(manifests.ManifestError):
            manifests.distrust(self.state.home, manifests.read(self.state.home))
        with suppress(IndexMismatch):
            self.refresh()

    def _identity(self, home: Path) -> Identity:
        return tuple(_identity(path) for path in (self.folder / pointer.FILE_NAME, home / manifests.FILE_NAME))

    def _take(self, before: State | None) -> None:
        """Read the current state; again, where a writer replaced it while it was read."""
        for attempt in range(_ATTEMPTS):
            name, damage = (self._aside, "") if self._aside else pointer.named(self.folder)
            home = self.folder / name
            seen = self._identity(home)
            try:
                manifest = states.read_manifest(home)
                self._check_stamp(manifest)
                state = states.load(home, manifest, self.language, before)
            except IndexDamaged as error:
                if attempt + 1 < _ATTEMPTS and seen != self._identity(home):
                    continue
                state, damage = self._last_good(home, error), error.what
            if damage and damage != self.damage:
                log.error("the index is damaged, the last good state serves: %s", damage)
            self._state, self._seen, self.damage = state, seen, damage
            return

    def _last_good(self, home: Path, error: IndexDamaged) -> State:
        """What to go on with: the state before, from disk, or as it is still in memory."""
        state = states.load_last_good(home, self.language, self._wanted) or self._state
        if state is None:
            raise error
        return state

    def _check_stamp(self, found: Manifest) -> None:
        for name in states.differing(found, self._wanted):
            made, wanted = getattr(found, name), getattr(self._wanted, name)
            why = f"made with {name} {made or 'none'}, but now it is {wanted}"
            raise IndexMismatch(f"the index in {self.folder} was {why}: {REPAIR}")

    @contextmanager
    def writer_lock(self, timeout: float = LOCK_SECONDS) -> Iterator[None]:
        """Be the only writer; waits for another one at most `timeout` seconds, then takes up what it wrote.

        Raises:
            IndexBusy: the other one did not finish in time.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=timeout)
        except Timeout as error:
            raise IndexBusy(f"the index in {self.folder} is being written by another process: try again") from error
        try:
            if self._state:
                self.refresh()
            yield
        finally:
            self._lock.release()

    def is_being_written(self) -> bool:
        """Whether somebody holds `writer_lock` right now."""
        try:
            with FileLock(self._lock.lock_file).acquire(timeout=0):
                return False
        except Timeout:
            return True

    def _require_lock(self) -> None:
        if not self._lock.is_locked and not self._aside:  # nobody else knows what is aside
            raise RuntimeError("hold writer_lock() while writing the index")

    def apply(
        self, removed: Iterable[int], records: Sequence[Record], vectors: Mapping[int, np.ndarray], position: int
    ) -> None:
        """Remove ids, then add or replace records, in all parts in one commit; the same batch again changes nothing.

        `vectors` by id, float32 of shape (dimension,). A record without one keeps its vector if its words are the same
        as before, else has none. `position`: the last outbox id of the batch; it never goes back.

        Raises:
            IndexDamaged: a file of the state to go on from is missing or changed; nothing was committed.
            RuntimeError: the caller does not hold `writer_lock`.
        """
        self._require_lock()
        if self.damage:
            raise IndexDamaged(self.damage)
        try:
            state = states.advance(self.state, removed, records, vectors, position, self.language)
        except OSError as error:
            raise self._as_full(error) from error
        self.take_over(state)

    def _as_full(self, error: OSError) -> OSError:
        """The error in words, where a disk was full. NumPy and Whoosh leave out the number of such an error."""
        return IndexFull(self.folder) if error.errno in (*_FULL, None) else error

    def take_over(self, state: State) -> None:
        """Go on from a state that was just committed here, and sweep what it made needless."""
        with self._reading:
            self._state, self._seen = state, self._identity(state.home)
        self.sweep()

    def sweep(self) -> None:
        """Delete what is left over of commits that are past or were killed; what is being built aside is spared."""
        upkeep = FileLock(self.folder / UPKEEP_LOCK)  # another object than the builder's: it conflicts in one process
        try:
            with upkeep.acquire(timeout=0):
                shutil.rmtree(self.folder / MERGING, ignore_errors=True)
                states.sweep(self.state)
        except Timeout:
            states.sweep(self.state, building=True)

    def _create(self) -> None:
        with self.writer_lock():
            if pointer.exists(self.folder):
                return
            for home in pointer.generations(self.folder):
                if (home / manifests.FILE_NAME).exists() and states.read_manifest(home).generation:
                    raise IndexDamaged(f"{self.folder / pointer.FILE_NAME} is missing")
            home = self.folder / "generation-000001"
            states.create(home, self._wanted, self.language)
            pointer.point_to(home)

    @classmethod
    def begin_rebuild(
        cls,
        folder: Path,
        *,
        embedder_key: str | None,
        dimension: int | None,
        language: Language = "en",
        engine: Engine = "whoosh",
    ) -> IndexParts:
        """An empty index beside the current one, which goes on serving, whatever its stamp or damage.

        Fill it with `apply`; that needs no lock. Then, under one `writer_lock` of it, renew what the current index has
        got meanwhile (`differing_from_current`) and `swap`. One rebuild at a time is for the caller to see to.
        """
        parts = cls(folder, embedder_key=embedder_key, dimension=dimension, language=language, engine=engine)
        with parts.writer_lock():
            homes = pointer.generations(parts.folder)
            number = max((int(home.name.partition("-")[2]) for home in homes), default=0) + 1
            parts._delete_generations(except_for=pointer.named_or_none(parts.folder))  # of rebuilds that were killed
            parts._aside = f"generation-{number:06d}"
            parts._beside = parts._current_commit()
            states.create(parts.folder / parts._aside, parts._wanted, language)
            parts._take(None)
        return parts

    def differing_from_current(self) -> BitMap | None:
        """The ids of which this index from `begin_rebuild` says something else than the current one; none where nobody
        committed to that since: what changed meanwhile then still waits.

        None: the current one cannot be read.
        """
        if self._beside is not None and self._beside == self._current_commit():
            return BitMap()
        name = pointer.named_or_none(self.folder)
        current = states.read_bitmaps(self.folder / name) if name else None
        return None if current is None else self.bitmaps.differing(current)

    def _current_commit(self) -> tuple[str, int] | None:
        """The current generation folder and the number of its last commit; None: it cannot be read."""
        name = pointer.named_or_none(self.folder)
        try:
            return (name, states.read_manifest(self.folder / name).generation) if name else None
        except IndexDamaged:
            return None

    def swap(self) -> None:
        """Make this rebuilt index the current one, in one step, and delete the others."""
        if not self._lock.is_locked:
            raise RuntimeError("hold writer_lock() while writing the index")
        if not self._aside:
            raise RuntimeError("only an index from begin_rebuild can be swapped in")
        home = self.state.home
        pointer.point_to(home)
        with self._reading:
            self._aside, self._seen, self.damage = None, self._identity(home), ""
        self._delete_generations(except_for=home.name)

    def _delete_generations(self, except_for: str | None) -> None:
        """Delete the other generation folders; none, where it is not known which one is in use."""
        for home in pointer.generations(self.folder) if except_for else ():
            if home.name != except_for:
                shutil.rmtree(home, ignore_errors=True)


def _identity(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
