"""Waves: their calendar, everything about one, its frozen issues, and the forms of those who run them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from filelock import Timeout
from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.library.imports.safe_names import workspace_redactor
from insightrepo.models import User, Wave
from insightrepo.scores.computing.computing import WaveFrozen, refuse_if_frozen
from insightrepo.scores.waves.annotations import annotate, annotations_between, remove_annotation
from insightrepo.scores.waves.concerning import choices
from insightrepo.scores.waves.exclusions import exclude, include_again
from insightrepo.scores.waves.instruments import list_instruments
from insightrepo.scores.waves.issue_differences import differences
from insightrepo.scores.waves.issue_reading import IssueUnknown, read_issue
from insightrepo.scores.waves.issues import NotFrozen, freeze, reissue
from insightrepo.scores.waves.responses import set_counts
from insightrepo.scores.waves.settings import wave_settings
from insightrepo.scores.waves.wave_editing import InstrumentWanted, change_settings, create_wave, dimensions_of, refresh
from insightrepo.scores.waves.wave_questionnaire import answers_csv, items_csv, questionnaire
from insightrepo.scores.waves.wave_reading import calendar, read_wave
from insightrepo.scores.waves.waves import WaveUnknown, find_wave, scale_text
from insightrepo.taxonomy.reading import UnknownTerm
from insightrepo.web.errors import page
from insightrepo.web.formatting import sentence
from insightrepo.web.request import reader, session, workspace
from insightrepo.web.wave_forms import (
    NEW,
    AnnotationForm,
    ButtonForm,
    CountsForm,
    ExclusionForm,
    ReasonForm,
    SettingsForm,
    WaveForm,
)

blueprint = Blueprint("waves", __name__)
REFUSED = (ValueError, UnknownTerm)  # what a form's own fields cannot know: said above the form
BUSY = 5.0  # seconds to wait for an import that is under way
LONGEST = 300  # cells that a page lists at most


@blueprint.errorhandler(WaveUnknown)
@blueprint.errorhandler(IssueUnknown)
def _not_there(error: Exception) -> ResponseReturnValue:
    return page(404, sentence(error))


@blueprint.errorhandler(WaveFrozen)
@blueprint.errorhandler(NotFrozen)
def _moved_on(error: Exception) -> ResponseReturnValue:
    return page(409, sentence(error))


@blueprint.errorhandler(Timeout)
def _busy(_error: Timeout) -> ResponseReturnValue:
    return page(409, "An import or another change is under way. Go back and send the form again in a minute.")


@blueprint.get("/waves")
def waves() -> ResponseReturnValue:
    """The calendar of waves, the missing ones named, with response rates, and events beside them."""
    return _list(AnnotationForm())


def _list(form: AnnotationForm, code: int = 200) -> ResponseReturnValue:
    form.offer(choices(session(), reader()), "all")
    found = calendar(session(), reader(), dt.datetime.now(dt.UTC).date())
    events = annotations_between(session(), reader())[::-1]
    shown = render_template(
        "waves/list.html", calendar=found, events=events, may_edit=_may_edit(), may_run=reader().may_change_global,
        annotation=form, button=ButtonForm(), instruments=list_instruments(session()),
    )  # fmt: skip
    return shown, code


@blueprint.route("/waves/new", methods=["GET", "POST"])
def new_wave() -> ResponseReturnValue:
    """Make a wave, with a known instrument or a new one; it is everybody's."""
    reader().require_change_global()
    form = WaveForm()
    known = [(one.name, f"{one.name} ({scale_text(one)})") for one, _ in list_instruments(session())]
    form.instrument.choices = [*known, (NEW, "a new instrument")]
    if form.validate_on_submit():
        with_words = _wanted(form)
        try:
            with workspace().database.writing() as writing:
                made = create_wave(writing, reader(), str(form.code.data), with_words, form.first_day.data,
                                   form.last_day.data, form.name.data or "")  # fmt: skip
            flash(f"The wave {made.code} is there.", "success")
            return redirect(url_for("waves.wave", code=made.code))
        except REFUSED as error:
            _say(form, error)
    return render_template("waves/new.html", form=form), 422 if form.is_submitted() else 200


def _wanted(form: WaveForm) -> InstrumentWanted:
    if form.instrument.data != NEW:
        return InstrumentWanted(name=form.instrument.data)
    names = ("scale", "best", "wording", "importance_wording", "low_label", "high_label", "channel", "timing", "level")
    given = {name: (getattr(form, name).data or "").strip() or None for name in names}
    return InstrumentWanted(name=(form.instrument_name.data or "").strip() or None, **given)


@blueprint.get("/waves/<code>")
def wave(code: str) -> ResponseReturnValue:
    """Everything about one wave; for researchers with the forms, while it is open."""
    return _show(code, {})


def _show(code: str, forms: dict[str, FlaskForm], status: int = 200) -> ResponseReturnValue:
    reading = read_wave(session(), reader(), code)
    offered = choices(session(), reader())
    made = {**_forms(reading.wave), **forms}
    for name in ("exclusion", "annotation"):
        made[name].offer(offered, "all")
    made["counts"].segment.choices = [("", "everybody"), *offered["segment"]]
    shown = render_template(
        "waves/wave.html", reading=reading, wave=reading.wave, settings=wave_settings(reading.wave),
        may_edit=_may_edit(), may_run=reader().may_change_global, differing=_differing(reading),
        forms=made, button=ButtonForm(),
        import_url=url_for("measuring.start", code=code) if reader().may_change_global else "",
    )  # fmt: skip
    return shown, status


def _forms(wave: Wave) -> dict[str, Any]:
    settings = wave_settings(wave)
    chosen = {
        "scheme": settings.weighting.scheme, "dimensions": list(settings.weighting.dimensions),
        "smallest_change": "\n".join(f"{name} {value:g}" for name, value in settings.smallest_change.items()),
        "bands": "\n".join(f"{floor:g} {name}" for floor, name in settings.bands),
    }  # fmt: skip
    form = SettingsForm(formdata=None, data=chosen)
    form.dimensions.choices = [(name, name) for name in dimensions_of(session())]
    return {
        "settings": form, "counts": CountsForm(formdata=None), "exclusion": ExclusionForm(formdata=None),
        "annotation": AnnotationForm(formdata=None, data={"back": wave.code, "first_day": wave.first_day}),
        "reissue": ReasonForm(formdata=None),
    }  # fmt: skip


def _differing(reading: Any) -> list[Any]:
    """Where an open correction differs from the issue that it corrects."""
    if not (reading.wave.correction and reading.latest):
        return []
    return differences(session(), reader(), reading.wave, reading.latest.number)[:LONGEST]


@blueprint.post("/waves/<code>/settings")
def settings(code: str) -> ResponseReturnValue:
    """Choose weighting, smallest changes and bands; the scores are computed again."""
    form = SettingsForm()
    form.dimensions.choices = [(name, name) for name in dimensions_of(session())]

    def act(writing: Session, open_wave: Wave) -> None:
        change_settings(writing, reader(), open_wave, form.settings(wave_settings(open_wave)))

    return _change(code, "settings", form, act, "The settings are kept and the scores computed with them.")


@blueprint.post("/waves/<code>/counts")
def counts(code: str) -> ResponseReturnValue:
    """Say how many were invited, answered and aimed at."""
    form = CountsForm()

    def act(writing: Session, open_wave: Wave) -> None:
        set_counts(writing, reader(), open_wave, form.segment.data or None, form.invited.data, form.answered.data,
                   form.target.data)  # fmt: skip

    return _change(code, "counts", form, act, "The counts are kept.", compute=False)


@blueprint.post("/waves/<code>/exclusions")
def exclusions(code: str) -> ResponseReturnValue:
    """Leave answers and trials out, with a reason."""
    form = ExclusionForm()

    def act(writing: Session, open_wave: Wave) -> None:
        exclude(writing, reader(), workspace().pseudonyms, open_wave, _redacted(form.reason.data),
                form.respondent.data or None, **form.about)  # fmt: skip

    return _change(code, "exclusion", form, act, "It is left out, and the scores say so.")


@blueprint.post("/waves/<code>/exclusions/<id:exclusion_id>/remove")
def remove_exclusion(code: str, exclusion_id: int) -> ResponseReturnValue:
    """Take an exclusion back."""

    def act(writing: Session, open_wave: Wave) -> None:
        include_again(writing, reader(), open_wave, exclusion_id)

    return _change(code, "button", ButtonForm(), act, "It counts again.")


@blueprint.post("/waves/<code>/freeze")
def freeze_wave(code: str) -> ResponseReturnValue:
    """Freeze the wave."""

    def act(writing: Session, open_wave: Wave) -> None:
        freeze(writing, open_wave, writing.get_one(User, reader().user_id))

    return _change(code, "button", ButtonForm(), act, "It is frozen: its figures do not change any more.", False)


@blueprint.post("/waves/<code>/reissue")
def reissue_wave(code: str) -> ResponseReturnValue:
    """Open a frozen wave for a correction."""
    form = ReasonForm()

    def act(writing: Session, frozen: Wave) -> None:
        reissue(writing, frozen, writing.get_one(User, reader().user_id), _redacted(form.reason.data))

    return _change(code, "reissue", form, act, "It is open for the correction. Freeze it to make the new issue.",
                   compute=False, open_only=False)  # fmt: skip


def _change(
    code: str,
    name: str,
    form: FlaskForm,
    act: Callable[[Session, Wave], None],
    said: str,
    compute: bool = True,
    open_only: bool = True,
) -> ResponseReturnValue:
    """Do what a form asks for and go back to the wave; with the form's errors where it cannot be done."""
    reader().require("researcher")
    current = find_wave(session(), code)
    if open_only:
        refuse_if_frozen(current)
    if form.validate_on_submit():
        try:
            with workspace().import_lock.acquire(timeout=BUSY):
                with workspace().database.writing() as writing:
                    act(writing, find_wave(writing, code))
                if compute:
                    refresh(workspace().database, current.id)
            flash(said, "success")
            return redirect(url_for("waves.wave", code=code))
        except (NotFrozen, WaveFrozen):
            raise
        except REFUSED as error:
            _say(form, error)
    if name == "button":
        return page(409, "; ".join(map(str, form.form_errors)) or "The form was open too long: reload the page.")
    return _show(code, {name: form}, 422)


def _say(form: FlaskForm, error: Exception) -> None:
    """Put an error of the core above the form."""
    form.form_errors.append(sentence(error))


@blueprint.post("/annotations")
def add_annotation() -> ResponseReturnValue:
    """Write down an event or an intervention; also of the days of a frozen wave, whose figures it does not touch."""
    reader().require("researcher")
    form = AnnotationForm()
    if form.validate():
        try:
            with workspace().database.writing() as writing:
                annotate(writing, reader(), str(form.kind.data), form.first_day.data, _redacted(form.text.data),
                         form.last_day.data, **form.about)  # fmt: skip
            flash("It is written down.", "success")
            return redirect(_back(form.back.data))
        except REFUSED as error:
            _say(form, error)
    if form.back.data:
        return _show(str(form.back.data), {"annotation": form}, 422)
    return _list(form, 422)


@blueprint.post("/annotations/<id:annotation_id>/remove")
def drop_annotation(annotation_id: int) -> ResponseReturnValue:
    """Take an annotation away."""
    reader().require("researcher")
    with workspace().database.writing() as writing:
        found = remove_annotation(writing, reader(), annotation_id)
    if not found:
        return page(404)
    flash("It is taken away.", "success")
    return redirect(_back(request.args.get("back")))


def _back(code: str | None) -> str:
    if code and session().scalar(select(Wave.id).where(Wave.code == code)):
        return url_for("waves.wave", code=code)
    return url_for("waves.waves")


def _redacted(text: str | None) -> str:
    return workspace_redactor(workspace()).redact(text or "").text


@blueprint.get("/waves/<code>/issues/<id:number>")
def issue(code: str, number: int) -> ResponseReturnValue:
    """A frozen issue as it was frozen, and where the issue before it or after it differs."""
    found = find_wave(session(), code)
    reading = read_issue(session(), reader(), found, number)
    chosen = {name: request.args.get(name) or None for name in ("outcome", "segment", "product")}
    measure = request.args.get("measure") or "satisfaction"
    scores = [score for score in reading.scores if _fits(score, chosen, measure)]
    before = number - 1 if number > 1 else None
    differing = differences(session(), reader(), found, before, number)[:LONGEST] if before else []
    return render_template(
        "waves/issue.html", reading=reading, scores=scores[:LONGEST], total=len(scores), chosen=chosen,
        measure=measure, measures=sorted({score.measure for score in reading.scores}), differing=differing,
        choices=_frozen_choices(reading.scores), longest=LONGEST,
    )  # fmt: skip


def _fits(score: Any, chosen: dict[str, str | None], measure: str) -> bool:
    """Without a choice a page shows the cells of all segments and products; "any" shows every cell."""
    for name in ("segment", "product"):
        wanted = chosen[name]
        if wanted != "any" and getattr(score, name) != wanted:
            return False
    return score.measure == measure and chosen["outcome"] in (None, score.outcome)


def _frozen_choices(scores: Any) -> dict[str, list[str]]:
    return {name: sorted({value for score in scores if (value := getattr(score, name))})
            for name in ("outcome", "segment", "product")}  # fmt: skip


@blueprint.get("/waves/<code>/questionnaire")
def questionnaire_page(code: str) -> ResponseReturnValue:
    """The questionnaire to print."""
    return render_template("waves/questionnaire.html", asked=_asked(code), seed=_seed())


@blueprint.get("/waves/<code>/questionnaire.csv")
def questionnaire_csv(code: str) -> ResponseReturnValue:
    """The questionnaire for a survey tool."""
    return _csv(items_csv(_asked(code)), f"questionnaire-{code}.csv")


@blueprint.get("/waves/<code>/answers.csv")
def answers_file(code: str) -> ResponseReturnValue:
    """The empty file of answers: what comes back under its header maps by itself."""
    return _csv(answers_csv(_asked(code)), f"answers-{code}.csv")


def _asked(code: str) -> Any:
    return questionnaire(session(), reader(), find_wave(session(), code), _seed())


def _seed() -> int | None:
    text = request.args.get("seed", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _csv(text: str, name: str) -> Response:
    response = Response(text, mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _may_edit() -> bool:
    return reader().at_least("researcher")
