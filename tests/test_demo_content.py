"""The demo's files agree with each other and tell the story they are meant to tell."""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter, defaultdict
from itertools import pairwise

import pytest
from docx import Document
from openpyxl import load_workbook
from pptx import Presentation
from pypdf import PdfReader
from scipy.stats import false_discovery_control, norm

from ingest.readers import read_file
from ingest.readers.base import SourceFile
from ingest.verbatims import load_mapping
from insightrepo.demo import FEEDS, FILES, METRICS, TAXONOMY, VERBATIMS, WAVES, studies
from insightrepo.demo.make_files import MADE, SOURCES, answers_csv, parts, ratings_csv, trials_csv
from insightrepo.demo.story import ANNOTATIONS, DECISIONS, INSIGHTS, PEOPLE, TARGETS
from insightrepo.scores.computing.statistics import two_proportions
from insightrepo.scores.metric_schema import load_metrics
from insightrepo.taxonomy.files import dump, load
from insightrepo.taxonomy.linter import Statement, lint

STUDIES = studies()


@pytest.fixture(scope="module")
def taxonomy():
    return load(TAXONOMY.read_text(encoding="utf-8"), TAXONOMY.name)


@pytest.fixture(scope="module")
def codes(taxonomy):
    """The codes of each axis."""
    return {
        "outcome": {outcome.code for outcome in taxonomy.outcomes},
        "segment": {member.code for dimension in taxonomy.segments for member in dimension.members},
        "product": {product.code for product, _ in taxonomy.products_with_parents()},
    }


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_taxonomy_loads_and_has_what_the_demo_promises(taxonomy, codes):
    assert codes["outcome"] == {f"FT-{number:02d}" for number in range(1, 37)}
    categories = Counter(outcome.category for outcome in taxonomy.outcomes)
    assert categories == {"Plan": 9, "Book": 9, "Travel": 9, "Remember": 9}
    assert {outcome.stage for outcome in taxonomy.outcomes} == set(taxonomy.stages)
    assert all(outcome.success and outcome.aliases and outcome.rules for outcome in taxonomy.outcomes)
    assert {outcome.owner for outcome in taxonomy.outcomes} < {person.email for person in PEOPLE}
    assert [len(dimension.members) for dimension in taxonomy.segments] == [4, 2]
    populations = [sum(member.population for member in dimension.members) for dimension in taxonomy.segments]
    assert populations == [620000, 620000]
    served = {
        code for product, _ in taxonomy.products_with_parents() for task in product.tasks for code in task.outcomes
    }
    assert served == codes["outcome"] - {"FT-16"}  # of which nearly nothing is known


def test_every_statement_passes_our_own_linter(taxonomy):
    names = tuple(name for product, _ in taxonomy.products_with_parents() for name in (product.name, *product.aliases))
    statements = [Statement(entry.job, entry.success, entry.aliases) for entry in taxonomy.outcomes]
    assert [warning for statement in statements for warning in lint(statement, names)] == []


def test_the_taxonomy_survives_being_written_again(taxonomy):
    assert dump(load(dump(taxonomy))) == dump(taxonomy)


def _table(path):
    return read_file(SourceFile(path.name, path.read_bytes()), 10**7).tables[0]


def _dicts(path):
    table = _table(path)
    return [dict(zip(table.header, row.values, strict=True)) for row in table.rows]


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.title)
def test_every_code_in_a_feed_is_in_the_taxonomy(feed, codes):
    mapping = load_mapping(feed.mapping.read_text(encoding="utf-8"))
    rows = _dicts(feed.path)
    assert {column for columns in mapping.columns().values() for column in columns} <= set(rows[0])
    assert {row[one.column] for row in rows for one in mapping.segment} == codes["segment"]
    assert {row[column] for row in rows for column in mapping.product} <= codes["product"]
    labels = {label for row in rows for column in mapping.labels for label in row[column].split("|") if label}
    assert labels <= codes["outcome"]
    days = [dt.date.fromisoformat(str(row[mapping.date])[:10]) for row in rows]
    assert days == sorted(days)
    assert {f"{day.year}-Q{(day.month + 2) // 3}" for day in days} == {wave.code for wave in WAVES}
    assert len({row[mapping.id] for row in rows}) == len(rows)
    texts = [row[mapping.text[0]] for row in rows]
    assert len(texts) - len(set(texts)) <= 2  # written one by one


def test_the_feeds_hold_hundreds_of_verbatims_in_four_languages():
    texts = [row[load_mapping(feed.mapping.read_text(encoding="utf-8")).text[0]] for feed in FEEDS
             for row in _dicts(feed.path)]  # fmt: skip
    assert len(texts) >= 400
    for words in ((" und ", " die "), (" pour ", " les ", "Trop "), (" los ", " que ", " con "), (" the ",)):
        assert sum(any(word in text for word in words) for text in texts) >= 4, words
    lengths = sorted(len(text.split()) for text in texts)
    assert (lengths[20] <= 6, lengths[-20] >= 24) == (True, True)


def test_the_verbatims_show_what_an_import_has_to_cope_with():
    rows = _rows(VERBATIMS.path)
    assert 0.3 < sum(bool(row["labels"]) for row in rows) / len(rows) < 0.7
    assert sum(row["comment"] == "n/a" for row in rows) == 2
    assert sum("@" in row["comment"] for row in rows) == 1
    assert sum("+49" in row["comment"] for row in rows) == 1
    assert max(Counter(row["comment"] for row in rows).values()) == 2  # two customers say the same
    assert max(Counter(row["respondent"] for row in rows).values()) >= 2  # some customers speak twice
    assert {row["rating"] for row in rows} == {"1", "2", "3", "4", "5", "n/a"}


def test_an_outcome_is_labelled_only_where_it_applies_and_a_customer_is_of_one_segment(taxonomy):
    applies = {outcome.code: set(outcome.segments) for outcome in taxonomy.outcomes if outcome.segments}
    segments = defaultdict(set)
    for row in _rows(VERBATIMS.path):
        segments[row["respondent"]].add((row["segment"], row["travels"]))
        for label in filter(None, row["labels"].split("|")):
            assert row["segment"] in applies.get(label, {row["segment"]}), row["id"]
    assert {len(found) for found in segments.values()} == {1}


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.title)
def test_a_study_is_of_what_the_taxonomy_has_and_has_files_of_its_own(study, codes):
    assert study.folder.name[:7] <= f"{study.ended_on:%Y-%m}"
    assert set(study.products) <= codes["product"]
    assert set(study.segments) <= codes["segment"]
    assert study.started_on < study.ended_on
    assert study.sharing_terms
    assert 2 <= len(list(study.folder.iterdir())) <= 4


def test_the_studies_are_of_many_methods_and_formats():
    suffixes = {path.suffix for study in STUDIES for path in study.folder.iterdir()}
    assert suffixes == {".md", ".txt", ".html", ".docx", ".pptx", ".pdf", ".xlsx", ".vtt", ".srt"}
    assert len({study.method for study in STUDIES}) >= 10
    assert min(study.ended_on for study in STUDIES).year == 2022  # one is stale


@pytest.mark.parametrize("wave", WAVES, ids=lambda wave: wave.code)
def test_a_wave_file_is_what_the_script_makes(wave, codes):
    assert wave.path.read_text(encoding="utf-8") == answers_csv(wave.code)
    rows = _rows(wave.path)
    assert len({row["respondent"] for row in rows}) == 500
    assert {row["outcome"] for row in rows} == codes["outcome"]
    assert {row[way] for row in rows for way in ("segment", "way of travelling")} == codes["segment"]
    assert {row["product"] for row in rows} < codes["product"]
    assert {row["satisfaction"] for row in rows} == {"1", "2", "3", "4", "5", "don't know", ""}
    assert all(wave.first_day <= dt.date.fromisoformat(row["date"]) <= wave.last_day for row in rows)


@pytest.mark.parametrize("wave", WAVES, ids=lambda wave: wave.code)
def test_the_trials_of_a_wave_are_what_the_script_makes(wave, taxonomy, codes):
    assert wave.trials.read_text(encoding="utf-8") == trials_csv(wave.code)
    rows = _rows(wave.trials)
    tasks = {task.code for product, _ in taxonomy.products_with_parents() for task in product.tasks}
    assert {row["task"] for row in rows} < tasks  # some tasks were not tested
    assert {row["segment"] for row in rows} == set(wave.invited) < codes["segment"]
    assert all(wave.first_day <= dt.date.fromisoformat(row["date"]) <= wave.last_day for row in rows)
    assert {row["respondent"] for row in rows}.isdisjoint(row["respondent"] for row in _rows(wave.path))
    assert wave.ratings.read_text(encoding="utf-8") == ratings_csv(wave.code)
    assert {row["respondent"] for row in _rows(wave.ratings)} == {row["respondent"] for row in rows}


def _completed(wave, segment=""):
    """Tries completed by task."""
    rows = [row for row in _rows(wave.trials) if segment in ("", row["segment"])]
    return Counter(row["task"] for row in rows if row["completed"] == "yes")


@pytest.mark.parametrize("place", range(3))
def test_one_task_goes_with_the_outcome_that_falls_and_one_gets_better_in_the_last_wave_only(place):
    before, after = _completed(WAVES[place]), _completed(WAVES[place + 1])
    tests = {task: two_proportions(after[task], 120, before[task], 120) for task in before}
    q_values = dict(zip(tests, false_discovery_control([test.p_value for test in tests.values()]), strict=True))
    moved = {task: tests[task].difference for task in tests if q_values[task] < 0.05}
    assert set(moved) == ({"T-PLAN-1", "T-MAP-2"} if place == 2 else set())
    if moved:
        assert moved["T-PLAN-1"] < -0.15
        assert moved["T-MAP-2"] > 0.15
        young, old = (_completed(WAVES[3], segment)["T-PLAN-1"] for segment in ("young-children", "teenagers"))
        assert young < 15 < 24 < old


def test_the_metrics_are_of_outcomes_and_products_that_are_there(codes):
    entries, _ = load_metrics(METRICS.read_text(encoding="utf-8"), METRICS.name)
    assert {outcome for entry in entries for outcome in entry.outcomes} < codes["outcome"]
    assert {entry.nature for entry in entries} == {"behaviour", "opinion"}
    for wave in WAVES:
        rows = _rows(wave.figures)
        assert [row["metric"] for row in rows] == [entry.code for entry in entries]
        assert {row["product"] for row in rows} - {""} < codes["product"]


def test_what_people_wrote_down_is_about_what_is_there(codes):
    for annotation in ANNOTATIONS:
        assert all(code in codes[axis] for axis, code in annotation.about.items())
    assert {target.product for target in TARGETS} <= codes["product"]
    assert {target.team for target in TARGETS} <= {person.team for person in PEOPLE}
    spoken_of = {target.outcome for target in TARGETS} | {decision.outcome for decision in DECISIONS}
    assert spoken_of | {code for insight in INSIGHTS for code in insight.outcomes} <= codes["outcome"]
    assert {insight.study for insight in INSIGHTS} <= {study.title for study in STUDIES}
    assert (TARGETS[0].reached, TARGETS[0].asked.wanted) == (19, 12)


def test_an_outcome_is_asked_only_where_it_applies(taxonomy):
    applies = {outcome.code: set(outcome.segments) for outcome in taxonomy.outcomes if outcome.segments}
    assert applies
    for wave in WAVES:
        for row in _rows(wave.path):
            assert row["segment"] in applies.get(row["outcome"], {row["segment"]})


def test_one_person_in_five_answers_in_the_next_wave_as_well():
    answering = [{row["respondent"] for row in _rows(wave.path)} for wave in WAVES]
    assert [len(before & after) for before, after in pairwise(answering)] == [96, 96, 96]


def _counts(wave):
    """Satisfied and answering people by (outcome, segment); segment "" is everybody."""
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in _rows(wave.path):
        if row["satisfaction"].isdigit():
            for segment in ("", row["segment"]):
                found[row["outcome"], segment][0] += int(row["satisfaction"]) >= 4
                found[row["outcome"], segment][1] += 1
    return found


def _p_value(before, after):
    """Two-sided p of the N-1 test of two proportions."""
    (x1, n1), (x2, n2) = before, after
    pooled = (x1 + x2) / (n1 + n2)
    error = (pooled * (1 - pooled) * (1 / n1 + 1 / n2) * (n1 + n2) / (n1 + n2 - 1)) ** 0.5
    return 2 * norm.sf(abs(x1 / n1 - x2 / n2) / error)


@pytest.mark.parametrize("place", range(3))
def test_only_the_fall_of_the_stops_and_the_rise_of_the_offline_maps_are_real_and_only_in_the_last_wave(place):
    before, after = _counts(WAVES[place]), _counts(WAVES[place + 1])
    cells = sorted(before)
    adjusted = false_discovery_control([_p_value(before[cell], after[cell]) for cell in cells])
    real = {cell for cell, q in zip(cells, adjusted, strict=True) if q <= 0.05}
    change = {cell: after[cell][0] / after[cell][1] - before[cell][0] / before[cell][1] for cell in cells}
    if place < 2:
        assert real == set()
        return
    assert {outcome for outcome, _ in real} == {"FT-01", "FT-09"}
    assert {segment for outcome, segment in real if outcome == "FT-01"} >= {"", "young-children"}
    assert change["FT-01", ""] == pytest.approx(-0.18, abs=0.01)
    assert change["FT-01", "young-children"] < -0.35
    assert change["FT-01", "teenagers"] > 0
    assert change["FT-09", ""] > 0.15
    others = [abs(value) for (outcome, segment), value in change.items() if not segment]
    assert sorted(others)[-3] < 0.05


@pytest.mark.parametrize("wave", WAVES, ids=lambda wave: wave.code)
def test_new_parents_stand_alone_with_their_confirmations(wave):
    counts = _counts(wave)
    share = {segment: counts["FT-07", segment][0] / counts["FT-07", segment][1] for segment in wave.invited}
    assert share.pop("new-parents") < 0.4 < 0.65 < min(share.values())


def test_the_largest_gap_is_the_one_of_which_least_is_known():
    answered = [row for row in _rows(WAVES[3].path) if row["satisfaction"].isdigit()]
    gaps = defaultdict(list)
    for row in answered:
        gaps[row["outcome"]].append((int(row["importance"]) >= 4) - (int(row["satisfaction"]) >= 4))
    assert max(gaps, key=lambda code: sum(gaps[code]) / len(gaps[code])) == "FT-16"
    unsure = Counter(row["outcome"] for row in _rows(WAVES[3].path) if row["satisfaction"] == "don't know")
    assert unsure.most_common(1)[0][0] == "FT-16"


def test_families_with_teenagers_are_over_served_with_stops_while_all_together_are_not():
    gaps: dict[str, list[int]] = defaultdict(list)
    for row in _rows(WAVES[3].path):
        if row["outcome"] == "FT-01" and row["satisfaction"].isdigit():
            gap = (int(row["importance"]) >= 4) - (int(row["satisfaction"]) >= 4)
            gaps[""].append(gap)
            gaps[row["segment"]].append(gap)
    assert _low_and_high(gaps[""])[0] > 0
    assert _low_and_high(gaps["teenagers"])[1] < 0


def _low_and_high(values):
    mean = sum(values) / len(values)
    error = (sum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values)) ** 0.5
    return mean - 1.96 * error, mean + 1.96 * error


def _text(path):
    """All words of a made file, whatever its format."""
    if path.suffix == ".docx":
        document = Document(str(path))
        cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        texts = [paragraph.text for paragraph in document.paragraphs] + cells
    elif path.suffix == ".pptx":
        slides = Presentation(str(path)).slides
        texts = [shape.text_frame.text for slide in slides for shape in slide.shapes]
        texts += [slide.notes_slide.notes_text_frame.text for slide in slides]
    elif path.suffix == ".pdf":
        texts = [page.extract_text() for page in PdfReader(path).pages]
    else:
        texts = [str(value) for row in load_workbook(path).active.iter_rows(values_only=True) for value in row]
    return " ".join(" ".join(texts).split())


@pytest.mark.parametrize("source", MADE)
def test_a_made_file_is_byte_for_byte_what_the_script_makes_and_says_what_its_source_says(source, tmp_path):
    make, target = MADE[source]
    text = (SOURCES / source).read_text(encoding="utf-8")
    make(text, tmp_path / target.name)
    assert target.read_bytes() == (tmp_path / target.name).read_bytes()
    if source.endswith(".md"):
        words = [line for part in parts(text) if part.kind != "table" for line in part.lines]
        assert len(words) > 20
        assert all(" ".join(line.removeprefix("Notes: ").split()) in _text(target) for line in words)


def test_every_source_makes_a_file_and_no_file_is_too_many():
    assert {path.name for path in SOURCES.iterdir()} == set(MADE)
    made = {target for _, target in MADE.values()}
    office = {path for path in FILES.rglob("*") if path.suffix in (".docx", ".pptx", ".pdf", ".xlsx")}
    assert office == made
    assert sum(path.stat().st_size for path in FILES.rglob("*") if path.is_file()) < 4_000_000
