"""Files and rows that are called alike and are not the same: told apart, or refused by name with what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from contents import bring, evidence, tables
from sqlalchemy import select

from insightrepo.accounts.access import Reader
from insightrepo.library.imports.import_report import ImportReport
from insightrepo.models import Document, Study
from insightrepo.workspace import Workspace

Person = Callable[[str], Reader]
STOPS = "# Stops\n\nEight families looked for a place to stop and found none with a playground.\n"
PRICES = "# Prices\n\nNobody had seen the fee before the card was charged at the gate.\n"
BOTH = STOPS + "\n## Later\n\nThree of them went home early.\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.read, report.stored, report.already_here, report.refused


def texts(workspace: Workspace) -> list[str]:
    return [row.text for row in evidence(workspace) if not row.withdrawn]


# ---- files


@pytest.mark.parametrize("dry_run", [False, True])
def test_of_two_files_of_one_name_in_one_call_the_second_is_refused(
    fresh: Workspace, person: Person, tmp_path: Path, dry_run: bool
) -> None:
    first, second = write(tmp_path / "one" / "findings.md", STOPS), write(tmp_path / "two" / "findings.md", PRICES)
    found = bring(fresh, person("ada"), first, second, dry_run=dry_run)
    (refused,) = found.refused_rows
    assert (refused.file, refused.row, refused.field) == ("findings.md", None, "file")
    assert refused.cause == "another file of this name is imported with it: import their folders instead"
    assert (counts(found), found.files) == ((2, 1, 0, 1), 2)
    assert [("playground" in text, "fee" in text) for text in texts(fresh)] == ([] if dry_run else [(True, False)])


def test_one_file_that_is_named_twice_is_one_file(fresh: Workspace, person: Person, tmp_path: Path) -> None:
    path = write(tmp_path / "findings.md", STOPS)
    (tmp_path / "aside").mkdir()
    found = bring(fresh, person("ada"), path, tmp_path / "aside" / ".." / "findings.md")
    assert (counts(found), found.files) == ((1, 1, 0, 0), 1)


def test_their_folders_tell_two_files_of_one_name_apart(fresh: Workspace, person: Person, tmp_path: Path) -> None:
    write(tmp_path / "one" / "findings.md", STOPS)
    write(tmp_path / "two" / "findings.md", PRICES)
    found = bring(fresh, person("ada"), tmp_path / "one", tmp_path / "two")
    assert counts(found) == (2, 2, 0, 0)
    with fresh.database.reading() as session:
        assert sorted(session.scalars(select(Document.name))) == ["one/findings.md", "two/findings.md"]


def test_another_report_of_a_loose_file_s_name_is_refused_and_changes_nothing(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    ada, path = person("ada"), write(tmp_path / "findings.md", STOPS)
    bring(fresh, ada, path, method="diary study")
    before = tables(fresh, without=["job"])
    found = bring(fresh, ada, write(path, PRICES), method="survey", date="2025-03")
    (refused,) = found.refused_rows
    assert (refused.file, refused.field) == ("findings.md", "file")
    assert refused.cause == (
        "another report of this name is here: give its study another title (--study-title), or rename the file"
    )
    assert (counts(found), found.withdrawn) == ((1, 0, 0, 1), 0)
    assert tables(fresh, without=["job"]) == before
    dry = bring(fresh, ada, path, dry_run=True)
    assert (counts(dry), dry.withdrawn) == ((1, 0, 0, 1), 0)


def test_with_a_title_of_its_own_or_a_passage_in_common_it_goes_in(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    ada, path = person("ada"), write(tmp_path / "findings.md", STOPS)
    bring(fresh, ada, path)
    assert counts(bring(fresh, ada, write(path, BOTH))) == (2, 1, 1, 0)  # a revision: it shares a passage
    assert counts(bring(fresh, ada, write(path, PRICES), study_title="Prices")) == (1, 1, 0, 0)
    with fresh.database.reading() as session:
        assert sorted(session.scalars(select(Study.title))) == ["Findings", "Prices"]
        revisions = select(Document.revision).join(Study).where(Study.title == "Findings").order_by(Document.id)
        assert list(session.scalars(revisions)) == [1, 2]


# ---- rows


JANUARY = "id,comment\n1,The stops were boring for our kids.\n2,The fees at the gate were hidden.\n"
FEBRUARY = "id,comment\n1,We liked the maps of the app a lot.\n3,A playground was near the road.\n"
OVERLAP = "id,comment\n2,The fees at the gate were hidden.\n4,Nobody told us about the ferry.\n"


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_row_id_that_stands_in_another_file_with_other_words_is_refused_by_file_and_row(
    fresh: Workspace, person: Person, tmp_path: Path, dry_run: bool
) -> None:
    ada = person("ada")
    january, february = write(tmp_path / "january.csv", JANUARY), write(tmp_path / "february.csv", FEBRUARY)
    options = {"text": "comment", "id": "id", "study_title": "Feedback"}
    bring(fresh, ada, january, **options)
    found = bring(fresh, ada, february, dry_run=dry_run, **options)
    (refused,) = found.refused_rows
    assert (refused.file, refused.row, refused.field) == ("february.csv", 2, "id")
    assert refused.cause.startswith("this id stands in january.csv with other words; say which column is the id")
    assert "id of the row (--id)" in refused.cause
    assert "another title (--study-title)" in refused.cause
    assert counts(found) == (2, 1, 0, 1)
    assert "The stops were boring for our kids." in texts(fresh)
    assert not any("We liked the maps" in text for text in texts(fresh))
    assert len(texts(fresh)) == (2 if dry_run else 3)


@pytest.mark.parametrize("dry_run", [False, True])
def test_of_two_new_files_that_both_count_from_1_the_second_s_rows_are_refused(
    fresh: Workspace, person: Person, tmp_path: Path, dry_run: bool
) -> None:
    paths = [write(tmp_path / "january.csv", JANUARY), write(tmp_path / "february.csv", FEBRUARY)]
    found = bring(fresh, person("ada"), *paths, dry_run=dry_run, text="comment", id="id", study_title="Feedback")
    assert counts(found) == (4, 3, 0, 1)
    (refused,) = found.refused_rows
    assert (refused.file, refused.row) == ("january.csv", 2)
    assert refused.cause.startswith("this id stands in february.csv with other words")


def test_the_same_row_in_a_later_export_is_the_same_row(fresh: Workspace, person: Person, tmp_path: Path) -> None:
    ada, options = person("ada"), {"text": "comment", "id": "id", "study_title": "Feedback"}
    bring(fresh, ada, write(tmp_path / "january.csv", JANUARY), **options)
    assert counts(bring(fresh, ada, write(tmp_path / "march.csv", OVERLAP), **options)) == (2, 1, 1, 0)
    corrected = JANUARY.replace("boring for our kids", "far too boring for our kids")
    again = bring(fresh, ada, write(tmp_path / "january.csv", corrected), **options)
    assert (counts(again), again.changed) == ((2, 1, 1, 0), 1)  # in its own file other words are a correction
    assert "The stops were far too boring for our kids." in texts(fresh)


def test_in_studies_of_their_own_the_same_ids_are_two_rows(fresh: Workspace, person: Person, tmp_path: Path) -> None:
    for name, text in (("January", JANUARY), ("February", FEBRUARY)):
        path = write(tmp_path / f"{name}.csv", text)
        assert counts(bring(fresh, person("ada"), path, text="comment", id="id", study_title=name)) == (2, 2, 0, 0)
