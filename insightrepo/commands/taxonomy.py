"""`insightrepo taxonomy`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from insightrepo.commands.common import Context, as_json_option, command, print_json, progress, read_text
from insightrepo.library.terms.taxonomy_changes import import_taxonomy
from insightrepo.taxonomy.exporting import export
from insightrepo.taxonomy.files import dump
from insightrepo.taxonomy.linter import LintWarning
from insightrepo.taxonomy.review import FileReview, Pair, RegisterReview, Reviewed, lint_file, review, review_file


@click.group()
def taxonomy() -> None:
    """Outcomes, segments, products, tasks and rules, as one YAML file.

    \b
    Example:
      insightrepo taxonomy export - | insightrepo --home other taxonomy import /dev/stdin
    """


@taxonomy.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json_option
@command
def import_(context: Context, file: Path, as_json: bool) -> None:
    """Import a taxonomy; the same file twice changes nothing, a wrong one changes nothing and names line and field.

    What could be better at the statements of outcomes is said as well, and stops nothing.

    \b
    Example:
      insightrepo taxonomy import taxonomy.yaml
    """
    reader = context.reader_at_least("researcher")
    text = read_text(file)
    with progress("tagging") as draw:
        changes = import_taxonomy(context.workspace, reader, text, file.name, draw)
    with context.workspace.database.reading() as session:
        outcomes = lint_file(session, reader, context.workspace, text, file.name)
    counts = {"created": changes.created, "changed": changes.changed, "unchanged": changes.unchanged}
    if as_json:
        print_json({**counts, "warnings": _as_dicts(outcomes)})
        return
    for line in changes.lines:
        click.echo(line)
    for line in _warning_lines(outcomes, file.name):
        click.echo(f"warning: {line}")
    click.echo(", ".join(f"{number} {name}" for name, number in counts.items()))


@taxonomy.command("lint")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--strict", is_flag=True, help="Exit code 1 if there are warnings; overlaps are none.")
@as_json_option
@command
def lint_(context: Context, file: Path | None, strict: bool, as_json: bool) -> None:
    """What could be better at the statements of outcomes: of the workspace, or of a file before its import.

    \b
    Example:
      insightrepo taxonomy lint taxonomy.yaml --strict
    """
    with context.workspace.database.reading() as session:
        reader = context.reader(session)
        found: FileReview | RegisterReview
        if file:
            found = review_file(session, reader, context.workspace, read_text(file), file.name)
        else:
            found = review(session, reader, context.workspace)
    if as_json:
        print_json({"warnings": _as_dicts(found.outcomes), "overlaps": [pair.as_dict() for pair in found.pairs]})
    else:
        _print_lint(found.outcomes, found.pairs, file.name if file else "")
    if strict and any(outcome.warnings for outcome in found.outcomes):
        raise click.exceptions.Exit(1)


@taxonomy.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True))
@command
def export_(context: Context, file: Path) -> None:
    """Write the terms that you may see as YAML that imports again; - is standard output.

    \b
    Example:
      insightrepo taxonomy export taxonomy.yaml
    """
    with context.workspace.database.reading() as session:
        reader = context.reader(session)
        reader.require("researcher")
        text = dump(export(session, reader.sees_term))
    if str(file) == "-":
        click.echo(text, nl=False)
    else:
        file.write_text(text, encoding="utf-8")
        click.echo(f"wrote {file}")


def _as_dicts(outcomes: Sequence[Reviewed]) -> list[dict[str, object]]:
    return [warning for outcome in outcomes for warning in outcome.as_dicts()]


def _print_lint(outcomes: Sequence[Reviewed], pairs: Sequence[Pair], name: str) -> None:
    for line in [*_warning_lines(outcomes, name), *map(_pair_line, pairs)]:
        click.echo(line)
    number = sum(len(outcome.warnings) for outcome in outcomes)
    warned = sum(bool(outcome.warnings) for outcome in outcomes)
    of = f"{warned} of {_count(len(outcomes), 'outcome')}"
    click.echo(f"{_count(number, 'warning')} on {of}, {_count(len(pairs), 'pair')} that may overlap")


def _warning_lines(outcomes: Sequence[Reviewed], name: str) -> list[str]:
    return [_said(outcome, warning, name) for outcome in outcomes for warning in outcome.warnings]


def _said(outcome: Reviewed, warning: LintWarning, name: str) -> str:
    place = f"{name}:{outcome.line}: " if name else ""
    words = f" “{warning.words}”" if warning.words and f"“{warning.words}”" not in warning.why else ""
    return f"{place}{outcome.code} {warning.field}{words}: {warning.why}; {warning.advice} [{warning.code}]"


def _pair_line(pair: Pair) -> str:
    shared = f", both say {', '.join(pair.overlap.shared)}" if pair.overlap.shared else ""
    alike = f"alike by {pair.overlap.by}: {pair.overlap.score:.2f}{shared}"
    return f"{pair.first.code} and {pair.second.code} may overlap ({alike}): {pair.first.name} / {pair.second.name}"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
