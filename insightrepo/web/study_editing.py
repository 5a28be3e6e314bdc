"""A study is published, withdrawn, brought back, and its facts are set by those who may."""

from __future__ import annotations

from flask import Blueprint, Flask, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from insightrepo.library.imports.safe_names import workspace_redactor
from insightrepo.library.indexing.indexing import drain
from insightrepo.library.readings import StudyLine
from insightrepo.library.studies.seen_studies import seen_studies
from insightrepo.library.studies.study_editing import FactsRefused, StudyFacts, edit_study, facts_now
from insightrepo.library.studies.study_states import (
    StateRefused,
    Steps,
    bring_back,
    publish,
    seen_study,
    steps_of,
    withdraw,
)
from insightrepo.web.errors import page
from insightrepo.web.formatting import sentence
from insightrepo.web.request import reader, session, workspace
from insightrepo.web.study_forms import EditForm, StateForm

blueprint = Blueprint("study_editing", __name__)


def setup(app: Flask) -> None:
    """Let templates ask what the reader may do with a study, and have the form for it."""
    app.jinja_env.globals["study_steps"] = _steps
    app.jinja_env.globals["state_form"] = lambda: StateForm(formdata=None)


def _steps(line: StudyLine) -> Steps:
    return steps_of(reader(), line.state, line.owner_id)


@blueprint.post("/studies/<id:study_id>/state")
def state(study_id: int) -> ResponseReturnValue:
    """Publish, withdraw with a reason, or bring back."""
    form = StateForm()
    if not form.validate():
        return page(400)
    redactor = workspace_redactor(workspace())
    try:
        with workspace().database.writing() as writing:
            if form.action.data == "publish":
                publish(writing, reader(), study_id)
                said = "The study is published: everybody whose clearance and scope allow it finds it."
            elif form.action.data == "withdraw":
                withdraw(writing, reader(), study_id, form.reason.data or "", redactor)
                said = "The study is withdrawn; its owner and administrators still see it and may bring it back."
            else:
                said = f"The study is {_back_words(bring_back(writing, reader(), study_id))} again."
    except StateRefused as error:
        flash(f"Nothing was changed: {error}.", "danger")
    else:
        flash(said, "success")
    return _back(study_id)


def _back_words(state: str) -> str:
    return "a draft" if state == "draft" else state


def _back(study_id: int) -> ResponseReturnValue:
    """To the study, or to the list where the reader does not see it any more."""
    with workspace().database.reading() as fresh:
        seen = study_id in seen_studies(fresh, reader())
    return redirect(url_for("studies.study", study_id=study_id) if seen else url_for("studies.studies"))


@blueprint.get("/studies/<id:study_id>/edit")
def edit(study_id: int) -> ResponseReturnValue:
    """The form with the facts as they are."""
    facts = facts_now(seen_study(session(), reader(), study_id))
    form = EditForm(formdata=None)
    form.offer(reader())
    form.keep_offered(facts)
    form.show(facts)
    return _page(study_id, facts, form, 200)


@blueprint.post("/studies/<id:study_id>/edit")
def change(study_id: int) -> ResponseReturnValue:
    """Set the facts."""
    before = facts_now(seen_study(session(), reader(), study_id))
    form = EditForm()
    form.offer(reader())
    form.keep_offered(before)
    if not form.validate():
        return _page(study_id, before, form, 422)
    redactor = workspace_redactor(workspace())
    try:
        with workspace().database.writing() as writing:
            changed = edit_study(writing, reader(), study_id, form.facts(), redactor)
    except FactsRefused as error:
        field, why = error.args
        target = form._fields.get(field, form.title)
        target.errors = [sentence(why)]
        return _page(study_id, before, form, 422)
    if changed:
        drain(workspace(), work_seconds=2)  # somebody waits for the page
    flash("The study is changed." if changed else "Nothing was different.", "success" if changed else "info")
    return _back(study_id)


def _page(study_id: int, facts: StudyFacts, form: EditForm, code: int) -> ResponseReturnValue:
    return render_template("studies/edit.html", study_id=study_id, title=facts.title, form=form), code
