"""One commit of all parts of the index: how it lies on disk, how it is read, and how the next one is made.

A generation folder holds ``manifest.json``, ``keyword/00000012/…``, ``vectors/00000003.*`` and
``bitmaps/00000012.bin``. A commit writes new files beside the old ones and then replaces the manifest, so it happens
wholly or not at all, in all parts at once. What no manifest names is left over of a kill and is swept by the next one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pyroaring import BitMap

from indexes import manifest as manifests
from indexes.base import Record
from indexes.bitmaps import Bitmaps, BitmapsError, text_print
from indexes.engines import KeywordPart, Language, create_keyword, open_keyword
from indexes.manifest import Manifest, ManifestError, Part
from indexes.vector import FaissIndex, VectorError


class IndexDamaged(Exception):
    """A file of the index is missing or changed; the message names it and says what to run."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: run 'insightrepo reindex'")


@dataclass(frozen=True)
class State:
    """All parts after one commit. It never changes: take it once and use it for a whole search.

    `vectors` is None where the index was made without an embedding model.
    """

    home: Path
    manifest: Manifest
    keyword: KeywordPart
    vectors: FaissIndex | None
    bitmaps: Bitmaps


def create(home: Path, stamp: Manifest, language: Language) -> None:
    """Make a generation folder with empty parts; one left over of a creation that was killed is replaced."""
    if home.exists():
        shutil.rmtree(home)
    for name in ("keyword", "vectors", "bitmaps"):
        (home / name).mkdir(parents=True)
    keyword, bitmaps = create_keyword(stamp.engine, _keyword_folder(home, 0), language), Bitmaps()
    bitmaps.save(_bitmaps_path(home, 0))
    vectors = FaissIndex(home / "vectors", stamp.dimension) if stamp.model else None
    manifests.write(home, _stamped(State(home, stamp, keyword, vectors, bitmaps), {}))


def load(home: Path, manifest: Manifest, language: Language, before: State | None) -> State:
    """Open what the manifest names; parts that are as in `before` are taken from there.

    Raises:
        IndexDamaged: a file is missing or changed.
    """
    check_files(home, manifest)
    old = before if before and before.home == home else None
    same = {name for name, part in manifest.parts.items() if old and old.manifest.parts.get(name) == part}
    try:
        keyword = old.keyword if old and "keyword" in same else _open_keyword(home, manifest, language)
        vectors = old.vectors if old and "vectors" in same else _open_vectors(home, manifest)
        bitmaps = old.bitmaps if old and "bitmaps" in same else _open_bitmaps(home, manifest)
    except (BitmapsError, VectorError, FileNotFoundError) as error:
        raise IndexDamaged(str(error)) from error
    return State(home, manifest, keyword, vectors, bitmaps)


def _open_keyword(home: Path, manifest: Manifest, language: Language) -> KeywordPart:
    folder = _keyword_folder(home, manifest.parts["keyword"].generation)
    return open_keyword(manifest.engine, folder, language)


def _open_vectors(home: Path, manifest: Manifest) -> FaissIndex | None:
    if not manifest.model:
        return None
    names = [Path(stamp.name).name for stamp in manifest.parts["vectors"].files]
    return FaissIndex(home / "vectors", manifest.dimension, names)


def _open_bitmaps(home: Path, manifest: Manifest) -> Bitmaps:
    return Bitmaps.load(_bitmaps_path(home, manifest.parts["bitmaps"].generation))


def check_files(home: Path, manifest: Manifest) -> None:
    """Look at each file the manifest names, without reading those that look untouched.

    Raises:
        IndexDamaged: files are missing or changed, all named.
    """
    problems = manifests.problems(home, manifest, thorough=False)
    if problems:
        raise IndexDamaged("; ".join(problems))


class _Batch:
    """What a batch means for each part. The engines are spared records whose words are as they were."""

    def __init__(self, before: Bitmaps, removed: BitMap, records: Sequence[Record]) -> None:
        self.records = {record.id: record for record in records}
        known = before.column("text", list(self.records))
        pairs = zip(self.records.values(), known.tolist(), strict=True)
        self.changed = [record for record, print_ in pairs if text_print(record) != print_]
        self.removed = removed - BitMap(self.records)
        self.gone = self.removed & before.live


def advance(
    before: State,
    removed: Iterable[int],
    records: Sequence[Record],
    vectors: Mapping[int, np.ndarray],
    position: int,
    language: Language,
) -> State:
    """Commit a batch (see `IndexParts.apply`) and give the state after it; `before` stays whole and usable.

    Raises:
        IndexDamaged: a file to go on from is missing or changed; nothing was committed.
    """
    check_files(before.home, before.manifest)
    generation = before.manifest.generation + 1
    batch = _Batch(before.bitmaps, BitMap(removed), records)
    bitmaps = before.bitmaps.copy()
    bitmaps.apply(batch.removed, list(batch.records.values()))
    keyword = _next_keyword(before, generation, batch, language)
    after = before.vectors.copy() if before.vectors else None
    if after is not None:
        _apply_vectors(after, batch, vectors)
    bitmaps.save(_bitmaps_path(before.home, generation))
    manifest = replace(before.manifest, generation=generation, position=max(position, before.manifest.position))
    state = State(before.home, manifest, keyword, after, bitmaps)
    state = replace(state, manifest=_stamped(state, before.manifest.parts))
    manifests.write(state.home, state.manifest)
    return state


def _next_keyword(before: State, generation: int, batch: _Batch, language: Language) -> KeywordPart:
    """Commit to a hard-linked copy: Whoosh deletes its older files, and a kill must leave the old state whole."""
    if not batch.changed and not batch.gone:
        return before.keyword
    folder = _keyword_folder(before.home, generation)
    if folder.exists():  # of a commit that was killed
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for stamp in before.manifest.parts["keyword"].files:
        _link(before.home / stamp.name, folder / Path(stamp.name).name)
    keyword = open_keyword(before.manifest.engine, folder, language)
    keyword.apply(batch.gone, batch.changed)
    return keyword


def _link(source: Path, target: Path) -> None:
    """A second name for a file that never changes; a copy where the file system has no hard links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _apply_vectors(index: FaissIndex, batch: _Batch, vectors: Mapping[int, np.ndarray]) -> None:
    given = [id_ for id_ in batch.records if id_ in vectors]
    new = [id_ for id_, old in zip(given, index.vectors(given), strict=True) if not np.array_equal(old, vectors[id_])]
    rows = np.array([vectors[id_] for id_ in new], dtype=np.float32)
    without = BitMap(record.id for record in batch.changed if record.id not in vectors)
    index.apply(batch.removed | without, new, rows)


def _stamped(state: State, old: Mapping[str, Part]) -> Manifest:
    """The state's manifest with the files of its parts; a part with the files it had keeps its generation."""
    manifest = state.manifest
    for name, files in _file_names(state).items():
        known = old[name].files if name in old else ()
        if name not in old or {stamp.name for stamp in known} != set(files):
            stamps = manifests.stamp_files(state.home, files, known)
            manifest = manifest.with_part(Part(name, manifest.generation, stamps))
    return manifest


def _file_names(state: State) -> dict[str, list[str]]:
    """The files of each part, as paths below the generation folder."""
    keyword = [path for path in state.keyword.folder.iterdir() if not path.name.endswith("LOCK")]
    names = {"keyword": [path.relative_to(state.home).as_posix() for path in keyword]}
    if state.vectors is not None:
        names["vectors"] = [f"vectors/{name}" for name in state.vectors.names()]
    names["bitmaps"] = [_bitmaps_path(state.home, state.manifest.generation).relative_to(state.home).as_posix()]
    return names


def sweep(state: State) -> None:
    """Delete what the manifest does not name; what a reader still has open lives on until it is closed."""
    named = {stamp.name for part in state.manifest.parts.values() for stamp in part.files}
    halves = state.home.glob(".aside-*")
    for path in (*halves, *(state.home / "vectors").iterdir(), *(state.home / "bitmaps").iterdir()):
        if path.relative_to(state.home).as_posix() not in named:
            path.unlink(missing_ok=True)
    for folder in (state.home / "keyword").iterdir():
        if folder != state.keyword.folder:
            shutil.rmtree(folder, ignore_errors=True)


def disagreements(state: State) -> list[str]:
    """Where the parts hold other ids than the bitmaps, a sentence each."""
    live = state.bitmaps.live
    odd = {"keyword": live ^ state.keyword.ids()}
    if state.vectors is not None:
        odd["vectors"] = state.vectors.ids() - live
    return [f"{name}: {len(ids)} ids differ from the bitmaps', such as {ids[0]}" for name, ids in odd.items() if ids]


def read_manifest(home: Path) -> Manifest:
    """The manifest of a generation folder.

    Raises:
        IndexDamaged: it is missing or changed.
    """
    try:
        return manifests.read(home)
    except ManifestError as error:
        raise IndexDamaged(str(error)) from error


def _keyword_folder(home: Path, generation: int) -> Path:
    return home / "keyword" / f"{generation:08d}"


def _bitmaps_path(home: Path, generation: int) -> Path:
    return home / "bitmaps" / f"{generation:08d}.bin"
