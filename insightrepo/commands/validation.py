"""`insightrepo validate`."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy.orm import Session

from insightrepo.commands.common import Context, as_json_option, command, print_json
from insightrepo.scores.validation import (
    DECISIONS,
    ValidationRefused,
    create_validation,
    find_validation,
    record_decisions,
)
from insightrepo.scores.validation_reading import Candidate, StudyShown, as_csv, as_rows, read_study
from insightrepo.scores.waves.waves import WaveUnknown
from insightrepo.taxonomy.life_cycle import StepRefused

REFUSED = (ValidationRefused, WaveUnknown, StepRefused)


@click.group()
def validate() -> None:
    """Validation studies: candidates ranked by a survey, a proposed cut, a decision on each.

    \b
    Example:
      insightrepo validate create "Spring survey" 2025-Q1 && insightrepo validate show "Spring survey"
    """


@validate.command()
@click.argument("name")
@click.argument("wave")
@click.option("--measure", type=click.Choice(("importance", "opportunity")), default="importance", show_default=True)
@click.option("--above", type=float, help="Keep what is surely above this in at least one segment (importance: %).")
@click.option("--top", type=int, help="Keep the first so many instead.")
@command
def create(context: Context, name: str, wave: str, measure: str, above: float | None, top: int | None) -> None:
    """Set up a study over all candidates whose importance a wave asked about.

    \b
    Example:
      insightrepo validate create "Spring survey" 2025-Q1 --above 50
    """
    if above is not None and top is not None:
        raise click.UsageError("give --above or --top, not both")
    reader = context.reader_at_least("researcher")
    settings: dict[str, object] = {"measure": measure, "rule": "bound" if top is None else "top"}
    settings |= {key: value for key, value in (("above", above), ("top", top)) if value is not None}
    if above is None and measure == "opportunity":
        settings["above"] = 10.0
    try:
        with context.workspace.database.writing() as session:
            made = create_validation(session, reader, name, wave, **settings)
            number, count = made.id, len(made.settings["outcomes"])
    except REFUSED as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"study {number}: {count} candidates of {wave}")


@validate.command()
@click.argument("study")
@as_json_option
@command
def show(context: Context, study: str, as_json: bool) -> None:
    """The ranking of a study (by number or name) with intervals, what the rule would keep, and the decisions.

    \b
    Example:
      insightrepo validate show 1
    """
    with context.workspace.database.reading() as session:
        found = _read(context, session, study)
    if as_json:
        print_json({"study": found.name, "wave": found.wave, "rule": found.plan.words, "candidates": as_rows(found)})
        return
    for candidate in found.candidates:
        click.echo(_line(candidate))
    click.echo(f"{found.plan.words}: {found.kept} of {len(found.candidates)}")


@validate.command()
@click.argument("study")
@click.argument("codes", nargs=-1)
@click.option("--as", "decision", type=click.Choice(DECISIONS), help="The decision on these outcomes.")
@click.option("--proposal", is_flag=True, help="Decide as the rule proposes where nothing is decided yet.")
@click.option("--reason", required=True, help="Why; kept with each decision.")
@command
def decide(
    context: Context, study: str, codes: tuple[str, ...], decision: str | None, proposal: bool, reason: str
) -> None:
    """Record decisions; one is taken back by another, and both stay on record.

    \b
    Examples:
      insightrepo validate decide 1 --proposal --reason "as the survey ranks them"
      insightrepo validate decide 1 C-07 --as validated --reason "small segment, but all of them"
    """
    if proposal == bool(codes) or (codes and decision is None) or (proposal and decision):
        raise click.UsageError("give outcomes and --as, or --proposal")
    reader = context.reader_at_least("researcher")
    try:
        if proposal:
            with context.workspace.database.reading() as session:
                found = _read(context, session, study)
            wanted = {
                one.code: "validated" if one.keep else "candidate" for one in found.candidates if not one.decision
            }
        else:
            wanted = dict.fromkeys(codes, str(decision))
        with context.workspace.database.writing() as session:
            record_decisions(session, reader, find_validation(session, study), wanted, reason)
    except REFUSED as error:
        raise click.ClickException(str(error)) from error
    counts = ", ".join(f"{list(wanted.values()).count(name)} {name}" for name in DECISIONS if name in wanted.values())
    click.echo(f"recorded: {counts or 'nothing'}")


@validate.command()
@click.argument("study")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True))
@command
def export(context: Context, study: str, file: Path) -> None:
    """Write the table of a study as CSV; - is standard output.

    \b
    Example:
      insightrepo validate export 1 ranking.csv
    """
    with context.workspace.database.reading() as session:
        text = as_csv(_read(context, session, study))
    if str(file) == "-":
        click.echo(text, nl=False)
    else:
        file.write_text(text, encoding="utf-8")
        click.echo(f"wrote {file}")


def _read(context: Context, session: Session, study: str) -> StudyShown:
    try:
        return read_study(session, context.reader(session), find_validation(session, study))
    except ValidationRefused as error:
        raise click.ClickException(str(error)) from error


def _line(one: Candidate) -> str:
    score, place = one.whole.score, one.whole.place
    said = f"{'keep' if one.keep else 'leave'}" + (f", {one.decision.to}" if one.decision else "")
    if score is None or score.value is None or place is None:
        return f"   -  {one.code}  not enough data, {said}"
    interval = f"({score.low:.1f} to {score.high:.1f})"
    ranks = f"({place.low} to {place.high})"
    passes = f" in {', '.join(one.passes)}" if one.passes else ""
    return (
        f"{place.rank:4d} {ranks}  {one.code}  {score.value:.1f} {score.unit} {interval}, n {score.n}, {said}{passes}"
    )
