"""What is stale: studies that grew old, insights whose score moved since, waves that a regular series lacks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from indexes.bitmaps import Bitmaps
from insightrepo.accounts.access import Reader, visible_studies, visible_terms
from insightrepo.home.news import newest_insights, of_products
from insightrepo.library.coverage import STALE_DAYS
from insightrepo.library.wording import date_words
from insightrepo.models import Evidence, Outcome, Study, Tag, Wave
from insightrepo.scores.cadence import measured, series
from insightrepo.scores.chips import CellWanted, Chip, chips

MOST = 5  # of each kind that are named
YEAR = 365.25  # days


@dataclass(frozen=True)
class OldStudy:
    """A study that is older than `STALE_DAYS`; `when` as precise as it is known."""

    id: int
    title: str
    method: str
    when: str | None
    years: float


@dataclass(frozen=True)
class MovedInsight:
    """A claim written before the wave in which the score of its outcome really moved."""

    id: int
    text: str
    day: dt.date
    outcome: str
    chip: Chip


@dataclass(frozen=True)
class Stale:
    """What to renew; `waves` are the codes of missing and due waves. Totals count also what is not named."""

    studies: tuple[OldStudy, ...]
    studies_total: int
    insights: tuple[MovedInsight, ...]
    insights_total: int
    waves: tuple[str, ...]
    open_waves: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.studies or self.insights or self.waves or self.open_waves)


def read_stale(session: Session, reader: Reader, bitmaps: Bitmaps, products: Collection[int], today: dt.date) -> Stale:
    """What is stale for a reader; `products` as for `news.read_news`."""
    studies = _studies(session, reader, products, today)
    insights = _insights(session, reader, bitmaps, products)
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
    return [
        OldStudy(
            row.id, row.title, row.method, date_words(row.day, row.date_precision), (today - row.day).days / 365.25
        )
        for row in rows
    ]


def _insights(session: Session, reader: Reader, bitmaps: Bitmaps, products: Collection[int]) -> list[MovedInsight]:
    rows = session.execute(
        select(Evidence.id, Evidence.text, Evidence.said_on, Outcome.id.label("outcome_id"), Outcome.code)
        .join(Tag, Tag.evidence_id == Evidence.id)
        .join(Outcome, Outcome.id == Tag.term_id)
        .join(Study, Study.id == Evidence.study_id)
        .where(Evidence.id.in_(newest_insights(session, reader, bitmaps)), Evidence.said_on.is_not(None))
        .where(Tag.state.in_(("accepted", "automatic")), Outcome.id.in_(visible_terms(reader)))
        .where(Study.id.in_(visible_studies(reader)), *of_products(products))
        .order_by(Evidence.id.desc(), Outcome.code)
    ).all()
    found = chips(session, reader, [CellWanted(row.outcome_id) for row in rows])
    began = dict(session.execute(select(Wave.code, Wave.first_day)).tuples().all())
    moved: dict[int, MovedInsight] = {}
    for row in rows:
        chip = found[CellWanted(row.outcome_id)]
        if chip and chip.verdict in ("better", "worse") and began[chip.wave] > row.said_on:
            moved.setdefault(row.id, MovedInsight(row.id, row.text, row.said_on, row.code, chip))
    return list(moved.values())
