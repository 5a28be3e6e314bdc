"""Questions to researchers: the list, asking one where a search found nothing, and answering it."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import Length

from insightrepo.library.requests import (
    RequestRefused,
    answer_request,
    ask_researchers,
    list_requests,
    remove_request,
)
from insightrepo.library.search.questions import in_words
from insightrepo.library.search.search_gaps import list_gaps, remove_gap
from insightrepo.web.address import parse
from insightrepo.web.errors import page
from insightrepo.web.formatting import sentence
from insightrepo.web.links import url_for
from insightrepo.web.request import reader, session, workspace

LONGEST = 2_000  # characters that are read at all

blueprint = Blueprint("questions", __name__)


class AskForm(FlaskForm):
    """What is asked stands in the address as a search does; the form says why."""

    question = StringField("Question", [Length(max=LONGEST)])
    why = StringField("What is decided by it", [Length(max=LONGEST)])


class AnswerForm(FlaskForm):
    """What came of a question."""

    state = StringField("State", [Length(max=20)])
    answer = StringField("Answer", [Length(max=LONGEST)])


class RemoveForm(FlaskForm):
    """Takes a question away; `back` is "home" where its button stands there."""

    back = StringField("Back", [Length(max=20)])


@blueprint.get("/questions")
def questions() -> ResponseReturnValue:
    """The questions: all and the searches in vain for researchers, one's own for others."""
    may_answer = reader().at_least("researcher")
    return render_template(
        "questions/list.html",
        requests=list_requests(session(), reader()),
        gaps=list_gaps(session(), reader()) if may_answer else (),
        may_answer=may_answer,
        in_words=in_words,
    )


@blueprint.post("/questions")
def ask() -> ResponseReturnValue:
    """Ask the researchers what a search did not answer."""
    form = AskForm()
    if not form.validate():
        return page(400)
    query, _ = parse(request.args)
    if form.question.data:
        query = replace(query, words=form.question.data.strip())
    try:
        number = ask_researchers(workspace(), reader(), query, form.why.data or "")
    except RequestRefused as error:
        flash(f"Nothing was asked. {sentence(error)}", "danger")
        return redirect(f"{url_for('questions.questions')}#ask")
    flash("The researchers see your question. The answer will stand here and on your home page.", "success")
    return redirect(f"{url_for('questions.questions')}#request-{number}")


@blueprint.post("/questions/<id:request_id>")
def answer(request_id: int) -> ResponseReturnValue:
    """Say what came of a question; for researchers."""
    reader().require("researcher")
    form = AnswerForm()
    if not form.validate():
        return page(400)
    try:
        answer_request(workspace(), reader(), request_id, form.state.data or "", form.answer.data or "")
    except RequestRefused as error:
        flash(f"Nothing was kept. {sentence(error)}", "danger")
    else:
        flash("Kept. Whoever asked sees it.", "success")
    return redirect(f"{url_for('questions.questions')}#request-{request_id}")


@blueprint.post("/questions/<id:request_id>/remove")
def remove(request_id: int) -> ResponseReturnValue:
    """Take a question away for good; for researchers and whoever asked it."""
    if not RemoveForm().validate():
        return page(400)
    remove_request(workspace(), reader(), request_id)
    flash("The question is removed.", "info")
    return redirect(url_for("questions.questions"))


@blueprint.post("/questions/in-vain/<id:gap_id>/remove")
def remove_search(gap_id: int) -> ResponseReturnValue:
    """Take a search in vain off the list; for researchers."""
    form = RemoveForm()
    if not form.validate():
        return page(400)
    remove_gap(workspace(), reader(), gap_id)
    flash("The search is removed from the list.", "info")
    if form.back.data == "home":
        return redirect(url_for("home.home", _anchor="asked"))
    return redirect(url_for("questions.questions", _anchor="gaps"))
