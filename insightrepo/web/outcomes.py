"""Outcomes: the list by category, and each with its scores and strongest evidence."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from insightrepo.library.decisions import decisions_of
from insightrepo.library.hits import Hit, SearchQuery
from insightrepo.library.loading import load_hits
from insightrepo.library.outcome_context import read_context
from insightrepo.library.outcome_list import GROUPS, LACKS, ListWanted, list_outcomes
from insightrepo.library.outcomes import read_outcome
from insightrepo.library.search import find
from insightrepo.library.sources import source_matrix
from insightrepo.scores.cell_outcomes import SORTS
from insightrepo.taxonomy.review import SIZE, review, review_outcome
from insightrepo.web.request import reader, session, workspace
from insightrepo.web.trend import draw

STRONGEST = 5

blueprint = Blueprint("outcomes", __name__)


@blueprint.get("/outcomes")
def outcomes() -> ResponseReturnValue:
    """The register: grouped, sorted and filtered as the address says."""
    wanted = _wanted()
    found = list_outcomes(workspace(), session(), reader(), wanted)
    options = {
        "statuses": [(name, f"{name} ({number})") for name, number in found.statuses],
        "owners": [(name, f"{name} ({number})") for name, number in found.owners],
        "lacking": [(name, f"{LACKS[name]} ({number})") for name, number in found.lacking],
    }
    return render_template(
        "outcomes/list.html", found=found, wanted=wanted, options=options, groups=GROUPS, sorts=SORTS,
        filtered=found.shown != found.total, may_review=_may_review(),
    )  # fmt: skip


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
        decisions=decisions_of(session(), reader(), [reading.line.code]).get(reading.line.code, ()),
        may_decide=reader().at_least("contributor"),
        reviewed=review_outcome(session(), reader(), workspace(), reading.line.code),
    )


def _wanted() -> ListWanted:
    """What the address asks of the list; what makes no sense is left out."""
    asked = {name: request.args.get(name, "").strip() for name in ("status", "owner", "lacking", "group", "sort")}
    return ListWanted(
        status=asked["status"],
        owner=asked["owner"],
        lacking=asked["lacking"] if asked["lacking"] in LACKS else "",
        group=asked["group"] if asked["group"] in GROUPS else "category",
        sort=asked["sort"] if asked["sort"] in SORTS else "code",
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
