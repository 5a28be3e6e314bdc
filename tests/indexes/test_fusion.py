"""Two engines' scores become one list, and one study does not fill its beginning."""

from __future__ import annotations

from collections import Counter
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexes.base import WordFit
from indexes.fusion import (
    MEANING_FLOOR,
    MEANING_WEIGHT,
    convex,
    coverage,
    keyword_shares,
    meaning_shares,
    reciprocal_rank,
    uncrowded,
)

A, B, C, D = 1, 2, 3, 4
NONE = float("nan")


def best(scores: np.ndarray) -> int:
    return int(np.argmax(scores))


def word(idf: float, share: float) -> WordFit:
    return WordFit("word", idf=idf, share=share)


def test_reciprocal_rank_fusion_gives_the_worked_numbers() -> None:
    fused = reciprocal_rank([[A, B, C], [B, C, D]])
    assert list(fused) == [B, C, A, D]
    assert [round(score, 6) for score in fused.values()] == [0.032522, 0.032002, 0.016393, 0.015873]


def test_coverage_is_the_share_of_the_idf_that_is_held_and_three_quarters_are_enough() -> None:
    assert coverage([word(3.0, 1.0), word(3.0, 0.0)], 10) == pytest.approx(0.5 / 0.75)
    assert coverage([word(3.0, 0.5), word(1.0, 0.0)], 10) == pytest.approx(0.375 / 0.75)
    assert coverage([word(6.0, 1.0), word(2.0, 0.0)], 10) == pytest.approx(1.0)
    assert coverage([word(6.0, 1.0), word(1.0, 0.0)], 10) == 1.0
    assert coverage([word(5.0, 0.0)], 10) == 0.0
    assert coverage([word(0.0, 1.0)], 10) == 0.0
    assert coverage([], 10) == 0.0


def test_a_long_question_is_held_by_as_much_as_two_and_a_half_words_of_a_single_record() -> None:
    question = [word(4.0, 1.0)] * 4 + [word(4.0, 0.0)] * 8
    rarest = log(1 + 1999.5 / 1.5)
    assert coverage(question, 2000) == pytest.approx(16 / (2.5 * rarest))
    assert coverage(question, 2000) > 4 / 12 / 0.75
    assert coverage([word(4.0, 1.0)] * 6 + [word(4.0, 0.0)] * 30, 2000) == 1.0


def test_among_few_records_no_word_is_rare() -> None:
    question = [word(4.0, 1.0)] * 3 + [word(4.0, 0.0)] * 9
    assert coverage(question, 1) == coverage(question, 1000) > coverage(question, 100_000)


def test_a_lone_hit_that_holds_every_word_is_worth_all_of_its_engine() -> None:
    assert keyword_shares(np.array([3.2]), 1.0).tolist() == [1.0]


def test_keyword_scores_are_shares_of_the_best_and_small_where_it_holds_little() -> None:
    assert keyword_shares(np.array([8.0, 2.0, NONE]), 0.5) == pytest.approx([0.125, 0.03125, 0.0])
    assert keyword_shares(np.array([8.0]), 1 / 3) == pytest.approx([1 / 27])
    assert keyword_shares(np.array([0.0]), 1.0).tolist() == [0.0]
    assert keyword_shares(np.array([]), 1.0).tolist() == []


def test_cosines_are_shares_of_the_way_from_unrelated_to_the_same() -> None:
    shares = meaning_shares(np.array([1.0, 0.49, 0.15, -0.3, NONE]))
    assert shares == pytest.approx([1.0, 0.4, 0.0, 0.0, 0.0])
    assert meaning_shares(np.array([])).tolist() == []


def test_a_convex_combination_worked_by_hand() -> None:
    fused = convex(np.array([4.0, 1.0, NONE]), np.array([-0.2, 0.66, 0.49]), covered=0.8, weight=0.75)
    assert fused == pytest.approx([0.25 * 0.512, 0.75 * 0.6 + 0.25 * 0.128, 0.75 * 0.4])


def test_a_lone_exact_hit_is_not_buried_by_what_is_near_in_meaning() -> None:
    code = np.array([7.1, NONE, NONE])
    assert best(convex(code, np.array([0.05, 0.5, 0.45]), covered=1.0)) == 0
    # With every word, a hit of no meaning yields only to a cosine of .85: (1 - .55) / .55 of the way from .15 to 1.
    same = MEANING_FLOOR + (1 - MEANING_WEIGHT) / MEANING_WEIGHT * (1 - MEANING_FLOOR)
    assert same == pytest.approx(0.8455, abs=1e-4)
    assert best(convex(code[:2], np.array([NONE, same - 0.01]), 1.0)) == 0
    assert best(convex(code[:2], np.array([NONE, same + 0.01]), 1.0)) == 1


def test_the_best_of_bad_keyword_hits_does_not_outrank_what_is_near_in_meaning() -> None:
    common_words, near = np.array([NONE, 2.2, 2.0]), np.array([0.45, 0.2, NONE])
    assert best(convex(common_words, near, covered=0.4)) == 0
    assert best(convex(common_words, near, covered=1.0)) == 1


shares = st.floats(0, 1)
words = st.lists(st.builds(word, st.floats(0, 12), shares), max_size=6)
rows = st.lists(st.tuples(st.just(NONE) | st.floats(0.001, 40), st.just(NONE) | st.floats(-1, 1)), max_size=20)


@given(words, st.integers(0, 10**6))
def test_coverage_is_a_share(fits: list[WordFit], records: int) -> None:
    assert 0 <= coverage(fits, records) <= 1


@given(rows, shares, shares)
def test_fused_scores_are_shares(found: list[tuple[float, float]], covered: float, weight: float) -> None:
    keyword, meaning = np.array(found).reshape(-1, 2).T
    fused = convex(keyword, meaning, covered, weight)
    assert len(fused) == len(found)
    assert all(-1e-9 <= score <= 1 + 1e-9 for score in fused)


@given(rows, shares, shares)
def test_who_is_better_by_both_engines_is_not_worse_by_both_together(
    found: list[tuple[float, float]], covered: float, weight: float
) -> None:
    keyword, meaning = np.array(found).reshape(-1, 2).T
    fused = convex(keyword, meaning, covered, weight)
    by_keyword, by_meaning = np.nan_to_num(keyword), np.nan_to_num(meaning, nan=-1.0)
    for i in range(len(found)):
        for j in range(len(found)):
            if by_keyword[i] >= by_keyword[j] and by_meaning[i] >= by_meaning[j]:
                assert fused[i] >= fused[j] - 1e-12


# ---- one study does not fill the beginning

REPORT, FEED, DIARY = 7, 8, 9


def order(studies: list[int], scores: list[float], **options: float) -> list[int]:
    """The places in the new order."""
    return uncrowded(list(range(len(studies))), scores, studies, **options)[0]  # type: ignore[arg-type]


def test_a_study_gives_up_places_to_others_that_are_nearly_as_good() -> None:
    studies = [REPORT] * 5 + [FEED, DIARY, REPORT]
    scores = [0.9, 0.88, 0.86, 0.84, 0.82, 0.8, 0.7, 0.69]
    moved, more = uncrowded(list("abcdefgh"), scores, studies, most=2, first=4)  # type: ignore[arg-type]
    assert moved == list("abfgcdeh")
    assert more == {"b": 4}


def test_what_is_much_worse_does_not_go_before() -> None:
    studies, scores = [REPORT] * 4 + [FEED] * 2, [0.9, 0.9, 0.9, 0.9, 0.62, 0.5]
    assert order(studies, scores, most=2, first=4) == [0, 1, 2, 3, 4, 5]
    assert order(studies, scores, most=2, first=4, nearly=0.6) == [0, 1, 4, 2, 3, 5]


def test_a_study_that_is_alone_keeps_its_order_and_nothing_is_said() -> None:
    ids = list(range(30))
    assert uncrowded(ids, [1.0] * 30, [REPORT] * 30) == (ids, {})


def test_a_study_that_is_not_crowding_is_left_alone() -> None:
    studies = [REPORT, REPORT, REPORT, FEED, FEED, FEED, DIARY, DIARY, DIARY, 11, REPORT, REPORT]
    assert uncrowded(list(range(12)), [1.0] * 12, studies) == (list(range(12)), {})


def test_what_has_no_study_never_crowds() -> None:
    assert uncrowded(list(range(12)), [1.0] * 12, [0] * 11 + [REPORT]) == (list(range(12)), {})


def test_nothing_found_stays_nothing() -> None:
    assert uncrowded([], [], []) == ([], {})


found_hits = st.lists(st.tuples(st.integers(0, 4), st.floats(0.01, 1)), max_size=40)


@given(found_hits, st.integers(1, 4), st.integers(1, 12), shares)
def test_uncrowding_loses_and_doubles_nothing_and_moves_nothing_far_above_better_ones(
    hits: list[tuple[int, float]], most: int, first: int, nearly: float
) -> None:
    scores = sorted((score for _, score in hits), reverse=True)
    studies = [study for study, _ in hits]
    moved, more = uncrowded(list(range(len(hits))), scores, studies, most, first, nearly)
    assert sorted(moved) == list(range(len(hits)))
    assert list(moved[first:]) == sorted(moved[first:])  # from there on by relevance
    for at, place in enumerate(moved[:first]):
        passed = [other for other in moved[at + 1 :] if other < place]
        assert all(scores[place] >= nearly * scores[other] - 1e-12 for other in passed)
    for place, count in more.items():
        assert place in moved[:first]
        assert count == sum(studies[other] == studies[place] for other in moved[first:])


@given(found_hits, st.integers(1, 4), st.integers(1, 12))
def test_no_study_has_too_many_of_the_first_where_any_other_will_do(
    hits: list[tuple[int, float]], most: int, first: int
) -> None:
    scores, studies = sorted((score for _, score in hits), reverse=True), [study for study, _ in hits]
    moved, _ = uncrowded(list(range(len(hits))), scores, studies, most, first, nearly=0.0)
    counts = Counter(studies[place] for place in moved[:first] if studies[place])
    room_elsewhere = any(counts[studies[place]] < most or not studies[place] for place in moved[first:])
    assert not room_elsewhere or max(counts.values(), default=0) <= most
