"""Which column means what, and what becomes of each row."""

from __future__ import annotations

from datetime import date

import pytest

from ingest.column_guess import guess_mapping, looks_like_verbatims
from ingest.passages import cut
from ingest.readers.base import Row, Table
from ingest.verbatims import (
    Mapping,
    MappingError,
    RefusedRow,
    SegmentColumn,
    SkippedRow,
    VerbatimRow,
    load_mapping,
    names_in,
    number_in,
    rows,
    table_document,
)


def table(header: str, *lines: str, sheet: str | None = None) -> Table:
    cells = (tuple(cell.strip() for cell in line.split("|")) for line in lines)
    return Table(
        tuple(name.strip() for name in header.split("|")), tuple(Row(n, v) for n, v in enumerate(cells, 2)), sheet
    )


FEED = table(
    "Response ID | Date | User ID | Segment | Service | Rating | Themes | Comment",
    "r1 | 14/03/2025 | u1 | Family | Maps | 4 - good | access;staff | I could not get through on the phone at all",
    "r2 | 03/04/2025 | u2 | Couple | Maps | 2 | | Nothing.",
    "r3 | soon | u3 | Family | Maps | 2 | | The queue was long but the staff were kind",
    "r4 | 2025-Q1 | u4 | n/a | | 9 | staff | Could you please open the desk at the weekend",
    "r5 | | | | | maybe | | It is what it is and I have got used to it",
    "r6 | 01/04/2025 | u1 | Family | Trips | | staff; staff | They were friendly and quick on the day",
    " | | | | | | | ",
)
FEED_MAPPING = load_mapping(
    """
    text: comment
    id: Response ID
    date: Date
    respondent: User ID
    segment: {column: Segment, dimension: Household}
    product: Service
    rating: Rating
    scale: [1, 5]
    rating_best: low
    labels: Themes
    label_separator: ;
    """
)


def test_a_row_becomes_a_verbatim_with_all_that_is_known() -> None:
    first, *_, sixth, _ = rows(FEED, FEED_MAPPING)
    assert isinstance(first, VerbatimRow)
    assert first.moment is not None
    assert first.moment.day == date(2025, 3, 14)
    assert (first.source_id, first.respondent, first.rating) == ("r1", "u1", 4.0)
    assert (first.segments, first.dimensions, first.products) == (("Family",), ("Household",), ("Maps",))
    assert first.labels == ("access", "staff")
    assert isinstance(sixth, VerbatimRow)
    assert sixth.labels == ("staff",)
    assert sixth.moment is not None
    assert sixth.moment.day == date(2025, 4, 1)  # the column's other dates put the day first
    assert FEED_MAPPING.best == 1


def test_no_answer_is_skipped_and_wrong_cells_are_refused_with_field_and_cause() -> None:
    _, nothing, soon, nine, maybe, _, empty = rows(FEED, FEED_MAPPING)
    assert nothing == SkippedRow(3, "no answer in comment")
    assert empty == SkippedRow(8, "empty row")
    assert isinstance(soon, RefusedRow)
    assert (soon.number, soon.field) == (4, "date")
    assert "write it like 2025-03-14" in soon.cause
    assert soon.values == FEED.rows[2].values
    assert isinstance(nine, RefusedRow)
    assert nine.cause == "'9' is outside the scale 1 to 5; correct it or the scale"
    assert isinstance(maybe, RefusedRow)
    assert (maybe.field, "not one number" in maybe.cause) == ("rating", True)


def test_ambiguous_dates_are_refused_unless_the_mapping_says() -> None:
    dates = table("text | date", "so it was | 03/04/2025")
    (refused,) = rows(dates, Mapping(text="text", date="date"))
    assert isinstance(refused, RefusedRow)
    assert "day_first" in refused.cause
    (read,) = rows(dates, Mapping(text="text", date="date", day_first=True))
    assert isinstance(read, VerbatimRow)
    assert read.moment is not None
    assert read.moment.day == date(2025, 4, 3)


def test_several_open_questions_give_a_verbatim_for_each_answer() -> None:
    wide = table(
        "id | What went well? | What could be better? | score",
        "1 | The staff were kind | Shorter queues please | 5",
        "2 | Did not answer | More parking near the door | 3",
        "3 | n/a | NONE | 1",
    )
    mapping, explanations = guess_mapping(wide)
    assert mapping.text == ("What went well?", "What could be better?")
    assert any("'score'" in line for line in explanations)
    found = list(rows(wide, mapping))
    assert [(r.source_id, r.question, r.text) for r in found if isinstance(r, VerbatimRow)] == [
        ("1#What went well?", "What went well?", "The staff were kind"),
        ("1#What could be better?", "What could be better?", "Shorter queues please"),
        ("2#What could be better?", "What could be better?", "More parking near the door"),
    ]
    assert isinstance(found[-1], SkippedRow)


def test_label_columns_may_hold_flags_or_names() -> None:
    flags = table("text | Staff | Access | other", "good people | 1 | 0 | parking|", "no way in | no | x | ")
    mapping = Mapping(text="text", labels=("Staff", "Access", "other"))
    assert [row.labels for row in rows(flags, mapping) if isinstance(row, VerbatimRow)] == [
        ("Staff", "parking"),
        ("Access",),
    ]


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        *[
            ("4", 4.0),
            ("4.0", 4.0),
            ("4,5", 4.5),
            ("4 - good", 4.0),
            ("4/5", 4.0),
            ("4 out of 5", 4.0),
            ("(5) best", 5.0),
        ],
        *[("★★★", 3.0), ("-1", -1.0), ("80%", 80.0)],
        *[("good", None), ("4-5", None), ("2 good, 3 bad", None), ("", None), ("Q3", None)],
    ],
)
def test_a_number_is_taken_only_where_it_is_clear(cell: str, number: float | None) -> None:
    assert number_in(cell) == number


def test_a_mapping_is_guessed_from_headers_and_explained() -> None:
    mapping, explanations = guess_mapping(FEED)
    assert mapping == Mapping(
        text=("Comment",),
        id="Response ID",
        date="Date",
        respondent="User ID",
        segment=(SegmentColumn(column="Segment"),),
        product=("Service",),
        rating="Rating",
        scale=(0, 10),  # there is a 9 among the ratings
        labels=("Themes",),
    )
    assert explanations[0] == "text: 'Comment' (by its name)"


def test_a_text_column_is_told_by_its_long_and_varied_answers() -> None:
    answers = [f"{number} | the form asked me {number} times for the same thing" for number in range(12)]
    mapping, explanations = guess_mapping(table("nr | Q7", *answers))
    assert mapping.text == ("Q7",)
    assert "long and varied" in explanations[0]


def test_a_column_called_as_a_dimension_of_the_segments_holds_segments_before_any_other() -> None:
    feed = table("comment | plan | family_stage", "we could not find the way | gold | young children")
    assert [one.column for one in guess_mapping(feed)[0].segment] == ["plan"]
    mapping, explained = guess_mapping(feed, ("Way of travelling", "Family stage"))
    assert [one.column for one in mapping.segment] == ["family_stage"]
    assert "segment: 'family_stage' (called as a dimension of the segments)" in explained


def test_guessing_refuses_a_table_without_words() -> None:
    with pytest.raises(MappingError, match=r"say which holds them \(--text\); there are task, seconds"):
        guess_mapping(table("task | seconds", "1 | 20", "2 | 30"))


def test_a_satisfaction_column_of_words_is_not_taken_for_a_rating() -> None:
    words = table("comment | satisfaction", "all went well | Very satisfied", "it took ages | Dissatisfied")
    assert guess_mapping(words)[0].rating is None


def test_the_scale_is_guessed_from_the_ratings() -> None:
    ten = table("comment | nps", "all went well here | 10", "it took ages again | 0")
    assert guess_mapping(ten)[0].scale == (0, 10)


def test_a_mapping_file_may_name_one_column_or_several() -> None:
    mapping = load_mapping("text: [a, b]\nsegment:\n  - region\n  - {column: age, dimension: Age}\nrating_best: 5\n")
    assert mapping.text == ("a", "b")
    assert mapping.segment == (SegmentColumn(column="region"), SegmentColumn(column="age", dimension="Age"))
    assert mapping.best == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("text: a\ndaet: b\n", "m.yaml, line 2, field daet: .*known are text, id, date"),
        ("text: a\nid: b\nscale: [5, 1]\n", "m.yaml, line 3, field scale: .*lowest number first"),
        ("id: a\n", "m.yaml, line 1, field text: Field required"),
        ("text: a\nrating_best: middle\n", "line 2, field rating_best"),
        ("text: a\nid: [b\n", "m.yaml, line "),
        ("text: a\ntext: b\n", "m.yaml, line 2: "),
        ("just words", "one field a line"),
    ],
)
def test_a_wrong_mapping_file_names_line_and_field(text: str, message: str) -> None:
    with pytest.raises(MappingError, match=message):
        load_mapping(text, "m.yaml")


def test_a_mapping_that_names_a_missing_column_says_which_there_are() -> None:
    with pytest.raises(MappingError, match="date: there is no column 'when'; the columns are Response ID, Date"):
        list(rows(FEED, Mapping(text="Comment", date="when")))


def test_names_are_collected_from_name_columns() -> None:
    people = table("text | name", "so it was | Priya Nair", "and so on | n/a", "and more | Jo")
    assert names_in(people, Mapping(text="text", names="name")) == {"Priya Nair", "Priya", "Nair", "Jo"}
    assert names_in(people, Mapping(text="text")) == {"Priya Nair", "Jo"}  # "name" may be that of a thing


def test_a_name_is_who_said_it_where_nothing_better_is_and_still_goes_from_the_words() -> None:
    alone = table("Name | Comment", "Priya Nair | Priya could not find it", "Bo Lind | all went well here")
    mapping, explained = guess_mapping(alone)
    assert (mapping.respondent, mapping.names) == ("Name", ())
    assert "respondent: 'Name' (by its name)" in explained
    assert {"Priya Nair", "Priya", "Nair"} <= names_in(alone, mapping)


@pytest.mark.parametrize("who", ["E-mail", "Email address", "Customer ID", "User", "Respondent"])
def test_whoever_has_an_id_or_an_address_is_not_known_by_name(who: str) -> None:
    mapping, _ = guess_mapping(table(f"Full name | {who} | Comment", "Priya Nair | p@x.de | it could not be found"))
    assert (mapping.respondent, mapping.names) == (who, ("Full name",))


def test_few_rows_are_verbatims_where_the_columns_names_say_so() -> None:
    assert looks_like_verbatims(
        table("Customer | Created | Comment | Rating", "Al | 2026-01-02 | it was slow here | 2")
    )
    assert looks_like_verbatims(table("who | date | said | rating", "Al | 2026-01-02 | it was slow here | 2"))
    assert not looks_like_verbatims(table("card | comment", "Revenue by month | it was slow here"))


def test_an_analysis_sheet_is_not_taken_for_verbatims() -> None:
    assert looks_like_verbatims(FEED)
    findings = table("Finding | Severity | Comment", *["The link is hidden from view | 3 | people scroll past it"] * 4)
    assert not looks_like_verbatims(findings)
    assert not looks_like_verbatims(table("task | seconds", "1 | 20", "2 | 30", "3 | 10"))
    cards = table("card | group a | group b", "Revenue by month | 3 | 1", "Disbursements by state | 1 | 2")
    assert not looks_like_verbatims(cards)


def test_other_tables_become_readable_rows_with_their_place() -> None:
    document = table_document([table("Task | Result\n of it | ", "Find it | 3 of 5 | extra", " | | ", sheet="Day 1")])
    (passage,) = cut(document, None)
    assert passage.text == "Task: Find it; Result of it: 3 of 5; extra"
    assert (passage.locator.sheet, passage.locator.row, passage.heading_path) == ("Day 1", 2, ("Day 1",))
