"""Merging and splitting an outcome in the browser: what uses it first, then a confirmation, then the successors."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from insightrepo.library.indexing.background import ask_for_maintenance
from insightrepo.library.terms.merging import merge, split
from insightrepo.locales import grouped
from insightrepo.models import Outcome
from insightrepo.taxonomy.life_cycle import StepRefused
from insightrepo.taxonomy.reading import UnknownTerm
from insightrepo.taxonomy.succession import can_follow
from insightrepo.web.formatting import plural
from insightrepo.web.outcome_editing import mine
from insightrepo.web.outcome_status import uses_of
from insightrepo.web.outcomes import blueprint
from insightrepo.web.request import reader, session, workspace

WAYS = ("merge", "split")


@blueprint.get("/outcomes/<path:code>/succession")
def succession(code: str) -> ResponseReturnValue:
    """What uses the outcome, and into which others it can go on."""
    return _form(mine(code), {}, 200)


@blueprint.post("/outcomes/<path:code>/succession")
def succeed(code: str) -> ResponseReturnValue:
    """Merge or split it; without the confirmation nothing is changed."""
    row = mine(code)
    way, into = request.form.get("way", ""), list(dict.fromkeys(request.form.getlist("into")))
    problems = _problems(row, way, into)
    if problems:
        return _form(row, problems, 422)
    reason = request.form.get("reason", "")
    try:
        if way == "merge":
            carried = merge(workspace(), reader(), [row.code], into[0], reason)
            said = f"{row.code} was merged into {into[0]}: {grouped(carried)} {plural(carried, 'vote')} carried over."
        else:
            with workspace().database.writing() as writing:
                split(writing, reader(), row.code, into, reason)
            said = f"{row.code} was split into {' and '.join(into)}; its tags stay with it for people to part."
    except (StepRefused, UnknownTerm) as error:
        return _form(row, {"": str(error)}, 422)
    ask_for_maintenance(workspace())
    flash(said, "success")
    return redirect(url_for("outcomes.outcome", code=row.code))


def _problems(row: Outcome, way: str, into: list[str]) -> dict[str, str]:
    """What is missing, by field."""
    problems = {}
    if row.status == "retired":
        problems[""] = f"{row.code} is retired already"
    if way not in WAYS:
        problems["way"] = "choose whether it is merged or split"
    elif way == "merge" and len(into) != 1:
        problems["into"] = "choose the one outcome that goes on"
    elif way == "split" and len(into) < 2:
        problems["into"] = "choose two outcomes or more that go on"
    if not request.form.get("reason", "").strip():
        problems["reason"] = "say why: it stands on the page of the outcome for good"
    if not problems and not request.form.get("confirmed"):
        problems["confirmed"] = "read what uses it, then confirm"
    return problems


def _form(row: Outcome, problems: dict[str, str], code: int) -> ResponseReturnValue:
    others = can_follow(session(), reader(), row)
    return render_template(
        "outcomes/succession.html", outcome=row, others=others, problems=problems, given=request.form, uses=uses_of(row)
    ), code
