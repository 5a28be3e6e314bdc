"""Home: what to look at, what is new, stale and unanswered; and the products that it is about."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from insightrepo.home.page import read_home
from insightrepo.home.products import follow_products
from insightrepo.home.reasons import RULE
from insightrepo.taxonomy.reading import UnknownTerm
from insightrepo.web.links import url_for
from insightrepo.web.request import reader, session, workspace

SHOWN = 10  # rows of the list before "all"

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """The ranked list and what stands below it; an address of a search, which this once was, leads on to it."""
    if any(name != "all" for name in request.args):
        return redirect(f"{url_for('search.results')}?{request.query_string.decode('utf-8', 'replace')}", 301)
    found = read_home(workspace(), session(), reader())
    return render_template(
        "home/home.html",
        home=found,
        rows=found.attention.rows if "all" in request.args else found.attention.rows[:SHOWN],
        rule=RULE,
        may_decide=reader().at_least("contributor"),
        may_answer=reader().at_least("researcher"),
    )


@blueprint.post("/products")
def follow() -> ResponseReturnValue:
    """Keep which products are mine; none: all."""
    try:
        with workspace().database.writing() as writing:
            mine = follow_products(writing, reader(), request.form.getlist("product"))
    except UnknownTerm as error:
        flash(f"Products: {error}. Nothing was changed.", "danger")
    else:
        flash(f"This page is about {mine.words} from now on.", "success")
    return redirect(url_for("home.home"))
