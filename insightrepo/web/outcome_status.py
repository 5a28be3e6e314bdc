"""The life cycle of an outcome in the browser: a step with its grounds, retiring with what it would touch."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from insightrepo.accounts.access import visible_terms
from insightrepo.library.merging import retire
from insightrepo.models import Outcome
from insightrepo.taxonomy.impact import Use, impact
from insightrepo.taxonomy.life_cycle import STEPS, StepRefused, change_status
from insightrepo.taxonomy.reading import UnknownTerm
from insightrepo.web.outcome_editing import mine
from insightrepo.web.outcomes import blueprint
from insightrepo.web.request import is_id, reader, session, workspace

ADDRESSES = {"study": ("studies.study", "study_id"), "validation": ("validations.validation", "validation_id")}


@blueprint.get("/outcomes/<path:code>/status")
def status(code: str) -> ResponseReturnValue:
    """The steps that can be taken, and what retiring the outcome would touch."""
    return _form(mine(code), 200)


@blueprint.post("/outcomes/<path:code>/status")
def step(code: str) -> ResponseReturnValue:
    """Take a step, with its reason and evidence."""
    row = mine(code)
    wanted, reason = request.form.get("status", ""), request.form.get("reason", "")
    try:
        numbers = _numbers(request.form.get("evidence", ""))
        with workspace().database.writing() as writing:
            if wanted == "retired":
                retire(writing, reader(), row.code, reason, request.form.get("successor", ""), numbers)
            else:
                change_status(writing, reader(), row.code, wanted, reason, numbers)
    except (StepRefused, UnknownTerm) as error:
        flash(f"Nothing was changed: {error}", "danger")
        return _form(row, 422)
    flash(f"{row.code} is {wanted} now.", "success")
    return redirect(url_for("outcomes.outcome", code=row.code, _anchor="steps"))


def _form(row: Outcome, code: int) -> ResponseReturnValue:
    others = session().execute(
        select(Outcome.code, Outcome.name)
        .where(
            Outcome.id.in_(visible_terms(reader())),
            Outcome.id != row.id,
            Outcome.status != "retired",
            Outcome.team_id == row.team_id if row.team_id else Outcome.team_id.is_(None),
        )
        .order_by(Outcome.code)
    )
    return render_template(
        "outcomes/status.html",
        outcome=row,
        steps=STEPS[row.status],
        uses=[(use, [(name, use_address(where)) for name, where in use.named]) for use in _uses(row)],
        others=others.all(),
        given=request.form,
    ), code


def _uses(row: Outcome) -> tuple[Use, ...]:
    return impact(session(), reader(), row) if row.status != "retired" else ()


def use_address(where: str) -> str:
    """The address of what `impact` names, or empty."""
    kind, _, number = where.partition(":")
    endpoint, argument = ADDRESSES.get(kind, ("", ""))
    return url_for(endpoint, **{argument: number}) if endpoint else ""  # type: ignore[arg-type]


def _numbers(text: str) -> list[int]:
    """Numbers of evidence as a person writes them: "12, 15 #18".

    Raises:
        StepRefused: something of it is no number.
    """
    words = text.replace(",", " ").replace(";", " ").replace("#", " ").split()
    if wrong := [word for word in words if not is_id(word)]:
        raise StepRefused(f"{wrong[0]!r} is no number of evidence: write numbers like 12, 15")
    return list(dict.fromkeys(int(word) for word in words))
