"""How a document is laid out for reading, and how a score's history is drawn."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from insightrepo.library.readings import DocumentReading, EvidencePlaced
from insightrepo.scores.chips import Point
from insightrepo.web.layout import lay_out
from insightrepo.web.trend import FULL, draw


def reading_of(blocks: list[tuple[str, str, int]], spans: list[tuple[int, int]], spots=()) -> DocumentReading:
    """A document of (kind, text, level) blocks with evidence 1, 2, … at these offsets."""
    text, placed = "", []
    for number, (kind, words, level) in enumerate(blocks):
        text += "\n\n" if text else ""
        locator = {"page": spots[number]} if spots else {}
        placed.append((kind, len(text), len(text) + len(words), level, locator))
        text += words
    evidence = tuple(
        EvidencePlaced(number, "passage", text[start:end], "", None, None, start, end, {}, "", ())
        for number, (start, end) in enumerate(spans, start=1)
    )
    return DocumentReading(None, None, text, tuple(placed), evidence, 1, 1)


def parts_of(layout):
    return [part for row in layout.rows for part in row.parts]


def test_a_passage_within_a_block_is_cut_out_and_anchored_once():
    layout = lay_out(reading_of([("paragraph", "one two three", 0)], [(4, 7)]), chosen=1)
    pieces = parts_of(layout)[0].pieces
    assert [(piece.text, piece.evidence, piece.anchors, piece.chosen) for piece in pieces] == [
        ("one ", (), (), False),
        ("two", (1,), (1,), True),
        (" three", (), (), False),
    ]


def test_a_passage_over_two_blocks_is_marked_in_both_and_anchored_in_the_first():
    layout = lay_out(reading_of([("paragraph", "abc", 0), ("list_item", "def", 0)], [(1, 8)]))
    assert [(piece.text, piece.evidence, piece.anchors) for part in parts_of(layout) for piece in part.pieces] == [
        ("a", (), ()),
        ("bc", (1,), (1,)),
        ("def", (1,), ()),
    ]


def test_overlapping_passages_share_the_stretch_between_them():
    pieces = parts_of(lay_out(reading_of([("paragraph", "abcdef", 0)], [(0, 4), (2, 6)])))[0].pieces
    assert [(piece.text, piece.evidence) for piece in pieces] == [("ab", (1,)), ("cd", (1, 2)), ("ef", (2,))]


def test_tags_stand_beside_the_row_in_which_the_passage_begins_under_its_heading():
    blocks = [("heading", "H", 1), ("paragraph", "first", 0), ("heading", "I", 2), ("paragraph", "second", 0)]
    layout = lay_out(reading_of(blocks, [(3, 8), (13, 19)]))
    assert [([part.kind for part in row.parts], [item.id for item in row.beside]) for row in layout.rows] == [
        (["heading", "paragraph"], [1]),
        (["heading", "paragraph"], [2]),
    ]


def test_headings_never_skip_a_level_and_never_rival_the_title_of_the_page():
    blocks = [("heading", "A", 3), ("heading", "B", 6), ("heading", "C", 1), ("heading", "D", 2)]
    assert [part.heading for part in parts_of(lay_out(reading_of(blocks, [])))] == [2, 3, 2, 3]


def test_a_new_page_is_said_once():
    blocks = [("paragraph", "a", 0), ("paragraph", "b", 0), ("paragraph", "c", 0)]
    layout = lay_out(reading_of(blocks, [], spots=(1, 1, 2)))
    assert [(row.spot, len(row.parts)) for row in layout.rows] == [("Page 1", 2), ("Page 2", 1)]


def test_items_of_a_list_stay_together():
    blocks = [("paragraph", "a", 0), ("list_item", "b", 0), ("list_item", "c", 0), ("paragraph", "d", 0)]
    groups = lay_out(reading_of(blocks, [])).rows[0].groups
    assert [(is_list, len(parts)) for is_list, parts in groups] == [(False, 1), (True, 2), (False, 1)]


BLOCKS = st.lists(st.text("ab \n", min_size=1, max_size=12), min_size=1, max_size=5)


@given(BLOCKS, st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=4))
def test_cutting_loses_no_letter_and_anchors_each_passage_at_most_once(words, spans):
    reading = reading_of([("paragraph", text, 0) for text in words], [(start, start + size) for start, size in spans])
    parts = parts_of(lay_out(reading))
    assert ["".join(piece.text for piece in part.pieces) for part in parts] == words
    anchors = [anchor for part in parts for piece in part.pieces for anchor in piece.anchors]
    assert len(anchors) == len(set(anchors))


def point(wave: str, value: float | None, *, starts: bool = False) -> Point:
    low, high = (value - 5, value + 5) if value is not None else (None, None)
    return Point(wave, "", "", False, value, low, high, 100, None, "no evidence of change", None, starts)


def test_a_history_is_drawn_within_its_frame_and_said_in_words():
    trend = draw([point("Q1", 70.0), point("Q2", 52.0)], "satisfaction", "percent")
    assert trend.words == "satisfaction by wave: Q1 70%, Q2 52%"
    assert len(trend.lines) == 1
    assert all(0 <= dot.x <= FULL.width and 0 <= dot.top <= dot.y <= dot.bottom <= FULL.height for dot in trend.dots)
    assert trend.dots[0].y < trend.dots[1].y  # higher values stand higher


def test_a_new_instrument_and_a_missing_wave_break_the_line():
    points = [
        point("Q1", 70.0),
        point("Q2", 71.0),
        point("Q3", 40.0, starts=True),
        point("Q4", None),
        point("Q5", 41.0),
    ]
    assert [line.count(",") for line in draw(points, "satisfaction", "percent").lines] == [2, 1, 1]


def test_one_wave_is_no_history():
    assert draw([point("Q1", 70.0), point("Q2", None)], "satisfaction", "percent") is None


@given(st.lists(st.none() | st.floats(0, 100), max_size=9))
def test_any_history_can_be_drawn(values):
    points = [point(f"Q{number}", value) for number, value in enumerate(values)]
    trend = draw(points, "satisfaction", "percent")
    assert (trend is None) == (sum(value is not None for value in values) < 2)
