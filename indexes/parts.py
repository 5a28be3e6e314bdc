"""The parts of the index as one thing: opened together, changed together, rebuilt aside and swapped in.

On disk: ``current.json`` names a generation folder, whose ``manifest.json`` names the files of each part::

    current.json  writer.lock  generation-000001/
        manifest.json  keyword/00000012/…  vectors/00000003.*  bitmaps/00000012.bin

A commit writes new files beside the old ones and then replaces the manifest, so it happens wholly or not at all, in all
parts at once. Files that no manifest names are left-overs of a killed commit and are swept by the next one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import RLock
from typing import Literal

import numpy as np
from filelock import FileLock, Timeout
from pyroaring import BitMap

from indexes import manifest as manifests
from indexes.analyzer import Analyzer
from indexes.base import Record
from indexes.bitmaps import Bitmaps, BitmapsError, text_print
from indexes.keyword import WhooshIndex
from indexes.manifest import Manifest, ManifestError, Part, written_aside
from indexes.vector import FaissIndex, VectorError

POINTER = "current.json"
LOCK_SECONDS = 30.0
_GENERATION = re.compile(r"generation-(\d{6,})")
_ATTEMPTS = 50  # to read a state that a writer keeps replacing meanwhile

Language = Literal["en", "none"]
Identity = tuple[tuple[int, int, int] | None, ...]


class IndexMismatch(Exception):
    """The index was made by another version, analyzer or model; the message says which and what to run."""


class IndexDamaged(Exception):
    """A file of the index is missing or changed; the message names it and says what to run."""


class IndexBusy(Exception):
    """Another process is writing the index and did not finish in time."""


@dataclass(frozen=True)
class State:
    """All parts after one commit. It never changes: take it once and use it for a whole search.

    `vectors` is None where the index was made without an embedding model.
    """

    home: Path
    manifest: Manifest
    keyword: WhooshIndex
    vectors: FaissIndex | None
    bitmaps: Bitmaps


class IndexParts:
    """The index of a workspace. Reading is thread-safe; who writes holds `writer_lock`. Make it with `open`."""

    def __init__(self, folder: Path, *, embedder_key: str | None, dimension: int | None, language: Language) -> None:
        """Nothing is read yet. `embedder_key` and `dimension` None: without meaning search."""
        self.folder = Path(folder)
        self._wanted = Manifest(Analyzer(language).stamp, embedder_key or "", dimension or 0)
        self._language: Language = language
        self._lock = FileLock(self.folder / "writer.lock")
        self._reading = RLock()
        self._aside: str | None = None  # the generation folder of a rebuild that is not swapped in yet
        self._state: State | None = None
        self._seen: Identity = ()

    @classmethod
    def open(
        cls, folder: Path, *, embedder_key: str | None, dimension: int | None, language: Language = "en"
    ) -> IndexParts:
        """The current index of this folder, made empty where there is none. Nothing is ever wiped.

        An index with vectors may be opened without a model (`embedder_key` None): its vectors then wait, and records
        changed meanwhile lose theirs.

        Raises:
            IndexMismatch: it was made by another version, analyzer, language or model.
            IndexDamaged: a file is missing or changed.
        """
        parts = cls(folder, embedder_key=embedder_key, dimension=dimension, language=language)
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
    def keyword(self) -> WhooshIndex:
        """The keyword part of `state`."""
        return self.state.keyword

    @property
    def vectors(self) -> FaissIndex | None:
        """The vectors of `state`."""
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
        found = {"keyword": self.keyword.ids(), "bitmaps": self.bitmaps.live.copy()}
        return found | ({"vectors": self.vectors.ids()} if self.vectors else {})

    # Reading

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
        for _ in range(_ATTEMPTS):
            before, home = self._identity(self.state.home), self.state.home
            problems = manifests.verify(home)
            if before == self._identity(home):
                break
            self.refresh()  # a writer replaced the files while we read them
        return problems + self._disagreements()

    def _disagreements(self) -> list[str]:
        live, ids = self.bitmaps.live, self.ids()
        pairs = [("keyword", live ^ ids["keyword"]), ("vectors", ids.get("vectors", BitMap()) - live)]
        return [f"{name}: {len(odd)} ids differ from the bitmaps', such as {odd[0]}" for name, odd in pairs if odd]

    def _identity(self, home: Path) -> Identity:
        return tuple(_identity(path) for path in (self.folder / POINTER, home / manifests.FILE_NAME))

    def _home(self) -> Path:
        if self._aside:
            return self.folder / self._aside
        try:
            name = json.loads((self.folder / POINTER).read_bytes())["folder"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _damaged(f"{self.folder / POINTER} cannot be read") from error
        if not isinstance(name, str) or not _GENERATION.fullmatch(name):
            raise _damaged(f"{self.folder / POINTER} names no generation")
        return self.folder / name

    def _take(self, before: State | None) -> None:
        """Read the current state; again, where a writer replaced it while it was read."""
        for attempt in range(_ATTEMPTS):
            home = self._home()
            seen = self._identity(home)
            try:
                state = self._load(home, before)
            except IndexDamaged:
                if attempt + 1 == _ATTEMPTS or seen == self._identity(home):
                    raise
            else:
                self._state, self._seen = state, seen
                return

    def _load(self, home: Path, before: State | None) -> State:
        try:
            manifest = manifests.read(home)
            self._check_stamp(manifest)
            _check_files(home, manifest)
            old = before if before and before.home == home else None
            return State(
                home,
                manifest,
                self._load_keyword(home, manifest, old),
                self._load_vectors(home, manifest, old),
                self._load_bitmaps(home, manifest, old),
            )
        except (ManifestError, BitmapsError, VectorError, FileNotFoundError) as error:
            raise _damaged(str(error)) from error

    def _load_keyword(self, home: Path, manifest: Manifest, old: State | None) -> WhooshIndex:
        if old and _same_part(manifest, old.manifest, "keyword"):
            return old.keyword
        return WhooshIndex.open(_keyword_folder(home, manifest.parts["keyword"].generation), self._language)

    def _load_vectors(self, home: Path, manifest: Manifest, old: State | None) -> FaissIndex | None:
        if not manifest.model:
            return None
        if old and _same_part(manifest, old.manifest, "vectors"):
            return old.vectors
        names = [Path(stamp.name).name for stamp in manifest.parts["vectors"].files]
        return FaissIndex(home / "vectors", manifest.dimension, names)

    def _load_bitmaps(self, home: Path, manifest: Manifest, old: State | None) -> Bitmaps:
        if old and _same_part(manifest, old.manifest, "bitmaps"):
            return old.bitmaps
        return Bitmaps.load(_bitmaps_path(home, manifest.parts["bitmaps"].generation))

    def _check_stamp(self, found: Manifest) -> None:
        names = ["schema", "analyzer"] + (["model", "dimension"] if self._wanted.model else [])
        for name in names:
            made, wanted = getattr(found, name), getattr(self._wanted, name)
            if made != wanted:
                now = f"made with {name} {made!r}, but {wanted!r} is in use now"
                raise IndexMismatch(f"the index in {self.folder} was {now}: run 'insightrepo reindex'")

    # Writing

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
        before = self.state
        _check_files(before.home, before.manifest)
        generation = before.manifest.generation + 1
        _clear_leftovers(before.home, generation)
        batch = _Batch(before.bitmaps, BitMap(removed), {record.id: record for record in records})
        bitmaps = before.bitmaps.copy()
        bitmaps.apply(batch.removed, list(batch.records.values()))
        keyword = self._apply_keyword(before, generation, batch)
        found = before.vectors.copy() if before.vectors else None
        if found is not None:
            _apply_vectors(found, batch, vectors)
        bitmaps.save(_bitmaps_path(before.home, generation))
        advanced = replace(before.manifest, generation=generation, position=max(position, before.manifest.position))
        state = State(before.home, advanced, keyword, found, bitmaps)
        self._commit(before, replace(state, manifest=_stamped(state, before)))

    def _apply_keyword(self, before: State, generation: int, batch: _Batch) -> WhooshIndex:
        """Commit to a hard-linked copy: Whoosh deletes its older files, and a kill must leave the old state whole."""
        if not batch.changed and not batch.gone:
            return before.keyword
        folder = _keyword_folder(before.home, generation)
        folder.mkdir(parents=True)
        for stamp in before.manifest.parts["keyword"].files:
            _link(before.home / stamp.name, folder / Path(stamp.name).name)
        keyword = WhooshIndex.open(folder, self._language)
        keyword.apply(batch.gone, batch.changed)
        return keyword

    def _commit(self, before: State, state: State) -> None:
        manifests.write(state.home, state.manifest)
        with self._reading:
            self._state, self._seen = state, self._identity(state.home)
        _sweep(before, state)

    def _require_lock(self) -> None:
        if not self._lock.is_locked:
            raise RuntimeError("hold writer_lock() while writing the index")

    # Generations

    def _create(self) -> None:
        with self.writer_lock():
            if (self.folder / POINTER).exists():
                return
            for home in _generations(self.folder):
                if (home / manifests.FILE_NAME).exists() and manifests.read(home).position:
                    raise _damaged(f"{self.folder / POINTER} is missing")
            self._point_to(self._new_generation(1))

    def _new_generation(self, number: int) -> Path:
        """A generation folder with empty parts."""
        home = self.folder / f"generation-{number:06d}"
        if home.exists():  # of a creation that was killed
            shutil.rmtree(home)
        for name in ("keyword", "vectors", "bitmaps"):
            (home / name).mkdir(parents=True)
        keyword, bitmaps = WhooshIndex.create(_keyword_folder(home, 0), self._language), Bitmaps()
        bitmaps.save(_bitmaps_path(home, 0))
        vectors = FaissIndex(home / "vectors", self._wanted.dimension) if self._wanted.model else None
        manifests.write(home, _stamped(State(home, self._wanted, keyword, vectors, bitmaps), None))
        return home

    def _point_to(self, home: Path) -> None:
        with written_aside(self.folder / POINTER) as file:
            file.write(json.dumps({"folder": home.name}).encode())

    @classmethod
    def begin_rebuild(
        cls, folder: Path, *, embedder_key: str | None, dimension: int | None, language: Language = "en"
    ) -> IndexParts:
        """An empty index beside the current one, which goes on serving, whatever its stamp or damage.

        Fill it with `apply` and end with `swap`, under one `writer_lock` of it from the first to the last: what is
        committed to the current index meanwhile would be lost.
        """
        parts = cls(folder, embedder_key=embedder_key, dimension=dimension, language=language)
        with parts.writer_lock():
            current = _pointed_to(parts.folder)
            numbers = [int(home.name.partition("-")[2]) for home in _generations(parts.folder)]
            for stale in _generations(parts.folder):
                if current and stale.name != current:  # of a rebuild that was killed
                    shutil.rmtree(stale)
            parts._aside = parts._new_generation(max(numbers, default=0) + 1).name
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
        for other in _generations(self.folder):
            if other != home:
                shutil.rmtree(other, ignore_errors=True)


class _Batch:
    """What a batch means for each part. The engines are spared records whose words are as they were."""

    def __init__(self, before: Bitmaps, removed: BitMap, records: Mapping[int, Record]) -> None:
        self.records = records
        known = before.column("text", list(records))
        pairs = zip(records.values(), known.tolist(), strict=True)
        self.changed = [record for record, print_ in pairs if text_print(record) != print_]
        self.removed = removed - BitMap(records)
        self.gone = self.removed & before.live


def _apply_vectors(index: FaissIndex, batch: _Batch, vectors: Mapping[int, np.ndarray]) -> None:
    given = [id_ for id_ in batch.records if id_ in vectors]
    rows = np.array([vectors[id_] for id_ in given], dtype=np.float32).reshape(len(given), -1)
    if given and rows.shape[1] != index.dimension:
        raise ValueError(f"the vectors have {rows.shape[1]} numbers, the index takes {index.dimension}")
    new = (index.vectors(given) != rows).any(axis=1) if given else np.zeros(0, dtype=bool)
    without = BitMap(record.id for record in batch.changed if record.id not in vectors)
    index.apply(batch.removed | without, np.array(given, dtype=np.int64)[new], rows[new])


def _stamped(state: State, before: State | None) -> Manifest:
    """The state's manifest with the files of its parts; a part with the files it had keeps its generation."""
    manifest, names = state.manifest, _file_names(state)
    for part, files in names.items():
        old = before.manifest.parts[part] if before else None
        if old is None or {stamp.name for stamp in old.files} != set(files):
            stamps = manifests.stamp_files(state.home, files, old.files if old else ())
            manifest = manifest.with_part(Part(part, manifest.generation, stamps))
    return manifest


def _file_names(state: State) -> dict[str, list[str]]:
    """The files of each part, as paths below the generation folder."""
    keyword = [path for path in state.keyword.folder.iterdir() if not path.name.endswith("LOCK")]
    names = {"keyword": [path.relative_to(state.home).as_posix() for path in keyword]}
    if state.vectors is not None:
        names["vectors"] = [f"vectors/{name}" for name in state.vectors.names()]
    names["bitmaps"] = [_bitmaps_path(state.home, state.manifest.generation).relative_to(state.home).as_posix()]
    return names


def _same_part(one: Manifest, other: Manifest, name: str) -> bool:
    return one.parts[name] == other.parts[name]


def _keyword_folder(home: Path, generation: int) -> Path:
    return home / "keyword" / f"{generation:08d}"


def _bitmaps_path(home: Path, generation: int) -> Path:
    return home / "bitmaps" / f"{generation:08d}.bin"


def _identity(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _damaged(what: str) -> IndexDamaged:
    return IndexDamaged(f"{what}: run 'insightrepo reindex'")


def _check_files(home: Path, manifest: Manifest) -> None:
    problems = manifests.problems(home, manifest, thorough=False)
    if problems:
        raise _damaged("; ".join(problems))


def _link(source: Path, target: Path) -> None:
    """A second name for a file that never changes; a copy where the file system has no hard links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _clear_leftovers(home: Path, generation: int) -> None:
    """Clear the way of a commit whose number a killed one has used."""
    shutil.rmtree(_keyword_folder(home, generation), ignore_errors=True)


def _sweep(before: State, state: State) -> None:
    """Delete what the manifest does not name; what another process still has open lives on until it is closed."""
    named = {stamp.name for part in state.manifest.parts.values() for stamp in part.files}
    for path in (*(state.home / "vectors").iterdir(), *(state.home / "bitmaps").iterdir()):
        if path.relative_to(state.home).as_posix() not in named:
            path.unlink(missing_ok=True)
    for folder in (state.home / "keyword").iterdir():
        if folder != state.keyword.folder:
            shutil.rmtree(folder, ignore_errors=True)


def _generations(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("generation-*") if _GENERATION.fullmatch(path.name))


def _pointed_to(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / POINTER).read_bytes())["folder"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
