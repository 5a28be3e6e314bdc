"""Instruments, waves, answers and the scores computed from them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Date, Float, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from insightrepo.models.base import Base, Code, Name, PrimaryKey, utcnow
from insightrepo.models.taxonomy import Outcome, Product, Segment

WAVE_STATES = ("open", "frozen")
NOT_ANSWERED = ("dont_know", "not_asked")


class Instrument(Base):
    """Wording, scale with its best end, channel and level. Scores of two instruments are never compared unmarked."""

    __tablename__ = "instrument"

    id: Mapped[PrimaryKey]
    name: Mapped[Name] = mapped_column(unique=True)
    wording: Mapped[str] = mapped_column(Text, default="")
    scale_low: Mapped[int]
    scale_high: Mapped[int]
    best: Mapped[str] = mapped_column(String(4), default="high")  # which end is best: low or high
    channel: Mapped[str] = mapped_column(String(40), default="")
    level: Mapped[str | None] = mapped_column(String(20))


class Wave(Base):
    """A measuring period, first and last day inclusive in the workspace's time zone."""

    __tablename__ = "wave"

    id: Mapped[PrimaryKey]
    code: Mapped[Code] = mapped_column(unique=True)  # "2025-Q1"
    name: Mapped[Name] = mapped_column(default="")
    first_day: Mapped[dt.date] = mapped_column(Date)
    last_day: Mapped[dt.date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(10), default="open")
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"))
    frozen_at: Mapped[dt.datetime | None]
    frozen_hash: Mapped[str | None] = mapped_column(String(64))  # over definition and scores at freezing
    definition: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what the scores were computed with

    instrument: Mapped[Instrument] = relationship()


class Answer(Base):
    """What one respondent said of one outcome in one wave. `satisfaction` and `importance` are as answered, on the
    instrument's scale; None with the reason beside it (dont_know, not_asked).
    """

    __tablename__ = "answer"
    __table_args__ = (UniqueConstraint("wave_id", "identity"), {"sqlite_autoincrement": True})

    id: Mapped[PrimaryKey]
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    identity: Mapped[str] = mapped_column(String(64))  # respondent, outcome, product, source row
    respondent_id: Mapped[int] = mapped_column(ForeignKey("respondent.id"), index=True)
    outcome_id: Mapped[int] = mapped_column(ForeignKey("outcome.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("segment.id"))
    satisfaction: Mapped[int | None]
    satisfaction_missing: Mapped[str | None] = mapped_column(String(10))
    importance: Mapped[int | None]
    importance_missing: Mapped[str | None] = mapped_column(String(10))
    answered_on: Mapped[dt.date | None] = mapped_column(Date)


class Score(Base):
    """One cell: outcome x segment x product x wave x measure (None: all). Values in the measure's unit."""

    __tablename__ = "score"
    __table_args__ = (
        Index("ix_score_cell", "outcome_id", "segment_id", "product_id", "measure", "wave_id"),
        Index("ix_score_wave_id", "wave_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[PrimaryKey]
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"))
    outcome_id: Mapped[int] = mapped_column(ForeignKey("outcome.id", ondelete="CASCADE"))
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("segment.id", ondelete="CASCADE"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"))
    measure: Mapped[str] = mapped_column(String(30))  # satisfaction, importance, opportunity
    value: Mapped[float | None] = mapped_column(Float)  # None: suppressed or not enough data
    low: Mapped[float | None] = mapped_column(Float)
    high: Mapped[float | None] = mapped_column(Float)
    n: Mapped[int | None]  # None where suppressed
    n_eff: Mapped[float | None] = mapped_column(Float)
    note: Mapped[str | None] = mapped_column(String(20))  # suppressed, indicative
    previous_wave_id: Mapped[int | None] = mapped_column(ForeignKey("wave.id"))
    change: Mapped[float | None] = mapped_column(Float)
    p_value: Mapped[float | None] = mapped_column(Float)
    q_value: Mapped[float | None] = mapped_column(Float)  # after Benjamini-Hochberg over the family
    verdict: Mapped[str] = mapped_column(String(30), default="not enough data")
    definition_version: Mapped[int] = mapped_column(default=1)
    computed_at: Mapped[dt.datetime] = mapped_column(default=utcnow)

    wave: Mapped[Wave] = relationship(foreign_keys=[wave_id])
    previous_wave: Mapped[Wave | None] = relationship(foreign_keys=[previous_wave_id])
    outcome: Mapped[Outcome] = relationship()
    segment: Mapped[Segment | None] = relationship()
    product: Mapped[Product | None] = relationship()
