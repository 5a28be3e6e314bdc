"""The trials of tasks in the two demo waves, told in fixed shares as the answers are (`waves.py`).

The task that FT-01 goes with, planning a day trip with two stops, is completed less often and more slowly in the third
quarter, but not by families with teenagers; finding the way back without signal is completed more often; the rest
stays. Trials are by other people than the survey's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from insightrepo.demo.waves import QUARTERS, SEGMENTS, Quarter

PEOPLE_PER_SEGMENT = 30
TEENAGERS = SEGMENTS.index("teenagers")
HEADER = ("respondent", "task", "completed", "seconds", "ease", "difficulty", "confidence", "segment", "date")


@dataclass(frozen=True)
class TaskStory:
    """Share completed and typical seconds of a success, in the second quarter and (where it changed) in the third."""

    task: str
    share: float
    seconds: float
    later_share: float | None = None
    later_seconds: float | None = None
    all_segments: bool = True  # of the change: otherwise not among families with teenagers

    def at(self, quarter: Quarter, segment: int) -> tuple[float, float]:
        """Share and seconds in a quarter and segment."""
        changed = quarter is QUARTERS[1] and (self.all_segments or segment != TEENAGERS)
        share = self.later_share if changed and self.later_share is not None else self.share
        return share, self.later_seconds if changed and self.later_seconds is not None else self.seconds


STORIES = (
    TaskStory("T-PLAN-1", 0.87, 95, 0.53, 150, all_segments=False),
    TaskStory("T-PLAN-2", 0.80, 70),
    TaskStory("T-PLAN-3", 0.77, 80),
    TaskStory("T-MAP-1", 0.83, 40),
    TaskStory("T-MAP-2", 0.53, 120, 0.83, 90),
    TaskStory("T-BOOK-1", 0.73, 180),
    TaskStory("T-BOOK-2", 0.57, 210),
    TaskStory("T-JOUR-1", 0.90, 12),
)


def rows(quarter: Quarter) -> list[tuple[str, ...]]:
    """The rows of a wave under `HEADER`, by respondent; the same at every call."""
    found = [
        row
        for story in STORIES
        for place, segment in enumerate(SEGMENTS)
        for row in _cell(quarter, story, place, segment)
    ]
    return sorted(found)


def _cell(quarter: Quarter, story: TaskStory, place: int, segment: str) -> Iterator[tuple[str, ...]]:
    chance = Random(f"{quarter.code} {story.task} {segment}")
    share, seconds = story.at(quarter, place)
    successes = round(share * PEOPLE_PER_SEGMENT) + chance.randrange(-1, 2)
    done = [True] * successes + [False] * (PEOPLE_PER_SEGMENT - successes)
    chance.shuffle(done)
    for index, completed in enumerate(done):
        name = f"U{quarter.code[-1]}-{place + 1}{index + 1:02d}"
        took = seconds * chance.lognormvariate(0, 0.35) * (1 if completed else 1.6)
        ease = min(max(round(chance.gauss(5.6 if completed else 2.8, 0.9)), 1), 7)
        confidence = min(max(ease + chance.randrange(-1, 2), 1), 7)
        day = quarter.first_day + dt.timedelta(days=Random(f"{quarter.code} {name}").randrange(quarter.days))
        yield (
            name,
            story.task,
            "yes" if completed else "no",
            f"{took:.0f}",
            str(ease),
            str(8 - ease),
            str(confidence),
            segment,
            day.isoformat(),
        )
