"""Items of SUS, UMUX-Lite and UX-Lite in the columns of a file, as ratings of the built-in metrics."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from ingest.readers.base import Row
from insightrepo.database import Database
from insightrepo.models import Metric, Rating
from insightrepo.scores.intake.columns import ColumnsUnclear
from insightrepo.scores.intake.intake import Prepared, identity_of
from insightrepo.scores.intake.questionnaires import LITE_POINTS, SUS_POINTS, sus, umux_lite, ux_lite
from insightrepo.scores.intake.rows import Cells
from insightrepo.scores.intake.trial_columns import QUESTIONNAIRES
from insightrepo.scores.metrics import BUILT_IN, built_in
from insightrepo.scores.waves.memberships import Belonging

USUAL_POINTS = {"sus": SUS_POINTS, "umux_lite": 7, "ux_lite": 5}


class Questionnaires:
    """The questionnaires that a file holds; `notes` say which, and on how many points."""

    def __init__(self, database: Database, fields: Mapping[str, str], points: Mapping[str, int], dry_run: bool) -> None:
        self._points = {**USUAL_POINTS, **points}
        self._kinds = [
            kind for kind, count in QUESTIONNAIRES.items() if any(f"{kind}_{n}" in fields for n in range(1, count + 1))
        ]
        self._refuse(fields)
        self._metrics: dict[str, int] = {}
        self._given: dict[str, float] = {}
        with database.writing() as session:
            made = session.begin_nested()
            self._metrics = {kind: built_in(session, kind).id for kind in self._kinds}
            if dry_run:
                made.rollback()
        self.notes = tuple(
            f"{BUILT_IN[kind]['name']} from {QUESTIONNAIRES[kind]} items on {self._points[kind]} points"
            for kind in self._kinds
        )

    def _refuse(self, fields: Mapping[str, str]) -> None:
        for kind in self._kinds:
            missing = [n for n in range(1, QUESTIONNAIRES[kind] + 1) if f"{kind}_{n}" not in fields]
            if missing:
                numbers = ", ".join(map(str, missing))
                raise ColumnsUnclear(
                    f"{BUILT_IN[kind]['name']} needs all of its {QUESTIONNAIRES[kind]} items; no column for item "
                    f"{numbers}: name them in a mapping file, as in '{kind}_{missing[0]}: COLUMN'"
                )
            if kind != "sus" and self._points[kind] not in LITE_POINTS:
                raise ColumnsUnclear(f"{BUILT_IN[kind]['name']} has 5 or 7 points, not {self._points[kind]}")

    def points_chosen(self) -> dict[str, str]:
        """The points of the scales that are not the usual ones, as fields of a row."""
        return {
            f"{kind}_points": str(self._points[kind])
            for kind in self._kinds
            if self._points[kind] != USUAL_POINTS[kind]
        }

    def _points_of(self, row: Row, cells: Cells, kind: str) -> int:
        """The points of a scale: as the row says, else as for the whole file."""
        given = None if kind == "sus" else cells.count(row, f"{kind}_points")
        if given is not None and given not in LITE_POINTS:
            raise cells.refuse(f"{kind}_points", f"{BUILT_IN[kind]['name']} has 5 or 7 points, not {given}")
        return given or self._points[kind]

    def answers(self, row: Row, cells: Cells) -> dict[str, float]:
        """The score (0 to 100) of each questionnaire that the row answers; one half answered refuses the row."""
        found = {}
        for kind in self._kinds:
            points = self._points_of(row, cells, kind)
            names = [f"{kind}_{number}" for number in range(1, QUESTIONNAIRES[kind] + 1)]
            answers = [cells.point(row, name, 1, points) for name in names]
            if all(answer is None for answer in answers):
                continue
            for name, answer in zip(names, answers, strict=True):
                if answer is None:
                    raise cells.refuse(name, f"is empty: {BUILT_IN[kind]['name']} counts only with all of its items")
            found[kind] = _score(kind, [answer for answer in answers if answer is not None], points)
        return found

    def prepared(
        self,
        row: Row,
        answers: Mapping[str, float],
        respondent: str,
        day: dt.date | None,
        segments: tuple[Belonging, ...],
        product: int | None = None,
    ) -> list[Prepared]:
        """The ratings of a row; what another row of the same file said already is left out."""
        found: list[Prepared] = []
        for kind, value in answers.items():
            metric = self._metrics[kind]
            one = rating(row, metric, BUILT_IN[kind]["name"], respondent, value, day, segments, product)
            if self._given.get(one.identity) != value:
                self._given.setdefault(one.identity, value)
                found.append(one)
        return found


def _score(kind: str, answers: list[int], points: int) -> float:
    if kind == "sus":
        return sus(answers)
    formula = umux_lite if kind == "umux_lite" else ux_lite
    return formula(answers[0], answers[1], points)


def rating(
    row: Row,
    metric: Metric | int,
    name: str,
    respondent: str,
    value: float,
    day: dt.date | None,
    segments: tuple[Belonging, ...],
    product: int | None = None,
    outcome: int | None = None,
) -> Prepared:
    """A respondent's value of a metric, to be stored. The day is not compared: it may differ between rows."""
    number = metric if isinstance(metric, int) else metric.id
    fixed: dict[str, Any] = {
        "metric_id": number, "outcome_id": outcome, "product_id": product, "rated_on": day,
    }  # fmt: skip
    identity = identity_of(respondent, f"metric {number}", outcome, product)
    about = f"this respondent's {name}"
    return Prepared(Rating, row, identity, about, fixed, {"value": value}, respondent, segments)
