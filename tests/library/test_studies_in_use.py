"""A withdrawn study counts for nobody, also not for those who may still open it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import planted_story
import pytest
from homes import reader_of
from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, studies_in_use, visible_studies
from insightrepo.home.attention import _contradictions
from insightrepo.library.search.completion import complete
from insightrepo.library.search.own_evaluation import judged_questions
from insightrepo.library.studies.insight_states import insight_states
from insightrepo.library.studies.quantities import questioned
from insightrepo.library.terms.grounding import grounding
from insightrepo.library.terms.outcome_said import contradictions
from insightrepo.library.terms.sources import source_matrix
from insightrepo.library.why.characteristic import Asked, characteristic
from insightrepo.models import Evidence, EvidenceLink, Judgement, Outcome, Quantity, Study, Tag
from insightrepo.taxonomy.history import seen_evidence
from insightrepo.taxonomy.impact import impact
from insightrepo.taxonomy.review import review
from insightrepo.workspace import Workspace

Read = Callable[[Workspace, Session, Reader, planted_story.Story], object]


def _words(session: Session, reader: Reader, story: planted_story.Story) -> object:
    first, last = planted_story.WAVES["2025-Q3"]
    before = planted_story.WAVES["2025-Q2"]
    found = characteristic(session, reader, Asked(story.terms["STOP"], first, last, *before), "english")
    return found.behind


READS: dict[str, Read] = {
    "grounding": lambda _, session, reader, story: grounding(session, reader, story.terms["STOP"]),
    "sources": lambda _, session, reader, story: source_matrix(session, reader, "STOP"),
    "words": lambda _, session, reader, story: _words(session, reader, story),
    "home": lambda _, session, reader, story: _contradictions(session, reader, [story.terms["STOP"]]),
    "at odds": lambda _, session, reader, story: contradictions(session, reader, select(Evidence.id)),
    "insight": lambda _, session, reader, story: insight_states(session, reader, [story.studies["claim"]]),
    "impact": lambda _, session, reader, story: impact(session, reader, session.get_one(Outcome, story.terms["STOP"])),
    "review": lambda workspace, session, reader, story: review(session, reader, workspace).lacks,
    "numbers": lambda _, session, reader, story: questioned(session, reader),
    "judged": lambda _, session, reader, story: judged_questions(session, reader),
    "grounds": lambda _, session, reader, story: sorted(seen_evidence(session, reader, range(1000))),
    "methods": lambda workspace, session, reader, story: complete(workspace, session, reader, "method:car", 10),
}  # fmt: skip


@pytest.fixture
def story(fresh: Workspace) -> planted_story.Story:
    """The planted story with an insight in its feed; "claim" among the studies is the insight's id."""
    with fresh.database.writing() as session:
        told = planted_story.tell(session)
        claim = planted_story.say(session, told, told.studies["feed"], "Stops are lost.", dt.date(2025, 8, 1), None)
        session.get_one(Evidence, claim).kind = "insight"
        told.studies["claim"] = claim
        return told


def add_study(workspace: Workspace, story: planted_story.Story, state: str) -> int:
    """A study that speaks of everything: a tag, a link, a number to settle, a judgement, a method of its own."""
    rita = reader_of(workspace, "rita")
    with workspace.database.writing() as session:
        study = Study(key="car", title="Car diaries", method="car diary", state=state, owner_id=rita.user_id)
        session.add(study)
        session.flush()
        words = "The plus button: 40 found it."
        said = planted_story.say(session, story, study.id, words, dt.date(2025, 8, 2), None)
        other = planted_story.say(session, story, study.id, "Nobody asked for stops.", dt.date(2025, 8, 2), None)
        session.add_all([
            Tag(evidence_id=said, term_id=story.terms["COST"], state="automatic", origin="rule"),
            EvidenceLink(from_id=said, to_id=story.studies["claim"], kind="contradicts"),
            EvidenceLink(from_id=other, to_id=said, kind="contradicts"),
            Judgement(question="stops", words="stops", filters="{}", evidence_id=said, helpful=True, rank=1,
                      mode="hybrid", version="", user_id=rita.user_id),
            Quantity(evidence_id=said, evidence_revision=1, start=17, end=19, value=40, unit="percent",
                     is_change=False, base="", period="", question="of what?", state="questioned"),
        ])  # fmt: skip
        return study.id


@pytest.mark.parametrize("what", READS)
def test_what_a_withdrawn_study_holds_counts_nowhere_also_not_for_its_owner(fresh, story, what):
    rita, read = reader_of(fresh, "rita"), READS[what]
    with fresh.database.reading() as session:
        without = read(fresh, session, rita, story)
    study = add_study(fresh, story, "published")
    with fresh.database.reading() as session:
        assert read(fresh, session, rita, story) != without
    with fresh.database.writing() as session:
        session.get_one(Study, study).state = "withdrawn"
    with fresh.database.reading() as session:
        assert read(fresh, session, rita, story) == without


def test_a_withdrawn_study_is_visible_to_its_owner_and_not_in_use(fresh, story):
    study = add_study(fresh, story, "withdrawn")
    rita = reader_of(fresh, "rita")
    with fresh.database.reading() as session:
        assert study in set(session.scalars(visible_studies(rita)))
        assert study not in set(session.scalars(studies_in_use(rita)))


def test_a_withdrawn_state_is_still_offered_to_who_asks_for_it(fresh, story):
    add_study(fresh, story, "withdrawn")
    with fresh.database.reading() as session:
        found = complete(fresh, session, reader_of(fresh, "rita"), "state:with", 10)
    assert [one.label for one in found] == ["withdrawn"]


def test_drafts_among_the_studies_that_an_outcome_rests_on_are_counted_apart(fresh, story):
    rita = reader_of(fresh, "rita")
    with fresh.database.reading() as session:
        before = grounding(session, rita, story.terms["COST"])
    add_study(fresh, story, "draft")
    with fresh.database.reading() as session:
        after = grounding(session, rita, story.terms["COST"])
    assert (after.studies - before.studies, before.drafts, after.drafts) == (1, 0, 1)
