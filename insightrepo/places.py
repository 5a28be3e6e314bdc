"""Where the files that come with the package are."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent


def template_folder() -> Path:
    """Where the templates are: inside the installed package, or beside it in a checkout."""
    installed = PACKAGE / "templates"
    return installed if installed.is_dir() else PACKAGE.parent / "templates"
