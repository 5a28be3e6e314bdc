"""The score that stood beside a claim when it was written, and whether it has really moved since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.batches import batches
from insightrepo.library.bulk import insert_rows
from insightrepo.models import Score, ScoreSnapshot, Wave
from insightrepo.scores.acting.gaps import clearly_apart
from insightrepo.scores.chips import CellWanted, chips
from insightrepo.scores.measures import MEASURES
from insightrepo.scores.reading import ScoreRow, score_rows, within
from insightrepo.scores.wording import number
from insightrepo.taxonomy.register import register

CELLS_AT_ONCE = 1_000
Cell = tuple[str | None, str | None, str | None, str]  # outcome, segment, product, measure


@dataclass(frozen=True)
class MovedSince:
    """An outcome whose score is another now than when something was written. Values in `unit`.

    `corrected`: the wave of then was corrected and says otherwise; then nothing but that is told: `after` is None.
    `segment` and `product` are names, None for everybody.
    """

    outcome: str
    segment: str | None
    product: str | None
    measure: str
    unit: str
    wave_then: str
    wave_now: str
    before: float | None
    after: float | None
    verdict: str
    score_id: int  # of the score of now

    @property
    def corrected(self) -> bool:
        """Whether it is a correction of the same wave, not a movement."""
        return self.after is None

    @property
    def sentence(self) -> str:
        """It in words."""
        cell = " · ".join(filter(None, (self.segment, self.product)))
        of = f"{self.measure} of {self.outcome}{f' ({cell})' if cell else ''}"
        if self.before is None or self.after is None:
            return f"The {of} in {self.wave_then} was corrected since this was written: look at it again."
        numbers = " to ".join(number(value, self.measure, self.unit) for value in (self.before, self.after))
        waves = f"{self.wave_then} to {self.wave_now}"
        return (
            f"Since this was written the {of} really moved from {numbers} ({waves}, {self.verdict}): look at it again."
        )


def take_snapshots(session: Session, reader: Reader, step_id: int, cells: Iterable[CellWanted]) -> int:
    """Keep the current scores of these cells beside a step, as far as they have a value; how many were kept."""
    shown = [chip for chip in chips(session, reader, cells).values() if chip is not None and chip.value is not None]
    query = select(Score, Wave.issue).join(Wave, Wave.id == Score.wave_id).where(Score.id.in_([c.id for c in shown]))
    rows = [
        {
            "step_id": step_id, "outcome_id": score.outcome_id, "segment_id": score.segment_id,
            "product_id": score.product_id, "wave_id": score.wave_id, "issue": issue, "measure": score.measure,
            "value": score.value,
        }
        for score, issue in session.execute(query.order_by(Score.id)).tuples()
    ]  # fmt: skip
    insert_rows(session, ScoreSnapshot, rows)
    return len(rows)


def moved_since(session: Session, reader: Reader, step_ids: Iterable[int]) -> dict[int, tuple[MovedSince, ...]]:
    """What really moved since each of these steps, by step, of what the reader may see. One query for the scores of a
    thousand cells.

    A score really moved where a wave since has the verdict that it did and the value is still away in that direction by
    the smallest change of interest, or where the intervals of then and now do not touch. Waves of another instrument
    are not compared with, nor those before and after a wording that means something else.
    """
    snapshots = session.scalars(select(ScoreSnapshot).where(ScoreSnapshot.step_id.in_(list(step_ids)))).all()
    if not snapshots:
        return {}
    terms = {line.id: (line.code, line.name) for line in register(session).by_id.values()}
    waves: dict[int, str] = dict(session.execute(select(Wave.id, Wave.code)).tuples().all())
    series = _series(session, reader, snapshots)
    found: defaultdict[int, list[MovedSince]] = defaultdict(list)
    for kept in snapshots:
        rows = series.get(_cell(kept, terms), [])
        moved = _moved(kept, waves[kept.wave_id], rows, _names(kept, terms))
        if moved is not None:
            found[kept.step_id].append(moved)
    return {step: tuple(sorted(moved, key=lambda one: one.outcome)) for step, moved in found.items()}


def _series(session: Session, reader: Reader, snapshots: Sequence[ScoreSnapshot]) -> dict[Cell, list[ScoreRow]]:
    """The frozen scores of the cells that the snapshots are of, in time."""
    cells = {(kept.outcome_id, kept.segment_id or 0, kept.product_id or 0, kept.measure) for kept in snapshots}
    of_cell = tuple_(
        Score.outcome_id, func.coalesce(Score.segment_id, 0), func.coalesce(Score.product_id, 0), Score.measure
    )
    found: defaultdict[Cell, list[ScoreRow]] = defaultdict(list)
    for some in batches(sorted(cells), CELLS_AT_ONCE):
        wanted = Score.outcome_id.in_({cell[0] for cell in some}), of_cell.in_(some)  # the first searches the index
        for row in score_rows(session, *within(reader), *wanted, Wave.state == "frozen"):
            found[row.outcome, row.segment, row.product, row.measure].append(row)
    return found


def _cell(kept: ScoreSnapshot, terms: Mapping[int, tuple[str, str]]) -> Cell:
    codes = [terms[i][0] if i else None for i in (kept.outcome_id, kept.segment_id, kept.product_id)]
    return codes[0], codes[1], codes[2], kept.measure


def _names(kept: ScoreSnapshot, terms: Mapping[int, tuple[str, str]]) -> tuple[str | None, str | None]:
    segment, product = (terms[i][1] if i else None for i in (kept.segment_id, kept.product_id))
    return segment, product


def _moved(
    kept: ScoreSnapshot, wave: str, rows: Sequence[ScoreRow], names: tuple[str | None, str | None]
) -> MovedSince | None:
    then = next((row for row in rows if row.wave == wave), None)
    if then is None or then.value is None:
        return None  # open for a correction, or no longer shown
    later = [row for row in rows if (row.first_day, row.wave) > (then.first_day, then.wave)]
    now = next((row for row in reversed(later) if row.value is not None), None)
    if now is not None and (verdict := _verdict(then, now, later)):
        return MovedSince(str(then.outcome), *names, then.measure, then.unit, then.wave, now.wave, then.value,
                          now.value, verdict, now.id)  # fmt: skip
    if then.issue != kept.issue and abs(then.value - kept.value) >= _smallest(then.measure):
        return MovedSince(str(then.outcome), *names, then.measure, then.unit, then.wave, then.wave, None, None, "",
                          then.id)  # fmt: skip
    return None


def _verdict(then: ScoreRow, now: ScoreRow, later: Sequence[ScoreRow]) -> str:
    """better, worse, or empty where it cannot be told that the score moved."""
    if (then.instrument, then.meaning) != (now.instrument, now.meaning) or any(row.note == "break" for row in later):
        return ""
    assert then.value is not None
    assert now.value is not None
    change = now.value - then.value
    if abs(change) < max(_smallest(then.measure), 1e-9):
        return ""
    verdict = "better" if (change > 0) == (then.better == "higher") else "worse"
    return verdict if clearly_apart(then, now) or any(row.verdict == verdict for row in later) else ""


def _smallest(measure: str) -> float:
    return MEASURES[measure].smallest_change if measure in MEASURES else 0.0
