"""The `insightrepo` command. It acts as a named user; exit code 0: well, 1: ran and found trouble, 2: wrong use."""

from __future__ import annotations

import logging
import sys
from importlib import import_module
from pathlib import Path

import click

from config import ConfigurationError, load_settings
from insightrepo import __version__

COMMANDS = {  # name: module of insightrepo.commands and what it is called there
    "init": ("maintenance", "init"),
    "demo": ("maintenance", "demo"),
    "serve": ("maintenance", "serve"),
    "upgrade": ("upgrading", "upgrade"),
    "backup": ("upgrading", "backup"),
    "restore": ("upgrading", "restore_command"),
    "user": ("accounts", "user"),
    "taxonomy": ("taxonomy", "taxonomy"),
    "outcome": ("outcomes", "outcome"),
    "validate": ("validation", "validate"),
    "import": ("importing", "import_"),
    "jobs": ("jobs", "jobs"),
    "scores": ("scores", "scores"),
    "trials": ("trials", "trials"),
    "metrics": ("metrics", "metrics"),
    "act": ("act", "act"),
    "targets": ("targets", "targets"),
    "focus": ("targets", "focus"),
    "changes": ("why", "changes"),
    "why": ("why", "why"),
    "wave": ("waves", "wave"),
    "packs": ("packs", "packs"),
    "quarantine": ("quarantine", "quarantine"),
    "search": ("searching", "search"),
    "search-gaps": ("gaps", "search_gaps"),
    "insight": ("insights", "insight"),
    "quantities": ("quantities", "quantities"),
    "retag": ("maintenance", "retag"),
    "check": ("maintenance", "check"),
    "maintain": ("maintenance", "maintain"),
    "reindex": ("maintenance", "reindex"),
    "evaluate": ("evaluation", "evaluate"),
}


class LazyGroup(click.Group):
    """Imports a command when it is called: `search` must not wait for what `import` needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        return getattr(import_module(f"insightrepo.commands.{module}"), name)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
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
    from sqlalchemy.exc import ArgumentError

    from insightrepo.commands.common import Context
    from insightrepo.workspace import Workspace

    try:
        settings = load_settings(**({"home": home} if home else {}))
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error
    logging.basicConfig(level=settings.log_level, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for talkative in ("alembic", "sentence_transformers"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    try:
        ctx.obj = Context(Workspace(settings), as_user)
    except (ArgumentError, ImportError) as error:
        raise click.UsageError(f"INSIGHTREPO_DATABASE_URL: {error}") from error
