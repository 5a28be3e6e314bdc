"""Near duplicates are found; different claims and parts are not."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.duplicates import NearDuplicates, content_hash, normalised

TEXT = "Most people we talked to could not find the download link on the first page of the site."


@pytest.fixture
def known() -> NearDuplicates:
    known = NearDuplicates()
    known.add("a", TEXT)
    known.add("b", "The queue at the counter was long but the staff at the desk were friendly and quick.")
    return known


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.upper() + "!!",
        TEXT.replace("Most people", "Most of the people"),
        TEXT.replace("download", "downlaod").replace("site", "web site"),
    ],
)
def test_an_edited_text_is_a_near_duplicate(known: NearDuplicates, text: str) -> None:
    assert known.find(text) == "a"


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("could not", "could"),
        TEXT.replace("Most", "5"),
        TEXT + " They then went to the search box, typed a word, and left when nothing came up at all.",
        "Most people we talked to could",
        "",
        "The weather in the mountains was better than we had hoped for in the spring.",
    ],
)
def test_a_part_another_number_or_the_opposite_is_no_duplicate(known: NearDuplicates, text: str) -> None:
    assert known.find(text) is None


def test_the_earliest_of_equal_texts_is_pointed_to_and_a_key_can_be_replaced(known: NearDuplicates) -> None:
    known.add("c", TEXT)
    assert known.find(TEXT) == "a"
    known.add("a", "Something else altogether was said here about the colour of the new map.")
    assert known.find(TEXT) == "c"
    known.add("c", "too short")
    assert known.find(TEXT) is None


@given(st.text(max_size=200))
def test_a_text_of_eight_words_repeats_itself(text: str) -> None:
    near = NearDuplicates()
    near.add(1, text)
    assert near.find(text) == (1 if len(normalised(text).split()) >= 8 else None)


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


def test_the_content_hash_is_of_what_is_embedded() -> None:
    assert content_hash("A > B", "text") == hashlib.sha256(b"A > B\ntext").hexdigest()
    assert content_hash("", "text") == hashlib.sha256(b"text").hexdigest()
