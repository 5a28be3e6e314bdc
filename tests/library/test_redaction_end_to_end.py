"""Personal data that is planted wherever a file can hold it is found nowhere afterwards."""

from __future__ import annotations

import json
import logging
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from contents import add_taxonomy, ask, bring, files_in, tables
from docx import Document as WordFile
from homes import open_home, reader_of
from openpyxl import Workbook
from pptx import Presentation
from sqlalchemy import select

from insightrepo.library.imports.import_report import ImportReport
from insightrepo.models import Evidence, Place, Respondent, Study
from insightrepo.workspace import Workspace

SECRETS = {
    "mail": "eve.adams@planted.example",
    "phone": "+1 415 555 2671",
    "card": "4111 1111 1111 1111",
    "iban": "DE89 3704 0044 0532 0130 00",
    "token": "q7w8e9r0t1y2u3i4o5",
    "name": "Zerlina Quandt",
}
COLUMN_NAME, SPEAKER = "Ottokar Brandvold", "Wilhelmina Storch"
SENTENCE = (
    f"{SECRETS['name']} ({SECRETS['mail']}, phone {SECRETS['phone']}) paid with {SECRETS['card']} "
    f"from {SECRETS['iban']} at https://pay.example/?token={SECRETS['token']} before the trip began."
)
RESPONDENTS = ("respondent-7788-alpha", "respondent-9911-beta")
ROWS = ("row-id-5544-gamma", "row-id-3322-delta")
NEEDLES = {
    **SECRETS,
    "digits of the phone": "4155552671",
    "digits of the card": "4111111111111111",
    "digits of the iban": "DE89370400440532013000",
    "user of the mail": "eve.adams",
    "first name": "zerlina",
    "last name": "quandt",
    "name in the name column": COLUMN_NAME,
    "speaker": SPEAKER,
    "first name of the speaker": "wilhelmina",
    "respondent 1": RESPONDENTS[0],
    "respondent 2": RESPONDENTS[1],
    "row 1": ROWS[0],
    "row 2": ROWS[1],
}


def plant(root: Path) -> Path:
    """Files of every kind with every secret in every corner that the kind has."""
    folder = root / f"Calls with {SECRETS['name']} {SECRETS['mail']}"
    folder.mkdir(parents=True)
    front = f"---\ntitle: Plan by {SECRETS['name']}\nmethod: calls to {SECRETS['mail']}\nowner: {SENTENCE}\n---\n\n"
    (folder / "plan_zerlina_quandt.md").write_text(front + f"# Talk to {SECRETS['name']}\n\n{SENTENCE}\n")
    (folder / f"notes {SECRETS['mail']}.txt").write_text(f"Notes\n\n{SENTENCE}\n")
    (folder / "page.html").write_text(
        f"<title>{SECRETS['name']}</title><h1>{SENTENCE}</h1><p>{SENTENCE}</p><p title='x'>{SECRETS['mail']}</p>"
    )
    turns = (("Moderator", "What went wrong?"), (SPEAKER, f"{SENTENCE} I told {SPEAKER.split()[0]} so."))
    cues = [f"00:0{n}.000 --> 00:0{n}.900\n<v {who}>{said}</v>\n" for n, (who, said) in enumerate(turns, 1)]
    (folder / f"{SPEAKER}.vtt").write_text("WEBVTT\n\n" + "\n".join(cues))
    (folder / "participants.csv").write_text(f"name,company,role\n{COLUMN_NAME},Acme,buyer\n")
    (root / f"call of {SPEAKER}.vtt").write_text("WEBVTT\n\n" + "\n".join(cues[1:]))
    _word(folder / "findings.docx")
    _deck(folder / "results.pptx")
    _sheet(folder / "export_of_Zerlina-Quandt.xlsx")
    (folder / f"broken {SECRETS['mail']}.docx").write_bytes(b"PK\x03\x04 no document of " + SENTENCE.encode())
    return folder


def _word(path: Path) -> None:
    file = WordFile()
    file.core_properties.title = file.core_properties.author = SECRETS["name"]
    file.core_properties.subject = SENTENCE
    file.add_heading(f"What {SECRETS['name']} said", 1)
    file.add_paragraph(SENTENCE)
    row = file.add_table(rows=1, cols=2).rows[0].cells
    row[0].text, row[1].text = SECRETS["mail"], SENTENCE
    file.save(str(path))


def _deck(path: Path) -> None:
    deck = Presentation()
    deck.core_properties.title = SECRETS["name"]
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = SECRETS["name"]
    slide.placeholders[1].text = SENTENCE
    slide.notes_slide.notes_text_frame.text = SENTENCE
    deck.save(str(path))


def _sheet(path: Path) -> None:
    """A table of verbatims: two rows go in, one is refused."""
    book = Workbook()
    book.properties.title = SECRETS["name"]
    sheet = book.active
    sheet.title = SECRETS["name"]
    sheet.append(["id", "who", "name", "date", "comment", "stars", "question", "themes", "group", "part", "channel"])
    texts = (f"{SENTENCE} {COLUMN_NAME} was there.", f"As {COLUMN_NAME} said: {SENTENCE}")
    for row_id, who, text in zip(ROWS, RESPONDENTS, texts, strict=True):
        named = [SECRETS["mail"], SECRETS["phone"], SECRETS["name"], SECRETS["mail"]]
        sheet.append([row_id, who, COLUMN_NAME, "2025-03-02", text, 4, SENTENCE, *named])
    sheet.append(["r3", RESPONDENTS[0], COLUMN_NAME, SECRETS["mail"], SENTENCE, SENTENCE, "", "", "", "", ""])
    sheet.append(["r4", RESPONDENTS[0], COLUMN_NAME, "2025-03-02", SENTENCE, SENTENCE, "", "", "", "", ""])
    book.save(path)


@pytest.fixture(scope="module")
def planted(made_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, ImportReport, str]]:
    """The workspace into which all of it was imported, twice, the report, and everything that was logged."""
    root = tmp_path_factory.mktemp("planted")
    shutil.copytree(made_home, root / "home")
    (root / "names.txt").write_text(f"{SECRETS['name']}\n")
    logged, handler = [], logging.Handler(logging.DEBUG)
    handler.emit = lambda record: logged.append(logging.Formatter().format(record))  # type: ignore[method-assign]
    root_logger = logging.getLogger()
    level = root_logger.level
    root_logger.addHandler(handler)
    root_logger.setLevel(logging.DEBUG)
    made = open_home(root / "home", names_file=root / "names.txt")
    try:
        ada = reader_of(made, "ada")
        add_taxonomy(made, ada)
        folder = plant(root)
        columns = {"text": "comment", "respondent": "who", "labels": "themes", "segment": ("group", SECRETS["mail"])}
        bring(made, ada, folder, product="part", publish=True, **columns)
        bring(made, ada, root / f"call of {SPEAKER}.vtt", publish=True)
        (folder / "plan_zerlina_quandt.md").write_text(f"# {SECRETS['name']}, once more\n\nNow: {SENTENCE}\n")
        found = bring(made, ada, folder, product="part", publish=True, **columns)
        ask(made, ada, "zerlina quandt paid")
    finally:
        root_logger.removeHandler(handler)
        root_logger.setLevel(level)
    yield made, found, "\n".join(logged)
    made.close()


def assert_clean(where: str, text: str) -> None:
    plain = unicodedata.normalize("NFKC", text).casefold()
    for what, needle in NEEDLES.items():
        at = plain.find(needle.casefold())
        assert at < 0, f"the {what} stands in {where}: …{plain[max(0, at - 60) : at + 60]}…"


def test_what_was_planted_went_in(planted: tuple[Workspace, ImportReport, str]) -> None:
    workspace, found, _ = planted
    with workspace.database.reading() as session:
        texts = " ".join(session.scalars(select(Evidence.text)))
        studies = list(session.scalars(select(Study)))
        speakers = {place.locator.get("speaker") for place in session.scalars(select(Place))}
    for kind in SECRETS:
        assert f"[{kind}]" in texts
    assert {study.title for study in studies} == {"Calls with [name] [mail]", "Call of [name]"}
    assert "Speaker 1" in speakers
    assert {refused.field for refused in found.refused_rows} >= {"file"}


def test_no_table_of_the_database_holds_personal_data(planted: tuple[Workspace, ImportReport, str]) -> None:
    workspace, _, _ = planted
    for name, rows in tables(workspace).items():
        for row in rows:
            for value in row:
                text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
                assert_clean(f"table {name}", text if isinstance(text, str) else json.dumps(text, default=str))


@pytest.mark.parametrize("part", ["indexes", "reports", "originals"])
def test_no_file_of_the_workspace_holds_personal_data(planted: tuple[Workspace, ImportReport, str], part: str) -> None:
    files = files_in(planted[0].home / part)
    assert files
    for name, data in files.items():
        for encoding in ("utf-8", "utf-16-le"):
            assert_clean(f"file {name} as {encoding}", name + data.decode(encoding, "replace"))


def test_the_database_file_keeps_no_remains(planted: tuple[Workspace, ImportReport, str]) -> None:
    for path in planted[0].home.glob("insightrepo.db*"):
        assert_clean(path.name, path.read_bytes().decode("utf-8", "replace"))


def test_neither_report_nor_log_holds_personal_data(planted: tuple[Workspace, ImportReport, str]) -> None:
    _, found, logged = planted
    assert_clean("the report", json.dumps(found.as_dict(), ensure_ascii=False))
    without_query = "\n".join(line for line in logged.splitlines() if "zerlina quandt paid" not in line)
    assert_clean("the log", without_query)
    assert logged


def test_a_respondent_is_a_key_and_two_are_two(planted: tuple[Workspace, ImportReport, str]) -> None:
    workspace, _, _ = planted
    with workspace.database.reading() as session:
        keys = list(session.scalars(select(Respondent.key)))
    assert len(keys) == len(set(keys)) == 4  # two of the table and the speaker, once a study
    assert all(len(key) == 64 for key in keys)


def test_two_files_whose_names_differ_in_personal_data_only_stay_two_documents(made_home: Path, tmp_path: Path) -> None:
    shutil.copytree(made_home, tmp_path / "home")
    workspace, folder = open_home(tmp_path / "home"), tmp_path / "Calls"
    folder.mkdir()
    for who in ("eve", "bob"):
        (folder / f"notes of {who}@planted.example.md").write_text(
            f"# Notes\n\n{who.title()} found the stops boring.\n"
        )
        (tmp_path / f"Talk with {who}@planted.example").mkdir()
        (tmp_path / f"Talk with {who}@planted.example" / "notes.md").write_text(f"# {who}\n\nThe maps were fine.\n")
    ada = reader_of(workspace, "ada")
    talks = sorted(tmp_path.glob("Talk*"))
    first = bring(workspace, ada, folder, *talks)
    assert (first.stored, first.withdrawn, len(first.studies)) == (4, 0, 3)
    assert bring(workspace, ada, folder, *talks).stored == 0
    workspace.close()
