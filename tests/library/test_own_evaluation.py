"""`evaluate search --own` measures the engines on what people said of hits; here the figures are known."""

from __future__ import annotations

from pathlib import Path

import pytest
from contents import bring, evidence
from sqlalchemy import select, update

from insightrepo.accounts.access import Reader
from insightrepo.library.search.hits import SearchQuery
from insightrepo.library.search.judgements import judge
from insightrepo.library.search.own_evaluation import ENOUGH, Opinion, evaluate_own, judged_questions, judgements
from insightrepo.models import Evidence, Judgement, Study
from insightrepo.workspace import Workspace

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
THINGS = (
    "anchor", "basket", "candle", "drum", "engine", "fiddle", "garden", "hammer", "island", "jacket", "kettle",
    "ladder", "mirror", "needle", "orange", "pillow", "quilt", "ribbon", "saddle", "teapot", "umbrella", "violin",
)  # fmt: skip


@pytest.fixture
def things(workspace: Workspace, ada: Reader, tmp_path: Path) -> dict[str, int]:
    """The id of a verbatim for each thing."""
    path = tmp_path / "things.csv"
    path.write_text("comment\n" + "".join(f"We bought one {thing} there.\n" for thing in THINGS))
    bring(workspace, ada, path, text="comment", publish=True)
    return {next(thing for thing in THINGS if thing in row.text): row.id for row in evidence(workspace)}


def say(workspace: Workspace, reader: Reader, words: str, evidence_id: int, helpful: bool, **fields) -> None:
    with workspace.database.writing() as session:
        judge(workspace, session, reader, SearchQuery(words, **fields), evidence_id, helpful)


def measured(workspace: Workspace, reader: Reader) -> dict:
    with workspace.database.reading() as session:
        return evaluate_own(workspace, session, reader)


def questions(workspace: Workspace, reader: Reader, *more) -> list[dict[str, int]]:
    with workspace.database.reading() as session:
        return [found.grades for found in judged_questions(session, reader, (judgements, *more))]


def test_of_few_questions_nothing_is_said(workspace: Workspace, ada: Reader, things: dict[str, int]) -> None:
    for thing in THINGS[: ENOUGH - 1]:
        say(workspace, ada, thing, things[thing], True)
    say(workspace, ada, THINGS[-1], things[THINGS[-1]], False)  # no hit helped: it tells no ranking from another
    assert measured(workspace, ada) == {"queries": 19, "enough": False, "modes": {}, "differences": {}}


def test_a_perfect_engine_measures_one_and_a_wrong_one_by_its_ranks(
    workspace: Workspace, ada: Reader, things: dict[str, int]
) -> None:
    for thing, other in zip(THINGS, THINGS[1:] + THINGS[:1], strict=True):
        say(workspace, ada, f"{thing} {thing} {other}", things[thing], True)
        say(workspace, ada, f"{thing} {thing} {other}", things[other], False)
    found = measured(workspace, ada)
    assert (found["queries"], found["enough"]) == (len(THINGS), True)
    assert set(found["modes"]) == {"hybrid", "keyword", "meaning"}
    assert found["modes"]["keyword"]["mrr"] >= 0.5  # of two judged hits the right one is first or second
    for mode, means in found["modes"].items():
        assert 0 < means["judged_at_10"] <= 1, mode
        # with one right hit at rank r nDCG is 1 / log2(r + 1): 1 and .631 where MRR has 1 and .5
        share = 2 * means["mrr"] - 1
        assert means["ndcg_at_10"] == pytest.approx(share + (1 - share) * 0.6309, abs=2e-4)
    for mode, differences in found["differences"].items():
        for name, values in differences.items():
            direct = found["modes"]["hybrid"][name] - found["modes"][mode][name]
            assert values["difference"] == pytest.approx(direct, abs=2e-4)
            assert values["low"] <= values["difference"] <= values["high"]


def test_hits_that_nobody_judged_do_not_count(workspace: Workspace, ada: Reader, things: dict[str, int]) -> None:
    for number, thing in enumerate(THINGS):  # one of the two that match is judged, whichever stands first
        pair = f"{thing} {THINGS[number - 1]}"
        say(workspace, ada, pair, things[thing], True)
    found = measured(workspace, ada)["modes"]["keyword"]
    assert (found["ndcg_at_10"], found["mrr"], found["judged_at_10"]) == (1.0, 1.0, 0.5)


def test_the_filters_are_asked_again(workspace: Workspace, ada: Reader, things: dict[str, int]) -> None:
    for thing in THINGS:
        say(workspace, ada, thing, things[thing], True, filters={"kind": ("insight",)})
    assert measured(workspace, ada)["modes"]["hybrid"] == {"ndcg_at_10": 0.0, "mrr": 0.0, "judged_at_10": 0.0}


def test_the_majority_decides_and_a_tie_does_not_count(
    workspace: Workspace, ada: Reader, things: dict[str, int], make_reader
) -> None:
    first, second, third = (things[thing] for thing in THINGS[:3])
    people = [ada, make_reader("viewer"), make_reader("viewer")]
    for person, word in zip(people, (True, True, False), strict=True):
        say(workspace, person, "thing", first, word)
    for person, word in zip(people[:2], (True, False), strict=True):
        say(workspace, person, "thing", second, word)
    say(workspace, ada, "THING", third, False)
    assert questions(workspace, ada) == [{str(first): 1, str(third): 0}]


def test_only_what_the_reader_may_see_and_what_is_there_counts(
    workspace: Workspace, ada: Reader, things: dict[str, int], make_reader
) -> None:
    vera = make_reader("viewer")
    for thing in THINGS[:3]:
        say(workspace, ada, thing, things[thing], True)
    with workspace.database.writing() as session:
        session.execute(update(Evidence).where(Evidence.id == things[THINGS[0]]).values(withdrawn=True))
    assert len(questions(workspace, vera)) == len(questions(workspace, ada)) == 2
    with workspace.database.writing() as session:
        session.execute(update(Study).values(sensitivity="personal"))
    assert (questions(workspace, vera), len(questions(workspace, ada))) == ([], 2)


def test_another_source_of_opinions_can_be_added(workspace: Workspace, ada: Reader, things: dict[str, int]) -> None:
    first, second = (things[thing] for thing in THINGS[:2])
    say(workspace, ada, "thing", first, False)
    with workspace.database.reading() as session:
        row = session.scalars(select(Judgement)).one()

    def cited(*_: object) -> list[Opinion]:
        return [Opinion(row.question, row.words, row.filters, second, True)]

    assert questions(workspace, ada) == []
    assert questions(workspace, ada, cited) == [{str(first): 0, str(second): 1}]


def test_without_a_model_there_is_only_the_keyword_engine(
    workspace: Workspace, ada: Reader, things: dict[str, int]
) -> None:
    for thing in THINGS:
        say(workspace, ada, thing, things[thing], True)
    workspace.__dict__["embedder"] = None
    found = measured(workspace, ada)
    assert (list(found["modes"]), found["differences"]) == (["keyword"], {})
