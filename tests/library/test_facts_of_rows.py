"""What the data says of a row counts for terms that come later, and follows the data when that is corrected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from contents import TAXONOMY, add_taxonomy, ask, bring, tags, the_one, votes
from sqlalchemy import select

from insightrepo.accounts.access import Reader
from insightrepo.library.indexing.checking import check
from insightrepo.library.tagging.retagging import retag
from insightrepo.library.tagging.tagging import vote
from insightrepo.models import Place, Vote
from insightrepo.workspace import Workspace

Person = Callable[[str], Reader]
COLUMNS = {"text": "comment", "id": "id", "segment": "group", "product": "part", "labels": "themes"}
HEADER = "id,comment,group,part,themes\n"
FEED = HEADER + "v1,It took us ages to park.,seniors,radio,parking|COST\nv2,The bread was fine.,new,,\n"
PARK = "  - code: PARK\n    job: Leave the car somewhere\n    aliases: [parking]\n    policy: manual\n"
LATER = (
    TAXONOMY.replace("outcomes:\n", f"outcomes:\n{PARK}")
    .replace("      - {code: teen,", "      - {code: old, name: Seniors}\n      - {code: teen,")
    .replace("      - {code: shop,", "      - {code: radio, name: Radio}\n      - {code: shop,")
)


@pytest.fixture
def fed(workspace: Workspace, ada: Reader, tmp_path: Path) -> Workspace:
    """A feed that names terms that are not there yet, on SQLite and on PostgreSQL."""
    add_taxonomy(workspace, ada)
    found = bring(workspace, ada, write(tmp_path, FEED), publish=True, **COLUMNS)
    assert found.unknown == {"segment seniors": 1, "product radio": 1, "outcome parking": 1}
    return workspace


def test_a_name_that_is_almost_a_term_s_is_reported_with_the_terms_it_may_be(
    workspace: Workspace, ada: Reader, tmp_path: Path
) -> None:
    toddlers = "      - {code: toddler, name: Families with toddlers}\n      - {code: teen,"
    add_taxonomy(workspace, ada, TAXONOMY.replace("      - {code: teen,", toddlers))
    rows = 'v1,It took us ages.,"Familis with teenagers",radio,hiden fees\n'
    found = bring(workspace, ada, write(tmp_path, HEADER + rows), **COLUMNS)
    assert set(found.unknown) == {"segment Familis with teenagers", "product radio", "outcome hiden fees"}
    assert found.as_dict()["near"] == {
        "segment Familis with teenagers": ["Families with teenagers (teen)"],  # not "Families with toddlers"
        "outcome hiden fees": ["Know what the whole trip costs (COST)"],
    }


def write(folder: Path, text: str, name: str = "feed.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def imported(workspace: Workspace, evidence_id: int) -> dict[str, tuple[str, str]]:
    """Of a piece of evidence the tags that its data decided."""
    return {code: tag for code, tag in tags(workspace, evidence_id).items() if tag[1] == "import"}


def test_a_term_that_comes_later_gets_the_votes_of_the_data_that_named_it(fed: Workspace, ada: Reader) -> None:
    parked = the_one(fed, "park").id
    assert imported(fed, parked) == {"COST": ("accepted", "import")}
    add_taxonomy(fed, ada, LATER)
    expected = dict.fromkeys(("COST", "PARK", "old", "radio"), ("accepted", "import"))
    assert imported(fed, parked) == expected
    assert imported(fed, the_one(fed, "bread").id) == {"new": ("accepted", "import")}
    with fed.database.reading() as session:
        cast = session.scalars(select(Vote).where(Vote.evidence_id == parked, Vote.source == "import")).all()
        document = session.scalars(select(Place.document_id).where(Place.evidence_id == parked)).one()
    assert {(row.source_key, row.effect, row.value) for row in cast} == {(f"import:{document}", "force", 1.0)}
    assert {row.reason["value"] for row in cast} == {"COST", "parking", "seniors", "radio"}
    assert ask(fed, ada, filters={"segment": ("old",), "product": ("app",), "outcome": ("PARK",)}).total == 1
    assert check(fed) == []
    assert retag(fed) == 0
    assert imported(fed, parked) == expected


def test_a_person_who_said_otherwise_is_not_outvoted_by_data_that_counts_only_later(
    fed: Workspace, ada: Reader
) -> None:
    parked = the_one(fed, "park").id
    vote(fed, ada, parked, "outcome", "COST", False)
    add_taxonomy(fed, ada, LATER)
    assert tags(fed, parked)["COST"] == ("rejected", "person")
    assert tags(fed, parked)["PARK"] == ("accepted", "import")


def test_labels_that_are_corrected_take_their_votes_along(fed: Workspace, ada: Reader, tmp_path: Path) -> None:
    parked = the_one(fed, "park").id
    machines = votes(fed, parked, "rule", "words")
    corrected = FEED.replace("seniors,radio,parking|COST", "teen,maps,CALM")
    found = bring(fed, ada, write(tmp_path, corrected), **COLUMNS)
    assert (found.changed, found.already_here, found.unknown) == (1, 1, {})
    assert imported(fed, parked) == dict.fromkeys(("CALM", "teen", "maps"), ("accepted", "import"))
    assert votes(fed, parked, "rule", "words") == machines
    with fed.database.reading() as session:
        facts = {str(row.facts) for row in session.scalars(select(Place).where(Place.evidence_id == parked))}
    assert not any("parking" in text for text in facts if "CALM" in text)
    assert check(fed) == []


def test_a_label_that_was_corrected_before_its_term_came_is_not_cast(
    fed: Workspace, ada: Reader, tmp_path: Path
) -> None:
    parked = the_one(fed, "park").id
    bring(fed, ada, write(tmp_path, FEED.replace("seniors,radio,parking|COST", "teen,,CALM")), **COLUMNS)
    add_taxonomy(fed, ada, LATER)
    assert imported(fed, parked) == dict.fromkeys(("CALM", "teen"), ("accepted", "import"))


def test_two_files_that_hold_the_row_speak_each_for_itself(fed: Workspace, ada: Reader, tmp_path: Path) -> None:
    parked = the_one(fed, "park").id
    # a loose file is a study of its own: only under one title do two files hold the same row
    other = HEADER + "v1,It took us ages to park.,seniors,,STOP\n"
    again = FEED.replace("v2,", "v9,")
    bring(fed, ada, write(tmp_path, again, "one.csv"), study_title="Exports", **COLUMNS)
    bring(fed, ada, write(tmp_path, other, "two.csv"), study_title="Exports", **COLUMNS)
    add_taxonomy(fed, ada, LATER)
    with fed.database.reading() as session:
        rows = session.execute(
            select(Place.evidence_id, Place.document_id).where(Place.evidence_id != parked).order_by(Place.document_id)
        ).all()
    both = {row.evidence_id for row in rows if sum(other.evidence_id == row.evidence_id for other in rows) == 2}
    (shared,) = both
    assert set(imported(fed, shared)) == {"COST", "PARK", "STOP", "old", "radio"}
