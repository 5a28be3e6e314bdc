"""The pages of packs: made, read, commented, signed and taken away by those who may."""

from __future__ import annotations

import json
import re

import pytest
from packed import SECRET

from insightrepo.models import Pack, PackSchedule, User
from insightrepo.packs.schedules import add_schedule
from insightrepo.web import create_app
from insightrepo.web.auth import fingerprint


@pytest.fixture
def as_(workspace):
    """``as_("viewer")`` is a client signed in as that user."""
    app = create_app(workspace, RATELIMIT_ENABLED=False)

    def client_of(name):
        client = app.test_client()
        with workspace.database.reading() as session:
            user = session.query(User).filter_by(email=f"{name}@example.org").one()
        with client.session_transaction() as cookie:
            cookie["_user_id"] = f"{user.id}:{fingerprint(user)}"
        return client

    return client_of


def send(client, url, page="/packs", **fields):
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(page).text)[1]
    return client.post(url, data={"csrf_token": token, **fields})


def test_a_contributor_makes_a_pack_comments_signs_and_takes_it_away(as_):
    client = as_("contributor")
    made = send(client, "/packs", kind="quarterly", period="2025-Q3", product="")
    assert made.status_code == 302
    url = made.headers["Location"]
    page = client.get(url).text
    assert "1 real change" in page or "real changes" in page
    assert "90% → 50%" in page
    assert "We stopped at a furniture shop &lt;b&gt;again&lt;/b&gt;" in page
    assert send(client, f"{url}/commentary", url, commentary="It fell <fast>").status_code == 302
    assert "It fell &lt;fast&gt;" in client.get(url).text
    assert send(client, f"{url}/sign", url).status_code == 302
    page = client.get(url).text
    assert "nothing of it has changed since" in page
    assert "Sign it" not in page
    assert send(client, f"{url}/sign").status_code == 409
    assert send(client, f"{url}/commentary", commentary="No").status_code == 409
    for kind, start in (("docx", b"PK"), ("pptx", b"PK"), ("json", b"{")):
        answer = client.get(f"{url}.{kind}")
        assert answer.data.startswith(start)
        assert answer.headers["Content-Disposition"] == f"attachment; filename=quarterly-review-2025-q3.{kind}"
    assert json.loads(client.get(f"{url}.json").data)["state"] == "signed"


def test_on_a_phone_each_figure_of_a_packs_tables_stands_after_its_name(as_, kit):
    page = as_("contributor").get(f"/packs/{kit.make()}").text
    assert 'class="table flowing pack-table pack-gaps"' in page
    body = page.split('pack-gaps"')[1].split("<tbody>")[1].split("</tbody>")[0]
    for name in ("Opportunity", "95% interval", "Band", "Evidence", "Important", "Satisfied", "n"):
        assert f'data-label="{name}"' in body


def test_suppressed_cells_are_on_no_page(as_, kit):
    pack_id = kit.make()
    page = as_("administrator").get(f"/packs/{pack_id}").text
    assert "Most people" in page
    assert "Pilots of airliners" not in page
    assert "pilots" not in page


def test_a_pack_is_not_there_for_who_may_not_see_it_on_any_address(as_, kit):
    pack_id = kit.make("researcher", sensitive=True)
    for name in ("viewer", "contributor", "scoped-administrator"):
        client = as_(name)
        for url in (f"/packs/{pack_id}", *(f"/packs/{pack_id}.{kind}" for kind in ("docx", "pptx", "json", "exe"))):
            assert client.get(url).status_code == 404
        page = client.get("/packs").text
        assert f"/packs/{pack_id}" not in page
        assert SECRET["confidential"] not in page
        if name != "viewer":
            assert send(client, f"/packs/{pack_id}/sign").status_code == 404
            assert send(client, f"/packs/{pack_id}/commentary", commentary="x").status_code == 404
    assert SECRET["confidential"] in as_("researcher").get(f"/packs/{pack_id}").text


def test_a_viewer_reads_and_changes_nothing(as_, kit, workspace, reader):
    pack_id, client = kit.make(), as_("viewer")
    add_schedule(workspace, reader("contributor"), "monthly", None, 5)
    page = client.get(f"/packs/{pack_id}").text
    assert "Sign it" not in page
    listed = client.get("/packs").text
    assert "New pack" not in listed
    assert "csrf_token" not in listed.replace('action="/sign-out"', "").split("<main")[1]
    for url in ("/packs", f"/packs/{pack_id}/sign", f"/packs/{pack_id}/commentary", "/packs/schedules",
                "/packs/schedules/1/stop"):  # fmt: skip
        assert send(client, url, period="2025-Q3", kind="quarterly", day=3).status_code == 403
    with workspace.database.reading() as session:
        assert session.query(Pack).count() == 1
        assert session.get_one(PackSchedule, 1).active


def test_another_contributor_signs_nothing(as_, kit):
    pack_id, client = kit.make(), as_("other")
    assert "Sign it" not in client.get(f"/packs/{pack_id}").text
    assert send(client, f"/packs/{pack_id}/sign").status_code == 403
    assert send(as_("administrator"), f"/packs/{pack_id}/sign").status_code == 302


def test_a_schedule_is_added_and_stopped(as_):
    client = as_("contributor")
    assert send(client, "/packs/schedules", kind="quarterly", product="maps", day=5).status_code == 302
    assert "Quarterly, Maps, on day 5 after the quarter, for contributor" in " ".join(client.get("/packs").text.split())
    assert send(client, "/packs/schedules", kind="quarterly", product="", day=31).status_code == 422
    assert send(as_("other"), "/packs/schedules/1/stop").status_code == 403
    assert send(client, "/packs/schedules/1/stop").status_code == 302
    assert "stopped" in client.get("/packs").text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "quarterly", "period": "soon"}, "written like 2025-Q3"),
        ({"kind": "monthly", "period": "2025-Q3"}, "written like 2025-09"),
        ({"kind": "quarterly", "period": ""}, "Say which month or quarter"),
        ({"kind": "quarterly", "period": "2025-Q3", "product": "nothing"}, "No product is called"),
    ],
)
def test_what_cannot_be_made_is_said_above_the_form(as_, fields, said):
    answer = send(as_("contributor"), "/packs", **fields)
    assert answer.status_code == 422
    assert said in answer.text


def test_the_form_asks_for_the_quarter_of_a_wave(as_):
    page = as_("contributor").get("/packs?wave=2025-Q2&product=maps").text
    assert 'value="2025-Q2"' in page
    assert '<option selected value="maps">' in page


def test_waves_and_changes_lead_to_packs(as_):
    client = as_("viewer")
    assert 'href="/packs"' in client.get("/waves").text
    assert 'href="/packs?wave=2025-Q3"' in client.get("/changes").text


def test_a_pack_that_was_changed_outside_says_so(as_, kit, workspace):
    pack_id = kit.make()
    with workspace.database.writing() as session:
        session.get_one(Pack, pack_id).commentary = "Slipped in"
    assert "changed outside InsightRepo" in as_("viewer").get(f"/packs/{pack_id}").text
