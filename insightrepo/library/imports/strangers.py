"""Rows whose id stands in another file with other words: two files that both count from 1."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.pipeline import Draft, Refused
from insightrepo.models import Document, Place


def files_of(session: Session, evidence_ids: Sequence[int]) -> defaultdict[int, set[str]]:
    """The names of the files in which each piece of evidence stands, in whatever revision."""
    names: defaultdict[int, set[str]] = defaultdict(set)
    if evidence_ids:
        query = select(Place.evidence_id, Document.name).join(Document, Document.id == Place.document_id)
        for evidence_id, name in session.execute(query.where(Place.evidence_id.in_(evidence_ids))):
            names[evidence_id].add(name)
    return names


def stranger(name: str, draft: Draft, other: str) -> Refused:
    """The refusal of a row of the file `name` whose id stands in the file `other`; it says what to do."""
    cause = (
        f"this id stands in {other} with other words; say which column is the id of the row (--id), "
        "or import the file as a study of its own, by another title (--study-title)"
    )
    return Refused(name, draft.locator.row, "id", cause, (draft.text,))
