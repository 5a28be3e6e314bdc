"""The opportunity landscape: outcomes by importance and satisfaction, under-served first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.scores.acting.choosing import Choice, OutcomeShown, outcomes_in_use
from insightrepo.scores.acting.gaps import Gap, gap
from insightrepo.scores.computing.opportunity import landscape as kind_of
from insightrepo.scores.reading import ScoreQuery, ScoreRow, read_scores

KINDS = ("under-served", "table stakes", "appropriately served", "over-served")
QUADRANTS = ("concentrate here", "keep up the good work", "low priority", "possible overkill")
MEASURES_READ = ("importance", "satisfaction", "opportunity")


@dataclass(frozen=True)
class Position:
    """An outcome on the landscape. `kind` is one of `KINDS`, `quadrant` of `QUADRANTS`; all scores are of one cell."""

    outcome: OutcomeShown
    importance: ScoreRow
    satisfaction: ScoreRow
    opportunity: ScoreRow
    gap: Gap
    kind: str
    quadrant: str


@dataclass(frozen=True)
class Missing:
    """An outcome that has no place on the landscape, and why."""

    outcome: OutcomeShown
    why: str


@dataclass(frozen=True)
class Landscape:
    """Outcomes by falling opportunity; `centre` is the mean importance and satisfaction (percent) that parts quadrants.

    `missing` are those that apply but cannot be placed, `not_applicable` those that the segment has no use for.
    """

    choice: Choice
    positions: tuple[Position, ...]
    missing: tuple[Missing, ...]
    not_applicable: tuple[OutcomeShown, ...]
    centre: tuple[float, float] | None


def read_landscape(session: Session, reader: Reader, choice: Choice) -> Landscape:
    """The landscape of the chosen wave, segment and product: only outcomes that apply to the segment are placed."""
    outcomes = outcomes_in_use(session, reader)
    applicable = [outcome for outcome in outcomes if outcome.applies_to(choice.segment)]
    not_applicable = tuple(outcome for outcome in outcomes if not outcome.applies_to(choice.segment))
    scores = _scores(session, reader, choice, applicable)
    placed, missing = [], []
    for outcome in applicable:
        found = scores.get(outcome.code, {})
        why = _why_missing(found)
        if why:
            missing.append(Missing(outcome, why))
        else:
            placed.append((outcome, found))
    centre = _centre(found for _, found in placed)
    positions = [_position(outcome, found, centre) for outcome, found in placed if centre]
    positions.sort(key=lambda position: (-(position.opportunity.value or 0.0), position.outcome.code))
    return Landscape(choice, tuple(positions), tuple(missing), not_applicable, centre)


def quadrant(importance: float, satisfaction: float, centre: tuple[float, float]) -> str:
    """The quadrant of importance-performance analysis (Martilla & James 1977) around the mean of all outcomes.

    All in one unit. At the mean counts as high.
    """
    if importance >= centre[0]:
        return QUADRANTS[1] if satisfaction >= centre[1] else QUADRANTS[0]
    return QUADRANTS[3] if satisfaction >= centre[1] else QUADRANTS[2]


def as_json(found: Landscape) -> dict[str, Any]:
    """The landscape as scripts read it. Keys are added, never renamed or removed."""
    return {
        "wave": found.choice.wave,
        "provisional": found.choice.provisional,
        "segment": found.choice.segment.code if found.choice.segment else None,
        "product": found.choice.product.code if found.choice.product else None,
        "outcomes": [_position_json(position) for position in found.positions],
        "missing": [{"outcome": missing.outcome.code, "why": missing.why} for missing in found.missing],
        "not_applicable": [outcome.code for outcome in found.not_applicable],
    }


def _scores(
    session: Session, reader: Reader, choice: Choice, outcomes: Iterable[OutcomeShown]
) -> dict[str, dict[str, ScoreRow]]:
    """The scores of the chosen cell by outcome and measure."""
    if choice.wave is None:
        return {}
    query = ScoreQuery(
        waves=(choice.wave,), outcomes=tuple(outcome.code for outcome in outcomes), segments=(choice.segment_code,),
        products=(choice.product_code,), measures=MEASURES_READ,
    )  # fmt: skip
    found: dict[str, dict[str, ScoreRow]] = {}
    for row in read_scores(session, reader, query):
        found.setdefault(row.outcome or "", {})[row.measure] = row
    return found


def _why_missing(found: dict[str, ScoreRow]) -> str | None:
    rows = [found.get(measure) for measure in MEASURES_READ]
    if all(row is not None and row.value is not None for row in rows) and gap(rows[0], rows[1]):
        return None
    if not found:
        return "not asked"
    if any(row is not None and row.note == "suppressed" for row in rows):
        return "not shown: too few people"
    missing = [measure for measure in MEASURES_READ[:2] if measure not in found]
    return f"{' and '.join(missing)} not asked" if missing else "not enough data"


def _centre(placed: Iterable[dict[str, ScoreRow]]) -> tuple[float, float] | None:
    pairs = [(found["importance"].value, found["satisfaction"].value) for found in placed]
    if not pairs:
        return None
    return sum(i or 0.0 for i, _ in pairs) / len(pairs), sum(s or 0.0 for _, s in pairs) / len(pairs)


def _position(outcome: OutcomeShown, found: dict[str, ScoreRow], centre: tuple[float, float]) -> Position:
    importance, satisfaction = found["importance"], found["satisfaction"]
    i, s, between = importance.value, satisfaction.value, gap(importance, satisfaction)
    if i is None or s is None or between is None:
        raise ValueError(f"{outcome.code} has no place: {_why_missing(found)}")
    kind = kind_of(i / 10, s / 10)
    return Position(outcome, importance, satisfaction, found["opportunity"], between, kind, quadrant(i, s, centre))


def _position_json(position: Position) -> dict[str, Any]:
    scores = {
        row.measure: {name: getattr(row, name) for name in ("value", "low", "high", "n", "unit", "note", "verdict")}
        for row in (position.importance, position.satisfaction, position.opportunity)
    }
    between = position.gap
    return {
        "outcome": position.outcome.code,
        "name": position.outcome.name,
        **scores,
        "band": position.opportunity.band,
        "kind": position.kind,
        "quadrant": position.quadrant,
        "gap": {"value": between.value, "low": between.low, "high": between.high, "n": between.n},
    }
