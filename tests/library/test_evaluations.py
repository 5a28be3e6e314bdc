"""`evaluate` measures with the product's own code; here on corpora so small that the figures are known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from indexes.evaluation import Malformed
from insightrepo.library.search.search_evaluation import evaluate_search
from insightrepo.library.tagging.tag_evaluation import evaluate_tags
from insightrepo.models import Evidence
from insightrepo.workspace import Workspace

# the trial workspace is on SQLite whatever the workspace is on
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

TEXTS = {
    "d1": "the download button could not be found",
    "d2": "prices were shown without tax",
    "d3": "the map was empty in the tunnel",
    "d4": "we found the download after ten minutes",
}


@pytest.fixture
def corpus(tmp_path: Path) -> dict[str, Path]:
    """Four texts, two queries, three grades."""
    paths = {name: tmp_path / name for name in ("corpus", "queries", "judgments")}
    lines = [json.dumps({"id": key, "text": text, "title": "Report"}) for key, text in TEXTS.items()]
    paths["corpus"].write_text("\n".join(lines))
    paths["queries"].write_text("q1\tfind the download\nq2\tempty map\nq3\tnobody judged this\n")
    paths["judgments"].write_text("q1 0 d1 2\nq1 0 d4 2\nq1 0 d2 -1\nq2 0 d3 1\n")
    return paths


@pytest.mark.parametrize("mode", ["hybrid", "keyword", "meaning"])
def test_a_perfect_ranking_measures_one(workspace: Workspace, corpus: dict[str, Path], mode: str) -> None:
    figures = evaluate_search(workspace, **corpus, mode=mode)
    assert figures["queries"] == 2
    assert figures["ndcg_at_10"] == figures["map"] == figures["recall_at_100"] == 1.0
    assert 0 < figures["p50_ms"] <= figures["p95_ms"]


def test_measuring_leaves_nothing_in_the_workspace(workspace: Workspace, corpus: dict[str, Path]) -> None:
    evaluate_search(workspace, **corpus, mode="hybrid")
    with workspace.database.reading() as session:
        assert session.query(Evidence).count() == 0


def test_a_wrong_line_is_named(workspace: Workspace, corpus: dict[str, Path]) -> None:
    corpus["judgments"].write_text("q1 0 d1 2\nq1 d4\n")
    with pytest.raises(Malformed, match="judgments, line 2"):
        evaluate_search(workspace, **corpus, mode="hybrid")


WORDS = {
    "download": ("download file", "save the file", "file export broken", "cannot download", "download slow"),
    "price": ("price too high", "tax not shown", "price changed", "expensive price", "price and tax unclear"),
}


@pytest.fixture
def labelled(tmp_path: Path) -> dict[str, Path]:
    """Sixty training rows and ten tests of two labels."""
    rows = [(f"{text} {n}", label) for n in range(6) for label, texts in WORDS.items() for text in texts]
    paths = {name: tmp_path / f"{name}.csv" for name in ("train", "test")}
    paths["train"].write_text("text,labels\n" + "".join(f"{text},{label}\n" for text, label in rows))
    paths["test"].write_text("text,labels\n" + "".join(f"{text} 9,{label}\n" for text, label in rows[:10]))
    return paths


def test_trained_heads_tell_two_labels_apart(workspace: Workspace, labelled: dict[str, Path]) -> None:
    figures = evaluate_tags(workspace, **labelled)
    assert figures["accuracy"] == 1.0
    assert set(figures) == {
        "accuracy", "micro_f1", "macro_f1", "precision_at_auto", "coverage_at_auto", "ece", "seconds",
    }  # fmt: skip


def test_without_shots_only_the_words_of_the_terms_are_known(
    workspace: Workspace, labelled: dict[str, Path], tmp_path: Path
) -> None:
    terms = tmp_path / "terms.csv"
    terms.write_text("label,words\ndownload,download the file|save a file\nprice,price|tax\n")
    figures = evaluate_tags(workspace, **labelled, terms=terms, shots=0)
    assert figures["coverage_at_auto"] == 0.0
    assert figures["precision_at_auto"] is None
    assert figures["accuracy"] > 0.7


def test_shots_are_drawn_anew_for_each_seed(workspace: Workspace, labelled: dict[str, Path]) -> None:
    figures = evaluate_tags(workspace, **labelled, shots=8, seeds=2)
    assert figures["accuracy"] > 0.8


def test_a_table_without_labels_is_refused_by_name(workspace: Workspace, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("comment,theme\na,b\n")
    with pytest.raises(ValueError, match=r"wrong\.csv: the header needs the columns text and labels"):
        evaluate_tags(workspace, wrong, wrong)
