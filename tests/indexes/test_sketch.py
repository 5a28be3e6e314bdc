from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from indexes import sketch, vector
from indexes.sketch import Sketch, SketchError
from indexes.vector import FaissIndex, VectorError

ROWS, DIMENSION = 1600, 24
NAME = "00000001"


def units(n: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((n, DIMENSION)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(autouse=True)
def _small_is_large(monkeypatch: pytest.MonkeyPatch):
    """Graphs from 1,000 rows on, asked where the filter keeps a good share."""
    monkeypatch.setattr(vector, "SKETCH_FROM", 1000)
    monkeypatch.setattr(sketch, "LEAST", 120)
    monkeypatch.setattr(sketch, "FETCH_COST", 1)


def made(folder: Path) -> FaissIndex:
    """1,600 ids, 5 to 1,604, by a sketch."""
    index = FaissIndex(folder, DIMENSION)
    index.apply([], range(5, ROWS + 5), units(ROWS))
    index.build_sketch(NAME)
    return index.with_sketch(NAME)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> FaissIndex:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vector, "SKETCH_FROM", 1000)
        return made(tmp_path_factory.mktemp("sketch"))


def exact(index: FaissIndex) -> FaissIndex:
    return FaissIndex(index.folder, DIMENSION, [name for name in index.names() if "sketch" not in name])


def found(index: FaissIndex, query: np.ndarray, allowed: BitMap | None, limit: int) -> list[int]:
    return [hit.id for hit in index.search(query, allowed, limit)]


def test_only_large_segments_want_a_sketch(tmp_path: Path):
    index = FaissIndex(tmp_path, DIMENSION)
    index.apply([], range(999), units(999))
    assert index.without_sketch() == ()
    index.apply([], range(999, 1500), units(501))
    assert index.without_sketch() == ("00000002",)
    index.build_sketch("00000002")
    assert index.without_sketch() == ("00000002",)
    assert index.with_sketch("00000002").without_sketch() == ()


def test_a_graph_counts_only_where_its_file_is_named(tmp_path: Path):
    with_sketch = made(tmp_path)
    without = exact(with_sketch)
    assert with_sketch.names() == [*without.names(), f"{NAME}.sketch.faiss"]
    again = FaissIndex(tmp_path, DIMENSION, with_sketch.names())
    assert again.names() == with_sketch.names()
    (tmp_path / f"{NAME}.sketch.faiss").write_bytes(b"damaged")
    assert found(FaissIndex(tmp_path, DIMENSION, without.names()), units(1, 9)[0], None, 5)


def test_the_graph_is_asked_when_nothing_is_filtered(index: FaissIndex, monkeypatch: pytest.MonkeyPatch):
    asked = []
    monkeypatch.setattr(Sketch, "nearest", lambda self, query, fetch: asked.append(fetch) or np.arange(100))
    assert len(index.search(units(1, 9)[0], None, 50)) == 50
    assert asked == [125]  # 2.5 times as many as are wanted


@pytest.mark.parametrize("share", [1.0, 0.5, 0.1, 0.01])
@pytest.mark.parametrize("limit", [20, 300])
def test_nearly_all_of_the_nearest_are_found(index: FaissIndex, share: float, limit: int):
    allowed = None if share == 1 else BitMap(range(5, ROWS + 5, round(1 / share)))
    truth, hits, right = exact(index), 0, 0
    for query in units(40, seed=3):
        best = set(found(truth, query, allowed, limit))
        hits += len(best & set(found(index, query, allowed, limit)))
        right += len(best)
    assert hits >= 0.97 * right


def test_many_variants_around_one_text_stay_within_reach(tmp_path: Path):
    random = np.random.default_rng(0)
    texts, noise = random.standard_normal((4, 128)), random.standard_normal((ROWS, 128)) * (0.5 / 128**0.5)
    noise[:4] = 0
    rows = np.tile(texts / np.linalg.norm(texts, axis=1, keepdims=True), (ROWS // 4, 1)) + noise
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    sketch.build(rows, tmp_path / "g")
    opened = Sketch(tmp_path / "g", ROWS, 128)
    assert np.mean([at in opened.nearest(rows[at], 120) for at in range(0, ROWS, 5)]) >= 0.98


def test_what_a_filter_keeps_far_from_the_question_is_found(index: FaissIndex):
    query, truth = units(1, seed=3)[0], exact(index)
    far = BitMap(found(truth, -query, None, ROWS // 2))
    assert found(index, query, far, 50) == found(truth, query, far, 50)


def test_scores_are_exact_cosines(index: FaissIndex):
    query, rows = units(1, seed=4)[0], units(ROWS)
    hits = index.search(query, None, 50)
    assert [hit.score for hit in hits] == pytest.approx([float(rows[hit.id - 5] @ query) for hit in hits], abs=1e-6)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert hits[0] == exact(index).search(query, None, 1)[0]


@pytest.mark.parametrize("cost", [0, 1])
@settings(max_examples=50, deadline=None)
@given(data=st.data(), share=st.sampled_from([0, 0.005, 0.03, 0.1, 0.5, 0.9, 1]), limit=st.integers(0, 400))
def test_only_the_allowed_are_found_and_as_many_as_there_are(
    index: FaissIndex, cost: int, data: st.DataObject, share: float, limit: int
):
    seed = data.draw(st.integers(0, 1000))
    allowed = BitMap(np.flatnonzero(np.random.default_rng(seed).random(ROWS + 10) < share).tolist())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sketch, "FETCH_COST", cost)
        hits = found(index, units(1, seed)[0], allowed, limit)
    inside = allowed & BitMap(range(5, ROWS + 5))
    assert len(hits) == len(set(hits)) == min(limit, len(inside))
    assert inside.issuperset(BitMap(hits))


def test_fewer_candidates_than_wanted_gives_all_of_them(index: FaissIndex):
    assert set(found(index, units(1)[0], BitMap(range(100, 180)), 1001)) == set(range(100, 180))
    assert len(found(index, units(1)[0], None, 10**6)) == ROWS


def test_a_removed_or_replaced_id_does_not_come_back(tmp_path: Path):
    index = made(tmp_path)
    query = units(ROWS)[0]
    near = found(index, query, None, 100)
    removed, replaced = near[:50], near[50:]
    index.apply(removed, replaced, np.repeat(-query[None], len(replaced), axis=0))
    for state in (index, FaissIndex(tmp_path, DIMENSION, index.names())):
        assert f"{NAME}.sketch.faiss" in state.names()
        hits = found(state, query, None, ROWS)
        assert len(hits) == ROWS - len(removed)
        assert not set(hits) & set(removed)
        assert set(hits[-len(replaced) :]) == set(replaced)
        assert not set(found(state, query, None, 60)) & set(near)


def test_small_commits_leave_the_graph_alone_and_are_found(tmp_path: Path):
    index = made(tmp_path)
    for at in range(30):
        index.apply([5 + at], [9000 + at], units(1, seed=50 + at))
    assert f"{NAME}.sketch.faiss" in index.names()
    assert index.without_sketch() == ()
    assert all(found(index, units(1, seed=50 + at)[0], None, 1) == [9000 + at] for at in range(30))


def test_a_graph_goes_once_a_quarter_of_its_rows_are_dead(tmp_path: Path):
    index = made(tmp_path)
    index.apply(range(5, 5 + ROWS // 4), [], np.empty((0, DIMENSION), np.float32))
    assert f"{NAME}.sketch.faiss" in index.names()
    index.apply([5 + ROWS // 4], [], np.empty((0, DIMENSION), np.float32))
    assert [name.split(".", 1)[1] for name in index.names()] == ["ids.npy", "vectors.npy", "removed.bin"]
    assert index.without_sketch() == (index.names()[0].split(".")[0],)
    assert len(index.ids()) == ROWS - ROWS // 4 - 1


def test_a_graph_goes_once_half_as_much_was_added(tmp_path: Path):
    index = made(tmp_path)
    index.apply([], range(9000, 9000 + ROWS // 2 - 1), units(ROWS // 2 - 1, seed=1))
    assert f"{NAME}.sketch.faiss" in index.names()
    index.apply([], [8000], units(1, seed=2))
    assert not any("sketch" in name for name in index.names())
    assert len(index.ids()) == ROWS + ROWS // 2


def test_a_graph_of_a_state_from_before_a_merge_cannot_be_taken_up(tmp_path: Path):
    before = made(tmp_path)
    after = exact(before)
    after.apply([], range(9000, 9000 + ROWS), units(ROWS, seed=1))
    with pytest.raises(ValueError, match=f"no segment {NAME}"):
        after.with_sketch(NAME)
    with pytest.raises(ValueError, match=f"no segment {NAME}"):
        after.build_sketch(NAME)
    assert len(found(before, units(1)[0], None, 40)) == 40


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "header", "another", "no sketch"])
def test_a_damaged_graph_is_named(tmp_path: Path, damage: str):
    names = made(tmp_path).names()
    path = tmp_path / f"{NAME}.sketch.faiss"
    content = path.read_bytes()
    path.unlink()
    if damage in ("empty", "cut", "header"):
        changed = {"empty": b"", "cut": content[:-100], "header": content[:4] + b"\xff" * 4 + content[8:]}
        path.write_bytes(changed[damage])
    if damage == "another":
        sketch.build(units(ROWS - 1), path)
    if damage == "no sketch":
        faiss.write_index(faiss.IndexFlatIP(DIMENSION), str(path))
    with pytest.raises(VectorError, match=str(path)):
        FaissIndex(tmp_path, DIMENSION, names)


def test_a_graph_of_another_dimension_is_refused(tmp_path: Path):
    sketch.build(units(50), tmp_path / "g")
    with pytest.raises(SketchError, match="50 vectors of 25 numbers"):
        Sketch(tmp_path / "g", 50, DIMENSION + 1)


def test_a_build_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    index = exact(made(tmp_path / "index"))
    (index.folder / f"{NAME}.sketch.faiss").unlink()
    before = sorted(index.folder.iterdir())

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(faiss, "write_index", killed)
    with pytest.raises(KeyboardInterrupt):
        index.build_sketch(NAME)
    assert sorted(index.folder.iterdir()) == before


def test_building_leaves_one_thread_behind(tmp_path: Path):
    sketch.build(units(300), tmp_path / "g", threads=2)
    assert faiss.omp_get_max_threads() == 1


def test_a_search_in_any_thread_starts_no_others(index: FaissIndex):
    seen = []

    def ask() -> None:
        index.search(units(1)[0], None, 10)
        seen.append(faiss.omp_get_max_threads())

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert seen == [1]


def test_threads_find_what_one_finds(index: FaissIndex):
    queries = units(60, seed=8)
    alone = [found(index, query, None, 30) for query in queries]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda query: found(index, query, None, 30), queries)) == alone


def test_an_open_state_outlives_its_files(tmp_path: Path):
    index = made(tmp_path)
    before = found(index, units(1, 7)[0], None, 30)
    for path in tmp_path.iterdir():
        path.unlink()
    assert found(index, units(1, 7)[0], None, 30) == before


def test_the_over_fetch_follows_from_the_share_that_is_allowed():
    assert sketch.fetch_for(10**6, 10**6, 1000) == 2500
    assert sketch.fetch_for(10**6, 500_000, 1000) == 5000
    assert sketch.fetch_for(10**6, 10**4, 1000) is None
