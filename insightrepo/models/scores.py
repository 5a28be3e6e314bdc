"""The scores computed from what went in."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from insightrepo.models.base import Base, PrimaryKey, utcnow
from insightrepo.models.taxonomy import Outcome, Product, Segment, Task
from insightrepo.models.waves import Wave


class Score(Base):
    """One cell: outcome or task x segment x product x wave x measure (None: all). Values in the measure's unit.

    Of what it is: an outcome, a task, or (both None) a metric of a product or of the whole. `value`, `low` and `high`
    are weighted where the wave is, with the unweighted ones beside them; `n` counts people, `answers` what they gave.
    """

    __tablename__ = "score"
    __table_args__ = (
        Index("ix_score_cell", "outcome_id", "segment_id", "product_id", "measure", "wave_id"),
        Index("ix_score_task", "task_id", "segment_id", "measure", "wave_id"),
        Index("ix_score_wave_id", "wave_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[PrimaryKey]
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"))
    outcome_id: Mapped[int | None] = mapped_column(ForeignKey("outcome.id", ondelete="CASCADE"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"))
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("segment.id", ondelete="CASCADE"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"))
    measure: Mapped[str] = mapped_column(String(30))  # a name of scores.measures, or a metric's code
    value: Mapped[float | None] = mapped_column(Float)  # None: suppressed or not enough data
    low: Mapped[float | None] = mapped_column(Float)
    high: Mapped[float | None] = mapped_column(Float)
    unweighted_value: Mapped[float | None] = mapped_column(Float)  # None: the wave is not weighted
    unweighted_low: Mapped[float | None] = mapped_column(Float)
    unweighted_high: Mapped[float | None] = mapped_column(Float)
    n: Mapped[int | None]  # None where suppressed
    n_eff: Mapped[float | None] = mapped_column(Float)
    answers: Mapped[int | None]
    excluded: Mapped[int | None]  # answers or trials that exclusions left out of this cell
    note: Mapped[str | None] = mapped_column(String(20))  # suppressed, indicative, break
    previous_wave_id: Mapped[int | None] = mapped_column(ForeignKey("wave.id"))
    change: Mapped[float | None] = mapped_column(Float)
    change_low: Mapped[float | None] = mapped_column(Float)
    change_high: Mapped[float | None] = mapped_column(Float)
    p_value: Mapped[float | None] = mapped_column(Float)
    q_value: Mapped[float | None] = mapped_column(Float)  # after Benjamini-Hochberg over the family
    verdict: Mapped[str] = mapped_column(String(30), default="not enough data")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # counts, method and test
    definition_version: Mapped[int] = mapped_column(default=1)
    computed_at: Mapped[dt.datetime] = mapped_column(default=utcnow)

    wave: Mapped[Wave] = relationship(foreign_keys=[wave_id])
    previous_wave: Mapped[Wave | None] = relationship(foreign_keys=[previous_wave_id])
    outcome: Mapped[Outcome | None] = relationship()
    task: Mapped[Task | None] = relationship()
    segment: Mapped[Segment | None] = relationship()
    product: Mapped[Product | None] = relationship()
