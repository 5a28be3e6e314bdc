"""Refused rows wait, redacted, until they are repaired or dropped; nothing is lost and nothing stands twice."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from ingest.readers.base import Row, Table
from ingest.redact import Redactor
from insightrepo.accounts.access import Forbidden, Reader
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.models import AuditEntry, Metric, Product, QuarantinedRow, Rating, Task, Trial, User
from insightrepo.scores.intake import bringing
from insightrepo.scores.intake.metric_points import import_metrics
from insightrepo.scores.intake.quarantine import (
    Keeping,
    NotQuarantined,
    as_csv,
    as_table,
    drop,
    waiting_row,
    waiting_rows,
)
from insightrepo.scores.intake.survey_files import as_survey
from insightrepo.scores.intake.trials import import_trials
from insightrepo.scores.waves.waves import find_wave

WAVE = "2025-Q1"
HEADER = "participant task completed seconds"
RITA = Reader(0, "rita@example.com", "researcher")
KEEPING = Keeping("sessions.csv", lambda text: Redactor(["Mia"]).redact(text).text)


@pytest.fixture
def database(database):
    """With two tasks, a metric and a researcher."""
    with database.writing() as session:
        app = session.scalar(select(Product).where(Product.code == "app"))
        session.add_all(Task(code=code, name=f"Task {code}", product_id=app.id) for code in ("T1", "T2"))
        session.add(Metric(code="NPS", name="N", kind="nps", nature="opinion", unit="points", unit_of_analysis="user",
                           scale_low=0, scale_high=10))  # fmt: skip
        session.add(User(email="rita@example.com", password_hash="x", role="researcher"))
    return database


@pytest.fixture
def bring(database, pseudonyms, table):
    def do(header, *rows, source=None, keeping=KEEPING, into=import_trials, **options):
        return into(database, pseudonyms, WAVE, source or table(header, *rows), keeping=keeping, **options)

    return do


def waiting(database, kind=None):
    with database.reading() as session:
        return waiting_rows(session, RITA, find_wave(session, WAVE), kind)


def states(database):
    with database.reading() as session:
        return dict(
            session.execute(select(QuarantinedRow.state, func.count()).group_by(QuarantinedRow.state)).tuples().all()
        )


def tries(database):
    with database.reading() as session:
        return session.execute(select(Task.code, Trial.completed, Trial.seconds).join(Task)).tuples().all()


def read_back(text, **repairs):
    """A downloaded file as a table, with cells of a column repaired."""
    header, *rows = csv.reader(io.StringIO(text))
    rows = [[repairs.get(name, cell) for name, cell in zip(header, row, strict=True)] for row in rows]
    return Table(tuple(header), tuple(Row(number, tuple(row)) for number, row in enumerate(rows, 2)))


def test_a_refused_row_waits_with_its_person_as_a_key_and_its_cells_redacted(database, pseudonyms, bring):
    report = bring(HEADER, "mia@example.com T9-Mia yes 75", "p2 T1 yes 75")
    (row,) = waiting(database)
    assert report.kept == 1
    assert (row.kind, row.file, row.row, row.field) == ("trials", "sessions.csv", 2, "task")
    assert row.values["respondent"] == pseudonyms.token(pseudonyms.key("mia@example.com"))
    assert (row.values["completed"], row.values["seconds"]) == ("yes", "75")
    assert "Mia" not in str(row.values) + row.cause
    assert "mia@" not in str(row.values) + row.cause


def test_refused_twice_it_waits_once(database, bring):
    for _ in range(2):
        bring(HEADER, "p1 T9 yes 75", "p1 T9 yes 75")
    assert len(waiting(database)) == 1


def test_a_downloaded_file_repaired_and_sent_again_is_the_same_persons_row(database, pseudonyms, bring):
    bring(HEADER, "p1 T1 yes 70", "p1 T9 no 75", "p2 T2 maybe 80")
    text = as_csv(waiting(database))
    again = bring("", source=read_back(text))
    assert (len(again.refused), states(database)) == (2, {"waiting": 2})
    repaired = read_back(text, task="T2", completed="no")
    report = bring("", source=repaired)
    assert (report.stored, report.refused, states(database)) == (2, [], {"repaired": 2})
    assert sorted(tries(database)) == [("T1", True, 70), ("T2", False, 75), ("T2", False, 80)]
    with database.reading() as session:  # p1 is one person
        assert session.scalar(select(func.count(Trial.respondent_id.distinct()))) == 2
    once_more = bring("", source=repaired)
    assert (once_more.stored, once_more.already_here, states(database)) == (0, 2, {"repaired": 2})


def test_a_row_repaired_with_another_mistake_says_the_new_one(database, bring):
    bring(HEADER, "p1 T9 no 75")
    bring("", source=read_back(as_csv(waiting(database)), task="T1", seconds="-1"))
    (row,) = waiting(database)
    assert (row.field, row.values["task"], row.values["seconds"]) == ("seconds", "T1", "-1")
    assert (row.file, row.row) == ("sessions.csv", 2)


def test_the_file_itself_repaired_and_sent_again_settles_its_rows(database, bring):
    bring(HEADER, "p1 T9 no 75", "p2 T9 no 75")
    bring(HEADER, "p1 T1 no 75", "p3 T1 no 75")  # row 3 is somebody else's now
    assert states(database) == {"repaired": 1, "waiting": 1}
    assert waiting(database)[0].row == 3


def test_another_file_settles_nothing(database, bring):
    bring(HEADER, "p1 T9 no 75")
    bring(HEADER, "p1 T1 no 75", keeping=Keeping("other.csv", str))
    assert states(database) == {"waiting": 1}


def test_a_key_of_another_workspace_is_refused(database, pseudonyms, bring):
    foreign = Pseudonyms(bytes(32))
    report = bring(HEADER, f"{foreign.token(foreign.key('p1'))} T1 yes 75")
    assert [(one.field, report.stored) for one in report.refused] == [("participant", 0)]
    assert "not one of this workspace" in report.refused[0].cause


def test_a_dry_run_keeps_nothing(database, bring):
    bring(HEADER, "p1 T1 no 75")
    bring(HEADER, "p2 T9 no 75", dry_run=True)
    assert states(database) == {}


def test_a_day_means_the_same_without_the_rows_around_it(database, bring):
    bring("participant task completed date", "p1 T9 yes 03/02/2025", "p2 T1 yes 14/02/2025")
    (row,) = waiting(database)
    assert row.values["date"] == "2025-02-03"


def test_segments_and_chosen_points_come_back_with_the_row(database, bring):
    header = "participant household umux_lite_1 umux_lite_2"
    bring(header, "p1 nobody 4 5", points={"umux_lite": 5})
    (row,) = waiting(database)
    assert row.values | {"respondent": ""} == {
        "respondent": "", "household": "nobody", "umux_lite_1": "4", "umux_lite_2": "5", "umux_lite_points": "5",
    }  # fmt: skip
    report = bring("", source=as_table(row, {"household": "parents"}))
    assert (report.stored, report.refused) == (1, [])
    with database.reading() as session:
        assert session.scalar(select(Rating.value)) == 87.5


def test_metrics_wait_too_and_know_which_metric_they_are_of(database, bring):
    bring("respondent score", "p1 11", into=import_metrics, metric="NPS")
    bring("respondent NPS", "p2 12", into=import_metrics)
    bring("metric value n", "NPS 200 10", into=import_metrics)
    first, second, third = waiting(database, "metrics")
    assert (first.values["metric"], second.values["NPS"], third.is_of_a_person) == ("NPS", "12", False)
    for row, repaired in ((first, {"value": "9"}), (second, {"NPS": "10"}), (third, {"value": "20"})):
        assert bring("", source=as_table(row, repaired), into=import_metrics).stored == 1
    assert states(database) == {"repaired": 3}


def test_a_researcher_limited_to_a_part_reads_and_drops_no_row_that_waits(database, bring):
    bring(HEADER, "p1 T9 no 75")
    (row,) = waiting(database)
    limits = ({"products": frozenset({1})}, {"segments": frozenset({1})})
    for limited in (Reader(0, "sam@example.com", "researcher", **limit) for limit in limits):
        with database.writing() as session:
            wave = find_wave(session, WAVE)
            with pytest.raises(Forbidden, match="limited to a part of the workspace"):
                waiting_rows(session, limited, wave)
            with pytest.raises(Forbidden):
                waiting_row(session, limited, wave, row.id)
            with pytest.raises(Forbidden):
                drop(session, limited, wave, [row.id], "not mine")
        with pytest.raises(Forbidden):
            bringing.bring(limited, database, None, WAVE, "trials", as_survey(as_table(row, {})))
    assert states(database) == {"waiting": 1}


def test_a_row_is_dropped_with_a_reason_and_stays_dropped(database, bring):
    bring(HEADER, "p1 T9 no 75")
    (row,) = waiting(database)
    with database.writing() as session:
        rita = session.scalar(select(User))
        reader, wave = Reader(rita.id, rita.email, "researcher"), find_wave(session, WAVE)
        with pytest.raises(ValueError, match="say why"):
            drop(session, reader, wave, [row.id], " ")
        with pytest.raises(Forbidden):
            drop(session, Reader(1, "vera@example.com", "viewer"), wave, [row.id], "test data")
        assert drop(session, reader, wave, [row.id], "test data") == 1
        with pytest.raises(NotQuarantined):
            waiting_row(session, reader, wave, row.id)
        assert session.scalar(select(QuarantinedRow.reason)) == "test data"
        session.flush()
        assert session.scalar(select(AuditEntry.action)) == "quarantine.drop"
    bring(HEADER, "p1 T9 no 75")
    assert states(database) == {"dropped": 1}


def test_a_cell_that_a_spreadsheet_would_run_is_written_as_text():
    from insightrepo.scores.intake.quarantine import Waiting

    row = Waiting(1, "trials", "=cmd", 2, "task", "x", {"task": "=1+1", "seconds": "-5", "date": "-x"})
    _, cells = csv.reader(io.StringIO(as_csv([row])))
    assert cells == ["1", "'=cmd", "2", "task", "x", "'=1+1", "-5", "'-x"]


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", ""]), st.sampled_from(["T1", "T2", "T9"]), st.sampled_from(["yes", "maybe"]),
        st.sampled_from(["75", "-3"]),
    ),
    max_size=8,
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(ROWS)
def test_every_refused_row_waits_and_a_repair_of_all_leaves_none(database, pseudonyms, rows):
    with database.writing() as session:
        for model in (Trial, QuarantinedRow):
            session.execute(model.__table__.delete())
    source = Table(tuple(HEADER.split()), tuple(Row(number, row) for number, row in enumerate(rows, 2)))

    def send(table):
        return import_trials(database, pseudonyms, WAVE, table, keeping=KEEPING)

    report = send(source)
    contents = {rows[one.row - 2] for one in report.refused}
    assert len(waiting(database)) == len(contents)
    if not contents:
        return
    # repaired so that nothing contradicts: everybody's own try
    text = as_csv(waiting(database))
    table = read_back(text, task="T1", completed="yes", seconds="75")
    fixed = tuple(
        Row(row.number, tuple(f"new {row.number}" if name == "respondent" else cell
                              for name, cell in zip(table.header, row.values, strict=True)))
        for row in table.rows
    )  # fmt: skip
    again = send(Table(table.header, fixed))
    assert again.refused == []
    assert waiting(database) == []
