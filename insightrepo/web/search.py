"""The search page: parse the address, ask the one query path, render."""

from __future__ import annotations

from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from insightrepo.library.completion import complete
from insightrepo.library.hits import FACETS
from insightrepo.library.reading import NotVisible, read_study
from insightrepo.library.relaxing import relaxed
from insightrepo.library.search import search
from insightrepo.library.search_gaps import keep_gap
from insightrepo.web.address import FACET_LABELS, LAST_PAGE, MAX_WORDS, PER_PAGE, Links, active_filters, parse
from insightrepo.web.judgements import judging
from insightrepo.web.request import reader, session, workspace

blueprint = Blueprint("search", __name__)


@blueprint.get("/search")
def results() -> ResponseReturnValue:
    """Hits beside the scores of their outcomes; without words the whole filter, newest first."""
    query, notes = parse(request.args)
    result = search(workspace(), session(), reader(), query)
    keep_gap(workspace(), result)
    links = Links(query)
    return render_template(
        "search/results.html",
        query=query,
        result=result,
        judging=judging(query, result),
        links=links,
        notes=(*notes, *result.unplaced_notes),
        active=active_filters(links, result, _study_title(query.study)),
        facet_names=FACETS,
        facet_labels=FACET_LABELS,
        pages=min(-(-result.total // PER_PAGE), LAST_PAGE),
        relaxed=() if result.total else [(way, Links(way.query).here()) for way in _ways_out(query)],
    )


@blueprint.get("/search/complete")
def completions() -> ResponseReturnValue:
    """What the word at a cursor may be completed to: a list of label, detail, insert, start, end and count."""
    typed = request.args.get("q", "")[:MAX_WORDS]
    at = request.args.get("at", "")
    cursor = min(int(at), len(typed)) if at.isascii() and at.isdigit() and len(at) < 6 else len(typed)
    found = complete(workspace(), session(), reader(), typed, cursor)
    return jsonify([vars(completion) for completion in found])


def _ways_out(query):
    return relaxed(workspace(), session(), reader(), query)


def _study_title(study_id: int | None) -> str | None:
    if study_id is None:
        return None
    try:
        return read_study(session(), reader(), study_id).line.title
    except NotVisible:
        return None
