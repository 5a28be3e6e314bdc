"""Whether a cell moved between two waves: as its score says, or tested alone where they do not follow each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from insightrepo.models import Wave
from insightrepo.scores.measures import LEVEL, MEASURES, NOT_ENOUGH, SMALLEST_FIRM, verdict
from insightrepo.scores.reading import ScoreRow
from insightrepo.scores.splitting import Spoken
from insightrepo.scores.statistics import effective_n, two_proportions, two_proportions_interval

OTHER_INSTRUMENT = "measured with another instrument: the two are not compared"


@dataclass(frozen=True)
class Movement:
    """The change of a share between two waves, in percentage points, with its 95% interval and a verdict.

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
    if after.previous_wave != before.wave or after.change is None:
        change = after.value - before.value
        few = min(before.n or 0, after.n or 0) < SMALLEST_FIRM
        note = f"fewer than {SMALLEST_FIRM} people" if few else "the waves do not follow each other"
        return Movement(before.value, after.value, before.n, after.n, change, None, None, None, None, NOT_ENOUGH,
                        after.previous_wave == before.wave, note)  # fmt: skip
    return Movement(before.value, after.value, before.n, after.n, after.change, after.change_low, after.change_high,
                    after.p_value, after.q_value, after.verdict, True)  # fmt: skip


def tested(
    before: ScoreRow | None, after: ScoreRow | None, answers: tuple[Sequence[Spoken], Sequence[Spoken]]
) -> Movement:
    """As `moved`; waves that do not follow each other are tested alone, by the N-1 two-proportion test of different
    people on effective n, with the interval of Agresti & Caffo.
    """
    found = moved(before, after)
    if found.change is None or found.controlled or min(found.n_before or 0, found.n_after or 0) < SMALLEST_FIRM:
        return found
    sides = [_proportion(wave) for wave in reversed(answers)]
    result = two_proportions(*sides[0], *sides[1])
    low, high = two_proportions_interval(*sides[0], *sides[1])
    measure = MEASURES["satisfaction"]
    word = verdict(measure, found.change, result.p_value, measure.smallest_change, LEVEL)
    return Movement(found.before, found.after, found.n_before, found.n_after, found.change, 100 * low, 100 * high,
                    result.p_value, None, word, False)  # fmt: skip


def _proportion(answers: Sequence[Spoken]) -> tuple[float, float]:
    """Successes and effective n of a wave's answers; a person's answers are one share."""
    weights: dict[int, float] = {}
    top = 0.0
    for answer in answers:
        weights[answer.respondent] = weights.get(answer.respondent, 0.0) + answer.weight
        top += answer.weight * answer.value
    n = effective_n(list(weights.values()))
    return min(top / sum(weights.values()), 1.0) * n, n


def _nothing(before: ScoreRow | None, after: ScoreRow | None, note: str) -> Movement:
    return Movement(
        before.value if before else None, after.value if after else None, before.n if before else None,
        after.n if after else None, None, None, None, None, None, NOT_ENOUGH, False, note,
    )  # fmt: skip


def same_instrument(before: Wave, after: Wave) -> bool:
    """Whether two waves may be compared."""
    return before.instrument_id == after.instrument_id
