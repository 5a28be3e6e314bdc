"""The search page: parse the address, ask the one query path, render."""

from __future__ import annotations

from flask import Blueprint, jsonify, redirect, render_template, request
from flask import session as cookie
from flask.typing import ResponseReturnValue

from insightrepo.library.reading import NotVisible, study_line
from insightrepo.library.search.beginning import beginning
from insightrepo.library.search.completion import complete
from insightrepo.library.search.cotags import BY, side_by_side
from insightrepo.library.search.grouping import STUDIES_A_PAGE
from insightrepo.library.search.hits import FACETS, SearchQuery, SearchResult
from insightrepo.library.search.relaxing import relaxed
from insightrepo.library.search.search import search
from insightrepo.library.search.search_gaps import keep_gap
from insightrepo.web.address import FACET_LABELS, LAST_PAGE, MAX_WORDS, PER_PAGE, Links, active_filters, parse
from insightrepo.web.judgements import judging
from insightrepo.web.request import reader, session, workspace
from insightrepo.web.visits import count

DENSITIES = ("reading", "compact")

blueprint = Blueprint("search", __name__)


@blueprint.get("/search")
def results() -> ResponseReturnValue:
    """Hits beside the scores of their outcomes; without words the whole filter, newest first."""
    query, notes = parse(request.args)
    result = search(workspace(), session(), reader(), query)
    keep_gap(workspace(), result)
    links = Links(query)
    active = active_filters(links, result, _study_title(query.study))
    nothing_asked = not (query.words or active or result.like or query.offset or query.group != "none")
    if not nothing_asked and not query.offset:  # another page of it is no other search
        count("searches")
    return render_template(
        "search/results.html",
        query=query,
        result=result,
        density=cookie.get("density", DENSITIES[0]),
        start=beginning(session(), reader(), result) if nothing_asked and result.total else None,
        weak=result.gap is not None and result.total > 0,
        judging=judging(query, result),
        links=links,
        notes=(*notes, *result.unplaced_notes),
        active=active,
        facet_names=FACETS,
        facet_labels=FACET_LABELS,
        pages=min(_pages(query, result), LAST_PAGE),
        relaxed=() if result.total else [(way, Links(way.query).here()) for way in _ways_out(query)],
    )


@blueprint.get("/search/table")
def table() -> ResponseReturnValue:
    """The hits of the search that the address asks for, counted by outcome and a facet."""
    query, _ = parse(request.args)
    by = request.args.get("by", BY[0])
    links = Links(query)
    return render_template(
        "search/table.html",
        query=query,
        found=side_by_side(workspace(), session(), reader(), query, by if by in BY else BY[0]),
        links=links,
        names=BY,
        kept=links.here().partition("?")[2],
    )


@blueprint.post("/search/density")
def density() -> ResponseReturnValue:
    """Show hits for reading or compact, for as long as one is signed in; back to the same page."""
    wanted = request.form.get("density")
    if wanted in DENSITIES:
        cookie["density"] = wanted
    query, _ = parse(request.args)
    links = Links(query)
    return redirect(links.at_page(links.page))


@blueprint.get("/search/complete")
def completions() -> ResponseReturnValue:
    """What the word at a cursor may be completed to: a list of label, detail, insert, start, end and count."""
    typed = request.args.get("q", "")[:MAX_WORDS]
    at = request.args.get("at", "")
    cursor = min(int(at), len(typed)) if at.isascii() and at.isdigit() and len(at) < 6 else len(typed)
    found = complete(workspace(), session(), reader(), typed, cursor)
    return jsonify([vars(completion) for completion in found])


def _pages(query: SearchQuery, result: SearchResult) -> int:
    if query.group == "level":
        return 1
    return -(-result.groups_total // STUDIES_A_PAGE) if result.groups else -(-result.total // PER_PAGE)


def _ways_out(query):
    return relaxed(workspace(), session(), reader(), query)


def _study_title(study_id: int | None) -> str | None:
    if study_id is None:
        return None
    try:
        return study_line(session(), reader(), study_id).title
    except NotVisible:
        return None
