"""Questionnaires and usability kits: what goes out comes back to its outcomes and tasks."""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser

import pytest
from docx import Document
from sqlalchemy import select

from ingest.readers.base import Row, Table
from insightrepo.accounts.access import Reader
from insightrepo.models import Answer, Outcome, Product, Segment, Task, Team, Trial
from insightrepo.scores.glossary import glossary
from insightrepo.scores.intake.importing import import_answers
from insightrepo.scores.intake.trials import import_trials
from insightrepo.scores.intake.wide import OutcomeWords, find_items, to_long
from insightrepo.scores.measures import MEASURES
from insightrepo.scores.waves.usability_kit import NothingToTry, docx, markdown, results_csv, usability_kit
from insightrepo.scores.waves.wave_questionnaire import (
    NothingToAsk,
    answers_csv,
    as_csv,
    as_html,
    items_csv,
    questionnaire,
)
from insightrepo.scores.waves.waves import ensure_instrument, ensure_wave, find_wave
from insightrepo.taxonomy.reading import UnknownTerm

VIEWER = Reader(1, "vera@example.com", "viewer")


@pytest.fixture
def waved(database):
    """An open wave 2025-Q1 of a survey from 1 to 5."""
    with database.writing() as session:
        ensure_wave(session, "2025-Q1", ensure_instrument(session, "Survey", 1, 5))
    return database


def _asked(database, reader=VIEWER, **options):
    with database.reading() as session:
        return questionnaire(session, reader, find_wave(session, "2025-Q1"), **options)


def _rows(asked):
    return list(csv.DictReader(io.StringIO(items_csv(asked))))


def test_every_active_outcome_is_asked_of_by_importance_and_satisfaction(waved):
    assert [item.code for item in _asked(waved).items] == [
        "TRIP-1.imp", "TRIP-1.sat", "TRIP-2.imp", "TRIP-2.sat", "TRIP-3.imp", "TRIP-3.sat"
    ]  # fmt: skip
    assert answers_csv(_asked(waved)).strip() == (
        "respondent,household,tenure,TRIP-1.imp,TRIP-1.sat,TRIP-2.imp,TRIP-2.sat,TRIP-3.imp,TRIP-3.sat"
    )


def test_the_columns_are_found_again_by_who_reads_wide_tables(waved):
    asked = _asked(waved)
    with waved.reading() as session:
        outcomes = [OutcomeWords(one.code, (one.name,)) for one in session.scalars(select(Outcome))]
    items, unknown = find_items(asked.header, [""] * len(asked.header), outcomes)
    assert {(item.column, item.outcome, item.measure) for item in items} == {
        (item.code, item.outcome, item.kind) for item in asked.items
    }
    assert unknown == ()


def test_answers_under_the_codes_come_back_to_their_outcomes(waved, pseudonyms):
    asked = _asked(waved)
    said = {"TRIP-1.imp": "5", "TRIP-1.sat": "2", "TRIP-2.imp": "4", "TRIP-2.sat": "don't know"}  # TRIP-3: not asked
    filled = tuple({"respondent": "r1", **said}.get(name, "") for name in asked.header)
    with waved.reading() as session:
        outcomes = [OutcomeWords(one.code, (one.name,)) for one in session.scalars(select(Outcome))]
    items, _ = find_items(asked.header, [""] * len(asked.header), outcomes)
    long = to_long(Table(asked.header, (Row(2, filled),)), items, {"respondent": "respondent"})
    assert import_answers(waved, pseudonyms, "2025-Q1", long).refused == []
    with waved.reading() as session:
        found = {
            code: (answer.importance, answer.satisfaction, answer.satisfaction_missing)
            for answer, code in session.execute(select(Answer, Outcome.code).join(Outcome)).tuples()
        }
    assert found == {"TRIP-1": (5, 2, None), "TRIP-2": (4, None, "dont_know")}


def test_the_same_seed_rotates_the_same_way_and_keeps_the_pairs(waved):
    orders = {tuple(item.code for item in _asked(waved, seed=seed).items) for seed in range(20)}
    assert len(orders) > 1
    assert _asked(waved, seed=7) == _asked(waved, seed=7)
    for order in orders:
        assert all(
            a.removesuffix(".imp") == b.removesuffix(".sat") for a, b in zip(order[::2], order[1::2], strict=True)
        )


def test_wording_and_ends_are_the_instruments(database):
    words = {"wording": "When you {job}: how well does it go?", "importance_wording": "Does it matter?",
             "low_label": "badly", "high_label": "well"}  # fmt: skip
    with database.writing() as session:
        ensure_wave(session, "2025-Q1", ensure_instrument(session, "Survey", 1, 7, **words))
    importance, satisfaction = _rows(_asked(database))[:2]
    assert importance["wording"] == "Does it matter? Find a place for everyone"
    assert (importance["low_label"], importance["high_label"]) == ("Not at all important", "Extremely important")
    assert satisfaction["wording"] == "When you find a place: how well does it go?"
    assert (satisfaction["low_label"], satisfaction["high_label"]) == ("badly", "well")
    assert (satisfaction["scale_low"], satisfaction["scale_high"], satisfaction["dont_know"]) == (
        "1",
        "7",
        "don't know",
    )


def test_where_the_low_end_is_best_the_ends_change_places(database):
    with database.writing() as session:
        ensure_wave(session, "2025-Q1", ensure_instrument(session, "Survey", 1, 5, "low"))
    importance, satisfaction = _asked(database).items[:2]
    assert (importance.low_label, satisfaction.low_label) == ("Extremely important", "Completely satisfied")


def test_an_outcome_of_some_segments_says_of_whom_it_is_asked(waved):
    with waved.writing() as session:
        parents = session.scalars(select(Segment).where(Segment.code == "parents")).one()
        session.scalars(select(Outcome).where(Outcome.code == "TRIP-1")).one().segments = [parents]
    assert [row["asked_of"] for row in _rows(_asked(waved))] == ["parents", "parents", "all", "all", "all", "all"]


def test_retired_and_team_outcomes_are_left_out_and_candidates_asked_on_request(waved):
    with waved.writing() as session:
        team = Team(name="Trips")
        session.add(team)
        session.flush()
        one, two, three = session.scalars(select(Outcome).order_by(Outcome.code))
        one.status, two.status, three.team_id = "retired", "candidate", team.id
    with pytest.raises(NothingToAsk, match="no outcome is active"):
        _asked(waved)
    assert {item.outcome for item in _asked(waved, statuses=("candidate",)).items} == {"TRIP-2"}
    member = Reader(2, "mia@example.com", "viewer", teams=frozenset({team.id}))
    assert {item.outcome for item in _asked(waved, member).items} == {"TRIP-3"}


class _Text(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_the_page_to_print_is_one_file_that_asks_nothing_from_elsewhere(waved):
    with waved.writing() as session:
        session.scalars(select(Outcome).where(Outcome.code == "TRIP-1")).one().name = "Find <script>alert(1)</script>"
    page = _Text()
    page.feed(as_html(_asked(waved)))
    assert not {"script", "link", "img", "style"} & {tag for tag, _ in page.tags}
    assert "Find <script>alert(1)</script>" in page.text
    assert page.text.count("don’t know") == 6
    assert "TRIP-1.imp" in page.text


def test_no_cell_of_a_file_is_a_formula():
    assert as_csv(("wording",), [("=1+1",), ("-5",), (5,), ("plain",)]) == "wording\n'=1+1\n'-5\n5\nplain\n"


# the usability kit


@pytest.fixture
def tasks(database):
    """T-1 of search and T-2 of booking, both of TRIP-1; T-3 of booking, of nothing."""
    with database.writing() as session:
        products = {one.code: one for one in session.scalars(select(Product))}
        trip = session.scalars(select(Outcome).where(Outcome.code == "TRIP-1")).one()
        trip.success_measure = "with ease"
        session.add_all([
            Task(code="T-1", name="Find a playground near Ulm", product=products["search"], outcomes=[trip]),
            Task(code="T-2", name="Book *it*", product=products["booking"], outcomes=[trip]),
            Task(code="T-3", name="Cancel it", product=products["booking"]),
        ])  # fmt: skip
    return database


def _kit(database, reader=VIEWER, **chosen):
    with database.reading() as session:
        return usability_kit(session, reader, **chosen)


def test_a_kit_is_made_of_outcomes_of_a_product_and_what_is_below_or_of_both(tasks):
    def codes(**chosen):
        return [task.code for task in _kit(tasks, **chosen).tasks]

    assert codes(outcomes=["TRIP-1"]) == ["T-1", "T-2"]
    assert codes(product="app") == ["T-1", "T-2", "T-3"]
    assert codes(outcomes=["where to go"], product="booking") == ["T-2"]


def test_a_kit_of_nothing_says_what_is_missing(tasks):
    with pytest.raises(NothingToTry, match="choose outcomes or a product"):
        _kit(tasks)
    with pytest.raises(NothingToTry, match="no task belongs to TRIP-2"):
        _kit(tasks, outcomes=["TRIP-2"])
    with pytest.raises(UnknownTerm):
        _kit(tasks, outcomes=["NO-1"])


def test_a_kit_holds_no_task_of_a_product_outside_the_readers_scopes(tasks):
    with tasks.reading() as session:
        search = session.scalar(select(Product.id).where(Product.code == "search"))
    scoped = Reader(2, "sam@example.com", "viewer", products=frozenset({search}))
    assert [task.code for task in _kit(tasks, scoped, outcomes=["TRIP-1"]).tasks] == ["T-1"]


def test_the_script_says_wording_criterion_and_all_four_questions(tasks):
    kit = _kit(tasks, outcomes=["TRIP-1"])
    text = markdown(kit)
    assert "> Find a playground near Ulm" in text
    assert "> Book \\*it\\*" in text
    assert "Success: with ease" in text
    word = Document(io.BytesIO(docx(kit)))
    paragraphs = [paragraph.text for paragraph in word.paragraphs]
    assert "Task 2: T-2" in paragraphs
    assert "Success: with ease" in paragraphs
    assert len(word.tables) == 2
    assert [cell.text for cell in word.tables[0].rows[0].cells[1:]] == [f"☐ {n}" for n in range(1, 8)]
    for column in ("ease", "difficulty", "confidence", "usefulness"):
        assert f"**{column}**" in text


def test_results_come_back_as_trials(tasks, pseudonyms):
    header, *lines = csv.reader(io.StringIO(results_csv(_kit(tasks, outcomes=["TRIP-1"]))))
    said = {"completed": "yes", "seconds": "31.5", "ease": "6", "difficulty": "2", "confidence": "7",
            "usefulness": "5", "date": "2025-02-03"}  # fmt: skip
    rows = []
    for person in ("P1", "P2"):
        for line in lines:
            filled = {**dict(zip(header, line, strict=True)), "respondent": person, **said}
            rows.append(Row(len(rows) + 2, tuple(filled.values())))
    report = import_trials(tasks, pseudonyms, "2025-Q1", Table(tuple(header), tuple(rows)))
    assert (report.refused, report.stored) == ([], 4)
    with tasks.reading() as session:
        trial = session.scalars(select(Trial)).first()
        assert (trial.completed, trial.seconds, trial.ease, trial.usefulness) == (True, 31.5, 6.0, 5.0)


# the glossary


def test_every_measure_is_defined_in_words(database):
    with database.reading() as session:
        entries = glossary(session, VIEWER)["measure"]
    assert [entry.code for entry in entries] == list(MEASURES)
    assert all(entry.definition for entry in entries)


def test_a_teams_outcome_is_in_the_glossary_of_its_members_only(database):
    with database.writing() as session:
        team = Team(name="Trips")
        session.add(team)
        session.flush()
        session.scalars(select(Outcome).where(Outcome.code == "TRIP-1")).one().team_id = team.id
    member = Reader(2, "mia@example.com", "viewer", teams=frozenset({team.id}))
    with database.reading() as session:
        assert [one.code for one in glossary(session, VIEWER)["outcome"]] == ["TRIP-2", "TRIP-3"]
        assert len(glossary(session, member)["outcome"]) == 3
