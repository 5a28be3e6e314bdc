"""Writing an insight into a study, changing it, looking at it again and withdrawing it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import BooleanField, HiddenField, StringField, TextAreaField
from wtforms.validators import AnyOf, InputRequired, Length, Optional

from insightrepo.accounts.access import Forbidden, Reader
from insightrepo.library.reading import NotVisible, read_evidence, study_line
from insightrepo.library.readings import EvidenceDetail
from insightrepo.library.studies.insight_editing import (
    LONGEST_REASON,
    confirm_insight,
    edit_insight,
    may_change_insight,
    restore_insight,
    withdraw_insight,
)
from insightrepo.library.studies.insight_states import outdated
from insightrepo.library.studies.insight_steps import StepShown, steps_of
from insightrepo.library.studies.insights import LONGEST, InsightRefused, questions_of, write_insight
from insightrepo.library.tagging.tagging import NotThere
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


class EditForm(FlaskForm):
    """A claim as it is to read from now on, what speaks for and against it, and why it is changed."""

    text = TextAreaField("The claim", [InputRequired("Write the claim."), Length(max=LONGEST)])
    supports = StringField("Evidence for it", [Optional(), Length(max=500)])
    contradicts = StringField("Evidence against it", [Optional(), Length(max=500)])
    reason = StringField("Why", [Optional(), Length(max=LONGEST_REASON)])
    as_it_is = BooleanField("Save it as it is; the questions stay with it")


STEPS = {
    "confirm": (confirm_insight, "Kept: it holds beside the scores of now."),
    "withdraw": (withdraw_insight, "The insight is withdrawn: it is found and counted nowhere; this page says why."),
    "restore": (restore_insight, "The insight is back and can be found."),
}


class StepForm(FlaskForm):
    """A step of an insight with its reason."""

    word = HiddenField(validators=[AnyOf(tuple(STEPS))])
    reason = StringField(validators=[InputRequired("Say why."), Length(max=LONGEST_REASON)])


@dataclass(frozen=True)
class Life:
    """What the page of an insight shows beside what it shows of all evidence."""

    steps: tuple[StepShown, ...]
    may_change: bool


def life(session: Session, reader: Reader, detail: EvidenceDetail) -> Life:
    """The steps of an insight that the reader sees, and whether it is theirs to change."""
    may_change = reader.at_least("contributor") and may_change_insight(session, reader, detail.study.id)
    return Life(steps_of(session, detail.hit.id), may_change)


@blueprint.get("/insights/look-again")
def to_look_at() -> ResponseReturnValue:
    """The insights whose scores really moved since."""
    return render_template("insights/to_look_at.html", found=outdated(session(), reader()))


@blueprint.get("/evidence/<id:evidence_id>/edit")
def edit(evidence_id: int) -> ResponseReturnValue:
    """The form, filled with the claim as it reads."""
    detail = _changeable(evidence_id)
    linked = {word: ", ".join(str(link.id) for link in detail.links if link.relation == f"is {said}")
              for word, said in (("supports", "supported by"), ("contradicts", "contradicted by"))}  # fmt: skip
    return _edit_page(detail, EditForm(text=detail.hit.text, **linked), 200)


@blueprint.post("/evidence/<id:evidence_id>/edit")
def change(evidence_id: int) -> ResponseReturnValue:
    """Keep the new revision, or show what its numbers leave open first."""
    detail, form = _changeable(evidence_id), EditForm()
    if not form.validate():
        return _edit_page(detail, form, 422)
    text = str(form.text.data)
    if text.strip() != detail.hit.text and questions_of(text) and not form.as_it_is.data:
        return _edit_page(detail, form, 422)
    try:
        changed = edit_insight(
            workspace(), reader(), evidence_id, text, str(form.reason.data or ""), supports=_ids(form.supports),
            contradicts=_ids(form.contradicts),
        )  # fmt: skip
    except (InsightRefused, NotThere) as error:
        flash(f"Nothing was saved: {error}.", "danger")
        return _edit_page(detail, form, 422)
    flash("The revision is saved." if changed else "Nothing was different.", "success")
    return redirect(url_for("evidence.evidence", evidence_id=evidence_id))


@blueprint.post("/evidence/<id:evidence_id>/step")
def step(evidence_id: int) -> ResponseReturnValue:
    """Say that it still holds, withdraw it, or bring it back."""
    _changeable(evidence_id)
    form = StepForm()
    if not form.validate():
        flash("Nothing was changed: say why.", "danger")
        return redirect(url_for("evidence.evidence", evidence_id=evidence_id))
    take, said = STEPS[str(form.word.data)]
    try:
        take(workspace(), reader(), evidence_id, str(form.reason.data))
    except InsightRefused as error:
        flash(f"Nothing was changed: {error}.", "danger")
    else:
        flash(said, "success")
    return redirect(url_for("evidence.evidence", evidence_id=evidence_id))


def _changeable(evidence_id: int) -> EvidenceDetail:
    """The insight, where it is there for the reader and theirs to change."""
    reader().require("contributor")
    detail = read_evidence(session(), reader(), evidence_id)
    if detail.hit.kind != "insight":
        raise NotVisible(f"insight {evidence_id}")
    if not may_change_insight(session(), reader(), detail.study.id):
        raise Forbidden("Only the owner of its study and researchers may change an insight.")
    return detail


def _edit_page(detail: EvidenceDetail, form: EditForm, code: int) -> ResponseReturnValue:
    text = str(form.text.data or "")
    questions = questions_of(text) if text.strip() != detail.hit.text else ()
    return render_template("insights/edit.html", hit=detail.hit, form=form, questions=questions), code


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
    study = study_line(session(), reader(), study_id)
    questions = questions_of(str(form.text.data or ""))
    return render_template("insights/new.html", study=study, form=form, questions=questions), code


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _ids(field: StringField) -> list[int]:
    words = [word for word in SEPARATOR.split(field.data or "") if word]
    for word in words:
        if not is_id(word):
            raise InsightRefused(f"{field.label.text}: {word!r} is not the number of a piece of evidence")
    return [int(word) for word in words]
