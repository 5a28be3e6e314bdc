"""`insightrepo outcome`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import click
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_terms
from insightrepo.commands.common import Context, as_json_option, command, print_json
from insightrepo.library.terms import merging
from insightrepo.models import Outcome, Term
from insightrepo.taxonomy.history import Step, timeline
from insightrepo.taxonomy.impact import Use, impact
from insightrepo.taxonomy.life_cycle import STEPS, StepRefused, change_status
from insightrepo.taxonomy.reading import find_term

reason_option = click.option("--reason", required=True, help="Why; kept with the step.")
evidence_option = click.option("--evidence", type=int, multiple=True, metavar="ID", help="Evidence; may be repeated.")


@click.group()
def outcome() -> None:
    """The life cycle of outcomes: candidate, validated, active, retired.

    \b
    Example:
      insightrepo outcome status PLAN-01 active --reason "asked every quarter from now on"
    """


@outcome.command()
@click.argument("code")
@click.argument("status", type=click.Choice(tuple(STEPS)))
@reason_option
@evidence_option
@command
def status(context: Context, code: str, status: str, reason: str, evidence: tuple[int, ...]) -> None:
    """Take an outcome to another status, with reason, evidence and its scores as they stand.

    \b
    Example:
      insightrepo outcome status PLAN-01 validated --reason "51 of 63 kept" --evidence 12 --evidence 40
    """
    with _writing(context) as (session, reader):
        if status == "retired":
            merging.retire(session, reader, code, reason, evidence_ids=evidence)
        else:
            change_status(session, reader, code, status, reason, evidence)
    click.echo(f"{code} is {status}")


@outcome.command()
@click.argument("code")
@click.option("--successor", default="", metavar="CODE", help="The outcome that stands in for it.")
@reason_option
@command
def retire(context: Context, code: str, successor: str, reason: str) -> None:
    """Retire an outcome; `outcome impact` says first what uses it.

    \b
    Example:
      insightrepo outcome retire PLAN-03 --successor PLAN-01 --reason "asked as part of PLAN-01"
    """
    with _writing(context) as (session, reader):
        merging.retire(session, reader, code, reason, successor)
    click.echo(f"{code} is retired" + (f", {successor} stands in for it" if successor else ""))


@outcome.command()
@click.argument("words", nargs=-1, required=True, metavar="CODE... INTO CODE")
@reason_option
@command
def merge(context: Context, words: tuple[str, ...], reason: str) -> None:
    """Merge outcomes into one: they retire, and what people and imports said of them holds for it.

    Interrupted, the same command again does the rest.

    \b
    Example:
      insightrepo outcome merge PLAN-03 PLAN-07 into PLAN-01 --reason "people do not tell them apart"
    """
    merged, into = _parted(words)
    if len(into) != 1:
        raise click.UsageError("after INTO stands one outcome: the one that goes on")
    reader = context.reader_at_least("researcher")
    try:
        carried = merging.merge(context.workspace, reader, merged, into[0], reason)
    except StepRefused as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"merged {', '.join(merged)} into {into[0]}, {carried:,} votes carried over")


@outcome.command()
@click.argument("words", nargs=-1, required=True, metavar="CODE INTO CODE CODE...")
@reason_option
@command
def split(context: Context, words: tuple[str, ...], reason: str) -> None:
    """Split an outcome into others: it retires, and its tags stay with it for people to part.

    \b
    Example:
      insightrepo outcome split PLAN-01 into PLAN-08 PLAN-09 --reason "dates and places are judged apart"
    """
    parted, into = _parted(words)
    if len(parted) != 1:
        raise click.UsageError("before INTO stands one outcome: the one that is split")
    with _writing(context) as (session, reader):
        merging.split(session, reader, parted[0], into, reason)
    click.echo(f"split {parted[0]} into {', '.join(into)}")


@outcome.command("impact")
@click.argument("code")
@as_json_option
@command
def impact_(context: Context, code: str, as_json: bool) -> None:
    """What cites or uses an outcome, before it is retired.

    \b
    Example:
      insightrepo outcome impact PLAN-03
    """
    with context.workspace.database.reading() as session:
        reader = context.reader(session)
        reader.require("researcher")
        uses = impact(session, reader, _found(session, reader, code))
    if as_json:
        print_json([{**asdict(use), "named": [name for name, _ in use.named]} for use in uses])
        return
    for use in uses:
        click.echo(_use_line(use))
    if not uses:
        click.echo("nothing uses it")


@outcome.command()
@click.argument("code")
@as_json_option
@command
def history(context: Context, code: str, as_json: bool) -> None:
    """The steps of an outcome's status, the newest first.

    \b
    Example:
      insightrepo outcome history PLAN-01
    """
    with context.workspace.database.reading() as session:
        reader = context.reader(session)
        steps = timeline(session, reader, _found(session, reader, code).id)
    if as_json:
        print_json([_step_dict(step) for step in steps])
        return
    for step in steps:
        by = f" by {step.by}" if step.by else ""
        click.echo(f"{step.at:%Y-%m-%d} {step.words}{by}: {step.reason}")


@contextmanager
def _writing(context: Context) -> Iterator[tuple[Session, Reader]]:
    """A session for writing with the acting reader; a refused step is one line."""
    reader = context.reader_at_least("researcher")
    try:
        with context.workspace.database.writing() as session:
            yield session, reader
    except StepRefused as error:
        raise click.ClickException(str(error)) from error


def _parted(words: tuple[str, ...]) -> tuple[list[str], list[str]]:
    places = [place for place, word in enumerate(words) if word.casefold() == "into"]
    if len(places) != 1 or places[0] in (0, len(words) - 1):
        raise click.UsageError("write it as: CODE... into CODE...")
    return list(words[: places[0]]), list(words[places[0] + 1 :])


def _found(session: Session, reader: Reader, code: str) -> Outcome:
    found = find_term(session, "outcome", code, Term.id.in_(visible_terms(reader)))
    assert isinstance(found, Outcome)
    return found


def _use_line(use: Use) -> str:
    named = "; ".join(name for name, _ in use.named)
    more = f" and {use.count - len(use.named)} more" if use.named and use.count > len(use.named) else ""
    return f"{use.kind}: {use.count:,}" + (f" ({use.what})" if use.what else "") + (f": {named}{more}" if named else "")


def _step_dict(step: Step) -> dict[str, Any]:
    return {
        "from": step.came_from or None,
        "to": step.to,
        "at": step.at.isoformat(),
        "by": step.by,
        "reason": step.reason,
        "evidence": [number for number, _ in step.evidence],
        "hidden_evidence": step.hidden_evidence,
        "wave": step.wave,
        "scores": [asdict(score) for score in step.scores],
        "validation": step.validation[1] if step.validation else None,
    }
