"""What happened beside the measuring: outside events, and interventions of ours, on a day or over a period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.accounts.audit import record
from insightrepo.locales import day, days
from insightrepo.models import ANNOTATION_KINDS, Annotation, Outcome, User
from insightrepo.scores.computing.crowd import chain, product_parents
from insightrepo.scores.waves.concerning import Concerning, resolve, with_codes, within


class AnnotationWrong(ValueError):
    """An annotation that says nothing, or ends before it begins."""


@dataclass(frozen=True)
class AnnotationShown:
    """An event or intervention for a trend or a page. Terms are codes, None: it concerns all of them."""

    id: int
    kind: str
    first_day: dt.date
    last_day: dt.date | None
    text: str
    outcome: str | None
    task: str | None
    segment: str | None
    product: str | None
    by: str | None

    @property
    def concerns(self) -> str:
        """What it is about, in words."""
        return ", ".join(filter(None, (self.outcome, self.task, self.segment, self.product))) or "everything"

    @property
    def when(self) -> str:
        """Its day, or its first and last day."""
        return day(self.first_day) if self.last_day in (None, self.first_day) else days(self.first_day, self.last_day)


def annotate(
    session: Session,
    reader: Reader,
    kind: str,
    first_day: dt.date,
    text: str,
    last_day: dt.date | None = None,
    **about: str | None,
) -> Annotation:
    """Write down an event or an intervention; `about` names outcome, task, segment and product by code or name.

    Raises:
        Forbidden: the reader is no researcher, or limited and it concerns everybody.
        AnnotationWrong: the kind is unknown, the text empty, or the last day before the first.
        UnknownTerm: what it is about is not known.
    """
    reader.require("researcher")
    if kind not in ANNOTATION_KINDS:
        raise AnnotationWrong(f"an annotation is an {' or an '.join(ANNOTATION_KINDS)}, not {kind!r}")
    if not text.strip():
        raise AnnotationWrong("say what happened: the text is empty")
    if last_day is not None and last_day < first_day:
        raise AnnotationWrong(f"it would end on {day(last_day)}, before it begins on {day(first_day)}")
    concerning = resolve(session, reader, about)
    _require_change(session, reader, concerning)
    found = Annotation(kind=kind, first_day=first_day, last_day=last_day, text=text.strip(), **concerning.ids,
                       created_by_id=reader.user_id)  # fmt: skip
    session.add(found)
    session.flush()
    record(session, reader.user_id, "annotation.add", f"annotation:{found.id}", kind=kind, day=first_day.isoformat())
    return found


def remove_annotation(session: Session, reader: Reader, annotation_id: int) -> bool:
    """Take an annotation away; False where there is none that the reader may see. Forbidden as in `annotate`."""
    reader.require("researcher")
    found = session.scalar(select(Annotation).where(Annotation.id == annotation_id, *within(reader, Annotation)))
    if found is None:
        return False
    _require_change(session, reader, found)
    session.execute(delete(Annotation).where(Annotation.id == annotation_id))
    record(session, reader.user_id, "annotation.remove", f"annotation:{annotation_id}")
    return True


def _require_change(session: Session, reader: Reader, about: Concerning | Annotation) -> None:
    """Who is limited writes beside a product, task or segment of theirs, or an outcome of their team."""
    if about.task_id or about.segment_id or about.product_id:
        return
    if about.outcome_id:
        reader.require_change(session.get_one(Outcome, about.outcome_id))
    else:
        reader.require_change_global()


def annotations_between(
    session: Session,
    reader: Reader,
    first: dt.date | None = None,
    last: dt.date | None = None,
    kind: str | None = None,
    **about: str | None,
) -> list[AnnotationShown]:
    """Events and interventions that touch the days from `first` to `last` (None: without end), in time.

    With `about` (outcome, task, segment, product; codes or names) only those that concern it or everything: what is
    said of a product concerns the products below it too. Left out is what is outside the reader's scopes.

    Raises:
        UnknownTerm: what is asked about is not known.
    """
    ends = func.coalesce(Annotation.last_day, Annotation.first_day)
    conditions = [*within(reader, Annotation), *_about(session, reader, about)]
    if first is not None:
        conditions.append(ends >= first)
    if last is not None:
        conditions.append(Annotation.first_day <= last)
    if kind is not None:
        conditions.append(Annotation.kind == kind)
    columns = (
        Annotation.id, Annotation.kind, Annotation.first_day, Annotation.last_day, Annotation.text,
        Annotation.created_by_id,
    )  # fmt: skip
    query = with_codes(Annotation, *columns).where(*conditions).order_by(Annotation.first_day, Annotation.id)
    rows = session.execute(query).all()
    people = _people(session, {row.created_by_id for row in rows})
    return [AnnotationShown(row.id, row.kind, row.first_day, row.last_day, row.text, row.outcome, row.task,
                            row.segment, row.product, people.get(row.created_by_id)) for row in rows]  # fmt: skip


def _about(session: Session, reader: Reader, about: Mapping[str, str | None]) -> list[Any]:
    conditions = []
    for name, identifier in resolve(session, reader, about).ids.items():
        if identifier is not None:
            ids = chain(identifier, product_parents(session)) if name == "product_id" else [identifier]
            column = getattr(Annotation, name)
            conditions.append(or_(column.is_(None), column.in_(ids)))
    return conditions


def _people(session: Session, ids: set[int | None]) -> dict[int | None, str]:
    query = select(User.id, User.name, User.email).where(User.id.in_([number for number in ids if number]))
    return {row.id: row.name or row.email for row in session.execute(query)}
