"""The answers that `why` is told from, each wave's read once."""

from __future__ import annotations

from sqlalchemy.orm import Session

from insightrepo.models import Wave
from insightrepo.scores.computing.cells import People
from insightrepo.scores.computing.crowd import Crowd, read_crowd
from insightrepo.scores.spoken import Cell, Spoken, people_of, spoken

Waves = tuple[Wave, Wave]  # in time


class Voices:
    """What was answered in a cell, wave by wave and item by item."""

    def __init__(self, session: Session, cell: Cell) -> None:
        self.cell = cell
        self._session = session
        self._crowds: dict[int, Crowd] = {}
        self._spoken: dict[tuple[int, str], Spoken] = {}

    def crowd(self, wave: Wave) -> Crowd:
        """Those of a wave who were asked about the outcome or tried a task, everybody of a weighted one."""
        if wave.id not in self._crowds:
            self._crowds[wave.id] = read_crowd(self._session, wave, outcome=self.cell.outcome_id)
        return self._crowds[wave.id]

    def of(self, wave: Wave, measure: str = "satisfaction") -> Spoken:
        """What was answered in a wave on satisfaction or on importance."""
        key = wave.id, measure
        if key not in self._spoken:
            self._spoken[key] = spoken(self._session, wave, self.cell, self.crowd(wave), measure)
        return self._spoken[key]

    def pair(self, waves: Waves, measure: str = "satisfaction") -> tuple[Spoken, Spoken]:
        """The same of two waves."""
        return self.of(waves[0], measure), self.of(waves[1], measure)

    def people(self, waves: Waves, measure: str = "satisfaction") -> tuple[People, People]:
        """Those who answered, of two waves; for importance and opportunity with both items."""
        both = measure != "satisfaction"
        first, second = (people_of(self.of(wave), self.of(wave, "importance") if both else None) for wave in waves)
        return first, second
