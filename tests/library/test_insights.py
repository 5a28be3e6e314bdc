"""Insights: claims of people, found and tagged like all evidence, linked to what speaks for and against them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from insightrepo.accounts.access import Forbidden, Reader
from insightrepo.library.imports.import_options import ImportOptions
from insightrepo.library.imports.importing import import_paths
from insightrepo.library.reading import read_evidence
from insightrepo.library.search.hits import SearchQuery
from insightrepo.library.search.search import search
from insightrepo.library.studies.insights import InsightRefused, questions_of, write_insight
from insightrepo.library.tagging.tagging import NotThere
from insightrepo.library.terms.taxonomy_changes import import_taxonomy
from insightrepo.models import Evidence, Quantity, Study
from insightrepo.taxonomy.reading import UnknownTerm
from insightrepo.workspace import Workspace

TAXONOMY = "outcomes:\n  - code: FT-01\n    job: Find enriching stops\n    rules:\n      - phrase: [boring stops]\n"
CLAIM = "Parents leave the planner because it offers boring stops"


@pytest.fixture
def rita(workspace: Workspace, ada: Reader, make_reader, tmp_path: Path) -> Reader:
    """A researcher with a published study of two passages."""
    reader = make_reader("researcher", email="rita@example.com")
    import_taxonomy(workspace, ada, TAXONOMY, "taxonomy.yaml")
    path = tmp_path / "report.md"
    path.write_text(
        "# Stops\n\nThe stops on the route are all the same.\n\n# Prices\n\nNobody minds the price of it.\n"
    )
    import_paths(workspace, reader, [path], ImportOptions(publish=True))
    return reader


def ids(workspace: Workspace) -> tuple[int, list[int]]:
    """The study's id and those of its evidence."""
    with workspace.database.reading() as session:
        return session.scalars(select(Study.id)).one(), list(session.scalars(select(Evidence.id).order_by(Evidence.id)))


def test_an_insight_is_found_tagged_by_rule_and_person_and_linked_both_ways(workspace, rita):
    study_id, [first, second] = ids(workspace)
    written = write_insight(
        workspace, rita, study_id, CLAIM, outcomes=["FT-01"], supports=[first], contradicts=[second]
    )
    with workspace.database.reading() as session:
        found = search(workspace, session, rita, SearchQuery("boring stops", filters={"kind": ("insight",)}))
        assert [hit.id for hit in found.hits] == [written]
        detail = read_evidence(session, rita, written)
        assert [(tag.code, tag.state, tag.origin) for tag in detail.hit.tags] == [("FT-01", "accepted", "person")]
        assert {(link.relation, link.id) for link in detail.links} == {
            ("is supported by", first),
            ("is contradicted by", second),
        }


def test_the_same_claim_again_is_the_one_that_is_there(workspace, rita):
    study_id, _ = ids(workspace)
    written = write_insight(workspace, rita, study_id, CLAIM)
    assert write_insight(workspace, rita, study_id, f"  {CLAIM.upper()}. ") == written


def test_personal_data_in_a_claim_is_redacted(workspace, rita):
    study_id, _ = ids(workspace)
    written = write_insight(workspace, rita, study_id, "Write to anna@example.com about boring stops")
    with workspace.database.reading() as session:
        assert "anna@" not in session.get_one(Evidence, written).text


def test_its_numbers_are_asked_about_before_and_kept_after(workspace, rita):
    study_id, _ = ids(workspace)
    text = "Satisfaction with stops fell 12.95% in Q3"
    [(stated, question)] = questions_of(text)
    assert text[stated.start : stated.end] == "12.95%"
    assert "percentage points" in question
    written = write_insight(workspace, rita, study_id, text)
    with workspace.database.reading() as session:
        row = session.scalars(select(Quantity).where(Quantity.evidence_id == written)).one()
        assert (row.value, row.state) == (-12.95, "questioned")


@pytest.mark.parametrize(
    ("text", "links", "why"),
    [
        ("Too short", {}, "a claim of 3 words or more"),
        ("word " * 500, {}, "one claim"),
        (CLAIM, {"supports": [1], "contradicts": [1]}, "for and against the same claim"),
    ],
)
def test_what_is_no_claim_is_refused_in_words(workspace, rita, text, links, why):
    study_id, _ = ids(workspace)
    with pytest.raises(InsightRefused, match=why):
        write_insight(workspace, rita, study_id, text, **links)


def test_an_insight_is_written_by_who_may_add_to_the_study_and_rests_on_what_they_see(workspace, rita, make_reader):
    study_id, [first, _] = ids(workspace)
    with pytest.raises(Forbidden):
        write_insight(workspace, make_reader("viewer"), study_id, CLAIM)
    with pytest.raises(Forbidden, match="only its owner and researchers"):
        write_insight(workspace, make_reader("contributor"), study_id, CLAIM)
    with pytest.raises(NotThere, match="no evidence 99999"):
        write_insight(workspace, rita, study_id, CLAIM, supports=[first, 99999])
    with pytest.raises(NotThere, match="no study 99999"):
        write_insight(workspace, rita, 99999, CLAIM)
    with pytest.raises(UnknownTerm):
        write_insight(workspace, rita, study_id, CLAIM, outcomes=["NO-99"])
    assert len(ids(workspace)[1]) == 2


def test_importing_the_report_again_leaves_the_insight_alone(workspace, rita, tmp_path):
    study_id, _ = ids(workspace)
    written = write_insight(workspace, rita, study_id, CLAIM)
    path = tmp_path / "report.md"
    path.write_text(path.read_text().replace("all the same", "much alike"))
    import_paths(workspace, rita, [path], ImportOptions(publish=True))
    with workspace.database.reading() as session:
        assert not session.get_one(Evidence, written).withdrawn
