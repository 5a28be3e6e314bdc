"""The audit log, searched: who did what to which object, when."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.accounts.audit import record
from insightrepo.accounts.people import require_administration
from insightrepo.models import AuditEntry, User
from insightrepo.scores.acting.exporting import Sheet

PER_PAGE = 100
MOST_EXPORTED = 100_000
COLUMNS = ("at", "who", "action", "object", "detail")


@dataclass(frozen=True)
class AuditQuery:
    """What is looked for: words in who, action and object; the first and the last day (UTC)."""

    words: str = ""
    since: dt.date | None = None
    until: dt.date | None = None


@dataclass(frozen=True)
class AuditLine:
    """An entry; `detail` is JSON."""

    at: str
    who: str
    action: str
    object: str
    detail: str


def read_audit(session: Session, reader: Reader, asked: AuditQuery, page: int = 1) -> tuple[list[AuditLine], int]:
    """A page (from 1) of the entries, newest first, and how many there are. Raises Forbidden."""
    require_administration(reader)
    total = session.scalar(select(func.count()).select_from(_query(asked).subquery())) or 0
    rows = _query(asked).order_by(AuditEntry.id.desc()).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return [_line(entry, email) for entry, email in session.execute(rows)], total


def audit_sheet(session: Session, reader: Reader, asked: AuditQuery) -> Sheet:
    """The entries as a list to be taken away, oldest first. Raises Forbidden."""
    require_administration(reader)
    rows = session.execute(_query(asked).order_by(AuditEntry.id).limit(MOST_EXPORTED))
    lines = [_line(entry, email) for entry, email in rows]
    return Sheet("Audit log", COLUMNS, tuple(tuple(getattr(line, name) for name in COLUMNS) for line in lines))


def note_export(session: Session, reader: Reader) -> None:
    """Note that the log was taken away."""
    record(session, reader.user_id, "audit.export", "audit")


def _query(asked: AuditQuery) -> Select[tuple[AuditEntry, str]]:
    query = select(AuditEntry, User.email).outerjoin(User, User.id == AuditEntry.user_id)
    for word in asked.words.split():
        columns = (AuditEntry.action, AuditEntry.object, User.email)
        query = query.where(or_(*(column.icontains(word, autoescape=True) for column in columns)))
    if asked.since:
        query = query.where(AuditEntry.at >= dt.datetime.combine(asked.since, dt.time(), dt.UTC))
    if asked.until:
        query = query.where(AuditEntry.at < dt.datetime.combine(asked.until + dt.timedelta(1), dt.time(), dt.UTC))
    return query


def _line(entry: AuditEntry, email: str | None) -> AuditLine:
    detail = json.dumps(entry.detail, ensure_ascii=False) if entry.detail else ""
    return AuditLine(f"{entry.at:%Y-%m-%d %H:%M:%S}", email or "", entry.action, entry.object, detail)
