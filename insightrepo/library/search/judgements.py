"""Own judgements: which hits helped a person with what they asked, kept to measure search by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

import insightrepo
from indexes.query import parse
from insightrepo.accounts.access import Reader, visible_studies
from insightrepo.library.imports.safe_names import workspace_redactor
from insightrepo.library.search.filters import storable
from insightrepo.library.search.hits import SearchQuery
from insightrepo.library.search.questions import filters_text, question_key, without_people
from insightrepo.library.tagging.tagging import NotThere
from insightrepo.models import Evidence, Judgement, utcnow
from insightrepo.upsert import upsert
from insightrepo.workspace import Workspace

_J = Judgement.__table__.c
_JUDGED = select(_J.evidence_id, _J.helpful).where(
    _J.user_id == bindparam("user"),
    _J.question == bindparam("question"),
    _J.evidence_id.in_(bindparam("ids", expanding=True)),
)


class NothingAsked(ValueError):
    """A hit can only be judged for words that were asked; a filter alone is met or not."""


def is_question(query: SearchQuery) -> bool:
    """Whether the query has words, so that its hits can be judged."""
    return parse(storable(query.words)).has_words


def judge(
    workspace: Workspace,
    session: Session,
    reader: Reader,
    query: SearchQuery,
    evidence_id: int,
    helpful: bool,
    rank: int | None = None,
) -> None:
    """Keep whether a hit helped the reader with what they asked; what they said of it before is replaced.

    `rank`: at which it was shown, from 1. The words are redacted first. Needs a session for writing.

    Raises:
        NotThere: there is no such evidence that the reader may see.
        NothingAsked: the query has no words.
    """
    if not is_question(query):
        raise NothingAsked("a hit can only be judged for words: type what you are looking for")
    _require_visible(session, reader, evidence_id)
    kept = without_people(query, workspace_redactor(workspace))
    values = {
        "words": kept.words,
        "filters": filters_text(kept),
        "mode": query.mode,
        "helpful": helpful,
        "rank": rank,
        "version": _version(workspace),
        "at": utcnow(),
    }
    _put(session, _mine(workspace, reader, query, evidence_id), values)


def withdraw(workspace: Workspace, session: Session, reader: Reader, query: SearchQuery, evidence_id: int) -> None:
    """Take back what the reader said of a hit, if anything. Needs a session for writing.

    Raises:
        NotThere: there is no such evidence that the reader may see.
    """
    _require_visible(session, reader, evidence_id)
    session.execute(delete(Judgement).filter_by(**_mine(workspace, reader, query, evidence_id)))


def judged(
    workspace: Workspace, session: Session, reader: Reader, query: SearchQuery, ids: Sequence[int]
) -> dict[int, bool]:
    """What the reader said of these hits when they asked the same: helpful or not, by evidence id."""
    mine = {"user": reader.user_id, "question": question_key(workspace.pseudonyms, query), "ids": ids}
    return dict(session.execute(_JUDGED, mine).tuples().all())


def _require_visible(session: Session, reader: Reader, evidence_id: int) -> None:
    seen = Evidence.id == evidence_id, Evidence.study_id.in_(visible_studies(reader))
    if session.scalar(select(Evidence.id).where(*seen)) is None:
        raise NotThere(f"there is no evidence {evidence_id}")


def _mine(workspace: Workspace, reader: Reader, query: SearchQuery, evidence_id: int) -> dict[str, Any]:
    question = question_key(workspace.pseudonyms, query)
    return {"user_id": reader.user_id, "question": question, "evidence_id": evidence_id}


def _put(session: Session, key: dict[str, Any], values: dict[str, Any]) -> None:
    """Insert or replace in one statement: of two clicks at once neither fails."""
    statement = upsert(session, Judgement).values(**key, **values)
    session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))


def _version(workspace: Workspace) -> str:
    """What ranked the hit: program, keyword engine, analyzer, embedding model."""
    made = workspace.indexes.state.manifest
    return " ".join((f"insightrepo {insightrepo.__version__}", made.engine, made.analyzer, made.model or "no model"))
