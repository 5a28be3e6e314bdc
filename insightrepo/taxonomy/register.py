"""The terms as plain values, read once for each state of the database: what a search looks up again and again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.memory import remembered
from insightrepo.models import Outcome, Product, Term
from insightrepo.taxonomy.reading import TermFinder

if TYPE_CHECKING:
    from insightrepo.accounts.access import Reader

_TERM, _OUTCOME, _PRODUCT = Term.__table__, Outcome.__table__, Product.__table__
_ALL = (
    select(
        _TERM.c.id, _TERM.c.axis, _TERM.c.code, _TERM.c.name, _TERM.c.aliases, _TERM.c.status, _TERM.c.team_id,
        _OUTCOME.c.category, _OUTCOME.c.lead_measure, _PRODUCT.c.parent_id,
    )
    .join(_OUTCOME, _OUTCOME.c.id == _TERM.c.id, isouter=True)
    .join(_PRODUCT, _PRODUCT.c.id == _TERM.c.id, isouter=True)
    .order_by(_TERM.c.id)
)  # fmt: skip


class TermLine(NamedTuple):
    """A term: `category` and `lead_measure` are an outcome's, `parent_id` a product's."""

    id: int
    axis: str
    code: str
    name: str
    aliases: tuple[str, ...]
    status: str
    team_id: int | None
    category: str | None
    lead_measure: str | None
    parent_id: int | None


class Register:
    """Terms in order of their ids."""

    def __init__(self, terms: Iterable[TermLine]) -> None:
        self.terms = tuple(terms)
        self.by_id = {term.id: term for term in self.terms}
        self._finders: dict[str, TermFinder] = {}

    @cached_property
    def in_use(self) -> tuple[TermLine, ...]:
        """The terms that are not retired."""
        return tuple(term for term in self.terms if term.status != "retired")

    @cached_property
    def named(self) -> tuple[tuple[str, TermLine], ...]:
        """Each way to call a term in use: its code, name and aliases, without regard to case."""
        return tuple((name.casefold(), t) for t in self.in_use for name in (t.code, t.name, *t.aliases))

    @cached_property
    def _children(self) -> dict[int | None, list[int]]:
        children: defaultdict[int | None, list[int]] = defaultdict(list)
        for term in self.terms:
            if term.axis == "product":
                children[term.parent_id].append(term.id)
        return children

    def finder(self, axis: str) -> TermFinder:
        """What finds a term of an axis by what people write."""
        if axis not in self._finders:
            self._finders[axis] = TermFinder.of(axis, [term for term in self.terms if term.axis == axis])
        return self._finders[axis]

    def with_below(self, ids: Collection[int]) -> frozenset[int]:
        """These products and all that are below them in the tree; other terms as they are."""
        found, left = set(ids), list(ids)
        while left:
            below = [child for child in self._children.get(left.pop(), ()) if child not in found]
            found.update(below)
            left.extend(below)
        return frozenset(found)


def register(session: Session) -> Register:
    """Every term there is, whoever may see it."""
    return remembered(session, "register", lambda: _read(session))


def seen_terms(session: Session, reader: Reader) -> Register:
    """The terms that the reader may see: the same as `accounts.access.visible_terms`."""
    who = None if reader.at_least("administrator") else reader.teams
    return remembered(
        session,
        ("register", who),
        lambda: Register(term for term in register(session).terms if reader.sees_term(term)),
    )


def _read(session: Session) -> Register:
    rows = session.execute(_ALL).all()
    return Register(TermLine(*row[:4], tuple(row.aliases), *row[5:]) for row in rows)
