"""`insightrepo taxonomy`."""

from __future__ import annotations

from pathlib import Path

import click

from insightrepo.commands.common import Context, as_json_option, command, print_json, progress, read_text
from insightrepo.library.taxonomy_changes import import_taxonomy
from insightrepo.taxonomy.exporting import export
from insightrepo.taxonomy.files import dump


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

    \b
    Example:
      insightrepo taxonomy import taxonomy.yaml
    """
    reader = context.reader_at_least("researcher")
    with progress("tagging") as draw:
        changes = import_taxonomy(context.workspace, reader, read_text(file), file.name, draw)
    counts = {"created": changes.created, "changed": changes.changed, "unchanged": changes.unchanged}
    if as_json:
        print_json(counts)
        return
    for line in changes.lines:
        click.echo(line)
    click.echo(", ".join(f"{number} {name}" for name, number in counts.items()))


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
