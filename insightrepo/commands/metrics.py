"""`insightrepo metrics`."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from ingest.readers.base import Unreadable
from insightrepo.commands.bringing import bringing_options, file_argument, given_columns, keeping, opened, print_report
from insightrepo.commands.common import Context, as_json_option, command, print_json, read_text
from insightrepo.scores.intake.bringing import require_bringing
from insightrepo.scores.intake.columns import ColumnsUnclear
from insightrepo.scores.intake.metric_points import METRIC_FIELDS, import_metrics
from insightrepo.scores.metric_schema import load_metrics
from insightrepo.scores.metrics import define_metrics, list_metrics
from insightrepo.scores.waves.waves import WaveFrozen


@click.group()
def metrics() -> None:
    """The catalogue of metrics, and their figures.

    \b
    Example:
      insightrepo metrics define metrics.yaml && insightrepo metrics import 2025-Q3 figures.csv
    """


@metrics.command()
@file_argument
@command
def define(context: Context, file: Path) -> None:
    """Put the metrics of a YAML file into the catalogue; the same file again changes nothing.

    \b
    Example:
      insightrepo metrics define metrics.yaml
    """
    reader = context.reader_at_least("researcher")
    entries, lines = load_metrics(read_text(file), file.name)
    with context.workspace.database.writing() as session:
        done = define_metrics(session, reader, entries, lines, file.name)
    for word in ("added", "changed", "unchanged"):
        if codes := getattr(done, word):
            click.echo(f"{word}: {', '.join(codes)}")


@metrics.command("list")
@as_json_option
@command
def list_(context: Context, as_json: bool) -> None:
    """Print the catalogue: what each metric counts, of whom, and whether it is behaviour or opinion.

    \b
    Example:
      insightrepo metrics list
    """
    with context.workspace.database.reading() as session:
        context.reader(session)
        found = list_metrics(session)
    if as_json:
        print_json(found)
        return
    for metric in found:
        click.echo(_line(metric))
    if not found:
        click.echo("no metric is defined yet: metrics define FILE")


def _line(metric: dict[str, Any]) -> str:
    counted = f": {metric['numerator']} / {metric['denominator']}" if metric["numerator"] else ""
    waves = f"{metric['waves']} wave{'' if metric['waves'] == 1 else 's'}"
    retired = ", retired" if metric["status"] == "retired" else ""
    version = f"version {metric['version']}, {waves}{retired}"
    return (
        f"{metric['code']}  {metric['name']}{counted}  [{metric['kind']}, {metric['nature']}, {metric['unit']} "
        f"per {metric['unit_of_analysis']}, {metric['better']} is better, {version}]"
    )


@metrics.command("import")
@click.argument("wave")
@file_argument
@click.option("--metric", metavar="CODE", help="The metric of all rows, where no column says it.")
@bringing_options
@command
def import_(
    context: Context,
    wave: str,
    file: Path,
    metric: str | None,
    mapping: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import figures of metrics into a wave (made if new) and compute its scores; importing again changes nothing.

    A row is a figure (metric, numerator, denominator or value, n, sd, segment, product) or, where a column names
    respondents, what one of them said (metric and value, or a column a metric). A rate needs its numerator and
    denominator.

    \b
    Examples:
      insightrepo metrics import 2025-Q3 figures.csv
      insightrepo metrics import 2025-Q3 nps.csv --metric NPS --dry-run
    """
    reader = context.reader_at_least("researcher")
    require_bringing(reader)
    workspace = context.workspace
    redactor = None
    try:
        columns = given_columns(mapping, METRIC_FIELDS)
        survey, redactor = opened(workspace, file, filter(None, [columns.get("respondent")]))
        with nullcontext() if dry_run else workspace.import_lock:  # a wave is not frozen while half of a file is in it
            report = import_metrics(
                workspace.database,
                workspace.pseudonyms,
                wave,
                survey,
                columns=columns,
                metric=metric,
                timezone=workspace.settings.timezone,
                dry_run=dry_run,
                keeping=keeping(workspace, reader, file.name, redactor),
            )
    except (ColumnsUnclear, Unreadable, WaveFrozen, ValueError) as error:
        words = str(error)
        raise click.ClickException(redactor.redact(words).text if redactor else words) from error
    print_report(report, redactor, as_json)
