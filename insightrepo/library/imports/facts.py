"""What the data itself says of a piece of evidence: names on the three axes, as votes where a term bears them.

The names are kept with the place where they stand, so that a term that is added later still gets its votes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.pipeline import Draft
from ingest.tagger import Vote as VoteCast
from insightrepo.accounts.access import Reader
from insightrepo.models import AXES, Document, Place
from insightrepo.taxonomy.reading import TermFinder, UnknownTerm
from insightrepo.taxonomy.register import seen_terms
from insightrepo.taxonomy.succession import standing_in

MOST_NEAR = 200  # names that no term bears for which others are looked for
Facts = Mapping[str, Sequence[str]]  # names by axis


def facts_of(draft: Draft) -> dict[str, list[str]]:
    """The names that a row gives, by axis; an axis without one is left out."""
    named = {"segment": draft.segments, "product": draft.products, "outcome": draft.labels}
    return {axis: list(names) for axis, names in named.items() if names}


def _pairs(facts: Facts) -> Iterator[tuple[str, str]]:
    return ((axis, name) for axis, names in facts.items() for name in names)


class FactVotes:
    """Turns facts into votes by "import"; each name is looked up once, `unknown` counts those that no term bears."""

    def __init__(self, session: Session) -> None:
        self.unknown: Counter[str] = Counter()
        self._finders = {axis: TermFinder(session, axis) for axis in AXES}
        self._terms: dict[tuple[str, str], int | None] = {}
        self._instead = standing_in(session)

    def cast(self, facts: Facts, document_id: int) -> list[VoteCast]:
        """The votes of a place's facts, one a term."""
        votes: dict[int, VoteCast] = {}
        for axis, name in _pairs(facts):
            term_id = self._term_id(axis, name)
            if term_id is None:
                self.unknown[f"{axis} {name}"] += 1
                continue
            reason = {"column": "labels" if axis == "outcome" else axis, "value": name}
            votes[term_id] = VoteCast(term_id, "import", f"import:{document_id}", True, "force", 1.0, reason)
        return list(votes.values())

    @staticmethod
    def near(session: Session, reader: Reader, unknown: Counter[str]) -> dict[str, list[str]]:
        """For names of `unknown` the terms that the reader may see and that are called almost so, as "name (code)"."""
        seen = seen_terms(session, reader)
        found = {
            named: [f"{term.name} ({term.code})" for term in seen.finder(axis).near(name)]
            for named, _ in unknown.most_common(MOST_NEAR)
            for axis, _, name in [named.partition(" ")]
        }
        return {named: terms for named, terms in found.items() if terms}

    def terms(self, facts: Facts) -> set[int]:
        """The terms that facts name; nothing is counted."""
        return {term_id for axis, name in _pairs(facts) if (term_id := self._term_id(axis, name)) is not None}

    def _term_id(self, axis: str, name: str) -> int | None:
        if (axis, name) not in self._terms:
            try:
                term_id = self._finders[axis].find(name).id
                self._terms[axis, name] = self._instead.get(term_id, term_id)  # a retired term is not assigned
            except UnknownTerm:
                self._terms[axis, name] = None
        return self._terms[axis, name]

    def of_evidence(self, session: Session, evidence_ids: Sequence[int]) -> dict[int, list[VoteCast]]:
        """The votes of the facts that stand with the places of this evidence, by its id.

        Of a file's revisions the latest that has the row counts: an earlier one may say what was corrected since.
        """
        columns = (Place.evidence_id, Place.document_id, Place.facts, Document.study_id, Document.name)
        places = select(*columns).join(Document).where(Place.evidence_id.in_(evidence_ids)).order_by(Document.revision)
        latest = {(row.evidence_id, row.study_id, row.name): row for row in session.execute(places)}
        votes: dict[int, list[VoteCast]] = {}
        for row in latest.values():
            if row.facts:
                votes.setdefault(row.evidence_id, []).extend(self.cast(row.facts, row.document_id))
        return votes
