"""An outcome made or changed by a person: checked field by field, kept as a version, never over somebody's head."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from insightrepo.accounts.access import Forbidden, Reader, visible_products, visible_terms
from insightrepo.accounts.audit import record
from insightrepo.models import Metric, Outcome, Segment, Task, Team, User, utcnow
from insightrepo.scores.measures import MEASURES
from insightrepo.taxonomy.exporting import stage_names
from insightrepo.taxonomy.history import note_status
from insightrepo.taxonomy.life_cycle import StepRefused, changeable
from insightrepo.taxonomy.schema import LEADS, OutcomeEntry
from insightrepo.taxonomy.versions import keep_version, restore, wording

NOTE_LENGTH = 500  # characters
RESCORED = frozenset({"segments", "tasks", "job", "success_measure"})  # what its open scores are computed from
RETAGGED = frozenset({"name", "job", "success_measure", "aliases", "policy"})  # what tagging reads of an outcome
FORM_NAMES = {"success": "success_measure", "stage": "journey_stage"}  # a file's field: the form's
EXPLAINED = {
    "string_too_short": "write something here",
    "missing": "write something here",
    "string_too_long": "too long: use fewer characters",
}


class EditRefused(ValueError):
    """What was written cannot be kept; `problems` has what to do by field, "" for the whole."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {words}" if field else words for field, words in problems.items()))
        self.problems = dict(problems)


@dataclass(frozen=True)
class OutcomeDraft:
    """An outcome as a person wrote it. `owner` and `steward` are e-mail addresses or empty, `segments` and `tasks`
    codes; `team` a team's name, of a new outcome only; `meaning` is "new" where new words mean something
    else; `seen` is the `Edition.mark` that the person began with.
    """

    code: str
    job: str
    success_measure: str = ""
    category: str = ""
    journey_stage: str = ""
    aliases: tuple[str, ...] = ()
    lead_measure: str = "satisfaction"
    policy: str = "automatic"
    owner: str = ""
    steward: str = ""
    segments: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    team: str = ""
    note: str = ""
    meaning: str = ""
    seen: str = ""


@dataclass(frozen=True)
class Choices:
    """What the editor offers: (value, words) pairs, categories and stages in use."""

    segments: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]  # by dimension
    tasks: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]  # by product
    measures: tuple[tuple[str, str], ...]
    people: tuple[tuple[str, str], ...]
    teams: tuple[tuple[str, str], ...]
    categories: tuple[str, ...]
    stages: tuple[str, ...]


def draft_of(session: Session, reader: Reader, outcome: Outcome) -> OutcomeDraft:
    """An outcome as it stands, ready to be changed; of what it is tied to only what the reader may see."""
    people: dict[int | None, str] = dict(session.execute(select(User.id, User.email)).tuples().all())
    products = set(session.scalars(visible_products(reader)))
    return OutcomeDraft(
        code=outcome.code,
        job=outcome.job,
        success_measure=outcome.success_measure,
        category=outcome.category,
        journey_stage=outcome.journey_stage,
        aliases=tuple(outcome.aliases),
        lead_measure=outcome.lead_measure,
        policy=outcome.policy,
        owner=people.get(outcome.owner_id, ""),
        steward=people.get(outcome.steward_id, ""),
        segments=tuple(segment.code for segment in outcome.segments if reader.sees_term(segment)),
        tasks=tuple(task.code for task in outcome.tasks if task.product_id in products),
        seen=mark(outcome),
    )


def mark(outcome: Outcome) -> str:
    """By which a person's edit knows whether somebody else changed the outcome meanwhile."""
    return outcome.updated_at.isoformat()


def choices(session: Session, reader: Reader) -> Choices:
    """What the editor offers to this reader."""
    seen = visible_terms(reader)
    segments = session.scalars(
        select(Segment).where(Segment.id.in_(seen), Segment.status != "retired").order_by(Segment.dimension, Segment.id)
    )
    tasks = session.scalars(
        select(Task)
        .where(Task.product_id.in_(visible_products(reader)))
        .options(selectinload(Task.product))
        .order_by(Task.product_id, Task.code)
    )
    metrics = session.execute(select(Metric.code, Metric.name).where(Metric.status == "active").order_by(Metric.code))
    people = session.execute(select(User.email, User.name).where(User.active.is_(True)).order_by(User.name, User.email))
    teams = session.scalars(select(Team.name).where(_own_teams(reader)).order_by(Team.name))
    named = [(email, f"{name} ({email})" if name else email) for email, name in people]
    return Choices(
        segments=_grouped((row.dimension, (row.code, row.name)) for row in segments),
        tasks=_grouped((row.product.name, (row.code, f"{row.code} {row.name}")) for row in tasks),
        measures=(*((name, name) for name in MEASURES if name in LEADS), *((c, f"{c} {n}") for c, n in metrics)),
        people=tuple(named),
        teams=tuple((name, name) for name in teams),
        categories=_in_use(session, Outcome.category, seen),
        stages=_stages(session, seen),
    )


def create_outcome(session: Session, reader: Reader, draft: OutcomeDraft) -> Outcome:
    """Make a candidate of a draft, everybody's or a team's.

    Raises:
        Forbidden: the reader may not make outcomes there.
        EditRefused: something in it cannot be kept.
    """
    reader.require("researcher")
    problems: dict[str, str] = {}
    entry = _entry(draft, problems)
    team = _team(session, reader, draft.team, problems)
    if team is None and not problems and not reader.may_change_global:
        raise Forbidden("you are limited to a part of the workspace: an outcome of yours belongs to one of your teams")
    taken = select(Outcome.id).where(func.lower(Outcome.code) == draft.code.strip().lower())
    if session.scalar(taken) is not None:
        problems["code"] = "another outcome has this code: take the next one"
    if entry is None or problems:
        raise EditRefused(problems)
    outcome = Outcome(code=entry.code, status="candidate", team_id=team)
    _fill(session, reader, outcome, entry, draft, problems)
    if problems:
        raise EditRefused(problems)
    session.add(outcome)
    session.flush()
    keep_version(session, outcome, None, reader.user_id, draft.note.strip())
    note_status(session, outcome, "", draft.note.strip() or "written in the browser", reader.user_id)
    record(session, reader.user_id, "outcome.create", f"outcome:{outcome.code}")
    return outcome


def change_outcome(session: Session, reader: Reader, code: str, draft: OutcomeDraft) -> tuple[Outcome, frozenset[str]]:
    """Change an outcome to what a draft says; its fields that changed. Ties to what the reader may not see stay.

    Raises:
        Forbidden, UnknownTerm: as `life_cycle.changeable`.
        EditRefused: something in it cannot be kept, or somebody else changed the outcome meanwhile.
    """
    outcome = changeable(session, reader, code)
    if outcome.status == "retired":
        raise EditRefused({"": f"{outcome.code} is retired: take it up again before you change it"})
    if draft.seen != mark(outcome):
        raise EditRefused({"": "somebody changed this outcome while you wrote: compare with it, then save again"})
    problems: dict[str, str] = {}
    before = wording(outcome)
    entry = _entry(draft, problems)
    changed = _fill(session, reader, outcome, entry, draft, problems) if entry else frozenset()
    if problems:
        raise EditRefused(problems)
    if changed:
        outcome.updated_at = utcnow()  # a changed tie alone would not set it
        session.flush()
        keep_version(session, outcome, before, reader.user_id, draft.note.strip(), draft.meaning == "new")
        record(session, reader.user_id, "outcome.change", f"outcome:{outcome.code}", fields=sorted(changed))
    return outcome, changed


def bring_back(session: Session, reader: Reader, code: str, version: int) -> int | None:
    """Restore the wording of an older version of an outcome; the new version's number, None: it is the wording already.

    Raises:
        Forbidden, UnknownTerm: as `life_cycle.changeable`.
        StepRefused: it is retired.
        LookupError: the version was not kept.
    """
    outcome = changeable(session, reader, code)
    if outcome.status == "retired":
        raise StepRefused(f"{outcome.code} is retired: take it up again before you bring a wording back")
    if not restore(session, outcome, version, reader.user_id):
        return None
    return outcome.version


def _entry(draft: OutcomeDraft, problems: dict[str, str]) -> OutcomeEntry | None:
    """The draft under the same checks as a file's entry."""
    if len(draft.note) > NOTE_LENGTH:
        problems["note"] = f"too long: use at most {NOTE_LENGTH} characters"
    values = {
        "code": draft.code, "job": draft.job, "success": draft.success_measure, "category": draft.category,
        "stage": draft.journey_stage, "aliases": [alias for alias in draft.aliases if alias.strip()],
        "lead_measure": draft.lead_measure, "policy": draft.policy,
    }  # fmt: skip
    try:
        return OutcomeEntry.model_validate(values)
    except ValidationError as error:
        for found in error.errors():
            name = str(found["loc"][0]) if found["loc"] else "job"
            words = str(found["ctx"]["error"]) if found["type"] == "value_error" else EXPLAINED.get(found["type"], "")
            problems[FORM_NAMES.get(name, name)] = words or found["msg"]
    return None


def _fill(
    session: Session,
    reader: Reader,
    outcome: Outcome,
    entry: OutcomeEntry,
    draft: OutcomeDraft,
    problems: dict[str, str],
) -> frozenset[str]:
    """Set what is different; the names of the fields. Nothing is flushed where there are problems."""
    with session.no_autoflush:
        values: dict[str, Any] = {
            "name": entry.name,
            "job": entry.job,
            "success_measure": entry.success,
            "category": entry.category,
            "journey_stage": entry.stage,
            "aliases": list(entry.aliases),
            "lead_measure": _measure(session, outcome, entry.lead_measure, problems),
            "policy": entry.policy,
            "owner_id": _person(session, draft.owner, "owner", problems),
            "steward_id": _person(session, draft.steward, "steward", problems),
            "segments": _segments(session, reader, outcome, draft.segments, problems),
            "tasks": _tasks(session, reader, outcome, draft.tasks, problems),
        }
        if problems:
            return frozenset()
        changed = [name for name, value in values.items() if _differs(getattr(outcome, name), value)]
        for name in changed:
            setattr(outcome, name, values[name])
    return frozenset(changed)


def _differs(now: Any, wanted: Any) -> bool:
    if isinstance(wanted, list) and wanted and not isinstance(wanted[0], str):
        return {row.id for row in now} != {row.id for row in wanted}
    return now != wanted


def _measure(session: Session, outcome: Outcome, name: str, problems: dict[str, str]) -> str:
    if (
        name not in (*LEADS, outcome.lead_measure)
        and session.scalar(select(Metric.id).where(Metric.code == name)) is None
    ):
        problems["lead_measure"] = f"there is no measure {name}: choose one of the list"
    return name


def _person(session: Session, email: str, field: str, problems: dict[str, str]) -> int | None:
    if not email.strip():
        return None
    found = session.scalar(select(User.id).where(func.lower(User.email) == email.strip().lower()))
    if found is None:
        problems[field] = f"there is no user {email.strip()}: choose one of the list"
    return found


def _team(session: Session, reader: Reader, name: str, problems: dict[str, str]) -> int | None:
    if not name:
        return None
    found = session.scalar(select(Team.id).where(Team.name == name, _own_teams(reader)))
    if found is None:
        problems["team"] = "choose one of your teams, or nobody's"
    return found


def _own_teams(reader: Reader):
    return Team.id.is_not(None) if reader.at_least("administrator") else Team.id.in_(reader.teams)


def _segments(
    session: Session, reader: Reader, outcome: Outcome, codes: Sequence[str], problems: dict[str, str]
) -> list[Segment]:
    found = list(session.scalars(select(Segment).where(Segment.code.in_(codes), Segment.id.in_(visible_terms(reader)))))
    _note_missing("segments", codes, [row.code for row in found], problems)
    return found + [row for row in outcome.segments or () if not reader.sees_term(row)]


def _tasks(
    session: Session, reader: Reader, outcome: Outcome, codes: Sequence[str], problems: dict[str, str]
) -> list[Task]:
    seen = set(session.scalars(visible_products(reader)))
    found = [row for row in session.scalars(select(Task).where(Task.code.in_(codes))) if row.product_id in seen]
    _note_missing("tasks", codes, [row.code for row in found], problems)
    return found + [row for row in outcome.tasks or () if row.product_id not in seen]


def _note_missing(field: str, wanted: Iterable[str], found: Iterable[str], problems: dict[str, str]) -> None:
    if missing := sorted(set(wanted) - set(found)):
        problems[field] = f"there is no {', '.join(missing)}: choose from the list"


def _grouped(pairs: Iterable[tuple[str, tuple[str, str]]]) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, pair in pairs:
        groups.setdefault(name, []).append(pair)
    return tuple((name, tuple(found)) for name, found in groups.items())


def _stages(session: Session, seen) -> tuple[str, ...]:
    """The stages of the journey in their order, then those in use that are not among them."""
    return tuple(dict.fromkeys((*stage_names(session), *_in_use(session, Outcome.journey_stage, seen))))


def _in_use(session: Session, column, seen) -> tuple[str, ...]:
    query = select(column).where(Outcome.id.in_(seen), column != "").distinct().order_by(column)
    return tuple(session.scalars(query))
