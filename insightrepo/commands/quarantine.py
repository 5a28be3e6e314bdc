"""`insightrepo quarantine`."""

from __future__ import annotations

from pathlib import Path

import click

from insightrepo.commands.common import Context, as_json_option, command, print_json
from insightrepo.library.imports.safe_names import workspace_redactor
from insightrepo.scores.intake.quarantine import KINDS, NotQuarantined, as_csv, drop, waiting_rows
from insightrepo.scores.waves.waves import WaveFrozen, find_wave


@click.group()
def quarantine() -> None:
    """Rows that imports into a wave refused, redacted: repair them and send them again, or drop them.

    \b
    Example:
      insightrepo quarantine list 2025-Q3
    """


@quarantine.command("list")
@click.argument("wave")
@as_json_option
@command
def list_(context: Context, wave: str, as_json: bool) -> None:
    """Print the rows that wait, each with its number, where it stood and why it was refused.

    \b
    Example:
      insightrepo quarantine list 2025-Q3
    """
    rows = _rows(context, wave)
    if as_json:
        names = ("id", "kind", "file", "row", "field", "cause", "values")
        print_json([{name: getattr(row, name) for name in names} for row in rows])
        return
    for row in rows:
        click.echo(f"{row.id}  {row.kind}, {row.file} row {row.row}, {row.field}: {row.cause}")
    click.echo(f"{len(rows)} row{'' if len(rows) == 1 else 's'} wait in {wave}")


def _rows(context: Context, wave: str, kind: str | None = None):
    reader = context.reader_at_least("researcher")
    with context.workspace.database.reading() as session:
        try:
            return waiting_rows(session, reader, find_wave(session, wave), kind)
        except ValueError as error:
            raise click.ClickException(str(error)) from error


@quarantine.command()
@click.argument("wave")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="A file; default: standard output.")
@click.option("--figures", is_flag=True, help="Those rows that are figures or sums, not a respondent's.")
@command
def export(context: Context, wave: str, kind: str, to: Path | None, figures: bool) -> None:
    """Write the rows that wait as CSV: repair the cells and import the file into the same wave.

    The column quarantine tells which row is which, and a respondent's key stands for the person.

    \b
    Example:
      insightrepo quarantine export 2025-Q3 trials --to repair.csv
      insightrepo trials import 2025-Q3 repair.csv
    """
    text = as_csv([row for row in _rows(context, wave, kind) if row.is_of_a_person != figures])
    if to is None:
        click.echo(text, nl=False)
    else:
        to.write_text(text, encoding="utf-8", newline="")


@quarantine.command("drop")
@click.argument("wave")
@click.argument("rows", type=int, nargs=-1, required=True)
@click.option("--reason", required=True, help="Why; it is kept.")
@command
def drop_(context: Context, wave: str, rows: tuple[int, ...], reason: str) -> None:
    """Drop rows by their numbers, with a reason. They stay known: sent again, they are not kept again.

    \b
    Example:
      insightrepo quarantine drop 2025-Q3 12 13 --reason "a colleague's test"
    """
    reader = context.reader_at_least("researcher")
    words = workspace_redactor(context.workspace).redact(reason).text
    with context.workspace.database.writing() as session:
        try:
            dropped = drop(session, reader, find_wave(session, wave), rows, words)
        except (NotQuarantined, WaveFrozen, ValueError) as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"dropped {dropped}")
