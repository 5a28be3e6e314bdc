"""Whether this server can do its work, for whoever watches it. Nothing secret is said."""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from indexes.parts import IndexMismatch
from indexes.state import IndexDamaged
from insightrepo.library.indexing import follow, notes
from insightrepo.models import User
from insightrepo.web.request import workspace

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """200 where the database answers and the indexes can be searched, else 503; `notes` say what results may miss."""
    state = {"database": _database(), "indexes": _indexes()}
    ok = all(state.values())
    said = {"notes": found} if ok and (found := notes(workspace())) else {}
    return jsonify(ok=ok, version=current_app.config["VERSION"], **state, **said), 200 if ok else 503


def _database() -> bool:
    try:
        with workspace().database.reading() as session:
            session.execute(text(f"SELECT id FROM {User.__tablename__} LIMIT 1"))  # noqa: S608 - our own name
    except SQLAlchemyError:
        current_app.logger.exception("health: the database does not answer")
        return False
    return True


def _indexes() -> bool:
    try:
        follow(workspace())
    except (IndexMismatch, IndexDamaged):
        current_app.logger.exception("health: the indexes cannot be read")
        return False
    return True
