"""Comments on evidence and outcomes, and the inbox of who answers for them."""

from __future__ import annotations

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, TextAreaField
from wtforms.validators import AnyOf, Length

from insightrepo.library.comments import (
    KINDS,
    LONGEST,
    CommentRefused,
    CommentShown,
    Thread,
    inbox,
    note_inbox_visit,
    read_thread,
    remove_comment,
    said_by_me,
    settle_comment,
    write_comment,
)
from insightrepo.library.imports.safe_names import workspace_redactor
from insightrepo.web.errors import page
from insightrepo.web.request import reader, session, workspace

blueprint = Blueprint("inbox", __name__)


class CommentForm(FlaskForm):
    """A comment on a thing."""

    kind = HiddenField(validators=[AnyOf(KINDS)])
    key = HiddenField(validators=[Length(min=1, max=80)])
    text = TextAreaField("Comment", [Length(max=2 * LONGEST)])
    wrong = BooleanField("This looks wrong")


class SettleForm(FlaskForm):
    """What was done about a comment."""

    said = TextAreaField("What was done", [Length(max=2 * LONGEST)])


def setup(app: Flask) -> None:
    """Let templates read the comments on a thing."""
    app.jinja_env.globals["comments_on"] = _comments_on


def _comments_on(kind: str, key: str | int) -> Thread:
    return read_thread(session(), reader(), kind, str(key))


@blueprint.get("/inbox", endpoint="inbox")
def inbox_page() -> ResponseReturnValue:
    """What reached the reader, and what became of what they said; looking at it makes nothing new any more."""
    reached = inbox(session(), reader())
    above = {comment.id for comment in reached}
    mine = [comment for comment in said_by_me(session(), reader()) if comment.id not in above]
    shown = render_template("comments/inbox.html", reached=reached, mine=mine)
    if any(comment.is_new for comment in reached):
        with workspace().database.writing() as writing:
            note_inbox_visit(writing, reader())
    return shown


@blueprint.post("/comments")
def write() -> ResponseReturnValue:
    """Keep a comment."""
    form = CommentForm()
    if not form.validate():
        return page(400)
    redactor = workspace_redactor(workspace())
    try:
        with workspace().database.writing() as writing:
            write_comment(writing, reader(), form.kind.data, form.key.data, form.text.data or "", form.wrong.data,
                          redactor)  # fmt: skip
    except CommentRefused as error:
        flash(f"The comment was not kept: {error}.", "danger")
    else:
        flash("The comment is kept and has reached who answers for it.", "success")
    return redirect(_place(form.kind.data, form.key.data))


@blueprint.post("/comments/<id:comment_id>/settle")
def settle(comment_id: int) -> ResponseReturnValue:
    """Mark a comment as settled."""
    form = SettleForm()
    if not form.validate():
        return page(400)
    redactor = workspace_redactor(workspace())
    try:
        with workspace().database.writing() as writing:
            comment = settle_comment(writing, reader(), comment_id, form.said.data or "", redactor)
    except CommentRefused as error:
        return page(409, f"Nothing was changed: {error}.")
    flash("The comment is settled.", "success")
    return redirect(_back(comment))


@blueprint.post("/comments/<id:comment_id>/remove")
def remove(comment_id: int) -> ResponseReturnValue:
    """Remove a comment."""
    if not SettleForm().validate():
        return page(400)
    with workspace().database.writing() as writing:
        comment = remove_comment(writing, reader(), comment_id)
    flash("The comment is removed; the audit log keeps it.", "info")
    return redirect(_back(comment))


def _back(comment: CommentShown) -> str:
    return url_for("inbox.inbox") if request.form.get("back") == "inbox" else _place(comment.kind, comment.key)


def _place(kind: str, key: str) -> str:
    if kind == "evidence":
        return url_for("evidence.evidence", evidence_id=int(key) if key.isdigit() else 0, _anchor="comments")
    return url_for("outcomes.outcome", code=key, _anchor="comments")
