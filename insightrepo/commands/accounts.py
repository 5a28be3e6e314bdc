"""`insightrepo user`."""

from __future__ import annotations

import click

from insightrepo.accounts.audit import record
from insightrepo.accounts.users import add_user
from insightrepo.commands.common import Context, command
from insightrepo.models import ROLES


@click.group()
def user() -> None:
    """Users and their roles.

    \b
    Example:
      insightrepo user add rita@example.com --role researcher
    """


@user.command("add")
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What the user may do.")
@click.option("--name", default="", help="The name shown beside what they do.")
@click.option(
    "--scope", "scopes", multiple=True, metavar="AXIS:CODE", help="Limit to product:CODE or segment:CODE; repeatable."
)
@click.option("--team", "teams", multiple=True, help="Add to this team; made if it does not exist; repeatable.")
@click.password_option("--password", help="Asked for when left out.")
@command
def add(
    context: Context, email: str, role: str, name: str, scopes: tuple[str, ...], teams: tuple[str, ...], password: str
) -> None:
    """Add a user.

    \b
    Example:
      insightrepo user add pia@example.com --role viewer --scope product:app
    """
    reader = context.reader_at_least("administrator")
    with context.workspace.database.writing() as session:
        added = add_user(session, email, role, password, name, scopes, teams)
        record(session, reader.user_id, "user.add", f"user:{added.id}", role=role, scopes=list(scopes))
    click.echo(f"added {added.email} as {role}")
