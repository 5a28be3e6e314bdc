"""Numbers and dates as people read them: by the locale in force, the same on pages, in sentences and in documents.

The locale is "iso" (2025-06-30 and 1,079.5) or one that Babel knows. Whoever writes for people puts it in force with
`speaking`: a request for a page, a document of a pack. Everything else (files, JSON, the command line, what is kept)
runs with "iso". Only the writing changes: every locale shows the digits that "iso" shows.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import get_close_matches
from functools import lru_cache
from unicodedata import decimal as decimal_of

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.localedata import locale_identifiers

ISO = "iso"
NONE = "–"
NEAREST = 5  # values that a refusal names
ISO_DAY, ISO_MONTH = re.compile(r"\d{4}-\d\d-\d\d"), re.compile(r"\d{4}-\d\d")
PLAIN = re.compile(r"[-+]?[\d,]+(\.\d+)?")

_in_force: ContextVar[str] = ContextVar("locale", default=ISO)


def known_locale(name: str) -> str:
    """The name as Babel writes it: "de_CH" of "de-ch"; "iso" stays.

    Raises:
        ValueError: there is no such locale; the message says which are like it.
    """
    known = {one.casefold(): one for one in (ISO, *locale_identifiers()) if one != "root"}
    wanted = name.strip().replace("-", "_").casefold()
    if wanted not in known:
        near = get_close_matches(wanted, known, NEAREST, 0.5) or ["iso", "en", "en_gb", "de", "fr"]
        raise ValueError(f"no locale is called {name!r}; try {', '.join(known[one] for one in near)}")
    return known[wanted]


def in_force() -> str:
    """The name of the locale in force."""
    return _in_force.get()


def speak(name: str) -> None:
    """Put a locale in force for what this thread does next; `speaking` is the same for a block."""
    _in_force.set(name)


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Put a locale in force within a block."""
    token = _in_force.set(name)
    try:
        yield
    finally:
        _in_force.reset(token)


def grouped(value: int | None) -> str:
    """A whole number with its thousands parted: 1,079; a dash for none."""
    return decimal(value, 0)


def decimal(value: float | None, places: int, sign: bool = False) -> str:
    """A number with this many decimals: 1,079.5; a dash for none; `sign` a plus stands before what is not negative."""
    return NONE if value is None else _written(f"{value:{'+' if sign else ''},.{places}f}")


def whole(value: float, places: int = 0) -> str:
    """A number with a true minus and without decimals, unless said otherwise: −12."""
    return signed(value, places) if round(value, places) < 0 else decimal(abs(value), places)


def signed(value: float, places: int = 0) -> str:
    """A difference with a true minus: +14, −3.5; what rounds to zero has no sign."""
    size = decimal(abs(value), places)
    if round(abs(value), places) == 0:
        return size
    return f"{'−' if value < 0 else '+'}{size}"


def short(value: float, sign: bool = False) -> str:
    """A number with no more decimals than it needs, six digits at most: 0.5, 3."""
    return _written(f"{value:{'+' if sign else ''},g}")


def percent(value: float | None, places: int = 0) -> str:
    """A share that is given in percent, with its sign: 62%; a dash for none."""
    return NONE if value is None else decimal(value, places) + percent_sign()


def probability(value: float) -> str:
    """A p or q with three decimals; "< 0.001" below that."""
    return decimal(value, 3) if value >= 0.001 else f"< {decimal(0.001, 3)}"


def percent_sign() -> str:
    """What stands after a share: "%", with the space before it where the locale has one."""
    name = in_force()
    return "%" if name == ISO else _signs(name)[3]


def separators() -> str:
    """The decimal sign and what parts thousands, as Plotly's `layout.separators` takes them: ".,"."""
    name = in_force()
    return ".," if name == ISO else "".join(_signs(name)[:2])


def tag() -> str:
    """The locale in force as browsers know it: de-CH; empty for "iso"."""
    name = in_force()
    return "" if name == ISO else name.replace("_", "-")


def day(value: dt.date | str) -> str:
    """A day, or the day of a moment: 2025-06-30.

    A text that was written with "iso" (2025-06-30, 2025-06) is a day or a month; any other text stays (2025-Q2, 2025).
    """
    if isinstance(value, str) and ISO_MONTH.fullmatch(value):
        return month(dt.date.fromisoformat(f"{value}-01"))
    found = _date(value)
    if found is None:
        return str(value)
    name = in_force()
    return found.isoformat() if name == ISO else _medium(found, name)


def month(value: dt.date) -> str:
    """The month of a day: 2025-06."""
    name = in_force()
    return f"{value:%Y-%m}" if name == ISO else _latin(format_skeleton("yMMM", value, locale=_locale(name)))


def moment(value: dt.datetime) -> str:
    """A day with hours and minutes, in the zone that the value has: 2025-06-30 14:05."""
    name = in_force()
    if name == ISO:
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{day(value)} {format_time(value.time(), 'short', locale=_locale(name))}"


def days(first: dt.date | str, last: dt.date | str) -> str:
    """Two days and what is between: 2025-04-01 to 2025-06-30."""
    return f"{day(first)} to {day(last)}"


@lru_cache(maxsize=5_000)
def _medium(found: dt.date, name: str) -> str:
    return _latin(format_date(found, "medium", locale=_locale(name)))


def _latin(text: str) -> str:
    """A text with the digits that all numbers here have: months that are numbered by name have others (Tibetan)."""
    return "".join(str(decimal_of(letter)) if letter.isdecimal() else letter for letter in text)


def _date(value: dt.date | str) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    return dt.date.fromisoformat(value) if ISO_DAY.fullmatch(value) else None


def _written(text: str) -> str:
    """A number as Python writes it (1,079.5) as the locale does."""
    name = in_force()
    return text if name == ISO else _translated(text, name)


@lru_cache(maxsize=20_000)  # a page says the same numbers again and again
def _translated(text: str, name: str) -> str:
    if not PLAIN.fullmatch(text):  # "inf", "nan" and 1e+07 stay
        return text
    point, _, minus, _ = _signs(name)
    sign = {"-": minus, "+": "+"}.get(text[0], "")
    whole, _, rest = text.lstrip("+-").replace(",", "").partition(".")
    return sign + _parted(whole, name) + (rest and point + rest)


def _parted(digits: str, name: str) -> str:
    """Digits with the locale's sign between their groups: 3 of them, or 2 beyond the last 3, as in 10,79,123.

    Not by Babel's pattern: that takes the apostrophe of 1'079'123 for quotes.
    """
    last, others = _locale(name).decimal_formats[None].grouping
    head, parts = digits[:-last], [digits[-last:]]
    while head:
        head, part = head[:-others], head[-others:]
        parts.insert(0, part)
    return _signs(name)[1].join(parts)


@lru_cache(maxsize=64)
def _locale(name: str) -> Locale:
    return Locale.parse(name)


@lru_cache(maxsize=64)
def _signs(name: str) -> tuple[str, str, str, str]:
    """The decimal sign, what parts thousands, the minus, and the percent sign with its space."""
    locale = _locale(name)
    symbols = locale.number_symbols["latn"]
    suffix = locale.percent_formats[None].suffix[0].replace("%", symbols["percentSign"])
    return symbols["decimal"], symbols["group"], symbols["minusSign"], suffix or "%"
