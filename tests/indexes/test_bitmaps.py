from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from indexes.base import Record
from indexes.bitmaps import NO_DAY, Bitmaps, BitmapsError, date_keys, text_print

EPOCH = dt.date(1970, 1, 1).toordinal()
KEYS = ["term:1", "term:2", "term:12", "kind:verbatim", "kind:passage", "study:4"]


def record(id_: int, *keys: str, **fields: int | str) -> Record:
    given_fields = {"text": "", "headings": "", "title": "", "content_hash": "h"} | fields
    return Record(id=id_, keys=frozenset(keys), **given_fields)


def filled(*records: Record) -> Bitmaps:
    bitmaps = Bitmaps()
    bitmaps.apply([], records)
    return bitmaps


def test_a_key_knows_its_records():
    bitmaps = filled(record(1, "term:1", "kind:verbatim"), record(2, "term:1"), record(3))
    assert bitmaps.get("term:1") == BitMap([1, 2])
    assert bitmaps.get("kind:verbatim") == BitMap([1])
    assert bitmaps.get("term:9") == BitMap()
    assert bitmaps.live == BitMap([1, 2, 3])


def test_a_removed_tag_does_not_come_back():
    bitmaps = filled(record(1, "term:1", "term:2"))
    bitmaps.apply([], [record(1, "term:2")])
    assert bitmaps.get("term:1") == BitMap()
    assert bitmaps.get("term:2") == BitMap([1])
    assert set(bitmaps.keys("term:")) == {"term:2"}


def test_a_removed_record_leaves_every_key_and_column():
    bitmaps = filled(record(1, "term:1", study=4, respondent=5, day=100), record(2, "term:1", study=4))
    bitmaps.apply([1, 77], [])
    assert bitmaps.get("term:1") == bitmaps.live == BitMap([2])
    assert bitmaps.days([1]).tolist() == [NO_DAY]
    assert bitmaps.count_distinct("respondent", BitMap([1, 2])) == 0


def test_removing_an_id_that_never_was_costs_no_memory():
    bitmaps = filled(record(1))
    bitmaps.apply([2**31 - 1], [])
    assert bitmaps.live == BitMap([1])


def test_keys_are_found_by_prefix():
    bitmaps = filled(record(1, *KEYS))
    assert set(bitmaps.keys("term:1")) == {"term:1", "term:12"}
    assert set(bitmaps.keys("term:")) == {"term:1", "term:2", "term:12"}
    assert set(bitmaps.keys("t")) == {"term:1", "term:2", "term:12"}
    assert set(bitmaps.keys()) == set(KEYS)


def test_any_unites_and_of_nothing_is_nothing():
    bitmaps = filled(record(1, "term:1"), record(2, "term:2"), record(3, "term:12"))
    assert bitmaps.any(["term:1", "term:2", "term:404"]) == BitMap([1, 2])
    assert bitmaps.any([]) == BitMap()


def test_counts_hold_only_keys_with_hits():
    bitmaps = filled(record(1, "term:1"), record(2, "term:1", "term:2"), record(3, "term:12"))
    assert bitmaps.counts("term:", BitMap([1, 2])) == {"term:1": 2, "term:2": 1}


def test_people_and_studies_are_counted_once_and_zero_is_nobody():
    bitmaps = filled(record(1, study=4, respondent=9), record(2, study=4, respondent=9), record(3, study=5))
    assert bitmaps.count_distinct("study", BitMap([1, 2, 3])) == 2
    assert bitmaps.count_distinct("respondent", BitMap([1, 2, 3])) == 1
    assert bitmaps.count_distinct("study", BitMap()) == 0


def test_days_come_in_the_order_asked_and_unknown_ids_have_none():
    bitmaps = filled(record(3, day=30), record(1, day=10), record(2))
    assert bitmaps.days([3, 9999, 1, 2]).tolist() == [30, NO_DAY, 10, NO_DAY]
    assert bitmaps.days(BitMap([1, 3])).tolist() == [10, 30]
    assert bitmaps.days([]).dtype == np.int32


def test_a_copy_goes_its_own_way():
    before = filled(record(1, "term:1", study=4))
    after = before.copy()
    after.apply([1], [record(2, "term:1", study=5)])
    assert before.get("term:1") == before.live == BitMap([1])
    assert before.column("study", [1]).tolist() == [4]
    assert after.get("term:1") == BitMap([2])


def test_a_fingerprint_changes_with_the_words_and_not_with_the_keys():
    plain = record(1, "term:1", text="slow app")
    assert text_print(plain) == text_print(record(1, "term:2", text="slow app", study=3))
    others = [record(1, text="slow apps"), record(1, text="slow app", title="T"), record(1, title="slow app")]
    assert text_print(plain) not in {text_print(other) for other in others}


def test_what_is_saved_is_loaded(tmp_path: Path):
    bitmaps = filled(record(1, *KEYS, study=4, respondent=2, day=-5), record(70000, "term:1"))
    bitmaps.save(tmp_path / "b")
    loaded = Bitmaps.load(tmp_path / "b")
    assert {key: loaded.get(key) for key in loaded.keys()} == {key: bitmaps.get(key) for key in bitmaps.keys()}  # noqa: SIM118
    assert loaded.live == bitmaps.live
    for column in ("study", "respondent", "day", "text"):
        assert (loaded.column(column, loaded.live) == bitmaps.column(column, bitmaps.live)).all()
    loaded.apply([], [record(5, "term:1")])
    assert loaded.get("term:1") == BitMap([1, 5, 70000])


def test_an_empty_one_is_saved_and_loaded(tmp_path: Path):
    Bitmaps().save(tmp_path / "b")
    assert Bitmaps.load(tmp_path / "b").live == BitMap()


@pytest.mark.parametrize("position", [0, 30, 60, -1])
def test_a_flipped_bit_is_named(tmp_path: Path, position: int):
    path = tmp_path / "bits.bin"
    filled(record(1, *KEYS)).save(path)
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)
    with pytest.raises(BitmapsError, match=r"bits\.bin has been changed"):
        Bitmaps.load(path)


def test_a_missing_or_short_file_is_named(tmp_path: Path):
    with pytest.raises(BitmapsError, match="none cannot be read"):
        Bitmaps.load(tmp_path / "none")
    path = tmp_path / "short"
    filled(record(1)).save(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BitmapsError, match="short"):
        Bitmaps.load(path)


def test_date_keys_name_year_month_and_day():
    assert date_keys(dt.date(2025, 3, 31)) == {"year:2025", "month:2025-03", "day:2025-03-31"}
    assert date_keys(dt.date(33, 4, 3)) == {"year:0033", "month:0033-04", "day:0033-04-03"}


days = st.dates(dt.date(2023, 11, 1), dt.date(2026, 2, 28)) | st.sampled_from([dt.date.min, dt.date.max])


@settings(max_examples=150, deadline=None)
@given(st.lists(days, max_size=40), st.none() | days, st.none() | days)
def test_a_period_holds_exactly_the_days_between(said: list[dt.date], since: dt.date | None, until: dt.date | None):
    bitmaps = filled(*(record(i, *date_keys(day)) for i, day in enumerate(said, 1)), record(1000, "kind:verbatim"))
    low, high = since or dt.date.min, until or dt.date.max
    assert bitmaps.period(since, until) == BitMap(i for i, day in enumerate(said, 1) if low <= day <= high)


batches = st.lists(
    st.tuples(
        st.lists(st.integers(0, 30), max_size=4),
        st.lists(st.tuples(st.integers(0, 30), st.frozensets(st.sampled_from(KEYS))), max_size=6),
    ),
    max_size=6,
)


@settings(max_examples=100, deadline=None)
@given(batches)
def test_batches_leave_what_a_dictionary_would(steps: list[tuple[list[int], list[tuple[int, frozenset[str]]]]]):
    bitmaps, expected = Bitmaps(), {}
    for removed, added in steps:
        bitmaps.apply(removed, [record(id_, *keys, study=id_ + 1) for id_, keys in added])
        expected = {id_: keys for id_, keys in expected.items() if id_ not in removed} | dict(added)
    assert bitmaps.live == BitMap(expected)
    for key in KEYS:
        assert bitmaps.get(key) == BitMap(id_ for id_, keys in expected.items() if key in keys)
    assert bitmaps.count_distinct("study", BitMap(range(40))) == len(expected)
