"""The demo workspace's content: FamilyTrip, an app for planning family vacations. All of it is invented.

Import in this order: `TAXONOMY`, `STUDIES`, `VERBATIMS`, `METRICS`, `WAVES`, `ANNOTATIONS`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

FILES = Path(__file__).parent / "files"


@dataclass(frozen=True)
class DemoStudy:
    """A study's folder and what a person sets on it; the front matter of its plan or guide says the same."""

    folder: Path
    title: str
    method: str
    started_on: dt.date
    ended_on: dt.date
    participants: int
    level: str
    stage: str
    sensitivity: str
    products: tuple[str, ...]
    segments: tuple[str, ...]


@dataclass(frozen=True)
class DemoVerbatims:
    """A table of verbatims: its study and the columns it maps. Ratings are 1 to 5, 5 is best."""

    path: Path
    title: str
    method: str
    level: str
    sensitivity: str
    products: tuple[str, ...]
    mapping: dict[str, tuple[str, ...]]
    rating_best: int
    no_answer: tuple[str, ...]


@dataclass(frozen=True)
class DemoWave:
    """A wave: its tables of answers, trials and figures of metrics, and of each segment how many were invited."""

    code: str
    path: Path
    trials: Path
    figures: Path
    first_day: dt.date
    last_day: dt.date
    invited: dict[str, int]


@dataclass(frozen=True)
class DemoAnnotation:
    """What happened on a day: an outside event or an intervention, and what it is about."""

    kind: str
    first_day: dt.date
    text: str
    about: dict[str, str]


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


TAXONOMY = FILES / "taxonomy.yaml"
STUDIES = (
    DemoStudy(
        folder=FILES / "studies" / "2025-03 Stops usability test",
        title="Stops usability test",
        method="usability test",
        started_on=dt.date(2025, 3, 10),
        ended_on=dt.date(2025, 3, 21),
        participants=10,
        level="interaction",
        stage="prototype",
        sensitivity="internal",
        products=("planner",),
        segments=("young-children", "school-age", "teenagers"),
    ),
    DemoStudy(
        folder=FILES / "studies" / "2025-06 Booking interviews",
        title="Booking interviews",
        method="interviews",
        started_on=dt.date(2025, 6, 2),
        ended_on=dt.date(2025, 6, 20),
        participants=8,
        level="relationship",
        stage="live",
        sensitivity="confidential",
        products=("bookings",),
        segments=("new-parents", "young-children", "school-age"),
    ),
    DemoStudy(
        folder=FILES / "studies" / "2025-09 Offline diary study",
        title="Offline diary study",
        method="diary study",
        started_on=dt.date(2025, 8, 4),
        ended_on=dt.date(2025, 9, 12),
        participants=14,
        level="interaction",
        stage="live",
        sensitivity="internal",
        products=("maps", "planner"),
        segments=("new-parents", "young-children", "school-age", "teenagers", "by-car"),
    ),
)
VERBATIMS = DemoVerbatims(
    path=FILES / "verbatims.csv",
    title="In-app feedback 2025",
    method="feedback form",
    level="relationship",
    sensitivity="internal",
    products=("familytrip",),
    mapping={
        "id": ("id",),
        "text": ("comment",),
        "date": ("date",),
        "respondent": ("respondent",),
        "segment": ("segment",),
        "product": ("product",),
        "rating": ("rating",),
        "question": ("question",),
        "labels": ("labels",),
    },
    rating_best=5,
    no_answer=("n/a",),
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
METRICS = FILES / "metrics.yaml"


def _wave(code: str, first_day: dt.date, last_day: dt.date, **invited: int) -> DemoWave:
    named = {segment.replace("_", "-"): number for segment, number in invited.items()}
    tables = (FILES / f"{kind}-{code}.csv" for kind in ("scores", "trials", "metrics"))
    return DemoWave(code, *tables, first_day, last_day, named)


WAVES = (
    _wave(
        "2025-Q2", dt.date(2025, 4, 1), dt.date(2025, 6, 30),
        new_parents=118, young_children=104, school_age=97, teenagers=131,
    ),
    _wave(
        "2025-Q3", dt.date(2025, 7, 1), dt.date(2025, 9, 30),
        new_parents=124, young_children=110, school_age=102, teenagers=140,
    ),
)  # fmt: skip
ANNOTATIONS = (
    DemoAnnotation(
        "intervention", dt.date(2025, 7, 1), "Maps download by themselves the evening before a trip",
        {"outcome": "FT-09", "product": "maps"},
    ),
    DemoAnnotation(
        "intervention", dt.date(2025, 7, 1), "Suggested stops come from a new provider, ranked by popularity",
        {"outcome": "FT-01", "product": "planner"},
    ),
    DemoAnnotation("event", dt.date(2025, 8, 1), "School holidays begin in most regions", {}),
)  # fmt: skip
