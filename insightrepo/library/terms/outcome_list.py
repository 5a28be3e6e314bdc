"""The register of outcomes as a list: grouped, filtered and sorted, each with its score, history and evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_products, visible_terms
from insightrepo.library.studies.insight_states import outdated_by_outcome
from insightrepo.library.terms.coverage import Evidence
from insightrepo.models import Outcome, Task, User
from insightrepo.models.taxonomy import task_outcome
from insightrepo.scores.acting.cell_outcomes import CellOutcome, cell_outcomes, sort_outcomes
from insightrepo.scores.acting.choosing import OutcomeShown
from insightrepo.scores.acting.disagreements import disagreement
from insightrepo.taxonomy.exporting import stage_names
from insightrepo.workspace import Workspace

GROUPS = {"category": "by category", "stage": "by journey stage", "none": "one list"}
LACKS = {
    "evidence": "without evidence",
    "tasks": "without a task",
    "scores": "without a score",
    "owner": "without an owner",
}
NO_OWNER = "nobody"
RETIRED = "Retired"
UNGROUPED = {"category": "Without a category", "stage": "Without a stage"}


@dataclass(frozen=True)
class OutcomeLine:
    """An outcome in the list: its scores of everybody, and what it has. `caution`: how its segments disagree."""

    scores: CellOutcome
    status: str
    owner: str | None
    pieces: int
    people: int
    studies: int
    tasks: int
    caution: str | None
    look_again: int = 0  # insights on it whose score really moved since

    @property
    def code(self) -> str:
        """Its code."""
        return self.scores.outcome.code

    @property
    def lacks(self) -> frozenset[str]:
        """Which of `LACKS` it has not."""
        has = {
            "evidence": self.pieces,
            "tasks": self.tasks,
            "scores": self.scores.score and self.scores.score.value is not None,
            "owner": self.owner,
        }
        return frozenset(name for name, found in has.items() if not found)


@dataclass(frozen=True)
class ListWanted:
    """What of the register is wanted and how; empty: all of it. `lacking` is one of `LACKS`."""

    status: str = ""
    owner: str = ""
    lacking: str = ""
    group: str = "category"
    sort: str = "code"


@dataclass(frozen=True)
class OutcomeList:
    """Groups of lines; `total` counts the register, `statuses`, `owners` and `lacking` what can be filtered by."""

    groups: tuple[tuple[str, tuple[OutcomeLine, ...]], ...]
    total: int
    shown: int
    statuses: tuple[tuple[str, int], ...]
    owners: tuple[tuple[str, int], ...]
    lacking: tuple[tuple[str, int], ...]


def list_outcomes(
    workspace: Workspace, session: Session, reader: Reader, wanted: ListWanted = ListWanted()
) -> OutcomeList:
    """The outcomes that the reader may see; retired ones are a group of their own at the end."""
    lines = _lines(workspace, session, reader)
    kept = [line for line in lines if _is_wanted(line, wanted)]
    return OutcomeList(
        groups=_grouped(kept, wanted, stage_names(session) if wanted.group == "stage" else ()),
        total=len(lines),
        shown=len(kept),
        statuses=_counted(line.status for line in lines),
        owners=_counted(line.owner or NO_OWNER for line in lines),
        lacking=tuple((name, sum(name in line.lacks for line in lines)) for name in LACKS),
    )


def _lines(workspace: Workspace, session: Session, reader: Reader) -> list[OutcomeLine]:
    columns = (
        Outcome.id, Outcome.code, Outcome.name, Outcome.category, Outcome.journey_stage, Outcome.lead_measure,
        Outcome.status, func.coalesce(func.nullif(User.name, ""), User.email).label("owner"),
    )  # fmt: skip
    query = select(*columns).outerjoin(User, User.id == Outcome.owner_id).where(Outcome.id.in_(visible_terms(reader)))
    rows = session.execute(query.order_by(Outcome.code)).all()
    scores = cell_outcomes(session, reader, [OutcomeShown(*row[:6], {}) for row in rows])
    evidence = Evidence(workspace, session, reader, ())
    tasks = _tasks(session, reader)
    cautions = disagreement(session, reader, [row.id for row in rows])
    again = outdated_by_outcome(session, reader)
    return [
        OutcomeLine(one, row.status, row.owner, *evidence.counts_of([row.id]), tasks.get(row.id, 0),
                    cautions.get(row.id), again.get(row.code, 0))
        for row, one in zip(rows, scores, strict=True)
    ]  # fmt: skip


def _tasks(session: Session, reader: Reader) -> dict[int, int]:
    """How many tasks of products that the reader may see serve each outcome."""
    query = select(task_outcome.c.outcome_id, func.count()).join(Task, Task.id == task_outcome.c.task_id)
    query = query.where(Task.product_id.in_(visible_products(reader))).group_by(task_outcome.c.outcome_id)
    return dict(session.execute(query).tuples().all())


def _is_wanted(line: OutcomeLine, wanted: ListWanted) -> bool:
    return (
        (not wanted.status or line.status == wanted.status)
        and (not wanted.owner or (line.owner or NO_OWNER) == wanted.owner)
        and (not wanted.lacking or wanted.lacking in line.lacks)
    )


def _grouped(
    lines: Sequence[OutcomeLine], wanted: ListWanted, names: Iterable[str]
) -> tuple[tuple[str, tuple[OutcomeLine, ...]], ...]:
    by_code = {line.code: line for line in lines}
    ordered = [by_code[one.outcome.code] for one in sort_outcomes((line.scores for line in lines), wanted.sort)]
    groups: dict[str, list[OutcomeLine]] = {name: [] for name in names}
    for line in sorted(lines, key=_GROUP_ORDER[wanted.group]):
        groups.setdefault(_group(line, wanted.group), [])
    for line in ordered:
        groups[_group(line, wanted.group)].append(line)
    for last in (UNGROUPED.get(wanted.group), RETIRED):
        if last in groups:
            groups[last] = groups.pop(last)
    return tuple((name, tuple(some)) for name, some in groups.items() if some)


def _group(line: OutcomeLine, group: str) -> str:
    if line.status == "retired":
        return RETIRED
    shown = line.scores.outcome
    return {"category": shown.category, "stage": shown.stage}.get(group, "") or UNGROUPED.get(group, "")


# Categories by name; stages that the taxonomy does not list in the order in which it first names them.
_GROUP_ORDER: dict[str, Callable[[OutcomeLine], Any]] = {
    "category": lambda line: line.scores.outcome.category,
    "stage": lambda line: line.scores.outcome.id,
    "none": lambda line: 0,
}


def _counted(values: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))
