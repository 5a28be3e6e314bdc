"""`insightrepo packs`: make, list, comment, sign, verify, export, schedule, run."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from insightrepo.commands.common import Context, as_json_option, command, print_json, read_text
from insightrepo.locales import ISO, speaking
from insightrepo.models import PACK_KINDS
from insightrepo.packs.content import Wanted
from insightrepo.packs.packs import (
    PER_PAGE,
    CommentWrong,
    PackMissing,
    PackReading,
    PackSigned,
    as_json,
    list_packs,
    make_pack,
    read_pack,
)
from insightrepo.packs.packs import comment as write_comment
from insightrepo.packs.packs import sign as sign_pack
from insightrepo.packs.periods import LATEST_DAY, PeriodWrong, read_period
from insightrepo.packs.schedules import (
    ScheduleMissing,
    add_schedule,
    list_schedules,
    run_due,
    stop_schedule,
)
from insightrepo.packs.sections import in_short

IDS = click.IntRange(1, 2**31 - 1)
FORMATS = ("docx", "pptx", "json")
kind_option = click.option(
    "--kind", type=click.Choice(PACK_KINDS), default="quarterly", show_default=True, help="Of a month or a quarter."
)
product_option = click.option("--product", help="Code or name of a product, with what is below it; else the whole.")


@click.group()
def packs() -> None:
    """Reviews of a month or a quarter, as page, Word and PowerPoint.

    \b
    Example:
      insightrepo packs make 2025-Q3 --product planner
      insightrepo packs export 1 review.pptx
    """


@packs.command()
@click.argument("period")
@kind_option
@product_option
@click.option(
    "--sensitive", is_flag=True, help="Quote all studies that you may read, not only public and internal ones."
)
@as_json_option
@command
def make(context: Context, period: str, kind: str, product: str | None, sensitive: bool, as_json: bool) -> None:
    """Make the pack of a month (2025-09, with --kind monthly) or a quarter (2025-Q3).

    \b
    Example:
      insightrepo packs make 2025-Q3 --product planner
    """
    reader = context.reader_at_least("contributor")
    try:
        pack_id = make_pack(context.workspace, reader, Wanted(read_period(kind, period), product, sensitive))
    except PeriodWrong as error:
        raise click.ClickException(str(error)) from error
    _print(context, pack_id, as_json)


@packs.command("list")
@click.option("--page", type=click.IntRange(1), default=1, show_default=True, help="Page of the list.")
@as_json_option
@command
def list_(context: Context, page: int, as_json: bool) -> None:
    """Print the packs that you may see, the latest period first.

    \b
    Example:
      insightrepo packs list
    """
    with context.workspace.database.reading() as session:
        found, total = list_packs(session, context.reader(session), page)
    if as_json:
        print_json({"total": total, "page": page, "packs": [json.loads(json.dumps(asdict(one), default=str))
                                                            for one in found]})  # fmt: skip
        return
    for one in found:
        click.echo(f"{one.id}  {one.title}, by {one.owner}, {one.state}")
    pages = max(1, -(-total // PER_PAGE))
    click.echo(f"{total:,} packs" + (f", page {page} of {pages}" if pages > 1 else ""))


@packs.command()
@click.argument("pack", type=IDS)
@as_json_option
@command
def show(context: Context, pack: int, as_json: bool) -> None:
    """Print a pack in short; with --json all of it.

    \b
    Example:
      insightrepo packs show 1
    """
    _print(context, pack, as_json)


@packs.command()
@click.argument("pack", type=IDS)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@command
def comment(context: Context, pack: int, file: Path) -> None:
    """Write the commentary of a draft from a text file, in place of the one before; personal data is redacted.

    \b
    Example:
      insightrepo packs comment 1 commentary.txt
    """
    reader = context.reader_at_least("contributor")
    try:
        write_comment(context.workspace, reader, pack, read_text(file))
    except (CommentWrong, PackMissing, PackSigned) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"pack {pack}: the commentary is kept")


@packs.command()
@click.argument("pack", type=IDS)
@command
def sign(context: Context, pack: int) -> None:
    """Sign a pack of yours: figures, quotes and commentary never change again.

    \b
    Example:
      insightrepo packs sign 1
    """
    reader = context.reader_at_least("contributor")
    try:
        digest = sign_pack(context.workspace, reader, pack)
    except (PackMissing, PackSigned) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"pack {pack}: signed, sha256 {digest}")


@packs.command()
@click.argument("pack", type=IDS)
@command
def verify(context: Context, pack: int) -> None:
    """Say whether a stored pack still gives its hash (exit code 1 where it does not).

    \b
    Example:
      insightrepo packs verify 1
    """
    found = _read(context, pack)
    if not found.verified:
        raise click.ClickException(f"pack {pack} does not give its hash {found.sha256}: it was changed outside")
    click.echo(f"pack {pack}: as it was kept, sha256 {found.sha256}")


@packs.command()
@click.argument("pack", type=IDS)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@command
def export(context: Context, pack: int, file: Path) -> None:
    """Write a pack into a .docx, .pptx or .json file.

    \b
    Example:
      insightrepo packs export 1 review.docx
    """
    kind = file.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise click.UsageError(f"{file.name}: end the name in {', '.join(f'.{name}' for name in FORMATS)}")
    found = _read(context, pack)
    with speaking(ISO if kind == "json" else context.workspace.settings.locale):
        file.write_bytes(_bytes(found, kind))
    click.echo(f"{file}")


def _bytes(found: PackReading, kind: str) -> bytes:
    from insightrepo.packs.documents import docx_of
    from insightrepo.packs.slides import pptx_of

    if kind == "json":
        return json.dumps(as_json(found), ensure_ascii=False, indent=2).encode()
    return docx_of(found) if kind == "docx" else pptx_of(found)


@packs.command()
@kind_option
@product_option
@click.option("--day", type=click.IntRange(1, LATEST_DAY), help="Day of the month after the period.")
@click.option("--stop", type=IDS, help="Stop this schedule instead of adding one.")
@as_json_option
@command
def schedule(
    context: Context, kind: str, product: str | None, day: int | None, stop: int | None, as_json: bool
) -> None:
    """Have packs made by themselves on a day of the month after each period, stop that, or (without either) list.

    \b
    Example:
      insightrepo packs schedule --kind monthly --product planner --day 5
      insightrepo packs schedule --stop 1
    """
    reader = context.reader_at_least("contributor")
    try:
        if stop is not None:
            stop_schedule(context.workspace, reader, stop)
        elif day is not None:
            add_schedule(context.workspace, reader, kind, product, day)
    except (PeriodWrong, ScheduleMissing) as error:
        raise click.ClickException(str(error)) from error
    with context.workspace.database.reading() as session:
        found = list_schedules(session, reader)
    if as_json:
        print_json([asdict(one) | {"next_on": one.next_on.isoformat()} for one in found])
        return
    for one in found:
        state = f"next on {one.next_on}" if one.active else "stopped"
        click.echo(f"{one.id}  {one.kind}, {one.product or 'the whole'}, day {one.day}, for {one.owner}: {state}")
    click.echo(f"{len(found):,} schedules")


@packs.command()
@click.option("--due", is_flag=True, required=True, help="Make every pack that is due and not there yet.")
@as_json_option
@command
def run(context: Context, due: bool, as_json: bool) -> None:
    """Make the packs of the schedules that are due, each for its owner; meant for a timer, harmless to repeat.

    Exit code 1 where a schedule is in trouble; the others are done all the same.

    \b
    Example:
      insightrepo packs run --due
    """
    context.reader_at_least("researcher")
    runs = run_due(context.workspace)
    if as_json:
        print_json([asdict(one) for one in runs])
    else:
        for one in runs:
            said = f"pack {one.pack_id}" if one.pack_id else one.trouble
            click.echo(f"schedule {one.schedule_id}, {one.period}: {said}")
        click.echo(f"{sum(one.pack_id is not None for one in runs):,} packs made")
    troubled = [str(one.schedule_id) for one in runs if one.trouble]
    if troubled:
        raise click.ClickException(f"in trouble: schedule {', '.join(troubled)}")


def _read(context: Context, pack_id: int) -> PackReading:
    with context.workspace.database.reading() as session:
        try:
            return read_pack(session, context.reader(session), pack_id)
        except PackMissing as error:
            raise click.ClickException(str(error)) from error


def _print(context: Context, pack_id: int, as_json_: bool) -> None:
    found = _read(context, pack_id)
    if as_json_:
        print_json(as_json(found))
        return
    click.echo(f"pack {pack_id}: {found.line.title}, {found.line.state}, sha256 {found.sha256}")
    for sentence in in_short(found.content):
        click.echo(f"- {sentence}")
    for note in found.content["reconciliation"]:
        click.echo(f"! {note}")
