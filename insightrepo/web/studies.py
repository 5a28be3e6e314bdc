"""Studies, their documents read in place, and originals for those who may have them."""

from __future__ import annotations

from io import BytesIO

from flask import Blueprint, abort, render_template, request, send_file
from flask.typing import ResponseReturnValue

from insightrepo.accounts.audit import record
from insightrepo.library.originals import OriginalMissing
from insightrepo.library.reading import (
    STUDIES_PER_PAGE,
    find_original,
    list_studies,
    may_have_original,
    read_document,
)
from insightrepo.library.studies.study_hub import read_study_hub
from insightrepo.web.address import page_number
from insightrepo.web.layout import lay_out, speaking_of, spoken_of
from insightrepo.web.request import is_id, reader, session, workspace

blueprint = Blueprint("studies", __name__)


@blueprint.get("/studies")
def studies() -> ResponseReturnValue:
    """The studies that the reader may see, newest first; `?method=` those of one method."""
    method = request.args.get("method")
    found = list_studies(session(), reader(), page_number(request.args), method)
    pages = max(1, -(-found.total // STUDIES_PER_PAGE))
    return render_template("studies/list.html", found=found, pages=pages, method=method)


@blueprint.get("/studies/<id:study_id>")
def study(study_id: int) -> ResponseReturnValue:
    """A study: what it is and says by outcome, its insights, documents, and who spoke."""
    hub = read_study_hub(workspace(), session(), reader(), study_id)
    return render_template(
        "studies/study.html",
        hub=hub,
        downloads=may_have_original(reader(), hub.detail.line),
        may_write=reader().at_least("contributor"),
    )


@blueprint.get("/studies/<id:study_id>/documents/<id:document_id>")
def document(study_id: int, document_id: int) -> ResponseReturnValue:
    """A document with its passages marked in place; `?evidence=` highlights one, `?outcome=` those of an outcome."""
    wanted = request.args.get("evidence", "")
    chosen = int(wanted) if is_id(wanted) else None
    page = page_number(request.args)
    reading = read_document(session(), reader(), study_id, document_id, page=page, evidence_id=chosen)
    if "page" in request.args and chosen and reading.page != page:
        chosen = None  # the reader has turned the page since
        reading = read_document(session(), reader(), study_id, document_id, page=page)
    about = request.args.get("outcome", "")
    marked = speaking_of(reading, about)
    template = "studies/rows.html" if reading.document.is_data else "studies/document.html"
    return render_template(
        template,
        reading=reading,
        layout=lay_out(reading, chosen, marked),
        outcomes=spoken_of(reading),
        about=about if marked else "",
        marked=marked,
        chosen=next((item for item in reading.evidence if item.id == chosen), None),
        downloads=may_have_original(reader(), reading.study),
    )


@blueprint.get("/documents/<id:document_id>/original")
def original(document_id: int) -> ResponseReturnValue:
    """The original, byte for byte, as a download; who took it is written down."""
    found = find_original(session(), reader(), document_id)
    try:
        data = workspace().originals.read(found.sha256)
    except OriginalMissing:
        abort(404)
    with workspace().database.writing() as writing:
        record(writing, reader().user_id, "original.download", f"document:{document_id}", sha256=found.sha256)
    response = send_file(BytesIO(data), "application/octet-stream", as_attachment=True, download_name=found.name)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
