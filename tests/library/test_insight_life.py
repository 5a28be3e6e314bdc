"""What becomes of an insight: held against newer scores, reworded, confirmed, withdrawn, counted apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, select

from ingest.readers.base import Row, Table
from insightrepo.accounts.access import Forbidden, Reader
from insightrepo.library.imports.import_options import ImportOptions
from insightrepo.library.imports.importing import import_paths
from insightrepo.library.search.hits import SearchQuery
from insightrepo.library.search.search import search
from insightrepo.library.studies.insight_editing import confirm_insight, edit_insight, restore_insight, withdraw_insight
from insightrepo.library.studies.insight_states import insight_states, outdated
from insightrepo.library.studies.insight_steps import steps_of
from insightrepo.library.studies.insights import InsightRefused, write_insight
from insightrepo.library.tagging.tagging import NotThere, vote
from insightrepo.library.terms.coverage import read_coverage
from insightrepo.library.terms.grounding import grounding
from insightrepo.library.terms.outcome_list import list_outcomes
from insightrepo.library.terms.taxonomy_changes import import_taxonomy
from insightrepo.models import Answer, Evidence, Outcome, Score, Segment, Study, Wave
from insightrepo.scores.acting.choosing import choose
from insightrepo.scores.intake.importing import import_answers
from insightrepo.scores.waves.issues import freeze, reissue
from insightrepo.workspace import Workspace

TAXONOMY = "outcomes:\n  - {code: FT-01, job: Find enriching stops}\n  - {code: FT-02, job: Keep to the budget}\n"
CLAIM = "Parents are content with what the planner offers"
BORED = "Parents are bored by what the planner offers"
HEADER = ("respondent", "outcome", "satisfaction", "segment")


@pytest.fixture
def rita(workspace: Workspace, ada: Reader, make_reader, tmp_path: Path) -> Reader:
    """A researcher with a published study of two passages, one wave frozen in which 61 of 100 are satisfied."""
    reader = make_reader("researcher", email="rita@example.com")
    import_taxonomy(workspace, ada, TAXONOMY, "taxonomy.yaml")
    path = tmp_path / "report.md"
    path.write_text("# Stops\n\nThe stops are all the same.\n\n# Prices\n\nNobody minds the price of it.\n")
    import_paths(workspace, reader, [path], ImportOptions(publish=True))
    wave(workspace, "2025-Q2", 61)
    return reader


def wave(workspace: Workspace, code: str, satisfied: int, segment: str = "") -> None:
    """Freeze a wave in which so many of a hundred are satisfied with FT-01."""
    rows = [Row(n + 2, (f"{code} {n}", "FT-01", "5" if n < satisfied else "2", segment)) for n in range(100)]
    import_answers(workspace.database, workspace.pseudonyms, code, Table(HEADER, tuple(rows)))
    with workspace.database.writing() as session:
        freeze(session, session.scalars(select(Wave).where(Wave.code == code)).one(), None)


def written(workspace: Workspace, reader: Reader, text: str = CLAIM, **links) -> int:
    with workspace.database.reading() as session:
        study_id = session.scalars(select(Study.id)).one()
    return write_insight(workspace, reader, study_id, text, outcomes=["FT-01"], **links)


def said_of(workspace: Workspace, reader: Reader, insight_id: int) -> list[str]:
    """What its hit in a search says of scores that moved."""
    with workspace.database.reading() as session:
        found = search(workspace, session, reader, SearchQuery(filters={"kind": ("insight",)}))
        [hit] = [hit for hit in found.hits if hit.id == insight_id]
        return [moved.sentence for moved in hit.insight.moved]


def test_a_score_that_really_fell_since_is_said_on_the_hit_and_in_the_list_of_outcomes(workspace, rita):
    insight = written(workspace, rita)
    assert said_of(workspace, rita, insight) == []
    wave(workspace, "2025-Q3", 40)
    assert said_of(workspace, rita, insight) == [
        "Since this was written the satisfaction of FT-01 really moved from 61% to 40% (2025-Q2 to 2025-Q3, worse): "
        "look at it again."
    ]
    with workspace.database.reading() as session:
        assert [one.id for one in outdated(session, rita)] == [insight]
        assert {
            line.code: line.look_again for _, lines in list_outcomes(workspace, session, rita).groups for line in lines
        } == {"FT-01": 1, "FT-02": 0}


def test_a_change_that_may_be_chance_is_not_said(workspace, rita):
    insight = written(workspace, rita)
    wave(workspace, "2025-Q3", 55)
    assert said_of(workspace, rita, insight) == []


def test_small_steps_that_no_test_saw_are_said_once_the_intervals_no_longer_touch(workspace, rita):
    insight = written(workspace, rita)
    for code, satisfied in (("2025-Q3", 53), ("2025-Q4", 45), ("2026-Q1", 38)):
        wave(workspace, code, satisfied)
    with workspace.database.reading() as session:
        verdicts = session.scalars(select(Score.verdict).where(Score.measure == "satisfaction")).all()
    assert not {"better", "worse"} & set(verdicts)
    assert "61% to 38%" in said_of(workspace, rita, insight)[0]


def test_it_is_quiet_after_somebody_looked_again_until_the_score_moves_again(workspace, rita):
    insight = written(workspace, rita)
    wave(workspace, "2025-Q3", 40)
    confirm_insight(workspace, rita, insight, "said again in two sessions")
    assert said_of(workspace, rita, insight) == []
    wave(workspace, "2025-Q4", 70)
    assert "40% to 70% (2025-Q3 to 2025-Q4, better)" in said_of(workspace, rita, insight)[0]


def test_a_correction_of_the_wave_it_was_written_beside_is_said_without_the_number_of_then(workspace, rita):
    insight = written(workspace, rita)
    with workspace.database.writing() as session:
        reissue(session, session.scalars(select(Wave)).one(), None, "the file of another quarter was brought in")
        session.execute(delete(Answer))
    wave(workspace, "2025-Q2", 40)
    [said] = said_of(workspace, rita, insight)
    assert said == "The satisfaction of FT-01 in 2025-Q2 was corrected since this was written: look at it again."


def test_an_outcome_that_is_tagged_later_is_held_against_the_score_of_that_day(workspace, rita):
    with workspace.database.reading() as session:
        study_id = session.scalars(select(Study.id)).one()
    insight = write_insight(workspace, rita, study_id, CLAIM)
    wave(workspace, "2025-Q3", 40)
    vote(workspace, rita, insight, "outcome", "FT-01", True)
    assert said_of(workspace, rita, insight) == []
    wave(workspace, "2025-Q4", 75)
    assert "40% to 75%" in said_of(workspace, rita, insight)[0]


def test_an_edit_is_a_revision_with_its_reason_and_the_one_before_is_kept(workspace, rita):
    insight = written(workspace, rita)
    assert edit_insight(
        workspace, rita, insight, "Parents are bored by what the planner offers", "scores fell by a third"
    )
    with workspace.database.reading() as session:
        row = session.get_one(Evidence, insight)
        assert (row.text, row.revision) == (BORED, 2)
        steps = steps_of(session, insight)
        assert [(step.kind, step.revision, step.text) for step in steps] == [
            ("edited", 2, row.text), ("written", 1, CLAIM)
        ]  # fmt: skip
        assert (steps[0].reason, steps[0].by) == ("scores fell by a third", "rita")
        assert [piece.text for piece in steps[0].pieces if piece.kind == "new"] == ["bored by"]
        found = search(workspace, session, rita, SearchQuery("bored", filters={"kind": ("insight",)}))
        assert [(hit.id, [tag.code for tag in hit.outcomes]) for hit in found.hits] == [(insight, ["FT-01"])]
        assert not search(workspace, session, rita, SearchQuery('"content with"')).hits
    assert not edit_insight(workspace, rita, insight, f" {BORED} ", "")


def test_what_speaks_for_and_against_it_can_be_changed_without_a_revision(workspace, rita):
    with workspace.database.reading() as session:
        first, second = session.scalars(select(Evidence.id).order_by(Evidence.id))
    insight = written(workspace, rita, supports=[first])
    assert edit_insight(workspace, rita, insight, CLAIM, "", supports=[], contradicts=[first, second])
    with workspace.database.reading() as session:
        state = insight_states(session, rita, [insight])[insight]
        assert (state.supports, state.contradicts) == (0, 2)
        assert session.get_one(Evidence, insight).revision == 1


@pytest.mark.parametrize("kind", ["supports", "contradicts"])
def test_an_insight_is_no_evidence_for_or_against_itself(workspace, rita, kind):
    insight = written(workspace, rita)
    with pytest.raises(InsightRefused, match=f"{kind}: evidence {insight} is this insight itself"):
        edit_insight(workspace, rita, insight, CLAIM, "", **{kind: [insight]})


def test_an_open_number_is_said_on_the_hit_until_it_is_reworded(workspace, rita):
    insight = written(workspace, rita, "Satisfaction with stops fell 12.95% in Q3")

    def questions() -> int:
        with workspace.database.reading() as session:
            [hit] = search(workspace, session, rita, SearchQuery(filters={"kind": ("insight",)})).hits
            return hit.insight.questions

    assert questions() == 1
    edit_insight(workspace, rita, insight, "Satisfaction with stops fell by 13 percentage points", "what was meant")
    assert questions() == 0


def test_a_withdrawn_one_is_found_nowhere_says_why_and_can_be_brought_back(workspace, rita):
    insight = written(workspace, rita)
    withdraw_insight(workspace, rita, insight, "the sample was counted twice")
    with workspace.database.reading() as session:
        assert not search(workspace, session, rita, SearchQuery(filters={"kind": ("insight",)})).hits
        assert steps_of(session, insight)[0].reason == "the sample was counted twice"
    with pytest.raises(InsightRefused, match="was withdrawn"):
        written(workspace, rita)
    with pytest.raises(InsightRefused, match="bring it back"):
        edit_insight(workspace, rita, insight, "Parents are not content at all", "a better claim")
    restore_insight(workspace, rita, insight, "the count was right after all")
    assert said_of(workspace, rita, insight) == []


def test_who_may_change_it_and_what_is_refused(workspace, rita, make_reader):
    insight = written(workspace, rita)
    other = written(workspace, rita, "Nobody minds the price of the planner")
    with pytest.raises(Forbidden):
        withdraw_insight(workspace, make_reader("contributor"), insight, "not mine to take back")
    with pytest.raises(NotThere):
        withdraw_insight(workspace, rita, 99999, "there is no such thing")
    with pytest.raises(InsightRefused, match="say why"):
        withdraw_insight(workspace, rita, insight, "no")
    with pytest.raises(InsightRefused, match=f"already, as evidence {other}"):
        edit_insight(workspace, rita, insight, "nobody minds the price of the planner!", "said more clearly")


def test_insights_are_counted_beside_the_evidence_of_an_outcome_and_not_among_it(workspace, rita):
    with workspace.database.reading() as session:
        first = session.scalars(select(Evidence.id).order_by(Evidence.id)).first()
    vote(workspace, rita, first, "outcome", "FT-01", True)
    written(workspace, rita)
    with workspace.database.reading() as session:
        outcome_id = session.scalars(select(Outcome.id).where(Outcome.code == "FT-01")).one()
        base = grounding(session, rita, outcome_id)
        assert (base.pieces, base.confirmed, base.studies, base.insights) == (1, 1, 1, 1)
        covered = read_coverage(workspace, session, rita, choose(session, rita))
        strength = next(one.strength for one in covered.outcomes if one.outcome.code == "FT-01")
        assert (strength.pieces, strength.studies, strength.insights) == (1, 1, 1)


def test_a_score_of_a_segment_outside_the_readers_scope_is_not_told(workspace, rita, ada, make_reader):
    segments = (
        "segments:\n  - dimension: who\n    members: [{code: parents, name: Parents}, {code: solo, name: Solo}]\n"
    )
    import_taxonomy(workspace, ada, segments, "segments.yaml")
    wave(workspace, "2025-Q3", 61, segment="parents")
    insight = written(workspace, rita)
    vote(workspace, rita, insight, "segment", "parents", True)
    confirm_insight(workspace, rita, insight, "of parents, as it says")
    wave(workspace, "2025-Q4", 30, segment="parents")
    with workspace.database.writing() as session:
        study = session.scalars(select(Study)).one()
        study.segments = list(session.scalars(select(Segment)))
    assert "FT-01 (Parents) really moved from 61% to 30%" in said_of(workspace, rita, insight)[0]
    assert said_of(workspace, make_reader("viewer", scopes=("segment:solo",)), insight) == []
