"""The address of the search page: a URL becomes a typed query, and a query becomes the URLs of its neighbours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, get_args
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from indexes.query import Piece, render
from indexes.query import parse as read_words
from insightrepo import locales
from insightrepo.library.search.hits import FACETS, Group, Mode, SearchQuery, SearchResult, Sort
from insightrepo.web.links import url_for
from insightrepo.web.request import is_id

PER_PAGE = 20
LAST_PAGE = 500
MAX_WORDS = 1000  # signs of a query that are read; the rest is left out and said

FACET_LABELS = {
    "outcome": "Outcome",
    "category": "Category",
    "segment": "Segment",
    "product": "Product",
    "kind": "Kind",
    "level": "Level",
    "method": "Method",
    "year": "Year",
    "state": "Study state",
}


@dataclass(frozen=True)
class ActiveFilter:
    """A filter in force, in words, and the URL without it."""

    facet: str
    label: str
    without: str


def parse(args: MultiDict[str, str]) -> tuple[SearchQuery, tuple[str, ...]]:
    """The query that a URL asks for, and in words what of it could not be understood and was left out."""
    notes: list[str] = []
    filters = {facet: tuple(dict.fromkeys(filter(None, args.getlist(facet)))) for facet in FACETS}
    words = args.get("q", "").strip()
    if len(words) > MAX_WORDS:
        notes.append(f"only the first {MAX_WORDS} signs of the words were read")
    query = SearchQuery(
        words=words[:MAX_WORDS],
        filters={facet: values for facet, values in filters.items() if values},
        study=_number(args, "study", notes),
        since=_date(args, "since", notes),
        until=_date(args, "until", notes),
        verified=args.get("verified") in ("1", "true", "yes", "on"),
        mode=_choice(args, "mode", get_args(Mode), notes),
        sort=_choice(args, "sort", get_args(Sort), notes),
        offset=(page_number(args) - 1) * PER_PAGE,
        limit=PER_PAGE,
        like=_number(args, "like", notes),
        group=_choice(args, "group", get_args(Group), notes),
    )
    return query, tuple(notes)


def page_number(args: Mapping[str, str], last: int = LAST_PAGE) -> int:
    """The page that a URL asks for: 1 to `last`, 1 where it says nothing that makes sense."""
    text = args.get("page", "1")
    return min(max(int(text), 1), last) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def _number(args: Mapping[str, str], name: str, notes: list[str]) -> int | None:
    text = args.get(name, "")
    if not text:
        return None
    if is_id(text):
        return int(text)
    notes.append(f"{name} is a number, not “{text[:40]}”: left out")
    return None


def _date(args: Mapping[str, str], name: str, notes: list[str]) -> dt.date | None:
    text = args.get(name, "")
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        notes.append(f"{name} is a day such as 2025-03-31, not “{text[:40]}”: left out")
        return None


def _choice(args: Mapping[str, str], name: str, choices: Sequence[str], notes: list[str]) -> Any:
    text = args.get(name, choices[0])
    if text in choices:
        return text
    notes.append(f"{name} is {', '.join(choices[:-1])} or {choices[-1]}, not “{text[:40]}”: left out")
    return choices[0]


class Links:
    """URLs near a query: each keeps everything but what it changes, and begins at the first page again."""

    def __init__(self, query: SearchQuery) -> None:
        self.query = query
        self._items = _items(query)
        self._address = url_for("search.results")
        self._here = urlencode(self._items)

    @property
    def page(self) -> int:
        """The page that the query is on, from 1."""
        return self.query.offset // self.query.limit + 1

    def kept(self, *leaving_out: str) -> list[tuple[str, str]]:
        """Names and values for the hidden fields of a form that sets the names left out."""
        return [(name, value) for name, value in self._items if name not in leaving_out]

    def toggle(self, name: str, value: str) -> str:
        """Add the value to the filter, or take it away if it is there, also from what was typed."""
        if (name, value) in self._items:
            return self._url([item for item in self._items if item != (name, value)])
        rest = _untyped(self._pieces, name, value)
        if rest is not None:
            return self.put("q", rest)
        added = urlencode({name: value})
        return f"{self._address}?{self._here}&{added}" if self._here else f"{self._address}?{added}"

    def put(self, name: str, value: object | None) -> str:
        """Set one value; None or an empty text takes it away."""
        items = self.kept(name)
        return self._url([*items, (name, str(value))] if value else items)

    def at_page(self, number: int) -> str:
        """The same query at a page."""
        return self.put("page", number if number > 1 else None)

    def only_words(self) -> str:
        """The words without any filter."""
        return self._url([item for item in self._items if item[0] in ("q", "like", "mode", "sort")])

    def filtered(self, **facets: str) -> str:
        """The query with one value of each of these facets, in place of what is chosen there."""
        return self._url([*self.kept(*facets), *facets.items()])

    def only_group(self, group: str, value: str) -> str:
        """The hits of one study or one level, no longer grouped."""
        return self._url([*self.kept("group", group), (group, value)])

    def here(self) -> str:
        """The query itself."""
        return self._url(self._items)

    def without_words(self) -> str:
        """The filters without the words."""
        return self.put("q", None)

    def _url(self, items: Sequence[tuple[str, str]]) -> str:
        return f"{self._address}?{urlencode(items)}" if items else self._address

    @cached_property
    def _pieces(self) -> tuple[Piece, ...]:
        return read_words(self.query.words).pieces


def _untyped(pieces: Sequence[Piece], field: str, value: str) -> str | None:
    """The words without ``field:value``; None where it is not typed there."""
    if not any(piece.field == field for piece in pieces):
        return None
    kept = [_less(piece, value) if piece.field == field and not piece.excluded else piece for piece in pieces]
    return None if kept == list(pieces) else render(piece for piece in kept if piece is not None)


def _less(piece: Piece, value: str) -> Piece | None:
    values = tuple(other for other in piece.values if other.casefold() != value.casefold())
    return replace(piece, values=values) if values else None


def _items(query: SearchQuery) -> list[tuple[str, str]]:
    """What differs from an empty query, in a fixed order, the page left out."""
    items = [("q", query.words)] if query.words else []
    items += [("like", str(query.like))] if query.like is not None else []
    items += [(facet, value) for facet in FACETS for value in query.filters.get(facet, ())]
    singles = {
        "study": query.study,
        "since": query.since,
        "until": query.until,
        "verified": "1" if query.verified else None,
        "mode": query.mode if query.mode != "hybrid" else None,
        "sort": query.sort if query.sort != "relevance" else None,
        "group": query.group if query.group != "none" else None,
    }
    return items + [(name, str(value)) for name, value in singles.items() if value is not None]


def active_filters(links: Links, result: SearchResult, study: str | None = None) -> list[ActiveFilter]:
    """The filters in force with the labels that the facets give them; `study` is the title of the one filtered by."""
    query = links.query
    labels = {(facet, value.value): value.label for facet, values in result.facets.items() for value in values}
    active = [
        ActiveFilter(FACET_LABELS[facet], labels.get((facet, value), value), links.toggle(facet, value))
        for facet in FACETS
        for value in query.filters.get(facet, ())
    ]
    if query.study is not None:
        active.append(ActiveFilter("Study", study or str(query.study), links.put("study", None)))
    for name, day in (("since", query.since), ("until", query.until)):
        if day:
            active.append(ActiveFilter(name.capitalize(), locales.day(day), links.put(name, None)))
    if query.verified:
        active.append(ActiveFilter("Tags", "confirmed only", links.put("verified", None)))
    return active
