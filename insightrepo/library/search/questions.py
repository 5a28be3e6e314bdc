"""What was asked, whoever asked and however it was ranked: words and filters of a query, kept and asked again."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.library.search.filters import storable
from insightrepo.library.search.hits import Mode, SearchQuery

if TYPE_CHECKING:  # slow to import, and a search needs none
    from ingest.redact import Redactor

LONGEST = 1000  # characters of the words that are kept


def question_key(pseudonyms: Pseudonyms, query: SearchQuery) -> str:
    """A keyed hash of words and filters, 64 hex digits; case, blanks, mode, order and page make no difference."""
    words = " ".join(storable(query.words).casefold().split())
    return pseudonyms.keyed_hash(f"{words}\x1f{filters_text(query)}")


def filters_text(query: SearchQuery) -> str:
    """The filters in force as JSON, names and values sorted; ``{}`` where there are none. `asked` reads it."""
    found: dict[str, Any] = {facet: sorted(map(storable, values)) for facet, values in query.filters.items() if values}
    singles = {"study": query.study, "like": query.like, "since": query.since, "until": query.until}
    singles["verified"] = query.verified or None
    found |= {name: str(value) for name, value in singles.items() if value is not None}
    return json.dumps(found, sort_keys=True, ensure_ascii=False)


def asked(words: str, filters: str, mode: Mode) -> SearchQuery:
    """The query of words and filters that were kept."""
    found = json.loads(filters)
    days = {name: dt.date.fromisoformat(found.pop(name)) for name in ("since", "until") if name in found}
    numbers = {name: int(found.pop(name)) for name in ("study", "like") if name in found}
    verified = bool(found.pop("verified", None))
    facets = {facet: tuple(values) for facet, values in found.items()}
    return SearchQuery(words, facets, verified=verified, mode=mode, **numbers, **days)


def in_words(filters: str) -> str:
    """Kept filters for people to read: ``outcome FT-01, since 2025-01-01``; "" where there are none."""
    named = [(name, values if isinstance(values, list) else [values]) for name, values in json.loads(filters).items()]
    return ", ".join(f"{name} {' or '.join(values)}" for name, values in named)


def without_people(query: SearchQuery, redactor: Redactor) -> SearchQuery:
    """The query as it may be kept: personal data is taken out of its words and of the values of its filters."""

    def clean(text: str) -> str:
        return redactor.redact(storable(text)[:LONGEST]).text

    filters = {facet: tuple(clean(value) for value in values) for facet, values in query.filters.items()}
    return replace(query, words=clean(query.words), filters=filters)
