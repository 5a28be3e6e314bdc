"""What stands beside a score: the same people who tried and answered, metrics of use, interventions over waves."""

from __future__ import annotations

import datetime as dt

import planted_story
import pytest
from homes import reader_of

from insightrepo.library.why.why import Why, why
from insightrepo.library.why.why_words import headline, intervention_words, warnings
from insightrepo.models import Answer, Metric, Outcome, Score, Trial, Wave
from insightrepo.scores.computing.computing import compute_wave
from insightrepo.workspace import Workspace


@pytest.fixture
def story(fresh: Workspace) -> planted_story.Story:
    with fresh.database.writing() as session:
        return planted_story.tell(session)


def read(workspace: Workspace, **asked: str) -> Why:
    reader = reader_of(workspace, "rita")
    with workspace.database.reading() as session:
        return why(session, reader, workspace, "STOP", **asked)


def let_them_try(workspace: Workspace, story: planted_story.Story, people: int, misses: int) -> None:
    """The first people of the later wave try the task: who is satisfied completes it, but for `misses` of either."""
    with workspace.database.writing() as session:
        answers = session.query(Answer).filter_by(wave_id=story.waves["2025-Q3"], outcome_id=story.terms["STOP"])
        for place, answer in enumerate(answers.order_by(Answer.id).limit(people)):
            done = (answer.satisfaction == 5) != (place // 10 < misses / 5)
            session.add(Trial(wave_id=answer.wave_id, identity=f"same {place}", task_id=story.tasks["T-ADD"],
                              respondent_id=answer.respondent_id, completed=done))  # fmt: skip


def test_with_the_same_people_the_association_within_them_is_said(fresh, story):
    let_them_try(fresh, story, people=100, misses=10)
    task = next(task for task in read(fresh).tasks if task.code == "T-ADD")
    # of 100: half are satisfied; 20 of them do the opposite of the rest: 40 + 40 against 10 + 10
    assert task.same_people.association.n == 100
    assert task.same_people.association.value == pytest.approx(0.6)
    assert (task.same_people.satisfied_if_done, task.same_people.satisfied_if_failed) == (80, 20)
    said = headline(read(fresh)).task
    assert "among the 100 people who gave both, those who complete it are more often satisfied" in said
    assert "phi 0.60" in said
    assert "80% against 20%" in said


def test_few_of_the_same_people_say_nothing(fresh, story):
    let_them_try(fresh, story, people=20, misses=0)
    task = next(task for task in read(fresh).tasks if task.code == "T-ADD")
    assert task.same_people.association.value is None
    assert task.same_people.satisfied_if_done is None
    assert "phi" not in headline(read(fresh)).task


def test_small_cells_of_the_same_people_are_not_told(fresh, story):
    let_them_try(fresh, story, people=100, misses=0)
    task = next(task for task in read(fresh).tasks if task.code == "T-ADD")
    assert task.same_people.association.value == pytest.approx(1)
    assert task.same_people.satisfied_if_failed is None  # that nobody who failed is satisfied is a cell of nobody


def more_waves(workspace: Workspace, story: planted_story.Story, values: list[tuple[float, float]]) -> None:
    """Earlier quarters with these values of satisfaction and of a metric of use, which the story's waves have too."""
    with workspace.database.writing() as session:
        known = session.get_one(Wave, story.waves["2025-Q2"])
        usage = Metric(code="ADDS", name="Trips with a stop added", kind="rate", nature="behaviour", unit="percent",
                       unit_of_analysis="user")  # fmt: skip
        usage.outcomes.append(session.get_one(Outcome, story.terms["STOP"]))
        session.add(usage)
        ids = [story.waves["2025-Q2"], story.waves["2025-Q3"]]
        for place, (satisfaction, _) in enumerate(values[:-2]):
            year, quarter = 2023 + (place + 1) // 4, (place + 1) % 4
            first = dt.date(year, 3 * quarter + 1, 1)
            wave = Wave(code=f"{year}-Q{quarter + 1}", first_day=first, last_day=first + dt.timedelta(days=80),
                        instrument_id=known.instrument_id, definition={})  # fmt: skip
            session.add(wave)
            session.flush()
            ids.insert(-2, wave.id)
            session.add(Score(wave_id=wave.id, outcome_id=story.terms["STOP"], measure="satisfaction", n=400,
                              value=satisfaction, low=satisfaction - 5, high=satisfaction + 5))  # fmt: skip
        for wave_id, (_, metric) in zip(ids, values, strict=True):
            session.add(Score(wave_id=wave_id, outcome_id=story.terms["STOP"], measure="ADDS", n=900, value=metric,
                              low=metric, high=metric))  # fmt: skip


def test_a_metric_of_use_is_ranked_beside_the_score_over_the_waves(fresh, story):
    more_waves(fresh, story, [(70, 30), (72, 31), (74, 33), (76, 34), (80, 35), (62, 20)])
    (metric,) = read(fresh).metrics
    assert (metric.code, metric.association.n) == ("ADDS", 6)
    assert metric.association.value == pytest.approx(1)


def test_four_waves_of_a_metric_are_not_enough(fresh, story):
    more_waves(fresh, story, [(70, 30), (72, 31), (80, 35), (62, 20)])
    (metric,) = read(fresh).metrics
    assert metric.association.value is None
    assert "4 waves have both, 5 are needed" in metric.association.note


def test_waves_that_do_not_follow_each_other_are_tested_alone_and_that_is_said(fresh, story):
    more_waves(fresh, story, [(80, 30), (80, 35), (62, 20)])
    with fresh.database.writing() as session:
        earliest = session.query(Wave).filter_by(code="2023-Q2").one()
        story.waves["2023-Q2"] = earliest.id
        planted_story.answer(session, story, "2023-Q2", like="2025-Q2")
        compute_wave(session, earliest)
    found = read(fresh, before="2023-Q2", after="2025-Q3")
    assert (found.movement.controlled, found.movement.verdict) == (False, "worse")
    assert found.movement.low < -18 < found.movement.high
    assert "in a test of its own: the waves do not follow each other" in headline(found).what
    assert headline(found).where.startswith("Families with school-age children (−18) has the largest part")
    assert headline(found).task == "Its tasks cannot be compared between these waves."


def test_parts_that_do_not_stand_after_control_are_said_to_be_that_and_not_to_be_chance(fresh, story):
    with fresh.database.writing() as session:  # their intervals keep leaving out 0
        for row in session.query(Score).filter_by(measure="satisfaction", verdict="worse"):
            if row.segment_id or row.product_id:
                row.verdict = "no evidence of change"
    assert headline(read(fresh)).where.startswith(
        "Families with school-age children (−18) has the largest part, though it did not really move by itself, not "
        "after control over all tests; not so"
    )


@pytest.mark.parametrize(
    ("segment", "shown"), [(None, []), ("teens", ["product"])], ids=["the whole is rounded", "a part is rounded"]
)
def test_what_is_rounded_beside_a_hidden_segment_is_not_split_exactly_and_that_is_said(fresh, story, segment, shown):
    assert [split.axis for split in read(fresh).splits] == ["segment", "product"]
    assert "rounded" not in " ".join(warnings(read(fresh)))
    with fresh.database.writing() as session:
        rounded = session.query(Score).filter_by(
            wave_id=story.waves["2025-Q2"], measure="satisfaction", outcome_id=story.terms["STOP"], product_id=None,
            segment_id=story.terms[segment] if segment else None,
        )  # fmt: skip
        rounded.one().n_eff = None  # as a score keeps beside a hidden segment: its people, and no effective n
    found = read(fresh)
    assert [split.axis for split in found.splits] == shown
    assert "What the change is made of is not shown: scores are rounded here" in " ".join(warnings(found))


def test_a_wave_that_an_intervention_falls_into_is_left_out_and_named(fresh, story):
    more_waves(fresh, story, [(79, 30), (80, 35), (62, 20)])
    with fresh.database.writing() as session:
        planted_story.annotate(session, "intervention", dt.date(2025, 5, 10), "Half of all got the new planner")
        planted_story.annotate(session, "intervention", dt.date(2025, 9, 30), "The plus button is back")
    first, last = read(fresh).interventions
    assert (first.before.wave, first.after.wave, first.during) == ("2023-Q2", "2025-Q3", ("2025-Q2",))
    assert (last.after, last.movement) == (None, None)
    assert intervention_words(last) == "no wave began after it yet"


def test_a_metric_that_only_a_product_has_is_ranked_by_that(fresh, story):
    more_waves(fresh, story, [(70, 30), (72, 31), (74, 33), (76, 34), (80, 35), (62, 20)])
    with fresh.database.writing() as session:
        for row in session.query(Score).filter_by(measure="ADDS"):
            row.outcome_id, row.product_id = None, story.terms["planner"]
    (metric,) = read(fresh).metrics
    assert (metric.association.n, metric.association.value) == (6, pytest.approx(1))
