"""Counts of a result set by facet, and the outcomes it speaks to with their scores. Counts are exact, from bitmaps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pyroaring import BitMap
from sqlalchemy.orm import Session

from indexes.bitmaps import Bitmaps
from insightrepo.accounts.access import Reader
from insightrepo.library.search.filters import EVIDENCE_FACETS, STUDY_FACETS, ResolvedFilter
from insightrepo.library.search.hits import FACETS, FacetValue, OutcomeSpokenTo
from insightrepo.library.studies.seen_studies import SeenStudy, seen_studies
from insightrepo.memory import remembered
from insightrepo.scores.acting.disagreements import cautioned
from insightrepo.scores.chips import CellWanted, chips
from insightrepo.taxonomy.register import TermLine, register


def tag_counts(bitmaps: Bitmaps, within: BitMap, resolved: ResolvedFilter) -> dict[int, int]:
    """How many of these results are tagged with each term, by its id; a term without any is left out."""
    counts = bitmaps.counts(f"{resolved.tag_key}:", within)
    return {int(key.partition(":")[2]): count for key, count in counts.items()}


def count_facets(
    session: Session,
    reader: Reader,
    bitmaps: Bitmaps,
    within: BitMap,
    resolved: ResolvedFilter,
    terms: Sequence[TermLine],
    tagged: Mapping[int, int],
) -> dict[str, tuple[FacetValue, ...]]:
    """Every facet with its values, the most frequent first; a chosen value stays, even with a count of 0.

    `tagged` is what `tag_counts` gives for these results. `terms` are those in use that the reader may see: others are
    no values, and a category of none but others is none. With `verified` only tags that a person or an import
    stands behind are counted.
    """
    counts = _term_counts(session, bitmaps, within, terms, resolved.tag_key, tagged)
    categories = {term.id: term.category for term in terms if term.axis == "outcome"}
    found: dict[str, dict[str, int]] = {facet: {} for facet in FACETS}
    for term in terms:
        found[term.axis][term.code] = counts[term.id]
    found["category"] = _category_counts(bitmaps, within, categories, resolved.tag_key)
    for facet in EVIDENCE_FACETS:
        found[facet] = {key.partition(":")[2]: n for key, n in bitmaps.counts(f"{facet}:", within).items()}
    found |= _study_counts(session, reader, bitmaps, within)
    labels, parents = remembered(session, ("facet labels", reader), lambda: (_labels(terms), _parents(terms)))
    return {facet: _values(facet, found[facet], resolved.chosen(facet), labels, parents) for facet in FACETS}


def _term_counts(
    session: Session, bitmaps: Bitmaps, within: BitMap, terms: Sequence[TermLine], tag_key: str, tagged: Mapping
) -> dict[int, int]:
    """Hits by term; a product counts what is below it too, retired or another team's, as the filter does."""
    known = register(session)
    found = {}
    for term in terms:
        below = known.with_below((term.id,)) if term.axis == "product" else (term.id,)
        if len(below) == 1:
            found[term.id] = tagged.get(term.id, 0)
        else:
            found[term.id] = bitmaps.any_of(tag_key, below).intersection_cardinality(within)
    return found


def _category_counts(bitmaps: Bitmaps, within: BitMap, categories: dict[int, str], tag_key: str) -> dict[str, int]:
    members: defaultdict[str, list[int]] = defaultdict(list)
    for term_id, category in categories.items():
        if category:
            members[category].append(term_id)
    unions = {name: bitmaps.any_of(tag_key, frozenset(ids)) for name, ids in members.items()}
    return {name: ids.intersection_cardinality(within) for name, ids in unions.items()}


def _study_counts(session: Session, reader: Reader, bitmaps: Bitmaps, within: BitMap) -> dict[str, dict[str, int]]:
    coded = remembered(session, ("coded studies", reader), lambda: _coded(seen_studies(session, reader)))
    numbers = bitmaps.column("study", within)
    counted = {}
    for facet, (values, codes) in coded.items():
        of_each = codes[numbers[numbers < len(codes)]]
        times = np.bincount(of_each, minlength=len(values) + 1).tolist()
        counted[facet] = {value: count for value, count in zip(values, times[1:], strict=True) if count}
    return counted


def _coded(studies: Mapping[int, SeenStudy]) -> dict[str, tuple[list[str], np.ndarray]]:
    """For each facet of studies its values, and by the number of a study the place of its value, from 1; 0: none."""
    coded = {}
    for facet in STUDY_FACETS:
        of_each = {number: value for number, study in studies.items() if (value := getattr(study, facet))}
        values = list(dict.fromkeys(of_each.values()))
        codes = np.zeros(max(of_each, default=0) + 1, dtype=np.int64)
        for number, value in of_each.items():
            codes[number] = values.index(value) + 1
        coded[facet] = values, codes
    return coded


def _labels(terms: Sequence[TermLine]) -> dict[tuple[str, str], str]:
    return {(term.axis, term.code): term.name for term in terms}


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
    bitmaps: Bitmaps,
    within: BitMap,
    resolved: ResolvedFilter,
    terms: Sequence[TermLine],
    tagged: Mapping[int, int],
    limit: int = 12,
) -> tuple[Speaking, ...]:
    """The outcomes that most of these results are tagged with, each with the cell that the filter names.

    `tagged` is what `tag_counts` gives for these results. `terms` are those in use that the reader may see: no other
    outcome is named.
    """
    found = [(tagged.get(term.id, 0), term) for term in terms if term.axis == "outcome"]
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
