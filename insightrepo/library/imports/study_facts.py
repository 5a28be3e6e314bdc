"""Studies and documents of an import: made or found, filled with what the files say, finished or revised."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from ingest.dates import Moment, parse_moment
from ingest.pipeline import Prepared
from ingest.readers.base import Document as ReadDocument
from ingest.studies import StudyFiles, guess_method, guess_participants
from insightrepo.accounts.access import Forbidden, Reader, visible_studies
from insightrepo.accounts.audit import record
from insightrepo.library.imports.import_options import may_change
from insightrepo.library.indexing.indexing import enqueue
from insightrepo.models import LEVELS, Document, Evidence, Outbox, Place, Study

Original = tuple[str, int]  # sha256 and size in bytes
TITLE, METHOD, STAGE = 300, 80, 20  # characters that these may have


def find_study(session: Session, key: str, reader: Reader) -> Study | None:
    """The study that an import knows by this key; None: it is new.

    Raises:
        Forbidden: it is not for the reader to see or to change; the message does not say which of the two.
    """
    study = session.scalar(select(Study).where(Study.key == key))
    if study is None:
        return None
    seen = session.scalar(select(Study.id).where(Study.id == study.id, Study.id.in_(visible_studies(reader))))
    if seen is None or not may_change(study, reader):
        raise Forbidden("you may not add to a study of this title: give yours another title (--study-title)")
    return study


def ensure_study(session: Session, files: StudyFiles, reader: Reader) -> Study:
    """The study that these files make, found by its key or made as a draft of the reader's.

    Raises:
        Forbidden: as `find_study`.
    """
    study = find_study(session, files.key, reader)
    if study is None:
        study = Study(key=files.key, title=files.title[:TITLE], owner_id=reader.user_id)
        session.add(study)
        session.flush()
        record(session, reader.user_id, "study.create", f"study:{study.id}")
    return study


@dataclass(frozen=True)
class OnEvidence:
    """What evidence takes over from its study: the date of what has none of its own, and terms to be filtered by."""

    day: dt.date | None
    precision: str | None
    terms: frozenset[int]


def on_evidence(study: Study) -> OnEvidence:
    """What the study's evidence has of it now; to be compared by `renew_evidence` after a change."""
    terms = frozenset(term.id for term in (*study.products, *study.segments))
    return OnEvidence(study.started_on, study.date_precision, terms)


def renew_evidence(session: Session, study: Study, before: OnEvidence) -> None:
    """Bring the study's evidence and its index entries to what changed on the study since `before`."""
    now = on_evidence(study)
    if now == before:
        return
    here = Evidence.study_id == study.id
    if (now.day, now.precision) != (before.day, before.precision):
        undated = (Evidence.kind == "passage") | Evidence.said_on.is_(None)
        dated = {"said_on": now.day, "date_precision": now.precision}
        session.execute(update(Evidence).where(here, undated).values(dated))
    live = select(Evidence.id).where(here, Evidence.withdrawn.is_(False))
    session.execute(insert(Outbox).from_select(["evidence_id"], live))


def note_facts(study: Study, prepared: Prepared, moment: Moment | None) -> None:
    """Fill what is still unknown of a study from a document's own words; what is set stays."""
    metadata = prepared.document.metadata
    if not study.method:
        study.method = (str(metadata.get("method", "")) or guess_method(_opening(prepared)))[:METHOD]
    if study.participants_n is None:
        study.participants_n = _whole(metadata.get("participants")) or guess_participants(prepared.document.text)
    if study.level is None and metadata.get("level") in LEVELS:
        study.level = metadata["level"]
    study.stage = study.stage or str(metadata.get("stage", ""))[:STAGE]
    found = moment or _date_of(metadata)
    if study.started_on is None and found is not None:
        study.started_on, study.date_precision = found.day, found.precision


def _opening(prepared: Prepared) -> list[str]:
    """The title and the first headings: where a report says what it is."""
    document = prepared.document
    headings = [document.text[block.start : block.end] for block in document.blocks if block.kind == "heading"]
    return [document.title or "", *headings[:5]]


def _whole(value: Any) -> int | None:
    text = str(value or "").strip()
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _date_of(metadata: Mapping[str, Any]) -> Moment | None:
    try:
        return parse_moment(str(metadata["date"]))
    except (KeyError, ValueError):
        return None


def start_document(
    session: Session, study: Study, name: str, original: Original, read: ReadDocument, redaction: str
) -> Document:
    """The document row of a file: the unfinished one of an interrupted import, or a new revision."""
    sha256, size = original
    same_name = (Document.study_id == study.id, Document.name == name)
    document = session.scalar(select(Document).where(*same_name, Document.sha256 == sha256))
    if document is None:
        last = session.scalar(select(func.max(Document.revision)).where(*same_name))
        document = Document(study_id=study.id, name=name, revision=(last or 0) + 1, sha256=sha256, size=size)
        session.add(document)
        session.flush()
    # What an interrupted import, or one that redacted otherwise, has noted of places need not be true of this text.
    session.execute(delete(Place).where(Place.document_id == document.id))
    document.complete, document.redaction = False, redaction
    document.title = (read.title or "")[:TITLE]
    document.text = read.text
    document.blocks = [[b.kind, b.start, b.end, b.level, b.locator.as_dict()] for b in read.blocks]
    document.warnings = list(read.warnings)
    session.flush()
    return document


class Unrelated(Exception):
    """A file is called like one that is here and shares nothing with it; the message says what to do."""


def refuse_unrelated(
    session: Session, study: Study, name: str, sha256: str, redaction: str, identities: Collection[str]
) -> None:
    """A loose report is known by its file's name alone: one that shares no passage with it is another report.

    The same bytes are the same report, and what was redacted otherwise may share no passage though it is.

    Raises:
        Unrelated: the name is taken by another report.
    """
    if study.key != name or not identities:
        return
    current = (Document.study_id == study.id, Document.name == name, Document.current, Document.text != "")
    query = select(Evidence.identity).join(Place, Place.evidence_id == Evidence.id)
    alike = (Document.redaction == redaction, Document.sha256 != sha256)
    there = set(session.scalars(query.join(Document, Document.id == Place.document_id).where(*current, *alike)))
    if there and not there & set(identities):
        raise Unrelated(
            "another report of this name is here: give its study another title (--study-title), or rename the file"
        )


def same_bytes(session: Session, study: Study, name: str, sha256: str, redaction: str) -> Document | None:
    """The wholly stored document of these bytes in this study: of this name, else, where that is new, of any.

    One that was redacted by another stamp is none: it must be read anew.

    The same bytes in another study are another document: whoever imports them speaks of their own study only. An
    earlier revision of a report is none: the report goes back to it. One of a feed is: it holds nothing new.
    """
    here, stands = Document.study_id == study.id, Document.current | (Document.text == "")
    same = (Document.sha256 == sha256, Document.redaction == redaction)
    query = select(Document).where(here, *same, Document.complete, stands).order_by(Document.id)
    same_name = (here, Document.name == name)
    if session.scalar(select(Document.id).where(*same_name).limit(1)):
        query = query.where(*same_name)
    return session.scalars(query).first()


def pieces_of(session: Session, document: Document) -> int:
    """How many pieces of evidence stand in a document."""
    return session.scalar(select(func.count()).select_from(Place).where(Place.document_id == document.id)) or 0


def finish_document(session: Session, document_id: int) -> int:
    """Mark a document as wholly stored and its other revisions as past; returns how many passages are withdrawn.

    Passages that only past revisions of a report hold are withdrawn. Rows of a data file stay: the next export of a
    feed holds what is new, not what was.
    """
    document = session.get_one(Document, document_id)
    document.complete = document.current = True
    past = list(
        session.scalars(
            select(Document).where(
                Document.study_id == document.study_id, Document.name == document.name, Document.id != document_id
            )
        )
    )
    for other in past:
        other.current = False
    session.flush()
    vanished = _without_place(session, document.study_id)
    if past and document.text:
        vanished |= _only_in(session, [other.id for other in past])
    for evidence in vanished:
        evidence.withdrawn = True
    moved = _under_other_headings(session, document_id) if document.text else set()
    enqueue(session, [evidence.id for evidence in vanished] + sorted(moved))
    return len(vanished)


def _under_other_headings(session: Session, document_id: int) -> set[int]:
    """The ids of what stands in this document under other headings than elsewhere: their index entries are renewed."""
    here = select(Place.evidence_id).where(Place.document_id == document_id)
    paths: dict[int, list[str]] = {}
    moved: set[int] = set()
    for evidence_id, place in session.execute(
        select(Place.evidence_id, Place.locator).where(Place.evidence_id.in_(here))
    ):
        path = place.get("heading_path", [])
        if paths.setdefault(evidence_id, path) != path:
            moved.add(evidence_id)
    return moved


def _without_place(session: Session, study_id: int) -> set[Evidence]:
    """What no document holds any more: an interrupted import has stored it and the finished one reads otherwise."""
    placed = select(Place.id).where(Place.evidence_id == Evidence.id).exists()
    query = select(Evidence).where(Evidence.study_id == study_id, ~Evidence.withdrawn, Evidence.kind != "insight")
    return set(session.scalars(query.where(~placed)))


def _only_in(session: Session, past: Sequence[int]) -> set[Evidence]:
    """What stands in these past revisions and in no current document."""
    standing = select(Place.evidence_id).join(Document).where(Document.current)
    query = (
        select(Evidence)
        .join(Place, Place.evidence_id == Evidence.id)
        .where(Place.document_id.in_(past), Evidence.id.not_in(standing), ~Evidence.withdrawn)
    )
    return set(session.scalars(query).unique())
