"""Votes of the machines with their reasons, and the laws by which votes decide a tag."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.classifier import Head
from ingest.rules import RuleSpec
from ingest.tagger import WORDS_THRESHOLD, Decision, Tagger, TermProfile, Vote, decide

# --- deciding --------------------------------------------------------------------------------------------------------


def cast(source: str, in_favour: bool = True, effect: str = "force", key: str = "1") -> Vote:
    return Vote(1, source, f"{source}:{key}", in_favour, effect, 1.0, {})


machine_votes = st.builds(
    cast,
    st.sampled_from(["rule", "head", "words"]),
    st.booleans(),
    st.sampled_from(["force", "suggest", "veto"]),
    st.sampled_from(["1", "2", "3"]),
)
any_vote = machine_votes | st.builds(cast, st.sampled_from(["person", "import"]), st.booleans())
policies = st.sampled_from(["manual", "suggest", "automatic"])


def test_no_votes_no_tag() -> None:
    assert decide([], "automatic") is None


@pytest.mark.parametrize(
    ("policy", "state"),
    [("automatic", Decision("automatic", "rule")), ("suggest", Decision("suggested", "rule")), ("manual", None)],
)
def test_a_forcing_rule_does_what_the_policy_allows(policy: str, state: Decision | None) -> None:
    assert decide([cast("rule")], policy) == state


def test_a_suggestion_stays_a_suggestion() -> None:
    assert decide([cast("words", effect="suggest")], "automatic") == Decision("suggested", "words")


def test_the_forcing_vote_is_named_as_origin_before_any_suggestion() -> None:
    votes = [cast("rule", effect="suggest"), cast("words", effect="suggest"), cast("head")]
    assert decide(votes, "automatic") == Decision("automatic", "head")


def test_a_veto_beats_every_machine() -> None:
    assert decide([cast("rule"), cast("head"), cast("rule", False, "veto", "2")], "automatic") is None


def test_a_soft_vote_against_holds_an_automatic_tag_back_for_review() -> None:
    against = cast("rule", False, "suggest", "2")
    assert decide([cast("rule"), against], "automatic") == Decision("suggested", "rule")
    assert decide([against], "automatic") is None


def test_data_outranks_machines_and_a_person_outranks_data() -> None:
    votes = [cast("rule", False, "veto"), cast("import")]
    assert decide(votes, "manual") == Decision("accepted", "import")
    assert decide([cast("person", False, "veto"), *votes], "manual") == Decision("rejected", "person")


def test_the_latest_word_of_people_counts() -> None:
    assert decide([cast("person", False), cast("person", True, key="2")], "suggest") == Decision("accepted", "person")
    assert decide([cast("person", True), cast("person", False, key="2")], "suggest") == Decision("rejected", "person")


@given(
    st.lists(any_vote),
    st.booleans(),
    st.lists(machine_votes | st.builds(cast, st.just("import"), st.booleans())),
    policies,
)
def test_nothing_that_is_said_later_changes_what_a_person_decided(
    before: list[Vote], in_favour: bool, later: list[Vote], policy: str
) -> None:
    votes = [*before, cast("person", in_favour)]
    assert decide(votes, policy) == Decision("accepted" if in_favour else "rejected", "person")
    assert decide([*votes, *later], policy) == decide(votes, policy)
    assert decide([*later, *votes], policy) == decide(votes, policy)


@given(st.lists(machine_votes), st.booleans(), policies)
def test_no_machine_changes_what_data_said(machines: list[Vote], in_favour: bool, policy: str) -> None:
    decided = decide([cast("import", in_favour)], policy)
    assert decide([*machines, cast("import", in_favour)], policy) == decided
    assert decide([cast("import", in_favour), *machines], policy) == decided


@given(
    st.lists(any_vote, max_size=8),
    st.lists(st.builds(cast, st.just("rule"), st.booleans(), key=st.just("9"))),
    policies,
    st.randoms(),
)
def test_removing_a_source_gives_the_state_without_it(
    votes: list[Vote], added: list[Vote], policy: str, random
) -> None:
    mixed = list(votes)
    for vote in added:
        mixed.insert(random.randint(0, len(mixed)), vote)
    assert decide([vote for vote in mixed if vote.source_key != "rule:9"], policy) == decide(votes, policy)


@given(st.lists(machine_votes), policies, st.randoms())
def test_machines_may_vote_in_any_order(votes: list[Vote], policy: str, random) -> None:
    shuffled = list(votes)
    random.shuffle(shuffled)
    assert decide(shuffled, policy) == decide(votes, policy)


@given(st.lists(machine_votes), st.lists(machine_votes))
def test_only_a_forcing_machine_and_the_automatic_policy_tag_without_review(
    votes: list[Vote], more: list[Vote]
) -> None:
    assert decide(votes, "manual") is None
    for policy in ("suggest", "automatic"):
        decision = decide(votes, policy)
        if decision and decision.state == "automatic":
            assert policy == "automatic"
            assert any(vote.effect == "force" and vote.in_favour for vote in votes)
        assert decide([*votes, *more, cast("rule", False, "veto")], policy) is None
        assert decision is None or decision.state in ("automatic", "suggested")


# --- votes -----------------------------------------------------------------------------------------------------------

PHRASES = {"find a hotel": [1, 0, 0], "a place to stay": [0.8, 0.6, 0], "eat well": [0, 1, 0], "teenager": [0, 0, 1]}


def embed(texts: list[str]) -> np.ndarray:
    """A tiny embedding: known phrases have their vector, a text is drawn towards the hotel."""
    return np.array([PHRASES.get(text, [0.9, 0.1, 0.2]) for text in texts], dtype=np.float32)


STAY = TermProfile(1, "outcome", "CXO-1", "Find a hotel", words=("find a hotel", "a place to stay"))
EAT = TermProfile(2, "outcome", "CXO-2", "Eat well", words=("eat well",))
TEEN = TermProfile(3, "segment", "TEEN", "Teenagers", words=("teenager",))
HEAD = Head(np.array([4.0, 0, 0], np.float32), 0.0, 1.0, -2.0, 0.8, 0.5, 30, {})


def with_rule(profile: TermProfile, kind: str, *words: str, effect: str = "force", number: int = 12) -> TermProfile:
    return replace(profile, rules=(*profile.rules, RuleSpec(number, kind, words, None, effect)))


def tag_one(profiles: list[TermProfile], text: str, vector: list[float] | None = None) -> list[Vote]:
    vectors = None if vector is None else np.array([vector], dtype=np.float32)
    return Tagger(profiles, embed, "tiny").tag([text], vectors)[0]


def test_a_rule_votes_with_its_words_and_their_place() -> None:
    (vote,) = tag_one([with_rule(STAY, "any", "hotel")], "Nice hotels")
    assert (vote.source_key, vote.in_favour, vote.effect, vote.value) == ("rule:12", True, "force", 1.0)
    assert vote.reason == {"kind": "any", "words": "hotels", "spans": [[5, 11]]}


def test_a_negated_match_only_suggests_and_says_so() -> None:
    (vote,) = tag_one([with_rule(STAY, "any", "hotel")], "No hotel")
    assert vote.effect == "suggest"
    assert vote.reason["negated"] is True
    assert decide([vote], "automatic") == Decision("suggested", "rule")


@pytest.mark.parametrize(
    ("kind", "effect", "voted"),
    [("any", "veto", "veto"), ("not", "veto", "veto"), ("not", "force", "veto"), ("not", "suggest", "suggest")],
)
def test_rules_against_a_term_vote_against_it(kind: str, effect: str, voted: str) -> None:
    (vote,) = tag_one([with_rule(STAY, kind, "weather", effect=effect)], "bad weather")
    assert (vote.in_favour, vote.effect) == (False, voted)


def test_the_words_of_a_term_suggest_it_and_name_the_nearest_phrase() -> None:
    (vote,) = tag_one([STAY, EAT, TEEN], "a room", [0.9, 0.1, 0.2])
    assert (vote.term_id, vote.source_key, vote.effect) == (1, "words:tiny", "suggest")
    assert vote.reason["phrase"] == "find a hotel"
    assert vote.reason["cosine"] == pytest.approx(0.9 / np.sqrt(0.86), abs=1e-5)
    centroid = np.array([1.8, 0.6, 0]) / np.sqrt(1.8**2 + 0.6**2)
    expected = (0.9 + centroid @ [0.9, 0.1, 0.2]) / np.sqrt(0.86) / 2
    assert vote.value == pytest.approx(expected, abs=1e-5)


def test_the_words_suggest_nothing_that_is_far_away() -> None:
    assert tag_one([STAY, EAT], "noise", [0, 0, 1]) == []


def test_at_most_three_terms_an_axis_are_suggested_by_words() -> None:
    twins = [replace(STAY, id=number, code=f"CXO-{number}") for number in range(1, 6)]
    products = [replace(STAY, id=9, axis="product", code="P-9")]
    assert [vote.term_id for vote in tag_one([*twins, *products], "a room", [1, 0, 0])] == [1, 2, 3, 9]


def test_accepted_examples_count_as_words_until_there_is_a_head() -> None:
    profile = replace(EAT, examples=((77, np.array([0.0, 0.0, 2.0], np.float32)),))
    (vote,) = tag_one([profile], "a text like the example", [0, 0, 1])
    assert vote.reason["evidence"] == 77
    assert vote.reason["cosine"] == pytest.approx(1)


def test_a_head_votes_with_probability_threshold_and_nearest_examples() -> None:
    examples = ((5, np.array([1, 1, 0], np.float32)), (6, np.array([1, 0, 0], np.float32)))
    profile = replace(STAY, head=HEAD, head_id=40, examples=examples)
    (vote,) = tag_one([profile], "a room", [1, 0, 0])
    assert (vote.source_key, vote.effect) == ("head:40", "force")
    assert vote.value == pytest.approx(1 / (1 + np.exp(-2)))
    assert vote.reason["threshold"] == 0.8
    assert [example["evidence"] for example in vote.reason["examples"]] == [6, 5]


def test_a_head_suggests_between_its_thresholds_and_is_silent_below() -> None:
    profile = replace(STAY, head=HEAD, head_id=40)
    (vote,) = tag_one([profile], "a room", [0.6, 0.8, 0])
    assert (vote.effect, vote.reason["threshold"]) == ("suggest", 0.5)
    assert tag_one([profile], "a room", [0, 1, 0]) == []


def test_a_head_without_thresholds_never_votes() -> None:
    silent = replace(HEAD, threshold_automatic=None, threshold_suggest=None)
    assert tag_one([replace(STAY, head=silent, head_id=40)], "a room", [1, 0, 0]) == []


def test_where_there_is_a_head_the_words_are_silent() -> None:
    votes = tag_one([replace(STAY, head=HEAD, head_id=40), EAT], "a room", [1, 0, 0])
    assert [vote.source for vote in votes] == ["head"]


def test_on_segments_only_rules_vote() -> None:
    segment = replace(with_rule(TEEN, "any", "teen"), head=HEAD, head_id=41)
    assert [vote.source for vote in tag_one([segment], "teens", [1, 0, 0])] == ["rule"]
    assert tag_one([TEEN], "teens", [0, 0, 1]) == []


def test_no_machine_votes_where_the_data_spoke() -> None:
    profiles = [with_rule(TEEN, "any", "teen"), with_rule(STAY, "any", "hotel", number=13)]
    tagger = Tagger(profiles, None, "")
    fixed = [frozenset({"segment"}), frozenset()]
    votes = tagger.tag(["teens in a hotel"] * 2, None, fixed)
    assert [[vote.term_id for vote in row] for row in votes] == [[1], [3, 1]]


def test_without_a_model_rules_still_vote() -> None:
    tagger = Tagger([with_rule(STAY, "any", "hotel")], None, "")
    assert [len(row) for row in tagger.tag(["hotel", "else"])] == [1, 0]


def test_no_texts_no_votes() -> None:
    assert Tagger([STAY], embed, "tiny").tag([], np.zeros((0, 3), np.float32)) == []


def test_every_reason_is_ready_for_json() -> None:
    profiles = [with_rule(STAY, "any", "hotel"), replace(EAT, head=HEAD, head_id=1, examples=((5, np.ones(3)),))]
    votes = tag_one(profiles, "hotel", [1, 0, 0])
    assert {vote.source for vote in votes} == {"rule", "head", "words"}
    assert [json.loads(json.dumps(vote.reason)) for vote in votes] == [vote.reason for vote in votes]


def test_scores_of_all_terms_are_given_by_kind() -> None:
    tagger = Tagger([STAY, replace(EAT, head=HEAD, head_id=1), TEEN], embed, "tiny")
    vectors = np.eye(3, dtype=np.float32)
    by_words, similarities = tagger.similarities(vectors)
    by_head, probabilities = tagger.probabilities(vectors)
    assert (by_words, similarities.shape, by_head, probabilities.shape) == ((1,), (3, 1), (2,), (3, 1))


# --- why not ---------------------------------------------------------------------------------------------------------


def why_not(profile: TermProfile, text: str = "nothing of the kind", others: tuple[TermProfile, ...] = ()) -> str:
    return "\n".join(Tagger([profile, *others], embed, "tiny").why_not(text, profile))


def test_a_missing_rule_match_is_named_word_by_word() -> None:
    profile = with_rule(with_rule(STAY, "any", "hotel"), "all", "price", "kind", number=13)
    found = why_not(profile)
    assert "rule 12 (any: “hotel”) did not match: none of these stands in the text" in found
    assert "rule 13 (all: “price”, “kind”) did not match: “price” missing" in found


def test_words_too_far_apart_are_named() -> None:
    profile = replace(STAY, rules=(RuleSpec(14, "near", ("nothing", "kind"), 1),))
    assert "they stand more than 1 words apart" in why_not(profile)


def test_a_negation_and_a_veto_are_named() -> None:
    profile = with_rule(with_rule(STAY, "any", "hotel"), "not", "weather", effect="veto", number=15)
    found = why_not(profile, "no hotel, bad weather")
    assert "only suggests: “hotel” is negated" in found
    assert "rule 15 (not: “weather”) speaks against the term: “weather” stands in the text" in found


def test_the_policy_manual_is_named() -> None:
    assert "policy is manual" in why_not(replace(STAY, policy="manual"))


def test_a_probability_below_the_threshold_is_named() -> None:
    shy = replace(HEAD, offset=-5.0)
    assert "gives it a probability of 0.20, 0.50 needed" in why_not(replace(STAY, head=shy, head_id=1))


def test_a_head_that_only_suggests_says_why() -> None:
    assert "automatic from 0.95" in why_not(replace(STAY, head=replace(HEAD, threshold_automatic=0.95), head_id=1))
    unproven = replace(HEAD, threshold_automatic=None)
    assert "do not yet prove the precision" in why_not(replace(STAY, head=unproven, head_id=1))


def test_a_head_that_tags_by_itself_leaves_only_the_absent_rule() -> None:
    assert why_not(replace(STAY, head=HEAD, head_id=1)) == "the term has no rule that could speak for it"


def test_words_that_are_too_far_or_second_best_are_named() -> None:
    found = why_not(EAT)
    assert "it takes 8 accepted examples, there are 0" in found
    assert f"{WORDS_THRESHOLD:.2f} needed" in found
    near = replace(EAT, words=("a place to stay",))
    assert "other terms are closer by their words: CXO-1" in why_not(near, others=(STAY,))


def test_segments_and_a_missing_model_are_named() -> None:
    assert "a segment comes with the data" in why_not(TEEN)
    assert Tagger([STAY], None, "").why_not("x", STAY)[-1] == "meaning is off: there is no embedding model"


def test_a_term_without_words_says_so() -> None:
    assert "no words to compare with" in why_not(replace(STAY, words=()))
