"""Two keyword engines and one meaning: what each finds, how alike they rank, and how each lies on disk."""

from __future__ import annotations

import csv
import hashlib
import os
import random
import re
import signal
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from indexes import manifest as manifests
from indexes import tantivy_search
from indexes.analyzer import Analyzer
from indexes.base import KeywordQuery, Record
from indexes.engines import Engine, KeywordPart, create_keyword, open_keyword
from indexes.parts import IndexMismatch, IndexParts
from indexes.query import parse

DEMO = Path(__file__).parents[2] / "insightrepo" / "demo" / "files"
ENGINES: tuple[Engine, ...] = ("whoosh", "tantivy")
ODD = (
    "W-2 form",
    "R&D and C++",
    "T-Mobile, T Mobile; TMobile",
    "sign in / sign-in, signin",
    "日本語のテスト",
    "München",
    "ﷺ",
)


def texts() -> list[str]:
    """The demo's verbatims and the paragraphs of its reports, and texts that are hard to cut."""
    with (DEMO / "verbatims.csv").open(encoding="utf-8", newline="") as file:
        said = [max(row.values(), key=len) for row in islice(csv.DictReader(file), 60)]
    reports = [path.read_text(encoding="utf-8") for path in sorted(DEMO.rglob("*.md"))]
    written = [part for report in reports for part in re.split(r"\n\s*\n", report) if len(part.split()) > 5]
    return [*said, *written, *ODD]


def made() -> list[Record]:
    """The texts as records; every second one has headings, ten in a row share a title."""
    found = texts()
    heads = [" ".join(text.split()[:3]) if number % 2 else "" for number, text in enumerate(found)]
    titles = [" ".join(found[number - number % 10].split()[:4]) for number in range(len(found))]
    zipped = enumerate(zip(found, heads, titles, strict=True), start=1)
    return [Record(number, *record, "", frozenset()) for number, record in zipped]


RECORDS = made()
ENGLISH = Analyzer("en")
TOKENS = {
    record.id: {
        token
        for text in (record.text, record.headings, record.title)
        for stack in ENGLISH.stacks(text)
        for token in stack
    }
    for record in RECORDS
}
WORDS = sorted({word for record in RECORDS for word in record.text.split()})
Pair = tuple[KeywordPart, KeywordPart]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """The same records in both, by several commits, some replaced and some removed."""
    indexes = tuple(create_keyword(engine, tmp_path_factory.mktemp(engine), "en") for engine in ENGINES)
    for index in indexes:
        index.apply([], [Record(record.id, "to be replaced", "", "", "", frozenset()) for record in RECORDS[:40]])
        index.apply([5, 6], RECORDS)
        index.apply([7, 8, 9], [])
    return indexes


PIECES = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(WORDS).map(lambda word: f"-{word}"),
    st.sampled_from(RECORDS).map(lambda record: f'"{" ".join(record.text.split()[1:4])}"'),
    st.sampled_from(
        ("W-2", "w2", '"T Mobile"', "-R&D", "signin", "sign in", '-"sign in"', "login/signup", "the", "日本")
    ),
    st.text(max_size=8),
)
TYPED = st.lists(PIECES, max_size=5).map(" ".join)
ALLOWED = st.none() | st.sets(st.integers(0, len(RECORDS) + 5)).map(BitMap)


@settings(deadline=None, max_examples=150)
@given(TYPED, ALLOWED)
def test_both_find_the_same_whatever_is_typed(pair: Pair, typed: str, allowed: BitMap | None) -> None:
    query = parse(typed).keywords
    found = [{hit.id for hit in index.search(query, allowed, 10_000)} for index in pair]
    assert found[0] == found[1]
    assert pair[0].matching(query) == pair[1].matching(query)
    looked_at = sorted(found[0])[:3]
    assert pair[0].fit(query, looked_at) == pair[1].fit(query, looked_at)


@given(st.sampled_from(WORDS), ALLOWED)
def test_both_know_which_words_stand_in_what_is_allowed(pair: Pair, word: str, allowed: BitMap | None) -> None:
    for token in {token for stack in ENGLISH.stacks(word) for token in stack}:
        having = {record.id for record in RECORDS if record.id not in (7, 8, 9) and token in TOKENS[record.id]}
        within = BitMap(range(1, len(RECORDS) + 1)) if allowed is None else allowed
        assert [index.has(token, within) for index in pair] == [bool(having & set(within))] * 2


@settings(deadline=None, max_examples=150)
@given(TYPED, ALLOWED, st.integers(1, 40))
def test_a_filter_and_a_limit_cut_the_whole_ranking_and_nothing_else(
    pair: Pair, typed: str, allowed: BitMap | None, limit: int
) -> None:
    query = parse(typed).keywords
    for index in pair:
        ranked = [hit.id for hit in index.search(query, None, 10_000)]
        expected = [number for number in ranked if allowed is None or number in allowed][:limit]
        found = [hit.id for hit in index.search(query, allowed, limit)]
        assert len(found) == len(expected)
        assert len(query.words) > 2 or found == expected  # the order of summing may move the last digit of a score


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 1.0])
def test_tantivy_gives_as_many_as_there_are_at_every_selectivity(
    tmp_path: Path, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tantivy_search, "SPARE_HITS", 2)
    monkeypatch.setattr(tantivy_search, "DEEPEST", 400)
    rng = random.Random(1)
    index = create_keyword("tantivy", tmp_path, "en")
    lines = {n: " ".join(rng.choices(("alpha", "beta", "gamma", f"w{n % 7}"), k=6)) for n in range(1, 1501)}
    index.apply([], [Record(number, line, "", "", "", frozenset()) for number, line in lines.items()])
    for words in (("alpha",), ("alpha", "w3"), ("w1",)):
        query = KeywordQuery(words)
        allowed = BitMap(rng.sample(range(1, 1501), int(1500 * share)))
        ranked = [hit for hit in index.search(query, None, 1500) if hit.id in allowed]
        assert {hit.id for hit in ranked} == {n for n in allowed if set(words) & set(lines[n].split())}
        for limit in (1, 10, 200):
            assert index.search(query, allowed, limit) == ranked[:limit]
        assert ranked == sorted(ranked, key=lambda hit: (-hit.score, -hit.id))


def test_a_word_of_very_many_records_is_not_read_whole_for_a_filter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tantivy_search, "DEEPEST", 10)
    index, asked = create_keyword("tantivy", tmp_path, "en"), list[int]()
    lines = {n: "alpha " + "beta " * (n % 50) for n in range(1, 4001)}
    index.apply([], [Record(number, line, "", "", "", frozenset()) for number, line in lines.items()])
    every_third, query = BitMap(range(1, 4001, 3)), KeywordQuery(("alpha",))
    whole = [hit for hit in index.search(query, None, 4000) if hit.id in every_third]
    searching = tantivy_search.Searching
    listed = searching._listed
    monkeypatch.setattr(
        searching, "_listed", lambda self, query, limit: asked.append(limit) or listed(self, query, limit)
    )
    fresh = open_keyword("tantivy", tmp_path, "en")  # one that has kept nothing
    assert fresh.search(query, every_third, 100) == whole[:100]
    assert 0 < max(asked) < 1000  # of the 4,000


@pytest.mark.parametrize("length", [1, 3, 8])
def test_the_top_tens_are_alike(pair: Pair, length: int) -> None:
    rng, shares = random.Random(length), []
    for _ in range(60):
        words = tuple(rng.choices(rng.choice(RECORDS).text.split(), k=length))
        tops = [{hit.id for hit in index.search(KeywordQuery(words), None, 10)} for index in pair]
        shares.append(len(tops[0] & tops[1]) / len(tops[0]) if tops[0] else 1.0)
    assert sum(shares) / len(shares) > 0.9


# On disk


def put(parts: IndexParts, texts_: dict[int, str], removed: tuple[int, ...] = ()) -> None:
    with parts.writer_lock():
        records = [Record(number, text, "", "", f"hash {text}", frozenset()) for number, text in texts_.items()]
        parts.apply(removed, records, {}, 1)


def opened(folder: Path, engine: Engine = "tantivy") -> IndexParts:
    return IndexParts.open(folder, embedder_key=None, dimension=None, engine=engine)


def found(parts: IndexParts, word: str) -> set[int]:
    return {hit.id for hit in parts.state.keyword.search(KeywordQuery((word,)), None, 100)}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    return request.param


@pytest.fixture
def filled(engine: Engine, tmp_path: Path) -> IndexParts:
    parts = opened(tmp_path, engine)
    put(parts, {1: "the app is slow", 2: "kind staff", 3: "no download"})
    return parts


def test_commits_stay_and_lock_files_are_no_part(filled: IndexParts, engine: Engine) -> None:
    for number in range(4, 16):
        put(filled, {number: f"slow again {number}"}, (number - 3,))
    for parts in (filled, opened(filled.folder, engine)):
        assert parts.ids() == {"keyword": BitMap([13, 14, 15]), "bitmaps": BitMap([13, 14, 15])}
        assert found(parts, "slow") == {13, 14, 15}
        assert parts.verify() == []
    names = [stamp.name for stamp in filled.state.manifest.parts["keyword"].files]
    assert len(names) < 60
    assert not [name for name in names if name.lower().endswith("lock")]


def test_a_commit_changes_no_file_of_the_one_before(engine: Engine, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    before = create_keyword(engine, old, "en")
    for number in range(1, 10):
        before.apply([], [Record(number, f"slow page {number}", "", "", "", frozenset())])
    files = [path for path in old.iterdir() if not path.name.lower().endswith("lock")]
    sums = {path: hashlib.sha256(path.read_bytes()).digest() for path in files}
    new.mkdir()
    for path in files:
        os.link(path, new / path.name)
    after = open_keyword(engine, new, "en")
    after.apply([1, 2], [Record(number, "slow indeed", "", "", "", frozenset()) for number in range(9, 30)])
    assert {path: hashlib.sha256(path.read_bytes()).digest() for path in sums} == sums
    assert before.ids() == open_keyword(engine, old, "en").ids() == BitMap(range(1, 10))
    assert after.ids() == BitMap(range(3, 30))


def test_a_reader_goes_on_where_the_files_of_its_commit_were_deleted(filled: IndexParts) -> None:
    taken = filled.state.keyword
    for number in range(3):
        put(filled, {1: f"other words {number}"})
    assert not taken.folder.exists()
    assert [hit.id for hit in taken.search(KeywordQuery(("slow",), ("app is",)), None, 9)] == [1]


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="expected: this system does not fork")


@needs_fork
@pytest.mark.parametrize("step", ["keyword written", "files hashed", "manifest written"])
def test_a_killed_commit_happened_wholly_or_not_at_all(filled: IndexParts, engine: Engine, step: str) -> None:
    owner, name = {
        "keyword written": (type(filled.state.keyword), "apply"),
        "files hashed": (manifests, "stamp_files"),
        "manifest written": (manifests, "write"),
    }[step]
    child = os.fork()
    if child == 0:
        whole = getattr(owner, name)
        setattr(owner, name, lambda *args, **named: (whole(*args, **named), os.kill(os.getpid(), signal.SIGKILL)))
        put(opened(filled.folder, engine), {4: "four"}, (1,))
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    parts = opened(filled.folder, engine)
    assert parts.ids()["keyword"] == BitMap([2, 3, 4] if step == "manifest written" else [1, 2, 3])
    assert parts.verify() == []
    put(parts, {4: "four"}, (1,))
    assert opened(filled.folder, engine).ids()["keyword"] == BitMap([2, 3, 4])


def test_another_engine_asks_for_a_reindex_which_mends_it(filled: IndexParts, engine: Engine) -> None:
    other: Engine = "whoosh" if engine == "tantivy" else "tantivy"
    with pytest.raises(IndexMismatch, match=rf"engine {engine}, but now it is {other}: run 'insightrepo reindex'"):
        opened(filled.folder, other)
    assert found(opened(filled.folder, engine), "slow") == {1}
    rebuilt = IndexParts.begin_rebuild(filled.folder, embedder_key=None, dimension=None, engine=other)
    with rebuilt.writer_lock():
        records = [Record(1, "the app is slow", "", "", "", frozenset())]
        rebuilt.apply([], records, {}, 1)
        rebuilt.swap()
    assert found(opened(filled.folder, other), "slow") == {1}
    assert opened(filled.folder, other).verify() == []


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="expected: this system does not list its threads")
def test_a_closed_index_leaves_no_thread_and_an_open_one_at_most_a_watcher(filled: IndexParts, engine: Engine) -> None:
    before = len(os.listdir("/proc/self/task"))
    index = open_keyword(engine, filled.state.keyword.folder, "en")
    index.search(KeywordQuery(("slow",), ("app is",)), BitMap([1, 2]), 10)
    assert len(os.listdir("/proc/self/task")) <= before + (engine == "tantivy")
