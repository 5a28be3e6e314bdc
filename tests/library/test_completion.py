"""Fields and their values are completed from what the reader may see."""

from __future__ import annotations

import pytest
from contents import ask
from filled_library import SEEN
from homes import Library
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insightrepo.library.search.completion import LIMIT, Completion, complete


def offered(library: Library, typed: str, who: str = "ada") -> tuple[Completion, ...]:
    """What is offered where ``|`` stands."""
    cursor = typed.index("|") if "|" in typed else len(typed)
    with library.workspace.database.reading() as session:
        return complete(library.workspace, session, library.readers[who], typed.replace("|", "", 1), cursor)


def inserted(library: Library, typed: str, who: str = "ada") -> list[str]:
    """What would be typed after each choice."""
    plain = typed.replace("|", "", 1)
    return [plain[: found.start] + found.insert + plain[found.end :] for found in offered(library, typed, who)]


@pytest.mark.parametrize(
    ("typed", "after"),
    [
        ("slow out", ["slow outcome:"]),
        ("-se", ["-segment:"]),
        ("st", ["study:", "state:"]),
        ("o", []),
        ("stops ", []),
        ("", []),
        ('"out', []),
        ("outcome:st", ["outcome:STOP"]),
        ("outcome:children", ["outcome:STOP"]),
        ("outcome:places", ["outcome:STOP"]),
        ("outcome:STOP,c", ["outcome:STOP,COST", "outcome:STOP,CALM"]),
        ("outcome:st|OP fees", ["outcome:STOP fees"]),
        ("segment:famil", ["segment:teen"]),
        ("-product:app", ["-product:app"]),
        ("kind:", ["kind:passage", "kind:verbatim", "kind:insight"]),
        ("Kind:v", ["Kind:verbatim"]),
        ('method:"usab', ['method:"usability test"']),
        ('method:"usab|" fees', ['method:"usability test" fees']),
        ("level:int", ["level:interaction"]),
        ("state:dr", ["state:draft"]),
        ("category:p", ["category:Pay", "category:Plan"]),
        ("since:last q", []),
        ('since:"last q', ['since:"last quarter"']),
        ("date:2024-", ["date:2024-Q1", "date:2024-Q2", "date:2024-Q3", "date:2024-Q4"]),
        ("fees:x", []),
    ],
)
def test_what_is_typed_is_completed(library: Library, typed: str, after: list[str]) -> None:
    assert sorted(inserted(library, typed)) == sorted(after)


def test_the_most_frequent_comes_first_and_counts_are_those_of_a_search(library: Library) -> None:
    for field in ("kind", "outcome", "product", "segment", "method", "state", "category", "year"):
        found = offered(library, f"{field}:")
        assert found, field
        counts = [value.count for value in found]
        assert field == "state" or counts == sorted(counts, reverse=True)
        for value in found:
            total = ask(library.workspace, library.readers["ada"], f"{field}:{value.insert}").total
            assert value.count == total or value.insert == "withdrawn", (field, value)


def test_a_study_is_found_by_a_word_of_its_title(library: Library) -> None:
    (study,) = offered(library, "study:pri")
    assert (study.label, study.detail) == ("Prices", f"study {study.insert}, survey")
    assert {hit.study for hit in ask(library.workspace, library.readers["ada"], f"study:{study.insert}").hits} == {
        "Prices"
    }


@pytest.mark.parametrize("who", SEEN)
def test_only_what_the_reader_may_see_is_offered_and_counted(library: Library, who: str) -> None:
    assert {study.label for study in offered(library, "study:", who)} == SEEN[who] - {"Gone"}
    seen = ask(library.workspace, library.readers[who], limit=1000)
    for value in offered(library, "kind:", who):
        assert value.count == sum(hit.kind == value.insert for hit in seen.hits)
    years = {hit.date[:4] for hit in seen.hits if hit.date}
    assert {value.insert for value in offered(library, "year:", who)} == years


SNIPPETS = ["outcome:", "-", '"', ",", " ", "st", "STOP", "kind:ver", "study:", "date:", "“", "OR", ":"]


def test_no_text_and_no_cursor_fail(library: Library) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(typed=st.lists(st.sampled_from(SNIPPETS)).map("".join) | st.text(max_size=30), at=st.floats(0, 1))
    def holds(typed: str, at: float) -> None:
        cursor = round(at * len(typed))
        with library.workspace.database.reading() as session:
            found = complete(library.workspace, session, library.readers["ada"], typed, cursor)
        assert len(found) <= LIMIT
        assert all(0 <= value.start <= cursor <= value.end <= len(typed) for value in found)

    holds()
