"""Heads over frozen embeddings: what they learn, how they are calibrated, and which thresholds they earn."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from ingest.classifier import (
    Head,
    HeadSet,
    brier,
    expected_calibration_error,
    nearest_examples,
    precision_lower,
    thresholds,
    train,
)

DIMENSION = 24


def sample(rows: int, terms: int = 3, noise: float = 0.6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors around one centre a term, and their labels (rows, terms), one a row."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(terms, DIMENSION))
    names = np.arange(rows) % terms
    vectors = centres[names] + noise * np.sqrt(DIMENSION) * random.normal(size=(rows, DIMENSION)) / 2
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), (names[:, None] == np.arange(terms)).astype(float)


@pytest.fixture(scope="module")
def heads() -> dict[int, Head | None]:
    vectors, labels = sample(600)
    return train(vectors, labels, np.arange(600))


# --- learning --------------------------------------------------------------------------------------------------------


def test_heads_name_the_right_term_of_new_texts(heads: dict[int, Head | None]) -> None:
    vectors, labels = sample(300, seed=1)
    found = HeadSet(heads).probabilities(vectors)
    assert (found.argmax(axis=1) == labels.argmax(axis=1)).mean() > 0.95


def test_probabilities_of_new_texts_come_true(heads: dict[int, Head | None]) -> None:
    vectors, labels = sample(3000, seed=1)
    found = HeadSet(heads).probabilities(vectors)
    assert expected_calibration_error(found.ravel(), labels.ravel()) < 0.03
    assert brier(found.ravel(), labels.ravel()) < brier(np.full(labels.size, 1 / 3), labels.ravel()) / 4


def test_the_coefficients_are_those_of_logistic_regression(heads: dict[int, Head | None]) -> None:
    vectors, labels = sample(600)
    for column, head in heads.items():
        known = LogisticRegression(C=10, tol=1e-8, max_iter=5000).fit(vectors, labels[:, column])
        assert np.allclose(head.coefficients, known.coef_[0], atol=0.02 * np.abs(known.coef_).max())
        assert head.intercept == pytest.approx(known.intercept_[0], abs=0.05)


def test_a_rare_term_is_trained_with_balanced_classes() -> None:
    vectors, labels = sample(600, terms=3, noise=1.0)
    labels[np.flatnonzero(labels[:, 0])[20:], 0] = 0
    known = LogisticRegression(C=10, tol=1e-8, max_iter=5000, class_weight="balanced").fit(vectors, labels[:, 0])
    head = train(vectors, labels[:, :1], np.arange(600))[0]
    assert np.allclose(head.coefficients, known.coef_[0], atol=0.02 * np.abs(known.coef_).max())
    assert head.intercept == pytest.approx(known.intercept_[0] - np.log(580 / 20), abs=0.05)


def test_the_same_input_gives_the_same_heads(heads: dict[int, Head | None]) -> None:
    vectors, labels = sample(600)
    again = train(vectors, labels, np.arange(600))
    assert [head.as_dict() for head in again.values()] == [head.as_dict() for head in heads.values()]


def test_a_term_learns_the_same_coefficients_with_and_without_the_others(heads: dict[int, Head | None]) -> None:
    vectors, labels = sample(600)
    alone = train(vectors, labels[:, 1:2], np.arange(600))[0]
    assert np.allclose(alone.coefficients, heads[1].coefficients, atol=0.02 * np.abs(alone.coefficients).max())


def test_fewer_than_eight_positives_give_no_head() -> None:
    vectors, labels = sample(120)
    labels[np.flatnonzero(labels[:, 0])[7:], 0] = 0
    labels[np.flatnonzero(labels[:, 1])[8:], 1] = 0
    found = train(vectors, labels, np.arange(120))
    assert found[0] is None
    assert found[1].examples == 8


def test_a_term_without_a_single_no_gets_no_head() -> None:
    vectors, labels = sample(60)
    labels[:, 0] = np.where(labels[:, 0] == 1, 1, np.nan)
    found = train(vectors, labels, np.arange(60))
    assert found[0] is None
    assert found[1] is not None


def test_an_unknown_label_is_as_good_as_no_row() -> None:
    vectors, labels = sample(300, terms=2)
    labels[200:] = np.nan
    with_gaps = train(vectors, labels, np.arange(300))[0]
    without = train(vectors[:200], labels[:200], np.arange(200))[0]
    assert with_gaps.examples == without.examples == 100
    assert np.allclose(with_gaps.coefficients, without.coefficients, atol=0.02 * np.abs(without.coefficients).max())


def test_no_rows_of_a_kind_no_heads() -> None:
    assert train(np.zeros((3, 2)), np.full((3, 2), np.nan), [1, 2, 3]) == {0: None, 1: None}


# --- folds by document -----------------------------------------------------------------------------------------------


def repeated(documents: int, copies: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Documents of pure noise whose passages are nearly equal, with labels drawn by document."""
    random = np.random.default_rng(3)
    base = random.normal(size=(documents, DIMENSION))
    vectors = np.repeat(base, copies, axis=0) + 0.01 * random.normal(size=(documents * copies, DIMENSION))
    labels = np.repeat(np.arange(documents) % 2, copies)[:, None].astype(float)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), labels, np.repeat(np.arange(documents), copies)


def test_shared_wording_of_a_document_does_not_pass_for_skill() -> None:
    vectors, labels, groups = repeated(documents=20, copies=10)
    by_document = train(vectors, labels, groups)[0]
    by_row = train(vectors, labels, np.arange(200))[0]
    assert by_row.metrics["brier"] < 0.05  # each row has its twin in the training folds
    assert by_document.metrics["brier"] > 0.2
    assert by_row.threshold_automatic is not None
    assert by_document.threshold_automatic is None


def test_too_few_documents_fall_back_to_rows_and_earn_no_automatic_threshold() -> None:
    vectors, labels = sample(300, terms=2)
    head = train(vectors, labels, np.where(labels[:, 0] == 1, 1, np.arange(300) + 10))[0]
    assert head.metrics["folds"] == "rows"
    assert head.threshold_automatic is None
    assert head.threshold_suggest is not None


def test_many_documents_are_cut_by_document(heads: dict[int, Head | None]) -> None:
    assert {head.metrics["folds"] for head in heads.values()} == {"documents"}


def test_a_single_negative_cannot_be_held_out_and_says_so() -> None:
    vectors, labels = sample(30)
    labels = np.ones((30, 1))
    labels[0] = 0
    head = train(vectors, labels, np.arange(30))[0]
    assert head.metrics["folds"] == "none"
    assert head.threshold_automatic is None


# --- thresholds ------------------------------------------------------------------------------------------------------


def test_thirty_of_thirty_is_not_certainty() -> None:
    assert precision_lower(30, 30) == pytest.approx(0.865, abs=0.0005)
    assert precision_lower(4, 5) == pytest.approx(0.3596, abs=0.00005)
    assert precision_lower(0, 3) == 0


def test_forty_two_right_answers_earn_the_automatic_threshold() -> None:
    assert thresholds(np.full(41, 0.9), np.ones(41)) == (None, 0.9)
    assert thresholds(np.full(42, 0.9), np.ones(42)) == (0.9, 0.9)


def test_thresholds_worked_by_hand() -> None:
    probabilities = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    truth = np.array([1, 1, 0, 0, 1, 0])
    # precision from the top: 1, 1, 2/3, 2/4, 3/5, 3/6
    assert thresholds(probabilities, truth) == (None, 0.4)
    assert thresholds(probabilities, np.array([1, 0, 0, 0, 0, 1]))[1] == 0.8
    assert thresholds(probabilities, np.zeros(6)) == (None, None)


def test_equal_probabilities_stand_or_fall_together() -> None:
    assert thresholds(np.array([0.9, 0.5, 0.5, 0.5]), np.array([1, 1, 0, 0])) == (None, 0.5)
    assert thresholds(np.array([0.9, 0.5, 0.5, 0.5]), np.array([1, 0, 0, 0])) == (None, 0.9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=1, max_size=120), st.sampled_from([0.6, 0.9]))
def test_what_stands_above_a_threshold_meets_it(rows: list[tuple[int, bool]], target: float) -> None:
    probabilities = np.array([level / 10 for level, _ in rows])
    truth = np.array([float(right) for _, right in rows])
    automatic, suggest = thresholds(probabilities, truth, target)
    if automatic is not None:
        above = truth[probabilities >= automatic]
        assert precision_lower(above.sum(), len(above)) >= target
        assert suggest is not None
        assert suggest <= automatic
    if suggest is not None:
        assert truth[probabilities >= suggest].mean() >= 0.5


def test_the_metrics_state_the_bound_of_the_automatic_threshold(heads: dict[int, Head | None]) -> None:
    head = heads[0]
    assert head.metrics["precision_lower"] >= 0.9
    assert head.metrics["precision_lower"] < head.metrics["precision"] <= 1
    assert 42 <= head.metrics["n"] <= 600


# --- keeping and using heads -----------------------------------------------------------------------------------------


def test_a_head_comes_back_from_json_unchanged(heads: dict[int, Head | None]) -> None:
    vectors, _ = sample(50, seed=5)
    for head in heads.values():
        back = Head.from_dict(json.loads(json.dumps(head.as_dict())))
        assert np.array_equal(back.probability(vectors), head.probability(vectors))
        assert back.as_dict() == head.as_dict()


def test_a_set_of_heads_says_what_each_says_alone(heads: dict[int, Head | None]) -> None:
    vectors, _ = sample(20, seed=5)
    together = HeadSet({40: heads[2], 7: heads[0]})
    assert together.keys == (40, 7)
    assert np.allclose(together.probabilities(vectors)[:, 0], heads[2].probability(vectors))
    assert np.allclose(together.probabilities(vectors)[:, 1], heads[0].probability(vectors))


def test_no_heads_give_no_columns() -> None:
    assert HeadSet({}).probabilities(np.zeros((4, 3))).shape == (4, 0)


def test_the_probability_is_platts_sigmoid_of_the_score() -> None:
    head = Head(np.array([1.0, -1.0], np.float32), 0.5, 2.0, -1.0, None, None, 8)
    assert head.probability(np.array([[1.0, 0.5]]))[0] == pytest.approx(1 / (1 + np.exp(-(2 * 1.0 - 1))))


def test_nearest_examples_come_nearest_first() -> None:
    examples = np.array([[0.0, 2.0], [3.0, 0.0], [1.0, 1.0]])
    found = nearest_examples(np.array([1.0, 0.0]), examples, [10, 11, 12], k=2)
    assert [name for name, _ in found] == [11, 12]
    assert [cosine for _, cosine in found] == pytest.approx([1, np.sqrt(0.5)])
    assert nearest_examples(np.array([1.0, 0.0]), np.zeros((0, 2)), []) == []


# --- Brier and calibration error -------------------------------------------------------------------------------------


def test_brier_worked_by_hand() -> None:
    assert brier(np.array([0.9, 0.2]), np.array([1, 1])) == pytest.approx((0.1**2 + 0.8**2) / 2)


def test_calibration_error_worked_by_hand() -> None:
    probabilities = np.array([0.1, 0.3, 0.8, 0.8])
    truth = np.array([0, 0, 1, 0])
    # two bins of two: means .2 and .8 against 0 and .5
    assert expected_calibration_error(probabilities, truth, bins=2) == pytest.approx((0.2 + 0.3) / 2)
    assert expected_calibration_error(np.array([]), np.array([])) == 0


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_calibration_error_is_a_share_and_certainty_that_comes_true_has_none(rows: list[tuple[float, bool]]) -> None:
    truth = np.array([right for _, right in rows], dtype=float)
    assert 0 <= expected_calibration_error(np.array([stated for stated, _ in rows]), truth) <= 1
    assert expected_calibration_error(truth, truth) == 0
