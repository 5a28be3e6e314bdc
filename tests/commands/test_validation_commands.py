"""`insightrepo validate`: from the answers of a wave to decisions, as a person types it."""

from __future__ import annotations

import csv
import io
import json

import pytest
from command_line import assert_one_line

RITA = ("--as", "rita@example.com")
ANSWERS = "".join(
    f"r{number},{code},{importance},3,new\n"
    for code, top in (("LIKED", 50), ("MIXED", 30), ("SMALL", 6))
    for number, importance in ((n, 5 if n < top else 2) for n in range(60))
)


@pytest.fixture
def surveyed(run, tmp_path):
    """Three candidates and 60 people: LIKED matters to 50 of them, MIXED to 30, SMALL to 6."""
    lines = (f"  - {{code: {code}, job: Do {code.lower()} things, status: candidate}}\n" for code in CODES)
    (tmp_path / "candidates.yaml").write_text("outcomes:\n" + "".join(lines))
    (tmp_path / "wave.csv").write_text("respondent,outcome,importance,satisfaction,segment\n" + ANSWERS)
    assert run(*RITA, "taxonomy", "import", str(tmp_path / "candidates.yaml")).exit_code == 0
    assert run(*RITA, "scores", "import", "2025-Q3", str(tmp_path / "wave.csv")).exit_code == 0
    result = run(*RITA, "validate", "create", "Spring survey", "2025-Q3", "--above", "40")
    assert (result.exit_code, result.stdout) == (0, "study 1: 3 candidates of 2025-Q3\n")
    return run


CODES = ("LIKED", "MIXED", "SMALL")


def test_the_ranking_is_printed_with_intervals_and_the_proposal(surveyed):
    lines = surveyed("validate", "show", "spring survey").stdout.splitlines()
    assert lines[0].startswith("   1 (1 to 1)  LIKED  83.3 percent (")
    assert lines[0].endswith("n 60, keep in new")
    assert lines[2].endswith(", leave")
    assert lines[3] == "keep where importance is surely above 40% in at least one segment: 1 of 3"


def test_decisions_as_proposed_and_one_otherwise(surveyed):
    result = surveyed(*RITA, "validate", "decide", "1", "--proposal", "--reason", "as the survey ranks them")
    assert result.stdout == "recorded: 1 validated, 2 candidate\n"
    result = surveyed(
        *RITA, "validate", "decide", "1", "MIXED", "--as", "validated", "--reason", "few, but all of them"
    )
    assert result.stdout == "recorded: 1 validated\n"
    rows = json.loads(surveyed("validate", "show", "1", "--json").stdout)["candidates"]
    assert {row["outcome"]: (row["status"], row["decision"]) for row in rows} == {
        "LIKED": ("validated", "validated"),
        "MIXED": ("validated", "validated"),
        "SMALL": ("candidate", "candidate"),
    }
    steps = json.loads(surveyed("outcome", "history", "MIXED", "--json").stdout)
    assert [step["validation"] for step in steps] == ["Spring survey", "Spring survey", None]


def test_the_table_is_exported_as_csv(surveyed, tmp_path):
    assert surveyed("validate", "export", "1", str(tmp_path / "out.csv")).exit_code == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text())))
    assert [(row["outcome"], row["n all"]) for row in rows] == [("LIKED", "60"), ("MIXED", "60"), ("SMALL", "60")]


def test_what_makes_no_sense_is_one_line(surveyed):
    assert_one_line(surveyed("validate", "show", "Autumn"), "known are 1 'Spring survey'")
    assert_one_line(surveyed(*RITA, "validate", "create", "Two", "2025-Q9"), "2025-Q9")
    assert_one_line(
        surveyed(*RITA, "validate", "decide", "1", "STOP", "--as", "validated", "--reason", "so"), "not of the study"
    )
    assert_one_line(surveyed(*RITA, "validate", "decide", "1", "--reason", "so"), "give outcomes", exit_code=2)
