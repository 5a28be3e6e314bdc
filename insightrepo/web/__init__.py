"""The web edge: `create_app` puts blueprints, security and pages around one workspace."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Flask
from flask_bootstrap import Bootstrap5
from werkzeug.middleware.proxy_fix import ProxyFix

import insightrepo
from config import load_settings
from insightrepo.places import PACKAGE, template_folder
from insightrepo.web import (
    act,
    admin,
    admin_people,  # noqa: F401 (routes of admin)
    auth,
    changes,
    charts,
    decisions,
    downloads,
    errors,
    evidence,
    formatting,
    frame,
    glossary,
    health,
    hits,
    home,
    importing,
    inbox,
    insights,
    judgements,
    links,
    measuring,
    navigation,
    outcome_applicability,  # noqa: F401 (routes of outcomes)
    outcome_editing,  # noqa: F401 (routes of outcomes)
    outcome_status,  # noqa: F401 (routes of outcomes)
    outcome_succession,  # noqa: F401 (routes of outcomes)
    outcomes,
    packs,
    quantities,
    questions,
    scores,
    search,
    security,
    studies,
    study_editing,
    targets,
    taxonomy,
    validations,
    visits,
    waves,
)
from insightrepo.web.application import Application
from insightrepo.web.request import IdConverter, InMemoryRequest, close_session
from insightrepo.workspace import Workspace

ROOMS = (
    act,
    admin,
    auth,
    changes,
    charts,
    decisions,
    downloads,
    evidence,
    frame,
    glossary,
    health,
    hits,
    home,
    importing,
    inbox,
    insights,
    judgements,
    measuring,
    outcomes,
    packs,
    quantities,
    questions,
    scores,
    search,
    studies,
    study_editing,
    waves,
    targets,
    taxonomy,
    validations,
)
FORM_BYTES = 1024 * 1024  # the page that takes files raises this for itself
SESSION_SECONDS = 7 * 24 * 3600


PATIENCE = 0.2  # seconds that a reader waits for what was just committed, before the state of before answers


def create_app(workspace: Workspace | None = None, **config: Any) -> Flask:
    """The application around a workspace (None: the one that the environment names).

    `config` overrides Flask's configuration. No database connection is opened and no thread started here, so the app
    may be made before a server forks.

    Raises:
        WorkspaceMissing: the workspace has not been made yet; the message says how.
        ConfigurationError: a setting is wrong; the message names it.
    """
    workspace = workspace or Workspace(load_settings())
    workspace.patience = PATIENCE
    app = Application(
        "insightrepo.web", template_folder=str(template_folder()), static_folder=str(PACKAGE / "web" / "static")
    )
    app.request_class = InMemoryRequest
    _setup_config(app, workspace, config)
    _setup_proxy(app, workspace.settings.proxy_hops)
    Bootstrap5(app)
    _setup_blueprints(app)
    formatting.speak_to_the_reader(app)  # first of all that is done before a request
    act.setup(app, security.setup(app, https=workspace.settings.https))
    auth.setup(app)
    visits.setup(app)
    formatting.setup(app)
    charts.setup(app)
    links.setup(app)
    navigation.setup(app)
    study_editing.setup(app)
    inbox.setup(app)
    errors.setup(app)
    app.teardown_appcontext(close_session)
    return app


def session_key(workspace: Workspace) -> bytes:
    """What signs sessions: the setting, or 32 bytes derived from the workspace's key.

    Raises:
        WorkspaceMissing: there is no setting and no workspace.
    """
    if workspace.settings.secret_key:
        return workspace.settings.secret_key.encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"session").derive(workspace.master_key)


def _setup_config(app: Flask, workspace: Workspace, config: dict[str, Any]) -> None:
    app.extensions["workspace"] = workspace
    app.config.from_mapping(
        SECRET_KEY=session_key(workspace),
        MAX_CONTENT_LENGTH=FORM_BYTES,
        PERMANENT_SESSION_LIFETIME=SESSION_SECONDS,
        SEND_FILE_MAX_AGE_DEFAULT=3600,
        SESSION_COOKIE_NAME="insightrepo",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=workspace.settings.https,
        BOOTSTRAP_SERVE_LOCAL=True,
        VERSION=insightrepo.__version__,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
    )
    app.config.from_mapping(config)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}


def _setup_proxy(app: Flask, hops: int) -> None:
    """Trust what this many proxies say of the client's address, scheme, host and prefix."""
    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops, x_prefix=hops)  # type: ignore[method-assign]


def _setup_blueprints(app: Flask) -> None:
    app.url_map.converters["id"] = IdConverter
    for room in ROOMS:
        app.register_blueprint(room.blueprint)
