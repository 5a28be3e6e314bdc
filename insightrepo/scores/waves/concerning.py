"""What an annotation or an exclusion is about: an outcome, a task, a segment, a product, several of them, or all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from insightrepo.accounts.access import Reader, visible_products, visible_segments, visible_terms
from insightrepo.models import Task, Term
from insightrepo.taxonomy.reading import UnknownTerm, find_term

AXES = ("outcome", "task", "segment", "product")


@dataclass(frozen=True)
class Concerning:
    """Ids of what it is about; None: of all."""

    outcome_id: int | None = None
    task_id: int | None = None
    segment_id: int | None = None
    product_id: int | None = None

    @property
    def ids(self) -> dict[str, int | None]:
        """The ids by the names of the columns."""
        return asdict(self)


def resolve(session: Session, reader: Reader, named: Mapping[str, str | None]) -> Concerning:
    """Ids from codes, names or aliases by axis ("outcome", "task", "segment", "product"); what is empty means all.

    Raises:
        UnknownTerm: one is not known, or not within the reader's scopes; the message names the closest.
    """
    found: dict[str, int | None] = {}
    for axis in AXES:
        text = (named.get(axis) or "").strip()
        if text:
            found[f"{axis}_id"] = _task(session, reader, text) if axis == "task" else _term(session, reader, axis, text)
    return Concerning(**found)


def _term(session: Session, reader: Reader, axis: str, text: str) -> int:
    return find_term(session, axis, text, Term.id.in_(_visible(reader, axis))).id


def _visible(reader: Reader, axis: str) -> Select[tuple[int]]:
    return {"segment": visible_segments, "product": visible_products}.get(axis, visible_terms)(reader)


def _task(session: Session, reader: Reader, text: str) -> int:
    query = select(Task.id).where(Task.product_id.in_(visible_products(reader)))
    found = (
        session.scalars(query.where(Task.code == text)).first()
        or session.scalars(query.where(Task.name == text)).first()
    )
    if found is None:
        codes = session.scalars(select(Task.code).where(Task.id.in_(query)).order_by(Task.code).limit(12)).all()
        raise UnknownTerm(f"no task is called {text!r}; known are {', '.join(codes) or 'none'}")
    return found


def within(reader: Reader, table: Any) -> list[Any]:
    """The conditions that keep the rows of a table (annotations, exclusions) that are the reader's to see."""
    products = visible_products(reader)
    return [
        table.outcome_id.is_(None) | table.outcome_id.in_(visible_terms(reader)),
        table.segment_id.is_(None) | table.segment_id.in_(visible_segments(reader)),
        table.product_id.is_(None) | table.product_id.in_(products),
        table.task_id.is_(None) | table.task_id.in_(select(Task.id).where(Task.product_id.in_(products))),
    ]


def with_codes(table: Any, *columns: Any) -> Select[Any]:
    """A select of columns of the table with the codes of what it is about, labelled outcome, task, segment, product."""
    outcome, segment, product = (aliased(Term.__table__) for _ in range(3))
    return (
        select(
            *columns, outcome.c.code.label("outcome"), Task.code.label("task"), segment.c.code.label("segment"),
            product.c.code.label("product"),
        )
        .select_from(table)
        .join(outcome, outcome.c.id == table.outcome_id, isouter=True)
        .join(Task, Task.id == table.task_id, isouter=True)
        .join(segment, segment.c.id == table.segment_id, isouter=True)
        .join(product, product.c.id == table.product_id, isouter=True)
    )  # fmt: skip


def choices(session: Session, reader: Reader) -> dict[str, list[tuple[str, str]]]:
    """Code and name of everything that can be chosen by the reader, by axis; retired terms are left out."""
    found = {}
    for axis in ("outcome", "segment", "product"):
        query = select(Term.code, Term.name).where(Term.axis == axis, Term.status != "retired")
        found[axis] = _named(session, query.where(Term.id.in_(_visible(reader, axis))).order_by(Term.code))
    tasks = select(Task.code, Task.name).where(Task.product_id.in_(visible_products(reader)))
    return {**found, "task": _named(session, tasks.order_by(Task.code))}


def _named(session: Session, query: Select[Any]) -> list[tuple[str, str]]:
    return [(code, f"{code} {name}"[:90]) for code, name in session.execute(query)]
