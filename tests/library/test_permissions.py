"""What a reader is told of: a team's terms, scores outside their scopes, evidence they may not see, others' studies.

Maps is a team with an outcome of its own (MAP), a segment (hikers) and a product (trails, below maps). Tom is a member
of it, Rita is not. Sam is limited to the product maps, Sue to new parents.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from contents import TAXONOMY, add_taxonomy, ask, bring, tables
from corpus import FINDINGS
from homes import open_home, reader_of
from sqlalchemy import select, update

from insightrepo.accounts.access import Forbidden, Reader, visible_terms
from insightrepo.accounts.users import add_user
from insightrepo.library.imports.safe_names import workspace_redactor
from insightrepo.library.indexing.checking import check
from insightrepo.library.reading import NotVisible, read_document, read_evidence, read_study
from insightrepo.library.studies.insight_editing import changeable_insight
from insightrepo.library.studies.study_editing import edit_study, facts_now
from insightrepo.library.studies.study_states import Steps, steps_of, withdraw
from insightrepo.library.tagging.tagging import vote
from insightrepo.library.terms.outcome_list import list_outcomes
from insightrepo.library.terms.outcomes import read_outcome
from insightrepo.library.terms.taxonomy_changes import import_taxonomy
from insightrepo.models import (
    Document,
    Evidence,
    EvidenceLink,
    Instrument,
    Score,
    Study,
    Tag,
    Task,
    Team,
    Term,
    Vote,
    Wave,
)
from insightrepo.scores.chips import CellWanted, chips, show
from insightrepo.taxonomy.exporting import export
from insightrepo.taxonomy.files import TaxonomyError, dump
from insightrepo.taxonomy.reading import UnknownTerm
from insightrepo.workspace import Workspace

DAY = (dt.date(2025, 1, 1), dt.date(2025, 3, 31))
PASSWORD = "a long enough password"
PEOPLE = {
    "tom": ("researcher", (), ("Maps",)),
    "sam": ("viewer", ("product:maps",), ()),
    "sue": ("viewer", ("segment:new",), ()),
    "mia": ("contributor", ("product:maps",), ()),
}
OF_THE_TEAM = """
outcomes:
  - code: MAP
    job: Find the hidden trail
    category: Secret walks
    aliases: [hidden trail]
    team: Maps
    segments: [new]
segments:
  - dimension: family
    members:
      - {code: hikers, name: Hikers in spring, team: Maps}
products:
  - code: app
    name: The app
    children:
      - code: maps
        name: Maps
        tasks: [{code: T1, name: Plan a route, outcomes: [STOP, MAP]}]
        children:
          - {code: trails, name: Trails of the north, team: Maps}
      - code: shop
        name: Shop
        tasks: [{code: T2, name: Buy a pass, outcomes: [STOP]}]
"""
SECRET = ("MAP", "Find the hidden trail", "Secret walks", "hikers", "Hikers in spring", "trails", "Trails of the north")
FEED = (
    "id,who,comment,group,part,themes\n"
    "1,a,The hidden trail was gone,hikers,trails,MAP|STOP\n"
    "2,b,The stops were dull,new,maps,STOP\n"
    "3,c,The shop was closed,teen,shop,STOP\n"
)


@pytest.fixture(scope="module")
def shared(made_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A feed that everybody sees, a wave with a score for each cell; tests only read."""
    root = tmp_path_factory.mktemp("permissions")
    shutil.copytree(made_home, root / "home")
    made = open_home(root / "home")
    fill(made, root)
    yield made
    made.close()


@pytest.fixture
def own(fresh: Workspace, tmp_path: Path) -> Workspace:
    """The same, for a test that writes."""
    fill(fresh, tmp_path)
    return fresh


def fill(workspace: Workspace, root: Path) -> None:
    ada, rita = reader_of(workspace, "ada"), reader_of(workspace, "rita")
    with workspace.database.writing() as session:
        session.add(Team(name="Maps"))
    add_taxonomy(workspace, ada, TAXONOMY)
    add_taxonomy(workspace, ada, OF_THE_TEAM)
    with workspace.database.writing() as session:
        for name, (role, scopes, teams) in PEOPLE.items():
            add_user(session, f"{name}@example.com", role, PASSWORD, scopes=scopes, teams=teams)
    path = root / "feed.csv"
    path.write_text(FEED, encoding="utf-8")
    columns = {"text": "comment", "respondent": "who", "segment": ("group", "new", "hikers"), "labels": "themes"}
    bring(workspace, rita, path, publish=True, product=("part", "maps", "trails"), **columns)
    with workspace.database.writing() as session:
        wave = Wave(
            code="2025-Q1", first_day=DAY[0], last_day=DAY[1], state="frozen", instrument_id=_instrument(session)
        )
        session.add(wave)
        session.flush()
        ids = _ids(session)
        for outcome in ("STOP", "MAP"):
            for segment in (None, "new", "teen", "hikers"):
                for product in (None, "maps", "shop", "trails"):
                    cell = {"segment_id": ids.get(segment), "product_id": ids.get(product), "n": 50}
                    values = {"measure": "satisfaction", "value": 50.0, "low": 40.0, "high": 60.0}
                    session.add(Score(wave_id=wave.id, outcome_id=ids[outcome], **cell, **values))


def _instrument(session) -> int:
    instrument = Instrument(name="Survey", scale_low=1, scale_high=5, best="high")
    session.add(instrument)
    session.flush()
    return instrument.id


def _ids(session) -> dict[str | None, int]:
    return dict(session.execute(select(Term.code, Term.id)).tuples().all())


def the(workspace: Workspace, words: str) -> int:
    with workspace.database.reading() as session:
        return session.scalars(select(Evidence.id).where(Evidence.text.contains(words))).one()


# ---- terms of a team


@pytest.mark.parametrize(("who", "sees"), [("ada", True), ("tom", True), ("rita", False), ("vera", False)])
def test_a_term_of_a_team_is_for_its_members_and_administrators(shared: Workspace, who: str, sees: bool) -> None:
    reader = reader_of(shared, who)
    with shared.database.reading() as session:
        terms = session.scalars(select(Term)).all()
        visible = set(session.scalars(visible_terms(reader)))
    assert {term.id for term in terms if reader.sees_term(term)} == visible
    assert {term.code for term in terms if term.id not in visible} == (set() if sees else {"MAP", "hikers", "trails"})


def everything_told(workspace: Workspace, reader: Reader) -> str:
    """All that pages and the command line say of the feed to a reader, as one text; not the words of customers."""
    with workspace.database.reading() as session:
        study_id = session.scalars(select(Study.id)).one()
        document_id = session.scalars(select(Document.id)).one()
        evidence = [read_evidence(session, reader, number) for number in session.scalars(select(Evidence.id))]
        document = read_document(session, reader, study_id, document_id)
        told = [
            [replace(detail, hit=replace(detail.hit, text="", context="", study="")) for detail in evidence],
            read_study(session, reader, study_id),
            [item.tags for item in document.evidence],
            list_outcomes(workspace, session, reader),
            read_outcome(session, reader, "STOP"),
            show(session, reader),
            export(session, reader.sees_term),
        ]
    for fields in ({}, {"words": "hidden trail"}, {"sort": "gap"}):
        result = ask(workspace, reader, **fields)
        told.append((result.facets, result.outcomes, result.notes, [(hit.tags, hit.why) for hit in result.hits]))
        told.append([(hit.segments, hit.products) for hit in result.hits])
    return repr(told)


def test_nothing_that_is_shown_names_a_term_of_another_team(shared: Workspace) -> None:
    told = {who: everything_told(shared, reader_of(shared, who)) for who in ("tom", "rita", "ada")}
    for words in SECRET:
        assert f"'{words}" in told["tom"]
        assert f"'{words}" in told["ada"]
        assert f"'{words}" not in told["rita"]
    assert "hidden trail" not in told["rita"].replace("'hidden trail'", "")


def test_a_term_of_another_team_is_unknown_to_a_filter_and_not_offered_instead(shared: Workspace) -> None:
    rita, tom = reader_of(shared, "rita"), reader_of(shared, "tom")
    for filters in ({"outcome": ("MAP",)}, {"segment": ("hikers",)}, {"product": ("trails",)}):
        assert ask(shared, tom, filters=filters).total > 0
        found = ask(shared, rita, filters=filters)
        assert (found.total, len(found.notes)) == (0, 1)
        assert not any(name in found.notes[0] for name in ("Find", "Hikers", "Trails"))
    assert ask(shared, tom, filters={"category": ("Secret walks",)}).total == 1
    assert ask(shared, rita, filters={"category": ("Secret walks",)}).total == 0
    assert "MAP" not in " ".join(ask(shared, rita, 'outcome:"find the hidden trial"').notes)
    assert "MAP" in " ".join(ask(shared, tom, 'outcome:"find the hidden trial"').notes)
    with shared.database.reading() as session, pytest.raises(NotVisible):
        read_outcome(session, rita, "MAP")


def test_words_boost_no_term_of_another_team(shared: Workspace) -> None:
    def boosted(who: str) -> bool:
        hits = ask(shared, reader_of(shared, who), "hidden trail").hits
        return any("MAP" in reason for hit in hits for reason in hit.why)

    assert (boosted("tom"), boosted("rita")) == (True, False)


def test_nobody_votes_on_a_term_of_another_team(own: Workspace) -> None:
    number = the(own, "dull")
    with pytest.raises(UnknownTerm):
        vote(own, reader_of(own, "rita"), number, "outcome", "MAP", True)
    vote(own, reader_of(own, "tom"), number, "outcome", "MAP", True)


def test_a_product_counts_what_is_below_it_though_the_reader_may_not_see_that_product(shared: Workspace) -> None:
    rita = reader_of(shared, "rita")
    (app,) = (value for value in ask(shared, rita).facets["product"] if value.value == "app")
    assert app.count == ask(shared, rita, filters={"product": ("app",)}).total == 3


# ---- taxonomy files


def test_a_file_does_not_change_a_term_of_another_team(own: Workspace) -> None:
    before = tables(own)
    for text in (
        "outcomes: [{code: map, job: Something else}]",
        "segments: [{dimension: family, members: [{code: hikers, name: Hikers}]}]",
        "products: [{code: trails, name: Trails of the north, team: Maps, tasks: [{code: T9, name: Walk}]}]",
    ):
        with pytest.raises(TaxonomyError, match="belongs to a team that you are not in"):
            import_taxonomy(own, reader_of(own, "rita"), text, "taxonomy.yaml")
    assert tables(own) == before
    changed = "outcomes: [{code: MAP, job: Something else, team: Maps}]"
    assert import_taxonomy(own, reader_of(own, "tom"), changed, "taxonomy.yaml").changed == 1


def test_an_export_of_what_one_sees_imports_again_and_changes_nothing(own: Workspace) -> None:
    for who in ("rita", "tom", "ada"):
        reader = reader_of(own, who)
        with own.database.reading() as session:
            text = dump(export(session, reader.sees_term))
        assert ("MAP" in text) == (who != "rita")
        changes = import_taxonomy(own, reader, text, "taxonomy.yaml")
        assert (changes.created, changes.changed) == (0, 0)
    with own.database.reading() as session:
        assert {o.code for o in session.scalars(select(Task).where(Task.code == "T1")).one().outcomes} == {
            "STOP",
            "MAP",
        }


# ---- scores outside the reader's scopes


@pytest.mark.parametrize(
    ("who", "segments", "products"),
    [
        ("vera", {None, "new", "teen"}, {None, "maps", "shop"}),
        ("sam", {None, "new", "teen"}, {None, "maps"}),  # trails is below maps, but another team's
        ("sue", {None, "new"}, {None, "maps", "shop"}),
        ("ada", {None, "new", "teen", "hikers"}, {None, "maps", "shop", "trails"}),
    ],
)
def test_scores_are_shown_within_the_reader_s_scopes(shared: Workspace, who: str, segments: set, products: set) -> None:
    reader = reader_of(shared, who)
    with shared.database.reading() as session:
        rows = show(session, reader)
        outcome = read_outcome(session, reader, "STOP")
    assert {row["segment"] for row in rows} == segments
    assert {row["product"] for row in rows} == products
    assert {row["outcome"] for row in rows} == ({"STOP", "MAP"} if who == "ada" else {"STOP"})
    assert {cell.code for cell in outcome.by_segment} == segments - {None}
    assert {cell.code for cell in outcome.by_product} == products - {None}


def test_a_chip_falls_back_from_a_cell_outside_the_reader_s_scopes_and_says_so(shared: Workspace) -> None:
    with shared.database.reading() as session:
        ids = _ids(session)
        wanted = CellWanted(ids["STOP"], ids["teen"], ids["shop"])
        found = {who: chips(session, reader_of(shared, who), [wanted])[wanted] for who in ("ada", "sam", "sue")}
    told = {who: (chip.segment, chip.product, chip.fell_back) for who, chip in found.items()}
    assert told == {
        "ada": ("teen", "shop", None),
        "sam": ("teen", None, "all products"),
        "sue": (None, "shop", "all segments"),
    }


def test_a_filter_shows_no_score_outside_the_reader_s_scopes(shared: Workspace) -> None:
    for facet, code, who in (("product", "shop", "sam"), ("segment", "teen", "sue")):
        result = ask(shared, reader_of(shared, who), filters={facet: (code,), "outcome": ("STOP",)})
        shown = [spoken.chip for spoken in result.outcomes]
        shown += [tag.chip for hit in result.hits for tag in hit.outcomes]
        assert shown
        assert {getattr(chip, facet) for chip in shown} == {None}
        assert all(f"all {facet}s" in chip.fell_back for chip in shown)


# ---- reasons of votes


def test_a_reason_names_no_evidence_of_a_study_that_the_reader_may_not_see(own: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "secret.md"
    path.write_text("# Secret\n\nA draft of ours says that nobody found the way.\n", encoding="utf-8")
    bring(own, reader_of(own, "carl"), path)
    hidden, seen, at = the(own, "draft of ours"), the(own, "shop was closed"), the(own, "dull")
    like = [{"evidence": hidden, "cosine": 0.9}, {"evidence": seen, "cosine": 0.8}]
    with own.database.writing() as session:
        calm = _ids(session)["CALM"]
        row = {"evidence_id": at, "term_id": calm, "in_favour": True, "effect": "suggest", "value": 0.9}
        head = {"threshold": 0.5, "examples": like}
        session.add(Vote(**row, source="head", source_key="head:1", reason=head, evidence_revision=1))
        words = {"threshold": 0.5, "evidence": hidden}
        session.add(Vote(**row, source="words", source_key="words:1", reason=words, evidence_revision=1))
        session.add(Tag(evidence_id=at, term_id=calm, state="suggested", origin="head"))

    def reasons(who: str) -> str:
        with own.database.reading() as session:
            hit = read_evidence(session, reader_of(own, who), at).hit
        return " ".join(vote.because for tag in hit.tags for vote in tag.votes)

    assert re.search(r"“[^”]*draft of ours[^”]*” \(0.90\), “[^”]*shop was closed[^”]*” \(0.80\)", reasons("carl"))
    assert re.search("close in meaning to “[^”]*draft of ours", reasons("carl"))
    for who in ("vera", "rita"):
        assert "draft of ours" not in reasons(who)
        assert re.search(r"most like “[^”]*shop was closed[^”]*” \(0.80\)", reasons(who))
        assert "close in meaning to an example that you may not see" in reasons(who)
    with own.database.writing() as session:
        session.execute(update(Tag).where(Tag.term_id == calm).values(state="rejected"))
    with own.database.reading() as session:
        rejected = repr(read_evidence(session, reader_of(own, "rita"), at).rejected)
        assert f"examples=({seen},)" in rejected
        assert "draft of ours" not in rejected


# ---- check


def test_check_names_no_document(fresh: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "layoffs in spring.md"
    path.write_text(FINDINGS, encoding="utf-8")
    bring(fresh, reader_of(fresh, "ada"), path, sensitivity="personal")
    with fresh.database.writing() as session:
        document = session.scalars(select(Document).where(Document.name == path.name)).one()
        document.complete, document.sha256 = False, "0" * 64
    problems = check(fresh)
    assert [problem.partition(":")[0] for problem in problems] == [
        f"document {document.id}",
        f"document {document.id} was not stored to its end",
    ]
    assert "layoffs" not in " ".join(problems)


# ---- imports


def write(path: Path, text: str = FINDINGS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def studies(workspace: Workspace) -> list[Study]:
    with workspace.database.reading() as session:
        return list(session.scalars(select(Study).where(Study.title != "feed").order_by(Study.id)))


@pytest.mark.parametrize("dry_run", [False, True])
def test_the_same_bytes_in_another_study_are_its_own_document_and_change_no_other(
    fresh: Workspace, tmp_path: Path, dry_run: bool
) -> None:
    path, carl, rita = write(tmp_path / "findings.md"), reader_of(fresh, "carl"), reader_of(fresh, "rita")
    bring(fresh, carl, path, study_title="Draft", sensitivity="confidential")
    before = tables(fresh)["study"]
    found = bring(fresh, rita, path, study_title="Mine", sensitivity="public", publish=True, dry_run=dry_run)
    assert found.stored == found.read > 0
    assert set(before) <= set(tables(fresh)["study"])
    assert [(study.title, study.state) for study in studies(fresh)[1:]] == ([] if dry_run else [("Mine", "published")])
    with fresh.database.reading() as session:
        assert len(set(session.scalars(select(Document.sha256)))) == 1
        assert set(session.scalars(select(EvidenceLink.kind))) == (set() if dry_run else {"duplicates"})


def test_what_may_not_go_into_a_study_is_refused_by_name_and_the_rest_goes_in(fresh: Workspace, tmp_path: Path) -> None:
    root = tmp_path / "research"
    for name in ("Layoffs", "Stops"):
        write(root / name / "findings.md", FINDINGS.replace("photos", name))
        write(root / name / "plan.md", f"# Plan\n\nFind out what families say of {name}.\n")
    bring(fresh, reader_of(fresh, "rita"), root / "Layoffs", sensitivity="personal", publish=True)
    before = tables(fresh, without=["job"])["study"]
    found = bring(fresh, reader_of(fresh, "carl"), root / "Layoffs", root / "Stops")
    assert sorted(row.file for row in found.refused_rows) == ["Layoffs/findings.md", "Layoffs/plan.md"]
    assert {row.cause for row in found.refused_rows} == {
        "you may not add to a study of this title: give yours another title (--study-title)"
    }
    assert list(found.studies.values()) == ["Stops"]
    assert found.stored > 0
    assert set(before) <= set(tables(fresh)["study"])


def test_whoever_is_limited_to_a_product_names_it_when_they_import(own: Workspace, tmp_path: Path) -> None:
    path, mia = write(tmp_path / "findings.md"), reader_of(own, "mia")
    there = len(studies(own))
    for options in ({}, {"product": "shop"}, {"product": "no such product"}):
        with pytest.raises(Forbidden, match=r"choose one of them for the study \(--product: maps"):
            bring(own, mia, path, study_title="Stops", **options)
    with pytest.raises(Forbidden, match="the sensitivity personal is above your clearance, which is confidential"):
        bring(own, mia, path, study_title="Stops", product="maps", sensitivity="personal")
    assert len(studies(own)) == there
    bring(own, mia, path, study_title="Stops", product="maps", sensitivity="confidential")
    again = bring(own, mia, path, study_title="Stops")  # it is within her scope by now
    assert again.already_here == again.read > 0
    with pytest.raises(Forbidden, match="--product"):
        bring(own, mia, path, study_title="Stops", product="shop")


def test_texts_that_people_set_on_a_study_are_redacted_by_whoever_keeps_them(fresh: Workspace, tmp_path: Path) -> None:
    bring(fresh, reader_of(fresh, "rita"), write(tmp_path / "findings.md"), study_title="Mine", publish=True)
    [study] = studies(fresh)
    said = dict.fromkeys(("title", "method", "sharing_terms"), "as mia@example.org wrote")
    with fresh.database.writing() as session:
        facts = replace(facts_now(session.get_one(Study, study.id)), **said)
        edit_study(session, reader_of(fresh, "rita"), study.id, facts, workspace_redactor(fresh))
    with fresh.database.reading() as session:
        kept = facts_now(session.get_one(Study, study.id))
    assert ["mia@" in text or "as " not in text for text in (kept.title, kept.method, kept.sharing_terms)] == [
        False
    ] * 3


def test_a_viewer_who_owns_a_study_changes_nothing_of_it(fresh: Workspace, tmp_path: Path) -> None:
    bring(fresh, reader_of(fresh, "rita"), write(tmp_path / "findings.md"), study_title="Mine", publish=True)
    vera, [study] = reader_of(fresh, "vera"), studies(fresh)
    with fresh.database.writing() as session:
        session.execute(update(Study).values(owner_id=vera.user_id, sensitivity="internal"))
        claim = session.scalar(select(Evidence.id).order_by(Evidence.id))
        session.execute(update(Evidence).where(Evidence.id == claim).values(kind="insight"))
    with fresh.database.writing() as session:
        facts, redactor = facts_now(session.get_one(Study, study.id)), workspace_redactor(fresh)
        steps = (
            lambda: edit_study(session, vera, study.id, replace(facts, sensitivity="public"), redactor),
            lambda: withdraw(session, vera, study.id, "no longer wanted", redactor),
            lambda: changeable_insight(session, vera, claim),
        )
        for step in steps:
            with pytest.raises(Forbidden, match="this needs the role contributor"):
                step()
    assert steps_of(vera, "published", vera.user_id) == Steps(False, False, False, False)
