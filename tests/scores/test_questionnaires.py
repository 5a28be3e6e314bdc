"""SUS, UMUX-Lite and UX-Lite against the worked numbers of METHODS.md (oracles 18 and 19)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insightrepo.scores.intake.questionnaires import sus, umux_lite, ux_lite


@pytest.mark.parametrize(
    ("answers", "expected"),
    [([3] * 10, 50), ([5, 1] * 5, 100), ([1, 5] * 5, 0), ([4, 2] * 5, 75)],
)
def test_sus_of_all_threes_of_the_best_of_the_worst_and_of_four_two(answers, expected):
    assert sus(answers) == expected


def test_umux_lite_of_six_and_five_and_ux_lite_of_four_and_five():
    assert umux_lite(6, 5) == 75.0
    assert ux_lite(4, 5) == 87.5


def test_both_ends_of_either_scale_are_0_and_100():
    assert [umux_lite(1, 1, points) for points in (5, 7)] == [0, 0]
    assert [umux_lite(points, points, points) for points in (5, 7)] == [100, 100]


@given(st.lists(st.integers(1, 5), min_size=10, max_size=10))
def test_sus_is_within_0_and_100_and_mirrored_answers_mirror_it(answers):
    assert 0 <= sus(answers) <= 100
    assert sus([6 - answer for answer in answers]) == 100 - sus(answers)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: sus([3] * 9), "SUS has 10 items, not 9"),
        (lambda: sus([3] * 9 + [6]), "6 is not a point of the scale from 1 to 5"),
        (lambda: umux_lite(8, 1), "8 is not a point of the scale from 1 to 7"),
        (lambda: umux_lite(1, 1, 6), "5 or 7 points, not 6"),
    ],
)
def test_what_is_no_answer_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()
