"""Tasks: success, time and ratings from trials, and the task index of their outcomes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from insightrepo.accounts.access import Reader
from insightrepo.models import (
    Exclusion,
    Segment,
    Task,
    TrialSummary,
    Wave,
)  # fmt: skip
from insightrepo.scores.computing.computing import compute_wave
from insightrepo.scores.computing.samples import sample
from insightrepo.scores.computing.statistics import mcnemar_mid_p, proportion_interval, two_proportions, welch
from insightrepo.scores.reading import ScoreQuery, read_scores

ADA = Reader(0, "ada@example.com", "administrator")  # sees all


@pytest.fixture
def read(database):
    def get(**wanted):
        with database.reading() as session:
            return read_scores(session, ADA, ScoreQuery(**wanted))

    return get


YES, NO = {"completed": True}, {"completed": False}


def test_completion_has_the_adjusted_wald_interval(tried, read):
    tried("2025-Q1", "T-1", (7, YES), (3, NO))
    (row,) = read(tasks=("T-1",))
    assert (row.measure, row.value, row.n, row.note) == ("success", pytest.approx(70), 10, "indicative")
    assert (row.low, row.high) == pytest.approx((39.23, 89.67), abs=0.01)
    assert (row.outcome, row.product, row.unit) == (None, None, "percent")


def test_few_times_are_a_geometric_mean_and_failures_are_censored(tried, read):
    """Oracle 3, with two failures that must not count."""
    seconds = (55, 65, 75, 62, 45, 135)
    tried("2025-Q1", "T-1", *((1, {**YES, "seconds": one}) for one in seconds), (2, {**NO, "seconds": 300.0}))
    (row,) = read(tasks=("T-1",), measures=("time",))
    assert (row.value, row.low, row.high) == pytest.approx((68.241, 46.005, 101.225), abs=0.001)
    assert (row.n, row.unit, row.better) == (6, "seconds", "lower")


def test_many_times_are_a_median_with_an_interval_of_order_statistics(tried, read):
    tried("2025-Q1", "T-1", *((1, {**YES, "seconds": float(one)}) for one in range(1, 102)))
    (row,) = read(tasks=("T-1",), measures=("time",))
    assert (row.value, row.low, row.high) == pytest.approx((51, 41, 61))  # binomial(101, 1/2): 41st and 61st


def test_ratings_are_means_with_a_t_interval(tried, read):
    tried("2025-Q1", "T-1", (10, {"ease": 7, "difficulty": 2}), (10, {"ease": 5, "difficulty": 4}))
    found = {row.measure: row for row in read(tasks=("T-1",))}
    half = 2.093 * np.std([7] * 10 + [5] * 10, ddof=1) / math.sqrt(20)
    assert (found["ease"].value, found["ease"].low) == pytest.approx((6, 6 - half), abs=0.001)
    assert (found["difficulty"].value, found["difficulty"].better) == (3, "lower")
    assert 1 <= found["ease"].low <= found["ease"].high <= 7


def test_a_person_who_tries_twice_counts_once(tried, read):
    tried("2025-Q1", "T-1", (10, YES), who="same", compute=False)
    tried("2025-Q1", "T-1", (10, NO), (2, YES), who="same")
    # ids of the second call begin anew: ten people tried twice, one success and one failure, two more once
    (row,) = read(tasks=("T-1",), measures=("success",))
    assert (row.n, row.answers, row.value) == (12, 22, pytest.approx(100 * (10 * 0.5 + 2) / 12))


def test_tasks_by_segment_and_what_is_left_out(database, tried, read):
    tried("2025-Q1", "T-1", (20, YES, "parents", "new"), (20, NO, "couples"))
    found = {row.segment: (row.value, row.n) for row in read(tasks=("T-1",))}
    assert found == {None: (50, 40), "parents": (100, 20), "couples": (0, 20), "new": (100, 20)}
    with database.writing() as session:
        wave = session.scalars(select(Wave)).one()
        couples = session.scalars(select(Segment.id).where(Segment.code == "couples")).one()
        session.add(Exclusion(wave_id=wave.id, segment_id=couples, reason="the prototype broke"))
        session.flush()
        compute_wave(session, wave)
    whole = {row.segment: row for row in read(tasks=("T-1",))}[None]
    assert (whole.value, whole.n, whole.excluded) == (100, 20, 20)


def test_the_task_index_is_the_mean_completion_of_the_outcomes_tasks(tried, read):
    tried("2025-Q1", "T-1", (30, YES), (10, NO), compute=False)
    tried("2025-Q1", "T-3", (40, NO), compute=False)
    tried("2025-Q1", "T-2", (20, YES), (20, NO))
    found = {row.product: row for row in read(outcomes=("TRIP-1",))}
    assert {row.measure for row in found.values()} == {"success"}
    assert {code: row.value for code, row in found.items()} == pytest.approx(
        {None: 62.5, "app": 62.5, "search": 75, "booking": 50}
    )
    assert (found[None].n, found[None].answers) == (80, 80)
    assert found[None].low < 62.5 < found[None].high


def test_tasks_may_be_weighted_in_the_index(tried, read):
    tried("2025-Q1", "T-1", (30, YES), (10, NO), compute=False)
    tried("2025-Q1", "T-2", (20, YES), (20, NO), task_weights={"T-1": 3.0})
    assert read(outcomes=("TRIP-1",), products=("all",))[0].value == pytest.approx((3 * 75 + 50) / 4)


def test_a_fall_of_completion_is_worse_on_the_task_and_on_its_outcome(tried, read):
    for code, happy in (("2025-Q1", 160), ("2025-Q2", 110)):
        tried(code, "T-1", (happy, YES), (200 - happy, NO))
    task = read(waves=("2025-Q2",), tasks=("T-1",))[0]
    outcome = read(waves=("2025-Q2",), outcomes=("TRIP-1",), products=("all",))[0]
    assert (task.verdict, task.change, task.previous_wave) == ("worse", pytest.approx(-25), "2025-Q1")
    assert task.p_value == pytest.approx(two_proportions(110, 200, 160, 200).p_value)
    assert task.change_low < -25 < task.change_high
    assert (outcome.verdict, outcome.change) == ("worse", pytest.approx(-25))


def test_the_same_people_are_compared_by_who_changed(tried, read):
    tried("2025-Q1", "T-1", (30, YES), (10, YES), (20, NO), who="panel")
    tried("2025-Q2", "T-1", (30, YES), (10, NO), (20, NO), who="panel")
    assert read(waves=("2025-Q2",), tasks=("T-1",))[0].p_value == pytest.approx(mcnemar_mid_p(0, 10))


def test_times_are_compared_on_the_log_scale(tried, read):
    rng = np.random.default_rng(7)
    before, now = rng.lognormal(4.0, 0.4, 60), rng.lognormal(4.4, 0.4, 60)
    for code, times in (("2025-Q1", before), ("2025-Q2", now)):
        tried(code, "T-1", *((1, {**YES, "seconds": float(one)}) for one in times))
    earlier, row = read(tasks=("T-1",), measures=("time",))
    assert row.p_value == pytest.approx(welch(np.log(now), np.log(before)).p_value)
    assert (row.verdict, row.change > 0) == ("worse", True)
    assert row.change == pytest.approx(row.value - earlier.value)  # what a reader subtracts
    assert row.change_low < row.change < row.change_high


def test_medians_that_moved_against_their_logarithms_are_no_evidence(tried, read):
    """Half and one more take 60 and then 61 seconds; the rest, that took 100, now take 1."""
    for code, middle, rest in (("2025-Q1", 60.0, 100.0), ("2025-Q2", 61.0, 1.0)):
        tried(code, "T-1", (31, {**YES, "seconds": middle}), (29, {**YES, "seconds": rest}))
    row = read(waves=("2025-Q2",), tasks=("T-1",), measures=("time",))[0]
    assert (row.change, row.p_value, row.verdict) == (pytest.approx(1.0), 1.0, "no evidence of change")


def test_an_index_of_other_tasks_is_not_compared(tried, read):
    tried("2025-Q1", "T-1", (40, YES), (10, NO))
    tried("2025-Q2", "T-2", (10, YES), (40, NO))
    row = read(waves=("2025-Q2",), outcomes=("TRIP-1",), products=("all",))[0]
    assert (row.verdict, row.change, row.note) == ("not enough data", None, "break")


def test_aggregated_trials_are_scored_and_add_up_with_single_ones(database, tried, read):
    tried("2025-Q1", "T-1", (10, YES), (10, NO))
    with database.writing() as session:
        wave = session.scalars(select(Wave)).one()
        task = session.scalars(select(Task.id).where(Task.code == "T-1")).one()
        other = session.scalars(select(Task.id).where(Task.code == "T-2")).one()
        parents, couples = (
            session.scalars(select(Segment.id).where(Segment.code == code)).one() for code in ("parents", "couples")
        )
        for number, (of, segment, measure, n, value, sd) in enumerate((
            (task, None, "success", 80, 0.9, None), (task, None, "time", 30, 60.0, 0.5),
            (other, parents, "success", 30, 0.8, None), (other, couples, "success", 10, 0.4, None),
            (other, parents, "ease", 30, 5.5, None),
        )):  # fmt: skip
            session.add(TrialSummary(wave_id=wave.id, identity=str(number), task_id=of, segment_id=segment,
                                     measure=measure, n=n, value=value, sd=sd))  # fmt: skip
        session.flush()
        compute_wave(session, wave)
    found = {(row.task, row.segment, row.measure): row for row in read(outcomes=("none",))}
    pooled = found["T-1", None, "success"]
    low, high = proportion_interval(82, 100)
    assert (pooled.value, pooled.n, pooled.low, pooled.high) == pytest.approx((82, 100, 100 * low, 100 * high))
    half = 2.0452 * 0.5 / math.sqrt(30)
    assert found["T-1", None, "time"].low == pytest.approx(60 * math.exp(-half), abs=0.01)
    assert (found["T-2", None, "success"].value, found["T-2", None, "success"].n) == (pytest.approx(70), 40)
    assert (found["T-2", "parents", "ease"].value, found["T-2", "parents", "ease"].note) == (None, "no interval")


def test_small_cells_of_tasks_are_hidden_and_the_index_does_not_give_them_away(tried, read):
    tried("2025-Q1", "T-1", (3, YES, "parents"), (20, NO, "couples"), (40, YES, "singles"), compute=False)
    tried("2025-Q1", "T-2", (40, YES, "parents"), (20, NO, "couples"))
    hidden = {row.segment: row for row in read(tasks=("T-1",))}
    assert [hidden[code].note for code in ("parents", "couples", "singles")] == ["suppressed", "suppressed", None]
    assert (hidden["parents"].n, hidden["parents"].answers, hidden["parents"].value) == (None, None, None)
    index = read(outcomes=("TRIP-1",), segments=("parents",), products=("all",))[0]
    assert (index.value, index.n) == (100, 40)  # of T-2 alone


COUNTS = st.dictionaries(
    st.tuples(st.sampled_from(["T-1", "T-2", "T-3"]), st.sampled_from(["parents", "couples", "singles", ""])),
    st.tuples(st.integers(0, 12), st.integers(0, 30)), min_size=1, max_size=8,
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8, deadline=None)
@given(COUNTS)
def test_no_hidden_cell_of_a_task_follows_by_subtraction(database, tried, read, counts):
    with database.reading() as session:
        code = f"{1900 + len(session.scalars(select(Wave.id)).all())}"
    by_task: dict[str, list] = {}
    for (task, segment), (happy, sad) in counts.items():
        segments = [segment] if segment else []
        by_task.setdefault(task, []).extend([(happy, YES, *segments), (sad, NO, *segments)])
    for task, groups in by_task.items():
        tried(code, task, *groups)
    for task in by_task:
        rows = [row for row in read(waves=(code,), tasks=(task,)) if row.measure == "success"]
        sizes = {segment: sum(counts.get((task, segment), (0, 0))) for segment in ("parents", "couples", "singles", "")}
        shown = {row.segment: row for row in rows if row.note != "suppressed"}
        assert all((row.n or 0) >= 5 for row in shown.values())
        if None in shown:  # what the whole leaves beyond all that is shown of it is nobody, or five people or more
            rest = sum(sizes.values()) - sum(sizes[segment] for segment in shown if segment)
            hidden = [segment for segment in sizes if segment not in shown and sizes[segment]]
            assert rest == 0 or rest >= 5
            assert len(hidden) != 1 or sizes[hidden[0]] >= 5


def test_a_sample_of_nobody_is_none():
    assert sample("mean", np.array([1, 2]), np.array([np.nan, np.nan])) is None
