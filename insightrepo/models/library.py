"""Studies, documents, respondents, evidence with its places and links, votes, tags and the outbox."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Column, Date, ForeignKey, Index, LargeBinary, String, Table, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from insightrepo.models.base import Base, Name, PrimaryKey, utcnow
from insightrepo.models.taxonomy import Product, Segment, Term

STUDY_STATES = ("draft", "published", "withdrawn")
LEVELS = ("relationship", "interaction")
SENSITIVITIES = ("public", "internal", "confidential", "personal")  # from open to closed
EVIDENCE_KINDS = ("insight", "passage", "verbatim")
PRECISIONS = ("day", "month", "quarter", "year")
VOTE_SOURCES = ("person", "import", "rule", "head", "words")  # who outranks whom: ingest/tagger.py
TAG_STATES = ("suggested", "automatic", "accepted", "rejected")
IN_FORCE = ("automatic", "accepted")  # the states of a tag that filters and counts go by

study_product = Table(
    "study_product",
    Base.metadata,
    Column("study_id", ForeignKey("study.id", ondelete="CASCADE"), primary_key=True),
    Column("product_id", ForeignKey("product.id"), primary_key=True),
)
study_segment = Table(
    "study_segment",
    Base.metadata,
    Column("study_id", ForeignKey("study.id", ondelete="CASCADE"), primary_key=True),
    Column("segment_id", ForeignKey("segment.id"), primary_key=True),
)


class Study(Base):
    """Research or a feed of verbatims. Sensitivity, products and segments are set by a person and rule access."""

    __tablename__ = "study"

    id: Mapped[PrimaryKey]
    key: Mapped[str] = mapped_column(String(400), unique=True)  # what an import finds it again by
    title: Mapped[Name]
    method: Mapped[str] = mapped_column(String(80), default="")
    started_on: Mapped[dt.date | None] = mapped_column(Date)
    ended_on: Mapped[dt.date | None] = mapped_column(Date)
    date_precision: Mapped[str | None] = mapped_column(String(10))
    participants_n: Mapped[int | None]
    level: Mapped[str | None] = mapped_column(String(20))
    stage: Mapped[str] = mapped_column(String(20), default="")  # concept, prototype, beta, live
    sensitivity: Mapped[str] = mapped_column(String(20), default="internal")
    sharing_terms: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(10), default="draft")
    state_reason: Mapped[str] = mapped_column(Text, default="")
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    created_at: Mapped[dt.datetime] = mapped_column(default=utcnow)

    products: Mapped[list[Product]] = relationship(secondary=study_product)
    segments: Mapped[list[Segment]] = relationship(secondary=study_segment)
    documents: Mapped[list[Document]] = relationship(back_populates="study", order_by="Document.id")


class Document(Base):
    """One revision of a file of a study. `text` and `blocks` are the redacted reading; the bytes are in the store.

    `blocks` is a list of ``[kind, start, end, level, locator]`` (ingest.readers.base.Block), empty for a data file.
    """

    __tablename__ = "document"
    __table_args__ = (UniqueConstraint("study_id", "name", "revision"), {"sqlite_autoincrement": True})

    id: Mapped[PrimaryKey]
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    name: Mapped[str] = mapped_column(String(400))  # the redacted path within the import
    revision: Mapped[int] = mapped_column(default=1)
    current: Mapped[bool] = mapped_column(default=True)
    complete: Mapped[bool] = mapped_column(default=False)  # False while its evidence is still being stored
    sha256: Mapped[str] = mapped_column(String(64), index=True)  # of the original bytes
    redaction: Mapped[str] = mapped_column(String(64), default="")  # stamp of the names and rules it was redacted with
    size: Mapped[int]  # bytes
    title: Mapped[Name] = mapped_column(default="")
    text: Mapped[str] = mapped_column(Text, default="")
    blocks: Mapped[list[Any]] = mapped_column(default=list)
    warnings: Mapped[list[str]] = mapped_column(default=list)
    imported_at: Mapped[dt.datetime] = mapped_column(default=utcnow)

    study: Mapped[Study] = relationship(back_populates="documents")


class Respondent(Base):
    """Whoever spoke or answered, known by an HMAC of the source's id under the workspace secret."""

    __tablename__ = "respondent"

    id: Mapped[PrimaryKey]
    key: Mapped[str] = mapped_column(String(64), unique=True)


class Evidence(Base):
    """The unit that is searched and cited: an insight, a passage or a verbatim. `text` is redacted.

    `identity` is what the same row or passage is known by when it comes again (DESIGN.md, rule 7).
    `context` is the question or the moderator's words a verbatim answers.
    """

    __tablename__ = "evidence"
    __table_args__ = (
        UniqueConstraint("study_id", "identity"),
        Index("ix_evidence_content_hash", "content_hash"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[PrimaryKey]
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    identity: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text)
    context: Mapped[str] = mapped_column(Text, default="")
    content_hash: Mapped[str] = mapped_column(String(64))  # sha256 of heading context and text, what is embedded
    revision: Mapped[int] = mapped_column(default=1)
    respondent_id: Mapped[int | None] = mapped_column(ForeignKey("respondent.id"), index=True)
    said_on: Mapped[dt.date | None] = mapped_column(Date)  # the first day of the period known
    said_at: Mapped[dt.datetime | None]  # where the time of day is known
    utc_offset: Mapped[int | None]  # minutes, as the source had it
    date_precision: Mapped[str | None] = mapped_column(String(10))
    channel: Mapped[str] = mapped_column(String(40), default="")
    rating: Mapped[float | None]
    rating_best: Mapped[float | None]
    withdrawn: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime] = mapped_column(default=utcnow)

    study: Mapped[Study] = relationship()
    places: Mapped[list[Place]] = relationship(back_populates="evidence", order_by="Place.id")
    tags: Mapped[list[Tag]] = relationship(back_populates="evidence")
    votes: Mapped[list[Vote]] = relationship(back_populates="evidence", order_by="Vote.id")


class Place(Base):
    """One place where a piece of evidence stands: ``document.text[start:end]``, or a row of a data file."""

    __tablename__ = "place"
    __table_args__ = (UniqueConstraint("evidence_id", "document_id"), {"sqlite_autoincrement": True})

    id: Mapped[PrimaryKey]
    evidence_id: Mapped[int] = mapped_column(ForeignKey("evidence.id", ondelete="CASCADE"))
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"), index=True)
    locator: Mapped[dict[str, Any]]  # ingest.readers.base.Locator.as_dict()
    start: Mapped[int | None]
    end: Mapped[int | None]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # names the data gives on each axis, known or not yet

    evidence: Mapped[Evidence] = relationship(back_populates="places")
    document: Mapped[Document] = relationship()


class EvidenceLink(Base):
    """From one piece of evidence to another: supports, contradicts, supersedes, duplicates."""

    __tablename__ = "evidence_link"
    __table_args__ = (UniqueConstraint("from_id", "to_id", "kind"), {"sqlite_autoincrement": True})

    id: Mapped[PrimaryKey]
    from_id: Mapped[int] = mapped_column(ForeignKey("evidence.id", ondelete="CASCADE"))
    to_id: Mapped[int] = mapped_column(ForeignKey("evidence.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    reason: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Vote(Base):
    """One source's word on evidence x term. `source_key` names the source exactly: ``rule:12``, ``head:7``,
    ``words:MODEL``, ``person:3``, ``import:DOCUMENT``; removing a source removes its votes and nothing else.
    """

    __tablename__ = "vote"
    __table_args__ = (
        UniqueConstraint("evidence_id", "term_id", "source_key"),
        Index("ix_vote_source_key", "source_key"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[PrimaryKey]
    evidence_id: Mapped[int] = mapped_column(ForeignKey("evidence.id", ondelete="CASCADE"))
    term_id: Mapped[int] = mapped_column(ForeignKey("term.id", ondelete="CASCADE"), index=True)
    source: Mapped[str] = mapped_column(String(10))
    source_key: Mapped[str] = mapped_column(String(120))
    in_favour: Mapped[bool]
    effect: Mapped[str] = mapped_column(String(10))  # force, suggest or veto: what the source asks for
    value: Mapped[float]  # 0 to 1; a probability or a cosine where the source has one, else 1
    reason: Mapped[dict[str, Any]]
    evidence_revision: Mapped[int]
    at: Mapped[dt.datetime] = mapped_column(default=utcnow)

    evidence: Mapped[Evidence] = relationship(back_populates="votes")
    term: Mapped[Term] = relationship()


class Tag(Base):
    """Evidence x term with the state that its votes decide. Derived; `ingest.tagger.decide` is the rule."""

    __tablename__ = "tag"

    evidence_id: Mapped[int] = mapped_column(ForeignKey("evidence.id", ondelete="CASCADE"), primary_key=True)
    term_id: Mapped[int] = mapped_column(ForeignKey("term.id", ondelete="CASCADE"), primary_key=True, index=True)
    state: Mapped[str] = mapped_column(String(10))
    origin: Mapped[str] = mapped_column(String(10))  # the source whose vote decided
    __table_args__ = {}

    evidence: Mapped[Evidence] = relationship(back_populates="tags")
    term: Mapped[Term] = relationship()


class Outbox(Base):
    """Evidence whose index entries must be renewed; committed with the change, deleted once the indexes hold it."""

    __tablename__ = "outbox"

    id: Mapped[PrimaryKey]
    evidence_id: Mapped[int]
    at: Mapped[dt.datetime] = mapped_column(default=utcnow)


class Embedding(Base):
    """A vector by (content hash, model), so that nothing is embedded twice. float32, little-endian."""

    __tablename__ = "embedding"
    __table_args__ = {}

    content_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    model: Mapped[str] = mapped_column(String(120), primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)


class Job(Base):
    """An import or other long work, with its report. A job found `running` whose process is gone was interrupted."""

    __tablename__ = "job"

    id: Mapped[PrimaryKey]
    kind: Mapped[str] = mapped_column(String(30))
    state: Mapped[str] = mapped_column(String(12), default="running")  # running, done, failed, interrupted
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    arguments: Mapped[dict[str, Any]] = mapped_column(default=dict)  # redacted
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)
    started_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    finished_at: Mapped[dt.datetime | None]
