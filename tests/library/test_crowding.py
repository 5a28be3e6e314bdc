"""Hits of one study are grouped when they would fill the first page; what is found and counted stays the same."""

from __future__ import annotations

from collections import Counter

from contents import ask
from filled_library import FEED
from homes import Library

from indexes.fusion import FIRST, OF_ONE_STUDY
from insightrepo.library.search.hits import SearchQuery, SearchResult
from insightrepo.library.search.search import find

ALL = 1000
WORDS = "The fees were hidden at the gate"


def found(library: Library, words: str = WORDS, **fields: object) -> SearchResult:
    return ask(library.workspace, library.readers["ada"], words, **{"limit": ALL, **fields})


def by_score(library: Library, words: str, **fields: object) -> list[int]:
    """The ids by their scores alone."""
    with library.workspace.database.reading() as session:
        query = SearchQuery(words=words, **fields)  # type: ignore[arg-type]
        ranked = find(library.workspace, session, library.readers["ada"], query).ranked
    return sorted(ranked, key=lambda number: -ranked[number].score)


def test_grouping_changes_the_order_only(library: Library) -> None:
    result = found(library)
    assert sorted(hit.id for hit in result.hits) == sorted(by_score(library, WORDS))
    assert result.total == len(result.hits)
    assert sum(value.count for value in result.facets["kind"]) == result.total


def test_a_crowding_study_says_how_many_more_it_has(library: Library) -> None:
    result = found(library)
    first = result.hits[:FIRST]
    crowding = [hit for hit in first if hit.more_from_study]
    assert crowding, Counter(hit.study for hit in first)
    for hit in crowding:
        later = [other for other in result.hits[FIRST:] if other.study_id == hit.study_id]
        assert hit.more_from_study == len(later) > 0
        assert sum(other.study_id == hit.study_id for other in first) >= OF_ONE_STUDY
    assert all(not hit.more_from_study for hit in result.hits[FIRST:])


def test_the_study_itself_is_shown_by_relevance_and_says_nothing(library: Library) -> None:
    feed = next(hit.study_id for hit in found(library).hits if hit.study == "Feedback")
    result = found(library, study=feed)
    assert len(result.hits) > FIRST
    assert len(result.hits) <= FEED
    assert [hit.id for hit in result.hits] == by_score(library, WORDS, study=feed)
    assert all(hit.more_from_study == 0 for hit in result.hits)


def test_another_order_is_not_grouped(library: Library) -> None:
    assert all(hit.more_from_study == 0 for sort in ("newest", "gap") for hit in found(library, sort=sort).hits)
