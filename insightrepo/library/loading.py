"""Loads hits from the database: text, place, tags with votes, and the scores joined, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from indexes.analyzer import Analyzer
from indexes.highlight import spans
from indexes.query import ParsedQuery
from indexes.ranks import Ranked
from ingest.readers.base import Locator
from insightrepo.accounts.access import Reader, visible_studies, visible_terms
from insightrepo.library.filters import ResolvedFilter
from insightrepo.library.hits import Hit, TagShown, VoteShown
from insightrepo.library.wording import date_words, evidence_named, place_words, rating_words, vote_words
from insightrepo.models import Document, Evidence, Place, Study, Tag, Term, Vote
from insightrepo.models.library import study_product, study_segment
from insightrepo.scores.chips import CellWanted, Chip, chips

STATE_ORDER = {"accepted": 0, "automatic": 1, "suggested": 2, "rejected": 3}


def load_hits(
    session: Session,
    reader: Reader,
    ids: Sequence[int],
    resolved: ResolvedFilter,
    ranked: Mapping[int, Ranked],
    parsed: ParsedQuery,
    language: str,
) -> tuple[Hit, ...]:
    """The hits of these ids, in this order; the caller has put the ids through the filter.

    Tags of terms that the reader may not see are left out, and votes name no evidence that they may not see.
    """
    evidence = {row.id: row for row in session.execute(_evidence_query(ids))}
    labels = _study_labels(session, reader, {row.study_id for row in evidence.values()})
    places = _places(session, ids)
    tags = _tags_of(session, reader, ids)
    votes = votes_shown(session, reader, ids)
    cells = _cells(tags, resolved)
    found = chips(session, reader, set(cells.values()))
    analyzer = Analyzer(language)
    return tuple(
        _hit(
            evidence[i],
            labels,
            places[i],
            tags[i],
            _tags(tags[i], votes, {tag.term_id: found.get(cells[(i, tag.term_id)]) for tag in _outcome_tags(tags[i])}),
            ranked.get(i),
            tuple(spans(evidence[i].text, parsed.words, parsed.phrases, analyzer)),
        )
        for i in ids
        if i in evidence
    )


def _evidence_query(ids: Sequence[int]) -> Select[Any]:
    own = (
        Evidence.id, Evidence.kind, Evidence.text, Evidence.context, Evidence.study_id, Evidence.said_on,
        Evidence.date_precision, Evidence.rating, Evidence.rating_best,
    )  # fmt: skip
    of_study = Study.title, Study.method, Study.state
    return select(*own, *of_study).join(Study, Study.id == Evidence.study_id).where(Evidence.id.in_(ids))


def _study_labels(session: Session, reader: Reader, ids: Collection[int]) -> dict[tuple[int, str], tuple[str, ...]]:
    """The names of the segments and products that a person set on these studies, by study and axis."""
    labels: defaultdict[tuple[int, str], tuple[str, ...]] = defaultdict(tuple)
    for study, term in (study_segment.columns, study_product.columns):
        query = select(study, Term.axis, Term.name).join(Term, Term.id == term)
        query = query.where(study.in_(ids), Term.id.in_(visible_terms(reader))).order_by(Term.id)
        for study_id, axis, name in session.execute(query):
            labels[study_id, axis] += (name,)
    return labels


def _tags_of(session: Session, reader: Reader, ids: Sequence[int]) -> dict[int, list[Row]]:
    """The tags of terms that the reader may see, each with its term's axis, code and name, by evidence."""
    columns = (Tag.evidence_id, Tag.term_id, Tag.state, Tag.origin, Term.axis, Term.code, Term.name)
    seen = Tag.evidence_id.in_(ids), Tag.term_id.in_(visible_terms(reader))
    tags: defaultdict[int, list[Row]] = defaultdict(list)
    for tag in session.execute(select(*columns).join(Term, Term.id == Tag.term_id).where(*seen)):
        tags[tag.evidence_id].append(tag)
    return tags


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


def votes_shown(session: Session, reader: Reader, ids: Sequence[int]) -> dict[tuple[int, int], list[VoteShown]]:
    """The votes of this evidence on the terms that the reader may see, in words, by evidence and term.

    Examples that a reason names are left out where the reader may not see them.
    """
    seen = Vote.evidence_id.in_(ids), Vote.term_id.in_(visible_terms(reader))
    columns = (Vote.evidence_id, Vote.term_id, Vote.source, Vote.in_favour, Vote.value, Vote.reason)
    votes = session.execute(select(*columns).where(*seen).order_by(Vote.id)).all()
    named = {number for vote in votes for number in evidence_named(vote.reason)}
    visible = Evidence.id.in_(named), Evidence.study_id.in_(visible_studies(reader))
    examples = set(session.scalars(select(Evidence.id).where(*visible))) if named else set()
    shown: defaultdict[tuple[int, int], list[VoteShown]] = defaultdict(list)
    for vote in votes:
        words = vote_words(vote.source, vote.value, vote.reason, vote.in_favour, examples)
        shown[(vote.evidence_id, vote.term_id)].append(VoteShown(vote.source, vote.in_favour, vote.value, words))
    return shown


def _outcome_tags(tags: Sequence[Row]) -> list[Row]:
    return [tag for tag in tags if tag.axis == "outcome" and tag.state != "rejected"]


def _cells(tags: dict[int, list[Row]], resolved: ResolvedFilter) -> dict[tuple[int, int], CellWanted]:
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


def _own_term(tags: Sequence[Row], axis: str) -> int | None:
    """The one term on the axis that came with the data; None where there is none or more than one."""
    own = [tag.term_id for tag in tags if tag.axis == axis and tag.state == "accepted"]
    return own[0] if len(own) == 1 else None


def _tags(
    tags: Sequence[Row], votes: dict[tuple[int, int], list[VoteShown]], by_term: dict[int, Chip | None]
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


def _own_labels(tags: Sequence[Row], axis: str) -> tuple[str, ...]:
    """The names on an axis that the evidence itself is tagged with."""
    return tuple(tag.name for tag in tags if tag.axis == axis and tag.state in ("accepted", "automatic"))


def _hit(
    evidence: Row,
    labels: Mapping[tuple[int, str], tuple[str, ...]],
    places: list[Place],
    own: Sequence[Row],
    tags: tuple[TagShown, ...],
    ranked: Ranked | None,
    marks: tuple[tuple[int, int], ...],
) -> Hit:
    locator = Locator.from_dict(places[0].locator) if places else Locator()
    study_id = evidence.study_id
    return Hit(
        id=evidence.id,
        kind=evidence.kind,
        text=evidence.text,
        marks=marks,
        context=evidence.context,
        study_id=study_id,
        study=evidence.title,
        study_method=evidence.method,
        study_state=evidence.state,
        document_id=places[0].document_id if places else None,
        locator=locator.as_dict(),
        place=place_words(locator),
        date=date_words(evidence.said_on, evidence.date_precision),
        rating=rating_words(evidence.rating, evidence.rating_best),
        segments=_own_labels(own, "segment") or labels[study_id, "segment"],
        products=_own_labels(own, "product") or labels[study_id, "product"],
        keyword_rank=ranked.keyword_rank if ranked else None,
        meaning_rank=ranked.meaning_rank if ranked else None,
        boosts=ranked.boosts if ranked else (),
        tags=tags,
        more_places=max(0, len(places) - 1),
        more_from_study=ranked.more_from_study if ranked else 0,
    )
