"""Outcomes, segments, products (the terms of the three axes), tasks and the rules of tagging."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKey, String, Table, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from insightrepo.models.base import Base, Code, Name, PrimaryKey, utcnow

AXES = ("outcome", "segment", "product")
STATUSES = ("candidate", "validated", "active", "retired")
POLICIES = ("manual", "suggest", "automatic")  # the most that a machine may do with the term
RULE_KINDS = ("phrase", "all", "any", "near", "regex", "not")
RULE_EFFECTS = ("force", "suggest", "veto")

task_outcome = Table(
    "task_outcome",
    Base.metadata,
    Column("task_id", ForeignKey("task.id", ondelete="CASCADE"), primary_key=True),
    Column("outcome_id", ForeignKey("outcome.id", ondelete="CASCADE"), primary_key=True),
)

outcome_segment = Table(  # the segments an outcome applies to; none means all
    "outcome_segment",
    Base.metadata,
    Column("outcome_id", ForeignKey("outcome.id", ondelete="CASCADE"), primary_key=True),
    Column("segment_id", ForeignKey("segment.id", ondelete="CASCADE"), primary_key=True),
)


class Term(Base):
    """An entry on one of the three axes; `Outcome`, `Segment` and `Product` add what is their own."""

    __tablename__ = "term"
    __table_args__ = (
        UniqueConstraint("axis", "code"),
        CheckConstraint("axis IN ('outcome', 'segment', 'product')", name="axis"),
        {"sqlite_autoincrement": True},
    )
    __mapper_args__ = {"polymorphic_on": "axis"}

    id: Mapped[PrimaryKey]
    axis: Mapped[str] = mapped_column(String(10))
    code: Mapped[Code]
    name: Mapped[Name]  # of an outcome: its rendered statement
    aliases: Mapped[list[str]] = mapped_column(default=list)
    status: Mapped[str] = mapped_column(String(10), default="active")
    policy: Mapped[str] = mapped_column(String(10), default="automatic")
    version: Mapped[int] = mapped_column(default=1)  # of the definition; a change of wording adds one
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    steward_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))  # keeps the definition in order
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))  # None: global
    updated_at: Mapped[dt.datetime] = mapped_column(default=utcnow, onupdate=utcnow)

    rules: Mapped[list[Rule]] = relationship(back_populates="term", cascade="all, delete-orphan", order_by="Rule.id")


class Outcome(Term):
    """What a customer wants to get done (`job`) and how they judge success (`success_measure`)."""

    __tablename__ = "outcome"
    __table_args__ = {}
    __mapper_args__ = {"polymorphic_identity": "outcome"}

    id: Mapped[int] = mapped_column(ForeignKey("term.id", ondelete="CASCADE"), primary_key=True)
    job: Mapped[str] = mapped_column(Text)
    success_measure: Mapped[str] = mapped_column(Text, default="")
    category: Mapped[Name] = mapped_column(default="", index=True)
    journey_stage: Mapped[Name] = mapped_column(default="")
    lead_measure: Mapped[str] = mapped_column(String(30), default="satisfaction")

    segments: Mapped[list[Segment]] = relationship(secondary=outcome_segment)
    tasks: Mapped[list[Task]] = relationship(secondary=task_outcome, back_populates="outcomes")


class Segment(Term):
    """A group of customers on one dimension."""

    __tablename__ = "segment"
    __table_args__ = {}
    __mapper_args__ = {"polymorphic_identity": "segment"}

    id: Mapped[int] = mapped_column(ForeignKey("term.id", ondelete="CASCADE"), primary_key=True)
    dimension: Mapped[Name] = mapped_column(default="segment")
    definition: Mapped[str] = mapped_column(Text, default="")
    population: Mapped[int | None]


class Product(Term):
    """A node of the product tree."""

    __tablename__ = "product"
    __table_args__ = {}
    __mapper_args__ = {"polymorphic_identity": "product"}

    id: Mapped[int] = mapped_column(ForeignKey("term.id", ondelete="CASCADE"), primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))

    parent: Mapped[Product | None] = relationship(
        remote_side="Product.id", foreign_keys=[parent_id], back_populates="children"
    )
    children: Mapped[list[Product]] = relationship(foreign_keys=[parent_id], back_populates="parent")
    tasks: Mapped[list[Task]] = relationship(back_populates="product")


class JourneyStage(Base):
    """A stage of the customer's journey, with its place in it; outcomes name their stage by its name."""

    __tablename__ = "journey_stage"

    id: Mapped[PrimaryKey]
    name: Mapped[Name] = mapped_column(unique=True)
    position: Mapped[int]


class Task(Base):
    """A task of a product, tied to the outcomes it serves."""

    __tablename__ = "task"

    id: Mapped[PrimaryKey]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))

    product: Mapped[Product] = relationship(back_populates="tasks")
    outcomes: Mapped[list[Outcome]] = relationship(secondary=task_outcome, back_populates="tasks")


class Rule(Base):
    """A keyword rule of a term (ingest/rules.py says what each kind means). A changed rule is a new row."""

    __tablename__ = "rule"

    id: Mapped[PrimaryKey]
    term_id: Mapped[int] = mapped_column(ForeignKey("term.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    words: Mapped[list[str]]  # phrases; for a regex the one pattern
    distance: Mapped[int | None]  # for `near`: at most this many tokens between
    effect: Mapped[str] = mapped_column(String(10), default="force")
    created_at: Mapped[dt.datetime] = mapped_column(default=utcnow)

    term: Mapped[Term] = relationship(back_populates="rules")


class Head(Base):
    """One version of a term's trained head over frozen embeddings. Rolling back deactivates it and drops its votes."""

    __tablename__ = "head"

    id: Mapped[PrimaryKey]
    term_id: Mapped[int] = mapped_column(ForeignKey("term.id", ondelete="CASCADE"), index=True)
    model: Mapped[str] = mapped_column(String(120))  # the embedding model's key
    parameters: Mapped[dict[str, Any]]  # ingest.classifier.Head.as_dict()
    active: Mapped[bool] = mapped_column(default=True)
    trained_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
