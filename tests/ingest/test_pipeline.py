"""Files in, redacted drafts out: what a file gives away of people is gone from the whole of it."""

from __future__ import annotations

import io
import json
from dataclasses import asdict

from openpyxl import Workbook

from ingest.duplicates import content_hash
from ingest.pipeline import Pipeline, Prepared
from ingest.readers.base import SourceFile
from ingest.redact import Redactor

PIPELINE = Pipeline(Redactor(), None, 2**20)
COMMENTS = ("The maps were wrong the whole way", "It took us far too long to find", "We gave up and rang them")


def prepare(name: str, text: str) -> Prepared:
    return PIPELINE.prepare(SourceFile(name, text.encode()))


def book(**sheets: list[tuple[str, ...]]) -> Prepared:
    made = Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    made.save(file)
    return PIPELINE.prepare(SourceFile("book.xlsx", file.getvalue()))


def kept(prepared: Prepared) -> str:
    """Everything of a file that may be written down."""
    values = {name: value for name, value in asdict(prepared).items() if name != "names"}
    for draft in values["drafts"]:
        del draft["respondent"]
    return json.dumps(values, default=str, ensure_ascii=False)


def call(*turns: tuple[str, str]) -> str:
    return "WEBVTT\n\n" + "\n".join(
        f"00:{n:02d}.000 --> 00:{n:02d}.900\n<v {who}>{said}</v>\n" for n, (who, said) in enumerate(turns)
    )


def test_a_list_of_participants_is_stored_without_their_names() -> None:
    found = prepare("participants.csv", "name,company,role\nOttokar Brandvold,Acme,buyer\nGrace,Umbra,seller\n")
    text = "\n".join(draft.text for draft in found.drafts)
    assert "name: [name]; company: Acme; role: buyer" in text
    assert "name: [name]; company: Umbra; role: seller" in text
    assert "Grace" not in kept(found)
    assert found.names == {"Ottokar Brandvold", "Grace"}


def test_what_is_redacted_in_a_table_is_counted() -> None:
    lines = "id,comment\n1,Write to a@b.com or ring 0170 1234567\n2,Frau Schmidt helped\n3,All went well for us\n"
    assert "redacted 1 mail, 1 name, 1 phone" in prepare("feed.csv", lines).notes
    assert "redacted 2 name" in prepare("participants.csv", "name,company\nOttokar Brand,Acme\nGrace,Umbra\n").notes


def test_names_of_a_later_sheet_are_redacted_in_the_ones_before() -> None:
    rows = [(f"r{n}", text) for n, text in enumerate((*COMMENTS, "Ottokar Brandvold helped us, thanks Ottokar"))]
    found = book(Comments=[("id", "comment"), *rows], People=[("full name", "team"), ("Ottokar Brandvold", "north")])
    assert found.drafts[-1].text == "[name] helped us, thanks [name]"
    assert "Ottokar" not in kept(found)


def test_names_of_a_later_sheet_are_redacted_in_prose_before_it() -> None:
    notes = [("topic", "what we saw"), ("maps", "Ottokar Brandvold could not find the way")]
    found = book(Notes=notes, People=[("contact", "team"), ("Ottokar Brandvold", "north")])
    assert "[name] could not find the way" in found.drafts[0].text
    assert "Ottokar" not in kept(found)


def test_a_respondent_who_is_named_is_redacted_in_the_texts_and_stays_the_same_person() -> None:
    lines = [f"Ottokar Brandvold,{text}" for text in COMMENTS] + ["r-2,Ottokar Brandvold sat next to me on the bus"]
    found = prepare("feed.csv", "respondent,comment\n" + "\n".join(lines) + "\n")
    assert found.drafts[3].text == "[name] sat next to me on the bus"
    assert [draft.respondent for draft in found.drafts] == ["Ottokar Brandvold"] * 3 + ["r-2"]
    assert "Brandvold" not in kept(found)


def test_the_names_of_speakers_are_handed_on() -> None:
    found = prepare("call.vtt", call(("Moderator", "How was it?"), ("Wilhelmina Storch", "Fine, thank you.")))
    assert found.names == {"Wilhelmina Storch", "Wilhelmina", "Storch"}
    assert "Storch" not in repr(found.names and found.document)


def test_a_guest_without_a_name_is_somebody_else_in_each_recording() -> None:
    turns = ("Moderator", "Would you buy it again?"), ("Participant", "Yes.")
    one, again, other = (prepare(name, call(*turns)).drafts[-1].respondent for name in ("a.vtt", "a.vtt", "b.vtt"))
    assert one == again != other


def test_a_numbered_or_named_guest_is_the_same_in_each_recording() -> None:
    for who in ("Participant 3", "Jo Park"):
        one, other = (prepare(name, call((who, "Yes."))).drafts[-1].respondent for name in ("a.vtt", "b.vtt"))
        assert one == other == who


def test_the_content_hash_of_a_passage_is_over_its_headings_and_text() -> None:
    (draft,) = prepare("a.md", "# Stops\n\nThe stops were dull.\n").drafts
    assert draft.content_hash == content_hash("Stops", "The stops were dull.")
