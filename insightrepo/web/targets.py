"""Targets of teams: the list, a new one, each with what came of it and its history; and each team's focus outcomes."""

from __future__ import annotations

import re

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import DateField, FloatField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from insightrepo.library.imports.safe_names import workspace_redactor
from insightrepo.models import Target, Team
from insightrepo.scores.acting.choosing import outcomes_in_use, products_seen
from insightrepo.scores.acting.focus import FocusWrong, read_focus, set_focus
from insightrepo.scores.acting.targets import (
    TOLD,
    TargetWanted,
    TargetWrong,
    change_target,
    find_target,
    list_targets,
    remove_target,
    report_target,
    set_target,
    target_history,
    total_words,
)
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

    def asked(self) -> TargetWanted:
        """What was filled in."""
        return TargetWanted(
            self.name.data or "", self.first_day.data, self.last_day.data, self.wanted.data or 0.0,
            self.team.data or None, self.product.data or None, self.outcome.data or None,
        )  # fmt: skip


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
            set_target(writing, reader(), form.asked(), workspace_redactor(workspace()))
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


@blueprint.get("/act/targets/<id:target_id>")
def target(target_id: int) -> ResponseReturnValue:
    """One target with its history, and for researchers the forms that change or remove it."""
    return _one(target_id)


@blueprint.post("/act/targets/<id:target_id>/edit")
def change(target_id: int) -> ResponseReturnValue:
    """Say a target otherwise."""
    reader().require("researcher")
    found = find_target(session(), reader(), target_id)
    if found is None:
        abort(404)
    form = _form(found)
    if not form.validate_on_submit():
        return _one(target_id, form)
    redactor = workspace_redactor(workspace())
    try:
        with workspace().database.writing() as writing:
            if change_target(writing, reader(), target_id, form.asked(), redactor) is None:
                abort(404)
    except TargetWrong as error:
        flash(str(error), "danger")
        return _one(target_id, form)
    flash("The target is changed; how it stood before is in its history.", "success")
    return redirect(url_for("targets.target", target_id=target_id))


@blueprint.post("/act/targets/<id:target_id>/remove")
def remove(target_id: int) -> ResponseReturnValue:
    """Take a target out of the list."""
    reader().require("researcher")
    reason, redactor = request.form.get("reason", ""), workspace_redactor(workspace())
    try:
        with workspace().database.writing() as writing:
            if remove_target(writing, reader(), target_id, reason, redactor) is None:
                abort(404)
    except TargetWrong as error:
        flash(str(error), "danger")
        return redirect(url_for("targets.target", target_id=target_id))
    flash("The target is removed; its history stays.", "success")
    return redirect(url_for("targets.targets"))


@blueprint.post("/act/targets/focus")
def focus() -> ResponseReturnValue:
    """Set a team's focus outcomes."""
    reader().require("researcher")
    codes = re.split(r"[\s,;]+", request.form.get("outcomes", "").strip())
    try:
        with workspace().database.writing() as writing:
            set_focus(writing, reader(), request.form.get("team", ""), codes)
    except FocusWrong as error:
        flash(f"Nothing was changed: {error}", "danger")
    else:
        flash("The focus is set.", "success")
    return redirect(url_for("targets.targets", _anchor="focus"))


def _one(target_id: int, form: TargetForm | None = None) -> ResponseReturnValue:
    found, history = find_target(session(), reader(), target_id), target_history(session(), reader(), target_id)
    if found is None and not history:
        abort(404)
    if form is None and found is not None and reader().at_least("researcher"):
        form = _form(found)
    shown = render_template("act/target.html", target=found, history=history, form=form)
    return shown, 422 if form is not None and form.is_submitted() else 200


def _form(shown: Target | None = None) -> TargetForm:
    """The form, empty or as a target stands."""
    filled = {name: getattr(shown, name) for name in TOLD} if shown is not None else {}
    terms = {name: filled.get(f"{name}_id") or 0 for name in ("team", "product", "outcome")}
    if filled and filled["wanted"] == int(filled["wanted"]):
        filled["wanted"] = int(filled["wanted"])  # 12, not 12.0
    form = TargetForm(data=filled | terms)
    teams = session().execute(select(Team.id, Team.name).order_by(Team.name))
    form.team.choices = [(0, "no team"), *((team.id, team.name) for team in teams)]
    form.product.choices = [(0, "all products"), *((p.id, p.name) for p in products_seen(session(), reader()))]
    outcomes = outcomes_in_use(session(), reader())
    form.outcome.choices = [(0, "no outcome"), *((o.id, f"{o.code} {o.name[:60]}") for o in outcomes)]
    if shown is not None:
        _keep_offered(form, shown)
    return form


def _keep_offered(form: TargetForm, shown: Target) -> None:
    """Offer also what the target is of already: else saving one of retired terms would widen it."""
    for field, term in ((form.product, shown.product), (form.outcome, shown.outcome)):
        if term is not None and term.id not in dict(field.choices):
            field.choices = [*field.choices, (term.id, f"{term.code} {term.name[:60]} ({term.status})")]


def _page(form: TargetForm | None) -> str:
    lines = list_targets(session(), reader())
    return render_template(
        "act/targets.html",
        tab="targets.targets",
        lines=lines,
        total=total_words(lines),
        form=form,
        focus=read_focus(session(), reader()),
    )
