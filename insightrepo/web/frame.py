"""Pages about the product itself: the first steps and the keys, and every component once."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from insightrepo.library.search.hits import SearchQuery
from insightrepo.web import samples
from insightrepo.web.address import Links

blueprint = Blueprint("frame", __name__)


@blueprint.get("/help")
def help_page() -> ResponseReturnValue:
    """The first steps of each role, what the figures say, and the keys."""
    return render_template("frame/help.html")


@blueprint.get("/style")
def style() -> ResponseReturnValue:
    """Every component once, from the macros that the pages use; nothing on it is of the workspace."""
    return render_template(
        "frame/style.html",
        samples=samples,
        links=Links(SearchQuery(filters={"kind": ("verbatim",)})),
        form=samples.sample_form(),
    )
