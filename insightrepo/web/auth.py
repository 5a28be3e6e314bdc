"""Signing in and out. Every page but the few in `PUBLIC` needs a signed-in user."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import EmailField, HiddenField, PasswordField
from wtforms.validators import EqualTo, InputRequired, Length

from insightrepo.accounts.access import Reader, reader_for
from insightrepo.accounts.audit import record
from insightrepo.accounts.invitations import InvitationGone, invited, set_password
from insightrepo.accounts.users import AccountError
from insightrepo.accounts.users import sign_in as check_password
from insightrepo.memory import remembered
from insightrepo.models import User
from insightrepo.web.formatting import sentence
from insightrepo.web.request import is_id, session, workspace

PUBLIC = frozenset({"auth.sign_in", "auth.welcome", "health.healthz", "static", "bootstrap.static", "charts.plotly"})

blueprint = Blueprint("auth", __name__)
login = LoginManager()


@dataclass(frozen=True)
class SignedIn(UserMixin):
    """The user of a session. A changed password ends it: the cookie holds a fingerprint of the password's hash."""

    id: int
    name: str
    email: str
    role: str
    fingerprint: str
    reader: Reader

    def get_id(self) -> str:
        """What the cookie keeps."""
        return f"{self.id}:{self.fingerprint}"


class SignInForm(FlaskForm):
    """Address and password, and where to go afterwards."""

    email = EmailField("E-mail", [InputRequired("Enter your e-mail address."), Length(max=254)])
    password = PasswordField("Password", [InputRequired("Enter your password."), Length(max=500)])
    next = HiddenField()


class WelcomeForm(FlaskForm):
    """A password, twice."""

    password = PasswordField("Password", [InputRequired("Choose a password."), Length(max=500)])
    again = PasswordField("The same again", [EqualTo("password", "These two are not the same.")])


def setup(app: Flask) -> None:
    """Ask for a signed-in user before every page that is not public."""
    login.init_app(app)
    app.before_request(_require_sign_in)


@login.user_loader
def _load(cookie_id: str) -> SignedIn | None:
    number, _, expected = cookie_id.partition(":")
    if not is_id(number):
        return None
    user = remembered(session(), ("signed in", int(number)), lambda: _active(int(number)))
    return user if user and user.fingerprint == expected else None


def _active(number: int) -> SignedIn | None:
    user = session().get(User, number)
    return _signed_in(user, reader_for(session(), user)) if user and user.active else None


def _signed_in(user: User, reader: Reader) -> SignedIn:
    return SignedIn(user.id, user.name or user.email, user.email, user.role, fingerprint(user), reader)


def fingerprint(user: User) -> str:
    """What of the password's hash the cookie keeps, so that a new password ends old sessions."""
    return sha256(user.password_hash.encode()).hexdigest()[:16]


def _require_sign_in() -> Response | None:
    if request.endpoint in PUBLIC or current_user.is_authenticated:
        return None
    wanted = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return redirect(url_for("auth.sign_in", next=None if wanted == "/" else request.script_root + wanted))


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """The form; with the right password on to the page that was wanted."""
    target = local_path(request.values.get("next"))
    if current_user.is_authenticated:
        return redirect(target)
    form = SignInForm()
    if not form.validate_on_submit():
        return render_template("auth/sign_in.html", form=form), 422 if form.is_submitted() else 200
    user = _checked(form.email.data or "", form.password.data or "")
    if user is None:
        flash("That address and password do not go together. Check both and try again.", "danger")
        return render_template("auth/sign_in.html", form=form), 422
    cookie.clear()  # nothing of the visitor's session lives on in the user's
    cookie.permanent = True
    login_user(user)
    return redirect(target)


def _checked(email: str, password: str) -> SignedIn | None:
    with workspace().database.reading() as reading:
        user = check_password(reading, email, password)
        found = _signed_in(user, reader_for(reading, user)) if user else None
    if found:
        with workspace().database.writing() as writing:
            record(writing, found.id, "user.sign_in", f"user:{found.id}")
    return found


@blueprint.route("/welcome/<text>", methods=["GET", "POST"])
def welcome(text: str) -> ResponseReturnValue:
    """Who was invited sets their password, once."""
    form = WelcomeForm()
    try:
        user = invited(session(), workspace().master_key, text)
        if form.validate_on_submit():
            with workspace().database.writing() as writing:
                set_password(writing, invited(writing, workspace().master_key, text), form.password.data or "")
            flash("Your password is set. Sign in with it.", "success")
            return redirect(url_for("auth.sign_in"))
    except InvitationGone:
        return render_template("auth/gone.html"), 404
    except AccountError as error:
        form.password.errors = [sentence(error)]
    return render_template("auth/welcome.html", form=form, user=user), 422 if form.is_submitted() else 200


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session."""
    logout_user()
    cookie.clear()
    flash("You are signed out.", "info")
    return redirect(url_for("auth.sign_in"))


def local_path(target: str | None) -> str:
    """`target` if it is a path on this site, else the home page: a link must not lead anywhere else."""
    home = url_for("home.home")
    if not target or target.startswith("//") or not target.startswith(f"{request.script_root}/"):
        return home
    if "\\" in target or any(ord(sign) < 32 for sign in target):
        return home
    parts = urlsplit(target)
    return home if parts.scheme or parts.netloc else target
