"""`insightrepo wave list`, `show` and `verify`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import click
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.commands.common import Context, as_json_option, command, print_json
from insightrepo.models import Wave
from insightrepo.scores.waves.issue_differences import FEW, differences
from insightrepo.scores.waves.issue_reading import FrozenScore, IssueReading, read_issue
from insightrepo.scores.waves.issues import verify as verify_waves
from insightrepo.scores.waves.responses import Rate, Stratum
from insightrepo.scores.waves.settings import wave_settings
from insightrepo.scores.waves.wave_reading import CalendarRow, WaveLine, calendar, read_wave
from insightrepo.scores.waves.waves import find_wave


@click.command("list")
@as_json_option
@command
def list_(context: Context, as_json: bool) -> None:
    """List the waves by cadence, the missing ones named, with response rates.

    \b
    Example:
      insightrepo wave list
    """
    with context.workspace.database.reading() as session:
        found = calendar(session, context.reader(session), dt.datetime.now(dt.UTC).date())
    if as_json:
        print_json([{"cadence": one.cadence, "missing": one.missing, "due": one.due,
                     "waves": [_line_json(row.line) for row in one.rows if row.line]} for one in found])  # fmt: skip
        return
    for one in found:
        click.echo(f"{one.cadence}:")
        for row in one.rows:
            click.echo(f"  {_calendar_line(row)}")
    if not found:
        click.echo("no waves yet: make one with 'insightrepo wave create CODE'")


def _calendar_line(row: CalendarRow) -> str:
    line = row.line
    if line is None:
        return f"{row.code}: {'over, not made yet' if row.due else 'missing'}"
    state = f"frozen, issue {line.issue}" if line.state == "frozen" else "open, provisional"
    rate = f", {_rate(line.rate)} answered" if line.rate else ""
    new = "; a new instrument: not compared with earlier waves" if line.break_before else ""
    said = "".join(f"; {words}" for words in line.falling)
    return f"{line.code}: {state}, {_people(line.n)}{rate}, {line.instrument}{new}{said}"


def _people(n: int | None) -> str:
    return "people not shown or not known" if n is None else f"{n:,} people"


def _rate(rate: Rate) -> str:
    return f"{rate.value:.0%} ({rate.low:.0%} to {rate.high:.0%}) of {rate.n:,}"


def _line_json(line: WaveLine) -> dict[str, Any]:
    names = ("code", "name", "state", "issue", "correcting", "instrument", "scale", "n", "break_before", "falling")
    return {
        **{name: getattr(line, name) for name in names}, "first_day": line.first_day.isoformat(),
        "last_day": line.last_day.isoformat(), "response_rate": asdict(line.rate) if line.rate else None,
        "answered_often": asdict(line.contacts.often) if line.contacts and line.contacts.often else None,
    }  # fmt: skip


@click.command()
@click.argument("code")
@click.option("--issue", type=click.IntRange(1), help="A frozen issue as it was frozen, in place of the wave as it is.")
@as_json_option
@command
def show(context: Context, code: str, issue: int | None, as_json: bool) -> None:
    """Show everything about one wave, or the figures of one of its frozen issues.

    \b
    Examples:
      insightrepo wave show 2025-Q3
      insightrepo wave show 2025-Q3 --issue 1 --json
    """
    try:
        with context.workspace.database.reading() as session:
            reader = context.reader(session)
            if issue is not None:
                _show_issue(session, reader, find_wave(session, code), issue, as_json)
                return
            content = _wave_json(session, reader, code)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        print_json(content)
        return
    for line in _wave_lines(content):
        click.echo(line)


def _wave_json(session: Session, reader: Reader, code: str) -> dict[str, Any]:
    reading = read_wave(session, reader, code)
    found = reading.wave
    return {
        "code": found.code, "name": found.name, "state": found.state, "issue": reading.number,
        "correcting": found.correction, "first_day": found.first_day.isoformat(),
        "last_day": found.last_day.isoformat(), "instrument": found.instrument.name, "scale": reading.scale,
        "settings": wave_settings(found).model_dump(mode="json"), "definition": dict(reading.definition),
        "scores": reading.scores, "quarantined": reading.quarantined,
        "composition": [_stratum_json(one) for one in reading.strata],
        "exclusions": [{"id": one.id, "what": one.what, "reason": one.reason, "by": one.by,
                        "at": one.at.isoformat()} for one in reading.exclusions],
        "annotations": [{"id": one.id, "kind": one.kind, "when": one.when, "text": one.text,
                         "concerns": one.concerns} for one in reading.annotations],
        "compared_with": [asdict(one) for one in reading.compared_with],
        "corrected_since": [{"wave": wave, "issue_then": then, "issue_now": now}
                            for wave, then, now in reading.replaced],
        "issues": [{"number": one.number, "reason": one.reason, "sha256": one.sha256, "by": one.frozen_by,
                    "frozen_at": one.frozen_at.isoformat(), "holds": one.verified.holds,
                    "fault": one.verified.fault} for one in reading.issues],
    }  # fmt: skip


def _stratum_json(one: Stratum) -> dict[str, Any]:
    return {**asdict(one), "reached": one.reached}


def _wave_lines(content: dict[str, Any]) -> Iterable[str]:
    state = f"frozen, issue {content['issue']}" if content["state"] == "frozen" else "open, provisional"
    yield f"{content['code']}: {content['first_day']} to {content['last_day']}, {state}, {content['scores']:,} scores"
    yield f"measured with {content['instrument']} ({content['scale']})"
    if content["correcting"]:
        yield f"issue {content['issue']} in preparation: {content['correcting']}"
    for one in content["composition"]:
        aimed = f", {one['target']:,} aimed at" if one["target"] is not None else ""
        rate = f", {_rate(Rate(**one['rate']))} answered" if one["rate"] else ""
        yield f"  {one['segment'] or 'everybody'}: {_people(one['n'])}{aimed}{rate}"
    for one in content["exclusions"]:
        yield f"left out ({one['id']}): {one['what']}: {one['reason']}"
    for one in content["annotations"]:
        yield f"{one['kind']} {one['when']}: {one['text']} (concerns {one['concerns']})"
    for one in content["compared_with"]:
        gap = f", across the missing {', '.join(one['missing'])}" if one["missing"] else ""
        yield f"compared with {one['code']}{gap}"
    for one in content["corrected_since"]:
        yield f"corrected since: {one['wave']}, issue {one['issue_then']} then, {one['issue_now']} now"
    if content["quarantined"]:
        yield f"in quarantine: {content['quarantined']:,} rows"
    for one in content["issues"]:
        yield f"issue {one['number']}: sha256 {one['sha256']}, {'holds' if one['holds'] else one['fault']}"


def _show_issue(session: Session, reader: Reader, found: Wave, number: int, as_json: bool) -> None:
    reading = read_issue(session, reader, found, number)
    differing = differences(session, reader, found, number - 1, number) if number > 1 else []
    if as_json:
        print_json({**_issue_json(reading), "differs": [
            {"before": _score_json(pair.before), "after": _score_json(pair.after)} for pair in differing
        ]})  # fmt: skip
        return
    click.echo(f"{reading.wave} issue {number}: sha256 {reading.sha256}, {'holds' if reading.holds else 'BROKEN'}")
    if reading.replaced_by:
        click.echo(f"replaced by issue {reading.replaced_by[0]} because: {reading.replaced_by[1]}")
    for score in reading.scores:
        click.echo(_score_line(score))
    for pair in differing:
        click.echo(f"issue {number - 1}: {_score_line(pair.before)} | issue {number}: {_score_line(pair.after)}")


def _issue_json(reading: IssueReading) -> dict[str, Any]:
    return {
        "wave": reading.wave, "issue": reading.number, "reason": reading.reason, "sha256": reading.sha256,
        "holds": reading.holds, "frozen_at": reading.frozen_at.isoformat(), "by": reading.frozen_by,
        "replaced_by": reading.replaced_by, "instrument": reading.instrument, "definition": reading.definition,
        "settings": reading.settings, "exclusions": [asdict(one) for one in reading.exclusions],
        "scores": [_score_json(score) for score in reading.scores],
    }  # fmt: skip


def _score_json(score: FrozenScore | None) -> dict[str, Any] | None:
    return None if score is None else {name: value for name, value in asdict(score).items() if name != "names"}


def _score_line(score: FrozenScore | None) -> str:
    if score is None:
        return "not there"
    cell = f"{score.outcome or score.task or '-'}  {score.segment or 'all'}  {score.product or 'all'}  {score.measure}"
    if score.note == FEW:
        return f"{cell}: {FEW}"
    if score.value is None or score.low is None or score.high is None:
        return f"{cell}: not enough data{f', {score.note}' if score.note else ''}"
    return f"{cell}: {score.value:.1f} ({score.low:.1f} to {score.high:.1f}) {score.unit}, n {score.n}, {score.verdict}"


@click.command()
@click.argument("codes", nargs=-1, metavar="[CODE]…")
@as_json_option
@command
def verify(context: Context, codes: tuple[str, ...], as_json: bool) -> None:
    """Compute the hashes of all issues again (or of these waves); exit code 1 where one does not hold.

    \b
    Example:
      insightrepo wave verify
    """
    with context.workspace.database.reading() as session:
        context.reader(session)
        try:
            chosen = [find_wave(session, code) for code in codes] or None
        except ValueError as error:
            raise click.ClickException(str(error)) from error
        found = verify_waves(session, chosen)
    if as_json:
        print_json([{**asdict(one), "holds": one.holds} for one in found])
    else:
        for one in found:
            click.echo(f"{one.wave} issue {one.number}: {one.fault or 'holds'}, sha256 {one.sha256}")
        click.echo(f"{len(found)} issues, {sum(not one.holds for one in found)} do not hold")
    if not all(one.holds for one in found):
        raise SystemExit(1)
