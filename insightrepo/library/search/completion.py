"""Completes what is being typed into a search: the names of fields, and the values of one that the reader may see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pyroaring import BitMap
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectin_polymorphic

from indexes.analyzer import fold
from indexes.bitmaps import Bitmaps
from indexes.query import FIELDS, quoted_value
from indexes.query_dates import RELATIVE
from indexes.query_tokens import QUOTES, Token, tokens
from insightrepo.accounts.access import Reader, studies_in_use, visible_studies, visible_terms
from insightrepo.library.search.filters import FIXED_VALUES, NO_FILTER, TERM_FACETS, allowed_bitmap
from insightrepo.models import Outcome, Product, Study, Term
from insightrepo.taxonomy.reading import product_and_below
from insightrepo.workspace import Workspace

LIMIT = 12
FEWEST_LETTERS = 2  # of a word before names of fields are offered
MEANS = {
    "outcome": "evidence tagged with an outcome", "segment": "of a segment", "product": "of a product and below",
    "category": "of a category of outcomes", "kind": "insight, passage or verbatim", "study": "of a study",
    "method": "of studies of a method", "level": "relationship or interaction", "year": "said in a year",
    "state": "of studies in a state", "date": "said in a period", "since": "said from a day on",
    "until": "said up to a day",
}  # fmt: skip

_NAMES = frozenset(FIELDS)
_OPEN = re.compile(rf"[{QUOTES}][^{QUOTES}]*\Z")
_WORD_START = re.compile(r"(?<![^\W_])(?=[^\W_])")


@dataclass(frozen=True)
class Completion:
    """`insert` is to replace ``typed[start:end]``. `detail` explains the label; `count` is how much evidence the reader
    sees of it, None where that says nothing."""

    label: str
    detail: str
    insert: str
    start: int
    end: int
    count: int | None = None


@dataclass(frozen=True)
class _Value:
    """A value that a field may take: what is inserted, what it is called, what else finds it, and how much there is."""

    value: str
    detail: str
    names: tuple[str, ...]
    ids: Callable[[], BitMap]


def complete(workspace: Workspace, session: Session, reader: Reader, typed: str, cursor: int) -> tuple[Completion, ...]:
    """What the word at the cursor may become, the best first, at most `LIMIT`. Never fails.

    A value is found by the beginning of its code, its name or an alias, or of a word within. Only terms and studies
    that the reader may see are offered, and counts are of evidence that they may see.
    """
    head = typed[:cursor]
    token = _token_at(typed, head)
    if token is None:
        return ()
    if token.name:
        return _values(workspace, session, reader, token, typed, cursor)
    return _fields(token) if not token.quoted and len(token.text) >= FEWEST_LETTERS else ()


def _token_at(typed: str, head: str) -> Token | None:
    """The token that ends at the cursor, read as if nothing followed."""
    open_quote = _OPEN.search(head) if head.count('"') % 2 or _unclosed(head) else None
    closed = head + '"' if open_quote else head
    found = [token for token in tokens(closed, _NAMES) if token.end >= len(head)]
    if not found and (name := re.search(r"(?<!\S)(-?)([^\W\d_]+):\Z", head)) and name[2].lower() in _NAMES:
        return Token(name.start(), len(head), minus=bool(name[1]), name=name[2].lower())
    last = found[-1] if found else None
    lonely = re.fullmatch(r"([^\W\d_]+):", last.text) if last and not last.quoted else None
    if last and lonely and lonely[1].lower() in _NAMES:
        return Token(last.start, last.end, minus=last.minus, name=lonely[1].lower())
    return last


def _unclosed(head: str) -> bool:
    return sum(head.count(sign) for sign in QUOTES) % 2 == 1


def _fields(token: Token) -> tuple[Completion, ...]:
    """The names of fields that begin like the word."""
    begun = [name for name in FIELDS if name.startswith(token.text.lower())]
    minus = "-" if token.minus else ""
    return tuple(
        Completion(f"{minus}{name}:", MEANS[name], f"{minus}{name}:", token.start, token.end) for name in begun
    )


def _values(
    workspace: Workspace, session: Session, reader: Reader, token: Token, typed: str, cursor: int
) -> tuple[Completion, ...]:
    """The values of the token's field that match what is typed of the last of them."""
    colon = typed.index(":", token.start) + 1
    items = [item for item in token.items if item.end >= cursor]
    begun, start = (items[-1].text, items[-1].start) if items else ("", cursor)
    chosen = {item.text.casefold() for item in token.items if item.start != start}
    bitmaps = workspace.indexes.state.bitmaps
    visible = allowed_bitmap(session, reader, NO_FILTER, bitmaps)
    matching = []
    for value in _known_values(session, reader, bitmaps, visible, token.name):
        place = _place(fold(begun), value)
        if place is not None and value.value.casefold() not in chosen:
            matching.append((place, -value.ids().intersection_cardinality(visible), value))
    matching.sort(key=lambda found: (found[0], found[1], found[2].value))
    end = _end_of_value(typed, max(start, colon), cursor)
    return tuple(
        Completion(
            label=value.value if not value.value.isdecimal() or token.name == "year" else value.names[-1],
            detail=value.detail,
            insert=quoted_value(value.value.strip(QUOTES)),
            start=max(start, colon),
            end=end,
            count=-count if token.name not in ("since", "until", "date") else None,
        )
        for _, count, value in matching[:LIMIT]
    )


def _end_of_value(typed: str, start: int, cursor: int) -> int:
    """Where the value at the cursor ends: at its closing quote, else at the cursor or the rest of the word."""
    if typed[start : start + 1] and typed[start] in QUOTES:
        closing = next((at for at in range(start + 1, len(typed)) if typed[at] in QUOTES), None)
        return cursor if closing is None else closing + 1
    rest = re.compile(r"[^\s,]*").match(typed, cursor)
    return rest.end() if rest else cursor


def _place(begun: str, value: _Value) -> int | None:
    """How well a value matches: 0 by its code or its beginning, 1 by a name's, 2 by a word within; None if not."""
    names = [fold(name) for name in value.names]
    if fold(value.value).startswith(begun):
        return 0
    if any(name.startswith(begun) for name in names):
        return 1
    inner = any(name.startswith(begun, match.start()) for name in names for match in _WORD_START.finditer(name))
    return 2 if inner else None


def _known_values(session: Session, reader: Reader, bitmaps: Bitmaps, visible: BitMap, field: str) -> Iterable[_Value]:
    if field in TERM_FACETS:
        return _terms(session, reader, bitmaps, field)
    if field == "category":
        return _categories(session, reader, bitmaps)
    if field == "study":
        return _studies(session, reader, bitmaps)
    if field in ("level", "method", "state"):
        return _of_studies(session, reader, bitmaps, field)
    if field in ("since", "until", "date"):
        return _dates(_years(bitmaps, visible))
    known = FIXED_VALUES.get(field) or _years(bitmaps, visible)
    return [_value(bitmaps, value, "", [f"{field}:{value}"]) for value in known]


def _value(bitmaps: Bitmaps, value: str, detail: str, keys: Sequence[str], names: Sequence[str] = ()) -> _Value:
    return _Value(value, detail, tuple(names) or (value,), lambda: bitmaps.any(keys))


def _terms(session: Session, reader: Reader, bitmaps: Bitmaps, axis: str) -> Iterable[_Value]:
    seen = Term.axis == axis, Term.status != "retired", Term.id.in_(visible_terms(reader))
    query = select(Term).where(*seen).options(selectin_polymorphic(Term, [Outcome, Product]))
    for term in session.scalars(query):
        ids = product_and_below(session, [term.id]) if axis == "product" else [term.id]
        keys = [f"term:{number}" for number in ids]
        yield _value(bitmaps, term.code, term.name, keys, (term.name, *term.aliases))


def _categories(session: Session, reader: Reader, bitmaps: Bitmaps) -> Iterable[_Value]:
    seen = Outcome.id.in_(visible_terms(reader)), Outcome.category != "", Outcome.status != "retired"
    members: dict[str, list[str]] = {}
    for number, category in session.execute(select(Outcome.id, Outcome.category).where(*seen)):
        members.setdefault(category, []).append(f"term:{number}")
    return [_value(bitmaps, category, "", keys) for category, keys in members.items()]


def _studies(session: Session, reader: Reader, bitmaps: Bitmaps) -> Iterable[_Value]:
    """Studies by title; what is inserted is the number, which stays right whatever else is called so."""
    seen = Study.id.in_(studies_in_use(reader))
    for number, title, method in session.execute(select(Study.id, Study.title, Study.method).where(seen)):
        detail = ", ".join(filter(None, (f"study {number}", method)))
        yield _value(bitmaps, str(number), detail, [f"study:{number}"], (title,))


def _of_studies(session: Session, reader: Reader, bitmaps: Bitmaps, field: str) -> Iterable[_Value]:
    column = getattr(Study, field)
    studies = visible_studies if field == "state" else studies_in_use  # who asks for a state may ask for withdrawn ones
    seen = Study.id.in_(studies(reader)), func.coalesce(column, "") != ""
    keys: dict[str, list[str]] = {}
    for number, value in session.execute(select(Study.id, column).where(*seen)):
        keys.setdefault(value, []).append(f"study:{number}")
    return [_value(bitmaps, value, "", members) for value, members in keys.items()]


def _years(bitmaps: Bitmaps, visible: BitMap) -> list[str]:
    """The years that the reader sees evidence of, the latest first."""
    return sorted((key.partition(":")[2] for key in bitmaps.counts("year:", visible)), reverse=True)


def _dates(years: Sequence[str]) -> Iterable[_Value]:
    texts = [*RELATIVE, *years, *(f"{year}-Q{quarter}" for year in years for quarter in (4, 3, 2, 1))]
    return [_Value(text, "", (text,), BitMap) for text in texts]
