"""Outcomes: the list by category, and each with its scores and strongest evidence."""

from __future__ import annotations

from itertools import groupby

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from insightrepo.library.hits import Hit, SearchQuery
from insightrepo.library.loading import load_hits
from insightrepo.library.outcome_context import read_context
from insightrepo.library.outcomes import list_outcomes, read_outcome
from insightrepo.library.search import find
from insightrepo.library.sources import source_matrix
from insightrepo.taxonomy.review import SIZE, review, review_outcome
from insightrepo.web.request import reader, session, workspace
from insightrepo.web.trend import draw

STRONGEST = 5

blueprint = Blueprint("outcomes", __name__)


@blueprint.get("/outcomes")
def outcomes() -> ResponseReturnValue:
    """All outcomes by category, each with its current score."""
    found = list_outcomes(session(), reader())
    retired = [line for line in found if line.status == "retired"]
    groups = groupby((line for line in found if line.status != "retired"), key=lambda line: line.category)
    categories = [(category or "Without a category", list(lines)) for category, lines in groups]
    if retired:
        categories.append(("Retired", retired))
    return render_template("outcomes/list.html", categories=categories, total=len(found), may_review=_may_review())


@blueprint.get("/outcomes/review")
def register() -> ResponseReturnValue:
    """The state of the register, for those who may change it: statements, overlaps, what outcomes lack."""
    return render_template("outcomes/review.html", review=review(session(), reader(), workspace()), size=SIZE)


@blueprint.get("/outcomes/<path:code>")
def outcome(code: str) -> ResponseReturnValue:
    """The statement, its scores by wave, segment and product, and the strongest evidence."""
    reading = read_outcome(session(), reader(), code)
    evidence, total = _strongest(reading.line.code)
    context = read_context(session(), reader(), reading.line.code)
    points = [wave.point for wave in reading.waves]
    return render_template(
        "outcomes/outcome.html",
        outcome=reading,
        page=context,
        sources=source_matrix(session(), reader(), reading.line.code),
        trend=draw(points, reading.measure, reading.unit),
        evidence=evidence,
        total=total,
        reviewed=review_outcome(session(), reader(), workspace(), reading.line.code),
    )


def _may_review() -> bool:
    return reader().at_least("researcher")


def _strongest(code: str) -> tuple[tuple[Hit, ...], int]:
    """The newest evidence whose tag was confirmed, then the newest that a machine tagged; and their number."""
    filters: dict[str, tuple[str, ...]] = {"outcome": (code,)}
    confirmed = find(workspace(), session(), reader(), SearchQuery(filters=filters, verified=True))
    everything = find(workspace(), session(), reader(), SearchQuery(filters=filters))
    ids = list(dict.fromkeys((*confirmed.ids[:STRONGEST], *everything.ids[: 2 * STRONGEST])))[:STRONGEST]
    language = workspace().settings.language
    hits = load_hits(session(), reader(), ids, everything.resolved, {}, everything.parsed, language)
    return hits, len(everything.within)
