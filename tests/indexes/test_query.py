"""What a person types is read, never raw syntax, and never fails."""

from __future__ import annotations

import string
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexes.base import KeywordQuery
from indexes.query import FIELDS, FieldFilter, closest_field, first_day, last_day, parse, understood


def test_every_kind_of_piece_is_read() -> None:
    typed = 'slow "sign in" -mobile -"big screen" outcome:CXO-12 -segment:"small business"'
    query = parse(typed)
    assert query.keywords == KeywordQuery(("slow",), ("sign in",), ("mobile", "big screen"))
    assert [(f.name, f.value, f.excluded) for f in query.fields] == [
        ("outcome", "CXO-12", False),
        ("segment", "small business", True),
    ]
    assert [typed[f.start : f.end] for f in query.fields] == ["outcome:CXO-12", '-segment:"small business"']
    assert query.text == "slow sign in"
    assert not query.notes


@pytest.mark.parametrize("typed", ["“sign in”", "„sign in“", "«sign in»", '"sign in"', "”sign in”", '" sign in "'])
def test_typographic_quotes_make_a_phrase(typed: str) -> None:
    assert parse(typed).phrases == ("sign in",)


@pytest.mark.parametrize("word", ["W-2", "R&D", "T-Mobile", "C++", "http://x", "12:30", "a:b", "don't", 'fo"o', "é"])
def test_names_with_signs_are_plain_words_without_a_note(word: str) -> None:
    query = parse(word)
    assert (query.words, query.phrases, query.excluded, query.fields, query.notes) == ((word,), (), (), (), ())


@pytest.mark.parametrize("typed", ["", " ", '"', "-", "--", '-"', '""', '- "', "...", "—", "?!", ":", "::", "“”"])
def test_only_punctuation_asks_for_nothing(typed: str) -> None:
    query = parse(typed)
    assert query.keywords == KeywordQuery()
    assert query.text == ""
    assert not query.has_words
    assert understood(query) == "everything"


def test_a_lone_quote_does_not_swallow_the_rest() -> None:
    assert parse('the "open question').words == ("the", '"open', "question")
    assert parse('5" screen or 6" screen').phrases == ()


def test_nothing_but_exclusions_is_a_query() -> None:
    query = parse("-mobile -T-Mobile")
    assert query.excluded == ("mobile", "T-Mobile")
    assert query.text == ""


def test_a_dash_inside_or_after_a_word_excludes_nothing() -> None:
    assert parse('sign-in slow - mobile "a"-b').excluded == ()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("outcom:CXO-1", "outcome"), ("produkt:app", "product"), ("SEGMNT:SMB", "segment"), ("prod:a", "product")],
)
def test_a_misspelt_field_is_said_and_searched_as_words(typed: str, meant: str) -> None:
    query = parse(f"slow {typed}")
    assert query.words == ("slow", typed)
    assert query.fields == ()
    (note,) = query.notes
    assert note.message == f"no field is called {typed.split(':')[0].lower()}; did you mean {meant}?"
    assert (note.start, note.end) == (5, 5 + len(typed))


def test_a_misspelt_field_with_a_quoted_value_keeps_the_phrase() -> None:
    query = parse('produkt:"trip planner"')
    assert (query.words, query.phrases) == (("produkt",), ("trip planner",))
    assert "did you mean product" in query.notes[0].message


def test_a_field_before_a_blank_is_a_word_and_said() -> None:
    query = parse("outcome: CXO-12")
    assert query.words == ("outcome:", "CXO-12")
    assert "outcome:CXO-12 without a blank" in query.notes[0].message


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("since:yesterday", "yesterday is not a date and was left out; write 2025, 2025-03, 2025-Q1 or 2025-03-14"),
        ("until:2025-13", "2025-13 is not a date and was left out; write 2025, 2025-03, 2025-Q1 or 2025-03-14"),
        ("year:last", "last is not a year and was left out; write year:2025"),
        ("-since:2025", "-since: was left out; write until: instead"),
        ('outcome:""', "outcome: was left out; it needs a value, such as outcome:CXO-12"),
    ],
)
def test_a_value_that_cannot_be_read_is_left_out_and_said(typed: str, message: str) -> None:
    query = parse(typed)
    assert query.fields == ()
    assert query.words == query.excluded == ()
    assert [note.message for note in query.notes] == [message]


def test_field_names_are_read_in_any_case() -> None:
    assert parse("Outcome:x").fields == (FieldFilter("outcome", "x", False, 0, 9),)


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("2025", date(2025, 1, 1), date(2025, 12, 31)),
        ("2025-Q1", date(2025, 1, 1), date(2025, 3, 31)),
        ("2024-q4", date(2024, 10, 1), date(2024, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2025-3", date(2025, 3, 1), date(2025, 3, 31)),
        ("2025-03-14", date(2025, 3, 14), date(2025, 3, 14)),
        ("2025-02-29", None, None),
        ("2025-Q5", None, None),
        ("0000", None, None),
        ("2025-00", None, None),
        ("٢٠٢٥", None, None),
        ("March", None, None),
    ],
)
def test_a_date_has_a_first_and_a_last_day(value: str, first: date | None, last: date | None) -> None:
    assert (first_day(value), last_day(value)) == (first, last)


def test_what_was_understood_reads_as_a_sentence() -> None:
    query = parse('slow login "sign in" -mobile -app outcome:CXO-12 -segment:SMB since:2025-Q1 until:2025')
    assert understood(query) == (
        "slow login, with “sign in”, without “mobile” or “app”; "
        "outcome CXO-12, not segment SMB, since 1 January 2025, until 31 December 2025"
    )
    assert understood(parse("kind:verbatim")) == "kind verbatim"


def test_a_name_far_from_every_field_means_none() -> None:
    assert [closest_field(name) for name in ("http", "time", "mind", "pro", "x")] == [None] * 5
    assert all(closest_field(name) == name for name in FIELDS)


@given(st.text(alphabet=st.one_of(st.characters(codec=None), st.sampled_from(string.printable + "“”„«»–"))))
def test_no_text_fails(typed: str) -> None:
    query = parse(typed)
    understood(query)
    for place in (*query.fields, *query.notes):
        assert 0 <= place.start < place.end <= len(typed)
    for piece in (*query.words, *query.phrases, *query.excluded):
        assert any(sign.isalnum() for sign in piece)
        assert piece in typed


@given(st.lists(st.sampled_from(["slow", '"sign in"', "-app", "outcome:A-1", "since:2025", '"', "-", "W-2"])))
def test_pieces_are_read_alike_in_any_company(pieces: list[str]) -> None:
    together = parse(" ".join(piece for piece in pieces if piece != '"'))
    assert together.words == tuple(piece for piece in pieces if piece in ("slow", "W-2"))
    assert len(together.phrases) == pieces.count('"sign in"')
    assert together.excluded == ("app",) * pieces.count("-app")
    assert len(together.fields) == pieces.count("outcome:A-1") + pieces.count("since:2025")
