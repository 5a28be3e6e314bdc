"""Typed quantities of what is imported and written: kept, asked about, settled for good."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from insightrepo.accounts.access import Forbidden, Reader
from insightrepo.library.imports.import_options import ImportOptions
from insightrepo.library.imports.importing import import_paths
from insightrepo.library.studies.quantities import CannotSettle, quantities_of, questioned, read_again, settle
from insightrepo.library.tagging.tagging import NotThere
from insightrepo.models import Evidence, Quantity
from insightrepo.workspace import Workspace

REPORT = "# Findings\n\nSatisfaction fell 12.95% in Q3 2025 (n = 324).\n\n# Calls\n\n62% of parents gave up (n = 40).\n"


@pytest.fixture
def rita(workspace: Workspace, make_reader) -> Reader:
    return make_reader("researcher", email="rita@example.com")


def bring(workspace: Workspace, reader: Reader, folder: Path, text: str = REPORT, **options):
    path = folder / "report.md"
    path.write_text(text)
    return import_paths(workspace, reader, [path], ImportOptions(publish=True, **options))


def waiting(workspace: Workspace, reader: Reader) -> list[str]:
    with workspace.database.reading() as session:
        return [item.said for item in questioned(session, reader).quantities]


def test_an_import_says_what_its_numbers_leave_open_and_keeps_all_of_them(workspace, rita, tmp_path):
    report = bring(workspace, rita, tmp_path)
    [question] = report.questions
    assert question.startswith("report.md: “Satisfaction fell 12.95%”: 12.95% of what it was before")
    with workspace.database.reading() as session:
        rows = session.scalars(select(Quantity).order_by(Quantity.id)).all()
        assert [(row.value, row.unit, row.n, row.period, row.state) for row in rows] == [
            (-12.95, "percent", 324, "in Q3 2025", "questioned"),
            (62.0, "percent", 40, "", "read"),
        ]
    assert waiting(workspace, rita) == ["12.95%"]


def test_importing_again_asks_nothing_anew(workspace, rita, tmp_path):
    bring(workspace, rita, tmp_path)
    assert bring(workspace, rita, tmp_path).questions == []
    assert waiting(workspace, rita) == ["12.95%"]


def test_what_a_customer_said_is_not_asked_about(workspace, rita, tmp_path):
    path = tmp_path / "feedback.csv"
    path.write_text("respondent,comment\n1,My satisfaction fell 12.95% over the years with this app\n")
    assert import_paths(workspace, rita, [path], ImportOptions(columns={"text": ("comment",)})).questions == []
    assert waiting(workspace, rita) == []


def test_a_settled_number_stays_settled_when_everything_is_read_again(workspace, rita, tmp_path):
    bring(workspace, rita, tmp_path)
    with workspace.database.reading() as session:
        [item] = questioned(session, rita).quantities
    settle(workspace, rita, item.id, unit="percentage points", base="respondents")
    assert read_again(workspace) == 2
    assert waiting(workspace, rita) == []
    with workspace.database.reading() as session:
        [shown] = quantities_of(session, rita, item.evidence_id)
    assert (shown.unit, shown.base, shown.n, shown.state, shown.settled_by) == (
        "percentage points",
        "respondents",
        324,
        "confirmed",
        "rita@example.com",
    )


def test_reading_again_finds_what_was_imported_before_numbers_were_read(workspace, rita, tmp_path):
    bring(workspace, rita, tmp_path)
    with workspace.database.writing() as session:
        session.query(Quantity).delete()
    assert read_again(workspace) == 2
    assert waiting(workspace, rita) == ["12.95%"]


def test_a_passage_that_is_withdrawn_asks_nothing_any_more(workspace, rita, tmp_path):
    bring(workspace, rita, tmp_path)
    bring(workspace, rita, tmp_path, REPORT.replace("fell 12.95%", "fell by 12.95 percentage points"))
    assert waiting(workspace, rita) == []


def test_only_researchers_settle_and_only_what_they_see(workspace, rita, make_reader, tmp_path):
    bring(workspace, rita, tmp_path, sensitivity="confidential")
    with workspace.database.reading() as session:
        [item] = questioned(session, rita).quantities
        assert questioned(session, make_reader("viewer")).total == 0
        assert quantities_of(session, make_reader("viewer"), item.evidence_id) == ()
    with pytest.raises(Forbidden):
        settle(workspace, make_reader("contributor"), item.id, unit="percent")
    with pytest.raises(NotThere):
        settle(workspace, make_reader("researcher", scopes=()), item.id + 99, unit="percent")


def test_a_unit_that_is_none_and_a_share_of_nobody_are_refused(workspace, rita, tmp_path):
    bring(workspace, rita, tmp_path)
    with workspace.database.reading() as session:
        [item] = questioned(session, rita).quantities
    with pytest.raises(CannotSettle, match="'apples' is not a unit; choose one of percent"):
        settle(workspace, rita, item.id, unit="apples")
    with pytest.raises(CannotSettle, match="at least 1, not 0"):
        settle(workspace, rita, item.id, unit="percent", n=0)


def test_a_dismissed_number_is_shown_as_dismissed_and_asks_nothing(workspace, rita, tmp_path):
    bring(workspace, rita, tmp_path)
    with workspace.database.reading() as session:
        [item] = questioned(session, rita).quantities
    evidence_id = settle(workspace, rita, item.id, dismiss=True)
    with workspace.database.reading() as session:
        assert session.get_one(Evidence, evidence_id).text.startswith("Satisfaction fell")
        assert [shown.state for shown in quantities_of(session, rita, evidence_id)] == ["dismissed"]
