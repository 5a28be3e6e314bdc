"""Segments of respondents: one on each dimension, for a whole wave."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from insightrepo.accounts.access import Reader
from insightrepo.models import Membership, Respondent, Segment
from insightrepo.scores.intake.columns import AnswerColumns, resolved
from insightrepo.scores.intake.importing import import_answers
from insightrepo.scores.reading import ScoreQuery, read_scores

ADA = Reader(0, "ada@example.com", "administrator")  # sees all
HEADER = "respondent outcome satisfaction household tenure"


@pytest.fixture
def members(database, pseudonyms):
    """Segments of the respondents a, b and c."""

    def get() -> dict[str, set[str]]:
        keys = {pseudonyms.key(name): name for name in "abc"}
        with database.reading() as session:
            rows = session.execute(
                select(Respondent.key, Segment.code)
                .join(Membership, Membership.respondent_id == Respondent.id)
                .join(Segment, Segment.id == Membership.segment_id)
            ).all()
        found: dict[str, set[str]] = {}
        for key, code in rows:
            found.setdefault(keys[key], set()).add(code)
        return found

    return get


@pytest.fixture
def bring(database, pseudonyms, table):
    def go(header, *rows, **options):
        return import_answers(database, pseudonyms, "2025-Q1", table(header, *rows), **options)

    return go


def test_a_column_called_as_a_dimension_is_one_of_its_segments(bring, members):
    bring(HEADER, "a TRIP-1 4 parents new", "b TRIP-1 4 couples -", "c TRIP-1 4 - -")
    assert members() == {"a": {"parents", "new"}, "b": {"couples"}}
    assert resolved(HEADER.split(), None, ["household", "tenure"]).of_segments == ("household", "tenure")


def test_columns_of_segments_may_be_named(bring, members):
    columns = AnswerColumns(segment="home", segments=("since",))
    report = bring("respondent outcome satisfaction home since", "a TRIP-1 4 parents new", columns=columns)
    assert (report.refused, members()) == ([], {"a": {"parents", "new"}})


def test_importing_twice_changes_nothing_and_later_columns_add(bring, members):
    bring("respondent outcome satisfaction segment", "a TRIP-1 4 parents")
    report = bring(HEADER, "a TRIP-1 4 parents new")
    assert (report.stored, report.already_here, report.refused) == (0, 1, [])
    assert members() == {"a": {"parents", "new"}}


@pytest.mark.parametrize(
    ("rows", "row", "column"),
    [
        (("a TRIP-1 4 parents -", "a TRIP-2 4 couples -"), 3, "household"),
        (("a TRIP-1|TRIP-2 4 parents -", "a TRIP-3 4 couples new"), 3, "household"),
        (("a TRIP-1 4 parents -", "b TRIP-1 4 couples -", "a TRIP-2 5 singles -"), 4, "household"),
    ],
)
def test_two_segments_of_one_dimension_in_a_wave_are_refused_by_row_and_field(bring, members, rows, row, column):
    (refused,) = bring(HEADER, *rows).refused
    assert (refused.row, refused.field) == (row, column)
    assert "already in parents (household)" in refused.cause
    assert members()["a"] == {"parents"}


def test_two_columns_that_name_one_dimension_are_refused_in_their_row(bring):
    columns = AnswerColumns(segment="first", segments=("second",))
    (refused,) = bring(
        "respondent outcome satisfaction first second", "a TRIP-1 4 parents couples", columns=columns
    ).refused
    assert (refused.row, refused.field) == (2, "second")


def test_a_second_file_cannot_move_a_respondent_to_another_segment(bring, members):
    bring(HEADER, "a TRIP-1 4 parents -")
    (refused,) = bring(HEADER, "a TRIP-2 4 couples -").refused
    assert (refused.row, refused.field) == (2, "household")
    assert members() == {"a": {"parents"}}


def test_a_refused_answer_gives_no_membership(bring, members):
    bring(HEADER, "a TRIP-1 9 parents -", "b TRIP-1 4 couples -")
    assert members() == {"b": {"couples"}}


def test_there_is_a_cell_for_every_segment_of_every_dimension(database, bring):
    rows = [f"r{n} TRIP-1 {'5' if n < 20 else '1'} {'parents' if n < 20 else 'couples'} {'new' if n % 2 else '-'}"
            for n in range(40)]  # fmt: skip
    bring(HEADER, *rows)
    with database.reading() as session:
        found = {row.segment: (row.value, row.n) for row in read_scores(session, ADA, ScoreQuery())}
    assert found == {None: (50, 40), "parents": (100, 20), "couples": (0, 20), "new": (50, 20)}


def test_the_segment_of_a_person_holds_for_all_their_answers_of_the_wave(database, bring):
    rows = [f"r{n} TRIP-1 4 parents" for n in range(10)] + [f"r{n} TRIP-2 2 -" for n in range(10)]
    bring("respondent outcome satisfaction segment", *rows)
    with database.reading() as session:
        found = read_scores(session, ADA, ScoreQuery(outcomes=("TRIP-2",), segments=("parents",)))
    assert [(row.value, row.n) for row in found] == [(0, 10)]
