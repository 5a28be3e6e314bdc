"""Targets of teams: what is aimed at in a period and what came of it, as "19 of 12 targeted (158%)"."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from ingest.redact import Redactor
from insightrepo.accounts.access import Reader, visible_products, visible_terms
from insightrepo.accounts.audit import record
from insightrepo.locales import day, days, decimal, percent
from insightrepo.models import DefinitionVersion, Target, Team, User, utcnow
from insightrepo.taxonomy.versions import add_version, last_version

KIND = "target"  # of its versions
TOLD = ("name", "first_day", "last_day", "wanted", "team_id", "product_id", "outcome_id")


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
    base = f"{_count(reached)} of {_count(wanted)} targeted ({percent(share)})"
    if reached > wanted:
        return f"{base}, {percent(100 * (reached - wanted) / wanted)} over"
    return base if reached == wanted else f"{base}, {_count(wanted - reached)} short"


def list_targets(session: Session, reader: Reader) -> list[TargetLine]:
    """The targets of every team, the latest period first; of products and outcomes that the reader may see."""
    loading = (selectinload(Target.product), selectinload(Target.outcome))
    query = select(Target).options(*loading).where(*_seen(reader), Target.removed_at.is_(None))
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


@dataclass(frozen=True)
class TargetWanted:
    """What a target says: `wanted` of `name` from the first to the last day, of a team, product and outcome (ids)."""

    name: str
    first_day: dt.date
    last_day: dt.date
    wanted: float
    team_id: int | None = None
    product_id: int | None = None
    outcome_id: int | None = None


def set_target(session: Session, reader: Reader, asked: TargetWanted, redactor: Redactor) -> Target:
    """A new target, as a researcher. Personal data in its name is redacted.

    Raises:
        Forbidden: the reader is no researcher.
        TargetWrong: a field makes no sense, or names what the reader may not see.
    """
    reader.require("researcher")
    target = Target(**_checked(session, reader, asked, redactor), updated_by_id=reader.user_id)
    session.add(target)
    session.flush()
    _keep(session, reader, target, "set")
    return target


def change_target(
    session: Session, reader: Reader, target_id: int, asked: TargetWanted, redactor: Redactor
) -> Target | None:
    """Say a target otherwise, as a researcher; how it stood before is kept. None where there is no such target.
    Personal data in its name is redacted.

    Raises:
        Forbidden, TargetWrong: as `set_target`.
    """
    reader.require("researcher")
    target = find_target(session, reader, target_id)
    if target is None:
        return None
    new = _checked(session, reader, asked, redactor)
    if all(getattr(target, name) == value for name, value in new.items()):
        return target
    _keep_first(session, target)
    for name, value in new.items():
        setattr(target, name, value)
    target.updated_by_id = reader.user_id
    _keep(session, reader, target, "changed")
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
    target = find_target(session, reader, target_id)
    if target is None:
        return None
    if target.reached != reached:
        _keep_first(session, target)
        target.reached, target.updated_by_id = reached, reader.user_id
        _keep(session, reader, target, "reported")
    return target


def remove_target(session: Session, reader: Reader, target_id: int, reason: str, redactor: Redactor) -> Target | None:
    """Take a target out of every list, as a researcher, with a reason; its history stays. None where there is none.
    Personal data in the reason is redacted.

    Raises:
        Forbidden: the reader is no researcher.
        TargetWrong: the reason is missing.
    """
    reader.require("researcher")
    words = " ".join(redactor.redact(reason).text.split())
    if not words:
        raise TargetWrong("reason: say why it is removed, others will read it in its history")
    target = find_target(session, reader, target_id)
    if target is None:
        return None
    _keep_first(session, target)
    target.removed_at, target.updated_by_id = utcnow(), reader.user_id
    _keep(session, reader, target, f"removed: {words[:500]}")
    return target


def find_target(session: Session, reader: Reader, target_id: int) -> Target | None:
    """A target that is not removed, of what the reader may see."""
    query = select(Target).where(Target.id == target_id, Target.removed_at.is_(None), *_seen(reader))
    return session.scalar(query)


@dataclass(frozen=True)
class TargetStep:
    """How a target stood after a step of its history, and who took it."""

    what: str
    words: str
    by: str
    at: dt.datetime


def target_history(session: Session, reader: Reader, target_id: int) -> tuple[TargetStep, ...]:
    """Every step of a target's history, the latest first, a removed one's too; none of one that is not seen."""
    if session.scalar(select(Target.id).where(Target.id == target_id, *_seen(reader))) is None:
        return ()
    rows = session.execute(
        select(DefinitionVersion, User)
        .join(User, User.id == DefinitionVersion.changed_by_id, isouter=True)
        .where(DefinitionVersion.kind == KIND, DefinitionVersion.object_id == target_id)
        .order_by(DefinitionVersion.version.desc())
    )
    return tuple(
        TargetStep(
            row.note, f"{row.content['name']}: {of_target(row.content['reached'], row.content['wanted'])}; "
            f"{days(row.content['first_day'], row.content['last_day'])}",
            (user.name or user.email) if user else "", row.changed_at,
        )
        for row, user in rows
    )  # fmt: skip


def _checked(session: Session, reader: Reader, asked: TargetWanted, redactor: Redactor) -> dict[str, Any]:
    """The columns of a target, or the reason why it is none."""
    if not asked.name.strip():
        raise TargetWrong("name: say what is counted, for example improvements")
    if asked.last_day < asked.first_day:
        raise TargetWrong(f"last day: {day(asked.last_day)} is before the first day, {day(asked.first_day)}")
    if not math.isfinite(asked.wanted) or asked.wanted <= 0:
        raise TargetWrong("wanted: write a number above 0")
    _refuse_unseen(session, reader, asked.team_id, asked.product_id, asked.outcome_id)
    return {**{name: getattr(asked, name) for name in TOLD}, "name": " ".join(redactor.redact(asked.name).text.split())}


def _keep_first(session: Session, target: Target) -> None:
    """A target from before its history was kept begins it as it stands."""
    if last_version(session, KIND, target.id) == 0:
        add_version(session, KIND, target.id, 1, _content(target), "as it was set")


def _keep(session: Session, reader: Reader, target: Target, note: str) -> None:
    session.flush()
    last = last_version(session, KIND, target.id)
    add_version(session, KIND, target.id, last + 1, _content(target), note, reader.user_id)
    record(session, reader.user_id, f"target.{note.split(':')[0]}", f"target:{target.id}")


def _content(target: Target) -> dict[str, Any]:
    content = {name: getattr(target, name) for name in (*TOLD, "reached")}
    return content | {name: content[name].isoformat() for name in ("first_day", "last_day")}


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
    return decimal(value, 0) if value == int(value) else decimal(value, 1)
