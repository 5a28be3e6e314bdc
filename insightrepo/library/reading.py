"""Studies, documents and evidence as the pages and the command line read them, within what the reader may see."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, selectinload

from indexes.query import parse
from ingest.readers.base import Locator
from insightrepo.accounts.access import Reader, visible_studies, visible_terms
from insightrepo.library.readings import (
    DocumentLine,
    DocumentReading,
    EvidenceDetail,
    EvidencePlaced,
    Linked,
    Original,
    StudyDetail,
    StudyLine,
    StudyPage,
    Whereabouts,
)
from insightrepo.library.search.filters import NO_FILTER, ResolvedFilter
from insightrepo.library.search.hits import TagShown
from insightrepo.library.search.loading import STATE_ORDER, load_hits, votes_shown
from insightrepo.library.studies.ages import age_in_days, is_stale
from insightrepo.library.wording import date_words, place_words, rating_words
from insightrepo.locales import day
from insightrepo.models import Document, Evidence, EvidenceLink, Place, Study, Tag, Term, User

ROWS_PER_PAGE = 50
STUDIES_PER_PAGE = 50


class NotVisible(Exception):
    """There is no such thing, or the reader may not see it; which of the two is not said."""


def list_studies(session: Session, reader: Reader, page: int = 1, method: str | None = None) -> StudyPage:
    """A page (from 1) of the studies that the reader may see, newest first; of one method where it is named ("": those
    whose method is not known). The methods are counted over all of them.
    """
    seen = Study.id.in_(visible_studies(reader))
    by_method = select(Study.method, func.count(), func.sum(Study.participants_n)).where(seen).group_by(Study.method)
    methods = sorted(session.execute(by_method).tuples(), key=lambda row: (-row[1], row[0]))
    wanted = [seen] if method is None else [seen, Study.method == method]
    newest = func.coalesce(Study.ended_on, Study.started_on, func.date(Study.created_at))
    ids = session.scalars(
        select(Study.id)
        .where(*wanted)
        .order_by(newest.desc(), Study.id.desc())
        .offset((page - 1) * STUDIES_PER_PAGE)
        .limit(STUDIES_PER_PAGE)
    ).all()
    lines = _study_lines(session, reader, ids)
    total = sum(number for name, number, _ in methods if method in (None, name))
    return StudyPage(tuple(lines[number] for number in ids), total, page, tuple(methods))


def read_study(session: Session, reader: Reader, study_id: int) -> StudyDetail:
    """A study with its documents.

    Raises:
        NotVisible: there is none that the reader may see.
    """
    line = study_line(session, reader, study_id)
    study = session.get_one(Study, study_id)
    return StudyDetail(
        line=line,
        stage=study.stage,
        sharing_terms=study.sharing_terms,
        state_reason=study.state_reason,
        documents=_documents(session, Document.study_id == study_id),
        kinds=_kinds(session, study_id),
    )


def read_document(
    session: Session, reader: Reader, study_id: int, document_id: int, *, page: int = 1, evidence_id: int | None = None
) -> DocumentReading:
    """A document with its evidence. A data file is read by pages of `ROWS_PER_PAGE`; `evidence_id` chooses its page.

    Raises:
        NotVisible: there is none that the reader may see.
    """
    study = study_line(session, reader, study_id)
    found = session.get(Document, document_id)
    everything = _documents(session, Document.study_id == study_id)
    lines = [line for line in everything if line.id == document_id]
    if found is None or not lines:
        raise NotVisible(f"document {document_id} of study {study_id}")
    placed = select(Place).join(Evidence).where(Place.document_id == document_id, Evidence.withdrawn.is_(False))
    pages = 1
    if lines[0].is_data:
        pages = max(1, -(-lines[0].evidence // ROWS_PER_PAGE))
        page = _page_of(session, document_id, evidence_id) or min(page, pages)
        placed = placed.order_by(Place.id).offset((page - 1) * ROWS_PER_PAGE).limit(ROWS_PER_PAGE)
    else:
        placed = placed.order_by(Place.start, Place.id)
    places = session.scalars(placed.options(selectinload(Place.evidence))).all()
    return DocumentReading(
        study=study,
        document=lines[0],
        text=found.text,
        blocks=tuple((kind, start, end, level, locator) for kind, start, end, level, locator in found.blocks),
        evidence=_placed(session, reader, places),
        page=page if lines[0].is_data else 1,
        pages=pages,
        siblings=tuple(line for line in everything if line.current),
    )


def read_evidence(
    session: Session, reader: Reader, evidence_id: int, resolved: ResolvedFilter = NO_FILTER
) -> EvidenceDetail:
    """A piece of evidence with its places, tags, votes and links; also one that was withdrawn since. `resolved` only
    chooses the cell of its scores, as it does for a hit.

    Raises:
        NotVisible: there is none that the reader may see.
    """
    found = session.scalar(
        select(Evidence)
        .where(Evidence.id == evidence_id, Evidence.study_id.in_(visible_studies(reader)))
        .options(selectinload(Evidence.places).selectinload(Place.document))
    )
    if found is None:
        raise NotVisible(f"evidence {evidence_id}")
    study = study_line(session, reader, found.study_id)
    hits = load_hits(session, reader, [evidence_id], resolved, {}, parse(""), "none")
    tags = _tags(session, reader, [evidence_id], with_votes=True)[evidence_id]
    return EvidenceDetail(
        hit=hits[0],
        study=study,
        revision=found.revision,
        withdrawn=found.withdrawn,
        channel=found.channel,
        places=tuple(_whereabouts(place, study) for place in found.places),
        rejected=tuple(tag for tag in tags if tag.state == "rejected"),
        links=_links(session, reader, evidence_id),
    )


def find_original(session: Session, reader: Reader, document_id: int) -> Original:
    """The original of a document, for a researcher or the study's owner.

    Raises:
        NotVisible: there is none that the reader may see.
        Forbidden: the reader sees the document, but may not have the unredacted original.
    """
    row = session.execute(
        select(Document.name, Document.sha256, Study.owner_id)
        .join(Study)
        .where(Document.id == document_id, Study.id.in_(visible_studies(reader)))
    ).first()
    if row is None:
        raise NotVisible(f"document {document_id}")
    if row.owner_id != reader.user_id:
        reader.require("researcher")
    return Original(document_id, row.name.rsplit("/", 1)[-1], row.sha256)


def may_have_original(reader: Reader, study: StudyLine) -> bool:
    """Whether the reader may download the originals of a study that they see."""
    return reader.at_least("researcher") or study.owner_id == reader.user_id


def study_line(session: Session, reader: Reader, study_id: int) -> StudyLine:
    """A study as a list shows it.

    Raises:
        NotVisible: there is none that the reader may see.
    """
    lines = _study_lines(session, reader, [study_id])
    if study_id not in lines:
        raise NotVisible(f"study {study_id}")
    return lines[study_id]


def _study_lines(session: Session, reader: Reader, ids: Sequence[int]) -> dict[int, StudyLine]:
    """The lines of these studies, those that the reader may not see left out."""
    rows = session.execute(
        select(Study, User.name, User.email)
        .outerjoin(User, User.id == Study.owner_id)
        .where(Study.id.in_(ids), Study.id.in_(visible_studies(reader)))
    ).all()
    documents = _count(session, Document.study_id, Document.study_id.in_(ids), Document.current.is_(True))
    evidence = _count(session, Evidence.study_id, Evidence.study_id.in_(ids), Evidence.withdrawn.is_(False))
    return {
        study.id: StudyLine(
            id=study.id,
            title=study.title,
            method=study.method,
            level=study.level,
            state=study.state,
            sensitivity=study.sensitivity,
            when=_period(study),
            participants_n=study.participants_n,
            owner_id=study.owner_id,
            owner=name or email,
            documents=documents.get(study.id, 0),
            evidence=evidence.get(study.id, 0),
            stale=_is_stale(study),
        )
        for study, name, email in rows
    }


def _is_stale(study: Study) -> bool:
    """Whether it ended so long ago that it is to be looked at before it is relied on."""
    return is_stale(age_in_days(study.ended_on or study.started_on, study.date_precision, dt.date.today()))


def _period(study: Study) -> str:
    days = [date_words(day, study.date_precision) for day in (study.started_on, study.ended_on) if day]
    return " to ".join(dict.fromkeys(day for day in days if day))


def _count(session: Session, column: Any, *where: ColumnElement[bool]) -> dict[int, int]:
    return dict(session.execute(select(column, func.count()).where(*where).group_by(column)).tuples().all())


def _documents(session: Session, *where: ColumnElement[bool]) -> tuple[DocumentLine, ...]:
    columns = (
        Document.id,
        Document.study_id,
        Document.name,
        Document.title,
        Document.revision,
        Document.current,
        Document.complete,
        Document.size,
        Document.imported_at,
        Document.warnings,
        (Document.text == "").label("is_data"),
    )
    rows = session.execute(select(*columns).where(*where).order_by(Document.name, Document.revision.desc())).all()
    counts = dict(
        session.execute(
            select(Place.document_id, func.count())
            .join(Evidence)
            .where(Place.document_id.in_([row.id for row in rows]), Evidence.withdrawn.is_(False))
            .group_by(Place.document_id)
        )
        .tuples()
        .all()
    )
    return tuple(
        DocumentLine(
            row.id,
            row.study_id,
            row.name,
            row.title or row.name.rsplit("/", 1)[-1],
            row.revision,
            row.current,
            row.complete,
            row.size,
            day(row.imported_at),
            counts.get(row.id, 0),
            bool(row.is_data),
            tuple(row.warnings),
        )
        for row in rows
    )


def _kinds(session: Session, study_id: int) -> tuple[tuple[str, int], ...]:
    counts = _count(session, Evidence.kind, Evidence.study_id == study_id, Evidence.withdrawn.is_(False))
    return tuple(sorted(counts.items()))  # type: ignore[arg-type]


def _page_of(session: Session, document_id: int, evidence_id: int | None) -> int | None:
    """The page on which a row of a data file stands, or None where it is not in it."""
    here = select(Place.id).where(Place.document_id == document_id, Place.evidence_id == evidence_id)
    place_id = session.scalar(here) if evidence_id else None
    if place_id is None:
        return None
    before = select(func.count()).select_from(Place).join(Evidence)
    count = session.scalar(
        before.where(Place.document_id == document_id, Place.id < place_id, Evidence.withdrawn.is_(False))
    )
    return (count or 0) // ROWS_PER_PAGE + 1


def _placed(session: Session, reader: Reader, places: Sequence[Place]) -> tuple[EvidencePlaced, ...]:
    tags = _tags(session, reader, [place.evidence_id for place in places])
    return tuple(
        EvidencePlaced(
            id=place.evidence_id,
            kind=place.evidence.kind,
            text=place.evidence.text,
            context=place.evidence.context,
            date=date_words(place.evidence.said_on, place.evidence.date_precision),
            rating=rating_words(place.evidence.rating, place.evidence.rating_best),
            start=place.start,
            end=place.end,
            locator=place.locator,
            place=place_words(Locator.from_dict(place.locator)),
            tags=tuple(tag for tag in tags[place.evidence_id] if tag.state != "rejected"),
        )
        for place in places
    )


def _tags(
    session: Session, reader: Reader, ids: Sequence[int], *, with_votes: bool = False
) -> dict[int, tuple[TagShown, ...]]:
    """The tags of each piece of evidence whose terms the reader may see, decided ones first, by axis and code."""
    rows = session.execute(
        select(Tag.evidence_id, Tag.state, Tag.origin, Term.id, Term.axis, Term.code, Term.name)
        .join(Term, Term.id == Tag.term_id)
        .where(Tag.evidence_id.in_(ids), Term.id.in_(visible_terms(reader)))
    ).all()
    votes = votes_shown(session, reader, ids) if with_votes else {}
    found: defaultdict[int, list[TagShown]] = defaultdict(list)
    for row in rows:
        shown = votes.get((row.evidence_id, row.id), ())
        found[row.evidence_id].append(TagShown(row.axis, row.code, row.name, row.state, row.origin, tuple(shown)))
    ordered = {number: tuple(sorted(tags, key=_tag_order)) for number, tags in found.items()}
    return defaultdict(tuple, ordered)


def _tag_order(tag: TagShown) -> tuple[str, int, str]:
    return tag.axis, STATE_ORDER[tag.state], tag.code


def _whereabouts(place: Place, study: StudyLine) -> Whereabouts:
    document = place.document
    return Whereabouts(
        study.id,
        study.title,
        document.id,
        document.title or document.name,
        document.current,
        place_words(Locator.from_dict(place.locator)),
    )


RELATIONS = {
    "supports": ("supports", "is supported by"),
    "contradicts": ("contradicts", "is contradicted by"),
    "supersedes": ("supersedes", "is superseded by"),
    "duplicates": ("repeats", "is repeated by"),
}


def _links(session: Session, reader: Reader, evidence_id: int) -> tuple[Linked, ...]:
    """The links of a piece of evidence to others that the reader may see; also to a withdrawn study's, to be undone."""
    link, other = EvidenceLink, Evidence
    rows = session.execute(
        select(link.kind, link.from_id, other, Study.title)
        .join(other, or_(other.id == link.from_id, other.id == link.to_id))
        .join(Study, Study.id == other.study_id)
        .where(or_(link.from_id == evidence_id, link.to_id == evidence_id), other.id != evidence_id)
        .where(other.study_id.in_(visible_studies(reader)), other.withdrawn.is_(False))
        .order_by(link.kind, link.id)
    ).all()
    return tuple(
        Linked(
            RELATIONS[kind][0 if from_id == evidence_id else 1],
            found.id,
            found.text,
            title,
            date_words(found.said_on, found.date_precision),
        )
        for kind, from_id, found, title in rows
    )
