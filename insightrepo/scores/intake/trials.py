"""Brings tries at tasks into a wave: a row a try, or rows of many tries added up; and SUS and its like beside them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rapidfuzz import fuzz, process
from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.readers.base import Row, Table
from insightrepo.database import Database
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.models import Segment, Task, Trial, TrialSummary
from insightrepo.scores.intake.intake import (
    ImportReport,
    Prepared,
    WaveWanted,
    ensured_wave,
    finish,
    identity_of,
    kept_fields,
    prepared_rows,
    store_all,
)
from insightrepo.scores.intake.quarantine import Fields, Keeping
from insightrepo.scores.intake.questionnaire_rows import Questionnaires
from insightrepo.scores.intake.rows import Cells, WaveFacts, respondent_key, segments_in
from insightrepo.scores.intake.survey_files import SurveyFile, as_survey
from insightrepo.scores.intake.trial_columns import RATINGS, TrialColumns, trial_columns
from insightrepo.scores.waves.memberships import SegmentFinder
from insightrepo.taxonomy.reading import TermFinder, UnknownTerm

CLOCK = re.compile(r"(?:(?P<hours>\d+):)?(?P<minutes>\d+):(?P<seconds>\d\d(?:[.,]\d+)?)")
UNIT = re.compile(r"(?P<number>.*\d)\s*(?:s|sec|secs|seconds?)\.?", re.I)
POINTS = (1, 7)  # of ease and the other ratings of a try
NEAR = 70
SHOWN = 12  # codes in a message


def import_trials(
    database: Database,
    pseudonyms: Pseudonyms,
    wave_code: str,
    table: Table | SurveyFile,
    *,
    columns: Mapping[str, str] | None = None,
    points: Mapping[str, int] | None = None,
    timezone: str = "UTC",
    dry_run: bool = False,
    keeping: Keeping | None = None,
    compute: bool = True,
) -> ImportReport:
    """Store the table's trials in a wave (made if new) and compute its scores. The same file twice changes nothing.

    Args:
        columns: the column of a field (`trial_columns.TRIES` or `SUMS`); the rest is guessed.
        points: of the scales of "umux_lite" (7 unless given) and "ux_lite" (5).
        timezone: the workspace's, an IANA name.
        dry_run: write nothing; the report is the same.
        keeping: how refused rows are kept; None: they are not.

    Raises:
        ColumnsUnclear: a column is missing or not in the file.
        WaveFrozen: the wave is frozen.
        ValueError: the wave is new and its code does not say when it is.
    """
    with database.reading() as session:
        dimensions = session.scalars(select(Segment.dimension).distinct().order_by(Segment.dimension)).all()
    file = as_survey(table)
    found = trial_columns(file.table.header, dimensions, columns)
    table = file.labelled({column for name, column in found.fields.items() if name in RATINGS or "_" in name})
    wave = ensured_wave(database, WaveWanted(wave_code), dry_run)
    report = ImportReport(wave.code, "trials", dict(found.fields), read=len(table.rows), dry_run=dry_run)
    questionnaires = Questionnaires(database, found.fields, points or {}, dry_run)
    report.notes += ["each row holds many tries" if found.aggregated else "each row is a try", *questionnaires.notes]
    with database.reading() as session:
        reading = _Reading(session, pseudonyms, wave, table, found, timezone, questionnaires)
    store_all(database, wave, reading.prepared(report), report)
    finish(database, pseudonyms, wave, report, reading.kept(report), keeping, compute)
    return report


def duration(text: str) -> float:
    """Seconds of "75", "75.5 s", "1:15" (minutes and seconds) or "0:01:15".

    Raises:
        ValueError: none of these, or not above 0.
    """
    clock = CLOCK.fullmatch(text.strip())
    if clock:
        parts = (float(clock["hours"] or 0), float(clock["minutes"]), float(clock["seconds"].replace(",", ".")))
        if (clock["hours"] and parts[1] >= 60) or parts[2] >= 60:
            raise ValueError(f"{text[:60]!r} is no time: minutes and seconds go to 59")
        seconds = 3600 * parts[0] + 60 * parts[1] + parts[2]
    else:
        number = UNIT.fullmatch(text.strip())
        try:
            seconds = float((number["number"] if number else text).strip().replace(",", "."))
        except ValueError:
            raise ValueError(f"{text[:60]!r} is not a time: write seconds, m:ss or hh:mm:ss") from None
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"{text[:60]!r} is not above 0 seconds: correct it, or leave it empty if it was not measured")
    return seconds


def log_normal(mean: float, sd: float) -> tuple[float, float]:
    """(geometric mean, sd of logarithms) of times with this arithmetic mean and sd, were they log-normal.

    By the method of moments: ``s^2 = ln(1 + (sd / mean)^2)``, ``geometric mean = mean / exp(s^2 / 2)``.
    """
    variance = math.log1p((sd / mean) ** 2)
    return mean / math.exp(variance / 2), math.sqrt(variance)


def log_sd_beside_geometric_mean(geometric_mean: float, sd: float) -> float:
    """The sd of the logarithms of log-normal times with this geometric mean and this sd in seconds.

    With ``u = exp(s^2)`` the variance is ``geometric_mean^2 * u * (u - 1)``, a quadratic in u.
    """
    u = (1 + math.sqrt(1 + 4 * (sd / geometric_mean) ** 2)) / 2
    return math.sqrt(math.log(u))


class TaskFinder:
    """Finds tasks by code or name, whatever the case; made once for many look-ups."""

    def __init__(self, session: Session) -> None:
        self._tasks = list(session.scalars(select(Task).order_by(Task.id)))
        self._by_code = {_folded(task.code): task for task in self._tasks}

    def find(self, text: str) -> Task:
        """The task with this code, else with this name. ValueError where there is none, or several."""
        words = _folded(text)
        if words in self._by_code:
            return self._by_code[words]
        named = [task for task in self._tasks if _folded(task.name) == words]
        if len(named) == 1:
            return named[0]
        if named:
            codes = ", ".join(task.code for task in named)
            raise ValueError(f"several tasks are called {text[:60]!r} ({codes}): write the code")
        raise ValueError(f"no task is called {text[:60]!r}{self._instead(words)}")

    def _instead(self, words: str) -> str:
        if not self._tasks:
            return ": none are known yet, import a taxonomy with tasks first"
        choices = {_folded(called): task for task in self._tasks for called in (task.code, task.name)}
        near = process.extractOne(words, list(choices), scorer=fuzz.WRatio, score_cutoff=NEAR)
        if near is None:
            codes = [task.code for task in self._tasks]
            return f": known are {', '.join(codes[:SHOWN])}{', …' if len(codes) > SHOWN else ''}"
        return f"; did you mean {choices[near[0]].code} ({choices[near[0]].name})?"


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


class _Reading:
    """Turns rows into what is stored."""

    def __init__(
        self,
        session: Session,
        pseudonyms: Pseudonyms,
        wave: WaveFacts,
        table: Table,
        columns: TrialColumns,
        timezone: str,
        questionnaires: Questionnaires,
    ) -> None:
        self._table, self._rows, self._columns = table, table.rows, columns
        self._pseudonyms, self._wave = pseudonyms, wave
        self._cells, self._tasks = Cells(table, columns.fields, timezone), TaskFinder(session)
        self._segments, self._questionnaires = SegmentFinder(session), questionnaires
        self._products, self._share_field = TermFinder(session, "product"), "share"
        if columns.aggregated and any(_is_part(self._cells.given(row, "completed")) for row in table.rows):
            self._share_field = "completed"  # what is called completed are shares, not counts
        self._percent = any(_is_percent(self._cells.given(row, self._share_field)) for row in table.rows)

    def prepared(self, report: ImportReport) -> Iterator[Prepared]:
        """What all rows hold, counting in the report what is not taken."""
        read = (lambda row, _day: self._sums(row)) if self._columns.aggregated else self._tries
        return prepared_rows(self._rows, self._cells, self._wave, report, read)

    def kept(self, report: ImportReport) -> Fields:
        """How the refused rows are read again."""
        also = self._questionnaires.points_chosen()
        return kept_fields(self._table, self._cells, report, self._pseudonyms, self._wave, also)

    def _task(self, row: Row) -> Task:
        text = self._cells.text(row, "task")
        if not text:
            raise self._cells.refuse("task", "is empty: write the task's code or name")
        try:
            return self._tasks.find(text)
        except ValueError as error:
            raise self._cells.refuse("task", str(error)) from error

    def _tries(self, row: Row, day: Any) -> list[Prepared]:
        content = {
            "completed": self._cells.yes(row, "completed"),
            "seconds": self._seconds(row),
            **{name: self._cells.point(row, name, *POINTS) for name in RATINGS},
        }
        measured = any(value is not None for value in content.values())
        answers = self._questionnaires.answers(row, self._cells)
        if not measured and not answers:
            return []
        respondent = respondent_key(self._cells, row, self._pseudonyms, self._wave)
        segments = segments_in(self._cells, row, self._columns.segments(), self._segments)
        found = []
        if measured:
            task, attempt = self._task(row), self._cells.text(row, "attempt")
            about = f"this respondent's try at {task.code}"
            identity = identity_of(respondent, task.id, attempt)
            content |= {"tried_on": day}
            found.append(Prepared(Trial, row, identity, about, {"task_id": task.id}, content, respondent, segments))
        product = self._product(row) if answers else None
        return found + self._questionnaires.prepared(row, answers, respondent, day, segments, product)

    def _product(self, row: Row) -> int | None:
        text = self._cells.given(row, "product")
        try:
            return self._products.find(text).id if text else None
        except UnknownTerm as error:
            raise self._cells.refuse("product", str(error)) from error

    def _seconds(self, row: Row) -> float | None:
        """As the cell says, else from start to end where both have a time of day."""
        text = self._cells.given(row, "seconds")
        if text:
            try:
                return duration(text)
            except ValueError as error:
                raise self._cells.refuse("seconds", str(error)) from error
        if "seconds" in self._columns.fields:
            return None
        started, ended = self._cells.moment(row, "started"), self._cells.moment(row, "ended")
        if started and ended and started.at and ended.at and ended.at > started.at:
            return (ended.at - started.at).total_seconds()
        return None

    def _sums(self, row: Row) -> list[Prepared]:
        task, n = self._task(row), self._cells.count(row, "n", low=1)
        if n is None:
            raise self._cells.refuse("n", "is empty: write how many tries the row holds")
        (segment,) = segments_in(self._cells, row, ("segment",), self._segments) or (None,)
        completed = self._completed(row, n)
        measures = {
            "success": None if completed is None else (n, completed / n, None),
            "time": self._time(row, n, completed),
            **{name: self._rating(row, name, n) for name in RATINGS},
        }
        about = f"{task.code}{f' in {segment.code}' if segment else ''}"
        return [
            Prepared(
                TrialSummary,
                row,
                identity_of(task.id, segment and segment.segment_id, measure),
                f"the {measure} of {about}",
                {"task_id": task.id, "segment_id": segment and segment.segment_id, "measure": measure},
                dict(zip(("n", "value", "sd"), values, strict=True)),
            )
            for measure, values in measures.items()
            if values is not None
        ]

    def _completed(self, row: Row, n: int) -> float | None:
        """How many of the tries succeeded: the count, else the share of n to the nearest whole try."""
        if self._share_field == "share" and (count := self._cells.count(row, "completed")) is not None:
            if count > n:
                raise self._cells.refuse(
                    "completed", f"{count} of {n} tries cannot have succeeded: correct one of them"
                )
            return count
        text = self._cells.given(row, self._share_field)
        if not text:
            return None
        try:
            share = _number(text) / (100 if self._percent else 1)
        except ValueError:
            raise self._cells.refuse(self._share_field, f"{text[:60]!r} is not a share: write 0.78 or 78%") from None
        if not 0 <= share <= 1:
            raise self._cells.refuse(self._share_field, f"{text[:60]!r} is not a share from 0 to 100%")
        return round(share * n)

    def _time(self, row: Row, n: int, completed: float | None) -> tuple[int, float, float | None] | None:
        """(successful tries, geometric mean in seconds, sd of logarithms)."""
        of = self._cells.count(row, "seconds_n")
        of = of if of is not None else n if completed is None else int(completed)
        log_sd, sd = self._cells.number(row, "log_sd", 0), self._cells.number(row, "seconds_sd", 0)
        if log_sd is None and (ratio := self._cells.number(row, "geometric_sd", 1)) is not None:
            log_sd = math.log(ratio)
        for name in ("geometric_seconds", "seconds"):
            text = self._cells.given(row, name)
            if not text:
                continue
            try:
                middle = duration(text)
            except ValueError as error:
                raise self._cells.refuse(name, str(error)) from error
            if of == 0:
                raise self._cells.refuse(
                    name, "nobody succeeded, so there is no time of successful tries: leave it empty"
                )
            if name == "geometric_seconds":
                if log_sd is None and sd is not None:
                    log_sd = log_sd_beside_geometric_mean(middle, sd)
                return of, middle, log_sd
            if sd is None:
                what = "an arithmetic mean says little of skewed times"
                raise self._cells.refuse(name, f"{what}: give its sd beside it (seconds_sd), or the geometric mean")
            return (of, *log_normal(middle, sd))
        return None

    def _rating(self, row: Row, name: str, n: int) -> tuple[int, float, float | None] | None:
        mean = self._cells.number(row, name, *POINTS)
        if mean is None:
            return None
        of = self._cells.count(row, f"{name}_n", low=1)
        return of or n, mean, self._cells.number(row, f"{name}_sd", 0, (POINTS[1] - POINTS[0]))


def _number(text: str) -> float:
    return float(text.rstrip("% ").replace(",", "."))


def _is_part(text: str) -> bool:
    """Whether a cell is a share and no count."""
    try:
        return "%" in text or not _number(text).is_integer()
    except ValueError:
        return False


def _is_percent(text: str) -> bool:
    try:
        return "%" in text or _number(text) > 1
    except ValueError:
        return False
