"""What pages read, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import pytest
from populate import populate

from insightrepo.accounts.access import Forbidden
from insightrepo.accounts.users import acting_reader
from insightrepo.library.reading import (
    NotVisible,
    find_original,
    list_studies,
    read_document,
    read_evidence,
    read_study,
)
from insightrepo.library.terms.outcome_list import list_outcomes
from insightrepo.library.terms.outcomes import read_outcome


def test_the_library_reads_the_same_on_every_database(workspace):
    library = populate(workspace)
    with workspace.database.reading() as session:
        viewer, owner = (acting_reader(session, f"{name}@example.org") for name in ("viewer", "owner"))
        found = list_studies(session, viewer)
        titles = [study.title for study in found.studies]
        assert found.total == len(titles) == 5
        assert titles[0] == "App store reviews"  # without a date of its own: the day it came in

        study = read_study(session, viewer, library.studies["published"])
        assert (study.line.when, study.line.evidence, study.line.documents) == ("2025-02-03 to 2025-02-21", 3, 1)
        assert study.kinds == (("passage", 3),)

        reading = read_document(session, viewer, study.line.id, library.documents["published"])
        assert [reading.text[item.start : item.end] for item in reading.evidence] == [i.text for i in reading.evidence]
        rows = read_document(session, viewer, library.studies["feed"], library.documents["feed"], page=2)
        assert [item.place for item in rows.evidence] == [f"row {number}" for number in range(52, 62)]

        detail = read_evidence(session, viewer, library.evidence["feed 3"])
        assert [(tag.code, tag.origin) for tag in detail.rejected] == [("PLAN-01", "person")]
        with pytest.raises(NotVisible):
            read_evidence(session, viewer, library.evidence["personal 0"])
        with pytest.raises(Forbidden):
            find_original(session, viewer, library.documents["published"])
        assert find_original(session, owner, library.documents["draft"]).name == "report.md"

        assert [
            (name, [line.code for line in lines]) for name, lines in list_outcomes(workspace, session, viewer).groups
        ] == [("Packing", ["PACK-01"]), ("Planning", ["PLAN-01", "PLAN-02"])]
        outcome = read_outcome(session, viewer, "plan-01")
        assert [wave.point.value for wave in outcome.waves] == [71.0, 70.0, 52.0]
        assert [(cell.code, cell.score["value"]) for cell in outcome.by_segment] == [("TODDLER", 43.0), ("TEENS", 58.0)]
