"""The targets of a period as a pack shows them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from insightrepo.accounts.access import Reader, visible_products, visible_terms
from insightrepo.models import Target, Team
from insightrepo.packs.subject import Subject


def of_target(reached: float | None, wanted: float) -> str:
    """What came of a target, in words.

    >>> of_target(19, 12)
    '19 of 12 targeted (158%)'
    """
    if reached is None:
        return f"{wanted:,g} targeted, nothing reported yet"
    return f"{reached:,g} of {wanted:,g} targeted ({100 * reached / wanted:.0f}%)"


def targets_of(session: Session, maker: Reader, about: Subject) -> list[dict[str, Any]]:
    """The targets whose time touches the period, of the product and those below it where there is one."""
    conditions = [
        Target.first_day <= about.period.last_day, Target.last_day >= about.period.first_day,
        or_(Target.product_id.is_(None), Target.product_id.in_(visible_products(maker))),
        or_(Target.outcome_id.is_(None), Target.outcome_id.in_(visible_terms(maker))),
    ]  # fmt: skip
    if about.code is not None:
        conditions.append(Target.product_id.in_(about.below))
    query = select(Target).options(selectinload(Target.product), selectinload(Target.outcome)).where(*conditions)
    teams = dict(session.execute(select(Team.id, Team.name)).tuples().all())
    return [
        {
            "name": one.name,
            "of": ", ".join(filter(None, (
                teams.get(one.team_id or 0), one.product and one.product.name, one.outcome and one.outcome.code,
            ))),
            "first_day": one.first_day.isoformat(), "last_day": one.last_day.isoformat(),
            "wanted": one.wanted, "reached": one.reached, "words": of_target(one.reached, one.wanted),
        }
        for one in session.scalars(query.order_by(Target.last_day.desc(), Target.name, Target.id))
    ]  # fmt: skip
