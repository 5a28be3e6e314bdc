from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from pyroaring import BitMap

from indexes import manifest as manifests
from indexes import pointer
from indexes import state as states
from indexes.base import KeywordQuery, Record
from indexes.bitmaps import Bitmaps
from indexes.hashing import HashingEmbedder
from indexes.keyword import WhooshIndex
from indexes.parts import IndexBusy, IndexDamaged, IndexMismatch, IndexParts
from indexes.state import State
from indexes.vector import FaissIndex

ROOT = Path(__file__).parents[2]
EMBEDDER = HashingEmbedder()
MADE = {"embedder_key": EMBEDDER.key, "dimension": EMBEDDER.dimension, "language": "en"}
TEXTS = {1: "the app is slow", 2: "kind staff on the phone", 3: "could not find the download"}


def records(texts: dict[int, str], *keys: str) -> list[Record]:
    return [
        Record(id_, text, "", "", f"hash {text}", frozenset(keys or {"kind:verbatim"})) for id_, text in texts.items()
    ]


def vectors(texts: dict[int, str]) -> dict[int, np.ndarray]:
    return dict(zip(texts, EMBEDDER.embed_documents(list(texts.values())), strict=True))


def put(parts: IndexParts, texts: dict[int, str], removed: Iterable[int] = (), position: int = 1) -> None:
    with parts.writer_lock():
        parts.apply(removed, records(texts), vectors(texts), position)


def opened(folder: Path) -> IndexParts:
    return IndexParts.open(folder, **MADE)


def found(state: State | IndexParts, word: str) -> set[int]:
    return {hit.id for hit in state.keyword.search(KeywordQuery(words=(word,)), None, 100)}


def nearest(state: State | IndexParts, text: str) -> int:
    assert state.vectors is not None
    return state.vectors.search(EMBEDDER.embed_query(text), None, 1)[0].id


@pytest.fixture
def filled(tmp_path: Path) -> IndexParts:
    parts = opened(tmp_path / "indexes")
    put(parts, TEXTS, position=7)
    return parts


def files_of(parts: IndexParts) -> list[Path]:
    manifest = parts.state.manifest
    return [parts.state.home / stamp.name for part in manifest.parts.values() for stamp in part.files]


def files_before(parts: IndexParts) -> list[Path]:
    home = parts.state.home
    manifest = manifests.read(home, manifests.PREVIOUS)
    return [home / stamp.name for part in manifest.parts.values() for stamp in part.files]


# One commit


def test_a_new_folder_holds_an_empty_index(tmp_path: Path):
    parts = opened(tmp_path / "a" / "indexes")
    assert parts.ids() == {"keyword": BitMap(), "vectors": BitMap(), "bitmaps": BitMap()}
    assert parts.position == 0
    assert parts.verify() == []
    assert opened(parts.folder).ids() == parts.ids()


def test_a_batch_is_in_every_part_and_stays(filled: IndexParts):
    for parts in (filled, opened(filled.folder)):
        assert set(parts.ids()) == {"keyword", "vectors", "bitmaps"}
        assert all(ids == BitMap([1, 2, 3]) for ids in parts.ids().values())
        assert parts.position == 7
        assert found(parts, "download") == {3}
        assert nearest(parts, "phone staff") == 2
        assert parts.bitmaps.get("kind:verbatim") == BitMap([1, 2, 3])
        assert parts.verify() == []


def test_removed_and_replaced_records_change_everywhere(filled: IndexParts):
    put(filled, {2: "the download was quick"}, removed=[1, 99], position=8)
    for parts in (filled, opened(filled.folder)):
        assert all(ids == BitMap([2, 3]) for ids in parts.ids().values())
        assert found(parts, "download") == {2, 3}
        assert found(parts, "slow") == found(parts, "staff") == set()
        assert nearest(parts, "download quick") == 2


def test_the_same_batch_again_changes_nothing(filled: IndexParts):
    before = filled.state
    put(filled, TEXTS, removed=[50], position=7)
    assert filled.ids() == opened(filled.folder).ids()
    assert filled.state.keyword is before.keyword
    assert filled.state.manifest.parts["vectors"] == before.manifest.parts["vectors"]
    assert filled.verify() == []


def test_an_id_removed_and_added_in_one_batch_is_there(filled: IndexParts):
    put(filled, {1: TEXTS[1]}, removed=[1, 2])
    assert all(ids == BitMap([1, 3]) for ids in opened(filled.folder).ids().values())


def test_the_position_never_goes_back(filled: IndexParts):
    put(filled, {4: "more"}, position=3)
    assert opened(filled.folder).position == 7


def test_a_new_tag_leaves_words_and_vectors_alone(filled: IndexParts):
    before = filled.state
    with filled.writer_lock():
        filled.apply([], records(TEXTS, "term:5"), {}, 9)
    assert filled.bitmaps.get("term:5") == BitMap([1, 2, 3])
    assert filled.keyword is before.keyword
    assert filled.ids()["vectors"] == BitMap([1, 2, 3])


def test_new_words_without_a_vector_drop_the_old_vector(filled: IndexParts):
    with filled.writer_lock():
        filled.apply([], records({1: "quite other words"}), {}, 9)
    assert filled.ids()["vectors"] == BitMap([2, 3])


def test_many_commits_leave_few_files(filled: IndexParts):
    for i in range(4, 40):
        put(filled, {i: f"verbatim number {i}"}, position=i)
    on_disk = [path for path in filled.state.home.rglob("*") if path.is_file() and not path.name.endswith("LOCK")]
    manifests_ = {filled.state.home / name for name in ("manifest.json", "manifest.previous.json")}
    assert set(on_disk) - manifests_ == set(files_of(filled)) | set(files_before(filled))
    assert len(on_disk) < 60
    assert opened(filled.folder).ids() == filled.ids()


def test_a_state_that_was_taken_goes_on_serving(filled: IndexParts):
    taken = filled.state
    for i in range(3):
        put(filled, {1: f"new words {i}", 4 + i: "slow again"}, removed=[2])
    assert found(taken, "slow") == {1}
    assert found(taken, "staff") == {2}
    assert nearest(taken, TEXTS[2]) == 2
    assert taken.bitmaps.live == BitMap([1, 2, 3])


def test_writing_needs_the_lock(filled: IndexParts):
    with pytest.raises(RuntimeError, match="writer_lock"):
        filled.apply([], [], {}, 8)
    with pytest.raises(RuntimeError, match="writer_lock"):
        filled.swap()


def test_a_batch_that_fails_changes_nothing(filled: IndexParts):
    with filled.writer_lock(), pytest.raises(ValueError, match=r"shape \(1, 4\)"):
        filled.apply([1], records({9: "nine"}), {9: np.ones(4, np.float32)}, 8)
    assert opened(filled.folder).ids() == filled.ids()
    assert filled.ids()["bitmaps"] == BitMap([1, 2, 3])
    put(filled, {9: "nine"}, position=8)
    assert found(opened(filled.folder), "nine") == {9}


def test_a_file_system_without_hard_links_will_do(filled: IndexParts, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    put(filled, {4: "copied"})
    assert found(opened(filled.folder), "copied") == {4}
    assert filled.verify() == []


# With and without a model


def test_without_a_model_there_are_no_vectors(tmp_path: Path):
    parts = IndexParts.open(tmp_path, embedder_key=None, dimension=None)
    put(parts, TEXTS)
    assert parts.vectors is None
    assert set(parts.ids()) == {"keyword", "bitmaps"}
    assert found(parts, "slow") == {1}
    with pytest.raises(IndexMismatch, match=r"model none, but now it is hashing.*run 'insightrepo reindex'"):
        opened(tmp_path)


def test_vectors_wait_while_the_model_is_away(filled: IndexParts):
    away = IndexParts.open(filled.folder, embedder_key=None, dimension=None)
    with away.writer_lock():
        away.apply([3], records({1: "other words", 2: TEXTS[2]}), {}, 9)
    back = opened(filled.folder)
    assert back.ids()["vectors"] == BitMap([2])
    assert nearest(back, TEXTS[2]) == 2


@pytest.mark.parametrize(
    ("change", "named"),
    [({"embedder_key": "other"}, "model"), ({"dimension": 8}, "dimension"), ({"language": "none"}, "analyzer")],
)
def test_another_stamp_is_refused_and_nothing_is_wiped(filled: IndexParts, change: dict[str, object], named: str):
    with pytest.raises(IndexMismatch, match=f"{named} .*run 'insightrepo reindex'"):
        IndexParts.open(filled.folder, **(MADE | change))
    assert opened(filled.folder).ids() == filled.ids()


# Other writers and readers


def test_a_reader_sees_what_another_process_wrote_after_refresh(filled: IndexParts):
    assert filled.refresh() is False
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, 'tests/indexes'); import test_parts as t;"
        "t.put(t.opened(Path(sys.argv[1])), {4: 'from elsewhere'}, removed=[1], position=9)"
    )
    subprocess.run([sys.executable, "-c", code, str(filled.folder)], cwd=ROOT, timeout=60, check=True)
    assert found(filled, "elsewhere") == set()
    assert filled.refresh() is True
    assert filled.refresh() is False
    assert found(filled, "elsewhere") == {4}
    assert filled.position == 9
    assert all(ids == BitMap([2, 3, 4]) for ids in filled.ids().values())


def test_a_second_writer_waits_and_builds_on_the_first(filled: IndexParts):
    other, done = opened(filled.folder), threading.Event()

    def write() -> None:
        put(other, {5: "second"}, position=9)
        done.set()

    thread = threading.Thread(target=write)
    with filled.writer_lock():
        thread.start()
        assert not done.wait(0.3)
        filled.apply([], records({4: "first"}), vectors({4: "first"}), 8)
    thread.join(20)
    assert opened(filled.folder).ids()["keyword"] == BitMap([1, 2, 3, 4, 5])


def test_a_writer_that_waits_too_long_is_told(filled: IndexParts):
    other = opened(filled.folder)
    with filled.writer_lock(), pytest.raises(IndexBusy, match="try again"), other.writer_lock(timeout=0.05):
        pass


def test_readers_are_never_in_the_way_of_a_busy_writer(filled: IndexParts):
    reader, stop, errors = opened(filled.folder), threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            try:
                reader.refresh()
                state = reader.state
                if not found(state, "verbatim") <= set(state.bitmaps.live) == set(state.keyword.ids()):
                    errors.append(state.manifest.generation)
            except (IndexDamaged, OSError) as error:
                errors.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    for i in range(4, 24):
        put(filled, {i: f"verbatim {i}"}, removed=[i - 3], position=i)
    stop.set()
    thread.join(20)
    assert errors == []


# Kills

KEPT = ("current.json", "current.copy.json", "writer.lock", "upkeep.lock")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_after(owner: object, name: str, times: int = 1) -> None:
    """From now on the process is killed when this function has returned so many times."""
    whole, calls = getattr(owner, name), itertools.count(1)

    def call(*arguments: object, **named: object) -> object:
        result = whole(*arguments, **named)
        return die() if next(calls) == times else result

    setattr(owner, name, call)


def die_before_naming(name: str) -> None:
    """From now on the process is killed when a file written aside is complete and about to take this name."""
    whole = os.replace
    os.replace = lambda source, target: die() if Path(target).name == name else whole(source, target)


def killed(*steps: Callable[[], object]) -> None:
    """Run these steps in a process that is killed on its way."""
    child = os.fork()
    if child == 0:
        try:
            for step in steps:
                step()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def change(folder: Path) -> None:
    put(opened(folder), {1: "other words", 4: "four"}, removed=[2], position=8)


BEFORE_COMMIT = {
    "linked": lambda: die_after(states, "link", 2),
    "keyword written": lambda: die_after(WhooshIndex, "apply"),
    "vectors half written": lambda: die_after(np, "save"),
    "vectors written": lambda: die_after(FaissIndex, "apply"),
    "bitmaps half written": lambda: die_before_naming("00000002.bin"),
    "bitmaps written": lambda: die_after(Bitmaps, "save"),
    "files hashed": lambda: die_after(manifests, "stamp_files", 3),
    "manifest half written": lambda: die_before_naming("manifest.json"),
}
AFTER_COMMIT = {
    "manifest written": lambda: die_after(manifests, "write"),
    "about to sweep": lambda: setattr(states, "sweep", die),
}


@needs_fork
@pytest.mark.parametrize("step", BEFORE_COMMIT)
def test_a_writer_killed_before_its_manifest_left_nothing_and_its_batch_can_be_replayed(filled: IndexParts, step: str):
    killed(BEFORE_COMMIT[step], lambda: change(filled.folder))
    parts = opened(filled.folder)
    assert parts.position == 7
    assert all(ids == BitMap([1, 2, 3]) for ids in parts.ids().values())
    assert parts.verify() == []
    assert found(parts, "slow") == {1}
    change(filled.folder)
    assert parts.refresh() is True
    assert all(ids == BitMap([1, 3, 4]) for ids in parts.ids().values())
    on_disk = {path for path in parts.state.home.rglob("*") if path.is_file() and not path.name.endswith("LOCK")}
    manifests_ = {parts.state.home / name for name in ("manifest.json", "manifest.previous.json")}
    assert on_disk - set(files_of(parts)) - set(files_before(parts)) == manifests_


@needs_fork
@pytest.mark.parametrize("step", AFTER_COMMIT)
def test_a_writer_killed_after_its_manifest_has_committed(filled: IndexParts, step: str):
    killed(AFTER_COMMIT[step], lambda: change(filled.folder))
    parts = opened(filled.folder)
    assert parts.position == 8
    assert all(ids == BitMap([1, 3, 4]) for ids in parts.ids().values())
    assert parts.verify() == []


@needs_fork
@pytest.mark.parametrize("step", ["bitmaps written", "manifest written"])
def test_a_creation_that_was_killed_is_done_again(tmp_path: Path, step: str):
    killed((BEFORE_COMMIT | AFTER_COMMIT)[step], lambda: opened(tmp_path))
    put(opened(tmp_path), TEXTS)
    assert opened(tmp_path).verify() == []


# Rebuilding


def test_the_old_index_serves_until_the_rebuilt_one_is_swapped_in(filled: IndexParts):
    old_home = filled.state.home
    rebuilt = IndexParts.begin_rebuild(filled.folder, **MADE)
    with rebuilt.writer_lock():
        rebuilt.apply([], records({9: "nine"}), vectors({9: "nine"}), 20)
        assert filled.refresh() is False
        assert opened(filled.folder).ids()["keyword"] == BitMap([1, 2, 3])
        rebuilt.swap()
    taken = filled.state
    assert filled.refresh() is True
    assert found(taken, "slow") == {1}
    for parts in (filled, rebuilt, opened(filled.folder)):
        assert all(ids == BitMap([9]) for ids in parts.ids().values())
        assert parts.position == 20
        assert parts.verify() == []
    assert not old_home.exists()
    put(rebuilt, {10: "ten"}, position=21)
    assert filled.refresh() is True
    assert found(filled, "ten") == {10}


def test_a_rebuilt_index_catches_up_only_with_what_was_written_meanwhile(filled: IndexParts):
    rebuilt = IndexParts.begin_rebuild(filled.folder, **MADE)
    rebuilt.apply([], records({9: "nine"}), vectors({9: "nine"}), 20)
    assert rebuilt.differing_from_current() == BitMap()
    put(filled, {4: "four"}, position=21)
    assert rebuilt.differing_from_current() == BitMap([1, 2, 3, 4, 9])


def test_a_rebuild_helps_where_the_index_is_damaged_or_of_another_stamp(filled: IndexParts):
    files_of(filled)[0].unlink()
    rebuilt = IndexParts.begin_rebuild(filled.folder, embedder_key="other", dimension=4)
    with rebuilt.writer_lock():
        rebuilt.apply([], records({9: "nine"}), {9: np.float32([1, 0, 0, 0])}, 20)
        rebuilt.swap()
    again = IndexParts.open(filled.folder, embedder_key="other", dimension=4)
    assert all(ids == BitMap([9]) for ids in again.ids().values())
    with pytest.raises(IndexMismatch, match="model"):
        filled.refresh()
    assert found(filled, "slow") == {1}


@needs_fork
def test_a_rebuild_that_was_killed_is_cleared_away_by_the_next(filled: IndexParts):
    killed(lambda: IndexParts.begin_rebuild(filled.folder, **MADE), die)
    assert opened(filled.folder).ids() == filled.ids()
    assert len(list(filled.folder.glob("generation-*"))) == 2
    IndexParts.begin_rebuild(filled.folder, **MADE)
    assert len(list(filled.folder.glob("generation-*"))) == 2


def rebuild_empty(folder: Path) -> None:
    rebuilt = IndexParts.begin_rebuild(folder, **MADE)
    with rebuilt.writer_lock():
        rebuilt.swap()


@needs_fork
@pytest.mark.parametrize("swapped", [False, True])
def test_a_swap_that_was_killed_happened_wholly_or_not_at_all(filled: IndexParts, swapped: bool):
    step = partial(die_after, pointer, "point_to") if swapped else partial(die_before_naming, "current.json")
    killed(step, lambda: rebuild_empty(filled.folder))
    assert opened(filled.folder).ids()["keyword"] == (BitMap() if swapped else BitMap([1, 2, 3]))
    filled.refresh()
    assert filled.ids()["keyword"] == (BitMap() if swapped else BitMap([1, 2, 3]))
    assert filled.verify() == []
    rebuild_empty(filled.folder)
    assert {path.name for path in filled.folder.iterdir()} == {opened(filled.folder).state.home.name, *KEPT}


def test_only_a_rebuilt_index_can_be_swapped_in(filled: IndexParts):
    with filled.writer_lock(), pytest.raises(RuntimeError, match="begin_rebuild"):
        filled.swap()
