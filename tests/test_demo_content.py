"""The demo's files agree with each other and tell the story they are meant to tell."""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter, defaultdict

import frontmatter
import pytest
from docx import Document
from openpyxl import load_workbook
from pptx import Presentation
from pypdf import PdfReader
from scipy.stats import false_discovery_control, norm

from insightrepo.demo import ANNOTATIONS, METRICS, STUDIES, TAXONOMY, VERBATIMS, WAVES
from insightrepo.demo.make_files import make_docx, make_pdf, make_pptx, make_xlsx, parts, trials_csv, wave_csv
from insightrepo.scores.metric_schema import load_metrics
from insightrepo.scores.statistics import two_proportions
from insightrepo.taxonomy.files import dump, load

SOURCES = TAXONOMY.parent.parent / "sources"


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
    assert codes["outcome"] == {f"FT-{number:02d}" for number in range(1, 13)}
    assert {outcome.category for outcome in taxonomy.outcomes} == {"Plan", "Book", "Travel", "Remember"}
    assert all(outcome.success and outcome.aliases and outcome.rules and outcome.stage for outcome in taxonomy.outcomes)
    assert [len(dimension.members) for dimension in taxonomy.segments] == [4, 2]
    populations = [sum(member.population for member in dimension.members) for dimension in taxonomy.segments]
    assert populations == [620000, 620000]
    served = {
        code for product, _ in taxonomy.products_with_parents() for task in product.tasks for code in task.outcomes
    }
    assert served == codes["outcome"]


def test_the_taxonomy_survives_being_written_again(taxonomy):
    assert dump(load(dump(taxonomy))) == dump(taxonomy)


def test_every_code_in_the_verbatims_is_in_the_taxonomy(codes):
    rows = _rows(VERBATIMS.path)
    assert {row["segment"] for row in rows} | {row["travels"] for row in rows} == codes["segment"]
    assert {row["product"] for row in rows} <= codes["product"]
    assert {label for row in rows for label in row["labels"].split("|") if label} == codes["outcome"]
    assert {column for columns in VERBATIMS.mapping.values() for column in columns} <= set(rows[0])


def test_the_verbatims_show_what_an_import_has_to_cope_with():
    rows = _rows(VERBATIMS.path)
    assert len(rows) == len({row["id"] for row in rows}) == 60
    assert 25 <= sum(bool(row["labels"]) for row in rows) <= 40
    assert sum(row["comment"] in VERBATIMS.no_answer for row in rows) == 1
    assert sum("@" in row["comment"] for row in rows) == 1
    assert sum("+49" in row["comment"] for row in rows) == 1
    assert max(Counter(row["comment"] for row in rows).values()) == 2  # two customers say the same
    assert max(Counter(row["respondent"] for row in rows).values()) == 2  # some customers speak twice
    days = [dt.date.fromisoformat(row["date"]) for row in rows]
    assert days == sorted(days)
    assert (days[0].isoformat()[:7], days[-1].isoformat()[:7]) == ("2025-01", "2025-09")
    assert {row["rating"] for row in rows} == {"1", "2", "3", "4", "5", "n/a"}


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.title)
def test_a_study_says_of_itself_what_the_loader_sets(study, codes):
    [plan] = study.folder.glob("*.md")
    said = frontmatter.load(plan).metadata
    assert said["date"] == f"{study.folder.name[:7]}"
    for field in ("title", "method", "participants", "level", "stage", "sensitivity"):
        assert said[field] == getattr(study, field), field
    assert tuple(said["products"]) == study.products
    assert tuple(said["segments"]) == study.segments
    assert set(study.products) <= codes["product"]
    assert set(study.segments) <= codes["segment"]
    assert study.started_on < study.ended_on
    assert 2 <= len(list(study.folder.iterdir())) <= 3


@pytest.mark.parametrize("wave", WAVES, ids=lambda wave: wave.code)
def test_a_wave_file_is_what_the_script_makes(wave, codes):
    assert wave.path.read_text(encoding="utf-8") == wave_csv(wave.code)
    rows = _rows(wave.path)
    assert len({row["respondent"] for row in rows}) == 160
    assert {row["outcome"] for row in rows} == codes["outcome"]
    assert {row["segment"] for row in rows} < codes["segment"]
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


def test_one_task_goes_with_the_outcome_that_falls_and_one_gets_better():
    done = [Counter(), Counter()]
    for counts, wave in zip(done, WAVES, strict=True):
        counts.update(row["task"] for row in _rows(wave.trials) if row["completed"] == "yes")
    tests = {task: two_proportions(done[1][task], 120, done[0][task], 120) for task in done[0]}
    q_values = dict(zip(tests, false_discovery_control([test.p_value for test in tests.values()]), strict=True))
    moved = {task: tests[task].difference for task in tests if q_values[task] < 0.05}
    assert set(moved) == {"T-PLAN-1", "T-MAP-2"}
    assert moved["T-PLAN-1"] < -0.15
    assert moved["T-MAP-2"] > 0.15


def test_the_metrics_are_of_outcomes_and_products_that_are_there(codes):
    entries, _ = load_metrics(METRICS.read_text(encoding="utf-8"), METRICS.name)
    assert {outcome for entry in entries for outcome in entry.outcomes} < codes["outcome"]
    assert {entry.nature for entry in entries} == {"behaviour", "opinion"}
    for wave in WAVES:
        rows = _rows(wave.figures)
        assert [row["metric"] for row in rows] == [entry.code for entry in entries]
        assert {row["product"] for row in rows} - {""} < codes["product"]


def test_what_happened_meanwhile_is_about_what_is_there(codes):
    for annotation in ANNOTATIONS:
        assert all(code in codes[axis] for axis, code in annotation.about.items())


def test_an_outcome_is_asked_only_where_it_applies(taxonomy):
    applies = {outcome.code: set(outcome.segments) for outcome in taxonomy.outcomes if outcome.segments}
    assert applies
    for wave in WAVES:
        for row in _rows(wave.path):
            assert row["segment"] in applies.get(row["outcome"], {row["segment"]})


def test_one_person_in_five_answers_both_waves():
    before, after = ({row["respondent"] for row in _rows(wave.path)} for wave in WAVES)
    assert len(before & after) == 32


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


def test_only_the_fall_of_the_stops_and_the_rise_of_the_offline_maps_are_real():
    before, after = (_counts(wave) for wave in WAVES)
    cells = sorted(before)
    adjusted = false_discovery_control([_p_value(before[cell], after[cell]) for cell in cells])
    real = {cell for cell, q in zip(cells, adjusted, strict=True) if q <= 0.05}
    assert real == {("FT-01", ""), ("FT-09", "")}
    change = {cell: after[cell][0] / after[cell][1] - before[cell][0] / before[cell][1] for cell in cells}
    assert change["FT-01", ""] == pytest.approx(-0.18, abs=0.01)
    assert change["FT-09", ""] > 0.15
    assert change["FT-01", "teenagers"] > 0
    others = [abs(value) for (outcome, segment), value in change.items() if not segment]
    assert sorted(others)[-3] < 0.05


def test_families_with_teenagers_are_over_served_with_stops_while_all_together_are_not():
    gaps: dict[str, list[int]] = defaultdict(list)
    for row in _rows(WAVES[1].path):
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


@pytest.mark.parametrize(
    ("source", "make", "name"),
    [
        ("findings.md", make_docx, "findings.docx"),
        ("results.md", make_pptx, "results.pptx"),
        ("report.md", make_pdf, "report.pdf"),
        ("diary.csv", make_xlsx, "diary.xlsx"),
    ],
)
def test_a_binary_file_says_what_its_source_says(source, make, name, tmp_path):
    text = (SOURCES / source).read_text(encoding="utf-8")
    make(text, tmp_path / name)
    [committed] = (path for study in STUDIES for path in study.folder.glob(name))
    assert _text(committed) == _text(tmp_path / name)
    if source.endswith(".md"):
        words = [line for part in parts(text) if part.kind != "table" for line in part.lines]
        assert len(words) > 20
        assert all(" ".join(line.removeprefix("Notes: ").split()) in _text(committed) for line in words)
