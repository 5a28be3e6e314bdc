"""`insightrepo outcome`: steps, retiring, merging and splitting as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

from command_line import assert_one_line

RITA = ("--as", "rita@example.com")


def add(run, tmp_path: Path, code: str, job: str) -> None:
    file = tmp_path / f"{code}.yaml"
    file.write_text(f"outcomes:\n  - code: {code}\n    job: {job}\n    status: candidate\n")
    assert run("taxonomy", "import", str(file)).exit_code == 0


def test_a_life_from_candidate_to_retired_is_told_by_its_history(run, tmp_path):
    add(run, tmp_path, "NEXT", "Choose where to go next")
    for status, reason in (("validated", "ranked 4th"), ("active", "asked from now on"), ("retired", "asked as STOP")):
        result = run(*RITA, "outcome", "status", "NEXT", status, "--reason", reason)
        assert (result.exit_code, result.stdout) == (0, f"NEXT is {status}\n")
    steps = json.loads(run("outcome", "history", "NEXT", "--json").stdout)
    assert [(step["from"], step["to"], step["reason"]) for step in reversed(steps)] == [
        (None, "candidate", "taxonomy file NEXT.yaml"),
        ("candidate", "validated", "ranked 4th"),
        ("validated", "active", "asked from now on"),
        ("active", "retired", "asked as STOP"),
    ]
    assert steps[0]["by"] == "rita"


def test_a_step_that_there_is_not_is_one_line_of_error(run):
    result = run(*RITA, "outcome", "status", "COST", "candidate", "--reason", "so")
    assert_one_line(result, "COST is active: from there it can become validated, retired, not candidate")
    result = run(*RITA, "outcome", "status", "COST", "validated", "--reason", "so", "--evidence", "999")
    assert_one_line(result, "there is no evidence 999")
    assert_one_line(run(*RITA, "outcome", "status", "CAST", "validated", "--reason", "so"), "did you mean COST")


def test_merging_says_how_many_votes_went_along(run):
    result = run(*RITA, "outcome", "merge", "COST", "into", "STOP", "--reason", "the same to customers")
    assert result.stdout == "merged COST into STOP, 0 votes carried over\n"
    assert_one_line(run("outcome", "merge", "COST", "STOP", "--reason", "so"), "CODE... into CODE...", exit_code=2)


def test_splitting_needs_a_researcher_and_two_successors(run, tmp_path):
    add(run, tmp_path, "NEXT", "Choose where to go next")
    words = ("outcome", "split", "COST", "INTO", "STOP", "NEXT", "--reason", "judged apart")
    assert_one_line(run("--as", "carl@example.com", *words), "needs the role")
    assert run(*RITA, *words).stdout == "split COST into STOP, NEXT\n"
    assert_one_line(run(*RITA, "outcome", "split", "STOP", "into", "NEXT", "--reason", "so"), "two successors")


def test_impact_names_what_uses_an_outcome(run):
    uses = {use["kind"]: use["count"] for use in json.loads(run("outcome", "impact", "STOP", "--json").stdout)}
    assert uses["tag"] == 2
    assert uses["rule"] == 1
    assert uses["study"] == 1
    assert "study: 1 (have evidence tagged with it)" in run("outcome", "impact", "STOP").stdout
