"""Loads hits from the database: text, place, tags with votes, and the scores joined, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from indexes.analyzer import Analyzer
from indexes.highlight import spans
from indexes.query import ParsedQuery
from indexes.ranks import Ranked
from ingest.readers.base import Locator
from insightrepo.accounts.access import Reader
from insightrepo.library.search.filters import ResolvedFilter
from insightrepo.library.search.hits import Hit, TagShown, VoteShown
from insightrepo.library.studies.insight_states import InsightState, insight_states
from insightrepo.library.studies.seen_studies import SeenStudy, seen_studies, study_labels
from insightrepo.library.wording import date_words, evidence_named, place_words, rating_words, vote_words
from insightrepo.models import IN_FORCE, Document, Evidence, Place, Tag, Vote
from insightrepo.scores.acting.disagreements import cautioned
from insightrepo.scores.chips import CellWanted, Chip, chips
from insightrepo.taxonomy.register import seen_terms

_E, _P, _T, _V = Evidence.__table__.c, Place.__table__.c, Tag.__table__.c, Vote.__table__.c
_IDS = bindparam("ids", expanding=True)
# Made once, and of columns: making a statement takes as long as asking it, and an entity three times as long as a row.
# Asked of the connection: the session would add a third.
_EVIDENCE = select(
    _E.id, _E.kind, _E.text, _E.context, _E.study_id, _E.said_on, _E.date_precision, _E.rating, _E.rating_best,
).where(_E.id.in_(_IDS))  # fmt: skip
_PLACES = (
    select(_P.evidence_id, _P.document_id, _P.locator)
    .join(Document.__table__, Document.__table__.c.id == _P.document_id)
    .where(_P.evidence_id.in_(_IDS))
    .order_by(Document.__table__.c.current.desc(), _P.id)
)
_TAGS = (
    select(_T.evidence_id, _T.term_id, _T.state, _T.origin)
    .where(_T.evidence_id.in_(_IDS))
    .order_by(_T.evidence_id, _T.term_id)
)
_VOTES = (
    select(_V.evidence_id, _V.term_id, _V.source, _V.in_favour, _V.value, _V.reason)
    .where(_V.evidence_id.in_(_IDS))
    .order_by(_V.id)
)

_STUDY_OF = select(_E.id, _E.study_id, _E.text).where(_E.id.in_(_IDS))

STATE_ORDER = {"accepted": 0, "automatic": 1, "suggested": 2, "rejected": 3}


class _Tag(NamedTuple):
    evidence_id: int
    term_id: int
    state: str
    origin: str
    axis: str
    code: str
    name: str


def load_hits(
    session: Session,
    reader: Reader,
    ids: Sequence[int],
    resolved: ResolvedFilter,
    ranked: Mapping[int, Ranked],
    parsed: ParsedQuery,
    language: str,
    beside: Iterable[CellWanted] = (),
) -> tuple[Hit, ...]:
    """The hits of these ids, in this order; the caller has put the ids through the filter.

    Tags of terms that the reader may not see are left out, and votes name no evidence that they may not see. `beside`
    are the cells that the page shows beside the hits: their scores are read with those of the hits, and remembered.
    """
    evidence = {row.id: row for row in session.connection().execute(_EVIDENCE, {"ids": ids})}
    studies, labels = seen_studies(session, reader), study_labels(session, reader)
    places = _places(session, ids)
    tags = _tags_of(session, reader, ids)
    votes = votes_shown(session, reader, ids)
    cells = _cells(tags, resolved)
    found = cautioned(session, reader, chips(session, reader, {*cells.values(), *beside}))
    insights = insight_states(session, reader, [row.id for row in evidence.values() if row.kind == "insight"])
    analyzer = Analyzer(language)
    return tuple(
        _hit(
            evidence[i],
            studies[evidence[i].study_id],
            labels,
            places[i],
            tags[i],
            _tags(tags[i], votes, {tag.term_id: found.get(cells[(i, tag.term_id)]) for tag in _outcome_tags(tags[i])}),
            ranked.get(i),
            tuple(spans(evidence[i].text, parsed.words, parsed.phrases, analyzer)),
            insights.get(i),
        )
        for i in ids
        if i in evidence and evidence[i].study_id in studies
    )


def _tags_of(session: Session, reader: Reader, ids: Sequence[int]) -> dict[int, list[_Tag]]:
    """The tags of terms that the reader may see, by evidence, in the order of their terms."""
    terms = seen_terms(session, reader).by_id
    tags: defaultdict[int, list[_Tag]] = defaultdict(list)
    for evidence_id, term_id, state, origin in session.connection().execute(_TAGS, {"ids": ids}):
        if term := terms.get(term_id):
            tags[evidence_id].append(_Tag(evidence_id, term_id, state, origin, term.axis, term.code, term.name))
    return tags


def _places(session: Session, ids: Sequence[int]) -> dict[int, list[Row]]:
    places: defaultdict[int, list[Row]] = defaultdict(list)
    for place in session.connection().execute(_PLACES, {"ids": ids}):
        places[place.evidence_id].append(place)
    return places


def votes_shown(session: Session, reader: Reader, ids: Sequence[int]) -> dict[tuple[int, int], list[VoteShown]]:
    """The votes of this evidence on the terms that the reader may see, in words, by evidence and term.

    Examples that a reason names are left out where the reader may not see them.
    """
    terms = seen_terms(session, reader).by_id
    votes = [
        (vote, evidence_named(vote[5]))
        for vote in session.connection().execute(_VOTES, {"ids": ids})
        if vote[1] in terms
    ]
    named = {number for _, numbers in votes for number in numbers}
    examples = _visible(session, reader, named) if named else {}
    shown: defaultdict[tuple[int, int], list[VoteShown]] = defaultdict(list)
    for (evidence_id, term_id, source, in_favour, value, reason), numbers in votes:
        words = vote_words(source, value, reason, in_favour, examples)
        near = tuple(sorted(numbers & examples.keys())) if numbers else ()
        shown[(evidence_id, term_id)].append(VoteShown(source, in_favour, value, words, near))
    return shown


def _visible(session: Session, reader: Reader, ids: Collection[int]) -> dict[int, str]:
    """The words of those of these pieces of evidence that the reader may see."""
    studies = seen_studies(session, reader)
    return {row.id: row.text for row in session.execute(_STUDY_OF, {"ids": list(ids)}) if row.study_id in studies}


def _outcome_tags(tags: Sequence[_Tag]) -> list[_Tag]:
    return [tag for tag in tags if tag.axis == "outcome" and tag.state != "rejected"]


def _cells(tags: dict[int, list[_Tag]], resolved: ResolvedFilter) -> dict[tuple[int, int], CellWanted]:
    """The cell of each outcome tag: what the filter names, else the evidence's own segment and product."""
    return {
        (number, tag.term_id): CellWanted(
            tag.term_id,
            resolved.only_term("segment") or _own_term(own, "segment"),
            resolved.only_term("product") or _own_term(own, "product"),
        )
        for number, own in tags.items()
        for tag in _outcome_tags(own)
    }


def _own_term(tags: Sequence[_Tag], axis: str) -> int | None:
    """The one term on the axis that came with the data; None where there is none or more than one."""
    own = [tag.term_id for tag in tags if tag.axis == axis and tag.state == "accepted"]
    return own[0] if len(own) == 1 else None


def _tags(
    tags: Sequence[_Tag], votes: dict[tuple[int, int], list[VoteShown]], by_term: dict[int, Chip | None]
) -> tuple[TagShown, ...]:
    ordered = sorted(tags, key=lambda tag: (STATE_ORDER[tag.state], tag.code))
    return tuple(
        TagShown(
            axis=tag.axis,
            code=tag.code,
            name=tag.name,
            state=tag.state,
            origin=tag.origin,
            votes=tuple(votes.get((tag.evidence_id, tag.term_id), ())),
            chip=by_term.get(tag.term_id),
        )
        for tag in ordered
        if tag.state != "rejected"
    )


def _own_labels(tags: Sequence[_Tag], axis: str) -> tuple[str, ...]:
    """The names on an axis that the evidence itself is tagged with."""
    return tuple(tag.name for tag in tags if tag.axis == axis and tag.state in IN_FORCE)


def _hit(
    evidence: Row,
    study: SeenStudy,
    labels: Mapping[tuple[int, str], tuple[str, ...]],
    places: Sequence[Row],
    own: Sequence[_Tag],
    tags: tuple[TagShown, ...],
    ranked: Ranked | None,
    marks: tuple[tuple[int, int], ...],
    insight: InsightState | None,
) -> Hit:
    locator = Locator.from_dict(places[0].locator) if places else Locator()
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
        segments=_own_labels(own, "segment") or labels.get((study.id, "segment"), ()),
        products=_own_labels(own, "product") or labels.get((study.id, "product"), ()),
        keyword_rank=ranked.keyword_rank if ranked else None,
        meaning_rank=ranked.meaning_rank if ranked else None,
        boosts=ranked.boosts if ranked else (),
        tags=tags,
        more_places=max(0, len(places) - 1),
        more_from_study=ranked.more_from_study if ranked else 0,
        insight=insight,
    )
