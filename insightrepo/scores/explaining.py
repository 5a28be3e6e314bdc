"""Explain this number: from a score back to what went in, how it was computed, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_products, visible_terms
from insightrepo.library.reading import NotVisible
from insightrepo.locales import decimal, grouped, moment, probability, short, signed
from insightrepo.models import Answer, Outcome, Score, Task, Wave
from insightrepo.scores.computing.cells import not_applying
from insightrepo.scores.computing.companions import ROUNDED
from insightrepo.scores.computing.crowd import read_crowd
from insightrepo.scores.computing.statistics import top_two_box
from insightrepo.scores.formulas import Line, formula
from insightrepo.scores.measures import SMALLEST_FIRM, SMALLEST_SHOWN
from insightrepo.scores.reading import ScoreQuery, ScoreRow, read_scores, score_rows, within
from insightrepo.scores.waves.definitions import OF_WEIGHTS, weighting_for
from insightrepo.scores.waves.exclusions import ExclusionShown, exclusions_of
from insightrepo.scores.waves.responses import Rate, composition, dimensions_hiding
from insightrepo.taxonomy.applicability import not_applicable_in

SUPPRESSED = (
    f"Fewer than {SMALLEST_SHOWN} people stand behind this cell, or the number of another small cell would follow from "
    "it by subtraction. None of its numbers is shown anywhere: on no page, in no file and in no chart."
)

ELSEWHERE = "How many chose each answer is shown for everybody only: a small count would follow from the other parts."
FEW = "not shown"


@dataclass(frozen=True)
class PointCount:
    """How many answers a point of the scale (or "don't know", "not asked") got; None: fewer than five, or hidden with
    such a point. `top`: in the top box.
    """

    label: str
    count: int | None
    top: bool = False


@dataclass(frozen=True)
class Tested:
    """The test of the change from the wave before."""

    previous_wave: str
    change: float
    low: float | None
    high: float | None
    p_value: float
    q_value: float
    test: str
    family: int | None
    smallest_change: float | None
    alpha: float
    q_of_all: float | None
    tests_of_all: int | None
    alpha_of_all: float | None


@dataclass(frozen=True)
class Explanation:
    """Everything behind one figure. Of a suppressed one only what says so: no counts, no formula, no test.

    `inputs` are words and numbers; `distribution` is by "satisfaction" or "importance". `exclusions` are those of the
    wave that the reader may see and that touch the cell. `weighting` is the wave definition's; empty: not weighted.
    """

    score: ScoreRow
    name: str
    suppressed: str
    inputs: tuple[Line, ...]
    distribution: Mapping[str, tuple[PointCount, ...]]
    formula: tuple[Line, ...]
    exclusions: tuple[ExclusionShown, ...]
    weighting: Mapping[str, Any]
    response: Rate | None
    tested: Tested | None
    untested: str
    definition: Mapping[str, Any]
    wave_id: int
    frozen_hash: str | None
    computed_at: str
    elsewhere: str = ""  # why there is no distribution of answers; empty where there is one or nothing was asked


def explain(session: Session, reader: Reader, score_id: int) -> Explanation:
    """The explanation of a score by its id.

    Raises:
        NotVisible: there is none that the reader may see.
    """
    rows = score_rows(session, Score.id == score_id, *within(reader))
    if not rows:
        raise NotVisible(f"score {score_id}")
    return _explained(session, reader, rows[0])


def explain_cell(session: Session, reader: Reader, query: ScoreQuery) -> Explanation:
    """The explanation of the one score that a query finds.

    Raises:
        NotVisible: it finds none that the reader may see.
        ValueError: it finds several; the message says how many and what tells them apart.
    """
    rows = read_scores(session, reader, query)
    if not rows:
        raise NotVisible("score of this cell")
    if len(rows) > 1:
        raise ValueError(
            f"{len(rows)} scores fit: name wave, outcome or task, segment, product ('all' for everybody) and measure"
        )
    return _explained(session, reader, rows[0])


def _explained(session: Session, reader: Reader, row: ScoreRow) -> Explanation:
    score = session.get_one(Score, row.id)
    wave = session.get_one(Wave, score.wave_id)
    definition, detail = wave.definition or {}, _readable(session, reader, score.detail or {})
    hidden = row.note == "suppressed"
    touching = [one for one in exclusions_of(session, reader, wave) if _touches(one, row)]
    return Explanation(
        score=row,
        name=_name(session, score),
        suppressed=SUPPRESSED if hidden else "",
        inputs=() if hidden else _inputs(row, detail),
        distribution={} if hidden or ROUNDED in detail else _distribution(session, wave, score),
        elsewhere=ELSEWHERE if not hidden and _asked(score) and (score.segment_id or score.product_id) else "",
        formula=() if hidden else tuple(formula(row, detail)),
        exclusions=() if hidden else tuple(touching),
        weighting={}
        if hidden or (row.unweighted_value is None and ROUNDED not in detail)
        else _weighting(session, wave, weighting_for(reader, definition)),
        response=None if hidden else _response(session, reader, wave, row),
        tested=None if hidden else _tested(row, detail, definition),
        untested="" if hidden else _untested(row),
        definition={name: definition[name] for name in SHOWN_OF_DEFINITION if name in definition},
        wave_id=wave.id,
        frozen_hash=wave.frozen_hash,
        computed_at=f"{moment(score.computed_at)} UTC",
    )


def _readable(session: Session, reader: Reader, detail: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was kept with a score, without the parts of an index where one of its tasks is not the reader's."""
    asked = {part[0] for part in detail.get("tasks", ())}
    if not asked:
        return detail
    seen = select(Task.id).where(
        Task.id.in_(asked), Task.id.in_(visible_terms(reader)), Task.product_id.in_(visible_products(reader))
    )
    return detail if asked == set(session.scalars(seen)) else {**detail, "tasks": []}


SHOWN_OF_DEFINITION = (
    "code_version",
    "scale",
    "best",
    "top_box",
    "counted",
    "interval",
    "bands",
    "tests",
    "compared_with",
)


def _name(session: Session, score: Score) -> str:
    if score.outcome_id is not None:
        return session.get_one(Outcome, score.outcome_id).name
    return session.get_one(Task, score.task_id).name if score.task_id is not None else score.measure


def _weighting(session: Session, wave: Wave, weighting: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of the weights. A weight is a population over its people: where a segment of a dimension is hidden,
    what tells its weight is None; so is a count of one to four people.
    """
    said = dict(weighting)
    is_hiding = bool(said) and not dimensions_hiding(session, wave).isdisjoint(said["dimensions"])
    return _few_hidden(said, is_hiding)


def _few_hidden(said: dict[str, Any], is_hiding: bool) -> dict[str, Any]:
    few = [name for name in ("capped", "unplaced") if 0 < said.get(name, 0) < SMALLEST_SHOWN]
    return said | dict.fromkeys(OF_WEIGHTS if is_hiding else few)


def _touches(exclusion: ExclusionShown, row: ScoreRow) -> bool:
    """Whether an exclusion can have taken something out of the cell: nothing of what it names is another's."""
    of_task = exclusion.task is not None
    if of_task and row.task is not None and exclusion.task != row.task:
        return False
    if of_task and row.task is None and row.measure != "success":
        return False
    if exclusion.outcome is not None and exclusion.outcome != row.outcome:
        return False
    return exclusion.segment in (None, row.segment) or row.segment is None


def _inputs(row: ScoreRow, detail: Mapping[str, Any]) -> tuple[Line, ...]:
    lines = [Line("people", "n", grouped(row.n) if row.n is not None else "not known")]
    if row.answers is not None:
        lines.append(Line("answers or tries that they gave", "", grouped(row.answers)))
    if "top" in detail and row.n is not None:
        what = "completed" if row.measure == "success" else "in the top box"
        lines.append(Line(f"of them {what}, before any weights", "x", short(detail["top"])))
    if row.n_eff is not None and row.unweighted_value is not None:
        lines.append(Line("effective number of people after weighting", "n_eff", decimal(row.n_eff, 1)))
    if row.excluded:
        lines.append(Line("left out by exclusions", "", grouped(row.excluded)))
    if "refused" in detail:
        lines.append(Line("not computed", "", str(detail["refused"])))
    return tuple(lines)


def _asked(score: Score) -> tuple[str, ...]:
    """What people were asked for a score of an outcome; empty for another one."""
    asked = {"opportunity": ("importance", "satisfaction")}.get(score.measure, (score.measure,))
    return asked if score.outcome_id is not None and asked[0] in ("satisfaction", "importance") else ()


def _distribution(session: Session, wave: Wave, score: Score) -> dict[str, tuple[PointCount, ...]]:
    """The answers behind satisfaction, importance or opportunity, by point of the scale; of everybody only, since what
    a point hides in one segment would follow from the whole and the others.
    """
    asked = _asked(score)
    if not asked or score.segment_id is not None or score.product_id is not None:
        return {}
    query = select(
        Answer.respondent_id, Answer.product_id, Answer.satisfaction, Answer.importance, Answer.satisfaction_missing,
        Answer.importance_missing,
    ).where(Answer.wave_id == wave.id, Answer.outcome_id == score.outcome_id)  # fmt: skip
    rows = session.execute(query).all()
    crowd = read_crowd(session, wave)
    respondents = np.array([row.respondent_id for row in rows], dtype=np.int64)
    products = np.array([row.product_id for row in rows], dtype=float)
    outcomes = np.full(len(rows), score.outcome_id)
    inside = ~crowd.left_out(respondents, products, outcomes, None)
    inside &= ~not_applying(outcomes, crowd.places(respondents), crowd, not_applicable_in(session, wave))
    kept = [row for row, keep in zip(rows, inside, strict=True) if keep]
    scale = wave.instrument
    top = top_two_box(scale.scale_low, scale.scale_high, scale.best)
    return {
        name: _counted([getattr(row, name) for row in kept], range(scale.scale_low, scale.scale_high + 1), top)
        for name in asked
    }


def _counted(answers: Sequence[int | None], points: range, top: Any) -> tuple[PointCount, ...]:
    counts = {point: sum(answer == point for answer in answers) for point in points}
    shown = [PointCount(str(point), counts[point], bool(top(point))) for point in points]
    hidden = {*_hidden([one for one in shown if one.top]), *_hidden([one for one in shown if not one.top])}
    return tuple(PointCount(one.label, None if one.label in hidden else one.count, one.top) for one in shown)


def _hidden(points: Sequence[PointCount]) -> set[str]:
    """The points of one box to hide: those of one to four answers, then the next smallest until five stand behind what
    is hidden and more than one point is; the sum of the box is known from the score.
    """
    rising = sorted(points, key=lambda one: one.count or 0)
    hidden = [one for one in rising if 0 < (one.count or 0) < SMALLEST_SHOWN]
    rest = [one for one in rising if one not in hidden and one.count]
    while hidden and rest and (len(hidden) < 2 or sum(one.count or 0 for one in hidden) < SMALLEST_SHOWN):
        hidden.append(rest.pop(0))
    return {one.label for one in hidden}


def _response(session: Session, reader: Reader, wave: Wave, row: ScoreRow) -> Rate | None:
    """Of those invited to the wave in the cell's segment, how many answered; of tasks nothing: others tried them."""
    if row.task is not None or row.measure == "success":
        return None
    for stratum in composition(session, reader, wave):
        if stratum.segment == row.segment:
            return stratum.rate
    return None


def _tested(row: ScoreRow, detail: Mapping[str, Any], definition: Mapping[str, Any]) -> Tested | None:
    if row.p_value is None or row.q_value is None or row.change is None or row.previous_wave is None:
        return None
    return Tested(
        row.previous_wave, row.change, row.change_low, row.change_high, row.p_value, row.q_value,
        detail.get("test", ""), detail.get("family"), definition.get("smallest_change", {}).get(row.measure),
        definition.get("alpha", 0.05), detail.get("q_all"), detail.get("tests_all"), definition.get("alpha_of_all"),
    )  # fmt: skip


def _untested(row: ScoreRow) -> str:
    """Why there is no test, in words; empty where there is one."""
    if row.p_value is not None:
        return ""
    if row.note == "break":
        return "Measured in another way before: the series begins anew here and is not compared across."
    if row.previous_wave is None:
        return "No earlier wave has this cell: there is nothing to compare it with."
    if row.n is not None and row.n < SMALLEST_FIRM:
        return f"Fewer than {SMALLEST_FIRM} people in this wave: too few for a verdict."
    return f"The wave before, {row.previous_wave}, has fewer than {SMALLEST_FIRM} people here, or shows none."


def explanation_json(one: Explanation) -> dict[str, Any]:
    """The explanation as scripts read it; keys are added, never renamed."""
    content = asdict(one)
    content["score"].update(first_day=one.score.first_day.isoformat(), last_day=one.score.last_day.isoformat())
    for shown, exclusion in zip(content["exclusions"], one.exclusions, strict=True):
        shown["at"] = exclusion.at.isoformat()
    content["distribution"] = {name: [asdict(point) for point in points] for name, points in one.distribution.items()}
    return content


def explanation_lines(one: Explanation) -> list[str]:
    """The explanation as lines of text."""
    row = one.score
    cell = (row.outcome or row.task or "all", row.segment or "all", row.product or "all", row.wave)
    what = f"{row.measure} of {', '.join(cell)}"
    if one.suppressed:
        return [what, one.suppressed]
    value = "not enough data" if row.value is None else f"{row.value:.1f} {row.unit} ({row.low:.1f} to {row.high:.1f})"
    lines = [what, value, *(f"  {line.words}: {line.numbers}" for line in one.inputs)]
    for name, points in one.distribution.items():
        counts = ", ".join(f"{p.label}: {FEW if p.count is None else p.count}" for p in points)
        lines.append(f"  answers on {name}: {counts}")
    if one.elsewhere:
        lines.append(f"  {one.elsewhere}")
    lines += [f"  {line.words}{f' [{line.symbols}]' if line.symbols else ''}: {line.numbers}" for line in one.formula]
    lines += [f"  left out: {exclusion.what}: {exclusion.reason}" for exclusion in one.exclusions]
    if one.weighting:
        scheme, over = one.weighting["scheme"], ", ".join(one.weighting["dimensions"])
        capped = FEW if one.weighting["capped"] is None else one.weighting["capped"]
        deff = "" if one.weighting["deff"] is None else f"deff {one.weighting['deff']:.2f}, "
        lines.append(f"  weights: {scheme} over {over}, {deff}capped: {capped}")
    if one.tested:
        tested = one.tested
        lines.append(
            f"  {row.verdict} than {tested.previous_wave}: {signed(tested.change, 1)}; {tested.test}, "
            f"p {probability(tested.p_value)}, q {probability(tested.q_value)} over {tested.family} tests of its family"
        )
    else:
        lines.append(f"  {one.untested}")
    lines.append(
        f"  wave {row.wave}, issue {row.issue}, {'open' if row.provisional else 'frozen'}; definition version "
        f"{row.definition_version}; computed {one.computed_at} by {one.definition.get('code_version', '')}"
    )
    return lines
