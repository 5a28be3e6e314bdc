"""How widely the repository is used: active readers, repeat users, searches, citations, what people add; nobody is
named.

Of a team with fewer than `FEWEST` active accounts nothing is told: what one of four does would be known. What was used
is told only of so many who came, and only where no two figures that are told leave fewer between them.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from insightrepo.accounts.access import Reader
from insightrepo.accounts.people import require_administration
from insightrepo.models import AuditEntry, Judgement, Team, User, Visit

Days = Mapping[int, dict[dt.date, Visit]]  # by user
Used = tuple[int, int] | None  # searches and citations; None: not to be told

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

    All of them together ran so many searches and took so many citations: None where that would tell of too few people.
    """

    accounts: int
    came: int
    again: int
    used: Used

    @property
    def percent(self) -> int:
        """How many of a hundred came."""
        return round(100 * self.came / self.accounts) if self.accounts else 0


@dataclass(frozen=True)
class Week:
    """A week from its Monday: how many people came, and what they ran and took together (None: not to be told)."""

    monday: dt.date
    people: int
    used: Used


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
    lately = _visits(active, days, since)
    everybody = _share(active, lately, is_told=not _tells_of_few(lately))
    found = session.scalars(select(Team).options(selectinload(Team.members)).order_by(Team.name))
    members = {team.name: {user.id for user in team.members} & active for team in found}
    teams = _teams(members, days, since, everybody, lately)
    return Adoption(everybody, teams, _weeks(days, first, everybody, lately), _done(session, since), since)


def _visits(people: Iterable[int], days: Days, since: dt.date) -> set[Visit]:
    return {visit for person in people for day, visit in days.get(person, {}).items() if day >= since}


def _share(people: set[int], visits: set[Visit], is_told: bool) -> Share:
    weeks = {(visit.user_id, _monday(visit.day)) for visit in visits}
    times = Counter(person for person, _ in weeks)
    again = sum(1 for count in times.values() if count > 1)
    return Share(len(people), len(times), again, _used(visits) if is_told else None)


def _teams(
    members: Mapping[str, set[int]], days: Days, since: dt.date, everybody: Share, lately: set[Visit]
) -> tuple[tuple[str, Share | None], ...]:
    visits = {name: _visits(people, days, since) for name, people in members.items() if len(people) >= FEWEST}
    largest_first = sorted(visits, key=lambda name: -_people(visits[name]))
    told = _told([lately] if everybody.used else [], [visits[name] for name in largest_first])
    is_told = dict(zip(largest_first, told, strict=True))
    return tuple(
        (name, _share(people, visits[name], is_told[name]) if name in visits else None)
        for name, people in members.items()
    )


def _weeks(days: Days, first: dt.date, everybody: Share, lately: set[Visit]) -> tuple[Week, ...]:
    mondays = [first + dt.timedelta(weeks=number) for number in range(WEEKS)]
    visits: dict[dt.date, set[Visit]] = {monday: set() for monday in mondays}
    for visit in _visits(days, days, first):
        visits[_monday(visit.day)].add(visit)
    told = _told([lately] if everybody.used else [], [visits[monday] for monday in reversed(mondays)])
    return tuple(
        Week(monday, _people(visits[monday]), _used(visits[monday]) if is_told else None)
        for monday, is_told in zip(mondays, reversed(told), strict=True)
    )


def _told(known: list[set[Visit]], parts: Sequence[set[Visit]]) -> list[bool]:
    """Which of these can be told, one after the other, beside what is `known` already.

    What is told cuts the visits into pieces; sums and differences of figures give sums of pieces and nothing finer.
    """
    told = []
    for part in parts:
        pieces = [piece for one in known for piece in (one & part, one - part)] + [part.difference(*known)]
        told.append(not any(_tells_of_few(piece) for piece in pieces))
        if told[-1]:
            known = [piece for piece in pieces if piece]
    return told


def _tells_of_few(visits: set[Visit]) -> bool:
    return 0 < _people(visits) < FEWEST


def _people(visits: set[Visit]) -> int:
    return len({visit.user_id for visit in visits})


def _used(visits: set[Visit]) -> tuple[int, int]:
    """How many searches were run and citations taken on these days."""
    return sum(visit.searches for visit in visits), sum(visit.citations for visit in visits)


def _done(session: Session, since: dt.date) -> tuple[tuple[str, int], ...]:
    begin = dt.datetime.combine(since, dt.time(), dt.UTC)
    counted = select(AuditEntry.action, func.count()).where(AuditEntry.at >= begin).group_by(AuditEntry.action)
    by_action = dict(session.execute(counted).tuples().all())
    judged = session.scalar(select(func.count()).select_from(Judgement).where(Judgement.at >= begin)) or 0
    told = [(words, sum(by_action.get(action, 0) for action in actions)) for words, actions in DONE.items()]
    return (*told, ("hits judged helpful or not", judged))


def _monday(day: dt.date) -> dt.date:
    return day - dt.timedelta(day.weekday())
