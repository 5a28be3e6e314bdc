"""How long the server takes for each page of a workspace: every page without arguments, and one of each other kind.

    python -m bench.pages HOME [--renders 10] [--goal 150]

Each page is asked for in this process by the first administrator, once to warm up and then `renders` times; the table
has the median of the clock and of processor time in milliseconds, the kilobytes and the number of SQL statements of
the last time. On a busy machine read the processor's column.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from werkzeug.exceptions import HTTPException

sys.path.insert(0, str(Path(__file__).parents[1]))

from config import Settings
from insightrepo.models import User
from insightrepo.web import create_app
from insightrepo.web.auth import fingerprint
from insightrepo.workspace import Workspace

NO_PAGES = ("static", "bootstrap.static", "charts.plotly", "act.home", "auth.sign_in")
SEARCHES = ("/search?q=boring+stops", "/search?q=could+not+find+the+download&kind=verbatim", "/search?q=%22no+such%22")


@dataclass(frozen=True)
class Measured:
    """One page: medians in milliseconds, size in kilobytes, SQL statements."""

    endpoint: str
    address: str
    clock: float
    processor: float
    size: float
    statements: int


class Statements:
    """Counts the SQL statements of an engine."""

    def __init__(self, workspace: Workspace) -> None:
        self.count = 0
        event.listen(workspace.database.engine, "before_cursor_execute", self._add)

    def _add(self, *_arguments: object) -> None:
        self.count += 1


def signed_in(app: Flask, workspace: Workspace) -> FlaskClient:
    """A client signed in as the first administrator."""
    with workspace.database.reading() as session:
        user = session.scalars(select(User).where(User.role == "administrator").order_by(User.id)).first()
    if user is None:
        raise SystemExit(f"{workspace.home} has no administrator")
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = f"{user.id}:{fingerprint(user)}"
    return client


def addresses(app: Flask, client: FlaskClient) -> Iterator[tuple[str, str]]:
    """Endpoint and address of each page: those without arguments, then the first link to each other kind."""
    adapter = app.url_map.bind("localhost")
    found: dict[str, str] = {}
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.arguments and rule.endpoint not in NO_PAGES:
            found.setdefault(rule.endpoint, rule.rule)
    waiting = [*found.values(), *SEARCHES]
    yield from found.items()
    yield from (("search.results", address) for address in SEARCHES)
    for address in waiting:  # grows: a page leads to kinds that no other leads to
        answer = client.get(address)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        for link in re.findall(r'<a [^>]*href="(/[^"#]*)', answer.text):
            link = link.replace("&amp;", "&")
            try:
                endpoint, _ = adapter.match(link.partition("?")[0], method="GET")
            except HTTPException:  # a link that leads to no page of ours
                continue
            if endpoint not in found and endpoint not in NO_PAGES:
                found[endpoint] = link
                waiting.append(link)
                yield endpoint, link


def measure(client: FlaskClient, statements: Statements, endpoint: str, address: str, renders: int) -> Measured | None:
    """The medians of one page; None where it is no page of 200."""
    if client.get(address).status_code != 200:
        return None
    clocks, processors = [], []
    for _ in range(renders):
        statements.count = 0
        clock, processor = time.perf_counter(), time.process_time()
        size = len(client.get(address).data)
        clocks.append(time.perf_counter() - clock)
        processors.append(time.process_time() - processor)
    medians = (1000 * statistics.median(values) for values in (clocks, processors))
    return Measured(endpoint, address, *medians, size / 1000, statements.count)


def main() -> None:
    """Print the table, slowest first; exit code 1 where a page is over the goal."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("--renders", type=int, default=10)
    parser.add_argument("--goal", type=float, default=150, help="milliseconds of processor time")
    asked = parser.parse_args()
    workspace = Workspace(Settings(home=asked.home))
    statements = Statements(workspace)
    app = create_app(workspace)
    client = signed_in(app, workspace)
    pages = [
        page
        for endpoint, address in addresses(app, client)
        if (page := measure(client, statements, endpoint, address, asked.renders))
    ]
    print("| page | address | clock, ms | processor, ms | kB | SQL |\n|---|---|---|---|---|---|")
    for page in sorted(pages, key=lambda page: -page.processor):
        print(
            f"| {page.endpoint} | `{page.address}` | {page.clock:.0f} | {page.processor:.0f} | {page.size:.0f} "
            f"| {page.statements} |"
        )
    over = [page for page in pages if page.processor > asked.goal]
    print(f"\n{len(pages)} pages, {len(over)} over {asked.goal:.0f} ms of processor time")
    raise SystemExit(1 if over else 0)


if __name__ == "__main__":
    main()
