"""Text, Markdown and HTML: what stays, what goes, and under which heading."""

from __future__ import annotations

import pytest

from ingest.readers import read_file
from ingest.readers.base import SourceFile, Unreadable


def read(name, text):
    return read_file(SourceFile(name, text.encode()), 10_000_000)


def blocks(document):
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def test_wrapped_lines_are_joined_and_short_lines_stay_lines():
    text = "Parents plan the trip in the evening when the children\nare asleep.\n\nMethod: diary\nParticipants: 12\n"
    assert blocks(read("a.txt", text)) == [
        ("paragraph", "Parents plan the trip in the evening when the children are asleep."),
        ("paragraph", "Method: diary\nParticipants: 12"),
    ]


def test_a_minus_and_an_initial_are_no_bullets():
    text = "-5 degrees outside.\n\nA. Miller said so.\n\n- an item\n  goes on\n* another\n---\n"
    assert blocks(read("a.txt", text)) == [
        ("paragraph", "-5 degrees outside."),
        ("paragraph", "A. Miller said so."),
        ("list_item", "an item goes on"),
        ("list_item", "another"),
    ]


def test_a_broken_front_matter_is_a_warning_and_the_body_is_read():
    document = read("a.md", "---\ntitle: [open\n---\n# Stops\n\nWords.")
    assert document.title == "Stops"
    assert document.text == "Stops\n\nWords."
    assert "front matter cannot be read" in document.warnings[0]


@pytest.mark.parametrize("top", ["---\n\nJust words\n\n---\n\nand more", "---\nJust words\n\nand more"])
def test_a_rule_at_the_top_loses_no_words(top):
    document = read("a.md", top)
    assert document.warnings == ()
    assert "Just words" in document.text
    assert "and more" in document.text


def test_front_matter_comes_as_text_under_common_names():
    document = read(
        "a.md", "---\nStudy: Naps\nMethodology: diary\nN: 14\nDate: 2025-03-14\nparts: {a: 1}\nempty:\n---\nx"
    )
    assert document.title == "Naps"
    expected = {"title": "Naps", "method": "diary", "participants": "14", "date": "2025-03-14", "parts.a": "1"}
    assert document.metadata == expected


def test_marks_links_and_tasks_are_reduced_to_their_words():
    text = (
        "See **the** [guide][1], `code`, ~~old~~ &amp; ![a map](m.png).\n\n- [x] done *it*\n\n[1]: http://example.org"
    )
    assert blocks(read("a.md", text)) == [
        ("paragraph", "See the guide, code, old & a map."),
        ("list_item", "done it"),
    ]


def test_nested_items_are_blocks_of_their_own_in_order():
    text = "- one\n  1. inner\n     - innermost\n- two\n\n  still two\n"
    assert [words for _, words in blocks(read("a.md", text))] == ["one", "inner", "innermost", "two", "still two"]


def test_blocks_stand_under_their_headings():
    document = read("a.md", "# A\n\n## B\n\nunder b\n\nC\n=\n\nunder c\n")
    paths = {document.text[b.start : b.end]: b.locator.heading_path for b in document.blocks}
    assert paths == {"A": (), "B": ("A",), "under b": ("A", "B"), "C": (), "under c": ("C",)}


def test_a_tiny_page_is_read():
    assert blocks(read("a.html", "<p>tiny")) == [("paragraph", "tiny")]


def test_menus_scripts_and_hidden_parts_of_a_page_are_left_out():
    page = (
        "<body><nav>Menu</nav><div class='cookie-banner'>Accept</div><h1>Stops</h1><script>x</script>"
        "<p hidden>secret</p><p style='display: none'>secret</p><p>Words <!-- no --> stay.</p><footer>Imprint</footer>"
    )
    assert blocks(read("a.html", page)) == [("heading", "Stops"), ("paragraph", "Words stay.")]


def test_running_text_between_blocks_of_a_page_is_kept():
    page = "<form><h2>A</h2>one <b>two</b><div>three</div>four<table><tr><td><h3>Layout</h3>five</table></form>"
    kinds = [words for _, words in blocks(read("a.html", page))]
    assert kinds == ["A", "one two", "three", "four", "Layout", "five"]


def test_a_short_main_part_does_not_hide_the_rest_of_a_page():
    page = f"<body><main><p>Loading</p></main><div><p>{'Real words. ' * 20}</p></div>"
    assert "Real words." in read("a.html", page).text


def test_a_page_without_words_is_refused():
    with pytest.raises(Unreadable, match="holds no words"):
        read("a.html", "<html><body><script>only()</script></body></html>")


def test_two_columns_read_as_pairs_and_more_under_their_header():
    text = "| Method | Diary |\n|---|---|\n| n | 12 |\n\n| Stop | Families | |\n|---|---|---|\n| Lake | 4 | clean |\n"
    tables = [words for _, words in blocks(read("a.md", text))]
    assert tables == ["Method: Diary\nn: 12", "Stop: Lake; Families: 4; clean"]
