"""`insightrepo insight write`."""

from __future__ import annotations

import click

from insightrepo.commands.common import Context, command
from insightrepo.library.insights import InsightRefused, questions_of, write_insight
from insightrepo.library.tagging import NotThere


@click.group()
def insight() -> None:
    """Claims that people write, linked to the evidence for and against them.

    \b
    Example:
      insightrepo insight write 2 "Parents leave when stops are boring" --outcome FT-01
    """


@insight.command()
@click.argument("study", type=click.IntRange(1, 2**31 - 1))
@click.argument("text")
@click.option("--outcome", "outcomes", multiple=True, help="Code or name of an outcome that it speaks to.")
@click.option("--supports", type=click.IntRange(1, 2**31 - 1), multiple=True, help="Evidence that speaks for it.")
@click.option("--contradicts", type=click.IntRange(1, 2**31 - 1), multiple=True, help="Evidence against it.")
@click.option("--as-it-is", is_flag=True, help="Save it although its numbers leave questions open.")
@command
def write(
    context: Context,
    study: int,
    text: str,
    outcomes: tuple[str, ...],
    supports: tuple[int, ...],
    contradicts: tuple[int, ...],
    as_it_is: bool,
) -> None:
    """Write an insight into a study, by the study's number.

    What its numbers leave open is said first, and nothing is saved until they say it or --as-it-is is given.

    \b
    Example:
      insightrepo insight write 2 "7 of 12 parents gave up on finding a stop" --outcome FT-01 --supports 14
    """
    reader = context.reader_at_least("contributor")
    open_ = questions_of(text)
    for stated, question in open_:
        click.echo(f"to settle: “{text[stated.start : stated.end]}”: {question}", err=True)
    if open_ and not as_it_is:
        raise click.ClickException("nothing was saved: say in the text what the numbers mean, or give --as-it-is")
    try:
        evidence_id = write_insight(
            context.workspace, reader, study, text, outcomes=outcomes, supports=supports, contradicts=contradicts
        )
    except (InsightRefused, NotThere) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"evidence {evidence_id}")
