"""What was decided about outcomes, and what researchers are asked."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Date, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from insightrepo.models.accounts import User
from insightrepo.models.base import Base, PrimaryKey, utcnow
from insightrepo.models.taxonomy import Outcome

DECISION_STATES = ("open", "decided", "dropped")
REQUEST_STATES = ("open", "answered", "declined")


class Decision(Base):
    """A dated note about what is done for an outcome: to be decided, decided, or dropped, with a reason."""

    __tablename__ = "decision"

    id: Mapped[PrimaryKey]
    outcome_id: Mapped[int] = mapped_column(ForeignKey("outcome.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(Text)  # redacted: "we decided to show stops along the route again"
    state: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text, default="")  # redacted
    day: Mapped[dt.date] = mapped_column(Date)  # on which it got its state
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    created_at: Mapped[dt.datetime] = mapped_column(default=utcnow)

    outcome: Mapped[Outcome] = relationship()
    created_by: Mapped[User | None] = relationship()


class ResearchRequest(Base):
    """A question that somebody could not find an answer to and asks the researchers."""

    __tablename__ = "research_request"

    id: Mapped[PrimaryKey]
    question: Mapped[str] = mapped_column(Text)  # redacted
    why: Mapped[str] = mapped_column(Text, default="")  # redacted: what is to be decided by it
    filters: Mapped[str] = mapped_column(Text, default="{}")  # in force when it was asked, redacted
    state: Mapped[str] = mapped_column(String(10), default="open")
    answer: Mapped[str] = mapped_column(Text, default="")  # redacted
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    asked_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    answered_at: Mapped[dt.datetime | None]

    asked_by: Mapped[User | None] = relationship(foreign_keys=[asked_by_id])
    answered_by: Mapped[User | None] = relationship(foreign_keys=[answered_by_id])
