"""Near spellings among the tokens of an index."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexes.analyzer import Analyzer
from indexes.base import Record
from indexes.keyword import WhooshIndex
from indexes.spelling import Speller, allowed_distance, distance

TOKENS = [
    ("calendar", 9),
    ("onlin", 3),
    ("experi", 5),
    ("chang", 7),
    ("bank", 2),
    ("w-2", 4),
    ("bans", 9),
]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("calender", "calendar"),
        ("clendar", "calendar"),
        ("aclendar", "calendar"),
        ("onlien", "onlin"),
        ("expereince", "experi"),
        ("chnge", "chang"),
        ("bnak", "bank"),
    ],
)
def test_the_nearest_token_comes_first(typed: str, first: str) -> None:
    assert Speller(TOKENS).near(typed, Analyzer("en").stem(typed))[0] == first


def test_of_tokens_that_are_as_near_the_more_frequent_comes_first() -> None:
    assert Speller([("bank", 2), ("bans", 9)]).near("banx", "banx") == ["bans", "bank"]


def test_short_words_codes_and_other_first_letters_are_left_alone() -> None:
    speller = Speller([*TOKENS, ("w2", 3)])
    assert speller.near("ban", "ban") == []
    assert speller.near("dank", "dank") == []
    assert not set(speller.near("w2xx", "w2xx"))


def test_a_swap_is_one_slip() -> None:
    assert (distance("ab", "ba"), distance("calender", "calendar"), distance("a", "a")) == (1, 1, 0)
    assert [allowed_distance("x" * length) for length in (3, 4, 5, 6, 12)] == [0, 1, 1, 2, 2]


@given(st.text(max_size=12), st.lists(st.tuples(st.text(max_size=10), st.integers(1, 9))))
def test_no_word_and_no_vocabulary_fail(word: str, tokens: list[tuple[str, int]]) -> None:
    assert set(Speller(tokens).near(word, word)) <= {token for token, _ in tokens}


def test_an_index_tells_its_tokens_with_their_records(tmp_path: Path) -> None:
    index = WhooshIndex.create(tmp_path)
    texts = ("The W-2 form", "forms of a calendar", "a calendar")
    records = [Record(n, text, "", "", str(n), frozenset()) for n, text in enumerate(texts, start=1)]
    index.apply([], records[:2])
    index.apply([], records[2:])
    counts = dict(index.vocabulary())
    assert (counts["form"], counts["calendar"], counts["w-2"]) == (2, 2, 1)
    assert all(index.document_frequency(token) == count for token, count in counts.items())
