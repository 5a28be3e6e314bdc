"""gunicorn as it is deployed: several workers behind a proxy that ends TLS and mounts the site under a prefix."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from populate import PASSWORD, filled_home
from test_workers import ROOT, environment, listening

SECONDS = 120.0  # for anything to happen at all
PREFIX = "/research"
SITE = "https://insights.example.org" + PREFIX


@dataclass
class Proxy:
    """What nginx or Caddy says of a client; `path` goes on without the prefix. Keeps the client's cookie."""

    port: int
    client: str = "203.0.113.7"
    said: dict[str, str] = field(default_factory=dict)  # by the client itself, to be appended to
    cookie: str = ""
    cookie_words: str = ""

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, dict[str, str], str]:
        before = self.said.get("X-Forwarded-For")
        headers = {
            "Host": "127.0.0.1",
            "X-Forwarded-For": f"{before}, {self.client}" if before else self.client,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": urlsplit(SITE).netloc,
            "X-Forwarded-Prefix": PREFIX,
            "Referer": f"{SITE}/",
            "Cookie": self.cookie,
        }
        body = None
        if form is not None:
            body, headers["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
        connection = HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        connection.request("GET" if form is None else "POST", path.removeprefix(PREFIX), body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        if set_cookie := answer.headers["Set-Cookie"]:
            self.cookie, self.cookie_words = set_cookie.split(";")[0], set_cookie
        return answer.status, dict(answer.headers), text

    def sign_in(self, password: str = PASSWORD, wanted: str = "") -> tuple[int, dict[str, str], str]:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.ask("/sign-in")[2])[1]
        form = {"csrf_token": token, "email": "researcher@example.org", "password": password, "next": wanted}
        return self.ask("/sign-in", form)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Two workers, told that one proxy is in front and that it ends TLS."""
    workspace, _library = filled_home(tmp_path_factory, tmp_path_factory.mktemp("deployed") / "home")
    workspace.close()
    log = workspace.home / "gunicorn.log"
    settings = {"INSIGHTREPO_PROXY_HOPS": "1", "INSIGHTREPO_HTTPS": "true", "PYTHONPATH": str(ROOT)}
    options = ["--preload", "-w", "2", "-k", "gthread", "--threads", "2", "-b", "127.0.0.1:0", "--no-control-socket"]
    with log.open("wb") as file:
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "wsgi:app", *options],
            cwd=ROOT, env=environment(workspace) | settings, stdout=file, stderr=file,
        )  # fmt: skip
    try:
        yield listening(log)
    finally:
        server.terminate()
        server.wait(SECONDS)


def test_a_stranger_is_sent_to_sign_in_within_the_prefix(port: int) -> None:
    status, headers, _ = Proxy(port).ask("/studies")
    assert status == 302
    assert headers["Location"].removeprefix("https://insights.example.org").startswith(f"{PREFIX}/sign-in?next=")


def test_whoever_was_sent_to_sign_in_comes_to_the_page_they_asked_for(port: int) -> None:
    stranger = Proxy(port)
    asked = parse_qs(urlsplit(stranger.ask("/studies?q=a")[1]["Location"]).query)["next"][0]
    assert urlsplit(stranger.sign_in(wanted=asked)[1]["Location"])[2:4] == (f"{PREFIX}/studies", "q=a")


@pytest.mark.parametrize("elsewhere", ["/other-app", "//evil.example/research/", f"{PREFIX}-too", f"{PREFIX}/\\evil"])
def test_signing_in_leads_to_no_other_site_under_the_same_name(port: int, elsewhere: str) -> None:
    assert urlsplit(Proxy(port).sign_in(wanted=elsewhere)[1]["Location"]).path == f"{PREFIX}/"


def test_every_address_of_every_page_is_within_the_prefix(port: int) -> None:
    proxy = Proxy(port)
    status, headers, _ = proxy.sign_in()
    assert (status, urlsplit(headers["Location"]).path) == (302, f"{PREFIX}/")
    assert "Secure" in proxy.cookie_words
    pages = [f"{PREFIX}/help"]
    links = set(re.findall(r'<a href="([^"#?]+)"', proxy.ask("/help")[2]))
    assert len(links) > 15
    for page in pages + sorted(links):
        status, headers, text = proxy.ask(page)
        while status == 302:
            status, headers, text = proxy.ask(urlsplit(headers["Location"]).path)
        assert status == 200, page
        addresses = re.findall(r'(?:href|src|action|data-[a-z]+)="(/[^"]*)"', text)
        assert [address for address in addresses if not address.startswith(f"{PREFIX}/")] == [], page
    for address in re.findall(r'(?:href|src)="([^"]+\.(?:css|js|svg)[^"]*)"', text):
        assert proxy.ask(address)[0] == 200, address


def test_plain_http_is_sent_to_tls_and_the_health_check_is_not(port: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    connection.request("GET", "/studies", headers={"Host": "insights.example.org"})
    answer = connection.getresponse()
    answer.read()
    assert (answer.status, answer.headers["Location"]) == (302, "https://insights.example.org/studies")
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()


def test_who_guesses_is_counted_by_the_address_that_the_proxy_saw(port: int) -> None:
    """Two workers count for themselves, so twice the tries at most; what a client says of itself changes nothing."""
    guesser = Proxy(port, client="203.0.113.66")
    answers = []
    for attempt in range(25):
        guesser.said = {"X-Forwarded-For": f"198.51.100.{attempt}"}
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', guesser.ask("/sign-in")[2])[1]
        form = {"csrf_token": token, "email": "nobody@example.org", "password": "guessed words", "next": ""}
        answers.append(guesser.ask("/sign-in", form)[0])
        if answers[-1] == 429:
            break
    assert answers[-1] == 429
    assert Proxy(port, client="203.0.113.8").sign_in()[0] == 302


def test_whoever_sends_too_much_reads_why(port: int) -> None:
    """The connection is to be closed after the answer, as of a proxy that speaks HTTP/1.0."""
    much, head = 30_000_000, "POST /questions HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    head += (
        f"X-Forwarded-Proto: https\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {much}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
        connection.sendall(head.encode() + b"x" * much)
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    assert answer.startswith("HTTP/1.1 413 ")
    assert "That is too much at once" in answer
    assert "sign in, then send it again" in answer
