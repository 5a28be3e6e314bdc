"""The Flask application: how long its static files may be kept."""

from __future__ import annotations

from flask import Flask, request


class Application(Flask):
    """A Flask application whose static files may be kept by browsers only where their address names the version."""

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """Seconds; None for a module that another module imports: the browser asks whether it changed."""
        return super().get_send_file_max_age(filename) if "v" in request.args else None
