"""Whether a cell moved between two waves: as its score says, or tested alone where they do not follow each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from insightrepo.scores.computing.cells import CellKey, People
from insightrepo.scores.computing.companions import STEPS, is_rounded, round_change
from insightrepo.scores.computing.verdicts import Pair, compared
from insightrepo.scores.measures import LEVEL, MEASURES, NOT_ENOUGH, SMALLEST_FIRM, verdict
from insightrepo.scores.reading import ScoreRow

MEASURE = "satisfaction"
OTHER_INSTRUMENT = "measured with another instrument: the two are not compared"


@dataclass(frozen=True)
class Movement:
    """The change of a score between two waves, in its unit, with its 95% interval and a verdict.

    `controlled`: the verdict is the score's own, after Benjamini-Hochberg over its family (`q_value`); else it is of
    this one test. `note` says why there is no verdict.
    """

    before: float | None
    after: float | None
    n_before: int | None
    n_after: int | None
    change: float | None
    low: float | None
    high: float | None
    p_value: float | None
    q_value: float | None
    verdict: str
    controlled: bool
    note: str = ""
    no_arrow: str = ""  # why there is no evidence of a change whose interval leaves zero out

    @property
    def is_real(self) -> bool:
        """Whether the verdict is better or worse."""
        return self.verdict in ("better", "worse")

    @property
    def direction(self) -> int:
        """-1 where the value really fell, 1 where it really rose, else 0."""
        return 0 if not self.is_real or not self.change else 1 if self.change > 0 else -1


def moved(before: ScoreRow | None, after: ScoreRow | None) -> Movement:
    """The movement that the later score says of itself, where it is compared with the earlier one's wave."""
    if after is None or before is None or after.value is None or before.value is None:
        return _nothing(before, after, "not measured in both waves" if not (before and after) else "not shown")
    if before.instrument != after.instrument:
        return _nothing(before, after, OTHER_INSTRUMENT)
    follows = after.previous_wave == before.wave
    if not follows or after.change is None:
        few = min(before.n or 0, after.n or 0) < SMALLEST_FIRM
        note = "the waves do not follow each other" if not follows else "the two do not rest on the same things"
        note = f"fewer than {SMALLEST_FIRM} people" if few else note
        change = after.value - before.value
        return Movement(before.value, after.value, before.n, after.n, change, None, None, None, None, NOT_ENOUGH,
                        follows, note)  # fmt: skip
    return Movement(before.value, after.value, before.n, after.n, after.change, after.change_low, after.change_high,
                    after.p_value, after.q_value, after.verdict, True, no_arrow=after.no_arrow)  # fmt: skip


def movement_between(
    before: ScoreRow | None,
    after: ScoreRow | None,
    people: Callable[[], tuple[People, People]],
    measure: str = MEASURE,
    seeds: tuple[list[int], list[int]] = ([1], [2]),
) -> Movement:
    """As `moved`; waves that do not follow each other are tested alone, by the same test as all others.

    `people` reads those of the earlier and of the later wave, `seeds` are those of their bootstraps in the same order.
    Where a score is rounded beside a hidden segment (`companions`), so is what is tested here from its people.
    """
    found = moved(before, after)
    few = min(found.n_before or 0, found.n_after or 0) < SMALLEST_FIRM
    if found.change is None or found.controlled or few:
        return found
    then, now = people()
    if min(then.n(measure), now.n(measure)) == 0:
        return found
    pair = Pair(measure, CellKey(None, None, None), 0, now, then, {}, seeds[1], seeds[0])
    result, known = compared(pair), MEASURES[measure]
    word = verdict(known, found.change, result.p_value, known.smallest_change, LEVEL)
    alone = Movement(found.before, found.after, found.n_before, found.n_after, found.change, result.low, result.high,
                     result.p_value, None, word, False)  # fmt: skip
    return _rounded(alone, STEPS.get(measure, 1.0)) if any_rounded(before, after) else alone


def any_rounded(*rows: ScoreRow | None) -> bool:
    """Whether one of the scores is rounded beside a hidden segment: what is exact beside it would give that away."""
    return any(row is not None and is_rounded(row.n, row.n_eff) for row in rows)


def _rounded(found: Movement, step: float) -> Movement:
    row: dict[str, Any] = {
        "change": found.change, "change_low": found.low, "change_high": found.high, "p_value": found.p_value,
        "q_value": found.q_value,
    }  # fmt: skip
    round_change(row, step)
    return replace(found, change=row["change"], low=row["change_low"], high=row["change_high"], p_value=row["p_value"])


def _nothing(before: ScoreRow | None, after: ScoreRow | None, note: str) -> Movement:
    return Movement(
        before.value if before else None, after.value if after else None, before.n if before else None,
        after.n if after else None, None, None, None, None, None, NOT_ENOUGH, False, note,
    )  # fmt: skip
