"""What a person chooses for a wave: weighting, smallest changes of interest, bands and weights of tasks."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from insightrepo.models import Wave
from insightrepo.scores.computing.opportunity import BANDS
from insightrepo.scores.measures import MEASURES

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class SettingsWrong(ValueError):
    """A setting of a wave makes no sense; the message names the field and what to write."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Weighting(_Strict):
    """How answers are weighted to the populations of segments (`Segment.population`).

    Post-stratification takes one dimension of segments, raking two or more margins (one gives the same weights).
    """

    scheme: Literal["none", "post-stratification", "raking"] = "none"
    dimensions: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _fitting(self) -> Weighting:
        if len(set(self.dimensions)) < len(self.dimensions):
            raise ValueError("a dimension is named twice")
        if self.scheme == "post-stratification" and len(self.dimensions) != 1:
            raise ValueError("post-stratification takes exactly one dimension; use raking for several")
        if self.scheme == "raking" and not self.dimensions:
            raise ValueError("raking needs the dimensions to rake over")
        if self.scheme == "none" and self.dimensions:
            raise ValueError("dimensions without a scheme: choose post-stratification or raking")
        return self


class WaveSettings(_Strict):
    """The settings of a wave, as `Wave.settings` keeps them. What is left out is the convention.

    `smallest_change`: by measure or metric code, in its unit. `bands`: of opportunity, (from, name), falling; above
    the first, from each other on. `task_weights`: by task code, in the task index of its outcomes; 1 where left out.
    """

    weighting: Weighting = Weighting()
    smallest_change: dict[str, NotNegative] = {}
    bands: tuple[tuple[float, str], ...] = BANDS
    task_weights: dict[str, Positive] = {}

    @field_validator("bands")
    @classmethod
    def _falling(cls, bands: tuple[tuple[float, str], ...]) -> tuple[tuple[float, str], ...]:
        floors = [floor for floor, _ in bands]
        if not bands or any(not math.isfinite(floor) or not 0 < floor < 20 for floor in floors):
            raise ValueError("bands begin above 0 and below 20")
        if any(upper <= lower for upper, lower in pairwise(floors)):
            raise ValueError("bands are named from the highest to the lowest")
        return bands

    def smallest_change_of(self, measure: str, otherwise: float | None = None) -> float:
        """The least change of a measure or metric that counts, in its unit; `otherwise` where none is set."""
        convention = MEASURES[measure].smallest_change if otherwise is None else otherwise
        return self.smallest_change.get(measure, convention)


def wave_settings(wave: Wave) -> WaveSettings:
    """The wave's settings.

    Raises:
        SettingsWrong: what is stored does not read as settings.
    """
    return parsed_settings(wave.settings or {})


def parsed_settings(content: dict[str, Any]) -> WaveSettings:
    """Settings from what is stored or was typed, for example ``{"weighting": {"scheme": "raking", …}}``.

    Raises:
        SettingsWrong: a field is unknown or its value makes no sense; every one is named.
    """
    try:
        return WaveSettings.model_validate(content)
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, item['loc'])) or 'settings'}: {item['msg']}" for item in error.errors()]
        raise SettingsWrong("; ".join(wrong)) from error


def stored(settings: WaveSettings) -> dict[str, Any]:
    """The settings as `Wave.settings` keeps them: only what was chosen."""
    return settings.model_dump(mode="json", exclude_defaults=True)
