"""Where to act: landscape, gaps, portfolio, journey, disagreements. Numbers are worked by hand from the answers."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select

from insightrepo.accounts.access import Reader
from insightrepo.models import JourneyStage, Outcome, Product, Score, Segment, Task, Term, Wave
from insightrepo.scores.acting.choosing import choose, choose_known
from insightrepo.scores.acting.disagreements import Opposite, _controlled, cautioned, disagreement, read_disagreements
from insightrepo.scores.acting.gaps import Gap
from insightrepo.scores.acting.journey import read_journey
from insightrepo.scores.acting.landscape import quadrant, read_landscape
from insightrepo.scores.acting.portfolio import read_portfolio
from insightrepo.scores.chips import CellWanted, chips
from insightrepo.scores.waves.waves import find_wave, freeze

ADA = Reader(0, "ada@example.com", "administrator")


@pytest.fixture
def ids(database):
    with database.reading() as session:
        return dict(session.execute(select(Term.code, Term.id)).tuples().all())


@pytest.fixture
def at(database):
    """``at(read_landscape, segment="parents")`` reads as ADA (or `reader`) what is chosen."""

    def read(function, reader=ADA, wave=None, segment=None, product=None, **options):
        with database.reading() as session:
            return function(session, reader, choose(session, reader, wave, segment, product), **options)

    return read


def test_outcomes_are_placed_by_opportunity_with_interval_n_band_and_kind(answered, at):
    answered("2025-Q1", (60, "1", "5"), (40, "5", "5"))  # I 100, S 40: opportunity 16
    answered("2025-Q1", (10, "1", "5"), (40, "5", "1"), (50, "5", "5"), outcome="TRIP-2")  # I 60, S 90
    found = at(read_landscape)
    first, second = found.positions
    assert (first.outcome.code, first.opportunity.value, first.kind) == ("TRIP-1", pytest.approx(16), "under-served")
    assert (first.opportunity.n, first.opportunity.band, first.gap.value) == (100, "major", pytest.approx(60))
    assert first.opportunity.low < 16 < first.opportunity.high
    assert (second.outcome.code, second.kind, second.gap.value) == ("TRIP-2", "over-served", pytest.approx(-30))
    assert [(missing.outcome.code, missing.why) for missing in found.missing] == [("TRIP-3", "not asked")]


def test_what_nobody_knows_is_left_out_of_a_choice_and_said(answered, database):
    answered("2025-Q1", (40, "5", "5"))
    with database.reading() as session:
        plain = choose(session, ADA)
        assert choose_known(session, ADA) == (plain, ())
        known = choose_known(session, ADA, segment="parents", wave="2025-Q1")
        assert known == (choose(session, ADA, "2025-Q1", "parents"), ())
        choice, unknown = choose_known(session, ADA, "2031-Q1", "parents", "no such thing")
    assert (choice.wave, choice.segment.code, choice.product) == ("2025-Q1", "parents", None)
    assert ["2031-Q1" in unknown[0], "no such thing" in unknown[1]] == [True, True]


def test_a_choice_is_read_once_whatever_the_address_names(answered, database):
    answered("2025-Q1", (40, "5", "5"))
    statements = []

    def note(_connection, _cursor, statement, *_rest):
        statements.append(statement)

    with database.reading() as session:
        event.listen(database.engine, "before_cursor_execute", note)
        try:
            choose_known(session, ADA)
            alone = len(statements)
            choose_known(session, ADA, "2031-Q1", "no such thing", "nor this")
        finally:
            event.remove(database.engine, "before_cursor_execute", note)
    listed = [statement for statement in statements[alone:] if "SELECT DISTINCT score.wave_id" in statement]
    assert len(listed) == 1


def test_quadrants_part_at_the_mean_of_the_outcomes_shown(answered, at):
    answered("2025-Q1", (60, "1", "5"), (40, "5", "5"))  # I 100, S 40
    answered("2025-Q1", (20, "1", "1"), (80, "5", "1"), outcome="TRIP-2")  # I 0, S 80: the mean is 50, 60
    found = at(read_landscape)
    assert found.centre == (pytest.approx(50), pytest.approx(60))
    assert [p.quadrant for p in found.positions] == ["concentrate here", "possible overkill"]
    assert quadrant(50, 60, (50, 60)) == "keep up the good work"
    assert quadrant(49, 59, (50, 60)) == "low priority"


def test_an_outcome_is_left_out_where_it_does_not_apply(database, answered, at, ids):
    with database.writing() as session:
        outcome = session.scalars(select(Outcome).where(Outcome.code == "TRIP-2")).one()
        outcome.segments = [session.get(Segment, ids["parents"])]
    answered("2025-Q1", (40, "1", "5", "couples"), (40, "5", "5", "parents"), outcome="TRIP-2")
    answered("2025-Q1", (40, "1", "5", "new"), outcome="TRIP-2", who="others")
    assert [o.code for o in at(read_landscape, segment="couples").not_applicable] == ["TRIP-2"]
    assert at(read_landscape, segment="couples").positions == ()
    for cell in ("parents", "new", None):  # nothing is said of the dimension that "new" is on
        assert [p.outcome.code for p in at(read_landscape, segment=cell).positions] == ["TRIP-2"]


def test_satisfaction_alone_and_suppressed_cells_have_no_place_and_say_why(answered, at):
    answered("2025-Q1", (40, "5"))
    answered("2025-Q1", (3, "5", "5"), outcome="TRIP-2")
    why = {missing.outcome.code: missing.why for missing in at(read_landscape).missing}
    assert why == {"TRIP-1": "importance not asked", "TRIP-2": "not shown: too few people", "TRIP-3": "not asked"}


def test_the_latest_frozen_wave_is_chosen_and_an_open_one_on_request(database, answered, at):
    answered("2025-Q1", (40, "5", "5"))
    assert at(read_landscape).choice.provisional
    with database.writing() as session:
        freeze(session, find_wave(session, "2025-Q1"), None)
    answered("2025-Q2", (40, "1", "5"))
    assert at(read_landscape).choice.wave == "2025-Q1"
    assert at(read_landscape, wave="2025-Q2").positions[0].opportunity.value == pytest.approx(20)


def test_the_portfolio_ranks_gaps_and_says_what_surely_falls_short(answered, at):
    answered("2025-Q1", (80, "1", "5", "", "search"), (20, "5", "5", "", "search"))  # gap 80
    answered("2025-Q1", (5, "1", "5", "", "booking"), (45, "5", "5", "", "booking"), who="b")  # gap 10: not sure
    found = at(read_portfolio)
    assert [(c.product.code, round(c.value)) for c in found.ranked] == [("search", 80), ("app", 57), ("booking", 10)]
    cell = found.ranked[0]
    assert (cell.n, cell.low < 80 < cell.high) == (100, True)
    assert [(s.product.code, s.short) for s in found.summaries] == [("search", 1), ("app", 1), ("booking", 0)]
    assert found.cells["TRIP-2", "search"].words == "not asked"
    assert [p.code for p in at(read_portfolio, product="booking").products] == ["booking"]


def test_a_gap_excludes_zero_only_where_the_two_intervals_do_not_touch(answered, at):
    answered("2025-Q1", (45, "5", "5"), (15, "1", "5"), (40, "1", "1"))  # I 60, S 45: 50-69 and 36-55
    (position,) = at(read_landscape).positions
    assert position.gap.value == pytest.approx(15)
    assert position.gap.sign == 0
    assert position.gap.low == pytest.approx(position.importance.low - position.satisfaction.high)


def test_a_cell_that_was_not_asked_shows_the_tasks_of_the_product_that_serve_it(database, answered, at, ids):
    answered("2025-Q1", (40, "5", "5", "", "search"))
    with database.writing() as session:
        task = Task(code="T-1", name="Book a room", product_id=ids["booking"])
        task.outcomes = [session.get(Outcome, ids["TRIP-1"])]
        session.add(task)
        session.flush()
        wave = find_wave(session, "2025-Q1")
        session.add(Score(wave_id=wave.id, task_id=task.id, measure="success", value=70.0, low=39.2, high=89.7, n=10))
    found = at(read_portfolio)
    cell = found.cells["TRIP-1", "booking"]
    assert (cell.value, cell.words) == (None, "not asked")
    assert [(task.code, task.score.value, task.score.n) for task in cell.tasks] == [("T-1", 70.0, 10)]
    assert "booking" in [product.code for product in found.products]


def test_a_suppressed_cell_says_so_and_shows_no_task_in_its_place(answered, at):
    answered("2025-Q1", (3, "5", "5", "", "search"), (40, "5", "5", "", "booking"))
    cell = at(read_portfolio).cells["TRIP-1", "search"]
    assert (cell.value, cell.n, cell.words) == (None, None, "not shown: too few people")


def test_a_reader_of_one_product_sees_no_other_in_the_portfolio(database, answered, at, ids):
    answered("2025-Q1", (40, "5", "5", "", "search"), (40, "1", "5", "", "booking"))
    sam = Reader(1, "sam@example.com", "viewer", products=frozenset({ids["search"]}))
    found = at(read_portfolio, reader=sam)
    assert {key[1] for key in found.cells} == {"search"}
    with database.reading() as session, pytest.raises(Exception, match="no product is called 'booking'"):
        choose(session, sam, product="booking")


def test_the_portfolio_sorts_by_a_product(answered, at):
    for outcome, unhappy in (("TRIP-1", 30), ("TRIP-2", 10)):
        happy = 40 - unhappy
        search = (unhappy, "1", "5", "", "search"), (happy, "5", "5", "", "search")
        booking = (happy, "1", "5", "", "booking"), (unhappy, "5", "5", "", "booking")
        answered("2025-Q1", *search, *booking, outcome=outcome)
    assert [o.code for o in at(read_portfolio, sort="search").outcomes][:2] == ["TRIP-1", "TRIP-2"]
    assert [o.code for o in at(read_portfolio, sort="booking").outcomes][:2] == ["TRIP-2", "TRIP-1"]


def test_the_journey_has_its_stages_in_the_taxonomys_order(database, answered, at):
    answered("2025-Q1", (40, "1", "5"))
    with database.writing() as session:
        outcomes = session.scalars(select(Outcome).order_by(Outcome.id))
        for outcome, stage in zip(outcomes, ("Plan", "", "Book"), strict=True):
            outcome.journey_stage = stage
    plan, book, none = at(read_journey).stages
    assert [plan.name, book.name, none.name] == ["Plan", "Book", "Without a stage"]
    assert (plan.measured, plan.short, plan.steps[0].score.value) == (1, 1, 0)
    assert book.steps[0].score is None


def test_stages_that_the_taxonomy_lists_come_in_its_order(database, answered, at):
    answered("2025-Q1", (40, "1", "5"))
    with database.writing() as session:
        outcomes = session.scalars(select(Outcome).order_by(Outcome.id))
        for outcome, stage in zip(outcomes, ("Plan", "Dream", "Book"), strict=True):
            outcome.journey_stage = stage
        stages = enumerate(("Book", "Live", "Plan"))
        session.add_all(JourneyStage(name=name, position=position) for position, name in stages)
    assert [stage.name for stage in at(read_journey).stages] == ["Book", "Plan", "Dream"]


def disagreeing(answered, code="2025-Q1"):
    """Parents: I 100, S 20; couples: I 20, S 100; everybody: I 70, S 50."""
    answered(code, (80, "1", "5", "parents"), (20, "5", "5", "parents"), (50, "5", "1", "couples"),
             (10, "5", "5", "couples"))  # fmt: skip


def test_segments_that_go_the_other_way_than_everybody_are_named_with_n_and_interval(database, answered, ids):
    disagreeing(answered)
    answered("2025-Q1", (60, "1", "5", "parents"), outcome="TRIP-2")
    with database.reading() as session:
        found = disagreement(session, ADA, [ids["TRIP-1"], ids["TRIP-2"], ids["TRIP-3"]])
    assert found[ids["TRIP-2"]] is None
    assert found[ids["TRIP-3"]] is None
    sentence = found[ids["TRIP-1"]]
    assert "Couples satisfaction exceeds importance by 83 points" in sentence
    assert "n 60" in sentence


def test_where_everybody_is_undecided_both_camps_are_named(database, answered, ids):
    answered("2025-Q1", (60, "1", "5", "parents"), (60, "5", "1", "couples"))
    with database.reading() as session:
        found = read_disagreements(session, ADA, [ids["TRIP-1"]])[ids["TRIP-1"]]
    assert found.pooled.sign == 0
    assert {one.segment for one in found.opposite} == {"parents", "couples"}
    assert found.short == "falls short for Parents; more than wanted for Couples"
    assert "it cannot be told which is higher" in found.sentence


def test_a_reader_hears_nothing_of_segments_outside_the_scopes(database, answered, ids):
    disagreeing(answered)
    sue = Reader(2, "sue@example.com", "viewer", segments=frozenset({ids["parents"]}))
    with database.reading() as session:
        assert disagreement(session, sue, [ids["TRIP-1"]]) == {ids["TRIP-1"]: None}


def test_a_small_segment_is_not_said_to_disagree(database, answered, ids):
    answered("2025-Q1", (80, "1", "5", "parents"), (4, "5", "1", "couples"))
    with database.reading() as session:
        assert disagreement(session, ADA, [ids["TRIP-1"]]) == {ids["TRIP-1"]: None}


def test_everybody_may_move_one_way_and_every_segment_the_other(database, answered, ids):
    """Simpson: parents 40% then 44%, couples 95% then 100%, but everybody 82% then 57%."""
    couples = (95, "5", "", "couples"), (5, "1", "", "couples")
    answered("2025-Q1", (12, "5", "", "parents"), (18, "1", "", "parents"), *couples)
    answered("2025-Q2", (44, "5", "", "parents"), (56, "1", "", "parents"), (30, "5", "", "couples"))
    with database.reading() as session:
        found = disagreement(session, ADA, [ids["TRIP-1"]])[ids["TRIP-1"]]
    assert "in every group by household it moved the other way" in found


def test_a_page_of_hits_asks_as_often_for_one_outcome_as_for_three(database, answered, ids):
    disagreeing(answered)
    asked = []
    event.listen(database.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    counts = []
    for codes in (["TRIP-1"], ["TRIP-1", "TRIP-2", "TRIP-3"]):
        with database.reading() as session:
            asked.clear()
            disagreement(session, ADA, [ids[code] for code in codes])
            counts.append(sum(statement.startswith("SELECT") for statement in asked))
    assert counts == [1, 1]


def test_nothing_measured_is_an_empty_page_and_no_error(database, at):
    for function in (read_landscape, read_portfolio, read_journey):
        assert at(function).choice.wave is None
    with database.reading() as session:
        assert session.scalars(select(Wave)).all() == []
        assert len(session.scalars(select(Product)).all()) == 3


def test_a_chip_of_everybody_says_that_segments_disagree_and_a_segments_own_does_not(database, answered, ids):
    disagreeing(answered)
    everybody, parents = CellWanted(ids["TRIP-1"]), CellWanted(ids["TRIP-1"], ids["parents"])
    with database.reading() as session:
        found = cautioned(session, ADA, chips(session, ADA, [everybody, parents]))
    assert found[everybody].disagreement.startswith("Segments disagree in 2025-Q1")
    assert found[parents].disagreement is None


def test_a_sign_that_is_sure_alone_but_not_over_all_segments_is_no_disagreement():
    sure, barely = Gap(40.0, 30.0, 50.0, 300, None), Gap(-28.0, -56.0, -1.0, 36, None)
    unsure = [Opposite(f"s{number}", f"S{number}", Gap(2.0, -20.0, 24.0, 40, None)) for number in range(4)]
    segments = [Opposite("a", "A", sure), Opposite("b", "B", barely), *unsure]
    assert [one.segment for one in _controlled(segments)] == ["a"]
    assert [one.segment for one in _controlled(segments[1:2])] == ["b"]
