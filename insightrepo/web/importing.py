"""Studies come in in the browser: files are sent, their columns corrected, tried, imported aside, and reported on."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from markupsafe import Markup, escape
from wtforms import HiddenField
from wtforms.validators import AnyOf

from ingest.readers.base import SourceFile, Table
from ingest.verbatims import MappingError
from insightrepo.library.imports import import_jobs
from insightrepo.library.imports.after_import import after_import
from insightrepo.library.imports.column_choice import ROLES, TableChoice
from insightrepo.library.imports.import_jobs import (
    MOST_FILES,
    STARTABLE,
    UNDER_WAY,
    ImportRefused,
    JobShown,
    NotNow,
    TitleTaken,
    list_jobs,
    look_after,
    prepare_import,
    read_job,
    words_of,
)
from insightrepo.library.imports.import_preview import as_json
from insightrepo.library.imports.safe_names import workspace_redactor
from insightrepo.library.reading import NotVisible, study_line
from insightrepo.library.studies.study_states import steps_of
from insightrepo.library.wording import upper_first
from insightrepo.locales import grouped, speaking
from insightrepo.web.errors import page
from insightrepo.web.formatting import sentence
from insightrepo.web.request import is_id, reader, session, workspace
from insightrepo.web.study_forms import ImportForm

blueprint = Blueprint("importing", __name__)
FORM_BYTES = 1024 * 1024  # of a form beside its files
ROLE_WORDS = {
    "text": "what they said", "id": "id of the row", "date": "date", "respondent": "who (is pseudonymised)",
    "segment": "segment", "product": "product", "rating": "rating", "question": "question",
    "labels": "outcomes (codes)",    "channel": "channel", "names": "a person's name (is removed)",
}  # fmt: skip


class ActionForm(FlaskForm):
    """What to do with an import; the columns are fields of their own."""

    action = HiddenField(validators=[AnyOf(("save", "try", "import", "forget", "cancel"))])


@blueprint.url_value_preprocessor
def _take_files(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """What is sent together may be as large as one file may be; before the form's token is read."""
    if endpoint == "importing.send" and current_user.is_authenticated and reader().at_least("contributor"):
        request.max_content_length = workspace().settings.max_file_megabytes * 2**20 + FORM_BYTES
        request.max_form_parts = MOST_FILES + 200


@blueprint.before_request
def _contributors_only() -> None:
    if current_user.is_authenticated:
        reader().require("contributor")


@blueprint.errorhandler(NotNow)
def _not_now(error: NotNow) -> ResponseReturnValue:
    return page(409, f"{sentence(error)} Reload its page.")


@blueprint.get("/import")
def start() -> ResponseReturnValue:
    """The form; `study` in the address is one that files are added to."""
    study = request.args.get("study", "")
    form = ImportForm(formdata=None, data={"study": study if is_id(study) else "", "sensitivity": "internal"})
    return _start(form, 200)


def _start(form: ImportForm, code: int) -> ResponseReturnValue:
    form.offer(reader())
    if not form.team.data and len(form.team.choices) == 2 and not form.is_submitted():  # the one team they are in
        form.team.data = form.team.choices[1][0]
    into = study_line(session(), reader(), int(form.study.data)) if is_id(form.study.data or "") else None
    jobs = list_jobs(workspace(), session(), reader())
    most = workspace().settings.max_file_megabytes
    shown = render_template(
        "importing/start.html", form=form, into=into, jobs=jobs, words_of=words_of, most=most, most_files=MOST_FILES
    )
    return shown, code


@blueprint.post("/import")
def send() -> ResponseReturnValue:
    """Seal the files and look at them; then on to their columns."""
    form = ImportForm()
    form.offer(reader())
    into = int(form.study.data) if is_id(form.study.data or "") else None
    sent = [(file.filename or "file", file) for file in form.files.data or () if file and file.filename]
    if not into and not (form.validate() & _names_what_is_needed(form, bool(sent))):
        return _start(form, 422)
    files = [SourceFile(name.replace("\\", "/").lstrip("/"), file.read()) for name, file in sent]
    try:
        job_id = prepare_import(workspace(), reader(), files, _options(form, into))
    except TitleTaken as error:
        form.title.data, form.title.errors = error.title, [_taken(error)]
        return _start(form, 422)
    except ImportRefused as error:
        form.files.errors = [workspace_redactor(workspace()).redact(upper_first(str(error))).text]
        return _start(form, 422)
    return redirect(url_for("importing.job", job_id=job_id))


def _options(form: ImportForm, into: int | None) -> dict[str, Any]:
    """The settings of an import; a study that is there keeps its own."""
    return {"study": into} if into else {**form.options(), "study": None}


def _taken(error: TitleTaken) -> Markup:
    """Why a title cannot be, with the way to that study where the reader may add to it."""
    why = escape(f"{upper_first(str(error))}")
    if error.study_id is None:
        return why + "."
    return why + Markup(', or <a href="{}">add the files to it</a>.').format(
        url_for("importing.start", study=error.study_id)
    )


def _names_what_is_needed(form: ImportForm, has_files: bool) -> bool:
    """Whether files and a scope are given; what is missing is said at its field."""
    if not has_files:
        form.files.errors = ["Choose at least one file."]
    for field, scope in ((form.products, reader().products), (form.segments, reader().segments)):
        if scope is not None and not field.data:
            field.errors = ["Choose one: you see only studies within your scope."]
    if form.publish.data and not reader().at_least("researcher"):
        form.publish.errors = ["A researcher publishes studies."]
    return not any(field.errors for field in form)


@blueprint.get("/import/<id:job_id>")
def job(job_id: int) -> ResponseReturnValue:
    """An import in whatever state it is."""
    found = read_job(workspace(), session(), reader(), job_id)
    look_after(workspace(), found)
    if found.state == "done":
        return _done(found)
    if found.state in UNDER_WAY:
        done = share(found.report.get("progress") or {})
        return render_template(
            "importing/running.html", job=found, form=ActionForm(formdata=None), share=done, words=progress_words(found)
        )
    if found.state not in STARTABLE:
        return page(404, "This import was forgotten.")
    form = ImportForm(formdata=None)
    form.offer(reader())
    form.fill(dict(found.arguments["options"]))
    return _prepared(found, form, {}, 200)


def _prepared(found: JobShown, form: ImportForm, troubles: dict[tuple[int, int], str], code: int) -> Any:
    files = [{**file, "place": place} for place, file in enumerate(found.files)]
    tables = [file for file in files if "tables" in file]
    into = found.arguments["options"].get("study")
    study = study_line(session(), reader(), into) if into else None
    shown = render_template(
        "importing/prepared.html", job=found, form=form, files=files, tables=tables, troubles=troubles, into=study,
        roles=ROLE_WORDS, at_least_researcher=reader().at_least("researcher"),
    )  # fmt: skip
    return shown, code


def _done(found: JobShown) -> ResponseReturnValue:
    studies = []
    for one in found.report.get("studies", ()):
        try:
            line = study_line(session(), reader(), one["id"])
        except NotVisible:
            continue
        studies.append((line, steps_of(reader(), line.state, line.owner_id)))
    since = found.arguments.get("since")
    moment = dt.datetime.fromisoformat(since) if since else dt.datetime.now(dt.UTC)
    after = after_import(workspace(), session(), reader(), [line.id for line, _ in studies], moment)
    return render_template("importing/done.html", job=found, studies=studies, after=after)


@blueprint.post("/import/<id:job_id>")
def act(job_id: int) -> ResponseReturnValue:
    """Correct the mapping, try it, start or stop it, or forget it."""
    asked = ActionForm()
    if not asked.validate():
        return page(400)
    action = asked.action.data
    back = redirect(url_for("importing.job", job_id=job_id))
    if action == "cancel":
        import_jobs.cancel_job(workspace(), reader(), job_id)
        return back
    if action == "forget":
        import_jobs.forget_job(workspace(), reader(), job_id)
        flash("The import is forgotten and its files are removed.", "info")
        return redirect(url_for("importing.start"))
    found = read_job(workspace(), session(), reader(), job_id)
    if found.state not in STARTABLE:
        return _not_now(NotNow(f"this import is {found.state} by now"))
    form = ImportForm()
    form.offer(reader())
    choices, troubles = _choices(found)
    into = found.arguments["options"].get("study")
    valid = bool(into) or (form.validate() & _names_what_is_needed(form, True))
    if not valid or troubles:
        return _prepared(_with(found, choices), form, troubles, 422)
    try:
        import_jobs.change_choices(workspace(), reader(), job_id, _options(form, into), choices)
    except TitleTaken as error:
        form.title.data, form.title.errors = error.title, [_taken(error)]
        return _prepared(_with(found, choices), form, {}, 422)
    if action != "save":
        import_jobs.start_job(workspace(), reader(), job_id, dry_run=action == "try")
    else:
        flash("Kept.", "success")
    return back


def _with(found: JobShown, choices: dict[tuple[int, int], dict[str, Any]]) -> JobShown:
    """The job as the form has it, to be shown again."""
    files = [dict(file) for file in found.files]
    for (place, number), choice in choices.items():
        tables = [dict(table) for table in files[place]["tables"]]
        tables[number]["choice"] = choice
        files[place]["tables"] = tables
    return JobShown(found.id, found.state, found.user_id, {**found.arguments, "files": files}, found.report,
                    found.started, found.finished)  # fmt: skip


def _choices(found: JobShown) -> tuple[dict[tuple[int, int], dict[str, Any]], dict[tuple[int, int], str]]:
    """The mapping of each table as the form says, and what is wrong with it."""
    choices, troubles = {}, {}
    for place, file in enumerate(found.files):
        for number, table in enumerate(file.get("tables", ())):
            key = f"{place}-{number}"
            if f"how-{key}" not in request.form:
                continue
            choice, trouble = _choice(key, table["columns"])
            choices[place, number] = as_json(choice)
            if trouble:
                troubles[place, number] = trouble
    return choices, troubles


def _choice(key: str, columns: list[str]) -> tuple[TableChoice, str]:
    roles = tuple(request.form.get(f"column-{key}-{place}", "") for place in range(len(columns)))
    roles = tuple(role if role in ROLES else "" for role in roles)
    verbatims = request.form.get(f"how-{key}") == "verbatims"
    best = "low" if request.form.get(f"best-{key}") == "low" else "high"
    ends = [request.form.get(f"{end}-{key}", "").strip().replace(",", ".") for end in ("low", "high")]
    try:
        scale = (float(ends[0]), float(ends[1])) if any(ends) else None
        choice = TableChoice(verbatims, roles, best, scale)
        if verbatims:
            choice.mapping(Table(tuple(columns), ()))
    except MappingError as error:
        return choice, upper_first(str(error))
    except ValueError:
        return TableChoice(verbatims, roles, best), "The scale is two numbers, the lower one first."
    return choice, ""


@blueprint.get("/import/<id:job_id>/progress")
def progress(job_id: int) -> ResponseReturnValue:
    """How far it is, for the page's own script."""
    found = read_job(workspace(), session(), reader(), job_id)
    look_after(workspace(), found)
    told = found.report.get("progress") or {}
    with speaking(workspace().settings.locale):  # the words are for the page
        words = progress_words(found)
    return jsonify(state=found.state, under_way=found.state in UNDER_WAY, share=share(told), words=words)


def share(told: dict[str, int]) -> float | None:
    """How much is done, 0 to 1; None where that is not known yet."""
    if not told.get("of"):
        return None
    within = told.get("pieces", 0) / told["of_pieces"] if told.get("of_pieces") else 0.0
    return min(1.0, (told["done"] + within) / told["of"])


def progress_words(found: JobShown) -> str:
    """How far a job is, in words."""
    told = found.report.get("progress") or {}
    if found.state == "waiting":
        return "waiting for its turn"
    if found.state == "cancelling":
        return "stopping"
    if told.get("of") and told["done"] == told["of"]:
        return "all files are read; they are made searchable"
    files = f"{told['done']} of {told['of']} files" if told.get("of") else "reading the first file"
    if not told.get("of_pieces"):
        return files
    return f"{files}, {grouped(told['pieces'])} of {grouped(told['of_pieces'])} pieces of this one"


@blueprint.get("/import/<id:job_id>/refused.csv")
def refused(job_id: int) -> ResponseReturnValue:
    """The refused rows of an import, redacted, to be mended and sent again."""
    found = read_job(workspace(), session(), reader(), job_id)
    path = workspace().reports_folder / f"refused-{found.id}.csv"
    if not found.report.get("refused_file") or not path.exists():
        abort(404)
    headers = {"Content-Disposition": f'attachment; filename="refused-{found.id}.csv"',
               "X-Content-Type-Options": "nosniff"}  # fmt: skip
    return Response(path.read_bytes(), mimetype="text/csv", headers=headers)
