"""Measures of a ranking, worked by hand, and the files they are computed from."""

from __future__ import annotations

from math import log2
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexes.evaluation import (
    CorpusText,
    Malformed,
    average_precision,
    ndcg_at,
    read_corpus,
    read_judgments,
    read_queries,
    recall_at,
)

GRADES = {"a": 3, "b": 2, "c": 0, "d": 1, "e": -1}


def test_ndcg_worked_by_hand() -> None:
    reached = 2 / log2(2) + 0 / log2(3) + 3 / log2(4)
    best = 3 / log2(2) + 2 / log2(3) + 1 / log2(4)
    assert ndcg_at(["b", "x", "a"], GRADES, 10) == pytest.approx(reached / best)
    assert reached / best == pytest.approx(0.73501, abs=1e-5)


def test_ndcg_looks_no_further_than_k() -> None:
    assert ndcg_at(["x", "a"], GRADES, 1) == 0
    assert ndcg_at(["a", "x"], GRADES, 1) == 1
    assert ndcg_at(["b"], GRADES, 1) == pytest.approx(2 / 3)


def test_a_negative_grade_is_worth_nothing() -> None:
    assert ndcg_at(["e", "a"], {"a": 1, "e": -1}) == pytest.approx(1 / log2(3))
    assert average_precision(["e", "a"], {"a": 1, "e": -1}) == 0.5
    assert recall_at(["e"], {"a": 1, "e": -1}) == 0


def test_average_precision_worked_by_hand() -> None:
    assert average_precision(["a", "x", "b", "y", "z"], GRADES) == pytest.approx((1 / 1 + 2 / 3) / 3)


def test_recall_worked_by_hand() -> None:
    assert recall_at(["a", "x", "b"], GRADES, 2) == pytest.approx(1 / 3)
    assert recall_at(["a", "x", "b"], GRADES, 100) == pytest.approx(2 / 3)


def test_nothing_relevant_gives_nothing() -> None:
    for judgments in ({}, {"a": 0, "b": -1}):
        assert ndcg_at(["a"], judgments) == average_precision(["a"], judgments) == recall_at(["a"], judgments) == 0


judged = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(-1, 3), min_size=1)


@given(judged, st.permutations("abcdefgh"), st.integers(1, 9))
def test_measures_are_shares_and_the_ideal_order_is_best(grades: dict[str, int], order: list[str], k: int) -> None:
    ideal = sorted(order, key=lambda number: -grades.get(number, 0))
    for measure in (ndcg_at, recall_at):
        assert 0 <= measure(order, grades, k) <= measure(ideal, grades, k) + 1e-12 <= 1 + 1e-9
    assert 0 <= average_precision(order, grades) <= average_precision(ideal, grades) + 1e-12
    if any(grade > 0 for grade in grades.values()):
        assert ndcg_at(ideal, grades, k) == pytest.approx(1)
        assert average_precision(ideal, grades) == pytest.approx(1)


def test_a_corpus_is_read_under_each_name_of_its_id(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    lines = ['{"id": 7, "text": "one"}', "", '{"_id": "b", "title": "T", "text": "two"}', '{"doc_id": "c", "text": ""}']
    path.write_text("\ufeff" + "\r\n".join(lines), encoding="utf-8")
    assert read_corpus(path) == [CorpusText("7", "one"), CorpusText("b", "two", "T"), CorpusText("c", "")]


def test_queries_and_judgments_are_read(tmp_path: Path) -> None:
    (tmp_path / "q.tsv").write_text("1\twhat is it?\n\n2\ta\tb \u2028c\n", encoding="utf-8")
    (tmp_path / "j.trec").write_text("1 0 d1 2\n1\t0\td2\t-1\n2 Q0 d1 0\n", encoding="utf-8")
    assert read_queries(tmp_path / "q.tsv") == {"1": "what is it?", "2": "a\tb \u2028c"}
    assert read_judgments(tmp_path / "j.trec") == {"1": {"d1": 2, "d2": -1}, "2": {"d1": 0}}


@pytest.mark.parametrize(
    ("read", "content", "message"),
    [
        (read_corpus, '{"id": 1, "text": "a"}\n{"id": 2', r"f, line 2: not JSON"),
        (read_corpus, '["a"]', "line 1: not an object"),
        (read_corpus, '{"text": "a"}', "line 1: no id; name it id, _id or doc_id"),
        (read_corpus, '{"id": 1}', "line 1: text has to be there"),
        (read_corpus, '{"id": 1, "text": "a"}\n{"_id": "1", "text": "b"}', "line 2: id 1 was there before"),
        (read_queries, "1 no tab", "line 1: write the query's id, a tab and its text"),
        (read_queries, "1\ta\n1\tb", "line 2: query 1 was there before"),
        (read_judgments, "1 0 d1 2\n1 0 d2", "line 2: 3 fields"),
        (read_judgments, "1 0 d1 high", "line 1: grade high is not a whole number"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, read, content: str, message: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "f"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(Malformed, match=message) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_missing_or_not_utf8_is_named(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="absent"):
        read_queries(tmp_path / "absent")
    (tmp_path / "latin").write_bytes("1\tok\n2\tZürich".encode("latin-1"))
    with pytest.raises(Malformed, match="latin, line 2: not UTF-8"):
        read_queries(tmp_path / "latin")
