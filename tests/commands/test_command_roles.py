"""`--as`: each command for each role, strangers, and readers limited to a product."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from command_line import ANSWERS, PASSWORD, assert_one_line

from insightrepo.models import ROLES

Run = Callable[..., Result]
EMAIL = {
    "administrator": "ada@example.com",
    "researcher": "rita@example.com",
    "contributor": "carl@example.com",
    "viewer": "vera@example.com",
}
FILES = {
    "TAXONOMY": "outcomes:\n  - code: NEW\n    job: See something new\n",
    "REPORT": "# Findings\n\nNobody found the way to the gate.\n",
    "ANSWERS": ANSWERS,
    "CORPUS": '{"id": "d1", "text": "the map was empty"}\n',
    "QUERIES": "q1\tempty map\n",
    "JUDGED": "q1 0 d1 1\n",
    "TRIALS": "respondent,task,completed,seconds\np1,PICK,yes,75\n",
    "WIDE": "respondent,STOP.sat,COST.sat\nr1,5,4\n",
    "COUNTS": "segment,invited\nall,100\n",
    "BAD": "respondent,task,completed\np1,NONE,yes\n",
    "METRICS": "metrics:\n  - {code: NPS, name: Would recommend, kind: nps, nature: opinion, unit_of_analysis: user}\n",
    "FIGURES": "respondent,SUS1,SUS2,SUS3,SUS4,SUS5,SUS6,SUS7,SUS8,SUS9,SUS10\np1,4,2,4,2,4,2,4,2,4,2\n",
    "LABELLED": "text,labels\nthe map was empty,map\nthe map is gone,map\nthe price rose,price\nthe price fell,price\n",
}
SUFFIX = {"TAXONOMY": "yaml", "REPORT": "md", "CORPUS": "jsonl", "QUERIES": "tsv", "JUDGED": "trec", "METRICS": "yaml"}
NEEDS = {
    "search stops": "viewer",
    "scores show": "viewer",
    "scores export -": "viewer",
    "act landscape": "viewer",
    "act portfolio": "viewer",
    "act coverage --json": "viewer",
    "targets list": "viewer",
    "targets set improvements --wanted 12 --from 2025-01-01 --to 2025-03-31": "researcher",
    "targets report 1 19": "researcher",
    "targets edit 1 --wanted 15": "researcher",
    "targets remove 1 --reason twice": "researcher",
    "targets history 1": "viewer",
    "focus list": "viewer",
    "focus set Planner STOP": "researcher",
    "scores explain --wave 2025-Q3 --outcome STOP": "viewer",
    "changes": "viewer",
    "taxonomy export -": "researcher",
    "taxonomy lint": "researcher",
    "taxonomy lint TAXONOMY": "researcher",
    "outcome status COST validated --reason kept": "researcher",
    "outcome retire COST --reason doubled --successor STOP": "researcher",
    "outcome merge COST into STOP --reason doubled": "researcher",
    "outcome impact COST": "researcher",
    "outcome history COST": "viewer",
    "validate create Spring 2025-Q3": "researcher",
    "validate show Spring": "viewer",
    "validate export Spring -": "viewer",
    "validate decide Spring --proposal --reason ranked": "researcher",
    "evaluate search --corpus CORPUS --queries QUERIES --judgments JUDGED": "viewer",
    "evaluate search --own": "viewer",
    "search-gaps": "researcher",
    "quantities list": "viewer",
    "insight look-again": "viewer",
    "quantities read": "researcher",
    "evaluate tags --train LABELLED --test LABELLED": "viewer",
    "import REPORT": "contributor",
    "import REPORT --dry-run": "contributor",
    "import REPORT --publish": "researcher",
    "taxonomy import TAXONOMY": "researcher",
    "scores import 2025-Q3 ANSWERS": "researcher",
    "trials import 2025-Q3 TRIALS": "researcher",
    "trials import 2025-Q3 TRIALS --dry-run": "researcher",
    "metrics define METRICS": "researcher",
    "metrics list": "viewer",
    "metrics import 2025-Q3 FIGURES": "researcher",
    "wave create 2026-Q1": "researcher",
    "wave list": "viewer",
    "wave verify": "viewer",
    "wave annotate rain --day 2025-05-02": "researcher",
    "scores import 2025-Q3 WIDE": "researcher",
    "scores import 2025-Q3 ANSWERS --dry-run": "researcher",
    "scores counts 2025-Q3 COUNTS": "researcher",
    "quarantine list 2025-Q3": "researcher",
    "quarantine export 2025-Q3 trials": "researcher",
    "quarantine drop 2025-Q3 1 --reason test": "researcher",
    "packs make 2025-Q3": "contributor",
    "packs list": "viewer",
    "packs schedule --day 5": "contributor",
    "packs run --due": "researcher",
    "backup ARCHIVE": "administrator",
    "check": "researcher",
    "maintain": "researcher",
    "jobs run": "researcher",
    "jobs list": "administrator",
    "reindex": "researcher",
    "retag": "researcher",
    "user add new@example.com --role viewer --password SECRET": "administrator",
}


def words(line: str, folder: Path) -> list[str]:
    """The words of a command line, names of files put in."""
    found = []
    for word in line.split():
        if word in FILES:
            path = folder / f"{word.lower()}.{SUFFIX.get(word, 'csv')}"
            path.write_text(FILES[word])
            word = str(path)
        if word == "ARCHIVE":
            word = str(folder / "archive.tar.gz")
        found.append(PASSWORD if word == "SECRET" else word)
    return found


def prepare_study(run: Run, folder: Path, made: bool) -> None:
    """A candidate whose importance a wave asked about, and a study of it."""
    (folder / "candidate.yaml").write_text("outcomes:\n  - {code: NEXT, job: Choose what is next, status: candidate}\n")
    rows = "".join(f"r{n},NEXT,{n % 5 + 1},4\n" for n in range(40))
    (folder / "wave.csv").write_text(f"respondent,outcome,importance,satisfaction\n{rows}")
    assert run("taxonomy", "import", str(folder / "candidate.yaml")).exit_code == 0
    assert run("scores", "import", "2025-Q3", str(folder / "wave.csv")).exit_code == 0
    if made:
        assert run("validate", "create", "Spring", "2025-Q3", "--above", "20").exit_code == 0


@pytest.mark.parametrize("line", NEEDS)
def test_a_command_is_for_its_role_and_those_above(run: Run, tmp_path: Path, line: str) -> None:
    needed = ROLES.index(NEEDS[line])
    for role in ROLES[:needed]:
        result = run("--as", EMAIL[role], *words(line, tmp_path))
        assert_one_line(result, f"{EMAIL[role]} is a {role}", "needs the role")
    if line.startswith("validate"):
        prepare_study(run, tmp_path, made="create" not in line)
    if line.startswith(("quarantine", "scores counts")):  # a wave and a row to speak of
        assert run("trials", "import", "2025-Q3", *words("BAD", tmp_path)).exit_code == 1
    if line.startswith("targets") and " 1" in line:
        words_of_it = "targets set improvements --wanted 12 --from 2025-01-01 --to 2025-03-31"
        assert run(*words_of_it.split()).exit_code == 0
    if line.startswith("focus set"):
        beside = ("--role", "viewer", "--password", PASSWORD, "--team", "Planner")
        assert run("user", "add", "new@example.com", *beside).exit_code == 0
    if line.startswith("scores explain"):
        assert run("scores", "import", "2025-Q3", *words("ANSWERS", tmp_path)).exit_code == 0
    result = run("--as", EMAIL[ROLES[needed]], *words(line, tmp_path))
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("line", NEEDS)
def test_a_stranger_may_do_nothing(run: Run, tmp_path: Path, line: str) -> None:
    result = run("--as", "eve@example.com", *words(line, tmp_path))
    assert_one_line(result, "no active user is called eve@example.com")


def test_without_a_name_the_first_administrator_acts(run: Run, tmp_path: Path) -> None:
    assert run("user", "add", "new@example.com", "--role", "administrator", "--password", PASSWORD).exit_code == 0
    assert run("import", *words("REPORT", tmp_path)).exit_code == 0
    drafts = json.loads(run("--as", "NEW@example.com", "search", "gate", "state:draft", "--json").stdout)
    assert drafts["total"] == 1


def test_who_is_limited_to_a_product_sees_its_scores_only(run: Run, tmp_path: Path) -> None:
    assert run("scores", "import", "2025-Q3", *words("ANSWERS", tmp_path)).exit_code == 0
    scope = ("--role", "researcher", "--password", PASSWORD, "--scope", "product:maps")
    assert run("user", "add", "sam@example.com", *scope).exit_code == 0
    rows = {
        email: {row["product"] for row in json.loads(run("--as", email, "scores", "show", "--json").stdout)}
        for email in ("ada@example.com", "sam@example.com")
    }
    assert rows == {"ada@example.com": {None, "app", "maps"}, "sam@example.com": {None, "maps"}}
    assert json.loads(run("--as", "sam@example.com", "search", "stops", "--json").stdout)["total"] == 0


def test_who_is_limited_to_a_product_neither_fills_waves_nor_sees_what_was_refused(run: Run, tmp_path: Path) -> None:
    scope = ("--role", "researcher", "--password", PASSWORD, "--scope", "product:maps")
    assert run("user", "add", "sam@example.com", *scope).exit_code == 0
    assert run("scores", "import", "2025-Q3", *words("ANSWERS", tmp_path)).exit_code == 0
    assert run("trials", "import", "2025-Q3", *words("BAD", tmp_path)).exit_code == 1  # its row waits
    for line in (
        "scores import 2025-Q3 ANSWERS", "trials import 2025-Q3 TRIALS --dry-run", "metrics import 2025-Q3 FIGURES",
        "quarantine list 2025-Q3 --json", "quarantine export 2025-Q3 trials", "quarantine drop 2025-Q3 1 --reason x",
    ):  # fmt: skip
        result = run("--as", "sam@example.com", *words(line, tmp_path))
        assert (result.exit_code, "limited to a part of the workspace" in result.output) == (1, True), line
    assert "1 row wait" in run("quarantine", "list", "2025-Q3").stdout


def test_a_contributor_may_not_write_into_the_study_of_another(run: Run, tmp_path: Path) -> None:
    report = Path(words("REPORT", tmp_path)[0])
    assert run("--as", EMAIL["researcher"], "import", str(report), "--publish").exit_code == 0
    report.write_text("# Findings\n\nSomething else.\n")
    result = run("--as", EMAIL["contributor"], "import", str(report))
    assert result.exit_code == 1
    assert "refused: report.md, file: you may not add to a study of this title" in result.stdout


def test_who_is_limited_to_a_product_changes_no_wave_of_everybody(run: Run, tmp_path: Path) -> None:
    assert run("scores", "import", "2025-Q3", *words("ANSWERS", tmp_path)).exit_code == 0
    scope = ("--role", "researcher", "--password", PASSWORD, "--scope", "product:maps")
    assert run("user", "add", "sam@example.com", *scope).exit_code == 0
    for line in (
        ("wave", "exclude", "2025-Q3", "--product", "maps", "--reason", "the question was shown twice"),
        ("wave", "settings", "2025-Q3", "--smallest-change", "satisfaction=5"),
        ("wave", "settings", "2025-Q3", "--invited", "900"),
        ("wave", "annotate", "prices rose by 8%", "--day", "2025-08-01"),
        ("scores", "freeze", "2025-Q3"),
        ("wave", "freeze", "2025-Q3"),
    ):
        assert_one_line(run("--as", "sam@example.com", *line), "limited to a part of the workspace")
    beside = ("wave", "annotate", "new maps", "--day", "2025-08-01", "--product", "maps")
    assert run("--as", "sam@example.com", *beside).exit_code == 0
    assert run("wave", "freeze", "2025-Q3").exit_code == 0
    correct = ("wave", "reissue", "2025-Q3", "--reason", "forty answers came in late")
    assert_one_line(run("--as", "sam@example.com", *correct), "limited to a part of the workspace")
