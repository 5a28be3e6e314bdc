"""The index of a workspace as one thing: opened, changed, followed, rebuilt aside and swapped in.

``current.json`` names the generation folder in use (indexes/state.py says what is in it); ``writer.lock`` is held by
whoever writes.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

import numpy as np
from filelock import FileLock, Timeout
from pyroaring import BitMap

from indexes import manifest as manifests
from indexes import state as states
from indexes.analyzer import Analyzer
from indexes.base import Record
from indexes.bitmaps import Bitmaps
from indexes.engines import Engine, KeywordPart, Language
from indexes.manifest import Manifest, sync_folder, written_aside
from indexes.state import IndexDamaged, State
from indexes.vector import FaissIndex

__all__ = ["IndexBusy", "IndexDamaged", "IndexMismatch", "IndexParts", "State"]

POINTER = "current.json"
LOCK_SECONDS = 30.0
_GENERATION = re.compile(r"generation-(\d{6,})")
_ATTEMPTS = 50  # to read a state that a writer keeps replacing meanwhile

Identity = tuple[tuple[int, int, int] | None, ...]


class IndexMismatch(Exception):
    """The index was made by another version, analyzer or model; the message says which and what to run."""


class IndexBusy(Exception):
    """Another process is writing the index and did not finish in time."""


class IndexParts:
    """The index in a folder. Reading is thread-safe; who writes holds `writer_lock`. Get it from `open`."""

    def __init__(
        self, folder: Path, *, embedder_key: str | None, dimension: int | None, language: Language, engine: Engine
    ) -> None:
        """Nothing is read yet. `embedder_key` and `dimension` None: without meaning search."""
        self.folder = Path(folder)
        self._wanted = Manifest(Analyzer(language).stamp, embedder_key or "", dimension or 0, engine)
        self._language: Language = language
        self._lock = FileLock(self.folder / "writer.lock")
        self._reading = RLock()
        self._aside: str | None = None  # the generation folder of a rebuild that is not swapped in yet
        self._state: State | None = None
        self._seen: Identity = ()

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
        whose words change meanwhile lose theirs.

        Raises:
            IndexMismatch: it was made by another version, analyzer, language or model.
            IndexDamaged: a file is missing or changed.
        """
        parts = cls(folder, embedder_key=embedder_key, dimension=dimension, language=language, engine=engine)
        if not (parts.folder / POINTER).exists():
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

        Searches under way keep the `state` they took.

        Raises:
            IndexMismatch, IndexDamaged: as in `open`; the state stays what it was.
        """
        with self._reading:
            if self._identity(self.state.home) == self._seen:
                return False
            self._take(self.state)
            return True

    def verify(self) -> list[str]:
        """Everything that is wrong with the files, every byte read, and where the parts disagree; empty: nothing."""
        problems: list[str] = []
        for _ in range(_ATTEMPTS):
            home = self.state.home
            seen = self._identity(home)
            problems = manifests.verify(home)
            if seen == self._identity(home):
                break
            try:
                self.refresh()  # a writer replaced files while we read them
            except (IndexDamaged, IndexMismatch) as error:
                return [str(error)]
        return problems + states.disagreements(self.state)

    def _identity(self, home: Path) -> Identity:
        return tuple(_identity(path) for path in (self.folder / POINTER, home / manifests.FILE_NAME))

    def _take(self, before: State | None) -> None:
        """Read the current state; again, where a writer replaced it while it was read."""
        for attempt in range(_ATTEMPTS):
            home = self.folder / (self._aside or _pointed_to(self.folder))
            seen = self._identity(home)
            try:
                manifest = states.read_manifest(home)
                self._check_stamp(manifest)
                self._state, self._seen = states.load(home, manifest, self._language, before), seen
            except IndexDamaged:
                if attempt + 1 == _ATTEMPTS or seen == self._identity(home):
                    raise
            else:
                return

    def _check_stamp(self, found: Manifest) -> None:
        for name in ["schema", "analyzer", "engine"] + (["model", "dimension"] if self._wanted.model else []):
            made, wanted = getattr(found, name), getattr(self._wanted, name)
            if made != wanted:
                why = f"made with {name} {made or 'none'}, but now it is {wanted}"
                raise IndexMismatch(f"the index in {self.folder} was {why}: run 'insightrepo reindex'")

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

    def _require_lock(self) -> None:
        if not self._lock.is_locked:
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
        state = states.advance(self.state, removed, records, vectors, position, self._language)
        with self._reading:
            self._state, self._seen = state, self._identity(state.home)
        states.sweep(state)

    def _create(self) -> None:
        with self.writer_lock():
            if (self.folder / POINTER).exists():
                return
            for home in _generations(self.folder):
                if (home / manifests.FILE_NAME).exists() and states.read_manifest(home).generation:
                    raise IndexDamaged(f"{self.folder / POINTER} is missing")
            home = self.folder / "generation-000001"
            states.create(home, self._wanted, self._language)
            self._point_to(home)

    def _point_to(self, home: Path) -> None:
        for half in self.folder.glob(".aside-*"):  # of a swap that was killed
            half.unlink()
        with written_aside(self.folder / POINTER) as file:
            file.write(json.dumps({"folder": home.name}).encode())
        sync_folder(self.folder)

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

        Fill it with `apply` and end with `swap`, under one `writer_lock` of it from the first to the last: what is
        committed to the current index meanwhile would be lost.
        """
        parts = cls(folder, embedder_key=embedder_key, dimension=dimension, language=language, engine=engine)
        with parts.writer_lock():
            homes = _generations(parts.folder)
            number = max((int(home.name.partition("-")[2]) for home in homes), default=0) + 1
            parts._delete_generations(except_for=_pointed_to_or_none(parts.folder))  # of rebuilds that were killed
            parts._aside = f"generation-{number:06d}"
            states.create(parts.folder / parts._aside, parts._wanted, language)
            parts._take(None)
        return parts

    def swap(self) -> None:
        """Make this rebuilt index the current one, in one step, and delete the others."""
        self._require_lock()
        if not self._aside:
            raise RuntimeError("only an index from begin_rebuild can be swapped in")
        home = self.state.home
        self._point_to(home)
        with self._reading:
            self._aside, self._seen = None, self._identity(home)
        self._delete_generations(except_for=home.name)

    def _delete_generations(self, except_for: str | None) -> None:
        """Delete the other generation folders; none, where it is not known which one is in use."""
        for home in _generations(self.folder) if except_for else ():
            if home.name != except_for:
                shutil.rmtree(home, ignore_errors=True)


def _identity(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _generations(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("generation-*") if _GENERATION.fullmatch(path.name))


def _pointed_to(folder: Path) -> str:
    """The name of the generation folder in use."""
    path = folder / POINTER
    try:
        name = json.loads(path.read_bytes())["folder"]
    except FileNotFoundError as error:
        raise IndexDamaged(f"{path} is missing") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamaged(f"{path} cannot be read ({error})") from error
    if not isinstance(name, str) or not _GENERATION.fullmatch(name):
        raise IndexDamaged(f"{path} names no generation")
    return name


def _pointed_to_or_none(folder: Path) -> str | None:
    try:
        return _pointed_to(folder)
    except IndexDamaged:
        return None
