"""A head a term over frozen embeddings: trained, calibrated, with thresholds that say what may be done unasked.

One-vs-rest L2 logistic regression (METHODS.md, section 6), all terms in one solver call. What was measured, on
synthetic vectors about as hard as 77 bank intents (384 numbers, 7% of the labels wrong; accuracy of the best term and
Brier score summed over the terms of a row, on 3,080 other rows):

- 10,000 rows: one-vs-rest .936 / .165, multinomial logits calibrated a term .932 / .215; 8 s on one core.
- 8 examples a term: as here .833 / .365; without pooled calibration .821 / .398, without balanced classes
  .823 / .396, multinomial without either .796 / .442. 16 a term .904 / .258, 32 a term .927 / .209.
- Balanced classes make no difference from 64 examples on, and with 12 rare terms (1 to 15%) among 4,000 rows they
  cost calibration (Brier a cell .0062 against .0049): so only terms with few positives are balanced.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

STRENGTH = 10.0  # C, the inverse of the L2 penalty (ENGINES.md, search quality)
FOLDS = 5
BALANCED_BELOW = 32  # a term with fewer positives is trained with balanced classes
POOLING = 3.0  # pull of a term's calibration towards the calibration of all terms, in examples
BINS = 10
SUGGEST_PRECISION = 0.5


@dataclass(frozen=True, eq=False)
class Head:
    """What one term has learnt; independent of every other head.

    `coefficients` (dimension,) and `intercept` give the score of a vector, `slope` and `offset` (Platt's a and b)
    its probability. A threshold is None where the examples do not support one. `examples` counts the positives.
    `metrics` are out of fold: brier, ece, precision and precision_lower (of what stands above the automatic
    threshold, with n), and by what the folds were cut ("documents" or "rows").
    """

    coefficients: np.ndarray
    intercept: float
    slope: float
    offset: float
    threshold_automatic: float | None
    threshold_suggest: float | None
    examples: int
    metrics: Mapping[str, Any] = field(default_factory=dict)

    def probability(self, vectors: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, shape (n,), for `vectors` of shape (n, dimension)."""
        return HeadSet({0: self}).probabilities(vectors)[:, 0]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON: the coefficients as base64 of little-endian float32."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        data = np.asarray(self.coefficients, dtype="<f4").tobytes()
        return values | {"coefficients": base64.b64encode(data).decode("ascii"), "metrics": dict(self.metrics)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Head:
        """The inverse of `as_dict`."""
        data = np.frombuffer(base64.b64decode(values["coefficients"]), dtype="<f4")
        return cls(**{**values, "coefficients": data})


class HeadSet:
    """Heads stacked, so that all probabilities cost one matrix product."""

    def __init__(self, heads: Mapping[int, Head]) -> None:
        self.keys = tuple(heads)
        self.heads = parts = tuple(heads.values())
        self._coefficients = (
            np.stack([h.coefficients for h in parts], axis=1) if parts else np.zeros((0, 0), np.float32)
        )
        self._intercept, self._slope, self._offset = (
            np.array([getattr(head, name) for head in parts]) for name in ("intercept", "slope", "offset")
        )

    def probabilities(self, vectors: np.ndarray) -> np.ndarray:
        """Shape (n, heads), columns in the order of `keys`; `vectors` is (n, dimension)."""
        if not self.keys:
            return np.zeros((len(vectors), 0))
        scores = np.asarray(vectors, dtype=np.float32) @ self._coefficients + self._intercept
        return _sigmoid(self._slope * scores + self._offset)


def train(
    vectors: np.ndarray,
    labels: np.ndarray,
    groups: Sequence[Any] | np.ndarray,
    minimum: int = 8,
    target_precision: float = 0.90,
    seed: int = 0,
) -> dict[int, Head | None]:
    """A head for each column of `labels`, None where a column has fewer than `minimum` positives or no negative.

    `vectors` is (n, dimension); `labels` is (n, terms) of 1, 0 and NaN (unknown: the row is left out for that term);
    `groups` names the document of each row. Folds keep a document together; where the positives of a term stand in
    too few documents for that, its folds are cut by rows (``metrics["folds"] == "rows"``), and it gets no
    automatic threshold, because passages of one report share their wording. The same input gives the same heads.
    """
    vectors, labels = np.asarray(vectors, dtype=np.float32), np.asarray(labels, dtype=np.float32)
    groups = np.unique(np.asarray(groups), return_inverse=True)[1]
    positives, negatives = np.nansum(labels == 1, axis=0), np.nansum(labels == 0, axis=0)
    columns = np.flatnonzero((positives >= minimum) & (negatives > 0))
    heads: dict[int, Head | None] = dict.fromkeys(range(labels.shape[1]))
    if not len(columns):
        return heads
    chosen = labels[:, columns]
    balanced = positives[columns] < BALANCED_BELOW
    # Balancing added this to the log odds; taken off by the counts of all rows, also in folds, whose own counts
    # would tell which of the rows held out are positive.
    shift = np.where(balanced, np.log(negatives[columns] / positives[columns]), 0)
    coefficients, intercepts = _fit(vectors, chosen, balanced)
    scores, fold_names = _out_of_fold(vectors, chosen, groups, balanced, seed)
    intercepts, scores = intercepts - shift, scores - shift
    slopes, offsets = _calibrate(scores, chosen)
    for at, column in enumerate(columns):
        known = ~np.isnan(chosen[:, at])
        probabilities = _sigmoid(slopes[at] * scores[known, at] + offsets[at])
        outcome = _judge(probabilities, chosen[known, at], fold_names[at], target_precision)
        heads[int(column)] = Head(
            np.ascontiguousarray(coefficients[:, at]),
            float(intercepts[at]),
            float(slopes[at]),
            float(offsets[at]),
            *outcome[:2],
            int(positives[column]),
            outcome[2],
        )
    return heads


def _sigmoid(scores: np.ndarray) -> np.ndarray:
    from scipy.special import expit

    return expit(scores)


def _fit(vectors: np.ndarray, labels: np.ndarray, balanced: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (dimension, terms) and intercepts (terms,) that minimise ``C * weighted log loss + |w|^2 / 2``.

    The terms share no parameter, so the sum of their losses has the same minimum as each alone; one L-BFGS run on
    the sum works in whole matrix products and is some ten times faster than a run a term.
    """
    from scipy.optimize import minimize

    truth, weights = _targets(labels, balanced)
    centre = vectors.mean(axis=0)  # the intercept takes it up again
    inputs, change, penalty = _precondition(vectors - centre)

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        parameters = flat.reshape(-1, labels.shape[1]).astype(np.float32)
        scores, pull = inputs @ parameters, penalty @ parameters
        tail = np.exp(-np.abs(scores))
        loss = weights * (np.maximum(scores, 0) + np.log1p(tail) - truth * scores)
        error = weights * (np.where(scores >= 0, 1, tail) / (1 + tail) - truth)
        value = STRENGTH * loss.sum(dtype=np.float64) + 0.5 * (parameters * pull).sum(dtype=np.float64)
        return value, (STRENGTH * (inputs.T @ error) + pull).astype(np.float64).ravel()

    start = np.zeros((len(change), labels.shape[1]))
    start[-1] = np.log(((weights * truth).sum(axis=0) + 0.5) / ((weights * (1 - truth)).sum(axis=0) + 0.5))
    options = {"maxiter": 300, "ftol": 1e-6, "gtol": 1e-3}
    found = minimize(objective, (start / change[-1, -1]).ravel(), jac=True, method="L-BFGS-B", options=options)
    parameters = change.astype(np.float64) @ found.x.reshape(start.shape)
    return parameters[:-1].astype(np.float32), parameters[-1] - centre @ parameters[:-1]


def _precondition(centred: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs with a column for the intercept in a basis where the loss is rounder (40 steps instead of 100).

    Returns the inputs in the new basis, the matrix back from it, and the L2 penalty in it (intercept free).
    """
    rows, dimension = centred.shape
    values, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    curvature = STRENGTH * 0.002  # about the mean of p (1 - p) over rows and terms
    change = np.eye(dimension + 1)
    change[:-1, :-1] = (axes / np.sqrt(curvature * np.maximum(values, 0) + 1)) @ axes.T
    change[-1, -1] = 1 / np.sqrt(curvature * rows + 1)
    penalty = change[:-1].T @ change[:-1]
    change, penalty = change.astype(np.float32), penalty.astype(np.float32)
    return np.hstack([centred, np.ones((rows, 1), np.float32)]) @ change, change, penalty


def _targets(labels: np.ndarray, balanced: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Truth and weight of each cell: 0 where unknown, else 1; in a balanced term both classes weigh the same."""
    known = ~np.isnan(labels)
    truth = np.where(known, labels, 0).astype(np.float32)
    positives = np.maximum(truth.sum(axis=0), 1)
    negatives = np.maximum(known.sum(axis=0) - truth.sum(axis=0), 1)
    half = (positives + negatives) / 2
    weights = np.where(balanced, np.where(truth == 1, half / positives, half / negatives), 1)
    return truth, (known * weights).astype(np.float32)


def _out_of_fold(
    vectors: np.ndarray, labels: np.ndarray, groups: np.ndarray, balanced: np.ndarray, seed: int
) -> tuple[np.ndarray, list[str]]:
    """Scores (n, terms) of heads that have not seen the row, and by what each term's folds were cut."""
    from sklearn.model_selection import GroupKFold

    scores = np.full(labels.shape, np.nan)
    names = ["documents"] * labels.shape[1]
    splits: list[tuple[np.ndarray, np.ndarray]] = []
    if groups.max() + 1 >= FOLDS:
        splits = list(GroupKFold(FOLDS, shuffle=True, random_state=seed).split(vectors, groups=groups))
    good = np.array([_enough(splits, column) for column in labels.T])
    if good.any():
        scores[:, good] = _fold_scores(vectors, labels[:, good], balanced[good], splits)
    for at in np.flatnonzero(~good):
        known = np.flatnonzero(~np.isnan(labels[:, at]))
        splits, names[at] = _own_splits(labels[known, at], groups[known], seed)
        one = slice(at, at + 1)
        scores[known, one] = _fold_scores(vectors[known], labels[known, one], balanced[one], splits)
    return scores, names


def _own_splits(column: np.ndarray, groups: np.ndarray, seed: int) -> tuple[list[tuple[np.ndarray, np.ndarray]], str]:
    """Folds for one term: its positives spread evenly, by document where that works, else by row."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    folds = min(FOLDS, *(len(np.unique(groups[column == value])) for value in (0, 1)))
    if folds >= 3:
        cut = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        splits = list(cut.split(column[:, None], column, groups))
        if _enough(splits, column):
            return splits, "documents"
    folds = min(FOLDS, int((column == 1).sum()), int((column == 0).sum()))
    if folds < 2:  # a single negative: nothing can be held out, so the scores are of the rows it was trained on
        everything = np.arange(len(column))
        return [(everything, everything)], "none"
    return list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(column[:, None], column)), "rows"


def _enough(splits: Sequence[tuple[np.ndarray, np.ndarray]], column: np.ndarray) -> bool:
    """Whether each fold leaves at least half of the positives, and a negative, to learn from."""
    half = (column == 1).sum() / 2
    return bool(splits) and all((column[fit] == 1).sum() >= half and (column[fit] == 0).any() for fit, _ in splits)


def _fold_scores(
    vectors: np.ndarray, labels: np.ndarray, balanced: np.ndarray, splits: Sequence[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    scores = np.full(labels.shape, np.nan)
    for fit, held in splits:
        coefficients, intercepts = _fit(vectors[fit], labels[fit], balanced)
        scores[held] = vectors[held] @ coefficients + intercepts
    return scores


def _calibrate(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope and offset of each term by Platt (1999), with his smoothed targets.

    With eight examples two numbers are badly known: each term is pulled towards the fit over all terms together
    (figures at the top; at 64 a term the pull no longer shows).
    """
    known = ~np.isnan(labels)
    centre = _platt(scores[known], labels[known], np.array([1.0, 0.0]), 1e-6)
    fits = [_platt(scores[k, at], labels[k, at], centre, POOLING) for at, k in enumerate(known.T)]
    slopes, offsets = np.array(fits).T
    return np.maximum(slopes, 1e-3), offsets  # a higher score never means less probable


def _platt(scores: np.ndarray, labels: np.ndarray, centre: np.ndarray, pull: float) -> np.ndarray:
    from scipy.optimize import minimize

    positives = labels.sum()
    target = np.where(labels == 1, (positives + 1) / (positives + 2), 1 / (len(labels) - positives + 2))

    def objective(pair: np.ndarray) -> tuple[float, np.ndarray]:
        logits, away = pair[0] * scores + pair[1], pair - centre
        error = _sigmoid(logits) - target
        value = (np.logaddexp(0, logits) - target * logits).sum() + pull * away @ away
        return value, np.array([error @ scores, error.sum()]) + 2 * pull * away

    return minimize(objective, centre, jac=True, method="BFGS").x


def _judge(
    probabilities: np.ndarray, truth: np.ndarray, folds: str, target: float
) -> tuple[float | None, float | None, dict[str, Any]]:
    """The two thresholds and the metrics, from out-of-fold probabilities of the rows whose label is known."""
    automatic, suggest = thresholds(probabilities, truth, target)
    metrics = {"brier": brier(probabilities, truth), "ece": expected_calibration_error(probabilities, truth)}
    if folds != "documents":
        automatic = None
    if automatic is not None:
        above = truth[probabilities >= automatic]
        low = float(precision_lower(above.sum(), len(above)))
        metrics |= {"precision": float(above.mean()), "precision_lower": low, "n": len(above)}
    return automatic, suggest, metrics | {"folds": folds}


def precision_lower(right: np.ndarray | float, total: np.ndarray | float) -> np.ndarray:
    """Lower end of the 95% adjusted-Wald interval (Agresti-Coull) of `right` of `total`, at least 0. 30 of 30: .865."""
    from statsmodels.stats.proportion import proportion_confint

    return np.clip(proportion_confint(right, total, alpha=0.05, method="agresti_coull")[0], 0, 1)


def thresholds(probabilities: np.ndarray, truth: np.ndarray, target: float = 0.90) -> tuple[float | None, float | None]:
    """(automatic, suggest): the smallest probabilities from which on, upwards, precision is good enough.

    Automatic: the lower adjusted-Wald bound of precision is at least `target`. Suggest: precision is at least
    one half. None where no probability meets it; at a target of .90 that is so with fewer than 42 predictions.
    """
    order = np.argsort(-probabilities, kind="stable")
    ranked = probabilities[order]
    right, total = np.cumsum(truth[order]), np.arange(1, len(order) + 1)
    last = np.append(ranked[1:] < ranked[:-1], True)  # equal probabilities stand or fall together
    automatic = np.flatnonzero(last & (precision_lower(right, total) >= target))
    suggest = np.flatnonzero(last & (right / total >= SUGGEST_PRECISION))
    lowest = [float(ranked[good[-1]]) if len(good) else None for good in (automatic, suggest)]
    return lowest[0], lowest[1]


def brier(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Brier score: the mean squared distance of probability from truth (0 or 1); 0 is best."""
    return float(np.mean(np.square(np.asarray(probabilities) - np.asarray(truth))))


def expected_calibration_error(probabilities: np.ndarray, truth: np.ndarray, bins: int = BINS) -> float:
    """Mean distance of stated from true frequency over `bins` equally filled bins, weighted by size; 0 is best."""
    probabilities, truth = np.asarray(probabilities, dtype=float), np.asarray(truth, dtype=float)
    if not len(probabilities):
        return 0.0
    parts = np.array_split(np.argsort(probabilities, kind="stable"), bins)
    gaps = [len(part) * abs(probabilities[part].mean() - truth[part].mean()) for part in parts if len(part)]
    return float(sum(gaps) / len(probabilities))


def nearest_examples(
    vector: np.ndarray, example_vectors: np.ndarray, example_ids: Sequence[int], k: int = 3
) -> list[tuple[int, float]]:
    """The `k` examples nearest to `vector` as (id, cosine), nearest first; `example_vectors`: (examples, dimension)."""
    if not len(example_ids):
        return []
    lengths = np.linalg.norm(example_vectors, axis=1) * np.linalg.norm(vector)
    cosines = example_vectors @ vector / np.maximum(lengths, 1e-12)
    return [(int(example_ids[at]), float(cosines[at])) for at in np.argsort(-cosines, kind="stable")[:k]]
