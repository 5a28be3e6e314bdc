"""Numbers in the evidence that somebody has to settle before they are quoted."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import HiddenField, IntegerField, SelectField, StringField
from wtforms.validators import AnyOf, Length, NumberRange, Optional

from insightrepo.library.reading import NotVisible
from insightrepo.library.studies.quantities import CannotSettle, questioned, settle
from insightrepo.library.tagging.tagging import NotThere
from insightrepo.models import QUANTITY_UNITS
from insightrepo.web.address import page_number
from insightrepo.web.request import MAX_ID, reader, session, workspace

blueprint = Blueprint("quantities", __name__)


class SettleForm(FlaskForm):
    """What a number means: its unit, of what and of how many; or that it is no quantity."""

    word = HiddenField(validators=[AnyOf(("confirm", "dismiss"))])
    unit = SelectField("Unit", choices=[(unit, unit) for unit in QUANTITY_UNITS], validators=[Optional()])
    base = StringField("Of what", [Optional(), Length(max=200)])
    n = IntegerField("n", [Optional(), NumberRange(1, MAX_ID)])


@blueprint.get("/quantities")
def quantities() -> ResponseReturnValue:
    """The numbers that carry an open question, newest evidence first."""
    found = questioned(session(), reader(), page_number(request.args))
    return render_template(
        "quantities/list.html", found=found, units=QUANTITY_UNITS, may_settle=reader().at_least("researcher")
    )


@blueprint.post("/quantities/<id:quantity_id>")
def settle_one(quantity_id: int) -> ResponseReturnValue:
    """Keep what a researcher says of a number; back to its evidence."""
    reader().require("researcher")
    form = SettleForm()
    if not form.validate():
        field, problems = next(iter(form.errors.items()))
        flash(f"Nothing was kept: {field}: {problems[0]}", "danger")
        return redirect(url_for("quantities.quantities"))
    try:
        evidence_id = settle(
            workspace(), reader(), quantity_id,
            unit=form.unit.data, n=form.n.data, base=form.base.data or "", dismiss=form.word.data == "dismiss",
        )  # fmt: skip
    except NotThere as error:
        raise NotVisible(str(error)) from error
    except CannotSettle as error:
        flash(f"Nothing was kept: {error}", "danger")
        return redirect(url_for("quantities.quantities"))
    flash("Kept. It stays so for these words.", "success")
    return redirect(url_for("evidence.evidence", evidence_id=evidence_id, _anchor="quantities"))
