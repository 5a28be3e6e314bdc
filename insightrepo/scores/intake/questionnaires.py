"""Scores of standard questionnaires from their raw answers (METHODS.md section 2): SUS, UMUX-Lite and UX-Lite."""

from __future__ import annotations

from collections.abc import Sequence

SUS_ITEMS = 10
SUS_POINTS = 5
LITE_POINTS = (5, 7)


def sus(answers: Sequence[int]) -> float:
    """The System Usability Scale of one respondent, 0 to 100: ``2.5 * (sum(odd - 1) + sum(5 - even))``.

    `answers` are the ten items in their order, 1 (strongly disagree) to 5 (Brooke 1996).

    Raises:
        ValueError: not ten answers, or one that is not a point from 1 to 5.
    """
    if len(answers) != SUS_ITEMS:
        raise ValueError(f"SUS has {SUS_ITEMS} items, not {len(answers)}: all of them must be answered")
    _refuse_other_points(answers, SUS_POINTS)
    return 2.5 * (sum(odd - 1 for odd in answers[::2]) + sum(5 - even for even in answers[1::2]))


def umux_lite(first: int, second: int, points: int = 7) -> float:
    """UMUX-Lite of one respondent, 0 to 100: both items rescaled and averaged (Lewis, Utesch & Maher 2013).

    `points` of the scale: 7 ``(a + b - 2) * 100 / 12`` or 5 ``(a + b - 2) * 100 / 8``. The regression onto SUS, which
    its authors retired, is not applied.

    Raises:
        ValueError: an answer is not a point from 1 to `points`, or `points` is neither 5 nor 7.
    """
    if points not in LITE_POINTS:
        raise ValueError(f"the scale has 5 or 7 points, not {points}")
    _refuse_other_points((first, second), points)
    return (first + second - 2) * 100 / (2 * (points - 1))


def ux_lite(ease: int, usefulness: int, points: int = 5) -> float:
    """UX-Lite of one respondent, 0 to 100: UMUX-Lite with simpler words, on 5 points unless said (MeasuringU 2021).

    Raises:
        ValueError: as `umux_lite`.
    """
    return umux_lite(ease, usefulness, points)


def _refuse_other_points(answers: Sequence[int], points: int) -> None:
    for answer in answers:
        if answer not in range(1, points + 1):
            raise ValueError(f"{answer} is not a point of the scale from 1 to {points}")
