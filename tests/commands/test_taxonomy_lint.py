"""`insightrepo taxonomy lint`, and the warnings that an import reports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from click.testing import Result
from command_line import PASSWORD, invoke

Run = Callable[..., Result]
FILE = """outcomes:
  - code: APP
    job: Open the dashboard at the gate
    success: faster
"""


def test_a_warning_names_file_line_outcome_words_reason_and_code(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    path.write_text(FILE)
    result = run("taxonomy", "lint", str(path))
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "new.yaml:2: APP job: “dashboard” is a way to get there: the outcome should hold whatever the solution; "
        "say what the customer gets done with it [solution]",
        "1 warning on 1 of 1 outcome, 0 pairs that may overlap",
    ]
    assert "APP" not in run("taxonomy", "export", "-").stdout


def test_strict_is_exit_code_1_where_there_are_warnings(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    path.write_text(FILE)
    assert run("taxonomy", "lint", str(path), "--strict").exit_code == 1
    path.write_text(FILE.replace("Open the dashboard", "Wait in line"))
    assert run("taxonomy", "lint", str(path), "--strict").exit_code == 0
    assert run("taxonomy", "lint", "--strict").exit_code == 1  # COST has no success measure


def test_an_import_warns_and_is_done_all_the_same(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    path.write_text(FILE)
    result = run("taxonomy", "import", str(path))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "outcome APP created"
    assert lines[1].startswith("warning: new.yaml:2: APP job: “dashboard” is a way")
    assert lines[2] == "1 created, 0 changed, 0 unchanged"


METRICS = """metrics:
  - {code: CES, name: Effort, kind: mean, unit: points, nature: opinion, unit_of_analysis: user, outcomes: [APP]}
"""


def test_a_register_that_leads_with_a_metric_goes_into_a_new_workspace_and_its_metrics_after_it(
    run: Run, tmp_path: Path
) -> None:
    register, metrics, new = tmp_path / "register.yaml", tmp_path / "metrics.yaml", tmp_path / "new"
    register.write_text(FILE)
    metrics.write_text(METRICS)
    for call in (["taxonomy", "import", str(register)], ["metrics", "define", str(metrics)]):
        assert run(*call).exit_code == 0
    register.write_text(FILE + "    lead_measure: CES\n")
    assert "warning: outcome" not in run("taxonomy", "import", str(register)).stdout
    assert run("taxonomy", "export", str(register)).exit_code == 0
    assert invoke(new, "init", "--email", "ada@example.com", "--password", PASSWORD).exit_code == 0
    imported = invoke(new, "taxonomy", "import", str(register))
    assert imported.exit_code == 0, imported.output
    assert "warning: outcome APP leads with CES, which is no metric yet" in imported.stdout
    assert invoke(new, "outcome", "history", "APP").exit_code == 0
    defined = invoke(new, "metrics", "define", str(metrics))
    assert defined.exit_code == 0, defined.output
    again = invoke(new, "taxonomy", "import", str(register))
    assert "warning: outcome" not in again.stdout
    assert invoke(new, "taxonomy", "export", "-").stdout == register.read_text()
