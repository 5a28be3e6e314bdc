"""Users and teams as an administrator sees and changes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from insightrepo.accounts.access import Reader
from insightrepo.accounts.audit import record
from insightrepo.accounts.invitations import no_password
from insightrepo.accounts.users import AccountError, add_user, scope_of
from insightrepo.locales import day
from insightrepo.models import ROLES, Scope, Team, Term, User, Visit


@dataclass(frozen=True)
class PersonLine:
    """A user in a list; `scopes` are the codes that limit them or their teams, `last_day` when they last came."""

    id: int
    email: str
    name: str
    role: str
    active: bool
    teams: tuple[str, ...]
    scopes: tuple[str, ...]
    last_day: str


@dataclass(frozen=True)
class TeamLine:
    """A team with its members and what limits them."""

    id: int
    name: str
    members: tuple[str, ...]
    scopes: tuple[str, ...]


def require_administration(reader: Reader) -> None:
    """Raises Forbidden unless the reader is an administrator whom no scope limits."""
    reader.require("administrator")
    reader.require_global("users, teams and settings are")


def list_people(session: Session, reader: Reader) -> list[PersonLine]:
    """All users, active ones first, by name. Raises Forbidden."""
    require_administration(reader)
    last = dict(session.execute(select(Visit.user_id, func.max(Visit.day)).group_by(Visit.user_id)).tuples().all())
    codes = dict(session.execute(select(Term.id, Term.code)).tuples().all())
    query = select(User).options(selectinload(User.teams).selectinload(Team.scopes), selectinload(User.scopes))
    return [
        PersonLine(
            user.id, user.email, user.name, user.role, user.active,
            tuple(sorted(team.name for team in user.teams)),
            tuple(sorted({codes[s.term_id] for holder in (user, *user.teams) for s in holder.scopes})),
            day(last[user.id]) if user.id in last else "",
        )
        for user in session.scalars(query.order_by(User.active.desc(), func.lower(User.name), User.id))
    ]  # fmt: skip


def list_teams(session: Session, reader: Reader) -> list[TeamLine]:
    """All teams by name. Raises Forbidden."""
    require_administration(reader)
    codes = dict(session.execute(select(Term.id, Term.code)).tuples().all())
    query = select(Team).options(selectinload(Team.members), selectinload(Team.scopes)).order_by(Team.name)
    return [
        TeamLine(team.id, team.name, tuple(sorted(m.name or m.email for m in team.members if m.active)),
                 tuple(sorted(codes[scope.term_id] for scope in team.scopes)))
        for team in session.scalars(query)
    ]  # fmt: skip


def invite(session: Session, reader: Reader, email: str, name: str, role: str) -> User:
    """Add a user who sets their password by a link. Raises Forbidden, AccountError."""
    require_administration(reader)
    user = add_user(session, email, role, no_password(), name.strip())
    record(session, reader.user_id, "user.invite", f"user:{user.id}", role=role)
    return user


def change_person(
    session: Session, reader: Reader, user_id: int, *, name: str, role: str, active: bool, teams: Sequence[int],
    scopes: Sequence[str],
) -> list[str]:  # fmt: skip
    """Set what a user is; the names of what changed. `scopes` are ``product:CODE`` or ``segment:CODE``.

    Raises:
        Forbidden: the reader does not administrate.
        AccountError: there is no such user, or nobody would administrate any more.
        UnknownTerm: a scope names no term.
    """
    require_administration(reader)
    _lock_administrators(session)
    user = find_person(session, reader, user_id)
    if role not in ROLES:
        raise AccountError(f"no role is called {role!r}")
    before = (
        user.name,
        user.role,
        user.active,
        sorted(t.id for t in user.teams),
        sorted(s.term_id for s in user.scopes),
    )
    user.name, user.role, user.active = name.strip()[:300] or user.email.split("@")[0], role, active
    user.teams = list(session.scalars(select(Team).where(Team.id.in_(teams)))) if teams else []
    _set_scopes(session, user, scopes)
    session.flush()
    _require_administrator(session)
    after = (
        user.name,
        user.role,
        user.active,
        sorted(t.id for t in user.teams),
        sorted(s.term_id for s in user.scopes),
    )
    names = ("name", "role", "active", "teams", "scopes")
    changed = [name for name, old, new in zip(names, before, after, strict=True) if old != new]
    if changed:
        record(session, reader.user_id, "user.change", f"user:{user.id}", changed=changed, role=role, active=active)
    return changed


def find_person(session: Session, reader: Reader, user_id: int) -> User:
    """A user. Raises Forbidden, AccountError."""
    require_administration(reader)
    user = session.get(User, user_id)
    if user is None:
        raise AccountError("there is no such user")
    return user


def change_team(session: Session, reader: Reader, team_id: int | None, name: str, scopes: Sequence[str]) -> int:
    """Make a team or set its name and scopes; its id. Raises Forbidden, AccountError, UnknownTerm."""
    require_administration(reader)
    _lock_administrators(session)
    name = " ".join(name.split())[:300]
    if not name:
        raise AccountError("a team needs a name")
    taken = session.scalar(select(Team.id).where(Team.name == name))
    if taken is not None and taken != team_id:
        raise AccountError(f"another team is called {name}")
    team = session.get(Team, team_id) if team_id else Team(name=name)
    if team is None:
        raise AccountError("there is no such team")
    team.name = name
    session.add(team)
    session.flush()
    _set_scopes(session, team, scopes)
    session.flush()
    _require_administrator(session)
    record(session, reader.user_id, "team.change" if team_id else "team.create", f"team:{team.id}", scopes=list(scopes))
    return team.id


def scope_choices(session: Session) -> list[tuple[str, str]]:
    """What a scope may be, as (``product:CODE``, name)."""
    query = select(Term.axis, Term.code, Term.name).where(Term.axis.in_(("product", "segment")))
    return [(f"{axis}:{code}", name) for axis, code, name in session.execute(query.order_by(Term.axis, Term.name))]


def scope_values(session: Session, holder: User | Team) -> list[str]:
    """The scopes of a user or team, as they are chosen."""
    query = select(Term.axis, Term.code).where(Term.id.in_([scope.term_id for scope in holder.scopes]))
    return [f"{axis}:{code}" for axis, code in session.execute(query)]


def _set_scopes(session: Session, holder: User | Team, scopes: Sequence[str]) -> None:
    wanted: dict[int, Scope] = {}
    for text in scopes:
        scope = scope_of(session, text)
        wanted[scope.term_id] = scope
    kept = [scope for scope in holder.scopes if scope.term_id in wanted]
    new = wanted.keys() - {scope.term_id for scope in kept}
    holder.scopes = [*kept, *(wanted[term_id] for term_id in sorted(new))]


def _lock_administrators(session: Session) -> None:
    """Whoever else changes who administrates waits: two who take it from each other would both see one left."""
    session.execute(select(User.id).where(User.role == "administrator").order_by(User.id).with_for_update())


def _require_administrator(session: Session) -> None:
    """Somebody must be left who may do all this."""
    query = select(User).where(User.active, User.role == "administrator")
    admins = session.scalars(query.options(selectinload(User.teams).selectinload(Team.scopes)))
    if not any(not user.scopes and not any(team.scopes for team in user.teams) for user in admins):
        raise AccountError("somebody must stay an active administrator without limits")
