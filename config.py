"""Settings of a workspace, read from the environment and from ``INSIGHTREPO_HOME/settings.env``.

Each name below is an environment variable with the prefix ``INSIGHTREPO_``. A wrong value refuses to start and says
which.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from insightrepo.locales import known_locale

PREFIX = "INSIGHTREPO_"
ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")


class ConfigurationError(Exception):
    """A setting is wrong; the message names it."""


class Settings(BaseSettings):
    """The settings in force; every field has its unit and default in its description."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    home: Path = Field(
        Path("instance"), description="Folder of the workspace: database, indexes, originals, model cache."
    )
    database_url: str = Field(
        "", description="SQLAlchemy URL; empty: SQLite in the workspace. PostgreSQL: postgresql+pg8000://…"
    )
    secret_key: str = Field("", description="Signs sessions; empty: derived from the workspace's key.")
    embedding_model: str = Field(
        "",
        description="sentence-transformers name or path; empty: packaged all-MiniLM-L6-v2; none: meaning search off.",
    )
    timezone: str = Field("UTC", description="Time zone in which waves and days are meant.")
    locale: str = Field(
        "iso",
        description="How pages and documents write dates and numbers: en, en_GB, de, fr_CH…; iso: 2025-06-30, 1,079.5.",
    )
    language: Literal["en", "none"] = Field("en", description="Stemming of the keyword index: English, or none.")
    keyword_engine: Literal["whoosh", "tantivy"] = Field(
        "whoosh", description="Keyword engine; tantivy for more than some 50,000 pieces of evidence. Then `reindex`."
    )
    phone_region: str = Field(
        "US", min_length=2, max_length=2, description="Region in which a phone number without a country code is read."
    )
    names_file: Path | None = Field(None, description="File of names, one a line, that redaction removes everywhere.")
    max_file_megabytes: int = Field(100, ge=1, le=4096, description="A larger file is refused.")
    threads: int = Field(2, ge=1, le=64, description="Threads of the embedding model.")
    https: bool = Field(False, description="Served over TLS: cookies are marked secure and HSTS is sent.")
    proxy_hops: int = Field(
        0, ge=0, le=5, description="Proxies in front whose forwarded headers are trusted; 0: served directly."
    )
    embed_origins: str = Field(
        "",
        description="Sites, parted by commas, that may frame our charts: https://wiki.example.com; empty: none.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="What is logged.")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"no time zone is called {value!r}; try Europe/Berlin or UTC") from error
        return value

    @field_validator("locale")
    @classmethod
    def _known_locale(cls, value: str) -> str:
        return known_locale(value)

    @field_validator("phone_region")
    @classmethod
    def _upper(cls, value: str) -> str:
        return value.upper()

    @field_validator("embed_origins")
    @classmethod
    def _origins(cls, value: str) -> str:
        for origin in _listed(value):
            parts = urlsplit(origin)
            if not ORIGIN.fullmatch(origin) or not parts.hostname:
                raise ValueError(f"{origin!r} is no origin; write scheme and host like https://wiki.example.com")
        return value

    @property
    def frame_ancestors(self) -> tuple[str, ...]:
        """The origins that may show a chart in a frame."""
        return _listed(self.embed_origins)

    @property
    def url(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{(self.home / 'insightrepo.db').resolve()}"


def settings_table() -> str:
    """Every setting with its default and what it is, as the Markdown table of docs/operating.md."""
    rows = ["| name | default | what it is |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "empty" if field.default in ("", None) else field.default
        rows.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def load_settings(**overrides: object) -> Settings:
    """The settings from the environment; `overrides` win.

    Raises:
        ConfigurationError: a value is wrong, or a variable with our prefix is not a setting.
    """
    unknown = sorted(
        name
        for name in os.environ
        if name.startswith(PREFIX) and name.removeprefix(PREFIX).lower() not in Settings.model_fields
    )
    if unknown:
        known = ", ".join(PREFIX + name.upper() for name in Settings.model_fields)
        raise ConfigurationError(f"{unknown[0]} is not a setting; known are {known}")
    try:
        home = Path(str(overrides.get("home") or os.environ.get(f"{PREFIX}HOME") or "instance"))
        return Settings(_env_file=home / "settings.env", **overrides)  # type: ignore[call-arg, arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        field = "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigurationError(f"{PREFIX}{field}: {first['msg']} (got {first['input']!r})") from error


if __name__ == "__main__":
    print(settings_table())
