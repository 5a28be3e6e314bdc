"""One query path: what is found, in which order, and why."""

from __future__ import annotations

import string
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from indexes.base import KeywordQuery, Record
from indexes.fusion import MEANING_FLOOR, MEANING_WEIGHT
from indexes.hashing import HashingEmbedder
from indexes.keyword import WhooshIndex
from indexes.query import parse
from indexes.search import Boost, Ranking, Request, search, whole
from indexes.vector import FaissIndex

TEXTS = {
    1: "I could not find the download button",
    2: "where to save the file to my computer is hidden",
    3: "the download is slow on the train",
    4: "parking was expensive",
    5: "W-2 forms are missing",
    6: "no vector yet for this download",
}
# Meaning by hand: the first number is "saving a file", the second "speed", the third "money", the fourth the rest.
VECTORS = {1: (0.9, 0, 0, 0.4), 2: (1, 0, 0, 0.1), 3: (0.3, 0.9, 0, 0.1), 4: (0, 0, 1, 0), 5: (0.2, 0, 0.3, 0.9)}
SAVING = np.array([1, 0, 0, 0], dtype=np.float32)
LIVE = BitMap(TEXTS)


def record(number: int, text: str) -> Record:
    return Record(number, text, "", "", "hash", frozenset())


@pytest.fixture(scope="module")
def keyword(tmp_path_factory: pytest.TempPathFactory) -> WhooshIndex:
    index = WhooshIndex.create(tmp_path_factory.mktemp("keyword"))
    index.apply([], [record(number, text) for number, text in TEXTS.items()])
    return index


@pytest.fixture(scope="module")
def vector(tmp_path_factory: pytest.TempPathFactory) -> FaissIndex:
    rows = np.array(list(VECTORS.values()), dtype=np.float32)
    index = FaissIndex(tmp_path_factory.mktemp("vector"), 4)
    index.apply([], list(VECTORS), rows / np.linalg.norm(rows, axis=1, keepdims=True))
    return index


def ask(keyword: WhooshIndex, vector: FaissIndex | None, request: Request, live: BitMap = LIVE) -> Ranking:
    return search(request, keyword, vector, lambda _: SAVING, live)


def download(**fields: object) -> Request:
    return Request(KeywordQuery(("download",)), "download", **fields)  # type: ignore[arg-type]


def test_both_engines_are_united_with_their_ranks_and_scores(keyword: WhooshIndex, vector: FaissIndex) -> None:
    ranking = ask(keyword, vector, download())
    hits = {hit.id: hit for hit in ranking.hits}
    assert ranking.found == BitMap([1, 2, 3, 5, 6])
    assert ranking.ids[0] == 1
    assert (hits[2].keyword_rank, hits[2].keyword_score, hits[2].meaning_rank) == (None, None, 1)
    assert hits[1].meaning_rank == 2
    assert hits[1].keyword_score == pytest.approx(keyword.search(KeywordQuery(("download",)), BitMap([1]), 1)[0].score)
    assert not ranking.capped
    assert not ranking.meaning_off
    assert [hit.score for hit in ranking.hits] == sorted((hit.score for hit in ranking.hits), reverse=True)


def test_what_is_far_in_meaning_is_not_found_unless_by_a_keyword(keyword: WhooshIndex, vector: FaissIndex) -> None:
    assert 4 not in ask(keyword, vector, download()).found
    parking = ask(keyword, vector, Request(KeywordQuery(("parking",)), "parking"))
    (hit,) = [hit for hit in parking.hits if hit.id == 4]
    assert hit.keyword_rank == 1
    assert hit.meaning_score == pytest.approx(0.0)
    assert hit.meaning_score < MEANING_FLOOR


def test_a_keyword_hit_has_its_exact_cosine_though_meaning_did_not_bring_it(
    keyword: WhooshIndex, vector: FaissIndex
) -> None:
    ranking = ask(keyword, vector, download(limit=2))
    brought = {hit.id: hit for hit in ranking.hits}
    slow = brought[3]
    assert slow.meaning_rank is None
    assert slow.meaning_score == pytest.approx(0.3 / np.sqrt(0.91), abs=1e-6)


def test_a_hit_without_a_vector_is_found_all_the_same(keyword: WhooshIndex, vector: FaissIndex) -> None:
    (hit,) = [hit for hit in ask(keyword, vector, download()).hits if hit.id == 6]
    assert hit.meaning_score is None
    assert hit.keyword_rank is not None


def test_filter_and_live_hold_in_both_engines(keyword: WhooshIndex, vector: FaissIndex) -> None:
    assert ask(keyword, vector, download(allowed=BitMap([2, 3, 99]))).found == BitMap([2, 3])
    assert ask(keyword, vector, download(), live=BitMap([1, 5])).found == BitMap([1, 5])
    assert ask(keyword, vector, download(allowed=BitMap())).hits == ()


def test_phrases_and_exclusions_hold_in_both_engines(keyword: WhooshIndex, vector: FaissIndex) -> None:
    quoted = Request(KeywordQuery(phrases=("download button",)), "download button")
    assert ask(keyword, vector, quoted).found == BitMap([1])
    without = Request(KeywordQuery(("download",), excluded=("button", "computer")), "download")
    assert ask(keyword, vector, without).found == BitMap([3, 5, 6])


def test_a_mode_asks_one_engine(keyword: WhooshIndex, vector: FaissIndex) -> None:
    by_keyword = ask(keyword, vector, download(mode="keyword"))
    assert by_keyword.found == BitMap([1, 3, 6])
    assert all(hit.meaning_score is None for hit in by_keyword.hits)
    by_meaning = ask(keyword, vector, download(mode="meaning"))
    assert by_meaning.ids == (2, 1, 3, 5)
    assert all(hit.keyword_rank is None for hit in by_meaning.hits)


@pytest.mark.parametrize("mode", ["hybrid", "meaning"])
def test_without_vectors_the_keywords_answer_and_it_is_said(keyword: WhooshIndex, mode: str) -> None:
    ranking = ask(keyword, None, download(mode=mode))
    assert ranking.meaning_off
    assert ranking.found == BitMap([1, 3, 6])
    assert not ask(keyword, None, download(mode="keyword")).meaning_off


def test_capped_says_that_an_engine_had_more(keyword: WhooshIndex, vector: FaissIndex) -> None:
    assert ask(keyword, vector, download(limit=2)).capped
    assert ask(keyword, vector, download(mode="keyword", limit=2)).capped
    assert not ask(keyword, vector, download(mode="keyword", limit=3)).capped
    assert not ask(keyword, vector, download(mode="meaning", limit=4)).capped
    assert ask(keyword, vector, download(mode="meaning", limit=3)).capped


def test_a_boost_lifts_what_was_found_and_is_named(keyword: WhooshIndex, vector: FaissIndex) -> None:
    boosts = (Boost("verified", BitMap([3, 4]), 0.5), Boost("term “save”", BitMap([3]), 0.4))
    ranking = ask(keyword, vector, download(boosts=boosts))
    plain = {hit.id: hit.score for hit in ask(keyword, vector, download()).hits}
    assert ranking.hits[0].id == 3
    assert ranking.hits[0].boosts == ("verified", "term “save”")
    assert ranking.hits[0].score == pytest.approx(plain[3] + 0.9)
    assert 4 not in ranking.found
    assert all(hit.boosts == () for hit in ranking.hits[1:])


def test_a_code_found_whole_is_first_though_others_are_nearer_in_meaning(
    keyword: WhooshIndex, vector: FaissIndex
) -> None:
    speed = np.array([0, 0.9, 0, np.sqrt(0.19)], dtype=np.float32)
    code = search(Request(KeywordQuery(("W-2",)), "W-2"), keyword, vector, lambda _: speed, LIVE)
    by_meaning = [hit.id for hit in sorted(code.hits, key=lambda hit: -(hit.meaning_score or 0.0))]
    assert by_meaning[0] == 3
    assert code.ids[0] == 5


def test_a_hit_by_one_word_of_many_yields_to_what_is_meant(keyword: WhooshIndex, vector: FaissIndex) -> None:
    asked = KeywordQuery(("parking", "attachments", "vanished", "somewhere", "afterwards"))
    ranking = ask(keyword, vector, Request(asked, "where did my file go"))
    assert ranking.ids[:2] == (2, 1)
    (parking,) = [hit for hit in ranking.hits if hit.id == 4]
    assert parking.keyword_rank == 1
    assert parking.score < 0.05


def test_the_fused_score_is_the_one_of_the_formula(keyword: WhooshIndex, vector: FaissIndex) -> None:
    hits = {hit.id: hit for hit in ask(keyword, vector, download()).hits}
    best, other = hits[6], hits[1]
    assert (best.keyword_rank, best.meaning_score) == (1, None)
    assert best.score == pytest.approx(1 - MEANING_WEIGHT)
    assert best.keyword_score
    assert other.keyword_score
    assert other.meaning_score
    meaning = (other.meaning_score - MEANING_FLOOR) / (1 - MEANING_FLOOR)
    by_keyword = other.keyword_score / best.keyword_score
    assert other.score == pytest.approx(MEANING_WEIGHT * meaning + (1 - MEANING_WEIGHT) * by_keyword)


def test_without_words_the_whole_filter_is_found(keyword: WhooshIndex) -> None:
    assert whole(None, LIVE) == LIVE
    assert whole(BitMap([1, 77]), LIVE) == BitMap([1])
    assert whole(None, LIVE, keyword, KeywordQuery(excluded=("download",))) == BitMap([2, 4, 5])
    assert whole(None, LIVE, keyword, KeywordQuery()) == LIVE


@pytest.fixture(scope="module")
def hashed(tmp_path_factory: pytest.TempPathFactory) -> FaissIndex:
    embedder = HashingEmbedder()
    index = FaissIndex(tmp_path_factory.mktemp("hashed"), embedder.dimension)
    index.apply([], list(TEXTS), embedder.embed_documents(list(TEXTS.values())))
    return index


@settings(deadline=None, max_examples=80)
@given(st.text(st.one_of(st.characters(codec=None), st.sampled_from(string.printable + '“”-"')), max_size=40))
def test_no_string_makes_a_search_fail(keyword: WhooshIndex, hashed: FaissIndex, typed: str) -> None:
    query, allowed = parse(typed), BitMap([1, 2, 5])
    for mode in ("hybrid", "keyword", "meaning"):
        request = Request(query.keywords, query.text, allowed, mode)  # type: ignore[arg-type]
        ranking = search(request, keyword, hashed, HashingEmbedder().embed_query, LIVE)
        assert ranking.found == BitMap(ranking.ids)
        assert ranking.found <= allowed
        assert len(ranking.ids) == len(set(ranking.ids))


def test_searching_changes_nothing_that_was_handed_in(keyword: WhooshIndex, vector: FaissIndex, tmp_path: Path) -> None:
    allowed, live = BitMap([1, 2]), BitMap([1, 2, 3])
    ask(keyword, vector, download(allowed=allowed), live)
    whole(None, live).add(9)
    assert (allowed, live) == (BitMap([1, 2]), BitMap([1, 2, 3]))


def test_what_fails_beside_the_keywords_is_not_hidden(keyword: WhooshIndex, vector: FaissIndex) -> None:
    def fails(_: str) -> np.ndarray:
        raise MemoryError("no room for the model")

    with pytest.raises(MemoryError, match="no room"):
        search(download(), keyword, vector, fails, LIVE)


def test_the_ranks_are_a_mapping_that_says_the_best_of_both_engines(keyword: WhooshIndex, vector: FaissIndex) -> None:
    ranking = ask(keyword, vector, download())
    assert list(ranking.ranks) == list(ranking.ids)
    assert ranking.ranks[ranking.ids[0]] == ranking.hits[0]
    assert ranking.ranks.get(4) is None
    assert ranking.ranks.best_score == max(hit.score for hit in ranking.hits)
    assert ranking.ranks.best_cosine == max(hit.meaning_score for hit in ranking.hits if hit.meaning_score is not None)
    nothing = ask(keyword, vector, download(allowed=BitMap())).ranks
    assert (len(nothing), nothing.best_score, nothing.best_cosine) == (0, None, None)


class Panic(BaseException):
    """As pyo3 raises where Rust panics: no Exception."""


@pytest.mark.filterwarnings("error")
def test_a_panic_while_a_query_is_embedded_is_raised_and_not_waited_for(
    keyword: WhooshIndex, vector: FaissIndex
) -> None:
    def embed(_: str) -> np.ndarray:
        raise Panic("called `Option::unwrap()` on a `None` value")

    raised: list[BaseException] = []

    def run() -> None:
        try:
            search(download(), keyword, vector, embed, LIVE)
        except Panic as error:
            raised.append(error)

    asked = Thread(target=run, daemon=True)
    asked.start()
    asked.join(timeout=30)  # seconds; it used to wait forever
    assert len(raised) == 1
