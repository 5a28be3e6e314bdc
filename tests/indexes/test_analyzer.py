"""One way to cut text into words, whatever the text."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexes.analyzer import LONGEST, Analyzer, fold

ENGLISH, PLAIN = Analyzer("en"), Analyzer("none")

ODD_SIGNS = "aB9-'’&/.+#_@ \t\x1c\xa0\u3000\u0301\u00ad日本 \ud800"


def texts(text: str, analyzer: Analyzer = ENGLISH) -> list[str]:
    return [token.text for token in analyzer.tokens(text)]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("W-2", ["w-2", "w2", "w", "2"]),
        ("R&D", ["r&d", "r", "d"]),
        ("AT&T", ["at&t", "at", "t"]),
        ("Q3", ["q3"]),
        ("T-Mobile", ["t-mobil", "tmobil", "t", "mobil"]),
        ("C++", ["c++", "c"]),
        ("C#", ["c#", "c"]),
        (".NET", [".net", "net"]),
        ("don’t", ["dont"]),
        ("O'Brien", ["obrien", "brien"]),
        ("e-mails", ["e-mail", "email", "e", "mail"]),
        ("24/7", ["24/7", "24", "7"]),
        ("4.5", ["4.5"]),
        ("1,000.50", ["1000.50"]),
        ("customer's", ["custom"]),
        ("U.S.A.", ["u.s.a", "usa", "u", "s", "a"]),
    ],
)
def test_a_compound_is_kept_whole_and_in_parts(text: str, tokens: list[str]) -> None:
    assert texts(text) == tokens


def test_the_forms_and_parts_of_a_compound_share_one_position() -> None:
    tokens = ENGLISH.tokens("my W-2 form")
    assert [(token.text, token.position) for token in tokens] == [
        ("my", 0), ("w-2", 1), ("w2", 1), ("w", 1), ("2", 1), ("form", 2),
    ]  # fmt: skip


def test_offsets_point_at_the_word_and_at_the_part() -> None:
    text = "The T-Mobile's shop"
    spans = {token.text: text[token.start : token.end] for token in ENGLISH.tokens(text)}
    assert spans["t-mobil"] == "T-Mobile's"
    assert spans["mobil"] == "Mobile"
    assert spans["shop"] == "shop"


def test_accents_are_folded_composed_or_not() -> None:
    assert fold("Café") == fold("Cafe\u0301") == "cafe"
    assert [fold(word) for word in ("Zürich", "Straße", "Ærø", "İzmir")] == ["zurich", "strasse", "aero", "izmir"]


def test_signs_that_are_letters_of_their_own_are_not_folded_away() -> None:
    assert fold("ガ") != fold("カ")
    assert texts("हिन्दी") == ["हिन्दी"]


def test_english_is_stemmed_and_no_language_is_not() -> None:
    assert texts("downloading downloads") == ["download", "download"]
    assert texts("downloading downloads", PLAIN) == ["downloading", "downloads"]


def test_signs_and_links_side_by_side_are_no_error() -> None:
    assert texts("C++.NET") == ["c++.net", "cnet", "c++", "net"]
    assert texts("0/0+.A") == ["0/0+.a", "0", "0+", "a"]


def test_stop_words_are_kept_as_tokens() -> None:
    assert texts("to be or not to be") == ["to", "be", "or", "not", "to", "be"]
    assert all(ENGLISH.is_stop(unit) for unit in ENGLISH.units("to be or don't"))
    assert not PLAIN.is_stop(PLAIN.units("the")[0])


def test_a_script_without_blanks_gives_signs_and_pairs() -> None:
    assert texts("日本語") == ["日", "日本", "本", "本語", "語"]


def test_a_phrase_is_looked_for_in_every_spelling_that_exists() -> None:
    existing = {"tmobil", "t", "mobil", "store"}
    rows = ENGLISH.sequences(ENGLISH.units("T Mobile stores"), existing.__contains__)
    assert set(rows) == {("tmobil", "store"), ("t", "mobil", "store")}
    assert set(rows) == set(ENGLISH.sequences(ENGLISH.units("T-Mobile store"), existing.__contains__))


def test_an_ampersand_may_be_written_as_and() -> None:
    assert ("r", "and", "d") in ENGLISH.sequences(ENGLISH.units("R&D"), lambda _: True)


def test_words_that_some_write_as_one_are_looked_for_so() -> None:
    units = ENGLISH.units("log in")
    assert ENGLISH.spellings(units, 0, {"log", "login"}.__contains__) == [("log", (("log",), ("login",)))]
    assert ENGLISH.spellings(units, 0, {"log"}.__contains__) == [("log", (("log",),))]


def test_long_parts_stand_in_for_a_compound_that_is_nowhere() -> None:
    (unit,) = ENGLISH.units("T-Mobile")
    assert ENGLISH.spellings([unit], 0, {"mobil"}.__contains__) == [("mobil", (("mobil",),))]
    assert ENGLISH.spellings([unit], 0, {"mobil", "tmobil"}.__contains__) == [("t-mobil", (("tmobil",),))]


def test_the_stamp_tells_the_languages_apart() -> None:
    assert ENGLISH.stamp != PLAIN.stamp
    assert ENGLISH.stamp == Analyzer("en").stamp


@given(st.text(alphabet=st.one_of(st.characters(codec=None), st.sampled_from(ODD_SIGNS))))
def test_no_text_fails_and_every_token_stands_where_it_says(text: str) -> None:
    for analyzer in (ENGLISH, PLAIN):
        units, tokens = analyzer.units(text), analyzer.tokens(text)
        assert [unit.start for unit in units] == sorted({unit.start for unit in units})
        for token in tokens:
            assert token.text.encode()
            assert len(token.text) <= 8 * LONGEST
            unit = units[token.position]
            assert unit.start <= token.start < token.end <= len(text)
            assert token.end <= unit.end or unit.link == "cjk"
        stacked = [(text, position) for position, stack in enumerate(analyzer.stacks(text)) for text in stack]
        assert stacked == [(token.text, token.position) for token in tokens]


@given(st.text(alphabet=string.printable, max_size=30))
def test_case_does_not_matter(text: str) -> None:
    assert texts(text.upper()) == texts(text.lower())
