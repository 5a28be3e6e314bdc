"""Brings figures of metrics into a wave: a row a figure, or a row a respondent with what each said."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.names import RESPONDENT_HEADERS, plain_header
from ingest.readers.base import Row, Table
from insightrepo.database import Database
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.models import Metric, MetricPoint, Segment
from insightrepo.scores.intake.columns import ColumnsUnclear
from insightrepo.scores.intake.intake import (
    ImportReport,
    Prepared,
    WaveWanted,
    ensured_wave,
    finish,
    identity_of,
    kept_fields,
    prepared_rows,
    store_all,
)
from insightrepo.scores.intake.quarantine import Fields, Keeping
from insightrepo.scores.intake.questionnaire_rows import Questionnaires, rating
from insightrepo.scores.intake.rows import Cells, RowRefused, WaveFacts, found_columns, respondent_key, segments_in
from insightrepo.scores.intake.survey_files import SurveyFile, as_survey
from insightrepo.scores.intake.trial_columns import DATES, POINTS, SEGMENT, questionnaire_columns
from insightrepo.scores.metrics import MetricFinder
from insightrepo.scores.waves.memberships import SegmentFinder
from insightrepo.taxonomy.reading import TermFinder, UnknownTerm

SHARED = {
    "metric": ("metric", "metric code", "metric name", "measure", "kpi", "indicator"),
    "value": ("value", "score", "result", "figure", "rating", "answer", "metric value"),
    "unit_of_analysis": ("unit of analysis", "per", "unit", "counted per"),
    "outcome": ("outcome", "outcome code", "outcomes"),
    "product": ("product", "product code", "service", "app"),
    "segment": SEGMENT,
    **DATES,
}
FIGURES = {
    **SHARED,
    "numerator": ("numerator", "counted", "yes", "top box", "top 2 box", "successes"),
    "denominator": ("denominator", "base", "of"),
    "promoters": ("promoters", "promoters n"),
    "detractors": ("detractors", "detractors n"),
    "n": ("n", "sample", "sample size", "respondents", "responses", "count"),
    "sd": ("sd", "standard deviation", "std", "std dev"),
}
SAID = {"respondent": (*RESPONDENT_HEADERS.split("|"), "response id"), **SHARED, **POINTS}
METRIC_FIELDS = tuple(dict.fromkeys((*SAID, "row", *FIGURES)))
AGREE = 0.5  # points by which a given rate may differ from numerator / denominator: it was rounded


class MetricColumns(NamedTuple):
    """The column of each field; `aggregated`: a row is a figure; `codes`: columns that are metrics themselves."""

    fields: dict[str, str]
    aggregated: bool
    codes: dict[str, str]  # column: code of the metric


def import_metrics(
    database: Database,
    pseudonyms: Pseudonyms,
    wave_code: str,
    table: Table | SurveyFile,
    *,
    columns: Mapping[str, str] | None = None,
    metric: str | None = None,
    points: Mapping[str, int] | None = None,
    timezone: str = "UTC",
    dry_run: bool = False,
    keeping: Keeping | None = None,
    compute: bool = True,
) -> ImportReport:
    """Store the table's figures or ratings in a wave (made if new) and compute its scores.

    The same file twice changes nothing. Args as `trials.import_trials`, and:
        metric: of all rows, where no column says it.

    Raises:
        ColumnsUnclear: a column is missing or not in the file.
        MetricUnknown: `metric` is not in the catalogue.
        WaveFrozen: the wave is frozen.
        ValueError: the wave is new and its code does not say when it is.
    """
    with database.reading() as session:
        finder = MetricFinder(session)
        always = finder.find(metric) if metric else None
        dimensions = session.scalars(select(Segment.dimension).distinct().order_by(Segment.dimension)).all()
    file = as_survey(table)
    found = metric_columns(file.table.header, finder, dimensions, columns, always is not None)
    numbers = {column for name, column in found.fields.items() if name == "value" or name[-1].isdigit()}
    table = file.labelled(numbers | found.codes.keys())
    wave = ensured_wave(database, WaveWanted(wave_code), dry_run)
    report = ImportReport(wave.code, "metrics", dict(found.fields), read=len(table.rows), dry_run=dry_run)
    report.columns |= {f"metric {code}": column for column, code in found.codes.items()}
    questionnaires = Questionnaires(database, found.fields, points or {}, dry_run)
    report.notes += [
        "each row is a figure" if found.aggregated else "each row is a respondent's",
        *questionnaires.notes,
    ]
    with database.reading() as session:
        reading = _Reading(session, pseudonyms, wave, table, found, timezone, finder, always, questionnaires)
    store_all(database, wave, reading.prepared(report), report)
    finish(database, pseudonyms, wave, report, reading.kept(report), keeping, compute)
    return report


def metric_columns(
    header: Sequence[str],
    metrics: MetricFinder,
    dimensions: Iterable[str] = (),
    given: Mapping[str, str] | None = None,
    is_known: bool = False,
) -> MetricColumns:
    """Guess what the columns of a file of metrics hold; what is given stands. `is_known`: the metric was named.

    Raises:
        ColumnsUnclear: no column for the metric, or for its value.
    """
    given = dict(given or {})
    spelled = {plain_header(column) for column in header}
    aggregated = not ({"respondent", "row"} & given.keys() or spelled & set(SAID["respondent"]))
    by_dimension = {} if aggregated else {f"segment ({name})": (plain_header(name),) for name in dimensions}
    names = {**(FIGURES if aggregated else SAID), **by_dimension}
    items = {} if aggregated else questionnaire_columns(header)
    if stray := [name for name in given if name not in (*names, *items, "row")]:
        rows = "a row a figure" if aggregated else "a row a respondent"
        raise ColumnsUnclear(f"{stray[0]!r} is not a field of metrics ({rows}); known are {', '.join(names)}")
    fields = found_columns(header, names, {**items, **given})
    codes: dict[str, str] = {}
    if not aggregated and "metric" not in fields and not is_known:
        found = {column: metrics.get(column) for column in header if column not in fields.values()}
        codes = {column: metric.code for column, metric in found.items() if metric}
    missing = [] if "metric" in fields or is_known or codes or items else ["metric"]
    if not codes and not items and not {"value", "numerator", "promoters"} & fields.keys():
        missing.append("value")
    if missing:
        raise ColumnsUnclear(
            f"no column for {', '.join(missing)} in the header {', '.join(header)}: "
            f"say which it is, on the page or in a mapping file, as in '{missing[0]}: COLUMN'"
        )
    return MetricColumns(fields, aggregated, codes)


class _Reading:
    """Turns rows into what is stored."""

    def __init__(
        self,
        session: Session,
        pseudonyms: Pseudonyms,
        wave: WaveFacts,
        table: Table,
        columns: MetricColumns,
        timezone: str,
        metrics: MetricFinder,
        always: Metric | None,
        questionnaires: Questionnaires,
    ) -> None:
        codes = {f"metric {code}": column for column, code in columns.codes.items()}
        self._table, self._rows, self._columns = table, table.rows, columns
        self._pseudonyms, self._wave = pseudonyms, wave
        self._cells = Cells(table, {**columns.fields, **codes}, timezone)
        self._metrics, self._always, self._questionnaires = metrics, always, questionnaires
        self._segments = SegmentFinder(session)
        self._terms = {axis: TermFinder(session, axis) for axis in ("outcome", "product")}

    def prepared(self, report: ImportReport) -> Iterator[Prepared]:
        """What all rows hold, counting in the report what is not taken."""
        read = (lambda row, _day: self._figures(row)) if self._columns.aggregated else self._said
        return prepared_rows(self._rows, self._cells, self._wave, report, read)

    def kept(self, report: ImportReport) -> Fields:
        """How the refused rows are read again."""
        also = self._questionnaires.points_chosen() | ({"metric": self._always.code} if self._always else {})
        return kept_fields(self._table, self._cells, report, self._pseudonyms, self._wave, also)

    def _metric(self, row: Row) -> Metric:
        if self._always:
            return self._usable(self._always, row)
        text = self._cells.text(row, "metric")
        if not text:
            raise self._cells.refuse("metric", "is empty: write the metric's code")
        try:
            return self._usable(self._metrics.find(text), row)
        except ValueError as error:
            if isinstance(error, RowRefused):
                raise
            raise self._cells.refuse("metric", str(error)) from error

    def _usable(self, metric: Metric, row: Row) -> Metric:
        """The metric, if it is in use and counted as this row counts."""
        if metric.status == "retired":
            raise self._cells.refuse("metric", f"{metric.code} is retired: use its successor, or define it as active")
        unit = self._cells.given(row, "unit_of_analysis").casefold()
        if unit and unit.removesuffix("s") != metric.unit_of_analysis:
            raise self._cells.refuse(
                "unit_of_analysis",
                f"{metric.code} is counted per {metric.unit_of_analysis} and this row per {unit[:40]}: two units of "
                "analysis are never one metric; define another one for it",
            )
        return metric

    def _term(self, row: Row, axis: str) -> int | None:
        text = self._cells.given(row, axis)
        try:
            return self._terms[axis].find(text).id if text else None
        except UnknownTerm as error:
            raise self._cells.refuse(axis, str(error)) from error

    def _figures(self, row: Row) -> list[Prepared]:
        metric = self._metric(row)
        content = figure(metric, row, self._cells)
        if content is None:
            return []
        outcome, product = self._term(row, "outcome"), self._term(row, "product")
        (segment,) = segments_in(self._cells, row, ("segment",), self._segments) or (None,)
        number = segment and segment.segment_id
        fixed = {
            "metric_id": metric.id, "metric_version": metric.version, "outcome_id": outcome, "segment_id": number,
            "product_id": product,
        }  # fmt: skip
        identity = identity_of(f"metric {metric.id}", outcome, number, product)
        return [Prepared(MetricPoint, row, identity, f"the figure of {metric.code}", fixed, content)]

    def _said(self, row: Row, day: Any) -> list[Prepared]:
        given: list[tuple[Metric, str]] = []
        if self._columns.codes:
            given = [(self._metrics.find(code), f"metric {code}") for code in self._columns.codes.values()]
        elif self._always or self._cells.text(row, "metric"):
            given = [(self._metric(row), "value")]
        values = [(metric, said(metric, row, self._cells, name)) for metric, name in given]
        known = [(self._usable(metric, row), value) for metric, value in values if value is not None]
        answers = self._questionnaires.answers(row, self._cells)
        if not known and not answers:
            return []
        respondent = respondent_key(self._cells, row, self._pseudonyms, self._wave)
        segments = segments_in(self._cells, row, _segment_fields(self._columns.fields), self._segments)
        outcome, product = self._term(row, "outcome"), self._term(row, "product")
        rows = [
            rating(row, metric, metric.code, respondent, value, day, segments, product, outcome)
            for metric, value in known
        ]
        return rows + self._questionnaires.prepared(row, answers, respondent, day, segments, product)


def _segment_fields(fields: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name in fields if name.split(" ")[0] == "segment")


def said(metric: Metric, row: Row, cells: Cells, name: str) -> float | None:
    """What a respondent said of a metric, on its scale; of a rate 1 or 0; None where there was no answer."""
    if metric.kind == "rate":
        yes = cells.yes(row, name)
        return None if yes is None else float(yes)
    if metric.kind in ("csat", "nps", "ces"):
        return cells.point(row, name, metric.scale_low or 0, metric.scale_high or 10)
    return cells.number(row, name, metric.scale_low, metric.scale_high)


def figure(metric: Metric, row: Row, cells: Cells) -> dict[str, float | int | None] | None:
    """numerator, denominator, value, n and sd of a row, as `MetricPoint` has them; None where the row has no figure.

    Of an NPS of promoters and detractors the sd is that of one answer, ``100 * sqrt(p + d - (p - d)^2)``.
    """
    if metric.kind in ("rate", "csat") and (cells.given(row, "numerator") or metric.kind == "rate"):
        return _share(metric, row, cells)
    n, sd = cells.count(row, "n", low=1), cells.number(row, "sd", 0)
    if metric.kind == "nps" and (cells.given(row, "promoters") or cells.given(row, "detractors")):
        return _net_promoters(row, cells, n)
    low, high = (-100, 100) if metric.kind == "nps" else (metric.scale_low, metric.scale_high)
    value = _percent(metric, row, cells) if metric.unit == "percent" else cells.number(row, "value", low, high)
    if value is None:
        return None
    return {"numerator": None, "denominator": None, "value": value, "n": n, "sd": sd}


def _share(metric: Metric, row: Row, cells: Cells) -> dict[str, float | int | None] | None:
    numerator, denominator = cells.number(row, "numerator", 0), cells.number(row, "denominator", 0)
    denominator = denominator if denominator is not None else cells.count(row, "n")
    value = _percent(metric, row, cells)
    if numerator is None and denominator is None and value is None:
        return None
    if numerator is None or denominator is None:
        name = "numerator" if numerator is None else "denominator"
        words = f" ({getattr(metric, name)})" if getattr(metric, name) else ""
        raise cells.refuse(name, f"{metric.code} is a rate: give its {name}{words}, never the percentage alone")
    if denominator == 0:
        raise cells.refuse("denominator", f"is 0: there is no rate of nothing; leave the row out ({metric.code})")
    if numerator > denominator:
        said_so = f"{numerator:g} of {denominator:g} is more than all: the numerator is a part of the denominator"
        raise cells.refuse("numerator", f"{said_so}; a ratio of two counts is a metric of the kind mean")
    rate = 100 * numerator / denominator
    if value is not None and abs(value - rate) > AGREE:
        raise cells.refuse(
            "value", f"says {value:g}%, and {numerator:g} of {denominator:g} are {rate:.1f}%: which is it?"
        )
    n = int(denominator) if float(denominator).is_integer() else None
    return {"numerator": numerator, "denominator": denominator, "value": rate, "n": n, "sd": None}


def _net_promoters(row: Row, cells: Cells, n: int | None) -> dict[str, float | int | None]:
    for name in ("promoters", "detractors", "n"):
        if not cells.given(row, name):
            raise cells.refuse(name, "is empty: an NPS of counts needs promoters, detractors and n")
    promoters, detractors = cells.count(row, "promoters") or 0, cells.count(row, "detractors") or 0
    if n is None or promoters + detractors > n:
        raise cells.refuse(
            "n", f"{promoters} promoters and {detractors} detractors are more than n: correct one of them"
        )
    p, d = promoters / n, detractors / n
    value, sd = 100 * (p - d), 100 * math.sqrt(p + d - (p - d) ** 2)
    return {"numerator": None, "denominator": None, "value": value, "n": n, "sd": sd}


def _percent(metric: Metric, row: Row, cells: Cells) -> float | None:
    """A percentage as "78%", "78" or "78.2"; 0.78 could be either and is refused."""
    text = cells.given(row, "value")
    if not text:
        return None
    bare = text.rstrip("% ").replace(",", ".")
    try:
        value = float(bare)
    except ValueError:
        raise cells.refuse("value", f"{text[:60]!r} is not a percentage: write it in figures") from None
    if not 0 <= value <= 100:
        raise cells.refuse("value", f"{text[:60]!r} is not between 0 and 100 percent: correct it")
    if 0 < value < 1 and "%" not in text:
        raise cells.refuse(
            "value", f"{text[:60]!r} can be a share or a percentage: write {100 * value:g}% or {value:g}%"
        )
    return value
