"""The one query path: what it finds, counts, joins and says, for whom, and that nothing typed makes it fail."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from contents import add_taxonomy, ask, bring
from corpus import write_corpus
from filled_library import FEED, MARKERS, SEEN
from homes import Library, open_home
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from insightrepo.accounts.access import Reader, reader_for
from insightrepo.accounts.users import acting_reader, add_user
from insightrepo.library.search import ranking
from insightrepo.library.search.hits import FACETS, SearchQuery, SearchResult
from insightrepo.library.search.search import search
from insightrepo.library.search.search_json import result_json
from insightrepo.models import Evidence, Outcome, Product, Study, Tag, Term
from insightrepo.schema import upgrade
from insightrepo.scores.chips import CellWanted, chips
from insightrepo.workspace import Workspace

ALL = 1000  # more than there is
MODES = ("hybrid", "keyword", "meaning")


def found(library: Library, words: str = "", who: str = "ada", **fields: object) -> SearchResult:
    return ask(library.workspace, library.readers[who], words, **{"limit": ALL, **fields})


def ids(result: SearchResult) -> set[int]:
    return {hit.id for hit in result.hits}


def loaded(library: Library, wanted: set[int]) -> list[Evidence]:
    with library.workspace.database.reading() as session:
        study = selectinload(Evidence.study).options(selectinload(Study.segments), selectinload(Study.products))
        query = select(Evidence).where(Evidence.id.in_(wanted))
        return list(session.scalars(query.options(study, selectinload(Evidence.tags).selectinload(Tag.term))))


# ---- counts


QUERIES = [
    {},
    {"words": "hidden fees"},
    {"words": "playground -mango"},
    {"words": '"hidden fees at the gate"'},
    {"filters": {"product": ("app",)}},
    {"words": "fees", "filters": {"segment": ("new",), "kind": ("verbatim",)}},
    {"filters": {"outcome": ("STOP",)}, "verified": True},
    {"words": "mango", "since": dt.date(2025, 1, 1), "until": dt.date(2025, 6, 30)},
    {"words": "nothing like this at all xyzzy", "mode": "keyword"},
]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: str(query)[:60])
@pytest.mark.parametrize("who", ["ada", "vera", "sam"])
def test_facets_people_and_studies_count_exactly_the_result_set(library: Library, query: dict, who: str) -> None:
    result = found(library, who=who, **query)
    rows = loaded(library, ids(result))
    assert not result.capped
    assert result.total == len(result.hits) == len(rows)
    assert result.people == len({row.respondent_id for row in rows} - {None})
    assert result.studies == len({row.study_id for row in rows})
    shown = {facet: {value.value: value.count for value in result.facets[facet] if value.count} for facet in FACETS}
    counted = brute_facets(library, rows, ("accepted",) if query.get("verified") else ("automatic", "accepted"))
    assert shown == counted
    spoken = sorted(counted["outcome"].items(), key=lambda item: (-item[1], item[0]))
    assert [(outcome.code, outcome.hits) for outcome in result.outcomes] == spoken


def brute_facets(library: Library, rows: list[Evidence], states: tuple[str, ...]) -> dict[str, dict[str, int]]:
    """The facets of these rows, counted one by one; tags in these states count."""
    counts: dict[str, Counter[str]] = {facet: Counter() for facet in FACETS}
    with library.workspace.database.reading() as session:
        outcomes = {row.code: row.category for row in session.scalars(select(Outcome))}
        parents = {row.id: row.parent_id for row in session.scalars(select(Product))}
        codes = dict(session.execute(select(Term.id, Term.code)).tuples().all())
    for row in rows:
        terms = {tag.term for tag in row.tags if tag.state in states}
        terms |= {*row.study.products, *row.study.segments}
        by_axis: defaultdict[str, set[str]] = defaultdict(set)
        for term in terms:
            by_axis[term.axis].add(term.code)
            above = parents.get(term.id)
            while above:
                by_axis["product"].add(codes[above])
                above = parents[above]
        by_axis["category"] = {outcomes[code] for code in by_axis["outcome"]}
        for axis in ("outcome", "category", "segment", "product"):
            counts[axis].update(by_axis[axis])
        counts["kind"][row.kind] += 1
        counts["year"].update([str(row.said_on.year)] if row.said_on else [])
        for facet in ("level", "method", "state"):
            counts[facet].update(filter(None, [getattr(row.study, facet)]))
    return {facet: dict(counter) for facet, counter in counts.items()}


def test_a_result_set_that_was_cut_says_so_and_counts_what_is_left(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = found(library, "mango")
    monkeypatch.setattr(ranking, "ENGINE_LIMIT", 5)
    cut = found(library, "mango")
    assert (whole.capped, cut.capped) == (False, True)
    assert whole.total > 10 >= cut.total == len(cut.hits)
    assert sum(value.count for value in cut.facets["kind"]) == cut.total


@pytest.mark.parametrize("who", ["ada", "vera", "sam"])
@pytest.mark.parametrize(
    "query",
    [
        {"words": "playground"},
        {"words": "hidden gate -mango"},
        {"words": "xyzzy fees", "filters": {"kind": ("passage",)}},
        {"words": '"hidden fees"'},
        {"words": "zzxyq"},
    ],
    ids=str,
)
def test_of_hits_by_words_and_meaning_it_is_told_how_many_have_the_words(
    library: Library, query: dict, who: str
) -> None:
    both, words = found(library, who=who, **query), found(library, who=who, mode="keyword", **query)
    assert both.with_words is not None
    assert (both.with_words.hits, both.with_words.capped) == (words.total, False)
    assert ids(words) <= ids(both)
    told = result_json(both)
    assert (told["with_words"], told["with_words_capped"], told["total"]) == (words.total, False, both.total)
    for other in (words, found(library, who=who, mode="meaning", **query), found(library, who=who)):
        assert other.with_words is None


def test_of_words_that_were_cut_it_is_told_that_more_have_them(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "ENGINE_LIMIT", 5)
    having = found(library, "mango").with_words
    assert having is not None
    assert (having.hits, having.capped) == (5, True)


def test_pages_follow_each_other_without_gap_or_repetition(library: Library) -> None:
    whole = [hit.id for hit in found(library, "hidden fees").hits]
    paged = [
        hit.id for offset in range(0, 500, 7) for hit in found(library, "hidden fees", offset=offset, limit=7).hits
    ]
    assert paged == whole


def test_a_chosen_value_stays_in_its_facet_without_a_hit(library: Library) -> None:
    result = found(library, "kiwi", mode="keyword", filters={"kind": ("insight",)})
    assert result.total == 0
    assert [(value.value, value.count, value.chosen) for value in result.facets["kind"]] == [("insight", 0, True)]


# ---- filters


@pytest.mark.parametrize(
    ("fields", "holds"),
    [
        ({"since": dt.date(2025, 1, 1)}, lambda row: row.said_on and row.said_on >= dt.date(2025, 1, 1)),
        ({"until": dt.date(2024, 6, 30)}, lambda row: row.said_on and row.said_on <= dt.date(2024, 6, 30)),
        ({"filters": {"year": ("2024",)}}, lambda row: row.said_on and row.said_on.year == 2024),
        ({"filters": {"kind": ("passage",)}}, lambda row: row.kind == "passage"),
        ({"filters": {"method": ("survey", "interview")}}, lambda row: row.study.title in ("Prices", "Shops")),
        ({"filters": {"level": ("interaction",)}}, lambda row: row.study.title == "Stops"),
        ({"filters": {"state": ("draft",)}}, lambda row: row.study.title == "Sketch"),
        ({"filters": {"state": ("withdrawn",)}}, lambda row: row.study.title == "Gone"),
        ({"words": "since:2025-Q1"}, lambda row: row.said_on and row.said_on >= dt.date(2025, 1, 1)),
        ({"words": "study:shops"}, lambda row: row.study.title == "Shops"),
        ({"words": "-method:feedback"}, lambda row: row.study.title != "Feedback"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else None,  # a lambda's address differs by process
)
def test_a_filter_lets_through_what_it_says_and_nothing_else(library: Library, fields: dict, holds) -> None:
    everything = loaded(library, ids(found(library)) | ids(found(library, filters={"state": ("withdrawn",)})))
    wanted = {row.id for row in everything if holds(row)}
    if "state" not in fields.get("filters", {}):
        wanted -= {row.id for row in everything if row.study.state == "withdrawn"}
    assert ids(found(library, **fields)) == wanted != set()


def test_a_product_includes_what_is_below_it(library: Library) -> None:
    below = [found(library, filters={"product": (code,)}) for code in ("maps", "shop")]
    whole = found(library, filters={"product": ("app",)})
    assert ids(whole) > ids(below[0]) | ids(below[1])
    assert all(result.total for result in below)


def test_values_of_a_facet_are_united_and_facets_intersected(library: Library) -> None:
    new, teen = (ids(found(library, filters={"segment": (code,)})) for code in ("new", "teen"))
    stop = ids(found(library, filters={"outcome": ("STOP",)}))
    both = found(library, filters={"segment": ("new", "teen"), "outcome": ("STOP",)})
    assert ids(both) == (new | teen) & stop != set()


def test_verified_counts_only_tags_that_a_person_or_an_import_stands_behind(library: Library) -> None:
    any_, sure = (ids(found(library, filters={"outcome": ("STOP",)}, verified=value)) for value in (False, True))
    assert sure < any_
    for row in loaded(library, sure):
        assert ("STOP", "accepted") in {(tag.term.code, tag.state) for tag in row.tags}


def test_a_category_is_all_its_outcomes(library: Library) -> None:
    assert ids(found(library, filters={"category": ("Pay",)})) == ids(found(library, filters={"outcome": ("COST",)}))


# ---- words


def test_a_field_in_the_words_is_the_filter(library: Library) -> None:
    typed, chosen = found(library, "fees outcome:cost"), found(library, "fees", filters={"outcome": ("COST",)})
    assert [hit.id for hit in typed.hits] == [hit.id for hit in chosen.hits]
    assert typed.notes == ()


def test_a_misspelt_field_and_an_unknown_term_are_said(library: Library) -> None:
    assert "did you mean outcome?" in found(library, "outcom:COST").notes[0]
    unknown = found(library, "outcome:CSOT")
    assert unknown.total == 0
    assert "CSOT" in unknown.notes[0]
    assert "COST" in unknown.notes[0]


def test_quoted_words_are_a_phrase_and_a_dash_excludes(library: Library) -> None:
    phrase = found(library, '"hidden fees"', mode="keyword")
    assert phrase.total
    assert all("hidden fees" in hit.text for hit in phrase.hits)
    without = found(library, "hidden fees -mango -kiwi")
    assert without.total
    assert not any(word in hit.text for hit in without.hits for word in ("mango", "kiwi"))


def test_exclusions_alone_take_away_from_everything(library: Library) -> None:
    assert ids(found(library, "-mango")) == ids(found(library)) - ids(found(library, "mango", mode="keyword"))


def test_a_hit_says_why_it_is_there_and_where_its_words_stand(library: Library) -> None:
    hit = found(library, "kiwi hidden fees", limit=1).hits[0]
    assert "kiwi" in hit.text
    assert {hit.text[start:end].lower() for start, end in hit.marks} >= {"kiwi", "hidden", "fees"}
    assert hit.keyword_rank == 1
    assert any("rank 1 by keywords" in reason for reason in hit.why)
    for hit in found(library, "COST mango").hits:
        tagged = any(tag.code == "COST" and tag.state != "suggested" for tag in hit.outcomes)
        assert any("tagged COST" in reason for reason in hit.why) == tagged


def test_newest_puts_the_latest_first_and_what_has_no_date_last(library: Library) -> None:
    days = [row.date for row in found(library, sort="newest", filters={"kind": ("verbatim",)}).hits]
    assert days == sorted(days, reverse=True)
    everything = [hit.date for hit in found(library, sort="newest").hits]
    assert everything[-1] is None
    assert None not in everything[: everything.index(None)]


def test_gap_puts_the_outcome_with_the_largest_gap_first(library: Library) -> None:
    result = found(library, sort="gap")
    gaps = {spoken.code: spoken.chip.opportunity for spoken in result.outcomes if spoken.chip}
    assert gaps["STOP"] > gaps["COST"]
    in_force = [{tag.code for tag in hit.outcomes if tag.state != "suggested"} for hit in result.hits]
    ranks = [0 if "STOP" in codes else 1 if "COST" in codes else 2 for codes in in_force]
    assert ranks == sorted(ranks)
    assert set(ranks) == {0, 1, 2}


# ---- scores


def test_a_hit_stands_beside_the_score_of_its_own_segment_and_a_filter_chooses_another(library: Library) -> None:
    columns = {"filters": {"outcome": ("STOP",), "segment": ("teen",), "kind": ("verbatim",)}}
    own = found(library, **columns).hits[0]
    (chip,) = (tag.chip for tag in own.outcomes if tag.code == "STOP")
    assert (chip.segment, chip.wave, chip.n, chip.measure) == ("teen", "2025-Q2", 60, "satisfaction")
    assert (round(chip.value), chip.better, chip.verdict) == (40, "higher", "worse")
    plain = found(library, "kiwi", limit=1).hits[0]
    assert {tag.chip.segment for tag in plain.outcomes if tag.chip} == {None}
    with library.workspace.database.reading() as session:
        outcome = session.scalars(select(Outcome).where(Outcome.code == "STOP")).one()
        assert chips(session, library.readers["ada"], [CellWanted(outcome.id)])[CellWanted(outcome.id)] == next(
            spoken.chip for spoken in found(library).outcomes if spoken.code == "STOP"
        )


def test_an_outcome_that_was_never_asked_for_has_no_chip(library: Library) -> None:
    (calm,) = (spoken for spoken in found(library).outcomes if spoken.code == "CALM")
    assert calm.chip is None
    assert calm.hits > 0


# ---- who sees what


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("who", SEEN)
def test_nothing_of_an_unseen_study_is_found_counted_or_named(library: Library, who: str, mode: str) -> None:
    with library.workspace.database.reading() as session:
        titles = dict(session.execute(select(Study.id, Study.title)).tuples().all())
    for title, marker in MARKERS.items():
        results = [found(library, marker, who=who, mode=mode)]
        results += [found(library, f"{marker} state:{state}", who=who, mode=mode) for state in ("draft", "withdrawn")]
        for result in results:
            assert {titles[hit.study_id] for hit in result.hits} <= SEEN[who]
            assert result.total == len(result.hits)
            assert result.studies == len({hit.study_id for hit in result.hits})
            assert sum(value.count for value in result.facets["kind"]) == result.total
            assert all(spoken.hits <= result.total for spoken in result.outcomes)
        shown = [marker in hit.text for result in results for hit in result.hits]
        assert any(shown) == (title in SEEN[who]), title


@pytest.mark.parametrize("who", SEEN)
def test_a_study_that_may_not_be_seen_is_as_one_that_is_not_there(library: Library, who: str) -> None:
    with library.workspace.database.reading() as session:
        hidden = [study for study in session.scalars(select(Study)) if study.title not in SEEN[who]]
    nowhere = found(library, "study:nonsense", who=who)
    for study in hidden:
        assert found(library, who=who, study=study.id).total == 0
        named = found(library, f"study:{study.title}", who=who)
        assert named.total == 0
        assert named.notes == tuple(note.replace("nonsense", study.title) for note in nowhere.notes)


def test_without_words_a_reader_sees_all_of_what_they_may(library: Library) -> None:
    totals = {who: found(library, who=who).total for who in SEEN}
    reports = {who: len(SEEN[who] - {"Feedback", "Gone"}) * 2 for who in SEEN}
    assert totals == {who: reports[who] + FEED * ("Feedback" in SEEN[who]) for who in SEEN}


def test_a_scope_that_is_withdrawn_from_the_study_holds_at_once(
    fresh: Workspace, person, make_library_reader, tmp_path: Path
) -> None:
    add_taxonomy(fresh, person("ada"))
    bring(fresh, person("ada"), write_corpus(tmp_path), product="maps", publish=True)
    scoped = make_library_reader("viewer", "product:maps")
    assert ask(fresh, scoped).total == ask(fresh, person("ada")).total > 0
    with fresh.database.writing() as session:
        for study in session.scalars(select(Study)):
            study.products = []
    assert ask(fresh, scoped).total == 0


@pytest.fixture
def make_library_reader(fresh: Workspace):
    """Adds a scoped user to the fresh workspace."""

    def make(role: str, scope: str) -> Reader:
        with fresh.database.writing() as session:
            user = add_user(session, f"{role}@scoped.example", role, "a long enough password", scopes=(scope,))
            return reader_for(session, user)

    return make


# ---- nothing typed makes it fail

NASTY = [
    "W-2", "R&D", "T-Mobile", '"', "-", "*", "AND OR NOT", "a:b", "outcome:", "ünïcode", "')--", "\x00",
    "method:a\x00b", "category:\x00x", "study:\x00y", "study:²", "study:99999999999999999999", "year:9999 since:0000",
    "until:9999-12-31", "state:' or 1=1", "%_%", "study:%", "a" * 5_000, "word " * 2_000, "\ud800 lone",
    "outcome:\udfff", "𝔘𝔫𝔦 🦊 ﷽ \u202e", '"unclosed phrase', "- - -", '-"', "( [ {", "^~?*:",
    "kind:verbatim kind:passage", "-outcome:STOP", "\n\t", "ſtops",
]  # fmt: skip
PIECES = st.sampled_from(
    ["outcome:", "study:", "-", '"', "since:", "2025", "kiwi", " ", "state:draft", "'", "\\", ":", "*", "\x00", "STOP"]
)
TYPED = st.text() | st.lists(PIECES | st.text(max_size=3), max_size=8).map("".join)


@pytest.mark.parametrize("mode", MODES)
def test_no_string_makes_a_search_fail(library: Library, mode: str) -> None:
    visible = ids(found(library, who="vera"))

    @settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(words=TYPED, value=st.text(max_size=5))
    def holds(words: str, value: str) -> None:
        for query in ({"words": words}, {"filters": {facet: (value,) for facet in FACETS}, "words": words}):
            result = found(library, who="vera", mode=mode, limit=5, **query)
            assert ids(result) <= visible
            assert len(result.hits) == min(5, result.total)

    holds()


@pytest.fixture(scope="module")
def postgres_library(tmp_path_factory: pytest.TempPathFactory, postgres) -> Iterator[tuple[Workspace, Reader]]:
    """A small library on PostgreSQL."""
    root = tmp_path_factory.mktemp("nasty")
    with postgres.database() as url:
        made = open_home(root / "home", database_url=url)
        made.make_master_key()
        upgrade(made.database.engine)
        with made.database.writing() as session:
            add_user(session, "ada@example.com", "administrator", "a long enough password")
        with made.database.reading() as session:
            ada = acting_reader(session, None)
        bring(made, ada, write_corpus(root))
        yield made, ada
        made.close()


@pytest.mark.parametrize("words", NASTY, ids=lambda words: ascii(words)[:30])
def test_what_a_database_cannot_hold_or_could_misread_is_only_words(
    library: Library, postgres_library: tuple[Workspace, Reader], words: str
) -> None:
    for workspace, reader in ((library.workspace, library.readers["carl"]), postgres_library):
        for mode in MODES:
            result = ask(workspace, reader, words, mode=mode, filters={"method": (words,)})
            assert result.total == 0
            result_json(ask(workspace, reader, words, mode=mode))


@pytest.mark.parametrize(
    ("typed", "text"), [("W-2", "the W-2 form"), ("R&D", "in R&D they"), ("ünïcode", "so ÜNÏCODE")]
)
def test_words_with_signs_find_what_they_should(
    fresh: Workspace, person, tmp_path: Path, typed: str, text: str
) -> None:
    (tmp_path / "a.md").write_text(
        f"# One\n\nWe looked for {text} said.\n\n# Two\n\nNothing of that kind stands here.\n"
    )
    bring(fresh, person("ada"), tmp_path / "a.md")
    (hit,) = ask(fresh, person("ada"), typed, mode="keyword").hits
    assert text in hit.text


def test_a_query_is_a_value_that_can_be_asked_again(library: Library) -> None:
    query = SearchQuery(words="hidden fees", filters={"kind": ("verbatim",)})
    with library.workspace.database.reading() as session:
        first, second = (search(library.workspace, session, library.readers["rita"], query) for _ in range(2))
    assert first == second
