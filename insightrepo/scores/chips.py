"""Scores joined to pages: the chip of each cell, its history and its table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, case, func, select, tuple_, union_all
from sqlalchemy.orm import Session, aliased

from insightrepo.accounts.access import Reader, visible_terms
from insightrepo.memory import remembered
from insightrepo.models import Metric, Score, Term, Wave
from insightrepo.scores.measures import MEASURES
from insightrepo.scores.reading import ScoreRow, score_rows, within
from insightrepo.scores.waves.rewording import asked_with, wordings
from insightrepo.scores.waves.waves import find_wave
from insightrepo.taxonomy.reading import find_term
from insightrepo.taxonomy.register import TermLine, register

Key = tuple[int, int | None, int | None]
CellMeasure = tuple[int, int | None, int | None, str]
MOST_CELLS = 20_000  # whose scores are remembered
NAMES = tuple(field.name for field in fields(ScoreRow))
SHOWN = (
    Score.id, Score.outcome_id, Score.segment_id, Score.product_id, Score.wave_id, Score.measure, Score.value,
    Score.low, Score.high, Score.n, Score.note, Score.verdict, Score.change, Score.definition_version,
)  # fmt: skip


@dataclass(frozen=True)
class CellWanted:
    """The cell a page would show: ids; None is all segments or all products."""

    outcome_id: int
    segment_id: int | None = None
    product_id: int | None = None


@dataclass(frozen=True)
class Chip:
    """The current score of a cell. Value, interval and change are in `unit`; None where suppressed or not tested.

    Terms and waves are codes. `provisional`: the wave is still open. `opportunity` is that of the same cell and wave.
    `fell_back` says in words which wider cell is shown because the one wanted has no score to show; `disagreement`
    (`disagreements.cautioned` fills it) that segments differ so much that the score of everybody hides it.
    """

    measure: str
    value: float | None
    unit: str
    better: str
    low: float | None
    high: float | None
    n: int | None
    segment: str | None
    product: str | None
    wave: str
    provisional: bool
    verdict: str
    note: str | None
    change: float | None
    previous_wave: str | None
    opportunity: float | None
    fell_back: str | None
    id: int | None = None  # of the score, for its explanation
    disagreement: str | None = None
    asked_with: str | None = None  # that the outcome was reworded since


@dataclass(frozen=True)
class Point:
    """One wave in the history of a cell. `starts_series`: measured with another instrument than the point before,
    or of another meaning (`new_meaning`).
    """

    wave: str
    first_day: str
    last_day: str
    provisional: bool
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    note: str | None
    verdict: str
    change: float | None
    starts_series: bool
    id: int | None = None  # of the score, by which it is explained
    new_meaning: bool = False
    asked_with: str | None = None  # that the outcome was reworded since
    no_arrow: str = ""  # why there is no evidence of a change whose interval leaves zero out


def chips(session: Session, reader: Reader, wanted: Iterable[CellWanted]) -> dict[CellWanted, Chip | None]:
    """The chip of every wanted cell, in one query however many there are; None where nothing was ever measured.

    The cell's current score: the latest frozen wave that has it, else the latest open one as provisional. Where the
    cell has nothing to show, segment x product falls back to the segment, then the product, then all. The measure is
    the outcome's lead measure. A segment or product outside the reader's scopes is as one that has nothing to show;
    the cell of all segments and products is for everyone, but a task index that would tell the rate of the one task
    that the reader may not see. Only outcomes that the reader may see are to be asked for.
    """
    cells = list(dict.fromkeys(wanted))
    seen_by = "chips", reader.products, reader.segments, reader.teams, reader.role
    known: dict[CellWanted, Chip | None] = remembered(session, seen_by, dict)
    if len(known) + len(cells) > MOST_CELLS:
        known.clear()
    if missing := [cell for cell in cells if cell not in known]:
        known |= _chips(session, reader, missing)
    return {cell: known[cell] for cell in cells}


def _chips(session: Session, reader: Reader, cells: Sequence[CellWanted]) -> dict[CellWanted, Chip | None]:
    terms = register(session).by_id
    keys = {cell: [key for key in _fallbacks(cell) if reader.sees_cell(*key[1:])] for cell in cells}
    wanted_keys = {key for some in keys.values() for key in some if key[0] in terms}
    rows = _remembered(session, wanted_keys, {terms[key[0]].lead_measure or "" for key in wanted_keys})
    rows = _telling_no_hidden_task(session, reader, rows)
    result: dict[CellWanted, Chip | None] = {}
    worded = wordings(session)
    for cell in cells:
        outcome = terms.get(cell.outcome_id)
        measure = (outcome.lead_measure if outcome else None) or ""
        found = [(key, row) for key in keys[cell] if (row := rows.get((*key, measure))) is not None]
        key, row = next((pair for pair in found if pair[1].value is not None), found[0] if found else (None, None))
        if key is None:
            result[cell] = None
            continue
        chip = _chip(cell, key, row, rows.get((*key, "opportunity")), terms)
        said = worded.get(cell.outcome_id)
        with_words = asked_with(said, row.measure, row.definition_version) if said else None
        result[cell] = replace(chip, asked_with=with_words) if with_words else chip
    return result


def _telling_no_hidden_task(session: Session, reader: Reader, rows: dict[CellMeasure, Any]) -> dict[CellMeasure, Any]:
    """The rows without the task indexes that `within` keeps from the reader."""
    indexes = {row.id for row in rows.values() if row.measure == "success" and row.product_id is None}
    if not indexes:
        return rows
    seen = set(session.scalars(select(Score.id).where(Score.id.in_(indexes), *within(reader))))
    return {cell: row for cell, row in rows.items() if row.id not in indexes - seen}


def _fallbacks(cell: CellWanted) -> list[Key]:
    """The cells to look in, from the one wanted to the widest."""
    outcome, segment, product = cell.outcome_id, cell.segment_id, cell.product_id
    keys = [(outcome, segment, product), (outcome, segment, None), (outcome, None, product), (outcome, None, None)]
    return list(dict.fromkeys(keys))


Shape = tuple[bool, bool]  # of a cell: whether it is of one segment, whether it is of one product


def _remembered(session: Session, keys: set[Key], leads: set[str]) -> dict[CellMeasure, Any]:
    """`_current` of these cells with their lead measures and opportunity; what was read before is not read again."""
    known: dict[Key, dict[CellMeasure, Any]] = remembered(session, "current scores", dict)
    if len(known) + len(keys) > MOST_CELLS:
        known.clear()
    if missing := keys - known.keys():
        rows = _current(session, missing, {"opportunity", *leads})
        known |= {key: {} for key in missing}
        for cell, row in rows.items():
            known[cell[:3]][cell] = row
    return {cell: row for key in keys for cell, row in known[key].items()}


def _current(session: Session, keys: set[Key], measures: set[str]) -> dict[CellMeasure, Any]:
    """The current score of each cell and measure."""
    by_shape: dict[Shape, list[Key]] = {}
    for key in keys:
        by_shape.setdefault((key[1] is not None, key[2] is not None), []).append(key)
    if not by_shape:
        return {}
    wanted: dict[str, list[Any]] = {"measures": sorted(measures)}
    for shape, some in by_shape.items():
        values = sorted(tuple(part for part in key if part is not None) for key in some)
        wanted[_name("cells", shape)] = values
        for column, parts in zip(_columns(shape), zip(*values, strict=True), strict=True):
            wanted[_name(column.key, shape)] = sorted(set(parts))
    rows = session.execute(_current_query(tuple(sorted(by_shape))), wanted)
    return {(row.outcome_id, row.segment_id, row.product_id, row.measure): row for row in rows}


@lru_cache(maxsize=16)
def _current_query(shapes: tuple[Shape, ...]) -> Select[Any]:
    """Ids are ranked first, one part a shape of cell: index reads only. Made once, since making it takes longer."""
    ranked = union_all(*map(_ranked, shapes)).subquery()
    previous = aliased(Wave)
    return (
        select(*SHOWN, Wave.code.label("wave"), Wave.state, previous.code.label("previous_wave"), Metric.unit,
               Metric.better)
        .join(Metric, Metric.code == Score.measure, isouter=True)
        .join(ranked, ranked.c.id == Score.id)
        .join(Wave, Wave.id == Score.wave_id)
        .join(previous, previous.id == Score.previous_wave_id, isouter=True)
        .where(ranked.c.place == 1)
    )  # fmt: skip


def _ranked(shape: Shape) -> Select[Any]:
    columns = _columns(shape)
    place = func.row_number().over(
        partition_by=(Score.outcome_id, Score.segment_id, Score.product_id, Score.measure),
        order_by=(case((Wave.state == "frozen", 0), else_=1), Wave.first_day.desc(), Wave.id.desc()),
    )
    query = select(Score.id, place.label("place")).join(Wave, Wave.id == Score.wave_id)
    query = query.where(Score.measure.in_(bindparam("measures", expanding=True)))
    query = query if shape[0] else query.where(Score.segment_id.is_(None))
    query = query if shape[1] else query.where(Score.product_id.is_(None))
    for column in columns:  # so that SQLite searches the index, not scans it
        query = query.where(column.in_(bindparam(_name(column.key, shape), expanding=True)))
    if len(columns) == 1:
        return query
    return query.where(tuple_(*columns).in_(bindparam(_name("cells", shape), expanding=True)))


def _columns(shape: Shape) -> list[Any]:
    """What tells one cell of this shape from another."""
    return [Score.outcome_id, *([Score.segment_id] if shape[0] else []), *([Score.product_id] if shape[1] else [])]


def _name(what: str, shape: Shape) -> str:
    return f"{what}_{shape[0]:d}{shape[1]:d}"


def _chip(cell: CellWanted, key: Key, row: Any, beside: Any, terms: Mapping[int, TermLine]) -> Chip:
    measure = MEASURES.get(row.measure, row)  # a metric brings its own unit and direction
    same_wave = beside is not None and beside.wave_id == row.wave_id
    return Chip(
        measure=row.measure, value=row.value, unit=measure.unit, better=measure.better, low=row.low, high=row.high,
        n=row.n, segment=_code(terms, key[1]), product=_code(terms, key[2]), wave=row.wave,
        provisional=row.state != "frozen", verdict=row.verdict, note=row.note, change=row.change,
        previous_wave=row.previous_wave, opportunity=beside.value if same_wave else None,
        fell_back=_in_words(cell, key), id=row.id,
    )  # fmt: skip


def _code(terms: Mapping[int, TermLine], identifier: int | None) -> str | None:
    return None if identifier is None else terms[identifier].code


def _in_words(cell: CellWanted, shown: Key) -> str | None:
    lost = [word for word, wanted, got in (
        ("segments", cell.segment_id, shown[1]), ("products", cell.product_id, shown[2])
    ) if wanted != got]  # fmt: skip
    return f"all {' and '.join(lost)}" if lost else None


def as_json(chip: Chip) -> dict[str, Any]:
    """The chip as scripts read it. Keys are added, never renamed or removed."""
    names = ("measure", "value", "unit", "better", "low", "high", "n", "segment", "product", "wave", "verdict",
             "opportunity", "provisional", "note", "fell_back", "disagreement", "asked_with")  # fmt: skip
    return {name: getattr(chip, name) for name in names}


def history(
    session: Session,
    reader: Reader,
    outcome_id: int,
    segment_id: int | None = None,
    product_id: int | None = None,
    measure: str = "satisfaction",
) -> list[Point]:
    """A cell's scores that the reader may see, one point a wave, in time."""
    return points_of(score_rows(
        session, *within(reader),
        Score.outcome_id == outcome_id, Score.segment_id.is_not_distinct_from(segment_id),
        Score.product_id.is_not_distinct_from(product_id), Score.measure == measure,
    ))  # fmt: skip


def points_of(rows: Sequence[ScoreRow]) -> list[Point]:
    """The rows of one cell and measure, in time, as points. One that starts a series is not joined to that before."""
    return [
        Point(
            row.wave, row.first_day.isoformat(), row.last_day.isoformat(), row.provisional, row.value, row.low,
            row.high, row.n, row.note, row.verdict, row.change,
            starts_series=before is not None and (row.instrument, row.meaning) != (before.instrument, before.meaning),
            id=row.id, new_meaning=before is not None and row.meaning != before.meaning, asked_with=row.asked_with,
            no_arrow=row.no_arrow,
        )
        for before, row in zip([None, *rows], rows, strict=False)
    ]  # fmt: skip


def cells(session: Session, reader: Reader, outcome_id: int, wave_id: int) -> list[dict[str, Any]]:
    """All scores of an outcome in one wave as `show` gives them: the whole first, then by segment, then by product."""
    return _rows(session, reader, Score.outcome_id == outcome_id, Score.wave_id == wave_id)


def show(
    session: Session,
    reader: Reader,
    wave: str | None = None,
    outcome: str | None = None,
    segment: str | None = None,
    product: str | None = None,
    measure: str | None = None,
) -> list[dict[str, Any]]:
    """Scores as rows for a table or JSON, in order of wave, outcome, segment and product.

    Each filter takes what people write: a code, a name or an alias; "all" as segment or product keeps the cells of all
    segments or products. The keys are `reading.ScoreRow`'s, days as text.

    Left out is what has a segment or a product outside the reader's scopes, or a term that the reader may not see; the
    cells of all segments and products are for everyone.

    Raises:
        WaveUnknown, UnknownTerm, ValueError: a filter names nothing that is known.
    """
    if measure is not None and measure not in MEASURES and not _is_metric(session, measure):
        raise ValueError(f"no measure or metric is called {measure!r}; measures are {', '.join(MEASURES)}")
    conditions = [Score.measure == measure] if measure else []
    if wave is not None:
        conditions.append(Score.wave_id == find_wave(session, wave).id)
    for text, axis, column in (
        (outcome, "outcome", Score.outcome_id), (segment, "segment", Score.segment_id),
        (product, "product", Score.product_id),
    ):  # fmt: skip
        if text is not None:
            whole = text == "all" and axis != "outcome"
            among = Term.id.in_(visible_terms(reader))
            conditions.append(column.is_(None) if whole else column == find_term(session, axis, text, among).id)
    return _rows(session, reader, *conditions)


def _is_metric(session: Session, code: str) -> bool:
    return session.scalar(select(Metric.id).where(Metric.code == code)) is not None


def _rows(session: Session, reader: Reader, *conditions: Any) -> list[dict[str, Any]]:
    found = score_rows(session, *within(reader), *conditions)
    rows: list[dict[str, Any]] = [{name: getattr(row, name) for name in NAMES} for row in found]
    for row in rows:
        row.update(first_day=row["first_day"].isoformat(), last_day=row["last_day"].isoformat())
    return rows
