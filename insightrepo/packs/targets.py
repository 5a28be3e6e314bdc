"""The targets of a period as a pack shows them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.models import Target
from insightrepo.packs.subject import Subject
from insightrepo.scores.acting.targets import list_targets


def targets_of(session: Session, maker: Reader, about: Subject) -> list[dict[str, Any]]:
    """The targets whose time touches the period, of the product and those below it where there is one."""
    period = about.period
    query = select(Target.id).where(Target.first_day <= period.last_day, Target.last_day >= period.first_day)
    if about.code is not None:
        query = query.where(Target.product_id.in_(about.below))
    wanted = set(session.scalars(query))
    return [
        {
            "name": line.name,
            "of": ", ".join(filter(None, (line.team, line.product, line.outcome))),
            "first_day": line.first_day.isoformat(),
            "last_day": line.last_day.isoformat(),
            "wanted": line.wanted,
            "reached": line.reached,
            "words": line.words,
        }
        for line in list_targets(session, maker)
        if line.id in wanted
    ]
