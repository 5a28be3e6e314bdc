"""The charts of "Where to act": which marks can be named."""

from __future__ import annotations

from types import SimpleNamespace

from insightrepo.web.act_figures import LABELS, Mark, _scatter, coverage_figure, landscape_figure


def _mark(label: str, x: float, y: float) -> Mark:
    return Mark(label, label, x, y, None, None)


def test_of_many_marks_those_of_the_first_group_and_those_that_stand_alone_have_their_code():
    crowd = [_mark(f"C-{number}", 50 + number / 10, 50 + number / 10) for number in range(LABELS)]
    groups = [("under-served", [_mark("U-1", 51, 51)]), ("served", [*crowd, _mark("ALONE", 10, 90)])]
    first, others = _scatter([*groups, ("more", []), ("over-served", [])], "x", "y")["data"]
    assert first["text"] == ["U-1"]
    assert others["text"][-1] == "ALONE"
    assert "" in others["text"]


def _position(code: str, satisfaction: float, verdict: str | None, change: float | None):
    outcome = SimpleNamespace(code=code, name=f"Do {code}")
    asked = SimpleNamespace(value=78.0, low=70.0, high=84.0)
    felt = SimpleNamespace(
        value=satisfaction, low=satisfaction - 5, high=satisfaction + 5, verdict=verdict, change=change
    )
    return SimpleNamespace(outcome=outcome, importance=asked, satisfaction=felt, kind="appropriately served")


def test_on_the_landscape_what_really_fell_or_rose_is_named_with_an_arrow_and_said_with_units():
    crowd = [_position(f"C-{number}", 62 + number / 10, "no evidence of change", 0.4) for number in range(LABELS)]
    moved = [_position("FELL", 63.0, "worse", -17.6), _position("ROSE", 64.0, "better", 21.0)]
    figure = landscape_figure(SimpleNamespace(positions=[*crowd, *moved], centre=None))
    (trace,) = figure["data"]
    assert trace["text"][-2:] == ["▼ FELL", "▲ ROSE"]
    assert trace["customdata"][-2] == (
        "FELL Do FELL<br>importance 78%, satisfaction 63%<br>▼ satisfaction −18 points, worse"
    )
    assert trace["customdata"][0] == "C-0 Do C-0<br>importance 78%, satisfaction 62%"


def test_the_legend_of_coverage_has_names_that_fit_on_a_phone():
    strength = SimpleNamespace(value=0.4)
    row = SimpleNamespace(value=12.0, low=11.0, high=13.0)
    outcome = SimpleNamespace(code="A", name="Do A")
    covered = SimpleNamespace(outcome=outcome, opportunity=row, strength=strength, quadrant="research")
    (trace,) = coverage_figure(SimpleNamespace(outcomes=[covered]))["data"]
    assert trace["name"] == "research"
    assert trace["customdata"] == ["A Do A<br>strength 40 of 100, opportunity 12.0 of 20"]


def test_of_few_marks_every_one_has_its_code():
    crowd = [_mark(f"C-{number}", 50, 50 + number / 10) for number in range(5)]
    (only,) = _scatter([("served", crowd), *((name, []) for name in "abc")], "x", "y")["data"]
    assert only["text"] == [mark.label for mark in crowd]
