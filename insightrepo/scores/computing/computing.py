"""From a wave's answers to its scores: every cell of every measure, compared with the wave before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, delete, exists, func, insert, or_, select, union
from sqlalchemy.orm import Session, aliased

import insightrepo
from insightrepo.database import Database
from insightrepo.locales import day
from insightrepo.models import (
    Answer,
    Exclusion,
    Instrument,
    Membership,
    MetricPoint,
    Outcome,
    Product,
    Rating,
    Score,
    Segment,
    Task,
    Trial,
    TrialSummary,
    Wave,
    utcnow,
)  # fmt: skip
from insightrepo.models.taxonomy import task_outcome
from insightrepo.scores import measures
from insightrepo.scores.computing.cells import CellKey
from insightrepo.scores.computing.companions import STEPS, is_rounded, round_change, round_companions
from insightrepo.scores.computing.given import Given, Memory, previous_cells
from insightrepo.scores.computing.metric_scores import metric_rows
from insightrepo.scores.computing.opportunity import DRAWS, LOWEST_BAND
from insightrepo.scores.computing.outcome_scores import outcome_rows
from insightrepo.scores.computing.score_rows import SEED, Rows, hide_small
from insightrepo.scores.computing.statistics import CONFIDENCE, top_two_box
from insightrepo.scores.computing.task_scores import index_rows, indexes, task_rows
from insightrepo.scores.computing.verdicts import Pair, judge
from insightrepo.scores.measures import ASKED, MEASURES, metric_measure
from insightrepo.scores.waves.rewording import Wordings, wordings
from insightrepo.scores.waves.settings import wave_settings
from insightrepo.taxonomy.applicability import as_definition, not_applicable_in

CELL = (Score.outcome_id, Score.task_id, Score.segment_id, Score.product_id, Score.measure)  # of a wave's score


class WaveFrozen(Exception):
    """The wave is frozen; the message says so and what to do."""


def refuse_if_frozen(wave: Wave) -> None:
    """Raise WaveFrozen where the wave takes no more answers and its scores stay as they are."""
    if wave.state == "frozen":
        since = f" on {day(wave.frozen_at)}" if wave.frozen_at else ""
        raise WaveFrozen(
            f"the wave {wave.code} was frozen{since}: its answers and scores stay as they are; bring later answers "
            "into a wave of their own, or open it for a correction ('wave reissue')"
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


def recompute(database: Database, wave_id: int, memory: Memory | None = None) -> int:
    """`compute_wave` with its reading and computing outside of the write lock. The number of scores.

    Where something came in meanwhile nothing is put in place: whoever brought it computes after us, or has.

    Raises:
        WaveFrozen: it is frozen.
        WeightsRefused: the wave's settings ask for weights that cannot be made.
    """
    with database.reading() as session:
        definition, rows = computed(session, session.get_one(Wave, wave_id), memory)
    with database.writing() as session:
        wave = lock_wave(session, wave_id)
        if inputs_of(session, wave) == definition["inputs"]:
            _store(session, wave, definition, rows)
    return len(rows)


def recompute_all(database: Database, wave_ids: Sequence[int]) -> dict[int, int]:
    """`recompute` for waves in the order of time, each read once; the number of scores by wave."""
    memory: Memory | None = None
    counts = {}
    for wave_id in wave_ids:
        if memory is None:
            with database.reading() as session:
                memory = Memory(session)
        counts[wave_id] = recompute(database, wave_id, memory)
    return counts


def stale_waves(session: Session, wave: Wave | None = None) -> list[int]:
    """Ids of this wave and all later ones (None: of all), in time, that are open and older than what went into them.

    A wave is, too, where something went into an earlier wave, which its verdicts may rest on.
    """
    query = select(Wave).where(Wave.state == "open")
    if wave is not None:
        query = query.where(Wave.first_day >= wave.first_day)
    stale: list[Wave] = []
    for other in session.scalars(query.order_by(Wave.first_day, Wave.id)):
        after_a_stale_one = any(earlier.last_day < other.first_day for earlier in stale)
        if after_a_stale_one or (other.definition or {}).get("inputs") != inputs_of(session, other):
            stale.append(other)
    return [other.id for other in stale]


def inputs_of(session: Session, wave: Wave) -> dict[str, Any]:
    """What the wave's scores depend on, as counts and choices that change whenever it does: what went into it, its
    exclusions and settings, the populations it is weighted to, how terms hang together, and a digest of the same for
    the waves before it.
    """
    counted = {
        table.__tablename__: session.scalar(select(func.count()).select_from(table).where(table.wave_id == wave.id))
        for table in (Answer, Membership, Trial, TrialSummary, Rating, MetricPoint)
    }
    excluded = session.scalars(select(Exclusion.id).where(Exclusion.wave_id == wave.id).order_by(Exclusion.id)).all()
    populations: list[list[Any]] = []
    if dimensions := wave_settings(wave).weighting.dimensions:
        query = select(Segment.code, Segment.population).where(Segment.dimension.in_(dimensions))
        populations = sorted([code, population] for code, population in session.execute(query).tuples())
    not_for = as_definition(session, not_applicable_in(session, wave))
    return {
        **{name: count for name, count in counted.items() if count}, "exclusions": list(excluded),
        "settings": wave.settings or {}, "populations": populations, "before": _inputs_before(session, wave),
        "ties": _ties(session, wave),
        **({"not_applicable": not_for} if not_for else {}),
    }  # fmt: skip


def _inputs_before(session: Session, wave: Wave) -> str:
    query = select(Wave.code, Wave.definition).where(Wave.last_day < wave.first_day).order_by(Wave.code)
    return _digest([[code, (definition or {}).get("inputs")] for code, definition in session.execute(query)])


def _ties(session: Session, wave: Wave) -> str:
    """A digest of what decides in which cells a wave's people count, and what they count as: the tree of products, the
    dimension of each segment, of the tasks that were tried in the wave the product and the outcomes they serve, and
    the wording that each outcome has now which was asked in the wave or is served by such a task.
    """
    tried = union(*(select(table.task_id).where(table.wave_id == wave.id) for table in (Trial, TrialSummary)))
    above, of_task = aliased(Product), select(Task.code).where(Task.id.in_(tried))
    measured = (
        exists().where(Answer.outcome_id == Outcome.id, Answer.wave_id == wave.id),
        exists().where(task_outcome.c.outcome_id == Outcome.id, task_outcome.c.task_id.in_(tried)),
    )
    return _digest([
        _pairs_of(session, select(Product.code, above.code).join(above, above.id == Product.parent_id)),
        _pairs_of(session, select(Segment.code, Segment.dimension)),
        _pairs_of(session, of_task.add_columns(Product.code).join(Product, Product.id == Task.product_id)),
        _pairs_of(session, of_task.add_columns(Outcome.code).join(Task.outcomes)),
        _pairs_of(session, select(Outcome.code, Outcome.version).where(or_(*measured))),
    ])  # fmt: skip


def _pairs_of(session: Session, query: Select[Any]) -> list[list[Any]]:
    return sorted(list(row) for row in session.execute(query))


def _digest(known: Any) -> str:
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:16]


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
        "interval": f"{CONFIDENCE:.0%}; shares adjusted Wald; opportunity normal, bootstrap near the kink "
        "and where weighted; means t; times geometric mean with t on logarithms, from 25 people the median",
        "bands": [*([floor, name] for floor, name in chosen.bands), [0.0, LOWEST_BAND]],
        "suppressed_below": measures.SMALLEST_SHOWN,
        "verdict_from": measures.SMALLEST_FIRM,
        "smallest_change": {name: chosen.smallest_change_of(name) for name in MEASURES},
        "alpha": measures.LEVEL,
        "alpha_of_all": measures.LEVEL_OF_ALL,
        "tests": "N-1 two proportions or McNemar mid-p; bootstrap of the difference of opportunities; Welch (times on "
        "logarithms); Benjamini-Hochberg by family",
        "bootstrap": {"draws": DRAWS, "seed": SEED, "seeded_by": "codes"},
    }


def computed(session: Session, wave: Wave, memory: Memory | None = None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The wave's definition and its scores as rows of `Score`; nothing is written.

    Raises:
        WeightsRefused: the wave's settings ask for weights that cannot be made.
    """
    settings = wave_settings(wave)
    definition = {**definition_of(wave), "inputs": inputs_of(session, wave)}
    memory = memory or Memory(session)
    given = memory.of(session, wave)
    rows = _rows(session, wave, given, memory)
    measured = {code: metric_measure(metric) for code, metric in given.catalogue.items()}
    definition["weighting"] = dict(given.crowd.weighting)
    definition["not_applicable"] = definition["inputs"].get("not_applicable", {})  # outcome: segments left out of it
    definition["smallest_change"].update(
        {code: settings.smallest_change_of(code, measure.smallest_change) for code, measure in measured.items()}
    )
    versions = dict(session.execute(select(Outcome.id, Outcome.version)).tuples().all())
    for (key, name), row in rows.items():
        if key.outcome is not None and name in MEASURES:
            row["definition_version"] = versions[key.outcome]
    round_companions(rows, memory.dimensions, given.crowd.weighting.get("dimensions", ()))
    pairs, compared_with, rounded = _pairs(session, wave, rows, memory)
    judge(pairs, definition["smallest_change"], definition["alpha"], {**MEASURES, **measured})
    for key, name in rounded:
        round_change(rows[key, name], STEPS.get(name, 1.0))
    definition["compared_with"] = sorted([earlier.code, earlier.frozen_hash] for earlier in compared_with)
    return definition, list(rows.values())


def _rows(session: Session, wave: Wave, given: Given, memory: Memory) -> Rows:
    """Every row of the wave, hidden where it must be, without verdicts."""
    outcomes = outcome_rows(given.cells, memory.seeds(wave))
    hide_small(outcomes, memory, also=lambda key, name: [(key, "opportunity")], spared=("opportunity",))
    tasks = task_rows(given.tasks)
    hide_small(tasks, memory)
    shown = [cell for cell, row in tasks.items() if row["note"] != "suppressed"]
    given.indexes = indexes(session, given.tasks, shown, wave_settings(wave).task_weights, memory.parents)
    of_tasks = index_rows(given.indexes)
    hide_small(of_tasks, memory)
    metrics = metric_rows(given.metrics, given.refused, given.catalogue)
    hide_small(metrics, memory)
    return {**outcomes, **tasks, **of_tasks, **metrics}


def _pairs(
    session: Session, wave: Wave, rows: Rows, memory: Memory
) -> tuple[list[Pair], list[Wave], list[tuple[CellKey, str]]]:
    """The cells that can be tested (30 people or more in both waves), the waves they are compared with, and the cells
    that are rounded in either (`companions`).

    Every cell learns its previous wave: the latest earlier one that has it, of the same instrument for what is asked
    with it. "break" notes a cell that only another instrument, another version of the metric, or a wording of the
    outcome that meant something else measured before.
    """
    worded = wordings(session)
    found, broken = previous_cells(session, wave, set(rows))
    pairs, used, rounded = [], {}, []
    for (key, name), row in rows.items():
        if (key, name) not in found:
            row["note"] = row["note"] or ("break" if (key, name) in broken else None)
            continue
        earlier, n, version, was_rounded = found[key, name]
        if was_rounded or is_rounded(row["n"], row["n_eff"]):
            rounded.append((key, name))
        if name not in MEASURES and version != row["definition_version"]:
            row["note"] = row["note"] or "break"
            continue
        if name in ASKED and _means_another(worded.get(key.outcome or 0), version, row["definition_version"]):
            row["note"] = row["note"] or "break"
            continue
        row["previous_wave_id"] = earlier.id
        used[earlier.id] = earlier
        if min(n or 0, row["n"] or 0) >= measures.SMALLEST_FIRM and row["value"] is not None:
            pair = _pair(session, wave, earlier, memory, key, name, row)
            pairs += [pair] if pair else []
    return pairs, list(used.values()), rounded


def _means_another(worded: Wordings | None, before: int, now: int) -> bool:
    return worded is not None and worded.meaning(before) != worded.meaning(now)


def _pair(
    session: Session, wave: Wave, earlier: Wave, memory: Memory, key: CellKey, name: str, row: dict[str, Any]
) -> Pair | None:
    """The two sides of a cell; None where the earlier one is not the same any more.

    Both waves are grouped by today's products and segments: one that moved may be gone from the cell.
    """
    given, before = memory.of(session, wave), memory.of(session, earlier)
    if name in ASKED:
        then = before.cells.get(key)
        if then is None or then.n(name) < measures.SMALLEST_FIRM:
            return None
        seeds = [memory.seeds(one).of(key) for one in (wave, earlier)] if name == "opportunity" else []
        return Pair(name, key, earlier.id, given.cells[key], then, row, *seeds)
    if key.outcome is not None and name == "success":
        index, past = given.index(session, wave, key), before.index(session, earlier, key)
        if index is None or past is None or past.tasks != index.tasks:  # a difference would be one of tasks
            row["note"] = row["note"] or "break"
            return None
        return Pair(name, key, earlier.id, index, past, row)
    now, then_sample = given.sample(key, name), before.sample(key, name)
    if now is None or then_sample is None or then_sample.n < measures.SMALLEST_FIRM or None in (now.sd, then_sample.sd):
        return None
    return Pair(name, key, earlier.id, now, then_sample, row)


def _store(session: Session, wave: Wave, definition: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Put the rows in place of the old ones. A cell that was there keeps its id, so that links to it go on working."""
    ids = {
        tuple(cell): score for score, *cell in session.execute(select(Score.id, *CELL).where(Score.wave_id == wave.id))
    }
    names, wave_id = [column.key for column in CELL], wave.id
    session.execute(delete(Score).where(Score.wave_id == wave.id))
    now = utcnow()
    known: list[dict[str, Any]] = []
    new: list[dict[str, Any]] = []
    for row in rows:
        stamped = {**row, "wave_id": wave_id, "computed_at": now}
        score = ids.get(tuple([row[name] for name in names]))
        (new if score is None else known).append(stamped if score is None else {**stamped, "id": score})
    for some in (known, new):
        if some:  # on the connection: the session would split the rows by which of their values are None
            session.connection().execute(insert(Score), some)
    wave.definition = definition
    session.flush()
