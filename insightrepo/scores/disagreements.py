"""Where segments disagree, so that the score of everybody hides opposite ones (Simpson's check included)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, select, tuple_
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.models import Outcome, Score, Segment, Wave
from insightrepo.scores.gaps import Gap, gap
from insightrepo.scores.reading import ScoreRow, score_rows, within

MEASURES_READ = ("satisfaction", "importance")
MOST_NAMED = 3  # segments in a sentence
Segments = dict[str, tuple[str, str]]  # name and dimension by code


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

    For a page of hits: a few short queries however many outcomes. Segments outside the reader's scopes say nothing.
    """
    found = read_disagreements(session, reader, outcome_ids)
    return {outcome_id: found[outcome_id].sentence if outcome_id in found else None for outcome_id in outcome_ids}


def read_disagreements(
    session: Session, reader: Reader, outcome_ids: Collection[int], wave: str | None = None
) -> dict[int, Disagreement]:
    """The disagreements by outcome id in one wave, or (None) each in its current one: the latest frozen that has it."""
    if not outcome_ids:
        return {}
    ids = dict(session.execute(select(Outcome.code, Outcome.id).where(Outcome.id.in_(outcome_ids))).tuples().all())
    in_wave = Wave.code == wave if wave else tuple_(Score.outcome_id, Score.wave_id).in_(_current(outcome_ids))
    rows = score_rows(
        session, *within(reader), Score.outcome_id.in_(outcome_ids), Score.task_id.is_(None),
        Score.product_id.is_(None), Score.measure.in_(MEASURES_READ), in_wave,
    )  # fmt: skip
    by_outcome: dict[str, list[ScoreRow]] = defaultdict(list)
    for row in rows:
        by_outcome[row.outcome or ""].append(row)
    segments = _segments(session) if rows else {}
    compared = {ids[code]: _compare(code, rows, segments) for code, rows in by_outcome.items()}
    return {outcome_id: one for outcome_id, one in compared.items() if one is not None}


def _current(outcome_ids: Collection[int]) -> Any:
    """Outcome and wave ids: of each outcome the latest frozen wave that has it, else the latest open one."""
    place = func.row_number().over(
        partition_by=Score.outcome_id,
        order_by=(case((Wave.state == "frozen", 0), else_=1), Wave.first_day.desc(), Wave.id.desc()),
    )
    ranked = (
        select(Score.outcome_id, Score.wave_id, place.label("place"))
        .join(Wave, Wave.id == Score.wave_id)
        .where(Score.outcome_id.in_(outcome_ids), Score.segment_id.is_(None), Score.product_id.is_(None),
               Score.measure == "satisfaction")
        .subquery()
    )  # fmt: skip
    return select(ranked.c.outcome_id, ranked.c.wave_id).where(ranked.c.place == 1)


def _segments(session: Session) -> Segments:
    rows = session.execute(select(Segment.code, Segment.name, Segment.dimension)).all()
    return {row.code: (row.name, row.dimension) for row in rows}


def _compare(outcome: str, rows: Iterable[ScoreRow], segments: Segments) -> Disagreement | None:
    """What rows of one outcome and wave say, or None where nothing is at odds."""
    by_segment: dict[str | None, dict[str, ScoreRow]] = defaultdict(dict)
    for row in rows:
        by_segment[row.segment][row.measure] = row
    whole = by_segment.pop(None, {})
    pooled = gap(whole.get("importance"), whole.get("satisfaction"))
    gaps = [
        Opposite(code, segments[code][0], found)
        for code, parts in sorted(by_segment.items(), key=lambda item: item[0] or "")
        if code in segments and (found := gap(parts.get("importance"), parts.get("satisfaction")))
    ]
    opposite = _opposite(pooled, gaps)
    satisfaction = {code: parts["satisfaction"] for code, parts in by_segment.items() if "satisfaction" in parts}
    change = _change(whole.get("satisfaction"), satisfaction, segments)  # type: ignore[arg-type]
    if not opposite and not change:
        return None
    first = next(iter(whole.values()), None) or next(iter(satisfaction.values()))
    return Disagreement(outcome, first.wave, pooled, opposite, change)


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


def _change(whole: ScoreRow | None, satisfaction: dict[str, ScoreRow], segments: Segments) -> str:
    """How changes since the wave before are at odds, in a sentence; empty where they are not."""
    if whole is None or whole.change is None:
        return ""
    since = f"Since {whole.previous_wave}"
    moved = {verdict: _named(satisfaction, verdict, segments) for verdict in ("better", "worse")}
    other = {"better": "worse", "worse": "better"}.get(whole.verdict)
    if other and moved[other]:
        pooled = f"{since} satisfaction of everybody got {whole.verdict} ({whole.change:+.0f})"
        return f"{pooled}, but {other} for {moved[other]}."
    if not other and moved["better"] and moved["worse"]:
        return (
            f"{since} satisfaction of everybody shows no evidence of change, "
            f"but it got better for {moved['better']} and worse for {moved['worse']}."
        )
    dimension = _reversed_dimension(whole, satisfaction, segments) if other else None
    if dimension:
        return (
            f"{since} satisfaction of everybody got {whole.verdict} ({whole.change:+.0f}), yet in every group by "
            f"{dimension} it moved the other way: who answered has changed, not what they say."
        )
    return ""


def _reversed_dimension(whole: ScoreRow, satisfaction: dict[str, ScoreRow], segments: Segments) -> str | None:
    """A dimension all of whose segments (two or more) changed against everybody: Simpson's paradox."""
    changes: dict[str, list[float]] = defaultdict(list)
    for code, row in satisfaction.items():
        if code in segments and row.change is not None:
            changes[segments[code][1]].append(row.change)
    up = (whole.change or 0.0) > 0
    found = (name for name, some in changes.items() if len(some) > 1 and all((c < 0) if up else (c > 0) for c in some))
    return next(found, None)


def _named(satisfaction: dict[str, ScoreRow], verdict: str, segments: Segments) -> str:
    found = [
        f"{segments[code][0]} ({row.change:+.0f}, n {row.n:,})"
        for code, row in sorted(satisfaction.items())
        if row.verdict == verdict and row.change is not None and code in segments
    ]
    return ", ".join(found[:MOST_NAMED]) + (f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else "")


def _told(found: Gap) -> str:
    """ "satisfaction falls short of importance by 30 points (12 to 48, n 140)"."""
    bounds = sorted((abs(found.low), abs(found.high))) if found.sign else [found.low, found.high]
    numbers = f"{round(bounds[0])} to {round(bounds[1])}" + (f", n {found.n:,}" if found.n is not None else "")
    if not found.sign:
        return f"it cannot be told which is higher ({round(found.value):+d} points, {numbers})"
    verb = "falls short of" if found.sign > 0 else "exceeds"
    return f"satisfaction {verb} importance by {round(abs(found.value))} points ({numbers})"
