"""What a pack says: hand-worked figures, what is left out, what is reconciled with earlier packs."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from packed import SECRET

from indexes.parts import IndexDamaged
from insightrepo.library.indexing.indexing import rebuild
from insightrepo.models import Decision, Evidence, Quantity, Score, Tag, Term, User
from insightrepo.packs.periods import PeriodWrong, read_period
from insightrepo.packs.sections import in_short, sections
from insightrepo.scores.waves.issues import freeze, reissue
from insightrepo.scores.waves.waves import find_wave
from insightrepo.taxonomy.reading import UnknownTerm


def test_the_one_real_change_is_told_with_its_figures(kit):
    content = kit.read("contributor", kit.make()).content
    everybody = [row for row in content["changes"]["real"] if (row["code"], row["segment"]) == ("STOP", None)]
    [row] = [row for row in everybody if row["measure"] == "satisfaction"]
    assert (row["before"], row["after"], row["change"], row["n"]) == (90.0, 50.0, pytest.approx(-40.0), 200)
    assert row["verdict"] == "worse"
    assert row["low"] < -40 < row["high"] < 0
    assert row["q"] < 0.001
    assert {row["code"] for row in content["changes"]["real"]} == {"STOP"}
    counts = content["changes"]["counts"]
    assert counts["compared"] == sum(counts[name] for name in ("moved", "too_small", "no_evidence", "not_enough"))


def test_gaps_are_the_opportunities_as_the_scores_have_them(kit):
    rows = {row["code"]: row for row in kit.read("contributor", kit.make()).content["gaps"]["rows"]}
    # Importance 90% (9), satisfaction 50% (5): 9 + (9 - 5) = 13. Satisfaction with the cost 60%: 9 + 3 = 12.
    assert rows["STOP"]["value"] == pytest.approx(13.0)
    assert rows["COST"]["value"] == pytest.approx(12.0)
    assert rows["STOP"]["band"] == "solid"
    assert list(rows) == ["STOP", "COST"]


def test_the_rest_of_the_period_is_in_it(kit):
    content = kit.read("researcher", kit.make("researcher")).content
    assert [item["text"] for item in content["evidence"]["said"]] == ["We stopped at a furniture shop <b>again</b>"]
    assert content["evidence"]["said_total"] == 1
    assert [one["words"] for one in content["targets"]] == ["19 of 12 targeted (158%), 58% over"]
    assert [one["text"] for one in content["happened"]] == ["A new list of stops"]
    assert content["questions"]["gaps"] == {"words": ["ferry with a pram"], "total": 1}
    assert [one["code"] for one in content["questions"]["silent"]] == ["COST", "MUTE"]
    assert [(one["wave"], one["issue"], len(one["sha256"])) for one in content["waves"]] == [
        ("2025-Q2", 1, 64), ("2025-Q3", 1, 64),
    ]  # fmt: skip


def test_a_pack_of_a_product_is_of_its_cells(kit):
    content = kit.read("contributor", kit.make(product="app")).content
    assert {row["product_code"] for row in content["changes"]["real"]} == {"app"}
    assert content["targets"] == []
    assert content["questions"]["gaps"] is None
    with pytest.raises(UnknownTerm):
        kit.make(product="nothing")


def test_numbers_to_settle_are_open_questions(kit, workspace):
    with workspace.database.writing() as session:
        session.add(Quantity(evidence_id=1, evidence_revision=1, start=0, end=3, value=1.0, unit="percent",
                             question="of what?", state="questioned"))  # fmt: skip
    pack_id = kit.make(sensitive=True)
    assert kit.read("contributor", pack_id).content["questions"]["numbers_total"] == 1
    assert kit.read("contributor", kit.make()).content["questions"]["numbers_total"] == 0


def test_a_month_without_a_wave_says_of_which_wave_its_figures_are(kit):
    content = kit.read("contributor", kit.make(kind="monthly", period="2025-08")).content
    assert content["changes"]["steps"] == []
    assert content["gaps"]["wave"] == "2025-Q2"
    assert content["reconciliation"] == [
        "No wave ended in 2025-08: opportunities and lines are of 2025-Q2, which ended on 2025-06-30."
    ]
    assert "No two waves could be compared for this period." in in_short(content)


def test_before_all_waves_there_is_nothing_and_it_says_so(kit):
    pack = kit.read("contributor", kit.make(period="2024-Q1"))
    assert pack.content["reconciliation"] == ["No wave had ended by 2024-03-31: there are no scores."]
    assert len(sections(pack.content)) == 7


def test_a_correction_is_reconciled_with_the_pack_before(kit, workspace):
    kit.make()
    with workspace.database.writing() as session:
        user = session.query(User).filter_by(role="administrator").first()
        reissue(session, find_wave(session, "2025-Q3"), user, "ten people were counted twice")
    provisional = kit.read("contributor", kit.make()).content["reconciliation"]
    assert any("being corrected (ten people were counted twice)" in line for line in provisional)
    with workspace.database.writing() as session:
        freeze(session, find_wave(session, "2025-Q3"), None)
    notes = kit.read("contributor", kit.make()).content["reconciliation"]
    assert any(line.startswith("2025-Q3 is issue 2, which corrects the one before: ten people") for line in notes)
    assert any("2025-Q3 was provisional in the pack of 2025-Q3" in line for line in notes)
    assert any(line.endswith("are the same here.") for line in notes)


def test_a_figure_that_differs_from_the_pack_before_is_named(kit, workspace):
    from insightrepo.models import Pack

    first = kit.make()
    with workspace.database.writing() as session:
        pack = session.get_one(Pack, first)
        content = json.loads(json.dumps(pack.content))
        content["gaps"]["rows"][0]["value"] = 14.5
        pack.content = content
    notes = kit.read("contributor", kit.make()).content["reconciliation"]
    assert "STOP · everybody, opportunity of 2025-Q3: 14.5 of 20 in the pack of 2025-Q3, 13.0 of 20 here." in notes


@pytest.mark.parametrize("name", ["contributor", "researcher", "administrator", "member"])
def test_terms_of_a_team_drafts_and_withdrawn_studies_are_in_nobodys_pack(kit, name):
    said = json.dumps(kit.read(name, kit.make(name, sensitive=True)).content)
    for hidden in ("FERRY", "Only for the team", SECRET["draft"], SECRET["withdrawn"], SECRET["team"]):
        assert hidden not in said
    assert SECRET["confidential"] in said


@pytest.mark.parametrize(
    ("kind", "text"), [("monthly", "2025-Q3"), ("quarterly", "2025-08"), ("quarterly", "soon"), ("yearly", "2025")]
)
def test_a_period_that_is_none_is_refused(kind, text):
    with pytest.raises(PeriodWrong):
        read_period(kind, text)


def test_the_largest_opportunities_are_quoted_on_with_words_of_whenever_they_were_said(kit, workspace):
    with workspace.database.writing() as session:
        old = session.query(Evidence).filter_by(identity="old").one()
        later = Evidence(study_id=old.study_id, identity="later", kind="verbatim", text="The stops got worse",
                         content_hash="l", said_on=dt.date(2025, 11, 1), date_precision="day")  # fmt: skip
        session.add(later)
        session.flush()
        stop, many = (session.query(Term).filter_by(code=code).one() for code in ("STOP", "many"))
        for row, term in ((old, stop), (old, many), (later, stop)):
            session.add(Tag(evidence_id=row.id, term_id=term.id, state="accepted", origin="person"))
    pack = kit.read("contributor", kit.make())
    assert {one["code"]: [quote["text"] for quote in one["quotes"]] for one in pack.content["voices"]} == {
        "STOP": ["Said in spring"], "COST": []
    }  # fmt: skip
    [section] = [section for section in sections(pack.content) if section.key == "voices"]
    assert section.quotes[0].who.startswith("on STOP · Most people · 2025-04-02 · ")
    with workspace.database.writing() as session:
        session.query(Evidence).filter_by(identity="old").one().withdrawn = True
    later_read = kit.read("contributor", 1)
    assert (later_read.withheld, [section.key for section in sections(later_read.content)].count("voices")) == (1, 0)


def test_a_gap_whose_segments_disagree_says_so_beside_its_band(kit, workspace):
    with workspace.database.writing() as session:
        wave = find_wave(session, "2025-Q3")
        ids = {code: session.query(Term).filter_by(code=code).one().id for code in ("COST", "rest")}
        cell = {"outcome_id": ids["COST"], "segment_id": ids["rest"], "product_id": None}
        rows = session.query(Score).filter_by(wave_id=wave.id, **cell)
        for measure, value in (("importance", 10.0), ("satisfaction", 60.0)):
            row = rows.filter(Score.measure == measure).one()
            row.value, row.low, row.high, row.n, row.note = value, value - 5, value + 5, 100, None
    pack = kit.read("contributor", kit.make())
    [table] = [section.table for section in sections(pack.content) if section.key == "gaps"]
    assert {row[0]: row[3] for row in table.rows}["COST Know the cost"] == (
        "solid, but segments disagree: more than wanted for All the rest"
    )
    assert all(about["score"] for about in table.about)


def test_a_pack_of_a_product_says_that_segments_disagree_over_all_products(kit, workspace):
    with workspace.database.writing() as session:
        wave = find_wave(session, "2025-Q3")
        ids = {code: session.query(Term).filter_by(code=code).one().id for code in ("COST", "rest")}
        cell = {"outcome_id": ids["COST"], "segment_id": ids["rest"], "product_id": None}
        rows = session.query(Score).filter_by(wave_id=wave.id, **cell)
        for measure, value in (("importance", 10.0), ("satisfaction", 60.0)):
            row = rows.filter(Score.measure == measure).one()
            row.value, row.low, row.high, row.n, row.note = value, value - 5, value + 5, 100, None
    [table] = [one.table for one in sections(kit.read("contributor", kit.make(product="app")).content)
               if one.key == "gaps"]  # fmt: skip
    assert {row[0]: row[3] for row in table.rows}["COST Know the cost"] == (
        "solid, but over all products segments disagree: more than wanted for All the rest"
    )


def test_the_largest_opportunity_says_where_its_evidence_is_thin(kit, workspace):
    rebuild(workspace)
    content = kit.read("contributor", kit.make()).content
    assert {row["code"]: row["evidence"] for row in content["gaps"]["rows"]} == {
        "STOP": {"pieces": 1, "people": 1, "studies": 1, "thin": "fewer than 5 people"},
        "COST": {"pieces": 0, "people": 0, "studies": 0, "thin": "nobody spoke of it"},
    }
    assert any(
        said.startswith("The largest opportunity is STOP")
        and said.endswith("(solid); its evidence is thin: fewer than 5 people (1 person, 1 study).")
        for said in in_short(content)
    )
    [gaps] = [section for section in sections(content) if section.key == "gaps"]
    assert [row[4] for row in gaps.table.rows] == [
        "thin: fewer than 5 people (1 person, 1 study)", "thin: nobody spoke of it",
    ]  # fmt: skip
    assert all(label.endswith(", thin evidence") for label in gaps.bars.labels)


def test_a_pack_that_kept_nothing_of_evidence_says_nothing_of_it(kit):
    content = kit.read("contributor", kit.make()).content
    for row in content["gaps"]["rows"]:
        del row["evidence"]
    assert not any("thin" in said for said in in_short(content))
    [gaps] = [section for section in sections(content) if section.key == "gaps"]
    assert {row[4] for row in gaps.table.rows} == {"–"}


def test_a_pack_is_made_also_while_the_indexes_are_damaged(kit, monkeypatch):
    def damaged(*_):
        raise IndexDamaged("nothing good is left of it")

    monkeypatch.setattr("insightrepo.packs.measured.Evidence", damaged)
    assert {row["evidence"] for row in kit.read("contributor", kit.make()).content["gaps"]["rows"]} == {None}


def test_more_scores_moved_than_changes_are_listed_and_the_pack_says_why(kit):
    content = kit.read("contributor", kit.make()).content
    changes = content["changes"]
    assert changes["counts"]["moved"] > changes["total"]
    [told] = [section.lead[1] for section in sections(content) if section.key == "changes"]
    assert "really moved (the same answers are listed once)," in told


def test_the_decisions_on_what_it_shows_are_in_it_and_those_on_other_outcomes_are_not(kit, workspace):
    with workspace.database.writing() as session:
        for code, text in (("STOP", "Show three stops only"), ("MUTE", "Leave it")):
            outcome = session.query(Term).filter_by(code=code).one()
            session.add(Decision(outcome_id=outcome.id, text=text, state="open", day=dt.date(2025, 9, 1)))
    content = kit.read("contributor", kit.make()).content
    (meanwhile,) = [one for one in sections(content) if one.key == "meanwhile"]
    (decisions,) = [one for one in meanwhile.bullets if one.title.startswith("Decisions")]
    assert decisions.items == ("STOP, open (2025-09-01): Show three stops only",)


def test_in_short_names_the_segment_and_the_task_that_moved_most(kit):
    content = kit.read("contributor", kit.make()).content
    whole = next(row for row in content["changes"]["real"] if row["kind"] == "outcome" and not row["segment"])
    content["changes"]["real"] = [
        whole,
        {**whole, "segment": "Parents of toddlers", "segment_code": "toddlers"},
        {**whole, "segment": "Couples", "segment_code": "couples"},
        {**whole, "kind": "task", "code": "T-1", "name": "Add a stop", "measure": "success", "outcome": None},
    ]
    said = " ".join(in_short(content))
    assert "(Parents of toddlers)" in said
    assert "T-1, add a stop: task success" in said
    assert "Couples" not in said
