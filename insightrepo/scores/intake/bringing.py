"""One way in for files of all three kinds: what is guessed of a file, and bringing it in with the columns chosen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from ingest.readers.base import Row
from insightrepo.accounts.access import Reader
from insightrepo.database import Database
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.models import Segment
from insightrepo.scores.intake.answer_files import arranged
from insightrepo.scores.intake.columns import ONE_COLUMN, AnswerColumns
from insightrepo.scores.intake.importing import import_answers
from insightrepo.scores.intake.intake import ImportReport
from insightrepo.scores.intake.metric_points import FIGURES, SAID, import_metrics, metric_columns
from insightrepo.scores.intake.quarantine import ID, Keeping
from insightrepo.scores.intake.survey_files import SurveyFile
from insightrepo.scores.intake.trial_columns import POINTS, SUMS, TRIES, trial_columns
from insightrepo.scores.intake.trials import import_trials
from insightrepo.scores.intake.wide import Item
from insightrepo.scores.metrics import MetricFinder

OF_ANSWERS = (
    "respondent",
    "outcome",
    "satisfaction",
    "importance",
    "segment",
    "product",
    "date",
    "started",
    "ended",
    "row",
)
NOT_WIDE = ("outcome", "satisfaction", "importance")


@dataclass(frozen=True)
class Guess:
    """What a file is taken for: `offered` are the fields a person may choose columns for, `columns` what is guessed
    for them, `further` columns that are known by their names alone (items, dimensions, metrics).
    """

    offered: tuple[str, ...]
    columns: Mapping[str, str]
    further: Mapping[str, str]
    items: tuple[Item, ...] = ()
    notes: tuple[str, ...] = ()


def guess(database: Database, kind: str, survey: SurveyFile) -> Guess:
    """What the columns of a file hold, by its header and wording.

    Raises:
        ColumnsUnclear: not enough is known; `offered_fields` says what can be chosen.
        LayoutUnclear: two columns of a wide table of answers ask the same.
    """
    header = survey.table.header
    with database.reading() as session:
        dimensions = session.scalars(select(Segment.dimension).distinct().order_by(Segment.dimension)).all()
        if kind == "answers":
            file = arranged(session, survey)
            offered = tuple(name for name in OF_ANSWERS if not (file.is_wide and name in NOT_WIDE))
            return _guess(offered, file.columns.named, file.items, file.notes)
        if kind == "trials":
            columns = trial_columns(header, dimensions)
            return _guess(tuple(SUMS) if columns.aggregated else _tries(), columns.fields, (), survey.notes)
        found = metric_columns(header, MetricFinder(session), dimensions)
        codes = {f"metric {code}": column for column, code in found.codes.items()}
        offered = tuple(FIGURES) if found.aggregated else (*(n for n in SAID if n not in POINTS), "row")
        return _guess(offered, {**found.fields, **codes}, (), survey.notes)


def offered_fields(kind: str) -> tuple[str, ...]:
    """The fields of a kind that columns can be chosen for, where nothing could be guessed."""
    return {"answers": OF_ANSWERS, "trials": (*_tries(), "n"), "metrics": (*FIGURES, "respondent")}[kind]


def _tries() -> tuple[str, ...]:
    return (*(name for name in TRIES if name not in POINTS), "row")


def _guess(
    offered: tuple[str, ...], columns: Mapping[str, str], items: tuple[Item, ...], notes: tuple[str, ...]
) -> Guess:
    if items:
        columns = {name: column for name, column in columns.items() if name not in NOT_WIDE}
    mine = {name: column for name, column in columns.items() if name in offered}
    return Guess(offered, mine, {name: c for name, c in columns.items() if name not in offered}, items, notes)


def require_bringing(reader: Reader) -> None:
    """Raises Forbidden unless the reader may bring files into waves: a researcher without scopes. A file changes the
    scores of every product and segment.
    """
    reader.require_global("the answers of a wave are")


def bring(
    reader: Reader,
    database: Database,
    pseudonyms: Pseudonyms,
    wave_code: str,
    kind: str,
    survey: SurveyFile,
    chosen: Mapping[str, str] | None = None,
    *,
    timezone: str = "UTC",
    dry_run: bool = False,
    keeping: Keeping | None = None,
) -> ImportReport:
    """Bring a file of a kind into a wave, by the columns chosen (None: by the guess). A column that no field was given
    is left alone, unless it is known by its name alone.

    Raises as the importer of the kind, and Forbidden as `require_bringing`.
    """
    require_bringing(reader)
    if chosen is not None:
        survey = _only(database, kind, survey, chosen)
    options: dict[str, Any] = {"timezone": timezone, "dry_run": dry_run, "keeping": keeping}
    if kind == "answers":
        columns = AnswerColumns(**{name: column for name, column in (chosen or {}).items() if name in ONE_COLUMN})
        return import_answers(database, pseudonyms, wave_code, survey, columns=columns, **options)
    importer = import_trials if kind == "trials" else import_metrics
    return importer(database, pseudonyms, wave_code, survey, columns=chosen or {}, **options)


def _only(database: Database, kind: str, survey: SurveyFile, chosen: Mapping[str, str]) -> SurveyFile:
    """The file without the columns that were guessed and then not chosen."""
    try:
        found = guess(database, kind, survey)
    except ValueError:
        return survey
    kept = {ID, *chosen.values(), *found.further.values(), *(item.column for item in found.items)}
    return _with_columns(survey, kept)


def _with_columns(survey: SurveyFile, kept: Collection[str]) -> SurveyFile:
    table = survey.table
    places = [place for place, name in enumerate(table.header) if name in kept]

    def cut(cells: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(cells[place] for place in places if place < len(cells))

    rows = tuple(Row(row.number, cut(row.values)) for row in table.rows)
    return replace(survey, table=replace(table, header=cut(table.header), rows=rows), wording=cut(survey.wording))
