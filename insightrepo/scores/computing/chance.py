"""Why a change whose interval leaves zero out has no arrow: it stands alone, and so many others were looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from insightrepo.locales import grouped
from insightrepo.scores.measures import LEVEL, LEVEL_OF_ALL, NO_CHANGE


def no_arrow(
    verdict: str,
    low: float | None,
    high: float | None,
    q_value: float | None,
    detail: Mapping[str, Any] | None = None,
) -> str:
    """In few words, why "no evidence of change" stands beside an interval of the change without zero; else empty.

    `detail` is that of the score: q over all tests of the two waves, and how many there were. A score tested alone has
    neither q.
    """
    if verdict != NO_CHANGE or low is None or high is None or low <= 0 <= high:
        return ""
    told = detail or {}
    q_of_all, tests, family = told.get("q_all"), told.get("tests_all"), told.get("family")
    if q_value is not None and q_of_all is not None and q_of_all > LEVEL_OF_ALL:
        return f"{ALONE} all {f'{grouped(tests)} ' if tests else ''}comparisons of this wave"
    if q_value is not None and q_value > LEVEL:
        among = f"the {grouped(family)} comparisons of its kind" if family else "all comparisons of this wave"
        return f"{ALONE} {among}"
    return "beyond chance, but smaller than the smallest change that matters"


ALONE = "alone it would count; not beyond chance among"
