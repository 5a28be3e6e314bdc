"""`insightrepo scores`."""

from __future__ import annotations

import datetime as dt
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from ingest.readers.base import Unreadable
from insightrepo.commands.bringing import (
    bringing_options,
    file_argument,
    given_columns,
    keeping,
    opened,
    print_report,
)
from insightrepo.commands.common import Context, as_json_option, command, print_json
from insightrepo.library.imports.safe_names import workspace_redactor
from insightrepo.library.reading import NotVisible
from insightrepo.models import User
from insightrepo.scores.acting.exporting import FORMATS, score_sheet, written
from insightrepo.scores.chips import show as show_scores
from insightrepo.scores.explaining import explain as explain_score
from insightrepo.scores.explaining import explain_cell, explanation_json, explanation_lines
from insightrepo.scores.intake.bringing import require_bringing
from insightrepo.scores.intake.columns import ONE_COLUMN, AnswerColumns, ColumnsUnclear
from insightrepo.scores.intake.importing import Scale, import_answers
from insightrepo.scores.reading import ScoreQuery
from insightrepo.scores.waves.response_tables import put_responses, read_responses
from insightrepo.scores.waves.waves import WaveFrozen, find_wave
from insightrepo.scores.waves.waves import freeze as freeze_wave

COLUMNS = ("respondent", "outcome", "satisfaction", "importance", "segment", "product", "date", "started", "ended")


@click.group()
def scores() -> None:
    """Waves of answers and the scores computed from them.

    \b
    Example:
      insightrepo scores import 2025-Q3 answers.csv && insightrepo scores show --wave 2025-Q3
    """


def _column_options(function):
    for name in reversed(COLUMNS):
        several = name == "segment"
        words = "Column of segments; once for each dimension." if several else f"Column of the {name}."
        function = click.option(f"--{name}", metavar="COLUMN", multiple=several, help=words)(function)
    return function


@scores.command("import")
@click.argument("wave")
@file_argument
@_column_options
@click.option("--scale", metavar="LOW-HIGH", help="Lowest and highest answer; the wave's when left out, else 1-5.")
@click.option(
    "--best", type=click.Choice(("high", "low")), help="Which end is best; the wave's when left out, else high."
)
@click.option("--first-day", type=click.DateTime(["%Y-%m-%d"]), help="Of a new wave whose code does not say it.")
@click.option("--last-day", type=click.DateTime(["%Y-%m-%d"]), help="Of a new wave whose code does not say it.")
@click.option("--dont-know", multiple=True, metavar="TEXT", help="A further text that means: asked, gave no answer.")
@bringing_options
@command
def import_(
    context: Context, wave: str, file: Path, mapping: Path | None, dry_run: bool, as_json: bool, **given: Any
) -> None:
    """Import answers into a wave (made if new) and compute its scores; importing again changes nothing.

    A table has a row for each answer, or a row for each respondent and a column for each question (OUTCOME.sat,
    OUTCOME.imp, or the outcome's words in the question); CSV, TSV, XLSX and SPSS are read, Qualtrics and SurveyMonkey
    exports with their header rows too. Rows dated outside the wave are counted and left for theirs, so that one file
    may hold several waves.

    \b
    Examples:
      insightrepo scores import 2025-Q3 answers.csv
      insightrepo scores import 2025-Q3 export.sav --dry-run
      insightrepo scores import 2025-Q3 answers.csv --satisfaction rating --outcome theme --best low
    """
    reader = context.reader_at_least("researcher")
    require_bringing(reader)
    workspace = context.workspace
    redactor = workspace_redactor(workspace)
    try:
        columns = _columns(mapping, given)
        survey, redactor = opened(workspace, file, filter(None, [columns.respondent]))
        with nullcontext() if dry_run else workspace.import_lock:  # a wave is not frozen while half of a file is in it
            report = import_answers(
                workspace.database,
                workspace.pseudonyms,
                wave,
                survey,
                columns=columns,
                scale=_scale(given["scale"], given["best"]),
                timezone=workspace.settings.timezone,
                first_day=_day(given["first_day"]),
                last_day=_day(given["last_day"]),
                dont_know=given["dont_know"],
                dry_run=dry_run,
                keeping=keeping(workspace, reader, file.name, redactor),
            )
    except (ColumnsUnclear, Unreadable, WaveFrozen, ValueError) as error:
        words = str(error) if isinstance(error, Unreadable) else f"{file.name}: {error}"
        raise click.ClickException(redactor.redact(words).text) from error
    print_report(report, redactor, as_json)


def _columns(mapping: Path | None, given: dict[str, Any]) -> AnswerColumns:
    """The columns of a mapping file and of the options, which win."""
    named = given_columns(mapping, ONE_COLUMN)
    named |= {name: given[name] for name in COLUMNS if given[name] and name != "segment"}
    first, *further = given["segment"] or [named.pop("segment", None)]
    return AnswerColumns(**named | {"segment": first}, segments=tuple(further))


@scores.command()
@click.argument("wave")
@file_argument
@command
def counts(context: Context, wave: str, file: Path) -> None:
    """Say how many were invited, answered and aimed at: a small table (segment, invited, answered, target).

    An empty segment, or "all", is everybody; what the table does not say stays.

    \b
    Example:
      insightrepo scores counts 2025-Q3 invited.csv
    """
    reader = context.reader_at_least("researcher")
    try:
        survey, _ = opened(context.workspace, file)
        with context.workspace.database.writing() as session:
            rows = read_responses(session, survey.table)
            changed = put_responses(session, reader, find_wave(session, wave), rows)
    except (ColumnsUnclear, Unreadable, WaveFrozen, ValueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"wave {wave}: {len(rows)} rows, {changed} new or changed")


def _day(moment: dt.datetime | None) -> dt.date | None:
    return moment.date() if moment else None


def _scale(text: str | None, best: str | None) -> Scale | None:
    if text is None and best is None:
        return None
    low, _, high = (text or "1-5").partition("-")
    if not (low.isdigit() and high.isdigit() and int(low) < int(high)):
        raise click.UsageError(f"--scale {text!r}: write the lowest and highest answer like 1-5")
    return Scale(int(low), int(high), best or "high")


@scores.command()
@click.option("--wave", help="Only this wave.")
@click.option("--outcome", help="Only this outcome.")
@click.option("--segment", help="Only this segment; 'all' for the cells of all segments.")
@click.option("--product", help="Only this product; 'all' for the cells of all products.")
@click.option("--measure", help="Only this measure: satisfaction, importance or opportunity.")
@as_json_option
@command
def show(context: Context, as_json: bool, **filters: str | None) -> None:
    """Print scores, each with n and its interval; those of products and segments outside your scopes are left out.

    \b
    Example:
      insightrepo scores show --outcome FT-01 --segment all --product all
    """
    with context.workspace.database.reading() as session:
        reader = context.reader(session)
        try:
            rows = show_scores(session, reader, **filters)
        except ValueError as error:
            raise click.ClickException(str(error)) from error
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(_line(row))


def _line(row: dict[str, Any]) -> str:
    cell = f"{row['wave']}  {row['outcome']}  {row['segment'] or 'all'}  {row['product'] or 'all'}  {row['measure']}"
    known = ("provisional" if row["provisional"] else None, row["note"])
    remarks = "".join(f", {remark}" for remark in known if remark)
    if row["value"] is None:
        return f"{cell}: not enough data{remarks}"
    interval = f"({row['low']:.1f} to {row['high']:.1f})"
    return f"{cell}: {row['value']:.1f} {row['unit']} {interval}, n {row['n']}{remarks}, {row['verdict']}"


@scores.command()
@click.argument("file", type=click.Path(dir_okay=False, writable=True, allow_dash=True, path_type=Path))
@click.option("--wave", help="Only this wave.")
@click.option("--outcome", help="Only this outcome.")
@click.option("--segment", help="Only this segment; 'all' for the cells of all segments.")
@click.option("--product", help="Only this product; 'all' for the cells of all products.")
@click.option("--measure", help="Only this measure.")
@command
def export(context: Context, file: Path, **filters: str | None) -> None:
    """Write scores into FILE, .csv or .xlsx (- is CSV to the terminal): what `scores show` prints, with every column.

    \b
    Example:
      insightrepo scores export scores.xlsx --wave 2025-Q3
    """
    kind = "csv" if str(file) == "-" else file.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise click.UsageError(f"{file.name}: name a file that ends in .csv or .xlsx")
    with context.workspace.database.reading() as session:
        reader = context.reader(session)
        try:
            rows = show_scores(session, reader, **filters)
        except ValueError as error:
            raise click.ClickException(str(error)) from error
    content = written(score_sheet(rows), kind)
    if str(file) == "-":
        click.get_binary_stream("stdout").write(content)
        return
    file.write_bytes(content)
    click.echo(f"wrote {len(rows):,} scores into {file}")


@scores.command()
@click.argument("wave")
@command
def freeze(context: Context, wave: str) -> None:
    """Freeze a wave: its scores are hashed and never change again.

    \b
    Example:
      insightrepo scores freeze 2025-Q3
    """
    reader = context.reader_at_least("researcher")
    workspace = context.workspace
    with workspace.import_lock, workspace.database.writing() as session:
        try:
            row = find_wave(session, wave)
            freeze_wave(session, row, session.get_one(User, reader.user_id))
        except (ValueError, WaveFrozen) as error:
            raise click.ClickException(str(error)) from error
        digest = row.frozen_hash
    click.echo(f"froze {wave}, sha256 {digest}")


@scores.command()
@click.option("--id", "score_id", type=int, help="The score by its id, as 'scores show --json' prints it.")
@click.option("--wave", help="Code of the wave.")
@click.option("--outcome", help="Code of the outcome.")
@click.option("--task", help="Code of the task; its scores name no outcome.")
@click.option("--segment", default="all", show_default=True, help="Code of the segment.")
@click.option("--product", default="all", show_default=True, help="Code of the product.")
@click.option("--measure", default="satisfaction", show_default=True, help="A measure, or the code of a metric.")
@as_json_option
@command
def explain(context: Context, score_id: int | None, as_json: bool, **cell: str | None) -> None:
    """Explain one score: what went in, the formula with its numbers, exclusions, weights, wave, version and test.

    \b
    Examples:
      insightrepo scores explain --wave 2025-Q3 --outcome FT-01 --segment families --measure opportunity
      insightrepo scores explain --id 4711 --json
    """
    if score_id is None and not (cell["wave"] and (cell["outcome"] or cell["task"] or cell["measure"])):
        raise click.UsageError("name the score: --id, or --wave with --outcome or --task")
    with context.workspace.database.reading() as session:
        reader = context.reader(session)
        try:
            if score_id is not None:
                found = explain_score(session, reader, score_id)
            else:
                found = explain_cell(session, reader, _cell_query(**cell))
        except NotVisible as error:
            raise click.ClickException("there is no such score that you may see: 'scores show' lists them") from error
        except ValueError as error:
            raise click.ClickException(str(error)) from error
    if as_json:
        print_json(explanation_json(found))
        return
    for line in explanation_lines(found):
        click.echo(line)


def _cell_query(**cell: str | None) -> ScoreQuery:
    given = {name: (value,) if value else None for name, value in cell.items()}
    return ScoreQuery(
        waves=given["wave"], outcomes=given["outcome"] or ("none",), tasks=given["task"] or ("none",),
        segments=given["segment"], products=given["product"], measures=given["measure"],
    )  # fmt: skip
