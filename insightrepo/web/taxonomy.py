"""The pages of products, segments and tasks: what each is, how its outcomes stand, what people did and said."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from insightrepo.library.terms.products import list_products, read_product
from insightrepo.library.terms.segments import list_segments, read_segment
from insightrepo.library.terms.tasks import MEASURED, SHOWN, read_task
from insightrepo.scores.acting.cell_outcomes import SORTS
from insightrepo.web.request import reader, session, workspace

blueprint = Blueprint("taxonomy", __name__)


@blueprint.get("/products")
def products() -> ResponseReturnValue:
    """The tree of products, each with its largest gap, tasks and evidence."""
    return render_template("taxonomy/products.html", products=list_products(workspace(), session(), reader()))


@blueprint.get("/products/<path:code>")
def product(code: str) -> ResponseReturnValue:
    """A product: its outcomes by opportunity or gap, its tasks, metrics and newest evidence."""
    sort = _sort()
    found = read_product(workspace(), session(), reader(), code, sort)
    return render_template("taxonomy/product.html", product=found, head=found.head, sort=sort, sorts=SORTS, shown=SHOWN)


@blueprint.get("/segments")
def segments() -> ResponseReturnValue:
    """The segments by dimension, each with its people and on how many outcomes it disagrees with the rest."""
    return render_template("taxonomy/segments.html", segments=list_segments(workspace(), session(), reader()))


@blueprint.get("/segments/<path:code>")
def segment(code: str) -> ResponseReturnValue:
    """A segment: where it disagrees with everybody, its outcomes and newest evidence."""
    sort = _sort()
    found = read_segment(workspace(), session(), reader(), code, sort)
    return render_template("taxonomy/segment.html", segment=found, head=found.head, sort=sort, sorts=SORTS)


@blueprint.get("/tasks/<path:code>")
def task(code: str) -> ResponseReturnValue:
    """A task: success, time and ease wave by wave and by segment, and the outcomes that it serves."""
    found = read_task(session(), reader(), code)
    return render_template("taxonomy/task.html", task=found, line=found.line, shown=SHOWN, measured=MEASURED)


def _sort() -> str:
    asked = request.args.get("sort", "")
    return asked if asked in SORTS else "opportunity"
