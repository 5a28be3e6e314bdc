"""What is stale: studies that grew old, insights whose score moved since, waves that a regular series lacks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_studies
from insightrepo.home.news import of_products
from insightrepo.library.studies.ages import DAYS_OF_YEAR, STALE_DAYS, age_in_days, is_stale
from insightrepo.library.studies.insight_states import Outdated, outdated
from insightrepo.library.wording import date_words
from insightrepo.models import Study, Wave
from insightrepo.scores.waves.cadence import measured, series

MOST = 5  # of each kind that are named


@dataclass(frozen=True)
class OldStudy:
    """A study that is older than `STALE_DAYS`; `when` as precise as it is known."""

    id: int
    title: str
    method: str
    when: str | None
    years: float


@dataclass(frozen=True)
class Stale:
    """What to renew; `waves` are the codes of missing and due waves. Totals count also what is not named."""

    studies: tuple[OldStudy, ...]
    studies_total: int
    insights: tuple[Outdated, ...]
    insights_total: int
    waves: tuple[str, ...]
    open_waves: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.studies or self.insights or self.waves or self.open_waves)


def read_stale(session: Session, reader: Reader, products: Collection[int], today: dt.date) -> Stale:
    """What is stale for a reader; `products` as for `news.read_news`."""
    studies = _studies(session, reader, products, today)
    insights = _insights(session, reader, products)
    lacking = [code for one in series(measured(session), today) for code in (*one.missing, *one.due)]
    late = select(Wave.code).where(Wave.state != "frozen", Wave.last_day < today).order_by(Wave.first_day)
    return Stale(tuple(studies[:MOST]), len(studies), tuple(insights[:MOST]), len(insights), tuple(lacking),
                 tuple(session.scalars(late)))  # fmt: skip


def _studies(session: Session, reader: Reader, products: Collection[int], today: dt.date) -> list[OldStudy]:
    """The oldest first; what has no date is none."""
    when = func.coalesce(Study.ended_on, Study.started_on)
    rows = session.execute(
        select(Study.id, Study.title, Study.method, when.label("day"), Study.date_precision)
        .where(when < today - dt.timedelta(days=STALE_DAYS), Study.state == "published")
        .where(Study.id.in_(visible_studies(reader)), *of_products(products))
        .order_by(when, Study.id)
    )
    aged = ((row, age_in_days(row.day, row.date_precision, today)) for row in rows)
    return [
        OldStudy(row.id, row.title, row.method, date_words(row.day, row.date_precision), age / DAYS_OF_YEAR)
        for row, age in aged
        if age is not None and is_stale(age)
    ]


def _insights(session: Session, reader: Reader, products: Collection[int]) -> list[Outdated]:
    found = outdated(session, reader)
    if not products or not found:
        return list(found)
    mine = set(session.scalars(select(Study.id).where(*of_products(products))))
    return [one for one in found if one.study_id in mine]
