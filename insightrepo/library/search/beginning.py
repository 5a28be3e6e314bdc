"""Ways into the search where nothing is asked yet."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.library.search.hits import SearchResult
from insightrepo.scores.chips import CellWanted, Chip, chips
from insightrepo.taxonomy.register import TermLine, seen_terms

MOST_MOVED, MOST_WAYS = 3, 4
IN_WORDS = {"verbatim": "What customers said, word for word", "insight": "Insights that researchers wrote",
            "passage": "Passages of reports"}  # fmt: skip


@dataclass(frozen=True)
class Beginning:
    """`moved` are outcomes that really changed, the largest first; `ways` are filters: (facet, value, words)."""

    moved: tuple[tuple[TermLine, Chip], ...]
    ways: tuple[tuple[str, str, str], ...]


def beginning(session: Session, reader: Reader, result: SearchResult) -> Beginning:
    """Ways in, of what the reader may see and of what the result of an empty search holds."""
    outcomes = [term for term in seen_terms(session, reader).in_use if term.axis == "outcome"]
    found = chips(session, reader, [CellWanted(term.id) for term in outcomes])
    moved = [
        (term, chip) for term in outcomes
        if (chip := found[CellWanted(term.id)]) and chip.verdict in ("better", "worse") and chip.change is not None
    ]  # fmt: skip
    moved.sort(key=lambda one: (one[1].verdict != "worse", -abs(one[1].change or 0.0), one[0].code))
    kinds = [("kind", one.value, IN_WORDS.get(one.value, one.label)) for one in result.facets.get("kind", ())]
    segments = [("segment", one.value, f"What {one.label} say") for one in result.facets.get("segment", ())[:1]]
    return Beginning(tuple(moved[:MOST_MOVED]), tuple([*kinds, *segments][:MOST_WAYS]))
