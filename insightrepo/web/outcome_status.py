"""The life cycle of an outcome in the browser: a step with its grounds, retiring with what it would touch."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from insightrepo.library.terms.merging import retire
from insightrepo.models import Outcome
from insightrepo.taxonomy.impact import Use, impact
from insightrepo.taxonomy.life_cycle import STEPS, StepRefused, change_status
from insightrepo.taxonomy.reading import UnknownTerm
from insightrepo.taxonomy.succession import can_follow
from insightrepo.web.outcome_editing import mine
from insightrepo.web.outcomes import blueprint
from insightrepo.web.request import is_id, reader, session, workspace


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
    return render_template(
        "outcomes/status.html",
        outcome=row,
        steps=STEPS[row.status],
        uses=uses_of(row),
        others=can_follow(session(), reader(), row),
        given=request.form,
    ), code


def uses_of(row: Outcome) -> list[tuple[Use, list[tuple[str, str]]]]:
    """What uses an outcome, each with the first of it by (name, address or empty); nothing of a retired one."""
    found = impact(session(), reader(), row) if row.status != "retired" else ()
    return [(use, [(name, _address(where)) for name, where in use.named]) for use in found]


def _address(where: str) -> str:
    kind, _, number = where.partition(":")
    if kind == "study":
        return url_for("studies.study", study_id=number)
    if kind == "validation":
        return url_for("validations.validation", validation_id=number)
    return ""


def _numbers(text: str) -> list[int]:
    """Numbers of evidence as a person writes them: "12, 15 #18".

    Raises:
        StepRefused: something of it is no number.
    """
    words = text.replace(",", " ").replace(";", " ").replace("#", " ").split()
    if wrong := [word for word in words if not is_id(word)]:
        raise StepRefused(f"{wrong[0]!r} is no number of evidence: write numbers like 12, 15")
    return list(dict.fromkeys(int(word) for word in words))
