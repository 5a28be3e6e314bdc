"""`insightrepo jobs`."""

from __future__ import annotations

import click

from insightrepo.commands.common import Context, as_json_option, command, print_json
from insightrepo.library.imports.import_jobs import list_all_jobs
from insightrepo.library.indexing.job_runner import run_waiting


@click.group()
def jobs() -> None:
    """Imports and other long work.

    \b
    Example:
      insightrepo jobs list
    """


@jobs.command("list")
@as_json_option
@command
def list_(context: Context, as_json: bool) -> None:
    """The latest jobs: imports of the command line and of the browser, with their state.

    \b
    Example:
      insightrepo jobs list
    """
    reader = context.reader_at_least("administrator")
    with context.workspace.database.reading() as session:
        found = list_all_jobs(context.workspace, session, reader)
    if as_json:
        print_json([job.as_dict() for job in found])
        return
    for job in found:
        click.echo(f"{job.id:>5}  {job.kind:<8} {job.state:<12} {job.started}  {job.who}  {job.words}")
    if not found:
        click.echo("no jobs yet")


@jobs.command()
@command
def run(context: Context) -> None:
    """Run the imports that wait, one after the other. The server starts it by itself; a timer does no harm.

    \b
    Example:
      insightrepo jobs run
    """
    context.reader_at_least("researcher")
    for job_id in run_waiting(context.workspace):
        click.echo(f"ran job {job_id}")
