"""Behaviour and opinion: whether an outcome is measured by what people do, by what they say, or by both."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.models import Metric, Score
from insightrepo.models.taxonomy import task_outcome
from insightrepo.scores.reading import within

BEHAVIOUR = frozenset({"success", "time"})  # of a task: what was done, not what was thought of it


def natures(session: Session, reader: Reader, outcome_id: int) -> dict[str, tuple[str, ...]]:
    """The measures that an outcome has scores of, in any wave: "behaviour" and "opinion", each by name.

    Its own, those of the tasks that serve it, and metrics tied to it; a metric is what the catalogue says it is.
    """
    tasks = select(task_outcome.c.task_id).where(task_outcome.c.outcome_id == outcome_id)
    measures: set[str] = set()
    for concerned in (Score.outcome_id == outcome_id, Score.task_id.in_(tasks)):  # together no index serves them
        query = select(Score.measure).distinct().where(*within(reader), concerned, Score.value.is_not(None))
        measures.update(session.scalars(query))
    metrics = dict(session.execute(select(Metric.code, Metric.nature).where(Metric.code.in_(measures))).tuples().all())
    found: dict[str, list[str]] = {"behaviour": [], "opinion": []}
    for measure in sorted(measures):
        found[metrics.get(measure, "behaviour" if measure in BEHAVIOUR else "opinion")].append(measure)
    return {nature: tuple(names) for nature, names in found.items()}


def one_sided(found: dict[str, tuple[str, ...]]) -> str | None:
    """A warning where an outcome is measured from one side only; None where from both or not at all."""
    behaviour, opinion = found["behaviour"], found["opinion"]
    if opinion and not behaviour:
        return (
            f"Only opinion is measured here ({', '.join(opinion)}): what people say is not yet what they do. "
            "Bring in trials of a task that serves it, or a metric of behaviour."
        )
    if behaviour and not opinion:
        return (
            f"Only behaviour is measured here ({', '.join(behaviour)}): it does not say how important or satisfying it "
            "is. Ask about it in the next wave."
        )
    return None
