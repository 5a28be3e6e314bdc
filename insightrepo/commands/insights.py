"""`insightrepo insight write`, `edit`, `confirm`, `withdraw`, `restore` and `look-again`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import click

from insightrepo.accounts.access import Reader
from insightrepo.commands.common import Context, as_json_option, command, print_json
from insightrepo.library.studies.insight_editing import confirm_insight, edit_insight, restore_insight, withdraw_insight
from insightrepo.library.studies.insight_states import outdated
from insightrepo.library.studies.insights import InsightRefused, questions_of, write_insight
from insightrepo.library.tagging.tagging import NotThere
from insightrepo.workspace import Workspace

EVIDENCE = click.IntRange(1, 2**31 - 1)


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
    _ask(text, as_it_is)
    try:
        evidence_id = write_insight(
            context.workspace, reader, study, text, outcomes=outcomes, supports=supports, contradicts=contradicts
        )
    except (InsightRefused, NotThere) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"evidence {evidence_id}")


@insight.command()
@click.argument("evidence", type=EVIDENCE)
@click.argument("text")
@click.option("--reason", required=True, help="Why it is reworded; kept with the revision.")
@click.option("--as-it-is", is_flag=True, help="Save it although its numbers leave questions open.")
@command
def edit(context: Context, evidence: int, text: str, reason: str, as_it_is: bool) -> None:
    """Reword an insight: a new revision, the one before is kept.

    \b
    Example:
      insightrepo insight edit 57 "9 of 12 parents gave up on finding a stop" --reason "two more sessions"
    """
    reader = context.reader_at_least("contributor")
    _ask(text, as_it_is)
    try:
        changed = edit_insight(context.workspace, reader, evidence, text, reason)
    except (InsightRefused, NotThere) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"evidence {evidence} is reworded" if changed else "nothing was different")


@insight.command()
@click.argument("evidence", type=EVIDENCE)
@click.option("--reason", required=True, help="What was looked at.")
@command
def confirm(context: Context, evidence: int, reason: str) -> None:
    """Say that an insight still holds beside the scores of now.

    \b
    Example:
      insightrepo insight confirm 57 --reason "said again in the March sessions"
    """
    _take(context, confirm_insight, evidence, reason, "still holds")


@insight.command()
@click.argument("evidence", type=EVIDENCE)
@click.option("--reason", required=True, help="Why; whoever cited it reads this.")
@command
def withdraw(context: Context, evidence: int, reason: str) -> None:
    """Take an insight back: it is found and counted nowhere, its page says why.

    \b
    Example:
      insightrepo insight withdraw 57 --reason "the sample was counted twice"
    """
    _take(context, withdraw_insight, evidence, reason, "is withdrawn")


@insight.command()
@click.argument("evidence", type=EVIDENCE)
@click.option("--reason", required=True, help="Why it holds after all.")
@command
def restore(context: Context, evidence: int, reason: str) -> None:
    """Bring a withdrawn insight back.

    \b
    Example:
      insightrepo insight restore 57 --reason "the count was right"
    """
    _take(context, restore_insight, evidence, reason, "is back")


@insight.command("look-again")
@as_json_option
@command
def look_again(context: Context, as_json: bool) -> None:
    """The insights whose scores really moved since somebody last looked at them.

    \b
    Example:
      insightrepo insight look-again
    """
    with context.workspace.database.reading() as session:
        found = outdated(session, context.reader(session))
    if as_json:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        click.echo(f"{one.id}  {one.text}")
        for moved in one.moved:
            click.echo(f"    {moved.sentence}")
    click.echo(f"{len(found):,} to look at again")


def _ask(text: str, as_it_is: bool) -> None:
    """Say what the numbers of a claim leave open; nothing goes on unless they say it or it is to be saved as it is."""
    open_ = questions_of(text)
    for stated, question in open_:
        click.echo(f"to settle: “{text[stated.start : stated.end]}”: {question}", err=True)
    if open_ and not as_it_is:
        raise click.ClickException("nothing was saved: say in the text what the numbers mean, or give --as-it-is")


def _take(
    context: Context, step: Callable[[Workspace, Reader, int, str], None], evidence: int, reason: str, said: str
) -> None:
    reader = context.reader_at_least("contributor")
    try:
        step(context.workspace, reader, evidence, reason)
    except (InsightRefused, NotThere) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"evidence {evidence} {said}")
