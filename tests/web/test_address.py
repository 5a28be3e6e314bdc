"""The address of the search page and the links around it."""

from __future__ import annotations

import datetime as dt
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from insightrepo.library.search.hits import FACETS, SearchQuery
from insightrepo.web.address import Links, page_number, parse


@pytest.fixture(autouse=True)
def _within_a_request(app):
    with app.test_request_context():
        yield


def query_of(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)


def test_an_address_becomes_a_query():
    address = [
        ("q", " calendar "),
        ("outcome", "PLAN-01"),
        ("outcome", "PLAN-02"),
        ("kind", "verbatim"),
        ("study", "3"),
        ("since", "2025-01-01"),
        ("until", "2025-03-31"),
        ("verified", "1"),
        ("mode", "keyword"),
        ("sort", "gap"),
        ("page", "3"),
    ]
    query, notes = parse(MultiDict(address))
    assert notes == ()
    assert query == SearchQuery(
        words="calendar",
        filters={"outcome": ("PLAN-01", "PLAN-02"), "kind": ("verbatim",)},
        study=3,
        since=dt.date(2025, 1, 1),
        until=dt.date(2025, 3, 31),
        verified=True,
        mode="keyword",
        sort="gap",
        offset=40,
        limit=20,
    )


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("mode", "psychic", "mode is hybrid, keyword or meaning"),
        ("sort", "x", "sort is relevance, newest or gap"),
        ("since", "yesterday", "since is a day such as 2025-03-31"),
        ("study", "x", "study is a number"),
    ],
)
def test_what_cannot_be_read_is_left_out_and_said(name, value, said):
    query, notes = parse(MultiDict([(name, value)]))
    assert query == SearchQuery()
    assert len(notes) == 1
    assert notes[0].startswith(said)


@pytest.mark.parametrize(
    ("text", "page"), [("2", 2), ("0", 1), ("-3", 1), ("x", 1), ("²", 1), ("9" * 30, 1), ("100000", 500)]
)
def test_a_page_is_a_small_positive_number(text, page):
    assert page_number({"page": text}) == page


def test_a_facet_link_puts_its_value_in_and_takes_it_away_again():
    links = Links(SearchQuery(words="a", filters={"kind": ("verbatim",)}, offset=40))
    assert query_of(links.toggle("kind", "passage")) == {"q": ["a"], "kind": ["verbatim", "passage"]}
    assert query_of(links.toggle("kind", "verbatim")) == {"q": ["a"]}


def test_links_keep_everything_else_and_begin_at_the_first_page():
    links = Links(SearchQuery(words="a b", filters={"kind": ("verbatim",)}, study=4, mode="meaning", offset=40))
    kept = {"q": ["a b"], "kind": ["verbatim"], "study": ["4"], "mode": ["meaning"]}
    assert query_of(links.put("sort", "newest")) == kept | {"sort": ["newest"]}
    assert query_of(links.at_page(4)) == kept | {"page": ["4"]}
    assert query_of(links.at_page(1)) == kept
    assert query_of(links.only_words()) == {"q": ["a b"], "mode": ["meaning"]}


def test_a_facet_link_takes_away_what_was_typed():
    links = Links(SearchQuery(words='slow "sign in" kind:Passage,verbatim year:2025 -kind:insight'))
    assert query_of(links.toggle("kind", "verbatim")) == {"q": ['slow "sign in" kind:Passage year:2025 -kind:insight']}
    assert query_of(links.toggle("year", "2025")) == {"q": ['slow "sign in" kind:Passage,verbatim -kind:insight']}
    assert query_of(links.toggle("kind", "insight"))["kind"] == ["insight"]


def test_what_is_similar_stays_while_filters_change():
    query, notes = parse(MultiDict([("like", "12"), ("group", "study"), ("kind", "verbatim")]))
    assert (query.like, query.group, notes) == (12, "study", ())
    assert query_of(Links(query).toggle("kind", "verbatim")) == {"like": ["12"], "group": ["study"]}
    assert query_of(Links(query).only_words()) == {"like": ["12"]}


TEXT = st.text(min_size=1, max_size=30).map(str.strip).filter(bool)


@given(
    st.dictionaries(st.sampled_from(FACETS), st.lists(TEXT, min_size=1, max_size=3, unique=True)),
    st.text(st.characters(exclude_characters=":"), max_size=40),  # what is typed as a filter is taken away there
    TEXT,
)
def test_toggling_twice_leads_back_whatever_the_words(filters, words, value):
    query = SearchQuery(words=words.strip(), filters={name: tuple(values) for name, values in filters.items()})
    once, _ = parse(MultiDict(query_of(Links(query).toggle("method", value))))
    twice, _ = parse(MultiDict(query_of(Links(once).toggle("method", value))))
    assert {name: set(values) for name, values in twice.filters.items()} == {
        n: set(v) for n, v in query.filters.items()
    }
    assert twice.words == query.words
