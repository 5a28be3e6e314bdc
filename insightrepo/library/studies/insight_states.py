"""How insights stand today: against newer scores, with open numbers, with evidence for and against them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, studies_in_use
from insightrepo.library.studies.insight_steps import latest_look
from insightrepo.memory import remembered
from insightrepo.models import Evidence, EvidenceLink, Quantity, Study
from insightrepo.scores.waves.snapshots import MovedSince, moved_since


@dataclass(frozen=True)
class InsightState:
    """What to know before an insight is quoted. `moved` are scores that really moved since somebody last looked at it;
    `questions` numbers in it that nobody settled; `supports` and `contradicts` count evidence that the reader may see.
    """

    moved: tuple[MovedSince, ...] = ()
    questions: int = 0
    supports: int = 0
    contradicts: int = 0


@dataclass(frozen=True)
class Outdated:
    """An insight that newer scores speak against, to be looked at again."""

    id: int
    text: str
    study_id: int
    study: str
    moved: tuple[MovedSince, ...]


def insight_states(session: Session, reader: Reader, ids: Sequence[int]) -> dict[int, InsightState]:
    """The state of each of these insights, which the reader may see; a few queries however many there are."""
    if not ids:
        return {}
    looks = latest_look(session, list(ids))
    moved = moved_since(session, reader, looks.values())
    open_ = dict(session.execute(
        select(Quantity.evidence_id, func.count())
        .join(Evidence, Evidence.id == Quantity.evidence_id)
        .where(Quantity.evidence_id.in_(ids), Quantity.state == "questioned",
               Quantity.evidence_revision == Evidence.revision)
        .group_by(Quantity.evidence_id)
    ).tuples().all())  # fmt: skip
    linked = select(EvidenceLink.to_id, EvidenceLink.kind, func.count()).join(
        Evidence, Evidence.id == EvidenceLink.from_id
    )
    linked = linked.where(
        EvidenceLink.to_id.in_(ids), EvidenceLink.kind.in_(("supports", "contradicts")),
        Evidence.withdrawn.is_(False), Evidence.study_id.in_(studies_in_use(reader)),
    )  # fmt: skip
    counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for number, kind, count in session.execute(linked.group_by(EvidenceLink.to_id, EvidenceLink.kind)):
        counts[number][kind] = count
    return {
        number: InsightState(
            moved.get(looks.get(number, 0), ()), open_.get(number, 0), counts[number]["supports"],
            counts[number]["contradicts"],
        )
        for number in ids
    }  # fmt: skip


def outdated(session: Session, reader: Reader) -> tuple[Outdated, ...]:
    """The insights that the reader may see and whose scores really moved since, the newest first."""
    return remembered(session, ("outdated insights", reader), lambda: _outdated(session, reader))


def outdated_by_outcome(session: Session, reader: Reader) -> dict[str, int]:
    """How many insights on an outcome are to be looked at again, by its code."""
    return Counter(code for one in outdated(session, reader) for code in {moved.outcome for moved in one.moved})


def _outdated(session: Session, reader: Reader) -> tuple[Outdated, ...]:
    query = select(Evidence.id, Evidence.text, Study.id, Study.title).join(Study, Study.id == Evidence.study_id)
    query = query.where(Evidence.kind == "insight", Evidence.withdrawn.is_(False), Study.id.in_(studies_in_use(reader)))
    rows = session.execute(query.order_by(Evidence.id.desc())).tuples().all()
    looks = latest_look(session, [row[0] for row in rows])
    moved = moved_since(session, reader, looks.values())
    found = ((row, moved.get(looks.get(row[0], 0), ())) for row in rows)
    return tuple(Outdated(*row, speaking) for row, speaking in found if speaking)
