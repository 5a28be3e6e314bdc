"""What the documentation names exists, and what exists is documented."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from config import PREFIX, Settings, settings_table
from insightrepo.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
OPERATING = (ROOT / "docs" / "operating.md").read_text()


def test_the_table_of_settings_is_that_of_the_code() -> None:
    assert settings_table() in OPERATING, "put what `python config.py` prints into docs/operating.md"


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_every_file_for_deploying_is_spoken_of() -> None:
    deploying = (ROOT / "docs" / "deploying.md").read_text()
    for path in (ROOT / "deploy").iterdir():
        assert path.name in deploying or path.suffix == ".service", path.name


def test_the_settings_that_the_files_for_deploying_name_exist() -> None:
    for path in (ROOT / "deploy").iterdir():
        for name in re.findall(rf"{PREFIX}([A-Z_]+)=", path.read_text()):
            assert name.lower() in Settings.model_fields, (path.name, name)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_documentation(name: str) -> None:
    assert any(re.search(rf"insightrepo {name}\b", page.read_text()) for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_named_exists(page: Path) -> None:
    context = click.Context(main)
    for name in re.findall(r"`(?:[^`\n]*; )?insightrepo ([a-z]+)", page.read_text()):
        assert main.get_command(context, name) is not None, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_make_target_explains_itself() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    for target in phony.group(1).split():
        assert re.search(rf"^{target}:.*##", makefile, re.MULTILINE), target
