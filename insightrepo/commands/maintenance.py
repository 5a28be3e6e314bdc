"""`insightrepo init`, `demo`, `serve`, `check`, `maintain`, `reindex`, `retag`."""

from __future__ import annotations

import secrets

import click

from insightrepo.accounts.users import add_user
from insightrepo.commands.common import Context, as_json_option, command, print_json, progress
from insightrepo.demo.loading import DEMO_EMAIL, DEMO_PASSWORD, is_loaded, load_demo
from insightrepo.library.indexing import checking, indexing
from insightrepo.library.tagging import retagging, training
from insightrepo.models import User
from insightrepo.upgrading import prepare_model, renew_indexes, upgrade_schema
from insightrepo.workspace import Workspace


@click.command()
@click.option("--email", default="admin@example.com", show_default=True, help="The first administrator.")
@click.option("--password", help="Of the first administrator; made and printed when left out.")
@command
def init(context: Context, email: str, password: str | None) -> None:
    """Make the workspace, or bring one of an older version up to date; what is there stays.

    \b
    Example:
      insightrepo init --email anna@example.com
    """
    _init(context.bare_workspace, email, password)


def _init(workspace: Workspace, email: str, password: str | None) -> None:
    workspace.make_master_key()
    upgrade_schema(workspace, click.echo)
    with workspace.database.writing() as session:
        if not session.query(User.id).first():
            chosen = password or secrets.token_urlsafe(12)
            added = add_user(session, email, "administrator", chosen)
            click.echo(f"administrator {added.email}" + ("" if password else f", password {chosen} (shown once)"))
    prepare_model(workspace, click.echo)
    with progress("indexing") as draw:
        renew_indexes(workspace, click.echo, draw)
    click.echo(f"workspace ready in {workspace.home}")


@click.command()
@command
def demo(context: Context) -> None:
    """Make the workspace and fill it with FamilyTrip, an invented app; a second run changes nothing.

    \b
    Example:
      insightrepo demo && insightrepo serve
    """
    workspace = context.bare_workspace
    _init(workspace, DEMO_EMAIL, DEMO_PASSWORD)
    if not is_loaded(workspace):
        with progress("demo") as draw:
            load_demo(workspace, click.echo, draw)
    click.echo(f"sign in as {DEMO_EMAIL} with password {DEMO_PASSWORD}")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=5000, show_default=True, help="Port to listen on.")
@click.option("--workers", default=1, show_default=True, help="Processes that answer.")
@command
def serve(context: Context, host: str, port: int, workers: int) -> None:
    """Serve the pages with gunicorn.

    \b
    Example:
      insightrepo serve --port 8000
    """
    from insightrepo.web.serving import serve as serve_pages

    click.echo(f"InsightRepo on http://{host}:{port} (Ctrl+C stops it)")
    serve_pages(context.workspace.settings, host, port, workers)


@click.command()
@as_json_option
@command
def check(context: Context, as_json: bool) -> None:
    """Compare the database with the indexes, and originals with their hashes; exit code 1 and a list where they differ.

    \b
    Example:
      insightrepo check --json
    """
    context.reader_at_least("researcher")
    problems = checking.check(context.workspace)
    if as_json:
        print_json({"ok": not problems, "problems": problems})
    else:
        click.echo("\n".join(problems) or "database, indexes and originals agree")
    if problems:
        raise SystemExit(1)


@click.command()
@command
def reindex(context: Context) -> None:
    """Build the indexes anew from the database, beside the old ones, and swap them in; nothing is embedded twice.

    \b
    Example:
      insightrepo reindex
    """
    context.reader_at_least("researcher")
    with progress("indexing") as draw:
        count = indexing.rebuild(context.workspace, draw)
        indexing.maintain(context.workspace, draw)
    click.echo(f"indexed {count} pieces of evidence")


@click.command()
@command
def maintain(context: Context) -> None:
    """Look after the indexes: apply changes that wait, heal damage, merge, build sketches, once a day read every byte.

    Where words of outcomes were changed in the browser, all evidence is tagged again.

    The server starts it by itself when there is need; to run it by a timer does no harm.

    \b
    Example:
      insightrepo maintain
    """
    context.reader_at_least("researcher")
    with progress("indexing") as draw:
        done = indexing.maintain(context.workspace, draw)
    for line in done:
        click.echo(line)
    with context.workspace.database.reading() as session:
        wanted = retagging.retag_is_wanted(session)
    if wanted:
        with progress("tagging") as draw:
            changed = retagging.retag(context.workspace, draw)
        click.echo(f"tagged again, {changed:,} changed")


@click.command()
@command
def retag(context: Context) -> None:
    """Train heads where enough examples were accepted, and let rules and models vote again; people's words stay.

    \b
    Example:
      insightrepo retag
    """
    context.reader_at_least("researcher")
    trained = training.train_heads(context.workspace)
    for code, examples in sorted(trained.items()):
        click.echo(f"trained {code} from {examples} examples")
    with progress("tagging") as draw:
        changed = retagging.retag(context.workspace, draw)
    click.echo(f"the tags of {changed} pieces of evidence changed")
