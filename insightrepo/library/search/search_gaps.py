"""Questions without a good answer, kept as a list of the research that is missing. A search never waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from indexes.ranks import Ranks
from insightrepo.accounts.access import Reader
from insightrepo.accounts.audit import record
from insightrepo.library.reading import NotVisible
from insightrepo.library.search.hits import Gap, SearchQuery, SearchResult
from insightrepo.library.search.questions import filters_text, question_key, without_people
from insightrepo.library.search.ranking import Found
from insightrepo.models import SearchGap, utcnow
from insightrepo.workspace import Workspace

# Of the 80 judged questions to the demo 7 are below both with all-MiniLM-L6-v2 and the fusion of docs/measurements.md,
# of 24 that it has nothing on 21. A hit that holds the words of the query scores .45 and more, however far its cosine.
NEAR, SURE = 0.33, 0.3

log = logging.getLogger(__name__)
_writers = threading.BoundedSemaphore(4)  # threads of this process that write gaps; what finds none free is dropped


def gap_of(query: SearchQuery, found: Found) -> Gap | None:
    """What is missing where a question in words found nothing, or nothing near; None where it was answered.

    A later page, words alone and meaning alone say nothing of how near the hits are.
    """
    if query.offset or query.like is not None or not found.parsed.has_words:
        return None
    if not found.ids:
        return Gap(0, None)
    ranks = found.ranked
    if query.mode != "hybrid" or not isinstance(ranks, Ranks):
        return None
    cosine, score = ranks.best_cosine, ranks.best_score
    if cosine is None or score is None or cosine >= NEAR or score >= SURE:
        return None
    return Gap(len(found.ids), cosine)


def keep_gap(workspace: Workspace, result: SearchResult) -> threading.Thread | None:
    """Keep the question if it had no good answer, in a thread of its own, which is given back.

    Nothing is said to whoever searches: where it cannot be written it is dropped and logged.
    """
    if result.gap is None or not _writers.acquire(blocking=False):
        return None
    writer = threading.Thread(target=_write, args=(workspace, result.query, result.gap), name="search gap")
    writer.start()
    return writer


def _write(workspace: Workspace, query: SearchQuery, gap: Gap) -> None:
    try:
        _count(workspace, query, gap)
    except (SQLAlchemyError, OSError) as error:
        # Without its words: they are not redacted. A statement's own text would show them.
        cause = error.orig if isinstance(error, DBAPIError) else error
        log.warning("a search without a good answer was not noted: %s", cause)
    finally:
        _writers.release()


def _count(workspace: Workspace, query: SearchQuery, gap: Gap) -> None:
    """Add the question, or a day to it; a second time on a day changes nothing."""
    question, now = question_key(workspace.pseudonyms, query), utcnow()
    same = select(SearchGap).where(SearchGap.question == question)
    with workspace.database.reading() as session:
        known = session.scalar(same)
        if known is not None and known.last_at.date() == now.date():
            return
    from insightrepo.library.imports.safe_names import workspace_redactor  # slow to import, and few searches need it

    kept = without_people(query, workspace_redactor(workspace))
    with workspace.database.writing() as session:
        row = session.scalar(same.with_for_update())
        if row is None:
            row = SearchGap(question=question, words=kept.words, filters=filters_text(kept), days=0, first_at=now)
            session.add(row)
        if row.days and row.last_at.date() == now.date():
            return
        row.hits, row.best_cosine, row.last_at = gap.hits, gap.best_cosine, now
        row.days += 1


def list_gaps(session: Session, reader: Reader, limit: int = 50) -> Sequence[SearchGap]:
    """The questions without a good answer, asked on most days first, then the latest.

    Raises:
        Forbidden: the reader is not a researcher: they are the words of others.
    """
    reader.require("researcher")
    order = SearchGap.days.desc(), SearchGap.last_at.desc(), SearchGap.id.desc()
    return session.scalars(select(SearchGap).order_by(*order).limit(limit)).all()


def remove_gap(workspace: Workspace, reader: Reader, gap_id: int) -> None:
    """Remove a question from the list, with its words: a customer's name may be among them. Asked again, it is kept
    again. The audit log keeps that it was done, not the words.

    Raises:
        Forbidden: the reader is not a researcher.
        NotVisible: there is no such question.
    """
    reader.require("researcher")
    with workspace.database.writing() as session:
        row = session.get(SearchGap, gap_id)
        if row is None:
            raise NotVisible(f"search in vain {gap_id}")
        session.delete(row)
        record(session, reader.user_id, "search_gap.remove", f"search_gap:{gap_id}", days=row.days)
