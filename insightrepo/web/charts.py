"""Plotly's script from its package, for `static/charts.js`, which draws the charts of `templates/_chart.html`."""

from __future__ import annotations

import gzip
import re
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files

from flask import Blueprint, Flask, Response, request, url_for
from flask.typing import ResponseReturnValue

YEAR = 365 * 24 * 3600  # seconds that a browser keeps it: the address names the version
STYLE_ID = re.compile(rb'getElementById\("([0-9a-f]{64})"\)')  # of a stylesheet that a library inside brings along

blueprint = Blueprint("charts", __name__)


def setup(app: Flask) -> None:
    """Make `plotly_url` and `plotly_styles` known to the templates."""
    app.add_template_global(plotly_url)
    app.add_template_global(plotly_styles)


def plotly_url() -> str:
    """Where Plotly's script is, with its version."""
    return url_for("charts.plotly", v=_version())


@lru_cache(maxsize=1)
def _version() -> str:
    """Read once: it takes two milliseconds of every page."""
    return version("plotly")


def plotly_styles() -> str:
    """The ids, parted by spaces, of the style elements that Plotly's script would add unless they are there.

    They are of maps, which we do not draw; an empty element of that id keeps the script from breaking the policy.
    """
    return _styles()


@blueprint.get("/static-plotly.js")
def plotly() -> ResponseReturnValue:
    """Plotly's script, compressed for browsers that take it so."""
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    response = Response(_packed() if packed else _script(), mimetype="text/javascript")
    response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    response.cache_control.public = True
    response.cache_control.max_age = YEAR
    response.cache_control.immutable = True
    return response


def _script() -> bytes:
    return files("plotly").joinpath("package_data", "plotly.min.js").read_bytes()


@lru_cache(maxsize=1)
def _packed() -> bytes:
    return gzip.compress(_script(), 6)


@lru_cache(maxsize=1)
def _styles() -> str:
    return " ".join(sorted({found.decode() for found in STYLE_ID.findall(_script())}))
