"""More like this: evidence ranked by how near it is to a given piece, and the studies that the best hits are of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log

import numpy as np
from pyroaring import BitMap
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from indexes.analyzer import Analyzer
from indexes.base import KeywordQuery
from indexes.parts import State
from indexes.query import ParsedQuery, Piece
from indexes.search import Request
from indexes.search import search as rank
from insightrepo.accounts.access import Reader, visible_studies
from insightrepo.library.reading import NotVisible
from insightrepo.library.search.hits import LikeShown, SearchQuery, StudyFound
from insightrepo.library.search.ranking import ENGINE_LIMIT, Found, in_order
from insightrepo.library.wording import date_words
from insightrepo.models import Evidence, EvidenceLink, Study
from insightrepo.workspace import Workspace

TELLING_WORDS = 10  # of a piece of evidence, those that few others have
BEST_HITS = 50  # that similar studies are gathered from
COUNTED_PER_STUDY = 3  # of a study's best hits, so that a large feed does not win by its size
MOST_STUDIES = 8


@dataclass(frozen=True)
class Likeness:
    """What a piece of evidence is known by: its vector (length 1; None without one) and its most telling words.

    `same` are the ids of itself and of its exact duplicates.
    """

    shown: LikeShown
    vector: np.ndarray | None
    words: tuple[str, ...]
    same: frozenset[int]


def liken(session: Session, reader: Reader, state: State, evidence_id: int, analyzer: Analyzer) -> Likeness:
    """What to look for to find more like this.

    Raises:
        NotVisible: there is no such evidence that the reader may see.
    """
    seen = Evidence.study_id.in_(visible_studies(reader)), Evidence.withdrawn.is_(False)
    found = session.scalar(select(Evidence).where(Evidence.id == evidence_id, *seen))
    if found is None:
        raise NotVisible(f"evidence {evidence_id}")
    vectors = state.vectors.vectors([found.id]) if state.vectors is not None else np.empty((0, 0))
    vector = vectors[0] if len(vectors) and not np.isnan(vectors[0]).any() else None
    study = session.get_one(Study, found.study_id)
    return Likeness(
        shown=LikeShown(found.id, found.text, study.id, study.title),
        vector=vector,
        words=_telling_words(state, found.text, analyzer),
        same=_same(session, found),
    )


def _telling_words(state: State, text: str, analyzer: Analyzer) -> tuple[str, ...]:
    """The words of the text with the highest idf, without those that no other evidence has."""
    units = [unit for unit in analyzer.units(text) if not analyzer.is_stop(unit) and not unit.raw.isdigit()]
    written = {unit.forms[0]: text[unit.start : unit.end] for unit in reversed(units)}
    idf = {word.word: word.idf for word in state.keyword.fit(KeywordQuery(tuple(written.values())), ())}
    count = len(state.bitmaps.live)
    lone = log(1 + (count - 0.5) / 1.5) if count else 0.0  # the idf of a word in one record only
    weighed = {key: idf.get(key, 0.0) for key in written}
    telling = [key for key in written if 0 < weighed[key] < lone - 1e-9]
    best = sorted(telling, key=lambda key: -weighed[key])[:TELLING_WORDS]
    return tuple(written[key] for key in best)


def _same(session: Session, found: Evidence) -> frozenset[int]:
    """The evidence itself, what has the same words under the same headings, and what is marked as the same words."""
    ids = set(session.scalars(select(Evidence.id).where(Evidence.content_hash == found.content_hash)))
    linked = or_(EvidenceLink.from_id == found.id, EvidenceLink.to_id == found.id)
    for link in session.scalars(select(EvidenceLink).where(linked, EvidenceLink.kind == "duplicates")):
        if link.reason.get("why") == "the same words":
            ids |= {link.from_id, link.to_id}
    return frozenset(ids | {found.id})


def ranked_like(workspace: Workspace, found: Found, likeness: Likeness, query: SearchQuery) -> Found:
    """The result set in order: near to the evidence, and to what was typed beside it, within the filter.

    The same fusion as of any search ranks it: exact cosines of the vector, and the keyword scores of the words.
    """
    state, parsed = found.state, found.parsed
    asked = KeywordQuery((*parsed.words, *likeness.words), parsed.phrases, parsed.excluded)
    vector = _mixed(workspace, likeness.vector, parsed)
    request = Request(
        query=asked,
        text=likeness.shown.text,
        allowed=found.within - BitMap(likeness.same),
        mode=query.mode,
        limit=ENGINE_LIMIT,
    )
    embed_query = None if vector is None else lambda _text: vector
    ranking = rank(request, state.keyword, state.vectors, embed_query, state.bitmaps.live)
    off = query.mode != "keyword" and ranking.meaning_off
    notes = ("meaning search is off for this evidence: it has no vector; these are keyword results",) if off else ()
    return replace(in_order(found, ranking, uncrowd=query.sort == "relevance"), notes=notes)


def _mixed(workspace: Workspace, vector: np.ndarray | None, parsed: ParsedQuery) -> np.ndarray | None:
    """Halfway between the evidence and the words typed, length 1."""
    if vector is None or not parsed.has_words or workspace.embedder is None:
        return vector
    both = vector + np.asarray(workspace.embedder.embed_query(parsed.text), dtype=np.float32)
    return both / max(float(np.linalg.norm(both)), 1e-9)


def marked_like(parsed: ParsedQuery, likeness: Likeness) -> ParsedQuery:
    """The query with the telling words, for highlighting."""
    words = tuple(Piece("word", 0, 0, word) for word in likeness.words)
    return replace(parsed, pieces=(*parsed.pieces, *words))


def studies_found(session: Session, reader: Reader, found: Found) -> tuple[StudyFound, ...]:
    """The studies of the best hits, those with the best of them first."""
    best = list(found.ids[:BEST_HITS])
    studies = found.state.bitmaps.column("study", best).tolist()
    scores: dict[int, list[float]] = {}
    for number, study in zip(best, studies, strict=True):
        scores.setdefault(study, []).append(found.ranked[number].score)
    ordered = sorted(scores, key=lambda study: -sum(sorted(scores[study])[-COUNTED_PER_STUDY:]))[:MOST_STUDIES]
    seen = Study.id.in_(ordered), Study.id.in_(visible_studies(reader))
    rows = {study.id: study for study in session.scalars(select(Study).where(*seen))}
    return tuple(_study(rows[number], len(scores[number])) for number in ordered if number in rows)


def _study(study: Study, hits: int) -> StudyFound:
    when = date_words(study.ended_on or study.started_on, study.date_precision)
    return StudyFound(study.id, study.title, study.method, when, study.participants_n, hits)
