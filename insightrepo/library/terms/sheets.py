"""The lists of "Where to act" as sheets to be taken away: every number with n, interval, wave and measure."""

from __future__ import annotations

from collections.abc import Iterable

from insightrepo.library.terms.coverage import PARTS, Coverage, Covered
from insightrepo.scores.acting.choosing import Choice
from insightrepo.scores.acting.disagreements import Disagreement
from insightrepo.scores.acting.exporting import Sheet, Value
from insightrepo.scores.acting.journey import Journey
from insightrepo.scores.acting.landscape import Landscape
from insightrepo.scores.acting.portfolio import Portfolio, TaskScore
from insightrepo.scores.acting.targets import TargetLine
from insightrepo.scores.reading import ScoreRow

CELL = ("wave", "segment", "product")


def landscape_sheet(found: Landscape) -> Sheet:
    """One row an outcome, those without a place at the end with the reason."""
    scores = ("importance", "satisfaction", "opportunity")
    columns = [f"{measure} {part}".strip() for measure in scores for part in ("", "low", "high", "n")]
    headings = ("outcome", "name", *columns, "gap", "gap low", "gap high", "band", "kind", "quadrant", "verdict",
                "definition version", "remark", *CELL)  # fmt: skip
    rows: list[tuple[Value, ...]] = [
        (
            p.outcome.code, p.outcome.name, *_parts(p.importance), *_parts(p.satisfaction), *_parts(p.opportunity),
            p.gap.value, p.gap.low, p.gap.high, p.opportunity.band, p.kind, p.quadrant, p.satisfaction.verdict,
            p.opportunity.definition_version, p.opportunity.note or "", *_cell(found.choice),
        )
        for p in found.positions
    ]  # fmt: skip
    left_out = [(m.outcome, m.why) for m in found.missing]
    left_out += [(outcome, "does not apply to this segment") for outcome in found.not_applicable]
    empty = (None,) * (len(headings) - 6)
    rows += [(outcome.code, outcome.name, *empty, why, *_cell(found.choice)) for outcome, why in left_out]
    return Sheet("Landscape", headings, tuple(rows))


def portfolio_sheet(found: Portfolio) -> Sheet:
    """One row a cell, the worst first; cells without a value say why and name the tasks that stand in."""
    headings = ("outcome", "name", "product", "measure", "unit", "value", "low", "high", "n", "remark", "verdict",
                "tasks", "wave", "segment")  # fmt: skip
    valued = {(cell.outcome.code, cell.product.code) for cell in found.ranked}
    cells = [*found.ranked, *(cell for key, cell in found.cells.items() if key not in valued)]
    wave, segment, _ = _cell(found.choice)
    rows = tuple(
        (
            cell.outcome.code, cell.outcome.name, cell.product.code, found.show, found.unit, cell.value, cell.low,
            cell.high, cell.n, cell.words or cell.note or "", cell.verdict or "", "; ".join(map(_task, cell.tasks)),
            wave, segment,
        )
        for cell in cells
    )  # fmt: skip
    return Sheet("Portfolio", headings, rows)


def journey_sheet(found: Journey, evidence: dict[str, tuple[int, int, int]]) -> Sheet:
    """One row an outcome in the order of the stages; `evidence` is pieces, people and studies by outcome code."""
    headings = ("stage", "outcome", "name", "measure", "value", "low", "high", "n", "remark", "verdict", "opportunity",
                "opportunity low", "opportunity high", "opportunity n", "evidence", "people", "studies",
                *CELL)  # fmt: skip
    rows: list[tuple[Value, ...]] = []
    for stage in found.stages:
        for step in stage.steps:
            outcome, score = step.outcome, step.score
            remark = _remark(score)
            rows.append((
                stage.name, outcome.code, outcome.name, outcome.lead_measure, *_parts(score), remark,
                score.verdict if score else "", *_parts(step.opportunity), *evidence.get(outcome.code, (0, 0, 0)),
                *_cell(found.choice),
            ))  # fmt: skip
    return Sheet("Journey", headings, tuple(rows))


def _covered_remark(covered: Covered) -> str:
    crosses = "the interval crosses the line" if covered.borderline else ""
    thin = f"thin: {covered.strength.thin}" if covered.quadrant and covered.strength.thin else ""
    return "; ".join(filter(None, (covered.why, crosses, thin)))


def coverage_sheet(found: Coverage) -> Sheet:
    """One row an outcome with each part of the strength of its evidence."""
    headings = ("outcome", "name", "quadrant", "opportunity", "opportunity low", "opportunity high", "opportunity n",
                "remark", "strength", *(f"part: {part}" for part in PARTS), "evidence", "studies", "people", "methods",
                "segments heard", "segments it applies to", "newest evidence", "share reviewed", *CELL)  # fmt: skip
    rows = tuple(
        (
            c.outcome.code, c.outcome.name, c.quadrant or "", *_parts(c.opportunity),
            _covered_remark(c), c.strength.value, *c.strength.parts,
            c.strength.pieces, c.strength.studies, c.strength.people, c.strength.methods, c.strength.segments,
            c.strength.segments_of, c.strength.latest, c.strength.reviewed, *_cell(found.choice),
        )
        for c in found.outcomes
    )  # fmt: skip
    return Sheet("Coverage", headings, rows)


def disagreement_sheet(found: Iterable[Disagreement]) -> Sheet:
    """One row an outcome whose segments disagree."""
    headings = ("outcome", "wave", "gap of everybody", "low", "high", "n", "segments", "in words")
    rows = []
    for one in found:
        pooled = one.pooled
        parts: tuple[Value, ...] = (pooled.value, pooled.low, pooled.high, pooled.n) if pooled else (None,) * 4
        rows.append((one.outcome, one.wave, *parts, ", ".join(o.segment for o in one.opposite), one.sentence))
    return Sheet("Disagreements", headings, tuple(rows))


def target_sheet(lines: Iterable[TargetLine]) -> Sheet:
    """One row a target; the share is of the target, not over it."""
    headings = ("target", "team", "product", "outcome", "first day", "last day", "wanted", "reached",
                "percent of target", "in words")  # fmt: skip
    rows = tuple(
        (t.name, t.team, t.product, t.outcome, t.first_day, t.last_day, t.wanted, t.reached, t.share, t.words)
        for t in lines
    )
    return Sheet("Targets", headings, rows)


def _cell(choice: Choice) -> tuple[str, str, str]:
    return choice.wave or "", choice.segment_code, choice.product_code


def _parts(row: ScoreRow | None) -> tuple[Value, ...]:
    return (None, None, None, None) if row is None else (row.value, row.low, row.high, row.n)


def _remark(row: ScoreRow | None) -> str:
    if row is None:
        return "not asked"
    return row.note or ("not enough data" if row.value is None else "")


def _task(task: TaskScore) -> str:
    row = task.score
    if row.value is None:
        return f"{task.code} {row.note or 'not enough data'}"
    return f"{task.code} {row.value:.0f}% ({row.low:.0f} to {row.high:.0f}, n {row.n})"
