"""Targets of teams: the list, a new one, and what came of each."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import DateField, FloatField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from insightrepo.models import Team
from insightrepo.scores.choosing import outcomes_in_use, products_seen
from insightrepo.scores.targets import TargetWrong, list_targets, report_target, set_target, total_words
from insightrepo.web.request import reader, session, workspace

blueprint = Blueprint("targets", __name__)


class TargetForm(FlaskForm):
    """A new target. The lists hold what the reader may see; 0 is none."""

    name = StringField("What is counted", [InputRequired("Say what is counted."), Length(max=200)])
    team = SelectField("Team", coerce=int, default=0)
    product = SelectField("Product", coerce=int, default=0)
    outcome = SelectField("Outcome", coerce=int, default=0)
    first_day = DateField("First day", [InputRequired("Choose the first day.")])
    last_day = DateField("Last day", [InputRequired("Choose the last day.")])
    wanted = FloatField("How many", [InputRequired("Write a number above 0.")])


class ReportForm(FlaskForm):
    """What came of a target; empty: nothing is reported yet."""

    reached = FloatField("Reached", [Optional()])


@blueprint.get("/act/targets")
def targets() -> ResponseReturnValue:
    """The targets of every team, and for researchers the forms."""
    return _page(_form() if reader().at_least("researcher") else None)


@blueprint.post("/act/targets")
def new() -> ResponseReturnValue:
    """Set a target."""
    reader().require("researcher")
    form = _form()
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        with workspace().database.writing() as writing:
            set_target(
                writing, reader(), form.name.data or "", form.first_day.data, form.last_day.data,
                form.wanted.data or 0.0, form.team.data or None, form.product.data or None, form.outcome.data or None,
            )  # fmt: skip
    except TargetWrong as error:
        flash(str(error), "danger")
        return _page(form), 422
    flash("The target is set.", "success")
    return redirect(url_for("targets.targets"))


@blueprint.post("/act/targets/<id:target_id>")
def report(target_id: int) -> ResponseReturnValue:
    """Say what came of a target."""
    reader().require("researcher")
    form = ReportForm()
    if not form.validate_on_submit():
        flash("Reached: write a number, 0 or more, or leave it empty.", "danger")
        return _page(_form()), 422
    try:
        with workspace().database.writing() as writing:
            if report_target(writing, reader(), target_id, form.reached.data) is None:
                abort(404)
    except TargetWrong as error:
        flash(str(error), "danger")
        return _page(_form()), 422
    flash("Noted.", "success")
    return redirect(url_for("targets.targets", _anchor=f"target-{target_id}"))


def _form() -> TargetForm:
    form = TargetForm()
    teams = session().execute(select(Team.id, Team.name).order_by(Team.name))
    form.team.choices = [(0, "no team"), *((team.id, team.name) for team in teams)]
    form.product.choices = [(0, "all products"), *((p.id, p.name) for p in products_seen(session(), reader()))]
    outcomes = outcomes_in_use(session(), reader())
    form.outcome.choices = [(0, "no outcome"), *((o.id, f"{o.code} {o.name[:60]}") for o in outcomes)]
    return form


def _page(form: TargetForm | None) -> str:
    lines = list_targets(session(), reader())
    return render_template(
        "act/targets.html", tab="targets.targets", lines=lines, total=total_words(lines), form=form, report=ReportForm
    )
