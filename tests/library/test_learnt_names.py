"""Names of people that only reading a file makes known: gone from its own name, by which it is still found again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from contents import bring, evidence, tables
from sqlalchemy import select

from insightrepo.accounts.access import Reader
from insightrepo.library.imports.identities import adopt
from insightrepo.library.indexing.checking import check
from insightrepo.models import Document, Job, Study
from insightrepo.workspace import Workspace

Person = Callable[[str], Reader]
NAME = "Wilhelmina Storch"
SAID = "The stops that it offered us were dull and far away."
OTHER = ("Participant 2", "I drove the car.")  # stands in every revision: a file without one in common is another file


def call(path: Path, *turns: tuple[str, str]) -> Path:
    cues = [f"00:{n:02d}.000 --> 00:{n:02d}.900\n<v {who}>{said}</v>\n" for n, (who, said) in enumerate(turns)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("WEBVTT\n\n" + "\n".join(cues), encoding="utf-8")
    return path


def names(workspace: Workspace) -> list[str]:
    with workspace.database.reading() as session:
        return list(session.scalars(select(Document.name).order_by(Document.id)))


def studies(workspace: Workspace) -> list[Study]:
    with workspace.database.reading() as session:
        return list(session.scalars(select(Study).order_by(Study.id)))


def written(workspace: Workspace) -> str:
    return json.dumps(tables(workspace), default=str, ensure_ascii=False)


@pytest.mark.parametrize("file", [f"{NAME}.vtt", "wilhelmina_storch-2025.vtt"])
def test_a_speaker_s_name_stands_nowhere_of_a_study_of_one_file(
    fresh: Workspace, person: Person, tmp_path: Path, file: str
) -> None:
    ada, path = person("ada"), call(tmp_path / file, ("Moderator", "How was it?"), (NAME, SAID))
    first = bring(fresh, ada, path)
    again = bring(fresh, ada, path)
    (study,), (name,) = studies(fresh), names(fresh)
    assert study.title.startswith("[name]")
    assert name.startswith("[name]")
    assert ".vtt~" in name
    assert (first.stored, again.stored, again.already_here) == (1, 0, 1)
    for text in (written(fresh), json.dumps(first.as_dict()), json.dumps(again.as_dict())):
        assert "storch" not in text.casefold()
    with fresh.database.reading() as session:
        assert all(job.arguments["paths"][0].startswith("[name]") for job in session.scalars(select(Job)))


def test_in_a_folder_a_speaker_s_name_is_taken_out_of_the_document_s_name(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    call(tmp_path / "Stops" / f"{NAME}.vtt", (NAME, SAID))
    call(tmp_path / "Stops" / "Jo Park.vtt", ("Jo Park", SAID))
    bring(fresh, person("ada"), tmp_path / "Stops")
    assert [study.key for study in studies(fresh)] == ["Stops"]
    assert [name.partition("~")[0] for name in names(fresh)] == ["Stops/[name].vtt", "Stops/[name].vtt"]
    assert len(set(names(fresh))) == 2
    assert "Storch" not in written(fresh)


def test_a_changed_recording_is_a_revision_whoever_speaks_in_it(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    ada, path = person("ada"), tmp_path / f"{NAME}.vtt"
    for guest in (NAME, "Participant", NAME):
        bring(fresh, ada, call(path, OTHER, (guest, SAID), (guest, f"And {guest} would not go there again.")))
    bring(fresh, ada, call(path, OTHER, ("Participant", SAID)))
    assert len(studies(fresh)) == len(set(names(fresh))) == 1
    assert "Storch" not in written(fresh)
    assert [row.text for row in evidence(fresh) if not row.withdrawn] == [OTHER[1], SAID]
    assert check(fresh) == []


def test_a_name_that_a_later_revision_gives_away_is_taken_out_of_what_is_stored(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    ada, path = person("ada"), call(tmp_path / f"{NAME}.vtt", OTHER, ("Participant", SAID))
    bring(fresh, ada, path)
    assert names(fresh) == [f"{NAME}.vtt"]
    bring(fresh, ada, call(path, OTHER, (NAME, SAID)))
    assert {name.partition("~")[0] for name in names(fresh)} == {"[name].vtt"}
    (study,) = studies(fresh)
    assert (study.title, study.key.partition("~")[0]) == ("[name]", "[name].vtt")
    bring(fresh, ada, call(path, OTHER, ("Participant", SAID)))
    assert (len(studies(fresh)), len(set(names(fresh)))) == (1, 1)


def test_a_dry_run_counts_what_the_import_counts_and_names_nobody(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    ada, path = person("ada"), call(tmp_path / f"{NAME}.vtt", OTHER, (NAME, SAID))
    for _ in range(2):
        dry, found = bring(fresh, ada, path, dry_run=True), bring(fresh, ada, path)
        assert (dry.stored, dry.already_here, dry.withdrawn) == (found.stored, found.already_here, found.withdrawn)
        assert "Storch" not in json.dumps(dry.as_dict())
    call(path, OTHER)
    dry, found = bring(fresh, ada, path, dry_run=True), bring(fresh, ada, path)
    assert (dry.stored, dry.already_here, dry.withdrawn) == (found.stored, found.already_here, found.withdrawn)
    assert found.withdrawn == 1


def test_guests_without_a_name_are_two_customers_who_say_the_same(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        turns = ("Moderator", f"Call {name}."), ("Moderator", "Would you buy it again?"), ("Participant", "Yes.")
        call(tmp_path / "Calls" / f"{name}.vtt", *turns)
    bring(fresh, person("ada"), tmp_path / "Calls")
    rows = evidence(fresh)
    assert [row.text for row in rows] == ["Yes.", "Yes."]
    assert len({row.respondent_id for row in rows}) == 2
    call(tmp_path / "Calls" / "two.vtt", *turns, ("Participant", "Surely."))
    bring(fresh, person("ada"), tmp_path / "Calls")
    assert len({row.respondent_id for row in evidence(fresh)}) == 2


def report(path: Path, text: str) -> Path:
    made = docx.Document()
    made.add_heading("Findings", 1)
    made.add_paragraph(text)
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save(path)
    return path


def test_a_name_that_one_file_gives_away_is_redacted_in_all_files_of_its_study(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    folder = tmp_path / "Stops"
    report(folder / "a report.docx", f"{NAME} drove past the farm, and Storch was not pleased.")
    call(folder / "calls.vtt", OTHER, (NAME, SAID))
    report(folder / "z notes on Wilhelmina.docx", "We thank Mrs Storch.")
    dry = bring(fresh, person("ada"), folder, dry_run=True)
    bring(fresh, person("ada"), folder)
    assert "[name] drove past the farm, and [name] was not pleased." in {row.text for row in evidence(fresh)}
    for text in (written(fresh), json.dumps(dry.as_dict())):
        assert "storch" not in text.casefold()
        assert "wilhelmina" not in text.casefold()
    assert bring(fresh, person("ada"), folder).already_here == 4


def test_a_name_is_redacted_only_in_the_study_whose_file_gives_it_away(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    call(tmp_path / "all" / "Calls" / "one.vtt", OTHER, (NAME, SAID))
    call(tmp_path / "all" / "Calls" / "two.vtt", OTHER, ("Participant", "Storch said so."))
    report(tmp_path / "all" / "Birds" / "report.docx", "A Storch is a stork.")
    bring(fresh, person("ada"), tmp_path / "all")
    assert {row.text for row in evidence(fresh)} == {OTHER[1], SAID, "[name] said so.", "A Storch is a stork."}


def test_a_file_that_cannot_be_read_hides_no_name_that_another_gives_away(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    call(tmp_path / "Stops" / "calls.vtt", OTHER, (NAME, SAID))
    report(tmp_path / "Stops" / "report.docx", f"{NAME} drove.")
    (tmp_path / "Stops" / "broken.xlsx").write_bytes(b"PK\x03\x04 no archive")
    found = bring(fresh, person("ada"), tmp_path / "Stops")
    assert found.refused == 1
    assert "Storch" not in written(fresh)


def test_ordinary_words_of_labels_and_of_customers_stay_in_the_report(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    folder = tmp_path / "Stops"
    said = "Search and Support are on the Home page, said the Product Owner, and the Team met in a Conference call."
    report(folder / "a report.docx", said)
    labels = (
        "P3 (Search)",
        "Customer Support",
        "Product Owner",
        "Zoom Recording",
        "Team Lead",
        "Conference Room Berlin",
    )
    call(folder / "calls.vtt", *((label, f"{label} was here.") for label in labels))
    rows = (
        "Home Depot,The Home page is slow.\nMobile Banking,We want Global roaming.\nGlobal Insurance,No page at all.\n"
    )
    (folder / "feed.csv").write_text("customer,comment\n" + rows, encoding="utf-8")
    bring(fresh, person("ada"), folder)
    assert {said, "The Home page is slow.", "We want Global roaming."} <= {row.text for row in evidence(fresh)}


def test_a_name_that_a_recording_gave_away_stays_redacted_when_the_other_files_come_again_without_it(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    ada, folder = person("ada"), tmp_path / "Stops"
    recording = call(folder / "calls.vtt", OTHER, (NAME, SAID))
    notes, feed = folder / "report.md", folder / "feed.csv"
    notes.write_text(f"# Findings\n\n{NAME} drove past the farm.\n", encoding="utf-8")
    feed.write_text("comment\nMrs Storch told us that the stops are dull.\n", encoding="utf-8")
    bring(fresh, ada, folder, text="comment")
    before = [(row.id, row.text) for row in evidence(fresh)]
    recording.unlink()
    notes.write_text(
        f"# Findings\n\n{NAME} drove past the farm.\n\n# Later\n\nStorch did not stop.\n", encoding="utf-8"
    )
    feed.write_text(feed.read_text(encoding="utf-8") + "And Wilhelmina liked the ferry.\n", encoding="utf-8")
    found = bring(fresh, ada, folder, text="comment")
    assert (found.stored, found.withdrawn, found.changed) == (2, 0, 0)
    assert [(row.id, row.text) for row in evidence(fresh)][:4] == before
    assert not any(row.withdrawn for row in evidence(fresh))
    assert "Storch" not in written(fresh)
    assert "Wilhelmina" not in written(fresh)


def test_a_file_that_comes_alone_is_redacted_of_the_names_that_its_study_knows(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    ada = person("ada")
    bring(fresh, ada, call(tmp_path / f"{NAME}.vtt", OTHER, (NAME, SAID)), study_title="Stops")
    notes = tmp_path / "report.md"
    notes.write_text("# Findings\n\nMrs Storch drove past the farm.\n", encoding="utf-8")
    dry = bring(fresh, ada, notes, study_title="Stops", dry_run=True)
    found = bring(fresh, ada, notes, study_title="Stops")
    assert (dry.stored, found.stored) == (1, 1)
    assert "Mrs [name] drove past the farm." in {row.text for row in evidence(fresh)}
    assert "Storch" not in written(fresh)


def test_every_revision_of_a_feed_hands_its_names_on(fresh: Workspace, person: Person, tmp_path: Path) -> None:
    ada, feed, notes = person("ada"), tmp_path / "feed.csv", tmp_path / "report.md"
    for who, said in ((NAME, "It was dull."), ("Ottokar Brandvold", "It was far away.")):
        feed.write_text(f"participant name,comment\n{who},{said}\n", encoding="utf-8")
        bring(fresh, ada, feed, study_title="Stops", text="comment")
    notes.write_text("# Findings\n\nMrs Storch and Mr Brandvold drove past the farm.\n", encoding="utf-8")
    bring(fresh, ada, notes, study_title="Stops")
    assert "Mrs [name] and Mr [name] drove past the farm." in {row.text for row in evidence(fresh)}


@pytest.mark.parametrize("first", ["a.vtt", "b.md"])
def test_a_folder_s_name_is_taken_out_of_the_title_and_key_of_its_study(
    fresh: Workspace, person: Person, tmp_path: Path, first: str
) -> None:
    ada, folder = person("ada"), tmp_path / f"Meet {NAME}"
    calls = call(folder / ("a.vtt" if first == "a.vtt" else "z.vtt"), OTHER, (NAME, SAID))
    (folder / "b.md").write_text("# Findings\n\nMrs Storch drove past the farm.\n", encoding="utf-8")
    found = [bring(fresh, ada, folder, dry_run=True)] + [bring(fresh, ada, folder) for _ in range(2)]
    call(calls, OTHER, ("Participant", SAID))
    (folder / "b.md").write_text("# Findings\n\nMrs Storch drove past all of it.\n", encoding="utf-8")
    found.append(bring(fresh, ada, folder))
    (study,) = studies(fresh)
    assert (study.title, study.key.partition("~")[0]) == ("Meet [name]", "Meet [name]")
    assert [report.stored for report in found] == [3, 3, 0, 2]
    assert len(set(names(fresh))) == 2
    for text in (written(fresh), *(json.dumps(report.as_dict()) for report in found)):
        assert "Storch" not in text
    assert check(fresh) == []


def test_a_name_that_a_recording_gives_away_later_is_taken_out_of_all_that_the_study_is_called(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    ada, folder = person("ada"), tmp_path / f"Meet {NAME}"
    folder.mkdir()
    for file in ("b report.md", f"{NAME}.md"):
        (folder / file).write_text(f"# {file[0]}\n\nThey drove past the farm of {file[0]}.\n", encoding="utf-8")
    bring(fresh, ada, folder)
    assert studies(fresh)[0].title == f"Meet {NAME}"
    call(folder / "calls.vtt", OTHER, (NAME, SAID))
    for stored in (2, 0):
        assert bring(fresh, ada, folder).stored == stored
    assert (studies(fresh)[0].title, len(studies(fresh)), len(set(names(fresh)))) == ("Meet [name]", 1, 3)
    with fresh.database.reading() as session:
        called = [*session.scalars(select(Document.name)), studies(fresh)[0].key]
    assert "Storch" not in json.dumps(called)


def spoken(workspace: Workspace) -> list[tuple[int, str, int]]:
    return [(row.id, row.text, row.revision) for row in evidence(workspace) if not row.withdrawn]


def test_what_was_stored_before_its_name_was_known_is_redacted_under_the_same_id(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    ada, folder = person("ada"), tmp_path / "Stops"
    folder.mkdir()
    notes, feed = folder / "report.md", folder / "feed.csv"
    lines = ["comment", "Then Storch told us that the stops are dull.", "The ferry was late."]
    notes.write_text("# Findings\n\nThen Storch drove past the farm.\n", encoding="utf-8")
    feed.write_text("\n".join(lines), encoding="utf-8")
    bring(fresh, ada, folder, text="comment")
    ids = {row.text: row.id for row in evidence(fresh)}
    call(folder / "calls.vtt", OTHER, (NAME, SAID))
    feed.write_text("\n".join([*lines, "The map was fine."]), encoding="utf-8")
    notes.write_text("# Findings\n\nThen Storch drove past the farm.\n\n# Later\n\nNobody did.\n", encoding="utf-8")
    dry = bring(fresh, ada, folder, text="comment", dry_run=True)
    found = bring(fresh, ada, folder, text="comment")
    for report in (dry, found):
        assert (report.stored, report.changed, report.withdrawn, report.refused) == (6, 2, 0, 0)
    now = {text: (number, revision) for number, text, revision in spoken(fresh)}
    assert now["Then [name] told us that the stops are dull."] == (ids[lines[1]], 2)
    assert [number for text, (number, _) in now.items() if "farm" in text] == [
        number for text, number in ids.items() if "farm" in text
    ]
    assert now["The ferry was late."] == (ids[lines[2]], 1)
    assert not any("Storch" in row.text for row in evidence(fresh) if not row.withdrawn)
    assert bring(fresh, ada, folder, text="comment").stored == 0
    assert check(fresh) == []


def test_a_row_with_an_id_that_another_file_s_name_changes_is_the_same_row(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    ada, options = person("ada"), {"text": "comment", "id": "id", "study_title": "Stops"}
    january, february = tmp_path / "january.csv", tmp_path / "february.csv"
    january.write_text("id,comment\n1,Then Storch was late.\n", encoding="utf-8")
    bring(fresh, ada, january, **options)
    bring(fresh, ada, call(tmp_path / "calls.vtt", OTHER, (NAME, SAID)), study_title="Stops")
    february.write_text("id,comment\n1,Then Storch was late.\n2,It was dull.\n", encoding="utf-8")
    dry, found = bring(fresh, ada, february, dry_run=True, **options), bring(fresh, ada, february, **options)
    assert (found.changed, found.refused) == (dry.changed, dry.refused) == (1, 0)
    assert "Storch" not in json.dumps([row.text for row in evidence(fresh)])


def test_a_piece_in_clear_beside_its_redacted_twin_is_withdrawn(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    feed = tmp_path / "feed.csv"
    feed.write_text("comment\nThen Storch was late.\nThen [name] was late.\n", encoding="utf-8")
    bring(fresh, person("ada"), feed, text="comment")
    clear, redacted = evidence(fresh)
    with fresh.database.writing() as session:
        adopt(session, clear.study_id, {redacted.identity: (clear.identity,)})
    assert [text for _, text, _ in spoken(fresh)] == ["Then [name] was late."]
