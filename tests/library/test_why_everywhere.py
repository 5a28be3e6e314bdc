"""What changed and why, on SQLite and on PostgreSQL."""

from __future__ import annotations

import datetime as dt

import planted_story
import pytest

from insightrepo.accounts.users import acting_reader
from insightrepo.library.terms.sources import source_matrix
from insightrepo.library.why.why import why
from insightrepo.library.why.why_words import headline
from insightrepo.scores.changes import choices, what_changed
from insightrepo.workspace import Workspace


def test_the_story_is_told_alike_everywhere(workspace: Workspace) -> None:
    with workspace.database.writing() as session:
        story = planted_story.tell(session)
        planted_story.annotate(session, "intervention", dt.date(2025, 7, 1), "New", outcome_id=story.terms["STOP"])
    with workspace.database.reading() as session:
        reader = acting_reader(session, None)
        found = why(session, reader, workspace, "STOP", "2025-Q2", "2025-Q3")
        narrowed = why(session, reader, workspace, "STOP", segment="school", product="planner")
        changed = what_changed(session, reader, "2025-Q2")
        matrix = source_matrix(session, reader, "STOP")
        assert choices(session, reader).measures[:2] == ("satisfaction", "success")
    assert headline(found).task == "The task “add a stop on the route” goes with it (task success 84% → 61%)."
    assert [part.code for part in found.splits[0].parts] == ["school", "teens", "young"]
    assert found.interventions[0].movement.verdict == "worse"
    assert narrowed.movement.change == pytest.approx(-30)
    assert {cell.subject.code for cell in changed.real} == {"STOP", "T-ADD"}
    assert [time.label for time in matrix.times] == ["2025-Q3", "2025-Q2"]
