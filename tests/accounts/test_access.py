"""Who sees which study: Vera is a viewer, Carl a contributor, Rita a researcher, Ada the administrator."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError

from insightrepo.accounts.access import Forbidden, Reader, visible_studies
from insightrepo.models import Product, Segment, Study, Team, Term
from insightrepo.workspace import Workspace

Make = Callable[..., Reader]


def add_study(workspace: Workspace, key: str, owner: Reader | None = None, team: str = "", **fields) -> int:
    with workspace.database.writing() as session:
        study = Study(key=key, title=key, owner_id=owner.user_id if owner else None, **{"state": "published", **fields})
        if team:
            study.team_id = session.scalar(select(Team.id).where(Team.name == team))
        session.add(study)
        session.flush()
        return study.id


def add_product(workspace: Workspace, code: str, parent: int | None = None) -> int:
    with workspace.database.writing() as session:
        product = Product(code=code, name=code, parent_id=parent)
        session.add(product)
        session.flush()
        return product.id


def set_to(workspace: Workspace, study_id: int, term: type, term_id: int) -> None:
    with workspace.database.writing() as session:
        study = session.get_one(Study, study_id)
        (study.products if term is Product else study.segments).append(session.get_one(term, term_id))


def seen(workspace: Workspace, reader: Reader) -> set[int]:
    with workspace.database.reading() as session:
        return set(session.scalars(visible_studies(reader)))


@pytest.mark.parametrize(
    ("role", "labels"),
    [
        ("viewer", ["public", "internal"]),
        ("contributor", ["public", "internal", "confidential"]),
        ("researcher", ["public", "internal", "confidential", "personal"]),
        ("administrator", ["public", "internal", "confidential", "personal"]),
    ],
)
def test_a_role_sees_what_it_is_cleared_for(
    workspace: Workspace, make_reader: Make, role: str, labels: list[str]
) -> None:
    ids = {
        label: add_study(workspace, label, sensitivity=label)
        for label in ("public", "internal", "confidential", "personal")
    }
    assert seen(workspace, make_reader(role)) == {ids[label] for label in labels}


def test_a_draft_is_seen_by_its_owner_its_team_and_administrators(
    workspace: Workspace, make_reader: Make, ada: Reader
) -> None:
    rita = make_reader("researcher", teams=("Maps",))
    carl, vera = make_reader("contributor", teams=("Maps",)), make_reader("viewer")
    draft = add_study(workspace, "draft", owner=rita, team="Maps", state="draft")
    assert [draft in seen(workspace, reader) for reader in (rita, carl, ada, vera)] == [True, True, True, False]
    assert draft not in seen(workspace, make_reader("researcher"))


def test_a_withdrawn_study_is_seen_by_its_owner_and_administrators_only(
    workspace: Workspace, make_reader: Make, ada: Reader
) -> None:
    rita, carl = make_reader("researcher", teams=("Maps",)), make_reader("contributor", teams=("Maps",))
    gone = add_study(workspace, "gone", owner=rita, team="Maps", state="withdrawn")
    assert [gone in seen(workspace, reader) for reader in (rita, ada, carl)] == [True, True, False]


def test_a_product_scope_reaches_down_the_tree_and_not_up(workspace: Workspace, make_reader: Make) -> None:
    app = add_product(workspace, "app")
    maps = add_product(workspace, "maps", parent=app)
    tiles = add_product(workspace, "tiles", parent=maps)
    studies = {name: add_study(workspace, name) for name in ("app", "maps", "tiles", "none")}
    for name, term_id in (("app", app), ("maps", maps), ("tiles", tiles)):
        set_to(workspace, studies[name], Product, term_id)
    assert seen(workspace, make_reader("viewer", scopes=("product:maps",))) == {studies["maps"], studies["tiles"]}


def test_a_scoped_reader_sees_no_study_that_nobody_set_to_the_scope(workspace: Workspace, make_reader: Make) -> None:
    add_product(workspace, "app")
    add_study(workspace, "unset")
    assert seen(workspace, make_reader("administrator", scopes=("product:app",))) == set()


def test_scopes_on_two_axes_must_both_hold(workspace: Workspace, make_reader: Make) -> None:
    app = add_product(workspace, "app")
    with workspace.database.writing() as session:
        segment = Segment(code="new", name="New parents")
        session.add(segment)
        session.flush()
        segment_id = segment.id
    both, one = add_study(workspace, "both"), add_study(workspace, "one")
    for study in (both, one):
        set_to(workspace, study, Product, app)
    set_to(workspace, both, Segment, segment_id)
    assert seen(workspace, make_reader("viewer", scopes=("product:app", "segment:new"))) == {both}


def test_a_team_s_scope_holds_for_its_members(workspace: Workspace, make_reader: Make) -> None:
    from insightrepo.accounts.access import reader_for
    from insightrepo.models import Scope, User

    app = add_product(workspace, "app")
    member = make_reader("viewer", teams=("Maps",))
    study = add_study(workspace, "maps")
    assert study in seen(workspace, member)
    with workspace.database.writing() as session:
        session.add(Scope(team_id=next(iter(member.teams)), term_id=app))
        session.flush()
        member = reader_for(session, session.get_one(User, member.user_id))
    assert study not in seen(workspace, member)


def test_a_term_that_limits_somebody_cannot_be_deleted(workspace: Workspace, make_reader: Make) -> None:
    app = add_product(workspace, "app")
    free = add_product(workspace, "free")
    make_reader("viewer", scopes=("product:app",))
    terms = Term.__table__
    with workspace.database.writing() as session:
        session.execute(delete(terms).where(terms.c.id == free))
    with (
        pytest.raises(DBAPIError, match=r"(?i)foreign key|fk_scope_term_id_term"),
        workspace.database.writing() as session,
    ):
        session.execute(delete(terms).where(terms.c.id == app))


def test_requiring_a_role_names_who_lacks_which(make_reader: Make) -> None:
    with pytest.raises(Forbidden, match=r"vera@example\.com is a viewer; this needs the role researcher"):
        make_reader("viewer", email="vera@example.com").require("researcher")
