"""The glossary, the page of an instrument, and the usability kit."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from insightrepo.scores.glossary import glossary
from insightrepo.scores.waves.instruments import EDITABLE, InstrumentUnknown, edit_instrument, read_instrument
from insightrepo.scores.waves.usability_kit import (
    POINTS,
    QUESTIONS,
    NothingToTry,
    UsabilityKit,
    docx,
    kit_choices,
    markdown,
    results_csv,
    usability_kit,
)
from insightrepo.scores.waves.waves import scale_text
from insightrepo.taxonomy.reading import UnknownTerm
from insightrepo.web.errors import page
from insightrepo.web.formatting import sentence
from insightrepo.web.request import reader, session, workspace
from insightrepo.web.wave_forms import InstrumentForm

blueprint = Blueprint("glossary", __name__)
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
KINDS = {"outcome": "Outcomes", "measure": "Measures", "statistic": "Beside the figures",
         "metric": "Metrics", "segment": "Segments",
         "instrument": "Instruments"}  # fmt: skip


@blueprint.errorhandler(InstrumentUnknown)
def _not_there(_error: InstrumentUnknown) -> ResponseReturnValue:
    return page(404)


@blueprint.get("/glossary")
def words() -> ResponseReturnValue:
    """Every term with its definition, wording and permalink."""
    return render_template("waves/glossary.html", entries=glossary(session(), reader()), kinds=KINDS)


@blueprint.route("/instruments/<id:instrument_id>", methods=["GET", "POST"])
def instrument(instrument_id: int) -> ResponseReturnValue:
    """What was asked, how, and in which waves; researchers without limits correct its words here."""
    reading = read_instrument(session(), instrument_id)
    form = InstrumentForm(obj=reading.instrument)
    if request.method == "POST":
        reader().require_change_global()
        if form.validate():
            changes = {name: getattr(form, name).data or "" for name in EDITABLE}
            try:
                with workspace().database.writing() as writing:
                    chosen = read_instrument(writing, instrument_id).instrument
                    edit_instrument(writing, reader(), chosen, str(form.note.data), **changes)
                flash("It is kept as a new version. Frozen issues keep the words of their time.", "success")
                return redirect(url_for("glossary.instrument", instrument_id=instrument_id))
            except ValueError as error:
                form.form_errors.append(sentence(error))
    shown = render_template("waves/instrument.html", reading=reading, instrument=reading.instrument, form=form,
                            scale=scale_text(reading.instrument), may_edit=reader().may_change_global)  # fmt: skip
    return shown, 422 if form.errors else 200


@blueprint.get("/usability-kit")
def kit() -> ResponseReturnValue:
    """Choose outcomes or a product; the script to read or to print, and the files."""
    made, trouble = None, ""
    try:
        made = _kit()
    except (NothingToTry, UnknownTerm) as error:
        trouble = str(error) if request.args.getlist("outcome") or request.args.get("product") else ""
    shown = render_template(
        "waves/kit.html", kit=made, trouble=trouble, offered=kit_choices(session(), reader()), questions=QUESTIONS,
        points=POINTS, chosen=request.args.getlist("outcome"), product=request.args.get("product"),
    )  # fmt: skip
    return shown, 422 if trouble else 200


@blueprint.get("/usability-kit/script.docx")
def kit_word() -> ResponseReturnValue:
    """The script as a Word document."""
    return _file(docx, WORD, "usability-script.docx")


@blueprint.get("/usability-kit/script.md")
def kit_markdown() -> ResponseReturnValue:
    """The script as Markdown."""
    return _file(lambda made: markdown(made).encode(), "text/markdown", "usability-script.md")


@blueprint.get("/usability-kit/results.csv")
def kit_results() -> ResponseReturnValue:
    """The empty file of results."""
    return _file(lambda made: results_csv(made).encode(), "text/csv", "usability-results.csv")


def _file(write: Callable[[UsabilityKit], bytes], kind: str, name: str) -> ResponseReturnValue:
    try:
        made = _kit()
    except (NothingToTry, UnknownTerm) as error:
        return page(404, sentence(error))
    return send_file(BytesIO(write(made)), kind, as_attachment=True, download_name=name)


def _kit() -> UsabilityKit:
    outcomes = [code for code in request.args.getlist("outcome") if code]
    return usability_kit(session(), reader(), outcomes, request.args.get("product") or None)
