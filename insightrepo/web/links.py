"""Addresses within the site. A page of results has hundreds: each is made once and kept, since it never changes."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, request
from flask import url_for as made_url

MOST = 50_000  # addresses kept


def setup(app: Flask) -> None:
    """Let the templates have `url_for` below in place of Flask's."""
    app.extensions["addresses"] = {}
    app.jinja_env.globals["url_for"] = url_for


def url_for(endpoint: str, **values: Any) -> str:
    """As `flask.url_for`, remembered: within the site it depends on nothing but its arguments and where the site is."""
    if endpoint.startswith(".") or any(name.startswith("_") and name != "_anchor" for name in values):
        return made_url(endpoint, **values)
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    kept: dict[Any, str] = current_app.extensions["addresses"]
    # With their types: 1 and "1" are equal in an address, 1 and True are not.
    key = request.script_root, endpoint, tuple((name, type(value), value) for name, value in values.items())
    address = kept.get(key)
    if address is None:
        if len(kept) >= MOST:
            kept.clear()
        address = kept[key] = made_url(endpoint, **values)
    return address
