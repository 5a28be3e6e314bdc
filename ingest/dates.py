"""Dates as people write them, with the precision that is known: a day, a month, a quarter or a year."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Precision = Literal["day", "month", "quarter", "year"]
EXAMPLES = "2025-03-14, 14.03.2025, March 2025, 2025-Q1 or 2025"
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905
_LONG_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december"
    "|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
)


@dataclass(frozen=True)
class Moment:
    """A point or stretch of time as its source gives it.

    `day` is the first day of the period known, `precision` how long that is. `at` is the time in UTC where a time of
    day was given, `utc_offset` the source's offset in minutes where it gave one.
    """

    day: date
    precision: Precision
    at: datetime | None = None
    utc_offset: int | None = None

    @property
    def last_day(self) -> date:
        """The last day of the period known: of a day the day itself, of 2025-Q3 the 30th of September."""
        months = {"day": 0, "month": 1, "quarter": 3, "year": 12}[self.precision]
        if not months:
            return self.day
        years, month = divmod(self.day.month - 1 + months, 12)
        next_year = self.day.year + years
        return date(next_year, month + 1, 1) - timedelta(days=1) if next_year <= MAXYEAR else date.max


def parse_moment(text: str, timezone: str = "UTC", day_first: bool | None = None) -> Moment:
    """Read a date, date and time, month, quarter or year.

    A time without an offset is taken to be in `timezone` (an IANA name); `day` is the day in `timezone`. A time of
    exactly midnight without an offset is how spreadsheets write a plain day, and is read as one. `day_first` says how
    03/04/2025 is meant; a two-digit year is 2000 to 2068 or 1969 to 1999.

    Raises:
        ValueError: not a date, no such day, or day and month cannot be told apart; the message says what to do.
    """
    words = " ".join(text.split())
    for pattern, read in _PERIODS:
        if match := pattern.fullmatch(words):
            return read(match)
    day, rest = _leading_day(words, day_first)
    clock = _CLOCK.fullmatch(rest)
    if not clock:
        raise ValueError(f"{text!r} is not a date; write it like {EXAMPLES}")
    return _with_time(day, clock, timezone, text)


def guess_day_first(samples: Iterable[str]) -> bool | None:
    """Whether a column of dates such as 14/03/2025 puts the day first; None where no value, or two values, say so."""
    matches = [match for sample in samples if (match := _NUMERIC.match(sample.strip()))]
    day_first = any(int(match["first"]) > 12 for match in matches)
    month_first = any(int(match["second"]) > 12 for match in matches)
    return None if day_first == month_first else day_first


def month_in_name(name: str) -> Moment | None:
    """The date in the name of a file or folder ("17_Llama_apr2018_x", "2018-04", "2024Q3"), or None."""
    found = find_in_name(name)
    return found[0] if found else None


def find_in_name(name: str) -> tuple[Moment, tuple[int, int]] | None:
    """The date in a name and where it stands there, as (start, end); the most precise kind of date wins."""
    for pattern, read in _NAME_PATTERNS:
        for match in pattern.finditer(name):
            try:
                return read(match), match.span()
            except ValueError:  # 20181399 is a number, not a day
                continue
    return None


def _month(match: re.Match[str]) -> Moment:
    named = match.groupdict().get("name")
    month = _MONTHS.index(named[:3].lower()) + 1 if named else int(match["month"])
    return Moment(_day(_year(match["year"]), month, 1, match.group()), "month")


def _quarter(match: re.Match[str]) -> Moment:
    return Moment(_day(_year(match["year"]), 3 * int(match["quarter"]) - 2, 1, match.group()), "quarter")


def _whole_year(match: re.Match[str]) -> Moment:
    return Moment(_day(_year(match["year"]), 1, 1, match.group()), "year")


def _whole_day(match: re.Match[str]) -> Moment:
    return Moment(_day(_year(match["year"]), int(match["month"]), int(match["day"]), match.group()), "day")


def _year(text: str) -> int:
    year = int(text)
    if len(text) == 2:
        return year + (1900 if year >= 69 else 2000)
    if not 1900 <= year <= 2100:
        raise ValueError(f"{text} is not a year between 1900 and 2100; write a date like {EXAMPLES}")
    return year


def _day(year: int, month: int, day: int, text: str) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise ValueError(f"there is no day {text!r}: {error}") from error


_YEAR = r"(?P<year>\d{4})"
_NAMED = rf"(?P<name>{_LONG_MONTHS})"
_Reader = Callable[[re.Match[str]], Moment]
_PERIODS: tuple[tuple[re.Pattern[str], _Reader], ...] = (
    (re.compile(rf"{_YEAR}[ /_-]?Q(?P<quarter>[1-4])", re.I), _quarter),
    (re.compile(rf"Q(?P<quarter>[1-4])[ /_-]?{_YEAR}", re.I), _quarter),
    (re.compile(rf"{_YEAR}[-/.](?P<month>\d\d?)"), _month),
    (re.compile(rf"(?P<month>\d\d?)[-/.]{_YEAR}"), _month),
    (re.compile(rf"{_NAMED}\.?,?[ /-]?(?P<year>\d{{4}})", re.I), _month),
    (re.compile(rf"{_NAMED}[-'’](?P<year>\d\d)", re.I), _month),
    (re.compile(rf"{_YEAR}[ -]{_NAMED}", re.I), _month),
    (re.compile(_YEAR), _whole_year),
)
_SHORT_YEAR = r"(?P<year>(?:19|20)\d\d)"
_NAME_PATTERNS: tuple[tuple[re.Pattern[str], _Reader], ...] = (
    (re.compile(rf"(?<!\d){_SHORT_YEAR}([-_.]?)(?P<month>\d\d)\2(?P<day>\d\d)(?!\d)"), _whole_day),
    (re.compile(rf"(?<![a-z]){_NAMED}[ _.-]?{_SHORT_YEAR}(?!\d)", re.I), _month),
    (re.compile(rf"(?<!\d){_SHORT_YEAR}[ _.-]?{_NAMED}(?![a-z])", re.I), _month),
    (re.compile(rf"(?<!\d){_SHORT_YEAR}[ _.-]?Q(?P<quarter>[1-4])(?![a-z\d])", re.I), _quarter),
    (re.compile(rf"(?<![a-z\d])Q(?P<quarter>[1-4])[ _.-]?{_SHORT_YEAR}(?!\d)", re.I), _quarter),
    (re.compile(rf"(?<!\d){_SHORT_YEAR}[-_.](?P<month>0[1-9]|1[0-2])(?!\d)"), _month),
    (re.compile(rf"(?<!\d){_SHORT_YEAR}(?!\d)"), _whole_year),
)
_ISO = re.compile(rf"{_YEAR}([-/.])(?P<month>\d\d?)\2(?P<day>\d\d?)(?!\d)")
_COMPACT = re.compile(rf"{_YEAR}(?P<month>\d\d)(?P<day>\d\d)(?!\d)")
_NUMERIC = re.compile(r"(?P<first>\d\d?)(?P<sign>[-/.]) ?(?P<second>\d\d?)(?P=sign) ?(?P<year>\d{4}|\d\d)(?!\d)")
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,? )?"
_MONTH_DAY = re.compile(rf"{_WEEKDAY}{_NAMED}\.? (?P<day>\d\d?)(?:st|nd|rd|th)?,? {_YEAR}(?!\d)", re.I)
_DAY_MONTH = re.compile(
    rf"{_WEEKDAY}(?P<day>\d\d?)(?:st|nd|rd|th|\.)?[ -]{_NAMED}\.?,?[ -](?P<year>\d{{4}}|\d\d)\b", re.I
)
_CLOCK = re.compile(
    r"(?:[T, ]{1,2}(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?: ?(?P<half>[ap])\.?m\.?)?(?: ?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d|[+-]\d\d))?)?",
    re.I,
)


def _leading_day(words: str, day_first: bool | None) -> tuple[date, str]:
    """The day at the start of `words`, and what follows it."""
    for pattern in (_ISO, _COMPACT):
        if match := pattern.match(words):
            return _whole_day(match).day, words[match.end() :]
    for pattern in (_MONTH_DAY, _DAY_MONTH):
        if match := pattern.match(words):
            return _day(_year(match["year"]), _month(match).day.month, int(match["day"]), words), words[match.end() :]
    if match := _NUMERIC.match(words):
        return _numeric_day(match, day_first), words[match.end() :]
    if re.fullmatch(r"\d{5}(?:\.\d+)?", words):
        raise ValueError(f"{words!r} looks like a spreadsheet's serial number; format the column as a date")
    raise ValueError(f"{words!r} is not a date; write it like {EXAMPLES}")


def _numeric_day(match: re.Match[str], day_first: bool | None) -> date:
    first, second, year = int(match["first"]), int(match["second"]), _year(match["year"])
    if first > 12 or second > 12 or first == second:  # only one reading is possible
        day_first = first > 12
    elif day_first is None and match["sign"] == ".":  # dotted dates put the day first wherever they are used
        day_first = True
    if day_first is None:
        raise ValueError(
            f"{match.group()!r} can be the {first}th day or the {first}th month; say day_first: true or false in the"
            f" mapping, or write {year}-{first:02}-{second:02}"
        )
    day, month = (first, second) if day_first else (second, first)
    return _day(year, month, day, match.group())


def _with_time(day: date, clock: re.Match[str], timezone: str, text: str) -> Moment:
    if clock["hour"] is None:
        return Moment(day, "day")
    try:
        time = _time_of_day(day, clock)
        if time.tzinfo is None and not (time.hour or time.minute or time.second or time.microsecond):
            return Moment(day, "day")
        offset = None if time.tzinfo is None else round(time.utcoffset().total_seconds() / 60)  # type: ignore[union-attr]
        known = time if time.tzinfo else time.replace(tzinfo=ZoneInfo(timezone))
        return Moment(known.astimezone(ZoneInfo(timezone)).date(), "day", known.astimezone(UTC), offset)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is not a time of day: {error}") from error


def _time_of_day(day: date, clock: re.Match[str]) -> datetime:
    hour = int(clock["hour"])
    if clock["half"]:
        if not 1 <= hour <= 12:
            raise ValueError("hour must be in 1..12 before am or pm")
        hour = hour % 12 + (12 if clock["half"].lower() == "p" else 0)
    micro = (clock["fraction"] or "")[:6].ljust(6, "0")
    naive = datetime(day.year, day.month, day.day, hour, int(clock["minute"]), int(clock["second"] or 0), int(micro))
    zone = (clock["zone"] or "").upper()
    if not zone:
        return naive
    digits = "+00:00" if zone in ("Z", "UTC", "GMT") else zone[:3] + ":" + (zone[3:].strip(":") or "00")
    return datetime.fromisoformat(naive.isoformat() + digits)
