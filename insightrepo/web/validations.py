"""Validation studies in the browser: candidates ranked with intervals, a proposed cut, a decision on each."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from insightrepo.library.reading import NotVisible
from insightrepo.models import Validation, Wave
from insightrepo.scores.validation import (
    DECISIONS,
    Plan,
    ValidationRefused,
    create_validation,
    record_decisions,
)
from insightrepo.scores.validation_reading import StudyShown, as_csv, list_studies, read_study
from insightrepo.scores.waves.waves import WaveUnknown
from insightrepo.taxonomy.life_cycle import StepRefused
from insightrepo.taxonomy.reading import UnknownTerm
from insightrepo.web.request import reader, session, workspace

blueprint = Blueprint("validations", __name__)


@blueprint.get("/validations")
def validations() -> ResponseReturnValue:
    """All studies, and for researchers the form of a new one."""
    return _list(200)


@blueprint.post("/validations")
def create() -> ResponseReturnValue:
    """Set up a study over the candidates of a wave."""
    form = request.form
    settings = {name: form[name] for name in ("measure", "rule", "above", "top") if form.get(name)}
    try:
        with workspace().database.writing() as writing:
            number = create_validation(writing, reader(), form.get("name", ""), form.get("wave", ""), **settings).id
    except (ValidationRefused, WaveUnknown) as error:
        flash(f"Nothing was made: {error}", "danger")
        return _list(422)
    return redirect(url_for("validations.validation", validation_id=number))


@blueprint.get("/validations/<id:validation_id>")
def validation(validation_id: int) -> ResponseReturnValue:
    """The ranking with its intervals, what the rule would keep, and the decisions."""
    return _page(validation_id, 200)


@blueprint.get("/validations/<id:validation_id>/table.csv")
def export(validation_id: int) -> ResponseReturnValue:
    """The same table as CSV."""
    text = as_csv(_study(validation_id))
    name = f"validation-{validation_id}.csv"
    return Response(text, mimetype="text/csv", headers={"Content-Disposition": f"attachment; filename={name}"})


@blueprint.post("/validations/<id:validation_id>/decisions")
def decisions(validation_id: int) -> ResponseReturnValue:
    """Record the decisions that were chosen, all with one reason."""
    reader().require("researcher")
    study = _study(validation_id)
    wanted = {one.code: request.form.get(f"decision {one.code}", "") for one in study.candidates}
    chosen = {code: decision for code, decision in wanted.items() if decision}
    try:
        with workspace().database.writing() as writing:
            row = writing.get_one(Validation, validation_id)
            record_decisions(writing, reader(), row, chosen, request.form.get("reason", ""))
    except (ValidationRefused, StepRefused, UnknownTerm) as error:
        flash(f"Nothing was recorded: {error}", "danger")
        return _page(validation_id, 422)
    flash(f"{len(chosen)} recorded." if chosen else "Nothing was chosen, so nothing was recorded.", "success")
    return redirect(url_for("validations.validation", validation_id=validation_id))


def _study(validation_id: int) -> StudyShown:
    row = session().get(Validation, validation_id)
    if row is None:
        raise NotVisible(f"validation {validation_id}")
    return read_study(session(), reader(), row)


def _page(validation_id: int, code: int) -> ResponseReturnValue:
    study = _study(validation_id)
    chosen = {one.code: request.form.get(f"decision {one.code}", "") for one in study.candidates}
    if request.args.get("fill") == "proposal":
        chosen = {
            one.code: "validated" if one.keep else "candidate" for one in study.candidates if one.decision is None
        }
    return render_template(
        "validations/validation.html",
        study=study,
        decisions=DECISIONS,
        chosen=chosen,
        reason=request.form.get("reason", ""),
        may_decide=reader().may_change_global,
    ), code


def _list(code: int) -> ResponseReturnValue:
    waves = session().execute(select(Wave.code, Wave.name).order_by(Wave.first_day.desc(), Wave.id.desc())).all()
    return render_template(
        "validations/list.html",
        studies=list_studies(session(), reader()),
        waves=waves,
        plan=Plan(),
        given=request.form,
        may_create=reader().may_change_global,
    ), code
