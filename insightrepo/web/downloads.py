"""Lists as files, CSV or XLSX: the scores with the filters of `insightrepo scores show`, and any sheet."""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from insightrepo.scores.acting.exporting import Sheet, score_sheet, written
from insightrepo.scores.chips import show
from insightrepo.taxonomy.reading import UnknownTerm
from insightrepo.web.errors import page
from insightrepo.web.request import reader, session

TYPES = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
FILTERS = ("wave", "outcome", "segment", "product", "measure")

blueprint = Blueprint("downloads", __name__)


@blueprint.get("/scores.<any(csv, xlsx):kind>")
def scores(kind: str) -> ResponseReturnValue:
    """Scores within the reader's scopes as a file; the address filters as the options of the command do."""
    wanted = {name: request.args[name].strip() for name in FILTERS if request.args.get(name, "").strip()}
    try:
        rows = show(session(), reader(), **wanted)
    except (UnknownTerm, ValueError) as error:
        return page(400, detail=str(error))
    return download(score_sheet(rows), "scores", kind)


def download(sheet: Sheet, name: str, kind: str) -> Response:
    """The sheet as a file that the browser stores."""
    response = Response(written(sheet, kind), mimetype=TYPES[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response
