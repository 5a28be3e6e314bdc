"""Did you mean: a real word of what the reader may see, for a word that is nowhere in it; never one from elsewhere."""

from __future__ import annotations

import pytest
from contents import add_taxonomy, ask
from filled_library import MARKERS, SEEN
from homes import Library
from sqlalchemy import select

from insightrepo.models import Outcome, Team


def suggested(library: Library, words: str, who: str = "ada", **fields: object) -> str | None:
    found = ask(library.workspace, library.readers[who], words, **fields).suggestion
    return found.words if found else None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("playgroud", "playground"),
        ("hiden fees", "hidden fees"),
        ('"hiden fees" -gate', '"hidden fees" -gate'),
        ("playgroud near the gaate kind:verbatim", "playground near the gate kind:verbatim"),
        ("boaring", "boring"),
        ("PLAYGROUD", "playground"),
        ("teenegers", "teenagers"),
    ],
)
def test_a_misspelt_word_is_put_right_in_its_place(library: Library, typed: str, meant: str) -> None:
    assert suggested(library, typed) == meant


def test_the_parts_of_a_suggestion_say_what_changed(library: Library) -> None:
    suggestion = ask(library.workspace, library.readers["ada"], "the hiden fees").suggestion
    assert suggestion.parts == (("the ", False), ("hidden", True), (" fees", False))


@pytest.mark.parametrize("typed", ["", "hidden fees", "fee", "xyzzyxyzzy", "fes", "-playgroud", "kind:verbatm", "W-22"])
def test_what_is_known_too_short_far_or_no_word_is_left_alone(library: Library, typed: str) -> None:
    assert suggested(library, typed) is None


def test_a_word_that_is_only_outside_the_filter_is_no_mistake(library: Library) -> None:
    assert suggested(library, "walrus", filters={"kind": ("verbatim",)}) is None


@pytest.mark.parametrize("who", SEEN)
def test_no_one_is_told_a_word_of_what_they_may_not_see(library: Library, who: str) -> None:
    for study, marker in MARKERS.items():
        typed = marker[:-1] + "q"
        readable = study in SEEN[who] and study != "Gone"  # a withdrawn study is searched only where it is asked for
        assert suggested(library, typed, who) == (marker if readable else None), marker


def test_the_results_are_those_of_what_was_typed(library: Library) -> None:
    result = ask(library.workspace, library.readers["ada"], "playgroud mango")
    assert result.suggestion.words == "playground mango"
    assert result.total
    assert all("mango" in hit.text for hit in result.hits if hit.keyword_rank)


def test_a_name_of_a_term_is_suggested_to_those_who_see_the_term(fresh, person) -> None:
    add_taxonomy(fresh, person("ada"))
    with fresh.database.writing() as session:
        team = Team(name="Maps")
        session.add(team)
        session.flush()
        outcome = session.scalars(select(Outcome).where(Outcome.code == "STOP")).one()
        outcome.name, outcome.team_id = "Find a Wanderweg", team.id
    assert ask(fresh, person("ada"), "wanderwig").suggestion.words == "Wanderweg"
    assert ask(fresh, person("vera"), "wanderwig").suggestion is None
    assert ask(fresh, person("vera"), "teenagars").suggestion.words == "teenagers"
