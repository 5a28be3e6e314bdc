"""What a person types, read: words, "phrases", -exclusions, field:value and OR. No text fails.

slow "sign in" -mobile outcome:CXO-12,CXO-13 -segment:"small business" since:"last quarter" laggy OR sluggish

Everything typed is in a piece with its place, so that a page can say piece by piece what it was taken for.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rapidfuzz import fuzz, process

from indexes.base import KeywordQuery
from indexes.query_dates import DATE_FORMS, days, first_day, last_day
from indexes.query_tokens import Token, tokens

__all__ = ["FIELDS", "Note", "ParsedQuery", "Piece", "closest_field", "first_day", "last_day", "parse", "render",
           "understood"]  # fmt: skip

FIELDS = {  # and a value for the examples in notes
    "outcome": "CXO-12", "segment": "SMB", "product": "app", "category": "planning", "kind": "verbatim", "study": "4",
    "method": "interview", "level": "relationship", "year": "2025", "state": "published", "date": "2025-Q1",
    "since": "2025-Q1", "until": "2025-03-14",
}  # fmt: skip
SPAN_FIELDS = ("since", "until")
DATE_FIELDS = (*SPAN_FIELDS, "date")
OTHER_NAMES = {  # what the fields are called elsewhere
    "after": "since", "from": "since", "before": "until", "to": "until", "month": "date", "quarter": "date",
    "day": "date", "type": "kind", "tag": "outcome", "title": "study", "status": "state",
}  # fmt: skip
CLOSE_ENOUGH = 80  # per cent of agreement at which another name is taken for a misspelt field
EITHER = "OR"

_NAMES = frozenset(FIELDS)
_NAMED = re.compile(r"([^\W\d_]+):(?=\S)(?!//)")

Kind = Literal["word", "phrase", "filter", "left out"]


@dataclass(frozen=True)
class Note:
    """Something the person should know about ``typed[start:end]``."""

    message: str
    start: int
    end: int


@dataclass(frozen=True)
class Piece:
    """What ``typed[start:end]`` was taken for; an OR before it is within.

    `text` is a word or a phrase, or, left out, what was typed. A filter has its `field` and its raw `values`, of which
    any will do. Words and phrases that OR joins share an `either` above 0. `note` says what the person should know.
    """

    kind: Kind
    start: int
    end: int
    text: str = ""
    excluded: bool = False
    field: str = ""
    values: tuple[str, ...] = ()
    either: int = 0
    note: str = ""


@dataclass(frozen=True)
class ParsedQuery:
    """A query taken apart. The pieces are in the order typed and do not overlap."""

    typed: str = ""
    pieces: tuple[Piece, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """What is ranked by: the words, and the words and phrases of which one has to be there."""
        return tuple(p.text for p in self._asked if p.kind == "word" or p.either)

    @property
    def phrases(self) -> tuple[str, ...]:
        """The phrases, each of which has to be there."""
        return tuple(p.text for p in self._asked if p.kind == "phrase" and not p.either)

    @property
    def excluded(self) -> tuple[str, ...]:
        """Words and phrases that must not be there."""
        return tuple(p.text for p in self.pieces if p.kind in ("word", "phrase") and p.excluded)

    @property
    def choices(self) -> tuple[tuple[str, ...], ...]:
        """Words and phrases joined by OR: of each group one has to be there."""
        groups = sorted({p.either for p in self._asked} - {0})
        return tuple(tuple(p.text for p in self._asked if p.either == group) for group in groups)

    @property
    def fields(self) -> tuple[Piece, ...]:
        """The filters."""
        return tuple(p for p in self.pieces if p.kind == "filter")

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the person should know."""
        return tuple(Note(p.note, p.start, p.end) for p in self.pieces if p.note)

    @property
    def text(self) -> str:
        """The words and phrases as typed, for the meaning engine; "" where there are none."""
        return " ".join(" ".join(p.text for p in self._asked).split())

    @property
    def keywords(self) -> KeywordQuery:
        """What is asked of a keyword engine; `choices` are not in it as conditions."""
        return KeywordQuery(self.words, self.phrases, self.excluded)

    @property
    def has_words(self) -> bool:
        """Whether there is anything to rank by."""
        return any(self._asked)

    @property
    def is_plain(self) -> bool:
        """Whether it is nothing but words, with nothing to say about them."""
        return all(p.kind == "word" and not (p.excluded or p.either or p.note) for p in self.pieces)

    @property
    def _asked(self) -> tuple[Piece, ...]:
        return tuple(p for p in self.pieces if p.kind in ("word", "phrase") and not p.excluded)


def parse(typed: str, today: dt.date | None = None) -> ParsedQuery:
    """Read what was typed. Never fails; each letter and digit is within a piece.

    A name that is no field is searched as plain words, with a note where it is close to one; a filter whose value
    cannot be read is left out, with a note. `today` is what "last quarter" goes by.
    """
    found = [_piece(typed, token, today) for token in tokens(typed, _NAMES)]
    return ParsedQuery(typed, tuple(_joined([piece for piece in found if piece])))


def _piece(typed: str, token: Token, today: dt.date | None) -> Piece | None:
    """What a token is; None where it says nothing."""
    if token.name:
        return _filter(typed, token, today)
    if not _says(token.text):
        return None
    kind: Kind = "phrase" if token.quoted else "word"
    note = "" if token.quoted else _note_on(typed, token)
    return Piece(kind, token.start, token.end, token.text, token.minus, note=note)


def _says(text: str) -> bool:
    return any(sign.isalnum() for sign in text)


def _note_on(typed: str, token: Token) -> str:
    """What to say of ``outcom:x``, of ``outcome:`` before a blank, of AND and NOT; empty if nothing."""
    word = token.text
    named = _NAMED.match(typed, token.start + token.minus)
    meant = closest_field(named[1].lower()) if named else None
    if named and meant:
        return f"no field is called {named[1].lower()}; did you mean {meant}?"
    lonely = word[:-1].lower()
    if word.endswith(":") and lonely in FIELDS:
        return f"searched as a word; to filter, write {lonely}:{FIELDS[lonely]} without a blank"
    between = typed[: token.start].strip() and typed[token.end :].strip()
    if word == "AND" and between:
        return "AND is not needed; put a word in quotes if it has to be there"
    return "to leave a word out, write -word" if word == "NOT" and typed[token.end :].strip() else ""


def _filter(typed: str, token: Token, today: dt.date | None) -> Piece:
    """A filter with the values that can be read, or what is left out, and why."""
    name, values, wrong = token.name, [], []
    for value in (item.text for item in token.items if _says(item.text)):
        problem = _wrong(name, value, today)
        (wrong if problem else values).append(problem or value)
    if name in SPAN_FIELDS and len(values) > 1:
        wrong.append(f"{name}: takes one date; {values[0]} was taken")
        values = values[:1]
    if name in SPAN_FIELDS and token.minus:
        wrong, values = [f"-{name}: was left out; write {'until' if name == 'since' else 'since'}: instead"], []
    if not values and not wrong:
        wrong = [f"{name}: was left out; it needs a value, such as {name}:{FIELDS[name]}"]
    if typed[token.end - 1] == "," and typed[token.end :].strip() and values:
        wrong.append(f"a blank ends the list; write the next value right after the comma: {name}:{values[0]},…")
    found = Piece("filter", token.start, token.end, "", token.minus, name, tuple(dict.fromkeys(values)))
    note = "; ".join(wrong)
    return replace(found, note=note) if values else _left_out(found, typed[token.start : token.end], note)


def _left_out(piece: Piece, text: str, note: str) -> Piece:
    return Piece("left out", piece.start, piece.end, text, note=note)


def _wrong(name: str, value: str, today: dt.date | None) -> str:
    """What is wrong with a filter's value; empty if nothing."""
    if name == "year" and not re.fullmatch(r"\d{4}", value, re.ASCII):
        return f"{value} is not a year and was left out; write year:2025"
    if name in DATE_FIELDS and days(value, today) is None:
        return f"{value} is not a date and was left out; write {DATE_FORMS}"
    return ""


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces with OR read: what it joins gets a number, the OR itself goes or, joining nothing, is left out."""
    joined: list[Piece] = []
    group, pending = 0, None
    for at, piece in enumerate(pieces):
        if _is_either(piece) and 0 < at < len(pieces) - 1:
            pending = replace(pending or piece, end=piece.end)
            continue
        if pending and _can_join(joined[-1]) and _can_join(piece):
            group = joined[-1].either or group + 1
            joined[-1] = replace(joined[-1], either=group)
            piece = replace(piece, start=pending.start, either=group)
        elif pending and _same_field(joined[-1], piece):
            piece = replace(piece, start=pending.start)
        elif pending:
            joined.append(_left_out(pending, EITHER, "OR joins words and phrases; it was left out here"))
        joined.append(piece)
        pending = None
    return joined


def _is_either(piece: Piece) -> bool:
    return piece.kind == "word" and piece.text == EITHER and not piece.excluded


def _can_join(piece: Piece) -> bool:
    return piece.kind in ("word", "phrase") and not piece.excluded and not _is_either(piece)


def _same_field(one: Piece, other: Piece) -> bool:
    """Whether OR between these says what holds anyway: values of one field are united."""
    return one.kind == other.kind == "filter" and one.field == other.field and not one.excluded and not other.excluded


def closest_field(name: str) -> str | None:
    """The field that a name is likely to mean: another word for it, a close spelling, a beginning of four letters."""
    if name in FIELDS:
        return name
    if name in OTHER_NAMES:
        return OTHER_NAMES[name]
    begun = [known for known in FIELDS if len(name) >= 4 and known.startswith(name)]
    close = process.extractOne(name, list(FIELDS), scorer=fuzz.ratio, score_cutoff=CLOSE_ENOUGH)
    return begun[0] if begun else close[0] if close else None


def render(pieces: Iterable[Piece]) -> str:
    """What to type for these pieces: `parse` reads it as the same pieces again."""
    parts: list[str] = []
    before: Piece | None = None
    for piece in pieces:
        if before and before.either and before.either == piece.either:
            parts.append(EITHER)
        parts.append(_typed(piece))
        before = piece
    return " ".join(parts)


def _typed(piece: Piece) -> str:
    minus = "-" if piece.excluded else ""
    if piece.kind == "filter":
        return f"{minus}{piece.field}:{','.join(map(quoted_value, piece.values))}"
    return f'{minus}"{piece.text}"' if piece.kind == "phrase" else minus + piece.text


def quoted_value(value: str) -> str:
    """A value as it is typed after ``field:``, in quotes where it has to be; it has none of its own at its ends."""
    return f'"{value}"' if any(sign.isspace() or sign == "," for sign in value) else value


def without(parsed: ParsedQuery, *pieces: Piece) -> str:
    """What to type for the query without these pieces."""
    return render(piece for piece in parsed.pieces if piece not in pieces)


def understood(query: ParsedQuery, today: dt.date | None = None) -> str:
    """What was understood, as a sentence: ``slow login, with “sign in”, without “mobile”; outcome CXO-12``."""
    words = [p.text for p in query.pieces if p.kind == "word" and not p.excluded and not p.either]
    parts = [" ".join(words)] if words else []
    parts += [f"with {_quoted(query.phrases)}"] if query.phrases else []
    parts += [f"with {_quoted(choice, 'or')}" for choice in query.choices]
    parts += [f"without {_quoted(query.excluded, 'or')}"] if query.excluded else []
    filters = [filter_in_words(found, today) for found in query.fields]
    return "; ".join(filter(None, [", ".join(parts), ", ".join(filters)])) or "everything"


def _quoted(texts: Iterable[str], link: str = "and") -> str:
    return f" {link} ".join(f"“{text}”" for text in texts)


def filter_in_words(found: Piece, today: dt.date | None = None) -> str:
    """A filter as it is read aloud: ``not segment SMB``, ``since 1 January 2025``, ``outcome A or B``."""
    named: dict[str, Callable[[str], str]] = {
        "since": lambda value: _day_in_words(first_day(value, today)),
        "until": lambda value: _day_in_words(last_day(value, today)),
        "date": lambda value: _days_in_words(value, today),
    }
    values = " or ".join(map(named.get(found.field, str), found.values))
    return f"{'not ' if found.excluded else ''}{found.field} {values}"


def _days_in_words(value: str, today: dt.date | None) -> str:
    first, last = _day_in_words(first_day(value, today)), _day_in_words(last_day(value, today))
    return first if first == last else f"{first} to {last}"


def _day_in_words(day: dt.date | None) -> str:
    return f"{day.day} {day:%B} {day.year}" if day else ""
