"""The charts of "Where to act": which marks can be named."""

from __future__ import annotations

from insightrepo.web.act_figures import LABELS, Mark, _scatter


def _mark(label: str, x: float, y: float) -> Mark:
    return Mark(label, label, x, y, None, None)


def test_of_many_marks_those_of_the_first_group_and_those_that_stand_alone_have_their_code():
    crowd = [_mark(f"C-{number}", 50 + number / 10, 50 + number / 10) for number in range(LABELS)]
    groups = [("under-served", [_mark("U-1", 51, 51)]), ("served", [*crowd, _mark("ALONE", 10, 90)])]
    first, others = _scatter([*groups, ("more", []), ("over-served", [])], "x", "y")["data"]
    assert first["text"] == ["U-1"]
    assert others["text"][-1] == "ALONE"
    assert "" in others["text"]


def test_of_few_marks_every_one_has_its_code():
    crowd = [_mark(f"C-{number}", 50, 50 + number / 10) for number in range(5)]
    (only,) = _scatter([("served", crowd), *((name, []) for name in "abc")], "x", "y")["data"]
    assert only["text"] == [mark.label for mark in crowd]
