"""Verbatims that are characteristic of a change: who is counted, who comes first, and who may read them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import planted_story
import pytest
from homes import reader_of

from insightrepo.library.why.characteristic import Asked, Words, characteristic
from insightrepo.models import Evidence, Study
from insightrepo.workspace import Workspace

DAY = dt.date(2025, 8, 20)


class Feed:
    """The planted story with means to add to it."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        with workspace.database.writing() as session:
            self.story = planted_story.tell(session)
        before, after = planted_story.WAVES.values()
        self.asked = Asked(self.story.terms["STOP"], *after, *before, direction=-1)

    def say(self, text: str, day: dt.date = DAY, **fields) -> int:
        with self.workspace.database.writing() as session:
            person = planted_story.people(session, 1)[0]
            return planted_story.say(session, self.story, self.story.studies["feed"], text, day, person, **fields)

    def read(self, name: str = "rita", **changes) -> Words:
        reader = reader_of(self.workspace, name)
        with self.workspace.database.reading() as session:
            return characteristic(session, reader, replace(self.asked, **changes), "en")


@pytest.fixture
def feed(fresh: Workspace) -> Feed:
    return Feed(fresh)


def test_of_two_that_say_the_same_one_is_quoted_and_both_are_counted(feed):
    found = feed.read("vera")
    assert (found.behind.verbatims, found.behind.people) == (30, 30)
    assert len(found.quotes) < 6
    assert all(quote.words for quote in found.quotes)


def test_a_quote_about_the_task_comes_first(feed):
    feed.say("Why can nobody add anything to my route any more?")
    found = feed.read(task_words=("Add a stop on the route",))
    assert found.quotes[0].near_task
    assert "route" in found.quotes[0].hit.text
    assert not feed.read().quotes[0].near_task


def test_a_rating_that_points_the_other_way_comes_later(feed):
    glad = feed.say("Delighted that the plus button moved to a better corner.", rating=5.0)
    sad = feed.say("Horrible: no plus button anywhere on the screen today.", rating=1.0)
    order = [quote.hit.id for quote in feed.read().quotes]
    assert order.index(sad) < order.index(glad) if glad in order else sad in order


def test_what_is_only_known_to_be_of_a_year_is_of_none_of_its_quarters(feed):
    before = feed.read().behind.verbatims
    feed.say("Some day in that year.", dt.date(2025, 7, 1), precision="year")
    assert feed.read().behind.verbatims == before
    feed.say("Some day in that quarter.", dt.date(2025, 7, 1), precision="quarter")
    assert feed.read().behind.verbatims == before + 1


def test_suggested_tags_and_withdrawn_evidence_do_not_count(feed):
    before = feed.read().behind.verbatims
    feed.say("Only suggested.", tag="suggested")
    gone = feed.say("Taken back.")
    with feed.workspace.database.writing() as session:
        session.get_one(Evidence, gone).withdrawn = True
    assert feed.read().behind.verbatims == before


def test_a_withdrawn_study_and_one_above_the_readers_clearance_do_not_count(feed):
    assert feed.read("rita").behind.verbatims == feed.read("vera").behind.verbatims + 1
    with feed.workspace.database.writing() as session:
        session.get_one(Study, feed.story.studies["feed"]).state = "withdrawn"
    assert feed.read("vera").behind.pieces == 0
    assert feed.read("ada").behind.verbatims == 1


def test_a_segment_and_a_product_narrow_what_is_read(feed):
    teen = feed.say("We old ones miss the button too.", segment="teens")
    found = feed.read(segments=frozenset({feed.story.terms["teens"]}))
    assert [quote.hit.id for quote in found.quotes] == [teen]
    assert not found.enough
    assert feed.read(products=frozenset({feed.story.terms["maps"]})).behind.pieces == 0


def test_with_too_few_voices_before_all_that_came_before_stands_for_it(feed):
    found = feed.read(before_first=dt.date(2025, 6, 30), before_last=dt.date(2025, 6, 30))
    assert found.widened
    assert found.before.verbatims == 30
    assert found.enough


def test_a_statement_is_quoted_before_a_question_where_no_word_grew(feed):
    early = {"before_first": dt.date(2024, 1, 1), "before_last": dt.date(2024, 12, 31)}
    late = {"first_day": dt.date(2025, 10, 1), "last_day": dt.date(2025, 12, 31)}
    day = dt.date(2025, 11, 20)
    for number in range(10):
        for said_on in (dt.date(2024, 5, 1), day):
            feed.say(f"A remark on travelling {number}.", said_on)
    asked = feed.say("Where is the setting for three of them?", day, rating=1.0)
    stated = feed.say("The screen is full and nothing fits on it.", day, rating=1.0)
    plan = feed.say("We compare how often the list is opened. Decided before the start.", day)
    with feed.workspace.database.writing() as session:
        session.get_one(Evidence, plan).kind = "passage"
    order = [quote.hit.id for quote in feed.read(**early, **late).quotes]
    assert order.index(stated) < order.index(asked)
    assert plan not in order
    assert next(quote for quote in feed.read(**early, **late).quotes if quote.hit.id == stated).rated == -1
