"""Questions without a good answer are kept once a day, without personal data, and never in a search's way."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from contents import ask, bring
from pyroaring import BitMap
from sqlalchemy import event, select, text, update

from indexes.query import parse
from indexes.ranks import Ranks
from insightrepo.accounts.access import Forbidden, Reader
from insightrepo.library.search.hits import Gap, SearchQuery, SearchResult
from insightrepo.library.search.ranking import Found
from insightrepo.library.search.search_gaps import gap_of, keep_gap, list_gaps
from insightrepo.models import SearchGap
from insightrepo.workspace import Workspace

NOWHERE = '"no such words anywhere"'


@pytest.fixture
def filled(workspace: Workspace, ada: Reader, tmp_path: Path) -> Workspace:
    """A workspace with one verbatim, on SQLite and on PostgreSQL."""
    path = tmp_path / "feedback.csv"
    path.write_text("comment\nThe stops were boring for our kids.\n")
    bring(workspace, ada, path, text="comment", publish=True)
    return workspace


def kept(workspace: Workspace, result: SearchResult) -> list[SearchGap]:
    """What stands in the list once this search was noted."""
    if writer := keep_gap(workspace, result):
        writer.join()
    with workspace.database.reading() as session:
        return list(session.scalars(select(SearchGap).order_by(SearchGap.id)))


def found(words: str, *ranked: tuple[float, float]) -> Found:
    """What a search found: (score, cosine) of each hit."""
    scores, cosines = np.array(ranked, dtype=float).reshape(-1, 2).T
    numbers = np.arange(1, len(ranked) + 1)
    ranks = Ranks(numbers, scores, numbers, numbers, scores, cosines)
    nothing = Found(state=None, parsed=parse(words), resolved=None, within=BitMap(numbers))  # type: ignore[arg-type]
    return replace(nothing, ids=tuple(ranks), ranked=ranks)


def test_a_search_that_finds_nothing_is_kept_once_a_day_and_counted_by_days(filled: Workspace, ada: Reader) -> None:
    result = ask(filled, ada, NOWHERE, filters={"kind": ("verbatim",)})
    assert result.gap == Gap(0, None)
    for _ in range(3):
        (gap,) = kept(filled, result)
        assert (gap.words, gap.filters, gap.hits, gap.days) == (NOWHERE, '{"kind": ["verbatim"]}', 0, 1)
    yesterday = gap.last_at - dt.timedelta(days=1)
    with filled.database.writing() as session:
        session.execute(update(SearchGap).values(last_at=yesterday, first_at=yesterday))
    (gap,) = kept(filled, result)
    assert (gap.days, gap.first_at) == (2, yesterday)
    assert gap.last_at.date() == yesterday.date() + dt.timedelta(days=1)
    assert len(kept(filled, ask(filled, ada, NOWHERE))) == 2  # without the filter it is another question


def test_a_search_that_is_answered_leaves_nothing(filled: Workspace, ada: Reader) -> None:
    for result in (ask(filled, ada, "boring stops"), ask(filled, ada), ask(filled, ada, "kind:insight")):
        assert result.gap is None
        assert keep_gap(filled, result) is None
    assert kept(filled, result) == []


def test_personal_data_is_not_kept(filled: Workspace, ada: Reader) -> None:
    (gap,) = kept(filled, ask(filled, ada, '"anna.schmidt@example.com"'))
    assert gap.words == '"[mail]"'
    assert "anna" not in repr(gap.__dict__)


def test_hits_that_are_all_far_away_are_a_gap() -> None:
    far, near, words_match, unknown = (0.1, 0.2), (0.4, 0.5), (0.45, 0.05), (0.1, np.nan)
    query = SearchQuery("tax return")
    assert gap_of(query, found("tax return", far)) == Gap(1, 0.2)
    assert gap_of(query, found("tax return", far, near)) is None
    assert gap_of(query, found("tax return", far, words_match)) is None
    assert gap_of(query, found("tax return", unknown)) is None
    assert gap_of(query, found("", far)) is None
    for other in ({"offset": 20}, {"mode": "keyword"}, {"mode": "meaning"}, {"like": 1}):
        assert gap_of(replace(query, **other), found("tax return", far)) is None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_search_does_not_wait_for_a_writer(filled: Workspace, ada: Reader) -> None:
    with filled.database.writing() as session:
        session.execute(text("UPDATE study SET title = title"))  # holds the only write lock
        writer = keep_gap(filled, ask(filled, ada, NOWHERE))
        assert writer is not None
        writer.join(0.2)
        assert writer.is_alive()
    writer.join()
    assert len(kept(filled, ask(filled, ada, "boring"))) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_cannot_be_written_is_dropped_and_logged_without_its_words(
    filled: Workspace, ada: Reader, caplog: pytest.LogCaptureFixture
) -> None:
    result = ask(filled, ada, '"zebra crossing"')
    event.listen(filled.database.engine, "checkout", lambda raw, *_: raw.execute("PRAGMA query_only = ON"))
    with caplog.at_level(logging.WARNING):
        for _ in range(10):
            assert kept(filled, result) == []
    assert "a search without a good answer was not noted: attempt to write a readonly database" in caplog.text
    assert "zebra" not in caplog.text


def test_only_researchers_read_the_list_most_asked_first(
    filled: Workspace, ada: Reader, make_reader: Callable[..., Reader]
) -> None:
    kept(filled, ask(filled, ada, '"asked once"'))
    kept(filled, ask(filled, ada, '"asked often"'))
    kept(filled, ask(filled, ada, '"asked last"'))
    with filled.database.writing() as session:
        session.execute(update(SearchGap).where(SearchGap.words == '"asked often"').values(days=7))
    with filled.database.reading() as session:
        for role in ("researcher", "administrator"):
            listed = list_gaps(session, make_reader(role))
            assert [gap.words for gap in listed] == ['"asked often"', '"asked last"', '"asked once"']
        assert len(list_gaps(session, ada, limit=2)) == 2
        for role in ("viewer", "contributor"):
            with pytest.raises(Forbidden, match="needs the role researcher"):
                list_gaps(session, make_reader(role))
