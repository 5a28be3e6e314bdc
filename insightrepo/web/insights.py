"""Writing an insight into a study: the claim, the outcomes it speaks to, the evidence for and against it."""

from __future__ import annotations

import re

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from insightrepo.library.insights import LONGEST, InsightRefused, questions_of, write_insight
from insightrepo.library.reading import NotVisible, read_study
from insightrepo.library.tagging import NotThere
from insightrepo.taxonomy.reading import UnknownTerm
from insightrepo.web.request import is_id, reader, session, workspace

blueprint = Blueprint("insights", __name__)
SEPARATOR = re.compile(r"[\s,;#]+")


class InsightForm(FlaskForm):
    """A claim. `as_it_is`: its numbers leave questions open, and it is to be saved all the same."""

    text = TextAreaField("The claim", [InputRequired("Write the claim."), Length(max=LONGEST)])
    outcomes = StringField("Outcomes it speaks to", [Optional(), Length(max=500)])
    supports = StringField("Evidence for it", [Optional(), Length(max=500)])
    contradicts = StringField("Evidence against it", [Optional(), Length(max=500)])
    as_it_is = BooleanField("Save it as it is; the questions stay with it")


@blueprint.get("/studies/<id:study_id>/insights/new")
def new(study_id: int) -> ResponseReturnValue:
    """The form; `supports` and `contradicts` in the address are ids of evidence to begin with."""
    reader().require("contributor")
    form = InsightForm(request.args, meta={"csrf": True})
    return _page(study_id, form, 200)


@blueprint.post("/studies/<id:study_id>/insights")
def write(study_id: int) -> ResponseReturnValue:
    """Save the claim, or show what its numbers leave open first."""
    reader().require("contributor")
    form = InsightForm()
    if not form.validate():
        return _page(study_id, form, 422)
    if questions_of(str(form.text.data)) and not form.as_it_is.data:
        return _page(study_id, form, 422)
    try:
        evidence_id = write_insight(
            workspace(), reader(), study_id, str(form.text.data),
            outcomes=_names(form.outcomes.data), supports=_ids(form.supports), contradicts=_ids(form.contradicts),
        )  # fmt: skip
    except NotThere as error:
        if str(error).startswith("there is no study"):
            raise NotVisible(str(error)) from error
        return _refused(study_id, form, f"{error}: give the numbers of evidence that you can open")
    except (InsightRefused, UnknownTerm) as error:
        return _refused(study_id, form, str(error))
    flash("The insight is saved and can be found.", "success")
    return redirect(url_for("evidence.evidence", evidence_id=evidence_id))


def _refused(study_id: int, form: InsightForm, why: str) -> ResponseReturnValue:
    flash(f"Nothing was saved: {why}", "danger")
    return _page(study_id, form, 422)


def _page(study_id: int, form: InsightForm, code: int) -> ResponseReturnValue:
    study = read_study(session(), reader(), study_id)
    questions = questions_of(str(form.text.data or ""))
    return render_template("insights/new.html", study=study.line, form=form, questions=questions), code


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _ids(field: StringField) -> list[int]:
    words = [word for word in SEPARATOR.split(field.data or "") if word]
    for word in words:
        if not is_id(word):
            raise InsightRefused(f"{field.label.text}: {word!r} is not the number of a piece of evidence")
    return [int(word) for word in words]
