"""The one query path: a typed query in, hits beside the current scores of their outcomes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from pyroaring import BitMap
from sqlalchemy.orm import Session

from indexes.analyzer import Analyzer
from indexes.base import KeywordQuery
from indexes.bitmaps import Bitmaps
from indexes.parts import State
from indexes.query import ParsedQuery, parse, understood
from insightrepo.accounts.access import Reader
from insightrepo.library.indexing.indexing import follow
from insightrepo.library.indexing.indexing import notes as index_notes
from insightrepo.library.search.facets import count_facets, outcomes_spoken_to, speaking, tag_counts
from insightrepo.library.search.filters import ResolvedFilter, allowed_bitmap, resolve, storable
from insightrepo.library.search.grouping import Groups, connecting, group_hits
from insightrepo.library.search.hits import CELL_AXES, Hit, HitGroup, SearchQuery, SearchResult
from insightrepo.library.search.loading import load_hits
from insightrepo.library.search.pieces import pieces_shown
from insightrepo.library.search.ranking import Found, ranked
from insightrepo.library.search.search_gaps import gap_of
from insightrepo.library.search.similar import Likeness, liken, marked_like, ranked_like, studies_found
from insightrepo.library.search.suggesting import suggest
from insightrepo.library.studies.seen_studies import seen_studies
from insightrepo.scores.chips import CellWanted, chips
from insightrepo.taxonomy.register import seen_terms
from insightrepo.workspace import Workspace

LONG_QUESTION = 8  # words from which on similar studies are shown unasked


def search(workspace: Workspace, session: Session, reader: Reader, query: SearchQuery) -> SearchResult:
    """Search as this reader. Never fails on what was typed; what was not understood stands in `notes`.

    Raises:
        NotVisible: `query.like` is no evidence that the reader may see.
    """
    found, likeness = _found(workspace, session, reader, query)
    parsed, resolved, bitmaps = found.parsed, found.resolved, found.state.bitmaps
    terms = seen_terms(session, reader).in_use
    tagged = tag_counts(bitmaps, found.within, resolved)
    spoken = speaking(bitmaps, found.within, resolved, terms, tagged)
    studies = seen_studies(session, reader)
    groups = group_hits(query, found.ids, bitmaps, studies)
    page = list(found.ids[query.offset : query.offset + query.limit])
    if groups is not None:
        page = [number for one in groups.shown for number in one.ids]
    marked = marked_like(parsed, likeness) if likeness else parsed
    hits = load_hits(
        session,
        reader,
        page,
        resolved,
        found.ranked,
        marked,
        workspace.settings.language,
        beside=[one.cell for one in spoken],
    )
    return SearchResult(
        query=query,
        total=len(found.within),
        capped=found.capped,
        people=bitmaps.count_distinct("respondent", found.within),
        studies=bitmaps.count_distinct("study", found.within),
        hits=hits,
        facets=count_facets(session, reader, bitmaps, found.within, resolved, terms, tagged),
        outcomes=outcomes_spoken_to(session, reader, bitmaps, spoken),
        notes=(*(note.message for note in parsed.notes), *resolved.notes, *found.notes, *index_notes(workspace)),
        understood=understood(parsed),
        gap=gap_of(query, found),
        pieces=pieces_shown(parsed, resolved),
        suggestion=suggest(workspace, session, reader, found) if query.offset == 0 else None,
        like=likeness.shown if likeness else None,
        similar_studies=studies_found(session, reader, found) if _wants_studies(query, found) else (),
        groups=_with_hits(groups, hits),
        groups_total=groups.total if groups else 0,
        connecting=connecting(found.within, spoken, bitmaps, studies) if query.group == "level" else (),
        with_words=found.with_words,
        cell=_cell(session, reader, resolved),
    )


def _cell(session: Session, reader: Reader, resolved: ResolvedFilter) -> dict[str, str]:
    """The codes of the one segment and the one product that the filter names, by axis."""
    terms = seen_terms(session, reader).by_id
    named = {axis: resolved.only_term(axis) for axis in CELL_AXES}
    return {axis: terms[number].code for axis, number in named.items() if number is not None}


def _with_hits(groups: Groups | None, hits: Sequence[Hit]) -> tuple[HitGroup, ...]:
    by_id = {hit.id: hit for hit in hits}
    found = groups.shown if groups else ()
    return tuple(
        HitGroup(one.value, one.label, one.total, tuple(by_id[number] for number in one.ids if number in by_id))
        for one in found
    )


def find(workspace: Workspace, session: Session, reader: Reader, query: SearchQuery) -> Found:
    """The whole result set in the order asked for, without loading a hit.

    Raises:
        NotVisible: as `search`.
    """
    return _found(workspace, session, reader, query)[0]


def _found(workspace: Workspace, session: Session, reader: Reader, query: SearchQuery) -> tuple[Found, Likeness | None]:
    parsed = parse(storable(query.words))
    state = follow(workspace)  # one consistent state for the whole query, whatever is committed meanwhile
    resolved = resolve(session, reader, query, parsed.fields)
    allowed = allowed_bitmap(session, reader, resolved, state.bitmaps) & _of_choices(state, parsed)
    found = Found(state, parsed, resolved, allowed)
    likeness = None
    if query.like is None:
        found = ranked(workspace, session, reader, query, found)
    else:
        likeness = liken(session, reader, state, query.like, Analyzer(workspace.settings.language))
        found = ranked_like(workspace, found, likeness, query)
    return replace(found, ids=_sorted(session, reader, query, found)), likeness


def _of_choices(state: State, parsed: ParsedQuery) -> BitMap:
    """What has at least one of the words or phrases of each group that OR joins."""
    inside = state.bitmaps.live
    for choice in parsed.choices:
        having = [state.keyword.matching(KeywordQuery(phrases=(text,))) for text in choice]
        known = [ids for ids in having if ids is not None]
        inside = inside & BitMap.union(BitMap(), *known) if known else inside
    return inside


def _wants_studies(query: SearchQuery, found: Found) -> bool:
    """Whether similar studies are shown: they are asked for, or a question was pasted."""
    words = sum(len(text.split()) for text in (*found.parsed.words, *found.parsed.phrases))
    return bool(found.ranked) and (query.group == "study" or words >= LONG_QUESTION)


def _sorted(session: Session, reader: Reader, query: SearchQuery, found: Found) -> Sequence[int]:
    if query.sort == "gap":
        return _by_gap(session, reader, found, found.state.bitmaps)
    if query.sort == "newest" or not found.ids:
        return _newest_first(found.within, found.state.bitmaps)
    return found.ids


def _newest_first(within: BitMap, bitmaps: Bitmaps) -> Sequence[int]:
    ids = np.fromiter(within, dtype=np.int64, count=len(within))
    return ids[np.lexsort((-ids, -bitmaps.days(ids).astype(np.int64)))].tolist()


def _by_gap(session: Session, reader: Reader, found: Found, bitmaps: Bitmaps) -> Sequence[int]:
    """Evidence of the outcome with the largest gap first; within an outcome by relevance, else the newest first."""
    base = found.ids or _newest_first(found.within, bitmaps)
    left = BitMap(found.within)
    ordered: list[int] = []
    for outcome_id in _outcomes_by_gap(session, reader):
        here = bitmaps.get(f"term:{outcome_id}") & left
        ordered.extend(value for value in base if value in here)
        left -= here
    ordered.extend(value for value in base if value in left)
    return ordered


def _outcomes_by_gap(session: Session, reader: Reader) -> list[int]:
    """Outcomes by opportunity; where importance was not asked, by how far satisfaction is from full."""
    ids = [term.id for term in seen_terms(session, reader).terms if term.axis == "outcome"]
    wanted = [CellWanted(outcome_id, None, None) for outcome_id in ids]
    found = chips(session, reader, wanted)
    gaps = {}
    for cell in wanted:
        chip = found.get(cell)
        if chip is None or chip.value is None:
            continue
        # Both on the scale of opportunity: 0 to 20 with importance, else 0 to 10.
        gaps[cell.outcome_id] = chip.opportunity if chip.opportunity is not None else (100 - chip.value) / 10
    return sorted(gaps, key=lambda outcome_id: -gaps[outcome_id])
