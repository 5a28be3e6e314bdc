"""What people say to each other about evidence and outcomes, and when they last looked at what reached them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from insightrepo.models.accounts import User
from insightrepo.models.base import Base, PrimaryKey, utcnow
from insightrepo.models.library import Evidence
from insightrepo.models.taxonomy import Term


class Comment(Base):
    """A remark on a piece of evidence (an insight too) or on a term; `wrong`: it says that something is not right."""

    __tablename__ = "comment"
    __table_args__ = (
        CheckConstraint("(evidence_id IS NULL) <> (term_id IS NULL)", name="on_one_thing"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[PrimaryKey]
    evidence_id: Mapped[int | None] = mapped_column(ForeignKey("evidence.id", ondelete="CASCADE"), index=True)
    term_id: Mapped[int | None] = mapped_column(ForeignKey("term.id", ondelete="CASCADE"), index=True)
    wrong: Mapped[bool] = mapped_column(default=False)
    text: Mapped[str] = mapped_column(Text)  # redacted
    author_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    resolved_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    resolved_at: Mapped[dt.datetime | None]
    resolution: Mapped[str] = mapped_column(Text, default="")  # redacted

    evidence: Mapped[Evidence | None] = relationship()
    term: Mapped[Term | None] = relationship()
    author: Mapped[User | None] = relationship(foreign_keys=[author_id])
    resolved_by: Mapped[User | None] = relationship(foreign_keys=[resolved_by_id])


class InboxVisit(Base):
    """When a user last opened their inbox: what reached them since is new."""

    __tablename__ = "inbox_visit"
    __table_args__ = {}

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[dt.datetime]
