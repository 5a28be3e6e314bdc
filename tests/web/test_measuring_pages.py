"""Files come into a wave in the browser: sealed on their way, tried, imported; refused rows are repaired or dropped."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import re

import pytest
from sqlalchemy import func, select

from config import Settings
from insightrepo.accounts.users import add_user
from insightrepo.models import Answer, Outcome, Product, QuarantinedRow, Task, Trial, User, Wave
from insightrepo.schema import upgrade
from insightrepo.scores.waves.waves import ensure_instrument, ensure_wave
from insightrepo.web import create_app
from insightrepo.web.auth import fingerprint
from insightrepo.workspace import Workspace

NUMBERS = itertools.count(2200)
WIDE = "respondent,PLAN-01.sat,PLAN-01.imp\nmia@example.org,5,4\nr2,9,1\nr3,dk,\n"


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A workspace of its own with an outcome and a task."""
    made = Workspace(Settings(home=tmp_path_factory.mktemp("measuring"), embedding_model="hashing"))
    made.make_master_key()
    upgrade(made.database.engine)
    with made.database.writing() as session:
        for role in ("viewer", "researcher", "administrator"):
            add_user(session, f"{role}@example.org", role, "a long enough password")
        app = Product(code="app", name="The app")
        session.add_all([app, Outcome(code="PLAN-01", name="Find a stop", job="find a stop")])
        session.flush()
        session.add(Task(code="IMPORTED", name="A task to import", product_id=app.id))
    yield made
    made.close()


@pytest.fixture(scope="module")
def app(filled):
    return create_app(filled, RATELIMIT_ENABLED=False)


@pytest.fixture
def visit(app, filled):
    def client_of(role):
        client = app.test_client()
        with filled.database.reading() as session:
            user = session.scalars(select(User).where(User.email == f"{role}@example.org")).one()
        with client.session_transaction() as cookie:
            cookie["_user_id"] = f"{user.id}:{fingerprint(user)}"
        return client

    return client_of


@pytest.fixture
def wave(filled):
    """The code of a wave of its own."""
    code = f"{next(NUMBERS)}"
    with filled.database.writing() as session:
        ensure_wave(session, code, ensure_instrument(session, "Pages of imports", 1, 5))
    return code


@pytest.fixture
def rita(visit):
    return visit("researcher")


@pytest.fixture
def send(rita, token, wave):
    """Sends a file; the answer, followed to the page of its columns."""

    def do(text, name="wave.csv", kind="answers", client=None):
        client = client or rita
        form = {"csrf_token": token(client, f"/waves/{wave}/import"), "kind": kind}
        data = text if isinstance(text, bytes) else text.encode()
        return client.post(f"/waves/{wave}/import", data={**form, "file": (io.BytesIO(data), name)})

    return do


@pytest.fixture
def press(rita):
    """Sends the form of a page as it stands, with an action and changes."""

    def do(url, action=None, **changes):
        page = rita.get(url).text
        fields = {"csrf_token": re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]}
        for select_ in re.findall(r'<select[^>]*name="([^"]+)">(.*?)</select>', page, re.S):
            chosen = re.search(r"<option selected>([^<]*)</option>", select_[1])
            fields[select_[0]] = chosen[1] if chosen else ""
        fields |= dict(re.findall(r'<input[^>]*name="(cell-[^"]+)" value="([^"]*)"', page))
        fields |= {"action": action} if action else {}
        return rita.post(url, data={**fields, **changes})

    return do


def stored(filled, wave, model):
    with filled.database.reading() as session:
        query = select(func.count()).select_from(model).join(Wave, Wave.id == model.wave_id).where(Wave.code == wave)
        return session.scalar(query)


def uploads_on_disk(filled):
    return [path for path in (filled.home / "uploads").rglob("*") if path.is_file()]


def test_a_file_is_tried_and_imported_and_then_gone(filled, wave, send, press):
    url = send(WIDE).headers["Location"]
    (sealed,) = uploads_on_disk(filled)
    assert b"mia" not in sealed.read_bytes()
    tried = press(url, "try")
    assert tried.status_code == 200
    assert "What would become of it" in tried.text
    assert "is not a point of the scale from 1 to 5" in tried.text
    assert "mia@example.org" not in tried.text
    assert stored(filled, wave, Answer) == stored(filled, wave, QuarantinedRow) == 0
    done = press(url, "import")
    assert "What became of it" in done.text
    assert (stored(filled, wave, Answer), stored(filled, wave, QuarantinedRow)) == (2, 1)
    assert uploads_on_disk(filled) == []


def test_columns_can_be_chosen_and_left_out(filled, wave, rita, send, press):
    url = send("who,task,done,time,extra\np1,IMPORTED,yes,75,12\n", kind="trials").headers["Location"]
    page = rita.get(url).text
    assert "no column for respondent" in page[:1].upper() + page[1:] or "No column for respondent" in page
    form = {"column-respondent": "who", "column-seconds": "extra", "column-task": "task", "column-completed": "done"}
    done = press(url, "import", **form)
    assert "What became of it" in done.text
    with filled.database.reading() as session:
        trial = session.scalars(select(Trial).join(Wave).where(Wave.code == wave)).one()
        assert (trial.seconds, trial.completed) == (12, True)
    url = send("respondent,task,done,time\np2,IMPORTED,yes,75\n", kind="trials").headers["Location"]
    press(url, "import", **{"column-seconds": ""})
    with filled.database.reading() as session:
        assert None in session.scalars(select(Trial.seconds).join(Wave).where(Wave.code == wave)).all()


def test_a_file_can_be_forgotten(filled, send, press, rita):
    url = send(WIDE).headers["Location"]
    assert press(url, "forget").status_code == 302
    assert uploads_on_disk(filled) == []
    assert rita.get(url).status_code == 404


def test_a_file_is_its_senders_only(send, visit):
    url = send(WIDE).headers["Location"]
    assert visit("administrator").get(url).status_code == 404
    assert visit("viewer").get(url).status_code == 403


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [("x", "notes.docx", "not a table"), (b"$FL2x", "w.sav", "the SPSS file cannot be read"), ("", "w.csv", "empty")],
)
def test_a_file_that_cannot_be_read_says_so_on_the_form(send, text, name, said):
    answer = send(text, name)
    assert answer.status_code == 422
    assert said in answer.text


def test_a_form_without_a_file_or_without_its_token_is_refused(rita, token, wave):
    url = f"/waves/{wave}/import"
    assert rita.post(url, data={"csrf_token": token(rita, url), "kind": "answers"}).status_code == 422
    assert rita.post(url, data={"kind": "answers", "file": (io.BytesIO(b"a,b\n1,2\n"), "a.csv")}).status_code == 400


def test_a_large_file_is_taken_here_and_nowhere_else(rita, send, token, visit, wave):
    rows = "".join(f"r{n},PLAN-01,4,{'x' * 60}\n" for n in range(30_000))
    assert send("respondent,outcome,satisfaction,note\n" + rows).status_code == 302
    big = {"csrf_token": token(rita), "reason": "x" * 2_000_000}
    assert rita.post(f"/waves/{wave}/quarantine/1/drop", data=big).status_code == 413
    assert send("a,b\n" + "1,2\n" * 400_000, client=visit("viewer")).status_code == 413


@pytest.fixture
def waiting(filled, wave, send, press):
    """The number of a row that waits."""
    press(send(WIDE).headers["Location"], "import")
    with filled.database.reading() as session:
        return session.scalar(select(QuarantinedRow.id).join(Wave).where(Wave.code == wave))


def test_a_row_is_repaired_in_the_browser(filled, wave, rita, press, waiting):
    page = rita.get(f"/waves/{wave}/quarantine")
    assert f"/waves/{wave}/quarantine/{waiting}" in page.text
    url = f"/waves/{wave}/quarantine/{waiting}"
    wrong = press(url, **{"cell-satisfaction": "8"})
    assert wrong.status_code == 422
    assert "&#39;8&#39; is not a point of the scale" in wrong.text
    assert press(url, **{"cell-satisfaction": "3"}).status_code == 302
    assert stored(filled, wave, Answer) == 3
    assert rita.get(url).status_code == 404
    assert "None: every row" in rita.get(f"/waves/{wave}/quarantine").text


def test_a_row_is_dropped_with_a_reason(filled, wave, rita, token, waiting):
    url = f"/waves/{wave}/quarantine/{waiting}/drop"
    assert "/quarantine/" in rita.post(url, data={"csrf_token": token(rita), "reason": " "}).headers["Location"]
    assert rita.post(url, data={"csrf_token": token(rita), "reason": "mia@example.org asked"}).status_code == 302
    with filled.database.reading() as session:
        row = session.get(QuarantinedRow, waiting)
        assert (row.state, row.reason) == ("dropped", "[mail] asked")


def test_the_download_is_repaired_and_sent_again(filled, wave, rita, send, press, waiting):
    text = rita.get(f"/waves/{wave}/quarantine.csv?kind=answers").text
    assert "r2" not in text
    press(send(text.replace(",9,1", ",2,1"), "repaired.csv").headers["Location"], "import")
    assert stored(filled, wave, Answer) == 3
    with filled.database.reading() as session:
        assert session.get(QuarantinedRow, waiting).state == "repaired"


def test_a_frozen_wave_takes_no_file(filled, wave, rita):
    with filled.database.writing() as session:
        found = session.scalar(select(Wave).where(Wave.code == wave))
        found.state, found.frozen_at = "frozen", dt.datetime.now(dt.UTC)
    answer = rita.get(f"/waves/{wave}/import")
    assert answer.status_code == 409
    assert "was frozen" in answer.text
    assert rita.get(f"/waves/{wave}/quarantine").status_code == 200


def test_a_wave_that_is_not_there_is_not_found(rita):
    for path in ("import", "quarantine", "quarantine.csv", "quarantine/1", f"import/answers/{'0' * 64}"):
        assert rita.get(f"/waves/NO-SUCH/{path}").status_code == 404
