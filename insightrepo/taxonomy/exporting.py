"""The taxonomy of the database as a file, in the order in which its entries were made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from insightrepo.models import JourneyStage, Outcome, Product, Segment, Task, Team, Term, User
from insightrepo.taxonomy.schema import (
    DimensionEntry,
    OutcomeEntry,
    ProductEntry,
    RuleEntry,
    SegmentEntry,
    TaskEntry,
    TaxonomyFile,
)


def everything(_term: Term) -> bool:
    """Holds for every term."""
    return True


def stage_names(session: Session) -> list[str]:
    """The stages of the journey in their order."""
    return list(session.scalars(select(JourneyStage.name).order_by(JourneyStage.position)))


def export(session: Session, shown: Callable[[Term], bool] = everything) -> TaxonomyFile:
    """The terms that `shown` holds for; by default all, so that importing the file into an empty workspace (with the
    same users) gives the same again.

    A product whose parent is left out stands under the nearest product above that is not.
    """
    return _Export(session, shown).file()


class _Export:
    def __init__(self, session: Session, shown: Callable[[Term], bool]) -> None:
        self.session = session
        self.shown = shown
        self.users: dict[int | None, str] = {user.id: user.email for user in session.scalars(select(User))}
        self.teams: dict[int | None, str] = {team.id: team.name for team in session.scalars(select(Team))}

    def file(self) -> TaxonomyFile:
        return TaxonomyFile(
            stages=tuple(stage_names(self.session)),
            outcomes=tuple(self._outcome(row) for row in self._all(Outcome, selectinload(Outcome.segments))),
            segments=self._dimensions(),
            products=self._products(),
        )

    def _all(self, kind: type[Any], *loading: Any) -> list[Any]:
        found = self.session.scalars(select(kind).options(selectinload(Term.rules), *loading).order_by(kind.id))
        return [row for row in found if self.shown(row)]

    def _shared(self, term: Term) -> dict[str, Any]:
        return {
            "code": term.code,
            "aliases": tuple(term.aliases),
            "status": term.status,
            "policy": term.policy,
            "owner": self.users.get(term.owner_id, ""),
            "steward": self.users.get(term.steward_id, ""),
            "team": self.teams.get(term.team_id, ""),
            "rules": tuple(
                RuleEntry.model_validate(
                    {rule.kind: tuple(rule.words), "distance": rule.distance, "effect": rule.effect}
                )
                for rule in term.rules
            ),
        }

    def _outcome(self, row: Outcome) -> OutcomeEntry:
        return OutcomeEntry(
            **self._shared(row),
            job=row.job,
            success=row.success_measure,
            category=row.category,
            stage=row.journey_stage,
            lead_measure=row.lead_measure,
            segments=tuple(sorted(segment.code for segment in row.segments if self.shown(segment))),
        )

    def _dimensions(self) -> tuple[DimensionEntry, ...]:
        members: dict[str, list[SegmentEntry]] = defaultdict(list)
        for row in self._all(Segment):
            entry = SegmentEntry(
                **self._shared(row), name=row.name, definition=row.definition, population=row.population
            )
            members[row.dimension].append(entry)
        return tuple(DimensionEntry(dimension=name, members=tuple(found)) for name, found in members.items())

    def _products(self) -> tuple[ProductEntry, ...]:
        below: dict[int | None, list[Product]] = defaultdict(list)
        for row in self._all(Product):
            below[self._parent_id(row)].append(row)
        tasks: dict[int, list[TaskEntry]] = defaultdict(list)
        for task in self.session.scalars(select(Task).options(selectinload(Task.outcomes)).order_by(Task.id)):
            codes = tuple(sorted(outcome.code for outcome in task.outcomes if self.shown(outcome)))
            tasks[task.product_id].append(TaskEntry(code=task.code, name=task.name, outcomes=codes))

        def entry(row: Product) -> ProductEntry:
            children = tuple(entry(child) for child in below[row.id])
            return ProductEntry(**self._shared(row), name=row.name, tasks=tuple(tasks[row.id]), children=children)

        return tuple(entry(row) for row in below[None])

    def _parent_id(self, row: Product) -> int | None:
        parent = row.parent
        while parent is not None and not self.shown(parent):
            parent = parent.parent
        return parent.id if parent else None
