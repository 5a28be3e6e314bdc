"""What is known of an outcome by time, level and source: a wave's scores beside the evidence of its days."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, studies_in_use, visible_terms
from insightrepo.library.reading import NotVisible
from insightrepo.models import IN_FORCE, Evidence, Instrument, Outcome, Study, Tag
from insightrepo.scores.reading import ALL, ScoreQuery, ScoreRow, read_scores

NO_LEVEL, NO_METHOD = "level not set", "method not set"


@dataclass(frozen=True)
class Source:
    """A column: a level of study or instrument, and the method of the evidence or, of scores, the instrument."""

    level: str
    name: str
    is_score: bool


@dataclass(frozen=True)
class Known:
    """What one source says in one time: of evidence the pieces, people and studies; of scores the row."""

    pieces: int = 0
    people: int = 0
    studies: int = 0
    score: ScoreRow | None = None


@dataclass(frozen=True)
class Time:
    """A row: a wave's days, or a year in which something was said outside of all waves; what each source says."""

    label: str
    first_day: dt.date
    last_day: dt.date
    cells: tuple[Known | None, ...]


@dataclass(frozen=True)
class SourceMatrix:
    """Times, the latest first, by sources: scores first, then evidence by level and method. `undated` are pieces."""

    sources: tuple[Source, ...]
    times: tuple[Time, ...]
    undated: int


def source_matrix(session: Session, reader: Reader, code: str) -> SourceMatrix:
    """The matrix of what the reader may see of an outcome, of its lead measure; evidence counts by tags in force.
    Insights are what researchers concluded from it: they are in no cell.

    Raises:
        NotVisible: there is no outcome of this code that the reader may see.
    """
    seen = Outcome.id.in_(visible_terms(reader))
    outcome = session.scalar(select(Outcome).where(Outcome.code == code, seen))
    if outcome is None:
        raise NotVisible(f"outcome {code}")
    measured = ScoreQuery(outcomes=(outcome.code,), segments=(ALL,), products=(ALL,), measures=(outcome.lead_measure,))
    scores = {row.wave: row for row in read_scores(session, reader, measured)}
    levels = dict(session.execute(select(Instrument.name, Instrument.level)).tuples().all())
    score_sources = {
        row.wave: Source(levels[row.instrument] or NO_LEVEL, row.instrument, True) for row in scores.values()
    }
    evidence = _evidence(session, reader, outcome.id)
    periods = {(row.wave, row.first_day, row.last_day) for row in scores.values()}
    said: defaultdict[tuple[str, Source], list[Row]] = defaultdict(list)
    for row in evidence:
        if row.said_on is not None:
            period = _period(row.said_on, scores)
            periods.add(period)
            said[period[0], Source(row.level or NO_LEVEL, row.method or NO_METHOD, False)].append(row)
    sources = sorted({*score_sources.values(), *(source for _, source in said)},
                     key=lambda source: (not source.is_score, source.level, source.name))  # fmt: skip

    def known(label: str, source: Source) -> Known | None:
        if source.is_score:
            return Known(score=scores[label]) if score_sources.get(label) == source else None
        return _known(said.get((label, source)))

    latest_first = sorted(periods, key=lambda period: (period[2], period[1], period[0]), reverse=True)
    times = [Time(*period, tuple(known(period[0], source) for source in sources)) for period in latest_first]
    return SourceMatrix(tuple(sources), tuple(times), sum(row.said_on is None for row in evidence))


def _period(day: dt.date, scores: Mapping[str, ScoreRow]) -> tuple[str, dt.date, dt.date]:
    """The wave that a day is in, else its year."""
    for row in scores.values():
        if row.first_day <= day <= row.last_day:
            return row.wave, row.first_day, row.last_day
    label = f"{day.year}, outside the waves" if scores else str(day.year)
    return label, dt.date(day.year, 1, 1), dt.date(day.year, 12, 31)


def _evidence(session: Session, reader: Reader, outcome_id: int) -> Sequence[Row]:
    query = (
        select(Evidence.said_on, Evidence.respondent_id, Evidence.study_id, Study.level, Study.method)
        .join(Tag, Tag.evidence_id == Evidence.id)
        .join(Study, Study.id == Evidence.study_id)
        .where(Tag.term_id == outcome_id, Tag.state.in_(IN_FORCE), Evidence.withdrawn.is_(False),
               Evidence.kind != "insight", Evidence.study_id.in_(studies_in_use(reader)))
    )  # fmt: skip
    return session.execute(query).all()


def _known(rows: Sequence[Row] | None) -> Known | None:
    if not rows:
        return None
    people = {row.respondent_id for row in rows if row.respondent_id}
    return Known(len(rows), len(people), len({row.study_id for row in rows}))
