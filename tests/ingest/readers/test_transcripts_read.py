"""Transcripts become turns, each with its speaker and its time."""

from __future__ import annotations

from ingest.readers import read_file
from ingest.readers.base import SourceFile


def turns(name, text):
    document = read_file(SourceFile(name, text.encode()), 1_000_000)
    assert {block.kind for block in document.blocks} == {"turn"}
    return [
        (b.locator.speaker, document.text[b.start : b.end], b.locator.start_seconds, b.locator.end_seconds)
        for b in document.blocks
    ]


def vtt(*cues):
    """A WebVTT file of (start, end, words), in whole seconds."""
    stamps = [f"00:{a // 60:02}:{a % 60:02}.000 --> 00:{b // 60:02}:{b % 60:02}.000\n{words}\n" for a, b, words in cues]
    return "WEBVTT\n\n" + "\n".join(stamps)


def test_consecutive_cues_of_one_voice_are_one_turn():
    text = vtt((0, 2, "<v Ana>We left</v>"), (2, 4, "<v.loud Ana>at five.</v>"), (4, 5, "<v Ben>Too early.</v>"))
    assert turns("a.vtt", text) == [("Ana", "We left at five.", 0.0, 4.0), ("Ben", "Too early.", 4.0, 5.0)]


def test_speakers_before_the_words_are_found_and_go_on_until_the_next():
    text = vtt((0, 2, "Moderator: Why?\nP3: Because"), (2, 4, "it rained."), (4, 6, "[P3]: All day."))
    assert turns("a.vtt", text) == [("Moderator", "Why?", 0.0, 2.0), ("P3", "Because it rained. All day.", 0.0, 6.0)]


def test_a_name_needs_to_come_twice_but_a_role_does_not():
    text = vtt(
        (0, 1, "Note: it rained."), (1, 2, "Maria Lopez: Yes."), (2, 3, "Interviewer: And?"), (3, 4, "Maria Lopez: No.")
    )
    assert [turn[0] for turn in turns("a.vtt", text)] == [None, "Maria Lopez", "Interviewer", "Maria Lopez"]


def test_rolling_captions_are_read_once():
    text = vtt((0, 2, "a b"), (2, 3, "a b\nc d"), (3, 4, "c d\ne f"), (4, 5, "e f\ng h"), (5, 6, "g h\ni."))
    assert turns("a.vtt", text) == [(None, "a b c d e f g h i.", 0.0, 6.0)]


def test_growing_captions_are_read_once():
    text = vtt((0, 1, "we"), (1, 2, "we left"), (2, 3, "we left at"), (3, 4, "we left at five"))
    assert turns("a.vtt", text) == [(None, "we left at five", 0.0, 4.0)]


def test_two_people_or_one_may_say_the_same_again():
    text = vtt((0, 1, "<v Ana>Yes.</v>"), (1, 2, "<v Ana>Yes.</v>"), (2, 3, "<v Ben>Yes.</v>"))
    assert [turn[:2] for turn in turns("a.vtt", text)] == [("Ana", "Yes. Yes."), ("Ben", "Yes.")]


def test_where_nobody_is_named_a_pause_ends_the_turn():
    text = vtt((0, 2, "We left."), (2, 4, "It rained."), (9, 10, "Then Hanover."))
    assert [turn[1] for turn in turns("a.vtt", text)] == ["We left. It rained.", "Then Hanover."]


def test_a_long_talk_without_names_is_cut_after_sentences():
    text = vtt(*[(n, n + 1, f"This is sentence number {n} of a talk.") for n in range(40)])
    found = turns("a.vtt", text)
    assert len(found) > 2
    assert all(words.endswith(".") for _, words, _, _ in found)


def test_marks_and_entities_of_cues_become_plain_words():
    text = vtt((0, 1, "<i>R&amp;D</i> said <c.yellow>&lt;no&gt;</c> <00:00:00.500>twice"))
    assert turns("a.vtt", text)[0][1] == "R&D said <no> twice"


def test_srt_hours_and_commas_are_seconds():
    text = "1\n01:00:01,250 --> 01:00:02,500\nHello.\n"
    assert turns("a.srt", text) == [(None, "Hello.", 3601.25, 3602.5)]
