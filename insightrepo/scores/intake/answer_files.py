"""A file of answers, wide or long, as the long table that the importer reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.readers.base import Table
from insightrepo.models import Outcome, Segment
from insightrepo.scores.intake.columns import NAMES, ONE_COLUMN, AnswerColumns, plain, resolved
from insightrepo.scores.intake.quarantine import ABOUT, ID
from insightrepo.scores.intake.survey_files import SurveyFile
from insightrepo.scores.intake.wide import MEASURES, Item, OutcomeWords, columns_of, find_items, to_long

ROW_IDS = ("id", "row", "row_id", "case", "uuid", "nr", "no")  # of a wide table: a row is a person anyway


@dataclass(frozen=True)
class AnswerFile:
    """A long table and its columns. Of a wide file `items` say which column asks what, and `in_file` which column of
    the file stands behind an (outcome, field); `rows` counts the file's own rows.
    """

    table: Table
    columns: AnswerColumns
    rows: int
    items: tuple[Item, ...] = ()
    in_file: Mapping[tuple[str, str], str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def is_wide(self) -> bool:
        """Whether the file has a row a respondent and a column a question."""
        return bool(self.items)


def arranged(session: Session, survey: SurveyFile, given: AnswerColumns | None = None) -> AnswerFile:
    """The file as a long table. A file is wide where its columns ask of outcomes and no outcome column was named.

    Raises:
        ColumnsUnclear: a column is missing or not in the file.
        LayoutUnclear: two columns of a wide file ask the same.
    """
    given = given or AnswerColumns()
    dimensions = session.scalars(select(Segment.dimension).distinct()).all()
    header = survey.table.header
    if ID in header:  # a file out of quarantine: what is no field of an answer is a segment
        known = {ID, *ABOUT, *ONE_COLUMN, *given.segments}
        given = replace(given, segments=(*given.segments, *(name for name in header if name not in known)))
    if given.outcome is None:
        items, unknown = find_items(header, survey.wording, _outcomes(session))
        if items:
            return _wide(survey, given, items, unknown, dimensions)
    columns = resolved(header, given, dimensions)
    table = survey.labelled({column for name in MEASURES if (column := getattr(columns, name))})
    return AnswerFile(table, columns, len(table.rows), notes=survey.notes)


def _outcomes(session: Session) -> list[OutcomeWords]:
    query = select(Outcome.code, Outcome.name, Outcome.aliases).where(Outcome.status != "retired").order_by(Outcome.id)
    return [OutcomeWords(code, (name, *aliases)) for code, name, aliases in session.execute(query)]


def _wide(
    survey: SurveyFile,
    given: AnswerColumns,
    items: Sequence[Item],
    unknown: Sequence[str],
    dimensions: Sequence[str],
) -> AnswerFile:
    asking = {item.column for item in items}
    rest = [name for name in survey.table.header if name not in asking and plain(name) not in ("outcome", *MEASURES)]
    if given.respondent is None and given.row is None and not any(plain(name) in NAMES["respondent"] for name in rest):
        given = replace(given, row=next((name for name in rest if plain(name) in ROW_IDS), None))
    columns = resolved([*rest, "outcome", *MEASURES], replace(given, outcome="outcome"), dimensions)
    kept = [name for name in rest if name in set(columns.named.values())]
    table = to_long(survey.labelled(asking), items, {name: name for name in kept})
    columns = replace(
        columns, satisfaction=MEASURES[0], importance=MEASURES[1] if MEASURES[1] in table.header else None
    )
    return AnswerFile(
        table,
        columns,
        len(survey.table.rows),
        tuple(items),
        columns_of(items),
        (*survey.notes, *_notes(items, unknown)),
    )


def _notes(items: Sequence[Item], unknown: Sequence[str]) -> list[str]:
    counts = {name: sum(item.measure == name for item in items) for name in MEASURES}
    by_words = [item for item in items if item.by != "code"]
    found = ", ".join(
        f"{name} of {count} outcome{'' if count == 1 else 's'}" for name, count in counts.items() if count
    )
    notes = [f"each row is a respondent: {found}"]
    if by_words:
        pairs = "; ".join(f"{item.column[:60]!r} is the {item.measure} of {item.outcome}" for item in by_words)
        notes.append(f"known by their wording, look at these: {pairs}")
    if unknown:
        notes.append(f"left out, for no outcome is called so: {', '.join(unknown)}")
    return notes
