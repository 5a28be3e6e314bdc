"""Fills a workspace through its own imports: studies of every state and sensitivity, a feed, two frozen waves."""

from __future__ import annotations

import random
from pathlib import Path

from contents import add_taxonomy, bring

from ingest.readers.base import Row, Table
from insightrepo.accounts.access import Reader
from insightrepo.accounts.users import acting_reader, add_user
from insightrepo.models import Study, User
from insightrepo.scores.intake.importing import import_answers
from insightrepo.scores.waves.waves import find_wave, freeze
from insightrepo.workspace import Workspace

SCOPED = {"sam": ("viewer", "product:maps"), "sue": ("researcher", "segment:new")}
MARKERS = {  # a word that stands in one study only, by the study's title
    "Stops": "kiwi",
    "Prices": "walrus",
    "Layoffs": "zebra",
    "Contracts": "otter",
    "Sketch": "heron",
    "Gone": "badger",
    "Shops": "lemur",
    "Feedback": "mango",
}
SEEN = {  # the studies that each reader sees
    "ada": set(MARKERS),
    "rita": {"Stops", "Prices", "Layoffs", "Contracts", "Shops", "Feedback", "Gone"},
    "carl": {"Stops", "Prices", "Contracts", "Sketch", "Shops", "Feedback"},
    "vera": {"Stops", "Prices", "Shops", "Feedback"},
    "sam": {"Stops"},
    "sue": {"Prices"},
}
WORDS = ("The stops were boring", "The fees were hidden", "The price rose at the gate", "A playground was near", "Fine")
FEED = 90  # rows


def fill_library(workspace: Workspace, root: Path) -> None:
    """Everything of it is imported as the person who owns it."""
    _people(workspace)
    ada, rita, carl = (_reader(workspace, name) for name in ("ada", "rita", "carl"))
    add_taxonomy(workspace, ada)
    _report(workspace, rita, root, "Stops", product="maps", method="usability test", level="interaction")
    _report(workspace, rita, root, "Prices", segment="new", date="2024-06", sensitivity="public", method="survey")
    _report(workspace, rita, root, "Layoffs", sensitivity="personal")
    _report(workspace, rita, root, "Contracts", sensitivity="confidential")
    _report(workspace, rita, root, "Shops", product="shop", method="interview", date="2023")
    _report(workspace, rita, root, "Gone", product="maps")
    _report(workspace, carl, root, "Sketch", publish=False)
    _feed(workspace, rita, root)
    with workspace.database.writing() as session:
        session.query(Study).filter_by(title="Gone").one().state = "withdrawn"
    for code, share in (("2025-Q1", 0.7), ("2025-Q2", 0.4)):
        _wave(workspace, code, share)


def _people(workspace: Workspace) -> None:
    with workspace.database.reading() as session:
        ada = acting_reader(session, "ada@example.com")
    add_taxonomy(workspace, ada)
    with workspace.database.writing() as session:
        for name, (role, scope) in SCOPED.items():
            add_user(session, f"{name}@example.com", role, "a long enough password", scopes=(scope,))


def _reader(workspace: Workspace, name: str) -> Reader:
    with workspace.database.reading() as session:
        return acting_reader(session, f"{name}@example.com")


def _report(workspace: Workspace, reader: Reader, root: Path, title: str, **options: object) -> None:
    marker = MARKERS[title]
    text = (
        f"# {title} with a {marker}\n\nEight parents spoke of the {marker} and of hidden fees at the gate.\n\n"
        f"## Playgrounds\n\nA playground beside the road decided it, the {marker} did not. Fees were never hidden.\n"
    )
    path = root / f"{title}.md"
    path.write_text(text, encoding="utf-8")
    bring(workspace, reader, path, **{"study_title": title, "publish": True, **options})


def _feed(workspace: Workspace, reader: Reader, root: Path) -> None:
    chance = random.Random(3)
    lines = ["id,who,date,comment,group,part,themes"]
    for number in range(FEED):
        day = f"{chance.choice((2024, 2025))}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
        facts = chance.choice(("new", "teen", "")), chance.choice(("app", "maps", "shop", ""))
        label = chance.choice(("STOP", "COST|CALM", "", ""))
        words = f"{chance.choice(WORDS)} and mango number {number}"
        lines.append(f"f{number},c{number % 40},{day},{words},{','.join(facts)},{label}")
    path = root / "feedback.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    columns = {"text": "comment", "respondent": "who", "segment": "group", "product": "part", "labels": "themes"}
    bring(workspace, reader, path, study_title="Feedback", method="feedback", publish=True, date="date", **columns)


def _wave(workspace: Workspace, code: str, share: float) -> None:
    """60 people of each segment answered for two outcomes; `share` of them are satisfied with STOP, half with COST."""
    rows = []
    for segment in ("new", "teen"):
        for person in range(60):
            for outcome, satisfied in (("STOP", share), ("COST", 0.5)):
                answer = "5" if person < satisfied * 60 else "2"
                values = (f"{code}-{segment}-{person}", outcome, answer, "5", segment)
                rows.append(Row(len(rows) + 2, values))
    table = Table(("respondent", "outcome", "satisfaction", "importance", "segment"), tuple(rows))
    import_answers(workspace.database, workspace.pseudonyms, code, table)
    with workspace.database.writing() as session:
        freeze(session, find_wave(session, code), session.get_one(User, 1))
