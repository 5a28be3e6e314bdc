"""How terms and definitions change: versions, steps of status with their grounds, and who follows whom."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, Column, ForeignKey, String, Table, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from insightrepo.models.base import Base, Name, PrimaryKey, utcnow
from insightrepo.models.library import Evidence
from insightrepo.models.taxonomy import Term
from insightrepo.models.waves import Wave

SUCCESSION_KINDS = ("merged", "split", "replaced")


class DefinitionVersion(Base):
    """A definition as it stood in one version: of a term, a task or a metric. `new_meaning`: other words than before
    for another thing, so that scores asked with either are not one series.
    """

    __tablename__ = "definition_version"
    __table_args__ = (UniqueConstraint("kind", "object_id", "version"), {"sqlite_autoincrement": True})

    id: Mapped[PrimaryKey]
    kind: Mapped[str] = mapped_column(String(10))  # outcome, segment, product, task, metric
    object_id: Mapped[int]
    version: Mapped[int]
    content: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(Text, default="")
    new_meaning: Mapped[bool] = mapped_column(default=False, server_default=false())
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    changed_at: Mapped[dt.datetime] = mapped_column(default=utcnow)


status_change_evidence = Table(
    "status_change_evidence",
    Base.metadata,
    Column("status_change_id", ForeignKey("status_change.id", ondelete="CASCADE"), primary_key=True),
    Column("evidence_id", ForeignKey("evidence.id", ondelete="CASCADE"), primary_key=True),
)


class Validation(Base):
    """A validation study: candidates ranked by the answers of a wave, with a proposed cut."""

    __tablename__ = "validation"

    id: Mapped[PrimaryKey]
    name: Mapped[Name] = mapped_column(unique=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the measure ranked by, the cut, the strata
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[dt.datetime] = mapped_column(default=utcnow)

    wave: Mapped[Wave] = relationship()


class StatusChange(Base):
    """A step of a term's status with its grounds: reason, evidence, and the scores it rests on as they stood."""

    __tablename__ = "status_change"

    id: Mapped[PrimaryKey]
    term_id: Mapped[int] = mapped_column(ForeignKey("term.id", ondelete="CASCADE"), index=True)
    from_status: Mapped[str] = mapped_column(String(10))
    to_status: Mapped[str] = mapped_column(String(10))  # the same as before: a decision to leave it
    reason: Mapped[str] = mapped_column(Text)
    scores: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    validation_id: Mapped[int | None] = mapped_column(ForeignKey("validation.id"), index=True)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[dt.datetime] = mapped_column(default=utcnow)

    term: Mapped[Term] = relationship()
    evidence: Mapped[list[Evidence]] = relationship(secondary=status_change_evidence)


class Succession(Base):
    """A term that goes on in another: merged into it, split into it and others, or replaced by it."""

    __tablename__ = "succession"
    __table_args__ = (UniqueConstraint("predecessor_id", "successor_id"), {"sqlite_autoincrement": True})

    id: Mapped[PrimaryKey]
    predecessor_id: Mapped[int] = mapped_column(ForeignKey("term.id", ondelete="CASCADE"))
    successor_id: Mapped[int] = mapped_column(ForeignKey("term.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    at: Mapped[dt.datetime] = mapped_column(default=utcnow)


class AcceptedWarning(Base):
    """A linter's warning that a person accepts: quiet until the text that it speaks of changes."""

    __tablename__ = "accepted_warning"
    __table_args__ = (UniqueConstraint("term_id", "code", "field", "wording"), {"sqlite_autoincrement": True})

    id: Mapped[PrimaryKey]
    term_id: Mapped[int] = mapped_column(ForeignKey("term.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(String(20))  # insightrepo.taxonomy.linter.CODES
    field: Mapped[str] = mapped_column(String(10))  # job, success or aliases
    wording: Mapped[str] = mapped_column(String(64))  # sha256 of the words warned of within their text
    reason: Mapped[str] = mapped_column(Text)
    accepted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    accepted_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
