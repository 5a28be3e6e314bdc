"""Redaction: what goes, what stays, and that offsets follow."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.readers.base import Document, DocumentBuilder, Row, Table
from ingest.redact import PLACEHOLDER, Redactor, speaker_labels

REDACTOR = Redactor(["Anna", "Anna Schmidt", "O'Brien", "Will", "Zoë Müller"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to anna.x@b.co.uk, or <me@x.de>.", "Write to [mail], or <[mail]>."),
        ("jürgen@müller.de.", "[mail]."),
        ("call 202-555-0123 now", "call [phone] now"),
        ("(555) 123-4567 or +49 30 1234567", "[phone] or [phone]"),
        ("+1 (202) 555-0123", "[phone]"),
        ("reach me: 2025550123", "reach me: [phone]"),
        ("Tel: 030 123456", "Tel: [phone]"),
        ("my cell is 555-1234", "my cell is [phone]"),
        ("card 4111 1111 1111 1111 12/25", "card [card] 12/25"),
        ("378282246310005 and 3782 822463 10005", "[card] and [card]"),
        ("IBAN DE89 3704 0044 0532 0130 00 thanks", "IBAN [iban] thanks"),
        ("gb82west12345698765432", "[iban]"),
        ("https://u:pw@h.com/x?token=abc&y=1&sig=a%20b", "https://[token]@h.com/x?token=[token]&y=1&sig=[token]"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "[token]"),
        ("Authorization: Bearer abcdef0123456789abcdef", "Authorization: Bearer [token]"),
        ("api_key=abcdef1234567890abcd", "api_key=[token]"),
        ("Anna's boss, ANNA, anna schmidt", "[name]'s boss, [name], [name]"),
        ("Anna\nSchmidt and O’Brien", "[name] and [name]"),
        ("ZOË MÜLLER left", "[name] left"),
    ],
)
def test_personal_data_is_replaced_by_its_kind(text: str, expected: str) -> None:
    assert REDACTOR.redact(text).text == expected


@pytest.mark.parametrize(
    "text",
    [
        "in 2018-2019, on 2018-04-12 10:30, on 12.04.2018 and 3/14/2025",
        "score 4.5 of 5, 1,234,567 visits, 1.234.567 Besuche, 3.14159265",
        "San Francisco, CA 94105-1234",
        "order 2025550123, response id: 2025550123, P12025550123",
        "https://x.org/item/2025550123?page=2&sort=key",
        "12 13 15 22 18 44 19 20 21 22 23 24",
        "2018 2019 2020 2021 and 4111 1111 1111 1112",
        "192.168.100.200 and v1.2.3.4",
        "00:12:34.500 --> 00:12:38.000",
        "ISBN 978-3-16-148410-0, DOI 10.1145/3290605.3300233",
        "$10 000 000 000 spent, n=42, key=value, monkey = banana",
        "DE89 3704 0044 0532 0130 01 has wrong check digits",
        "a banana, Savanna, @anna on social media, meet @ noon",
        "Will it work? Will it? It will.",
    ],
)
def test_dates_ids_scores_and_common_words_survive(text: str) -> None:
    assert REDACTOR.redact(text).text == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+351 912 345 678, +351912345678", "[phone], [phone]"),
        ("00351 912 345 678 or 0049 170 1234567", "[phone] or [phone]"),
        ("Please ring 0170 1234567", "Please ring [phone]"),
        ("in the evening 0170 1234567 is best", "in the evening [phone] is best"),
        ("abends (030) 12345678", "abends [phone]"),
        ("Tél. 06 12 34 56 78", "Tél. [phone]"),
        ("reach us on 020 7946 0958", "reach us on [phone]"),
        ("mobile 01701234567", "mobile [phone]"),
    ],
)
def test_phones_of_any_country_go(text: str, expected: str) -> None:
    assert Redactor().redact(text).text == expected


@pytest.mark.parametrize(
    "text",
    [
        "order 0712345678, id 0123456789, booking number 0170 1234567, Kundennummer 0170 1234567",
        "0123456789",
        "01.02.2024 03:04, 04-05-2023 - 12-05-2023, 01 02 03 04 05",
        "up by +1 234 567, +12 345 678 visits, 0.123456789 of it",
        "0 12 13 15 22 18 44, ISBN 0-306-40615-2, PO 4500123456",
    ],
)
def test_ids_dates_and_figures_that_look_like_phones_stay(text: str) -> None:
    assert Redactor().redact(text).text == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Researcher: Ana Ribeiro, ana@x.pt", "Researcher: [name], [mail]"),
        ("**Author:** Ana Ribeiro", "**Author:** [name]"),
        ("- Moderator: Ben Hill and Cid Fox (agency)", "- Moderator: [name] and [name] (agency)"),
        ("Interviewer: Jana\nHow was it?", "Interviewer: [name]\nHow was it?"),
        ("Facilitator: A. Ribeiro", "Facilitator: [name]"),
        ("By: Grace Hill", "By: [name]"),
        ("Prepared by Ana Ribeiro, March 2026", "Prepared by [name], March 2026"),
        ("Autorin: Jana Klein", "Autorin: [name]"),
        ("Mr. Ben Hill and Mrs O'Brien", "Mr. [name] and Mrs [name]"),
        ("Danke an Frau Schmidt. Herrn Dr. Meier auch.", "Danke an Frau [name]. Herrn Dr. [name] auch."),
        ("Mme Dupont et M. Durand, Madame Le Goff", "Mme [name] et M. [name], Madame [name]"),
        ("la Señora García, el Sr. López, Sra. Pérez", "la Señora [name], el Sr. [name], Sra. [name]"),
        ("Signora Rossi, mevrouw van der Berg, meneer Jansen", "Signora [name], mevrouw [name], meneer [name]"),
        ("Dr. Weber's idea", "Dr. [name]'s idea"),
    ],
)
def test_names_go_after_labels_and_honorifics(text: str, expected: str) -> None:
    assert Redactor().redact(text).text == expected


@pytest.mark.parametrize(
    "text",
    [
        "Moderator: Hello and welcome\nInterviewer: Okay\nModerator: Thanks, that is great",
        "Moderator: Which screen would you open first?",
        "Author: UX Research Team\nprepared by the research team\nBy: 3 users",
        "Sr. Product Manager, Sr. Backend Developer, Ms Excel, I Miss The Bus",
        "Herr der Ringe, die Frau des Jahres, within 150 ms. Of 66 pages, Dr. The, 5 m. Then it stopped",
    ],
)
def test_turns_teams_and_jobs_are_nobodys_names(text: str) -> None:
    assert Redactor().redact(text).text == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mr. Hill of Hauptstraße 12, 80331 München", "Mr. [name] of [address]"),
        ("Berliner Str. 5, Kaiser-Wilhelm-Platz 3a, Ahornweg 7", "[address], [address], [address]"),
        ("221B Baker Street, London NW1 6XE", "[address]"),
        ("we live at 12 Elm Road now", "we live at [address] now"),
    ],
)
def test_street_addresses_go(text: str, expected: str) -> None:
    assert Redactor().redact(text).text == expected


@pytest.mark.parametrize(
    "text",
    [
        "Arbeitsplatz 3, Sitzplatz 12, auf Platz 3, Auf Platz 3, Hauptstraße 2024 gesperrt, Die Straße 3",
        "In 2024 Oxford Street was closed, 3 Google Drive folders, Step 2 Abbey Road",
    ],
)
def test_places_and_counted_things_are_no_addresses(text: str) -> None:
    assert Redactor().redact(text).text == text


def test_a_full_name_that_a_label_gives_away_goes_from_the_whole_document() -> None:
    builder = DocumentBuilder()
    builder.add("paragraph", "Author: Ana Ribeiro")
    builder.add("paragraph", "The notes are Ana Ribeiro's.")
    document, counts, _ = Redactor().redact_document(builder.build(metadata={"author": "Ana Ribeiro"}))
    assert document.text == "Author: [name]\n\nThe notes are [name]'s."
    assert document.metadata == {"author": "[name]"}
    assert counts == {"name": 3}


def test_a_name_that_is_a_common_word_goes_inside_a_sentence_or_alone() -> None:
    assert REDACTOR.redact("Then Will said he will.").text == "Then [name] said he will."
    assert REDACTOR.redact("Will").text == "[name]"


def test_the_region_decides_how_a_national_number_is_read() -> None:
    assert Redactor(phone_region="GB").redact("ring 020 7946 0958 or 07400 123456").text == "ring [phone] or [phone]"


def test_a_redactor_can_be_given_more_names() -> None:
    assert REDACTOR.with_names({"Priya"}).redact("Priya met Anna").text == "[name] met [name]"
    assert REDACTOR.redact("Priya met Anna").text == "Priya met [name]"


def test_what_a_replacement_uncovers_is_found_too() -> None:
    redaction = REDACTOR.redact("a@b.com4111111111111111")
    assert redaction.text == "[mail][card]"
    assert [(f.kind, f.start, f.end) for f in redaction.found] == [("mail", 0, 7), ("card", 7, 23)]


NUMBERS = ["+49 30 1234567", "202-555-0123", "4111111111111111", "DE89370400440532013000", "2018-04-12"]
WORDS = ["a@b.com", "Anna", "anna schmidt", "Will", "O'Brien", "token=abc", "?key=", "https://u:p@h.de/", "[mail]"]
SNIPPETS = st.sampled_from([*NUMBERS, *WORDS, " ", "\n\n", ". ", "[", "]", "@"])
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.one_of(SNIPPETS, st.text(max_size=4)), max_size=12).map("".join))


@given(TEXTS)
@example("Anna Anna@x.de Anna")
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = REDACTOR.redact(text).text
    assert REDACTOR.redact(once).text == once


@given(TEXTS)
def test_text_outside_findings_is_unchanged(text: str) -> None:
    redaction = REDACTOR.redact(text)
    ends = [0, *(finding.end for finding in redaction.found)]
    starts = [*(finding.start for finding in redaction.found), len(text)]
    kept = [text[end:start] for end, start in zip(ends, starts, strict=True)]
    marks = [f"[{finding.kind}]" for finding in redaction.found] + [""]
    assert redaction.text == "".join(part for pair in zip(kept, marks, strict=True) for part in pair)
    assert all(finding.start < finding.end for finding in redaction.found)


@given(TEXTS)
def test_the_offset_map_is_monotone_and_exact_outside_findings(text: str) -> None:
    redaction = REDACTOR.redact(text)
    starts = [redaction.moved(position) for position in range(len(text) + 1)]
    assert starts == sorted(starts)
    assert starts[-1] == len(redaction.text)
    inside = {p for finding in redaction.found for p in range(finding.start, finding.end)}
    assert all(redaction.text[starts[p]] == text[p] for p in range(len(text)) if p not in inside)
    outside = [p for p in range(len(text)) if p not in inside]
    assert [redaction.original(starts[p]) for p in outside] == outside


def report() -> Document:
    builder = DocumentBuilder()
    builder.heading("Talks with Anna Schmidt", 1)
    builder.add("paragraph", "Mail a@b.com first. Then call 202-555-0123 and a@b.com.")
    builder.heading("Findings", 2)
    builder.add("list_item", "Anna could not log in")
    return builder.build(
        title="Anna's study", metadata={"author": "Anna Schmidt", "tags": ["a@b.com", "login"], "n": 3}
    )


def test_blocks_follow_the_redacted_text() -> None:
    document, counts, _ = REDACTOR.redact_document(report())
    assert [document.text[block.start : block.end] for block in document.blocks] == [
        "Talks with [name]",
        "Mail [mail] first. Then call [phone] and [mail].",
        "Findings",
        "[name] could not log in",
    ]
    assert document.blocks[3].locator.heading_path == ("Talks with [name]", "Findings")
    assert document.title == "[name]'s study"
    assert document.metadata == {"author": "[name]", "tags": ["[mail]", "login"], "n": 3}
    assert counts == {"name": 4, "mail": 3, "phone": 1}


@given(st.lists(TEXTS, max_size=5))
def test_every_block_is_the_redaction_of_its_own_text(texts: list[str]) -> None:
    builder = DocumentBuilder()
    for text in texts:
        builder.add("paragraph", text)
    raw = builder.build()
    document = REDACTOR.redact_document(raw).document
    for before, after in zip(raw.blocks, document.blocks, strict=True):
        words = PLACEHOLDER.split(document.text[after.start : after.end])
        assert all(word in raw.text[before.start : before.end] for word in words)
        assert document.text[after.start : after.end].strip()


def test_the_header_of_a_column_tells_ids_from_phone_numbers() -> None:
    table = Table(
        ("Response ID", "Phone", "Comment"), (Row(2, ("2025550123", "5551234", "ask Anna", "x@y.de")),), "Anna"
    )
    document, counts, _ = REDACTOR.redact_document(Document(tables=(table,)))
    assert document.tables[0].rows[0].values == ("2025550123", "[phone]", "ask [name]", "[mail]")
    assert document.tables[0].sheet == "[name]"
    assert counts == {"phone": 1, "name": 2, "mail": 1}


def test_speakers_become_labels_and_their_names_go_from_what_is_said() -> None:
    builder = DocumentBuilder()
    builder.add("turn", "Hello Priya, how was it?", speaker="Moderator")
    builder.add("turn", "Fine. I am Priya Nair.", speaker="Priya Nair")
    builder.add("turn", "Me too", speaker="P3")
    document, _, speakers = Redactor().redact_document(builder.build())
    assert [block.locator.speaker for block in document.blocks] == ["Moderator", "Speaker 1", "P3"]
    assert document.text == "Hello [name], how was it?\n\nFine. I am [name].\n\nMe too"
    assert speakers == {"Moderator": "Moderator", "Speaker 1": "Priya Nair", "P3": "P3"}


def test_roles_stay_and_labels_are_distinct() -> None:
    labels = speaker_labels(
        ["Speaker 1", "Jo Park", "Moderator", "Moderator (Ben)", "Participant 3", "Jo Park", "I", "Al"]
    )
    assert labels == {
        "Speaker 1": "Speaker 1",
        "Jo Park": "Speaker 2",
        "Moderator": "Moderator",
        "Moderator (Ben)": "Moderator 1",
        "Participant 3": "Participant 3",
        "I": "I",
        "Al": "Speaker 3",
    }
