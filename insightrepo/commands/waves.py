"""`insightrepo wave`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import click
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.commands.common import Context, as_json_option, command, print_json
from insightrepo.commands.wave_files import questionnaire, usability_kit
from insightrepo.commands.wave_showing import list_, show, verify
from insightrepo.library.imports.safe_names import workspace_redactor
from insightrepo.models import ANNOTATION_KINDS, User, Wave
from insightrepo.scores.computing.computing import WaveFrozen
from insightrepo.scores.waves.annotations import annotate as write_annotation
from insightrepo.scores.waves.exclusions import exclude as leave_out
from insightrepo.scores.waves.exclusions import include_again
from insightrepo.scores.waves.instruments import LEVELS
from insightrepo.scores.waves.issues import freeze as freeze_wave
from insightrepo.scores.waves.issues import reissue as reissue_wave
from insightrepo.scores.waves.responses import set_counts
from insightrepo.scores.waves.settings import SettingsWrong, parsed_settings, stored, wave_settings
from insightrepo.scores.waves.wave_editing import InstrumentWanted, change_settings, create_wave, refresh
from insightrepo.scores.waves.waves import find_wave

DAY = click.DateTime(["%Y-%m-%d"])
ABOUT = ("outcome", "task", "segment", "product")
Options = Callable[[Callable[..., Any]], Callable[..., Any]]


@click.group()
def wave() -> None:
    """Waves: made, set up, frozen, corrected and verified; questionnaires and usability kits.

    \b
    Example:
      insightrepo wave create 2025-Q3 && insightrepo wave questionnaire 2025-Q3 --csv items.csv
    """


def _about_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for name in reversed(ABOUT):
        function = click.option(f"--{name}", metavar="CODE", help=f"Only of this {name}.")(function)
    return function


def _change(context: Context, code: str, act: Callable[[Session, Reader, Wave], Any], compute: bool = False) -> Any:
    """Do something to a wave as a researcher while no import runs; compute its scores again where they rest on it."""
    reader = context.reader_at_least("researcher")
    workspace = context.workspace
    try:
        with workspace.import_lock:
            with workspace.database.writing() as session:
                found = find_wave(session, code)
                identifier, answer = found.id, act(session, reader, found)
            if compute:
                refresh(workspace.database, identifier)
    except (ValueError, WaveFrozen) as error:
        raise click.ClickException(str(error)) from error
    return answer


def _redacted(context: Context, text: str) -> str:
    return workspace_redactor(context.workspace).redact(text).text


@wave.command()
@click.argument("code")
@click.option("--name", default="", help="What people call it.")
@click.option("--first-day", type=DAY, help="Where the code does not say it.")
@click.option("--last-day", type=DAY, help="Where the code does not say it.")
@click.option("--instrument", help="Its name; the latest wave's when nothing is said of one.")
@click.option("--scale", metavar="LOW-HIGH", help="Lowest and highest answer of a new instrument; 1-5 when left out.")
@click.option("--best", type=click.Choice(("high", "low")), help="Which end is best; high when left out.")
@click.option("--low-label", help="Name of the lowest point.")
@click.option("--high-label", help="Name of the highest point.")
@click.option("--channel", help="For example e-mail or telephone.")
@click.option("--timing", help="For example quarterly, or after a task.")
@click.option("--level", type=click.Choice(LEVELS), help="What the question is about.")
@click.option("--wording", help="Of satisfaction; {outcome} or {job} stands for the statement or the job.")
@click.option("--importance-wording", help="Of importance, in the same way.")
@command
def create(context: Context, code: str, name: str, first_day: dt.datetime | None, last_day: dt.datetime | None,
           instrument: str | None, **given: Any) -> None:  # fmt: skip
    """Make an open wave, with a known instrument or a new one.

    \b
    Examples:
      insightrepo wave create 2025-Q3
      insightrepo wave create spring --first-day 2025-03-01 --last-day 2025-05-31 --instrument Panel --scale 1-7
    """
    reader = context.reader_at_least("researcher")
    wanted = InstrumentWanted(name=instrument, **given)
    try:
        with context.workspace.database.writing() as session:
            made = create_wave(session, reader, code, wanted, _day(first_day), _day(last_day), name)
            line = f"wave {made.code}: {made.first_day} to {made.last_day}, measured with {made.instrument.name}"
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    click.echo(line)


def _day(moment: dt.datetime | None) -> dt.date | None:
    return moment.date() if moment else None


@wave.command()
@click.argument("code")
@click.option("--weighting", type=click.Choice(("none", "post-stratification", "raking")), help="How to weight.")
@click.option("--dimension", "dimensions", multiple=True, help="Of segments, to weight over; several for raking.")
@click.option("--smallest-change", multiple=True, metavar="MEASURE=NUMBER", help="The least change that counts.")
@click.option("--band", "bands", multiple=True, metavar="FROM=NAME", help="Of opportunity, from the highest on.")
@click.option("--invited", multiple=True, metavar="[SEGMENT=]N", help="How many were invited.")
@click.option("--answered", multiple=True, metavar="[SEGMENT=]N", help="How many answered; else counted.")
@click.option("--target", multiple=True, metavar="[SEGMENT=]N", help="How many were aimed at.")
@as_json_option
@command
def settings(context: Context, code: str, as_json: bool, **given: Any) -> None:
    """Choose how an open wave is computed, and say how many were invited; without options print what is chosen.

    \b
    Examples:
      insightrepo wave settings 2025-Q3 --weighting raking --dimension region --dimension tenure
      insightrepo wave settings 2025-Q3 --smallest-change satisfaction=5 --invited 900 --target parents=200
    """
    if any(given.values()):
        counts = {name: given.pop(name) for name in ("invited", "answered", "target")}

        def act(session: Session, reader: Reader, found: Wave) -> None:
            if any(given.values()):
                change_settings(session, reader, found, parsed_settings(_chosen(found, given)))
            for segment, values in _by_segment(counts).items():
                set_counts(session, reader, found, segment or None, **values)

        _change(context, code, act, compute=True)
    with context.workspace.database.reading() as session:
        context.reader(session)
        try:
            content = wave_settings(find_wave(session, code)).model_dump(mode="json")
        except ValueError as error:
            raise click.ClickException(str(error)) from error
    if as_json:
        print_json(content)
        return
    for name, value in content.items():
        click.echo(f"{name.replace('_', ' ')}: {value}")


def _chosen(found: Wave, given: dict[str, Any]) -> dict[str, Any]:
    """The wave's settings with what was given put in."""
    content = stored(wave_settings(found))
    if given["weighting"] or given["dimensions"]:
        content["weighting"] = {"scheme": given["weighting"] or "none", "dimensions": list(given["dimensions"])}
    if given["smallest_change"]:
        changes = {name: _number(value, name) for name, value in map(_pair, given["smallest_change"])}
        content["smallest_change"] = {**content.get("smallest_change", {}), **changes}
    if given["bands"]:
        content["bands"] = [[_number(floor, "band"), name] for floor, name in map(_pair, given["bands"])]
    return content


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name.strip() and sign and value.strip()):
        raise SettingsWrong(f"{text!r}: write NAME=VALUE")
    return name.strip(), value.strip()


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SettingsWrong(f"{name}: {text!r} is not a number") from None


def _by_segment(counts: dict[str, tuple[str, ...]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for name, texts in counts.items():
        for text in texts:
            segment, _, number = text.rpartition("=")
            if not (number.isascii() and number.isdigit()):
                raise SettingsWrong(f"--{name} {text!r}: write a number, or SEGMENT=NUMBER")
            found.setdefault(segment.strip(), {})[name] = int(number)
    return found


@wave.command()
@click.argument("code")
@command
def freeze(context: Context, code: str) -> None:
    """Freeze a wave: scores, scale, settings and exclusions are kept with a hash and never change again.

    \b
    Example:
      insightrepo wave freeze 2025-Q3
    """

    def act(session: Session, reader: Reader, found: Wave) -> str:
        frozen = freeze_wave(session, found, session.get_one(User, reader.user_id))
        return f"froze {frozen.code}, issue {frozen.issue}, sha256 {frozen.frozen_hash}"

    click.echo(_change(context, code, act))


@wave.command()
@click.argument("code")
@click.option("--reason", required=True, help="What is corrected and why; it stays with the new issue.")
@command
def reissue(context: Context, code: str, reason: str) -> None:
    """Open a frozen wave for a correction; 'wave freeze' makes the new issue, and the old one stays.

    \b
    Example:
      insightrepo wave reissue 2025-Q3 --reason "forty answers of the panel came in late"
    """
    text = _redacted(context, reason)

    def act(session: Session, reader: Reader, found: Wave) -> str:
        opened = reissue_wave(session, found, session.get_one(User, reader.user_id), text)
        return f"{opened.code} is open for issue {opened.issue + 1}; freeze it when it is right"

    click.echo(_change(context, code, act))


@wave.command()
@click.argument("code")
@click.option("--respondent", metavar="ID", help="The id as the source gave it; only its key is kept.")
@_about_options
@click.option("--reason", help="Why; it is printed under the scores.")
@click.option("--undo", type=click.IntRange(1), metavar="NUMBER", help="Count this exclusion's answers again.")
@command
def exclude(context: Context, code: str, respondent: str | None, reason: str | None, undo: int | None,
            **about: str | None) -> None:  # fmt: skip
    """Leave answers and trials of an open wave out of its scores, with a reason; or take that back.

    \b
    Examples:
      insightrepo wave exclude 2025-Q3 --outcome TRIP-1 --segment parents --reason "the question was shown twice"
      insightrepo wave exclude 2025-Q3 --undo 4
    """
    if (undo is None) == (reason is None):
        raise click.UsageError("give a --reason with what to leave out, or --undo with the number of an exclusion")
    text = _redacted(context, reason or "")

    def act(session: Session, reader: Reader, found: Wave) -> str:
        if undo is not None:
            if not include_again(session, reader, found, undo):
                raise ValueError(f"the wave {code} has no exclusion {undo}")
            return f"exclusion {undo} is taken back"
        pseudonyms = context.workspace.pseudonyms
        return f"exclusion {leave_out(session, reader, pseudonyms, found, text, respondent, **about).id} is kept"

    click.echo(_change(context, code, act, compute=True))


@wave.command()
@click.argument("text")
@click.option("--day", "first_day", type=DAY, required=True, help="When, or since when.")
@click.option("--until", type=DAY, help="Its last day.")
@click.option("--kind", type=click.Choice(ANNOTATION_KINDS), default="event", show_default=True, help="What it is.")
@_about_options
@command
def annotate(context: Context, text: str, first_day: dt.datetime, until: dt.datetime | None, kind: str,
             **about: str | None) -> None:  # fmt: skip
    """Write down an outside event or an intervention; trends show it beside the scores.

    \b
    Examples:
      insightrepo wave annotate "prices rose by 8%" --day 2025-05-02
      insightrepo wave annotate "new search" --kind intervention --day 2025-06-01 --outcome TRIP-1
    """
    reader = context.reader_at_least("researcher")
    safe = _redacted(context, text)
    try:
        with context.workspace.database.writing() as session:
            made = write_annotation(session, reader, kind, first_day.date(), safe, _day(until), **about)
            number = made.id
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{kind} {number} is written down")


for _other in (list_, show, verify, questionnaire, usability_kit):
    wave.add_command(_other)
