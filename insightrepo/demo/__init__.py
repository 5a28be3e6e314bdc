"""The demo workspace's content: FamilyTrip, an app for planning family vacations. All of it is invented.

`loading.py` brings it in through the functions that the commands call; `story.py` has what people wrote and decided,
`planted.py`, `waves.py` and `trials.py` what was measured; `make_files.py` makes the files from `sources/`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILES = Path(__file__).parent / "files"
TAXONOMY = FILES / "taxonomy.yaml"
METRICS = FILES / "metrics.yaml"


@dataclass(frozen=True)
class DemoStudy:
    """A study's folder and what a person sets on it, as the front matter of its plan or guide says it."""

    folder: Path
    title: str
    method: str
    started_on: dt.date
    ended_on: dt.date
    participants: int
    level: str
    stage: str
    sensitivity: str
    sharing_terms: str
    products: tuple[str, ...]
    segments: tuple[str, ...]


@dataclass(frozen=True)
class DemoFeed:
    """A table of verbatims with the file of its mapping: a study that goes on."""

    path: Path
    mapping: Path
    title: str
    method: str
    level: str
    sensitivity: str
    products: tuple[str, ...]
    started_on: dt.date = dt.date(2025, 10, 1)
    ended_on: dt.date = dt.date(2026, 9, 30)


@dataclass(frozen=True)
class DemoWave:
    """A wave: its tables of answers, trials, ratings and figures, and of each segment how many were invited."""

    code: str
    path: Path
    trials: Path
    ratings: Path
    figures: Path
    first_day: dt.date
    last_day: dt.date
    invited: dict[str, int]


@dataclass(frozen=True)
class DemoInstrument:
    """How the waves were asked."""

    name: str
    wording: str
    importance_wording: str
    low_label: str
    high_label: str
    timing: str
    scale_low: int
    scale_high: int
    best: str
    channel: str
    level: str


@cache
def studies() -> tuple[DemoStudy, ...]:
    """The studies in the order of their folders' names, which begin with the month."""
    return tuple(_study(folder) for folder in sorted((FILES / "studies").iterdir()))


def _study(folder: Path) -> DemoStudy:
    import frontmatter

    [plan] = folder.glob("*.md")
    said: dict[str, Any] = frontmatter.load(str(plan)).metadata
    return DemoStudy(
        folder=folder,
        title=said["title"],
        method=said["method"],
        started_on=said["started"],
        ended_on=said["ended"],
        participants=said["participants"],
        level=said["level"],
        stage=said["stage"],
        sensitivity=said["sensitivity"],
        sharing_terms=said["sharing_terms"],
        products=tuple(said["products"]),
        segments=tuple(said["segments"]),
    )


def _feed(file: str, title: str, method: str, level: str, product: str, sensitivity: str = "internal") -> DemoFeed:
    path = FILES / file
    return DemoFeed(path, path.with_suffix(".mapping.yaml"), title, method, level, sensitivity, (product,))


VERBATIMS = _feed("verbatims.csv", "In-app feedback", "feedback form", "relationship", "familytrip")
FEEDS = (
    VERBATIMS,
    _feed("feeds/reviews.csv", "App-store reviews", "app-store reviews", "relationship", "app"),
    _feed("feeds/tickets.xlsx", "Support tickets", "support tickets", "interaction", "familytrip", "confidential"),
    _feed("feeds/comments.csv", "Comments to the recommendation question", "survey", "relationship", "familytrip"),
)
INSTRUMENT = DemoInstrument(
    name="FamilyTrip outcome survey",
    wording="How satisfied are you with how well you can do this today?",
    importance_wording="How important is it to you to be able to do this?",
    low_label="not at all",
    high_label="completely",
    timing="once a quarter",
    scale_low=1,
    scale_high=5,
    best="high",
    channel="online survey",
    level="relationship",
)


def _wave(code: str, first_day: dt.date, last_day: dt.date, **invited: int) -> DemoWave:
    named = {segment.replace("_", "-"): number for segment, number in invited.items()}
    answers, trials, ratings, metrics = (
        FILES / "waves" / f"{kind}-{code}.csv" for kind in ("answers", "trials", "ratings", "metrics")
    )
    return DemoWave(code, answers, trials, ratings, metrics, first_day, last_day, named)


WAVES = (
    _wave(
        "2025-Q4", dt.date(2025, 10, 1), dt.date(2025, 12, 31),
        new_parents=402, young_children=391, school_age=377, teenagers=455,
    ),
    _wave(
        "2026-Q1", dt.date(2026, 1, 1), dt.date(2026, 3, 31),
        new_parents=398, young_children=402, school_age=381, teenagers=460,
    ),
    _wave(
        "2026-Q2", dt.date(2026, 4, 1), dt.date(2026, 6, 30),
        new_parents=410, young_children=399, school_age=385, teenagers=448,
    ),
    _wave(
        "2026-Q3", dt.date(2026, 7, 1), dt.date(2026, 9, 30),
        new_parents=405, young_children=412, school_age=379, teenagers=461,
    ),
)  # fmt: skip
