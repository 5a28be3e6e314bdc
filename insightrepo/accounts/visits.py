"""The days on which users came, so that a page can say what is new since, and how much they used on each."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import Counter
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from insightrepo.models import User, Visit
from insightrepo.upsert import upsert

Use = Literal["searches", "citations"]
Counts = Counter[tuple[int, dt.date, Use]]  # by user, day and what was used

KEEP_AFTER = 300.0  # seconds that uses are counted in memory: a commit makes all that is remembered be read anew


class Uses:
    """What a process counted and has not kept yet. Its threads may use it at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counts = Counter()
        self._since = 0.0  # of the clock: when the first of them was counted

    def add(self, user_id: int, day: dt.date, use: Use) -> None:
        """Count a use."""
        with self._lock:
            if not self._counts:
                self._since = time.monotonic()
            self._counts[user_id, day, use] += 1

    def are_due(self) -> bool:
        """Whether the first of them is so old that they should be kept now."""
        return bool(self._counts) and time.monotonic() - self._since >= KEEP_AFTER

    def take(self) -> Counts:
        """What was counted; from here on it is counted anew."""
        with self._lock:
            taken, self._counts = self._counts, Counter()
        return taken

    def give_back(self, counts: Counts) -> None:
        """Count on from what was taken and could not be kept."""
        with self._lock:
            self._counts.update(counts)
            self._since = time.monotonic()


def keep_uses(session: Session, counts: Counts) -> None:
    """Add what was counted to the users' days; users who are gone are passed over. Needs a session for writing."""
    days = {(user_id, day) for user_id, day, _ in counts}
    known = set(session.scalars(select(User.id).where(User.id.in_({user_id for user_id, _ in days}))))
    rows = [
        {"user_id": user_id, "day": day, "searches": counts[user_id, day, "searches"],
         "citations": counts[user_id, day, "citations"]}
        for user_id, day in sorted(days) if user_id in known
    ]  # fmt: skip
    if not rows:
        return
    insert = upsert(session, Visit).values(rows)
    more = {name: getattr(Visit, name) + insert.excluded[name] for name in ("searches", "citations")}
    session.execute(insert.on_conflict_do_update(index_elements=["user_id", "day"], set_=more))


def note_visit(session: Session, user_id: int, day: dt.date) -> None:
    """Keep that a user came on a day; a second time changes nothing. Needs a session for writing."""
    session.execute(upsert(session, Visit).values(user_id=user_id, day=day).on_conflict_do_nothing())


def was_noted(session: Session, user_id: int, day: dt.date) -> bool:
    """Whether it is kept already that a user came on a day."""
    return session.get(Visit, (user_id, day)) is not None


def last_visit(session: Session, user_id: int, before: dt.date) -> dt.date | None:
    """The last day before another on which a user came; None: they never did."""
    return session.scalar(select(func.max(Visit.day)).where(Visit.user_id == user_id, Visit.day < before))
