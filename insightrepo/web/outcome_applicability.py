"""To which segments each outcome applies: a table of boxes."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from insightrepo.scores.computing.applying import recompute_stale
from insightrepo.taxonomy.applicability import NobodyLeft, applicability, set_applicability
from insightrepo.web.outcomes import blueprint
from insightrepo.web.request import reader, session, workspace


@blueprint.get("/outcomes/applicability")
def matrix() -> ResponseReturnValue:
    """Outcomes x segments; boxes for those who may change them."""
    return _page(200)


@blueprint.post("/outcomes/applicability")
def set_matrix() -> ResponseReturnValue:
    """Set the boxes of the outcomes that were sent; scores of open waves follow."""
    reader().require("researcher")
    sent = set(request.form.getlist("outcome"))
    rows = [row for row in applicability(session(), reader()).rows if row.code in sent and row.may_change]
    wanted = {row.code: request.form.getlist(f"applies {row.code}") for row in rows}
    try:
        with workspace().database.writing() as writing:
            changed = set_applicability(writing, reader(), wanted)
    except NobodyLeft as error:
        flash(f"Nothing was changed: {error}", "danger")
        return _page(422)
    waves, refused = recompute_stale(workspace().database) if changed else ((), ())
    for sentence in refused:
        flash(sentence, "danger")
    said = f"Changed: {', '.join(changed)}." if changed else "Nothing was different, so nothing was changed."
    flash(said + (f" Scores of {', '.join(waves)} were computed again." if waves else ""), "success")
    return redirect(url_for("outcomes.matrix"))


def _page(code: int) -> ResponseReturnValue:
    found = applicability(session(), reader())
    may_change = any(row.may_change for row in found.rows)
    return render_template("outcomes/applicability.html", matrix=found, may_change=may_change), code
