"""`insightrepo act`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from insightrepo.commands.common import Context, as_json_option, command, print_json
from insightrepo.library.terms.coverage import as_json as coverage_json
from insightrepo.library.terms.coverage import read_coverage
from insightrepo.scores.acting.choosing import Choice, choose
from insightrepo.scores.acting.landscape import as_json as landscape_json
from insightrepo.scores.acting.landscape import read_landscape
from insightrepo.scores.acting.portfolio import SHOWN, read_portfolio
from insightrepo.scores.acting.portfolio import as_json as portfolio_json


@click.group()
def act() -> None:
    """Where to act: outcomes by opportunity, by product, and by how strong the evidence is.

    \b
    Example:
      insightrepo act landscape --segment teenagers
    """


def _cell_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for name, text in (("product", "Only this product."), ("segment", "Only this segment."),
                       ("wave", "This wave; the latest frozen one when left out.")):  # fmt: skip
        function = click.option(f"--{name}", help=text)(function)
    return function


@act.command()
@_cell_options
@as_json_option
@command
def landscape(context: Context, as_json: bool, **cell: str | None) -> None:
    """Outcomes by opportunity, each with importance, satisfaction, interval and n; only those that apply.

    \b
    Example:
      insightrepo act landscape --wave 2025-Q3 --segment teenagers
    """
    with context.workspace.database.reading() as session:
        reader = context.reader(session)
        found = read_landscape(session, reader, _choice(session, reader, cell))
    if as_json:
        print_json(landscape_json(found))
        return
    _say_cell(found.choice)
    for p in found.positions:
        row = p.opportunity
        click.echo(
            f"{p.outcome.code}  {row.value:.1f} of 20 ({row.low:.1f} to {row.high:.1f}), n {row.n}, {p.kind}: "
            f"importance {p.importance.value:.0f}%, satisfaction {p.satisfaction.value:.0f}%"
        )
    for missing in found.missing:
        click.echo(f"{missing.outcome.code}  {missing.why}")


@act.command()
@_cell_options
@click.option("--show", type=click.Choice(tuple(SHOWN)), default="gap", show_default=True, help="What is compared.")
@as_json_option
@command
def portfolio(context: Context, show: str, as_json: bool, **cell: str | None) -> None:
    """Outcomes by product, the largest gap first, each with interval and n.

    \b
    Example:
      insightrepo act portfolio --show opportunity
    """
    with context.workspace.database.reading() as session:
        reader = context.reader(session)
        found = read_portfolio(session, reader, _choice(session, reader, cell), show)
    if as_json:
        print_json(portfolio_json(found))
        return
    _say_cell(found.choice)
    for one in found.ranked:
        interval = f"({one.low:.1f} to {one.high:.1f})" if one.low is not None and one.high is not None else ""
        click.echo(f"{one.product.code}  {one.outcome.code}  {show} {one.value:.1f} {found.unit} {interval}, n {one.n}")
    if not found.ranked:
        click.echo("nothing is measured by product here")


@act.command()
@_cell_options
@as_json_option
@command
def coverage(context: Context, as_json: bool, **cell: str | None) -> None:
    """Outcomes by opportunity and strength of evidence: where to act, where to research.

    \b
    Example:
      insightrepo act coverage --json
    """
    with context.workspace.database.reading() as session:
        reader = context.reader(session)
        found = read_coverage(context.workspace, session, reader, _choice(session, reader, cell))
    if as_json:
        print_json(coverage_json(found))
        return
    _say_cell(found.choice)
    for one in found.outcomes:
        strength, row = one.strength, one.opportunity
        known = f"opportunity {row.value:.1f} ({row.low:.1f} to {row.high:.1f}), n {row.n}" if row else one.why
        click.echo(
            f"{one.quadrant or 'unknown'}  {one.outcome.code}  {known}; strength {100 * strength.value:.0f} of 100: "
            f"{strength.studies} studies, {strength.people} people, {strength.methods} methods"
        )


def _choice(session: Any, reader: Any, cell: dict[str, str | None]) -> Choice:
    try:
        return choose(session, reader, **cell)
    except ValueError as error:
        raise click.ClickException(str(error)) from error


def _say_cell(choice: Choice) -> None:
    if choice.wave is None:
        click.echo("no wave has scores yet: insightrepo scores import WAVE FILE")
        return
    state = " (provisional)" if choice.provisional else ""
    click.echo(f"wave {choice.wave}{state}, segment {choice.segment_code}, product {choice.product_code}")
