"""Finding terms by what people type, and the small reads of pages and tagger."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from ingest.rules import RuleSpec
from insightrepo.models import Outcome, Product, Rule, Segment, Term
from insightrepo.taxonomy.files import load
from insightrepo.taxonomy.importing import apply
from insightrepo.taxonomy.reading import (
    TermFinder,
    UnknownTerm,
    find_term,
    known,
    outcome_detail,
    product_and_below,
    profiles,
    term_phrases,
)

TEXT = """\
outcomes:
  - code: CXO-12
    job: Reach somebody
    success: faster
    aliases: [Hotline, "help desk"]
    segments: [b, a]
    owner: ada@example.com
  - {code: CXO-13, job: Wait less, aliases: [queue, waiting], rules: [{any: [queue]}]}
  - {code: CXO-14, job: Stand in line, aliases: [queue]}
  - {code: CXO-15, job: Old thing, status: retired, aliases: [waiting]}
segments:
  - dimension: Stage
    members:
      - {code: a, name: Ärzte, definition: They heal.}
      - {code: b, name: Straße}
products:
  - code: app
    name: App
    children:
      - code: maps
        name: Maps
        children: [{code: tiles, name: Tiles}]
        tasks: [{code: T-1, name: Look, outcomes: [CXO-12]}]
  - {code: web, name: Web}
"""


@pytest.fixture
def session(workspace):
    with workspace.database.writing() as session:
        apply(session, load(TEXT), None)
    with workspace.database.reading() as session:
        yield session


@pytest.mark.parametrize(
    ("axis", "text", "code"),
    [
        ("outcome", "cxo-12", "CXO-12"),
        ("outcome", " Reach  somebody, FASTER ", "CXO-12"),
        ("outcome", "HOTLINE", "CXO-12"),
        ("outcome", "Old thing", "CXO-15"),
        ("outcome", "waiting", "CXO-13"),
        ("segment", "ärzte", "a"),
        ("segment", "STRASSE", "b"),
        ("product", "Tiles", "tiles"),
    ],
)
def test_a_term_is_found_by_code_name_or_alias_in_any_case(session, axis, text, code):
    assert find_term(session, axis, text).code == code


def test_an_unknown_term_names_the_nearest(session):
    with pytest.raises(
        UnknownTerm, match=r"no outcome is called 'CXO12'; did you mean CXO-12 \(Reach somebody, faster\)\?"
    ):
        find_term(session, "outcome", "CXO12")
    with pytest.raises(UnknownTerm, match="no product is called 'qqqq': known are app, web, maps, tiles"):
        find_term(session, "product", "qqqq")


def test_a_name_that_two_terms_have_asks_for_the_code(session):
    with pytest.raises(UnknownTerm, match=r"several outcomes are called 'queue' \(CXO-13, CXO-14\): write the code"):
        find_term(session, "outcome", "queue")


def test_an_empty_axis_says_so(workspace):
    with workspace.database.reading() as session, pytest.raises(UnknownTerm, match="import a taxonomy first"):
        find_term(session, "outcome", "x")


def test_one_finder_serves_many_look_ups(session):
    finder = TermFinder(session, "segment")
    assert [finder.find(text).id for text in ("a", "ÄRZTE", "b")] == [finder.find(text).id for text in ("A", "a", "B")]


def test_terms_that_are_not_among_those_looked_in_are_unknown_and_not_offered(session):
    among = Term.code != "CXO-12"
    assert find_term(session, "outcome", "CXO-13", among).code == "CXO-13"
    with pytest.raises(UnknownTerm) as raised:
        find_term(session, "outcome", "CXO-12", among)
    assert "CXO-12 (" not in str(raised.value)
    with pytest.raises(UnknownTerm, match="none are known yet"):
        find_term(session, "outcome", "CXO-12", Term.code == "none")


def test_a_product_comes_with_all_below_it(session):
    ids = dict(session.execute(select(Product.code, Product.id)).all())
    assert product_and_below(session, [ids["app"]]) == {ids["app"], ids["maps"], ids["tiles"]}
    assert product_and_below(session, [ids["tiles"], ids["web"]]) == {ids["tiles"], ids["web"]}
    assert product_and_below(session, []) == set()


def test_an_outcome_comes_with_what_its_page_shows(workspace, session):
    outcome_id = session.scalar(select(Outcome.id).where(Outcome.code == "CXO-12"))
    with workspace.database.reading() as own:
        detail = outcome_detail(own, outcome_id)
    assert detail.outcome.code == "CXO-12"
    assert [segment.code for segment in detail.segments] == ["a", "b"]
    assert detail.owner.email == "ada@example.com"
    assert outcome_detail(session, 999) is None


def test_the_words_of_a_term_are_said_once_each(session):
    assert term_phrases(find_term(session, "outcome", "CXO-12")) == (
        "Reach somebody, faster", "Reach somebody", "faster", "Hotline", "help desk",
    )  # fmt: skip
    assert term_phrases(find_term(session, "outcome", "CXO-13")) == ("Wait less", "queue", "waiting")
    assert term_phrases(session.scalars(select(Segment).where(Segment.code == "a")).one()) == ("Ärzte", "They heal.")
    assert term_phrases(find_term(session, "product", "app")) == ("App",)


def test_profiles_hold_rules_and_leave_retired_terms_out(session):
    found = {(profile.axis, profile.code): profile for profile in profiles(session)}
    assert ("outcome", "CXO-15") not in found
    assert len(found) == 3 + 2 + 4
    rule_id = session.scalars(select(Rule.id)).one()
    assert found["outcome", "CXO-13"].rules == (RuleSpec(rule_id, "any", ("queue",), None, "force"),)
    assert found["outcome", "CXO-13"].words == ("Wait less", "queue", "waiting")
    assert found["product", "maps"].policy == "automatic"


def test_what_is_known_is_codes_users_and_teams(session):
    found = known(session)
    assert found.products == {"app", "maps", "tiles", "web"}
    assert found.segments == {"a", "b"}
    assert "ada@example.com" in found.users
