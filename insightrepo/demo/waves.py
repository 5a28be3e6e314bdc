"""The answers of the two demo waves: a story told in fixed shares, so that it survives the tests made of it.

Between the second and the third quarter satisfaction with finding stops (FT-01) falls by some 18 points, but not among
families with teenagers, to whom it matters little; finding the way without signal (FT-09) improves; the rest stays.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

SEGMENTS = ("new-parents", "young-children", "school-age", "teenagers")
PEOPLE_PER_SEGMENT = 40
STAYING = 8  # of each segment answer in both waves
DONT_KNOW = "don't know"
HEADER = ("respondent", "outcome", "satisfaction", "importance", "segment", "product", "date")


@dataclass(frozen=True)
class Quarter:
    """A wave to make: which respondents (numbered within their segment) and which days."""

    code: str
    first_person: int
    first_day: dt.date
    days: int


@dataclass(frozen=True)
class Story:
    """Shares of 4 and 5 per segment, in the order of `SEGMENTS`; None: the outcome does not apply to the segment."""

    outcome: str
    product: str
    importance: tuple[float | None, ...]
    satisfaction: tuple[float | None, ...]
    later: tuple[float | None, ...] = ()  # satisfaction in the third quarter; empty: as before

    def shares(self, quarter: Quarter) -> tuple[float | None, ...]:
        """Satisfaction in that quarter."""
        return self.later if self.later and quarter is QUARTERS[1] else self.satisfaction


QUARTERS = (
    Quarter("2025-Q2", 1, dt.date(2025, 4, 1), 91),
    Quarter("2025-Q3", 1 + PEOPLE_PER_SEGMENT - STAYING, dt.date(2025, 7, 1), 92),
)
STORIES = (
    Story("FT-01", "planner", (0.92, 0.92, 0.90, 0.38), (0.80, 0.83, 0.80, 0.83), (0.55, 0.55, 0.55, 0.88)),
    Story("FT-02", "planner", (0.50, 0.58, 0.62, 0.70), (0.58, 0.57, 0.55, 0.50)),
    Story("FT-03", "bookings", (0.78, 0.80, 0.85, 0.80), (0.42, 0.40, 0.37, 0.42)),
    Story("FT-04", "packing", (0.75, 0.68, 0.55, None), (0.65, 0.62, 0.60, None)),
    Story("FT-05", "bookings", (0.82, 0.85, 0.82, 0.78), (0.60, 0.57, 0.55, 0.60)),
    Story("FT-06", "bookings", (0.88, 0.85, 0.75, 0.62), (0.30, 0.32, 0.35, 0.38)),
    Story("FT-07", "bookings", (0.72, 0.70, 0.72, 0.75), (0.68, 0.70, 0.72, 0.70)),
    Story("FT-08", "backseat", (0.62, 0.80, 0.78, 0.48), (0.55, 0.58, 0.57, 0.40)),
    Story("FT-09", "maps", (0.75, 0.78, 0.75, 0.72), (0.45, 0.50, 0.50, 0.48), (0.68, 0.70, 0.70, 0.68)),
    Story("FT-10", "planner", (0.65, 0.68, 0.65, 0.58), (0.60, 0.62, 0.60, 0.57)),
    Story("FT-11", "journal", (0.52, 0.48, 0.42, 0.35), (0.75, 0.72, 0.72, 0.70)),
    Story("FT-12", "journal", (0.60, 0.52, 0.48, 0.40), (0.50, 0.52, 0.50, 0.48)),
)


def rows(quarter: Quarter) -> list[tuple[str, ...]]:
    """The rows of a wave under `HEADER`, by respondent. The same at every call: chance is seeded by what is drawn."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for story in STORIES:
        for place, segment in enumerate(SEGMENTS):
            importance, satisfaction = story.importance[place], story.shares(quarter)[place]
            if importance is not None and satisfaction is not None:
                for row in _cell(quarter, story, segment, importance, satisfaction):
                    found[row[0], row[1]] = row
    return [found[key] for key in sorted(found)]


def _cell(
    quarter: Quarter, story: Story, segment: str, importance: float, satisfaction: float
) -> Iterator[tuple[str, ...]]:
    chance = Random(f"{quarter.code} {story.outcome} {segment}")
    people = range(quarter.first_person, quarter.first_person + PEOPLE_PER_SEGMENT)
    important = _answers(chance, len(people), importance)
    satisfied = _answers(chance, len(people), satisfaction)
    unsure = chance.randrange(len(people)) if chance.random() < 0.5 else None
    for index, person in enumerate(people):
        answer = DONT_KNOW if index == unsure else str(satisfied[index])
        if _broke_off(story, index):
            answer, important[index] = "", ""
        name = f"W-{SEGMENTS.index(segment) + 1}{person:03d}"
        day = quarter.first_day + dt.timedelta(days=Random(f"{quarter.code} {name}").randrange(quarter.days))
        yield name, story.outcome, answer, str(important[index]), segment, story.product, day.isoformat()


def _answers(chance: Random, people: int, share: float) -> list[int | str]:
    """Answers from 1 to 5 of which this share is 4 or 5, give or take a person."""
    top = round(share * people) + chance.randrange(-1, 2)
    answers: list[int | str] = [4 + (chance.random() < 0.4) for _ in range(top)]
    answers += [(3, 3, 3, 2, 2, 1)[chance.randrange(6)] for _ in range(people - top)]
    chance.shuffle(answers)
    return answers


def _broke_off(story: Story, index: int) -> bool:
    """The last person of each segment stopped before the last two questions: those were not asked."""
    return index == PEOPLE_PER_SEGMENT - 1 and story.outcome in ("FT-11", "FT-12")
