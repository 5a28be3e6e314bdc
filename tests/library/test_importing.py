"""Importing: what goes in, what is the same as before, what changed, what is refused, and who may."""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from contents import add_taxonomy, ask, bring, evidence, files_in, sizes, tables, tags, the_one, votes
from corpus import FINDINGS, write_corpus
from sqlalchemy import select

from insightrepo.accounts.access import Forbidden, Reader
from insightrepo.library.indexing.checking import check
from insightrepo.library.tagging.tagging import vote
from insightrepo.models import Document, EvidenceLink, Job, Outbox, Place, Product, Study
from insightrepo.workspace import Workspace

Person = Callable[[str], Reader]
SAMPLES = Path(__file__).parents[1] / "samples"
FEED = "id,who,comment,stars\n"
PASSAGES = {
    "photos": "Six of eight parents opened the photos before they accepted a stop that we suggested to them.",
    "detour": "A detour of more than ten minutes was refused by all parents but one, whatever stood at its end.",
    "playground": "A playground beside the road decided it for every family with a child below the age of six.",
}


def report(*names: str, **changed: str) -> str:
    """A report with a section for each of these passages."""
    words = PASSAGES | changed
    return "# Findings\n\n" + "\n\n".join(f"## About {name}\n\n{words[name]}" for name in names) + "\n"


def feed(*rows: str, header: str = FEED) -> str:
    return header + "".join(f"{row}\n" for row in rows)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def counts(found) -> tuple[int, int, int, int]:
    return found.read, found.stored, found.already_here, found.refused


def studies(workspace: Workspace) -> list[Study]:
    with workspace.database.reading() as session:
        return list(session.scalars(select(Study).order_by(Study.id)))


# ---- studies


def test_a_folder_becomes_one_study_with_title_method_date_and_participants(
    workspace: Workspace, ada: Reader, tmp_path: Path
) -> None:
    found = bring(workspace, ada, write_corpus(tmp_path))
    feedback, stops = sorted(studies(workspace), key=lambda study: study.title)
    assert (stops.title, stops.method, stops.participants_n) == ("Stops", "usability test", 8)
    assert (stops.started_on, stops.date_precision) == (dt.date(2025, 3, 1), "month")
    assert (stops.state, stops.owner_id, stops.sensitivity) == ("draft", ada.user_id, "internal")
    assert feedback.title == "Feedback"
    assert found.files == 3
    assert {study.id: study.title for study in (stops, feedback)} == found.studies
    with workspace.database.reading() as session:
        names = set(session.scalars(select(Document.name).where(Document.study_id == stops.id)))
    assert names == {"research/03_stops_mar2025/plan.md", "research/03_stops_mar2025/findings.md"}
    assert check(workspace) == []


def test_a_second_import_stores_nothing(workspace: Workspace, ada: Reader, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path)
    first = bring(workspace, ada, corpus)
    assert first.read == first.stored > 60
    before = tables(workspace, without=["job"])
    again = bring(workspace, ada, corpus)
    assert counts(again) == (first.read, 0, first.read, 0)
    assert tables(workspace, without=["job"]) == before


def test_what_a_plan_says_of_the_date_holds_for_the_findings_that_are_read_before_it(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    folder = tmp_path / "Stops"
    write(folder / "findings.md", FINDINGS)
    write(folder / "plan.md", "---\ndate: 2025-03-10\n---\n\n# Plan\n\nFind out how families choose where to stop.\n")
    bring(fresh, person("ada"), folder)
    assert {row.said_on for row in evidence(fresh)} == {dt.date(2025, 3, 10)}
    assert check(fresh) == []


def test_options_override_what_is_read(fresh: Workspace, person: Person, tmp_path: Path) -> None:
    ada = person("ada")
    add_taxonomy(fresh, ada)
    said = {"method": "interview", "level": "interaction", "sensitivity": "confidential", "study_title": "Long drives"}
    bring(fresh, ada, write_corpus(tmp_path), product="maps", segment="new", date="2025-Q2", publish=True, **said)
    (study,) = studies(fresh)
    assert (study.title, study.method, study.level) == ("Long drives", "interview", "interaction")
    assert (study.sensitivity, study.state) == ("confidential", "published")
    assert (study.started_on, study.date_precision) == (dt.date(2025, 4, 1), "quarter")
    assert ask(fresh, ada, filters={"product": ("app",), "segment": ("new",)}).total == len(evidence(fresh))


def test_a_product_that_is_set_by_a_later_import_is_found_by_search(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    ada, corpus = person("ada"), write_corpus(tmp_path)
    add_taxonomy(fresh, ada)
    bring(fresh, ada, corpus)
    assert ask(fresh, ada, filters={"product": ("app",)}).total == 0
    bring(fresh, ada, corpus, product="maps", date="2025-05")
    assert ask(fresh, ada, filters={"product": ("app",)}).total == len(evidence(fresh))
    passages = [row for row in evidence(fresh) if row.kind == "passage"]
    assert {(row.said_on, row.date_precision) for row in passages} == {(dt.date(2025, 5, 1), "month")}
    assert check(fresh) == []


# ---- reports that change


def test_of_a_changed_report_equal_passages_keep_id_tags_and_votes_and_vanished_ones_are_withdrawn(
    workspace: Workspace, ada: Reader, tmp_path: Path
) -> None:
    add_taxonomy(workspace, ada)
    path = write(tmp_path / "findings.md", report("photos", "detour", "playground"))
    bring(workspace, ada, path)
    kept, reworded, gone = (the_one(workspace, words) for words in ("the photos", "A detour", "A playground"))
    vote(workspace, ada, kept.id, "outcome", "CALM", True)
    before = tags(workspace, kept.id), votes(workspace, kept.id)
    assert tags(workspace, gone.id)["STOP"] == ("automatic", "rule")

    write(path, report("photos", "detour", detour="Minutes and not kilometres decided whether a stop was accepted."))
    found = bring(workspace, ada, path)
    assert (found.stored, found.already_here, found.withdrawn) == (1, 1, 2)
    assert the_one(workspace, "the photos").id == kept.id
    assert (tags(workspace, kept.id), votes(workspace, kept.id)) == before
    assert the_one(workspace, "A detour").withdrawn
    assert the_one(workspace, "A playground").withdrawn
    assert {hit.id for hit in ask(workspace, ada).hits} == {kept.id, the_one(workspace, "Minutes and not").id}
    assert ask(workspace, ada, "playground", mode="keyword").total == 0

    write(path, report("photos", "playground"))
    found = bring(workspace, ada, path)
    assert (found.stored, found.already_here, found.withdrawn) == (0, 2, 1)
    assert not the_one(workspace, "A playground").withdrawn
    assert [hit.id for hit in ask(workspace, ada, "playground", mode="keyword").hits] == [gone.id]
    assert tags(workspace, gone.id)["STOP"] == ("automatic", "rule")
    assert the_one(workspace, "A detour").id == reworded.id
    with workspace.database.reading() as session:
        revisions = session.execute(select(Document.revision, Document.current).order_by(Document.revision)).all()
    assert [tuple(row) for row in revisions] == [(1, False), (2, False), (3, True)]
    assert check(workspace) == []


def test_a_report_that_goes_back_to_an_earlier_version_is_that_version_again(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    ada, path = person("ada"), tmp_path / "findings.md"
    for names in (("photos", "detour"), ("photos",), ("photos", "detour")):
        bring(fresh, ada, write(path, report(*names)))
    assert [row.withdrawn for row in evidence(fresh)] == [False, False]
    assert len(ask(fresh, ada).hits) == 2
    assert check(fresh) == []


def test_a_passage_that_returns_is_tagged_by_the_rules_of_today(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    ada, path = person("ada"), tmp_path / "findings.md"
    for names in (("photos", "playground"), ("photos",)):
        bring(fresh, ada, write(path, report(*names)))
    add_taxonomy(fresh, ada)
    bring(fresh, ada, write(path, report("playground", "photos")))
    assert tags(fresh, the_one(fresh, "A playground").id)["STOP"] == ("automatic", "rule")


def test_passages_that_repeat_others_are_marked_and_kept_also_when_they_return(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    ada, folder = person("ada"), tmp_path / "Stops"
    write(folder / "findings.md", report("photos", "detour"))
    for names in (("photos",), ("detour",), ("photos", "detour")):
        write(folder / "results.md", report(*names))
        bring(fresh, ada, folder)
    with fresh.database.reading() as session:
        links = list(session.scalars(select(EvidenceLink)))
    assert {link.reason["why"] for link in links} == {"the same words"}
    assert len({link.from_id for link in links}) == len(links) == 2
    assert ask(fresh, ada, "photos", mode="keyword").total == 2


# ---- feeds that grow


COLUMNS = {"text": "comment", "respondent": "who"}  # few rows are not taken for a feed unless it is said


def test_a_longer_export_of_a_feed_adds_what_is_new_and_withdraws_nothing(
    workspace: Workspace, ada: Reader, tmp_path: Path
) -> None:
    path = write(tmp_path / "feed.csv", feed("v1,c1,The stops were boring.,2", "v2,c2,We liked the maps a lot.,5"))
    bring(workspace, ada, path, **COLUMNS)
    before = [row.id for row in evidence(workspace)]
    rows = (
        "v2,c2,We liked the maps a lot.,5",
        "v3,c3,The fees were hidden from us.,1",
        "v4,c4,Nice photos of stops.,4",
    )
    found = bring(workspace, ada, write(path, feed(*rows)), **COLUMNS)
    assert (found.stored, found.already_here, found.withdrawn) == (2, 1, 0)
    assert [row.id for row in evidence(workspace)][:2] == before
    assert ask(workspace, ada).total == 4
    assert check(workspace) == []


def test_an_older_export_of_a_feed_changes_nothing(fresh: Workspace, person: Person, tmp_path: Path) -> None:
    ada, path = person("ada"), tmp_path / "feed.csv"
    old, new = (
        feed("v1,c1,The stops were boring.,2"),
        feed("v1,c1,The stops were fine.,2", "v2,c2,We liked them all.,5"),
    )
    for text in (old, new):
        bring(fresh, ada, write(path, text), **COLUMNS)
    before = tables(fresh, without=["job"])
    assert bring(fresh, ada, write(path, old), **COLUMNS).already_here == 1
    assert tables(fresh, without=["job"]) == before


def test_new_text_under_a_known_row_id_is_a_second_revision_and_keeps_what_a_person_said(
    workspace: Workspace, ada: Reader, tmp_path: Path
) -> None:
    add_taxonomy(workspace, ada)
    path = write(tmp_path / "feed.csv", feed("v1,c1,The stops were boring for us.,2", "v2,c2,We liked the maps.,5"))
    bring(workspace, ada, path, **COLUMNS)
    first = the_one(workspace, "boring")
    vote(workspace, ada, first.id, "outcome", "CALM", True)
    assert votes(workspace, first.id, "rule") == [("rule", "STOP", True, 1)]

    rows = ("v1,c1,The fee at the gate was not shown.,2", "v2,c2,We liked the maps.,5")
    found = bring(workspace, ada, write(path, feed(*rows)), **COLUMNS)
    second = the_one(workspace, "The fee")
    assert (found.stored, found.changed, found.already_here) == (1, 1, 1)
    assert (second.id, second.revision) == (first.id, 2)
    assert votes(workspace, first.id, "rule", "person") == [("person", "CALM", True, 1), ("rule", "COST", True, 2)]
    assert tags(workspace, first.id)["CALM"] == ("accepted", "person")
    assert "STOP" not in {code for code, (state, _) in tags(workspace, first.id).items() if state != "suggested"}
    assert ask(workspace, ada, "boring", mode="keyword").total == 0
    assert ask(workspace, ada, "gate", mode="keyword").total == 1
    assert check(workspace) == []


def test_two_customers_who_say_the_same_are_two_pieces_of_evidence_and_one_row_twice_is_one(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    same = "The stops were boring."
    path = write(
        tmp_path / "feed.csv", feed(f"v1,c1,{same},2", f"v2,c2,{same},2", f"v1,c1,{same},2", f"v3,c3,{same}.,2")
    )
    found = bring(fresh, person("ada"), path, **COLUMNS)
    assert counts(found) == (4, 3, 1, 0)
    assert len(evidence(fresh)) == 3
    assert ask(fresh, person("ada")).people == 3


def test_different_texts_under_one_row_id_are_all_kept_and_stay_what_they_are(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    rows = ["v1,c1,The stops were boring.,2", "v1,c1,The fees were hidden.,1"]
    path = write(tmp_path / "feed.csv", feed(*rows))
    bring(fresh, person("ada"), path, **COLUMNS)
    found = bring(fresh, person("ada"), write(path, feed(*rows, "v2,c2,The maps were good.,5")), **COLUMNS)
    assert (found.stored, found.changed, found.already_here) == (1, 0, 2)


def test_equal_rows_without_an_id_are_told_apart_by_their_order_and_known_again(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    header, rows = "comment,stars\n", ["The stops were boring.,2"] * 3 + ["We liked the maps.,5"]
    path = write(tmp_path / "feed.csv", feed(*rows, header=header))
    assert bring(fresh, person("ada"), path, text="comment").stored == 4
    before = [row.identity for row in evidence(fresh)]
    again = bring(
        fresh, person("ada"), write(path, feed(*rows, "The stops were boring.,2", header=header)), text="comment"
    )
    assert (again.stored, again.already_here) == (1, 4)
    assert [row.identity for row in evidence(fresh)][:4] == before


def test_the_same_words_of_the_same_person_in_two_files_are_one_piece_with_two_places(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    rows = ("c1,The stops were boring.,2025-03-02", "c2,We liked the maps.,2025-03-03", "c3,Too far for us.,2025-03-04")
    folder = tmp_path / "Feedback"
    write(folder / "march.csv", feed(*rows, header="who,comment,date\n"))
    write(folder / "spring.csv", feed(*rows, "c4,We want more playgrounds.,2025-04-01", header="who,comment,date\n"))
    found = bring(fresh, person("ada"), folder, text="comment", respondent="who", study_title="Feedback")
    assert (found.stored, found.already_here) == (4, 3)
    with fresh.database.reading() as session:
        assert len(session.scalars(select(Place)).all()) == 7


# ---- columns, labels and values of the study


def test_labels_and_facts_that_come_with_the_data_are_accepted_votes_of_the_import(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    ada = person("ada")
    add_taxonomy(fresh, ada)
    text = "id,comment,group,part,themes\nv1,The stops were so boring.,New parents,maps,hidden fees|CALM\n"
    path = write(tmp_path / "feed.csv", text + "v2,It was good.,teen,shop,\n")
    bring(fresh, ada, path, text="comment", segment="group", product="part", labels="themes")
    found = tags(fresh, the_one(fresh, "boring").id)
    assert {code: found[code] for code in ("COST", "CALM", "new", "maps")} == dict.fromkeys(
        ("COST", "CALM", "new", "maps"), ("accepted", "import")
    )
    assert found["STOP"] == ("automatic", "rule")
    assert ask(fresh, ada, filters={"segment": ("new",), "product": ("app",)}).total == 1


def test_names_that_no_term_bears_are_counted_and_named(fresh: Workspace, person: Person, tmp_path: Path) -> None:
    ada = person("ada")
    add_taxonomy(fresh, ada)
    rows = "v1,So boring.,seniors,COST|naps\nv2,Too far for us.,seniors,naps\nv3,Fine for us.,teen,COST\n"
    path = write(tmp_path / "feed.csv", "id,comment,group,themes\n" + rows)
    found = bring(fresh, ada, path, text="comment", segment="group", labels="themes")
    assert found.unknown == {"segment seniors": 2, "outcome naps": 2}


@pytest.mark.parametrize("axis", ["segment", "product"])
def test_an_option_is_a_column_where_a_table_has_it_and_else_a_value_of_the_study(
    fresh: Workspace, person: Person, tmp_path: Path, axis: str
) -> None:
    ada, code = person("ada"), {"segment": "new", "product": "maps"}[axis]
    add_taxonomy(fresh, ada)
    path = write(tmp_path / "feed.csv", f"id,comment,which\nv1,So boring for us.,{code}\nv2,Too far for us.,\n")
    as_column = bring(fresh, ada, path, text="comment", study_title="One", **{axis: "which"})
    copy = write(tmp_path / "other.csv", path.read_text() + "v3,Too loud for us.,\n")
    as_value = bring(fresh, ada, copy, text="comment", study_title="Two", **{axis: code})
    neither = bring(fresh, ada, copy, text="comment", study_title="Two", **{axis: "nonsense"})
    one, two = studies(fresh)
    assert ask(fresh, ada, study=one.id, filters={axis: (code,)}).total == 1
    assert ask(fresh, ada, study=two.id, filters={axis: (code,)}).total == 3
    assert [f"--{axis}" in " ".join(found.notes) for found in (as_column, as_value, neither)] == [False, False, True]


def test_a_date_option_is_a_column_or_the_date_of_the_study(fresh: Workspace, person: Person, tmp_path: Path) -> None:
    ada = person("ada")
    path = write(tmp_path / "feed.csv", "id,comment,said\nv1,So boring for us.,2025-03-02\nv2,Too far for us.,\n")
    bring(fresh, ada, path, text="comment", date=("said", "2024-06"))
    assert [(row.said_on, row.date_precision) for row in evidence(fresh)] == [
        (dt.date(2025, 3, 2), "day"),
        (dt.date(2024, 6, 1), "month"),
    ]


def test_a_column_that_is_not_there_refuses_the_file_and_names_the_columns(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    feedback = write(tmp_path / "feed.csv", feed("v1,c1,The stops were boring.,2"))
    found = bring(fresh, person("ada"), feedback, write(tmp_path / "findings.md", FINDINGS), text="comments")
    (refused,) = found.refused_rows
    assert (refused.file, refused.row) == ("feed.csv", None)
    assert "'comments'" in refused.cause
    assert "id, who, comment, stars" in refused.cause
    assert found.stored > 0


# ---- refusals


def test_refused_rows_are_written_with_row_field_and_cause_and_without_personal_data(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    rows = ("v1,c1,The stops were boring.,2", "v2,c2,Write to eve@example.com please.,lots by eve@example.com")
    path = write(tmp_path / "feed.csv", feed(*rows))
    found = bring(fresh, person("ada"), path, text="comment", rating="stars", respondent="who")
    assert counts(found) == (2, 1, 0, 1)
    with Path(found.refused_file).open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["file"], row["row"], row["field"]) == ("feed.csv", "3", "rating")
    assert "not one number" in row["cause"]
    assert json.loads(row["values"]) == ["v2", "[respondent]", "Write to [mail] please.", "lots by [mail]"]
    assert "eve@" not in Path(found.refused_file).read_text()


def test_a_file_that_cannot_be_read_is_refused_alone_by_name_and_cause(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    folder = tmp_path / "mixed"
    write(folder / "findings.md", FINDINGS)
    (folder / "empty.md").write_bytes(b"")
    (folder / "corrupt.docx").write_bytes((SAMPLES / "stops.docx").read_bytes()[:400])
    (folder / "mislabelled.docx").write_bytes((SAMPLES / "slides.pdf").read_bytes())
    shutil.copy(SAMPLES / "encrypted.pdf", folder)
    (folder / "large.txt").write_text("word " * 300_000)
    fresh.settings.max_file_megabytes = 1
    found = bring(fresh, person("ada"), folder)
    causes = {Path(refused.file).stem: refused.cause for refused in found.refused_rows}
    assert causes.keys() == {"empty", "corrupt", "mislabelled", "encrypted", "large"}
    assert "empty" in causes["empty"]
    assert "password" in causes["encrypted"]
    assert "1 MB" in causes["large"].replace("1.0", "1")
    assert all(refused.field == "file" for refused in found.refused_rows)
    assert found.read == found.stored + found.refused
    assert ask(fresh, person("ada"), "detour", mode="keyword").total > 0


def test_a_file_that_the_system_does_not_give_out_is_refused_alone(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    unreadable = Path("/proc/self/mem")  # a file for everybody, also for root, that cannot be read from its start
    if not unreadable.exists():
        pytest.skip("expected: only Linux has /proc/self/mem")
    found = bring(fresh, person("ada"), unreadable, write(tmp_path / "findings.md", FINDINGS))
    assert [refused.file for refused in found.refused_rows] == ["mem"]
    assert found.stored > 0


# ---- dry run


@pytest.mark.parametrize("known", [False, True], ids=["into nothing", "into an earlier version"])
def test_a_dry_run_writes_nothing_and_counts_what_the_import_counts(
    workspace: Workspace, ada: Reader, tmp_path: Path, known: bool
) -> None:
    add_taxonomy(workspace, ada)
    corpus = write_corpus(tmp_path)
    if known:
        bring(workspace, ada, corpus)
        shutil.copy(corpus / "feedback.csv", corpus / "copy.csv")  # the same bytes under another name
    labelled = ("v1,The stops were boring.,COST|naps", "v2,Nice.,CALM", "v2,Nice.,CALM", "v3,,", "v61,Too far.,naps")
    write(corpus / "labelled.csv", feed(*labelled, header="id,comment,labels\n"))
    write(corpus / "03_stops_mar2025" / "findings.md", FINDINGS.replace("Without photos", "Without any photos"))
    write(corpus / "03_stops_mar2025" / "empty.md", "")
    before = tables(workspace), files_in(workspace.home / "originals"), files_in(workspace.index_folder)

    dry = bring(workspace, ada, corpus, dry_run=True).as_dict()
    assert (tables(workspace), files_in(workspace.home / "originals"), files_in(workspace.index_folder)) == before
    real = bring(workspace, ada, corpus).as_dict()
    told = ("read", "stored", "already_here", "refused", "empty", "changed", "withdrawn", "files", "notes", "unknown",
            "near")  # fmt: skip
    assert {name: dry[name] for name in told} == {name: real[name] for name in told}
    assert dry["stored"] > 0
    assert dry["refused"] == 1


def test_a_dry_run_says_what_the_import_would_not_be_allowed(fresh: Workspace, person: Person, tmp_path: Path) -> None:
    path = write(tmp_path / "findings.md", FINDINGS)
    bring(fresh, person("ada"), path, publish=True)
    found = bring(fresh, person("carl"), write(path, FINDINGS + "\nMore.\n"), dry_run=True)
    assert (found.stored, found.refused) == (0, 1)
    assert "you may not add to a study of this title" in found.refused_rows[0].cause


# ---- who may


def test_a_viewer_cannot_import_and_a_contributor_cannot_publish(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    path = write(tmp_path / "findings.md", FINDINGS)
    before = sizes(fresh)
    with pytest.raises(Forbidden, match="contributor"):
        bring(fresh, person("vera"), path)
    with pytest.raises(Forbidden, match="researcher"):
        bring(fresh, person("carl"), path, publish=True)
    assert sizes(fresh) == before
    bring(fresh, person("carl"), path)
    assert studies(fresh)[0].state == "draft"


@pytest.mark.parametrize("options", [{}, {"method": "survey"}, {"product": "maps"}, {"date": "2020"}])
def test_a_contributor_cannot_write_into_somebody_s_study(
    fresh: Workspace, person: Person, tmp_path: Path, options: dict
) -> None:
    add_taxonomy(fresh, person("ada"))
    path = write(tmp_path / "findings.md", FINDINGS)
    bring(fresh, person("rita"), path, publish=True)
    before = tables(fresh, without=["job", "audit_entry"])
    for text in (FINDINGS, FINDINGS + "\nMore was said about it.\n"):
        found = bring(fresh, person("carl"), write(path, text), **options)
        assert (found.stored, found.already_here, found.refused) == (0, 0, 1)
        assert "give yours another title (--study-title)" in found.refused_rows[0].cause
    assert tables(fresh, without=["job", "audit_entry"]) == before
    own = write(tmp_path / "notes.md", report("photos"))
    both = bring(fresh, person("carl"), path, own, **options)
    assert (both.stored, both.refused) == (1, 1)  # what is theirs goes in
    assert bring(fresh, person("ada"), path, **options).stored == 1


def test_an_import_says_nothing_of_a_study_that_its_user_may_not_see(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    secret = write(tmp_path / "Layoffs in spring" / "findings.md", FINDINGS)
    bring(fresh, person("rita"), secret, sensitivity="personal", publish=True, study_title="Layoffs in spring")
    found = bring(fresh, person("carl"), write(tmp_path / "findings.md", FINDINGS))
    assert "Layoffs" not in str(found.as_dict())
    assert found.stored > 0
    told = [
        bring(fresh, person("carl"), write(path, report("photos")), study_title=title).refused_rows[0].cause
        for path, title in ((secret, "Layoffs in spring"), (_published(fresh, person, tmp_path), "Open"))
    ]
    assert told[0] == told[1]  # a study that is there and one that is hidden refuse alike


def _published(workspace: Workspace, person: Person, folder: Path) -> Path:
    path = write(folder / "open.md", report("detour"))
    bring(workspace, person("rita"), path, publish=True, study_title="Open")
    return path


@pytest.mark.parametrize("options", [{"sensitivity": "personal"}, {"publish": True}])
def test_nobody_imports_what_they_may_not_see_or_publish(
    fresh: Workspace, person: Person, tmp_path: Path, options: dict
) -> None:
    path = write(tmp_path / "findings.md", FINDINGS)
    before = tables(fresh, without=["job"])
    with pytest.raises(Forbidden):
        bring(fresh, person("carl"), path, **options)
    assert tables(fresh, without=["job"]) == before


# ---- jobs


def test_the_report_of_an_import_is_kept_with_its_job(workspace: Workspace, ada: Reader, tmp_path: Path) -> None:
    found = bring(workspace, ada, write_corpus(tmp_path))
    with workspace.database.reading() as session:
        (job,) = session.scalars(select(Job))
    assert (job.kind, job.state, job.user_id) == ("import", "done", ada.user_id)
    assert job.report == found.as_dict()
    assert job.arguments == {"paths": ["research"]}
    assert job.finished_at >= job.started_at


def test_an_import_that_fails_or_was_interrupted_says_so(fresh: Workspace, person: Person, tmp_path: Path) -> None:
    with fresh.database.writing() as session:
        session.add(Job(kind="import"))  # what a killed process leaves behind
    path = write(tmp_path / "findings.md", FINDINGS)
    bring(fresh, person("rita"), path, publish=True)
    with pytest.raises(Forbidden):
        bring(fresh, person("carl"), path, sensitivity="personal")
    with fresh.database.reading() as session:
        assert list(session.scalars(select(Job.state).order_by(Job.id))) == ["interrupted", "done", "failed"]


def test_nothing_waits_in_the_outbox_after_an_import(workspace: Workspace, ada: Reader, tmp_path: Path) -> None:
    bring(workspace, ada, write_corpus(tmp_path))
    with workspace.database.reading() as session:
        assert not list(session.scalars(select(Outbox)))


def test_a_column_called_as_a_product_is_does_not_set_the_study_to_it(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    with fresh.database.writing() as session:
        session.add(Product(code="app", name="app"))
    path = write(tmp_path / "feed.csv", "id,comment,app\n1,The stop was a castle and we liked it,app\n2,Too far,app\n")
    bring(fresh, person("rita"), path, text="comment", product="app")
    with fresh.database.reading() as session:
        assert session.scalars(select(Study)).one().products == []
