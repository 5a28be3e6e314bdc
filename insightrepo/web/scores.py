"""Explain this number: everything behind one score."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from insightrepo.scores import explaining
from insightrepo.web.request import reader, session

blueprint = Blueprint("scores", __name__)


@blueprint.get("/scores/<id:score_id>/explain")
def explain(score_id: int) -> ResponseReturnValue:
    """Inputs, formula, exclusions, weights, wave, version and test of a score that the reader may see."""
    return render_template("scores/explain.html", one=explaining.explain(session(), reader(), score_id))
