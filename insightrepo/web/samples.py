"""What the style page shows: one of everything, made up here and nobody's."""

from __future__ import annotations

from dataclasses import replace

from wtforms import Form, SelectField, SelectMultipleField, StringField, widgets
from wtforms.validators import InputRequired

from insightrepo.library.search.hits import FacetValue, Hit, TagShown, VoteShown
from insightrepo.scores.chips import Chip, Point
from insightrepo.web.trend import sparkline

_CHIP = Chip(
    measure="satisfaction", value=64.0, unit="percent", better="higher", low=56.0, high=71.0, n=159, segment=None,
    product=None, wave="2025-Q3", provisional=False, verdict="no evidence of change", note=None, change=None,
    previous_wave=None, opportunity=9.1, fell_back=None,
)  # fmt: skip
CHIPS: tuple[tuple[str, Chip | None], ...] = (
    ("No real change: no arrow", _CHIP),
    ("Worse", replace(_CHIP, verdict="worse", change=-19.0, previous_wave="2025-Q2")),
    ("Better", replace(_CHIP, value=70.0, low=62.0, high=76.0, verdict="better", change=22.0, previous_wave="2025-Q2")),
    (
        "Better, though the number fell",
        replace(
            _CHIP, measure="time", unit="seconds", better="lower", value=41.0, low=36.0, high=47.0, verdict="better",
            change=-22.0, previous_wave="2025-Q2", opportunity=None,
        ),
    ),
    ("Few answers", replace(_CHIP, n=22, low=42.0, high=81.0, note="indicative")),
    ("A wider score stands in", replace(_CHIP, segment="Families with young children", fell_back="all products")),
    ("Segments disagree", replace(_CHIP, disagreement="Families with teenagers 71%, with young children 43%")),
    ("Another instrument than before", replace(_CHIP, note="break")),
    ("The wave is still open", replace(_CHIP, provisional=True)),
    ("Nothing to show", replace(_CHIP, value=None, low=None, high=None, n=0, opportunity=None)),
    ("Fewer than 5 people", replace(_CHIP, value=None, low=None, high=None, n=None, note="suppressed")),
    ("Never measured", None),
)  # fmt: skip

_RULE = VoteShown("rule", True, 1.0, "rule 3 matched “boring stop”")
_HEAD = VoteShown("head", True, 0.62, "0.62 by the trained model; nearest example: “we only ever find outlets”")
_PERSON = VoteShown("person", True, 1.0, "accepted by Ada on 2025-07-14")
TAGS = (
    TagShown("outcome", "FT-01", "Find enriching stops along the way", "accepted", "person", (_PERSON, _RULE), _CHIP),
    TagShown("segment", "young-children", "Families with young children", "accepted", "import"),
    TagShown("product", "planner", "Route planner", "automatic", "rule", (_RULE,)),
    TagShown("outcome", "FT-05", "Book a place to sleep that fits", "suggested", "head", (_HEAD,), CHIPS[4][1]),
)
_SAID = (
    "In January it found the farm. Now it suggests an outlet centre. Our children called it the most boring stop ever."
)
HIT = Hit(
    id=1,
    kind="verbatim",
    text=_SAID,
    marks=tuple((_SAID.index(word), _SAID.index(word) + len(word)) for word in ("boring", "stop")),
    context="What should we improve?",
    study_id=1,
    study="In-app feedback 2025",
    study_method="feedback form",
    study_state="published",
    document_id=None,
    locator={},
    place="row 45",
    date="2025-07-12",
    rating="2 (5 is best)",
    segments=("Families with young children",),
    products=("Route planner",),
    keyword_rank=1,
    meaning_rank=3,
    boosts=(),
    tags=TAGS,
)
FACET = tuple(
    FacetValue(value, value, count, chosen)
    for value, count, chosen in (("passage", 34, False), ("verbatim", 31, True), ("insight", 4, False))
)
_HISTORY = tuple(
    Point(wave, "", "", False, value, value - 6.0, value + 6.0, 160, None, "", None, False)
    for wave, value in (("2024-Q4", 80.0), ("2025-Q1", 82.0), ("2025-Q2", 83.0), ("2025-Q3", 64.0))
)
SPARK = sparkline(_HISTORY, "satisfaction", "percent")
FIGURE = {
    "data": [
        {
            "type": "scatter",
            "mode": "markers",
            "name": name,
            "x": xs,
            "y": ys,
            "marker": {"color": colour, "symbol": symbol, "size": 10},
        }
        for name, xs, ys, colour, symbol in (
            ("under-served", [78, 82, 80], [33, 42, 59], "--series-2", "diamond"),
            ("appropriately served", [74, 65, 68], [70, 52, 63], "--series-3", "circle"),
            ("over-served", [44, 49], [72, 51], "--series-4", "triangle-up"),
        )
    ],
    "layout": {"xaxis": {"title": {"text": "importance, %"}}, "yaxis": {"title": {"text": "satisfaction, %"}}},
}
FIGURE_ROWS = (("FT-06", "78", "33"), ("FT-03", "82", "42"), ("FT-11", "44", "72"))
SHADES = range(1, 8)


class SampleForm(Form):
    """One field of each kind."""

    name = StringField("Name", [InputRequired("Enter a name: it is what others search for.")])
    level = SelectField("Level", choices=[("relationship", "relationship"), ("interaction", "interaction")])
    products = SelectMultipleField(
        "Products",
        choices=[("app", "FamilyTrip app"), ("planner", "Route planner")],
        widget=widgets.ListWidget(prefix_label=False),
        option_widget=widgets.CheckboxInput(),
    )


def sample_form() -> SampleForm:
    """A form that was sent with a name left out."""
    form = SampleForm(data={"level": "interaction", "products": ["planner"]})
    form.validate()
    return form
