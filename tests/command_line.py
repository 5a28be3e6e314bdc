"""What the tests of the commands share: people, a taxonomy, a feed, answers, and how a failure must look."""

from __future__ import annotations

import os
from pathlib import Path

from click.testing import CliRunner, Result

from config import PREFIX
from insightrepo.cli import main

PASSWORD = "a long enough password"
PEOPLE = {"rita@example.com": "researcher", "carl@example.com": "contributor", "vera@example.com": "viewer"}
TAXONOMY = """outcomes:
  - code: STOP
    job: Find a stop that the children like
    success: with ease
    category: Plan
    rules:
      - any: [boring]
  - code: COST
    job: Know what the trip costs
segments:
  - dimension: family
    members:
      - code: new
        name: New parents
products:
  - code: app
    name: The app
    children:
      - code: maps
        name: Maps
    tasks:
      - code: PICK
        name: Pick a stop
        outcomes: [STOP]
"""
FEEDBACK = """id,respondent,date,comment
v1,c1,2025-03-01,The stops were boring for our kids.
v2,c2,2025-03-02,The fees at the gate were hidden.
v3,c3,2025-03-03,We liked the maps of the app.
v4,c4,2025-03-04,A boring day on the road again.
"""
ANSWERS = "respondent,outcome,satisfaction,product\n" + "".join(
    f"r{n},STOP,{n % 5 + 1},{('app', 'maps')[n % 2]}\n" for n in range(80)
)


def invoke(home: Path, *arguments: str, **variables: str) -> Result:
    """Run ``insightrepo --home HOME ARGUMENTS`` with no setting of ours but these variables and the hashing model."""
    unset = {name: None for name in os.environ if name.startswith(PREFIX)}
    given = {"EMBEDDING_MODEL": "hashing"} | variables
    runner = CliRunner(env=unset | {PREFIX + name: value for name, value in given.items()})
    return runner.invoke(main, ["--home", str(home), *arguments])


def assert_one_line(result: Result, *said: str, exit_code: int = 1) -> None:
    """The command failed as it should: with this exit code, one line of error that says this, and no traceback."""
    assert result.exit_code == exit_code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    lines = [line for line in result.stderr.strip().splitlines() if line and not line.startswith(("Usage:", "Try "))]
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("Error: ")
    for words in said:
        assert words in lines[0]
