"""The planted story, through import and computation: what fell is found and nothing else is said to have moved."""

from __future__ import annotations

import pytest
from planted import FELL, TASK, TRUE_CELLS, WHERE, Plan, plant

from insightrepo.accounts.access import Reader
from insightrepo.database import Database
from insightrepo.models import Base
from insightrepo.scores.reading import ScoreQuery, read_scores

ADA = Reader(0, "ada@example.com", "administrator")  # sees all


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """The scores of the second wave. The seed is one without a false arrow: 5% are promised, bench/false_arrows.py
    counts them.
    """
    from insightrepo.library.pseudonyms import Pseudonyms

    plan = Plan(seed=2, respondents=1200, tries=250)
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('planted') / 'story.db'}")
    Base.metadata.create_all(database.engine)
    plant(database, Pseudonyms(bytes(range(32))), plan)
    with database.reading() as session:
        found = read_scores(session, ADA, ScoreQuery(waves=(plan.codes[-1],), products=("all",)))
    database.close()
    return found


def test_the_outcome_and_its_task_fell_in_the_segment(rows):
    found = {(row.outcome, row.task, row.segment, row.measure): row for row in rows}
    outcome, task = found[FELL, None, WHERE, "satisfaction"], found[None, TASK, WHERE, "success"]
    assert (outcome.verdict, task.verdict) == ("worse", "worse")
    assert outcome.change_low < -18 < outcome.change_high
    assert task.change_low < -18 < task.change_high


def test_no_arrow_points_at_what_did_not_move(rows):
    arrows = [row for row in rows if row.verdict in ("better", "worse")]
    assert len(arrows) >= 3
    assert [row for row in arrows if ((row.outcome, row.task, row.segment), row.measure) not in TRUE_CELLS] == []


def test_every_cell_has_a_verdict(rows):
    assert {row.verdict for row in rows} == {"worse", "no evidence of change"}
    assert len([row for row in rows if row.measure == "satisfaction"]) == 12 * 5
