"""Targets of teams: what is aimed at in a period and what came of it, as "19 of 12 targeted (158%)"."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from insightrepo.accounts.access import Reader, visible_products, visible_terms
from insightrepo.accounts.audit import record
from insightrepo.models import Target, Team


class TargetWrong(ValueError):
    """What was given makes no target; the message names the field and what to write."""


@dataclass(frozen=True)
class TargetLine:
    """A target in a list. `wanted` and `reached` are counts of `name`; `share` is reached of wanted in percent."""

    id: int
    name: str
    team: str
    product: str
    outcome: str
    first_day: dt.date
    last_day: dt.date
    wanted: float
    reached: float | None
    share: float | None
    words: str


def of_target(reached: float | None, wanted: float) -> str:
    """What came of a target, in words that do not confuse "of" and "over".

    >>> of_target(19, 12)
    '19 of 12 targeted (158%), 58% over'
    """
    if reached is None:
        return f"{_count(wanted)} targeted, nothing reported yet"
    share = 100 * reached / wanted
    base = f"{_count(reached)} of {_count(wanted)} targeted ({share:.0f}%)"
    if reached > wanted:
        return f"{base}, {100 * (reached - wanted) / wanted:.0f}% over"
    return base if reached == wanted else f"{base}, {_count(wanted - reached)} short"


def list_targets(session: Session, reader: Reader) -> list[TargetLine]:
    """The targets of every team, the latest period first; of products and outcomes that the reader may see."""
    loading = (selectinload(Target.product), selectinload(Target.outcome))
    query = select(Target).options(*loading).where(*_seen(reader))
    teams = dict(session.execute(select(Team.id, Team.name)).tuples().all())
    rows = session.scalars(query.order_by(Target.last_day.desc(), Target.name, Target.id))
    return [_line(target, teams.get(target.team_id or 0, "")) for target in rows]


def total_words(lines: list[TargetLine]) -> str:
    """All targets of one name and period taken together, in words; empty for fewer than two or where they differ."""
    kinds = {(line.name, line.first_day, line.last_day) for line in lines}
    if len(lines) < 2 or len(kinds) > 1:
        return ""
    reached = [line.reached for line in lines if line.reached is not None]
    return of_target(sum(reached) if reached else None, sum(line.wanted for line in lines))


def set_target(
    session: Session, reader: Reader, name: str, first_day: dt.date, last_day: dt.date, wanted: float,
    team_id: int | None = None, product_id: int | None = None, outcome_id: int | None = None,
) -> Target:  # fmt: skip
    """A new target, as a researcher.

    Raises:
        Forbidden: the reader is no researcher.
        TargetWrong: a field makes no sense, or names what the reader may not see.
    """
    reader.require("researcher")
    if not name.strip():
        raise TargetWrong("name: say what is counted, for example improvements")
    if last_day < first_day:
        raise TargetWrong(f"last day: {last_day} is before the first day, {first_day}")
    if not math.isfinite(wanted) or wanted <= 0:
        raise TargetWrong("wanted: write a number above 0")
    _refuse_unseen(session, reader, team_id, product_id, outcome_id)
    target = Target(
        name=" ".join(name.split()), team_id=team_id, product_id=product_id, outcome_id=outcome_id,
        first_day=first_day, last_day=last_day, wanted=wanted, updated_by_id=reader.user_id,
    )  # fmt: skip
    session.add(target)
    session.flush()
    record(session, reader.user_id, "target.set", f"target:{target.id}")
    return target


def report_target(session: Session, reader: Reader, target_id: int, reached: float | None) -> Target | None:
    """Say what came of a target, as a researcher; None of `reached`: nothing yet. None where there is no such target.

    Raises:
        Forbidden: the reader is no researcher.
        TargetWrong: the number is below 0 or none.
    """
    reader.require("researcher")
    if reached is not None and (not math.isfinite(reached) or reached < 0):
        raise TargetWrong("reached: write a number, 0 or more, or leave it empty")
    target = session.scalar(select(Target).where(Target.id == target_id, *_seen(reader)))
    if target is None:
        return None
    target.reached, target.updated_by_id = reached, reader.user_id
    record(session, reader.user_id, "target.report", f"target:{target.id}")
    return target


def _seen(reader: Reader):
    return (
        or_(Target.product_id.is_(None), Target.product_id.in_(visible_products(reader))),
        or_(Target.outcome_id.is_(None), Target.outcome_id.in_(visible_terms(reader))),
    )


def _refuse_unseen(
    session: Session, reader: Reader, team_id: int | None, product_id: int | None, outcome_id: int | None
) -> None:
    wanted = (
        ("team", team_id, select(Team.id)),
        ("product", product_id, visible_products(reader)),
        ("outcome", outcome_id, visible_terms(reader)),
    )
    for field, number, among in wanted:
        if number is not None and number not in set(session.scalars(among)):
            raise TargetWrong(f"{field}: choose one of the list")


def _line(target: Target, team: str) -> TargetLine:
    return TargetLine(
        id=target.id, name=target.name, team=team, product=target.product.name if target.product else "",
        outcome=target.outcome.code if target.outcome else "", first_day=target.first_day, last_day=target.last_day,
        wanted=target.wanted, reached=target.reached,
        share=None if target.reached is None else 100 * target.reached / target.wanted,
        words=of_target(target.reached, target.wanted),
    )  # fmt: skip


def _count(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
