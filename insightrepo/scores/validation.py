"""A validation study: candidates ranked by a survey, how sure each rank is, a proposed cut, a decision on each.

Decisions are steps of the outcomes' status that name the study; a later decision takes the place of an earlier one and
both stay on record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_terms
from insightrepo.accounts.audit import record
from insightrepo.locales import short
from insightrepo.models import Answer, Outcome, Score, StatusChange, Term, Validation
from insightrepo.scores.computing.cells import CellKey, People, product_parents, read_cells
from insightrepo.scores.computing.ranking import Ranks, rank_items
from insightrepo.scores.computing.score_rows import SEED, number_of
from insightrepo.scores.waves.waves import find_wave
from insightrepo.taxonomy.life_cycle import STEPS, StepRefused, changeable, decide

SCALES = {"importance": 100.0, "opportunity": 20.0}
DECISIONS = ("validated", "candidate", "retired")


class ValidationRefused(ValueError):
    """The study cannot be made or decided so; the message says what to do."""


class Plan(BaseModel):
    """What a study ranks by and where it would cut, as `Validation.settings` keeps it.

    rule "bound": an outcome is kept where the lower bound of its 95% interval is above `above` (importance: percent,
    opportunity: 0 to 20) in at least one segment; "top": the first `top` are kept. `outcomes` are the candidates' ids.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    measure: Literal["importance", "opportunity"] = "importance"
    rule: Literal["bound", "top"] = "bound"
    above: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 50.0
    top: Annotated[int, Field(ge=1)] = 40
    outcomes: tuple[int, ...] = ()

    @property
    def words(self) -> str:
        """The rule in words."""
        if self.rule == "top":
            return f"keep the first {self.top} by {self.measure}"
        unit = "%" if self.measure == "importance" else ""
        return f"keep where {self.measure} is surely above {short(self.above)}{unit} in at least one segment"


def create_validation(session: Session, reader: Reader, name: str, wave_code: str, **settings: object) -> Validation:
    """A study of all candidates that a wave asked about and that the reader may see; `settings` are those of `Plan`.

    Raises:
        Forbidden: the reader is not a researcher without scopes: a study decides on what is everybody's.
        WaveUnknown: there is no such wave.
        ValidationRefused: a setting is wrong, the name is taken, or no candidate was asked about.
    """
    reader.require("researcher")
    if not reader.may_change_global:
        raise ValidationRefused("you are limited to a part of the workspace: a study ranks what is everybody's")
    words = " ".join(name.split())
    if not 0 < len(words) <= 300:
        raise ValidationRefused("give the study a name of at most 300 characters")
    if session.scalar(select(Validation.id).where(Validation.name == words)) is not None:
        raise ValidationRefused(f"there is a study {words!r} already: give this one another name")
    wave = find_wave(session, wave_code)
    plan = _plan(settings)
    asked = select(Answer.outcome_id).where(Answer.wave_id == wave.id, Answer.importance.is_not(None))
    seen = Outcome.id.in_(visible_terms(reader)), Outcome.id.in_(asked), Outcome.status == "candidate"
    ids = tuple(session.scalars(select(Outcome.id).where(*seen).order_by(Outcome.code)))
    if not ids:
        raise ValidationRefused(
            f"the wave {wave.code} asked for the importance of no candidate: import its answers first"
        )
    made = Validation(
        name=words,
        wave_id=wave.id,
        settings=plan.model_copy(update={"outcomes": ids}).model_dump(mode="json"),
        created_by_id=reader.user_id,
    )
    session.add(made)
    session.flush()
    record(session, reader.user_id, "validation.create", f"validation:{made.id}", wave=wave.code, outcomes=len(ids))
    return made


def plan_of(validation: Validation) -> Plan:
    """What a study was set up with."""
    return Plan.model_validate(validation.settings)


def proposed(session: Session, validation: Validation, ranks: Mapping[int, int]) -> dict[int, tuple[int | None, ...]]:
    """The outcomes (ids) that the rule would keep, each with the segments (ids; None: everybody) that pass it.

    `ranks` are the outcomes' ranks, for the rule "top"; a suppressed cell passes nothing. Where a wave has no cell of
    a segment, the cell of everybody is held against the bound.
    """
    plan = plan_of(validation)
    if plan.rule == "top":
        return {outcome: () for outcome, rank in ranks.items() if 0 < rank <= plan.top}
    rows = session.execute(
        select(Score.outcome_id, Score.segment_id, Score.low).where(
            Score.wave_id == validation.wave_id,
            Score.outcome_id.in_(plan.outcomes),
            Score.product_id.is_(None),
            Score.measure == plan.measure,
        )
    ).all()
    segmented = {outcome for outcome, segment, _ in rows if segment is not None}
    kept: dict[int, list[int | None]] = {}
    for outcome, segment, low in rows:
        counts = segment is not None or outcome not in segmented
        if counts and low is not None and low > plan.above:
            kept.setdefault(outcome, []).append(segment)
    return {outcome: tuple(segments) for outcome, segments in kept.items()}


def rank_candidates(session: Session, validation: Validation) -> dict[int | None, dict[int, tuple[int, int, int]]]:
    """Rank with its interval by outcome id, for everybody (None) and within each segment (id): (rank, low, high).

    People are drawn within their segments where each has one, weighted if the wave is. Not answered: not in it.
    """
    plan = plan_of(validation)
    cells = read_cells(session, validation.wave, product_parents(session))
    whole = {outcome: cells[CellKey(outcome, None, None)] for outcome in plan.outcomes if _key(outcome) in cells}
    segments = sorted({key.segment for key in cells if key.segment is not None and key.product is None})
    seed = SEED + number_of(validation.name, validation.wave.code)
    found = {None: _ranked(whole, plan.measure, _strata(cells, segments), seed)}
    for segment in segments:
        inside = {o: cells[CellKey(o, segment, None)] for o in plan.outcomes if CellKey(o, segment, None) in cells}
        found[segment] = _ranked(inside, plan.measure, {}, seed)
    return found


def record_decisions(
    session: Session, reader: Reader, validation: Validation, decisions: Mapping[str, str], reason: str
) -> tuple[str, ...]:
    """Record a decision on each of these candidates (by code): validated, candidate (left, or taken back) or retired.

    Each is a step of the outcome's status with the study and its wave's scores; the codes, in order.

    Raises:
        Forbidden, UnknownTerm: as `life_cycle.changeable`.
        StepRefused: there is no such step, or the reason is missing.
        ValidationRefused: an outcome is not of the study, or the decision is none.
    """
    plan = plan_of(validation)
    for code, decision in decisions.items():
        term = changeable(session, reader, code)
        if term.id not in plan.outcomes:
            raise ValidationRefused(f"{term.code} is not of the study {validation.name!r}")
        if decision not in DECISIONS:
            raise ValidationRefused(f"{decision!r} is no decision: write {', '.join(DECISIONS)}")
        if decision != term.status and decision not in STEPS[term.status]:
            raise StepRefused(f"{term.code} is {term.status}: from there it can become {', '.join(STEPS[term.status])}")
        decide(session, reader, term, decision, reason, (), validation)
    return tuple(decisions)


def decided(session: Session, validation: Validation) -> dict[int, StatusChange]:
    """The decision in force on each outcome (id): the latest step that names the study."""
    steps = session.scalars(
        select(StatusChange)
        .where(StatusChange.validation_id == validation.id)
        .order_by(StatusChange.decided_at, StatusChange.id)
    )
    return {step.term_id: step for step in steps}


def find_validation(session: Session, wanted: str) -> Validation:
    """A study by its number or its name, whatever the case.

    Raises:
        ValidationRefused: there is none; the message lists those there are.
    """
    rows = session.scalars(select(Validation).order_by(Validation.id)).all()
    for row in rows:
        if wanted == str(row.id) or wanted.casefold() == row.name.casefold():
            return row
    known = ", ".join(f"{row.id} {row.name!r}" for row in rows) or "none yet"
    raise ValidationRefused(f"there is no validation study {wanted!r}: known are {known}")


def codes_of(session: Session, ids: Iterable[int | None]) -> dict[int, str]:
    """The codes of terms by id."""
    wanted = [number for number in ids if number is not None]
    return dict(session.execute(select(Term.id, Term.code).where(Term.id.in_(wanted))).tuples().all())


def _plan(settings: Mapping[str, object]) -> Plan:
    try:
        plan = Plan.model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors()[0]
        raise ValidationRefused(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    if plan.above >= SCALES[plan.measure]:
        raise ValidationRefused(
            f"above: {plan.measure} goes to {short(SCALES[plan.measure])}: nothing could be above that"
        )
    return plan


def _key(outcome: int) -> CellKey:
    return CellKey(outcome, None, None)


def _strata(cells: Mapping[CellKey, People], segments: Sequence[int]) -> dict[int, int]:
    """A number for each person (id) that stands for the segments they are in, taken together."""
    inside: dict[int, list[int]] = {}
    for segment in segments:
        people = [people.ids for key, people in cells.items() if key.segment == segment and key.product is None]
        for person in np.unique(np.concatenate(people)):
            inside.setdefault(int(person), []).append(segment)
    numbers: dict[tuple[int, ...], int] = {}
    return {person: numbers.setdefault(tuple(found), len(numbers) + 1) for person, found in inside.items()}


def _ranked(
    people: Mapping[int, People], measure: str, strata: Mapping[int, int], seed: int
) -> dict[int, tuple[int, int, int]]:
    if not people:
        return {}
    ids = np.unique(np.concatenate([cell.ids for cell in people.values()]))
    tops = np.full((len(ids), len(people), 2), np.nan)
    weights = np.ones(len(ids))
    for column, cell in enumerate(people.values()):
        places = np.searchsorted(ids, cell.ids)
        tops[places, column] = cell.tops
        if getattr(cell, "weights", None) is not None:
            weights[places] = cell.weights
    groups = np.array([strata.get(int(person), 0) for person in ids])
    ranks: Ranks = rank_items(tops, measure, weights, groups, seed)
    rows = zip(people, ranks.rank, ranks.low, ranks.high, strict=True)
    return {outcome: (int(rank), int(low), int(high)) for outcome, rank, low, high in rows if rank}
