"""The audit log: appended in the transaction of what it records."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from insightrepo.models import AuditEntry


def record(session: Session, user_id: int | None, action: str, object_: str, **detail: Any) -> None:
    """Append an entry. `detail` must hold nothing personal: it is kept for good."""
    session.add(AuditEntry(user_id=user_id, action=action, object=object_, detail=detail))
