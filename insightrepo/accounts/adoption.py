"""How widely the repository is used: active readers, repeat users, searches, citations, what people add; nobody is
named.

Of a team with fewer than `FEWEST` active accounts nothing is told: what one of four does would be known.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from insightrepo.accounts.access import Reader
from insightrepo.accounts.people import require_administration
from insightrepo.models import AuditEntry, Judgement, Team, User, Visit

Days = Mapping[int, dict[dt.date, Visit]]  # by user

FEWEST = 5
DAYS = 28  # that "lately" is
WEEKS = 12  # that are shown
DONE = {  # what people did that is told, by the actions of the audit log
    "insights written": ("insight.write",),
    "tags decided": ("tag.vote",),
    "decisions on outcomes": ("decision.write", "decision.settle"),
    "comments": ("comment.write",),
    "questions to researchers": ("request.ask",),
    "studies brought in": ("study.create",),
    "review packs": ("pack.make",),
}


@dataclass(frozen=True)
class Share:
    """So many of so many active accounts came lately, and so many of them in two weeks or more.

    All of them together ran so many searches and took so many citations.
    """

    accounts: int
    came: int
    again: int
    searches: int
    citations: int

    @property
    def percent(self) -> int:
        """How many of a hundred came."""
        return round(100 * self.came / self.accounts) if self.accounts else 0


@dataclass(frozen=True)
class Week:
    """A week from its Monday: how many people came, and what they ran and took together."""

    monday: dt.date
    people: int
    searches: int
    citations: int


@dataclass(frozen=True)
class Adoption:
    """All of it. A team's share is None where it has too few accounts."""

    everybody: Share
    teams: tuple[tuple[str, Share | None], ...]
    weeks: tuple[Week, ...]
    done: tuple[tuple[str, int], ...]
    since: dt.date


def adoption(session: Session, reader: Reader, today: dt.date) -> Adoption:
    """How widely the repository is used, in the last 28 days and by week. Raises Forbidden."""
    require_administration(reader)
    since = today - dt.timedelta(DAYS - 1)
    first = _monday(today) - dt.timedelta(weeks=WEEKS - 1)
    active = set(session.scalars(select(User.id).where(User.active)))
    days: defaultdict[int, dict[dt.date, Visit]] = defaultdict(dict)
    visits = select(Visit).where(Visit.day.between(min(first, since), today))
    for visit in session.scalars(visits):
        days[visit.user_id][visit.day] = visit
    teams = session.scalars(select(Team).options(selectinload(Team.members)).order_by(Team.name))
    shares = []
    for team in teams:
        members = {user.id for user in team.members} & active
        shares.append((team.name, _share(members, days, since) if len(members) >= FEWEST else None))
    return Adoption(_share(active, days, since), tuple(shares), _weeks(days, first), _done(session, since), since)


def _share(people: set[int], days: Days, since: dt.date) -> Share:
    lately = [[visit for day, visit in days.get(person, {}).items() if day >= since] for person in people]
    came = [seen for seen in lately if seen]
    again = sum(1 for seen in came if len({_monday(visit.day) for visit in seen}) > 1)
    return Share(len(people), len(came), again, *_used(visit for seen in came for visit in seen))


def _weeks(days: Days, first: dt.date) -> tuple[Week, ...]:
    visits: defaultdict[dt.date, list[Visit]] = defaultdict(list)
    for seen in days.values():
        for day, visit in seen.items():
            visits[_monday(day)].append(visit)
    mondays = (first + dt.timedelta(weeks=number) for number in range(WEEKS))
    return tuple(
        Week(monday, len({visit.user_id for visit in visits[monday]}), *_used(visits[monday])) for monday in mondays
    )


def _used(visits: Iterable[Visit]) -> tuple[int, int]:
    """How many searches were run and citations taken on these days."""
    all_of_them = list(visits)
    return sum(visit.searches for visit in all_of_them), sum(visit.citations for visit in all_of_them)


def _done(session: Session, since: dt.date) -> tuple[tuple[str, int], ...]:
    begin = dt.datetime.combine(since, dt.time(), dt.UTC)
    counted = select(AuditEntry.action, func.count()).where(AuditEntry.at >= begin).group_by(AuditEntry.action)
    by_action = dict(session.execute(counted).tuples().all())
    judged = session.scalar(select(func.count()).select_from(Judgement).where(Judgement.at >= begin)) or 0
    told = [(words, sum(by_action.get(action, 0) for action in actions)) for words, actions in DONE.items()]
    return (*told, ("hits judged helpful or not", judged))


def _monday(day: dt.date) -> dt.date:
    return day - dt.timedelta(day.weekday())
