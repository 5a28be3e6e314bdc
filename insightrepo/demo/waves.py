"""The answers of the four demo waves: a story told in fixed shares, so that it survives the tests made of it.

From the third to the fourth wave satisfaction with finding stops (FT-01) falls by some 18 points, most of it among
families with young children and not among those with teenagers; finding the way without signal (FT-09) improves; new
parents are far less satisfied than all others with having their confirmations at hand (FT-07), in every wave; the rest
stays. Everybody is asked for the outcomes of the core, and for a third of the others.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from insightrepo.demo.planted import CORE, STORIES, Story

SEGMENTS = ("new-parents", "young-children", "school-age", "teenagers")
PEOPLE = (118, 124, 136, 122)  # who answer, by segment
STAYING = 24  # of each segment answer in a wave and in the next
WAYS = ("by-car", "by-rail-or-air")
RAIL = 0.3  # share of the second way
BLOCKS = 3
DONT_KNOW = "don't know"
HEADER = (
    "respondent", "outcome", "satisfaction", "importance", "segment", "way of travelling", "product", "date",
)  # fmt: skip


@dataclass(frozen=True)
class Quarter:
    """A wave to make: its place among the waves, its first day and how many days it has."""

    code: str
    place: int
    first_day: dt.date
    days: int

    @property
    def is_last(self) -> bool:
        """Whether it is the one in which the story happens."""
        return self.place == 3


QUARTERS = (
    Quarter("2025-Q4", 0, dt.date(2025, 10, 1), 92),
    Quarter("2026-Q1", 1, dt.date(2026, 1, 1), 90),
    Quarter("2026-Q2", 2, dt.date(2026, 4, 1), 91),
    Quarter("2026-Q3", 3, dt.date(2026, 7, 1), 92),
)


@dataclass(frozen=True)
class Person:
    """Somebody who answers: a name, a number within the segment, a way of travelling and the day of the answers."""

    name: str
    number: int
    way: str
    day: dt.date


def people(quarter: Quarter, segment: int) -> list[Person]:
    """Who answers of a segment in a quarter; some of them answered in the quarter before."""
    size = PEOPLE[segment]
    first = 1 + quarter.place * (size - STAYING)
    found = []
    for number in range(first, first + size):
        name = f"W-{segment + 1}{number:03d}"
        day = quarter.first_day + dt.timedelta(days=Random(f"{quarter.code} {name}").randrange(quarter.days))
        found.append(Person(name, number, WAYS[number % 10 < 10 * RAIL], day))
    return found


def rows(quarter: Quarter) -> list[tuple[str, ...]]:
    """The rows of a wave under `HEADER`, by respondent. The same at every call: chance is seeded by what is drawn."""
    found = []
    for segment in range(len(SEGMENTS)):
        everybody = people(quarter, segment)
        for story in STORIES:
            importance, satisfaction = story.importance[segment], story.shares(quarter.is_last)[segment]
            if importance is not None and satisfaction is not None:
                asked = [person for person in everybody if is_asked(story, person)]
                found += _cell(quarter, story, segment, asked, importance, satisfaction)
    return sorted(found)


def is_asked(story: Story, person: Person) -> bool:
    """Whether the person is asked for the outcome: for the core always, for the others in one block of three."""
    return story.outcome in CORE or (person.number + STORIES.index(story)) % BLOCKS == 0


def _cell(
    quarter: Quarter, story: Story, segment: int, asked: Sequence[Person], importance: float, satisfaction: float
) -> Iterator[tuple[str, ...]]:
    chance = Random(f"{quarter.code} {story.outcome} {SEGMENTS[segment]}")
    important = _answers(chance, [person.way for person in asked], importance)
    satisfied = _answers(chance, [person.way for person in asked], satisfaction)
    for index, person in enumerate(asked):
        answers = str(satisfied[index]), str(important[index])
        if chance.random() < story.unsure:
            answers = DONT_KNOW, answers[1]
        if person.number % 50 == 0 and story.outcome not in CORE:  # broke off after the core: the rest was not asked
            answers = "", ""
        about = SEGMENTS[segment], person.way, story.product, person.day.isoformat()
        yield person.name, story.outcome, *answers, *about


def _answers(chance: Random, ways: Sequence[str], share: float) -> list[int]:
    """Answers from 1 to 5 of which this share is 4 or 5, give or take a person, on either way of travelling."""
    found = [0] * len(ways)
    for way in WAYS:
        places = [place for place, found_way in enumerate(ways) if found_way == way]
        chance.shuffle(places)
        exact = share * len(places)
        top = int(exact) + (chance.random() < exact % 1)
        for rank, place in enumerate(places):
            found[place] = 4 + (chance.random() < 0.4) if rank < top else chance.choice((3, 3, 3, 2, 2, 1))
    return found
