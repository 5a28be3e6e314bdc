"""Whatever happens to the files of an index: the last good state serves, says so, and a rebuild makes it whole."""

from __future__ import annotations

import errno
import os
import random
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from pyroaring import BitMap
from test_parts import (
    MADE,
    TEXTS,
    files_before,
    files_of,
    found,
    needs_fork,
    opened,
    put,
    records,
    vectors,
)

from indexes import manifest as manifests
from indexes.parts import DAMAGED_NOTE, IndexDamaged, IndexFull, IndexParts

BEFORE, AFTER = BitMap([1, 2, 3, 4]), BitMap([1, 2, 3, 4, 5])  # the ids of the last two commits
NEWEST = "the newest words of all"


@pytest.fixture
def grown(tmp_path: Path) -> IndexParts:
    """An index of three commits, the last of which added 5."""
    parts = opened(tmp_path / "indexes")
    put(parts, TEXTS, position=7)
    put(parts, {4: "a fourth"}, position=8)
    put(parts, {5: NEWEST}, position=9)
    return parts


def damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "short":
        path.write_bytes(content[: len(content) // 2])
    else:
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def rebuilt(folder: Path) -> IndexParts:
    """What the application does: everything once more, from what it keeps itself."""
    texts = {**TEXTS, 4: "a fourth", 5: NEWEST}
    fresh = IndexParts.begin_rebuild(folder, **MADE)
    fresh.apply([], records(texts), vectors(texts), 9)
    with fresh.writer_lock():
        fresh.swap()
    return opened(folder)


def is_whole(parts: IndexParts, ids: BitMap) -> bool:
    return not parts.damage and parts.verify() == [] and all(held == ids for held in parts.ids().values())


def leftovers(parts: IndexParts) -> set[Path]:
    """Files that neither of the two manifests names."""
    home = parts.state.home
    named = {home / name for name in ("manifest.json", "manifest.previous.json")}
    named |= {*files_of(parts), *files_before(parts)}
    there = {path for path in home.rglob("*") if path.is_file() and not path.name.lower().endswith("lock")}
    return there - named | set(parts.folder.glob("merging/**/*"))


def newest(parts: IndexParts, part: str) -> Path:
    """The file of a part that the last commit added."""
    before = manifests.read(parts.state.home, manifests.PREVIOUS).parts[part].files
    known = {Path(stamp.name).name for stamp in before}
    files = [path for path in files_of(parts) if path.parent.name == part or path.parent.parent.name == part]
    return max((path for path in files if path.name not in known), key=lambda path: path.stat().st_size)


# Damage of files


@pytest.mark.parametrize("how", ["missing", "short", "changed"])
def test_with_any_file_damaged_the_last_good_state_serves_or_it_is_said_that_there_is_none(
    grown: IndexParts, how: str, tmp_path: Path
):
    served = 0
    for path in files_of(grown):
        content, status = path.read_bytes(), path.stat()
        if not content:
            continue
        damage(path, how)
        try:
            parts = opened(grown.folder)
        except IndexDamaged as error:
            assert path.name in str(error)  # noqa: PT017 - both ways out are right
        else:
            served += 1
            assert path.name in parts.damage
            assert parts.note == DAMAGED_NOTE
            assert parts.ids()["keyword"] == parts.ids()["bitmaps"]
            assert parts.ids()["keyword"] in (BEFORE, AFTER)
            assert any(path.name in problem and "insightrepo reindex" in problem for problem in parts.verify())
            with parts.writer_lock(), pytest.raises(IndexDamaged, match=path.name):
                parts.apply([], records({9: "nine"}), {}, 10)
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert served >= 3
    assert is_whole(opened(grown.folder), AFTER)


@pytest.mark.parametrize("how", ["missing", "short", "changed"])
@pytest.mark.parametrize("part", ["keyword", "bitmaps"])
def test_where_the_last_commit_is_damaged_the_one_before_it_serves_until_the_rebuild(
    grown: IndexParts, part: str, how: str
):
    damage(newest(grown, part), how)
    parts = opened(grown.folder)
    assert all(ids == BEFORE for ids in parts.ids().values())
    assert parts.position == 8
    assert found(parts, "fourth") == {4}
    rebuilt(grown.folder)
    assert parts.refresh() is True
    assert parts.note == ""
    assert is_whole(parts, AFTER)


@pytest.mark.parametrize("how", ["missing", "short", "changed"])
def test_where_the_manifest_is_damaged_the_one_before_it_serves(grown: IndexParts, how: str):
    damage(grown.state.home / "manifest.json", how)
    parts = opened(grown.folder)
    assert "manifest.json" in parts.damage
    assert all(ids == BEFORE for ids in parts.ids().values())
    assert is_whole(rebuilt(grown.folder), AFTER)


@pytest.mark.parametrize("how", ["missing", "short", "changed"])
def test_where_all_vectors_are_damaged_keywords_go_on(grown: IndexParts, how: str):
    for path in grown.state.home.glob("vectors/*.npy"):
        damage(path, how)
    parts = opened(grown.folder)
    assert parts.vectors is None
    assert found(parts, "newest") == {5}
    assert parts.note
    assert is_whole(rebuilt(grown.folder), AFTER)


@pytest.mark.parametrize(
    "text", [None, "", "{}", "[]", '{"folder": "../elsewhere"}', '{"folder": "generation-000009"}']
)
def test_a_damaged_pointer_is_named_and_its_copy_serves(grown: IndexParts, text: str | None):
    path = grown.folder / "current.json"
    path.unlink()
    if text is not None:
        path.write_text(text)
    parts = opened(grown.folder)
    assert "current.json" in parts.damage
    assert all(ids == AFTER for ids in parts.ids().values())
    assert is_whole(rebuilt(grown.folder), AFTER)


def test_with_both_pointers_damaged_nothing_is_wiped(grown: IndexParts):
    for name in ("current.json", "current.copy.json"):
        (grown.folder / name).write_text("{")
    with pytest.raises(IndexDamaged, match=r"current\.json"):
        opened(grown.folder)
    assert all(path.exists() for path in files_of(grown))
    assert is_whole(rebuilt(grown.folder), AFTER)


def test_the_empty_index_at_the_beginning_is_no_good_state(tmp_path: Path):
    parts = opened(tmp_path)
    put(parts, TEXTS)
    damage(newest(parts, "bitmaps"), "short")
    with pytest.raises(IndexDamaged, match="bytes"):
        opened(tmp_path)


def test_who_has_it_open_goes_on_and_takes_up_the_rebuilt_one(grown: IndexParts):
    reader = opened(grown.folder)
    for path in {*files_of(grown), *files_before(grown)}:
        path.unlink()
    manifest = grown.state.home / "manifest.json"
    os.utime(manifest, ns=(1, 1))  # so that the reader looks again
    assert reader.refresh() is True
    assert reader.note == DAMAGED_NOTE
    assert found(reader, "newest") == {5}
    rebuilt(grown.folder)
    assert reader.refresh() is True
    assert is_whole(reader, AFTER)


@pytest.mark.parametrize("part", ["keyword", "vectors", "bitmaps"])
def test_a_bit_that_turned_unseen_is_found_by_verify_and_then_distrusted_by_all(
    grown: IndexParts, part: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(manifests, "SMALL", 0)  # as a large file
    path = newest(grown, part)
    status = path.stat()
    damage(path, "changed")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    reader = opened(grown.folder)
    assert [path.name in problem for problem in grown.verify()] == [True]
    assert reader.refresh() is True
    assert path.name in reader.damage
    assert is_whole(rebuilt(grown.folder), AFTER)


def test_a_file_restored_with_another_time_is_hashed_once_and_trusted(
    grown: IndexParts, monkeypatch: pytest.MonkeyPatch
):
    hashed: list[Path] = []
    plain = manifests.sha256_of
    monkeypatch.setattr(manifests, "sha256_of", lambda path: [hashed.append(path), plain(path)][1])
    for path in files_of(grown):
        os.utime(path, ns=(5, 5))
    opened(grown.folder)
    assert sorted(hashed) == sorted(files_of(grown))
    opened(grown.folder)
    assert len(hashed) == len(files_of(grown))


# A full disk


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes: what a full disk does to whoever writes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@needs_fork
@pytest.mark.parametrize("size", [0, 40, 200, 500, 900, 1500, 2500, 4000, 6000])
def test_on_a_full_disk_nothing_is_committed_and_it_goes_on_when_there_is_room(grown: IndexParts, size: int):
    texts = {number: f"verbatim {number} {'long ' * 30}" for number in range(10, 18)}

    def write() -> None:
        parts = opened(grown.folder)
        with parts.writer_lock(), room_for(size):
            try:
                parts.apply([1], records(texts), vectors(texts), 10)
            except IndexFull as error:
                os._exit(3 if "make room" in str(error) else 4)
        os._exit(0)

    assert exit_code(write) == 3
    assert is_whole(opened(grown.folder), AFTER)
    assert leftovers(grown) == set()  # a full disk needs its room back
    put(grown, texts, removed=[1], position=10)
    assert is_whole(opened(grown.folder), AFTER - BitMap([1]) | BitMap(texts))


def exit_code(step: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        try:
            step()
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("step", range(12))
def test_a_disk_that_is_full_at_any_sync_leaves_a_whole_state(
    grown: IndexParts, monkeypatch: pytest.MonkeyPatch, step: int
):
    plain, calls = os.fsync, iter(range(1000))

    def full(descriptor: int) -> None:
        if next(calls) == step:
            raise OSError(errno.ENOSPC, "No space left on device")
        plain(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with grown.writer_lock(), pytest.raises(IndexFull, match="make room"):
        grown.apply([1], records({6: "six"}), vectors({6: "six"}), 10)
    monkeypatch.setattr(os, "fsync", plain)
    parts = opened(grown.folder)
    assert parts.ids()["bitmaps"] in (AFTER, AFTER - BitMap([1]) | BitMap([6]))
    assert is_whole(parts, parts.ids()["bitmaps"])
    put(grown, {6: "six"}, removed=[1], position=10)
    assert is_whole(opened(grown.folder), AFTER - BitMap([1]) | BitMap([6]))


# Two writers, killed writers


@needs_fork
def test_two_processes_that_write_at_once_lose_nothing(grown: IndexParts):
    def write(first: int) -> None:
        parts = opened(grown.folder)
        for number in range(first, first + 5):
            put(parts, {number: f"verbatim {number}"}, position=number)
        os._exit(0)

    children = [fork(partial(write, first)) for first in (10, 20, 30)]
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0]
    expected = AFTER | BitMap([*range(10, 15), *range(20, 25), *range(30, 35)])
    assert is_whole(opened(grown.folder), expected)


def fork(step: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        try:
            step()
        finally:
            os._exit(1)
    return child


@needs_fork
@pytest.mark.parametrize("seed", range(6))
def test_a_writer_killed_at_any_moment_leaves_a_whole_state(grown: IndexParts, seed: int):
    chance = random.Random(seed)
    delay = chance.uniform(0.001, 0.15)

    def write() -> None:
        parts = opened(grown.folder)
        signal.setitimer(signal.ITIMER_REAL, delay)  # SIGALRM, of which nobody knows, kills
        for number in range(10, 60):
            put(parts, {number: f"verbatim {number}"}, removed=[number - 3], position=number)

    child = fork(write)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGALRM
    parts = opened(grown.folder)
    assert is_whole(parts, parts.ids()["bitmaps"])
    put(parts, {99: "onwards"}, position=99)
    assert is_whole(opened(grown.folder), parts.ids()["bitmaps"])
    assert found(opened(grown.folder), "onwards") == {99}
