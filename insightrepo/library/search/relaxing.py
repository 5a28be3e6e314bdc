"""Where nothing was found: what can be given up, and how much each would find."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy.orm import Session

from indexes.query import Piece, filter_in_words, parse, without
from insightrepo.accounts.access import Reader
from insightrepo.library.search.filters import storable
from insightrepo.library.search.hits import Relaxed, SearchQuery
from insightrepo.library.search.search import find
from insightrepo.workspace import Workspace

MOST_TRIED = 6


def relaxed(workspace: Workspace, session: Session, reader: Reader, query: SearchQuery) -> tuple[Relaxed, ...]:
    """The query without one of its conditions each, where that finds anything; what finds most is first.

    Where no single condition is to blame, the query without all of them, if it has words.
    """
    ways = list(_ways(replace(query, offset=0)))
    found = [_counted(workspace, session, reader, *way) for way in ways[:MOST_TRIED]]
    helpful = sorted((way for way in found if way.total), key=lambda way: -way.total)
    if helpful or len(ways) < 2:
        return tuple(helpful)
    bare = _bare(query)
    last = _counted(workspace, session, reader, "any condition", bare) if bare.words else None
    return (last,) if last and last.total else ()


def _counted(workspace: Workspace, session: Session, reader: Reader, label: str, query: SearchQuery) -> Relaxed:
    found = find(workspace, session, reader, query)
    return Relaxed(label, query, len(found.within), found.capped)


def _ways(query: SearchQuery) -> Iterator[tuple[str, SearchQuery]]:
    """Each condition in words, and the query without it."""
    parsed = parse(storable(query.words))
    for piece in parsed.pieces:
        if piece.kind == "filter" or piece.excluded or piece.kind == "phrase":
            rest = without(parsed, piece)
            # A phrase is not given up but loosened: its words stay.
            loosened = f"{rest} {piece.text}".strip() if piece.kind == "phrase" and not piece.excluded else rest
            yield _in_words(piece), replace(query, words=loosened)
    for facet, values in query.filters.items():
        rest = {name: chosen for name, chosen in query.filters.items() if name != facet}
        yield f"{facet} {' or '.join(values)}", replace(query, filters=rest)
    if query.study is not None:
        yield "the study", replace(query, study=None)
    if query.since or query.until:
        yield "the dates", replace(query, since=None, until=None)
    if query.verified:
        yield "confirmed tags only", replace(query, verified=False)
    if query.mode != "hybrid" and parsed.has_words:
        yield f"by {'words' if query.mode == 'keyword' else 'meaning'} only", replace(query, mode="hybrid")


def _in_words(piece: Piece) -> str:
    if piece.kind == "filter":
        return filter_in_words(piece)
    if piece.excluded:
        return f"leaving out “{piece.text}”"
    return f"the quotes of “{piece.text}”"


def _bare(query: SearchQuery) -> SearchQuery:
    parsed = parse(storable(query.words))
    return SearchQuery(words=parsed.text, limit=query.limit, like=query.like)
