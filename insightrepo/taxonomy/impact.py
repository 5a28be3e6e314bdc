"""What cites or uses an outcome: read before it is retired or merged, within the reader's scope."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from insightrepo import locales
from insightrepo.accounts.access import Reader, studies_in_use, visible_products, visible_segments
from insightrepo.models import (
    IN_FORCE,
    Annotation,
    Answer,
    Evidence,
    Exclusion,
    Head,
    Metric,
    MetricPoint,
    Outcome,
    Pack,
    Rating,
    Rule,
    Score,
    Study,
    Tag,
    Target,
    Task,
    Validation,
    Wave,
)
from insightrepo.models.answers import metric_outcome
from insightrepo.models.taxonomy import outcome_segment, task_outcome

NAMED = 12  # things that are named; the rest is counted


@dataclass(frozen=True)
class Use:
    """Things of one kind that use an outcome: how many, the first of them by (name, address or empty)."""

    kind: str
    count: int
    what: str
    named: tuple[tuple[str, str], ...] = ()


def impact(session: Session, reader: Reader, outcome: Outcome, without: Collection[str] = ()) -> tuple[Use, ...]:
    """Everything that uses an outcome and that the reader may see, by kind; what nothing uses it for is left out.

    What stays as it is when it retires: tags (hidden from search unless asked for), scores and answers. What somebody
    must look at: tasks, metrics, targets, packs that are not signed, validation studies, rules. Kinds in `without` are
    not read at all.
    """
    kinds: dict[str, Callable[[], Use]] = {
        "tag": lambda: _tags(session, reader, outcome),
        "study": lambda: _studies(session, reader, outcome),
        "task": lambda: _tasks(session, reader, outcome),
        "metric": lambda: _metrics(session, outcome),
        "target": lambda: _targets(session, reader, outcome),
        "pack": lambda: _packs(session, reader, outcome),
        "validation study": lambda: _validations(session, outcome),
        "wave": lambda: _waves(session, outcome),
        "rule": lambda: _count(session, "rule", "machines tag with them until it is retired",
                               Rule.term_id == outcome.id, Rule.id),
        "trained head": lambda: _count(session, "trained head", "its votes go at the next retag",
                                       Head.term_id == outcome.id, Head.id),
        "exclusion": lambda: _count(session, "exclusion", "stays with its wave",
                                    Exclusion.outcome_id == outcome.id, Exclusion.id),
        "annotation": lambda: _annotations(session, reader, outcome),
        "segment it is limited to": lambda: _count(session, "segment it is limited to", "",
                                                   outcome_segment.c.outcome_id == outcome.id),
    }  # fmt: skip
    found = (read() for kind, read in kinds.items() if kind not in without)
    return tuple(use for use in found if use.count)


def _tags(session: Session, reader: Reader, outcome: Outcome) -> Use:
    query = select(func.count()).select_from(Tag).join(Evidence, Evidence.id == Tag.evidence_id)
    seen = Evidence.study_id.in_(studies_in_use(reader)), Evidence.withdrawn.is_(False)
    mine = Tag.term_id == outcome.id, Tag.state.in_(IN_FORCE)
    return Use("tag", session.scalar(query.where(*mine, *seen)) or 0, "stay, hidden from search unless asked for")


def _studies(session: Session, reader: Reader, outcome: Outcome) -> Use:
    tagged = select(Evidence.study_id).join(Tag, Tag.evidence_id == Evidence.id)
    tagged = tagged.where(Tag.term_id == outcome.id, Tag.state.in_(IN_FORCE), Evidence.withdrawn.is_(False))
    rows = session.execute(
        select(Study.title, Study.id)
        .where(Study.id.in_(tagged), Study.id.in_(studies_in_use(reader)))
        .order_by(Study.title)
    ).all()
    return _use("study", "have evidence tagged with it", ((title, f"study:{number}") for title, number in rows))


def _tasks(session: Session, reader: Reader, outcome: Outcome) -> Use:
    query = select(Task.code, Task.name).join(task_outcome, task_outcome.c.task_id == Task.id)
    seen = task_outcome.c.outcome_id == outcome.id, Task.product_id.in_(visible_products(reader))
    rows = session.execute(query.where(*seen).order_by(Task.code)).all()
    return _use("task", "tie to a successor, or they serve nothing", ((f"{code} {name}", "") for code, name in rows))


def _metrics(session: Session, outcome: Outcome) -> Use:
    query = select(Metric.code, Metric.name).join(metric_outcome, metric_outcome.c.metric_id == Metric.id)
    rows = session.execute(query.where(metric_outcome.c.outcome_id == outcome.id).order_by(Metric.code)).all()
    return _use("metric", "point to it: point them to a successor", ((f"{code} {name}", "") for code, name in rows))


def _targets(session: Session, reader: Reader, outcome: Outcome) -> Use:
    seen = Target.product_id.is_(None) | Target.product_id.in_(visible_products(reader))
    teams = Target.team_id.is_(None) | Target.team_id.in_(reader.teams)
    query = select(Target.name, Target.first_day, Target.last_day).where(Target.outcome_id == outcome.id, seen)
    if not reader.at_least("administrator"):
        query = query.where(teams)
    rows = session.execute(query.order_by(Target.first_day)).all()
    named = ((f"{name} ({locales.days(first, last)})", "") for name, first, last in rows)
    return _use("target", "end them, or set them on a successor", named)


def _packs(session: Session, reader: Reader, outcome: Outcome) -> Use:
    """Packs whose snapshot names the outcome; a pack holds what its owner may see, so only one's own are named."""
    query = select(Pack.title, Pack.state, Pack.content).order_by(Pack.last_day.desc())
    if not reader.at_least("administrator"):
        query = query.where(Pack.owner_id == reader.user_id)
    named = ((f"{t} ({s})", "") for t, s, content in session.execute(query) if outcome.code in _words(content))
    return _use("pack", "signed ones stay as they are", named)


def _words(content: object) -> set[str]:
    """All texts anywhere in a JSON value."""
    if isinstance(content, dict):
        return set().union(*(_words(value) for value in content.values()), content.keys())
    if isinstance(content, list):
        return set().union(*map(_words, content))
    return {content} if isinstance(content, str) else set()


def _validations(session: Session, outcome: Outcome) -> Use:
    rows = session.execute(select(Validation.name, Validation.id, Validation.settings).order_by(Validation.id))
    named = ((n, f"validation:{i}") for n, i, settings in rows if outcome.id in settings.get("outcomes", ()))
    return _use("validation study", "keep their ranking and decisions", named)


def _waves(session: Session, outcome: Outcome) -> Use:
    holds = [
        select(table.wave_id).where(table.outcome_id == outcome.id) for table in (Answer, Score, Rating, MetricPoint)
    ]
    query = select(Wave.code, Wave.state).where(Wave.id.in_(holds[0].union(*holds[1:])))
    rows = session.execute(query.order_by(Wave.first_day.desc())).all()
    return _use("wave", "keep their answers and scores", ((f"{code} ({state})", "") for code, state in rows))


def _annotations(session: Session, reader: Reader, outcome: Outcome) -> Use:
    seen = (
        Annotation.product_id.is_(None) | Annotation.product_id.in_(visible_products(reader)),
        Annotation.segment_id.is_(None) | Annotation.segment_id.in_(visible_segments(reader)),
    )
    query = select(Annotation.text, Annotation.first_day).where(Annotation.outcome_id == outcome.id, *seen)
    rows = session.execute(query.order_by(Annotation.first_day)).all()
    return _use("annotation", "stay", ((f"{locales.day(day)}: {text}", "") for text, day in rows))


def _count(session: Session, kind: str, what: str, condition: ColumnElement[bool], column=None) -> Use:
    query = select(func.count(column)) if column is not None else select(func.count())
    return Use(kind, session.scalar(query.where(condition)) or 0, what)


def _use(kind: str, what: str, named: Iterable[tuple[str, str]]) -> Use:
    everything = tuple(named)
    return Use(kind, len(everything), what, everything[:NAMED])
