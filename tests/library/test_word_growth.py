"""Words that grew: log-odds with a prior, by voices."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexes.analyzer import Analyzer
from insightrepo.library.why.word_growth import grown_words, said

ENGLISH = Analyzer("en")


def voices(*texts: str):
    """One voice a text."""
    return [[said(text, ENGLISH)] for text in texts]


def test_z_by_hand():
    # both periods: 20 voices of one word each; "sponsored" is said by none before and by 15 after
    before, after = voices(*["farm"] * 20), voices(*["farm"] * 5, *["sponsored"] * 15)
    (word,) = grown_words(before, after)
    assert (word.text, word.before, word.after) == ("sponsored", 0, 15)
    # the prior counts for 4 words, 1.5 of them "sponsored": odds of 16.5 to 7.5 after and 1.5 to 22.5 before
    grown = math.log(16.5 / 7.5) - math.log(1.5 / 22.5)
    assert word.z == pytest.approx(grown / math.sqrt(1 / 16.5 + 1 / 1.5))


def test_a_voice_counts_once_however_often_it_says_a_word():
    loud = [[said("sponsored " * 50, ENGLISH), said("sponsored again", ENGLISH)]]
    assert grown_words(voices(*["farm"] * 20), [*voices(*["farm"] * 19), *loud]) == ()


def test_a_pair_stands_for_its_words():
    before = voices(*["The list was short"] * 20)
    after = voices(*["The list was short"] * 5, *["The plus button has gone"] * 20)
    texts = [word.text for word in grown_words(before, after)]
    assert "plus button" in texts
    assert "plus" not in texts
    assert "button" not in texts


def test_words_that_carry_no_weight_and_numbers_are_left_out():
    assert set(said("The 20 stops and the 3 farms", ENGLISH).terms) == {("stop",), ("farm",)}


def test_a_word_is_shown_as_most_people_write_it():
    after = voices(*["Sponsored stops"] * 12, *["a sponsor"] * 3)
    words = grown_words(voices(*["farm"] * 20), after)
    assert any(word.text in ("sponsored", "sponsored stops") for word in words)


texts = st.lists(st.text("abc de", max_size=20), min_size=1, max_size=20)


@given(texts, texts)
def test_a_word_that_grew_is_said_by_a_larger_share_than_before(before, after):
    for word in grown_words(voices(*before), voices(*after)):
        assert word.after >= 3
        assert word.after > word.before or len(after) < len(before)
    assert grown_words(voices(*before), voices(*before)) == ()
