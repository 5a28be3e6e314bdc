"""The search page: parse the address, ask the one query path, render."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from insightrepo.library.hits import FACETS
from insightrepo.library.reading import NotVisible, read_study
from insightrepo.library.search import search
from insightrepo.web.address import FACET_LABELS, LAST_PAGE, PER_PAGE, Links, active_filters, parse
from insightrepo.web.request import reader, session, workspace

blueprint = Blueprint("search", __name__)


@blueprint.get("/", endpoint="home")
@blueprint.get("/search", endpoint="results")
def results() -> ResponseReturnValue:
    """Hits beside the scores of their outcomes; without words the whole filter, newest first."""
    query, notes = parse(request.args)
    result = search(workspace(), session(), reader(), query)
    links = Links(query)
    return render_template(
        "search/results.html",
        query=query,
        result=result,
        links=links,
        notes=(*notes, *result.notes),
        active=active_filters(links, result, _study_title(query.study)),
        facet_names=FACETS,
        facet_labels=FACET_LABELS,
        pages=min(-(-result.total // PER_PAGE), LAST_PAGE),
    )


def _study_title(study_id: int | None) -> str | None:
    if study_id is None:
        return None
    try:
        return read_study(session(), reader(), study_id).line.title
    except NotVisible:
        return None
