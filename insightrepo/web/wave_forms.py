"""The forms of the pages of waves. Fields say what is wrong in words; the core functions decide the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    DateField,
    HiddenField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from insightrepo.models import ANNOTATION_KINDS
from insightrepo.scores.waves.settings import WaveSettings, parsed_settings

LEVELS = (("", "not said"), ("relationship", "relationship"), ("interaction", "interaction"))
BEST = (("high", "the high end is best"), ("low", "the low end is best"))
SCHEMES = (("none", "not weighted"), ("post-stratification", "post-stratification (one dimension)"),
           ("raking", "raking (several dimensions)"))  # fmt: skip
NEW = "new"  # the choice of an instrument that is not there yet
LINES = "one on each line"


class WaveForm(FlaskForm):
    """A new wave, with one of the instruments or a new one."""

    code = StringField("Code", [InputRequired("Give the wave a code, for example 2025-Q3."), Length(max=80)])
    name = StringField("Name", [Length(max=300)])
    first_day = DateField("First day", [Optional()])
    last_day = DateField("Last day", [Optional()])
    instrument = SelectField("Measured with")
    instrument_name = StringField("Name of the new instrument", [Length(max=300)])
    scale = StringField("Scale", [Length(max=9)], default="1-5")
    best = SelectField("Best end", choices=BEST, default="high")
    wording = TextAreaField("Question for satisfaction", [Length(max=2000)])
    importance_wording = TextAreaField("Question for importance", [Length(max=2000)])
    low_label = StringField("Name of the lowest point", [Length(max=120)])
    high_label = StringField("Name of the highest point", [Length(max=120)])
    channel = StringField("Channel", [Length(max=40)])
    timing = StringField("Timing", [Length(max=80)])
    level = SelectField("Level", choices=LEVELS, default="", validate_choice=False)


class InstrumentForm(FlaskForm):
    """The words around an instrument; scale and best end stay."""

    name = StringField("Name", [InputRequired("An instrument needs a name."), Length(max=300)])
    wording = TextAreaField("Question for satisfaction", [Length(max=2000)])
    importance_wording = TextAreaField("Question for importance", [Length(max=2000)])
    low_label = StringField("Name of the lowest point", [Length(max=120)])
    high_label = StringField("Name of the highest point", [Length(max=120)])
    channel = StringField("Channel", [Length(max=40)])
    timing = StringField("Timing", [Length(max=80)])
    level = SelectField("Level", choices=LEVELS, default="", validate_choice=False)
    note = StringField("Why it is edited", [InputRequired("Say why it is edited."), Length(max=500)])


class SettingsForm(FlaskForm):
    """Weighting, smallest changes of interest and bands of opportunity."""

    scheme = SelectField("Weighting", choices=SCHEMES)
    dimensions = SelectMultipleField(
        "Dimensions", widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(), validate_choice=False
    )
    smallest_change = TextAreaField("Smallest change of interest", [Length(max=2000)])
    bands = TextAreaField("Bands of opportunity", [Length(max=500)])

    def validate_smallest_change(self, field: Any) -> None:
        """Every line is a measure and a number."""
        _pairs(field.data, "satisfaction 3", measure_first=True)

    def validate_bands(self, field: Any) -> None:
        """Every line is a number and a name."""
        _pairs(field.data, "15 major", measure_first=False)

    def settings(self, before: WaveSettings) -> WaveSettings:
        """What was chosen, over what the form does not show. SettingsWrong where it makes no sense."""
        content = before.model_dump(mode="json")
        content["weighting"] = {"scheme": self.scheme.data, "dimensions": self.dimensions.data or []}
        content["smallest_change"] = {name: number for number, name in _pairs(self.smallest_change.data, "", True)}
        bands = _pairs(self.bands.data, "", False)
        content["bands"] = [list(pair) for pair in bands] or [list(pair) for pair in WaveSettings().bands]
        return parsed_settings(content)


def _pairs(text: str | None, example: str, measure_first: bool) -> list[tuple[float, str]]:
    """The lines of a text as (number, name)."""
    found = []
    for line in filter(None, map(str.strip, (text or "").splitlines())):
        head, _, tail = (line.rpartition if measure_first else line.partition)(" ")
        number, name = (tail, head) if measure_first else (head, tail)
        try:
            found.append((float(number), name.strip()))
        except ValueError:
            raise ValidationError(f"“{line[:60]}” cannot be read: write like “{example}”, {LINES}.") from None
        if not name.strip():
            raise ValidationError(f"“{line[:60]}” has no name: write like “{example}”, {LINES}.")
    return found


class CountsForm(FlaskForm):
    """How many of a segment were invited, answered and aimed at."""

    segment = SelectField("Segment", validate_choice=False)
    invited = IntegerField("Invited", [Optional(), NumberRange(0, 2**31 - 1, "A count is a number from 0.")])
    answered = IntegerField("Answered", [Optional(), NumberRange(0, 2**31 - 1, "A count is a number from 0.")])
    target = IntegerField("Target", [Optional(), NumberRange(0, 2**31 - 1, "A count is a number from 0.")])


class _About(FlaskForm):
    """What something is about; nothing chosen is all."""

    outcome = SelectField("Outcome", validate_choice=False)
    task = SelectField("Task", validate_choice=False)
    segment = SelectField("Segment", validate_choice=False)
    product = SelectField("Product", validate_choice=False)

    @property
    def about(self) -> dict[str, str | None]:
        """The codes chosen by axis."""
        return {axis: getattr(self, axis).data or None for axis in ("outcome", "task", "segment", "product")}

    def offer(self, choices: dict[str, Sequence[tuple[str, str]]], nothing: str) -> None:
        """What may be chosen, by axis, after a choice of nothing."""
        for axis, some in choices.items():
            getattr(self, axis).choices = [("", nothing), *some]


class ExclusionForm(_About):
    """What to leave out of the scores, and why."""

    respondent = StringField("Respondent", [Length(max=200)])
    reason = StringField("Reason", [InputRequired("Say why: others will read it under the figures."), Length(max=500)])


class AnnotationForm(_About):
    """An event or an intervention on a day or over a period. `back`: the wave whose page it was written on."""

    kind = SelectField("What", choices=[(kind, kind) for kind in ANNOTATION_KINDS])
    first_day = DateField("Day", [InputRequired("Give the day, like 2025-03-31.")])
    last_day = DateField("Last day", [Optional()])
    text = StringField("What happened", [InputRequired("Say what happened."), Length(max=500)])
    back = HiddenField()


class ReasonForm(FlaskForm):
    """Why a wave is corrected."""

    reason = StringField(
        "What is corrected, and why", [InputRequired("Say what is corrected: it stays with the new issue."),
                                       Length(max=500)],
    )  # fmt: skip


class ButtonForm(FlaskForm):
    """A button that changes something: nothing but the token."""
