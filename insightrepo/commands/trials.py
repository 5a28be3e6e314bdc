"""`insightrepo trials`."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import click

from ingest.readers.base import Unreadable
from insightrepo.commands.bringing import bringing_options, file_argument, given_columns, keeping, opened, print_report
from insightrepo.commands.common import Context, command
from insightrepo.scores.intake.bringing import require_bringing
from insightrepo.scores.intake.columns import ColumnsUnclear
from insightrepo.scores.intake.trial_columns import SUM_FIELDS, TRY_FIELDS
from insightrepo.scores.intake.trials import import_trials
from insightrepo.scores.waves.waves import WaveFrozen

POINTS = click.Choice(("5", "7"))


@click.group()
def trials() -> None:
    """Tries at tasks, from usability tests.

    \b
    Example:
      insightrepo trials import 2025-Q3 sessions.csv --dry-run
    """


@trials.command("import")
@click.argument("wave")
@file_argument
@click.option("--umux-points", type=POINTS, help="Points of the scale of UMUX-Lite; 7 unless given.")
@click.option("--ux-points", type=POINTS, help="Points of the scale of UX-Lite; 5 unless given.")
@bringing_options
@command
def import_(
    context: Context,
    wave: str,
    file: Path,
    umux_points: str | None,
    ux_points: str | None,
    mapping: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import tries at tasks into a wave (made if new) and compute its scores; importing again changes nothing.

    A row is a try (respondent, task, completed, seconds, ease …) or, where a column n counts them, many tries added up.
    Items of SUS, UMUX-Lite and UX-Lite (SUS1 to SUS10 …) become ratings of these metrics.

    \b
    Examples:
      insightrepo trials import 2025-Q3 sessions.csv
      insightrepo trials import 2025-Q3 sessions.xlsx --mapping columns.yaml --dry-run
    """
    reader = context.reader_at_least("researcher")
    require_bringing(reader)
    workspace = context.workspace
    points = {"umux_lite": umux_points, "ux_lite": ux_points}
    redactor = None
    try:
        columns = given_columns(mapping, (*TRY_FIELDS, *SUM_FIELDS))
        survey, redactor = opened(workspace, file, filter(None, [columns.get("respondent")]))
        with nullcontext() if dry_run else workspace.import_lock:  # a wave is not frozen while half of a file is in it
            report = import_trials(
                workspace.database,
                workspace.pseudonyms,
                wave,
                survey,
                columns=columns,
                points={kind: int(number) for kind, number in points.items() if number},
                timezone=workspace.settings.timezone,
                dry_run=dry_run,
                keeping=keeping(workspace, reader, file.name, redactor),
            )
    except (ColumnsUnclear, Unreadable, WaveFrozen, ValueError) as error:
        words = str(error)
        raise click.ClickException(redactor.redact(words).text if redactor else words) from error
    print_report(report, redactor, as_json)
