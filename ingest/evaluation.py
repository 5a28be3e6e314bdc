"""How well tagging works on texts whose right terms are known, and few-shot samples to learn from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol, TypeVar

import numpy as np

from ingest.classifier import expected_calibration_error


class Labelled(Protocol):
    """A row that says which labels are right for it, each once."""

    @property
    def labels(self) -> Collection[str]:
        """The labels."""


Row = TypeVar("Row", bound=Labelled)


def tag_metrics(
    truth: Sequence[AbstractSet[str]],
    predicted: Sequence[AbstractSet[str]],
    probabilities: Sequence[Mapping[str, float]],
    automatic: Sequence[AbstractSet[str]],
) -> dict[str, float | None]:
    """Figures of 0 to 1 over texts; the arguments run in parallel, a row a text, each naming terms by code.

    `truth`: the right terms. `predicted`: what the machines tag or suggest. `probabilities`: term -> probability
    (or similarity) of every term that was weighed; one that is left out counts as 0. `automatic`: what would be
    tagged without review.

    Where every text has exactly one right term the task is *single-label*. The result holds

    - ``accuracy``: single-label: share of texts whose most probable term is right; else share with exactly the
      right set predicted;
    - ``micro_f1``: F1 of all predicted pairs of text and term together; ``macro_f1``: the mean F1 of the terms that
      occur in truth or prediction (a term never right has 0);
    - ``precision_at_auto``: right share of the automatic tags, None without any; ``coverage_at_auto``: share of texts
      that get at least one;
    - ``ece``: expected calibration error over ten equally filled bins; single-label: of the most probable term,
      else of every term that occurs, on every text.

    Raises:
        ValueError: no rows, or the arguments differ in length.
    """
    if not truth or len({len(truth), len(predicted), len(probabilities), len(automatic)}) != 1:
        raise ValueError("tag metrics need at least one text, and one entry for it in each argument")
    single = all(len(terms) == 1 for terms in truth)
    best = [max(row, key=lambda term: row[term], default=None) for row in probabilities]
    right = [term in terms for term, terms in zip(best, truth, strict=True)]
    exact = [set(terms) == set(guess) for terms, guess in zip(truth, predicted, strict=True)]
    hits = [len(tags & terms) for tags, terms in zip(automatic, truth, strict=True)]
    tagged = sum(map(len, automatic))
    micro, macro = f1_scores(truth, predicted)
    return {
        "accuracy": float(np.mean(right if single else exact)),
        "micro_f1": micro,
        "macro_f1": macro,
        "precision_at_auto": sum(hits) / tagged if tagged else None,
        "coverage_at_auto": sum(map(bool, automatic)) / len(truth),
        "ece": _best_term_error(probabilities, right) if single else _every_term_error(probabilities, truth),
    }


def f1_scores(truth: Sequence[AbstractSet[str]], predicted: Sequence[AbstractSet[str]]) -> tuple[float, float]:
    """(micro, macro) F1 over the terms that occur in truth or prediction; 0 where none does."""
    from sklearn.metrics import f1_score
    from sklearn.preprocessing import MultiLabelBinarizer

    terms = sorted(set().union(*truth, *predicted))
    if not terms:
        return 0.0, 0.0
    binarizer = MultiLabelBinarizer(classes=terms)
    right, guessed = binarizer.fit_transform(truth), binarizer.transform(predicted)
    micro, macro = (f1_score(right, guessed, average=average, zero_division=0) for average in ("micro", "macro"))
    return float(micro), float(macro)


def _best_term_error(probabilities: Sequence[Mapping[str, float]], right: Sequence[bool]) -> float:
    return expected_calibration_error(
        np.array([max(row.values(), default=0.0) for row in probabilities]), np.array(right)
    )


def _every_term_error(probabilities: Sequence[Mapping[str, float]], truth: Sequence[AbstractSet[str]]) -> float:
    terms = sorted(set().union(*probabilities, *truth))
    stated = np.array([row.get(term, 0.0) for row in probabilities for term in terms])
    found = np.array([term in right for right in truth for term in terms])
    return expected_calibration_error(stated, found)


def sample_shots(rows: Sequence[Row], n: int, seed: int) -> list[Row]:
    """A random sample of `rows`, in their order, in which every label has `n` rows, or all that it has.

    The rarest label draws first; a row drawn for one label counts for its others too, so where rows have several
    labels a frequent label may get more than `n`. The same seed gives the same sample.
    """
    random = np.random.default_rng(seed)
    holders: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        for label in row.labels:
            holders.setdefault(label, []).append(index)
    chosen: set[int] = set()
    for label in sorted(holders, key=lambda name: (len(holders[name]), name)):
        free = [index for index in holders[label] if index not in chosen]
        wanted = n - (len(holders[label]) - len(free))
        chosen.update(int(index) for index in random.permutation(free)[: max(0, wanted)])
    return [rows[index] for index in sorted(chosen)]
