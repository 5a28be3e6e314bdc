"""`insightrepo why` and `insightrepo changes` on the planted story."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import planted_story
import pytest
from click.testing import Result
from command_line import PASSWORD, PEOPLE, assert_one_line, invoke

from config import Settings
from insightrepo.workspace import Workspace


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a person of each role and the planted story."""
    home = tmp_path_factory.mktemp("why") / "home"
    assert invoke(home, "init", "--email", "ada@example.com", "--password", PASSWORD).exit_code == 0
    workspace = Workspace(Settings(home=home, database_url="", embedding_model="hashing"))
    with workspace.database.writing() as session:
        planted_story.tell(session)
    workspace.close()
    for email, role in PEOPLE.items():
        assert invoke(home, "user", "add", email, "--role", role, "--password", PASSWORD).exit_code == 0
    scoped = ("--role", "viewer", "--password", PASSWORD, "--scope", "segment:teens")
    assert invoke(home, "user", "add", "sam@example.com", *scoped).exit_code == 0
    return home


@pytest.fixture
def ask(told: Path) -> Callable[..., Result]:
    return lambda *arguments: invoke(told, *arguments)


def test_why_prints_the_sentence_the_parts_and_the_words(ask):
    result = ask("--as", "vera@example.com", "why", "STOP")
    assert result.exit_code == 0, result.output
    assert "fell 18 points between 2025-Q2 and 2025-Q3 (80% → 62%)" in result.stdout
    assert "by family: −18.0 points = −18.0 rate 0.0 mix" in result.stdout
    assert "task T-ADD Add a stop on the route: task success 84% → 61% worse" in result.stdout
    assert "word plus button: 0 people before" in result.stdout


@pytest.mark.parametrize("email", ["vera@example.com", "carl@example.com", "rita@example.com", "ada@example.com"])
def test_every_role_may_ask(ask, email):
    assert ask("--as", email, "why", "STOP", "--segment", "school").exit_code == 0
    assert ask("--as", email, "changes").exit_code == 0


def test_the_json_holds_the_parts_with_what_they_add_up_to(ask):
    found = json.loads(ask("why", "STOP", "--from", "2025-Q2", "--to", "2025-Q3", "--json").stdout)
    split = found["splits"][0]
    assert sum(part["effect"] for part in split["parts"]) == pytest.approx(found["score"]["change"])
    assert [task["code"] for task in found["tasks"] if task["goes_with"]] == ["T-ADD"]
    assert found["words"]["quotes"][0]["of_the_task"] is True


def test_a_reader_gets_nothing_of_a_segment_outside_the_scopes(ask):
    result = ask("--as", "sam@example.com", "why", "STOP", "--json")
    assert {part["code"] for part in json.loads(result.stdout)["splits"][0]["parts"]} == {"teens", None}
    assert "school" not in ask("--as", "sam@example.com", "changes", "--json").stdout.replace("school-age", "")
    assert_one_line(ask("--as", "sam@example.com", "why", "STOP", "--segment", "school"), "no segment is called")


def test_changes_lists_what_really_moved_and_counts_the_rest(ask):
    result = ask("changes", "--measure", "satisfaction", "--segment", "all", "--product", "all")
    lines = result.stdout.strip().splitlines()
    assert lines[0].startswith("worse  STOP  everybody  satisfaction 80.0 → 62.0 percent, −18.0")
    assert lines[1] == (
        "2025-Q2 to 2025-Q3: compared 2, really moved 1, too small to matter 0, no evidence of change 1, "
        "not enough data 0"
    )
    found = json.loads(ask("changes", "--json").stdout)
    assert {row["code"] for row in found["changes"]} == {"STOP", "T-ADD"}


def test_what_cannot_be_asked_is_one_line(ask):
    assert_one_line(ask("why", "NONE"), "there is no outcome NONE, or it is not shared with you")
    assert_one_line(ask("why", "STOP", "--to", "2025-Q9"), "no wave is called '2025-Q9'")
    assert_one_line(ask("changes", "--from", "2025-Q3"), "each wave is compared with the one before it")


def test_a_stranger_may_not_ask(ask):
    assert_one_line(ask("--as", "eve@example.com", "why", "STOP"), "no active user is called eve@example.com")
