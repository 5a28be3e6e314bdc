"""Why an outcome is on the list of what to look at, in words, and the rule by which the list is ordered. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from insightrepo.locales import decimal, grouped
from insightrepo.scores.acting.disagreements import Disagreement
from insightrepo.scores.acting.gaps import Gap
from insightrepo.scores.chips import Chip
from insightrepo.scores.computing.opportunity import BANDS, band
from insightrepo.scores.reading import ScoreRow
from insightrepo.scores.wording import number

WORTH_A_LOOK = BANDS[-1][0]  # opportunity from which a gap is a reason
RULE = (
    "What really got worse comes first, the largest fall on top. Then, by opportunity, what has another reason in its "
    "scores; findings that only contradict each other come last. "
    "What is decided moves below, until it really gets worse again."
)


@dataclass(frozen=True)
class Reason:
    """One reason: `kind` is fell, fell for some, gap, task, apart, disagree or contradiction; `words` and
    `detail` say it.
    """

    kind: str
    words: str
    detail: str = ""


@dataclass(frozen=True)
class Facts:
    """What is known of an outcome where the reasons are looked for; `tasks` are (name, score) of those that serve it,
    `fell` the satisfaction of segments, by name, that really got worse, `apart` of those clearly below everybody's.
    """

    chip: Chip | None
    gap: Gap | None
    opportunity: float | None
    fell: Sequence[tuple[str, ScoreRow]]
    disagreement: Disagreement | None
    tasks: Iterable[tuple[str, ScoreRow]]
    contradictions: int
    apart: Sequence[tuple[str, ScoreRow]] = ()


def reasons_of(facts: Facts) -> tuple[Reason, ...]:
    """The reasons to look at an outcome; none: there is nothing to see now."""
    found = (_fell(facts.chip), _fell_for_some(facts), _gap(facts), _task(facts.tasks), _apart(facts), _disagree(facts),
             _contradiction(facts.contradictions))  # fmt: skip
    return tuple(reason for reason in found if reason is not None)


def fall(chip: Chip | None) -> float:
    """How far the lead measure really got worse, in its unit; 0 where it did not."""
    return abs(chip.change) if chip is not None and chip.verdict == "worse" and chip.change is not None else 0.0


def order(reasons: Sequence[Reason], chip: Chip | None, opportunity: float | None, code: str) -> tuple[object, ...]:
    """The key that sorts the list by `RULE`."""
    only_contradicted = all(reason.kind == "contradiction" for reason in reasons)
    return -fall(chip), only_contradicted, -(opportunity or 0.0), code


def _fell(chip: Chip | None) -> Reason | None:
    if chip is None or not fall(chip):
        return None
    since = f" since {chip.previous_wave}" if chip.previous_wave else ""
    verb = "fell" if (chip.change or 0.0) < 0 else "rose"
    return Reason("fell", f"really {verb} {_size(chip.change, chip.measure, chip.unit)}{since}",
                  f"{chip.measure}, tested against {chip.previous_wave or 'the wave before'}")  # fmt: skip


def _fell_for_some(facts: Facts) -> Reason | None:
    if fall(facts.chip) or not facts.fell:
        return None  # that everybody's fell says it already
    name, row = max(facts.fell, key=lambda one: abs(one[1].change or 0.0))
    more = f" and {len(facts.fell) - 1} more" if len(facts.fell) > 1 else ""
    return Reason("fell for some", f"really fell {_size(row.change, row.measure, row.unit)} for {name}{more}",
                  f"n {grouped(row.n)}" if row.n is not None else "")  # fmt: skip


def _gap(facts: Facts) -> Reason | None:
    found, value = facts.gap, facts.opportunity
    if found is None or value is None or found.sign <= 0 or value < WORTH_A_LOOK:
        return None
    size = f"{round(found.value)} points"
    return Reason("gap", f"satisfaction is {size} short of importance",
                  f"opportunity {number(value, 'opportunity', 'points of 20')}: {band(value)}")  # fmt: skip


def _task(tasks: Iterable[tuple[str, ScoreRow]]) -> Reason | None:
    worse = [(name, row) for name, row in tasks if row.verdict == "worse" and row.change is not None]
    if not worse:
        return None
    name, row = max(worse, key=lambda one: abs(one[1].change or 0.0))
    more = f" and {len(worse) - 1} more" if len(worse) > 1 else ""
    return Reason("task", f"a task with it: “{name}” fell {_size(row.change, row.measure, row.unit)}{more}",
                  f"task success {number(row.value, row.measure, row.unit)}, n {grouped(row.n)}"
                  if row.value is not None and row.n is not None else "")  # fmt: skip


def _apart(facts: Facts) -> Reason | None:
    if not facts.apart:
        return None
    name, row = min(facts.apart, key=lambda one: one[1].value or 0.0)
    more = f" and {len(facts.apart) - 1} more" if len(facts.apart) > 1 else ""
    return Reason("apart", f"clearly below everybody: {name} {number(row.value or 0.0, row.measure, row.unit)}{more}",
                  "their 95% intervals do not touch")  # fmt: skip


def _disagree(facts: Facts) -> Reason | None:
    found = facts.disagreement
    return Reason("disagree", "segments disagree", found.sentence) if found is not None else None


def _contradiction(count: int) -> Reason | None:
    if not count:
        return None
    words = "findings contradict each other" if count == 1 else f"{count} pairs of findings contradict each other"
    return Reason("contradiction", words)


def _size(change: float | None, measure: str, unit: str) -> str:
    value = abs(change or 0.0)
    return f"{decimal(value, 0)} points" if unit == "percent" else number(value, measure, unit)
