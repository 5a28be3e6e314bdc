"""Settings: every wrong value is named, and so is a variable that is no setting."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config import PREFIX, ConfigurationError, Settings, load_settings


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of ours is set, and the folder is an empty one."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


WRONG = {
    "TIMEZONE": "Mars/Olympus",
    "KEYWORD_ENGINE": "lucene",
    "LOCALE": "de_XX",
    "LANGUAGE": "klingon",
    "PHONE_REGION": "USA",
    "MAX_FILE_MEGABYTES": "0",
    "THREADS": "many",
    "HTTPS": "perhaps",
    "PROXY_HOPS": "6",
    "LOG_LEVEL": "LOUD",
    "EMBED_ORIGINS": "wiki.example.com",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(PREFIX + name, WRONG[name])
    with pytest.raises(ConfigurationError, match=f"^{PREFIX}{name}: ") as raised:
        load_settings()
    assert WRONG[name] in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_in_the_file_of_the_workspace_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "settings.env").write_text(f"{PREFIX}{name}={WRONG[name]}\n")
    with pytest.raises(ConfigurationError, match=f"^{PREFIX}{name}: "):
        load_settings(home=tmp_path)


def test_a_variable_that_is_no_setting_is_named_with_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSIGHTREPO_THREDS", "4")
    with pytest.raises(
        ConfigurationError, match=r"INSIGHTREPO_THREDS is not a setting; known are .*INSIGHTREPO_THREADS"
    ):
        load_settings()


def test_every_setting_can_be_set_and_says_what_it_is() -> None:
    assert all(field.description for field in Settings.model_fields.values())
    assert set(WRONG) | {"HOME", "DATABASE_URL", "SECRET_KEY", "EMBEDDING_MODEL", "NAMES_FILE"} == {
        name.upper() for name in Settings.model_fields
    }


def test_the_environment_outranks_the_file_and_what_is_given_outranks_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "settings.env").write_text("INSIGHTREPO_THREADS=3\nINSIGHTREPO_PHONE_REGION=de\n")
    monkeypatch.setenv("INSIGHTREPO_HOME", str(tmp_path))
    assert (load_settings().threads, load_settings().phone_region) == (3, "DE")
    monkeypatch.setenv("INSIGHTREPO_THREADS", "4")
    assert load_settings().threads == 4
    assert load_settings(threads=5).threads == 5


def test_the_database_is_in_the_workspace_unless_a_url_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert load_settings(home=tmp_path).url == f"sqlite:///{tmp_path.resolve()}/insightrepo.db"
    monkeypatch.setenv("INSIGHTREPO_DATABASE_URL", "postgresql+pg8000://me@localhost/insights")
    assert load_settings(home=tmp_path).url == "postgresql+pg8000://me@localhost/insights"


def test_nothing_needs_to_be_set(tmp_path: Path) -> None:
    found = load_settings()
    assert (found.home, found.timezone, found.embedding_model, found.https) == (Path("instance"), "UTC", "", False)
