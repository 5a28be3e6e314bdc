"""Whether this server can do its work, for whoever watches it. Nothing secret is said."""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from indexes.parts import IndexMismatch
from indexes.state import IndexDamaged
from insightrepo.library.indexing.indexing import follow, notes
from insightrepo.schema import SchemaMismatch, require_current
from insightrepo.web.request import workspace

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """200 where the database answers with this version's schema and the indexes can be searched, else 503.

    `notes` say what results may miss.
    """
    state = {"database": _database(), "indexes": _indexes()}
    ok = all(state.values())
    said = {"notes": found} if ok and (found := notes(workspace())) else {}
    return jsonify(ok=ok, version=current_app.config["VERSION"], **state, **said), 200 if ok else 503


def _database() -> bool:
    try:
        require_current(workspace().database.engine)
    except (SQLAlchemyError, SchemaMismatch):
        current_app.logger.exception("health: the database cannot be used")
        return False
    return True


def _indexes() -> bool:
    try:
        follow(workspace())
    except (IndexMismatch, IndexDamaged):
        current_app.logger.exception("health: the indexes cannot be read")
        return False
    return True
