"""More like this, and the studies that have asked before."""

from __future__ import annotations

import pytest
from contents import ask, bring
from filled_library import SEEN
from homes import Library
from sqlalchemy import select

from insightrepo.library.reading import NotVisible
from insightrepo.library.search.hits import SearchResult
from insightrepo.models import Evidence, Study

ALL = 1000


def piece_of(library: Library, study: str) -> Evidence:
    with library.workspace.database.reading() as session:
        query = select(Evidence).join(Study, Study.id == Evidence.study_id).where(Study.title == study)
        return session.scalars(query.order_by(Evidence.id)).first()


def like(library: Library, number: int, who: str = "ada", words: str = "", **fields: object) -> SearchResult:
    return ask(library.workspace, library.readers[who], words, **{"limit": ALL, "like": number, **fields})


def test_what_is_similar_comes_first_and_the_evidence_itself_not_at_all(library: Library) -> None:
    stops = piece_of(library, "Stops")
    result = like(library, stops.id)
    assert (result.like.id, result.like.text, result.like.study) == (stops.id, stops.text, "Stops")
    assert stops.id not in {hit.id for hit in result.hits}
    assert result.hits[0].kind == "passage"
    assert "Eight parents spoke" in result.hits[0].text
    assert result.hits[0].marks


@pytest.mark.parametrize("mode", ["hybrid", "keyword", "meaning"])
def test_every_mode_finds_similar_evidence(library: Library, mode: str) -> None:
    result = like(library, piece_of(library, "Stops").id, mode=mode)
    assert result.total
    assert any("Eight parents spoke" in hit.text for hit in result.hits[:3])


def test_words_and_filters_narrow_what_is_similar(library: Library) -> None:
    stops = piece_of(library, "Stops").id
    verbatims = like(library, stops, filters={"kind": ("verbatim",)})
    assert {hit.kind for hit in verbatims.hits} == {"verbatim"}
    without = like(library, stops, words="-walrus -otter")
    assert not any("walrus" in hit.text or "otter" in hit.text for hit in without.hits)
    assert {hit.text for hit in like(library, stops, words='"the lemur"').hits} < {hit.text for hit in without.hits}
    drawn = like(library, stops, words="walrus").hits[0]
    assert drawn.study == "Prices"


@pytest.mark.parametrize("who", SEEN)
def test_what_a_reader_may_not_see_is_not_found_and_not_shown(library: Library, who: str) -> None:
    hidden = {study: piece_of(library, study).id for study in SEEN["ada"] - SEEN[who]}
    for number in (*hidden.values(), 987_654):
        with pytest.raises(NotVisible):
            like(library, number, who)
    seen = min(SEEN[who] - {"Gone"})
    assert {hit.study for hit in like(library, piece_of(library, seen).id, who).hits} <= SEEN[who]


def test_the_same_words_elsewhere_are_left_out(fresh, person, tmp_path) -> None:
    text = "# Fees\n\nThe gate takes a fee that nobody had been told of, and the children were tired.\n"
    for name in ("one", "two"):
        (tmp_path / f"{name}.md").write_text(text)
        bring(fresh, person("rita"), tmp_path / f"{name}.md", study_title=name, publish=True)
    (tmp_path / "near.md").write_text(text.replace("nobody", "no parent"))
    bring(fresh, person("rita"), tmp_path / "near.md", study_title="near", publish=True)
    with fresh.database.reading() as session:
        first = session.scalars(select(Evidence.id).order_by(Evidence.id)).first()
    assert [hit.study for hit in ask(fresh, person("rita"), like=first).hits] == ["near"]


QUESTION = "We would like to know whether parents notice hidden fees. Do they mind them at the gate of the playground?"


def test_a_pasted_question_finds_the_studies_that_asked_it(library: Library) -> None:
    result = ask(library.workspace, library.readers["vera"], QUESTION)
    found = {study.title: study.hits for study in result.similar_studies}
    assert {"Stops", "Prices", "Shops"} <= set(found) <= SEEN["vera"]
    assert sum(found.values()) <= 50
    assert [study.method for study in result.similar_studies if study.title == "Prices"] == ["survey"]


def test_a_short_question_shows_studies_only_when_asked(library: Library) -> None:
    assert ask(library.workspace, library.readers["ada"], "hidden fees").similar_studies == ()
    asked = ask(library.workspace, library.readers["ada"], "walrus", group="study")
    assert asked.similar_studies[0].title == "Prices"
    assert ask(library.workspace, library.readers["ada"], "", group="study").similar_studies == ()
