"""Numbers in texts: what they count in, whether they are a change, of what, of how many, and what they leave open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.quantities import Quantity, excerpt, quantities
from ingest.quantity_patterns import number


def only(text: str) -> Quantity:
    [found] = quantities(text)
    return found


@pytest.mark.parametrize(
    ("text", "value", "unit", "is_change"),
    [
        ("62% of parents gave up", 62, "percent", False),
        ("62 per cent of parents gave up", 62, "percent", False),
        ("Satisfaction fell by 12.95 percentage points", -12.95, "percentage points", True),
        ("Satisfaction fell 18 points", -18, "percentage points", True),
        ("response rate −3 pp", -3, "percentage points", True),
        ("NPS fell 10 points", -10, "points", True),
        ("Opportunity fell 1.2 points", -1.2, "points", True),
        ("Revenue grew 12.95% last year", 12.95, "percent", True),
        ("Bookings are 20% higher", 20, "percent", True),
        ("It took 4.5 minutes", 4.5, "duration", False),
        ("They paid $1,200", 1200, "currency", False),
        ("7 of 12 participants gave up", 7, "count", False),
        ("12,95 % der Befragten", 12.95, "percent", False),
    ],
)
def test_a_number_is_read_with_its_unit_and_whether_it_is_a_change(text, value, unit, is_change):
    found = only(text)
    assert (found.value, found.unit, found.is_change) == (value, unit, is_change)


@pytest.mark.parametrize("text", ["See section 3.2 of report 12 from 2019.", "Version 2.14.1", "FT-01 and W-2", ""])
def test_a_bare_number_is_no_quantity(text):
    assert quantities(text) == []


def test_base_n_and_period_are_those_of_the_sentence():
    [found] = quantities("In Q3 2025 62% of parents with young children said they gave up (n = 324). That is new.")
    assert (found.base, found.n, found.period) == ("parents with young children", 324, "In Q3 2025")


def test_each_of_two_numbers_has_the_period_beside_it():
    first, second = quantities("Completion was 84% in Q2 and 61% in Q3.")
    assert (first.period, second.period) == ("in Q2", "in Q3")


def test_two_sizes_in_a_sentence_leave_n_open():
    assert {found.n for found in quantities("Of 40 parents and 60 customers 62% gave up.")} == {None}


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Satisfaction fell 12.95% in Q3.", "12.95% of what it was before, or 12.95 percentage points?"),
        ("6% CSAT increase", "6% of what it was before, or 6 percentage points?"),
        ("CSAT rose 10% from 50% to 60%.", "write points"),
        ("CSAT rose 15% from 50% to 60%.", "10 percentage points or 20.0%, not 15%"),
        ("7 of 12 participants (68%) gave up.", "7 of 12 is 58%, not 68%"),
        ("We made 19 of 12 targeted improvements, 158% over target.", "158% of the target, 58% over it"),
        ("NPS fell 10% this quarter.", "a net promoter score is in points"),
        ("80.5% of the 20 participants finished.", "20 people cannot tell decimals"),
        ("14 of 12 said so.", "more than all"),
        ("130% of parents gave up.", "more than all"),
    ],
)
def test_what_can_be_read_in_two_ways_or_does_not_add_up_is_asked(text, asked):
    questions = [question for found in quantities(text) for question in found.questions]
    assert len(questions) == 1
    assert asked in questions[0]


@pytest.mark.parametrize(
    "text",
    [
        "Satisfaction fell by 12.95 percentage points in Q3.",
        "CSAT rose 20% from 50% to 60%.",
        "CSAT fell 10 points from 60% to 50%.",
        "7 of 12 participants (58%) gave up.",
        "We made 19 of 12 targeted improvements, 158% of target.",
        "We made 19 of 12 targeted improvements, 58% over target.",
        "NPS fell 10 points.",
        "Revenue grew 12.95% in 2024.",
        "62% of parents gave up.",
    ],
)
def test_what_is_said_plainly_is_not_asked(text):
    assert [found.questions for found in quantities(text) if found.questions] == []


def test_a_number_as_english_and_german_write_it():
    assert (number("1,200"), number("1,200.5"), number("12,95"), number("12.95")) == (1200, 1200.5, 12.95, 12.95)


def test_a_message_repeats_the_number_with_the_words_before_it():
    text = "It was a long quarter for everybody who plans trips, and satisfaction fell 12.95%."
    assert excerpt(text, only(text)) == "…who plans trips, and satisfaction fell 12.95%"


@given(st.text(alphabet=st.sampled_from("0123456789.,% -−–ofnN=fellrosepointspp()/$€Q12345 \n"), max_size=80))
def test_no_text_fails_and_what_is_found_lies_in_it_in_order(text):
    found = quantities(text)
    assert all(0 <= each.start < each.end <= len(text) for each in found)
    assert [each.start for each in found] == sorted(each.start for each in found)
    assert all(any(letter.isdigit() for letter in text[each.start : each.end]) for each in found)
