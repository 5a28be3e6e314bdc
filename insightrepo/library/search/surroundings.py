"""What stands around a piece of evidence: the words before and after it, or what the same person said besides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_studies
from insightrepo.library.reading import NotVisible
from insightrepo.library.wording import date_words
from insightrepo.models import Document, Evidence, Place, Study

BLOCKS = 2  # before and after
MOST_SAID = 6
LONGEST = 1_200  # characters that are shown on each side


@dataclass(frozen=True)
class Stretch:
    """A block, or what is left of one, beside the evidence; `kind` as `ingest.readers.base.Block` has it."""

    kind: str
    text: str


@dataclass(frozen=True)
class Said:
    """What the same person said besides in the study."""

    id: int
    asked: str
    text: str
    date: str | None


@dataclass(frozen=True)
class Surroundings:
    """`before`, `text` and `after` are of a document with text; `said` is of a row of data. `heading` is above both."""

    evidence_id: int
    study_id: int
    study: str
    document_id: int | None
    document: str
    heading: tuple[str, ...]
    text: str
    before: tuple[Stretch, ...] = ()
    after: tuple[Stretch, ...] = ()
    said: tuple[Said, ...] = ()


def read_surroundings(session: Session, reader: Reader, evidence_id: int) -> Surroundings:
    """What stands around the evidence at its first place in a current document.

    Raises:
        NotVisible: there is no such evidence that the reader may see.
    """
    row = session.execute(
        select(Evidence.text, Evidence.respondent_id, Evidence.study_id, Study.title)
        .join(Study, Study.id == Evidence.study_id)
        .where(Evidence.id == evidence_id, Evidence.study_id.in_(visible_studies(reader)))
    ).first()
    if row is None:
        raise NotVisible(f"evidence {evidence_id}")
    place = session.execute(
        select(Place.start, Place.end, Place.locator, Document.id, Document.title, Document.name, Document.text,
               Document.blocks)
        .join(Document, Document.id == Place.document_id)
        .where(Place.evidence_id == evidence_id)
        .order_by(Document.current.desc(), Place.id)
        .limit(1)
    ).first()  # fmt: skip
    found = Surroundings(evidence_id, row.study_id, row.title, None, "", (), row.text)
    if place is not None:
        name = place.title or place.name.rsplit("/", 1)[-1]
        heading = tuple(place.locator.get("heading_path", ()))
        found = Surroundings(evidence_id, row.study_id, row.title, place.id, name, heading, row.text)
    if place is not None and place.start is not None and place.end is not None and place.text:
        before, after = around(place.text, place.blocks, place.start, place.end)
        shown = place.text[place.start : place.end]
        return Surroundings(evidence_id, row.study_id, row.title, place.id, name, heading, shown, before, after)
    said = _said(session, evidence_id, row.study_id, row.respondent_id) if row.respondent_id else ()
    return Surroundings(evidence_id, row.study_id, row.title, found.document_id, found.document, found.heading,
                        row.text, said=said)  # fmt: skip


def around(
    text: str, blocks: Sequence[Sequence[object]], start: int, end: int
) -> tuple[tuple[Stretch, ...], tuple[Stretch, ...]]:
    """What is before and after ``text[start:end]``: the rest of its own blocks and `BLOCKS` more on each side.

    `blocks` are (kind, start, end, …) in order.
    """
    spans = [(str(kind), int(first), int(last)) for kind, first, last, *_ in blocks]  # type: ignore[call-overload]
    before = [(kind, text[first : min(last, start)]) for kind, first, last in spans if first < start]
    after = [(kind, text[max(first, end) : last]) for kind, first, last in spans if last > end]
    kept_before = [Stretch(kind, part[-LONGEST:]) for kind, part in before if part.strip()][-BLOCKS:]
    kept_after = [Stretch(kind, part[:LONGEST]) for kind, part in after if part.strip()][:BLOCKS]
    return tuple(kept_before), tuple(kept_after)


def _said(session: Session, evidence_id: int, study_id: int, respondent_id: int) -> tuple[Said, ...]:
    rows = session.execute(
        select(Evidence.id, Evidence.context, Evidence.text, Evidence.said_on, Evidence.date_precision)
        .where(Evidence.respondent_id == respondent_id, Evidence.study_id == study_id, Evidence.id != evidence_id)
        .where(Evidence.withdrawn.is_(False))
        .order_by(Evidence.id)
        .limit(MOST_SAID)
    )
    return tuple(Said(row.id, row.context, row.text, date_words(row.said_on, row.date_precision)) for row in rows)
