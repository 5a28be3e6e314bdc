"""Where segments disagree, so that the score of everybody hides opposite ones (Simpson's check included)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, case, func, select, tuple_
from sqlalchemy.orm import Session, aliased

from insightrepo.accounts.access import Reader
from insightrepo.locales import grouped, whole
from insightrepo.memory import remembered
from insightrepo.models import Score, Segment, Term, Wave
from insightrepo.scores.acting.gaps import Gap, gap
from insightrepo.scores.chips import CellWanted, Chip
from insightrepo.scores.computing.statistics import Z, benjamini_hochberg
from insightrepo.scores.measures import LEVEL
from insightrepo.scores.wording import points

MEASURES_READ = ("satisfaction", "importance")
MOST_NAMED = 3  # segments in a sentence


@dataclass(frozen=True)
class Opposite:
    """A segment whose gap between importance and satisfaction goes the other way than everybody's."""

    segment: str
    name: str
    gap: Gap


@dataclass(frozen=True)
class Disagreement:
    """An outcome whose segments disagree in a wave: in their gap, in their change, or only by their mix."""

    outcome: str
    wave: str
    pooled: Gap | None
    opposite: tuple[Opposite, ...]
    change: str
    moved: tuple[tuple[str, str], ...] = ()  # (segment's name, verdict) of those that moved against everybody

    @property
    def short(self) -> str:
        """Which segments disagree, in a few words: "falls short for Parents; worse for Couples"."""
        ways: dict[str, list[str]] = {}
        for one in self.opposite:
            ways.setdefault("falls short" if one.gap.sign > 0 else "more than wanted", []).append(one.name)
        for name, verdict in self.moved:
            ways.setdefault(verdict, []).append(name)
        if not ways:
            return "every group moved the other way than everybody"
        return "; ".join(f"{way} for {_some(names)}" for way, names in ways.items())

    @property
    def sentence(self) -> str:
        """All of it in words, with n and intervals."""
        return " ".join(filter(None, (self._gaps(), self.change)))

    def _gaps(self) -> str:
        if not self.opposite or self.pooled is None:
            return ""
        named = "; ".join(f"for {one.name} {_told(one.gap)}" for one in self.opposite[:MOST_NAMED])
        more = len(self.opposite) - MOST_NAMED
        rest = f"; and {more} more" if more > 0 else ""
        return f"Segments disagree in {self.wave}: for everybody {_told(self.pooled)}, but {named}{rest}."


def disagreement(session: Session, reader: Reader, outcome_ids: Collection[int]) -> dict[int, str | None]:
    """A sentence for each outcome whose segments disagree in its current wave; None: they do not, or cannot be told.

    For a page of hits: one query, however many outcomes. Segments outside the reader's scopes say nothing.
    """
    found = read_disagreements(session, reader, outcome_ids)
    return {outcome_id: found[outcome_id].sentence if outcome_id in found else None for outcome_id in outcome_ids}


def cautioned(
    session: Session, reader: Reader, found: Mapping[CellWanted, Chip | None]
) -> dict[CellWanted, Chip | None]:
    """Chips with a word of caution on those of everybody whose segments disagree in the wave that is shown."""
    pooled = {cell.outcome_id for cell, chip in found.items() if _is_pooled(chip)}
    sentences = read_disagreements(session, reader, pooled)
    return {cell: _with_caution(chip, sentences.get(cell.outcome_id)) for cell, chip in found.items()}


def _is_pooled(chip: Chip | None) -> bool:
    return chip is not None and chip.segment is None and chip.value is not None


def _with_caution(chip: Chip | None, found: Disagreement | None) -> Chip | None:
    if chip is None or found is None or not _is_pooled(chip) or chip.wave != found.wave:
        return chip
    return replace(chip, disagreement=found.sentence)


def read_disagreements(
    session: Session, reader: Reader, outcome_ids: Collection[int], wave: str | None = None
) -> dict[int, Disagreement]:
    """The disagreements by outcome id in one wave, or (None) each in its current one: the latest frozen that has it.

    One query, however many outcomes; they are to be outcomes that the reader may see. What was read of current waves is
    remembered until something is committed.
    """
    if wave is not None:
        return _read(session, reader, outcome_ids, wave)
    known: dict[int, Disagreement | None] = remembered(session, ("disagreements", reader), dict)
    if missing := set(outcome_ids) - known.keys():
        known |= dict.fromkeys(missing) | _read(session, reader, missing)
    return {outcome_id: found for outcome_id in outcome_ids if (found := known[outcome_id]) is not None}


def _read(
    session: Session, reader: Reader, outcome_ids: Collection[int], wave: str | None = None
) -> dict[int, Disagreement]:
    by_outcome: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in session.execute(_query(wave is None), {"outcomes": sorted(outcome_ids), "wave": wave}):
        if row.segment_id is None or _sees(reader, row):
            by_outcome[row.outcome_id].append(row)
    compared = {outcome_id: _compare(rows) for outcome_id, rows in by_outcome.items()}
    return {outcome_id: one for outcome_id, one in compared.items() if one is not None}


def _sees(reader: Reader, row: Row[Any]) -> bool:
    """Whether the segment of a row is within the reader's scopes and teams, as `reading.within` has it in SQL."""
    mine = row.team_id is None or row.team_id in reader.teams or reader.at_least("administrator")
    return mine and reader.sees_cell(row.segment_id, None)


@lru_cache(maxsize=2)
def _query(current: bool) -> Select[Any]:
    """Made once, since making it takes longer than asking it: scores of everybody and of each segment, by outcome."""
    term, segment, previous = aliased(Term.__table__), aliased(Segment.__table__), aliased(Wave)
    outcome = aliased(Term.__table__)
    among = Score.outcome_id.in_(bindparam("outcomes", expanding=True))
    place = func.row_number().over(
        partition_by=Score.outcome_id,
        order_by=(case((Wave.state == "frozen", 0), else_=1), Wave.first_day.desc(), Wave.id.desc()),
    )
    whole = (Score.segment_id.is_(None), Score.product_id.is_(None), Score.measure == "satisfaction")
    waves = select(Score.outcome_id, Score.wave_id, place.label("place")).join(Wave, Wave.id == Score.wave_id)
    ranked = waves.where(among, *whole).subquery()
    latest = select(ranked.c.outcome_id, ranked.c.wave_id).where(ranked.c.place == 1)
    in_wave = tuple_(Score.outcome_id, Score.wave_id).in_(latest) if current else Wave.code == bindparam("wave")
    return (
        select(
            Score.outcome_id, Score.segment_id, Score.measure, Score.value, Score.low, Score.high, Score.n, Score.note,
            Score.verdict, Score.change, outcome.c.code.label("outcome"), Wave.code.label("wave"),
            previous.code.label("previous_wave"), term.c.code.label("segment"), term.c.name, term.c.team_id,
            segment.c.dimension,
        )
        .join(Wave, Wave.id == Score.wave_id)
        .join(outcome, outcome.c.id == Score.outcome_id)
        .join(previous, previous.id == Score.previous_wave_id, isouter=True)
        .join(term, term.c.id == Score.segment_id, isouter=True)
        .join(segment, segment.c.id == Score.segment_id, isouter=True)
        .where(among, Score.task_id.is_(None), Score.product_id.is_(None), Score.measure.in_(MEASURES_READ), in_wave)
        .order_by(term.c.code)
    )  # fmt: skip


def _compare(rows: Sequence[Row[Any]]) -> Disagreement | None:
    """What rows of one outcome and wave say, or None where nothing is at odds."""
    by_segment: dict[str | None, dict[str, Row[Any]]] = defaultdict(dict)
    for row in rows:
        by_segment[row.segment][row.measure] = row
    whole = by_segment.pop(None, {})
    pooled = gap(whole.get("importance"), whole.get("satisfaction"))
    gaps = [
        Opposite(code or "", parts["satisfaction"].name, found)
        for code, parts in by_segment.items()
        if (found := gap(parts.get("importance"), parts.get("satisfaction")))
    ]
    opposite = _opposite(pooled, _controlled(gaps))
    satisfaction = [parts["satisfaction"] for parts in by_segment.values() if "satisfaction" in parts]
    change = _change(whole.get("satisfaction"), satisfaction)
    if not opposite and not change:
        return None
    moved = tuple((row.name, row.verdict) for row in satisfaction if row.verdict in ("better", "worse"))
    against = tuple((name, verdict) for name, verdict in moved if verdict != _verdict(whole)) if change else ()
    return Disagreement(rows[0].outcome, rows[0].wave, pooled, opposite, change, against)


def _controlled(gaps: list[Opposite]) -> list[Opposite]:
    """The segments whose sign stays sure over all segments of the outcome that were looked at (Benjamini-Hochberg).

    The p-value is of the normal that has the near end of the gap's 95% interval, which is the wider one.
    """
    q_values = benjamini_hochberg([_p_value(one.gap) for one in gaps])
    return [one for one, q_value in zip(gaps, q_values, strict=True) if one.gap.sign and q_value <= LEVEL]


def _p_value(found: Gap) -> float:
    reach = found.value - found.low if found.value > 0 else found.high - found.value
    return math.erfc(Z * abs(found.value) / reach / math.sqrt(2)) if reach > 0 else float(found.value == 0)


def _opposite(pooled: Gap | None, gaps: list[Opposite]) -> tuple[Opposite, ...]:
    """The segments whose sure sign is the reverse of everybody's; where that one is not sure, all of two sure camps."""
    if pooled is None:
        return ()
    if pooled.sign:
        return tuple(one for one in gaps if one.gap.sign == -pooled.sign)
    sure = sorted((one for one in gaps if one.gap.sign), key=lambda one: -abs(one.gap.value))
    camps = [[one for one in sure if one.gap.sign == sign] for sign in (1, -1)]
    if not all(camps):
        return ()
    first = [camp[0] for camp in camps]  # each is named, however many there are
    return (*first, *(one for one in sure if one not in first))


def _change(whole: Row[Any] | None, segments: Sequence[Row[Any]]) -> str:
    """How changes since the wave before are at odds, in a sentence; empty where they are not."""
    if whole is None or whole.change is None:
        return ""
    pooled = f"Since {whole.previous_wave} satisfaction of everybody"
    moved = {verdict: _named(segments, verdict) for verdict in ("better", "worse")}
    other = {"better": "worse", "worse": "better"}.get(whole.verdict)
    if other is None:
        if moved["better"] and moved["worse"]:
            both = f"it got better for {moved['better']} and worse for {moved['worse']}"
            return f"{pooled} shows no evidence of change, but {both}."
        return ""
    pooled = f"{pooled} got {whole.verdict} ({points(whole.change)})"
    if moved[other]:
        return f"{pooled}, but {other} for {moved[other]}."
    dimension = _reversed_dimension(whole, segments)
    if dimension is None:
        return ""
    mixed = f"yet in every group by {dimension} it moved the other way"
    return f"{pooled}, {mixed}: who answered has changed, not what they say."


def _verdict(whole: Mapping[str, Row[Any]]) -> str:
    row = whole.get("satisfaction")
    return row.verdict if row is not None else ""


def _some(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _reversed_dimension(whole: Row[Any], segments: Iterable[Row[Any]]) -> str | None:
    """A dimension all of whose segments (two or more) changed against everybody: Simpson's paradox."""
    changes: dict[str, list[float]] = defaultdict(list)
    for row in segments:
        if row.change is not None:
            changes[row.dimension].append(row.change)
    up = whole.change > 0
    against = {name: all((change < 0) if up else (change > 0) for change in some) for name, some in changes.items()}
    return next((name for name, some in changes.items() if len(some) > 1 and against[name]), None)


def _named(segments: Iterable[Row[Any]], verdict: str) -> str:
    found = [
        f"{row.name} ({points(row.change)}, n {grouped(row.n)})"
        for row in segments
        if row.verdict == verdict and row.change is not None and row.n is not None
    ]
    return _some(found)


def _told(found: Gap) -> str:
    """ "satisfaction falls short of importance by 30 points (12 to 48, n 140)"."""
    bounds = sorted((abs(found.low), abs(found.high))) if found.sign else [found.low, found.high]
    numbers = f"{whole(bounds[0])} to {whole(bounds[1])}" + (f", n {grouped(found.n)}" if found.n is not None else "")
    if not found.sign:
        return f"it cannot be told which is higher ({points(found.value)} points, {numbers})"
    verb = "falls short of" if found.sign > 0 else "exceeds"
    return f"satisfaction {verb} importance by {round(abs(found.value))} points ({numbers})"
