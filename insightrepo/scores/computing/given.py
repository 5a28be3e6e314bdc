"""What went into a wave, read once and grouped into cells, and kept while the waves beside it are computed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.models import Metric, Score, Segment, Term, Wave
from insightrepo.scores.computing import metric_scores, task_scores
from insightrepo.scores.computing.cells import CellKey, People, read_cells
from insightrepo.scores.computing.companions import is_rounded
from insightrepo.scores.computing.crowd import Crowd, product_parents, read_crowd
from insightrepo.scores.computing.samples import Sample
from insightrepo.scores.computing.score_rows import Seeds
from insightrepo.scores.computing.task_scores import Index
from insightrepo.scores.measures import ASKED
from insightrepo.scores.waves.settings import wave_settings

KEPT = 3  # waves in memory: the one that is computed and those it is compared with


@dataclass
class Given:
    """The people and samples of every cell of a wave, before anything is hidden."""

    crowd: Crowd
    cells: Mapping[CellKey, People]
    tasks: task_scores.Samples
    metrics: metric_scores.Samples
    refused: metric_scores.Refusals
    catalogue: dict[str, Metric]
    indexes: Mapping[CellKey, Index] | None = None

    def sample(self, key: CellKey, name: str) -> Sample | None:
        """The sample of a task's or a metric's cell."""
        return (self.metrics if key.task is None else self.tasks).get((key, name))

    def index(self, session: Session, wave: Wave, key: CellKey) -> Index | None:
        """A task index of the wave, of the cells of tasks that its stored scores show."""
        if self.indexes is None:
            query = select(Score.segment_id, Score.task_id, Score.measure).where(
                Score.wave_id == wave.id, Score.task_id.is_not(None), Score.note.is_distinct_from("suppressed")
            )
            cells = [(CellKey(None, segment, None, task), name) for segment, task, name in session.execute(query)]
            shown, weights = [cell for cell in cells if cell in self.tasks], wave_settings(wave).task_weights
            self.indexes = task_scores.indexes(session, self.tasks, shown, weights, self.crowd.parents)
        return self.indexes.get(key)


class Memory:
    """The last few waves that were read; made for one computation, or for a row of them in time."""

    def __init__(self, session: Session) -> None:
        self.parents = product_parents(session)
        self.dimensions = dict(session.execute(select(Segment.id, Segment.dimension)).tuples().all())
        self.codes = dict(session.execute(select(Term.id, Term.code)).tuples().all())
        self._waves: OrderedDict[int, Given] = OrderedDict()

    def of(self, session: Session, wave: Wave) -> Given:
        """What went into a wave.

        Raises:
            WeightsRefused: its settings ask for weights that cannot be made.
        """
        number = wave.id
        if number not in self._waves:
            self._waves[number] = self._read(session, wave)
        self._waves.move_to_end(number)
        while len(self._waves) > KEPT:
            self._waves.popitem(last=False)
        return self._waves[number]

    def seeds(self, wave: Wave) -> Seeds:
        """The seeds of a wave's bootstraps."""
        return Seeds(wave.code, self.codes)

    def _read(self, session: Session, wave: Wave) -> Given:
        crowd = read_crowd(session, wave, self.parents)
        tasks = task_scores.task_samples(session, wave, crowd)
        return Given(
            crowd,
            read_cells(session, wave, self.parents, crowd),
            task_scores.whole_from_segments(tasks, self.dimensions),
            *metric_scores.metric_samples(session, wave, crowd),
        )


Found = dict[tuple[CellKey, str], tuple[Wave, int | None, int, bool]]


def previous_cells(
    session: Session, wave: Wave, wanted: set[tuple[CellKey, str]]
) -> tuple[Found, set[tuple[CellKey, str]]]:
    """For each wanted cell and measure the latest earlier wave that has it, with its n and definition version there and
    whether it is rounded (`companions`); and the cells that earlier waves measured with another instrument only.

    What is asked with the wave's instrument is compared within it; trials and metrics have their own definitions.
    """
    earlier = select(Wave).where(Wave.last_day < wave.first_day).order_by(Wave.first_day.desc(), Wave.id.desc())
    found: Found = {}
    broken: set[tuple[CellKey, str]] = set()
    for other in session.scalars(earlier):
        same = other.instrument_id == wave.instrument_id
        query = select(
            Score.outcome_id, Score.segment_id, Score.product_id, Score.task_id, Score.measure, Score.n,
            Score.definition_version, Score.n_eff,
        ).where(Score.wave_id == other.id)  # fmt: skip
        for *cell, measure, n, version, n_eff in session.execute(query):
            place = (CellKey(*cell), measure)
            if measure in ASKED and not same:
                broken.add(place)
            elif place in wanted and place not in found:
                found[place] = (other, n, version, is_rounded(n, n_eff))
        if len(found) == len(wanted):
            break
    return found, broken - found.keys()
