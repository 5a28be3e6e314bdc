"""Workers of gunicorn answer while another process writes: no error, no half state, the newest is seen by all."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest
from populate import PASSWORD, filled_home

from config import PREFIX
from insightrepo.workspace import Workspace

ROOT = Path(__file__).parents[2]
OUTCOMES = ("PACK-01", "PLAN-01", "PLAN-02")
SECONDS = 30.0  # for anything to happen at all
CHANGES = 30
CHANGE = """
import sys
from config import load_settings
from insightrepo.accounts.users import acting_reader
from insightrepo.library.tagging.tagging import vote
from insightrepo.models import Evidence
from insightrepo.workspace import Workspace
workspace = Workspace(load_settings())
with workspace.database.reading() as session:
    reader = acting_reader(session, "administrator@example.org")
for pair in sys.argv[1:]:
    number, code = pair.split(":")
    vote(workspace, reader, int(number), "outcome", code, True)
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A filled workspace of its own."""
    return filled_home(tmp_path_factory, tmp_path_factory.mktemp("served") / "home")[0]


def environment(workspace: Workspace) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    paths = os.pathsep.join((str(ROOT), str(Path(__file__).parent)))
    ours = {f"{PREFIX}HOME": str(workspace.home), f"{PREFIX}EMBEDDING_MODEL": "hashing", "PYTHONPATH": paths}
    return kept | ours


@pytest.fixture
def port(served: Workspace, tmp_path: Path) -> Iterator[int]:
    """Two workers of two threads that serve the workspace."""
    log = tmp_path / "gunicorn.log"
    options = ["-w", "2", "-k", "gthread", "--threads", "2", "-b", "127.0.0.1:0", "--no-control-socket"]
    command = [sys.executable, "-m", "gunicorn", "answering_worker:app", *options]
    with log.open("wb") as file:
        server = subprocess.Popen(command, cwd=tmp_path, env=environment(served), stdout=file, stderr=file)
    try:
        yield listening(log)
    finally:
        server.terminate()
        server.wait(SECONDS)


def listening(log: Path) -> int:
    """The port, once the server says it."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if found := re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", log.read_text()):
            return int(found[1])
        time.sleep(0.05)
    pytest.fail(f"gunicorn does not listen: {log.read_text()}")


@dataclass
class Client:
    """A person's browser."""

    port: int
    cookie: str = ""
    answers: list[tuple[str, int, int, int]] = field(default_factory=list)  # worker, total, count in facet, shown hits

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Status, text and worker of an answer, on a connection of its own: any worker may take it."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        headers = {"Cookie": self.cookie}
        body = None
        if form is not None:
            body, headers["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        for value in answer.headers.get_all("Set-Cookie") or []:
            self.cookie = value.split(";")[0]
        connection.close()
        return answer.status, text, answer.headers["X-Worker"]

    def sign_in(self) -> None:
        """As the administrator."""
        _status, text, _worker = self.ask("GET", "/sign-in")
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', text)[1]
        form = {"csrf_token": token, "email": "administrator@example.org", "password": PASSWORD, "next": ""}
        assert self.ask("POST", "/sign-in", form)[0] == 302

    def count(self, code: str) -> None:
        """Ask for the evidence of an outcome and keep what the page says."""
        status, text, worker = self.ask("GET", f"/search?outcome={code}")
        assert status == 200, text
        total = re.search(r'<h1 id="found">\s*([\d,]+) hit', text)
        counted = re.search(rf'<span class="code">{code}</span>.*?<span class="count">([\d,]+)<', text, re.DOTALL)
        self.answers.append((worker, number(total), number(counted), len(re.findall(r"<article", text))))


def number(found: re.Match[str] | None) -> int:
    return int(found[1].replace(",", "")) if found else 0


def test_workers_answer_whole_states_while_another_process_writes(served: Workspace, port: int) -> None:
    clients = [Client(port) for _ in range(2)]
    for client in clients:
        client.sign_in()
    clients[0].count("PACK-01")
    pairs = changes(served)
    stop, errors = threading.Event(), []

    def read(client: Client) -> None:
        while not stop.is_set():
            try:
                client.count("PACK-01")
                assert client.ask("GET", "/healthz")[0] == 200
            except (AssertionError, OSError) as error:
                errors.append(error)
                return

    threads = [threading.Thread(target=read, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    done = subprocess.run(
        [sys.executable, "-c", CHANGE, *pairs], env=environment(served), timeout=120, capture_output=True, text=True
    )
    committed = time.monotonic()
    stop.set()
    for thread in threads:
        thread.join(SECONDS)
    assert (done.returncode, done.stderr, errors) == (0, "", [])
    expected = len(tagged(served, "PACK-01"))
    seen = seen_by(clients[0], expected, committed + SECONDS)
    answers = [answer for client in clients for answer in client.answers]
    assert len(seen) == 2
    assert {worker for worker, *_ in answers} == set(seen)
    assert len({total for _, total, _, _ in answers}) > 2  # they were asked while it changed
    assert all(total == counted for _, total, counted, _ in answers), answers
    print({worker: f"{moment - committed:.2f} s after the last change" for worker, moment in seen.items()})


def seen_by(client: Client, expected: int, deadline: float) -> dict[str, float]:
    """When each worker first said the number."""
    seen: dict[str, float] = {}
    while len(seen) < 2 and time.monotonic() < deadline:
        client.count("PACK-01")
        worker, total, *_ = client.answers[-1]
        if total == expected:
            seen.setdefault(worker, time.monotonic())
    return seen


def tagged(workspace: Workspace, code: str) -> list[int]:
    """The evidence that has the tag, by the index that this process reads anew."""
    from sqlalchemy import select

    from insightrepo.models import Term

    with workspace.database.reading() as session:
        term = session.scalar(select(Term.id).where(Term.code == code))
    workspace.indexes.refresh()
    return list(workspace.indexes.bitmaps.get(f"term:{term}") & published(workspace))


def published(workspace: Workspace) -> object:
    from sqlalchemy import select

    from insightrepo.models import Study

    with workspace.database.reading() as session:
        studies = session.scalars(select(Study.id).where(Study.state != "withdrawn")).all()
    return workspace.indexes.bitmaps.any(f"study:{study}" for study in studies)


def changes(workspace: Workspace) -> list[str]:
    """Evidence and outcome of tags that are not there yet: those of the outcome that is watched first and last."""
    ids = list(workspace.indexes.bitmaps.live)
    watched = [number for number in ids if number not in set(tagged(workspace, OUTCOMES[0]))][: CHANGES // 2]
    pairs = [f"{number}:{OUTCOMES[0]}" for number in watched]
    others = [f"{number}:{code}" for code in OUTCOMES[1:] for number in ids]
    return [*others[: CHANGES - len(pairs)], *pairs]
