"""The quantities that passages and insights state, kept with what has to be settled before they are quoted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from ingest.quantities import Quantity as Stated
from ingest.quantities import quantities as read_quantities
from insightrepo.accounts.access import Reader, studies_in_use, visible_studies
from insightrepo.accounts.audit import record
from insightrepo.batches import batches
from insightrepo.library.bulk import insert_rows
from insightrepo.library.tagging.tagging import NotThere
from insightrepo.models import QUANTITY_UNITS, Evidence, Quantity, Study, User, utcnow
from insightrepo.workspace import Workspace

KINDS = ("passage", "insight")  # claims; what a customer said stays as it was said
OPEN = ("read", "questioned")  # nobody has spoken on these: a new reading of the text replaces them
BESIDE = 70  # characters of text shown on either side of a number
PER_PAGE = 50
WRITE_BATCH = 50

Progress = Callable[[int, int], None]


class CannotSettle(ValueError):
    """What was said of a quantity cannot be kept; the message says why."""


@dataclass(frozen=True)
class QuantityShown:
    """A quantity in its words: `before`, `said` and `after` are the text around and of it. `settled_by` is an e-mail.

    `unit` is what was read or, once a person confirmed it, what they said.
    """

    id: int
    evidence_id: int
    study_id: int
    study: str
    before: str
    said: str
    after: str
    value: float
    unit: str
    is_change: bool
    base: str
    n: int | None
    period: str
    question: str
    state: str
    settled_by: str | None


@dataclass(frozen=True)
class QuantityPage:
    """A page of quantities that somebody has to settle, and how many there are in all."""

    quantities: tuple[QuantityShown, ...]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // PER_PAGE))


def store_quantities(session: Session, stated: Mapping[int, tuple[int, Sequence[Stated]]]) -> None:
    """Keep what pieces of evidence state, by id with their revision; what was read of them before and nobody spoke on
    is replaced.
    """
    if not stated:
        return
    session.execute(delete(Quantity).where(Quantity.evidence_id.in_(stated), Quantity.state.in_(OPEN)))
    settled = select(Quantity.evidence_id, Quantity.evidence_revision, Quantity.start).where(
        Quantity.evidence_id.in_(stated)
    )
    kept = {tuple(row) for row in session.execute(settled)}
    rows = [
        _row(evidence_id, revision, quantity)
        for evidence_id, (revision, found) in stated.items()
        for quantity in found
        if (evidence_id, revision, quantity.start) not in kept
    ]
    insert_rows(session, Quantity, rows)


def _row(evidence_id: int, revision: int, stated: Stated) -> dict[str, object]:
    return {
        "evidence_id": evidence_id,
        "evidence_revision": revision,
        "start": stated.start,
        "end": stated.end,
        "value": stated.value,
        "unit": stated.unit,
        "is_change": stated.is_change,
        "base": stated.base,
        "n": stated.n,
        "period": stated.period,
        "question": "; ".join(stated.questions),
        "state": "questioned" if stated.questions else "read",
    }


def quantities_of(session: Session, reader: Reader, evidence_id: int) -> tuple[QuantityShown, ...]:
    """The quantities of a piece of evidence as it now reads, in their order; none where the reader may not see it."""
    query = _shown(reader).where(Quantity.evidence_id == evidence_id).order_by(Quantity.start)
    return tuple(_quantity(*row) for row in session.execute(query).tuples())


def questioned(session: Session, reader: Reader, page: int = 1) -> QuantityPage:
    """The quantities of studies in use that carry an open question, newest evidence first; pages from 1."""
    query = _shown(reader).where(Quantity.state == "questioned", Study.id.in_(studies_in_use(reader)))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    query = query.order_by(Evidence.id.desc(), Quantity.start).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return QuantityPage(tuple(_quantity(*row) for row in session.execute(query).tuples()), total, page)


def _shown(reader: Reader) -> Select[tuple[Quantity, str, int, str, str | None]]:
    return (
        select(Quantity, Evidence.text, Study.id, Study.title, User.email)
        .join(Evidence, Evidence.id == Quantity.evidence_id)
        .join(Study, Study.id == Evidence.study_id)
        .join(User, User.id == Quantity.settled_by_id, isouter=True)
        .where(Study.id.in_(visible_studies(reader)), Evidence.withdrawn.is_(False))
        .where(Quantity.evidence_revision == Evidence.revision)
    )


def _quantity(row: Quantity, text: str, study_id: int, study: str, email: str | None) -> QuantityShown:
    before, after = text[max(0, row.start - BESIDE) : row.start], text[row.end : row.end + BESIDE]
    return QuantityShown(
        row.id,
        row.evidence_id,
        study_id,
        study,
        ("…" if row.start > BESIDE else "") + before,
        text[row.start : row.end],
        after + ("…" if row.end + BESIDE < len(text) else ""),
        row.value,
        row.unit,
        row.is_change,
        row.base,
        row.n,
        row.period,
        row.question,
        row.state,
        email,
    )


def settle(
    workspace: Workspace,
    reader: Reader,
    quantity_id: int,
    *,
    unit: str | None = None,
    n: int | None = None,
    base: str = "",
    dismiss: bool = False,
) -> int:
    """Say what a number means: its unit and, where known, of what (`base`) and of how many (`n`) it is; or dismiss the
    reading as no quantity. It stays so for this revision of the words. The id of its evidence.

    Raises:
        Forbidden: the reader is not a researcher.
        NotThere: there is no such quantity that the reader may see.
        CannotSettle: the unit is unknown, or a share has fewer than one in its base.
    """
    reader.require("researcher")
    if not dismiss and unit not in QUANTITY_UNITS:
        raise CannotSettle(f"{unit or 'no unit'!r} is not a unit; choose one of {', '.join(QUANTITY_UNITS)}")
    if n is not None and n < 1:
        raise CannotSettle(f"n is how many it is a share of, at least 1, not {n}")
    with workspace.database.writing() as session:
        seen = Evidence.study_id.in_(visible_studies(reader))
        query = select(Quantity).join(Evidence).where(Quantity.id == quantity_id, seen)
        row = session.scalar(query.with_for_update(of=Quantity))
        if row is None:
            raise NotThere(f"there is no quantity {quantity_id}")
        row.state = "dismissed" if dismiss else "confirmed"
        if not dismiss:
            row.unit, row.n, row.base = str(unit), n or row.n, base.strip()[:200] or row.base
        row.settled_by_id, row.settled_at = reader.user_id, utcnow()
        record(session, reader.user_id, "quantity.settle", f"quantity:{row.id}", state=row.state, unit=row.unit)
        return row.evidence_id


def read_again(workspace: Workspace, progress: Progress | None = None) -> int:
    """Read the quantities of all evidence anew, for what was imported before they were read. How many there are now;
    what people settled stays.
    """
    with workspace.database.reading() as session:
        query = select(Evidence.id).where(Evidence.kind.in_(KINDS), Evidence.withdrawn.is_(False)).order_by(Evidence.id)
        ids = list(session.scalars(query))
    for done, some in enumerate(batches(ids, WRITE_BATCH), start=1):
        with workspace.database.writing() as session:
            rows = session.execute(select(Evidence.id, Evidence.revision, Evidence.text).where(Evidence.id.in_(some)))
            stated = {row.id: (row.revision, read_quantities(row.text)) for row in rows}
            store_quantities(session, stated)
        if progress:
            progress(min(done * WRITE_BATCH, len(ids)), len(ids))
    with workspace.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Quantity)) or 0
