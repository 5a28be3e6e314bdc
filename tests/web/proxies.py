"""nginx and Caddy in front of a server, with the examples of deploy/: only names of ports and paths are filled in."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

DEPLOY = Path(__file__).parents[2] / "deploy"
SECONDS = 60.0  # for anything to happen at all
KINDS = ("nginx", "nginx under a prefix", "caddy", "caddy under a prefix")
PROGRAMS = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin"))
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/warnings.log warn; {user}
events {{}}
http {{
    include {mime_types};
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; scgi_temp_path {folder}/scgi; uwsgi_temp_path {folder}/uwsgi;
    {example}
}}
"""
CADDY = """
{{
\tadmin off
\tskip_install_trust
\tlocal_certs
\thttp_port {plain}
\thttps_port {secure}
}}
{example}
"""


@dataclass(frozen=True)
class Front:
    """A proxy: its ports on this machine, the name it goes by, its prefix, and where it says what is wrong."""

    plain: int
    secure: int
    name: str
    prefix: str
    log: Path

    @property
    def host(self) -> str:
        """What a browser says in Host: the port is not the usual one."""
        return f"{self.name}:{self.secure}"

    @property
    def site(self) -> str:
        """The address that people know."""
        return f"https://{self.host}{self.prefix}"

    def connect(self, secure: bool = True) -> HTTPConnection:
        """A connection to it under its name; its certificate is nobody's but its own."""
        if not secure:
            return HTTPConnection("127.0.0.1", self.plain, timeout=SECONDS)
        trusting = ssl._create_unverified_context()
        connection = HTTPSConnection(self.name, self.secure, timeout=SECONDS, context=trusting)
        raw = socket.create_connection(("127.0.0.1", self.secure), SECONDS)
        connection.sock = trusting.wrap_socket(raw, server_hostname=self.name)
        return connection


def program(kind: str) -> str | None:
    """Where the proxy of this kind is; None where it is not installed."""
    return shutil.which(kind.split()[0], path=PROGRAMS)


@contextmanager
def proxied(kind: str, upstream: int, folder: Path) -> Iterator[Front]:
    """The proxy in front of the server at the port `upstream`; its files are in the empty `folder`."""
    try:
        front, process = _started(kind, upstream, folder)
    except DidNotStart:  # somebody took a port that was free a moment ago
        front, process = _started(kind, upstream, folder)
    try:
        yield front
    finally:
        _stop(process)


class DidNotStart(AssertionError):
    """The proxy ended or answered nobody; the message is what it said."""


def _started(kind: str, upstream: int, folder: Path) -> tuple[Front, subprocess.Popen[bytes]]:
    prefix = "/research" if "prefix" in kind else ""
    name = "intranet.example.com" if prefix and kind.startswith("caddy") else "insights.example.com"
    front = Front(_free_port(), _free_port(), name, prefix, folder / "warnings.log")
    command = (_nginx if kind.startswith("nginx") else _caddy)(front, upstream, folder)
    environment = {"PATH": PROGRAMS, "HOME": str(folder), "XDG_DATA_HOME": str(folder / "data")}
    with (folder / "output.log").open("wb") as output:
        process = subprocess.Popen(
            [program(kind) or kind, *command], cwd=folder, env=environment, stdout=output, stderr=output
        )
    try:
        _wait(front, process, folder)
    except BaseException:
        _stop(process)
        raise
    return front, process


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(SECONDS)


def _nginx(front: Front, upstream: int, folder: Path) -> list[str]:
    example = (DEPLOY / "nginx.conf").read_text()
    if front.prefix:
        example = _without_first_block(example, "    location / {", "\n    }\n")
        example = _commented_in(example, "    # Under a prefix instead")
    _make_certificate(front.name, folder)
    for old, new in (
        (r"/etc/letsencrypt/live/[^/]+", str(folder)),
        (r"listen 80;", f"listen 127.0.0.1:{front.plain};"),
        (r"listen 443 ", f"listen 127.0.0.1:{front.secure} "),
        (r"127\.0\.0\.1:8000", f"127.0.0.1:{upstream}"),
    ):
        example, count = re.subn(old, new, example)
        assert count, f"{old} is not in the example any more"
    user = "user root;" if os.geteuid() == 0 else ""
    filled = NGINX.format(folder=folder, user=user, mime_types="/etc/nginx/mime.types", example=example)
    (folder / "nginx.conf").write_text(filled)
    return ["-p", str(folder), "-c", str(folder / "nginx.conf")]


def _caddy(front: Front, upstream: int, folder: Path) -> list[str]:
    example = (DEPLOY / "Caddyfile").read_text()
    if front.prefix:
        example = _without_first_block(example, "insights.example.com {", "\n}\n")
        example = _commented_in(example, "# Under a prefix instead")
    example, count = re.subn(r"127\.0\.0\.1:8000", f"127.0.0.1:{upstream}", example)
    assert count, "the server's address is not in the example any more"
    (folder / "Caddyfile").write_text(CADDY.format(plain=front.plain, secure=front.secure, example=example))
    return ["run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


def _without_first_block(example: str, begin: str, end: str) -> str:
    before, mark, rest = example.partition(begin)
    assert mark, f"{begin} is not in the example any more"
    return before + rest.partition(end)[2]


def _commented_in(example: str, heading: str) -> str:
    """What stands below the line that begins so, without its signs of a comment."""
    before, mark, below = example.partition(heading)
    assert mark, f"{heading} is not in the example any more"
    line, _, block = below.partition("\n")
    return before + mark + line + "\n" + re.sub(r"^( *)# ?", r"\1", block, flags=re.M)


def _make_certificate(name: str, folder: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
         "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"],
        check=True, capture_output=True,
    )  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(front: Front, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            front.connect().close()
            return
        except OSError:  # not listening yet, or no certificate yet
            time.sleep(0.05)
    raise DidNotStart((folder / "output.log").read_text())
