"""Where the figures of a pack come from, and where they are not those that were shown before."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from insightrepo.locales import grouped
from insightrepo.models import Wave
from insightrepo.packs.subject import Subject
from insightrepo.scores.waves.issues import issues_of, number_shown, replaced, verify
from insightrepo.scores.wording import number

MOST_DIFFERING = 5  # figures that are named
Figures = dict[tuple[str, str, str], tuple[float, str]]  # (wave, cell, measure): value and unit


def snapshots(session: Session, codes: Collection[str]) -> list[dict[str, Any]]:
    """The waves that figures are of, in time: issue, hash and day of freezing; an open one has no hash."""
    query = select(Wave).options(selectinload(Wave.instrument)).where(Wave.code.in_(codes))
    return [
        {
            "wave": wave.code, "first_day": wave.first_day.isoformat(), "last_day": wave.last_day.isoformat(),
            "instrument": wave.instrument.name, "state": wave.state, "issue": number_shown(wave),
            "sha256": wave.frozen_hash,
            "frozen_on": wave.frozen_at.date().isoformat() if wave.frozen_at else None,
        }
        for wave in session.scalars(query.order_by(Wave.first_day, Wave.id))
    ]  # fmt: skip


def reconciliation(
    session: Session, about: Subject, content: dict[str, Any], earlier: dict[str, Any] | None
) -> list[str]:
    """Sentences: what is provisional, corrected, no longer as frozen, missing, or other than in the pack before."""
    return [
        *_period(about, content),
        *(line for shown in content["waves"] for line in _wave(session, shown)),
        *_instruments(content),
        *(_since(earlier, content) if earlier else []),
    ]


def _period(about: Subject, content: dict[str, Any]) -> Iterator[str]:
    period = about.period
    if about.wave is None:
        yield f"No wave had ended by {period.last_day}: there are no scores."
    elif not content["changes"]["steps"]:
        last = next(one["last_day"] for one in content["waves"] if one["wave"] == about.wave)
        if last < period.first_day.isoformat():
            yield f"No wave ended in {period.code}: opportunities and lines are of {about.wave}, which ended on {last}."
        else:
            yield f"{about.wave} is compared with no wave before it: no change can be told."
    if content["made"]["limits"]:
        yield "Made within the limits of its owner: products and segments beyond them are not in it."


def _wave(session: Session, shown: dict[str, Any]) -> Iterator[str]:
    wave = session.scalars(select(Wave).where(Wave.code == shown["wave"])).one()
    issues = issues_of(session, wave)
    if wave.state != "frozen" and wave.correction:
        issue = shown["issue"]
        yield f"{wave.code} is being corrected ({wave.correction}): its figures, of issue {issue}, are provisional."
    elif wave.state != "frozen":
        yield f"{wave.code} is not frozen: its figures are provisional."
    elif len(issues) > 1:
        yield f"{wave.code} is issue {issues[-1].number}, which corrects the one before: {issues[-1].reason}."
    for code, then, now in replaced(session, wave):
        yield f"Verdicts of {wave.code} were made against issue {then} of {code}, which is at issue {now} now."
    if wave.state == "frozen":
        for found in verify(session, [wave]):
            if not found.holds:
                yield f"{found.wave}, issue {found.number}, does not verify: {found.fault}."


def _instruments(content: dict[str, Any]) -> Iterator[str]:
    left_out = sorted({code for line in content["trends"] for code in line["left_out"]})
    if left_out:
        yield f"Measured with another instrument and left out of the lines: {', '.join(left_out)}."


def _since(earlier: dict[str, Any], content: dict[str, Any]) -> Iterator[str]:
    """What differs from the pack before in what both show of the same waves."""
    name, then = earlier["period"], {one["wave"]: one for one in earlier["waves"]}
    both = [(then[one["wave"]], one) for one in content["waves"] if one["wave"] in then]
    for was, now in both:
        if was["sha256"] != now["sha256"]:
            yield (f"{now['wave']} was {_issue(was)} in the pack of {name} made on {earlier['made']['at'][:10]} "
                   f"and is {_issue(now)} here.")  # fmt: skip
    old, new = figures(earlier), figures(content)
    differing = [key for key in new if key in old and abs(new[key][0] - old[key][0]) > 1e-9]
    for wave, cell, measure in differing[:MOST_DIFFERING]:
        before, now = (number(of[wave, cell, measure][0], measure, of[wave, cell, measure][1]) for of in (old, new))
        yield f"{cell}, {measure} of {wave}: {before} in the pack of {name}, {now} here."
    if len(differing) > MOST_DIFFERING:
        yield f"And {grouped(len(differing) - MOST_DIFFERING)} more figures differ from the pack of {name}."
    shared = len([key for key in new if key in old])
    if both and shared and not differing:
        yield f"The {grouped(shared)} figures that the pack of {name} shows too are the same here."


def _issue(shown: dict[str, Any]) -> str:
    return f"issue {shown['issue']} (sha256 {shown['sha256'][:12]})" if shown["sha256"] else "provisional"


def figures(content: dict[str, Any]) -> Figures:
    """Every value that a pack shows, by wave, cell and measure."""
    found: Figures = {}
    whole = content["product"]["name"] if content["product"] else "everybody"
    for row in content["changes"]["real"]:
        cell = f"{row['code']} · {' · '.join(filter(None, (row['segment'], row['product']))) or 'everybody'}"
        for one in (row, *row["others"]):
            for wave, value in ((row["from"], one["before"]), (row["to"], one["after"])):
                if value is not None:
                    found[wave, cell, one["measure"]] = value, one["unit"]
    for row in content["gaps"]["rows"]:
        found[content["gaps"]["wave"], f"{row['code']} · {whole}", "opportunity"] = row["value"], "points of 20"
    for line in content["trends"]:
        for point in line["points"]:
            if point["value"] is not None:
                found[point["wave"], f"{line['code']} · {whole}", line["measure"]] = point["value"], line["unit"]
    return found
