"""`insightrepo import` and `search`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from indexes.query import parse_period
from insightrepo.commands.common import Context, as_json_option, command, print_json, progress
from insightrepo.library.hits import Hit, SearchQuery, SearchResult
from insightrepo.library.importing import ImportOptions, ImportReport, import_paths
from insightrepo.library.search import search as run_search
from insightrepo.library.search_json import result_json
from insightrepo.models import EVIDENCE_KINDS, LEVELS, SENSITIVITIES

COLUMNS = ("text", "date", "respondent", "segment", "product", "rating", "question", "labels")


def _column_options(function):
    for name in reversed(COLUMNS):
        function = click.option(f"--{name}", f"column_{name}", metavar="COLUMN", help=f"Column of the {name}.")(function)
    return function


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@_column_options
@click.option("--mapping", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="YAML file that maps the columns.")
@click.option("--dry-run", is_flag=True, help="Read and report; store nothing.")
@click.option("--study-title", help="Title, instead of what is read.")
@click.option("--method", help="Method, such as interview or survey.")
@click.option("--study-date", help="Date of the study: 2025, 2025-03, 2025-Q1 or 2025-03-14.")
@click.option("--level", type=click.Choice(LEVELS), help="Relationship or interaction.")
@click.option("--sensitivity", type=click.Choice(SENSITIVITIES), help="Who may see it (default: internal).")
@click.option("--study-product", "products", multiple=True, metavar="CODE", help="Product of the study; repeatable.")
@click.option("--study-segment", "segments", multiple=True, metavar="CODE", help="Segment of the study; repeatable.")
@click.option("--publish", is_flag=True, help="Publish the studies; else new ones are drafts.")
@as_json_option
@command
def import_(context: Context, paths: tuple[Path, ...], as_json: bool, **options) -> None:
    """Import files and folders of research, and tables of verbatims. Importing again changes nothing.

    A folder that holds a study's plan, guide and findings becomes one study. The columns of a table of verbatims are
    guessed from its header when left out, and shown.

    \b
    Examples:
      insightrepo import research/ --publish
      insightrepo import feedback.csv --text comment --rating stars --labels themes
    """
    reader = context.reader_at_least("contributor")
    with progress("importing") as draw:
        report = import_paths(context.workspace, reader, paths, _options(options), draw)
    if as_json:
        print_json(report.as_dict())
    else:
        _print_report(report)
    if report.refused:
        raise SystemExit(1)
