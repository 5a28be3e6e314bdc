"""The days on which users came, so that a page can say what is new since."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from insightrepo.models import Visit
from insightrepo.upsert import upsert


def note_visit(session: Session, user_id: int, day: dt.date) -> None:
    """Keep that a user came on a day; a second time changes nothing. Needs a session for writing."""
    session.execute(upsert(session, Visit).values(user_id=user_id, day=day).on_conflict_do_nothing())


def was_noted(session: Session, user_id: int, day: dt.date) -> bool:
    """Whether it is kept already that a user came on a day."""
    return session.get(Visit, (user_id, day)) is not None


def last_visit(session: Session, user_id: int, before: dt.date) -> dt.date | None:
    """The last day before another on which a user came; None: they never did."""
    return session.scalar(select(func.max(Visit.day)).where(Visit.user_id == user_id, Visit.day < before))
