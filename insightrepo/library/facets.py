"""Counts of a result set by facet, and the outcomes it speaks to with their scores. Counts are exact, from bitmaps."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pyroaring import BitMap
from sqlalchemy.orm import Session

from indexes.bitmaps import Bitmaps
from insightrepo.accounts.access import Reader
from insightrepo.library.filters import EVIDENCE_FACETS, STUDY_FACETS, ResolvedFilter
from insightrepo.library.hits import FACETS, FacetValue, OutcomeSpokenTo
from insightrepo.library.seen_studies import seen_studies
from insightrepo.scores.chips import CellWanted, chips
from insightrepo.scores.disagreements import cautioned
from insightrepo.taxonomy.register import TermLine, register


def count_facets(
    session: Session,
    reader: Reader,
    bitmaps: Bitmaps,
    within: BitMap,
    resolved: ResolvedFilter,
    terms: Sequence[TermLine],
) -> dict[str, tuple[FacetValue, ...]]:
    """Every facet with its values, the most frequent first; a chosen value stays, even with a count of 0.

    `terms` are those in use that the reader may see: others are no values, and a category of none but others is none.
    With `verified` only tags that a person or an import stands behind are counted.
    """
    counts = _term_counts(session, bitmaps, within, terms, resolved.tag_key)
    categories = {term.id: term.category for term in terms if term.axis == "outcome"}
    found: dict[str, dict[str, int]] = {facet: {} for facet in FACETS}
    for term in terms:
        found[term.axis][term.code] = counts[term.id]
    found["category"] = _category_counts(bitmaps, within, categories, resolved.tag_key)
    for facet in EVIDENCE_FACETS:
        found[facet] = {key.partition(":")[2]: n for key, n in bitmaps.counts(f"{facet}:", within).items()}
    found |= _study_counts(session, reader, bitmaps, within)
    labels = {(term.axis, term.code): term.name for term in terms}
    parents = _parents(terms)
    return {facet: _values(facet, found[facet], resolved.chosen(facet), labels, parents) for facet in FACETS}


def _term_counts(
    session: Session, bitmaps: Bitmaps, within: BitMap, terms: Sequence[TermLine], tag_key: str
) -> dict[int, int]:
    """Hits by term; a product counts what is below it too, retired or another team's, as the filter does."""
    known, counts = register(session), bitmaps.counts(f"{tag_key}:", within)
    found = {}
    for term in terms:
        below = known.with_below((term.id,)) if term.axis == "product" else (term.id,)
        if len(below) == 1:
            found[term.id] = counts.get(f"{tag_key}:{term.id}", 0)
        else:
            found[term.id] = bitmaps.any_of(tag_key, below).intersection_cardinality(within)
    return found


def _category_counts(bitmaps: Bitmaps, within: BitMap, categories: dict[int, str], tag_key: str) -> dict[str, int]:
    members: defaultdict[str, list[str]] = defaultdict(list)
    for term_id, category in categories.items():
        if category:
            members[category].append(f"{tag_key}:{term_id}")
    return {name: bitmaps.any(keys).intersection_cardinality(within) for name, keys in members.items()}


def _study_counts(session: Session, reader: Reader, bitmaps: Bitmaps, within: BitMap) -> dict[str, dict[str, int]]:
    numbers, times = np.unique(bitmaps.column("study", within), return_counts=True)
    studies, counts = seen_studies(session, reader), {facet: Counter[str]() for facet in STUDY_FACETS}
    for number, count in zip(numbers.tolist(), times.tolist(), strict=True):
        for facet in STUDY_FACETS:
            if number in studies and (value := getattr(studies[number], facet)):
                counts[facet][value] += count
    return {facet: dict(counter) for facet, counter in counts.items()}


def _parents(terms: Sequence[TermLine]) -> dict[tuple[str, str], str | None]:
    codes = {term.id: term.code for term in terms}
    within = {"outcome": lambda term: term.category, "product": lambda term: codes.get(term.parent_id)}
    return {(term.axis, term.code): within[term.axis](term) for term in terms if term.axis in within}


def _values(
    facet: str, counts: dict[str, int], chosen: set[str], labels: dict, parents: dict
) -> tuple[FacetValue, ...]:
    shown = {value: n for value, n in counts.items() if n or value in chosen} | {v: counts.get(v, 0) for v in chosen}
    key = (lambda item: item[0]) if facet == "year" else (lambda item: item[1])
    ordered = sorted(sorted(shown.items()), key=key, reverse=True)
    return tuple(
        FacetValue(value, labels.get((facet, value), value), n, value in chosen, parents.get((facet, value)))
        for value, n in ordered
    )


@dataclass(frozen=True)
class Speaking:
    """An outcome that some results speak to: which of them, and the cell whose score stands beside it."""

    outcome: TermLine
    hits: BitMap
    cell: CellWanted


def speaking(
    bitmaps: Bitmaps, within: BitMap, resolved: ResolvedFilter, terms: Sequence[TermLine], limit: int = 12
) -> tuple[Speaking, ...]:
    """The outcomes that most of these results are tagged with, each with the cell that the filter names.

    `terms` are those in use that the reader may see: no other outcome is named.
    """
    counts = bitmaps.counts(f"{resolved.tag_key}:", within)
    found = [(counts.get(f"{resolved.tag_key}:{term.id}", 0), term) for term in terms if term.axis == "outcome"]
    ordered = sorted((pair for pair in found if pair[0]), key=lambda pair: (-pair[0], pair[1].code))[:limit]
    segment, product = resolved.only_term("segment"), resolved.only_term("product")
    return tuple(
        Speaking(term, bitmaps.get(f"{resolved.tag_key}:{term.id}") & within, CellWanted(term.id, segment, product))
        for _, term in ordered
    )


def outcomes_spoken_to(
    session: Session, reader: Reader, bitmaps: Bitmaps, spoken: Sequence[Speaking]
) -> tuple[OutcomeSpokenTo, ...]:
    """Outcomes with how many hits, people and studies speak to them, and their scores."""
    found = cautioned(session, reader, chips(session, reader, [one.cell for one in spoken]))
    return tuple(
        OutcomeSpokenTo(
            code=one.outcome.code,
            name=one.outcome.name,
            category=one.outcome.category or "",
            hits=len(one.hits),
            people=bitmaps.count_distinct("respondent", one.hits),
            studies=bitmaps.count_distinct("study", one.hits),
            chip=found.get(one.cell),
        )
        for one in spoken
    )
