"""Headers, forms' tokens and the limit on signing in."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_talisman import Talisman
from flask_wtf import CSRFProtect

from insightrepo.web import tries

POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",  # Bootstrap's form icons are data images; Plotly makes a PNG by way of a blob
    "font-src": "'self'",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
KEPT = ("static", "bootstrap.static", "charts.plotly")  # by caches: nobody's own
SIGN_IN_LIMIT = "10 per minute; 60 per hour"  # failed tries from one address
HOST_BITS = 64  # of an IPv6 address: one customer of a provider may use them all


def setup(app: Flask, *, https: bool) -> Talisman:
    """Protect every page and form; call it once the routes are there.

    With `https` cookies are secure, HSTS is sent and plain HTTP is redirected (but for the health check, which is
    asked from within). What is returned can give a single view a policy of its own.
    """
    CSRFProtect(app)
    _limit_tries(app)
    talisman = Talisman(
        app,
        content_security_policy=POLICY,
        force_https=https,
        strict_transport_security=https,
        session_cookie_secure=https,
        session_cookie_samesite="Lax",
        frame_options="DENY",
        referrer_policy="same-origin",
    )
    app.view_functions["health.healthz"] = talisman(force_https=False)(app.view_functions["health.healthz"])
    app.after_request(_keep_private)
    return talisman


def _limit_tries(app: Flask) -> None:
    limiter = Limiter(
        _network,
        app=app,
        storage_uri=f"{tries.SCHEME}://",
        storage_options=tries.options_of(app.extensions["workspace"]),
    )
    app.extensions["sign_in_limiter"] = limiter  # its decorator holds it weakly
    limit = limiter.limit(SIGN_IN_LIMIT, methods=["POST"], deduct_when=lambda response: response.status_code != 302)
    app.view_functions["auth.sign_in"] = limit(app.view_functions["auth.sign_in"])  # type: ignore[assignment]


def _network() -> str:
    """Whose tries are counted together: an IPv4 address, or the network that an IPv6 address is of."""
    text = get_remote_address()
    try:
        address = ip_address(text)
    except ValueError:  # of a socket that has none
        return text
    if not isinstance(address, IPv6Address):
        return text
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return f"{IPv6Address(int(address) >> HOST_BITS << HOST_BITS)}/{128 - HOST_BITS}"


def _keep_private(response: Response) -> Response:
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if request.endpoint not in KEPT:
        response.headers["Cache-Control"] = "no-store"
    return response
