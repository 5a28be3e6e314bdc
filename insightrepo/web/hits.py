"""What can be done with a hit where it stands: open it with its surroundings, cite it."""

from __future__ import annotations

from flask import Blueprint, jsonify, render_template, request
from flask import url_for as made_url
from flask.typing import ResponseReturnValue

from insightrepo.library.search.citing import as_html, as_markdown, as_text, cite
from insightrepo.library.search.hits import CELL_AXES
from insightrepo.library.search.surroundings import read_surroundings
from insightrepo.locales import ISO, speaking
from insightrepo.web.request import reader, session
from insightrepo.web.visits import count

blueprint = Blueprint("hits", __name__)


@blueprint.get("/evidence/<id:evidence_id>/around")
def around(evidence_id: int) -> ResponseReturnValue:
    """What stands around the evidence: a page, or only the part of it that a script puts under the hit."""
    found = read_surroundings(session(), reader(), evidence_id)
    return render_template("search/_around.html" if "part" in request.args else "search/around.html", around=found)


@blueprint.get("/evidence/<id:evidence_id>/cite")
def citation(evidence_id: int) -> ResponseReturnValue:
    """The citation in three forms, to be copied; as JSON for the script that copies it. Its scores
    are of the segment and product that the address names, which the hit was found by."""
    address = made_url("evidence.evidence", evidence_id=evidence_id, _external=True)
    cell = {axis: code for axis in CELL_AXES if (code := request.args.get(axis, ""))}
    with speaking(ISO):  # it is taken elsewhere, and is the same whoever takes it
        found = cite(session(), reader(), evidence_id, address, cell)
        forms = {"text": as_text(found), "markdown": as_markdown(found), "html": as_html(found)}
    count("citations")
    if request.accept_mimetypes.best == "application/json":
        return jsonify(forms)
    return render_template("search/cite.html", citation=found, **forms)
