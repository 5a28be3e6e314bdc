"""Dates as people write them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.dates import Moment, find_in_name, guess_day_first, month_in_name, parse_moment

MARCH_14 = Moment(date(2025, 3, 14), "day")


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-14",
        "2025/3/14",
        "20250314",
        "2025-03-14 00:00:00",
        "2025-03-14T00:00",
        "3/14/2025",
        "14.03.2025",
        "14. 3. 2025",
        "14/03/2025",
        "14-03-25",
        "March 14, 2025",
        "Fri, 14 Mar 2025",
        "14th March 2025",
        "14-Mar-25",
        " Mar 14  2025 ",
    ],
)
def test_a_day_is_read(text: str) -> None:
    assert parse_moment(text) == MARCH_14


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-Q1", Moment(date(2025, 1, 1), "quarter")),
        ("Q3 2025", Moment(date(2025, 7, 1), "quarter")),
        ("2025q4", Moment(date(2025, 10, 1), "quarter")),
        ("2025-03", Moment(date(2025, 3, 1), "month")),
        ("03/2025", Moment(date(2025, 3, 1), "month")),
        ("March 2025", Moment(date(2025, 3, 1), "month")),
        ("Sept 2025", Moment(date(2025, 9, 1), "month")),
        ("Mar-25", Moment(date(2025, 3, 1), "month")),
        ("2025", Moment(date(2025, 1, 1), "year")),
    ],
)
def test_a_period_keeps_its_precision(text: str, expected: Moment) -> None:
    assert parse_moment(text) == expected


@pytest.mark.parametrize(
    ("text", "at", "offset"),
    [
        ("2025-03-14T10:30:00Z", datetime(2025, 3, 14, 10, 30, tzinfo=UTC), 0),
        ("2025-03-14T10:30:00.250+05:30", datetime(2025, 3, 14, 5, 0, 0, 250000, tzinfo=UTC), 330),
        ("2025-03-14 10:30 -0500", datetime(2025, 3, 14, 15, 30, tzinfo=UTC), -300),
        ("2025-03-14T00:00:00Z", datetime(2025, 3, 14, tzinfo=UTC), 0),
        ("14.03.2025 09:30", datetime(2025, 3, 14, 9, 30, tzinfo=UTC), None),
        ("3/14/2025 2:05 PM", datetime(2025, 3, 14, 14, 5, tzinfo=UTC), None),
        ("3/14/2025 12:05 am", datetime(2025, 3, 14, 0, 5, tzinfo=UTC), None),
        ("March 14, 2025, 10:00 a.m.", datetime(2025, 3, 14, 10, tzinfo=UTC), None),
    ],
)
def test_a_time_is_kept_in_utc_with_the_offset_of_its_source(text: str, at: datetime, offset: int | None) -> None:
    assert parse_moment(text) == Moment(date(2025, 3, 14), "day", at, offset)


def test_a_time_without_offset_is_in_the_zone_of_the_workspace_and_the_day_is_a_day_there() -> None:
    assert parse_moment("2025-07-01 09:00", "Europe/Berlin").at == datetime(2025, 7, 1, 7, tzinfo=UTC)
    late = parse_moment("2025-06-30T23:30:00Z", "Europe/Berlin")
    assert (late.day, late.utc_offset) == (date(2025, 7, 1), 0)


def test_day_and_month_are_told_apart_by_the_column_or_not_at_all() -> None:
    assert guess_day_first(["03/04/2025", "14/03/2025"]) is True
    assert guess_day_first(["03/04/2025", "3/14/2025 10:00"]) is False
    assert guess_day_first(["03/04/2025", "n/a"]) is None
    assert guess_day_first(["14/03/2025", "3/14/2025"]) is None
    assert parse_moment("03/04/2025", day_first=True).day == date(2025, 4, 3)
    assert parse_moment("03/04/2025", day_first=False).day == date(2025, 3, 4)
    assert parse_moment("03.04.2025").day == date(2025, 4, 3)
    assert parse_moment("05/05/2025").day == date(2025, 5, 5)
    with pytest.raises(ValueError, match="day_first: true or false"):
        parse_moment("03/04/2025")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "is not a date"),
        ("yesterday", "write it like 2025-03-14"),
        ("2025-02-30", "no day '2025-02-30'"),
        ("31.04.2025", "no day"),
        ("2025-13", "no day"),
        ("45000", "serial number"),
        ("0999", "1900 and 2100"),
        ("2025-03-14 25:00", "not a time of day"),
        ("2025-03-14 13:00 pm", "not a time of day"),
        ("2025-03-14 and later", "is not a date"),
        ("H1 2025", "is not a date"),
    ],
)
def test_what_is_no_date_is_refused_with_a_hint(text: str, cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        parse_moment(text)


@given(st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(2100, 12, 30), timezones=st.timezones()))
def test_every_iso_time_comes_back(moment: datetime) -> None:
    whole = moment.replace(microsecond=0)
    if whole.utcoffset() is None or whole.utcoffset().total_seconds() % 60:  # type: ignore[union-attr]
        return
    assert parse_moment(whole.isoformat()).at == whole.astimezone(UTC)


@given(st.text(max_size=30))
def test_any_text_is_a_moment_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert 1899 <= parse_moment(text).day.year <= 2101


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("17_LovelyLLama_apr2018_disbursements", Moment(date(2018, 4, 1), "month")),
        ("12_x_sept2018", Moment(date(2018, 9, 1), "month")),
        ("april_2018_notes", Moment(date(2018, 4, 1), "month")),
        ("2018-04 survey", Moment(date(2018, 4, 1), "month")),
        ("2018-04-12_readout", Moment(date(2018, 4, 12), "day")),
        ("20180412-readout.pdf", Moment(date(2018, 4, 12), "day")),
        ("churn 2024Q3", Moment(date(2024, 7, 1), "quarter")),
        ("Q3-2024", Moment(date(2024, 7, 1), "quarter")),
        ("survey2019", Moment(date(2019, 1, 1), "year")),
        ("03_card_sort", None),
        ("margin2", None),
        ("id_120180412", None),
    ],
)
def test_a_date_in_a_name_is_found(name: str, expected: Moment | None) -> None:
    assert month_in_name(name) == expected


def test_the_place_of_a_date_in_a_name_is_given() -> None:
    assert find_in_name("17_LovelyLLama_apr2018_x") == (Moment(date(2018, 4, 1), "month"), (15, 22))
    assert find_in_name("plan") is None


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("2025-03-14", date(2025, 3, 14)),
        ("2024-02", date(2024, 2, 29)),
        ("2025-12", date(2025, 12, 31)),
        ("2025-Q3", date(2025, 9, 30)),
        ("2025-Q4", date(2025, 12, 31)),
        ("2025", date(2025, 12, 31)),
    ],
)
def test_a_period_ends_on_its_last_day(text: str, last: date) -> None:
    assert parse_moment(text).last_day == last
