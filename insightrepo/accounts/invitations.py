"""A link by which somebody sets their password: once, within a week, signed by the workspace.

The link holds a fingerprint of the password's hash as it was: setting the password makes it worthless.
"""

from __future__ import annotations

import hmac
import secrets
import time
from hashlib import sha256

from sqlalchemy.orm import Session

from insightrepo.accounts.audit import record
from insightrepo.accounts.users import MIN_PASSWORD, AccountError, hashed
from insightrepo.library.pseudonyms import derived_key
from insightrepo.models import User

SECONDS = 7 * 24 * 3600
MAC = 32  # hexadecimal digits of the signature


class InvitationGone(LookupError):
    """The link is not valid (any more)."""


def invitation(master_key: bytes, user: User) -> str:
    """What the link of a user holds."""
    ends = int(time.time()) + SECONDS
    return f"{user.id}-{ends}-{_mac(master_key, user, ends)}"


def invited(session: Session, master_key: bytes, text: str) -> User:
    """The user whom a link is for.

    Raises:
        InvitationGone: it was used, is too old, was not made here, or the account is closed.
    """
    number, _, rest = text.partition("-")
    ends, _, mac = rest.partition("-")
    if not (number.isascii() and number.isdigit() and ends.isascii() and ends.isdigit() and len(number + ends) < 25):
        raise InvitationGone
    user = session.get(User, int(number)) if int(number) < 2**31 else None
    if user is None or not user.active or int(ends) < time.time():
        raise InvitationGone
    if not hmac.compare_digest(mac.encode(), _mac(master_key, user, int(ends)).encode()):
        raise InvitationGone
    return user


def set_password(session: Session, user: User, password: str) -> None:
    """Give a user a password; every session and link of before ends with it.

    Raises:
        AccountError: it is too short.
    """
    if len(password) < MIN_PASSWORD:
        raise AccountError(f"a password needs at least {MIN_PASSWORD} characters")
    user.password_hash = hashed(password)
    record(session, user.id, "user.password", f"user:{user.id}")


def no_password() -> str:
    """A password that nobody has, until somebody follows their link."""
    return secrets.token_urlsafe(32)


def _mac(master_key: bytes, user: User, ends: int) -> str:
    key = derived_key(master_key, b"invitations")
    said = f"{user.id}-{ends}-{sha256(user.password_hash.encode()).hexdigest()}"
    return hmac.new(key, said.encode(), sha256).hexdigest()[:MAC]
