"""Everything that an outcome's page shows, read in one go."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select, union
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.library.terms.decisions import DecisionShown, decisions_of
from insightrepo.library.terms.outcome_context import OutcomeContext, read_context
from insightrepo.library.terms.outcome_said import OutcomeSaid, read_said
from insightrepo.library.terms.outcomes import OutcomeReading, read_outcome
from insightrepo.library.terms.sources import SourceMatrix, source_matrix
from insightrepo.library.terms.tasks import TaskLine, list_tasks
from insightrepo.models import DefinitionVersion, Outcome, StatusChange, Task, User
from insightrepo.scores.waves.annotations import AnnotationShown, annotations_between
from insightrepo.taxonomy.impact import Use, impact
from insightrepo.workspace import Workspace

SHOWN_ELSEWHERE = ("tag", "study", "task", "wave", "annotation", "rule", "trained head", "segment it is limited to")


@dataclass(frozen=True)
class OutcomeHub:
    """An outcome's page: `uses` are what links to it besides what the page shows anyway, `shaped_by` who changed its
    definition or its status.
    """

    reading: OutcomeReading
    context: OutcomeContext
    tasks: tuple[TaskLine, ...]
    said: OutcomeSaid
    decisions: tuple[DecisionShown, ...]
    sources: SourceMatrix
    happened: tuple[AnnotationShown, ...]
    uses: tuple[Use, ...]
    shaped_by: tuple[str, ...]


def read_hub(workspace: Workspace, session: Session, reader: Reader, code: str) -> OutcomeHub:
    """An outcome by its code, whatever the case.

    Raises:
        NotVisible: there is none that the reader may see.
    """
    reading = read_outcome(session, reader, code)
    code = reading.line.code
    context = read_context(session, reader, code)
    outcome = session.get_one(Outcome, context.id)  # held: what is read below finds it in the session
    tasks = tuple(list_tasks(session, reader, Task.outcomes.any(Outcome.id == context.id)))
    return OutcomeHub(
        reading=reading,
        context=context,
        tasks=tasks,
        said=read_said(workspace, session, reader, context.id),
        decisions=tuple(decisions_of(session, reader, [code]).get(code, ())),
        sources=source_matrix(session, reader, code),
        happened=_happened(session, reader, reading, tasks),
        uses=impact(session, reader, outcome, without=SHOWN_ELSEWHERE),
        shaped_by=_shaped_by(session, context.id),
    )  # fmt: skip


def _happened(
    session: Session, reader: Reader, reading: OutcomeReading, tasks: tuple[TaskLine, ...]
) -> tuple[AnnotationShown, ...]:
    """Events and interventions about the outcome, its tasks and products it was asked of, or about everything."""
    products = {task.product[0] for task in tasks} | {cell.code for cell in reading.by_product}
    served = {task.code for task in tasks}
    return tuple(
        one for one in annotations_between(session, reader, outcome=reading.line.code)
        if one.outcome or one.concerns == "everything" or one.task in served or (one.product in products)
    )  # fmt: skip


def _shaped_by(session: Session, outcome_id: int) -> tuple[str, ...]:
    """The people who changed the definition or the status, by name."""
    people = union(
        select(DefinitionVersion.changed_by_id).where(
            DefinitionVersion.kind == "outcome", DefinitionVersion.object_id == outcome_id
        ),
        select(StatusChange.decided_by_id).where(StatusChange.term_id == outcome_id),
    ).subquery()
    name = func.coalesce(func.nullif(User.name, ""), User.email)
    return tuple(session.scalars(select(name).where(User.id.in_(select(people))).order_by(name)))
