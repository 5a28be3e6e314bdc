"""What stands beside a weighted score gives no hidden segment away; nor do tasks beside their index."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from insightrepo.accounts.access import Reader
from insightrepo.library.why.voices import Voices
from insightrepo.models import Outcome, Score, Segment
from insightrepo.scores.computing.cells import CellKey
from insightrepo.scores.computing.companions import round_companions
from insightrepo.scores.computing.computing import recompute_all, stale_waves
from insightrepo.scores.computing.movement import movement_between
from insightrepo.scores.computing.samples import sample
from insightrepo.scores.computing.score_rows import hide_small, sample_row
from insightrepo.scores.computing.task_scores import Index, index_rows
from insightrepo.scores.explaining import explain
from insightrepo.scores.measures import MEASURES
from insightrepo.scores.reading import ScoreQuery, read_scores
from insightrepo.scores.spoken import Cell
from insightrepo.scores.waves.waves import find_wave

ADA = Reader(0, "ada@example.com", "administrator")
POPULATIONS = {"parents": 500, "couples": 400, "singles": 100}


@pytest.fixture
def weighted(database, answered):
    """Imports waves of parents, couples and singles, and weights them by household."""

    def bring(code, singles, satisfied_singles=1):
        answered(code, (40, "5", "5", "parents"), (30, "1", "5", "parents"), (25, "5", "3", "couples"),
                 (30, "2", "4", "couples"), (satisfied_singles, "5", "5", "singles"),
                 (singles - satisfied_singles, "1", "5", "singles"))  # fmt: skip
        with database.writing() as session:
            for name, size in POPULATIONS.items():
                session.scalars(select(Segment).where(Segment.code == name)).one().population = size
            wave = find_wave(session, code)
            wave.settings = {"weighting": {"scheme": "post-stratification", "dimensions": ["household"]}}
        with database.reading() as session:
            stale = stale_waves(session)
        recompute_all(database, stale)

    return bring


def rows(database, code, measure="satisfaction"):
    with database.reading() as session:
        found = read_scores(session, ADA, ScoreQuery(waves=(code,), measures=(measure,), products=("all",)))
        return {row.segment: row for row in found}


def test_beside_a_hidden_segment_weighted_scores_tell_neither_effective_n_nor_decimals(database, weighted):
    weighted("2025-Q1", singles=4)
    found = rows(database, "2025-Q1")
    assert found["singles"].note == "suppressed"
    whole = found[None]
    assert (whole.n, whole.n_eff, whole.unweighted_value) == (129, None, None)
    assert (whole.value, whole.low, whole.high) == tuple(map(round, (whole.value, whole.low, whole.high)))
    assert whole.low <= whole.value <= whole.high
    assert 2 * rows(database, "2025-Q1", "opportunity")[None].value % 1 == 0
    with database.reading() as session:
        told = explain(session, ADA, whole.id)
    assert (told.weighting["deff"], told.weighting["n_eff"]) == (None, None)
    assert [line.words.split(":")[0] for line in told.formula] == ["weighted, and rounded"]
    assert not any(line.symbols in ("x", "n_eff") for line in told.inputs)
    assert told.distribution == {}  # its sum would be the unweighted share


def test_where_no_segment_is_hidden_everything_stands_beside(database, weighted):
    weighted("2025-Q1", singles=8)
    whole = rows(database, "2025-Q1")[None]
    assert whole.unweighted_value == pytest.approx(100 * 66 / 133)
    assert 0 < whole.n_eff < whole.n


def test_a_change_to_the_next_wave_gives_no_more_digits_than_the_wave_itself(database, weighted):
    weighted("2025-Q1", singles=4)
    weighted("2025-Q2", singles=30, satisfied_singles=20)
    later = rows(database, "2025-Q2")[None]
    assert later.n_eff is not None
    assert later.change == round(later.change)
    assert later.change_low <= later.change <= later.change_high


def test_waves_that_do_not_follow_each_other_are_tested_without_more_digits_either(database, weighted):
    weighted("2025-Q1", singles=4)
    weighted("2025-Q2", singles=30, satisfied_singles=20)
    weighted("2025-Q3", singles=33, satisfied_singles=22)
    pair = rows(database, "2025-Q1")[None], rows(database, "2025-Q3")[None]
    with database.reading() as session:
        waves = find_wave(session, "2025-Q1"), find_wave(session, "2025-Q3")
        outcome = session.scalars(select(Outcome.id).where(Outcome.code == pair[1].outcome)).one()
        voices = Voices(session, Cell(outcome, None, None))
        found = movement_between(*pair, lambda: voices.people(waves))
    assert not found.controlled
    assert {found.change % 1, found.low % 1, found.high % 1} == {0.0}
    assert found.low <= found.change <= found.high
    assert found.p_value == float(f"{found.p_value:.1g}")


GROUPS = st.tuples(*[st.tuples(st.integers(1, 60), st.floats(0, 1))] * 3)


@settings(max_examples=60, deadline=None)
@given(GROUPS, st.integers(1, 4), st.integers(0, 4))
def test_a_few_people_more_or_fewer_in_a_hidden_segment_often_look_the_same(groups, few, satisfied):
    """What is shown of everybody has no column that is an equation in the few: only n and whole percents."""
    weights = np.array([1.2, 0.9, 0.8, 3.0])
    counts = [(n, round(n * share)) for n, share in groups] + [(few, min(few, satisfied))]
    respondents = np.arange(sum(n for n, _ in counts))
    values = np.concatenate([[1.0] * top + [0.0] * (n - top) for n, top in counts])
    each = np.concatenate([[weight] * n for weight, (n, _) in zip(weights, counts, strict=True)])
    places = np.concatenate([[segment] * n for segment, (n, _) in enumerate(counts, 1)])
    measure = MEASURES["satisfaction"]
    found = {}
    for segment in (None, 1, 2, 3, 4):
        inside = np.ones(len(values), dtype=bool) if segment is None else places == segment
        one = sample("share", respondents[inside], values[inside], each[inside])
        key = CellKey(1, segment, None)
        found[key, "satisfaction"] = sample_row(key, measure, one)
    exact = dict(found[CellKey(1, None, None), "satisfaction"])
    tree = type("Tree", (), {"dimensions": dict.fromkeys((1, 2, 3, 4), "household"), "parents": {}})
    hide_small(found, tree)
    round_companions(found, tree.dimensions, ("household",))
    whole = found[CellKey(1, None, None), "satisfaction"]
    if whole["note"] == "suppressed":
        return
    assert (whole["n_eff"], whole["unweighted_value"], whole["detail"].get("top")) == (None, None, None)
    assert whole["value"] == round(exact["value"])
    assert whole["low"] <= exact["low"] <= exact["high"] <= whole["high"]
    assert {whole["value"] % 1, whole["low"] % 1, whole["high"] % 1} == {0.0}


TRIES = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 12)), min_size=2, max_size=5)


@settings(max_examples=60, deadline=None)
@given(TRIES, st.randoms())
def test_no_index_depends_on_a_task_that_is_hidden(tries, random):
    """Whatever those of a hidden task did, everything that is shown of the outcome stays the same."""
    shown = []
    for flipped in (False, True):
        parts = []
        for task, (n, done) in enumerate(tries):
            completed = min(done, n)
            if flipped and n < 5:
                completed = random.randint(0, n)
            values = np.array([1.0] * completed + [0.0] * (n - completed))
            parts.append((task, sample("share", np.arange(n) + 100 * task, values)))
        rows = {(CellKey(None, None, None, task), "success"): sample_row(
            CellKey(None, None, None, task), MEASURES["success"], one) for task, one in parts}  # fmt: skip
        hide_small(rows, type("Tree", (), {"dimensions": {}, "parents": {}}))
        kept = tuple((task, 1.0, one) for task, one in parts
                     if rows[CellKey(None, None, None, task), "success"]["note"] != "suppressed")  # fmt: skip
        index = index_rows({CellKey(1, None, None): Index(kept)}) if kept else {}
        shown.append(str([row for row in (*rows.values(), *index.values())]))
    assert shown[0] == shown[1]


def test_scores_of_a_wave_without_weights_keep_their_digits(database, answered):
    answered("2025-Q1", (40, "5", "", "parents"), (30, "1", "", "couples"), (3, "1", "", "singles"))
    with database.reading() as session:
        rounded = session.scalars(select(Score.id).where(Score.n.is_not(None), Score.n_eff.is_(None))).all()
    assert rounded == []
