"""Hits grouped by study or by level, the best of each group, and the outcomes that connect the levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pyroaring import BitMap

from indexes.bitmaps import Bitmaps
from insightrepo.library.search.facets import Speaking
from insightrepo.library.search.hits import Connecting, SearchQuery
from insightrepo.library.studies.seen_studies import SeenStudy
from insightrepo.models import LEVELS

STUDIES_A_PAGE = 8
OF_STUDY, OF_LEVEL = 3, 6  # hits of a group that are shown
NO_LEVEL = "not set"


@dataclass(frozen=True)
class Grouped:
    """A group before its hits are loaded: `value` is the study's id or the level, `ids` the best of `total`."""

    value: str
    label: str
    total: int
    ids: tuple[int, ...]


@dataclass(frozen=True)
class Groups:
    """The groups of a page, the one with the best hit first, and how many there are on all pages."""

    shown: tuple[Grouped, ...]
    total: int


def group_hits(
    query: SearchQuery, ids: Sequence[int], bitmaps: Bitmaps, studies: Mapping[int, SeenStudy]
) -> Groups | None:
    """The groups that a query asks for, of hits in order; None: it asks for none."""
    if query.group == "none" or not ids:
        return None
    found = np.asarray(ids, dtype=np.int64)
    of_study = bitmaps.column("study", ids)
    if query.group == "level":
        return _by_level(found, of_study, studies)
    numbers, first, counts = np.unique(of_study, return_index=True, return_counts=True)
    order = np.argsort(first)
    page = query.offset // query.limit
    shown = order[page * STUDIES_A_PAGE : (page + 1) * STUDIES_A_PAGE]
    groups = tuple(
        Grouped(str(numbers[i]), studies[int(numbers[i])].title, int(counts[i]),
                tuple(found[of_study == numbers[i]][:OF_STUDY].tolist()))
        for i in shown if int(numbers[i]) in studies
    )  # fmt: skip
    return Groups(groups, len(numbers))


def _by_level(found: np.ndarray, of_study: np.ndarray, studies: Mapping[int, SeenStudy]) -> Groups:
    groups = []
    for level, here in _levels(of_study, studies).items():
        ids = found[here]
        if len(ids):
            groups.append(Grouped(level, level, len(ids), tuple(ids[:OF_LEVEL].tolist())))
    return Groups(tuple(groups), 1 if groups else 0)


def _levels(of_study: np.ndarray, studies: Mapping[int, SeenStudy]) -> dict[str, np.ndarray]:
    """Which of these are of a study of each level."""
    numbers, inverse = np.unique(of_study, return_inverse=True)
    level = [studies[int(n)].level if int(n) in studies else None for n in numbers]
    return {
        name: np.array([one == wanted for one in level], dtype=bool)[inverse]
        for name, wanted in (*((level, level) for level in LEVELS), (NO_LEVEL, None))
    }


def connecting(
    within: BitMap, spoken: Sequence[Speaking], bitmaps: Bitmaps, studies: Mapping[int, SeenStudy]
) -> tuple[Connecting, ...]:
    """The outcomes that hits of both levels speak to, those first whose rarer level speaks most."""
    ids = np.fromiter(within, dtype=np.int64, count=len(within))
    by_level = _levels(bitmaps.column("study", ids), studies) if len(ids) else {}
    members = {level: BitMap(ids[here]) for level, here in by_level.items() if level in LEVELS}
    if len(members) < len(LEVELS):
        return ()
    counts = [(one, [one.hits.intersection_cardinality(members[level]) for level in LEVELS]) for one in spoken]
    found = [Connecting(one.outcome.code, one.outcome.name, *pair) for one, pair in counts if all(pair)]
    return tuple(sorted(found, key=lambda one: (-min(one.relationship, one.interaction), one.code)))
