"""Writing an outcome in the browser, its versions, and warnings that a person accepts."""

from __future__ import annotations

from collections.abc import Mapping

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from insightrepo.accounts.access import visible_terms
from insightrepo.library.indexing.background import ask_for_maintenance
from insightrepo.library.reading import NotVisible
from insightrepo.library.tagging.retagging import request_retag
from insightrepo.models import Outcome
from insightrepo.scores.computing.applying import recompute_stale
from insightrepo.taxonomy.acceptance import accept_warning, take_back
from insightrepo.taxonomy.advice import Advice, advise
from insightrepo.taxonomy.editing import (
    RESCORED,
    RETAGGED,
    EditRefused,
    OutcomeDraft,
    bring_back,
    change_outcome,
    choices,
    create_outcome,
    draft_of,
    mark,
)
from insightrepo.taxonomy.life_cycle import StepRefused, changeable
from insightrepo.taxonomy.linter import Statement, lint
from insightrepo.taxonomy.review import product_names
from insightrepo.taxonomy.versions import versions
from insightrepo.web.errors import page
from insightrepo.web.outcomes import blueprint
from insightrepo.web.request import is_id, reader, session, workspace


@blueprint.get("/outcomes/new")
def new() -> ResponseReturnValue:
    """An empty editor."""
    reader().require("researcher")
    return _editor(OutcomeDraft("", ""), Advice(), {}, 200)


@blueprint.post("/outcomes/new")
def create() -> ResponseReturnValue:
    """Make a candidate, or with "check" only say what could be better at it."""
    reader().require("researcher")
    draft = _draft(request.form.get("code", ""))
    if request.form.get("action") == "check":
        return _editor(draft, _advice(draft), {}, 200)
    try:
        with workspace().database.writing() as writing:
            code = create_outcome(writing, reader(), draft).code
            request_retag(writing)
    except EditRefused as error:
        return _editor(draft, _advice(draft), error.problems, 422)
    ask_for_maintenance(workspace())
    flash(f"{code} is a candidate now.", "success")
    return redirect(url_for("outcomes.outcome", code=code))


@blueprint.get("/outcomes/<path:code>/edit")
def edit(code: str) -> ResponseReturnValue:
    """The editor with an outcome in it, for those who may change it."""
    row = mine(code)
    draft = draft_of(session(), reader(), row)
    return _editor(draft, _advice(draft, row.code), {}, 200, row)


@blueprint.post("/outcomes/<path:code>/edit")
def change(code: str) -> ResponseReturnValue:
    """Save what was written as the outcome, or with "check" only say what could be better at it."""
    row = mine(code)
    draft = _draft(row.code)
    if request.form.get("action") == "check":
        return _editor(draft, _advice(draft, row.code), {}, 200, row)
    try:
        with workspace().database.writing() as writing:
            _, changed = change_outcome(writing, reader(), row.code, draft)
            if RETAGGED & changed:
                request_retag(writing)
    except EditRefused as error:
        return _editor(draft, _advice(draft, row.code), error.problems, 422, row)
    if RESCORED & changed:
        for sentence in recompute_stale(workspace().database)[1]:
            flash(sentence, "danger")
    if RETAGGED & changed:
        ask_for_maintenance(workspace())
    flash("Saved." if changed else "Nothing was different, so nothing was changed.", "success")
    return redirect(url_for("outcomes.outcome", code=row.code))


@blueprint.post("/outcomes/check")
def check() -> ResponseReturnValue:
    """What could be better at a statement, as JSON, while it is typed."""
    sent = request.get_json(silent=True)
    if not isinstance(sent, dict):
        return page(400)
    texts = {name: sent.get(name) for name in ("job", "success_measure", "aliases", "code")}
    if not all(isinstance(text, str) for text in texts.values()):
        return page(400)
    found = advise(
        session(),
        reader(),
        workspace(),
        texts["job"],
        texts["success_measure"],
        tuple(texts["aliases"].splitlines()),
        texts["code"],
    ).as_dict()
    for neighbour in found["neighbours"]:
        neighbour["url"] = url_for("outcomes.outcome", code=neighbour["code"])
    return found


@blueprint.post("/outcomes/<path:code>/warnings")
def accept(code: str) -> ResponseReturnValue:
    """Accept a warning on the wording as it stands, with a reason, or let it speak again."""
    row = mine(code)
    wanted = request.form.get("warning", "")
    statement = Statement(row.job, row.success_measure, tuple(row.aliases))
    found = lint(statement, product_names(session(), reader()), workspace().settings.language == "en")
    warning = next((w for w in found if f"{w.code}|{w.field}|{w.start}" == wanted), None)
    if warning is None:
        flash("The wording has changed meanwhile: that warning is gone.", "info")
        return redirect(url_for("outcomes.outcome", code=row.code, _anchor="better"))
    try:
        with workspace().database.writing() as writing:
            term = changeable(writing, reader(), row.code)
            if request.form.get("action") == "again":
                take_back(writing, term, warning)
            else:
                accept_warning(writing, term, warning, request.form.get("reason", ""), reader().user_id)
    except StepRefused as error:
        flash(f"Nothing was changed: {error}", "danger")
    return redirect(url_for("outcomes.outcome", code=row.code, _anchor="better"))


@blueprint.get("/outcomes/<path:code>/versions")
def history(code: str) -> ResponseReturnValue:
    """The wordings of an outcome, each compared with the one before."""
    row = seen_outcome(code)
    may_restore = reader().may_change_term(row) and row.status != "retired"
    found = versions(session(), row)
    return render_template("outcomes/versions.html", outcome=row, versions=found, may_restore=may_restore)


@blueprint.post("/outcomes/<path:code>/versions")
def bring_wording_back(code: str) -> ResponseReturnValue:
    """Restore the wording of an older version, as a new version."""
    row = mine(code)
    number = request.form.get("version", "")
    if not is_id(number):
        return page(400)
    try:
        with workspace().database.writing() as writing:
            version = bring_back(writing, reader(), row.code, int(number))
            if version:
                request_retag(writing)
    except (LookupError, StepRefused) as error:
        flash(f"Nothing was changed: {error}", "danger")
        return redirect(url_for("outcomes.history", code=row.code))
    if version:
        ask_for_maintenance(workspace())
    flash(f"Restored as version {version}." if version else "That is the wording already.", "success")
    return redirect(url_for("outcomes.history", code=row.code))


def seen_outcome(code: str) -> Outcome:
    """The outcome of this code, whatever the case, that the reader may see."""
    seen = Outcome.id.in_(visible_terms(reader()))
    found = session().scalar(select(Outcome).where(func.lower(Outcome.code) == code.lower(), seen))
    if found is None:
        raise NotVisible(f"outcome {code}")
    return found


def mine(code: str) -> Outcome:
    """The outcome of this code that the reader may change."""
    found = seen_outcome(code)
    reader().require_change(found)
    return found


def _draft(code: str) -> OutcomeDraft:
    form = request.form
    names = (
        "job", "success_measure", "category", "journey_stage", "lead_measure", "policy", "owner", "steward", "team",
        "note", "seen", "meaning",
    )  # fmt: skip
    return OutcomeDraft(
        code=code,
        aliases=tuple(line.strip() for line in form.get("aliases", "").splitlines() if line.strip()),
        segments=tuple(form.getlist("segments")),
        tasks=tuple(form.getlist("tasks")),
        **{name: form[name] for name in names if name in form},  # type: ignore[arg-type]
    )


def _advice(draft: OutcomeDraft, code: str = "") -> Advice:
    return advise(session(), reader(), workspace(), draft.job, draft.success_measure, draft.aliases, code)


def _editor(
    draft: OutcomeDraft, advice: Advice, problems: Mapping[str, str], code: int, row: Outcome | None = None
) -> ResponseReturnValue:
    return render_template(
        "outcomes/edit.html",
        draft=draft,
        advice=advice,
        problems=problems,
        choices=choices(session(), reader()),
        outcome=row,
        seen=mark(row) if row and "" in problems else draft.seen,
        may_global=reader().may_change_global,
    ), code
