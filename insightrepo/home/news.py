"""What is new: studies and documents that came in and insights that were written, since a reader was here last."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from indexes.bitmaps import Bitmaps
from insightrepo.accounts.access import Reader, visible_studies
from insightrepo.library.search.filters import NO_FILTER, allowed_bitmap
from insightrepo.models import Document, Evidence, Place, Study
from insightrepo.models.library import study_product

USUAL_DAYS = 30  # that are looked back, and further where the reader was away for longer
MOST = 5  # of each kind that are named
MOST_LOOKED_AT = 200  # insights, the newest


@dataclass(frozen=True)
class NewStudy:
    """A study with documents that came in: how many, with how many pieces of evidence; `unseen`: since the last visit.

    `is_new`: the study itself is new, not only more of it.
    """

    id: int
    title: str
    method: str
    day: dt.date
    documents: int
    pieces: int
    is_new: bool
    unseen: bool


@dataclass(frozen=True)
class NewInsight:
    """A claim that somebody wrote."""

    id: int
    text: str
    study: str
    day: dt.date
    unseen: bool


@dataclass(frozen=True)
class News:
    """What came since a day, the latest first; the totals count also what is not named."""

    since: dt.date
    last_visit: dt.date | None
    studies: tuple[NewStudy, ...]
    studies_total: int
    insights: tuple[NewInsight, ...]
    insights_total: int


def read_news(
    session: Session, reader: Reader, bitmaps: Bitmaps, products: Collection[int], last_visit: dt.date | None,
    today: dt.date,
) -> News:  # fmt: skip
    """What came in the last 30 days or since the last visit, whichever is longer ago.

    `products`: only studies that a person set to one of these or to none; empty: all.
    """
    since = min(last_visit or today, today - dt.timedelta(days=USUAL_DAYS))
    moment = dt.datetime.combine(since, dt.time(), dt.UTC)
    studies, total = _studies(session, reader, products, moment, last_visit)
    insights = _insights(session, reader, bitmaps, products, moment, last_visit)
    return News(since, last_visit, studies, total, tuple(insights[:MOST]), len(insights))


def of_products(products: Collection[int]) -> list[ColumnElement[bool]]:
    """The condition that a study is set to one of these products or to none; no condition where there are no products.

    A study without products may concern any.
    """
    if not products:
        return []
    mine = select(study_product.c.study_id).where(study_product.c.product_id.in_(products))
    return [Study.id.in_(mine) | Study.id.not_in(select(study_product.c.study_id))]


def _studies(
    session: Session, reader: Reader, products: Collection[int], since: dt.datetime, last_visit: dt.date | None
) -> tuple[tuple[NewStudy, ...], int]:
    came = func.max(Document.imported_at)
    rows = session.execute(
        select(Study.id, Study.title, Study.method, Study.created_at, came.label("came"), func.count().label("number"))
        .join(Document, Document.study_id == Study.id)
        .where(Document.imported_at >= since, Document.complete, Document.current, Study.state == "published")
        .where(Study.id.in_(visible_studies(reader)), *of_products(products))
        .group_by(Study.id, Study.title, Study.method, Study.created_at)
        .order_by(came.desc(), Study.id.desc())
    ).all()
    named = rows[:MOST]
    pieces = _pieces(session, [row.id for row in named], since)
    shown = tuple(
        NewStudy(row.id, row.title, row.method, row.came.date(), row.number, pieces.get(row.id, 0),
                 row.created_at >= since, last_visit is None or row.came.date() >= last_visit)
        for row in named
    )  # fmt: skip
    return shown, len(rows)


def _pieces(session: Session, study_ids: Collection[int], since: dt.datetime) -> dict[int, int]:
    """How much evidence stands in the documents of these studies that came since."""
    query = (
        select(Document.study_id, func.count())
        .join(Place, Place.document_id == Document.id)
        .where(Document.study_id.in_(study_ids), Document.imported_at >= since, Document.complete, Document.current)
        .group_by(Document.study_id)
    )
    return dict(session.execute(query).tuples().all())


def _insights(
    session: Session, reader: Reader, bitmaps: Bitmaps, products: Collection[int], since: dt.datetime,
    last_visit: dt.date | None,
) -> list[NewInsight]:  # fmt: skip
    rows = session.execute(
        select(Evidence.id, Evidence.text, Study.title, Evidence.created_at)
        .join(Study, Study.id == Evidence.study_id)
        .where(Evidence.id.in_(newest_insights(session, reader, bitmaps)), Evidence.created_at >= since)
        .where(Study.id.in_(visible_studies(reader)), Study.state == "published", *of_products(products))
        .order_by(Evidence.id.desc())
    )
    return [
        NewInsight(row.id, row.text, row.title, row.created_at.date(),
                   last_visit is None or row.created_at.date() >= last_visit)
        for row in rows
    ]  # fmt: skip


def newest_insights(session: Session, reader: Reader, bitmaps: Bitmaps) -> list[int]:
    """The ids of the newest insights that the reader may see."""
    ids = bitmaps.get("kind:insight") & allowed_bitmap(session, reader, NO_FILTER, bitmaps)
    return list(ids)[-MOST_LOOKED_AT:]
