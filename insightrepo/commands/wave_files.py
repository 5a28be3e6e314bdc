"""`insightrepo wave questionnaire` and `wave usability-kit`: files to ask with."""

from __future__ import annotations

from pathlib import Path

import click

from insightrepo.commands.common import Context, command
from insightrepo.models import STATUSES
from insightrepo.scores.waves.usability_kit import docx, markdown, results_csv
from insightrepo.scores.waves.usability_kit import usability_kit as make_kit
from insightrepo.scores.waves.wave_questionnaire import answers_csv, as_html, items_csv
from insightrepo.scores.waves.wave_questionnaire import questionnaire as make_questionnaire
from insightrepo.scores.waves.waves import find_wave

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("code")
@click.option("--csv", "items", type=FILE, help="Write the items here, for a survey tool.")
@click.option("--html", "page", type=FILE, help="Write a page to print here.")
@click.option("--answers", type=FILE, help="Write the empty file of answers here.")
@click.option("--seed", type=click.IntRange(0), help="Rotate the outcomes; the same seed gives the same order.")
@click.option("--status", "statuses", type=click.Choice(STATUSES), multiple=True, default=("active",),
              show_default=True, help="Of the outcomes to ask about; several for a validation study.")  # fmt: skip
@command
def questionnaire(context: Context, code: str, items: Path | None, page: Path | None, answers: Path | None,
                  seed: int | None, statuses: tuple[str, ...]) -> None:  # fmt: skip
    """Write the questionnaire of a wave; without a file print the items.

    \b
    Examples:
      insightrepo wave questionnaire 2025-Q3 --csv items.csv --html questionnaire.html
      insightrepo wave questionnaire 2025-Q3 --seed 7 --answers answers.csv
    """
    try:
        with context.workspace.database.reading() as session:
            asked = make_questionnaire(session, context.reader(session), find_wave(session, code), seed, statuses)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    wanted = ((items, items_csv), (page, as_html), (answers, answers_csv))
    if not any(path for path, _ in wanted):
        click.echo(items_csv(asked), nl=False)
    for path, write in wanted:
        if path:
            path.write_text(write(asked), encoding="utf-8")
            click.echo(f"wrote {path}: {len(asked.items)} items")


@click.command("usability-kit")
@click.option("--outcome", "outcomes", multiple=True, metavar="CODE", help="Its tasks; may be given several times.")
@click.option("--product", metavar="CODE", help="Only tasks of this product and what is below it.")
@click.option("--docx", "word", type=FILE, help="Write the moderator's script as Word document here.")
@click.option("--markdown", "text", type=FILE, help="Write the script as Markdown here.")
@click.option("--results", type=FILE, help="Write the empty file of results here; 'trials import' reads it.")
@command
def usability_kit(context: Context, outcomes: tuple[str, ...], product: str | None, word: Path | None,
                  text: Path | None, results: Path | None) -> None:  # fmt: skip
    """Write the script of a usability test of the tasks of outcomes or a product; without a file print it.

    \b
    Examples:
      insightrepo wave usability-kit --outcome TRIP-1 --docx script.docx --results results.csv
      insightrepo wave usability-kit --product app
    """
    try:
        with context.workspace.database.reading() as session:
            kit = make_kit(session, context.reader(session), outcomes, product)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if not (word or text or results):
        click.echo(markdown(kit), nl=False)
    if word:
        word.write_bytes(docx(kit))
    for path, content in ((text, markdown), (results, results_csv)):
        if path:
            path.write_text(content(kit), encoding="utf-8")
    for path in filter(None, (word, text, results)):
        click.echo(f"wrote {path}: {len(kit.tasks)} tasks")
