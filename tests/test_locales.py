"""Numbers and dates by locale: only the writing differs, never a digit."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from babel.localedata import locale_identifiers

from insightrepo.library.wording import date_words
from insightrepo.locales import (
    day,
    days,
    decimal,
    grouped,
    in_force,
    known_locale,
    moment,
    month,
    percent,
    probability,
    separators,
    short,
    signed,
    speaking,
    tag,
    whole,
)
from insightrepo.scores.wording import change, number

JUNE = dt.date(2025, 6, 30)
AFTERNOON = dt.datetime(2025, 6, 30, 14, 5)
THIN, WIDE = "\u202f", "\xa0"  # spaces that do not break

WRITTEN: dict[str, tuple[str, ...]] = {
    "iso": ("1,079", "1,079.5", "62%", "2025-06-30", "2025-06", "2025-06-30 14:05"),
    "en_US": ("1,079", "1,079.5", "62%", "Jun 30, 2025", "Jun 2025", f"Jun 30, 2025 2:05{THIN}PM"),
    "en_GB": ("1,079", "1,079.5", "62%", "30 Jun 2025", "Jun 2025", "30 Jun 2025 14:05"),
    "de": ("1.079", "1.079,5", f"62{WIDE}%", "30.06.2025", "Juni 2025", "30.06.2025 14:05"),
    "sv": (f"1{WIDE}079", f"1{WIDE}079,5", f"62{WIDE}%", "30 juni 2025", "juni 2025", "30 juni 2025 14:05"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_numbers_and_dates_are_written_by_locale(name: str) -> None:
    with speaking(name):
        said = grouped(1079), decimal(1079.5, 1), percent(62.3), day(JUNE), month(JUNE), moment(AFTERNOON)
    assert said == WRITTEN[name]


def test_thousands_of_the_french_swiss_are_parted_each_time() -> None:
    with speaking("fr_CH"):
        parted = separators()[1]
        assert grouped(1079123) == f"1{parted}079{parted}123"
        assert decimal(-0.5, 2) == "-0,50"
        assert day(JUNE) == "30 juin 2025"


def test_indian_thousands_are_parted_by_two_beyond_the_last_three() -> None:
    with speaking("en_IN"):
        assert grouped(1079123) == "10,79,123"


@pytest.mark.parametrize("name", [name for name in locale_identifiers() if name != "root"])
def test_every_locale_writes_the_digits_that_iso_writes(name: str) -> None:
    with speaking(name):
        texts = [decimal(2.675, 2), decimal(0.125, 2), decimal(1234567.25, 1), short(0.5), grouped(999)]
        dates = [day(JUNE), month(JUNE), moment(AFTERNOON)]
        assert [letter for letter in percent(3, 1) if letter.isdigit()] == ["3", "0"]
    numbers = [{int(number) for number in re.findall(r"\d+", text)} - {6} for text in dates]  # June, by name or number
    assert numbers[:2] == [{30, 2025}, {2025}]
    assert numbers[2] in ({30, 2025, 14, 5}, {30, 2025, 2, 5})
    assert all(letter.isascii() for text in dates for letter in text if letter.isdigit())
    digits = ["".join(letter for letter in text if letter.isdigit()) for text in texts]
    assert digits == ["267", "012", "12345672", "05", "999"]  # as Python rounds, so that a page and its CSV agree


def test_a_known_locale_is_taken_however_it_is_written() -> None:
    assert [known_locale(name) for name in ("iso", "de", "de-ch", "EN_gb", " sv ")] == [
        "iso",
        "de",
        "de_CH",
        "en_GB",
        "sv",
    ]


NEAR = {"en_UK": "en_", "de_XX": "de_", "root": "ro", "42": "iso, en, en_GB, de, fr"}


@pytest.mark.parametrize(("wrong", "near"), NEAR.items())
def test_an_unknown_locale_is_refused_with_those_like_it(wrong: str, near: str) -> None:
    with pytest.raises(ValueError, match=f"no locale is called {wrong!r}; try .*{near}"):
        known_locale(wrong)


def test_a_locale_is_in_force_within_its_block_only() -> None:
    with speaking("de"):
        with speaking("iso"):
            assert grouped(1079) == "1,079"
        assert in_force() == "de"
        assert tag() == "de"
    assert in_force() == "iso"
    assert tag() == ""


@pytest.mark.parametrize(
    ("said", "here", "in_german"),
    [
        (lambda: number(1079.56, "time", "seconds"), "1,080 seconds", "1.080 seconds"),
        (lambda: number(12.44, "opportunity", "points of 20"), "12.4 of 20", "12,4 of 20"),
        (lambda: number(62.4, "satisfaction", "percent"), "62%", f"62{WIDE}%"),
        (lambda: change(-1.25, "opportunity", "points of 20"), "1.2 points", "1,2 points"),
        (lambda: signed(-3.51, 1), "−3.5", "−3,5"),
        (lambda: signed(0.04, 1), "0.0", "0,0"),
        (lambda: signed(1200), "+1,200", "+1.200"),
        (lambda: whole(-0.4), "0", "0"),
        (lambda: whole(-12.6), "−13", "−13"),
        (lambda: probability(0.0312), "0.031", "0,031"),
        (lambda: probability(0.0002), "< 0.001", "< 0,001"),
        (lambda: decimal(1.5, 1, sign=True), "+1.5", "+1,5"),
        (lambda: short(2.0), "2", "2"),
        (lambda: grouped(None), "–", "–"),
        (lambda: decimal(float("nan"), 1), "nan", "nan"),
        (lambda: days("2025-04-01", JUNE), "2025-04-01 to 2025-06-30", "01.04.2025 to 30.06.2025"),
        (lambda: day("2025-Q2"), "2025-Q2", "2025-Q2"),
        (lambda: str(date_words(JUNE, "quarter")), "2025-Q2", "2025-Q2"),
        (lambda: str(date_words(JUNE, "month")), "2025-06", "Juni 2025"),
        (lambda: str(date_words(JUNE, "year")), "2025", "2025"),
    ],
)
def test_what_is_said_follows_the_locale(said: Callable[[], str], here: str, in_german: str) -> None:
    assert said() == here
    with speaking("de"):
        assert said() == in_german
