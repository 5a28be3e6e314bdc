"""The one query path: a typed query in, hits beside the current scores of their outcomes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pyroaring import BitMap
from sqlalchemy import select
from sqlalchemy.orm import Session

from indexes.bitmaps import Bitmaps
from indexes.query import ParsedQuery, parse, understood
from indexes.search import Boost, Ranked, Request
from indexes.search import search as rank
from insightrepo.accounts.access import Reader
from insightrepo.library.facets import count_facets, outcomes_spoken_to
from insightrepo.library.filters import allowed_bitmap, resolve
from insightrepo.library.hits import SearchQuery, SearchResult
from insightrepo.library.loading import load_hits
from insightrepo.models import Outcome, Term
from insightrepo.scores.chips import CellWanted, chips
from insightrepo.workspace import Workspace

TERM_BOOST = 0.08  # of a fused score between 0 and 1, for evidence tagged with a term that the words name
ENGINE_LIMIT = 1_000  # the best of each engine that make the result set (DESIGN.md, rule 5)


@dataclass(frozen=True)
class Found:
    """The result set in order, before hits are loaded."""

    ids: Sequence[int]
    within: BitMap
    ranked: dict[int, Ranked]
    capped: bool
    notes: tuple[str, ...]


def search(workspace: Workspace, session: Session, reader: Reader, query: SearchQuery) -> SearchResult:
    """Search as this reader. Never fails on what was typed; what was not understood stands in `notes`."""
    parsed = parse(query.words)
    workspace.indexes.refresh()
    bitmaps = workspace.indexes.bitmaps
    resolved = resolve(session, query, parsed.fields)
    allowed = allowed_bitmap(session, reader, resolved, bitmaps)
    found = _find(workspace, session, query, parsed, allowed)
    ids = _sorted(session, query, found, bitmaps)
    page = list(ids[query.offset : query.offset + query.limit])
    return SearchResult(
        query=query,
        total=len(found.within),
        capped=found.capped,
        people=bitmaps.count_distinct("respondent", found.within),
        studies=bitmaps.count_distinct("study", found.within),
        hits=load_hits(session, page, resolved, found.ranked, parsed, workspace.settings.language),
        facets=count_facets(session, bitmaps, found.within, resolved),
        outcomes=outcomes_spoken_to(session, bitmaps, found.within, resolved),
        notes=(*(note.message for note in parsed.notes), *resolved.notes, *found.notes),
        understood=understood(parsed),
    )


def _find(workspace: Workspace, session: Session, query: SearchQuery, parsed: ParsedQuery, allowed: BitMap) -> Found:
    if not (parsed.words or parsed.phrases or parsed.excluded):
        return Found([], allowed, {}, False, ())
    parts, embedder = workspace.indexes, workspace.embedder
    request = Request(
        query=parsed.keyword_query,
        text=" ".join((*parsed.words, *parsed.phrases)),
        allowed=allowed,
        mode=query.mode,
        boosts=_term_boosts(session, parsed, parts.bitmaps),
        limit=ENGINE_LIMIT,
    )
    ranking = rank(request, parts.keyword, parts.vector, embedder.embed_query if embedder else None, parts.bitmaps.live)
    off = query.mode != "keyword" and ranking.meaning_off
    notes = ("meaning search is off: no embedding model; these are keyword results",) if off else ()
    return Found(ranking.ids, ranking.found, ranking.hits, ranking.capped, notes)


def _term_boosts(session: Session, parsed: ParsedQuery, bitmaps: Bitmaps) -> tuple[Boost, ...]:
    """Terms whose name or alias stands in the query: matched here, not indexed, so that a rename costs nothing."""
    text = f" {' '.join((*parsed.words, *parsed.phrases)).casefold()} "
    terms = session.scalars(select(Term).where(Term.status != "retired"))
    named = [t for t in terms if any(f" {name.casefold()} " in text for name in (t.code, t.name, *t.aliases))]
    return tuple(Boost(f"tagged {t.code}, which your words name", bitmaps.get(f"term:{t.id}"), TERM_BOOST) for t in named)


def _sorted(session: Session, query: SearchQuery, found: Found, bitmaps: Bitmaps) -> Sequence[int]:
    if query.sort == "gap":
        return _by_gap(session, found, bitmaps)
    if query.sort == "newest" or not found.ids:
        return _newest_first(found.within, bitmaps)
    return found.ids


def _newest_first(within: BitMap, bitmaps: Bitmaps) -> Sequence[int]:
    ids = np.fromiter(within, dtype=np.int64, count=len(within))
    return ids[np.lexsort((-ids, -bitmaps.days(ids).astype(np.int64)))].tolist()


def _by_gap(session: Session, found: Found, bitmaps: Bitmaps) -> Sequence[int]:
    """Evidence of the outcome with the largest gap first; within an outcome by relevance, else the newest first."""
    base = found.ids or _newest_first(found.within, bitmaps)
    left, ordered = BitMap(found.within), []
    for outcome_id in _outcomes_by_gap(session):
        here = bitmaps.get(f"term:{outcome_id}") & left
        ordered.extend(value for value in base if value in here)
        left -= here
    ordered.extend(value for value in base if value in left)
    return ordered


def _outcomes_by_gap(session: Session) -> list[int]:
    """Outcomes by opportunity; where importance was not asked, by how far satisfaction is from full."""
    ids = list(session.scalars(select(Outcome.id)))
    wanted = [CellWanted(outcome_id, None, None) for outcome_id in ids]
    found = chips(session, wanted)
    gaps = {}
    for cell in wanted:
        chip = found.get(cell)
        if chip is None or chip.value is None:
            continue
        # Both on the scale of opportunity: 0 to 20 with importance, else 0 to 10.
        gaps[cell.outcome_id] = chip.opportunity if chip.opportunity is not None else (100 - chip.value) / 10
    return sorted(gaps, key=lambda outcome_id: -gaps[outcome_id])
