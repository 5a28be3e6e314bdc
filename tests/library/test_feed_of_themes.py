"""A public feed of answers: themes are outcomes, services are products, quarters are waves, 1 is the best answer.

The file is made here, in the shape in which health services publish theirs.
"""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ingest.readers import read_file
from ingest.readers.base import SourceFile
from insightrepo.accounts.access import Reader
from insightrepo.library.imports.import_options import ImportOptions
from insightrepo.library.imports.importing import import_paths
from insightrepo.library.indexing.checking import check
from insightrepo.library.search.hits import SearchQuery
from insightrepo.library.search.search import search
from insightrepo.library.terms.taxonomy_changes import import_taxonomy
from insightrepo.models import Answer, Outcome
from insightrepo.scores.chips import show
from insightrepo.scores.intake.columns import AnswerColumns
from insightrepo.scores.intake.importing import Scale, import_answers
from insightrepo.workspace import Workspace

ADA = Reader(0, "ada@example.com", "administrator")  # sees all
THEMES = [f"Theme {number:02d}" for number in range(1, 46)] + ["Getting through", "Waiting time", "Staff manner"]
SERVICES = ["111", "GP surgery", "Dentist"]
QUARTERS = {"2024-Q1": "2024-02-10", "2024-Q2": "2024-05-10", "2024-Q3": "2024-08-10", "2024-Q4": "2024-11-10"}
SAID = {
    "Getting through": "Could not get through on the phone, the line was engaged all morning.",
    "Waiting time": "I waited three hours in the corridor before anyone came.",
    "Staff manner": "The nurse listened and explained everything twice.",
}
NO_ANSWER = "Did not answer"


def taxonomy() -> str:
    """48 outcomes with a rule for the three that the feed speaks of in words, and the services as products."""
    lines = ["outcomes:"]
    for number, theme in enumerate(THEMES, 1):
        lines += [
            f"  - code: TH-{number:02d}",
            f"    job: {theme}",
            f"    category: {'Access' if number > 45 else 'Care'}",
        ]
        lines += [f"    aliases: [{theme.lower()} of care]"]
    lines += ["    rules:", "      - phrase: [listened and explained]"]
    lines += ["products:", *(f"  - {{code: '{service}', name: 'Service {service}'}}" for service in SERVICES)]
    return "\n".join(lines) + "\n"


def feed() -> str:
    """Four quarters of 40 answers a service; service 111 gets better from quarter to quarter; some say nothing."""
    rng, out = random.Random(3), io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["Response ID", "Date", "Service", "Feedback", "Rating", "Themes"])
    number = 0
    for quarter, (_, day) in enumerate(QUARTERS.items()):
        for service in SERVICES:
            for _ in range(40):
                number += 1
                theme = rng.choice(list(SAID))
                good = rng.random() < (0.4 + 0.17 * quarter if service == "111" else 0.6)
                text = NO_ANSWER if rng.random() < 0.1 else f"{SAID[theme]} Visit {number}."
                themes = f"{theme}|{rng.choice(THEMES[:45])}"
                writer.writerow([f"R{number}", day, service, text, rng.choice([1, 2] if good else [3, 4, 5]), themes])
    return out.getvalue()


@pytest.fixture
def filled(workspace: Workspace, ada: Reader, tmp_path: Path) -> tuple[Workspace, Path]:
    """The feed imported, and its answers as four waves."""
    path = tmp_path / "verbatims.csv"
    path.write_text(feed())
    import_taxonomy(workspace, ada, taxonomy(), "themes.yaml")
    report = import_paths(workspace, ada, [path], ImportOptions(publish=True))
    assert report.refused == 0
    assert report.unknown == {}
    assert report.stored + report.empty == 480
    return workspace, path


def import_waves(workspace: Workspace, path: Path) -> list:
    table = read_file(SourceFile(path.name, path.read_bytes()), 2**20).tables[0]
    columns = AnswerColumns(
        respondent="Response ID", outcome="Themes", satisfaction="Rating", product="Service", date="Date"
    )
    arguments = {"columns": columns, "scale": Scale(1, 5, "low")}
    return [
        import_answers(workspace.database, workspace.pseudonyms, quarter, table, **arguments) for quarter in QUARTERS
    ]


def test_one_file_of_four_quarters_makes_four_waves(filled: tuple[Workspace, Path]) -> None:
    workspace, path = filled
    reports = import_waves(workspace, path)
    assert [(report.stored, report.outside, report.refused) for report in reports] == [(240, 360, [])] * 4
    again = import_waves(workspace, path)
    assert [(report.stored, report.already_here) for report in again] == [(0, 240)] * 4
    with workspace.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Answer)) == 960


def test_the_best_end_is_the_low_one_and_importance_is_absent(filled: tuple[Workspace, Path]) -> None:
    workspace, path = filled
    import_waves(workspace, path)
    with workspace.database.reading() as session:
        rows = show(session, ADA, outcome="Getting through", product="111")
        assert {row["measure"] for row in rows} == {"satisfaction"}
        by_wave = {row["wave"]: row["value"] for row in rows if row["segment"] is None}
        assert by_wave["2024-Q1"] is not None
        assert by_wave["2024-Q4"] > by_wave["2024-Q1"]
        code = session.scalar(select(Outcome.code).where(Outcome.name == "Getting through"))
        good = [row for row in csv.DictReader(io.StringIO(feed())) if _asked(row, "2024-11", "111")]
        share = 100 * sum(int(row["Rating"]) <= 2 for row in good) / len(good)
        (cell,) = show(session, ADA, wave="2024-Q4", outcome=code, product="111", segment="all")
        assert (cell["value"], cell["n"]) == (pytest.approx(share), len(good))


def _asked(row: dict[str, str], month: str, service: str) -> bool:
    return row["Date"].startswith(month) and row["Service"] == service and "Getting through" in row["Themes"]


def test_what_customers_say_stands_beside_the_score_of_their_theme(filled: tuple[Workspace, Path], ada: Reader) -> None:
    workspace, path = filled
    import_waves(workspace, path)
    with workspace.database.reading() as session:
        result = search(workspace, session, ada, SearchQuery(words="could not get through on the phone", limit=5))
    assert all("phone" in hit.text for hit in result.hits)
    hit = result.hits[0]
    tag = next(tag for tag in hit.outcomes if tag.name == "Getting through")
    assert (tag.state, tag.origin) == ("accepted", "import")
    assert tag.chip.measure == "satisfaction"
    assert tag.chip.opportunity is None
    assert tag.chip.provisional
    assert result.outcomes[0].name in ("Getting through", "Waiting time", "Staff manner")


def test_the_feed_imported_again_stores_nothing(filled: tuple[Workspace, Path], ada: Reader) -> None:
    workspace, path = filled
    report = import_paths(workspace, ada, [path], ImportOptions(publish=True))
    assert report.stored == 0
    assert check(workspace) == []
