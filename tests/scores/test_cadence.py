"""The calendar: cadence read from the waves, missing ones named, gaps between two waves."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insightrepo.scores.waves.cadence import Measured, missing_between, series
from insightrepo.scores.waves.waves import wave_period

LONG_AGO = dt.date(1900, 1, 1)


def waves(*codes: str, instrument: int = 1) -> list[Measured]:
    return [Measured(code, *wave_period(code), instrument) for code in codes]


def starting(*days: str, instrument: int = 1, length: int = 14) -> list[Measured]:
    firsts = [dt.date.fromisoformat(day) for day in days]
    return [Measured(f"wave of {day}", day, day + dt.timedelta(days=length), instrument) for day in firsts]


def test_a_quarter_that_was_left_out_is_named():
    found = series(waves("2024-Q4", "2025-Q1", "2025-Q4"), LONG_AGO)
    assert [(s.cadence, s.missing, s.due) for s in found] == [("quarterly", ("2025-Q2", "2025-Q3"), ())]


@pytest.mark.parametrize(
    ("codes", "cadence", "missing"),
    [
        (("2024-11", "2025-02"), "monthly", ("2024-12", "2025-01")),
        (("2018", "2021"), "yearly", ("2019", "2020")),
        (("2025-Q1", "2025-Q2"), "quarterly", ()),
        (("2025-Q3",), "quarterly", ()),
    ],
)
def test_the_cadence_is_what_the_codes_say(codes, cadence, missing):
    (found,) = series(waves(*codes), LONG_AGO)
    assert (found.cadence, found.missing) == (cadence, missing)


def test_what_is_over_since_the_last_wave_is_due_and_the_running_quarter_is_not():
    (found,) = series(waves("2025-Q1", "2025-Q2"), dt.date(2026, 3, 31))
    assert found.due == ("2025-Q3", "2025-Q4")
    (a_day_later,) = series(waves("2025-Q1", "2025-Q2"), dt.date(2026, 4, 1))
    assert a_day_later.due == ("2025-Q3", "2025-Q4", "2026-Q1")


def test_one_wave_is_no_series_and_owes_nothing():
    (found,) = series(waves("2020"), dt.date(2026, 1, 1))
    assert (found.missing, found.due) == ((), ())


def test_two_cadences_do_not_mix():
    found = series(waves("2025-Q1", "2025", "2025-Q2", "2023"), LONG_AGO)
    assert [(s.cadence, s.missing) for s in found] == [("quarterly", ()), ("yearly", ("2024",))]


def test_waves_of_other_names_are_regular_where_they_follow_each_other_so():
    (found,) = series(starting("2025-01-13", "2025-04-14", "2025-10-13", "2026-01-12"), LONG_AGO)
    assert (found.cadence, found.missing) == ("quarterly", ("2025-Q3",))


def test_waves_that_follow_no_rule_are_irregular_and_nothing_is_missing():
    (found,) = series(starting("2025-01-13", "2025-02-01", "2025-11-05"), dt.date(2030, 1, 1))
    assert (found.cadence, found.missing, found.due) == ("irregular", (), ())


def test_a_change_of_instrument_does_not_end_the_calendar():
    some = waves("2025-Q1", "2025-Q2") + waves("2025-Q4", instrument=2)
    (found,) = series(some, LONG_AGO)
    assert found.missing == ("2025-Q3",)


def test_a_comparison_over_a_gap_names_what_is_missing():
    some = waves("2025-Q1", "2025-Q4", "2026-Q1")
    assert missing_between(some, "2025-Q1", "2025-Q4") == ("2025-Q2", "2025-Q3")
    assert missing_between(some, "2025-Q4", "2026-Q1") == ()
    assert missing_between(some, "2025-Q1", "2026-Q1") == ("2025-Q2", "2025-Q3")
    assert missing_between(some, "2025-Q1", "no such wave") == ()


@given(st.sets(st.integers(8000, 8040), min_size=2))
def test_waves_and_missing_ones_make_a_series_without_holes(quarters):
    codes = [f"{number // 4}-Q{number % 4 + 1}" for number in sorted(quarters)]
    (found,) = series(waves(*codes), LONG_AGO)
    assert len(found.missing) + len(codes) == max(quarters) - min(quarters) + 1
    assert not set(found.missing) & set(codes)
