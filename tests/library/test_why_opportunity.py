"""Why did it move, beside satisfaction: what importance did, and what of the opportunity each of the two made."""

from __future__ import annotations

import planted_story
import pytest
from homes import reader_of
from sqlalchemy import select

from insightrepo.library.why.why import Why, why
from insightrepo.library.why.why_json import why_as_json
from insightrepo.library.why.why_words import headline
from insightrepo.models import Answer, Instrument, Wave
from insightrepo.scores.computing.computing import compute_wave
from insightrepo.workspace import Workspace

IMPORTANT = {"2025-Q2": 6, "2025-Q3": 9}  # of ten


@pytest.fixture
def story(fresh: Workspace) -> planted_story.Story:
    """The planted story, whose outcome also became important to more people, alike in every segment and product."""
    with fresh.database.writing() as session:
        story = planted_story.tell(session)
        for code, count in IMPORTANT.items():
            answers = select(Answer).where(Answer.wave_id == story.waves[code]).order_by(Answer.id)
            for outcome in ("STOP", "COST"):
                rows = session.scalars(answers.where(Answer.outcome_id == story.terms[outcome])).all()
                for place, answer in enumerate(rows):
                    important = count if outcome == "STOP" else 6
                    answer.importance = 5 if place % 10 < important else 2
            session.flush()
            compute_wave(session, session.get_one(Wave, story.waves[code]))
    return story


def read(workspace: Workspace, code: str = "STOP", **asked: str) -> Why:
    with workspace.database.reading() as session:
        return why(session, reader_of(workspace, "rita"), workspace, code, **asked)


def test_a_move_of_opportunity_is_told_by_what_importance_and_satisfaction_make_of_it(fresh, story):
    found = read(fresh)
    moved = found.beside.opportunity
    assert (moved.movement.before, moved.movement.after) == (pytest.approx(6.0), pytest.approx(11.8))
    assert moved.importance + moved.satisfaction == pytest.approx(5.8, abs=1e-9)
    # alone: importance 6 → 9 gives 6 → 10 at S = 8 and 6 → 11.8 at S = 6.2
    assert moved.importance == pytest.approx(((10 - 6) + (11.8 - 6)) / 2)
    assert "Opportunity rose from 6.0 to 11.8, worse: +0.9 by satisfaction, +4.9 by importance." in headline(found).text
    assert "It is important to more (60% → 90%)." in headline(found).text


def test_importance_that_moved_is_split_as_satisfaction_is(fresh, story):
    by_family = read(fresh).importance_splits[0]
    assert by_family.split.change == pytest.approx(30)
    assert {part.code: pytest.approx(part.part.rate_effect) for part in by_family.parts} == {
        "school": 18, "young": 6, "teens": 6,
    }  # fmt: skip


def test_nothing_is_said_of_an_opportunity_that_did_not_move(fresh, story):
    found = read(fresh, "COST")
    assert headline(found).beside == ""
    assert found.importance_splits == ()
    assert not found.beside.opportunity.movement.is_real


def test_scripts_read_the_same(fresh, story):
    told = why_as_json(read(fresh))
    assert told["opportunity"]["by_importance"] + told["opportunity"]["by_satisfaction"] == pytest.approx(5.8)
    assert told["importance"]["verdict"] == "better"
    assert [split["by"] for split in told["importance_splits"]] == ["family", "product"]


def test_where_importance_was_not_asked_there_is_no_opportunity(fresh):
    with fresh.database.writing() as session:
        planted_story.tell(session)
    found = read(fresh)
    assert (found.beside.importance, found.beside.opportunity) == (None, None)


def test_what_was_asked_with_another_instrument_is_not_told_as_a_move_of_opportunity(fresh, story):
    with fresh.database.writing() as session:
        other = Instrument(name="another panel", scale_low=1, scale_high=5)
        session.add(other)
        session.flush()
        wave = session.get_one(Wave, story.waves["2025-Q3"])
        wave.instrument_id = other.id
        session.flush()
        session.expire(wave)
        compute_wave(session, wave)
    assert read(fresh, before="2025-Q2", after="2025-Q3").beside.opportunity is None
