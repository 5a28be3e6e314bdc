"""Files that come into a wave in the browser: upload, mapping, dry run, import; and the rows that were refused."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from filelock import Timeout
from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import HiddenField, SelectField, StringField
from wtforms.validators import AnyOf, DataRequired, Length

from ingest.names import names_in_table
from ingest.readers.base import SourceFile, Unreadable
from ingest.redact import Redactor
from insightrepo.library.imports.safe_names import SafeNames, workspace_redactor
from insightrepo.library.imports.uploads import Upload, UploadMissing
from insightrepo.locales import days
from insightrepo.models import Wave
from insightrepo.scores.computing.computing import WaveFrozen, refuse_if_frozen
from insightrepo.scores.intake.bringing import Guess, bring, guess, offered_fields, require_bringing
from insightrepo.scores.intake.columns import ColumnsUnclear
from insightrepo.scores.intake.intake import ImportReport
from insightrepo.scores.intake.quarantine import (
    KINDS,
    Keeping,
    NotQuarantined,
    as_csv,
    as_table,
    counts,
    drop,
    waiting_row,
    waiting_rows,
)
from insightrepo.scores.intake.survey_files import SurveyFile, as_survey, read_survey
from insightrepo.scores.intake.wide import LayoutUnclear
from insightrepo.scores.waves.waves import WaveUnknown, find_wave
from insightrepo.web.errors import page
from insightrepo.web.formatting import sentence
from insightrepo.web.request import reader, session, workspace

blueprint = Blueprint("measuring", __name__)
FORM_BYTES = 1024 * 1024  # of a form beside its file
BUSY = 5.0  # seconds to wait for an import that is under way
PREVIEW = 5  # rows of a file that are shown
LISTED = 200  # rows in quarantine that a page shows
REFUSED_SHOWN = 50
UNREADABLE = (ColumnsUnclear, LayoutUnclear, Unreadable, ValueError)
CHOICES = (
    ("answers", "answers of a survey"),
    ("trials", "trials of tasks"),
    ("metrics", "figures or ratings of metrics"),
)


class UploadForm(FlaskForm):
    """A file and what it holds."""

    kind = SelectField("What it holds", choices=CHOICES)
    file = FileField("File", [FileRequired("Choose a file.")])


class ActionForm(FlaskForm):
    """What to do with a file whose columns are chosen; the columns are fields of their own, named by the file."""

    action = HiddenField(validators=[AnyOf(("try", "import", "forget"))])


class DropForm(FlaskForm):
    """Why a row is dropped."""

    reason = StringField("Reason", [DataRequired("Say why it is dropped."), Length(max=500)])


class RepairForm(FlaskForm):
    """The cells of a row, each a field named by itself."""


@blueprint.url_value_preprocessor
def _take_files(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """The upload of who may bring it may be as large as a file may be; before the form's token is read."""
    if endpoint == "measuring.upload" and current_user.is_authenticated and reader().may_change_global:
        request.max_content_length = workspace().settings.max_file_megabytes * 2**20 + FORM_BYTES


@blueprint.before_request
def _researchers_without_limits_only() -> None:
    if current_user.is_authenticated:
        require_bringing(reader())


@blueprint.errorhandler(WaveUnknown)
@blueprint.errorhandler(NotQuarantined)
@blueprint.errorhandler(UploadMissing)
def _not_there(error: Exception) -> ResponseReturnValue:
    return page(404, sentence(error))


@blueprint.errorhandler(WaveFrozen)
def _frozen(error: WaveFrozen) -> ResponseReturnValue:
    return page(409, sentence(error))


@blueprint.errorhandler(Timeout)
def _busy(_error: Timeout) -> ResponseReturnValue:
    return page(409, "Another import is under way. Go back and send the form again in a minute.")


def _open_wave(code: str) -> Wave:
    wave = find_wave(session(), code)
    refuse_if_frozen(wave)
    return wave


@blueprint.get("/waves/<code>/import")
def start(code: str) -> ResponseReturnValue:
    """The form for a file."""
    kind = request.args.get("kind", "answers")
    return _start(_open_wave(code), UploadForm(formdata=None, data={"kind": kind if kind in KINDS else "answers"}))


def _start(wave: Wave, form: UploadForm, status: int = 200) -> ResponseReturnValue:
    most = workspace().settings.max_file_megabytes
    shown = render_template("measuring/start.html", wave=wave, form=form, waiting=counts(session(), wave), most=most)
    return shown, status


@blueprint.post("/waves/<code>/import")
def upload(code: str) -> ResponseReturnValue:
    """Keep the file sealed, and on to its columns."""
    wave, form = _open_wave(code), UploadForm()
    if not form.validate_on_submit():
        return _start(wave, form, 422)
    name, data = form.file.data.filename or "file", form.file.data.read()
    kind = str(form.kind.data)
    try:
        _read(Upload(name, data, ""))
    except Unreadable as error:
        form.file.errors = [*form.file.errors, workspace_redactor(workspace()).redact(str(error)).text]
        return _start(wave, form, 422)
    token = workspace().uploads.put(reader().user_id, Upload(name, data, f"{wave.code} {kind}"))
    return redirect(url_for("measuring.columns", code=wave.code, kind=kind, token=token))


def _read(upload: Upload) -> tuple[SurveyFile, Redactor]:
    survey = read_survey(SourceFile(upload.name, upload.data), workspace().settings.max_file_megabytes * 2**20)
    return survey, workspace_redactor(workspace()).with_names(names_in_table(survey.table))


@blueprint.route("/waves/<code>/import/<kind>/<token>", methods=["GET", "POST"])
def columns(code: str, kind: str, token: str) -> ResponseReturnValue:
    """The guessed columns of an uploaded file as choices, its first rows, a dry run, and the import itself."""
    wave = _open_wave(code)
    if kind not in KINDS:
        return page(404)
    sent = workspace().uploads.read(reader().user_id, token, f"{wave.code} {kind}")
    survey, redactor = _read(sent)
    found, trouble = _guessed(kind, survey)
    form = ActionForm()
    chosen, report = dict(found.columns), None
    if form.is_submitted():
        if not form.validate():
            return page(400)
        if form.action.data == "forget":
            workspace().uploads.remove(token)
            flash("The file is forgotten; nothing of it was kept.", "info")
            return redirect(url_for("measuring.start", code=wave.code, kind=kind))
        chosen = _chosen(found, survey)
        try:
            report = _bring(wave, kind, survey, chosen, redactor, sent.name, dry_run=form.action.data == "try")
            trouble = ""
        except UNREADABLE as error:
            trouble = str(error)
    if report is not None and not report.dry_run:
        workspace().uploads.remove(token)
    name = SafeNames(redactor, workspace().pseudonyms).words(sent.name)
    shown = render_template(
        "measuring/columns.html", wave=wave, kind=kind, name=name, found=found, chosen=chosen, form=form,
        header=survey.table.header, report=report and _shown(report, redactor), trouble=redactor.redact(trouble).text,
        preview=_preview(survey, redactor), total=len(survey.table.rows),
    )  # fmt: skip
    return shown, 422 if trouble and form.is_submitted() else 200


def _guessed(kind: str, survey: SurveyFile) -> tuple[Guess, str]:
    """What is guessed, and what is not known."""
    try:
        return guess(workspace().database, kind, survey), ""
    except UNREADABLE as error:
        return Guess(offered_fields(kind), {}, {}), str(error).partition(": say which")[0]


def _chosen(found: Guess, survey: SurveyFile) -> dict[str, str]:
    """The columns as the form says; what is not in the file is as if not chosen."""
    given = {name: request.form.get(f"column-{name}", "") for name in found.offered}
    return {name: column for name, column in given.items() if column in survey.table.header}


def _bring(
    wave: Wave,
    kind: str,
    survey: SurveyFile,
    chosen: Mapping[str, str] | None,
    redactor: Redactor,
    name: str,
    dry_run: bool = False,
) -> ImportReport:
    keeping = Keeping(
        SafeNames(redactor, workspace().pseudonyms)(name), lambda text: redactor.redact(text).text, reader().user_id
    )
    with nullcontext() if dry_run else workspace().import_lock.acquire(timeout=BUSY):
        return bring(
            reader(), workspace().database, workspace().pseudonyms, wave.code, kind, survey, chosen,
            timezone=workspace().settings.timezone, dry_run=dry_run, keeping=keeping,
        )  # fmt: skip


def _shown(report: ImportReport, redactor: Redactor) -> dict[str, Any]:
    refused = [(one.row, one.field, redactor.redact(one.cause).text) for one in report.refused[:REFUSED_SHOWN]]
    return {"report": report, "refused": refused, "more": len(report.refused) - len(refused)}


def _preview(survey: SurveyFile, redactor: Redactor) -> list[tuple[int, list[str]]]:
    rows = survey.table.rows[:PREVIEW]
    return [(row.number, [redactor.redact(cell).text for cell in row.values]) for row in rows]


@blueprint.get("/waves/<code>/quarantine")
def quarantine(code: str) -> ResponseReturnValue:
    """The rows that wait."""
    wave = find_wave(session(), code)
    rows = waiting_rows(session(), reader(), wave)
    downloads = list(dict.fromkeys((row.kind, not row.is_of_a_person) for row in rows))
    shown = [(row, DropForm(formdata=None)) for row in rows[:LISTED]]
    return render_template("measuring/quarantine.html", wave=wave, rows=shown, total=len(rows), downloads=downloads)


@blueprint.get("/waves/<code>/quarantine.csv")
def download(code: str) -> ResponseReturnValue:
    """Rows that wait as CSV, to repair and to send again."""
    wave, kind = find_wave(session(), code), request.args.get("kind", "answers")
    if kind not in KINDS:
        return page(404)
    figures = request.args.get("figures") == "1"
    text = as_csv([row for row in waiting_rows(session(), reader(), wave, kind) if row.is_of_a_person != figures])
    name = f"quarantine-{kind}{'-figures' if figures else ''}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(text, mimetype="text/csv", headers=headers)


@blueprint.route("/waves/<code>/quarantine/<id:row_id>", methods=["GET", "POST"])
def repair(code: str, row_id: int) -> ResponseReturnValue:
    """One row with its cells to be repaired; what is sent goes in as a row of its own."""
    wave = _open_wave(code)
    row = waiting_row(session(), reader(), wave, row_id)
    form, problem, values = RepairForm(), "", dict(row.values)
    if form.is_submitted():
        if not form.validate():
            return page(400)
        values |= {name: request.form.get(f"cell-{name}", text) for name, text in row.values.items()}
        survey = as_survey(as_table(row, values))
        redactor = workspace_redactor(workspace()).with_names(names_in_table(survey.table))
        try:
            report = _bring(wave, row.kind, survey, None, redactor, row.file)
        except UNREADABLE as error:
            problem = redactor.redact(str(error)).text
        else:
            if report.stored + report.already_here and not report.refused:
                flash(f"Row {row.row} of {row.file} is in.", "success")
                return redirect(url_for("measuring.quarantine", code=wave.code))
            problem = "; ".join(redactor.redact(one.cause).text for one in report.refused)
            problem = (
                problem or f"It is dated outside of the wave ({days(wave.first_day, wave.last_day)}), or says nothing."
            )
    shown = render_template("measuring/repair.html", wave=wave, row=row, values=values, form=form, problem=problem,
                            dropping=DropForm(formdata=None))  # fmt: skip
    return shown, 422 if problem else 200


@blueprint.post("/waves/<code>/quarantine/<id:row_id>/drop")
def drop_row(code: str, row_id: int) -> ResponseReturnValue:
    """Drop a row, with a reason."""
    form = DropForm()
    wave = _open_wave(code)
    if not form.validate():
        flash("Say why the row is dropped; it was kept.", "danger")
        return redirect(url_for("measuring.repair", code=wave.code, row_id=row_id))
    reason = workspace_redactor(workspace()).redact(str(form.reason.data)).text
    with workspace().database.writing() as writing:
        drop(writing, reader(), find_wave(writing, code), [row_id], reason)
    flash("The row is dropped.", "success")
    return redirect(url_for("measuring.quarantine", code=wave.code))
