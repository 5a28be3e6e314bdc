"""Who sees a pack, what is withheld later, what a signature freezes, and what a schedule makes."""

from __future__ import annotations

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as some
from packed import SECRET
from sqlalchemy import func, select

from insightrepo.accounts.access import Forbidden
from insightrepo.models import Evidence, Pack, PackSchedule, Scope, Study, Term, User
from insightrepo.packs.packs import PackMissing, PackSigned, as_json, comment, list_packs, sign
from insightrepo.packs.periods import PeriodWrong, next_making, period_over
from insightrepo.packs.schedules import ScheduleMissing, add_schedule, list_schedules, run_due, stop_schedule

EVERYBODY = (
    "viewer",
    "contributor",
    "other",
    "researcher",
    "administrator",
    "scoped-contributor",
    "scoped-administrator",
)
UNSCOPED = ("viewer", "contributor", "other", "researcher", "administrator")


def seen_by(kit, pack_id):
    return {name for name in EVERYBODY if kit.sees(name, pack_id)}


def test_a_pack_is_seen_by_all_who_are_not_limited(kit, workspace, reader):
    pack_id = kit.make()
    assert seen_by(kit, pack_id) == set(UNSCOPED)
    with workspace.database.reading() as session:
        listed = {name for name in EVERYBODY if list_packs(session, reader(name))[0]}
    assert listed == set(UNSCOPED)


def test_a_pack_that_quotes_confidential_studies_is_for_those_who_are_cleared(kit):
    pack_id = kit.make(sensitive=True)
    assert SECRET["confidential"] in json.dumps(as_json(kit.read("contributor", pack_id)))
    assert seen_by(kit, pack_id) == {"contributor", "other", "researcher", "administrator"}
    assert SECRET["confidential"] not in json.dumps(as_json(kit.read("administrator", kit.make("administrator"))))
    assert seen_by(kit, kit.make("researcher", sensitive=True)) == {"researcher", "administrator"}


def test_a_limited_makers_pack_holds_their_products_only_and_is_theirs_and_the_unlimiteds(kit):
    pack_id = kit.make("scoped-contributor")
    content = kit.read("scoped-contributor", pack_id).content
    assert {row["product_code"] for row in content["changes"]["real"]} <= {None, "maps"}
    assert seen_by(kit, pack_id) == {*UNSCOPED, "scoped-contributor"}
    assert "Made within the limits of its owner" in " ".join(content["reconciliation"])


def test_an_owner_who_is_limited_later_does_not_see_their_wider_pack(kit, workspace):
    pack_id = kit.make()
    with workspace.database.writing() as session:
        user = session.query(User).filter_by(email="contributor@example.org").one()
        web = session.query(Term).filter_by(code="web").one()
        session.add(Scope(user_id=user.id, term_id=web.id))
    assert not kit.sees("contributor", pack_id)


def test_a_viewer_makes_no_pack(kit):
    with pytest.raises(Forbidden):
        kit.make("viewer")


def test_questions_of_others_are_for_researchers(kit):
    pack_id = kit.make("researcher")
    shown = {name: "ferry with a pram" in json.dumps(as_json(kit.read(name, pack_id))) for name in UNSCOPED}
    assert {name for name in UNSCOPED if shown[name]} == {"researcher", "administrator"}
    assert kit.read("contributor", kit.make()).content["questions"]["gaps"] is None


@pytest.mark.parametrize("change", ["withdrawn", "closed", "redacted", "taken back"])
def test_a_quote_that_is_withdrawn_closed_or_redacted_later_is_not_shown_and_the_hash_still_holds(
    kit, workspace, reader, change
):
    pack_id = kit.make()
    sign(workspace, reader("contributor"), pack_id)
    with workspace.database.writing() as session:
        study = session.query(Study).filter_by(key="a").one()
        row = session.query(Evidence).filter_by(identity="internal").one()
        if change == "withdrawn":
            study.state = "withdrawn"
        elif change == "closed":
            study.sensitivity = "personal"
        elif change == "redacted":
            row.text = "We stopped at a [redacted] again"
        else:
            row.withdrawn = True
    pack = kit.read("viewer", pack_id)
    assert "furniture" not in json.dumps(as_json(pack))
    assert pack.withheld >= 1
    assert pack.verified


def test_a_signed_pack_never_changes_and_verifies(kit, workspace, reader):
    pack_id, owner = kit.make(), reader("contributor")
    comment(workspace, owner, pack_id, "It fell. Call me: ann.lee@example.com")
    digest = sign(workspace, owner, pack_id)
    before = as_json(kit.read("contributor", pack_id))
    assert "ann.lee" not in before["commentary"]
    assert (before["state"], before["sha256"], before["verified"]) == ("signed", digest, True)
    for act in (lambda: comment(workspace, owner, pack_id, "No, it rose."), lambda: sign(workspace, owner, pack_id)):
        with pytest.raises(PackSigned):
            act()
    assert as_json(kit.read("contributor", pack_id)) == before


@pytest.mark.parametrize("field", ["content", "commentary", "title", "signed_at"])
def test_what_is_changed_behind_a_signature_does_not_verify(kit, workspace, reader, field):
    pack_id = kit.make()
    sign(workspace, reader("contributor"), pack_id)
    with workspace.database.writing() as session:
        pack = session.get_one(Pack, pack_id)
        changed = {"content": {**pack.content, "period": "2025-Q4"}, "commentary": "Other words", "title": "Other",
                   "signed_at": pack.signed_at + dt.timedelta(seconds=1)}  # fmt: skip
        setattr(pack, field, changed[field])
    assert not kit.read("contributor", pack_id).verified


@pytest.mark.parametrize("name", ["viewer", "other", "researcher"])
def test_nobody_but_the_owner_and_administrators_comments_and_signs(kit, workspace, reader, name):
    pack_id = kit.make()
    for act in (
        lambda: comment(workspace, reader(name), pack_id, "mine"),
        lambda: sign(workspace, reader(name), pack_id),
    ):
        with pytest.raises(Forbidden):
            act()
    with pytest.raises(PackMissing):
        sign(workspace, reader("scoped-contributor"), pack_id)
    assert sign(workspace, reader("administrator"), pack_id)


def at(workspace, schedule_id, day):
    with workspace.database.writing() as session:
        session.get_one(PackSchedule, schedule_id).next_on = day


def test_a_schedule_makes_each_pack_once(kit, workspace, reader):
    made = add_schedule(workspace, reader("contributor"), "quarterly", "maps", 5)
    at(workspace, made, dt.date(2025, 7, 5))
    assert run_due(workspace, dt.date(2025, 7, 4)) == []
    runs = run_due(workspace, dt.date(2025, 10, 5))
    assert [run.period for run in runs] == ["2025-Q2", "2025-Q3"]
    assert run_due(workspace, dt.date(2025, 10, 6)) == []
    at(workspace, made, dt.date(2025, 10, 5))  # as if it had been killed before it moved on
    assert run_due(workspace, dt.date(2025, 10, 6)) == [runs[1]]
    with workspace.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Pack)) == 2
        assert session.get_one(PackSchedule, made).next_on == dt.date(2026, 1, 5)
    assert kit.read("contributor", runs[1].pack_id).content["product"]["code"] == "maps"


def test_two_runs_at_once_make_a_pack_once(workspace, reader):
    made = add_schedule(workspace, reader("contributor"), "quarterly", None, 5)
    at(workspace, made, dt.date(2025, 10, 5))
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: run_due(workspace, dt.date(2025, 10, 6)), range(2)))
    assert sorted(len(run) for run in runs) == [0, 1]
    with workspace.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Pack)) == 1


def test_a_schedule_in_trouble_stays_due_and_stops_no_other(workspace, reader):
    for name in ("other", "contributor"):
        at(workspace, add_schedule(workspace, reader(name), "quarterly", None, 5), dt.date(2025, 10, 5))
    with workspace.database.writing() as session:
        session.query(User).filter_by(email="other@example.org").one().active = False
    first, second = run_due(workspace, dt.date(2025, 10, 6))
    assert "no longer active" in first.trouble
    assert second.pack_id
    assert [run.schedule_id for run in run_due(workspace, dt.date(2025, 10, 6))] == [first.schedule_id]


def test_a_schedule_is_stopped_by_its_owner_and_researchers(workspace, reader):
    made = add_schedule(workspace, reader("contributor"), "monthly", None, 5)
    with pytest.raises(Forbidden):
        stop_schedule(workspace, reader("other"), made)
    stop_schedule(workspace, reader("researcher"), made)
    with pytest.raises(ScheduleMissing):
        stop_schedule(workspace, reader("researcher"), made + 1)
    with workspace.database.reading() as session:
        assert [(one.id, one.active) for one in list_schedules(session, reader("viewer"))] == [(made, False)]
    with pytest.raises(PeriodWrong):
        add_schedule(workspace, reader("contributor"), "monthly", None, 29)


DAYS = some.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1))


@given(some.sampled_from(("monthly", "quarterly")), some.integers(1, 28), DAYS)
def test_the_next_making_follows_a_period_that_is_over_and_none_is_left_out(kind, day_of_month, day):
    made = next_making(kind, day_of_month, day)
    period = period_over(kind, made)
    assert made >= day
    assert made.day == day_of_month
    assert 1 <= (made - period.last_day).days <= 28
    after = next_making(kind, day_of_month, made + dt.timedelta(days=1))
    assert period_over(kind, after).first_day == period.last_day + dt.timedelta(days=1)
