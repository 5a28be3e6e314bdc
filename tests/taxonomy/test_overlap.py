"""Overlapping outcomes: against judged pairs, and without a model."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from indexes.embedder import open_embedder
from indexes.hashing import HashingEmbedder
from insightrepo.taxonomy.linter import Statement
from insightrepo.taxonomy.overlap import embed_with, overlaps

JUDGED = Path(__file__).resolve().parent.parent / "judged" / "outcome_pairs.tsv"


def judged() -> list[tuple[str, Statement, Statement]]:
    with JUDGED.open(encoding="utf-8", newline="") as file:
        return [
            (row["judged"], Statement(row["job"], row["success"]), Statement(row["other_job"], row["other_success"]))
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]


@pytest.mark.model
def test_most_pairs_that_are_the_same_are_found_and_none_that_is_different(exported_model):
    embed = embed_with(open_embedder("", exported_model, threads=1))
    kinds = [kind for kind, *pair in judged() if overlaps(pair, embed)]
    assert len(judged()) >= 40
    assert kinds.count("same") >= 12, kinds  # of 18
    assert kinds.count("related") <= 6, kinds  # of 18
    assert "different" not in kinds


def test_pairs_come_with_the_most_alike_first_and_the_words_they_share():
    vectors = {"a": [1.0, 0.0], "b": [0.8, 0.6], "c": [0.0, 1.0]}
    statements = [Statement("Find quiet stops a"), Statement("Find a quieter stop b"), Statement("Sell the tickets c")]
    embed = lambda texts: np.array([vectors[text[-1]] for text in texts])  # noqa: E731
    found = overlaps(statements, embed)
    assert [(pair.first, pair.second, pair.score, pair.by) for pair in found] == [
        (0, 1, 0.8, "meaning"), (1, 2, 0.6, "meaning"),
    ]  # fmt: skip
    assert found[0].shared == ("find", "stops")
    assert found[1].shared == ()
    assert overlaps(statements, embed, most=1) == found[:1]


def test_without_the_packaged_model_near_copies_are_found_by_their_words():
    statements = [
        Statement("Find a stop that the children like", "with ease"),
        Statement("Find the stop the children like", "faster"),
        Statement("Know what the trip costs", "with ease"),
    ]
    assert embed_with(HashingEmbedder()) is None
    [pair] = overlaps(statements, embed_with(None))
    assert (pair.first, pair.second, pair.by) == (0, 1, "words")
    assert pair.shared == ("find", "stop", "children", "like")


@pytest.mark.parametrize("statements", [[], [Statement("Find a stop")]])
def test_fewer_than_two_statements_have_no_pairs(statements):
    assert overlaps(statements, None) == ()
