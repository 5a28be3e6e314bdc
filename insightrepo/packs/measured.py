"""The measured part of a pack: what really changed, the largest opportunities, and lines over the waves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from indexes.parts import IndexDamaged, IndexMismatch
from insightrepo.accounts.access import Reader
from insightrepo.library.terms.coverage import Evidence
from insightrepo.models import Term, Wave
from insightrepo.packs.subject import Subject
from insightrepo.scores.acting.choosing import outcomes_in_use, segments_seen
from insightrepo.scores.acting.disagreements import read_disagreements
from insightrepo.scores.changes import ChangedCell, Changes, Step, steps, what_changed
from insightrepo.scores.reading import ALL, ScoreQuery, ScoreRow, read_scores
from insightrepo.workspace import Workspace

KINDS = ("outcome", "task", "metric")  # in the order in which a director asks for them
MOST_CHANGES, MOST_GAPS, MOST_LINES, MOST_WAVES = 25, 10, 4, 12
COUNTS = ("compared", "moved", "too_small", "no_evidence", "not_enough")


def changes_of(session: Session, maker: Reader, about: Subject) -> dict[str, Any]:
    """The real changes of every step that ends with a wave of the period, outcomes first, largest first; counts of
    scores by verdict. `wave` is the last wave there is, where none ended in the period.
    """
    taken = _steps(session, about)
    found = [(step, changes) for step in taken for changes in _changes(session, maker, about, step)]
    cells = [(step, cell) for step, changes in found for cell in changes.real]
    rows = sorted((_change(step, cell) for step, cell in cells), key=_place)
    verdicts = [row["verdict"] for row in rows]
    return {
        "wave": about.wave,
        "steps": [{"from": step.before, "to": step.after, "provisional": step.provisional} for step in taken],
        "counts": {name: sum(getattr(changes, name) for _, changes in found) for name in COUNTS},
        "worse": verdicts.count("worse"),
        "better": verdicts.count("better"),
        "real": rows[:MOST_CHANGES],
        "total": len(rows),
    }


def _place(row: dict[str, Any]) -> tuple[int, bool]:
    """Outcomes, tasks, metrics; of each everybody, then segments; what is alike stays in order of size."""
    return KINDS.index(row["kind"]), row["segment"] is not None


def _steps(session: Session, about: Subject) -> list[Step]:
    """In time; a pair of waves belongs to the period in which the later one ends."""
    period = about.period
    query = select(Wave.code).where(Wave.last_day >= period.first_day, Wave.last_day <= period.last_day)
    ended = set(session.scalars(query))
    return [step for step in reversed(steps(session)) if step.after in ended]


def _changes(session: Session, maker: Reader, about: Subject, step: Step) -> Iterable[Changes]:
    """Of the whole, or of a product and of the tasks done with it, whose scores are of no product."""
    if about.code is None:
        return [what_changed(session, maker, step.before, step.after)]
    of_product = what_changed(session, maker, step.before, step.after, product=about.code)
    return [of_product, what_changed(session, maker, step.before, step.after, product=ALL, tasks=about.tasks)]


def _change(step: Step, cell: ChangedCell) -> dict[str, Any]:
    row = cell.lead.row
    return {
        "id": row.id, "kind": cell.subject.kind, "code": cell.subject.code, "name": cell.subject.name,
        "outcome": cell.subject.outcome, "segment": cell.segment, "segment_code": row.segment,
        "product": cell.product, "product_code": row.product, "also": list(cell.also),
        "measure": row.measure, "unit": row.unit, "verdict": row.verdict, "from": step.before, "to": step.after,
        "before": cell.lead.before, "after": row.value, "change": row.change, "low": row.change_low,
        "high": row.change_high, "q": row.q_value, "n": row.n, "note": row.note,
        "asked_with": row.asked_with,
        "others": [
            {"measure": other.row.measure, "unit": other.row.unit, "before": other.before, "after": other.row.value,
             "verdict": other.row.verdict}
            for other in cell.changes[1:]
        ],
    }  # fmt: skip


def gaps_of(workspace: Workspace, session: Session, maker: Reader, about: Subject) -> dict[str, Any]:
    """The outcomes of the last wave by opportunity, largest first, with what it is made of and how much evidence there
    is of it; a cell that is not shown is counted in `hidden` and named nowhere.
    """
    if about.wave is None:
        return {"wave": None, "rows": [], "total": 0, "hidden": 0}
    measures = ("opportunity", "importance", "satisfaction")
    rows = [row for row in _whole(session, maker, about, (about.wave,), measures) if row.outcome]
    by_cell = {(row.outcome, row.measure): row for row in rows}
    asked = [row for row in rows if row.measure == "opportunity"]
    shown = sorted((row for row in asked if row.value is not None), key=lambda row: (-(row.value or 0), row.outcome))
    names = _names(session, [row.outcome for row in shown if row.outcome])
    apart = _disagreeing(session, maker, about, shown[:MOST_GAPS])
    spoken = _spoken(workspace, session, maker, [row.outcome for row in shown[:MOST_GAPS]])
    return {
        "wave": about.wave,
        "rows": [
            {**_gap(row, names, by_cell, apart), "evidence": spoken.get(row.outcome)} for row in shown[:MOST_GAPS]
        ],
        "total": len(shown),
        "hidden": len(asked) - len(shown),
    }


def _disagreeing(session: Session, maker: Reader, about: Subject, rows: Sequence[ScoreRow]) -> dict[str, str]:
    """By outcome, which segments disagree with the score of everybody, in words; they are of all products, as on
    the landscape.
    """
    query = select(Term.id).where(Term.axis == "outcome", Term.code.in_([row.outcome for row in rows]))
    found = read_disagreements(session, maker, session.scalars(query).all(), about.wave)
    return {one.outcome: one.short for one in found.values()}


def _spoken(
    workspace: Workspace, session: Session, maker: Reader, codes: Sequence[str | None]
) -> dict[str | None, dict[str, Any]]:
    """By outcome what its evidence rests on and, by the rule of the home page, why it is thin; of what the maker sees.

    Nothing where the indexes are not fit: a pack does not wait for them.
    """
    try:
        found = Evidence(workspace, session, maker, segments_seen(session, maker))
    except (IndexDamaged, IndexMismatch):
        return {}
    strengths = {one.code: found.strength(one) for one in outcomes_in_use(session, maker) if one.code in codes}
    return {
        code: {"pieces": one.pieces, "people": one.people, "studies": one.studies, "thin": one.thin}
        for code, one in strengths.items()
    }


def _gap(
    row: ScoreRow, names: dict[str, str], by_cell: dict[tuple[str | None, str], ScoreRow], apart: dict[str, str]
) -> dict[str, Any]:
    beside = {name: by_cell.get((row.outcome, name)) for name in ("importance", "satisfaction")}
    return {
        "id": row.id, "disagree": apart.get(row.outcome or "", ""), "asked_with": row.asked_with,
        "code": row.outcome, "name": names.get(row.outcome or "", ""), "value": row.value, "low": row.low,
        "high": row.high, "n": row.n, "band": row.band, "note": row.note,
        **{name: other.value if other else None for name, other in beside.items()},
    }  # fmt: skip


def trends_of(
    session: Session, maker: Reader, about: Subject, changes: dict[str, Any], gaps: dict[str, Any]
) -> list[dict[str, Any]]:
    """Satisfaction over the waves up to the period, of outcomes that really changed, then of the largest opportunities.

    A line is of one instrument, the last one: `left_out` are waves that were measured with another.
    """
    moved = [row["code"] for row in changes["real"] if row["kind"] == "outcome"]
    codes = list(dict.fromkeys([*moved, *(row["code"] for row in gaps["rows"])]))[:MOST_LINES]
    waves = session.scalars(
        select(Wave.code).where(Wave.last_day <= about.period.last_day).order_by(Wave.first_day, Wave.id)
    ).all()
    rows = _whole(session, maker, about, waves, ("satisfaction",)) if codes else []
    names = _names(session, codes)
    lines = [_line(code, names[code], [row for row in rows if row.outcome == code]) for code in codes if code in names]
    return [line for line in lines if line["points"]]


def _line(code: str, name: str, rows: Sequence[ScoreRow]) -> dict[str, Any]:
    series = [(row.instrument, row.meaning) for row in rows]
    same = [row for row, one in zip(rows, series, strict=True) if one == series[-1]][-MOST_WAVES:]
    return {
        "code": code, "name": name, "measure": "satisfaction", "unit": "percent",
        "points": [
            {"id": row.id, "wave": row.wave, "value": row.value, "low": row.low, "high": row.high, "n": row.n,
             "note": row.note, "provisional": row.provisional}
            for row in same
        ],
        "left_out": sorted({row.wave for row, one in zip(rows, series, strict=True) if one != series[-1]}),
    }  # fmt: skip


def _whole(
    session: Session, maker: Reader, about: Subject, waves: Sequence[str], measures: tuple[str, ...]
) -> list[ScoreRow]:
    """The scores of everybody, of the product where there is one."""
    return read_scores(session, maker, ScoreQuery(
        waves=tuple(waves), segments=(ALL,), products=(about.code or ALL,), measures=measures,
    ))  # fmt: skip


def _names(session: Session, codes: Sequence[str]) -> dict[str, str]:
    query = select(Term.code, Term.name).where(Term.axis == "outcome", Term.code.in_(codes))
    return dict(session.execute(query).tuples().all())
