"""The one filter: terms, kind, dates, study and the reader's scopes become one bitmap of evidence ids.

There is no path around it: every search, count and list of evidence intersects with `allowed`.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pyroaring import BitMap
from sqlalchemy import select
from sqlalchemy.orm import Session

from indexes.bitmaps import Bitmaps
from indexes.query import Note, Piece, first_day, last_day
from indexes.query_dates import Days, days
from insightrepo.accounts.access import Reader, visible_studies
from insightrepo.library.search.hits import SearchQuery
from insightrepo.library.studies.seen_studies import SeenStudy, seen_studies
from insightrepo.memory import remembered
from insightrepo.models import EVIDENCE_KINDS, LEVELS, STUDY_STATES, Study
from insightrepo.taxonomy.reading import UnknownTerm
from insightrepo.taxonomy.register import register, seen_terms

TERM_FACETS = ("outcome", "segment", "product")
STUDY_FACETS = ("level", "method", "state")
EVIDENCE_FACETS = ("kind", "year")
FIXED_VALUES: dict[str, Sequence[str]] = {"kind": EVIDENCE_KINDS, "level": LEVELS, "state": STUDY_STATES}
MOST_NAMED = 8  # known values that a note lists


@dataclass(frozen=True)
class Condition:
    """One facet of the filter, resolved: evidence matches any of the values (or, `excluded`, none).

    A term facet has `term_ids`, "study" has `study_ids`, "date" has `periods`; the others go by `values`.
    """

    facet: str
    values: tuple[str, ...]
    term_ids: frozenset[int] = frozenset()
    excluded: bool = False
    named_term: int | None = None  # the one term named, before what is below it was added
    study_ids: frozenset[int] = frozenset()
    periods: tuple[Days, ...] = ()


@dataclass(frozen=True)
class ResolvedFilter:
    """A filter with codes looked up; `said` is what could not be understood, at its place in what was typed (0 to 0:
    it was not typed), and `labels` are the names of what was typed, by field and value."""

    conditions: tuple[Condition, ...]
    study: int | None
    since: dt.date | None
    until: dt.date | None
    verified: bool
    said: tuple[Note, ...] = ()
    labels: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be understood and matches nothing, a sentence each."""
        return tuple(note.message for note in self.said)

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


NO_FILTER = ResolvedFilter((), None, None, None, False)


def resolve(session: Session, reader: Reader, query: SearchQuery, fields: Iterable[Piece] = ()) -> ResolvedFilter:
    """Look up what the query's facets and the typed filters name. What is unknown matches nothing and is said.

    A term or a study that the reader may not see is unknown.
    """
    wanted: defaultdict[tuple[str, bool], list[tuple[str, Piece | None]]] = defaultdict(list)
    for facet, values in query.filters.items():
        wanted[(facet, False)].extend((storable(value), None) for value in values)
    since, until = query.since, query.until
    for piece in fields:
        if piece.field in ("since", "until"):
            since, until = _period(piece, since, until)
        else:
            wanted[(piece.field, piece.excluded)].extend((value, piece) for value in piece.values)
    look_up = _LookUp(session, reader)
    conditions = [look_up.condition(facet, values, excluded) for (facet, excluded), values in wanted.items() if values]
    said, labels = tuple(look_up.said), look_up.labels
    return ResolvedFilter(tuple(conditions), query.study, since, until, query.verified, said, labels)


def _period(piece: Piece, since: dt.date | None, until: dt.date | None) -> tuple[dt.date | None, dt.date | None]:
    if piece.field == "since":
        return max(filter(None, (since, first_day(piece.values[0]))), default=None), until
    return since, min(filter(None, (until, last_day(piece.values[0]))), default=None)


def storable(text: str) -> str:
    """The text without what a database cannot hold: NUL and halves of surrogate pairs."""
    return text.encode("utf-8", "ignore").decode().replace("\x00", " ")


class _LookUp:
    """Looks up values for a reader and keeps what there is to say about them."""

    def __init__(self, session: Session, reader: Reader) -> None:
        self.session = session
        self.reader = reader
        self.terms = seen_terms(session, reader)
        self.said: list[Note] = []
        self.labels: dict[tuple[str, str], str] = {}

    def condition(self, facet: str, named: Sequence[tuple[str, Piece | None]], excluded: bool) -> Condition:
        """The condition of one facet; each value comes with the piece that it was typed in."""
        distinct = dict(reversed(named))  # the first piece of equal values counts
        values = tuple(dict.fromkeys(value for value, _ in named))
        if facet in TERM_FACETS:
            return self._terms(facet, distinct, values, excluded)
        if facet == "category":
            values = self._known(facet, distinct, values, self._categories())
            among = (term.id for term in self.terms.terms if term.axis == "outcome" and term.category in values)
            return Condition(facet, values, frozenset(among), excluded)
        if facet == "study":
            ids = frozenset(self._study(value, distinct[value]) for value in values)
            return Condition(facet, values, excluded=excluded, study_ids=ids)
        if facet == "date":
            periods = tuple(filter(None, map(days, values)))
            return Condition(facet, values, excluded=excluded, periods=periods)
        if facet in FIXED_VALUES or facet == "method":
            known = FIXED_VALUES.get(facet) or self._methods()
            values = self._known(facet, distinct, values, known)
        return Condition(facet, values, excluded=excluded)

    def _say(self, message: str, piece: Piece | None) -> None:
        self.said.append(Note(message, piece.start, piece.end) if piece else Note(message, 0, 0))

    def _terms(self, facet: str, pieces: dict[str, Piece | None], values: Sequence[str], excluded: bool) -> Condition:
        ids, codes = set(), []
        for value in values:
            try:
                term = self.terms.finder(facet).find(value)
            except UnknownTerm as error:
                self._say(str(error), pieces[value])
                codes.append(value)
                continue
            ids.add(term.id)
            codes.append(term.code)
            self.labels[(facet, value)] = term.name
        only = next(iter(ids)) if len(ids) == 1 else None
        below = register(self.session).with_below(ids)  # also of what the reader does not see, as the counts do
        return Condition(facet, tuple(dict.fromkeys(codes)), below, excluded, only)

    def _known(
        self, facet: str, pieces: dict[str, Piece | None], values: Sequence[str], known: Iterable[str]
    ) -> tuple[str, ...]:
        """The values as they are written in the library, whatever the case; one that is not there is said."""
        by_folded = {value.casefold(): value for value in known}
        for value in values:
            if value.casefold() not in by_folded:
                names = ", ".join(sorted(by_folded.values())[:MOST_NAMED]) or "none yet"
                self._say(f"no {facet} is called {value!r}: known are {names}", pieces[value])
        return tuple(dict.fromkeys(by_folded.get(value.casefold(), value) for value in values))

    def _categories(self) -> set[str]:
        return {term.category for term in self.terms.terms if term.category}

    def _methods(self) -> set[str]:
        return {study.method for study in seen_studies(self.session, self.reader).values() if study.method}

    def _study(self, text: str, piece: Piece | None) -> int:
        """The study with this number, this title, or alone with this in its title; -1 where there is none."""
        seen = select(Study.id, Study.title).where(Study.id.in_(visible_studies(self.reader))).order_by(Study.id)
        if text.isdecimal():
            named = seen.where(Study.id == (int(text) if len(text) < 10 else -1))
        else:
            named = seen.where(Study.title.icontains(text, autoescape=True)).limit(MOST_NAMED)
        found = self.session.execute(named).all()
        exact = [study for study in found if study.title.casefold() == text.casefold()]
        if len(exact or found) == 1:
            study = (exact or found)[0]
            self.labels[("study", text)] = study.title
            return study.id
        how_many = "more than one" if found else "no"
        self._say(f"study:{text} names {how_many} study; use its number or its whole title", piece)
        return -1


def allowed_bitmap(session: Session, reader: Reader, resolved: ResolvedFilter, bitmaps: Bitmaps) -> BitMap:
    """All live evidence that the filter lets through and the reader may see."""
    allowed = bitmaps.live & _of_studies(session, reader, resolved, bitmaps)
    if resolved.since or resolved.until:
        allowed &= bitmaps.period(resolved.since, resolved.until)
    for condition in resolved.conditions:
        if condition.facet in (*STUDY_FACETS, "study"):
            continue
        matching = _matching(condition, resolved.tag_key, bitmaps)
        allowed = allowed - matching if condition.excluded else allowed & matching
    return allowed


def _of_studies(session: Session, reader: Reader, resolved: ResolvedFilter, bitmaps: Bitmaps) -> BitMap:
    # By the state of the database, not of the index: publishing, withdrawing or a new scope holds at once.
    conditions = [condition for condition in resolved.conditions if condition.facet in (*STUDY_FACETS, "study")]
    if not conditions and resolved.study is None:
        key = "studies not withdrawn", reader
        studies = remembered(session, key, lambda: _studies(session, reader, resolved, conditions))
    else:
        studies = _studies(session, reader, resolved, conditions)
    return bitmaps.any_of("study", studies)


def _studies(
    session: Session, reader: Reader, resolved: ResolvedFilter, conditions: Sequence[Condition]
) -> frozenset[int]:
    """The studies that the reader may see and that meet the conditions of studies."""
    withdrawn_too = bool(resolved.chosen("state"))
    return frozenset(
        study.id
        for study in seen_studies(session, reader).values()
        if (withdrawn_too or study.state != "withdrawn")
        and resolved.study in (None, study.id)
        and all(_meets(study, condition) for condition in conditions)
    )


def _meets(study: SeenStudy, condition: Condition) -> bool:
    if condition.facet == "study":
        return (study.id in condition.study_ids) != condition.excluded
    return ((getattr(study, condition.facet) or "") in condition.values) != condition.excluded


def _matching(condition: Condition, tag_key: str, bitmaps: Bitmaps) -> BitMap:
    if condition.facet == "date":
        return BitMap.union(BitMap(), *(bitmaps.period(*period) for period in condition.periods))
    if condition.facet in EVIDENCE_FACETS:
        return bitmaps.any(f"{condition.facet}:{value}" for value in condition.values)
    return bitmaps.any_of(tag_key, condition.term_ids)
