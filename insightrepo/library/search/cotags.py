"""Hits counted side by side: outcomes by segments, products, kinds, levels, or by the other outcomes they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pyroaring import BitMap
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.library.search.hits import SearchQuery
from insightrepo.library.search.search import find
from insightrepo.library.studies.seen_studies import seen_studies
from insightrepo.models import EVIDENCE_KINDS, LEVELS
from insightrepo.taxonomy.register import register, seen_terms
from insightrepo.workspace import Workspace

BY = ("segment", "product", "outcome", "kind", "level")
MOST_ROWS, MOST_COLUMNS = 20, 12


@dataclass(frozen=True)
class Column:
    """A value of the facet that hits are counted by."""

    value: str
    label: str
    total: int


@dataclass(frozen=True)
class Row:
    """An outcome: its hits, and of them how many in each column. In a table of outcomes by outcomes the cell of an
    outcome with itself is what speaks of it alone."""

    code: str
    name: str
    total: int
    cells: tuple[int, ...]


@dataclass(frozen=True)
class SideBySide:
    """The table: outcomes, most hits first, by the values of a facet. A hit with several tags counts in each."""

    by: str
    total: int
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def side_by_side(
    workspace: Workspace, session: Session, reader: Reader, query: SearchQuery, by: str = "segment"
) -> SideBySide:
    """Count the result set of a query; every count is exact, of what the search itself counts.

    Raises:
        ValueError: hits are not counted by that.
        NotVisible: as `search`.
    """
    if by not in BY:
        raise ValueError(f"by is {', '.join(BY[:-1])} or {BY[-1]}, not {by!r}")
    found = find(workspace, session, reader, query)
    bitmaps, within, key = found.state.bitmaps, found.within, found.resolved.tag_key
    terms = seen_terms(session, reader).in_use
    outcomes = [(t.code, t.name, bitmaps.get(f"{key}:{t.id}") & within) for t in terms if t.axis == "outcome"]
    outcomes = sorted((one for one in outcomes if one[2]), key=lambda one: (-len(one[2]), one[0]))[:MOST_ROWS]
    if by == "outcome":
        columns = outcomes[:MOST_COLUMNS]
    elif by in ("segment", "product"):
        known = register(session)
        columns = [
            (t.code, t.name, bitmaps.any_of(key, known.with_below((t.id,)) if by == "product" else frozenset((t.id,)))
             & within)
            for t in terms if t.axis == by
        ]  # fmt: skip
    elif by == "kind":
        columns = [(kind, kind, bitmaps.get(f"kind:{kind}") & within) for kind in EVIDENCE_KINDS]
    else:
        columns = _by_level(session, reader, within, bitmaps.column("study", within))
    columns = [one for one in columns if one[2]][:MOST_COLUMNS]
    return SideBySide(
        by, len(within), tuple(Column(value, label, len(ids)) for value, label, ids in columns),
        tuple(Row(code, name, len(ids), _cells(code, ids, columns, outcomes if by == "outcome" else ()))
              for code, name, ids in outcomes),
    )  # fmt: skip


def _cells(
    code: str, ids: BitMap, columns: Sequence[tuple[str, str, BitMap]], outcomes: Sequence[tuple[str, str, BitMap]]
) -> tuple[int, ...]:
    others = BitMap.union(BitMap(), *(other for value, _, other in outcomes if value != code)) if outcomes else BitMap()
    return tuple(
        len(ids - others) if outcomes and value == code else ids.intersection_cardinality(other)
        for value, _, other in columns
    )


def _by_level(session: Session, reader: Reader, within: BitMap, of_study: np.ndarray) -> list[tuple[str, str, BitMap]]:
    studies = seen_studies(session, reader)
    ids = np.fromiter(within, dtype=np.int64, count=len(within))
    wanted = {level: [number for number, study in studies.items() if study.level == level] for level in LEVELS}
    return [(level, level, BitMap(ids[np.isin(of_study, numbers)])) for level, numbers in wanted.items()]
