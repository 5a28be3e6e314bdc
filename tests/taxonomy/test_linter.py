"""The linter of statements: against judged statements, and each rule on its own."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insightrepo.taxonomy.linter import CODES, Statement, lint

JUDGED = Path(__file__).resolve().parent.parent / "judged" / "statements.tsv"


def judged(half: str) -> list[dict[str, str]]:
    with JUDGED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [row for row in rows if row["half"] == half]


def measured(half: str) -> tuple[dict[str, tuple[float, float, int]], str]:
    """(precision, recall, how often expected) of each code and of "all", and a report for people."""
    right, found, wanted, misses = Counter(), Counter(), Counter(), []
    for row in judged(half):
        codes = {warning.code for warning in lint(Statement(row["job"], row["success"]))}
        expected = set((row["expected"] or "").split())
        for counter, some in ((right, codes & expected), (found, codes), (wanted, expected)):
            counter.update([*some, *["all" for _ in some]])
        if codes != expected:
            misses.append(f"{row['job']} | {row['success']}: expected {sorted(expected)}, found {sorted(codes)}")
    figures = {
        code: (right[code] / found[code] if found[code] else 1.0, right[code] / max(wanted[code], 1), wanted[code])
        for code in ("all", *CODES)
        if wanted[code] or found[code]
    }
    lines = [f"{code}: precision {p:.2f}, recall {r:.2f} of {n}" for code, (p, r, n) in figures.items()]
    return figures, "\n".join([half, *lines, *misses])


@pytest.mark.parametrize("half", ["kept", "tuned"])
def test_the_linter_agrees_with_the_judged_statements(half):
    figures, report = measured(half)
    assert len(judged(half)) >= 50
    assert figures["all"][0] >= 0.9, report
    assert figures["all"][1] >= 0.9, report


@pytest.mark.parametrize("code", [code for code in CODES if code != "alias"])
def test_each_code_is_judged_and_right_more_often_than_not(code):
    (precision, recall, wanted), report = measured("kept")[0][code], measured("kept")[1]
    assert wanted >= 2, report
    assert min(precision, recall) >= 0.75, report


def found(job: str, success: str = "in less time", **others) -> list[tuple[str, str]]:
    """(code, words) of each warning."""
    return [(warning.code, warning.words) for warning in lint(Statement(job, success, **others))]


def test_a_statement_that_is_well_made_has_no_warning():
    assert found("Find enriching stops along the way", "with ease") == []


@pytest.mark.parametrize(
    ("job", "success", "warnings"),
    [
        ("Find and book a room", "faster", [("aspect", "Find and book")]),
        ("Compare prices & reviews of hotels", "faster", [("aspect", "prices & reviews")]),
        ("Find a hotel room", "faster and with fewer surprises", [("aspect", "faster and with")]),
        ("As a parent, I want to find a room", "faster", [("opening", "As a parent, I want to")]),
        ("I want a quiet room", "faster", [("opening", "I want"), ("verb", "a")]),
        ("A quiet room for children", "faster", [("verb", "A")]),
        ("Open the app at the gate", "faster", [("solution", "app")]),
        ("Find a hotel room", "in a good way", [("direction", "in a good way"), ("vague", "good")]),
        ("Reduce churn of families", "faster", [("company", "churn")]),
        ("Pack", "faster", [("length", "Pack")]),
        ("Find a hotel room", "", [("success", "")]),
    ],
)
def test_a_warning_points_at_the_words_it_speaks_of(job, success, warnings):
    assert sorted(found(job, success)) == sorted(warnings)


@pytest.mark.parametrize(
    "job", ["Plan the week for all", "Book clubs for seniors", "Double-check the invoice", "Reorder printer ink"]
)
def test_a_word_that_can_be_a_verb_leads_as_one(job):
    assert found(job) == []


@pytest.mark.parametrize(
    "job",
    [
        "Accept the terms and conditions of a loan",
        "Choose between renting and buying a flat",
        "Shop at Marks and Spencer abroad",
        "Adjust the day when the weather or a mood changes",
        "Reserve two or three seats on a train",
        "Reconcile invoices and payments of a month",
        "Repair what broke, e.g. a chair, a table or a lamp",
        "Finish the work as well as possible",
    ],
)
def test_what_is_one_thing_in_two_words_is_one_aspect(job):
    assert found(job) == []


def test_a_product_of_the_taxonomy_is_a_solution_whatever_the_case():
    statement = Statement("Start the car games for two children", "with less help of Backseat Bingo")
    warnings = lint(statement, ("Car games", "Backseat bingo"))
    assert [(w.code, w.field, w.words) for w in warnings] == [
        ("solution", "job", "car games"), ("solution", "success", "Backseat Bingo"),
    ]  # fmt: skip
    assert "Backseat Bingo" in warnings[1].why


def test_a_product_called_like_a_common_word_is_not_seen_in_that_word():
    assert lint(Statement("Travel with small children by train", "with ease"), ("Travel",)) == ()
    assert lint(Statement("Arrange to travel with children", "with ease"), ("Travel",)) == ()
    assert [w.words for w in lint(Statement("Find a seat in Travel", "with ease"), ("Travel",))] == ["Travel"]


def test_an_alias_that_repeats_the_job_or_another_alias_is_named():
    statement = Statement("Find a quiet room", "faster", ("find a  quiet room", "silence", "Silence"))
    assert [(w.code, w.field, w.text) for w in lint(statement)] == [
        ("alias", "aliases", "find a  quiet room"), ("alias", "aliases", "Silence"),
    ]  # fmt: skip


def test_in_another_language_only_what_needs_no_dictionary_is_judged():
    statement = Statement("Reise und Hotel mit der Karten-App buchen", "")
    assert [w.code for w in lint(statement, ("Karten-App",), english=False)] == ["solution", "success"]
    assert [w.code for w in lint(Statement("Buchen", "schneller"), english=False)] == ["length"]


WORDS = st.sampled_from(
    ["find", "and", "or", "a", "the", "app", "faster", "with", "good", ",", "(", "/", "&", "I", "to", "ß", "é", "’s"]
)


@given(st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=60), st.text(max_size=60))
def test_whatever_is_written_each_warning_lies_within_its_text_and_says_why_and_what_to_do(job, success):
    for warning in lint(Statement(job, success, (success, job)), ("App", job[:5])):
        assert warning.code in CODES
        assert 0 <= warning.start <= warning.end <= len(warning.text)
        assert warning.text in (job, success)
        assert warning.why
        assert warning.advice
