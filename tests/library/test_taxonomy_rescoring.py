"""A taxonomy file that changes what scores rest on has the open waves computed again."""

from __future__ import annotations

import planted_story
import pytest
from homes import reader_of
from sqlalchemy import select

from insightrepo.library.terms.taxonomy_changes import import_taxonomy
from insightrepo.models import Outcome, Score, Wave
from insightrepo.scores.reading import ScoreQuery, read_scores
from insightrepo.scores.waves.issues import freeze
from insightrepo.taxonomy.exporting import export
from insightrepo.taxonomy.files import dump
from insightrepo.workspace import Workspace


def tasks_of_stop(workspace: Workspace) -> dict[str, float | None]:
    """The task index of STOP by wave."""
    with workspace.database.reading() as session:
        rows = read_scores(session, reader_of(workspace, "rita"), ScoreQuery(
            outcomes=("STOP",), segments=("all",), products=("all",), measures=("success",)
        ))  # fmt: skip
        return {row.wave: row.value for row in rows}


def test_a_task_that_a_file_takes_from_an_outcome_is_out_of_its_index_in_open_waves(fresh: Workspace) -> None:
    with fresh.database.writing() as session:
        planted_story.tell(session)
        freeze(session, session.scalars(select(Wave).where(Wave.code == "2025-Q2")).one(), None)
    before = tasks_of_stop(fresh)
    with fresh.database.reading() as session:
        text = dump(export(session))
    start = text.index("code: T-LIST")
    place = text.index("STOP", start)
    text = text[:place] + "COST" + text[place + 4 :]
    changes = import_taxonomy(fresh, reader_of(fresh, "rita"), text, "moved.yaml")
    assert changes.lines[-1] == "scores of 2025-Q3 were computed again"
    after = tasks_of_stop(fresh)
    assert after["2025-Q2"] == before["2025-Q2"]
    assert after["2025-Q3"] == pytest.approx(100 * planted_story.COMPLETED["T-ADD", "2025-Q3"] / planted_story.TRIES)
    again = import_taxonomy(fresh, reader_of(fresh, "rita"), text, "moved.yaml")
    assert not any("computed again" in line for line in again.lines)


def test_an_open_wave_takes_the_wording_that_a_file_gives_an_outcome(fresh: Workspace) -> None:
    with fresh.database.writing() as session:
        planted_story.tell(session)
    with fresh.database.reading() as session:
        text = dump(export(session))
        job = session.scalars(select(Outcome).where(Outcome.code == "STOP")).one().job
    assert job in text
    changes = import_taxonomy(fresh, reader_of(fresh, "rita"), text.replace(job, f"{job} along the way"), "words.yaml")
    assert changes.lines[-1].startswith("scores of ")
    with fresh.database.reading() as session:
        outcome = session.scalars(select(Outcome).where(Outcome.code == "STOP")).one()
        told = session.scalars(
            select(Score.definition_version).where(Score.outcome_id == outcome.id, Score.measure == "satisfaction")
        )
        assert set(told) == {outcome.version}
