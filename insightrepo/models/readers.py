"""What is kept of a user as a reader: the products they follow and the days on which they came."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Column, Date, ForeignKey, Table
from sqlalchemy.orm import Mapped, mapped_column

from insightrepo.models.base import Base

followed_product = Table(  # none of a user: all products
    "followed_product",
    Base.metadata,
    Column("user_id", ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True),
    Column("product_id", ForeignKey("product.id", ondelete="CASCADE"), primary_key=True),
)


class Visit(Base):
    """A day on which a user came, whatever they read: by it a page knows what is new since.

    `searches` and `citations` count what they ran and took on that day.
    """

    __tablename__ = "visit"
    __table_args__ = {}

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[dt.date] = mapped_column(Date, primary_key=True, index=True)
    searches: Mapped[int] = mapped_column(default=0, server_default="0")
    citations: Mapped[int] = mapped_column(default=0, server_default="0")
