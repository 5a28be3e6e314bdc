"""What customers say of the largest opportunities of a pack: the strongest words there are, whenever they were said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, case, or_, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_studies
from insightrepo.models import IN_FORCE, Evidence, Study, Tag, Term
from insightrepo.packs.evidence import of_product, quotes_shown
from insightrepo.packs.subject import Subject

GAPS, EACH, LOOKED_AT = 3, 2, 60  # outcomes that are quoted on, quotes on each, pieces that they are chosen from


def voices_of(
    session: Session, maker: Reader, about: Subject, gaps: dict[str, Any], said: Sequence[int]
) -> list[dict[str, Any]]:
    """Quotes on the first gaps, by outcome: what a person confirmed, then the lowest ratings, then the newest; each of
    another person, and of another segment where there is one. Of published studies that the maker may see; what is
    quoted elsewhere in the pack (`said`, by id) is not said twice.
    """
    voices: list[dict[str, Any]] = []
    quoted = set(said)
    for row in gaps["rows"][:GAPS]:
        rows = session.execute(_said_of(maker, about, row["code"])).all()
        chosen = _chosen([one for one in rows if one.id not in quoted], _segments(session, [one.id for one in rows]))
        quoted.update(chosen)
        voices.append({"code": row["code"], "name": row["name"], "quotes": quotes_shown(session, maker, chosen)})
    return voices


def _said_of(maker: Reader, about: Subject, code: str) -> Select[Any]:
    rated = case((Evidence.rating.is_(None), 1), else_=0)
    return (
        select(Evidence.id, Evidence.respondent_id, Evidence.study_id)
        .join(Tag, Tag.evidence_id == Evidence.id)
        .join(Term, Term.id == Tag.term_id)
        .join(Study, Study.id == Evidence.study_id)
        .where(
            Term.axis == "outcome", Term.code == code, Tag.state.in_(IN_FORCE), Evidence.kind != "insight",
            Evidence.withdrawn.is_(False), Study.state == "published", Evidence.study_id.in_(visible_studies(maker)),
            or_(Evidence.said_on.is_(None), Evidence.said_on <= about.period.last_day), *of_product(about),
        )
        .order_by(case((Tag.state == "accepted", 0), else_=1), rated, Evidence.rating,
                  case((Evidence.said_on.is_(None), 1), else_=0), Evidence.said_on.desc(), Evidence.id.desc())
        .limit(LOOKED_AT)
    )  # fmt: skip


def _segments(session: Session, ids: Sequence[int]) -> dict[int, frozenset[int]]:
    """The segments that each piece is tagged with."""
    query = select(Tag.evidence_id, Tag.term_id).join(Term, Term.id == Tag.term_id)
    query = query.where(Tag.evidence_id.in_(ids), Term.axis == "segment", Tag.state.in_(IN_FORCE))
    found: dict[int, frozenset[int]] = {}
    for number, term_id in session.execute(query):
        found[number] = found.get(number, frozenset()) | {term_id}
    return found


def _chosen(rows: Sequence[Row[Any]], segments: dict[int, frozenset[int]]) -> list[int]:
    """The first of each person, those of a segment that was not heard yet before the others."""
    chosen: list[Row[Any]] = []
    for heard_only in (False, True):
        for row in rows:
            heard = frozenset().union(*(segments.get(one.id, frozenset()) for one in chosen))
            again = any(row.id == one.id or (row.respondent_id and row.respondent_id == one.respondent_id)
                        for one in chosen)  # fmt: skip
            new = not chosen or bool(segments.get(row.id, frozenset()) - heard)
            if len(chosen) < EACH and not again and (heard_only or new):
                chosen.append(row)
    return [row.id for row in chosen]
