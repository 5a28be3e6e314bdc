"""The settings in force for people to read: what each is, where it comes from, and never a secret."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pydantic_settings import DotEnvSettingsSource
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from config import PREFIX, Settings

SECRET = ("secret_key",)


@dataclass(frozen=True)
class SettingShown:
    """A setting: its variable, value, where it comes from, and what it is."""

    name: str
    value: str
    source: str
    description: str


def settings_in_force(settings: Settings) -> list[SettingShown]:
    """Every setting of this process. Of a secret only whether it is set; of a URL no password."""
    file = settings.home / "settings.env"
    in_file = set(DotEnvSettingsSource(Settings, env_file=file)()) if file.exists() else set()
    environment = {name.upper() for name in os.environ}
    found = []
    for name, field in Settings.model_fields.items():
        variable, value = f"{PREFIX}{name.upper()}", getattr(settings, name)
        if variable in environment:
            source = "environment"
        elif name in in_file:
            source = "settings.env"
        else:
            source = "default" if value == field.default else "command line"
        found.append(SettingShown(variable, _words(name, value), source, field.description or ""))
    return found


def _words(name: str, value: object) -> str:
    if value in ("", None):
        return "empty"
    if name in SECRET:
        return "set"
    return _address(value) if name == "database_url" and isinstance(value, str) else str(value)


def _address(url: str) -> str:
    """Where a database is, without user, password and options: each may hold a secret."""
    try:
        whole = make_url(url)
    except ArgumentError:
        return "set, and no URL"
    shown = URL.create(whole.drivername, host=whole.host, port=whole.port, database=whole.database)
    return shown.render_as_string()
