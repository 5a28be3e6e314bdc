"""What people say of search results, and the questions that the library has no good answer to."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Float, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from insightrepo.models.base import Base, PrimaryKey, utcnow


class Judgement(Base):
    """One person's word on one hit: whether it helped with what was asked. Saying otherwise replaces it.

    `question` is a keyed hash of words and filters, by which the same question is known again. A deleted user's
    judgements stay without a name; erased evidence takes its judgements with it.
    """

    __tablename__ = "judgement"
    __table_args__ = (UniqueConstraint("user_id", "question", "evidence_id"), {"sqlite_autoincrement": True})

    id: Mapped[PrimaryKey]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    evidence_id: Mapped[int] = mapped_column(ForeignKey("evidence.id", ondelete="CASCADE"), index=True)
    question: Mapped[str] = mapped_column(String(64), index=True)
    words: Mapped[str] = mapped_column(Text)  # as typed, redacted
    filters: Mapped[str] = mapped_column(Text)  # in force, redacted: insightrepo.library.search.questions
    mode: Mapped[str] = mapped_column(String(10))  # hybrid, keyword or meaning
    helpful: Mapped[bool]
    rank: Mapped[int | None]  # at which it was shown, from 1
    version: Mapped[str] = mapped_column(String(300))  # of program, engines and model that ranked it
    at: Mapped[dt.datetime] = mapped_column(default=utcnow)


class SearchGap(Base):
    """A question that found nothing, or nothing near: what research is missing. Nobody's name stands with it."""

    __tablename__ = "search_gap"

    id: Mapped[PrimaryKey]
    question: Mapped[str] = mapped_column(String(64), unique=True)
    words: Mapped[str] = mapped_column(Text)  # as typed, redacted
    filters: Mapped[str] = mapped_column(Text)  # in force, redacted
    hits: Mapped[int]  # the last time
    best_cosine: Mapped[float | None] = mapped_column(
        Float
    )  # of the hits, -1 to 1; None: no hits, or meaning was not asked
    days: Mapped[int] = mapped_column(default=1)  # on how many days it was asked
    first_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    last_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
