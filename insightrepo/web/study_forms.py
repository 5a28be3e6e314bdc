"""The facts that people set on a study, as a form: of an import and of the study itself."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import MultipleFileField
from wtforms import BooleanField, Field, HiddenField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import AnyOf, Length, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from ingest.dates import Moment, parse_moment
from insightrepo.accounts.access import Reader
from insightrepo.library.studies.study_editing import STAGES, StudyFacts, choices
from insightrepo.models import LEVELS
from insightrepo.models.library import PRECISIONS
from insightrepo.web.request import session

NOT_SAID = ("", "not said")
MOST_PEOPLE = 10_000_000
SHAPES = (("one", "one study"), ("folders", "a study for each folder, as the files say"))


class Boxes(SelectMultipleField):
    """Boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def _period(_form: FlaskForm, field: Field) -> None:
    try:
        moment_of(field.data)
    except ValueError as error:
        raise ValidationError(f"{error}; write 2025-03-14, 2025-03, 2025-Q1 or 2025") from error


def _after_start(form: StudyForm, field: Field) -> None:
    try:
        began, ended = moment_of(form.started.data), moment_of(field.data)
    except ValueError:  # which is said at the field that holds no date
        return
    if began and ended and ended.last_day < began.day:
        raise ValidationError("It cannot end before it began.")


def _whole(_form: FlaskForm, field: Field) -> None:
    text = (field.data or "").strip()
    if text and not (text.isdecimal() and int(text) <= MOST_PEOPLE):
        raise ValidationError("Write a whole number of people.")


def moment_of(text: str | None) -> Moment | None:
    """The day, month, quarter or year that a field holds. Raises ValueError."""
    return parse_moment(text.strip()) if text and text.strip() else None


class StudyForm(FlaskForm):
    """Title, method, dates, people, products, sensitivity, level, stage."""

    title = StringField("Title", [Length(max=300)])
    method = StringField("Method", [Length(max=80)])
    started = StringField("Began", [Length(max=30), _period])
    ended = StringField("Ended", [Length(max=30), _period, _after_start])
    participants_n = StringField("People who took part", [Length(max=9), _whole])
    level = SelectField("Level", choices=[NOT_SAID, *((level, level) for level in LEVELS)])
    stage = SelectField("Stage of the product", choices=[NOT_SAID, *((stage, stage) for stage in STAGES)])
    sensitivity = SelectField("Sensitivity")
    sharing_terms = TextAreaField("Terms of sharing", [Length(max=2000)])
    products = Boxes("Products")
    segments = Boxes("Segments")
    team = SelectField("Team that works on it while it is a draft")

    def offer(self, reader: Reader) -> None:
        """Offer what the reader may choose."""
        offered = choices(session(), reader)
        self.sensitivity.choices = [(label, label) for label in reader.sensitivities]
        self.products.choices, self.segments.choices = offered["products"], offered["segments"]
        self.team.choices = [("", "none: only I and administrators see it"), *offered["teams"]]

    def options(self) -> dict[str, Any]:
        """The settings of an import as its job keeps them."""
        plain = ("title", "method", "started", "ended", "level", "stage", "sensitivity", "sharing_terms")
        return {
            **{name: (self[name].data or "").strip() for name in plain},
            "participants_n": self.people(),
            "products": self.products.data or [],
            "segments": self.segments.data or [],
            "team_id": int(self.team.data) if self.team.data else None,
        }

    def people(self) -> int | None:
        """The number of people, None where it is not said."""
        text = (self.participants_n.data or "").strip()
        return int(text) if text else None

    def fill(self, options: dict[str, Any]) -> None:
        """Show the settings that a job keeps."""
        for name, value in options.items():
            if name in self._fields and name != "csrf_token":
                plain = value is not None and not isinstance(value, bool) and isinstance(value, int)
                self[name].data = str(value) if plain else "" if value is None else value
        self.team.data = str(options.get("team_id") or "")


class ImportForm(StudyForm):
    """Files, how they become studies, and what is known of the study."""

    files = MultipleFileField("Files or a ZIP archive")
    shape = SelectField("They are", choices=SHAPES, default="one")
    study = HiddenField()
    publish = BooleanField("Publish it at once", false_values=("", "false", "False", "0"))

    def options(self) -> dict[str, Any]:
        """As `StudyForm.options`; without a title where each folder has its own."""
        found = {**super().options(), "shape": self.shape.data, "publish": bool(self.publish.data)}
        return {**found, "title": found["title"] if found["shape"] == "one" else ""}


class EditForm(StudyForm):
    """The facts of a study that is there."""

    owner = SelectField("Owner")

    def offer(self, reader: Reader) -> None:
        super().offer(reader)
        self.owner.choices = [("", "nobody"), *choices(session(), reader)["owners"]]

    def show(self, facts: StudyFacts) -> None:
        """Fill in the facts as they are; what is set and not offered stays chosen."""
        precision = facts.date_precision
        self.title.data, self.method.data = facts.title, facts.method
        self.started.data = day_words(facts.started_on, precision)
        self.ended.data = day_words(facts.ended_on, precision)
        self.participants_n.data = "" if facts.participants_n is None else str(facts.participants_n)
        self.level.data, self.stage.data = facts.level or "", facts.stage
        self.sensitivity.data, self.sharing_terms.data = facts.sensitivity, facts.sharing_terms
        self.products.data, self.segments.data = list(facts.products), list(facts.segments)
        self.owner.data, self.team.data = str(facts.owner_id or ""), str(facts.team_id or "")

    def keep_offered(self, facts: StudyFacts) -> None:
        """Offer also what is set already: a stage in other words, a team of others, terms that the reader lacks."""
        if facts.stage and facts.stage not in STAGES:
            self.stage.choices = [*self.stage.choices, (facts.stage, facts.stage)]
        if facts.team_id and str(facts.team_id) not in dict(self.team.choices):
            self.team.choices = [*self.team.choices, (str(facts.team_id), "the team it has")]
        if facts.owner_id and str(facts.owner_id) not in dict(self.owner.choices):
            self.owner.choices = [*self.owner.choices, (str(facts.owner_id), "the owner it has")]
        for field, kept in ((self.products, facts.products), (self.segments, facts.segments)):
            field.kept = [code for code in kept if code not in dict(field.choices)]

    def facts(self) -> StudyFacts:
        """What is filled in."""
        began, ended = moment_of(self.started.data), moment_of(self.ended.data)
        known = [moment.precision for moment in (began, ended) if moment]
        return StudyFacts(
            title=" ".join((self.title.data or "").split()),
            method=(self.method.data or "").strip(),
            started_on=began.day if began else None,
            ended_on=ended.last_day if ended else None,
            date_precision=max(known, key=PRECISIONS.index) if known else None,  # the coarser holds for both
            participants_n=self.people(),
            level=self.level.data or None,
            stage=self.stage.data or "",
            sensitivity=self.sensitivity.data,
            sharing_terms=(self.sharing_terms.data or "").strip(),
            products=(*(self.products.data or ()), *getattr(self.products, "kept", ())),
            segments=(*(self.segments.data or ()), *getattr(self.segments, "kept", ())),
            owner_id=int(self.owner.data) if self.owner.data else None,
            team_id=int(self.team.data) if self.team.data else None,
        )


def day_words(day: Any, precision: str | None) -> str:
    """A day as it is typed, as exactly as it is known."""
    if day is None:
        return ""
    if precision == "quarter":
        return f"{day.year}-Q{(day.month + 2) // 3}"
    return {"year": f"{day:%Y}", "month": f"{day:%Y-%m}"}.get(precision or "", day.isoformat())


class StateForm(FlaskForm):
    """A step of a study's state."""

    action = HiddenField(validators=[AnyOf(("publish", "withdraw", "bring_back"))])
    reason = StringField("Why", [Length(max=500)])
