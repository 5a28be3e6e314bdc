"""A piece of evidence under its permanent address, and a researcher's word on its tags."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField
from wtforms.validators import AnyOf, InputRequired, Length

from insightrepo.library.reading import NotVisible, read_evidence
from insightrepo.library.studies.quantities import quantities_of
from insightrepo.library.tagging.tagging import NotThere, vote
from insightrepo.models import AXES, QUANTITY_UNITS
from insightrepo.taxonomy.reading import UnknownTerm
from insightrepo.web.errors import page
from insightrepo.web.insights import life
from insightrepo.web.request import is_id, reader, session, workspace

blueprint = Blueprint("evidence", __name__)
WORDS = {"accept": "accepted", "reject": "rejected"}


class VoteForm(FlaskForm):
    """A person's word on one tag; a code that the evidence has no tag of yet adds it."""

    axis = HiddenField(validators=[AnyOf(AXES)])
    code = StringField("Code", [InputRequired(), Length(max=300)])
    word = HiddenField(validators=[AnyOf(tuple(WORDS))])


@blueprint.get("/evidence/<id:evidence_id>")
def evidence(evidence_id: int) -> ResponseReturnValue:
    """The words, who and when, all places, tags with every vote, links."""
    return _page(evidence_id, VoteForm(), 200)


@blueprint.post("/evidence/<id:evidence_id>/tags")
def tag(evidence_id: int) -> ResponseReturnValue:
    """Accept or reject a tag as a person; only researchers may."""
    reader().require("researcher")
    form = VoteForm()
    if not form.validate():
        return page(400)
    axis, code, word = str(form.axis.data), str(form.code.data), str(form.word.data)
    try:
        vote(workspace(), reader(), evidence_id, axis, code, word == "accept")
    except NotThere as error:
        raise NotVisible(str(error)) from error
    except UnknownTerm as error:
        flash(f"Nothing was changed: {error}", "danger")
        return _page(evidence_id, form, 422)
    flash(f"You {WORDS[word]} {code}. It stays so until you say otherwise.", "success")
    job = request.form.get("job", "")  # the import on whose page the tag was looked at
    if is_id(job):
        return redirect(url_for("importing.job", job_id=int(job), _anchor="uncertain"))
    return redirect(url_for("evidence.evidence", evidence_id=evidence_id, _anchor="tags"))


def _page(evidence_id: int, form: VoteForm, code: int) -> ResponseReturnValue:
    detail = read_evidence(session(), reader(), evidence_id)
    return render_template(
        "evidence/evidence.html",
        detail=detail,
        hit=detail.hit,
        form=form,
        insight=life(session(), reader(), detail) if detail.hit.kind == "insight" else None,
        quantities=quantities_of(session(), reader(), evidence_id),
        units=QUANTITY_UNITS,
        may_vote=reader().at_least("researcher"),
        may_write=reader().at_least("contributor"),
    ), code
