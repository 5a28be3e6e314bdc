"""`insightrepo import` and `search`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from indexes.query import first_day, last_day
from insightrepo.commands.common import Context, as_json_option, command, print_json, progress
from insightrepo.library.hits import Hit, SearchQuery, SearchResult
from insightrepo.library.import_options import ImportOptions
from insightrepo.library.import_report import ImportReport
from insightrepo.library.importing import import_paths
from insightrepo.library.search import search as run_search
from insightrepo.library.search_json import result_json
from insightrepo.models import EVIDENCE_KINDS, LEVELS, SENSITIVITIES

COLUMNS = ("text", "date", "respondent", "segment", "product", "rating", "question", "labels", "id")
SHOWN = 20  # refused rows that are printed; all are in the file


def column_options(function):
    """The options that name columns of a table of verbatims."""
    also = {"date": " or the study's date", "segment": " or the study's segment", "product": " or the study's product"}
    for name in reversed(COLUMNS):
        words = f"Column of the {name}{also.get(name, '')}; repeatable."
        function = click.option(f"--{name}", f"column_{name}", metavar="COLUMN", multiple=True, help=words)(function)
    return function


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@column_options
@click.option(
    "--mapping", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="YAML file that maps the columns."
)
@click.option("--shared-respondents", is_flag=True, help="Respondents have the ids that answers to waves have.")
@click.option("--dry-run", is_flag=True, help="Read and report; store nothing.")
@click.option("--study-title", help="One study of this title for all that is named.")
@click.option("--method", help="Method, such as interview or survey.")
@click.option("--level", type=click.Choice(LEVELS), help="Relationship or interaction.")
@click.option("--sensitivity", type=click.Choice(SENSITIVITIES), help="Who may see it; internal when left out.")
@click.option("--publish", is_flag=True, help="Publish the studies; else new ones are drafts.")
@as_json_option
@command
def import_(context: Context, paths: tuple[Path, ...], as_json: bool, **given: Any) -> None:
    """Import files and folders of research, and tables of verbatims; importing again changes nothing.

    A folder that holds a study's plan, guide and findings becomes one study. The columns of a table of verbatims are
    guessed from its header where they are left out, and shown. Exit code 1: something was refused.

    \b
    Examples:
      insightrepo import research/ --publish --product app
      insightrepo import feedback.csv --text comment --rating stars --labels themes
    """
    reader = context.reader_at_least("contributor")
    columns = {name: given.pop(f"column_{name}") for name in COLUMNS}
    options = ImportOptions(columns={name: values for name, values in columns.items() if values}, **given)
    with progress("importing") as draw:
        report = import_paths(context.workspace, reader, paths, options, draw)
    if as_json:
        print_json(report.as_dict())
    else:
        _print_report(report)
    if report.refused:
        raise SystemExit(1)


def _print_report(report: ImportReport) -> None:
    for note in report.notes:
        click.echo(note)
    for name, count in report.unknown.most_common():
        click.echo(f"unknown {name}: {count} times; add it to the taxonomy and run 'insightrepo retag'")
    for refused in report.refused_rows[:SHOWN]:
        row = f" row {refused.row}" if refused.row else ""
        click.echo(f"refused: {refused.file}{row}, {refused.field}: {refused.cause}")
    if report.refused > SHOWN:
        click.echo(f"… and {report.refused - SHOWN} more")
    click.echo(
        f"read {report.read:,}, stored {report.stored:,}, already here {report.already_here:,}, "
        f"refused {report.refused:,}, empty {report.empty:,}"
    )
    if report.refused_file:
        click.echo(f"refused rows are in {report.refused_file}")


@click.command()
@click.argument("words", nargs=-1)
@click.option("--outcome", multiple=True, help="Only tagged with this outcome; repeatable.")
@click.option("--segment", multiple=True, help="Only of this segment; repeatable.")
@click.option("--product", multiple=True, help="Only of this product and below; repeatable.")
@click.option("--kind", multiple=True, type=click.Choice(EVIDENCE_KINDS), help="Only of this kind; repeatable.")
@click.option("--study", type=int, help="Only of the study with this number.")
@click.option("--since", help="From this day, month, quarter or year.")
@click.option("--until", help="Up to the end of this day, month, quarter or year.")
@click.option("--verified", is_flag=True, help="Only tags that a person or an import stands behind.")
@click.option(
    "--mode",
    type=click.Choice(("hybrid", "keyword", "meaning")),
    default="hybrid",
    show_default=True,
    help="Engines asked.",
)
@click.option(
    "--sort", type=click.Choice(("relevance", "newest", "gap")), default="relevance", show_default=True, help="Order."
)
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="Hits printed.")
@as_json_option
@command
def search(context: Context, words: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Search evidence; each hit stands beside the current score of its outcomes.

    "Quoted words" are a phrase, -word excludes, outcome:FT-01 and the other fields filter.

    \b
    Examples:
      insightrepo search "people could not find the download"
      insightrepo search stops --outcome FT-01 --since 2025-Q2 --json
    """
    filters = {name: given[name] for name in ("outcome", "segment", "product", "kind") if given[name]}
    query = SearchQuery(
        words=" ".join(words),
        filters=filters,
        study=given["study"],
        since=_day(given["since"], first_day),
        until=_day(given["until"], last_day),
        **{name: given[name] for name in ("verified", "mode", "sort", "limit")},
    )
    with context.workspace.database.reading() as session:
        result = run_search(context.workspace, session, context.reader(session), query)
    if as_json:
        print_json(result_json(result))
    else:
        _print_result(result)


def _day(text: str | None, read: Callable[[str], dt.date | None]) -> dt.date | None:
    found = read(text) if text else None
    if text and found is None:
        raise click.UsageError(f"{text!r} is not a date: write 2025, 2025-03, 2025-Q1 or 2025-03-14")
    return found


def _print_result(result: SearchResult) -> None:
    for note in result.notes:
        click.echo(f"note: {note}", err=True)
    more = "+" if result.capped else ""
    click.echo(f"{result.total:,}{more} hits, {result.people:,} people, {result.studies:,} studies")
    for number, hit in enumerate(result.hits, start=1):
        click.echo(f"\n{number}. [{hit.id}] {_source(hit)}")
        click.echo(f"   “{' '.join(hit.text.split())}”")
        for tag in hit.outcomes:
            click.echo(f"   {tag.code} ({tag.state}) {chip_words(tag.chip)}")


def _source(hit: Hit) -> str:
    return " · ".join(filter(None, (hit.kind, hit.study, hit.place, *hit.segments, *hit.products, hit.date)))


def chip_words(chip) -> str:
    """A chip on one line: measure, value with interval, n, wave and verdict."""
    if chip is None:
        return "no score"
    if chip.value is None:
        return f"{chip.measure}: not enough data, {chip.wave}"
    interval = f" ({chip.low:.0f} to {chip.high:.0f})" if chip.low is not None else ""
    return f"{chip.measure} {chip.value:.0f} {chip.unit}{interval}, n {chip.n}, {chip.wave}, {chip.verdict}"


COMMANDS = (import_, search)
