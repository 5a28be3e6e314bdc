"""What goes in for a wave: answers and the segments of who gave them, trials of tasks, ratings and metric points."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import JSON, Column, Date, Float, ForeignKey, Index, String, Table, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from insightrepo.models.base import Base, Name, PrimaryKey, utcnow
from insightrepo.models.taxonomy import Outcome, Task

NOT_ANSWERED = ("dont_know", "not_asked")
METRIC_KINDS = ("csat", "nps", "ces", "sus", "umux_lite", "ux_lite", "rate", "mean")
METRIC_NATURES = ("behaviour", "opinion")
UNITS_OF_ANALYSIS = ("account", "user", "transaction", "session", "response")
TRIAL_MEASURES = ("success", "time", "ease", "difficulty", "confidence", "usefulness")


class Answer(Base):
    """What one respondent said of one outcome in one wave. `satisfaction` and `importance` are as answered, on the
    instrument's scale; None with the reason beside it (dont_know, not_asked).
    """

    __tablename__ = "answer"
    __table_args__ = (
        UniqueConstraint("wave_id", "identity"),
        Index("ix_answer_outcome_wave", "outcome_id", "wave_id", "respondent_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[PrimaryKey]
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    identity: Mapped[str] = mapped_column(String(64))  # respondent, outcome, product, source row
    respondent_id: Mapped[int] = mapped_column(ForeignKey("respondent.id"), index=True)
    outcome_id: Mapped[int] = mapped_column(ForeignKey("outcome.id"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    satisfaction: Mapped[int | None]
    satisfaction_missing: Mapped[str | None] = mapped_column(String(10))
    importance: Mapped[int | None]
    importance_missing: Mapped[str | None] = mapped_column(String(10))
    answered_on: Mapped[dt.date | None] = mapped_column(Date)


class Membership(Base):
    """A segment of a respondent in a wave, as the data says; at most one on each dimension."""

    __tablename__ = "membership"
    __table_args__ = {}

    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"), primary_key=True)
    respondent_id: Mapped[int] = mapped_column(ForeignKey("respondent.id"), primary_key=True, index=True)
    segment_id: Mapped[int] = mapped_column(ForeignKey("segment.id"), primary_key=True)


class Trial(Base):
    """One try at a task. Seconds are of the whole try, whether it succeeded or not; ratings are on 1 to 7, 7 best
    (of difficulty: 7 hardest); None: not measured.
    """

    __tablename__ = "trial"
    __table_args__ = (UniqueConstraint("wave_id", "identity"), {"sqlite_autoincrement": True})

    id: Mapped[PrimaryKey]
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    identity: Mapped[str] = mapped_column(String(64))
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id"), index=True)
    respondent_id: Mapped[int] = mapped_column(ForeignKey("respondent.id"), index=True)
    completed: Mapped[bool | None]
    seconds: Mapped[float | None] = mapped_column(Float)
    ease: Mapped[float | None] = mapped_column(Float)  # SEQ
    difficulty: Mapped[float | None] = mapped_column(Float)
    confidence: Mapped[float | None] = mapped_column(Float)
    usefulness: Mapped[float | None] = mapped_column(Float)
    tried_on: Mapped[dt.date | None] = mapped_column(Date)

    task: Mapped[Task] = relationship()


class TrialSummary(Base):
    """Trials that came aggregated: one measure of a task in a segment (None: all) with its n.

    `value`: of success the share completed (0 to 1), of time the geometric mean of the successful tries in seconds, of
    a rating its mean; `sd`: of time that of the logarithms.
    """

    __tablename__ = "trial_summary"
    __table_args__ = (UniqueConstraint("wave_id", "identity"), {"sqlite_autoincrement": True})

    id: Mapped[PrimaryKey]
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    identity: Mapped[str] = mapped_column(String(64))
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id"), index=True)
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("segment.id"))
    measure: Mapped[str] = mapped_column(String(12))
    n: Mapped[int]
    value: Mapped[float] = mapped_column(Float)
    sd: Mapped[float | None] = mapped_column(Float)

    task: Mapped[Task] = relationship()


metric_outcome = Table(
    "metric_outcome",
    Base.metadata,
    Column("metric_id", ForeignKey("metric.id", ondelete="CASCADE"), primary_key=True),
    Column("outcome_id", ForeignKey("outcome.id", ondelete="CASCADE"), primary_key=True),
)


class Metric(Base):
    """A metric of the catalogue: what is counted, of whom, and whether it is behaviour or opinion.

    A rate has a numerator and a denominator in words; points of two units of analysis are never added up.
    """

    __tablename__ = "metric"

    id: Mapped[PrimaryKey]
    code: Mapped[str] = mapped_column(String(30), unique=True)  # also the measure of its scores
    name: Mapped[Name]
    kind: Mapped[str] = mapped_column(String(12))
    nature: Mapped[str] = mapped_column(String(10))
    unit: Mapped[str] = mapped_column(String(40))  # "percent", "points", "seconds"
    better: Mapped[str] = mapped_column(String(6), default="higher")  # higher or lower
    numerator: Mapped[str] = mapped_column(Text, default="")
    denominator: Mapped[str] = mapped_column(Text, default="")
    unit_of_analysis: Mapped[str] = mapped_column(String(20))
    level: Mapped[str | None] = mapped_column(String(20))  # relationship or interaction
    scale_low: Mapped[int | None]
    scale_high: Mapped[int | None]
    definition: Mapped[str] = mapped_column(Text, default="")
    when_to_use: Mapped[str] = mapped_column(Text, default="")
    smallest_change: Mapped[float | None] = mapped_column(Float)  # in its unit
    version: Mapped[int] = mapped_column(default=1)
    status: Mapped[str] = mapped_column(String(10), default="active")  # active or retired
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    steward_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("metric.id"))

    outcomes: Mapped[list[Outcome]] = relationship(secondary=metric_outcome)


class Rating(Base):
    """One respondent's value of a metric in a wave: an answer on its scale, or the 0 to 100 of SUS and its like."""

    __tablename__ = "rating"
    __table_args__ = (UniqueConstraint("wave_id", "identity"), {"sqlite_autoincrement": True})

    id: Mapped[PrimaryKey]
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    identity: Mapped[str] = mapped_column(String(64))
    metric_id: Mapped[int] = mapped_column(ForeignKey("metric.id"), index=True)
    respondent_id: Mapped[int] = mapped_column(ForeignKey("respondent.id"), index=True)
    outcome_id: Mapped[int | None] = mapped_column(ForeignKey("outcome.id"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    value: Mapped[float] = mapped_column(Float)
    rated_on: Mapped[dt.date | None] = mapped_column(Date)

    metric: Mapped[Metric] = relationship()


class MetricPoint(Base):
    """A metric's value in a wave that came aggregated, of an outcome, segment and product (None: all).

    Of a rate `numerator` and `denominator` are given and `n` is the denominator; of the others `n` and `sd` where they
    are known.
    """

    __tablename__ = "metric_point"
    __table_args__ = (UniqueConstraint("wave_id", "identity"), {"sqlite_autoincrement": True})

    id: Mapped[PrimaryKey]
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    identity: Mapped[str] = mapped_column(String(64))
    metric_id: Mapped[int] = mapped_column(ForeignKey("metric.id"), index=True)
    metric_version: Mapped[int] = mapped_column(default=1)
    outcome_id: Mapped[int | None] = mapped_column(ForeignKey("outcome.id"))
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("segment.id"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    numerator: Mapped[float | None] = mapped_column(Float)
    denominator: Mapped[float | None] = mapped_column(Float)
    value: Mapped[float] = mapped_column(Float)
    n: Mapped[int | None]
    sd: Mapped[float | None] = mapped_column(Float)

    metric: Mapped[Metric] = relationship()


class QuarantinedRow(Base):
    """A row that an import of answers, trials or metrics refused, kept until it is repaired and sent again, or dropped.

    `values` are redacted and the respondent is its key, so that a repaired row is the same person's.
    """

    __tablename__ = "quarantined_row"
    __table_args__ = (Index("ix_quarantined_row_wave_id", "wave_id"), {"sqlite_autoincrement": True})

    id: Mapped[PrimaryKey]
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(10))  # answers, trials, metrics
    identity: Mapped[str] = mapped_column(String(64))  # of the row's content: refused twice, it is here once
    file: Mapped[str] = mapped_column(String(400))
    row: Mapped[int]
    field: Mapped[str] = mapped_column(String(200))
    cause: Mapped[str] = mapped_column(Text)
    header: Mapped[list[str]] = mapped_column(JSON)
    values: Mapped[list[str]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(10), default="waiting")  # waiting, repaired, dropped
    reason: Mapped[str] = mapped_column(Text, default="")  # why it was dropped
    at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
