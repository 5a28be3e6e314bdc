"""Instruments and waves, what is known of a wave beside its answers, and its frozen issues."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from insightrepo.models.base import Base, Code, Name, PrimaryKey, utcnow

WAVE_STATES = ("open", "frozen")
ANNOTATION_KINDS = ("event", "intervention")


class Instrument(Base):
    """Wording, scale with its best end, channel and level. Scores of two instruments are never compared unmarked."""

    __tablename__ = "instrument"

    id: Mapped[PrimaryKey]
    name: Mapped[Name] = mapped_column(unique=True)
    wording: Mapped[str] = mapped_column(Text, default="")  # of the question for satisfaction
    importance_wording: Mapped[str] = mapped_column(Text, default="", server_default="")
    scale_low: Mapped[int]
    scale_high: Mapped[int]
    low_label: Mapped[str] = mapped_column(String(120), default="", server_default="")  # the name of the lowest point
    high_label: Mapped[str] = mapped_column(String(120), default="", server_default="")
    best: Mapped[str] = mapped_column(String(4), default="high")  # which end is best: low or high
    channel: Mapped[str] = mapped_column(String(40), default="")
    timing: Mapped[str] = mapped_column(String(80), default="", server_default="")  # "quarterly", "after a task"
    level: Mapped[str | None] = mapped_column(String(20))


class Wave(Base):
    """A measuring period, first and last day inclusive in the workspace's time zone.

    `settings` is what a person chose for the wave (weighting, smallest changes of interest, bands); `definition` is
    what its scores were computed with, those choices included. `issue` counts its freezings: a correction is a new one.
    """

    __tablename__ = "wave"

    id: Mapped[PrimaryKey]
    code: Mapped[Code] = mapped_column(unique=True)  # "2025-Q1"
    name: Mapped[Name] = mapped_column(default="")
    first_day: Mapped[dt.date] = mapped_column(Date)
    last_day: Mapped[dt.date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(10), default="open")
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instrument.id"))
    issue: Mapped[int] = mapped_column(default=1, server_default="1")
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    correction: Mapped[str] = mapped_column(Text, default="", server_default="")  # why it is open again
    frozen_at: Mapped[dt.datetime | None]
    frozen_hash: Mapped[str | None] = mapped_column(String(64))  # over definition and scores at freezing
    definition: Mapped[dict[str, Any]] = mapped_column(default=dict)

    instrument: Mapped[Instrument] = relationship()


class WaveIssue(Base):
    """One freezing of a wave, kept for good: `content` is the canonical JSON that `sha256` was taken over."""

    __tablename__ = "wave_issue"
    __table_args__ = (UniqueConstraint("wave_id", "number"), {"sqlite_autoincrement": True})

    id: Mapped[PrimaryKey]
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    number: Mapped[int]
    reason: Mapped[str] = mapped_column(Text, default="")  # why it corrects the issue before; empty for the first
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[str] = mapped_column(Text)
    frozen_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    frozen_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))

    wave: Mapped[Wave] = relationship()


class ResponseCount(Base):
    """How many were invited to a wave, answered it, and were aimed at, in a segment (None: all)."""

    __tablename__ = "response_count"
    __table_args__ = (UniqueConstraint("wave_id", "segment_id"), {"sqlite_autoincrement": True})

    id: Mapped[PrimaryKey]
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"))
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("segment.id", ondelete="CASCADE"))
    invited: Mapped[int | None]
    answered: Mapped[int | None]  # as the source says; None: counted from the answers
    target: Mapped[int | None]


class Exclusion(Base):
    """Answers and trials of a wave that are left out of its scores, and why. What is None matches all; one is given."""

    __tablename__ = "exclusion"
    __table_args__ = (
        CheckConstraint(
            "respondent_id IS NOT NULL OR outcome_id IS NOT NULL OR task_id IS NOT NULL OR segment_id IS NOT NULL "
            "OR product_id IS NOT NULL",
            name="something",
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[PrimaryKey]
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"), index=True)
    respondent_id: Mapped[int | None] = mapped_column(ForeignKey("respondent.id"))
    outcome_id: Mapped[int | None] = mapped_column(ForeignKey("outcome.id"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id"))
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("segment.id"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    reason: Mapped[str] = mapped_column(Text)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[dt.datetime] = mapped_column(default=utcnow)


class Annotation(Base):
    """What happened on a day beside the measuring: an outside event, or an intervention of ours. None: concerns all."""

    __tablename__ = "annotation"

    id: Mapped[PrimaryKey]
    kind: Mapped[str] = mapped_column(String(12))
    first_day: Mapped[dt.date] = mapped_column(Date)
    last_day: Mapped[dt.date | None] = mapped_column(Date)
    text: Mapped[str] = mapped_column(Text)
    outcome_id: Mapped[int | None] = mapped_column(ForeignKey("outcome.id", ondelete="CASCADE"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"))
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("segment.id", ondelete="CASCADE"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"))
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
