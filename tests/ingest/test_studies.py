"""Which files make a study, and what is read from names and first words."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.dates import Moment
from ingest.studies import StudyFiles, group, guess_method, guess_participants, readable, role_of


def keys(*paths: str, root: str = "") -> dict[str, tuple[str, ...]]:
    return {study.key: study.files for study in group(paths, root)}


def test_each_folder_with_plan_and_findings_is_a_study_and_the_readme_is_its_own() -> None:
    paths = [
        "nrrd-research/README.md",
        "nrrd-research/05_sprint-pocketmouse/sprint-pocketmouse_research-plan.md",
        "nrrd-research/05_sprint-pocketmouse/sprint-pocketmouse_results.md",
        "nrrd-research/19_gratefulgopher_jun2018_disbursements_round2/Guide.md",
        "nrrd-research/19_gratefulgopher_jun2018_disbursements_round2/Results.md",
        "nrrd-research/19_gratefulgopher_jun2018_disbursements_round2/deck.pdf",
        "nrrd-research/03_card_sort/plan.md",
        "nrrd-research/03_card_sort/data/data.xlsx",
    ]
    studies = {study.key: study for study in group(paths)}
    assert list(studies) == [
        "nrrd-research/03_card_sort",
        "nrrd-research/05_sprint-pocketmouse",
        "nrrd-research/19_gratefulgopher_jun2018_disbursements_round2",
        "nrrd-research/README.md",
    ]
    gopher = studies["nrrd-research/19_gratefulgopher_jun2018_disbursements_round2"]
    assert gopher == StudyFiles(
        gopher.key, "Gratefulgopher disbursements round2", tuple(paths[3:6]), Moment(date(2018, 6, 1), "month")
    )
    assert studies["nrrd-research/03_card_sort"].title == "Card sort"
    assert studies["nrrd-research/05_sprint-pocketmouse"].moment is None
    assert studies["nrrd-research/README.md"].title == "Nrrd research: README"


def test_parts_of_a_study_stay_with_it() -> None:
    paths = ("x/plan.md", "x/notes/p1.md", "x/Session transcripts/a.vtt", "x/P1/extra.txt", "x/results.pdf")
    assert keys(*paths) == {"x": tuple(sorted(paths))}
    assert keys("y/notes/p1.md", "y/findings/deck.pptx") == {"y": ("y/findings/deck.pptx", "y/notes/p1.md")}


def test_a_later_round_with_its_own_plan_is_a_study_of_its_own() -> None:
    paths = ("x/plan.md", "x/results.md", "x/round2/plan.md", "x/round2/results.md")
    assert keys(*paths) == {"x": paths[:2], "x/round2": paths[2:]}


def test_loose_files_of_a_container_are_a_study_each() -> None:
    paths = ("churn.pdf", "feed.csv", "2019/a/report.md", "2019/b/report.md", "2019/overview.docx")
    assert set(keys(*paths)) == {"churn.pdf", "feed.csv", "2019/a", "2019/b", "2019/overview.docx"}
    assert {study.key: study.moment for study in group(paths)}["2019/a"] == Moment(date(2019, 1, 1), "year")


def test_files_named_from_within_a_study_folder_are_one_study_of_that_name() -> None:
    (study,) = group(["Guide.md", "Results.md", "notes/p1.md"], root="19_gratefulgopher_jun2018")
    assert (study.key, study.title) == ("19_gratefulgopher_jun2018", "Gratefulgopher")
    assert set(keys("Guide.md", "Results.md")) == {"Guide.md", "Results.md"}
    assert set(keys("a.pdf", "b.pdf", root="reports")) == {"a.pdf", "b.pdf"}


FILES = st.sampled_from(["plan.md", "results.md", "a.csv", "README.md", "x.vtt", "b.pdf"])
FOLDERS = st.lists(st.sampled_from(["notes", "round2", "03_x", "deck", "2018-04"]), max_size=3)
PATHS = st.tuples(FOLDERS, FILES).map(lambda path: "/".join([*path[0], path[1]]))


@given(st.lists(PATHS, max_size=8), st.sampled_from(["", "root"]))
def test_every_file_is_in_exactly_one_study_and_keys_are_distinct(paths: list[str], root: str) -> None:
    studies = group(paths, root)
    assert sorted(path for study in studies for path in study.files) == sorted(set(paths))
    assert len({study.key for study in studies}) == len(studies)
    assert all(study.title and study.key for study in studies)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("17_LovelyLLama_apr2018_disbursements_interviews", "Lovely LLama disbursements interviews"),
        ("05_sprint-pocketmouse", "Sprint pocketmouse"),
        ("2018-04", "2018-04"),
        ("2024Q3 churn survey", "Churn survey"),
        ("R&D tools", "R&D tools"),
    ],
)
def test_a_name_is_made_readable(name: str, title: str) -> None:
    assert readable(name) == title


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("05/sprint-pocketmouse_research-plan.md", "plan"),
        ("sprint-pocketmouse_results.md", "findings"),
        ("Guide.md", "guide"),
        ("interview_guide.docx", "guide"),
        ("ResearchPlan.md", "plan"),
        ("deck.pdf", "findings"),
        ("Review.pptx", "findings"),
        ("notes/p1.md", "notes"),
        ("call.vtt", "notes"),
        ("results.xlsx", "data"),
        ("survey_responses.txt", "data"),
        ("planet.md", "other"),
    ],
)
def test_a_file_has_a_role(name: str, role: str) -> None:
    assert role_of(name) == role


def test_the_method_is_read_from_the_most_telling_text() -> None:
    assert guess_method(["Lovely Llama", "Interview guide. We interview users of the survey data."]) == "interview"
    assert guess_method(["Usability test of the card", "interview interview"]) == "usability test"
    assert guess_method(["03_card_sort"]) == "card sort"
    assert guess_method(["Tree testing the menu"]) == "tree test"
    assert guess_method(["Diary study"]) == "diary study"
    assert guess_method(["Customer feedback 2024"]) == "feedback"
    assert guess_method(["Web analytics review"]) == "analytics"
    assert guess_method(["Sprint pocketmouse", ""]) == ""


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("We talked to 7 users in May.", 7),
        ("We interviewed eight people, and 3 participants gave up.", 8),
        ("n = 42", 42),
        ("Participants: 8", 8),
        ("3 of 8 participants could not, 5 participants could", 8),
        ("There were 6 participants.", 6),
        ("6 participants said so, 4 participants did not", None),
        ("We plan interviews with 5-7 users", None),
        ("Three of the 8 participants left", 8),
        ("We tested it with 6 people", 6),
        ("We will recruit 5 to 7 participants", None),
        ("n = 42 and n = 40", None),
        ("In 2018 people came", None),
        ("40% of 1,200 respondents", None),
        ("", None),
    ],
)
def test_the_number_of_participants_is_taken_only_where_it_is_clear(text: str, people: int | None) -> None:
    assert guess_participants(text) == people
