"""`insightrepo upgrade`, `backup`, `restore`."""

from __future__ import annotations

from pathlib import Path

import click

from config import load_settings
from insightrepo.backups import BackupError, back_up, restore
from insightrepo.commands.common import Context, command, progress
from insightrepo.library.indexing.checking import check
from insightrepo.upgrading import prepare_model, renew_indexes, upgrade_schema, upgrade_workspace
from insightrepo.workspace import Workspace

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--backed-up", is_flag=True, help="A PostgreSQL database has been backed up: go on.")
@command
def upgrade(context: Context, backed_up: bool) -> None:
    """Bring a workspace of an older version to this one, and say what was done; stop the server first.

    The SQLite database is copied into the workspace's folder `backups` before it is changed.

    \b
    Example:
      insightrepo upgrade
    """
    workspace = context.bare_workspace
    with progress("indexing") as draw:
        upgrade_workspace(workspace, click.echo, draw, backed_up)
    click.echo(f"{workspace.home} is up to date: start the server again")


@click.command()
@click.argument("file", type=FILE)
@command
def backup(context: Context, file: Path) -> None:
    """Write the database, the originals, the reports and the settings into one FILE; the server may go on meanwhile.

    The workspace's key is not in it: keep workspace.key apart, `restore` asks for it. Nor are the settings DATABASE_URL
    and SECRET_KEY.

    \b
    Example:
      insightrepo backup /backups/insightrepo-2025-10-01.tar.gz
    """
    context.reader_at_least("administrator")
    try:
        made = back_up(context.workspace, file)
    except BackupError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{file}: {made.size / 1_000_000:.1f} MB, {made.originals:,} originals")
    if not made.has_database:
        click.echo("the database is not in the workspace: back it up beside this file (pg_dump)", err=True)
    click.echo(f"not in it: {context.workspace.home / 'workspace.key'}; without that key no original can be read")


@click.command(name="restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True,
              help="The workspace.key that belongs to it.")  # fmt: skip
@command
def restore_command(context: Context, file: Path, key: Path) -> None:
    """Make a workspace from a backup and its key, in an empty folder, with new indexes; then compare everything.

    \b
    Example:
      insightrepo --home /srv/insightrepo restore insightrepo-2025-10-01.tar.gz --key workspace.key
    """
    settings = context.bare_workspace.settings
    home = settings.home
    try:
        found = restore(home, file, key, settings.database_url)
    except BackupError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{found.originals:,} originals are back" + (" and the database" if found.has_database else ""))
    _make_usable(Workspace(load_settings(home=home)))  # with the settings that came back


def _make_usable(workspace: Workspace) -> None:
    upgrade_schema(workspace, click.echo)
    prepare_model(workspace, click.echo)
    with progress("indexing") as draw:
        renew_indexes(workspace, click.echo, draw, anew=True)
    problems = check(workspace)
    click.echo("\n".join(problems) or "database, indexes and originals agree")
    if problems:
        raise SystemExit(1)
