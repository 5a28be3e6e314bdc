"""The trials of tasks in the four demo waves, told in fixed shares as the answers are (`waves.py`).

The task that FT-01 goes with, planning a day trip with two stops, is completed less often and more slowly in the last
wave, above all by families with young children and not by those with teenagers; finding the way back without signal is
completed more often; new parents fail to show a confirmation at a desk in every wave; the rest stays. Trials are by
other people than the survey's. Each of them answers UMUX-Lite once, after the last task.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from insightrepo.demo.waves import SEGMENTS, Quarter

PEOPLE_PER_SEGMENT = 30
HEADER = ("respondent", "task", "completed", "seconds", "ease", "difficulty", "confidence", "segment", "date")
RATING_HEADER = ("respondent", "segment", "product", "UMUX-Lite 1", "UMUX-Lite 2", "date")
RATED = ("planner", "bookings", "maps")
Shares = tuple[float, float, float, float]


@dataclass(frozen=True)
class TaskStory:
    """Shares completed by segment and typical seconds of a success; `later_…`: in the last wave, where they changed."""

    task: str
    shares: Shares
    seconds: float
    later_shares: Shares | None = None
    later_seconds: float | None = None

    def at(self, quarter: Quarter, segment: int) -> tuple[float, float]:
        """Share and seconds in a quarter and segment; who completes as often as before takes as long as before."""
        if not quarter.is_last or not self.later_shares or self.later_shares[segment] == self.shares[segment]:
            return self.shares[segment], self.seconds
        return self.later_shares[segment], self.later_seconds or self.seconds


def _same(share: float) -> Shares:
    return share, share, share, share


STORIES = (
    TaskStory("T-PLAN-1", _same(0.87), 95, (0.67, 0.37, 0.63, 0.87), 150),
    TaskStory("T-PLAN-2", _same(0.80), 70),
    TaskStory("T-PLAN-3", _same(0.77), 80),
    TaskStory("T-PLAN-4", _same(0.83), 65),
    TaskStory("T-MAP-1", _same(0.83), 40),
    TaskStory("T-MAP-2", _same(0.53), 120, _same(0.83), 90),
    TaskStory("T-MAP-3", _same(0.67), 45),
    TaskStory("T-BOOK-1", _same(0.73), 180),
    TaskStory("T-BOOK-2", _same(0.57), 210),
    TaskStory("T-BOOK-3", (0.50, 0.87, 0.87, 0.90), 35),
    TaskStory("T-BOOK-5", _same(0.60), 240),
    TaskStory("T-JOUR-1", _same(0.90), 12),
    TaskStory("T-JOUR-5", _same(0.63), 300),
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


def ratings(quarter: Quarter) -> list[tuple[str, ...]]:
    """What the same people said of one product each, under `RATING_HEADER`."""
    found = []
    for place, segment in enumerate(SEGMENTS):
        for index in range(PEOPLE_PER_SEGMENT):
            name = _name(quarter, place, index)
            chance = Random(f"{quarter.code} {name} umux")
            useful, easy = (min(max(round(chance.gauss(mean, 1.1)), 1), 7) for mean in (5.6, 5.1))
            day = _day(quarter, name).isoformat()
            found.append((name, segment, RATED[index % len(RATED)], str(useful), str(easy), day))
    return found


def _cell(quarter: Quarter, story: TaskStory, place: int, segment: str) -> Iterator[tuple[str, ...]]:
    chance = Random(f"{quarter.code} {story.task} {segment}")
    share, seconds = story.at(quarter, place)
    successes = round(share * PEOPLE_PER_SEGMENT) + chance.randrange(-1, 2)
    done = [True] * successes + [False] * (PEOPLE_PER_SEGMENT - successes)
    chance.shuffle(done)
    for index, completed in enumerate(done):
        name = _name(quarter, place, index)
        took = seconds * chance.lognormvariate(0, 0.35) * (1 if completed else 1.6)
        ease = min(max(round(chance.gauss(5.6 if completed else 2.8, 0.9)), 1), 7)
        confidence = min(max(ease + chance.randrange(-1, 2), 1), 7)
        yield (
            name,
            story.task,
            "yes" if completed else "no",
            f"{took:.0f}",
            str(ease),
            str(8 - ease),
            str(confidence),
            segment,
            _day(quarter, name).isoformat(),
        )


def _name(quarter: Quarter, place: int, index: int) -> str:
    return f"U{quarter.code[2:4]}{quarter.code[-1]}-{place + 1}{index + 1:02d}"


def _day(quarter: Quarter, name: str) -> dt.date:
    return quarter.first_day + dt.timedelta(days=Random(f"{quarter.code} {name}").randrange(quarter.days))
