"""The result set of a query with words: what the engines are asked, and what is ranked higher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pyroaring import BitMap
from sqlalchemy.orm import Session

from indexes import fusion
from indexes.bitmaps import Bitmaps
from indexes.parts import State
from indexes.query import ParsedQuery
from indexes.ranks import Boost, Ranked, Ranking
from indexes.search import Request, whole
from indexes.search import search as rank
from insightrepo.accounts.access import Reader
from insightrepo.library.search.filters import ResolvedFilter
from insightrepo.library.search.hits import SearchQuery, WithWords
from insightrepo.taxonomy.register import seen_terms
from insightrepo.workspace import Workspace

TERM_BOOST = 0.08  # of a fused score between 0 and 1, for evidence tagged with a term that the words name
ENGINE_LIMIT = 1_000  # the best of each engine that make the result set (DESIGN.md, rule 5)


@dataclass(frozen=True)
class Found:
    """What a query was understood as and the result set in order, before hits are loaded."""

    state: State
    parsed: ParsedQuery
    resolved: ResolvedFilter
    within: BitMap
    ids: Sequence[int] = ()
    ranked: Mapping[int, Ranked] = field(default_factory=dict)
    capped: bool = False
    notes: tuple[str, ...] = ()
    with_words: WithWords | None = None


def ranked(workspace: Workspace, session: Session, reader: Reader, query: SearchQuery, found: Found) -> Found:
    """Ask the engines, within the filter; without words the filter itself is the result set."""
    parsed, state, embedder = found.parsed, found.state, workspace.embedder
    if not parsed.has_words:
        return replace(found, within=whole(found.within, state.bitmaps.live, state.keyword, parsed.keywords))
    request = Request(
        query=parsed.keywords,
        text=parsed.text,
        allowed=found.within,
        mode=query.mode,
        boosts=_term_boosts(session, reader, parsed, state.bitmaps),
        limit=ENGINE_LIMIT,
    )
    embed_query = embedder.embed_query if embedder else None
    ranking = rank(request, state.keyword, state.vectors, embed_query, state.bitmaps.live)
    off = query.mode != "keyword" and ranking.meaning_off
    notes = ("meaning search is off: no embedding model; these are keyword results",) if off else ()
    both = query.mode == "hybrid" and not ranking.meaning_off
    return replace(
        in_order(found, ranking, uncrowd=query.sort == "relevance"),
        notes=notes,
        with_words=_with_words(parsed, ranking) if both else None,
    )


def _with_words(parsed: ParsedQuery, ranking: Ranking) -> WithWords:
    words = sum(len(text.split()) for text in (*parsed.words, *parsed.phrases))
    return WithWords(ranking.ranks.with_words, ranking.keyword_capped, words > 1)


def in_order(found: Found, ranking: Ranking, uncrowd: bool = True) -> Found:
    """What was found, with a ranking's hits in order; `uncrowd`: no study fills the first page where another is nearly
    as good (`indexes.fusion.uncrowded`). The set stays the same."""
    ids, ranks = ranking.ids, ranking.ranks
    if uncrowd:
        studies = found.state.bitmaps.column("study", ranks.numbers).tolist()
        ids, more = fusion.uncrowded(ids, ranks.scores.tolist(), studies)
        ranks = ranks.with_more(more)
    return replace(found, ids=ids, within=ranking.found, ranked=ranks, capped=ranking.capped)


def _term_boosts(session: Session, reader: Reader, parsed: ParsedQuery, bitmaps: Bitmaps) -> tuple[Boost, ...]:
    """Terms whose name or alias stands in the query: matched here, not indexed, so that a rename costs nothing."""
    text = f" {' '.join((*parsed.words, *parsed.phrases)).casefold()} "
    named = dict.fromkeys(term for name, term in seen_terms(session, reader).named if f" {name} " in text)
    return tuple(
        Boost(f"tagged {t.code}, which your words name", bitmaps.get(f"term:{t.id}"), TERM_BOOST) for t in named
    )
