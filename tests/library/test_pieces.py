"""What was typed is said piece by piece."""

from __future__ import annotations

from contents import ask
from homes import Library


def pieces(library: Library, words: str) -> list[tuple[str, str, str]]:
    shown = ask(library.workspace, library.readers["ada"], words).pieces
    return [(piece.label, piece.text, piece.without) for piece in shown]


def test_words_alone_say_themselves(library: Library) -> None:
    assert pieces(library, "hidden fees at the gate") == []


def test_every_piece_is_said_and_can_be_taken_away(library: Library) -> None:
    assert pieces(library, 'the stops "hidden fees" -otter outcome:STOP,cost since:2024-Q1') == [
        ("", "the stops", '"hidden fees" -otter outcome:STOP,cost since:2024-Q1'),
        ("phrase", "hidden fees", "the stops -otter outcome:STOP,cost since:2024-Q1"),
        ("without", "otter", 'the stops "hidden fees" outcome:STOP,cost since:2024-Q1'),
        ("outcome", "STOP or cost", 'the stops "hidden fees" -otter since:2024-Q1'),
        ("since", "1 January 2024", 'the stops "hidden fees" -otter outcome:STOP,cost'),
    ]


def test_what_or_joins_is_said_as_a_choice(library: Library) -> None:
    assert [shown[:2] for shown in pieces(library, "walrus OR kiwi OR lemur")] == [
        ("either", "walrus"),
        ("or", "kiwi"),
        ("or", "lemur"),
    ]


def test_a_note_stands_beside_its_piece(library: Library) -> None:
    result = ask(library.workspace, library.readers["ada"], "fees outcome:STOPP since:soon kind:quote")
    notes = {piece.text: piece.note for piece in result.pieces}
    assert "did you mean STOP" in notes["STOPP"]
    assert "soon is not a date" in notes["since:soon"]
    assert "known are insight, passage, verbatim" in notes["quote"]
    assert len(result.notes) == 3
    assert result.unplaced_notes == ()


def test_names_of_terms_and_titles_of_studies_are_told(library: Library) -> None:
    (term,) = ask(library.workspace, library.readers["ada"], "segment:new").pieces
    assert (term.text, term.name) == ("new", "New parents")
    with_number = ask(library.workspace, library.readers["ada"], "study:Stops")
    (study,) = with_number.pieces
    assert study.text == "Stops"
    number = with_number.hits[0].study_id
    assert ask(library.workspace, library.readers["ada"], f"study:{number}").pieces[0].text == "Stops"
    assert ask(library.workspace, library.readers["sue"], f"study:{number}").pieces[0].text == str(number)
