"""What a person types, read: words, "phrases", -exclusions and field:value. No text fails.

slow "sign in" -mobile outcome:CXO-12 -segment:"small business" since:2025-Q1
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from rapidfuzz import fuzz, process

from indexes.base import KeywordQuery

FIELDS = (
    "outcome", "segment", "product", "category", "kind", "study", "method", "level", "year", "state", "since", "until",
)  # fmt: skip
DATE_FIELDS = ("since", "until")
CLOSE_ENOUGH = 80  # per cent of agreement at which another name is taken for a misspelt field

_QUOTES = '"“”„‟«»＂'
_PIECE = re.compile(
    rf"""(?P<minus>(?<!\S)-(?=[^\s-]))?
    (?:(?P<name>[^\W\d_]+):(?=\S)(?!//))?
    (?:[{_QUOTES}](?P<quoted>[^{_QUOTES}]*)[{_QUOTES}] | (?P<bare>\S+))""",
    re.VERBOSE,
)
_DAY = re.compile(r"(\d{4})(?:-[Qq]([1-4])|-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)


@dataclass(frozen=True)
class FieldFilter:
    """``name:value``, at ``text[start:end]`` of what was typed. `value` is raw; `excluded`: ``-name:value``."""

    name: str
    value: str
    excluded: bool
    start: int
    end: int


@dataclass(frozen=True)
class Note:
    """Something the person should know about ``text[start:end]`` of what was typed."""

    message: str
    start: int
    end: int


@dataclass(frozen=True)
class ParsedQuery:
    """A query taken apart. `text` is its words and phrases as typed, for the meaning engine; "" where it has none."""

    words: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    fields: tuple[FieldFilter, ...] = ()
    notes: tuple[Note, ...] = ()
    text: str = ""

    @property
    def keywords(self) -> KeywordQuery:
        """What is asked of a keyword engine."""
        return KeywordQuery(self.words, self.phrases, self.excluded)

    @property
    def has_words(self) -> bool:
        """Whether there is anything to rank by."""
        return bool(self.words or self.phrases)


@dataclass
class _Reading:
    """What was read so far."""

    words: list[str] = field(default_factory=list)
    phrases: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    fields: list[FieldFilter] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def words_of(self, text: str, excluded: bool) -> None:
        """Take a piece as plain words."""
        if not excluded:
            self.text.append(text)
        if any(sign.isalnum() for sign in text):
            (self.excluded if excluded else self.words).append(text)


def parse(text: str) -> ParsedQuery:
    """Read what was typed. Never fails.

    A name that is no field is searched as plain words, with a note where it is close to one; a filter whose value
    cannot be read is left out, with a note.
    """
    reading = _Reading()
    for match in _PIECE.finditer(text):
        _take(match, reading)
    meant = " ".join(" ".join(reading.text).split()) if reading.words or reading.phrases else ""
    return ParsedQuery(
        words=tuple(reading.words),
        phrases=tuple(reading.phrases),
        excluded=tuple(reading.excluded),
        fields=tuple(reading.fields),
        notes=tuple(reading.notes),
        text=meant,
    )


def _take(match: re.Match[str], reading: _Reading) -> None:
    """Sort one piece into the reading."""
    quoted, name, excluded = match["quoted"], (match["name"] or "").lower(), bool(match["minus"])
    value = match["bare"] if quoted is None else quoted.strip()
    if name in FIELDS:
        _take_field(FieldFilter(name, value.strip(_QUOTES), excluded, *match.span()), reading)
        return
    note = _looks_like_a_mistake(name, match["bare"] or "")
    if note:
        reading.notes.append(Note(note, *match.span()))
    if quoted is None:
        reading.words_of(match[0][excluded:], excluded)
        return
    if name:
        reading.words_of(match["name"], excluded)
    if any(sign.isalnum() for sign in value):
        (reading.excluded if excluded else reading.phrases).append(value)
        reading.text.extend([] if excluded else [value])


def _looks_like_a_mistake(name: str, bare: str) -> str:
    """What to say of ``outcom:x`` or of ``outcome:`` before a blank; empty if nothing."""
    meant = closest_field(name) if name else None
    if meant:
        return f"no field is called {name}; did you mean {meant}?"
    lonely = bare[:-1].lower()
    if bare.endswith(":") and lonely in FIELDS:
        return f"searched as a word; to filter, write {lonely}:{_EXAMPLES[lonely]} without a blank"
    return ""


def _take_field(found: FieldFilter, reading: _Reading) -> None:
    """Take a filter whose value can be read; leave another out and say what is wrong with it."""
    wrong = _wrong(found)
    if wrong:
        reading.notes.append(Note(wrong, found.start, found.end))
    else:
        reading.fields.append(found)


def _wrong(found: FieldFilter) -> str:
    """What is wrong with a filter's value; empty if nothing."""
    if not any(sign.isalnum() for sign in found.value):
        return f"{found.name}: was left out; it needs a value, such as {found.name}:{_EXAMPLES[found.name]}"
    if found.name == "year" and not re.fullmatch(r"\d{4}", found.value, re.ASCII):
        return f"{found.value} is not a year and was left out; write year:2025"
    if found.name not in DATE_FIELDS:
        return ""
    if found.excluded:
        return f"-{found.name}: was left out; write {'until' if found.name == 'since' else 'since'}: instead"
    if first_day(found.value) is None:
        return f"{found.value} is not a date and was left out; write 2025, 2025-03, 2025-Q1 or 2025-03-14"
    return ""


_EXAMPLES = {
    "outcome": "CXO-12", "segment": "SMB", "product": "app", "category": "planning", "kind": "verbatim", "study": "4",
    "method": "interview", "level": "relationship", "year": "2025", "state": "published", "since": "2025-Q1",
    "until": "2025-03-14",
}  # fmt: skip


def closest_field(name: str) -> str | None:
    """The field that a misspelt name is likely to mean: a close spelling, or a beginning of four letters or more."""
    if name in FIELDS:
        return name
    begun = [known for known in FIELDS if len(name) >= 4 and known.startswith(name)]
    close = process.extractOne(name, FIELDS, scorer=fuzz.ratio, score_cutoff=CLOSE_ENOUGH)
    return begun[0] if begun else close[0] if close else None


def first_day(value: str) -> date | None:
    """The first day of 2025, 2025-Q1, 2025-03 or 2025-03-14; None where it is none of these."""
    span = _span(value)
    return span[0] if span else None


def last_day(value: str) -> date | None:
    """The last day, itself included, of 2025, 2025-Q1, 2025-03 or 2025-03-14; None where it is none of these."""
    span = _span(value)
    return span[1] if span else None


def _span(value: str) -> tuple[date, date] | None:
    match = _DAY.fullmatch(value.strip())
    if not match:
        return None
    year, quarter, month, day = (int(part) if part else None for part in match.groups())
    months = (quarter * 3 - 2, quarter * 3) if quarter else (month, month) if month is not None else (1, 12)
    if not year or not 1 <= months[0] <= 12:
        return None
    if day is None:
        return date(year, months[0], 1), date(year, months[1], monthrange(year, months[1])[1])
    if not 1 <= day <= monthrange(year, months[0])[1]:
        return None
    return date(year, months[0], day), date(year, months[0], day)


def understood(query: ParsedQuery) -> str:
    """What was understood, as a sentence: ``slow login, with “sign in”, without “mobile”; outcome CXO-12``."""
    parts = [" ".join(query.words)] if query.words else []
    parts += [f"with {_quoted(query.phrases)}"] if query.phrases else []
    parts += [f"without {_quoted(query.excluded, 'or')}"] if query.excluded else []
    filters = [_filter_in_words(found) for found in query.fields]
    return "; ".join(filter(None, [", ".join(parts), ", ".join(filters)])) or "everything"


def _quoted(texts: Iterable[str], link: str = "and") -> str:
    return f" {link} ".join(f"“{text}”" for text in texts)


def _filter_in_words(found: FieldFilter) -> str:
    day = {"since": first_day, "until": last_day}.get(found.name, lambda _: None)(found.value)
    value = f"{day.day} {day:%B %Y}" if day else found.value
    return f"{'not ' if found.excluded else ''}{found.name} {value}"
