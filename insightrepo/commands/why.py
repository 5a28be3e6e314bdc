"""`insightrepo why` and `insightrepo changes`."""

from __future__ import annotations

import click

from insightrepo.commands.common import Context, as_json_option, command, print_json
from insightrepo.library.reading import NotVisible
from insightrepo.library.why.why import NotMoved, Why
from insightrepo.library.why.why import why as read_why
from insightrepo.library.why.why_json import changes_as_json, why_as_json
from insightrepo.library.why.why_words import caveats, headline, intervention_words, measure_words, warnings
from insightrepo.scores.changes import ChangedCell, NoSuchStep, what_changed
from insightrepo.scores.computing.splitting import SplitShown
from insightrepo.scores.reading import ScoreRow
from insightrepo.scores.waves.waves import WaveUnknown
from insightrepo.scores.wording import measure_name, points


@click.command()
@click.argument("outcome")
@click.option(
    "--from", "before", metavar="WAVE", help="The earlier wave; the one the later is compared with if left out."
)
@click.option("--to", "after", metavar="WAVE", help="The later wave; the latest frozen one if left out.")
@click.option("--segment", help="Only this segment.")
@click.option("--product", help="Only this product and what is below it.")
@as_json_option
@command
def why(context: Context, outcome: str, as_json: bool, **asked: str | None) -> None:
    """Print why an outcome's satisfaction moved: the score, its parts, the tasks that go with it, what customers say.

    \b
    Example:
      insightrepo why FT-01 --from 2025-Q2 --to 2025-Q3
    """
    with context.workspace.database.reading() as session:
        reader = context.reader(session)
        try:
            found = read_why(session, reader, context.workspace, outcome, **asked)
        except (NotMoved, WaveUnknown) as error:
            raise click.ClickException(str(error)) from error
        except NotVisible as error:
            raise click.ClickException(f"there is no {error}, or it is not shared with you") from error
    if as_json:
        print_json(why_as_json(found))
    else:
        _print(found)


def _print(found: Why) -> None:
    click.echo(headline(found).text)
    for warning in warnings(found):
        click.echo(f"! {warning}")
    for split in found.splits:
        _print_split(split, "satisfaction")
    for split in found.importance_splits:
        _print_split(split, "importance")
    if found.task_index:
        _print_split(found.task_index, measure_name("success"))
    for task in found.tasks:
        moved = "; ".join(f"{measure_words(item)} {item.movement.verdict}".strip() for item in task.measures)
        click.echo(f"task {task.code} {task.name}: {moved}{' (goes with it)' if task in found.moving_tasks else ''}")
    for word in found.words.words:
        click.echo(f"word {word.text}: {word.before} people before, {word.after} now")
    for quote in found.words.quotes:
        hit = quote.hit
        click.echo(f"“{' '.join(hit.text.split())}”  {hit.date}, {hit.study}, evidence {hit.id}")
    for item in found.interventions:
        click.echo(f"intervention {item.intervention.first_day} {item.intervention.text}: {intervention_words(item)}")
    for note in caveats(found):
        click.echo(f"- {note}")


def _print_split(split: SplitShown, what: str) -> None:
    whole = split.split
    effects = f"{points(whole.rate_effect, 1)} rate {points(whole.mix_effect, 1)} mix"
    click.echo(f"{what} by {split.title.lower()}: {points(whole.change, 1)} points = {effects}")
    for shown in split.parts:
        part = shown.part
        own = f", its own change: {_verdict(shown.score)}" if shown.score else ""
        click.echo(f"  {points(part.effect, 1)}  {shown.name}, n {part.before.n} → {part.after.n}{own}")


def _verdict(score: ScoreRow) -> str:
    return f"{score.verdict} ({score.no_arrow})" if score.no_arrow else score.verdict


@click.command()
@click.option("--from", "before", metavar="WAVE", help="The earlier wave.")
@click.option("--to", "after", metavar="WAVE", help="The later wave; the latest if left out.")
@click.option("--measure", help="Only this measure or metric.")
@click.option("--segment", help="Only this segment; 'all' for the cells of all segments.")
@click.option("--product", help="Only this product; 'all' for the cells of all products.")
@as_json_option
@command
def changes(context: Context, as_json: bool, **asked: str | None) -> None:
    """Print what really changed between two waves that follow each other, largest first.

    \b
    Example:
      insightrepo changes --to 2025-Q3 --segment all
    """
    with context.workspace.database.reading() as session:
        try:
            found = what_changed(session, context.reader(session), **asked)
        except (NoSuchStep, WaveUnknown) as error:
            raise click.ClickException(str(error)) from error
    if as_json:
        print_json(changes_as_json(found))
        return
    if found.step is None:
        click.echo("no wave has one before it to be compared with")
        return
    for cell in found.real:
        click.echo(_line(cell))
    counts = {
        "compared": found.compared, "really moved": found.moved, "too small to matter": found.too_small,
        "no evidence of change": found.no_evidence, "not enough data": found.not_enough,
    }  # fmt: skip
    words = ", ".join(f"{name} {number:,}" for name, number in counts.items())
    click.echo(f"{found.step.before} to {found.step.after}: {words}")


def _line(cell: ChangedCell) -> str:
    row, before = cell.lead.row, cell.lead.before
    of = " · ".join(filter(None, (cell.segment, cell.product))) or "everybody"
    was = "" if before is None else f"{before:.1f} → "
    interval = (
        ""
        if row.change_low is None or row.change_high is None
        else f" ({points(row.change_low, 1)} to {points(row.change_high, 1)})"
    )
    return (f"{row.verdict}  {cell.subject.code}  {of}  {measure_name(row.measure)} {was}{row.value:.1f} {row.unit}, "
            f"{points(row.change or 0.0, 1)}{interval}, n {row.n}")  # fmt: skip
