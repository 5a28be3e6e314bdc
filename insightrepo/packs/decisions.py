"""The decisions on the outcomes that a pack shows."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.library.terms.decisions import decisions_of


def decided(session: Session, maker: Reader, codes: Collection[str]) -> list[dict[str, str]]:
    """The notes on the outcomes of these codes as they stand now, the latest first."""
    found = [one for some in decisions_of(session, maker, codes).values() for one in some]
    return [
        {"outcome": one.outcome, "text": one.text, "state": one.state, "reason": one.reason, "day": one.day.isoformat()}
        for one in sorted(found, key=lambda one: (one.day, one.id), reverse=True)
    ]
