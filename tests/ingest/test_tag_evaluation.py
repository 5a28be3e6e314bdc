"""The figures of `evaluate tags`, worked by hand, and few-shot samples."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.evaluation import f1_scores, sample_shots, tag_metrics


@dataclass(frozen=True)
class Text:
    number: int
    labels: frozenset[str]


def texts(*labels: str) -> list[Text]:
    """One text a word; each letter of the word is a label."""
    return [Text(number, frozenset(word)) for number, word in enumerate(labels)]


# --- one right term a text -------------------------------------------------------------------------------------------


def test_single_label_figures_worked_by_hand() -> None:
    found = tag_metrics(
        truth=[{"a"}, {"a"}, {"b"}, {"b"}],
        predicted=[{"a"}, {"a", "b"}, {"a"}, set()],
        probabilities=[{"a": 0.9, "b": 0.1}, {"a": 0.6, "b": 0.5}, {"a": 0.7, "b": 0.2}, {"a": 0.1, "b": 0.3}],
        automatic=[{"a"}, set(), {"a"}, set()],
    )
    assert found["accuracy"] == 0.75  # the third text's best term is a
    assert found["micro_f1"] == pytest.approx(2 * 2 / (4 + 4))  # 2 right of 4 predicted, 4 to be found
    assert found["macro_f1"] == pytest.approx((0.8 + 0) / 2)  # a: 2 right, 3 predicted, 2 true; b: 0 right
    assert found["precision_at_auto"] == 0.5
    assert found["coverage_at_auto"] == 0.5
    # a bin a text, the best term's probability against whether it is right: .3/1, .6/1, .7/0, .9/1
    assert found["ece"] == pytest.approx((0.7 + 0.4 + 0.7 + 0.1) / 4)


def test_nothing_automatic_has_no_precision() -> None:
    found = tag_metrics([{"a"}], [set()], [{}], [set()])
    assert found["precision_at_auto"] is None
    assert found["coverage_at_auto"] == 0
    assert found["accuracy"] == 0


# --- several right terms a text --------------------------------------------------------------------------------------


def test_multi_label_figures_worked_by_hand() -> None:
    found = tag_metrics(
        truth=[{"a", "b"}, {"b"}, set()],
        predicted=[{"a", "b"}, {"a", "b"}, set()],
        probabilities=[{"a": 1.0, "b": 1.0}, {"a": 0.5, "b": 1.0}, {}],
        automatic=[{"a", "b"}, {"b"}, set()],
    )
    assert found["accuracy"] == pytest.approx(2 / 3)  # sets, and the empty one is right
    assert found["micro_f1"] == pytest.approx(2 * 3 / (4 + 3))
    assert found["macro_f1"] == pytest.approx((2 / 3 + 1) / 2)
    assert found["precision_at_auto"] == 1
    assert found["coverage_at_auto"] == pytest.approx(2 / 3)
    assert found["ece"] == pytest.approx(0.5 / 6)  # six pairs in bins of one; only the .5 is off


def test_a_term_that_is_never_right_pulls_the_macro_mean_down() -> None:
    assert f1_scores([{"a"}, {"b"}], [{"a"}, {"c"}]) == pytest.approx((0.5, 1 / 3))
    assert f1_scores([set()], [set()]) == (0, 0)


def test_rows_that_do_not_match_up_are_refused() -> None:
    with pytest.raises(ValueError, match="one entry for it in each argument"):
        tag_metrics([{"a"}], [], [{}], [set()])
    with pytest.raises(ValueError, match="at least one text"):
        tag_metrics([], [], [], [])


names = st.frozensets(st.sampled_from("abc"), max_size=3)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(names, names), min_size=1, max_size=12))
def test_every_figure_lies_between_nothing_and_all(rows: list[tuple[frozenset[str], frozenset[str]]]) -> None:
    truth, guess = [right for right, _ in rows], [predicted for _, predicted in rows]
    stated = [dict.fromkeys(predicted, 1.0) for predicted in guess]
    assert all(value is None or 0 <= value <= 1 for value in tag_metrics(truth, guess, stated, guess).values())
    if any(truth):
        perfect = tag_metrics(truth, truth, [dict.fromkeys(right, 1.0) for right in truth], truth)
        assert (perfect["micro_f1"], perfect["precision_at_auto"], perfect["ece"]) == (1, 1, 0)


# --- few-shot samples ------------------------------------------------------------------------------------------------


def test_each_label_gets_its_shots() -> None:
    rows = texts(*"aaaabbbbbcc")
    drawn = sample_shots(rows, 3, seed=1)
    assert sorted("".join(*row.labels) for row in drawn) == list("aaabbbcc")  # c has only two
    assert [row.number for row in drawn] == sorted(row.number for row in drawn)


def test_a_row_counts_for_all_its_labels() -> None:
    drawn = sample_shots(texts("ab", "b", "b", "b"), 1, seed=0)
    assert drawn == texts("ab")


def test_a_seed_gives_the_same_sample_and_another_seed_another() -> None:
    rows = texts(*"ab" * 50)
    assert sample_shots(rows, 5, seed=3) == sample_shots(rows, 5, seed=3)
    assert sample_shots(rows, 5, seed=3) != sample_shots(rows, 5, seed=4)


def test_a_row_without_labels_is_never_drawn() -> None:
    assert sample_shots(texts("", "a"), 2, seed=0) == [Text(1, frozenset("a"))]


@given(st.lists(st.frozensets(st.sampled_from("abcd"), max_size=2), max_size=30), st.integers(0, 5))
def test_no_label_gets_less_than_it_can_have(labels: list[frozenset[str]], shots: int) -> None:
    rows = [Text(number, row) for number, row in enumerate(labels)]
    drawn = sample_shots(rows, shots, seed=0)
    for label in "abcd":
        holders = sum(label in row.labels for row in rows)
        assert sum(label in row.labels for row in drawn) >= min(shots, holders)
