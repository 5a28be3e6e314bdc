"""From a wave's answers to its scores: every cell of every measure, compared with the wave before."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.orm import Session

import insightrepo
from insightrepo.database import Database
from insightrepo.models import Answer, Instrument, Outcome, Score, Segment, Wave, utcnow
from insightrepo.scores import measures
from insightrepo.scores.cells import COLUMNS, CellKey, People, product_parents, read_cells
from insightrepo.scores.measures import MEASURES
from insightrepo.scores.opportunity import DRAWS, LOWEST_BAND, estimate_opportunity
from insightrepo.scores.settings import wave_settings
from insightrepo.scores.statistics import CONFIDENCE, proportion_interval, top_two_box
from insightrepo.scores.suppression import Cell, sums, suppressed
from insightrepo.scores.verdicts import Pair, judge

SEED = 20250101  # of every bootstrap, with the cell's ids behind it
CELL = (Score.outcome_id, Score.task_id, Score.segment_id, Score.product_id, Score.measure)  # of a wave's score
Rows = dict[tuple[CellKey, str], dict[str, Any]]


class WaveFrozen(Exception):
    """The wave is frozen; the message says so and what to do."""


def refuse_if_frozen(wave: Wave) -> None:
    """Raise WaveFrozen where the wave takes no more answers and its scores stay as they are."""
    if wave.state == "frozen":
        day = f" on {wave.frozen_at:%Y-%m-%d}" if wave.frozen_at else ""
        raise WaveFrozen(
            f"the wave {wave.code} was frozen{day}: its answers and scores stay as they are; bring later answers into "
            "a wave of their own, or open it for a correction ('wave reissue')"
        )


def lock_wave(session: Session, wave_id: int) -> Wave:
    """The open wave as it stands now, which nobody else changes until the transaction ends; on SQLite there is one
    writer anyway.

    Raises:
        WaveFrozen: it is frozen.
    """
    wave = session.get_one(Wave, wave_id, with_for_update=True, populate_existing=True)
    refuse_if_frozen(wave)
    return wave


def compute_wave(session: Session, wave: Wave) -> int:
    """Compute all scores of an open wave and put them in place of the old ones; the number of scores.

    Raises:
        WaveFrozen: it is frozen.
    """
    lock_wave(session, wave.id)
    definition, rows = computed(session, wave)
    _store(session, wave, definition, rows)
    return len(rows)


def recompute(database: Database, wave_id: int) -> int:
    """`compute_wave` with its reading and computing outside of the write lock. The number of scores.

    Where answers came in meanwhile nothing is put in place: whoever brought them computes after us, or has.

    Raises:
        WaveFrozen: it is frozen.
    """
    with database.reading() as session:
        definition, rows = computed(session, session.get_one(Wave, wave_id))
    with database.writing() as session:
        wave = lock_wave(session, wave_id)
        if _answers(session, wave) == definition["answers"]:
            _store(session, wave, definition, rows)
    return len(rows)


def stale_waves(session: Session, wave: Wave) -> list[int]:
    """Ids of this wave and the later ones of its instrument, in time, that are open and older than their answers.

    A wave is, too, where answers came into an earlier wave that its verdicts may rest on.
    """
    query = select(Wave).where(
        Wave.instrument_id == wave.instrument_id, Wave.first_day >= wave.first_day, Wave.state == "open"
    )
    open_waves = session.scalars(query.order_by(Wave.first_day, Wave.id))
    return [other.id for other in open_waves if (other.definition or {}).get("answers") != _answers(session, other)]


def _answers(session: Session, wave: Wave) -> dict[str, int]:
    """How many answers the wave and each earlier one of its instrument holds, by code; none: left out."""
    query = (
        select(Wave.code, func.count())
        .join(Answer, Answer.wave_id == Wave.id)
        .where(Wave.instrument_id == wave.instrument_id, or_(Wave.last_day < wave.first_day, Wave.id == wave.id))
        .group_by(Wave.code)
    )
    return dict(session.execute(query).tuples().all())


def definition_of(wave: Wave) -> dict[str, Any]:
    """What the wave's scores are computed with: the conventions, and the wave's settings where it has some."""
    scale: Instrument = wave.instrument
    top = top_two_box(scale.scale_low, scale.scale_high, scale.best)
    chosen = wave_settings(wave)
    return {
        "version": 1,
        "code_version": insightrepo.__version__,
        "scale": [scale.scale_low, scale.scale_high],
        "best": scale.best,
        "top_box": [point for point in range(scale.scale_low, scale.scale_high + 1) if top(point)],
        "counted": "people: one with several answers in a cell counts once, by the share of answers in the top box",
        "interval": f"adjusted Wald, {CONFIDENCE:.0%}; opportunity: normal, bootstrap near importance = satisfaction",
        "bands": [*([floor, name] for floor, name in chosen.bands), [0.0, LOWEST_BAND]],
        "suppressed_below": measures.SMALLEST_SHOWN,
        "verdict_from": measures.SMALLEST_FIRM,
        "smallest_change": {name: chosen.smallest_change_of(name) for name in MEASURES},
        "alpha": measures.LEVEL,
        "tests": "N-1 two proportions or McNemar mid-p; bootstrap of the difference; Benjamini-Hochberg by family",
        "bootstrap": {"draws": DRAWS, "seed": SEED},
    }


def computed(session: Session, wave: Wave) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The wave's definition and its scores as rows of `Score`; nothing is written."""
    definition = {**definition_of(wave), "answers": _answers(session, wave)}
    parents = product_parents(session)
    cells = read_cells(session, wave, parents)
    rows: Rows = {**_shares(cells), **_opportunities(cells, wave)}
    _suppress(rows, cells, dict(session.execute(select(Segment.id, Segment.dimension)).tuples().all()), parents)
    previous = _previous(session, wave)
    waves = {earlier.id: earlier for earlier in session.scalars(select(Wave).where(Wave.id.in_(_ids(rows, previous))))}
    pairs = _pairs(session, rows, cells, previous, waves, parents)
    judge(pairs, definition["smallest_change"], definition["alpha"])
    _mark_breaks(session, wave, rows)
    definition["compared_with"] = sorted([earlier.code, earlier.frozen_hash] for earlier in waves.values())
    versions = dict(session.execute(select(Outcome.id, Outcome.version)).tuples().all())
    for (key, _), row in rows.items():
        row["definition_version"] = versions[key.outcome]
    return definition, list(rows.values())


def _shares(cells: dict[CellKey, People]) -> Rows:
    """Satisfaction and importance of every cell where someone gave one."""
    rows: Rows = {}
    for name, column in COLUMNS.items():
        counts = {key: people.n(name) for key, people in cells.items()}
        asked = [key for key, count in counts.items() if count]
        if not asked:
            continue
        n = np.array([counts[key] for key in asked], dtype=float)
        top = np.array([float(np.nansum(cells[key].tops[:, column])) for key in asked])
        lows, highs = proportion_interval(top, n)
        for key, share, low, high in zip(asked, top / n, lows, highs, strict=True):
            rows[key, name] = _row(key, name, 100 * share, 100 * low, 100 * high, counts[key])
    return rows


def _opportunities(cells: dict[CellKey, People], wave: Wave) -> Rows:
    rows: Rows = {}
    for key, people in cells.items():
        n = people.n("opportunity")
        if n:
            estimate = estimate_opportunity(people.tops, _seed(key, wave.id))
            rows[key, "opportunity"] = _row(key, "opportunity", estimate.value, estimate.low, estimate.high, n)
    return rows


def _row(key: CellKey, measure: str, value: float, low: float, high: float, n: int) -> dict[str, Any]:
    """A row of `Score` without a verdict; the interval is kept around the value, whatever rounding did."""
    return {
        "outcome_id": key.outcome, "segment_id": key.segment, "product_id": key.product, "measure": measure,
        "value": float(value), "low": float(min(low, value)), "high": float(max(high, value)), "n": n,
        "n_eff": float(n), "note": "indicative" if n < measures.SMALLEST_FIRM else None, "previous_wave_id": None,
        "change": None, "p_value": None, "q_value": None, "verdict": measures.NOT_ENOUGH,
    }  # fmt: skip


def _seed(key: CellKey, wave_id: int) -> list[int]:
    return [SEED, wave_id, key.outcome, key.segment or 0, key.product or 0]


def _suppress(
    rows: Rows, cells: dict[CellKey, People], dimensions: dict[int, str], parents: dict[int, int | None]
) -> None:
    """Empty the scores of cells that may not be shown. Opportunity follows satisfaction and importance."""
    sizes: dict[tuple[int, str], dict[Cell, int]] = defaultdict(dict)
    for (key, name), row in rows.items():
        if name in COLUMNS:
            sizes[key.outcome, name][key.segment, key.product] = row["n"]
    for (outcome, name), people in sizes.items():
        for segment, product in suppressed(people, sums(people, dimensions, parents)):
            key = CellKey(outcome, segment, product)
            for measure in (name, "opportunity"):
                if (key, measure) in rows:
                    rows[key, measure].update(value=None, low=None, high=None, n=None, n_eff=None, note="suppressed")


def _previous(session: Session, wave: Wave) -> dict[tuple[CellKey, str], tuple[int, int | None]]:
    """For each cell and measure the latest earlier wave of the same instrument that has it, with its n there."""
    query = (
        select(Score.outcome_id, Score.segment_id, Score.product_id, Score.measure, Score.wave_id, Score.n)
        .join(Wave, Wave.id == Score.wave_id)
        .where(Wave.last_day < wave.first_day, Wave.instrument_id == wave.instrument_id)
        .order_by(Wave.first_day, Wave.id)
    )
    return {
        (CellKey(outcome, segment, product), measure): (wave_id, n)
        for outcome, segment, product, measure, wave_id, n in session.execute(query)
    }


def _ids(rows: Rows, previous: dict[tuple[CellKey, str], tuple[int, int | None]]) -> set[int]:
    return {previous[cell][0] for cell in rows if cell in previous}


def _pairs(
    session: Session,
    rows: Rows,
    cells: dict[CellKey, People],
    previous: dict[tuple[CellKey, str], tuple[int, int | None]],
    waves: dict[int, Wave],
    parents: dict[int, int | None],
) -> list[Pair]:
    """The cells that can be tested: 30 people or more in both waves. Every cell learns its previous wave."""
    earlier = {wave_id: read_cells(session, wave, parents) for wave_id, wave in waves.items()}
    pairs = []
    for (key, name), row in rows.items():
        if (key, name) not in previous:
            continue
        wave_id, n = previous[key, name]
        row["previous_wave_id"] = wave_id
        before = earlier[wave_id].get(key)
        if before is None or min(n or 0, row["n"] or 0, before.n(name)) < measures.SMALLEST_FIRM:
            continue  # both waves are grouped by today's product tree: a product that moved may be gone from the cell
        pairs.append(Pair(name, key, wave_id, cells[key], before, row, _seed(key, wave_id)))
    return pairs


def _mark_breaks(session: Session, wave: Wave, rows: Rows) -> None:
    """Note "break" on a cell that only another instrument measured before: its series begins anew."""
    if all(row["previous_wave_id"] for row in rows.values()):
        return
    query = (
        select(Score.outcome_id, Score.segment_id, Score.product_id, Score.measure)
        .join(Wave, Wave.id == Score.wave_id)
        .where(Wave.last_day < wave.first_day, Wave.instrument_id != wave.instrument_id)
        .distinct()
    )
    for outcome, segment, product, measure in session.execute(query):
        row = rows.get((CellKey(outcome, segment, product), measure))
        if row is not None and row["previous_wave_id"] is None and row["note"] is None:
            row["note"] = "break"


def _store(session: Session, wave: Wave, definition: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Put the rows in place of the old ones. A cell that was there keeps its id, so that links to it go on working."""
    ids = {
        tuple(cell): score for score, *cell in session.execute(select(Score.id, *CELL).where(Score.wave_id == wave.id))
    }
    session.execute(delete(Score).where(Score.wave_id == wave.id))
    now = utcnow()
    known: list[dict[str, Any]] = []
    new: list[dict[str, Any]] = []
    for row in rows:
        stamped = {**row, "wave_id": wave.id, "computed_at": now}
        score = ids.get(tuple(row.get(column.key) for column in CELL))
        (new if score is None else known).append(stamped if score is None else {**stamped, "id": score})
    for some in (known, new):
        if some:  # on the connection: the session would split the rows by which of their values are None
            session.connection().execute(insert(Score), some)
    wave.definition = definition
    session.flush()
