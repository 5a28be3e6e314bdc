"""What was looked for is marked in the text, and the right stretch of it is shown."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indexes.analyzer import Analyzer, _english_stem
from indexes.highlight import snippet, spans

ENGLISH = Analyzer("en")


def marked(text: str, *words: str, phrases: tuple[str, ...] = ()) -> list[str]:
    return [text[start:end] for start, end in spans(text, words, phrases, ENGLISH)]


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("Downloading took ages; the downloads failed", "download", ["Downloading", "downloads"]),
        ("Zürich, ZURICH", "zurich", ["Zürich", "ZURICH"]),
        ("my W-2, the W 2 and a w2", "W-2", ["W-2", "W 2", "w2"]),
        ("R&D or R and D, not D", "R&D", ["R&D", "R and D"]),
        ("the e-mail and the email", "email", ["e-mail", "email"]),
        ("T-Mobile's shop", "mobile", ["Mobile"]),
        ("don’t or dont", "don't", ["don’t", "dont"]),
        ("C++, not C", "C++", ["C++"]),
        ("a .csv file or csv", ".csv", [".csv", "csv"]),
        ("日本語のテスト", "日本語", ["日本語"]),
        ("nothing here", "absent", []),
    ],
)
def test_a_word_is_marked_in_every_spelling(text: str, word: str, expected: list[str]) -> None:
    assert marked(text, word) == expected


def test_words_that_some_write_as_one_are_marked() -> None:
    assert marked("The login page, where I log on", "log", "in") == ["login", "log"]


def test_stop_words_are_marked_only_where_there_is_nothing_else() -> None:
    assert marked("the map of the city", "the", "map") == ["map"]
    assert marked("the map of the city", "the") == ["the", "the"]
    assert marked("the map of the city", "the", phrases=("of the city",)) == ["of the city"]


def test_a_phrase_is_marked_as_a_whole_and_only_in_its_order() -> None:
    text = "Sign in failed. In the sign; a sign-in again; to sign, in vain"
    assert marked(text, phrases=("sign in",)) == ["Sign in", "sign-in", "sign, in"]


def test_overlapping_marks_become_one() -> None:
    assert marked("users could not find it", "find", "user", phrases=("not find it",)) == ["users", "not find it"]
    assert spans("find it now", ["it", "find"], ["find it now"], ENGLISH) == [(0, 11)]


def test_a_short_text_is_shown_whole() -> None:
    assert snippet("short", [(0, 5)], 10) == (0, 5)
    assert snippet("", [], 10) == (0, 0)


def shown(text: str, word: str, length: int) -> str:
    start, end = snippet(text, spans(text, [word], [], ENGLISH), length)
    return text[start:end]


def test_the_stretch_with_the_most_matches_is_shown_from_a_sentence_on() -> None:
    text = (
        "A map was mentioned once. "
        + "Filler words follow here. " * 20
        + "The map froze. Then the map came back. The end."
    )
    assert shown(text, "map", 60) == "The map froze. Then the map came back. The end."


def test_a_snippet_begins_and_ends_with_whole_words() -> None:
    text = "word " * 50 + "needle " + "word " * 50
    piece = shown(text, "needle", 100)
    assert set(piece.split()) == {"word", "needle"}
    assert piece == piece.strip()


def test_without_a_match_the_beginning_is_shown() -> None:
    assert shown("one two three four five", "absent", 10) == "one two"


def test_a_text_without_blanks_is_cut_where_it_must_be() -> None:
    start, end = snippet("x" * 500, [], 100)
    assert (start, end) == (0, 100)


letters = st.characters(codec=None)


@given(st.text(letters, max_size=80), st.lists(st.text(letters, max_size=8), max_size=3))
def test_no_text_fails_and_marks_are_in_order(text: str, words: list[str]) -> None:
    found = spans(f"{text} {' '.join(words)}", words, [*words, " ".join(words)], ENGLISH)
    edges = [edge for span in found for edge in span]
    assert edges == sorted(edges)
    assert all(start < end for start, end in found)


@given(st.lists(st.sampled_from(["alpha", "beta.", "gamma\n", "needle"]), max_size=80), st.integers(1, 120))
def test_a_snippet_is_within_its_length_and_shows_a_match(pieces: list[str], length: int) -> None:
    text = " ".join(pieces)
    found = spans(text, ["needle"], [], ENGLISH)
    start, end = snippet(text, found, length)
    assert 0 <= start <= end <= len(text)
    assert end - start <= max(length, 0) or len(text) <= length
    if found and length >= len("needle"):
        assert any(start <= a and b <= end for a, b in found)


ENDINGS = "s|ies|ied|y|ying|ing|ed|edly|ingly|ly|ion|ization"


@settings(deadline=None)
@given(st.from_regex(rf"[a-z]{{1,3}}({ENDINGS})?", fullmatch=True), st.text("iy", max_size=2))
@example("dying", "")
@example("skies", "")
@example("uing", "")
def test_a_word_is_marked_by_its_stem_however_it_begins(word: str, before: str) -> None:
    word = before + word
    stem = ENGLISH.stem(word)
    text = f"({word.upper()}), or other words"
    assert (1, 1 + len(word)) in ENGLISH.spans_of(text, frozenset({stem}))


def test_only_words_that_begin_like_what_is_looked_for_are_stemmed() -> None:
    text = " ".join(f"n{letter}tions" for letter in "bcdfghjklmpqrstvwxz")  # words that no other test has
    before = _english_stem.cache_info().misses
    assert ENGLISH.spans_of(f"{text} needles", frozenset({"needl"})) == [(len(text) + 1, len(text) + 8)]
    assert _english_stem.cache_info().misses <= before + 1


SIGNS = st.text("abC wt+.-&/@'’ü中日 \u00a0\t\n,12é#", max_size=30)


@settings(deadline=None)
@given(SIGNS, st.lists(SIGNS, max_size=3), st.lists(SIGNS, max_size=1))
def test_passing_over_words_that_begin_otherwise_changes_no_mark(
    text: str, words: list[str], phrases: list[str]
) -> None:
    class ReadsAll(Analyzer):
        def places(self, text: str, starts: str | None = None):
            return super().places(text)

        def spans_of(self, text: str, tokens: frozenset[str]):
            places = super().places(text)
            return [span for token in tokens for span in places.get(token, {}).values()]

    assert spans(text, words, phrases, ENGLISH) == spans(text, words, phrases, ReadsAll("en"))
