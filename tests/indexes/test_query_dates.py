"""Dates as people type them have a first and a last day."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexes.query_dates import days, first_day, last_day

TODAY = date(2026, 2, 11)  # a Wednesday


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("2025", date(2025, 1, 1), date(2025, 12, 31)),
        ("2025-Q1", date(2025, 1, 1), date(2025, 3, 31)),
        ("2024q4", date(2024, 10, 1), date(2024, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2025-3", date(2025, 3, 1), date(2025, 3, 31)),
        ("2025-03-14", date(2025, 3, 14), date(2025, 3, 14)),
        ("2024-Q3..2025-02", date(2024, 7, 1), date(2025, 2, 28)),
        ("2025-02..2024", None, None),
        ("2025-02-29", None, None),
        ("2025-Q5", None, None),
        ("0000", None, None),
        ("2025-00", None, None),
        ("٢٠٢٥", None, None),
        ("March", None, None),
        ("..", None, None),
    ],
)
def test_a_date_has_a_first_and_a_last_day(value: str, first: date | None, last: date | None) -> None:
    assert (first_day(value), last_day(value)) == (first, last)


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("today", date(2026, 2, 11), date(2026, 2, 11)),
        ("Yesterday", date(2026, 2, 10), date(2026, 2, 10)),
        ("90d", date(2025, 11, 13), date(2025, 11, 13)),
        ("2w", date(2026, 1, 28), date(2026, 1, 28)),
        ("3m", date(2025, 11, 11), date(2025, 11, 11)),
        ("2y", date(2024, 2, 11), date(2024, 2, 11)),
        ("this week", date(2026, 2, 9), date(2026, 2, 15)),
        ("last-week", date(2026, 2, 2), date(2026, 2, 8)),
        ("last month", date(2026, 1, 1), date(2026, 1, 31)),
        ("this quarter", date(2026, 1, 1), date(2026, 3, 31)),
        ("last quarter", date(2025, 10, 1), date(2025, 12, 31)),
        ("Last Year", date(2025, 1, 1), date(2025, 12, 31)),
        ("last quarter..today", date(2025, 10, 1), date(2026, 2, 11)),
        ("9999y", None, None),
        ("next year", None, None),
    ],
)
def test_a_relative_date_goes_by_the_day_it_is_asked_on(value: str, first: date | None, last: date | None) -> None:
    assert (first_day(value, TODAY), last_day(value, TODAY)) == (first, last)


def test_months_before_the_end_of_a_long_month_end_with_a_short_one() -> None:
    assert first_day("1m", date(2026, 3, 31)) == date(2026, 2, 28)


@given(st.text(), st.dates())
def test_no_text_and_no_day_fail(value: str, today: date) -> None:
    days(value, today)


@given(st.sampled_from(["week", "month", "quarter", "year"]), st.dates(date(2, 1, 1), date(9998, 1, 1)))
def test_the_last_period_ends_the_day_before_this_one_begins(unit: str, today: date) -> None:
    before, now = days(f"last {unit}", today), days(f"this {unit}", today)
    assert (now[0] - before[1]).days == 1
    assert now[0] <= today <= now[1]
