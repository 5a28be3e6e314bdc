"""A wave's whole life on SQLite and on PostgreSQL: what SQL says differently between them must not show."""

from __future__ import annotations

import datetime as dt

from ingest.readers.base import Row, Table
from insightrepo.models import Outcome, Product, Segment, Task
from insightrepo.scores.glossary import glossary
from insightrepo.scores.intake.importing import import_answers
from insightrepo.scores.waves.annotations import annotate, annotations_between, remove_annotation
from insightrepo.scores.waves.exclusions import exclude, exclusions_of, include_again
from insightrepo.scores.waves.issue_differences import differences
from insightrepo.scores.waves.issue_reading import read_issue
from insightrepo.scores.waves.issues import freeze, reissue, verify, verify_frozen
from insightrepo.scores.waves.responses import set_counts
from insightrepo.scores.waves.settings import parsed_settings
from insightrepo.scores.waves.usability_kit import kit_choices, usability_kit
from insightrepo.scores.waves.wave_editing import change_settings, create_wave, refresh
from insightrepo.scores.waves.wave_questionnaire import questionnaire
from insightrepo.scores.waves.wave_reading import calendar, read_wave
from insightrepo.scores.waves.waves import find_wave

HEADER = ("respondent", "outcome", "satisfaction", "importance", "segment", "product")


def _bring(workspace, wave, count, who="r"):
    rows = [Row(n, (f"{who}{n}", "O-1", str(n % 5 + 1), "4", ("a", "b")[n % 2], "p")) for n in range(count)]
    import_answers(workspace.database, workspace.pseudonyms, wave, Table(HEADER, tuple(rows)))


def test_a_wave_from_making_to_correcting(workspace, ada):
    with workspace.database.writing() as session:
        product, outcome = Product(code="p", name="P"), Outcome(code="O-1", name="Find it", job="find it")
        session.add_all([product, outcome, *(Segment(code=c, name=c, dimension="d", population=10) for c in "ab")])
        session.flush()
        session.add(Task(code="T-1", name="Find the door", product=product, outcomes=[outcome]))
        for code in ("2025-Q1", "2025-Q3"):
            create_wave(session, ada, code)
    for code in ("2025-Q1", "2025-Q3"):
        _bring(workspace, code, 60)
    with workspace.database.writing() as session:
        wave = find_wave(session, "2025-Q3")
        change_settings(session, ada, wave, parsed_settings(
            {"weighting": {"scheme": "post-stratification", "dimensions": ["d"]}}
        ))  # fmt: skip
        set_counts(session, ada, wave, None, invited=100)
        set_counts(session, ada, wave, None, invited=120)
        exclude(session, ada, workspace.pseudonyms, wave, "answered in nine seconds", "r3")
        number = exclude(session, ada, workspace.pseudonyms, wave, "the site was down", task="T-1").id
        assert include_again(session, ada, wave, number)
        annotate(session, ada, "event", dt.date(2025, 8, 1), "rain", outcome="O-1", product="p")
    refresh(workspace.database, wave.id)
    with workspace.database.writing() as session:
        freeze(session, find_wave(session, "2025-Q3"), None)
        reissue(session, find_wave(session, "2025-Q3"), None, "forty answers came in late")
    _bring(workspace, "2025-Q3", 40, who="late")
    with workspace.database.writing() as session:
        freeze(session, find_wave(session, "2025-Q3"), None)
    with workspace.database.reading() as session:
        wave = find_wave(session, "2025-Q3")
        assert verify_frozen(session, wave)
        assert [found.holds for found in verify(session)] == [True, True]
        reading = read_wave(session, ada, "2025-Q3")
        assert [one.missing for one in reading.compared_with] == [("2025-Q2",)]
        assert (reading.strata[0].n, reading.strata[0].invited, len(reading.exclusions)) == (100, 120, 1)
        assert [one.text for one in annotations_between(session, ada, product="p")] == ["rain"]
        assert {pair.shown.measure for pair in differences(session, ada, wave, 1, 2)} >= {"satisfaction", "importance"}
        assert read_issue(session, ada, wave, 1).settings["weighting"]["dimensions"] == ["d"]
        (quarters,) = calendar(session, ada, dt.date(2025, 10, 1))
        assert [row.code for row in quarters.rows] == ["2025-Q3", "2025-Q2", "2025-Q1"]
        assert quarters.rows[0].line.contacts.often.value == 0.6  # 60 of 100 were there in 2025-Q1
        assert [item.code for item in questionnaire(session, ada, wave).items] == ["O-1.imp", "O-1.sat"]
        assert [task.code for task in usability_kit(session, ada, ["O-1"]).tasks] == ["T-1"]
        assert kit_choices(session, ada)["outcome"] == [("O-1", "O-1 Find it")]
        assert [one.code for one in glossary(session, ada)["segment"]] == ["a", "b"]
        assert exclusions_of(session, ada, wave)[0].what == "one respondent"
    with workspace.database.writing() as session:
        assert remove_annotation(session, ada, reading.annotations[0].id)
