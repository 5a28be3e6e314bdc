"""`insightrepo wave`: from making a wave to correcting it, on the command line."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from command_line import ANSWERS, assert_one_line

Run = Callable[..., Result]
WHY = "ten test accounts were counted"


@pytest.fixture
def answered(run: Run, tmp_path: Path) -> Run:
    """The command on a home whose wave 2025-Q3 has eighty answers to STOP."""
    file = tmp_path / "answers.csv"
    file.write_text(ANSWERS)
    assert run("scores", "import", "2025-Q3", str(file)).exit_code == 0
    return run


def shown(run: Run, *arguments: str) -> dict:
    """What ``wave show 2025-Q3 --json`` gives."""
    result = run("wave", "show", "2025-Q3", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def said(run: Run, *arguments: str) -> str:
    """What a command prints that does well."""
    result = run("wave", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_wave_is_made_listed_and_shown(run: Run) -> None:
    line = said(run, "create", "2025-Q1", "--scale", "1-7", "--best", "low", "--instrument", "Panel")
    assert line == "wave 2025-Q1: 2025-01-01 to 2025-03-31, measured with Panel\n"
    said(run, "create", "2025-Q3", "--name", "Autumn")
    listed = said(run, "list")
    assert "2025-Q2: missing" in listed
    assert "2025-Q3: open, provisional, people not shown or not known, Panel" in listed
    assert shown(run)["scale"] == "1 to 7 with the low end best"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("create", "spring"), "does not say when it is"),
        (("create", "2026-Q3", "--scale", "five"), "like 1-5"),
        (("show", "2030"), "no wave is called '2030'"),
        (("freeze", "2025-Q1"), "no wave is called"),
        (("show", "2025-Q3", "--issue", "1"), "has no issue 1; it has 0"),
        (("reissue", "2025-Q3", "--reason", WHY), "is open"),
        (("settings", "2025-Q3", "--smallest-change", "satisfaction"), "write NAME=VALUE"),
        (("settings", "2025-Q3", "--smallest-change", "joy=3"), "joy is no measure"),
        (("settings", "2025-Q3", "--invited", "many"), "write a number, or SEGMENT=NUMBER"),
        (("settings", "2025-Q3", "--invited", "nobody=3"), "no segment is called"),
        (("settings", "2025-Q3", "--weighting", "raking"), "raking needs the dimensions"),
        (("exclude", "2025-Q3", "--reason", WHY), "say what to leave out"),
        (("exclude", "2025-Q3", "--undo", "7"), "has no exclusion 7"),
        (("annotate", "  ", "--day", "2025-08-01"), "the text is empty"),
        (("usability-kit",), "choose outcomes or a product"),
        (("usability-kit", "--outcome", "COST"), "no task belongs to COST"),
        (("verify", "2030"), "no wave is called"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_is_one_line(answered: Run, arguments: tuple[str, ...], words: str) -> None:
    assert_one_line(answered("wave", *arguments), words)


def test_settings_and_counts_are_chosen_and_printed(answered: Run) -> None:
    chosen = ("--smallest-change", "satisfaction=5", "--band", "16=major", "--invited", "100", "--target", "new=12")
    content = json.loads(said(answered, "settings", "2025-Q3", *chosen, "--json"))
    assert (content["smallest_change"], content["bands"]) == ({"satisfaction": 5.0}, [[16.0, "major"]])
    content = json.loads(said(answered, "settings", "2025-Q3", "--smallest-change", "importance=4", "--json"))
    assert content["smallest_change"] == {"satisfaction": 5.0, "importance": 4.0}
    everybody, new = shown(answered)["composition"]
    assert (everybody["invited"], everybody["n"], everybody["rate"]["value"]) == (100, 80, 0.8)
    assert (new["segment"], new["target"]) == ("new", 12)
    assert shown(answered)["definition"]["smallest_change"]["satisfaction"] == 5.0
    assert "smallest change: {'satisfaction': 5.0" in said(answered, "settings", "2025-Q3")


def test_a_wave_is_frozen_corrected_and_verified(answered: Run, tmp_path: Path) -> None:
    assert said(answered, "freeze", "2025-Q3").startswith("froze 2025-Q3, issue 1, sha256 ")
    assert_one_line(answered("wave", "freeze", "2025-Q3"), "the wave 2025-Q3 was frozen on")
    assert_one_line(answered("wave", "settings", "2025-Q3", "--invited", "9"), "was frozen on")
    assert_one_line(answered("wave", "exclude", "2025-Q3", "--outcome", "STOP", "--reason", WHY), "was frozen on")
    assert_one_line(answered("wave", "reissue", "2025-Q3", "--reason", "typo"), "say why in 10 characters or more")
    assert "open for issue 2" in said(answered, "reissue", "2025-Q3", "--reason", f"{WHY} by bob@example.com")
    assert "bob@example.com" not in shown(answered)["correcting"]
    more = tmp_path / "more.csv"
    more.write_text("respondent,outcome,satisfaction,product\n" + "".join(f"n{n},STOP,1,app\n" for n in range(20)))
    assert answered("scores", "import", "2025-Q3", str(more)).exit_code == 0
    assert "issue 2" in answered("scores", "freeze", "2025-Q3").stdout or shown(answered)["issue"] == 2
    assert "2 issues, 0 do not hold" in said(answered, "verify")
    assert "2025-Q3 issue 1: holds" in said(answered, "verify", "2025-Q3")
    first, second = shown(answered, "--issue", "1"), shown(answered, "--issue", "2")
    assert (first["replaced_by"][0], second["replaced_by"]) == (2, None)
    whole = {"outcome": "STOP", "segment": None, "product": None, "measure": "satisfaction"}
    pair = next(p for p in second["differs"] if whole.items() <= p["after"].items())
    assert ((pair["before"]["value"], pair["before"]["n"]), (pair["after"]["value"], pair["after"]["n"])) == (
        (40.0, 80), (32.0, 100)
    )  # fmt: skip
    assert "replaced by issue 2 because: ten test accounts" in said(answered, "show", "2025-Q3", "--issue", "1")


def test_what_was_changed_behind_the_back_is_found_with_exit_code_1(answered: Run, home: Path) -> None:
    import sqlite3

    said(answered, "freeze", "2025-Q3")
    (path,) = home.glob("*.db")
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE score SET value = value + 1 WHERE measure = 'satisfaction'")
    result = answered("wave", "verify", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)[0]["fault"] == "no longer as frozen: scores"


def test_an_exclusion_is_kept_and_taken_back(answered: Run) -> None:
    assert said(answered, "exclude", "2025-Q3", "--outcome", "STOP", "--product", "maps", "--reason", WHY) == (
        "exclusion 1 is kept\n"
    )
    assert "left out (1): STOP, maps: ten test accounts were counted" in said(answered, "show", "2025-Q3")
    said(answered, "exclude", "2025-Q3", "--undo", "1")
    assert shown(answered)["exclusions"] == []


def test_reason_and_undo_do_not_go_together(answered: Run) -> None:
    result = answered("wave", "exclude", "2025-Q3", "--reason", WHY, "--undo", "1")
    assert (result.exit_code, "--undo" in result.stderr) == (2, True)


def test_an_event_is_shown_with_the_wave_of_its_days(answered: Run) -> None:
    said(answered, "annotate", "prices rose by 8%", "--day", "2025-08-02", "--outcome", "STOP")
    said(answered, "annotate", "long before", "--day", "2020-08-02")
    assert [(one["text"], one["concerns"]) for one in shown(answered)["annotations"]] == [("prices rose by 8%", "STOP")]


def test_a_questionnaire_is_written_as_items_page_and_file_of_answers(run: Run, tmp_path: Path) -> None:
    said(run, "create", "2025-Q3")
    items, page, answers = (tmp_path / name for name in ("items.csv", "page.html", "answers.csv"))
    said(run, "questionnaire", "2025-Q3", "--csv", str(items), "--html", str(page), "--answers", str(answers))
    assert [row["item"] for row in csv.DictReader(items.open())] == ["COST.imp", "COST.sat", "STOP.imp", "STOP.sat"]
    assert "STOP.sat" in page.read_text()
    assert answers.read_text() == "respondent,family,COST.imp,COST.sat,STOP.imp,STOP.sat\n"
    assert said(run, "questionnaire", "2025-Q3") == items.read_text()


def test_results_of_a_usability_kit_come_back_as_trials(run: Run, tmp_path: Path) -> None:
    script, results = tmp_path / "script.docx", tmp_path / "results.csv"
    said(run, "usability-kit", "--outcome", "STOP", "--docx", str(script), "--results", str(results))
    assert script.read_bytes()[:2] == b"PK"
    header, line = results.read_text().splitlines()
    filled = dict(zip(header.split(","), line.split(","), strict=True)) | {
        "respondent": "P1", "completed": "yes", "seconds": "31.5", "ease": "6", "date": "2025-07-03"
    }  # fmt: skip
    results.write_text(f"{header}\n{','.join(filled.values())}\n")
    report = run("trials", "import", "2025-Q3", str(results), "--json")
    assert report.exit_code == 0, report.output
    assert json.loads(report.stdout)["stored"] == 1
