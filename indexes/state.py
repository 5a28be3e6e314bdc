"""One commit of all parts of the index: how it lies on disk, how it is read, and how the next one is made.

A generation folder holds ``manifest.json``, ``keyword/00000012/…``, ``vectors/00000003.*`` and
``bitmaps/00000012.bin``. A commit writes new files beside the old ones and then replaces the manifest, so it happens
wholly or not at all, in all parts at once. The manifest before it is kept with its files, to fall back on; what neither
names is left over of a kill and is swept by the next commit.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pyroaring import BitMap

from indexes import manifest as manifests
from indexes.base import Record
from indexes.bitmaps import Bitmaps, BitmapsError, text_print
from indexes.engines import KeywordPart, Language, create_keyword, open_keyword
from indexes.manifest import FileStamp, Manifest, ManifestError, Part, link
from indexes.vector import FaissIndex, VectorError

_SKETCH = ".sketch.faiss"  # how the name of a sketch over a segment of vectors ends
REPAIR = "run 'insightrepo reindex'"


class IndexDamaged(Exception):
    """A file of the index is missing or changed; `what` names it, the message also says what to run."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: {REPAIR}")
        self.what = what


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
    manifests.write(home, _stamped(State(home, stamp, keyword, vectors, bitmaps), None))


def load(home: Path, manifest: Manifest, language: Language, before: State | None = None) -> State:
    """Open what the manifest names; parts that are as in `before` are taken from there.

    Raises:
        IndexDamaged: a file is missing or changed.
    """
    check_files(home, manifest)
    if not {"keyword", "bitmaps"} <= manifest.parts.keys():
        raise IndexDamaged(f"{home / manifests.FILE_NAME} names no keyword part or no bitmaps")
    old = before if before and before.home == home else None
    same = {name for name, part in manifest.parts.items() if old and old.manifest.parts.get(name) == part}
    try:
        keyword = old.keyword if old and "keyword" in same else _open_keyword(home, manifest, language, old)
        vectors = old.vectors if old and "vectors" in same else _open_vectors(home, manifest)
        bitmaps = old.bitmaps if old and "bitmaps" in same else _open_bitmaps(home, manifest)
    except (BitmapsError, VectorError, FileNotFoundError) as error:
        raise IndexDamaged(str(error)) from error
    except Exception as error:  # an engine may stumble in any way over bits that turned; else it is raised
        problems = manifests.problems(home, manifest, thorough=True)
        if not problems:
            raise
        manifests.distrust(home, manifest)
        raise IndexDamaged("; ".join(problems)) from error
    return State(home, manifest, keyword, vectors, bitmaps)


def load_last_good(home: Path, language: Language, wanted: Manifest) -> State | None:
    """What can still be read of a damaged index: the commit before the last, else one of both less sketches or vectors.

    The empty index that every generation begins with does not count. None: nothing is good any more.
    """
    found = [manifest for name in (manifests.FILE_NAME, manifests.PREVIOUS) if (manifest := _read_or_none(home, name))]
    usable = [manifest for manifest in found if manifest.generation and not differing(manifest, wanted)]
    ways = [usable, [_without_sketches(manifest) for manifest in usable], [_without_vectors(one) for one in usable]]
    for manifest in (manifest for way in ways for manifest in way):
        with suppress(IndexDamaged):
            return load(home, manifest, language)
    return None


def read_bitmaps(home: Path) -> Bitmaps | None:
    """The bitmaps of a generation folder, whatever it was made with; None: they cannot be read."""
    manifest = _read_or_none(home, manifests.FILE_NAME)
    if manifest is None or "bitmaps" not in manifest.parts:
        return None
    try:
        return _open_bitmaps(home, manifest)
    except BitmapsError:
        return None


def _read_or_none(home: Path, name: str) -> Manifest | None:
    try:
        return manifests.read(home, name)
    except ManifestError:
        return None


def _without_sketches(manifest: Manifest) -> Manifest:
    vectors = manifest.parts.get("vectors")
    if vectors is None:
        return manifest
    files = tuple(stamp for stamp in vectors.files if not stamp.name.endswith(_SKETCH))
    return manifest.with_part(replace(vectors, files=files))


def _without_vectors(manifest: Manifest) -> Manifest:
    parts = {name: part for name, part in manifest.parts.items() if name != "vectors"}
    return replace(manifest, model="", dimension=0, parts=parts)


def differing(found: Manifest, wanted: Manifest) -> list[str]:
    """In what an index was made otherwise than wanted; nothing of a model is wanted where there is none."""
    names = ["schema", "analyzer", "engine"] + (["model", "dimension"] if wanted.model else [])
    return [name for name in names if getattr(found, name) != getattr(wanted, name)]


def _open_keyword(home: Path, manifest: Manifest, language: Language, old: State | None) -> KeywordPart:
    folder = _keyword_folder(home, manifest.parts["keyword"].generation)
    return open_keyword(manifest.engine, folder, language, old.keyword if old else None)


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
    try:
        return _advance(before, _Batch(before.bitmaps, BitMap(removed), records), vectors, position, language)
    except BaseException:
        sweep(before)  # half a commit: a full disk needs its room back
        raise


def _advance(
    before: State, batch: _Batch, vectors: Mapping[int, np.ndarray], position: int, language: Language
) -> State:
    generation = before.manifest.generation + 1
    bitmaps = before.bitmaps.copy()
    bitmaps.apply(batch.removed, list(batch.records.values()))
    keyword = _next_keyword(before, generation, batch, language)
    after = before.vectors.copy() if before.vectors else None
    if after is not None:
        _apply_vectors(after, batch, vectors)
    bitmaps.save(_bitmaps_path(before.home, generation))
    manifest = replace(before.manifest, generation=generation, position=max(position, before.manifest.position))
    return commit(State(before.home, manifest, keyword, after, bitmaps), before)


def commit(after: State, before: State, hashed: Iterable[FileStamp] = ()) -> State:
    """Make a state whose files are written the one in force, in one step; gives it with its manifest.

    `hashed`: stamps of files that were taken before, which saves reading them again.
    """
    state = replace(after, manifest=_stamped(after, before, hashed))
    manifests.write(state.home, state.manifest)
    return state


def _next_keyword(before: State, generation: int, batch: _Batch, language: Language) -> KeywordPart:
    """Commit to a hard-linked copy: an engine deletes its older files, and a kill must leave the old state whole."""
    if not batch.changed and not batch.gone:
        return before.keyword
    folder = _keyword_folder(before.home, generation)
    if folder.exists():  # of a commit that was killed
        shutil.rmtree(folder)
    keyword = linked_keyword(before, folder, language)
    keyword.apply(batch.gone, batch.changed)
    return keyword


def moved_keyword(before: State, merged: KeywordPart, generation: int, language: Language) -> KeywordPart:
    """A keyword part that was made aside, moved to where the commit of this generation has it."""
    folder = _keyword_folder(before.home, generation)
    shutil.rmtree(folder, ignore_errors=True)  # of a commit that was killed
    merged.folder.rename(folder)
    return open_keyword(before.manifest.engine, folder, language, merged)


def linked_keyword(state: State, folder: Path, language: Language) -> KeywordPart:
    """The keyword part of a state once more in a new folder, to go on from: its files are hard links."""
    folder.mkdir(parents=True)
    for stamp in state.manifest.parts["keyword"].files:
        link(state.home / stamp.name, folder / Path(stamp.name).name)
    return open_keyword(state.manifest.engine, folder, language, state.keyword)


def _apply_vectors(index: FaissIndex, batch: _Batch, vectors: Mapping[int, np.ndarray]) -> None:
    given = [id_ for id_ in batch.records if id_ in vectors]
    new = [id_ for id_, old in zip(given, index.vectors(given), strict=True) if not np.array_equal(old, vectors[id_])]
    rows = np.array([vectors[id_] for id_ in new], dtype=np.float32)
    without = BitMap(record.id for record in batch.changed if record.id not in vectors)
    index.apply(batch.removed | without, new, rows)


def _stamped(state: State, before: State | None, hashed: Iterable[FileStamp] = ()) -> Manifest:
    """The state's manifest with the files of its parts; a part with the files it had keeps its generation."""
    manifest = state.manifest
    old = before.manifest.parts if before else {}
    for name, files in _file_names(state, before).items():
        known = old[name].files if name in old else ()
        if name not in old or {stamp.name for stamp in known} != set(files):
            stamps = manifests.stamp_files(state.home, files, (*known, *hashed))
            manifest = manifest.with_part(Part(name, manifest.generation, stamps))
    return manifest


def _file_names(state: State, before: State | None) -> dict[str, list[str]]:
    """The files of the parts that may be new, as paths below the generation folder."""
    names = {"keyword": [path.relative_to(state.home).as_posix() for path in keyword_files(state.keyword)]}
    if state.vectors is not None:
        names["vectors"] = [f"vectors/{name}" for name in state.vectors.names()]
    if not before or state.bitmaps is not before.bitmaps:
        path = _bitmaps_path(state.home, state.manifest.generation)
        names["bitmaps"] = [path.relative_to(state.home).as_posix()]
    return names


def keyword_files(keyword: KeywordPart) -> list[Path]:
    """The files that make up a keyword part; those by which an engine locks are none."""
    return [path for path in keyword.folder.iterdir() if not path.name.lower().endswith("lock")]


def sweep(state: State, building: bool = False) -> None:
    """Delete what neither the manifest nor the one before it names; what a reader has open lives on until it is closed.

    `building`: sketches over the vectors may be under way; they are left alone.
    """
    on_disk = (_read_or_none(state.home, name) for name in (manifests.FILE_NAME, manifests.PREVIOUS))
    named = {state.home / name for manifest in (state.manifest, *on_disk) for name in _files_of(manifest)}
    halves = state.home.glob(".aside-*")
    for path in (*halves, *(state.home / "vectors").iterdir(), *(state.home / "bitmaps").iterdir()):
        if path not in named and not (building and _may_be_sketch(path)):
            path.unlink(missing_ok=True)
    folders = {path.parent for path in named}
    for folder in (state.home / "keyword").iterdir():
        if folder not in folders:
            shutil.rmtree(folder, ignore_errors=True)


def _may_be_sketch(path: Path) -> bool:
    """Whether this file is a sketch over a segment of vectors, or half of one: they are built aside and named later."""
    return path.parent.name == "vectors" and (path.name.startswith(".aside-") or path.name.endswith(_SKETCH))


def _files_of(manifest: Manifest | None) -> Collection[str]:
    return [stamp.name for part in manifest.parts.values() for stamp in part.files] if manifest else ()


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
