"""The server as it is deployed, behind the nginx and the Caddy of deploy/, with TLS, with a prefix and without."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pytest
from populate import PASSWORD, filled_home
from proxies import KINDS, SECONDS, Front, program, proxied
from test_workers import ROOT, environment, listening

FILES = {
    "ferries.csv": "id,comment\n1,The ferry left early\n2,The ferry was late\n" + "3,x\n" * 50_000,
    "a.md": "# A\n",
}
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """`insightrepo serve` with two workers, set up for a proxy with TLS; the port."""
    workspace, _library = filled_home(tmp_path_factory, tmp_path_factory.mktemp("deployed") / "home")
    workspace.close()
    log = workspace.home / "gunicorn.log"
    settings = {"INSIGHTREPO_PROXY_HOPS": "1", "INSIGHTREPO_HTTPS": "true"}
    command = [sys.executable, "-m", "insightrepo", "serve", "--port", "0", "--workers", "2"]
    with log.open("wb") as file:
        server = subprocess.Popen(command, cwd=ROOT, env=environment(workspace) | settings, stdout=file, stderr=file)
    try:
        yield listening(log)
    finally:
        server.terminate()
        server.wait(SECONDS)


@pytest.fixture(scope="module", params=KINDS)
def front(request: pytest.FixtureRequest, upstream: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Each proxy in turn, where it is installed."""
    if program(request.param) is None:
        pytest.skip(f"expected: no {request.param.split()[0]} here (Debian: apt-get install nginx caddy)")
    with proxied(request.param, upstream, tmp_path_factory.mktemp("front")) as front:
        yield front


@dataclass
class Answer:
    """What came back; `headers` are in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Browser:
    """Keeps one cookie, says where it comes from as browsers do, and follows nothing by itself."""

    def __init__(self, front: Front) -> None:
        self.front, self.cookie = front, ""

    def ask(self, path: str, body: bytes | None = None, kind: str = "", secure: bool = True, **headers: str) -> Answer:
        said = {"Host": self.front.host, "Referer": f"{self.front.site}/sign-in", "Cookie": self.cookie, **headers}
        if kind:
            said["Content-Type"] = kind
        connection = self.front.connect(secure)
        with suppress(BrokenPipeError, ssl.SSLEOFError):  # the answer is there before all is sent
            connection.request("GET" if body is None else "POST", self.front.prefix + path, body, said)
        got = connection.getresponse()
        answer = Answer(got.status, {name.lower(): value for name, value in got.getheaders()}, got.read())
        connection.close()
        if cookie := answer.headers.get("set-cookie"):
            self.cookie = cookie.partition(";")[0]
        return answer

    def token(self, path: str) -> str:
        """The token of the form at the path."""
        return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.ask(path).text)[1]  # type: ignore[index]

    def sign_in(self, wanted: str = "") -> Answer:
        form = {"csrf_token": self.token("/sign-in"), "email": "researcher@example.org", "password": PASSWORD}
        form["next"] = wanted
        return self.ask("/sign-in", urlencode(form).encode(), "application/x-www-form-urlencoded")

    def to(self, answer: Answer) -> str:
        """Where an answer sends to, as a whole address."""
        return urljoin(self.front.site + "/sign-in", answer.headers["location"])


@pytest.fixture(scope="module")
def reader(front: Front) -> Browser:
    """A researcher who signed in."""
    browser = Browser(front)
    signed_in = browser.sign_in()
    assert (signed_in.status, browser.to(signed_in)) == (302, f"{front.site}/")
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(signed_in.headers["set-cookie"].split("; "))
    return browser


def multipart(fields: dict[str, str], files: dict[str, str]) -> tuple[bytes, str]:
    """The body of a form with files, and its type."""
    parts = [f'name="{name}"\r\n\r\n{value}' for name, value in fields.items()]
    parts += [f'name="files"; filename="{name}"\r\n\r\n{text}' for name, text in files.items()]
    body = "".join(f"--edge\r\nContent-Disposition: form-data; {part}\r\n" for part in parts) + "--edge--\r\n"
    return body.encode(), "multipart/form-data; boundary=edge"


def test_plain_http_is_sent_to_the_same_page_with_tls(front: Front) -> None:
    answer = Browser(front).ask("/studies?q=a", secure=False, Host=front.name)
    to = urlsplit(answer.headers["location"])
    assert answer.status in (301, 308)
    assert (to.scheme, to.hostname, to.path, to.query) == ("https", front.name, f"{front.prefix}/studies", "q=a")


def test_a_stranger_signs_in_and_comes_to_the_page_they_asked_for(front: Front) -> None:
    stranger = Browser(front)
    sent = stranger.to(stranger.ask("/studies?q=a"))
    assert sent.startswith(f"{front.site}/sign-in?next=")
    signed_in = stranger.sign_in(parse_qs(urlsplit(sent).query)["next"][0])
    assert stranger.to(signed_in) == f"{front.site}/studies?q=a"


def test_a_prefix_without_its_slash_is_sent_to_the_site(front: Front) -> None:
    if front.prefix:
        answer = Browser(front).ask("")
        assert answer.status in (301, 302, 308)
        assert urlsplit(answer.headers["location"]).path == f"{front.prefix}/"


def test_what_a_client_says_of_itself_changes_no_address(front: Front) -> None:
    said = {"X-Forwarded-Prefix": "/evil", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    answer = Browser(front).ask("/studies", **said)
    assert Browser(front).to(answer).startswith(f"{front.site}/sign-in?next=")
    assert "evil" not in Browser(front).ask("/sign-in", **said).text


def test_pages_are_guarded_and_kept_by_nobody_and_static_files_are(front: Front, reader: Browser) -> None:
    page = reader.ask("/search?q=calendar", **{"Accept-Encoding": "gzip"})
    assert page.status == 200
    assert page.headers["content-encoding"] == "gzip"
    assert page.headers["strict-transport-security"].startswith("max-age=")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    text = reader.ask("/search?q=calendar").text
    assert "shared calendar" in text or "<mark>" in text
    addresses = re.findall(r'(?:href|src|action)="(/[^"]*)"', text)
    assert [address for address in addresses if not address.startswith(f"{front.prefix}/")] == []
    for address in re.findall(r'(?:href|src)="([^"]+\.(?:css|js|svg)\?[^"]*v=[^"]*)"', text):
        static = reader.ask(address.removeprefix(front.prefix).replace("&amp;", "&"))
        assert (static.status, "max-age=3600" in static.headers["cache-control"]) == (200, True), address


def test_a_list_is_downloaded(reader: Browser) -> None:
    answer = reader.ask("/scores.csv")
    assert answer.status == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="scores.csv"'


def test_files_come_in_and_nothing_of_them_lies_at_the_proxy(front: Front, reader: Browser) -> None:
    fields = {"csrf_token": reader.token("/import"), "shape": "one", "title": f"Ferries {front.secure}",
              "sensitivity": "internal", "level": "", "stage": "", "team": ""}  # fmt: skip
    answer = reader.ask("/import", *multipart(fields, FILES))
    assert answer.status == 302, answer.text
    assert reader.to(answer).startswith(f"{front.site}/import/")
    shown = reader.ask(urlsplit(reader.to(answer)).path.removeprefix(front.prefix))
    assert "ferries.csv" in shown.text
    assert not front.log.exists() or "temporary file" not in front.log.read_text()


@pytest.mark.parametrize(("path", "megabytes"), [("/questions", 3), ("/import", 105), ("/import", 120)])
def test_too_much_at_once_is_said_in_words(reader: Browser, path: str, megabytes: int) -> None:
    """By the server or by the proxy, whichever takes less."""
    fields = {"csrf_token": reader.token("/import")}
    answer = reader.ask(path, *multipart(fields, {"a.txt": "x" * megabytes * MEGABYTE}))
    assert answer.status == 413
    assert "fewer or smaller files" in answer.text


def first_words(kind: str, path: str, folder: Path, then: str = "") -> str:
    """What the server hears first when half of a body was sent to the path, and then another page was asked for."""
    if program(kind) is None:
        pytest.skip("expected: no nginx here (Debian: apt-get install nginx)")
    with socket.create_server(("127.0.0.1", 0)) as server, proxied(kind, server.getsockname()[1], folder) as front:
        server.settimeout(SECONDS)
        slow, other = front.connect(), front.connect()
        slow.putrequest("POST", front.prefix + path)
        slow.putheader("Content-Length", "1000")
        slow.endheaders(b"half of it")
        if then:
            other.request("GET", front.prefix + then)
        came, _ = server.accept()
        words = came.recv(65536).decode()
        for connection in (came, slow, other):
            connection.close()
    return words


NGINX = [kind for kind in KINDS if kind.startswith("nginx")]


@pytest.mark.parametrize("kind", NGINX)
def test_a_form_that_trickles_in_waits_at_nginx_until_it_is_whole(kind: str, tmp_path: Path) -> None:
    assert first_words(kind, "/sign-in", tmp_path, "/help").startswith("GET /help ")


@pytest.mark.parametrize("kind", NGINX)
@pytest.mark.parametrize("path", ["/import", "/waves/A/import"])
def test_files_are_handed_on_by_nginx_as_they_come(kind: str, path: str, tmp_path: Path) -> None:
    assert first_words(kind, path, tmp_path).startswith(f"POST {path} ")
