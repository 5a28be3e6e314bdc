"""What importance and opportunity of an outcome did beside its satisfaction, and what made the opportunity move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.library.why.voices import Voices, Waves
from insightrepo.scores.computing.movement import Movement, movement_between
from insightrepo.scores.computing.opportunity import opportunity_parts
from insightrepo.scores.computing.score_rows import SEED, number_of
from insightrepo.scores.reading import ALL, ScoreQuery, ScoreRow, read_scores

BESIDE = ("satisfaction", "importance", "opportunity")


@dataclass(frozen=True)
class OpportunityMoved:
    """The movement of an opportunity (0 to 20). `importance` and `satisfaction` are the points that each of them makes
    of it; together they are what it is after less what it was before.
    """

    movement: Movement
    importance: float
    satisfaction: float


@dataclass(frozen=True)
class Beside:
    """What stands beside satisfaction in the same cell and waves; None: not measured in both, or not shown."""

    importance: Movement | None = None
    opportunity: OpportunityMoved | None = None


def read_beside(
    session: Session,
    reader: Reader,
    voices: Voices,
    waves: Waves,
    codes: tuple[str, str | None, str | None],
) -> Beside:
    """Importance and opportunity of a cell between two waves. `codes` are its outcome's, segment's and product's."""
    outcome, segment, product = codes
    rows = read_scores(session, reader, ScoreQuery(
        waves=(waves[0].code, waves[1].code), outcomes=(outcome,), segments=(segment or ALL,),
        products=(product or ALL,), measures=BESIDE,
    ))  # fmt: skip
    known = {(row.measure, row.wave): row for row in rows if row.value is not None}
    pairs = {name: (known.get((name, waves[0].code)), known.get((name, waves[1].code))) for name in BESIDE}
    first, second = ([SEED, number_of(wave.code, outcome, segment or "", product or "")] for wave in waves)

    def movement(name: str) -> Movement | None:
        if None in pairs[name]:
            return None
        return movement_between(*pairs[name], lambda: voices.people(waves, name), name, (first, second))

    return Beside(movement("importance"), _opportunity(movement("opportunity"), pairs))


def _opportunity(
    movement: Movement | None, pairs: Mapping[str, tuple[ScoreRow | None, ScoreRow | None]]
) -> OpportunityMoved | None:
    """Nothing where the waves are not to be compared, or where one of the two items is not shown."""
    sides = [tuple(pairs[name][place] for name in ("importance", "satisfaction")) for place in (0, 1)]
    if movement is None or movement.change is None or any(row is None for side in sides for row in side):
        return None
    before, after = ((side[0].value / 10, side[1].value / 10) for side in sides)
    return OpportunityMoved(movement, *opportunity_parts(before, after))
