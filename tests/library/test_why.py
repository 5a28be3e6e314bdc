"""Why did it move: the planted story is told exactly, and nothing else is."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import planted_story
import pytest
from homes import open_home, reader_of

from insightrepo.accounts.users import add_user
from insightrepo.library.reading import NotVisible
from insightrepo.library.why.why import NotMoved, Why, why
from insightrepo.library.why.why_words import caveats, headline, intervention_words, warnings
from insightrepo.models import Answer, Exclusion, Membership, Product, Score, Segment, Task, Team, Wave
from insightrepo.scores.computing.computing import compute_wave
from insightrepo.taxonomy.reading import UnknownTerm
from insightrepo.workspace import Workspace


@pytest.fixture(scope="module")
def told(made_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, planted_story.Story]]:
    """The planted story, only read."""

    home = tmp_path_factory.mktemp("why") / "home"
    shutil.copytree(made_home, home)
    made = open_home(home)
    with made.database.writing() as session:
        story = planted_story.tell(session)
        add_user(session, "sue@example.com", "researcher", "a long enough password", scopes=("segment:teens",))
    yield made, story
    made.close()


@pytest.fixture
def ask(told) -> Callable[..., Why]:
    workspace, _ = told

    def read(code: str = "STOP", name: str = "rita", **asked: str) -> Why:
        reader = reader_of(workspace, name)
        with workspace.database.reading() as session:
            return why(session, reader, workspace, code, **asked)

    return read


def test_the_sentence_goes_from_score_to_task_to_words(ask):
    said = headline(ask())
    assert said.what == (
        "Satisfaction with “find enriching stops” fell 18 points between 2025-Q2 and 2025-Q3 (80% → 62%), "
        "worse after control over all tests."
    )
    assert said.where == "All of it is among families with school-age children (−18 of −18)."
    assert said.task == "The task “add a stop on the route” goes with it (task success 84% → 61%)."
    assert said.words.startswith("Customers say: “I could not add a stop on the route, the plus button is gone.")
    assert said.mix == ""


def test_nothing_is_said_of_an_outcome_that_did_not_move(ask):
    found = ask("COST")
    assert headline(found).text == (
        "There is no evidence that satisfaction with “know the cost of the trip” changed between 2025-Q2 and 2025-Q3 "
        "(60% → 60%)."
    )
    assert not found.moving_tasks


def test_the_segments_add_up_to_the_fall_and_only_one_has_an_arrow(ask):
    found = ask()
    by_family = found.splits[0]
    assert by_family.split.change == pytest.approx(-18)
    assert {part.code: round(part.part.effect, 9) for part in by_family.parts} == {
        "school": -18,
        "young": 0,
        "teens": 0,
    }
    verdicts = {part.code: part.score.verdict for part in by_family.parts}
    assert verdicts == {"school": "worse", "young": "no evidence of change", "teens": "no evidence of change"}


def test_the_products_share_the_fall_half_and_half(ask):
    by_product = ask().splits[1]
    assert by_product.title == "product"
    assert {part.code: pytest.approx(part.part.effect) for part in by_product.parts} == {"planner": -9, "maps": -9}


def test_the_task_index_is_split_by_task(ask):
    found = ask()
    assert found.task_index is not None
    effects = {part.code: part.part.effect for part in found.task_index.parts}
    assert effects["T-ADD"] == pytest.approx(100 * (73 - 101) / 120 / 2)
    assert sum(effects.values()) == pytest.approx(found.task_index.split.change, abs=1e-9)
    assert [task.code for task in found.moving_tasks] == ["T-ADD"]


def test_the_words_that_grew_are_those_of_the_task(ask):
    found = ask()
    assert "plus button" in [word.text for word in found.words.words]
    assert found.words.behind.people == 30
    assert found.words.quotes[0].near_task
    voices = [quote.hit.text.split(" Trip")[0] for quote in found.words.quotes]
    assert len(voices) == len(set(voices))  # none says what another says already


def test_a_segment_in_which_nothing_fell_has_no_arrow(ask):
    found = ask(segment="teens")
    assert found.movement.verdict == "no evidence of change"
    assert [split.axis for split in found.splits] == ["product"]
    assert any("single people out" in note for note in caveats(found))


def test_the_fallen_segment_has_the_whole_fall(ask):
    found = ask(segment="Families with school-age children")
    assert (found.movement.before, found.movement.after) == (pytest.approx(80), pytest.approx(50))
    assert "fell 30 points" in headline(found).what


def test_waves_may_be_given_either_way_round(ask):
    there, back = ask(before="2025-Q2", after="2025-Q3"), ask(before="2025-Q3", after="2025-Q2")
    assert headline(there) == headline(back)


def test_what_cannot_be_asked_is_said(ask):
    with pytest.raises(NotVisible):
        ask("NONE")
    with pytest.raises(NotMoved, match="with itself"):
        ask(before="2025-Q3", after="2025-Q3")
    with pytest.raises(UnknownTerm):
        ask(segment="grandparents")


def test_who_may_not_see_a_segment_finds_it_among_the_others(ask):
    found = ask(name="sue")
    assert {part.code for part in found.splits[0].parts} == {"teens", None}
    assert found.splits[0].split.change == pytest.approx(-18)
    with pytest.raises(UnknownTerm):
        ask(name="sue", segment="school")


def test_quotes_are_of_studies_that_the_reader_may_see(ask, told):
    secret = told[1].studies["secret"]
    assert "board meeting" not in repr(ask(name="vera").words)
    assert ask(name="vera").words.behind.studies == 1
    assert ask(name="rita").words.behind.studies == 2
    assert all(quote.hit.study_id != secret for quote in ask(name="vera").words.quotes)


# what changes a copy of the story


@pytest.fixture
def story(fresh: Workspace) -> planted_story.Story:
    with fresh.database.writing() as session:
        return planted_story.tell(session)


def read(workspace: Workspace, code: str = "STOP", **asked: str) -> Why:
    reader = reader_of(workspace, "rita")
    with workspace.database.reading() as session:
        return why(session, reader, workspace, code, **asked)


def test_an_intervention_is_tested_before_and_after_with_its_caveat(fresh, story):
    with fresh.database.writing() as session:
        planted_story.annotate(
            session, "intervention", dt.date(2025, 7, 1), "New planner", outcome_id=story.terms["STOP"]
        )
        planted_story.annotate(session, "event", dt.date(2025, 7, 20), "Prices rose by a fifth")
        planted_story.annotate(session, "event", dt.date(2025, 7, 20), "Of cost", outcome_id=story.terms["COST"])
    found = read(fresh)
    (item,) = found.interventions
    assert (item.before.wave, item.after.wave) == ("2025-Q2", "2025-Q3")
    assert item.movement.verdict == "worse"
    assert "80% → 62%" in intervention_words(item)
    assert [note.text for note in item.others] == ["Prices rose by a fifth"]
    assert [note.text for note in found.annotations] == ["New planner", "Prices rose by a fifth"]


def test_a_small_group_is_neither_shown_nor_found_by_subtraction(fresh, story):
    with fresh.database.writing() as session:
        few = Segment(code="few", name="A few", dimension="family")
        session.add(few)
        session.flush()
        for person in planted_story.people(session, 3):
            session.add(Membership(wave_id=story.waves["2025-Q3"], respondent_id=person, segment_id=few.id))
            session.add(Answer(wave_id=story.waves["2025-Q3"], identity=f"{person}", respondent_id=person,
                               outcome_id=story.terms["STOP"], satisfaction=1))  # fmt: skip
        compute_wave(session, session.get_one(Wave, story.waves["2025-Q3"]))
    by_family = read(fresh).splits[0]
    shown = {part.code for part in by_family.parts}
    assert "few" not in shown
    others = by_family.parts[-1]
    assert (others.code, others.part.after.n > 5) == (None, True)
    assert sum(part.part.effect for part in by_family.parts) == pytest.approx(by_family.split.change, abs=1e-9)


def test_few_voices_say_nothing_about_words(fresh, story):
    found = read(fresh, segment="teens")
    assert (found.words.enough, found.words.words, found.words.quotes) == (False, (), ())


def give_verdicts(workspace: Workspace, story: planted_story.Story, **verdicts: str) -> None:
    """Let segments' scores of COST say this of their change."""
    with workspace.database.writing() as session:
        rows = session.query(Score).filter_by(wave_id=story.waves["2025-Q3"], outcome_id=story.terms["COST"],
                                              measure="satisfaction", product_id=None)  # fmt: skip
        for row in rows:
            for code, word in verdicts.items():
                if row.segment_id == story.terms[code]:
                    row.verdict, row.change = word, 20.0 if word == "better" else -20.0


def test_opposite_changes_of_segments_are_warned_of(fresh, story):
    give_verdicts(fresh, story, young="better", school="worse")
    (warning,) = warnings(read(fresh, "COST"))
    assert "it got better for Families with young children (+20, n 80)" in warning
    assert "and worse for Families with school-age children (−20, n 240)" in warning


def test_a_part_that_moved_although_the_whole_did_not_is_warned_of(fresh, story):
    give_verdicts(fresh, story, school="worse")
    assert warnings(read(fresh, "COST")) == (
        "The whole shows no change, but it is worse for Families with school-age children.",
    )


def test_weighted_waves_are_split_by_their_weights(fresh, story):
    with fresh.database.writing() as session:
        for code, population in (("school", 1000), ("young", 1000), ("teens", 2000)):
            session.get_one(Segment, story.terms[code]).population = population
        for wave_id in story.waves.values():
            wave = session.get_one(Wave, wave_id)
            wave.settings = {"weighting": {"scheme": "post-stratification", "dimensions": ["family"]}}
            session.flush()
            compute_wave(session, wave)
    found = read(fresh)
    by_family = found.splits[0]
    assert found.movement.change == pytest.approx(-7.5)  # a quarter of all fell by 30
    assert by_family.split.change == pytest.approx(found.movement.change)
    assert {part.code: pytest.approx(part.part.before.share) for part in by_family.parts} == {
        "school": 25, "young": 25, "teens": 50,
    }  # fmt: skip
    assert any("without the weights" in note for note in caveats(found))


def test_what_is_excluded_is_in_no_part(fresh, story):
    with fresh.database.writing() as session:
        wave = session.get_one(Wave, story.waves["2025-Q3"])
        session.add(Exclusion(wave_id=wave.id, segment_id=story.terms["teens"], reason="asked the wrong question"))
        session.flush()
        compute_wave(session, wave)
    by_family = read(fresh).splits[0]
    teens = next(part for part in by_family.parts if part.code == "teens")
    assert (teens.part.before.n, teens.part.after.n, teens.part.after.share) == (80, 0, 0)
    assert by_family.split.n_after == 320


def test_one_task_that_a_reader_may_not_see_leaves_no_split_for_it_would_stand_alone_as_the_others(fresh, story):
    with fresh.database.writing() as session:
        team = Team(name="Planners")
        session.add(team)
        session.flush()
        secret = Product(code="secret", name="A product of a team", team_id=team.id)
        session.add(secret)
        session.flush()
        session.get_one(Task, story.tasks["T-LIST"]).product_id = secret.id
    found = read(fresh)
    assert found.task_index is None
    assert any("one task is outside what you may see" in warning for warning in warnings(found))
    assert "Sort the list" not in repr(found.tasks)


def test_a_task_that_fell_only_among_those_who_fell_is_told_of_them(fresh, story):
    with fresh.database.writing() as session:
        for task, measured in (("T-ADD", "success"), ("T-LIST", "success")):
            for row in session.query(Score).filter_by(task_id=story.tasks[task], measure=measured):
                row.verdict = "no evidence of change"  # of everybody's tries
        for wave, value in (("2025-Q2", 80.0), ("2025-Q3", 55.0)):
            session.add(Score(
                wave_id=story.waves[wave], task_id=story.tasks["T-ADD"], segment_id=story.terms["school"],
                measure="success", value=value, low=value - 5, high=value + 5, n=200, change=-25.0, q_value=0.001,
                previous_wave_id=story.waves["2025-Q2"] if wave == "2025-Q3" else None,
                verdict="worse" if wave == "2025-Q3" else "not enough data",
            ))  # fmt: skip
    found = read(fresh)
    assert (
        headline(found).task == "Among them the task “add a stop on the route” goes with it (task success 80% → 55%)."
    )
    assert [task.segment for task in found.moving_tasks] == ["school"]
