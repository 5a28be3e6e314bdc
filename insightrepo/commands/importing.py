"""`insightrepo import`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from insightrepo.commands.common import Context, as_json_option, command, print_json, progress
from insightrepo.library.imports.import_options import ImportOptions
from insightrepo.library.imports.import_report import ImportReport
from insightrepo.library.imports.importing import import_paths
from insightrepo.models import LEVELS, SENSITIVITIES

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
    for question in report.questions:
        click.echo(f"to settle: {question}")
    for note in report.notes:
        click.echo(note)
    for name, count in report.unknown.most_common():
        near = f"; is it {' or '.join(report.near[name])}?" if name in report.near else ""
        click.echo(f"unknown {name}: {count} times{near}; add it to the taxonomy and run 'insightrepo retag'")
    for refused in report.refused_rows[:SHOWN]:
        row = f" row {refused.row}" if refused.row else ""
        click.echo(f"refused: {refused.file}{row}, {refused.field}: {refused.cause}")
    if report.refused > SHOWN:
        click.echo(f"… and {report.refused - SHOWN} more")
    click.echo(
        f"read {report.read:,}, stored {report.stored:,}, already here {report.already_here:,}, "
        f"refused {report.refused:,}, empty {report.empty:,}"
    )
    if report.changed or report.withdrawn:
        click.echo(f"of these {report.changed:,} changed; {report.withdrawn:,} passages that are gone were withdrawn")
    if report.refused_file:
        click.echo(f"refused rows are in {report.refused_file}")
