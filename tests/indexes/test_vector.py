from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from indexes.vector import MAX_SEGMENTS, FaissIndex, VectorError


def units(n: int, dimension: int = 8, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((n, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def filled(folder: Path, ids: list[int], rows: np.ndarray) -> FaissIndex:
    index = FaissIndex(folder, rows.shape[1])
    index.apply([], ids, rows)
    return index


def brute(ids: list[int], rows: np.ndarray, query: np.ndarray, limit: int) -> list[int]:
    return [ids[i] for i in np.argsort(-(rows @ query), kind="stable")[:limit]]


def test_the_nearest_come_first_with_their_cosine(tmp_path: Path):
    rows = units(50)
    ids = list(range(100, 150))
    hits = filled(tmp_path, ids, rows).search(rows[7], None, 5)
    assert [hit.id for hit in hits] == brute(ids, rows, rows[7], 5)
    assert hits[0].id == 107
    assert hits[0].score == pytest.approx(1, abs=1e-6)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_an_empty_index_finds_nothing(tmp_path: Path):
    index = FaissIndex(tmp_path, 8)
    assert index.search(units(1)[0], None, 5) == []
    assert index.ids() == BitMap()
    assert index.names() == []
    assert np.isnan(index.scores(units(1)[0], [1, 2])).all()
    assert index.scores(units(1)[0], []).shape == (0,)


def test_more_asked_than_there_is_gives_all(tmp_path: Path):
    index = filled(tmp_path, [1, 2, 3], units(3))
    assert {hit.id for hit in index.search(units(1)[0], None, 100)} == {1, 2, 3}
    assert index.search(units(1)[0], None, 0) == []


def test_only_the_allowed_are_found(tmp_path: Path):
    index = filled(tmp_path, [1, 2, 3], units(3))
    assert [hit.id for hit in index.search(units(1)[0], BitMap([2, 99]), 5)] == [2]
    assert index.search(units(1)[0], BitMap([99]), 5) == []
    assert index.search(units(1)[0], BitMap(), 5) == []


@pytest.mark.parametrize("share", [0.02, 0.5, 1.0])
def test_exact_search_agrees_with_brute_force(tmp_path: Path, share: float):
    rows = units(600)
    ids = list(range(1, 601))
    index = filled(tmp_path, ids[:400], rows[:400])
    index.apply([], ids[400:], rows[400:])
    chosen = np.random.default_rng(1).permutation(600)[: int(600 * share)]
    query = units(1, seed=5)[0]
    hits = index.search(query, BitMap(int(i) + 1 for i in chosen), 20)
    expected = brute([int(i) + 1 for i in chosen], rows[chosen], query, 20)
    assert [hit.id for hit in hits] == expected


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_gaps_between_ids_do_not_matter(tmp_path: Path, step: int):
    rows = units(300)
    ids = [7 + step * at for at in range(300)]
    index = filled(tmp_path, ids, rows)
    index.apply(ids[10:20], [], np.empty((0, 8), np.float32))
    hits = index.search(rows[50], BitMap(ids[15:200]), 30)
    assert [hit.id for hit in hits] == brute(ids[20:200], rows[20:200], rows[50], 30)
    assert index.vectors([ids[50]])[0].tolist() == rows[50].tolist()


def test_an_id_added_again_has_its_new_vector_only(tmp_path: Path):
    rows = units(3)
    index = filled(tmp_path, [1, 2], rows[:2])
    index.apply([], [1], rows[2:])
    assert len(index.search(rows[0], None, 10)) == 2
    assert index.scores(rows[2], [1])[0] == pytest.approx(1, abs=1e-6)


def test_removed_and_added_in_one_commit_is_there(tmp_path: Path):
    rows = units(2)
    index = filled(tmp_path, [1], rows[:1])
    index.apply([1], [1], rows[1:])
    assert index.ids() == BitMap([1])
    assert np.array_equal(index.vectors([1])[0], rows[1])


def test_a_removed_id_is_gone_after_opening_again(tmp_path: Path):
    index = filled(tmp_path, [1, 2], units(2))
    index.apply([1, 50], [], np.empty((0, 8), np.float32))
    again = FaissIndex(tmp_path, 8, index.names())
    assert again.ids() == index.ids() == BitMap([2])
    assert np.isnan(again.vectors([1])).all()


def test_a_commit_that_changes_nothing_writes_nothing(tmp_path: Path):
    index = filled(tmp_path, [1], units(1))
    names = index.names()
    index.apply([7], [], np.empty((0, 8), np.float32))
    assert index.names() == names


def test_scores_and_vectors_keep_the_order_asked(tmp_path: Path):
    rows = units(4)
    index = filled(tmp_path, [10, 20, 30, 40], rows)
    scores = index.scores(rows[2], [40, 7, 30, 30])
    assert scores[[0, 2, 3]] == pytest.approx((rows[[3, 2, 2]] @ rows[2]).tolist(), abs=1e-6)
    assert np.isnan(scores[1])
    assert np.array_equal(index.vectors([30, 10]), rows[[2, 0]])


def test_equal_vectors_come_in_order_of_id(tmp_path: Path):
    rows = np.repeat(units(1), 4, axis=0)
    index = filled(tmp_path, [9, 3, 7, 5], rows)
    assert [hit.id for hit in index.search(rows[0], None, 4)] == [3, 5, 7, 9]
    assert [hit.id for hit in index.search(rows[0], None, 2)] == [3, 5]


def test_the_largest_id_fits(tmp_path: Path):
    index = filled(tmp_path, [2**31 - 1, 1], units(2))
    assert index.search(units(2)[0], None, 1)[0].id == 2**31 - 1


def test_there_are_never_many_segments(tmp_path: Path):
    rows = units(300)
    index = FaissIndex(tmp_path, 8)
    for i in range(0, 300, 3):
        index.apply([i - 3] if i and i % 9 == 0 else [], [i, i + 1, i + 2], rows[i : i + 3])
        assert len(index.names()) <= 3 * MAX_SEGMENTS
    again = FaissIndex(tmp_path, 8, index.names())
    assert again.ids() == BitMap(range(300)) - BitMap(range(6, 297, 9))
    assert np.array_equal(again.vectors(again.ids()), rows[list(again.ids())])


def test_rows_that_were_replaced_over_and_over_are_cleared_away(tmp_path: Path):
    index = filled(tmp_path, list(range(200)), units(200))
    for seed in range(6):
        index.apply([], list(range(0, 200, 5)), units(40, seed=seed))
    stored = sum(len(np.load(tmp_path / name)) for name in index.names() if name.endswith("ids.npy"))
    assert stored <= 400


def test_building_by_batches_writes_a_row_few_times(tmp_path: Path):
    rows, written = units(1000), 0
    index = FaissIndex(tmp_path, 8)
    for start in range(0, 1000, 10):
        before = set(index.names())
        index.apply([], range(start, start + 10), rows[start : start + 10])
        written += sum(len(np.load(tmp_path / name)) for name in set(index.names()) - before if "ids" in name)
    assert written < 8 * 1000
    assert np.array_equal(index.vectors(range(1000)), rows)


def test_states_of_one_index_share_what_they_have_open(tmp_path: Path):
    before = filled(tmp_path, list(range(50)), units(50))
    before.apply([], [60], units(1))
    again = FaissIndex(tmp_path, 8, before.names())
    again.apply([], [61], units(1))
    assert again._segments[0].stored is before._segments[0].stored
    assert before.ids() == BitMap([*range(50), 60])


def test_a_copy_goes_its_own_way_and_the_old_one_still_searches(tmp_path: Path):
    rows = units(3)
    before = filled(tmp_path, [1, 2], rows[:2])
    after = before.copy()
    after.apply([1], [3], rows[2:])
    for path in tmp_path.iterdir():
        path.unlink()
    assert {hit.id for hit in before.search(rows[0], None, 9)} == {1, 2}
    assert {hit.id for hit in after.search(rows[0], None, 9)} == {2, 3}


def test_wrong_shapes_and_double_ids_are_refused(tmp_path: Path):
    index = FaissIndex(tmp_path, 8)
    with pytest.raises(ValueError, match=r"shape \(1, 4\), expected is \(1, 8\)"):
        index.apply([], [1], units(1, 4))
    with pytest.raises(ValueError, match="twice"):
        index.apply([], [1, 1], units(2))
    assert index.ids() == BitMap()


@pytest.mark.parametrize("suffix", ["ids.npy", "vectors.npy", "removed.bin"])
@pytest.mark.parametrize("damage", ["missing", "short"])
def test_a_damaged_file_is_named(tmp_path: Path, suffix: str, damage: str):
    names = filled(tmp_path, [1, 2], units(2)).names()
    path = tmp_path / next(name for name in names if name.endswith(suffix))
    content = path.read_bytes()
    path.unlink()
    if damage == "short":
        path.write_bytes(content[:-1])
    with pytest.raises(VectorError, match=names[0].split(".")[0]):
        FaissIndex(tmp_path, 8, names)


def test_another_dimension_is_refused(tmp_path: Path):
    names = filled(tmp_path, [1], units(1)).names()
    with pytest.raises(VectorError, match="shape"):
        FaissIndex(tmp_path, 16, names)


steps = st.lists(
    st.tuples(st.sets(st.integers(0, 40), max_size=5), st.sets(st.integers(0, 40), max_size=12)), max_size=8
)


@settings(max_examples=40, deadline=None)
@given(steps, st.sets(st.integers(0, 40)), st.integers(1, 45))
def test_batches_leave_what_a_dictionary_would(
    tmp_path_factory: pytest.TempPathFactory, batches: list[tuple[set[int], set[int]]], allowed: set[int], limit: int
):
    index, expected = FaissIndex(tmp_path_factory.mktemp("v"), 8), {}
    for seed, (removed, added) in enumerate(batches):
        rows = units(len(added), seed=seed)
        index.apply(removed, sorted(added), rows)
        expected = {id_: row for id_, row in expected.items() if id_ not in removed}
        expected |= dict(zip(sorted(added), rows, strict=True))
    again = FaissIndex(index.folder, 8, index.names())
    query = units(1, seed=99)[0]
    inside = sorted((float(-(row @ query)), id_) for id_, row in expected.items() if id_ in allowed)
    for state in (index, again):
        assert state.ids() == BitMap(expected)
        hits = state.search(query, BitMap(allowed), limit)
        assert [hit.id for hit in hits] == [id_ for _, id_ in inside[:limit]]


ROOT = Path(__file__).parents[2]
FORKING = """
import os, sys, threading
from pathlib import Path
import numpy as np
from indexes import sketch, vector
vector.SKETCH_FROM, sketch.FETCH_COST = 10, 0
rows = np.random.default_rng(0).standard_normal((3000, 64)).astype(np.float32)
index = vector.FaissIndex(Path(sys.argv[1]), 64)
index.apply([], range(3000), rows)
index.build_sketch(*index.without_sketch(), threads=2)

def ask_and_fork(state):
    state.search(rows[0], None, 10)
    child = os.fork()
    if child == 0:
        state.search(rows[1], None, 10)
        os._exit(7)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)

for state in (index, index.with_sketch("00000001")):
    ask_and_fork(state)
    thread = threading.Thread(target=ask_and_fork, args=[state])
    thread.start()
    thread.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_searches_after_its_parent_did(tmp_path: Path):
    command = [sys.executable, "-c", FORKING, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=ROOT)
    assert done.stdout.split() == ["7"] * 4
