"""Brings the answers of a survey file into a wave: every row is stored, already here, outside, skipped or refused."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from ingest.readers.base import Row, Table
from insightrepo.database import Database
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.models import Answer
from insightrepo.scores.intake.answer_files import AnswerFile, arranged
from insightrepo.scores.intake.columns import AnswerColumns
from insightrepo.scores.intake.intake import (
    ImportReport,
    Prepared,
    Refused,
    Scale,
    WaveWanted,
    ensured_wave,
    finish,
    identity_of,
    kept_fields,
    store_all,
)
from insightrepo.scores.intake.quarantine import Fields, Keeping
from insightrepo.scores.intake.rows import (
    DONT_KNOW,
    NOT_ASKED,
    Cells,
    RowRefused,
    WaveFacts,
    respondent_key,
    segments_in,
)
from insightrepo.scores.intake.survey_files import SurveyFile, as_survey
from insightrepo.scores.waves.memberships import SegmentFinder
from insightrepo.taxonomy.reading import TermFinder, UnknownTerm

__all__ = ["DONT_KNOW", "NOT_ASKED", "ImportReport", "Refused", "Scale", "import_answers"]

CHUNK = 1000  # answers of one transaction
LABELLED = re.compile(r"(\d+)(?:\s*[-–—:.)(=]\s*|\s+)[^\W\d_]\D*")  # "5 - Completely satisfied"


def import_answers(
    database: Database,
    pseudonyms: Pseudonyms,
    wave_code: str,
    table: Table | SurveyFile,
    *,
    columns: AnswerColumns | None = None,
    scale: Scale | None = None,
    instrument: str | None = None,
    first_day: dt.date | None = None,
    last_day: dt.date | None = None,
    timezone: str = "UTC",
    dont_know: Iterable[str] = (),
    dry_run: bool = False,
    keeping: Keeping | None = None,
    compute: bool = True,
) -> ImportReport:
    """Store the table's answers in a wave (made if new) and compute its scores. The same file twice changes nothing.

    A table with a column for each question is taken as well as one with a row for each answer: the same answers give
    the same database. Of the report, `read` and `outside` count rows of the file; `skipped` those without an answer.

    Args:
        columns: which column is what; what is left out is guessed from the header.
        scale: of satisfaction and importance; default the wave's, for a new wave 1 to 5 with 5 best.
        instrument: its name; default the wave's, for a new wave one named after the scale.
        first_day, last_day: of a new wave whose code does not say them.
        timezone: the workspace's, an IANA name, for moments with an offset.
        dont_know: further texts that mean "was asked, gave no answer".
        dry_run: write nothing; the report is the same.
        keeping: how refused rows are kept; None: they are not.
        compute: the wave's scores anew; False where freezing or another import follows, which does it.

    Raises:
        ColumnsUnclear: a column is missing or not in the file.
        LayoutUnclear: two columns of a wide table ask the same.
        WaveFrozen: the wave is frozen; what was stored before somebody froze it meanwhile is in its scores.
        WaveDiffers: the wave has another scale, instrument or other days.
        ValueError: the wave's days are not known, or the scale has no top box.
    """
    with database.reading() as session:
        file = arranged(session, as_survey(table), columns)
    wanted = WaveWanted(wave_code, scale, instrument, first_day, last_day)
    wave = ensured_wave(database, wanted, dry_run, answers=True)
    report = ImportReport(
        wave.code, "answers", file.columns.named, [*file.notes], file.items, file.rows, dry_run=dry_run
    )
    with database.reading() as session:
        reader = _Reader(session, pseudonyms, wave, file, timezone, dont_know)
    store_all(database, wave, reader.answers(report), report, CHUNK)
    finish(database, pseudonyms, wave, report, reader.kept(report), keeping, compute)
    return report


class _Reader:
    """Turns rows into prepared answers; knows the taxonomy, the scale and the wave's days."""

    def __init__(
        self,
        session: Session,
        pseudonyms: Pseudonyms,
        wave: WaveFacts,
        file: AnswerFile,
        timezone: str,
        dont_know: Iterable[str],
    ) -> None:
        self._file, self._columns, self._pseudonyms, self._wave = file, file.columns, pseudonyms, wave
        self._cells = Cells(file.table, file.columns.named, timezone)
        self._finders = {axis: TermFinder(session, axis) for axis in ("outcome", "product")}
        self._segments = SegmentFinder(session)
        self._segment_fields = ("segment", *file.columns.segments)
        self._dont_know = DONT_KNOW | {text.strip().casefold() for text in dont_know}

    def kept(self, report: ImportReport) -> Fields:
        """How the refused rows are read again."""
        table, is_wide = self._file.table, self._file.is_wide
        return kept_fields(table, self._cells, report, self._pseudonyms, self._wave, {}, is_wide)

    def answers(self, report: ImportReport) -> Iterator[Prepared]:
        """The answers of all rows, counting in the report what is not an answer."""
        outside: set[int] = set()
        answered: set[int] = set()
        for row in self._file.table.rows:
            labels = [part.strip() for part in self._cells.text(row, "outcome").split(self._columns.separator)]
            labels = [label for label in labels if label]
            if not labels:
                continue
            answered.add(row.number)
            try:
                day, is_outside = self._cells.day(row, self._wave)
                if is_outside:
                    outside.add(row.number)
                    report.outside = len(outside)
                    continue
                yield from self._of_row(row, labels, day, report)
            except RowRefused as refusal:
                report.refuse(row, self._column(row, refusal.field), str(refusal))
        report.skipped = report.read - len(answered)

    def _of_row(self, row: Row, labels: Sequence[str], day: dt.date | None, report: ImportReport) -> list[Prepared]:
        respondent = respondent_key(self._cells, row, self._pseudonyms, self._wave)
        product = self._product(row)
        segments = segments_in(self._cells, row, self._segment_fields, self._segments)
        content = {**self._rating(row, "satisfaction"), **self._rating(row, "importance"), "answered_on": day}
        who = self._columns.respondent or self._columns.row
        return [
            Prepared(
                Answer,
                row,
                identity_of(respondent, outcome, product),
                f"this respondent's answer to {code}",
                {"outcome_id": outcome, "product_id": product},
                content,
                respondent,
                segments,
                who,
            )
            for outcome, code in self._outcomes(row, labels, report).items()
        ]

    def _column(self, row: Row, column: str) -> str:
        """What a column of the long table is called in the file."""
        return self._file.in_file.get((self._cells.text(row, "outcome"), column), column)

    def _outcomes(self, row: Row, labels: Sequence[str], report: ImportReport) -> dict[int, str]:
        """Id and code of each outcome that the labels name; the same one named twice is one."""
        found: dict[int, str] = {}
        for label in labels:
            try:
                term = self._finders["outcome"].find(label)
                found[term.id] = term.code
            except UnknownTerm as error:
                report.refuse(row, self._columns.outcome or "outcome", str(error))
        return found

    def _product(self, row: Row) -> int | None:
        text = self._cells.text(row, "product")
        try:
            return self._finders["product"].find(text).id if text else None
        except UnknownTerm as error:
            raise self._cells.refuse("product", str(error)) from error

    def _rating(self, row: Row, name: str) -> Mapping[str, Any]:
        """The answer, or None with the reason why there is none."""
        text = self._cells.text(row, name)
        missing = "not_asked" if text.casefold() in NOT_ASKED else None
        missing = "dont_know" if not missing and text.casefold() in self._dont_know else missing
        return {name: None if missing else self._point(text, name), f"{name}_missing": missing}

    def _point(self, text: str, name: str) -> int:
        """A point of the scale: "5", "5 - Completely", or the name of one of its ends."""
        low, high = self._wave.scale
        labelled = LABELLED.fullmatch(text)
        try:
            number = float(self._wave.ends.get(text.casefold(), labelled.group(1) if labelled else text))
        except ValueError:
            raise self._cells.refuse(name, f"{text[:60]!r} is not a number from {low} to {high}") from None
        if number not in range(low, high + 1):
            raise self._cells.refuse(name, f"{text[:60]!r} is not a point of the scale from {low} to {high}")
        return int(number)
