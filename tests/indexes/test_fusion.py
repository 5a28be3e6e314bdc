"""Two ranked lists become one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexes.base import Scored
from indexes.fusion import (
    LEAST_MEANING,
    MOST_MEANING,
    MOST_MEANING_QUOTED,
    boosted,
    convex,
    normalised,
    query_weight,
    reciprocal_rank,
)
from indexes.keyword import WordFit

A, B, C, D = 1, 2, 3, 4


def scored(**scores: float) -> list[Scored]:
    return [Scored(int(name[1:]), score) for name, score in scores.items()]


def word(rarity: float, share: float, is_code: bool = False) -> WordFit:
    return WordFit("word", rarity * 10, rarity, share, is_code)


def test_reciprocal_rank_fusion_gives_the_worked_numbers() -> None:
    fused = reciprocal_rank([[A, B, C], [B, C, D]])
    assert list(fused) == [B, C, A, D]
    assert [round(score, 6) for score in fused.values()] == [0.032522, 0.032002, 0.016393, 0.015873]


def test_a_lone_hit_is_worth_all_of_its_engine() -> None:
    assert normalised(scored(_7=3.2), 0.0) == {7: 1.0}


def test_scores_are_shares_of_the_way_from_the_theoretical_minimum() -> None:
    assert normalised(scored(_1=8.0, _2=2.0), 0.0) == {1: 1.0, 2: 0.25}
    assert normalised(scored(_1=0.6, _2=-0.2, _3=-1.0), -1.0) == {1: 1.0, 2: pytest.approx(0.5), 3: 0.0}
    assert normalised(scored(_1=0.0), 0.0) == {1: 0.0}
    assert normalised([], 0.0) == {}


def test_a_convex_combination_worked_by_hand() -> None:
    fused = convex(scored(_1=4.0, _2=1.0), scored(_2=0.6, _3=0.2, _1=-0.2), 0.75)
    assert fused == {
        2: pytest.approx(0.75 * 1 + 0.25 * 0.25),
        1: pytest.approx(0.75 * 0.8 / 1.6 + 0.25 * 1),
        3: pytest.approx(0.75 * 1.2 / 1.6),
    }
    assert list(fused) == [2, 1, 3]


def test_a_rare_code_that_is_found_goes_by_its_letters() -> None:
    assert query_weight([word(1.0, 1.0)]) == pytest.approx(LEAST_MEANING)
    assert query_weight([word(0.4, 1.0, is_code=True)]) == pytest.approx(LEAST_MEANING)


def test_common_words_and_words_hardly_met_go_by_meaning() -> None:
    assert 0.7 < query_weight([word(0.3, 1.0), word(0.4, 1.0)]) < MOST_MEANING
    assert 0.7 < query_weight([word(0.9, 0.4), word(0.8, 0.5)]) < MOST_MEANING
    assert query_weight([word(1.0, 0.0)]) == MOST_MEANING
    assert query_weight([]) == MOST_MEANING


def test_quoting_asks_for_the_words() -> None:
    assert query_weight([word(0.3, 1.0)], quoted=True) < MOST_MEANING_QUOTED < query_weight([word(0.3, 1.0)])


shares = st.floats(0, 1)
words = st.lists(st.builds(word, shares, shares, st.booleans()), max_size=6)


@given(words, st.booleans())
def test_the_weight_stays_within_its_bounds(fits: list[WordFit], quoted: bool) -> None:
    assert LEAST_MEANING - 1e-9 <= query_weight(fits, quoted) <= MOST_MEANING


@given(st.lists(st.tuples(st.floats(0.01, 1), shares), min_size=1, max_size=6), shares)
def test_the_better_the_words_are_met_the_less_meaning_is_believed(met: list[tuple[float, float]], less: float) -> None:
    well = [word(rarity, share) for rarity, share in met]
    worse = [word(rarity, share * less) for rarity, share in met]
    assert query_weight(well) <= query_weight(worse) + 1e-9


ranked = st.dictionaries(st.integers(1, 50), st.floats(0.001, 40), max_size=20).map(
    lambda scores: [Scored(number, score) for number, score in sorted(scores.items(), key=lambda pair: -pair[1])]
)
cosines = st.dictionaries(st.integers(1, 50), st.floats(-1, 1), max_size=20).map(
    lambda scores: [Scored(number, score) for number, score in scores.items()]
)


@given(ranked, cosines, shares)
def test_fused_scores_are_shares_and_fall(keyword: list[Scored], meaning: list[Scored], weight: float) -> None:
    fused = convex(keyword, meaning, weight)
    assert set(fused) == {hit.id for hit in (*keyword, *meaning)}
    assert list(fused.values()) == sorted(fused.values(), reverse=True)
    assert all(-1e-9 <= score <= 1 + 1e-9 for score in fused.values())


@given(ranked)
def test_one_engine_alone_keeps_its_order(keyword: list[Scored]) -> None:
    fused = convex(keyword, [], 0.0)
    assert list(fused) == [hit.id for hit in keyword]


def test_a_boost_moves_only_what_is_there() -> None:
    assert list(boosted({1: 0.5, 2: 0.45, 3: 0.1}, {2: 0.1, 9: 5.0}).items()) == [
        (2, pytest.approx(0.55)),
        (1, 0.5),
        (3, 0.1),
    ]
