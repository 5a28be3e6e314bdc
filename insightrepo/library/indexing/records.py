"""Evidence of the database as the records that the indexes take."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from indexes.base import Record
from indexes.bitmaps import date_keys
from ingest.passages import embedded_text, heading_context
from insightrepo.models import Document, Evidence, Place, Study, Tag
from insightrepo.models.library import study_product, study_segment

UNKNOWN_DAY = -(2**31)
EPOCH = dt.date(1970, 1, 1)
COLUMNS = (  # columns, not entities: five times as fast, and an index is built from all evidence there is
    Evidence.id,
    Evidence.study_id,
    Evidence.kind,
    Evidence.text,
    Evidence.context,
    Evidence.content_hash,
    Evidence.respondent_id,
    Evidence.said_on,
    Study.title,
)


def live_ids(session: Session) -> list[int]:
    """The ids of all evidence that belongs in the indexes: whatever is not withdrawn, in order."""
    return list(session.scalars(select(Evidence.id).where(Evidence.withdrawn.is_(False)).order_by(Evidence.id)))


class Loaded(NamedTuple):
    """A record and the text of it that is embedded, over which its content hash is."""

    record: Record
    embedded: str


def load_records(session: Session, ids: Sequence[int]) -> list[Loaded]:
    """The records of those ids that are live; a withdrawn or erased one is left out."""
    query = (
        select(*COLUMNS)
        .join(Study, Study.id == Evidence.study_id)
        .where(Evidence.id.in_(ids), Evidence.withdrawn.is_(False))
    )
    rows = session.connection().execute(query).all()  # of plain columns: by the session it takes twice as long
    terms = _term_keys(session, ids, {row.study_id for row in rows})
    paths = _heading_paths(session, ids)
    return [
        _loaded(row, paths.get(row.id, ()), terms[("evidence", row.id)] | terms[("study", row.study_id)])
        for row in rows
    ]


def _loaded(row: Row, path: Sequence[str], term_keys: set[str]) -> Loaded:
    record = Record(
        id=row.id,
        text=row.text,
        headings=" ".join((*path, row.context)).strip(),
        title=row.title,
        content_hash=row.content_hash,
        keys=frozenset(_own_keys(row) | term_keys),
        study=row.study_id,
        respondent=row.respondent_id or 0,
        day=(row.said_on - EPOCH).days if row.said_on else UNKNOWN_DAY,
    )
    context = heading_context(path) if row.kind == "passage" else ""
    return Loaded(record, embedded_text(context, row.text))


def _own_keys(row: Row) -> set[str]:
    keys = {f"kind:{row.kind}", f"study:{row.study_id}"}
    return keys | date_keys(row.said_on) if row.said_on else keys


def _term_keys(session: Session, ids: Sequence[int], study_ids: set[int]) -> defaultdict[tuple[str, int], set[str]]:
    """Bitmap keys by ("evidence", id) from tags and by ("study", id) from what a person set on the study."""
    keys: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    tags = select(Tag.evidence_id, Tag.term_id, Tag.state).where(Tag.evidence_id.in_(ids))
    for evidence_id, term_id, state in session.connection().execute(tags):
        keys[("evidence", evidence_id)].update(_tag_keys(term_id, state))
    for table in (study_product, study_segment):
        for study_id, term_id in session.execute(select(table).where(table.c.study_id.in_(study_ids))):
            keys[("study", study_id)].update((f"term:{term_id}", f"verified:{term_id}"))
    return keys


@lru_cache(maxsize=10_000)
def _tag_keys(term_id: int, state: str) -> tuple[str, ...]:
    if state == "accepted":
        return f"term:{term_id}", f"verified:{term_id}"
    if state == "automatic":
        return (f"term:{term_id}",)
    return (f"suggested:{term_id}",) if state == "suggested" else ()


def _heading_paths(session: Session, ids: Sequence[int]) -> dict[int, list[str]]:
    """The heading path of each piece of evidence where it stands now: in a current document, the newest of several.

    It is the one that the content hash is over, because a passage under another heading is stored anew.
    """
    query = select(Place.evidence_id, Place.locator).join(Document).where(Place.evidence_id.in_(ids))
    places = session.connection().execute(query.order_by(Document.current, Place.id))  # the last one wins
    return {evidence_id: locator.get("heading_path", []) for evidence_id, locator in places}
