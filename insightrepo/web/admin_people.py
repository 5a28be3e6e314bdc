"""Administration of users and teams: invite, change, close, limit."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from insightrepo.accounts.invitations import invitation
from insightrepo.accounts.people import (
    change_person,
    change_team,
    find_person,
    invite,
    list_people,
    list_teams,
    scope_choices,
    scope_values,
)
from insightrepo.accounts.users import AccountError
from insightrepo.models import ROLES, Team, User
from insightrepo.taxonomy.reading import UnknownTerm
from insightrepo.web.admin import blueprint
from insightrepo.web.errors import page
from insightrepo.web.formatting import sentence
from insightrepo.web.request import reader, session, workspace


class Boxes(SelectMultipleField):
    """Boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class InviteForm(FlaskForm):
    """Somebody new."""

    email = EmailField("E-mail", [InputRequired("Enter an address."), Length(max=254)])
    name = StringField("Name", [Length(max=300)])
    role = SelectField("Role", choices=[(role, role) for role in ROLES], default="viewer")


class PersonForm(FlaskForm):
    """What a user is."""

    name = StringField("Name", [Length(max=300)])
    role = SelectField("Role", choices=[(role, role) for role in ROLES])
    active = BooleanField("May sign in")
    teams = Boxes("Teams", coerce=int)
    scopes = Boxes("Sees only studies and scores of")

    def offer(self) -> None:
        """Offer the teams and terms that there are."""
        self.teams.choices = [(team.id, team.name) for team in list_teams(session(), reader())]
        self.scopes.choices = scope_choices(session())


class TeamForm(FlaskForm):
    """A team."""

    name = StringField("Name", [InputRequired("A team needs a name."), Length(max=300)])
    scopes = Boxes("Its members see only studies and scores of")


@blueprint.errorhandler(AccountError)
def _no_such(error: AccountError) -> ResponseReturnValue:
    return page(404, sentence(error))


@blueprint.get("/people")
def people() -> ResponseReturnValue:
    """All users and teams, and the forms for more."""
    return _people(InviteForm(formdata=None), 200)


def _people(form: InviteForm, code: int, link: str = "", invited_person: User | None = None) -> ResponseReturnValue:
    with workspace().database.reading() as fresh:  # the request's own session may be of before somebody was invited
        listed = {"people": list_people(fresh, reader()), "teams": list_teams(fresh, reader())}
    shown = render_template(
        "admin/people.html", **listed, form=form, team_form=TeamForm(formdata=None), link=link,
        invited_person=invited_person,
    )  # fmt: skip
    return shown, code


@blueprint.post("/people")
def invite_person() -> ResponseReturnValue:
    """Add somebody; the link for their password is shown once."""
    form = InviteForm()
    if not form.validate():
        return _people(form, 422)
    try:
        with workspace().database.writing() as writing:
            user = invite(writing, reader(), form.email.data or "", form.name.data or "", form.role.data)
    except AccountError as error:
        form.email.errors = [sentence(error)]
        return _people(form, 422)
    return _people(InviteForm(formdata=None), 200, _link(user), user)


def _link(user: User) -> str:
    return url_for("auth.welcome", text=invitation(workspace().master_key, user), _external=True)


@blueprint.get("/people/<id:user_id>")
def person(user_id: int) -> ResponseReturnValue:
    """A user, to be changed."""
    user = find_person(session(), reader(), user_id)
    form = PersonForm(formdata=None, obj=None)
    form.offer()
    form.name.data, form.role.data, form.active.data = user.name, user.role, user.active
    form.teams.data = [team.id for team in user.teams]
    form.scopes.data = scope_values(session(), user)
    return render_template("admin/person.html", form=form, person=user, link="")


@blueprint.post("/people/<id:user_id>")
def change(user_id: int) -> ResponseReturnValue:
    """Change a user."""
    form = PersonForm()
    form.offer()
    user = find_person(session(), reader(), user_id)
    if not form.validate():
        return render_template("admin/person.html", form=form, person=user, link=""), 422
    try:
        with workspace().database.writing() as writing:
            changed = change_person(
                writing, reader(), user_id, name=form.name.data or "", role=form.role.data, active=form.active.data,
                teams=form.teams.data or (), scopes=form.scopes.data or (),
            )  # fmt: skip
    except (AccountError, UnknownTerm) as error:
        form.role.errors = [sentence(error)]
        return render_template("admin/person.html", form=form, person=user, link=""), 422
    flash("Changed; it holds from their next page on." if changed else "Nothing was different.", "success")
    return redirect(url_for("admin.people"))


@blueprint.post("/people/<id:user_id>/link")
def new_link(user_id: int) -> ResponseReturnValue:
    """A link by which a user sets a new password."""
    user = find_person(session(), reader(), user_id)
    if not user.active:
        return page(409, "The account is closed: let them sign in first.")
    return _people(InviteForm(formdata=None), 200, _link(user), user)


@blueprint.post("/teams")
def new_team() -> ResponseReturnValue:
    """A new team."""
    form = TeamForm()
    form.scopes.choices = scope_choices(session())
    if form.validate():
        try:
            with workspace().database.writing() as writing:
                team_id = change_team(writing, reader(), None, form.name.data or "", ())
            return redirect(url_for("admin.team", team_id=team_id))
        except AccountError as error:
            flash(f"No team was made: {error}.", "danger")
    else:
        flash("No team was made: a team needs a name.", "danger")
    return redirect(url_for("admin.people", _anchor="teams"))


@blueprint.route("/teams/<id:team_id>", methods=["GET", "POST"])
def team(team_id: int) -> ResponseReturnValue:
    """A team's name and what its members are limited to."""
    found = session().get(Team, team_id)
    if found is None:
        return page(404)
    form = TeamForm()
    form.scopes.choices = scope_choices(session())
    if not form.is_submitted():
        form.name.data, form.scopes.data = found.name, scope_values(session(), found)
    elif form.validate():
        try:
            with workspace().database.writing() as writing:
                change_team(writing, reader(), team_id, form.name.data or "", form.scopes.data or ())
            flash("The team is changed.", "success")
            return redirect(url_for("admin.people", _anchor="teams"))
        except (AccountError, UnknownTerm) as error:
            form.name.errors = [sentence(error)]
    return render_template("admin/team.html", form=form, team=found), 422 if form.is_submitted() else 200
