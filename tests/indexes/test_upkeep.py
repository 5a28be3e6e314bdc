"""The slow work is done aside: commits go on meanwhile, nothing of them is lost, a kill leaves nothing behind."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from pyroaring import BitMap
from test_index_faults import damage, is_whole, leftovers, newest
from test_parts import EMBEDDER, die, die_after, files_of, found, killed, needs_fork, opened, put, records

from indexes import keyword, upkeep, vector
from indexes import manifest as manifests
from indexes import state as states
from indexes.base import Record
from indexes.keyword import WhooshIndex
from indexes.parts import IndexParts
from indexes.vector import FaissIndex

TEXTS = {number: f"verbatim {number} of a customer" for number in range(1, 6)}


class Truth(dict[int, str]):
    """What the database is to the application: the texts of today."""

    def recorded(self, ids: Sequence[int]) -> list[Record]:
        return records({number: self[number] for number in ids if number in self})

    def put(self, parts: IndexParts, number: int, text: str | None) -> None:
        removed = [number] if text is None else []
        self.pop(number, None) if text is None else self.update({number: text})
        put(parts, {} if text is None else {number: text}, removed=removed, position=parts.position + 1)


@pytest.fixture
def truth() -> Truth:
    return Truth()


@pytest.fixture
def many(tmp_path: Path, truth: Truth, monkeypatch: pytest.MonkeyPatch) -> IndexParts:
    """An index of several keyword segments."""
    monkeypatch.setattr(keyword, "MANY_SEGMENTS", 2)
    monkeypatch.setattr(vector, "SKETCH_FROM", 4)
    parts = opened(tmp_path / "indexes")
    for number, text in TEXTS.items():
        truth.put(parts, number, text)
    return parts


def meanwhile(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, *steps: object) -> None:
    """Do these steps, one a call, when this function has returned."""
    whole, left = getattr(owner, name), list(steps)

    def call(*arguments: object, **named: object) -> object:
        result = whole(*arguments, **named)
        if left:
            left.pop(0)()
        return result

    monkeypatch.setattr(owner, name, call)


def test_many_segments_become_one_and_the_answers_stay(many: IndexParts, truth: Truth):
    assert upkeep.is_wanted(many)
    before = many.position
    done = upkeep.maintain(many, truth.recorded)
    assert any(line.startswith("merged ") for line in done)
    assert any(line.startswith("built the sketch ") for line in done)
    assert not upkeep.is_wanted(many)
    assert many.position == before
    parts = opened(many.folder)
    assert is_whole(parts, BitMap(TEXTS))
    assert found(parts, "customer") == set(TEXTS)
    assert parts.vectors.without_sketch() == ()
    assert any(path.name.endswith(".sketch.faiss") for path in files_of(parts))
    assert len([path for path in files_of(parts) if path.suffix == ".seg"]) == 1
    truth.put(parts, 9, "and goes on")
    assert is_whole(opened(many.folder), BitMap([*TEXTS, 9]))
    assert leftovers(parts) == set()


def test_what_is_committed_while_merging_is_in_the_merged_index(
    many: IndexParts, truth: Truth, monkeypatch: pytest.MonkeyPatch
):
    other = opened(many.folder)

    def change() -> None:
        truth.put(other, 1, "quite other words")
        truth.put(other, 2, None)
        truth.put(other, 7, "a newcomer")

    def change_again() -> None:
        truth.put(other, 3, "late words")

    meanwhile(monkeypatch, WhooshIndex, "merge", change)
    plain = manifests.stamp_files

    def stamp_files(folder: Path, *rest: object) -> object:
        stamps = plain(folder, *rest)
        if folder.parent.name == "merging":  # caught up, and about to wait for the writer's lock
            change_again()
        return stamps

    monkeypatch.setattr(manifests, "stamp_files", stamp_files)
    upkeep.maintain(many, truth.recorded)
    parts = opened(many.folder)
    assert is_whole(parts, BitMap(truth))
    assert found(parts, "customer") == {4, 5}
    assert (found(parts, "quite"), found(parts, "newcomer"), found(parts, "late")) == ({1}, {7}, {3})
    assert parts.position == other.position


def test_more_changes_than_fit_under_the_lock_are_caught_up_with_before(
    many: IndexParts, truth: Truth, monkeypatch: pytest.MonkeyPatch
):
    other = opened(many.folder)

    def change() -> None:
        truth.update({number: f"newcomer {number}" for number in range(100, 110)})
        put(other, {number: truth[number] for number in range(100, 110)}, position=50)

    monkeypatch.setattr(upkeep, "CATCH_UP", 3)
    meanwhile(monkeypatch, WhooshIndex, "merge", change)
    upkeep.maintain(many, truth.recorded)
    assert is_whole(opened(many.folder), BitMap(truth))
    assert found(opened(many.folder), "newcomer") == set(range(100, 110))


def test_words_that_the_database_has_newer_than_the_index_do_no_harm(
    many: IndexParts, truth: Truth, monkeypatch: pytest.MonkeyPatch
):
    other = opened(many.folder)

    def change() -> None:
        truth.put(other, 1, "words that are in the index")
        truth[1] = "words that wait in the outbox"

    meanwhile(monkeypatch, WhooshIndex, "merge", change)
    upkeep.maintain(many, truth.recorded)
    truth.put(many, 1, truth[1])
    assert is_whole(opened(many.folder), BitMap(truth))
    assert found(many, "outbox") == {1}


def test_a_rebuild_that_was_swapped_in_meanwhile_stands(
    many: IndexParts, truth: Truth, monkeypatch: pytest.MonkeyPatch
):
    def rebuild() -> None:
        fresh = IndexParts.begin_rebuild(many.folder, embedder_key=EMBEDDER.key, dimension=EMBEDDER.dimension)
        fresh.apply([], records({20: "anew"}), {20: EMBEDDER.embed_query("anew")}, 60)
        with fresh.writer_lock():
            fresh.swap()

    meanwhile(monkeypatch, WhooshIndex, "merge", rebuild)
    assert not any(line.startswith("merged") for line in upkeep.maintain(many, truth.recorded))
    assert is_whole(opened(many.folder), BitMap([20]))


def test_commits_do_not_sweep_a_graph_that_is_being_built(
    many: IndexParts, truth: Truth, monkeypatch: pytest.MonkeyPatch
):
    other = opened(many.folder)
    meanwhile(monkeypatch, FaissIndex, "build_sketch", lambda: truth.put(other, 1, None))
    assert any(line.startswith("built the sketch") for line in upkeep.maintain(many, truth.recorded))
    parts = opened(many.folder)
    assert parts.vectors.without_sketch() == ()
    assert is_whole(parts, BitMap(truth))


def test_only_one_process_is_at_it(many: IndexParts, truth: Truth, monkeypatch: pytest.MonkeyPatch):
    second: list[list[str]] = []
    other = opened(many.folder)
    meanwhile(monkeypatch, WhooshIndex, "merge", lambda: second.append(upkeep.maintain(other, truth.recorded)))
    assert upkeep.maintain(many, truth.recorded)
    assert second == [[]]


STEPS = {
    "linked": lambda: die_after(states, "link", 2),
    "merged": lambda: die_after(WhooshIndex, "merge"),
    "hashed": lambda: die_after(manifests, "stamp_files"),
    "moved": lambda: die_after(states, "moved_keyword"),
    "about to commit": lambda: setattr(manifests, "write", die),
    "committed": lambda: die_after(states, "commit"),
    "sketch half built": lambda: setattr(vector, "build", half_built),
    "sketch built": lambda: die_after(FaissIndex, "build_sketch"),
    "sketch taken up": lambda: die_after(FaissIndex, "with_sketch"),
}


def half_built(_vectors: np.ndarray, path: Path, _threads: int) -> None:
    (path.parent / ".aside-half").write_bytes(b"half a sketch")
    die()


@needs_fork
@pytest.mark.parametrize("step", STEPS)
def test_killed_anywhere_it_leaves_the_index_whole_and_the_next_commit_sweeps(
    many: IndexParts, truth: Truth, step: str
):
    killed(STEPS[step], lambda: upkeep.maintain(opened(many.folder), truth.recorded))
    parts = opened(many.folder)
    assert is_whole(parts, BitMap(TEXTS))
    truth.put(parts, 8, "a newcomer")
    assert leftovers(parts) == set()
    upkeep.maintain(parts, truth.recorded)
    assert is_whole(opened(many.folder), BitMap(truth))
    assert not upkeep.is_wanted(parts)


# Reading every byte


def test_once_a_day_every_byte_is_read(many: IndexParts, truth: Truth, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(manifests, "SMALL", 0)
    assert "read every byte" in upkeep.maintain(many, truth.recorded)
    assert "read every byte" not in upkeep.maintain(many, truth.recorded)
    truth.put(many, 8, "a newcomer")
    path = newest(many, "bitmaps")
    status = path.stat()
    damage(path, "changed")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    yesterday = time.time() - 25 * 3600
    os.utime(many.folder / upkeep.VERIFIED, (yesterday, yesterday))
    assert "read every byte: damage was found" in upkeep.maintain(many, truth.recorded)
    assert path.name in many.damage
    assert many.note


def test_a_damaged_graph_costs_the_graph_and_nothing_else(many: IndexParts, truth: Truth):
    upkeep.maintain(many, truth.recorded)
    sketch = next(path for path in files_of(many) if path.name.endswith(".sketch.faiss"))
    damage(sketch, "short")
    parts = opened(many.folder)
    assert sketch.name in parts.damage
    assert parts.vectors.ids() == BitMap(TEXTS)
    assert parts.vectors.search(EMBEDDER.embed_query(TEXTS[3]), None, 1)[0].id == 3
