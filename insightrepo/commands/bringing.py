"""What the commands that bring files into a wave share: reading the file, a mapping file, the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ingest.names import names_in_table
from ingest.readers.base import SourceFile
from ingest.redact import Redactor
from insightrepo.accounts.access import Reader
from insightrepo.commands.common import as_json_option, print_json, read_text
from insightrepo.library.imports.safe_names import SafeNames, workspace_redactor
from insightrepo.scores.intake.intake import ImportReport
from insightrepo.scores.intake.quarantine import Keeping
from insightrepo.scores.intake.rows import load_columns
from insightrepo.scores.intake.survey_files import SurveyFile, read_survey
from insightrepo.workspace import Workspace

SHOWN = 20  # refused rows that are printed
COUNTS = ("read", "stored", "already_here", "outside", "skipped")

file_argument = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


def bringing_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--mapping, --dry-run and --json."""
    path = click.Path(exists=True, dir_okay=False, path_type=Path)
    mapping = click.option("--mapping", type=path, help="YAML with a line 'field: column' each; the rest is guessed.")
    dry = click.option("--dry-run", is_flag=True, help="Write nothing, print the same report.")
    return mapping(dry(as_json_option(function)))


def opened(workspace: Workspace, file: Path, respondents: Iterable[str] = ()) -> tuple[SurveyFile, Redactor]:
    """The file, and a redactor that knows the names in it. Raises Unreadable."""
    survey = read_survey(SourceFile(file.name, file.read_bytes()), workspace.settings.max_file_megabytes * 2**20)
    names = names_in_table(survey.table, respondents=respondents)
    return survey, workspace_redactor(workspace).with_names(names)


def keeping(workspace: Workspace, reader: Reader, file: str, redactor: Redactor) -> Keeping:
    """How refused rows are kept: under the file's name without personal data, redacted."""
    safe = SafeNames(redactor, workspace.pseudonyms)
    return Keeping(safe(file), lambda text: redactor.redact(text).text, reader.user_id)


def given_columns(mapping: Path | None, known: Iterable[str]) -> dict[str, str]:
    """The columns that a mapping file names; none without a file. Raises ColumnsUnclear."""
    return load_columns(read_text(mapping), mapping.name, known) if mapping else {}


def print_report(report: ImportReport, redactor: Redactor, as_json: bool) -> None:
    """The mapping that was taken, what was refused, and the counts; refused rows end with exit code 1."""
    refused = [{"row": r.row, "field": r.field, "cause": redactor.redact(r.cause).text} for r in report.refused]
    counts = {name: getattr(report, name) for name in COUNTS}
    if as_json:
        print_json(
            {
                "wave": report.wave, "kind": report.kind, "dry_run": report.dry_run, "columns": report.columns,
                "notes": report.notes,
                "items": [asdict(item) for item in report.items],
                **counts, "kept": report.kept, "refused": len(refused), "refused_rows": refused,
            }
        )  # fmt: skip
    else:
        _print_lines(report, counts, refused)
    if refused:
        raise SystemExit(1)


def _print_lines(report: ImportReport, counts: dict[str, int], refused: list[dict[str, Any]]) -> None:
    taken = ", ".join(f"{name} from {column!r}" for name, column in report.columns.items())
    click.echo(f"columns: {taken or 'none'}")
    for note in report.notes:
        click.echo(f"note: {note}")
    for item in refused[:SHOWN]:
        click.echo(f"refused: row {item['row']}, {item['field']}: {item['cause']}")
    if len(refused) > SHOWN:
        click.echo(f"… and {len(refused) - SHOWN} more: --json lists all")
    words = ", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in counts.items())
    dry = " (dry run, nothing was written)" if report.dry_run else ""
    click.echo(f"wave {report.wave}: {words}, refused {len(refused):,}{dry}")
    if report.kept:
        click.echo(f"the refused rows wait: insightrepo quarantine export {report.wave} {report.kind} --to FILE")
