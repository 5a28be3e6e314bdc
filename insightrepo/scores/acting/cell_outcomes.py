"""The outcomes of one cell (everybody, a segment or a product): current score, history, gap and opportunity of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.scores.acting.choosing import OutcomeShown
from insightrepo.scores.acting.gaps import Gap, gap
from insightrepo.scores.chips import Point, points_of
from insightrepo.scores.reading import ALL, NONE, ScoreQuery, ScoreRow, read_scores

SORTS = {
    "opportunity": "largest opportunity first",
    "gap": "largest gap first",
    "score": "worst score first",
    "change": "real changes first",
    "code": "by code",
}


@dataclass(frozen=True)
class CellOutcome:
    """An outcome in a cell. `score` is its lead measure's current score: the latest frozen wave that has one, else the
    latest open one; None: never asked here. `opportunity` and `gap` are of the same wave; `points` are its history.
    """

    outcome: OutcomeShown
    score: ScoreRow | None
    opportunity: ScoreRow | None
    gap: Gap | None
    points: tuple[Point, ...]

    @property
    def asked(self) -> bool:
        """Whether any wave has a score of it here, be it suppressed."""
        return self.score is not None

    @property
    def verdict(self) -> str | None:
        """better or worse where the change is real, else None."""
        found = self.score.verdict if self.score else None
        return found if found in ("better", "worse") else None


def cell_outcomes(
    session: Session, reader: Reader, outcomes: Iterable[OutcomeShown], segment: str = ALL, product: str = ALL
) -> list[CellOutcome]:
    """The outcomes with their scores in a cell by codes, in the order given; one query for all waves and outcomes."""
    outcomes = list(outcomes)
    leads = {outcome.lead_measure for outcome in outcomes}
    query = ScoreQuery(
        tasks=(NONE,), segments=(segment,), products=(product,),
        measures=tuple(sorted(leads | {"satisfaction", "importance", "opportunity"})),
    )  # fmt: skip
    rows: dict[str, dict[str, list[ScoreRow]]] = defaultdict(lambda: defaultdict(list))
    for row in read_scores(session, reader, query):
        if row.outcome is not None:
            rows[row.outcome][row.measure].append(row)
    return [_of(outcome, rows.get(outcome.code, {})) for outcome in outcomes]


def current(rows: Sequence[ScoreRow]) -> ScoreRow | None:
    """Of one cell's rows in time: the latest frozen, else the latest open; None of none."""
    frozen = [row for row in rows if not row.provisional]
    return (frozen or list(rows) or [None])[-1]


def sort_outcomes(found: Iterable[CellOutcome], sort: str) -> list[CellOutcome]:
    """By one of `SORTS`; what has no value at the end, and what is even by code."""
    key = _KEYS[sort]
    return sorted(found, key=lambda one: (*key(one), one.outcome.code))


def _of(outcome: OutcomeShown, by_measure: dict[str, list[ScoreRow]]) -> CellOutcome:
    history = by_measure.get(outcome.lead_measure, [])
    score = current(history)
    beside = {
        measure: next((row for row in by_measure.get(measure, []) if score and row.wave == score.wave), None)
        for measure in ("importance", "satisfaction", "opportunity")
    }
    return CellOutcome(
        outcome=outcome,
        score=score,
        opportunity=beside["opportunity"],
        gap=gap(beside["importance"], beside["satisfaction"]),
        points=tuple(points_of(history)),
    )


def _falling(value: float | None) -> tuple[bool, float]:
    return value is None, -(value or 0.0)


def _worst(one: CellOutcome) -> tuple[bool, float]:
    if one.score is None or one.score.value is None:
        return True, 0.0
    return False, one.score.value if one.score.better == "higher" else -one.score.value


def _moved(one: CellOutcome) -> tuple[bool, float]:
    change = one.score.change if one.score and one.verdict else None
    return change is None, -abs(change or 0.0)


_KEYS: dict[str, Callable[[CellOutcome], tuple[Any, ...]]] = {
    "opportunity": lambda one: _falling(one.opportunity.value if one.opportunity else None),
    "gap": lambda one: _falling(one.gap.value if one.gap else None),
    "score": _worst,
    "change": _moved,
    "code": lambda one: (),
}
