"""`insightrepo targets` and `insightrepo focus`."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, replace
from typing import Any

import click
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_products, visible_terms
from insightrepo.commands.common import Context, as_json_option, command, print_json
from insightrepo.library.imports.safe_names import workspace_redactor
from insightrepo.models import Team, Term
from insightrepo.scores.acting.focus import FocusWrong, TeamFocus, read_focus, set_focus
from insightrepo.scores.acting.targets import (
    TOLD,
    TargetWanted,
    TargetWrong,
    change_target,
    find_target,
    list_targets,
    remove_target,
    report_target,
    set_target,
    target_history,
)
from insightrepo.taxonomy.reading import find_term

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def targets() -> None:
    """What teams aim at and what came of it.

    \b
    Example:
      insightrepo targets set improvements --wanted 12 --from 2025-07-01 --to 2025-09-30 --team Planner
    """


@targets.command("list")
@as_json_option
@command
def list_(context: Context, as_json: bool) -> None:
    """Print the targets, the latest period first, each with its number.

    \b
    Example:
      insightrepo targets list
    """
    with context.workspace.database.reading() as session:
        lines = list_targets(session, context.reader(session))
    if as_json:
        days = ("first_day", "last_day")
        print_json([asdict(line) | {name: getattr(line, name).isoformat() for name in days} for line in lines])
        return
    for line in lines:
        of = ", ".join(filter(None, (line.team, line.product, line.outcome)))
        what = f"{line.name} ({of})" if of else line.name
        click.echo(f"{line.id}  {what}, {line.first_day} to {line.last_day}: {line.words}")
    if not lines:
        click.echo("no target is set yet: run 'targets set'")


def _options(function: Any) -> Any:
    for option in (
        click.option("--outcome", help="Its outcome."), click.option("--product", help="Its product."),
        click.option("--team", help="Its team, by name."),
        click.option("--to", "last_day", type=DAY, help="Its last day."),
        click.option("--from", "first_day", type=DAY, help="Its first day."),
        click.option("--wanted", type=float, help="How many are aimed at."),
    ):  # fmt: skip
        function = option(function)
    return function


@targets.command("set")
@click.argument("name")
@_options
@command
def set_(context: Context, name: str, **given: Any) -> None:
    """Set a target: how many of NAME from one day to another.

    \b
    Example:
      insightrepo targets set improvements --wanted 12 --from 2025-07-01 --to 2025-09-30 --outcome FT-01
    """
    reader = context.reader_at_least("researcher")
    for option, value in (("--wanted", given["wanted"]), ("--from", given["first_day"]), ("--to", given["last_day"])):
        if value is None:
            raise click.UsageError(f"a target needs {option}")
    redactor = workspace_redactor(context.workspace)
    with context.workspace.database.writing() as session:
        asked = TargetWanted(name, dt.date.min, dt.date.min, 0.0)
        made = _said(lambda: set_target(session, reader, _changed(session, reader, asked, given), redactor))
        click.echo(f"target {made.id} is set")


@targets.command("edit")
@click.argument("number", type=int)
@click.option("--name", help="What is counted.")
@_options
@command
def edit(context: Context, number: int, **given: Any) -> None:
    """Change a target by its number; what is left out stays. How it stood before is kept.

    \b
    Example:
      insightrepo targets edit 3 --wanted 15
    """
    reader = context.reader_at_least("researcher")
    redactor = workspace_redactor(context.workspace)
    with context.workspace.database.writing() as session:
        found = find_target(session, reader, number)
        if found is None:
            raise _unknown(number)
        asked = TargetWanted(**{name: getattr(found, name) for name in TOLD})
        _said(lambda: change_target(session, reader, number, _changed(session, reader, asked, given), redactor))
    click.echo(f"target {number} is changed")


@targets.command("report")
@click.argument("number", type=int)
@click.argument("reached", type=float)
@command
def report(context: Context, number: int, reached: float) -> None:
    """Say how many were reached of a target.

    \b
    Example:
      insightrepo targets report 3 19
    """
    reader = context.reader_at_least("researcher")
    with context.workspace.database.writing() as session:
        if _said(lambda: report_target(session, reader, number, reached)) is None:
            raise _unknown(number)
    click.echo("noted")


@targets.command("remove")
@click.argument("number", type=int)
@click.option("--reason", required=True, help="Why; it is read in the target's history.")
@command
def remove(context: Context, number: int, reason: str) -> None:
    """Take a target out of the list; its history stays.

    \b
    Example:
      insightrepo targets remove 3 --reason "set twice"
    """
    reader = context.reader_at_least("researcher")
    redactor = workspace_redactor(context.workspace)
    with context.workspace.database.writing() as session:
        if _said(lambda: remove_target(session, reader, number, reason, redactor)) is None:
            raise _unknown(number)
    click.echo(f"target {number} is removed")


@targets.command("history")
@click.argument("number", type=int)
@command
def history(context: Context, number: int) -> None:
    """Print every step of a target's history, the latest first.

    \b
    Example:
      insightrepo targets history 3
    """
    with context.workspace.database.reading() as session:
        reader = context.reader(session)
        steps = target_history(session, reader, number)
        if not steps and find_target(session, reader, number) is None:
            raise _unknown(number)
    for step in steps:
        click.echo(f"{step.at:%Y-%m-%d %H:%M} UTC  {step.what}{f' by {step.by}' if step.by else ''}: {step.words}")


@click.group()
def focus() -> None:
    """The short list of outcomes that each team works on first.

    \b
    Example:
      insightrepo focus set Planner FT-01 FT-03
    """


@focus.command("list")
@as_json_option
@command
def focus_list(context: Context, as_json: bool) -> None:
    """Print every team's focus outcomes in their order.

    \b
    Example:
      insightrepo focus list
    """
    with context.workspace.database.reading() as session:
        found = read_focus(session, context.reader(session))
    if as_json:
        print_json([{"team": team.team, "outcomes": [code for code, *_ in team.outcomes], "advice": team.advice}
                    for team in found])  # fmt: skip
        return
    for team in found:
        _say(team)
    if not found:
        click.echo("there are no teams yet")


@focus.command("set")
@click.argument("team")
@click.argument("outcomes", nargs=-1)
@command
def focus_set(context: Context, team: str, outcomes: tuple[str, ...]) -> None:
    """Put these OUTCOMES, in their order, in place of the focus of TEAM; none of them: no focus.

    \b
    Example:
      insightrepo focus set Planner FT-01 FT-03
    """
    reader = context.reader_at_least("researcher")
    with context.workspace.database.writing() as session:
        _say(_said(lambda: set_focus(session, reader, team, outcomes)))


def _say(team: TeamFocus) -> None:
    listed = "; ".join(f"{code} {name}" for code, name, _ in team.outcomes) or "none"
    click.echo(f"{team.team}: {listed}")
    if team.advice:
        click.echo(f"! {team.advice}")


def _said(act: Any) -> Any:
    """What an act gives; what is wrong as a message."""
    try:
        return act()
    except (TargetWrong, FocusWrong) as error:
        raise click.ClickException(str(error)) from error


def _unknown(number: int) -> click.ClickException:
    return click.ClickException(f"there is no target {number}: run 'targets list'")


def _changed(session: Session, reader: Reader, asked: TargetWanted, given: dict[str, Any]) -> TargetWanted:
    """A target with what was given in place of what it says."""
    new = {name: given[name] for name in ("name", "wanted") if given.get(name) is not None}
    new |= {name: given[name].date() for name in ("first_day", "last_day") if given[name] is not None}
    if given["team"]:
        team = session.scalar(select(Team.id).where(func.lower(Team.name) == given["team"].strip().lower()))
        if team is None:
            raise click.ClickException(f"there is no team {given['team']!r}")
        new["team_id"] = team
    for axis, seen in (("product", visible_products(reader)), ("outcome", visible_terms(reader))):
        if given[axis]:
            new[f"{axis}_id"] = find_term(session, axis, given[axis], Term.id.in_(seen)).id
    return replace(asked, **new)
