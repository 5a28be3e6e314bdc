"""Administration: jobs, health of the indexes, settings, audit log, adoption. People are in admin_people.py."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import HiddenField
from wtforms.validators import AnyOf

from insightrepo.accounts.adoption import FEWEST, adoption
from insightrepo.accounts.audit_reading import PER_PAGE, AuditQuery, audit_sheet, note_export, read_audit
from insightrepo.accounts.people import require_administration
from insightrepo.library.imports.import_jobs import KIND, NotNow, list_all_jobs
from insightrepo.library.indexing.indexing import notes
from insightrepo.library.indexing.upkeep_jobs import KINDS, latest_upkeep, start_upkeep
from insightrepo.library.search.search_gaps import list_gaps
from insightrepo.settings_shown import settings_in_force
from insightrepo.web.address import page_number
from insightrepo.web.downloads import download
from insightrepo.web.errors import page
from insightrepo.web.formatting import sentence
from insightrepo.web.request import reader, session, workspace
from insightrepo.web.visits import keep_now

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
JOBS_FIRST, GAPS = 8, 20  # that are shown


class UpkeepForm(FlaskForm):
    """What is to be done with the indexes."""

    kind = HiddenField(validators=[AnyOf(KINDS)])


@blueprint.before_request
def _administrators_without_limits_only() -> None:
    if current_user.is_authenticated:
        require_administration(reader())


@blueprint.errorhandler(NotNow)
def _not_now(error: NotNow) -> ResponseReturnValue:
    return page(409, f"{sentence(error)} Reload the page to see how it ends.")


@blueprint.get("")
def overview() -> ResponseReturnValue:
    """Whether all is well, and what runs."""
    upkeep = [found for kind in KINDS if (found := latest_upkeep(workspace(), session(), kind))]
    jobs = list_all_jobs(workspace(), session(), reader(), JOBS_FIRST)
    return render_template(
        "admin/overview.html", upkeep=upkeep, jobs=jobs, by_browser=KIND, notes=notes(workspace()),
        under_way=any(one.under_way for one in upkeep), adopted=adoption(session(), reader(), dt.date.today()),
    )  # fmt: skip


@blueprint.post("/indexes")
def indexes() -> ResponseReturnValue:
    """Compare or rebuild the indexes, aside."""
    form = UpkeepForm()
    if not form.validate():
        return page(400)
    start_upkeep(workspace(), reader(), form.kind.data)
    flash("It runs aside; this page shows how it ends.", "info")
    return redirect(url_for("admin.overview", _anchor="indexes"))


@blueprint.get("/jobs")
def jobs() -> ResponseReturnValue:
    """The latest jobs of everybody."""
    found = list_all_jobs(workspace(), session(), reader(), 200)
    return render_template("admin/jobs.html", jobs=found, by_browser=KIND)


@blueprint.get("/settings")
def settings() -> ResponseReturnValue:
    """The settings in force."""
    return render_template("admin/settings.html", settings=settings_in_force(workspace().settings))


@blueprint.get("/audit")
def audit() -> ResponseReturnValue:
    """The audit log, searched."""
    asked, number = _asked(), page_number(request.args)
    lines, total = read_audit(session(), reader(), asked, number)
    pages = max(1, -(-total // PER_PAGE))
    return render_template("admin/audit.html", lines=lines, total=total, asked=asked, page=number, pages=pages)


@blueprint.get("/audit.csv")
def audit_csv() -> ResponseReturnValue:
    """What was found in the audit log, as a file; that is noted in it."""
    sheet = audit_sheet(session(), reader(), _asked())
    with workspace().database.writing() as writing:
        note_export(writing, reader())
    return download(sheet, "audit", "csv")


def _asked() -> AuditQuery:
    return AuditQuery(request.args.get("q", "")[:200], _day("since"), _day("until"))


def _day(name: str) -> dt.date | None:
    try:
        found = dt.date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return found if 1 < found.year < 9999 else None


@blueprint.get("/adoption")
def adopted() -> ResponseReturnValue:
    """How widely the repository is used."""
    require_administration(reader())
    keep_now(current_app)  # what this process counted is told too
    with workspace().database.reading() as fresh:  # the request's own session may see the state of before
        found = adoption(fresh, reader(), dt.date.today())
    return render_template(
        "admin/adoption.html", found=found, fewest=FEWEST, gaps=list_gaps(session(), reader(), GAPS),
        most=max((week.people for week in found.weeks), default=0),
    )  # fmt: skip
