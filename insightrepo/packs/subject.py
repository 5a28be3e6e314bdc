"""What a pack is about: a period, and a product or the whole."""

from __future__ import annotations

from dataclasses import dataclass, field

from insightrepo.packs.periods import Period


@dataclass(frozen=True)
class Subject:
    """A period and, unless of the whole (`code` None), a product with those below it and their tasks.

    `wave` is the last one that ended by the last day of the period; None: there is none.
    """

    period: Period
    wave: str | None
    id: int | None = None
    code: str | None = None
    name: str = "the whole"
    below: frozenset[int] = field(default_factory=frozenset)
    tasks: tuple[str, ...] = ()
