"""Packs that are made by themselves: on a day of the month after each period, with what their owner sees."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from filelock import FileLock
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Forbidden, Reader, reader_for, visible_products
from insightrepo.accounts.audit import record
from insightrepo.models import Pack, PackSchedule, Product, Term, User
from insightrepo.packs.content import Wanted
from insightrepo.packs.packs import built, keep_pack
from insightrepo.packs.periods import Period, next_making, period_over
from insightrepo.taxonomy.reading import UnknownTerm, find_term
from insightrepo.workspace import Workspace


class ScheduleMissing(Exception):
    """There is no such schedule that the reader may see."""


@dataclass(frozen=True)
class ScheduleLine:
    """A schedule in a list. `day` is of the month after the period; `may_stop`: the reader may."""

    id: int
    kind: str
    product: str
    day: int
    owner: str
    next_on: dt.date
    active: bool
    may_stop: bool


@dataclass(frozen=True)
class Run:
    """What became of a schedule that was due: the pack of a period, or why there is none."""

    schedule_id: int
    period: str
    pack_id: int | None
    trouble: str = ""


def today_of(workspace: Workspace) -> dt.date:
    """The day it is in the workspace's time zone."""
    return dt.datetime.now(ZoneInfo(workspace.settings.timezone)).date()


def add_schedule(workspace: Workspace, reader: Reader, kind: str, product: str | None, day: int) -> int:
    """Have packs made for the reader on a day (1 to 28) of the month after each period; the id of the schedule.

    Raises:
        Forbidden: the reader is no contributor.
        PeriodWrong: the kind or the day is wrong.
        UnknownTerm: there is no such product that the reader may see.
    """
    reader.require("contributor")
    next_on = next_making(kind, day, today_of(workspace))
    with workspace.database.writing() as session:
        seen = Term.id.in_(visible_products(reader))
        product_id = find_term(session, "product", product, seen).id if product else None
        made = PackSchedule(kind=kind, product_id=product_id, day=day, owner_id=reader.user_id, next_on=next_on)
        session.add(made)
        session.flush()
        record(session, reader.user_id, "schedule.add", f"pack_schedule:{made.id}", kind=kind, day=day)
        return made.id


def stop_schedule(workspace: Workspace, reader: Reader, schedule_id: int) -> None:
    """Stop a schedule of one's own, or as a researcher any that one sees; the packs it made stay.

    Raises:
        ScheduleMissing: there is none that the reader may see.
        Forbidden: it is another's.
    """
    with workspace.database.writing() as session:
        found = session.scalar(select(PackSchedule).where(PackSchedule.id == schedule_id, _seen(reader)))
        if found is None:
            raise ScheduleMissing(f"there is no schedule {schedule_id}")
        if not _may_stop(reader, found):
            raise Forbidden("only its owner and researchers may stop a schedule")
        found.active = False
        record(session, reader.user_id, "schedule.stop", f"pack_schedule:{found.id}")


def list_schedules(session: Session, reader: Reader) -> list[ScheduleLine]:
    """The schedules of products that the reader may see, those that still make packs first."""
    query = (
        select(PackSchedule, Product.name, User)
        .join(User, User.id == PackSchedule.owner_id)
        .join(Product, Product.id == PackSchedule.product_id, isouter=True)
        .where(_seen(reader))
        .order_by(PackSchedule.active.desc(), PackSchedule.next_on, PackSchedule.id)
    )
    return [
        ScheduleLine(one.id, one.kind, product or "", one.day, owner.name or owner.email, one.next_on, one.active,
                     one.active and _may_stop(reader, one))
        for one, product, owner in session.execute(query)
    ]  # fmt: skip


def _seen(reader: Reader):
    return or_(PackSchedule.product_id.is_(None), PackSchedule.product_id.in_(visible_products(reader)))


def _may_stop(reader: Reader, schedule: PackSchedule) -> bool:
    return schedule.owner_id == reader.user_id or reader.at_least("researcher")


def run_due(workspace: Workspace, today: dt.date | None = None) -> list[Run]:
    """Make every pack that is due by `today` and not there yet, also those of days on which nothing ran.

    One run at a time: a second waits and finds nothing to do. A schedule in trouble stays due and stops no other.
    """
    day = today or today_of(workspace)
    with FileLock(workspace.home / "packs.lock"):
        with workspace.database.reading() as session:
            due = session.scalars(
                select(PackSchedule.id)
                .where(PackSchedule.active.is_(True), PackSchedule.next_on <= day)
                .order_by(PackSchedule.next_on, PackSchedule.id)
            ).all()
        return [run for schedule_id in due for run in _run(workspace, schedule_id, day)]


def _run(workspace: Workspace, schedule_id: int, day: dt.date) -> list[Run]:
    """The packs of one schedule, period after period, until none is due."""
    runs: list[Run] = []
    while True:
        with workspace.database.reading() as session:
            schedule = session.get_one(PackSchedule, schedule_id)
            if schedule.next_on > day or not schedule.active:
                return runs
            period = period_over(schedule.kind, schedule.next_on)
            owner = session.get_one(User, schedule.owner_id)
            reader = reader_for(session, owner) if owner.active else None
            product = session.scalar(select(Term.code).where(Term.id == schedule.product_id))
        trouble = _trouble(reader, owner.email)
        if reader is not None and not trouble:
            try:
                runs.append(_made(workspace, schedule, period, reader, product))
                continue
            except UnknownTerm as error:
                trouble = str(error)
        return [*runs, Run(schedule_id, period.code, None, trouble)]


def _trouble(reader: Reader | None, owner: str) -> str:
    if reader is None:
        return f"{owner} is no longer active: stop the schedule or give somebody else one"
    return "" if reader.at_least("contributor") else f"{owner} is a {reader.role}: making packs needs a contributor"


def _made(workspace: Workspace, schedule: PackSchedule, period: Period, reader: Reader, product: str | None) -> Run:
    """Make the pack of a period and move the schedule on, in one transaction; nothing where another run did both."""
    content = built(workspace, reader, Wanted(period, product))
    with workspace.database.writing() as session:
        current = session.get_one(PackSchedule, schedule.id, with_for_update=True)
        known = session.scalar(
            select(Pack.id).where(Pack.schedule_id == schedule.id, Pack.first_day == period.first_day)
        )
        pack_id = known or keep_pack(session, reader.user_id, content, schedule.id).id
        if current.next_on == schedule.next_on:
            current.next_on = next_making(current.kind, current.day, current.next_on + dt.timedelta(days=1))
        return Run(schedule.id, period.code, pack_id)
