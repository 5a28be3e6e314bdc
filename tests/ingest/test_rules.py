"""Keyword rules: what each kind finds, where words end, what a negation does, and which rules are refused."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.rules import RuleError, RuleMatch, RuleMatcher, RuleSpec, check_rule


def spec(kind: str, *words: str, distance: int | None = None, effect: str = "force") -> RuleSpec:
    return RuleSpec(1, kind, words, distance, effect)


def find(rule: RuleSpec, text: str) -> RuleMatch | None:
    check_rule(rule)
    matches = RuleMatcher([(7, rule)]).match([text])[0]
    return matches[0] if matches else None


def words(rule: RuleSpec, text: str) -> list[str]:
    """The matched stretches of the text, cut out by their spans."""
    match = find(rule, text)
    return [text[start:end] for start, end in match.spans] if match else []


# --- word boundaries -------------------------------------------------------------------------------------------------


def test_a_domain_is_found_as_itself_only() -> None:
    text = "notexample.com, example.community, my-example.com, example.com.au; but www.example.com/faq and example.com."
    match = find(spec("phrase", "example.com"), text)
    assert match is not None
    first, second = text.index("www.") + 4, text.rindex("example.com")
    assert match.spans == ((first, first + 11), (second, second + 11))


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("app", "I ate an apple"),
        ("app", "what a snapp"),
        ("app", "my_äpp and appétit"),
        ("C", "written in C++ and C#"),
        ("C+", "written in C++"),
        ("R", "our R&D budget"),
        ("D", "our R&D budget"),
        ("T", "an AT&T contract"),
        ("W-2", "form W-20"),
        ("3", "it costs 3.5 euros"),
        ("C++", "xC++"),
    ],
)
def test_a_word_is_not_found_inside_another(rule: str, text: str) -> None:
    assert words(spec("phrase", rule), text) == []


@pytest.mark.parametrize(
    ("rule", "text", "found"),
    [
        ("R&D", "(our r&d, please)", "r&d"),
        ("W-2", "forms:W‑2/1099", "W‑2"),
        ("C++", "C++/Java", "C++"),
        ("T-Mobile", "T-Mobile’s tariff", "T-Mobile"),
        ("Größe", "falsche GRÖSSE", "GRÖSSE"),
        ("Größe", "falsche Gro\u0308ße!", "Gro\u0308ße"),
        ("vacation", "our vaca\u00adtion", "vaca\u00adtion"),
        ("app", "great app.It crashes", "app"),
        ("crashes", "slow;crashes", "crashes"),
        ("app", "an app-store, in-app", "app"),
        ("can't find", "I can’t find it", "can’t find"),
        ("travel insurance", "Travel\n  insurance", "Travel\n  insurance"),
    ],
)
def test_odd_names_are_found_where_they_stand(rule: str, text: str, found: str) -> None:
    assert words(spec("phrase", rule), text)[0] == found


# --- kinds -----------------------------------------------------------------------------------------------------------


def test_a_phrase_is_taken_as_written_and_any_takes_inflected_forms() -> None:
    text = "Prices rose, bookings fell"
    assert words(spec("phrase", "price", "booking"), text) == []
    assert words(spec("any", "price", "booking"), text) == ["Prices", "bookings"]


def test_a_comparative_is_not_its_opposite() -> None:
    assert words(spec("any", "little", "wrong"), "less trouble, worse food") == []


def test_all_asks_for_every_word() -> None:
    rule = spec("all", "hotel", "refund")
    assert words(rule, "The hotels denied a refund") == ["hotels", "refund"]
    assert words(rule, "The hotels denied it") == []


def test_near_counts_the_words_between() -> None:
    text = "the price of this nice hotel"
    assert words(spec("near", "price", "hotel", distance=2), text) == []
    assert words(spec("near", "price", "hotel", distance=3), text) == ["price", "hotel"]
    assert words(spec("near", "hotel", "price", distance=3), text) == ["price", "hotel"]


def test_near_looks_for_the_closest_place_of_each_word() -> None:
    text = "price and price, then much later a hotel, price"
    assert words(spec("near", "price", "hotel", distance=0), text) == ["hotel", "price"]
    three = spec("near", "price", "high", "hotel", distance=1)
    assert words(three, "hotel price is high") == ["hotel", "price", "high"]
    assert words(three, "hotel price is much too high") == []


def test_a_regex_ends_at_word_boundaries() -> None:
    rule = spec("regex", r"\d+ (?:euro|eur)s?|example\.com")
    assert words(rule, "12 Euros, 5 europe, notexample.com, example.community, example.com") == [
        "12 Euros",
        "example.com",
    ]


def test_not_finds_its_words() -> None:
    assert words(spec("not", "weather", effect="veto"), "Weather was fine") == ["Weather"]


def test_every_rule_that_matches_is_named_once_with_its_term() -> None:
    rules = [
        (1, RuleSpec(10, "any", ("bed",))),
        (2, RuleSpec(11, "phrase", ("bed",))),
        (2, RuleSpec(12, "any", ("cat",))),
    ]
    found = RuleMatcher(rules).match(["a bed, beds", "", "nothing"])
    assert [[(m.term_id, m.rule_id, m.words) for m in row] for row in found] == [
        [(1, 10, "bed … beds"), (2, 11, "bed")],
        [],
        [],
    ]


def test_a_span_within_another_is_left_out() -> None:
    assert words(spec("phrase", "credit card", "card"), "my credit card") == ["credit card"]


# --- negation --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "not expensive",
        "It is not at all expensive",
        "isn’t really expensive",
        "never expensive",
        "doesnt look expensive",
    ],
)
def test_a_negation_within_three_words_before_negates(text: str) -> None:
    match = find(spec("any", "expensive"), text)
    assert match is not None
    assert match.negated


@pytest.mark.parametrize(
    "text",
    [
        "not cheap, expensive",
        "No. Expensive!",
        "not cheap but expensive",
        "not only expensive",
        "never ever was it so expensive",
        "not expensive there; expensive here",
    ],
)
def test_a_negation_elsewhere_does_not(text: str) -> None:
    match = find(spec("any", "expensive"), text)
    assert match is not None
    assert not match.negated


def test_only_the_places_that_are_not_negated_are_shown() -> None:
    text = "not expensive there; expensive here"
    assert find(spec("any", "expensive"), text).spans == ((21, 30),)


def test_a_phrase_that_holds_a_negation_is_exempt() -> None:
    assert not find(spec("phrase", "not find"), "I do not not find it").negated


def test_a_negation_between_the_words_of_near_negates() -> None:
    assert find(spec("near", "price", "high", distance=3), "the price is not high").negated


def test_all_regex_and_not_know_no_negation() -> None:
    text = "not expensive"
    for rule in (spec("all", "expensive"), spec("regex", "expensive"), spec("not", "expensive")):
        assert not find(rule, text).negated


# --- refused rules ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (spec("any"), "from 1 to 200 words"),
        (spec("any", "  "), "is empty"),
        (spec("any", "?!"), "no letter or digit"),
        (spec("phrase", "x" * 201), "at most 200"),
        (spec("like", "x"), "kind 'like'"),
        (spec("any", "x", effect="maybe"), "effect 'maybe'"),
        (spec("near", "price", "Price", distance=2), "two different words"),
        (spec("near", "price", "hotel"), "distance from 0 to 50"),
        (spec("near", "price", "hotel", distance=-1), "distance from 0 to 50"),
        (spec("any", "price", distance=2), "belongs to rules of kind near"),
        (spec("regex", "a", "b"), "exactly one pattern"),
        (spec("regex", "(a"), "is wrong: missing )"),
        (spec("regex", "a)(b"), "is wrong"),
        (spec("regex", "a*"), "empty text"),
        (spec("regex", "(a+)+"), "flatten it"),
        (spec("regex", r"(?:\w+\s?)*x"), "flatten it"),
        (spec("regex", "((a|b*)c){2,}"), "flatten it"),
    ],
)
def test_a_rule_that_cannot_work_is_refused_with_its_cause(rule: RuleSpec, message: str) -> None:
    with pytest.raises(RuleError) as caught:
        check_rule(rule)
    assert message in str(caught.value)


@pytest.mark.parametrize("pattern", [r"(ab){2,}", r"[(+*]+x", r"\(a+\)+", r"(?:a{3})+", r"colou?rs?"])
def test_harmless_repetition_is_allowed(pattern: str) -> None:
    check_rule(spec("regex", pattern))


def test_a_pattern_that_runs_away_is_given_up_and_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ingest.rules.REGEX_SECONDS", 0.01)
    rule = spec("regex", r"(?:a|a|aa)+[^a]b")
    check_rule(rule)
    matcher = RuleMatcher([(7, rule)])
    with caplog.at_level(logging.WARNING):
        assert matcher.match(["a" * 5000] * 5) == [[]] * 5
    assert len(caplog.messages) == 3  # then it is switched off
    assert (
        caplog.messages[-1] == "rule 1: its pattern took too long on a text of 5000 characters; it is switched off here"
    )


# --- any text --------------------------------------------------------------------------------------------------------


def test_a_very_long_text_is_searched_to_its_end() -> None:
    text = "word " * 60_000 + "hotel"
    assert words(spec("any", "hotel"), text) == ["hotel"]


EVERYTHING = RuleMatcher(
    [
        (1, RuleSpec(1, "phrase", ("R&D", "C++", "e-mail", "ö"))),
        (1, RuleSpec(2, "any", ("a", "1"))),
        (1, RuleSpec(3, "near", ("a", "b"), 3)),
        (1, RuleSpec(4, "regex", (r"\S+@\S+",))),
        (1, RuleSpec(5, "all", ("a", "b"))),
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | st.text(alphabet="aAbBöCR&D+-@.1 ’'not\u0308\u00ad", max_size=60))
def test_no_text_fails_and_spans_lie_within_it_in_order(text: str) -> None:
    for match in EVERYTHING.match([text])[0]:
        assert match.spans
        assert all(0 <= start < end <= len(text) for start, end in match.spans)
        assert list(match.spans) == sorted(set(match.spans))
        assert match.words == " … ".join(text[start:end] for start, end in match.spans)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="xyz", min_size=1, max_size=3), st.text(alphabet="xyz", min_size=1, max_size=3))
def test_a_word_glued_to_letters_is_never_found(before: str, after: str) -> None:
    assert EVERYTHING.match([f"{before}R&D", f"R&D{after}", f"{before}a{after}"]) == [[], [], []]
