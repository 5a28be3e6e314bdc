"""What is known of an outcome by time, level and source."""

from __future__ import annotations

import datetime as dt

import planted_story
import pytest
from homes import reader_of

from insightrepo.library.reading import NotVisible
from insightrepo.library.terms.sources import SourceMatrix, source_matrix
from insightrepo.models import Study
from insightrepo.workspace import Workspace


@pytest.fixture
def story(fresh: Workspace) -> planted_story.Story:
    with fresh.database.writing() as session:
        return planted_story.tell(session)


def read(workspace: Workspace, name: str, code: str = "STOP") -> SourceMatrix:
    reader = reader_of(workspace, name)
    with workspace.database.reading() as session:
        return source_matrix(session, reader, code)


def test_a_wave_has_its_score_and_the_evidence_of_its_days(fresh, story):
    found = read(fresh, "vera")
    assert [(source.name, source.is_score) for source in found.sources] == [("panel", True), ("feedback form", False)]
    assert [time.label for time in found.times] == ["2025-Q3", "2025-Q2"]
    score, feed = found.times[0].cells
    assert (score.score.value, feed.pieces, feed.people) == (pytest.approx(62), 30, 30)


def test_what_was_said_outside_the_waves_stands_by_its_year(fresh, story):
    with fresh.database.writing() as session:
        planted_story.say(session, story, story.studies["feed"], "Long ago.", dt.date(2023, 2, 1), None)
    found = read(fresh, "vera")
    assert found.times[-1].label == "2023, outside the waves"
    assert found.times[-1].cells[0] is None
    assert found.times[-1].cells[1].pieces == 1


def test_levels_and_methods_are_columns_of_their_own_and_only_visible_studies_count(fresh, story):
    with fresh.database.writing() as session:
        secret = session.get_one(Study, story.studies["secret"])
        secret.level, secret.method = "relationship", "interview"
    assert ("relationship", "interview") in {(s.level, s.name) for s in read(fresh, "rita").sources}
    assert ("relationship", "interview") not in {(s.level, s.name) for s in read(fresh, "vera").sources}


def test_an_outcome_that_is_not_there_is_not_visible(fresh, story):
    with pytest.raises(NotVisible):
        read(fresh, "vera", "NONE")
