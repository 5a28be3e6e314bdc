"""What customers said in a period, and what researchers wrote of it: the newest, capped, with the whole counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from indexes.query import parse
from insightrepo.accounts.access import Reader, visible_studies
from insightrepo.library.search.filters import NO_FILTER
from insightrepo.library.search.hits import Hit
from insightrepo.library.search.loading import load_hits
from insightrepo.models import IN_FORCE, Evidence, Study, Tag, Term
from insightrepo.models.library import study_product
from insightrepo.packs.subject import Subject

MOST_INSIGHTS, MOST_QUOTES, MOST_STUDIES = 5, 8, 8
EACH_OUTCOME, EACH_STUDY = 3, 4  # quotes at most, so that one feed or one outcome does not fill the list
LOOKED_AT = 400  # of the newest pieces that quotes are chosen from
FINE = {"monthly": ("day", "month"), "quarterly": ("day", "month", "quarter")}  # dates that fall into one period


def new_evidence(session: Session, maker: Reader, about: Subject, changed: Sequence[str]) -> dict[str, Any]:
    """The newest insights and quotes of the period; quotes on outcomes that changed (`changed`, by code) go first.

    Of published studies that the maker may see; of a product what is tagged with it or stands in a study of it.
    """
    within = [*said_within(maker, about), Evidence.withdrawn.is_(False)]
    counts = Counter(dict(session.execute(
        select(Evidence.kind, func.count()).where(*within).group_by(Evidence.kind)
    ).tuples().all()))  # fmt: skip
    people = session.scalar(select(func.count(func.distinct(Evidence.respondent_id))).where(*within)) or 0
    studies = session.execute(_studies(within)).all()
    insights = session.scalars(_newest(within, Evidence.kind == "insight").limit(MOST_INSIGHTS)).all()
    quotes = _quotes(session, maker, within, changed)
    hits = {hit.id: hit for hit in _hits(session, maker, [*insights, *quotes])}
    return {
        "insights": [_shown(hits[number]) for number in insights],
        "insights_total": counts["insight"],
        "said": [_shown(hits[number]) for number in quotes],
        "said_total": counts["verbatim"] + counts["passage"],
        "verbatims": counts["verbatim"],
        "passages": counts["passage"],
        "people": people,
        "studies": [
            {"id": row.id, "title": row.title, "method": row.method, "pieces": row.pieces}
            for row in studies[:MOST_STUDIES]
        ],
        "studies_total": len(studies),
    }


def said_within(maker: Reader, about: Subject) -> list[ColumnElement[bool]]:
    """The conditions on `Evidence` that keep what was said in the period, of the product where there is one.

    What has no date, or only one that is coarser than the period, is of no period.
    """
    period = about.period
    return [
        Evidence.said_on >= period.first_day, Evidence.said_on <= period.last_day,
        or_(Evidence.date_precision.is_(None), Evidence.date_precision.in_(FINE[period.kind])),
        *of_product(about), Evidence.study_id.in_(visible_studies(maker)),
    ]  # fmt: skip


def of_product(about: Subject) -> list[ColumnElement[bool]]:
    """The condition on `Evidence` that it is of the product; none for the whole."""
    if about.code is None:
        return []
    tagged = select(Tag.evidence_id).where(Tag.term_id.in_(about.below), Tag.state.in_(IN_FORCE))
    studies = select(study_product.c.study_id).where(study_product.c.product_id.in_(about.below))
    return [or_(Evidence.id.in_(tagged), Evidence.study_id.in_(studies))]


def _newest(within: Sequence[ColumnElement[bool]], *more: ColumnElement[bool]) -> Select[tuple[int]]:
    return select(Evidence.id).where(*within, *more).order_by(Evidence.said_on.desc(), Evidence.id.desc())


def _studies(within: Sequence[ColumnElement[bool]]) -> Select[Any]:
    pieces = func.count().label("pieces")
    query = select(Study.id, Study.title, Study.method, pieces).join(Evidence, Evidence.study_id == Study.id)
    return query.where(*within).group_by(Study.id, Study.title, Study.method).order_by(pieces.desc(), Study.id)


def _quotes(
    session: Session, maker: Reader, within: Sequence[ColumnElement[bool]], changed: Sequence[str]
) -> list[int]:
    """The newest words of customers; first some on each outcome that changed, then others."""
    newest = session.scalars(_newest(within, Evidence.kind != "insight").limit(LOOKED_AT)).all()
    study_of = dict(session.execute(
        select(Evidence.id, Evidence.study_id).where(Evidence.id.in_(newest))
    ).tuples().all())  # fmt: skip
    tags = select(Tag.evidence_id, Term.code).join(Term, Term.id == Tag.term_id)
    tags = tags.where(Tag.evidence_id.in_(newest), Term.code.in_(changed), Term.axis == "outcome",
                      Tag.state.in_(IN_FORCE))  # fmt: skip
    speaking = session.execute(tags).all()
    first = []
    for code in dict.fromkeys(changed):
        of_outcome = {row.evidence_id for row in speaking if row.code == code}
        first += [number for number in newest if number in of_outcome][:EACH_OUTCOME]
    chosen: list[int] = []
    per_study: Counter[int] = Counter()
    for number in dict.fromkeys([*first, *newest]):
        if per_study[study_of[number]] < EACH_STUDY and len(chosen) < MOST_QUOTES:
            chosen.append(number)
            per_study[study_of[number]] += 1
    return chosen


def quotes_shown(session: Session, maker: Reader, ids: Sequence[int]) -> list[dict[str, Any]]:
    """These pieces of evidence as a pack keeps them, in this order."""
    return [_shown(hit) for hit in _hits(session, maker, ids)]


def _hits(session: Session, maker: Reader, ids: Sequence[int]) -> tuple[Hit, ...]:
    return load_hits(session, maker, ids, NO_FILTER, {}, parse(""), "none")


def _shown(hit: Hit) -> dict[str, Any]:
    return {
        "id": hit.id, "kind": hit.kind, "text": " ".join(hit.text.split()), "study_id": hit.study_id,
        "study": hit.study, "date": hit.date, "place": hit.place, "segments": list(hit.segments),
        "products": list(hit.products), "rating": hit.rating,
        "outcomes": [tag.code for tag in hit.outcomes if tag.state in IN_FORCE],
    }  # fmt: skip
