"""Questions to researchers: what somebody looked for and did not find, with what came of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import case, select
from sqlalchemy.orm import Session, selectinload

from insightrepo.accounts.access import Reader
from insightrepo.accounts.audit import record
from insightrepo.library.imports.safe_names import workspace_redactor
from insightrepo.library.reading import NotVisible
from insightrepo.library.search.hits import SearchQuery
from insightrepo.library.search.questions import filters_text, in_words, without_people
from insightrepo.locales import grouped
from insightrepo.models import REQUEST_STATES, ResearchRequest, User, utcnow
from insightrepo.workspace import Workspace

LONGEST = 1_000  # characters of a question, of why it is asked and of an answer


class RequestRefused(ValueError):
    """The question or its answer cannot be kept as it is; the message names the field and what to do."""


@dataclass(frozen=True)
class RequestShown:
    """A question as pages show it; `filters` in words, empty where there were none."""

    id: int
    question: str
    why: str
    filters: str
    state: str
    answer: str
    asked_by: str
    asked_on: dt.date
    answered_by: str
    answered_on: dt.date | None


def ask_researchers(workspace: Workspace, reader: Reader, query: SearchQuery, why: str = "") -> int:
    """Keep the words and filters of a search as a question to the researchers; its id. Personal data is redacted.

    Raises:
        RequestRefused: there are no words, or too many.
    """
    redactor = workspace_redactor(workspace)
    kept = without_people(query, redactor)
    question, reasons = " ".join(kept.words.split()), " ".join(redactor.redact(why).text.split())
    if not question:
        raise RequestRefused("question: write what you want to know")
    _check(question=query.words, why=reasons)
    with workspace.database.writing() as session:
        row = ResearchRequest(question=question, why=reasons, filters=filters_text(kept), asked_by_id=reader.user_id)
        session.add(row)
        session.flush()
        record(session, reader.user_id, "request.ask", f"request:{row.id}")
        return row.id


def answer_request(workspace: Workspace, reader: Reader, request_id: int, state: str, answer: str) -> None:
    """Say what came of a question: answered with where, declined with why, or open again.

    Raises:
        Forbidden: the reader is no researcher.
        NotVisible: there is no such question.
        RequestRefused: the state is none, or nothing is said with it.
    """
    reader.require("researcher")
    words = " ".join(workspace_redactor(workspace).redact(answer).text.split())
    if state not in REQUEST_STATES:
        raise RequestRefused(f"state: is {', '.join(REQUEST_STATES[:-1])} or {REQUEST_STATES[-1]}, not {state!r}")
    if state != "open" and not words:
        raise RequestRefused("answer: say where the answer is, or why there will be none")
    _check(answer=words)
    with workspace.database.writing() as session:
        row = session.get(ResearchRequest, request_id)
        if row is None:
            raise NotVisible(f"request {request_id}")
        row.state, row.answer, row.answered_by_id, row.answered_at = state, words, reader.user_id, utcnow()
        record(session, reader.user_id, "request.answer", f"request:{row.id}", state=state)


def remove_request(workspace: Workspace, reader: Reader, request_id: int) -> None:
    """Remove a question with its answer: researchers any, others their own. The audit log keeps none of the words.

    Raises:
        NotVisible: there is no such question that the reader may see.
    """
    with workspace.database.writing() as session:
        row = session.get(ResearchRequest, request_id)
        if row is None or not (row.asked_by_id == reader.user_id or reader.at_least("researcher")):
            raise NotVisible(f"request {request_id}")
        session.delete(row)
        record(session, reader.user_id, "request.remove", f"request:{request_id}", state=row.state)


def list_requests(session: Session, reader: Reader, limit: int = 100) -> tuple[RequestShown, ...]:
    """The questions, open ones first and then the latest: all for researchers, one's own for others."""
    query = select(ResearchRequest).options(
        selectinload(ResearchRequest.asked_by), selectinload(ResearchRequest.answered_by)
    )
    if not reader.at_least("researcher"):
        query = query.where(ResearchRequest.asked_by_id == reader.user_id)
    open_first = case((ResearchRequest.state == "open", 0), else_=1)
    rows = session.scalars(query.order_by(open_first, ResearchRequest.id.desc()).limit(limit))
    return tuple(_shown(row) for row in rows)


def _shown(row: ResearchRequest) -> RequestShown:
    return RequestShown(
        row.id, row.question, row.why, in_words(row.filters), row.state, row.answer, _name(row.asked_by),
        row.asked_at.date(), _name(row.answered_by) if row.answered_at else "",
        row.answered_at.date() if row.answered_at else None,
    )  # fmt: skip


def _name(user: User | None) -> str:
    return (user.name or user.email) if user else "a former user"


def _check(**fields: str) -> None:
    for name, text in fields.items():
        if len(text) > LONGEST:
            raise RequestRefused(f"{name}: has {grouped(len(text))} characters, use at most {grouped(LONGEST)}")
