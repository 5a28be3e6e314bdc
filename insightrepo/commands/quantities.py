"""`insightrepo quantities list`, `settle` and `read`."""

from __future__ import annotations

from dataclasses import asdict

import click

from insightrepo.commands.common import Context, as_json_option, command, print_json, progress
from insightrepo.library.studies.quantities import CannotSettle, questioned, read_again
from insightrepo.library.studies.quantities import settle as settle_quantity
from insightrepo.library.tagging.tagging import NotThere
from insightrepo.models import QUANTITY_UNITS


@click.group()
def quantities() -> None:
    """Numbers that reports and insights state, and what they leave open.

    \b
    Example:
      insightrepo quantities list
    """


@quantities.command("list")
@click.option("--page", type=click.IntRange(1), default=1, show_default=True, help="Page of the list.")
@as_json_option
@command
def list_(context: Context, page: int, as_json: bool) -> None:
    """The numbers that can be read in two ways, or whose arithmetic does not hold.

    \b
    Example:
      insightrepo quantities list
    """
    with context.workspace.database.reading() as session:
        found = questioned(session, context.reader(session), page)
    if as_json:
        print_json(
            {"total": found.total, "page": found.page, "quantities": [asdict(item) for item in found.quantities]}
        )
        return
    for item in found.quantities:
        click.echo(f"{item.id}  {item.study}, evidence {item.evidence_id}: …{item.before[-30:]}[{item.said}]")
        click.echo(f"    {item.question}")
    click.echo(f"{found.total:,} to settle" + (f", page {found.page} of {found.pages}" if found.pages > 1 else ""))


@quantities.command()
@click.argument("quantity", type=click.IntRange(1, 2**31 - 1))
@click.option("--unit", type=click.Choice(QUANTITY_UNITS), help="What the number counts in.")
@click.option("--n", type=click.IntRange(1), help="Of how many it is a share.")
@click.option("--base", default="", help="Of what it is a share, in words.")
@click.option("--dismiss", is_flag=True, help="It is no quantity.")
@command
def settle(context: Context, quantity: int, unit: str | None, n: int | None, base: str, dismiss: bool) -> None:
    """Say what a number means; it stays so for its words.

    \b
    Example:
      insightrepo quantities settle 7 --unit "percentage points" --n 324
    """
    if dismiss == (unit is not None):
        raise click.UsageError("give either --unit or --dismiss")
    reader = context.reader_at_least("researcher")
    try:
        evidence_id = settle_quantity(context.workspace, reader, quantity, unit=unit, n=n, base=base, dismiss=dismiss)
    except (CannotSettle, NotThere) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"kept what you say of quantity {quantity} in evidence {evidence_id}")


@quantities.command()
@command
def read(context: Context) -> None:
    """Read the numbers of all evidence anew, for what was imported before they were read; what was settled stays.

    \b
    Example:
      insightrepo quantities read
    """
    context.reader_at_least("researcher")
    with progress("reading numbers") as draw:
        count = read_again(context.workspace, draw)
    click.echo(f"{count:,} quantities")
