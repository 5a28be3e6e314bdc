"""Users: making them, signing in, finding the one a command acts as."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, reader_for
from insightrepo.models import ROLES, Scope, Team, User
from insightrepo.taxonomy.reading import find_term

MIN_PASSWORD = 10
_hasher = PasswordHasher()


class AccountError(Exception):
    """The account cannot be made or found; the message says why."""


def normal_email(email: str) -> str:
    """The address, lower case.

    Raises:
        AccountError: it is not an address.
    """
    from email_validator import EmailNotValidError, validate_email  # slow to import, and a search needs none

    try:
        return validate_email(email, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as error:
        raise AccountError(f"{email!r} is not an e-mail address: {error}") from error


def hashed(password: str) -> str:
    """A password as it is kept."""
    return _hasher.hash(password)


def add_user(
    session: Session,
    email: str,
    role: str,
    password: str,
    name: str = "",
    scopes: tuple[str, ...] = (),
    teams: tuple[str, ...] = (),
) -> User:
    """Add a user. `scopes` are ``product:CODE`` or ``segment:CODE``; a team that does not exist is made.

    Raises:
        AccountError: wrong address, role, scope or password, or the address is taken.
    """
    address = normal_email(email)
    if role not in ROLES:
        raise AccountError(f"no role is called {role!r}; roles are {', '.join(ROLES)}")
    if len(password) < MIN_PASSWORD:
        raise AccountError(f"a password needs at least {MIN_PASSWORD} characters")
    if session.scalar(select(User.id).where(User.email == address)):
        raise AccountError(f"{address} has an account already")
    user = User(email=address, name=name or address.split("@")[0], role=role, password_hash=_hasher.hash(password))
    user.scopes = [scope_of(session, text) for text in scopes]
    user.teams = [_team(session, name) for name in teams]
    session.add(user)
    session.flush()
    return user


def scope_of(session: Session, text: str) -> Scope:
    """A scope from ``product:CODE`` or ``segment:CODE``. Raises AccountError, UnknownTerm."""
    axis, _, code = text.partition(":")
    if axis not in ("product", "segment") or not code:
        raise AccountError(f"a scope is product:CODE or segment:CODE, not {text!r}")
    return Scope(term_id=find_term(session, axis, code).id)


def _team(session: Session, name: str) -> Team:
    return session.scalar(select(Team).where(Team.name == name)) or Team(name=name)


@cache
def _decoy() -> str:
    """The hash of a password nobody has: an unknown address shall take as long as a wrong password."""
    return _hasher.hash("a password nobody has")


def sign_in(session: Session, email: str, password: str) -> User | None:
    """The active user with this address and password, or None; takes the same time either way."""
    user = session.scalar(select(User).where(User.email == email.strip().lower()))
    decoy = _decoy()  # made for a known address too: the first sign-in of a process takes as long either way
    try:
        _hasher.verify(user.password_hash if user else decoy, password)
    except (VerificationError, InvalidHashError):
        return None
    return user if user and user.active else None


def acting_reader(session: Session, email: str | None) -> Reader:
    """The reader that a command acts as: the named user, or the first administrator.

    Raises:
        AccountError: there is no such active user.
    """
    query = select(User).where(User.active)
    if email:
        user = session.scalar(query.where(User.email == email.strip().lower()))
    else:
        user = session.scalar(query.where(User.role == "administrator").order_by(User.id))
    if user is None:
        raise AccountError(
            f"no active user is called {email}" if email else "there is no administrator yet: run 'insightrepo init'"
        )
    return reader_for(session, user)
