"""The reason that stands where an interval leaves zero out and there is no arrow."""

from __future__ import annotations

import pytest

from insightrepo.scores.computing.chance import no_arrow

NONE = "no evidence of change"


@pytest.mark.parametrize(
    ("verdict", "low", "high", "q", "detail", "said"),
    [
        (NONE, -28.8, -7.7, 0.022, {"q_all": 0.041, "tests_all": 1079, "family": 80}, "among all 1,079 comparisons"),
        (
            NONE,
            -28.8,
            -7.7,
            0.07,
            {"q_all": 0.02, "tests_all": 1079, "family": 80},
            "among the 80 comparisons of its kind",
        ),
        (NONE, 0.5, 2.4, 0.02, {"q_all": 0.01, "tests_all": 1079, "family": 80}, "smallest change that matters"),
        (NONE, 0.5, 2.4, None, None, "smallest change that matters"),  # tested alone
        (NONE, 0.5, 2.4, 0.2, None, "among all comparisons"),  # computed before the tests were counted
    ],
)
def test_the_reason_names_the_rule_that_was_missed(verdict, low, high, q, detail, said):
    assert said in no_arrow(verdict, low, high, q, detail)


def test_nothing_is_said_where_the_interval_holds_zero_or_there_is_an_arrow():
    assert no_arrow(NONE, -3.0, 2.0, 0.5) == ""
    assert no_arrow("worse", -9.0, -2.0, 0.001) == ""
    assert no_arrow("not enough data", None, None, None) == ""
