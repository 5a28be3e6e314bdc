"""Decisions: a note on an outcome, and what became of it."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import DateField, HiddenField, StringField
from wtforms.validators import Length, Optional

from insightrepo.library.terms.decisions import DecisionRefused, decide, settle
from insightrepo.web.errors import page
from insightrepo.web.formatting import sentence
from insightrepo.web.links import url_for
from insightrepo.web.request import reader, workspace

LONGEST = 2_000  # characters that are read at all

blueprint = Blueprint("decisions", __name__)


class DecisionForm(FlaskForm):
    """A note, its state, a reason and the day; `back` is where the form stands: home, else the outcome's page."""

    text = StringField("Decision", [Length(max=LONGEST)])
    state = StringField("State", [Length(max=20)], default="decided")
    reason = StringField("Reason", [Optional(), Length(max=LONGEST)])
    day = DateField("Day", [Optional()])
    back = HiddenField()


@blueprint.post("/outcomes/<path:code>/decisions")
def write(code: str) -> ResponseReturnValue:
    """Keep what was decided about an outcome."""
    reader().require("contributor")
    form = DecisionForm()
    if not form.validate():
        return page(400)
    if form.day.data and form.day.data > dt.date.today():
        return _refused(code, "day: a decision is dated today or earlier")
    try:
        decide(workspace(), reader(), code, form.text.data or "", form.state.data or "", form.reason.data or "",
               form.day.data)  # fmt: skip
    except DecisionRefused as error:
        return _refused(code, str(error))
    flash(f"Kept as {form.state.data}, {code}.", "success")
    return redirect(_back(code))


@blueprint.post("/decisions/<id:decision_id>")
def become(decision_id: int) -> ResponseReturnValue:
    """Say what became of a decision."""
    reader().require("contributor")
    form = DecisionForm()
    if not form.validate():
        return page(400)
    try:
        code = settle(workspace(), reader(), decision_id, form.state.data or "", form.reason.data or "")
    except DecisionRefused as error:
        return page(400, f"{error}. Go back and send it again.")
    flash(f"Now {form.state.data}, {code}.", "success")
    return redirect(_back(code))


def _refused(code: str, why: str) -> ResponseReturnValue:
    flash(f"Nothing was kept. {sentence(why)}", "danger")
    return redirect(_back(code))


def _back(code: str) -> str:
    if request.form.get("back") == "home":
        return f"{url_for('home.home')}#outcome-{code}"
    return f"{url_for('outcomes.outcome', code=code)}#decisions"
