"""What a person types is read, never raw syntax, never fails, and nothing of it is dropped in silence."""

from __future__ import annotations

import re
import string
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexes.base import KeywordQuery
from indexes.query import FIELDS, ParsedQuery, Piece, closest_field, parse, render, understood, without

TODAY = date(2026, 2, 11)


def meaning(query: ParsedQuery) -> list[tuple]:
    """The pieces without their places and notes."""
    return [(p.kind, p.text, p.excluded, p.field, p.values, p.either) for p in query.pieces]


def test_every_kind_of_piece_is_read_with_its_place() -> None:
    typed = 'slow "sign in" -mobile -"big screen" outcome:CXO-12 -segment:"small business"'
    query = parse(typed)
    assert query.keywords == KeywordQuery(("slow",), ("sign in",), ("mobile", "big screen"))
    assert [(f.field, f.values, f.excluded) for f in query.fields] == [
        ("outcome", ("CXO-12",), False),
        ("segment", ("small business",), True),
    ]
    assert [typed[p.start : p.end] for p in query.pieces] == [
        "slow", '"sign in"', "-mobile", '-"big screen"', "outcome:CXO-12", '-segment:"small business"',
    ]  # fmt: skip
    assert query.text == "slow sign in"
    assert not query.notes


@pytest.mark.parametrize("typed", ["“sign in”", "„sign in“", "«sign in»", '"sign in"', "”sign in”", '" sign in "'])
def test_typographic_quotes_make_a_phrase(typed: str) -> None:
    assert parse(typed).phrases == ("sign in",)


@pytest.mark.parametrize("word", ["W-2", "R&D", "T-Mobile", "C++", "http://x", "12:30", "a:b", "don't", 'fo"o', "é"])
def test_names_with_signs_are_plain_words_without_a_note(word: str) -> None:
    query = parse(word)
    assert (query.words, query.phrases, query.excluded, query.fields, query.notes) == ((word,), (), (), (), ())
    assert query.is_plain


@pytest.mark.parametrize("typed", ["", " ", '"', "-", "--", '-"', '""', '- "', "...", "—", "?!", ":", "::", "“”"])
def test_only_punctuation_asks_for_nothing(typed: str) -> None:
    query = parse(typed)
    assert query.pieces == ()
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
    assert not query.has_words


def test_a_dash_inside_or_after_a_word_excludes_nothing() -> None:
    assert parse('sign-in slow - mobile "a"-b --c').excluded == ()
    assert parse('"a"-b --c').words == ("b", "c")


# ---- fields


def test_several_values_of_a_field_are_one_filter() -> None:
    (found,) = parse('segment:SMB,"small business",enterprise').fields
    assert found.values == ("SMB", "small business", "enterprise")
    assert understood(parse("outcome:A,B")) == "outcome A or B"


def test_a_blank_after_a_comma_ends_the_list_and_is_said() -> None:
    query = parse("outcome:CXO-1, CXO-2")
    assert query.fields[0].values == ("CXO-1",)
    assert query.words == ("CXO-2",)
    assert "write the next value right after the comma: outcome:CXO-1,…" in query.notes[0].message


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("outcom:CXO-1", "outcome"),
        ("produkt:app", "product"),
        ("SEGMNT:SMB", "segment"),
        ("prod:a", "product"),
        ("after:2025", "since"),
        ("type:verbatim", "kind"),
    ],
)
def test_a_misspelt_field_is_said_and_searched_as_words(typed: str, meant: str) -> None:
    query = parse(f"slow {typed}")
    assert query.words == ("slow", typed)
    assert query.fields == ()
    (note,) = query.notes
    assert note.message == f"no field is called {typed.split(':')[0].lower()}; did you mean {meant}?"
    assert (note.start, note.end) == (5, 5 + len(typed))


def test_a_misspelt_field_with_a_quoted_value_keeps_the_phrase() -> None:
    query = parse('produkt:"trip planner" -produkt:"trip planner"')
    assert (query.words, query.phrases, query.excluded) == (
        ("produkt",),
        ("trip planner",),
        ("produkt", "trip planner"),
    )
    assert "did you mean product" in query.notes[0].message


def test_a_field_before_a_blank_is_a_word_and_said() -> None:
    query = parse("outcome: CXO-12")
    assert query.words == ("outcome:", "CXO-12")
    assert "outcome:CXO-12 without a blank" in query.notes[0].message


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("since:someday", "someday is not a date and was left out; write 2025, 2025-Q1, 2025-03, 2025-03-14, "),
        ("until:2025-13", "2025-13 is not a date and was left out; "),
        ("year:last", "last is not a year and was left out; write year:2025"),
        ("-since:2025", "-since: was left out; write until: instead"),
        ('outcome:""', "outcome: was left out; it needs a value, such as outcome:CXO-12"),
    ],
)
def test_a_value_that_cannot_be_read_is_left_out_and_said(typed: str, message: str) -> None:
    query = parse(typed)
    assert query.fields == ()
    assert query.words == query.excluded == ()
    assert [piece.kind for piece in query.pieces] == ["left out"]
    assert [note.message[: len(message)] for note in query.notes] == [message]


def test_of_several_values_only_those_that_can_be_read_count() -> None:
    query = parse("year:2024,soon,2025 since:2024,2025")
    assert [found.values for found in query.fields] == [("2024", "2025"), ("2024",)]
    assert ["soon is not a year" in query.notes[0].message, "takes one date" in query.notes[1].message] == [True, True]


def test_field_names_are_read_in_any_case() -> None:
    assert parse("Outcome:x").pieces == (Piece("filter", 0, 9, field="outcome", values=("x",)),)


def test_a_name_far_from_every_field_means_none() -> None:
    assert [closest_field(name) for name in ("http", "time", "mind", "pro", "x")] == [None] * 5
    assert all(closest_field(name) == name for name in FIELDS)


# ---- OR


def test_or_asks_for_one_of_its_neighbours() -> None:
    query = parse('login slow OR "very slow" OR laggy app')
    assert query.choices == (("slow", "very slow", "laggy"),)
    assert query.words == ("login", "slow", "very slow", "laggy", "app")
    assert query.phrases == ()
    assert understood(query) == "login app, with “slow” or “very slow” or “laggy”"


def test_two_groups_of_or_stay_apart() -> None:
    assert parse("a OR b c OR d").choices == (("a", "b"), ("c", "d"))


@pytest.mark.parametrize("typed", ["slow or laggy", "OR nurse", "slow OR", "OR"])
def test_or_that_joins_nothing_is_a_word(typed: str) -> None:
    query = parse(typed)
    assert query.words == tuple(typed.split())
    assert query.choices == ()
    assert query.notes == ()


def test_or_between_filters_of_one_field_is_what_holds_anyway_and_between_others_it_is_said() -> None:
    assert parse("outcome:A OR outcome:B").notes == ()
    query = parse("outcome:A OR kind:verbatim")
    assert len(query.fields) == 2
    assert [note.message for note in query.notes] == ["OR joins words and phrases; it was left out here"]


@pytest.mark.parametrize(("typed", "said"), [("a AND b", "AND is not needed"), ("a NOT b", "write -word")])
def test_what_other_languages_have_is_explained(typed: str, said: str) -> None:
    query = parse(typed)
    assert said in query.notes[0].message
    assert typed[query.notes[0].start : query.notes[0].end] == typed.split()[1]


# ---- in words, and back


def test_what_was_understood_reads_as_a_sentence() -> None:
    query = parse('slow login "sign in" -mobile -app outcome:CXO-12 -segment:SMB since:2025-Q1 until:2025')
    assert understood(query) == (
        "slow login, with “sign in”, without “mobile” or “app”; "
        "outcome CXO-12, not segment SMB, since 1 January 2025, until 31 December 2025"
    )
    assert understood(parse("kind:verbatim")) == "kind verbatim"
    relative = parse('since:90d date:"last quarter"', TODAY)
    assert understood(relative, TODAY) == "since 13 November 2025, date 1 October 2025 to 31 December 2025"


def test_a_piece_can_be_taken_away() -> None:
    query = parse('slow OR laggy "sign in" -app  outcome:A,"b c"')
    assert [without(query, piece) for piece in query.pieces] == [
        'laggy "sign in" -app outcome:A,"b c"',
        'slow "sign in" -app outcome:A,"b c"',
        'slow OR laggy -app outcome:A,"b c"',
        'slow OR laggy "sign in" outcome:A,"b c"',
        'slow OR laggy "sign in" -app',
    ]


PAGE = (Path(__file__).resolve().parents[2] / "docs" / "searching.md").read_text()
EXAMPLES = [code for cell in re.findall(r"^\| (`.+?) \|", PAGE, re.MULTILINE) for code in re.findall("`(.+?)`", cell)]


@pytest.mark.parametrize("typed", EXAMPLES)
def test_what_the_documentation_shows_is_read_without_a_note(typed: str) -> None:
    query = parse(typed)
    assert query.pieces
    assert query.notes == ()
    assert query.is_plain == (typed == "slow login")


def test_every_field_is_documented() -> None:
    assert set(FIELDS) == {piece.field for typed in EXAMPLES for piece in parse(typed).fields}


SIGNS = st.one_of(st.characters(codec=None), st.sampled_from(string.printable + "“”„«»–"))
SNIPPETS = st.sampled_from(
    ["slow", '"sign in"', "-app", "outcome:", "A-1", "since:2025", '"', "-", " ", "W-2", ",", "OR", " OR ", "produkt:",
     "//", "date:", "“", ":", "-outcome:", "\n", "year:"]
)  # fmt: skip
TYPED = st.one_of(st.text(SIGNS), st.lists(SNIPPETS, max_size=12).map("".join))


@given(TYPED)
def test_no_text_fails_and_every_letter_and_digit_is_in_one_piece(typed: str) -> None:
    query = parse(typed)
    understood(query)
    within = [place for piece in query.pieces for place in range(piece.start, piece.end)]
    assert all(0 <= piece.start < piece.end <= len(typed) for piece in query.pieces)
    assert within == sorted(set(within))
    assert {place for place, sign in enumerate(typed) if sign.isalnum()} <= set(within)
    for text in (*query.words, *query.phrases, *query.excluded):
        assert any(sign.isalnum() for sign in text)
        assert text in typed


@given(TYPED)
def test_what_is_not_taken_for_anything_is_said(typed: str) -> None:
    for piece in parse(typed).pieces:
        taken = piece.text if piece.kind in ("word", "phrase") else " ".join(piece.values)
        assert taken or piece.kind == "left out"
        assert piece.note or piece.kind != "left out"


@given(TYPED)
def test_what_was_understood_can_be_typed_again(typed: str) -> None:
    query = parse(typed)
    again = parse(render(query.pieces))
    assert meaning(again) == meaning(query)
    assert render(again.pieces) == render(query.pieces)


@given(st.lists(st.sampled_from(["slow", '"sign in"', "-app", "outcome:A-1", "since:2025", "W-2"])))
def test_pieces_are_read_alike_in_any_company(pieces: list[str]) -> None:
    together = parse(" ".join(pieces))
    assert together.words == tuple(piece for piece in pieces if piece in ("slow", "W-2"))
    assert len(together.phrases) == pieces.count('"sign in"')
    assert together.excluded == ("app",) * pieces.count("-app")
    assert len(together.fields) == pieces.count("outcome:A-1") + pieces.count("since:2025")
