"""Loads hits from the database: text, place, tags with their votes, and the scores joined, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from indexes.analyzer import Analyzer
from indexes.highlight import spans
from indexes.query import ParsedQuery
from indexes.search import Ranked
from ingest.readers.base import Locator
from insightrepo.library.filters import ResolvedFilter
from insightrepo.library.hits import Hit, TagShown, VoteShown
from insightrepo.library.wording import date_words, place_words, rating_words, vote_words
from insightrepo.models import Document, Evidence, Place, Study, Tag, Term, Vote
from insightrepo.scores.chips import CellWanted, Chip, chips

STATE_ORDER = {"accepted": 0, "automatic": 1, "suggested": 2, "rejected": 3}


def load_hits(
    session: Session,
    ids: Sequence[int],
    resolved: ResolvedFilter,
    ranked: dict[int, Ranked],
    parsed: ParsedQuery,
    language: str,
) -> tuple[Hit, ...]:
    """The hits of these ids, in this order; the caller has put the ids through the filter."""
    evidence = {item.id: item for item in session.scalars(_evidence_query(ids))}
    places = _places(session, ids)
    votes = _votes(session, ids)
    cells = _cells(evidence, resolved)
    found = chips(session, set(cells.values()))
    analyzer = Analyzer(language)
    return tuple(
        _hit(
            evidence[i],
            places[i],
            _tags(
                evidence[i],
                votes,
                {tag.term_id: found.get(cells[(i, tag.term_id)]) for tag in _outcome_tags(evidence[i])},
            ),
            ranked.get(i),
            tuple(spans(evidence[i].text, parsed.words, parsed.phrases, analyzer)),
        )
        for i in ids
        if i in evidence
    )


def _evidence_query(ids: Sequence[int]):
    return (
        select(Evidence)
        .where(Evidence.id.in_(ids))
        .options(
            selectinload(Evidence.study).options(selectinload(Study.segments), selectinload(Study.products)),
            selectinload(Evidence.tags).selectinload(Tag.term),
        )
    )


def _places(session: Session, ids: Sequence[int]) -> dict[int, list[Place]]:
    query = (
        select(Place)
        .join(Document, Document.id == Place.document_id)
        .where(Place.evidence_id.in_(ids))
        .order_by(Document.current.desc(), Place.id)
    )
    places: defaultdict[int, list[Place]] = defaultdict(list)
    for place in session.scalars(query):
        places[place.evidence_id].append(place)
    return places


def _votes(session: Session, ids: Sequence[int]) -> dict[tuple[int, int], list[Vote]]:
    votes: defaultdict[tuple[int, int], list[Vote]] = defaultdict(list)
    for vote in session.scalars(select(Vote).where(Vote.evidence_id.in_(ids)).order_by(Vote.id)):
        votes[(vote.evidence_id, vote.term_id)].append(vote)
    return votes


def _outcome_tags(evidence: Evidence) -> list[Tag]:
    return [tag for tag in evidence.tags if tag.term.axis == "outcome" and tag.state != "rejected"]


def _cells(evidence: dict[int, Evidence], resolved: ResolvedFilter) -> dict[tuple[int, int], CellWanted]:
    """The cell of each outcome tag: what the filter names, else the evidence's own segment and product."""
    return {
        (item.id, tag.term_id): CellWanted(
            tag.term_id,
            resolved.only_term("segment") or _own_term(item, "segment"),
            resolved.only_term("product") or _own_term(item, "product"),
        )
        for item in evidence.values()
        for tag in _outcome_tags(item)
    }


def _own_term(evidence: Evidence, axis: str) -> int | None:
    """The one term on the axis that came with the data; None where there is none or more than one."""
    own = [tag.term_id for tag in evidence.tags if tag.term.axis == axis and tag.state == "accepted"]
    return own[0] if len(own) == 1 else None


def _tags(evidence: Evidence, votes: dict, by_term: dict[int, Chip | None]) -> tuple[TagShown, ...]:
    ordered = sorted(evidence.tags, key=lambda tag: (STATE_ORDER[tag.state], tag.term.code))
    return tuple(
        TagShown(
            axis=tag.term.axis,
            code=tag.term.code,
            name=tag.term.name,
            state=tag.state,
            origin=tag.origin,
            votes=tuple(_vote(vote) for vote in votes.get((evidence.id, tag.term_id), ())),
            chip=by_term.get(tag.term_id),
        )
        for tag in ordered
        if tag.state != "rejected"
    )


def _vote(vote: Vote) -> VoteShown:
    return VoteShown(
        vote.source, vote.in_favour, vote.value, vote_words(vote.source, vote.value, vote.reason, vote.in_favour)
    )


def term_labels(evidence: Evidence, axis: str) -> tuple[str, ...]:
    """The names on an axis that are known of the evidence: what came with the data, else what is set on its study."""
    own = [t.term for t in evidence.tags if t.term.axis == axis and t.state in ("accepted", "automatic")]
    terms: Sequence[Term] = own or (evidence.study.segments if axis == "segment" else evidence.study.products)
    return tuple(term.name for term in terms)


def _hit(evidence: Evidence, places: list[Place], tags: tuple[TagShown, ...], ranked: Ranked | None, marks) -> Hit:
    locator = Locator.from_dict(places[0].locator) if places else Locator()
    study = evidence.study
    return Hit(
        id=evidence.id,
        kind=evidence.kind,
        text=evidence.text,
        marks=marks,
        context=evidence.context,
        study_id=study.id,
        study=study.title,
        study_method=study.method,
        study_state=study.state,
        document_id=places[0].document_id if places else None,
        locator=locator.as_dict(),
        place=place_words(locator),
        date=date_words(evidence.said_on, evidence.date_precision),
        rating=rating_words(evidence.rating, evidence.rating_best),
        segments=term_labels(evidence, "segment"),
        products=term_labels(evidence, "product"),
        keyword_rank=ranked.keyword_rank if ranked else None,
        meaning_rank=ranked.meaning_rank if ranked else None,
        boosts=ranked.boosts if ranked else (),
        tags=tags,
        more_places=max(0, len(places) - 1),
    )
