"""Outcomes: the list by category, and each with its scores and strongest evidence."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from insightrepo.library.terms.outcome_hub import read_hub
from insightrepo.library.terms.outcome_list import GROUPS, LACKS, ListWanted, list_outcomes
from insightrepo.scores.acting.cell_outcomes import SORTS
from insightrepo.taxonomy.review import SIZE, review, review_outcome
from insightrepo.web.request import reader, session, workspace
from insightrepo.web.trend import draw

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
    """The hub: statement, scores by wave, segment and product, tasks, what is said and what links to it."""
    hub = read_hub(workspace(), session(), reader(), code)
    reading = hub.reading
    return render_template(
        "outcomes/outcome.html",
        hub=hub,
        outcome=reading,
        page=hub.context,
        sources=hub.sources,
        decisions=hub.decisions,
        may_decide=reader().at_least("contributor"),
        trend=draw(
            [wave.point for wave in reading.waves], reading.measure, reading.unit,
            events=[(one.first_day, one.text) for one in hub.happened],
        ),
        reviewed=review_outcome(session(), reader(), workspace(), reading.line.code),
    )  # fmt: skip


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
