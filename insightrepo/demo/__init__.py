"""The demo workspace's content: FamilyTrip, an app for planning family vacations. All of it is invented.

Import in this order: `TAXONOMY`, `STUDIES`, `VERBATIMS`, `WAVES`.
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
    """A table of answers: its wave and the instrument it was asked with."""

    code: str
    path: Path
    first_day: dt.date
    last_day: dt.date


@dataclass(frozen=True)
class DemoInstrument:
    """How the waves were asked."""

    name: str
    wording: str
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
    wording="How satisfied are you with how well you can do this today? How important is it to you?",
    scale_low=1,
    scale_high=5,
    best="high",
    channel="online survey",
    level="relationship",
)
WAVES = (
    DemoWave("2025-Q2", FILES / "scores-2025-Q2.csv", dt.date(2025, 4, 1), dt.date(2025, 6, 30)),
    DemoWave("2025-Q3", FILES / "scores-2025-Q3.csv", dt.date(2025, 7, 1), dt.date(2025, 9, 30)),
)
