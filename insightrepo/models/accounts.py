"""Users, teams, scopes and the audit log."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Column, ForeignKey, String, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from insightrepo.models.base import Base, Name, PrimaryKey, utcnow

ROLES = ("viewer", "contributor", "researcher", "administrator")  # each may do what those before it may

team_member = Table(
    "team_member",
    Base.metadata,
    Column("team_id", ForeignKey("team.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True),
)


class User(Base):
    """Someone who signs in. `role` is one of `ROLES`."""

    __tablename__ = "user_account"

    id: Mapped[PrimaryKey]
    email: Mapped[str] = mapped_column(String(254), unique=True)  # lower case
    name: Mapped[Name] = mapped_column(default="")
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[dt.datetime] = mapped_column(default=utcnow)

    teams: Mapped[list[Team]] = relationship(secondary=team_member, back_populates="members")
    scopes: Mapped[list[Scope]] = relationship(back_populates="user", cascade="all, delete-orphan")


class Team(Base):
    """A group of users; its scopes hold for each member."""

    __tablename__ = "team"

    id: Mapped[PrimaryKey]
    name: Mapped[Name] = mapped_column(unique=True)

    members: Mapped[list[User]] = relationship(secondary=team_member, back_populates="teams")
    scopes: Mapped[list[Scope]] = relationship(back_populates="team", cascade="all, delete-orphan")


class Scope(Base):
    """Limits a user or a team to studies that a person set to this product or segment (and what is below it).

    A term that limits somebody cannot be deleted: with it the limit would be gone.
    """

    __tablename__ = "scope"
    __table_args__ = (UniqueConstraint("user_id", "team_id", "term_id"), {"sqlite_autoincrement": True})

    id: Mapped[PrimaryKey]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"))
    term_id: Mapped[int] = mapped_column(ForeignKey("term.id", ondelete="RESTRICT"))

    user: Mapped[User | None] = relationship(back_populates="scopes")
    team: Mapped[Team | None] = relationship(back_populates="scopes")


class AuditEntry(Base):
    """Who did what to which object, when. Appended, never changed; `detail` is redacted."""

    __tablename__ = "audit_entry"

    id: Mapped[PrimaryKey]
    at: Mapped[dt.datetime] = mapped_column(default=utcnow, index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    action: Mapped[str] = mapped_column(String(60))  # "original.download", "wave.freeze"
    object: Mapped[str] = mapped_column(String(120))  # "document:12"
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
