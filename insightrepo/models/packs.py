"""Review packs and their schedule, targets, and the quantities that insights state."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, Date, Float, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from insightrepo.models.base import Base, Name, PrimaryKey, utcnow
from insightrepo.models.library import Evidence
from insightrepo.models.taxonomy import Outcome, Product

PACK_KINDS = ("monthly", "quarterly")
PACK_STATES = ("draft", "signed")
QUANTITY_UNITS = ("percent", "percentage points", "points", "count", "ratio", "duration", "currency", "other")
QUANTITY_STATES = ("read", "questioned", "confirmed", "dismissed")


class PackSchedule(Base):
    """Packs that are made by themselves: of a product (None: the whole), on a day of the month or after a quarter."""

    __tablename__ = "pack_schedule"

    id: Mapped[PrimaryKey]
    kind: Mapped[str] = mapped_column(String(10))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"))
    day: Mapped[int]  # of the month after the period, 1 to 28
    owner_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))  # packs are made with what this user may see
    next_on: Mapped[dt.date] = mapped_column(Date)
    active: Mapped[bool] = mapped_column(default=True)


class Pack(Base):
    """A review of a period. `content` is the snapshot that page, DOCX and PPTX are made of, `sha256` its hash."""

    __tablename__ = "pack"

    id: Mapped[PrimaryKey]
    kind: Mapped[str] = mapped_column(String(10))
    title: Mapped[Name]
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    first_day: Mapped[dt.date] = mapped_column(Date)
    last_day: Mapped[dt.date] = mapped_column(Date)
    owner_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    schedule_id: Mapped[int | None] = mapped_column(ForeignKey("pack_schedule.id"))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    sha256: Mapped[str] = mapped_column(String(64))
    commentary: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(10), default="draft")
    created_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    signed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    signed_at: Mapped[dt.datetime | None]

    product: Mapped[Product | None] = relationship()


class Target(Base):
    """What a team aims at in a period and what came of it: "19 of 12 targeted (158%)"."""

    __tablename__ = "target"

    id: Mapped[PrimaryKey]
    name: Mapped[Name]  # what is counted: "improvements"
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"))
    outcome_id: Mapped[int | None] = mapped_column(ForeignKey("outcome.id", ondelete="CASCADE"))
    first_day: Mapped[dt.date] = mapped_column(Date)
    last_day: Mapped[dt.date] = mapped_column(Date)
    wanted: Mapped[float] = mapped_column(Float)
    reached: Mapped[float | None] = mapped_column(Float)
    updated_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    updated_at: Mapped[dt.datetime] = mapped_column(default=utcnow, onupdate=utcnow)
    removed_at: Mapped[dt.datetime | None]  # a removed target is in no list; its history stays

    outcome: Mapped[Outcome | None] = relationship()
    product: Mapped[Product | None] = relationship()


class FocusOutcome(Base):
    """An outcome that a team works on first; `place` is its rank in the team's short list, from 1."""

    __tablename__ = "focus_outcome"

    team_id: Mapped[int] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"), primary_key=True)
    outcome_id: Mapped[int] = mapped_column(ForeignKey("outcome.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int]
    set_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    set_at: Mapped[dt.datetime] = mapped_column(default=utcnow)

    outcome: Mapped[Outcome] = relationship()


class Quantity(Base):
    """A number that a piece of evidence states, typed: ``text[start:end]`` of its revision, and what it lacks."""

    __tablename__ = "quantity"

    id: Mapped[PrimaryKey]
    evidence_id: Mapped[int] = mapped_column(ForeignKey("evidence.id", ondelete="CASCADE"), index=True)
    evidence_revision: Mapped[int]
    start: Mapped[int]
    end: Mapped[int]
    value: Mapped[float] = mapped_column(Float)
    unit: Mapped[str] = mapped_column(String(20))
    is_change: Mapped[bool] = mapped_column(default=False)
    base: Mapped[str] = mapped_column(Text, default="")  # of what: "respondents", "of those who searched"
    n: Mapped[int | None]
    period: Mapped[str] = mapped_column(String(80), default="")
    question: Mapped[str] = mapped_column(Text, default="")  # what has to be settled; empty: nothing
    state: Mapped[str] = mapped_column(String(12), default="read")
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    settled_at: Mapped[dt.datetime | None]

    evidence: Mapped[Evidence] = relationship()
