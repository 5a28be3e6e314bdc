"""Two ranked lists become one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexes.base import Scored
from indexes.fusion import (
    MEANING_FLOOR,
    MEANING_WEIGHT,
    boosted,
    convex,
    coverage,
    keyword_shares,
    meaning_shares,
    reciprocal_rank,
)
from indexes.keyword import WordFit

A, B, C, D = 1, 2, 3, 4


def scored(**scores: float) -> list[Scored]:
    return [Scored(int(name[1:]), score) for name, score in scores.items()]


def word(idf: float, share: float) -> WordFit:
    return WordFit("word", idf=idf, rarity=0.5, share=share)


def test_reciprocal_rank_fusion_gives_the_worked_numbers() -> None:
    fused = reciprocal_rank([[A, B, C], [B, C, D]])
    assert list(fused) == [B, C, A, D]
    assert [round(score, 6) for score in fused.values()] == [0.032522, 0.032002, 0.016393, 0.015873]


def test_coverage_is_the_share_of_the_idf_that_is_held() -> None:
    assert coverage([word(6.0, 1.0), word(2.0, 0.0)]) == pytest.approx(0.75)
    assert coverage([word(6.0, 0.5), word(2.0, 1.0)]) == pytest.approx(0.625)
    assert coverage([word(5.0, 0.0)]) == 0.0
    assert coverage([word(0.0, 1.0)]) == 0.0
    assert coverage([]) == 0.0


def test_a_lone_hit_that_holds_every_word_is_worth_all_of_its_engine() -> None:
    assert keyword_shares(scored(_7=3.2), 1.0) == {7: pytest.approx(1.0)}


def test_a_word_that_is_missing_beside_a_name_does_not_make_its_hit_worth_less() -> None:
    assert keyword_shares(scored(_7=3.2), 0.75) == {7: pytest.approx(1.0)}


def test_keyword_scores_are_shares_of_the_best_and_small_where_it_holds_little() -> None:
    assert keyword_shares(scored(_1=8.0, _2=2.0), 0.375) == {1: pytest.approx(0.125), 2: pytest.approx(0.03125)}
    assert keyword_shares(scored(_1=8.0), 0.25) == {1: pytest.approx(1 / 27)}
    assert keyword_shares(scored(_1=0.0), 1.0) == {1: 0.0}
    assert keyword_shares([], 1.0) == {}


def test_cosines_are_shares_of_the_way_from_unrelated_to_the_same() -> None:
    shares = meaning_shares(scored(_1=1.0, _2=0.49, _3=0.15, _4=-0.3))
    assert shares == {1: pytest.approx(1.0), 2: pytest.approx(0.4), 3: 0.0, 4: 0.0}
    assert meaning_shares([]) == {}


def test_a_convex_combination_worked_by_hand() -> None:
    fused = convex(scored(_1=4.0, _2=1.0), scored(_2=0.66, _3=0.49, _1=-0.2), covered=0.6, weight=0.75)
    assert fused == {
        2: pytest.approx(0.75 * 0.6 + 0.25 * 0.128),
        3: pytest.approx(0.75 * 0.4),
        1: pytest.approx(0.25 * 0.512),
    }
    assert list(fused) == [2, 3, 1]


def test_a_lone_exact_hit_is_not_buried_by_what_is_near_in_meaning() -> None:
    code, near = scored(_5=7.1), scored(_1=0.5, _2=0.45, _5=0.05)
    assert next(iter(convex(code, near, covered=1.0))) == 5
    # With every word, a hit of no meaning yields only to a cosine of .85: (1 - .55) / .55 of the way from .15 to 1.
    same = MEANING_FLOOR + (1 - MEANING_WEIGHT) / MEANING_WEIGHT * (1 - MEANING_FLOOR)
    assert same == pytest.approx(0.8455, abs=1e-4)
    assert next(iter(convex(code, scored(_1=same - 0.01), 1.0))) == 5
    assert next(iter(convex(code, scored(_1=same + 0.01), 1.0))) == 1


def test_the_best_of_bad_keyword_hits_does_not_outrank_what_is_near_in_meaning() -> None:
    common_words, near = scored(_7=2.2, _8=2.0), scored(_1=0.45, _7=0.2)
    assert next(iter(convex(common_words, near, covered=0.3))) == 1
    assert next(iter(convex(common_words, near, covered=1.0))) == 7


shares = st.floats(0, 1)
words = st.lists(st.builds(word, st.floats(0, 12), shares), max_size=6)


@given(words)
def test_coverage_is_a_share(fits: list[WordFit]) -> None:
    assert 0 <= coverage(fits) <= 1 + 1e-9


ranked = st.dictionaries(st.integers(1, 50), st.floats(0.001, 40), max_size=20).map(
    lambda scores: [Scored(number, score) for number, score in sorted(scores.items(), key=lambda pair: -pair[1])]
)
cosines = st.dictionaries(st.integers(1, 50), st.floats(-1, 1), max_size=20).map(
    lambda scores: [Scored(number, score) for number, score in scores.items()]
)


@given(ranked, cosines, shares, shares)
def test_fused_scores_are_shares_and_fall(
    keyword: list[Scored], meaning: list[Scored], covered: float, weight: float
) -> None:
    fused = convex(keyword, meaning, covered, weight)
    assert set(fused) == {hit.id for hit in (*keyword, *meaning)}
    assert list(fused.values()) == sorted(fused.values(), reverse=True)
    assert all(-1e-9 <= score <= 1 + 1e-9 for score in fused.values())


@given(ranked)
def test_one_engine_alone_keeps_its_order(keyword: list[Scored]) -> None:
    fused = convex(keyword, [], covered=1.0, weight=0.0)
    assert list(fused) == [hit.id for hit in keyword]


@given(cosines)
def test_without_keyword_hits_meaning_keeps_its_order(meaning: list[Scored]) -> None:
    fused = convex([], meaning, covered=0.0)
    cosine = {hit.id: max(hit.score, MEANING_FLOOR) for hit in meaning}
    assert [cosine[number] for number in fused] == pytest.approx(sorted(cosine.values(), reverse=True))


def test_a_boost_moves_only_what_is_there() -> None:
    assert list(boosted({1: 0.5, 2: 0.45, 3: 0.1}, {2: 0.1, 9: 5.0}).items()) == [
        (2, pytest.approx(0.55)),
        (1, 0.5),
        (3, 0.1),
    ]
