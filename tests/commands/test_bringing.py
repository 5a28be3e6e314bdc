"""Trials and metrics on the command line: the mapping is shown, a dry run is one, refused rows go out and come back."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from command_line import assert_one_line

TRIALS = "participant,Aufgabe,done,time\nmia@example.com,PICK,yes,1:15\np2,NONE,no,90\np3,PICK,no,-3\n"
CATALOGUE = """metrics:
  - code: SHARED
    name: Trips that are shared
    kind: rate
    nature: behaviour
    unit_of_analysis: account
    numerator: accounts that shared
    denominator: accounts with a trip
"""


@pytest.fixture
def written(tmp_path: Path):
    """Writes a text into a file and gives its path."""

    def write(name: str, text: str) -> str:
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


def test_trials_come_in_by_a_mapping_file_and_refused_rows_are_repaired(run, written, tmp_path) -> None:
    file, mapping = written("tries.csv", TRIALS), written("columns.yaml", "task: Aufgabe\n")
    dry = run("trials", "import", "2025-Q3", file, "--mapping", mapping, "--dry-run")
    assert "task from 'Aufgabe'" in dry.stdout
    assert "read 3, stored 1, already here 0, outside 0, skipped 0, refused 2 (dry run" in dry.stdout
    result = run("trials", "import", "2025-Q3", file, "--mapping", mapping, "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert (report["stored"], report["refused"], report["kept"]) == (1, 2, 2)
    assert [(row["row"], row["field"]) for row in report["refused_rows"]] == [(3, "Aufgabe"), (4, "time")]

    out = tmp_path / "repair.csv"
    assert run("quarantine", "export", "2025-Q3", "trials", "--to", str(out)).exit_code == 0
    rows = list(csv.DictReader(out.open()))
    assert all(row["respondent"].startswith("key:") for row in rows)
    rows[0]["task"], rows[1]["seconds"] = "PICK", "3"
    with out.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    again = run("trials", "import", "2025-Q3", str(out))
    assert again.exit_code == 0, again.output
    assert "stored 2" in again.stdout
    assert "0 rows wait" in run("quarantine", "list", "2025-Q3").stdout


def test_a_row_is_dropped_with_its_reason(run, written) -> None:
    run("trials", "import", "2025-Q3", written("tries.csv", TRIALS.replace("Aufgabe", "task")))
    rows = json.loads(run("quarantine", "list", "2025-Q3", "--json").stdout)
    assert {row["file"] for row in rows} == {"tries.csv"}
    assert run("quarantine", "drop", "2025-Q3", str(rows[0]["id"]), "--reason", "a test").stdout == "dropped 1\n"
    assert "1 row wait" in run("quarantine", "list", "2025-Q3").stdout
    assert_one_line(run("quarantine", "drop", "2025-Q3", str(rows[0]["id"]), "--reason", "x"), "no row")
    assert_one_line(run("quarantine", "list", "1999"), "no wave is called '1999'")


def test_metrics_are_defined_listed_and_brought_in(run, written) -> None:
    catalogue = written("metrics.yaml", CATALOGUE)
    assert run("metrics", "define", catalogue).stdout == "added: SHARED\n"
    assert run("metrics", "define", catalogue).stdout == "unchanged: SHARED\n"
    file = written("figures.csv", "metric,numerator,denominator\nSHARED,40,100\n")
    assert "stored 1" in run("metrics", "import", "2025-Q3", file).stdout
    (metric,) = json.loads(run("metrics", "list", "--json").stdout)
    assert (metric["code"], metric["waves"]) == ("SHARED", 1)
    assert "accounts that shared / accounts with a trip" in run("metrics", "list").stdout


@pytest.mark.parametrize(
    ("command", "name", "text", "said"),
    [
        ("trials", "x.csv", "a,b\n1,2\n", "no column for task, respondent, completed"),
        ("metrics", "x.csv", "a,b\n1,2\n", "no column for metric, value"),
        ("trials", "x.docx", "nothing", "x.docx: not a table"),
        ("trials", "x.sav", "nothing", "x.sav: the SPSS file cannot be read"),
    ],
)
def test_a_file_that_cannot_be_taken_is_one_line(run, written, command, name, text, said) -> None:
    assert_one_line(run(command, "import", "2025-Q3", written(name, text)), said)


def test_a_wrong_mapping_file_is_one_line(run, written) -> None:
    file = written("tries.csv", TRIALS)
    assert_one_line(
        run("trials", "import", "2025-Q3", file, "--mapping", written("m.yaml", "tsk: Aufgabe\n")),
        "m.yaml: 'tsk' is not a field; did you mean task?",
    )


def test_a_rate_without_its_denominator_is_one_line(run, written) -> None:
    text = CATALOGUE.replace("    denominator: accounts with a trip\n", "")
    assert_one_line(run("metrics", "define", written("m.yaml", text)), "m.yaml:2", "without a denominator")


def test_a_wide_file_of_answers_shows_its_mapping_and_takes_counts(run, written) -> None:
    file = written("wide.csv", "respondent,family,STOP.sat,STOP.imp,COST_sat\nr1,new,5,4,\nr2,,9,1,dk\nr3,,1,2,3\n")
    dry = json.loads(run("scores", "import", "2025-Q3", file, "--dry-run", "--json").stdout)
    assert [(item["column"], item["outcome"], item["measure"]) for item in dry["items"]] == [
        ("STOP.sat", "STOP", "satisfaction"),
        ("STOP.imp", "STOP", "importance"),
        ("COST_sat", "COST", "satisfaction"),
    ]
    result = run("scores", "import", "2025-Q3", file)
    assert result.exit_code == 1
    assert "refused: row 3, STOP.sat: '9' is not a point of the scale from 1 to 5" in result.stdout
    assert "read 3, stored 4, already here 0, outside 0, skipped 0, refused 1" in result.stdout
    assert "segment" not in result.stderr
    counts = written("counts.csv", "segment,invited,target\nall,300,100\nnew,80,\n")
    assert run("scores", "counts", "2025-Q3", counts).stdout == "wave 2025-Q3: 2 rows, 2 new or changed\n"
    assert run("scores", "counts", "2025-Q3", counts).stdout == "wave 2025-Q3: 2 rows, 0 new or changed\n"
    wrong = written("wrong.csv", "segment,invited,answered\nall,5,6\n")
    assert_one_line(run("scores", "counts", "2025-Q3", wrong), "row 2: 6 answered of 5 invited cannot be")


def test_a_mapping_file_and_options_name_columns_of_answers(run, written) -> None:
    file = written("answers.csv", "wer,was,wie\nr1,STOP,5\n")
    mapping = written("columns.yaml", "respondent: wer\noutcome: was\nsatisfaction: wer\n")
    result = run("scores", "import", "2025-Q3", file, "--mapping", mapping, "--satisfaction", "wie")
    assert result.exit_code == 0, result.output
    assert "columns: respondent from 'wer', outcome from 'was', satisfaction from 'wie'" in result.stdout
