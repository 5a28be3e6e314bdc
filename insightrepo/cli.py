"""The `insightrepo` command. It acts as a named user; exit code 0: well, 1: ran and found trouble, 2: wrong use."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click

from config import ConfigurationError, load_settings
from insightrepo import __version__
from insightrepo.commands import accounts, evaluation, evidence, maintenance, scores, taxonomy
from insightrepo.commands.common import Context
from insightrepo.workspace import Workspace


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__)
@click.option(
    "--home", type=click.Path(path_type=Path), help="Folder of the workspace (else INSIGHTREPO_HOME, else ./instance)."
)
@click.option("--as", "as_user", metavar="EMAIL", help="Act as this user (default: the first administrator).")
@click.pass_context
def main(ctx: click.Context, home: Path | None, as_user: str | None) -> None:
    """A repository of customer insights, joined to the scores of customer outcomes.

    \b
    Example:
      insightrepo init
      insightrepo import research/ --publish
      insightrepo search "could not find the download"
    """
    try:
        settings = load_settings(**({"home": home} if home else {}))
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error
    logging.basicConfig(level=settings.log_level, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it reports each look at the schema
    ctx.obj = Context(Workspace(settings), as_user)


for group in (maintenance, accounts, taxonomy, evidence, scores, evaluation):
    for added in group.COMMANDS:
        main.add_command(added)
