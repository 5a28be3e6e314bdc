"""The customer's journey: its stages in order, each with its outcomes and their scores."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.scores.acting.choosing import Choice, OutcomeShown, outcomes_in_use
from insightrepo.scores.acting.gaps import Gap, gap
from insightrepo.scores.reading import ScoreQuery, ScoreRow, read_scores
from insightrepo.taxonomy.exporting import stage_names

NO_STAGE = "Without a stage"


@dataclass(frozen=True)
class Step:
    """An outcome of a stage with its lead measure, opportunity and gap, None where the chosen cell has no score."""

    outcome: OutcomeShown
    score: ScoreRow | None
    opportunity: ScoreRow | None
    gap: Gap | None


@dataclass(frozen=True)
class Stage:
    """A stage of the journey with its outcomes, the largest opportunity first.

    `worse` and `better` count verdicts, `short` outcomes with an opportunity of 10 or more, `measured` those with a
    value.
    """

    name: str
    steps: tuple[Step, ...]
    measured: int
    short: int
    worse: int
    better: int

    @property
    def lowest(self) -> ScoreRow | None:
        """The worst score of its outcomes, None where none is measured or they are of several measures."""
        return self._rows[0] if self._rows else None

    @property
    def highest(self) -> ScoreRow | None:
        """The best score of its outcomes, as `lowest`."""
        return self._rows[-1] if self._rows else None

    @property
    def _rows(self) -> list[ScoreRow]:
        rows = [step.score for step in self.steps if step.score is not None and step.score.value is not None]
        return sorted(rows, key=lambda row: row.value or 0.0) if len({row.measure for row in rows}) == 1 else []


@dataclass(frozen=True)
class Journey:
    """The stages in the taxonomy's order, those it does not list after them; outcomes without one at the end."""

    choice: Choice
    stages: tuple[Stage, ...]


def read_journey(session: Session, reader: Reader, choice: Choice) -> Journey:
    """The journey with the scores of the chosen wave, segment and product; only outcomes that apply to the segment."""
    outcomes = [o for o in outcomes_in_use(session, reader) if o.applies_to(choice.segment)]
    scores = _scores(session, reader, choice)
    by_stage: dict[str, list[Step]] = {name: [] for name in stage_names(session)}
    for outcome in outcomes:
        step = Step(
            outcome, scores.get((outcome.code, outcome.lead_measure)), scores.get((outcome.code, "opportunity")),
            gap(scores.get((outcome.code, "importance")), scores.get((outcome.code, "satisfaction"))),
        )  # fmt: skip
        by_stage.setdefault(outcome.stage, []).append(step)
    unnamed = by_stage.pop("", None)
    stages = [_stage(name, steps) for name, steps in by_stage.items() if steps]
    if unnamed:
        stages.append(_stage(NO_STAGE, unnamed))
    return Journey(choice, tuple(stages))


def _scores(session: Session, reader: Reader, choice: Choice) -> dict[tuple[str, str], ScoreRow]:
    if choice.wave is None:
        return {}
    query = ScoreQuery(
        waves=(choice.wave,), tasks=("none",), segments=(choice.segment_code,), products=(choice.product_code,)
    )
    return {(row.outcome, row.measure): row for row in read_scores(session, reader, query) if row.outcome}


def _stage(name: str, steps: list[Step]) -> Stage:
    def size(step: Step) -> float:
        row = step.opportunity
        return row.value if row is not None and row.value is not None else -1.0

    steps = sorted(steps, key=lambda step: (-size(step), step.outcome.code))
    verdicts = [step.score.verdict for step in steps if step.score is not None]
    return Stage(
        name=name,
        steps=tuple(steps),
        measured=sum(1 for step in steps if step.score is not None and step.score.value is not None),
        short=sum(1 for step in steps if size(step) >= 10),
        worse=verdicts.count("worse"),
        better=verdicts.count("better"),
    )
