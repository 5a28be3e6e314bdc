"""Names that a file gives away."""

from __future__ import annotations

import pytest

from ingest.names import is_bare_role, is_names_header, names_in_table, names_of_speakers
from ingest.names_beyond import NamesBeyond
from ingest.readers.base import Row, Table


def table(header: str, *cells: str) -> Table:
    return Table((header, "note"), tuple(Row(number, (cell, "so it was")) for number, cell in enumerate(cells, 2)))


@pytest.mark.parametrize(
    "header",
    ["Name", "first_name", "Last Name", "fullName", "Participant name", "Participant's Name", "CONTACT", "surname"],
)
def test_columns_of_names_are_known_by_their_header(header: str) -> None:
    assert is_names_header(header)
    assert "Ottokar" in names_in_table(table(header, "Ottokar", "n/a", "P3", "Participant 4"))


@pytest.mark.parametrize("header", ["Company", "Role", "File name size", "Product", "Task", "Comment"])
def test_other_columns_give_no_names(header: str) -> None:
    assert not is_names_header(header)
    assert names_in_table(table(header, "Ottokar Brandvold")) == set()


def test_pseudonyms_and_empty_cells_are_no_names() -> None:
    assert names_in_table(table("participant name", "P3", "Participant 4", "n/a", "-", "17", "anonymous", "")) == set()


def test_a_respondent_is_a_name_where_the_cell_looks_like_one() -> None:
    cells = ("Ottokar Brandvold", "Anna van der Berg", "r-17", "Participant A", "P3", "anna", "u 17")
    found = names_in_table(table("respondent", *cells))
    assert found == {"Ottokar Brandvold", "Ottokar", "Brandvold", "Anna van der Berg", "Anna", "Berg"}
    assert names_in_table(table("who", "Ottokar Brandvold")) == set()
    assert "Ottokar" in names_in_table(table("who", "Ottokar Brandvold"), respondents=["Who "])


def test_a_common_word_of_a_full_name_is_no_name() -> None:
    assert names_in_table(table("full name", "Grace Nair")) == {"Grace Nair", "Nair"}


def test_speakers_give_their_names_and_roles_do_not() -> None:
    assert names_of_speakers(["Moderator", "Wilhelmina Storch", "P3", "Guest (Jon)"]) == {
        "Wilhelmina Storch", "Wilhelmina", "Storch", "Jon",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("speaker", "bare"),
    [("Participant", True), (" guest ", True), ("P", True), ("Speaker 2", True), ("unknown", True),
     ("Participant 3", False), ("P3", False), ("Jo Park", False), ("JP", False)],
)  # fmt: skip
def test_a_bare_role_tells_people_apart_in_its_own_document_only(speaker: str, bare: bool) -> None:
    assert is_bare_role(speaker) is bare


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (("name", "status"), set()),
        (("name", "age"), {"Route Planner"}),
        (("participant name", "status"), {"Route Planner"}),
    ],
)
def test_a_column_just_called_name_names_people_beyond_its_file_only_where_the_rows_are_people(header, found):
    table = Table(header, (Row(2, ("Route Planner", "41")),))
    assert NamesBeyond().of_table(table) == found
    assert "Route Planner" in names_in_table(table)


@pytest.mark.parametrize(
    ("speaker", "found"),
    [
        ("P3 (Search)", set()),
        ("Customer Support", set()),
        ("Product Owner", set()),
        ("Zoom Recording", set()),
        ("Team Lead", set()),
        ("Conference Room Berlin", set()),
        ("Guest (Jon)", set()),
        ("Moderator (Anna Schmidt)", {"Anna Schmidt"}),
        ("Anna Schmidt (Support)", {"Anna Schmidt", "Anna", "Schmidt"}),
        ("Interviewer Anna Schmidt", {"Anna Schmidt", "Anna", "Schmidt"}),
        ("Wilhelmina Storch", {"Wilhelmina Storch", "Wilhelmina", "Storch"}),
        ("Anna van der Berg", {"Anna van der Berg", "Anna", "Berg"}),
        ("Grace Price", {"Grace Price", "Grace"}),
        ("May Nair", {"May Nair", "Nair"}),
        ("Anna Discount", {"Anna Discount", "Anna"}),
        ("Wilhelmina", {"Wilhelmina"}),
        ("Search", set()),
    ],
)
def test_a_speaker_s_label_names_beyond_its_file_only_what_is_surely_a_person(speaker: str, found: set[str]) -> None:
    assert NamesBeyond().of_speakers([speaker]) == found


def test_a_word_of_the_taxonomy_is_nobody_s_name_beyond_its_file() -> None:
    assert NamesBeyond({"berlin"}).of_speakers(["Berlin Nair", "Berlin"]) == {"Berlin Nair", "Nair"}


def test_the_words_of_respondents_are_names_beyond_their_file_only_where_the_rows_are_people() -> None:
    firms = table("customer", "Home Depot", "Mobile Banking", "Global Insurance", "Ottokar Brandvold")
    assert NamesBeyond().of_table(firms) == {"Home Depot", "Ottokar Brandvold"}
    assert not {"Home", "Mobile", "Banking", "Global", "Insurance"} & names_in_table(firms)
    people = Table(("customer", "age"), (Row(2, ("Ottokar Brandvold", "41")),))
    assert NamesBeyond().of_table(people) == {"Ottokar Brandvold", "Ottokar", "Brandvold"}


def test_a_role_in_its_own_file_is_not_taken_for_a_name() -> None:
    labels = ["P3 (Search)", "Customer Support", "Product Owner", "Zoom Recording", "Team Lead"]
    assert names_of_speakers(labels) == set()
