"""The one filter: terms, kind, dates, study and the reader's scopes become one bitmap of evidence ids.

There is no path around it: every search, count and list of evidence intersects with `allowed`.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from pyroaring import BitMap
from sqlalchemy import select
from sqlalchemy.orm import Session

from indexes.bitmaps import Bitmaps
from indexes.query import FieldFilter, first_day, last_day
from insightrepo.accounts.access import Reader, visible_studies, visible_terms
from insightrepo.library.hits import SearchQuery
from insightrepo.models import Outcome, Study, Term
from insightrepo.taxonomy.reading import UnknownTerm, find_term, product_and_below

TERM_FACETS = ("outcome", "segment", "product")
STUDY_FACETS = ("level", "method", "state")
EVIDENCE_FACETS = ("kind", "year")


@dataclass(frozen=True)
class Condition:
    """One facet of the filter, resolved: evidence matches any of the values (or, `excluded`, none)."""

    facet: str
    values: tuple[str, ...]
    term_ids: frozenset[int] = frozenset()
    excluded: bool = False
    named_term: int | None = None  # the one term named, before what is below it was added


@dataclass(frozen=True)
class ResolvedFilter:
    """A filter with codes looked up; `notes` say what could not be understood and was left out."""

    conditions: tuple[Condition, ...]
    study: int | None
    since: dt.date | None
    until: dt.date | None
    verified: bool
    notes: tuple[str, ...] = ()

    @property
    def tag_key(self) -> str:
        """The bitmaps that tell what evidence is tagged with a term: of tags in force, or only of verified ones."""
        return "verified" if self.verified else "term"

    def chosen(self, facet: str) -> set[str]:
        """The values of a facet that the filter asks for."""
        return {value for c in self.conditions if c.facet == facet and not c.excluded for value in c.values}

    def only_term(self, axis: str) -> int | None:
        """The one term that the filter names on an axis, which chooses the cell of the scores; None if not one."""
        named = [c for c in self.conditions if c.facet == axis and not c.excluded and len(c.values) == 1]
        return named[0].named_term if len(named) == 1 else None


def resolve(session: Session, reader: Reader, query: SearchQuery, fields: Iterable[FieldFilter] = ()) -> ResolvedFilter:
    """Look up what the query's facets and the typed fields name. What is unknown matches nothing and is said.

    A term that the reader may not see is unknown.
    """
    notes: list[str] = []
    wanted: defaultdict[tuple[str, bool], list[str]] = defaultdict(list)
    for facet, values in query.filters.items():
        wanted[(facet, False)].extend(map(storable, values))
    since, until, study = query.since, query.until, query.study
    for field in fields:
        if field.name in ("since", "until"):
            since, until = _period(field, since, until)
        elif field.name == "study":
            study, note = _study_named(session, reader, field.value)
            notes.extend(note)
        else:
            wanted[(field.name, field.excluded)].append(field.value)
    conditions = [
        _condition(session, reader, facet, values, excluded, notes)
        for (facet, excluded), values in wanted.items()
        if values
    ]
    return ResolvedFilter(tuple(conditions), study, since, until, query.verified, tuple(notes))


def _period(field: FieldFilter, since: dt.date | None, until: dt.date | None) -> tuple[dt.date | None, dt.date | None]:
    if field.name == "since":
        return max(filter(None, (since, first_day(field.value))), default=None), until
    return since, min(filter(None, (until, last_day(field.value))), default=None)


def storable(text: str) -> str:
    """The text without what a database cannot hold: NUL and halves of surrogate pairs."""
    return text.encode("utf-8", "ignore").decode().replace("\x00", " ")


def _study_named(session: Session, reader: Reader, text: str) -> tuple[int, list[str]]:
    if text.isdecimal():
        return (int(text) if len(text) < 10 else -1), []
    named = Study.title.icontains(text, autoescape=True), Study.id.in_(visible_studies(reader))
    found = list(session.scalars(select(Study.id).where(*named).order_by(Study.id).limit(2)))
    if len(found) == 1:
        return found[0], []
    return -1, [f"study:{text} names {'no' if not found else 'more than one'} study; use its number or its whole title"]


def _condition(
    session: Session, reader: Reader, facet: str, values: list[str], excluded: bool, notes: list[str]
) -> Condition:
    distinct = tuple(dict.fromkeys(values))
    if facet == "category":
        return Condition(facet, distinct, _outcomes_in(session, reader, distinct), excluded)
    if facet not in TERM_FACETS:
        return Condition(facet, distinct, frozenset(), excluded)
    ids, codes = set(), []
    for value in distinct:
        try:
            term = find_term(session, facet, value, Term.id.in_(visible_terms(reader)))
        except UnknownTerm as error:
            notes.append(str(error))
            codes.append(value)
            continue
        ids.add(term.id)
        codes.append(term.code)
    named = next(iter(ids)) if len(ids) == 1 else None
    below = product_and_below(session, ids) if facet == "product" and ids else ids
    return Condition(facet, tuple(codes), frozenset(below), excluded, named)


def _outcomes_in(session: Session, reader: Reader, categories: tuple[str, ...]) -> frozenset[int]:
    seen = Outcome.id.in_(visible_terms(reader))
    return frozenset(session.scalars(select(Outcome.id).where(Outcome.category.in_(categories), seen)))


def allowed_bitmap(session: Session, reader: Reader, resolved: ResolvedFilter, bitmaps: Bitmaps) -> BitMap:
    """All live evidence that the filter lets through and the reader may see."""
    allowed = bitmaps.live & _of_studies(session, reader, resolved, bitmaps)
    if resolved.since or resolved.until:
        allowed &= bitmaps.period(resolved.since, resolved.until)
    for condition in resolved.conditions:
        if condition.facet in STUDY_FACETS:
            continue
        matching = bitmaps.any(_keys(condition, resolved.tag_key))
        allowed = allowed - matching if condition.excluded else allowed & matching
    return allowed


def _of_studies(session: Session, reader: Reader, resolved: ResolvedFilter, bitmaps: Bitmaps) -> BitMap:
    # Read from the database each time: publishing, withdrawing or a new scope holds at once, whatever the index lags.
    query = visible_studies(reader)
    for condition in _study_conditions(resolved):
        matching = getattr(Study, condition.facet).in_(condition.values)
        query = query.where(~matching if condition.excluded else matching)
    if resolved.study is not None:
        query = query.where(Study.id == resolved.study)
    if not resolved.chosen("state"):
        query = query.where(Study.state != "withdrawn")
    return bitmaps.any(f"study:{study_id}" for study_id in session.scalars(query))


def _study_conditions(resolved: ResolvedFilter) -> list[Condition]:
    return [condition for condition in resolved.conditions if condition.facet in STUDY_FACETS]


def _keys(condition: Condition, tag_key: str) -> list[str]:
    if condition.facet in EVIDENCE_FACETS:
        return [f"{condition.facet}:{value}" for value in condition.values]
    return [f"{tag_key}:{term_id}" for term_id in condition.term_ids]
