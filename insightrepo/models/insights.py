"""What became of an insight, step by step, and the scores that stood beside it at each."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Float, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from insightrepo.models.base import Base, PrimaryKey, utcnow

INSIGHT_STEPS = ("written", "edited", "confirmed", "withdrawn", "restored")


class InsightStep(Base):
    """A step of an insight and the claim as it reads after it: every revision is kept, with why it was changed.

    `confirmed`: somebody looked at it again, beside newer scores, and it holds.
    """

    __tablename__ = "insight_step"

    id: Mapped[PrimaryKey]
    evidence_id: Mapped[int] = mapped_column(ForeignKey("evidence.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    revision: Mapped[int]
    text: Mapped[str] = mapped_column(Text)  # redacted
    reason: Mapped[str] = mapped_column(Text, default="")  # redacted
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    at: Mapped[dt.datetime] = mapped_column(default=utcnow)


class ScoreSnapshot(Base):
    """The score of an outcome at a step of an insight: which cell of which wave and issue, and what it was."""

    __tablename__ = "score_snapshot"

    id: Mapped[PrimaryKey]
    step_id: Mapped[int] = mapped_column(ForeignKey("insight_step.id", ondelete="CASCADE"), index=True)
    outcome_id: Mapped[int] = mapped_column(ForeignKey("outcome.id", ondelete="CASCADE"))
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("segment.id", ondelete="CASCADE"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"))
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"))
    issue: Mapped[int]
    measure: Mapped[str] = mapped_column(String(30))
    value: Mapped[float] = mapped_column(Float)
